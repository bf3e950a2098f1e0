"""Spikes as a tidy table: trial, time, cell, cell type."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_finite, check_int, check_name, check_positive, check_trial
from ._units import MS
from ._warn import warn
from .errors import ParameterError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Spike", "Spikes"]

COLUMNS = ("trial", "time", "gid", "cell_type")
GROUPS = ("cell_type", "gid", "trial")
SLACK = 1e-6  # s; solvers add up their steps with rounding errors
LONGEST_S = 120.0  # no longer simulation can be asked for


def _integers(column: ArrayLike, name: str) -> NDArray[np.int64]:
    given = np.array(column, ndmin=1)
    numbers = given.astype(np.int64)
    if given.size and not np.array_equal(numbers, given):
        raise ParameterError(f"{name} must hold whole numbers, got {given[numbers != given][0]!r}.")
    return numbers


def _compact(cells: Sequence[int]) -> range | tuple[int, ...]:
    numbers = tuple(int(gid) for gid in cells)
    if numbers and numbers == tuple(range(numbers[0], numbers[-1] + 1)):
        return range(numbers[0], numbers[-1] + 1)
    return numbers


def _check_cells(gid: NDArray[np.int64], ranges: Mapping[str, Sequence[int]]) -> None:
    known = np.array([number for cells in ranges.values() for number in cells], dtype=np.int64)
    if len(np.unique(known)) != len(known):
        raise ParameterError("gid_ranges must not overlap: a cell has one type.")
    if known.size and known.min() < 0:
        raise ParameterError(f"gid_ranges must hold numbers from 0, got {known.min()}.")
    if gid.size and not np.isin(gid, known).all():
        last = known.max() if known.size else -1
        raise ParameterError(f"Spikes name cells up to {gid.max()}, but gid_ranges ends at {last} or leaves some out.")


class Spike(NamedTuple):
    """One row of :class:`Spikes`; time in s."""

    trial: int
    time: float
    gid: int
    cell_type: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Spikes:
    """Spikes of cells and drive cells, one row each.

    Rows are in order of trial, time and cell number. The cell numbers that exist are kept along, so that cells that
    never fire count in rates.

    Parameters
    ----------
    trial : array of int, shape (n_spikes,)
        Trial number, from 0.
    time : array of float, shape (n_spikes,)
        Time in s.
    gid : array of int, shape (n_spikes,)
        Cell number.
    gid_ranges : mapping of str to range | sequence of int
        Cell numbers per cell type and drive, silent cells included.
    n_trials : int
        Number of trials, silent ones included.
    tmin, tmax : float
        Start and end of the simulation, or of the selected window, s.
    trials : sequence of int | None
        Numbers of the trials; None for 0 to `n_trials` - 1.

    Examples
    --------
    >>> cells = {"L2_pyramidal": range(0, 2), "L5_pyramidal": range(2, 4)}
    >>> spikes = Spikes.from_trials([[0.012, 0.030]], [[0, 3]], gid_ranges=cells, tmin=0.0, tmax=0.1)
    >>> spikes.rates()["L5_pyramidal"]  # Hz, of two cells in 100 ms
    5.0
    """

    trial: NDArray[np.int64]
    time: NDArray[np.float64]
    gid: NDArray[np.int64]
    gid_ranges: Mapping[str, Sequence[int]]
    n_trials: int
    tmin: float
    tmax: float
    trials: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        trial, gid = (_integers(getattr(self, name), name) for name in ("trial", "gid"))
        time = np.array(self.time, dtype=float, ndmin=1)
        if not trial.shape == time.shape == gid.shape or trial.ndim != 1:
            raise ParameterError(
                "trial, time and gid must have one entry per spike, "
                f"got shapes {trial.shape}, {time.shape} and {gid.shape}."
            )
        if not np.isfinite(time).all():
            raise ParameterError("Spike times must be finite, got NaN or infinity.")
        n_trials = check_int(self.n_trials, "n_trials", minimum=1)
        trials = tuple(range(n_trials)) if self.trials is None else tuple(int(number) for number in self.trials)
        if len(set(trials)) != n_trials:
            raise ParameterError(f"trials must be {n_trials} distinct numbers, got {trials}.")
        if not np.isin(trial, trials).all():
            raise ParameterError(f"trial must be from {min(trials)} to {max(trials)}, got {set(trial.tolist())}.")
        tmin, tmax = check_finite(self.tmin, "tmin"), check_finite(self.tmax, "tmax")
        if tmax <= tmin:
            raise ParameterError(f"tmax must be after tmin, got {tmin:g} and {tmax:g} s.")
        if time.size and (time.min() < tmin - SLACK or time.max() > tmax + SLACK):
            raise ParameterError(
                f"Spike times must be within {tmin:g} to {tmax:g} s, got {time.min():g} to {time.max():g} s: "
                "are they in ms?"
            )
        if tmax - tmin > LONGEST_S:
            warn(
                f"The spikes are said to cover {tmin:g} to {tmax:g} s, so that rates are of {tmax - tmin:g} s: were "
                "tmin and tmax given in ms?"
            )
        ranges = {str(name): _compact(cells) for name, cells in self.gid_ranges.items()}
        _check_cells(gid, ranges)
        order = np.lexsort((gid, time, trial))
        for name, values in (("trial", trial[order]), ("time", time[order]), ("gid", gid[order])):
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        for name, value in (("tmin", tmin), ("tmax", tmax), ("trials", trials)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "gid_ranges", MappingProxyType(ranges))

    def __reduce__(self) -> tuple[Any, ...]:
        # built anew, so that the columns of a copy cannot be written either
        fields = (self.trial, self.time, self.gid, dict(self.gid_ranges), self.n_trials, self.tmin, self.tmax)
        return type(self), (*fields, self.trials)

    @classmethod
    def from_trials(
        cls,
        times: Sequence[ArrayLike],
        gids: Sequence[ArrayLike],
        *,
        gid_ranges: Mapping[str, Sequence[int]],
        tmin: float,
        tmax: float,
        trials: Sequence[int] | None = None,
    ) -> Spikes:
        """Make the table from one array of times (s) and one of cell numbers per trial; `trials` numbers them."""
        counts = [np.size(part) for part in times]
        numbers = tuple(range(len(counts)) if trials is None else trials)
        return cls(
            trial=np.repeat(np.array(numbers, dtype=np.int64), counts),
            time=np.concatenate([np.empty(0), *map(np.ravel, times)]),
            gid=np.concatenate([np.empty(0, dtype=np.int64), *map(np.ravel, gids)]),
            gid_ranges=gid_ranges,
            n_trials=len(counts),
            tmin=tmin,
            tmax=tmax,
            trials=numbers,
        )

    def __len__(self) -> int:
        return len(self.time)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spikes):
            return NotImplemented
        same = all(np.array_equal(getattr(self, name), getattr(other, name)) for name in ("trial", "time", "gid"))
        rest = ("gid_ranges", "n_trials", "tmin", "tmax", "trials")
        return same and all(getattr(self, name) == getattr(other, name) for name in rest)

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Spike]:
        columns = (self.trial.tolist(), self.time.tolist(), self.gid.tolist(), self.cell_type.tolist())
        return (Spike(*row) for row in zip(*columns, strict=True))

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {name}" for name, n in self.counts().items() if n)
        return f"<Spikes: {len(self)} in {self.n_trials} trial(s) ({counts or 'none'})>"

    @property
    def cell_types(self) -> tuple[str, ...]:
        """Names of cell types and drives, in the order of their cell numbers."""
        return tuple(self.gid_ranges)

    @property
    def cell_type(self) -> NDArray[np.str_]:
        """Cell type or drive of each spike, shape (n_spikes,)."""
        names = np.empty(self._n_gids(), dtype=object)
        for name, cells in self.gid_ranges.items():
            names[list(cells)] = name
        return names[self.gid].astype(str) if len(self) else np.empty(0, dtype=str)

    # choosing ---------------------------------------------------------------------------------------------

    def _n_gids(self) -> int:
        return 1 + max((gid for cells in self.gid_ranges.values() for gid in cells), default=-1)

    def _types(self, cell_types: str | Iterable[str] | None) -> tuple[str, ...]:
        if cell_types is None:
            return self.cell_types
        chosen = [cell_types] if isinstance(cell_types, str) else list(cell_types)
        return tuple(check_name(name, self.gid_ranges, "cell type or drive") for name in chosen)

    def _window(self, tmin: float | None, tmax: float | None) -> tuple[float, float]:
        start = self.tmin if tmin is None else check_finite(tmin, "tmin")
        stop = self.tmax if tmax is None else check_finite(tmax, "tmax")
        if stop <= start:
            raise ParameterError(f"tmax must be after tmin, got {start:g} and {stop:g} s.")
        if start < self.tmin - SLACK or stop > self.tmax + SLACK:
            raise ParameterError(
                f"The window {start:g} to {stop:g} s must lie within the {self.tmin:g} to {self.tmax:g} s simulated."
            )
        return start, stop

    def select(
        self,
        *,
        trial: int | None = None,
        cell_types: str | Iterable[str] | None = None,
        gids: Iterable[int] | None = None,
        tmin: float | None = None,
        tmax: float | None = None,
    ) -> Spikes:
        """Return the spikes that meet all conditions; rates of the result are those of the selected part.

        Parameters
        ----------
        trial : int | None
            One trial.
        cell_types : str | iterable of str | None
            Cell types or drives; the others are also dropped from :attr:`gid_ranges`.
        gids : iterable of int | None
            Cell numbers.
        tmin, tmax : float | None
            Window in s, tmin included, tmax not.

        Returns
        -------
        spikes : Spikes
            A new table.
        """
        types = self._types(cell_types)
        cells = {name: self.gid_ranges[name] for name in self.gid_ranges if name in types}
        if gids is not None:
            wanted = {check_int(gid, "gid") for gid in gids}
            if unknown := wanted.difference(*self.gid_ranges.values()):
                raise ParameterError(f"There are no cells {sorted(unknown)}.")
            cells = {name: [gid for gid in numbers if gid in wanted] for name, numbers in cells.items()}
            cells = {name: numbers for name, numbers in cells.items() if numbers}
        trials = self.trials or ()
        if trial is not None:
            trials = (check_trial(trial, trials),)
        start, stop = self._window(tmin, tmax)
        keep = np.isin(self.gid, [gid for numbers in cells.values() for gid in numbers]) & np.isin(self.trial, trials)
        if tmin is not None:
            keep &= self.time >= start
        if tmax is not None:
            keep &= self.time < stop
        return Spikes(
            trial=self.trial[keep],
            time=self.time[keep],
            gid=self.gid[keep],
            gid_ranges=cells,
            n_trials=len(trials),
            tmin=start,
            tmax=stop,
            trials=trials,
        )

    def of_trials(self, numbers: Sequence[int]) -> Spikes:
        """Return the spikes of some trials, in the order of the table."""
        chosen = tuple(check_trial(number, self.trials or ()) for number in numbers)
        keep = np.isin(self.trial, chosen)
        kept = tuple(number for number in self.trials or () if number in chosen)
        columns = (self.trial[keep], self.time[keep], self.gid[keep])
        return Spikes(*columns, self.gid_ranges, len(kept), self.tmin, self.tmax, kept)

    def trains_ms(
        self, *, trial: int | None = None, cell_types: str | Iterable[str] | None = None
    ) -> dict[int, tuple[float, ...]]:
        """Return the spike times of each cell in ms, silent ones included: what a spike-train drive takes.

        ``network.with_spike_train_drive("replayed", times_ms=spikes.trains_ms(cell_types="L5_pyramidal"), ...)`` lets
        these cells drive another column. Times count from 0 of the simulation, whatever the window.

        Parameters
        ----------
        trial : int | None
            The trial; None for the first.
        cell_types : str | iterable of str | None
            Cell types or drives; None for all.

        Returns
        -------
        trains : dict of int to tuple of float
            By cell number, times in ms.
        """
        numbers = self.trials or (0,)
        chosen = self.select(trial=numbers[0] if trial is None else trial, cell_types=cell_types)
        trains: dict[int, list[float]] = {gid: [] for cells in chosen.gid_ranges.values() for gid in cells}
        for gid, time in zip(chosen.gid.tolist(), (chosen.time / MS).tolist(), strict=True):
            trains[gid].append(time)
        return {gid: tuple(times) for gid, times in trains.items()}

    # counting ---------------------------------------------------------------------------------------------

    def counts(self, by: str = "cell_type") -> dict[Any, int]:
        """Return the number of spikes per cell type, cell number or trial; silent ones count 0."""
        check_name(by, GROUPS, "grouping")
        if by == "trial":
            return {number: int(np.sum(self.trial == number)) for number in self.trials or ()}
        per_cell = np.bincount(self.gid, minlength=self._n_gids())
        if by == "gid":
            return {gid: int(per_cell[gid]) for cells in self.gid_ranges.values() for gid in cells}
        return {name: int(per_cell[list(cells)].sum()) for name, cells in self.gid_ranges.items()}

    def rates(
        self, tmin: float | None = None, tmax: float | None = None, *, by: str = "cell_type"
    ) -> dict[Any, float] | dict[str, NDArray[np.float64]]:
        """Return mean firing rates in Hz.

        Parameters
        ----------
        tmin, tmax : float | None
            Window in s; only spikes with tmin <= t < tmax count. None for the simulation's start and end.
        by : str
            ``'cell_type'`` averages over cells and trials, ``'trial'`` over cells (an array per cell type), ``'gid'``
            over trials.

        Returns
        -------
        rates : dict
            By cell type (a number, or for ``'trial'`` an array of shape (n_trials,)) or by cell number.
        """
        check_name(by, GROUPS, "grouping")
        start, stop = self._window(tmin, tmax)
        inside = self.select(tmin=start, tmax=stop)
        duration = stop - start
        if by == "gid":
            return {gid: n / duration / self.n_trials for gid, n in inside.counts("gid").items()}
        if by == "cell_type":
            return {
                name: n / duration / self.n_trials / max(len(self.gid_ranges[name]), 1)
                for name, n in inside.counts().items()
            }
        return {
            name: np.array(list(inside.select(cell_types=name).counts("trial").values()))
            / duration
            / max(len(cells), 1)
            for name, cells in self.gid_ranges.items()
        }

    def histogram(
        self, bins: int | ArrayLike = 50, *, cell_types: str | Iterable[str] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return spike counts over time and the bin edges in s, over the whole simulation unless `bins` are edges."""
        chosen = self.select(cell_types=cell_types)
        if np.ndim(bins) == 0:
            bins = check_int(bins, "bins", minimum=1)
        else:
            bins = np.asarray(bins)
            if bins.ndim != 1 or len(bins) < 2 or bins.dtype.kind not in "iuf" or not (np.diff(bins) > 0).all():
                raise ParameterError("bins must be their number, or at least two edges in s that rise.")
        counts, edges = np.histogram(chosen.time, bins=bins, range=(self.tmin, self.tmax))
        return counts.astype(np.int64), edges

    def peak_times(self, bin_s: float = 5e-3, *, cell_types: str | Iterable[str] | None = None) -> dict[str, float]:
        """Return when each cell type fires most: the centre of the fullest bin in s, NaN for silent ones.

        Parameters
        ----------
        bin_s : float
            Width of the bins, s, rounded so that a whole number of them fits.
        cell_types : str | iterable of str | None
            Cell types or drives; None for all.
        """
        n = max(1, round((self.tmax - self.tmin) / check_positive(bin_s, "bin_s")))
        peaks = {}
        for name in self._types(cell_types):
            counts, edges = self.histogram(n, cell_types=name)
            peak = int(counts.argmax())
            peaks[name] = float((edges[peak] + edges[peak + 1]) / 2) if counts.any() else float("nan")
        return peaks

    # out --------------------------------------------------------------------------------------------------

    def to_data_frame(self) -> Any:
        """Return the table as a :class:`pandas.DataFrame` with columns trial, time, gid and cell_type."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("Spikes.to_data_frame needs pandas: run `pip install pandas`.") from error
        return pd.DataFrame({name: getattr(self, name) for name in COLUMNS})

    def write_tsv(self, fname: str | Path) -> None:
        """Write the table as tab-separated text with a header line; times in s."""
        path = Path(fname)
        if not path.parent.is_dir():
            raise ParameterError(f"There is no folder {path.parent} to write {path.name} into: make it first.")
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
            writer.writerow(COLUMNS)
            columns = (self.trial.tolist(), (f"{t:.6f}" for t in self.time), self.gid.tolist(), self.cell_type.tolist())
            writer.writerows(zip(*columns, strict=True))

    def plot_raster(self, *, trial: Any = None, axes: Any = None, show: bool = True, **options: Any) -> Figure:
        """Plot one dot per spike, cells stacked by layer; see :func:`mne_hnn.viz.plot_spikes_raster`."""
        from .viz import plot_spikes_raster

        return plot_spikes_raster(self, trial=trial, axes=axes, show=show, **options)

    def plot_histogram(self, names: Any = None, *, axes: Any = None, show: bool = True, **options: Any) -> Figure:
        """Plot how many spikes fell when; see :func:`mne_hnn.viz.plot_spikes_histogram`."""
        from .viz import plot_spikes_histogram

        return plot_spikes_histogram(self, names=names, axes=axes, show=show, **options)
