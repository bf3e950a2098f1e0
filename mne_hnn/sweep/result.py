"""What a sweep returns: a table, and the simulations behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import mne
import numpy as np
from numpy.typing import NDArray

from .._checks import check_int, check_name
from ..dipole import Dipole, average_dipoles
from ..errors import DataError, ParameterError
from ..network import Network
from ..recordings import Recording
from ..simulate import Simulation
from ..spikes import Spikes
from .grid import Grid, Number, described
from .records import ROW_MEMBERS, Record, Row, dipoles_of, measured_in, network_of, row_of, spikes_of
from .store import Store

__all__ = ["SweepResult", "load_rows", "table_text"]

MISSING = "n/a"


class _Dipoles(Sequence[Dipole | None]):
    """The average dipole of each point, read when it is asked for."""

    def __init__(self, result: SweepResult) -> None:
        self._result = result

    def __len__(self) -> int:
        return len(self._result)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[k] for k in range(len(self))[index]]
        number = range(len(self))[index]
        return self._result.dipole(number) if self._result.rows[number].simulated else None

    def __iter__(self) -> Iterator[Dipole | None]:
        return (self[k] for k in range(len(self)))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SweepResult:
    """Parameters and summaries of all points of a sweep, and their dipoles and spikes as far as they were kept.

    Attributes
    ----------
    network : Network
        The network that was varied.
    grid : Grid
        Names, values and how they combine.
    points : tuple of dict
        The value of each name, per point.
    numbers : tuple of int
        Number of each point in the sweep; 0, 1, 2 ... unless points were selected.
    rows : tuple of Row
        Status, error and summaries per point.
    units : mapping of str to str
        Units of those summaries of which they are known.
    settings : mapping
        ``tstop``, ``dt`` (ms), ``n_trials``, ``seed``, ``baseline``, ``engine``, ``keep``, ``record``, as
        :class:`~mne_hnn.simulate.SimulationSettings` takes them, and ``keep`` of :func:`run_sweep`; ``record`` is a
        dict of what was asked for, empty if nothing was.
    folder : Path | None
        Where it is kept; None for memory.
    keys : tuple of str
        Under which key the store has each point.
    store : Store
        Keeps arrays by key.

    Examples
    --------
    >>> swept.status, swept.dipole(0).layers
    (('ok', 'ok'), ('agg', 'L2', 'L5'))
    """

    network: Network
    grid: Grid
    points: tuple[Mapping[str, Number], ...]
    numbers: tuple[int, ...]
    rows: tuple[Row, ...]
    units: Mapping[str, str]
    settings: Mapping[str, Any]
    folder: Path | None
    keys: tuple[str, ...]
    store: Store

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        names = ", ".join(self.grid.names)
        failed = f", {len(self.failed)} without a result" if self.failed else ""
        place = f", in {self.folder}" if self.folder is not None else ""
        return f"<SweepResult of {self.network.name!r}: {len(self)} point(s) of {names}{failed}{place}>"

    # the table ----------------------------------------------------------------------------------------------

    @property
    def parameters(self) -> dict[str, NDArray[Any]]:
        """Values by name, arrays of shape (n_points,)."""
        return {name: np.array([point[name] for point in self.points]) for name in self.grid.names}

    @property
    def summaries(self) -> dict[str, NDArray[np.float64]]:
        """Summaries by column, arrays of shape (n_points,); NaN where there is no number."""
        names = dict.fromkeys(name for row in self.rows for name in row.summaries)
        return {name: np.array([row.summaries.get(name, np.nan) for row in self.rows], dtype=float) for name in names}

    @property
    def status(self) -> tuple[str, ...]:
        """``'ok'``, ``'failed'``, ``'summary failed'`` or ``'missing'`` per point."""
        return tuple(row.status for row in self.rows)

    @property
    def failed(self) -> dict[int, str]:
        """What went wrong, by index of the point; empty if nothing did."""
        return {k: row.error for k, row in enumerate(self.rows) if row.status != "ok"}

    def to_data_frame(self) -> Any:
        """Return the table as a :class:`pandas.DataFrame`: number, parameters, summaries, status and error."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("SweepResult.to_data_frame needs pandas: run `pip install pandas`.") from error
        columns = {"point": self.numbers, **self.parameters, **self.summaries, "status": self.status}
        return pd.DataFrame({**columns, "error": [row.error for row in self.rows]})

    def select(self, where: Mapping[str, Any]) -> Self:
        """Return the points that meet all conditions.

        Parameters
        ----------
        where : mapping of str to number | sequence | callable
            Conditions by name of a parameter or summary: a value, several values (any of them), or a function that
            takes the array of values and returns an array of bool. Numbers are equal if they agree to nine digits.

        Returns
        -------
        result : SweepResult
            The selected points, in their order; :attr:`numbers` says which they are.
        """
        columns = {**self.summaries, **self.parameters}
        inside = np.ones(len(self), dtype=bool)
        for name, wanted in where.items():
            inside &= _meets(columns[check_name(name, columns, "parameter or summary")], wanted, name)
        chosen = np.flatnonzero(inside).tolist()
        if not chosen:
            asked = {k: "a function" if callable(value) else value for k, value in where.items()}
            raise ParameterError(f"No point of the sweep meets {asked}.")
        parts = {name: tuple(getattr(self, name)[k] for k in chosen) for name in ("points", "numbers", "rows", "keys")}
        return replace(self, **parts)  # type: ignore[arg-type]

    # the simulations ----------------------------------------------------------------------------------------

    def _record(self, index: int, kept: str | None = None) -> Record:
        row = self.rows[self._index(index)]
        if not row.simulated and (kept is not None or row.status == "missing"):
            raise ParameterError(
                f"Point {index} ({described(self.points[index])}) has no simulation: {row.error or row.status}"
            )
        if kept is not None and kept not in self.settings["keep"]:
            raise ParameterError(f"This sweep keeps no {kept}: run it with keep={(*self.settings['keep'], kept)}.")
        return self.store.read(self.keys[index])

    def _index(self, index: int) -> int:
        return check_int(index, "The index of a point", minimum=0, maximum=len(self) - 1)

    def dipole(self, index: int, trial: int | None = None) -> Dipole:
        """Return the dipole of a point: the average, or one trial."""
        dipoles = dipoles_of(self._record(index, "dipole"))
        if trial is None:
            return average_dipoles(dipoles)
        return dipoles[check_int(trial, "trial", minimum=0, maximum=len(dipoles) - 1)]

    @property
    def dipoles(self) -> Sequence[Dipole | None]:
        """The average dipole of each point, read when it is asked for; None where the simulation failed."""
        return _Dipoles(self)

    def spikes(self, index: int) -> Spikes:
        """Return the spikes of a point."""
        return spikes_of(self._record(index, "spikes"))

    def recordings(self, index: int) -> dict[str, Recording]:
        """Return what was recorded of the cells of a point, by quantity."""
        return dict(measured_in(self._record(index, "recordings")).get("recordings", {}))

    def lfp(self, index: int) -> dict[str, mne.EpochsArray]:
        """Return what the electrode arrays of a point measured, by array."""
        return dict(measured_in(self._record(index, "lfp")).get("lfp", {}))

    def network_of(self, index: int) -> Network:
        """Return the network of a point."""
        if self.grid.paths:
            return self.grid.network(self.network, self.points[self._index(index)])
        return network_of(self._record(index))

    def simulation(self, index: int) -> Simulation:
        """Return the simulation of a point, if dipole and spikes were kept, with what else was kept of it."""
        record = self._record(index, "dipole")
        self._record(index, "spikes")
        options = {name: self.settings[name] for name in ("tstop", "dt", "seed", "baseline", "engine")}
        return Simulation(
            network=self.network_of(index),
            dipoles=dipoles_of(record),
            spikes=spikes_of(record),
            precision=self.settings.get("precision", "exact"),
            **measured_in(record),
            **options,
        )

    # figures ------------------------------------------------------------------------------------------------

    def plot(
        self,
        summary: str | Sequence[str],
        x: str | None = None,
        y: str | None = None,
        *,
        axes: Any = None,
        show: bool = True,
    ) -> Any:
        """Plot summaries over one parameter, or one as an image over two; see :func:`mne_hnn.viz.plot_sweep`."""
        from ..viz import plot_sweep

        return plot_sweep(self, summary, x=x, y=y, axes=axes, show=show)

    def plot_dipoles(
        self,
        color_by: str | None = None,
        *,
        layer: str = "agg",
        window_ms: float | None = None,
        scale: float = 1.0,
        axes: Any = None,
        show: bool = True,
    ) -> Any:
        """Plot all dipoles over each other; see :func:`mne_hnn.viz.plot_sweep_dipoles`."""
        from ..viz import plot_sweep_dipoles

        return plot_sweep_dipoles(self, color_by, layer=layer, window_ms=window_ms, scale=scale, axes=axes, show=show)


