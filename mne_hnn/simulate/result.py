"""What a simulation returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import mne
import numpy as np
from numpy.typing import NDArray

from .._checks import check_name
from ..dipole import Dipole, average_dipoles, to_epochs
from ..dipole_epochs import DipoleEpochs
from ..errors import ParameterError
from ..network import Network
from ..recordings import Recording
from ..spikes import Spikes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Simulation:
    """Dipoles and spikes of a network, and the settings that made them.

    Attributes
    ----------
    network : Network
        The network that was simulated.
    dipoles : tuple of Dipole
        One per trial: channels ``agg``, then one per layer, in A m.
    spikes : Spikes
        Spikes of all cells and drives, of all trials.
    tstop, dt : float
        Duration and time step, ms.
    seed : int | None
        None: the event seeds of the drives.
    baseline : str
        As given to :func:`simulate`.
    engine : str
        What ran it: ``'kernel'``, ``'coreneuron'`` or ``'neuron'``.
    precision : str
        ``'exact'``, or ``'search'`` where it was to be fast: no final score is taken of such a simulation.
    recordings : mapping of str to Recording
        What was asked for by `record`, by quantity.
    lfp : mapping of str to mne.EpochsArray
        Extracellular potentials of each electrode array: one epoch per trial, channels of type ``seeg`` in V with
        their positions in m.

    Examples
    --------
    >>> simulation.n_trials, simulation.dipole.layers  # the average over trials, in A m
    (2, ('agg', 'L2', 'L5'))
    >>> sorted(simulation.recordings), sorted(simulation.lfp)
    (['voltage'], ['shank'])
    """

    network: Network
    dipoles: tuple[Dipole, ...]
    spikes: Spikes
    tstop: float
    dt: float
    seed: int | None
    baseline: str
    engine: str
    precision: str = "exact"
    recordings: Mapping[str, Recording] = field(default_factory=lambda: MappingProxyType({}))
    lfp: Mapping[str, mne.EpochsArray] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name in ("recordings", "lfp"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[Any, ...]:
        values = {declared.name: getattr(self, declared.name) for declared in fields(self)}
        # views that cannot be written cannot be pickled either
        return _restored, ({**values, "recordings": dict(self.recordings), "lfp": dict(self.lfp)},)

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.dipoles)

    @property
    def times(self) -> NDArray[np.float64]:
        """Sample times in s, shape (n_samples,)."""
        return np.asarray(self.dipoles[0].times)

    @property
    def dipole(self) -> Dipole:
        """The average over trials: a new object each time, free to be smoothed and scaled."""
        return average_dipoles(self.dipoles)

    def to_epochs(self) -> DipoleEpochs:
        """Return the trials as epochs with the same channels; see :class:`mne_hnn.DipoleEpochs`."""
        return to_epochs(self.dipoles)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write all of it, network included, to a file; see :func:`mne_hnn.io.write_simulation`."""
        from ..io import write_simulation

        write_simulation(self, path, overwrite=overwrite)

    def __repr__(self) -> str:
        return (
            f"<Simulation of {self.network.name!r}: {self.n_trials} trial(s), {self.tstop:g} ms at {self.dt:g} ms, "
            f"{len(self.spikes)} spikes>"
        )

    def plot_lfp(self, name: str | None = None, **options: Any) -> Figure:
        """Plot the average potentials of an electrode array; see :func:`mne_hnn.viz.plot_lfp`.

        Parameters
        ----------
        name : str | None
            Which of :attr:`lfp`; None if there is one only.
        **options
            As for the function; the layers of the network are marked unless ``network=None``.

        Returns
        -------
        fig : matplotlib.figure.Figure
            The figure.
        """
        from ..viz import plot_lfp

        return plot_lfp(self.lfp[self._array(name)], **{"network": self.network, **options})

    def plot_csd(self, name: str | None = None, **options: Any) -> Figure:
        """Plot the current source density below an electrode array, with arguments as :meth:`plot_lfp`.

        See :func:`mne_hnn.viz.plot_csd`.
        """
        from ..viz import plot_csd

        return plot_csd(self.lfp[self._array(name)], **{"network": self.network, **options})

    def animate(self, path: str | Path, **options: Any) -> Path:
        """Write an animation of the membrane potential of all cells; see :func:`mne_hnn.viz.animate`."""
        from ..viz import animate

        return animate(self, path, **options)

    def _array(self, name: str | None) -> str:
        if not self.lfp:
            raise ParameterError(
                "The simulation has no electrode arrays: simulate network.with_electrodes('shank', positions_um)."
            )
        if name is None and len(self.lfp) > 1:
            raise ParameterError(f"The simulation has several electrode arrays: name one of {', '.join(self.lfp)}.")
        return check_name(next(iter(self.lfp)) if name is None else name, self.lfp, "electrode array")

    def plot(self, *, window_ms: float | None = None, scale: float = 1.0, trial: int = 0, show: bool = True) -> Figure:
        """Plot drives, dipole and spikes below each other; see :func:`mne_hnn.viz.plot_simulation`."""
        from ..viz import plot_simulation

        return plot_simulation(self, window_ms=window_ms, scale=scale, trial=trial, show=show)

    def plot_raster(self, *, trial: Any = None, axes: Any = None, show: bool = True, **options: Any) -> Figure:
        """Plot one dot per spike, cells stacked by layer; see :func:`mne_hnn.viz.plot_spikes_raster`."""
        from ..viz import plot_spikes_raster

        return plot_spikes_raster(self, trial=trial, axes=axes, show=show, **options)

    def plot_histogram(self, names: Any = None, *, axes: Any = None, show: bool = True, **options: Any) -> Figure:
        """Plot how many spikes of drives or cells fell when; see :func:`mne_hnn.viz.plot_spikes_histogram`."""
        from ..viz import plot_spikes_histogram

        return plot_spikes_histogram(self, names=names, axes=axes, show=show, **options)


def _restored(values: dict[str, Any]) -> Simulation:
    return Simulation(**values)
