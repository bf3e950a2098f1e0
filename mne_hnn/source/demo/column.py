"""The column whose cells fire in the demo: its drives and its moment, as numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._types import FloatArray
from ..._units import MS, NAM
from ..._value import FrozenMap

__all__ = ["DemoColumn", "demo_column"]


@dataclass(frozen=True, kw_only=True, eq=False)
class DemoColumn:
    """A simulated column that responds to median-nerve stimulation much as primary somatosensory cortex does.

    Its drives were found by an ensemble smoother (Emerick and Reynolds 2013,
    https://doi.org/10.1016/j.cageo.2012.03.011) so that the smoothed dipole resembles :func:`median_nerve_waveform`
    and cells fire as often as is plausible (:meth:`mne_hnn.fit.CircuitPrior.spikes_in`). They are no estimate of what
    happened in that subject: other drives give much the same dipole. The moment was simulated with the column
    :func:`mne_hnn.network.jones_2009`.

    Attributes
    ----------
    drives : mapping of str to mapping
        By name: the arguments of :meth:`mne_hnn.network.Network.with_evoked_drive`, times in ms and weights in uS.
    n_columns : float
        How many such columns act together.
    spikes_per_cell : mapping of str to float
        Spikes per cell and trial of each cell type, in `spikes_window_ms`.
    spikes_window_ms : float
        Window in which spikes are counted, ms from the stimulus.
    tstop_ms, n_trials, seed : float, int, int
        Of the simulation, in exact precision; its trials are averaged.
    smooth_ms : float
        Width of the Hamming window that smooths the average.
    fade_ms : tuple of float
        When the moment begins to fade out, and when it has.
    moment_nAm : array, shape (tstop_ms + 1,)
        Moment of all columns together, nA m, in steps of 1 ms from the stimulus on, positive outward; its deflection
        at 40 ms, which points down, has 30 nA m.

    Examples
    --------
    >>> column = demo_column()
    >>> len(column.moment_nAm) == column.tstop_ms + 1
    True
    """

    drives: Mapping[str, Mapping[str, Any]]
    n_columns: float
    spikes_per_cell: Mapping[str, float]
    spikes_window_ms: float
    tstop_ms: float
    n_trials: int
    seed: int
    smooth_ms: float
    fade_ms: tuple[float, float]
    moment_nAm: FloatArray

    def moment(self, times: ArrayLike) -> NDArray[np.float64]:
        """Return the moment at given times.

        Parameters
        ----------
        times : array-like, shape (n_times,)
            Time from the stimulus, s.

        Returns
        -------
        moment : array, shape (n_times,)
            In A m, positive outward; 0 before the stimulus and after the end.
        """
        known = np.arange(len(self.moment_nAm)) * MS
        return np.asarray(NAM * np.interp(np.asarray(times, dtype=float), known, self.moment_nAm, left=0.0, right=0.0))

    def __repr__(self) -> str:
        spikes = ", ".join(f"{name} {count:.2g}" for name, count in self.spikes_per_cell.items())
        return f"<DemoColumn | {self.n_columns:.0f} columns, {', '.join(self.drives)}, spikes per cell: {spikes}>"


@cache
def demo_column() -> DemoColumn:
    """Return the column of the demo.

    Returns
    -------
    column : DemoColumn
        Its drives, its moment, and how often its cells fire.
    """
    record = json.loads((files(__package__) / "column.json").read_text(encoding="utf-8"))
    moment = np.array(record.pop("moment_nAm"))
    moment.setflags(write=False)
    begin, end = record.pop("fade_ms")
    return DemoColumn(
        drives=FrozenMap(record.pop("drives")),
        spikes_per_cell=FrozenMap(record.pop("spikes_per_cell")),
        fade_ms=(begin, end),
        moment_nAm=moment,
        **record,
    )
