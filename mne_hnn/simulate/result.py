"""What a simulation returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mne
import numpy as np
from numpy.typing import NDArray

from ..dipole import Dipole, average_dipoles, to_epochs
from ..network import Network
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
        What ran it: ``'coreneuron'`` or ``'neuron'``.
    """

    network: Network
    dipoles: tuple[Dipole, ...]
    spikes: Spikes
    tstop: float
    dt: float
    seed: int | None
    baseline: str
    engine: str

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

    def to_epochs(self) -> mne.EpochsArray:
        """Return the trials as epochs with the same channels."""
        return to_epochs(self.dipoles)

    def __repr__(self) -> str:
        return (
            f"<Simulation of {self.network.name!r}: {self.n_trials} trial(s), {self.tstop:g} ms at {self.dt:g} ms, "
            f"{len(self.spikes)} spikes>"
        )

    def plot(self, *, window_ms: float | None = None, scale: float = 1.0, trial: int = 0, show: bool = True) -> Figure:
        """Plot drives, dipole and spikes below each other; see :func:`mne_hnn.viz.plot_simulation`."""
        from ..viz import plot_simulation

        return plot_simulation(self, window_ms=window_ms, scale=scale, trial=trial, show=show)

    def plot_raster(self, *, trial: int | None = None, axes: Any = None, show: bool = True, **options: Any) -> Figure:
        """Plot one dot per spike, cells stacked by layer; see :func:`mne_hnn.viz.plot_spikes_raster`."""
        from ..viz import plot_spikes_raster

        return plot_spikes_raster(self, trial=trial, axes=axes, show=show, **options)

    def plot_histogram(self, names: Any = None, *, axes: Any = None, show: bool = True, **options: Any) -> Figure:
        """Plot how many spikes of drives or cells fell when; see :func:`mne_hnn.viz.plot_spikes_histogram`."""
        from ..viz import plot_spikes_histogram

        return plot_spikes_histogram(self, names=names, axes=axes, show=show, **options)
