"""How many spikes the cells of each type fire, which share of them, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import check_name, check_positive
from .._types import FloatArray
from .._units import MS
from .._value import FrozenMap
from ..errors import ParameterError
from ..simulate import Simulation
from ..spikes import Spikes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SpikeCount", "SpikeCounts", "spikes_per_cell"]

QUARTILES = (25.0, 50.0, 75.0)


@dataclass(frozen=True, slots=True)
class SpikeCount:
    """The spikes of one cell type in a window.

    Attributes
    ----------
    cell_type : str
        Name.
    n_cells : int
        Number of cells, silent ones included.
    per_cell : float
        Spikes per cell and trial.
    share_firing : float
        Share of the cells that fire at least once in a trial, 0 to 1, averaged over trials.
    median_ms, first_quartile_ms, third_quartile_ms : float
        When half, a quarter and three quarters of the spikes have been fired, ms; NaN if there are none.

    Examples
    --------
    >>> count = spikes_per_cell(simulation)["L5_pyramidal"]
    >>> count.n_cells, bool(0 <= count.share_firing <= 1)
    (9, True)
    """

    cell_type: str
    n_cells: int
    per_cell: float
    share_firing: float
    median_ms: float
    first_quartile_ms: float
    third_quartile_ms: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SpikeCounts:
    """Spikes per cell of each type in a window, and their course over time.

    Attributes
    ----------
    tmin, tmax : float
        The window, s.
    n_trials : int
        Number of trials.
    types : mapping of str to SpikeCount
        By cell type, in the order of cell numbers.
    bin_edges_ms : array, shape (n_bins + 1,)
        Edges of the bins of the courses, ms.
    courses : mapping of str to array, shape (n_bins,)
        By cell type: spikes per cell and trial in each bin.

    Examples
    --------
    >>> counts = spikes_per_cell(simulation)
    >>> counts.n_trials, counts.window_ms
    (2, 100.0)
    """

    tmin: float
    tmax: float
    n_trials: int
    types: Mapping[str, SpikeCount]
    bin_edges_ms: FloatArray
    courses: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        for name in ("types", "courses"):
            object.__setattr__(self, name, FrozenMap(getattr(self, name)))

    @property
    def window_ms(self) -> float:
        """Length of the window, ms."""
        return (self.tmax - self.tmin) / MS

    def __getitem__(self, cell_type: str) -> SpikeCount:
        """Return the count of one cell type."""
        return self.types[check_name(cell_type, self.types, "cell type")]

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {count.per_cell:.3g}" for name, count in self.types.items())
        return f"<SpikeCounts per cell in {self.window_ms:g} ms, {self.n_trials} trial(s): {counts}>"

    def rows(self) -> list[SpikeCount]:
        """Return one row per cell type."""
        return list(self.types.values())

    def to_data_frame(self) -> Any:
        """Return the rows as a :class:`pandas.DataFrame`."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("SpikeCounts.to_data_frame needs pandas: run `pip install pandas`.") from error
        return pd.DataFrame([{name: getattr(row, name) for name in SpikeCount.__slots__} for row in self.rows()])

    def plot(self, bands: Mapping[str, tuple[float, float]] | None = None, *, show: bool = True) -> Figure:
        """Plot the counts beside bands; see :func:`mne_hnn.viz.plot_spikes_per_cell`."""
        from ..viz import plot_spikes_per_cell

        return plot_spikes_per_cell(self, bands, show=show)


def spikes_per_cell(
    simulation: Simulation, tmin: float | None = None, tmax: float | None = None, *, bin_ms: float = 5.0
) -> SpikeCounts:
    """Count the spikes per cell of each type.

    Parameters
    ----------
    simulation : Simulation
        What :func:`mne_hnn.simulate` returned. Spikes of drive cells do not count.
    tmin, tmax : float | None
        Window in s, `tmin` included, `tmax` not; None for the start and end of the simulation.
    bin_ms : float
        Width of the bins of the courses, ms, rounded so that a whole number of them fits.

    Returns
    -------
    counts : SpikeCounts
        Per cell type: spikes per cell and trial, share of cells that fire, and when.

    Raises
    ------
    ParameterError
        `simulation` is no Simulation, the window is not within it, or a bin is longer than the window.

    Examples
    --------
    >>> counts = spikes_per_cell(simulation)
    >>> sorted(counts.types)
    ['L2_basket', 'L2_pyramidal', 'L5_basket', 'L5_pyramidal']
    """
    if not isinstance(simulation, Simulation):
        raise ParameterError(
            f"simulation must be a Simulation, such as simulate(network) returns, got {type(simulation).__name__}."
        )
    cell_types = list(simulation.network.cell_types)
    spikes = simulation.spikes.select(cell_types=cell_types, tmin=tmin, tmax=tmax)
    window_ms = (spikes.tmax - spikes.tmin) / MS
    if check_positive(bin_ms, "bin_ms") > window_ms * (1 + 1e-9):
        raise ParameterError(f"bin_ms must be at most the {window_ms:g} ms of the window, got {bin_ms:g} ms.")
    edges = np.linspace(spikes.tmin, spikes.tmax, max(1, round(window_ms / bin_ms)) + 1)
    by_type = {name: spikes.select(cell_types=name) for name in cell_types}
    return SpikeCounts(
        tmin=spikes.tmin,
        tmax=spikes.tmax,
        n_trials=spikes.n_trials,
        types={name: _count(name, own) for name, own in by_type.items()},
        bin_edges_ms=edges / MS,
        courses={name: np.histogram(own.time, edges)[0] / _opportunities(own) for name, own in by_type.items()},
    )


def _opportunities(spikes: Spikes) -> int:
    """Return how many cells there are over all trials, at least one."""
    n_cells = sum(len(cells) for cells in spikes.gid_ranges.values())
    return max(n_cells * spikes.n_trials, 1)


def _count(cell_type: str, spikes: Spikes) -> SpikeCount:
    firing = len(set(zip(spikes.trial.tolist(), spikes.gid.tolist(), strict=True)))
    first, median, third = np.percentile(spikes.time / MS, QUARTILES) if len(spikes) else np.full(3, np.nan)
    return SpikeCount(
        cell_type=cell_type,
        n_cells=len(spikes.gid_ranges[cell_type]),
        per_cell=len(spikes) / _opportunities(spikes),
        share_firing=firing / _opportunities(spikes),
        median_ms=float(median),
        first_quartile_ms=float(first),
        third_quartile_ms=float(third),
    )
