"""Spikes as a tidy table: trial, time, cell, cell type."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_finite, check_name
from .errors import ParameterError

__all__ = ["Spikes"]

COLUMNS = ("trial", "time", "gid", "cell_type")
GROUPS = ("cell_type", "gid", "trial")


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
    gid_ranges : mapping of str to range
        Cell numbers per cell type and drive.
    n_trials : int
        Number of trials, silent ones included.
    tmin, tmax : float
        Start and end of the simulation, s.
    """

    trial: NDArray[np.int64]
    time: NDArray[np.float64]
    gid: NDArray[np.int64]
    gid_ranges: Mapping[str, range]
    n_trials: int
    tmin: float
    tmax: float

    def __post_init__(self) -> None:
        trial, gid = (np.array(column, dtype=np.int64, ndmin=1) for column in (self.trial, self.gid))
        time = np.array(self.time, dtype=float, ndmin=1)
        if not trial.shape == time.shape == gid.shape or trial.ndim != 1:
            raise ParameterError(
                "trial, time and gid must have one entry per spike, "
                f"got shapes {trial.shape}, {time.shape} and {gid.shape}."
            )
        if not np.isfinite(time).all():
            raise ParameterError("Spike times must be finite, got NaN or infinity.")
        if trial.size and not (trial.min() >= 0 and trial.max() < self.n_trials):
            raise ParameterError(f"trial must be from 0 to {self.n_trials - 1}, got {trial.min()} to {trial.max()}.")
        order = np.lexsort((gid, time, trial))
        ranges = {str(name): range(r.start, r.stop) for name, r in self.gid_ranges.items()}
        for name, values in (("trial", trial[order]), ("time", time[order]), ("gid", gid[order])):
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        object.__setattr__(self, "gid_ranges", ranges)
        object.__setattr__(self, "tmin", check_finite(self.tmin, "tmin"))
        object.__setattr__(self, "tmax", check_finite(self.tmax, "tmax"))
        if self.tmax <= self.tmin:
            raise ParameterError(f"tmax must be after tmin, got {self.tmin:g} and {self.tmax:g} s.")
        known = np.zeros(max([r.stop for r in ranges.values()], default=0), dtype=bool)
        for r in ranges.values():
            known[r.start : r.stop] = True
        if gid.size and (gid.min() < 0 or gid.max() >= len(known) or not known[gid].all()):
            raise ParameterError(f"Spikes name cells up to {gid.max()}, but gid_ranges ends at {len(known) - 1}.")

    @classmethod
    def from_trials(
        cls,
        times: Sequence[ArrayLike],
        gids: Sequence[ArrayLike],
        *,
        gid_ranges: Mapping[str, range],
        tmin: float,
        tmax: float,
    ) -> Spikes:
        """Make the table from one array of times (s) and one of cell numbers per trial."""
        counts = [np.size(part) for part in times]
        return cls(
            trial=np.repeat(np.arange(len(counts)), counts),
            time=np.concatenate([np.empty(0), *map(np.ravel, times)]),
            gid=np.concatenate([np.empty(0, dtype=np.int64), *map(np.ravel, gids)]),
            gid_ranges=gid_ranges,
            n_trials=len(counts),
            tmin=tmin,
            tmax=tmax,
        )

    def __len__(self) -> int:
        return len(self.time)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Spikes):
            return NotImplemented
        same = all(np.array_equal(getattr(self, name), getattr(other, name)) for name in ("trial", "time", "gid"))
        rest = ("gid_ranges", "n_trials", "tmin", "tmax")
        return same and all(getattr(self, name) == getattr(other, name) for name in rest)

    __hash__ = None  # type: ignore[assignment]

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
        names = np.empty(max([r.stop for r in self.gid_ranges.values()], default=0), dtype=object)
        for name, cells in self.gid_ranges.items():
            names[cells.start : cells.stop] = name
        return names[self.gid].astype(str) if len(self) else np.empty(0, dtype=str)

    # choosing ---------------------------------------------------------------------------------------------

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
        """Return the spikes that meet all conditions.

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
        keep = np.zeros(len(self), dtype=bool)
        for name in types:
            cells = self.gid_ranges[name]
            keep |= (self.gid >= cells.start) & (self.gid < cells.stop)
        if trial is not None:
            keep &= self.trial == trial
        if gids is not None:
            keep &= np.isin(self.gid, list(gids))
        if tmin is not None:
            keep &= self.time >= check_finite(tmin, "tmin")
        if tmax is not None:
            keep &= self.time < check_finite(tmax, "tmax")
        return Spikes(
            trial=self.trial[keep],
            time=self.time[keep],
            gid=self.gid[keep],
            gid_ranges={name: self.gid_ranges[name] for name in self.gid_ranges if name in types},
            n_trials=self.n_trials,
            tmin=self.tmin,
            tmax=self.tmax,
        )

    # counting ---------------------------------------------------------------------------------------------

    def counts(self, by: str = "cell_type") -> dict[Any, int]:
        """Return the number of spikes per cell type, cell number or trial; silent ones count 0."""
        check_name(by, GROUPS, "grouping")
        if by == "trial":
            return dict(enumerate(np.bincount(self.trial, minlength=self.n_trials).tolist()))
        per_cell = np.bincount(self.gid, minlength=max([r.stop for r in self.gid_ranges.values()], default=0))
        if by == "gid":
            return {gid: int(per_cell[gid]) for cells in self.gid_ranges.values() for gid in cells}
        return {name: int(per_cell[cells.start : cells.stop].sum()) for name, cells in self.gid_ranges.items()}

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
        counts, edges = np.histogram(chosen.time, bins=bins, range=(self.tmin, self.tmax))
        return counts.astype(np.int64), edges

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
        with Path(fname).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
            writer.writerow(COLUMNS)
            columns = (self.trial.tolist(), (f"{t:.6f}" for t in self.time), self.gid.tolist(), self.cell_type.tolist())
            writer.writerows(zip(*columns, strict=True))
