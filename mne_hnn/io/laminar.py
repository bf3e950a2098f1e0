"""Recordings of laminar probes, to be set beside simulated ones: NWB files, and what Neo reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mne
from numpy.typing import ArrayLike

from .._files import existing
from .probes import ProbeChoice, cut_epochs
from .probes.neo_files import is_neo, open_neo
from .probes.nwb import open_nwb

__all__ = ["read_laminar"]


def read_laminar(
    recording: Any,
    *,
    signal: str | None = None,
    depths: str | ArrayLike | None = None,
    upward: bool | None = None,
    surface_um: float = 0.0,
    events: str | ArrayLike | None = None,
    window: Sequence[float] | None = None,
    unit: str | None = None,
) -> mne.EpochsArray:
    """Read potentials, or current source densities, of a laminar probe.

    Parameters
    ----------
    recording : path-like | neo.Block | neo.Segment | neo.AnalogSignal
        An NWB file, a file that Neo reads, or what Neo has read. Needs ``pip install 'mne-hnn[laminar]'``.
    signal : str | None
        Name of the series or signal; None takes the only one, or the only one that is called LFP.
    depths : str | array-like, shape (n_contacts,) | None
        Where the contacts are, um: the name of a column of the table of electrodes (NWB) or of an array annotation
        (Neo), or a depth for each contact, NaN for those to leave out. None takes the only column that varies.
    upward : bool | None
        Whether these numbers rise towards the cortical surface. None knows it of ``'depth'`` and NWB's ``'y'``
        (downward), of ``'probe_vertical_position'`` (upward), and takes depths that are given as downward.
    surface_um : float
        What these numbers are at the cortical surface.
    events : str | array-like | None
        Around which times epochs are cut: the name of events (NWB: ``'trials'``, or ``'trials.stimulus_time'`` for
        another column; Neo: name or label), or times in s. None takes each part of the recording as it is.
    window : (float, float) | None
        First and last time, s, from the event; -0.05 to 0.25 where there are events. Without events, in the times of
        the file; None for all of it.
    unit : str | None
        Of the values, where the file does not say it or says another than it has: ``'uV'``, ``'mV/mm2'``, ``'A/m3'``.

    Returns
    -------
    epochs : mne.EpochsArray
        Channels of type ``seeg`` in V, from the deepest contact upwards, or of type ``csd`` in V/m2 (sources positive)
        where the signal has such a unit; ``info["chs"][k]["loc"][2]`` is the height over the cortical surface in m,
        negative below it. ``info["description"]`` says where they are from. Their average goes into
        :func:`mne_hnn.lfp.current_source_density`, and into :func:`mne_hnn.viz.plot_laminar_comparison`.

    Raises
    ------
    DataError
        The file is damaged, or leaves open which signal, which contacts, which direction or which unit is meant.
    ParameterError
        An argument is wrong, or a package is missing.

    Warns
    -----
    MneHnnWarning
        Values are larger or smaller than potentials in tissue, events lie at the ends of the recording, or a density
        in A/m3 was divided by 0.3 S/m.

    Examples
    --------
    A file is read by its path, such as ``read_laminar("sub-01.nwb", depths="rel_y", upward=True, events="trials")``.
    What Neo has read, or made, is taken as it is:

    >>> import neo
    >>> import numpy as np
    >>> import quantities as pq
    >>> depths = 100.0 * np.arange(8)  # um
    >>> values = np.sin(np.arange(600) / 20)[:, np.newaxis] * (depths - 300.0)
    >>> signal = neo.AnalogSignal(values, units="uV", sampling_rate=1 * pq.kHz)
    >>> read_laminar(signal, depths=depths, events=[0.1, 0.3], window=(-0.05, 0.2)).get_data().shape
    (2, 8, 251)
    """
    choice = ProbeChoice(
        signal=signal,
        depths=depths,
        upward=upward,
        surface_um=surface_um,
        events=events,
        window=window,
        unit=unit,
    )
    if is_neo(recording):
        with open_neo(recording) as file:
            return cut_epochs(file, choice)
    path = existing(recording, "recording")
    opened = open_nwb(path) if path.suffix.lower() == ".nwb" else open_neo(path)
    with opened as file:
        return cut_epochs(file, choice)