def _meets(column: NDArray[Any], wanted: Any, name: str) -> NDArray[np.bool_]:
    if isinstance(wanted, Callable):  # type: ignore[arg-type]
        mask = np.asarray(wanted(column))
        if mask.shape != column.shape or mask.dtype != bool:
            raise ParameterError(f"The condition on {name!r} must return one bool per point, shape {column.shape}.")
        return mask
    values = [wanted] if isinstance(wanted, str) or np.ndim(wanted) == 0 else list(wanted)
    mask = np.zeros(len(column), dtype=bool)
    for value in values:
        if column.dtype.kind in "fi" and not isinstance(value, str):
            mask |= np.isclose(column, value, rtol=1e-9, atol=0.0)
        else:
            mask |= column == value
    return mask


def load_rows(store: Store, keys: Sequence[str]) -> list[Row]:
    """Return the rows of points; those that are not kept are missing."""
    found: dict[str, Row] = {}
    for key in dict.fromkeys(keys):
        if key in store:
            found[key] = row_of(store.read(key, ROW_MEMBERS))
        else:
            found[key] = Row(status="missing", error="not simulated yet", summaries={})
    return [found[key] for key in keys]


def table_text(result: SweepResult) -> str:
    """Return the table as tab-separated text, numbers to the last bit, ``n/a`` where there is none."""
    summaries, names = result.summaries, result.grid.names
    if clash := set(names) & set(summaries):
        raise DataError(f"Parameter and summary have the same name {min(clash)!r}.")
    lines = [["point", *names, *summaries, "status", "error", "file"]]
    for k, (number, point, row) in enumerate(zip(result.numbers, result.points, result.rows, strict=True)):
        numbers = [_cell(float(column[k])) for column in summaries.values()]
        file = (
            MISSING if row.status == "missing" or result.keys[k] not in result.store else f"points/{result.keys[k]}.npz"
        )
        lines.append(
            [
                str(number),
                *(_cell(point[name]) for name in names),
                *numbers,
                row.status,
                " ".join(row.error.split()) or MISSING,
                file,
            ]
        )
    return "".join("\t".join(line) + "\n" for line in lines)


def _cell(value: Number) -> str:
    if isinstance(value, str):
        return " ".join(value.split()) or MISSING
    return MISSING if value != value else repr(value)
