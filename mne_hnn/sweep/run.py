"""Simulate a network at every point of a grid of its parameters."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from mne.utils import ProgressBar, logger, verbose

from .._checks import check_name
from .._warn import warn
from ..errors import DataError, ParameterError, SimulationError, WorkerError
from ..network import Network
from ..simulate import Computing, Simulation, SimulationSettings
from ..simulate.many import run_networks
from ..simulate.precautions import warn_of_unheard_drives
from ..simulate.settings import as_settings, check_is_network
from .grid import Apply, Grid, described, make_grid
from .plan import Plan, network_key, told_settings
from .records import KEEP, ROW_MEMBERS, Row, network_arrays, row_arrays, row_of, simulation_arrays
from .result import SweepResult, load_rows, table_text
from .store import FolderStore, MemoryStore, Store, read_description
from .summaries import Summaries

__all__ = ["read_sweep", "run_sweep"]


@verbose
def run_sweep(
    network: Network,
    grid: Mapping[Any, Sequence[Any]],
    settings: SimulationSettings | None = None,
    *,
    combine: str = "product",
    apply: Apply | None = None,
    summary: Any = None,
    keep: str | Sequence[str] = ("dipole",),
    folder: str | Path | None = None,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    verbose: bool | str | int | None = None,
) -> SweepResult:
    """Simulate a network at every point of a grid of its parameters.

    Parameters
    ----------
    network : Network
        The network to vary.
    grid : mapping of str | tuple of str to sequence of float
        Values by path (:func:`~mne_hnn.network.list_paths` names all of them), or by a tuple of paths that take the
        same value. With `apply`, by names of your own.
    settings : SimulationSettings | None
        How to simulate, the same for all points: duration, trials per point and so on; None takes the defaults. All
        points see the same random draws. What ``record`` asks for is there for `summary`, and kept where `keep` says
        so.
    combine : str
        ``'product'`` for all combinations, the last name varying fastest; ``'paired'`` for the k-th values of all.
    apply : callable | None
        Called as ``apply(network, values)`` with a dict of values by name; returns the network of the point.
    summary : str | callable | mapping | sequence | None
        What to note of each simulation: a function of a :class:`~mne_hnn.simulate.Simulation` that returns a number or
        a dict of numbers, ``'extrema'`` (:class:`DipoleExtrema`) or ``'rates'`` (:class:`FiringRates`), several of
        these, or a mapping that names them. NaN stands for no number. It is called in this process. A sweep that is
        resumed compares the code of the functions given, and the values they read, with those it began with. Edits
        inside of helper functions that they call, or of the class of a callable object, are not seen: after such an
        edit, choose another folder.
    keep : str | sequence of str
        What to keep of each simulation besides: any of ``'dipole'``, ``'spikes'``, ``'recordings'`` (what the
        settings record), ``'lfp'`` (what electrodes see; the network of every point must have some), or nothing:
        ``()``.
    folder : path-like | None
        Where to keep it: a table ``sweep.tsv``, one archive of arrays per point, and ``sweep.json``. A sweep that was
        killed goes on by the same call. None keeps all in memory.
    n_jobs : int
        Processes; the result does not depend on it. Not together with an executor that is an object.
    executor : str | concurrent.futures.Executor | None
        Runs the trials instead, as in :func:`~mne_hnn.simulate.simulate_many`.
    verbose : bool | str | int | None
        As everywhere in MNE-Python.

    Returns
    -------
    result : SweepResult
        Parameters, summaries, and what was kept. A point that failed is a row with its error.

    Raises
    ------
    ParameterError
        A wrong argument, a value that the network cannot have, nothing to keep, or a folder of something else.
    ConfigError
        Workers of Dask that are not fit: of another version or code, or with threads.
    CacheError
        The folder cannot be written.

    Examples
    --------
    >>> grid = {"drives.evprox1.mu_ms": [20.0, 30.0], "gains.i_e": [0.5, 1.0]}
    >>> swept = run_sweep(network, grid, SimulationSettings(tstop=40.0), summary="rates", folder="sweep")
    >>> len(swept.points)
    4
    """
    check_is_network(network)
    settings = as_settings(settings)
    if apply is not None and not callable(apply):
        raise ParameterError(f"apply must be a function of a network and a dict of values, got {apply!r}.")
    computing = Computing(n_jobs=n_jobs, executor=executor)
    points = make_grid(network, grid, combine, apply)
    summaries = Summaries(summary, taken=points.names)
    kept = _kept(keep, settings, summaries)
    settings.check_engine(network)
    settings = settings.resolved()
    networks = points.networks(network, apply)
    if "lfp" in kept:
        _check_electrodes(networks, points)
    told = told_settings(settings, kept)
    keys = tuple(network_key(point, told) for point in networks)
    plan = Plan(network=network, grid=points, keys=keys, told=told, units=summaries.units(network))
    store: Store = MemoryStore()
    if folder is not None:
        store = FolderStore(_place(folder))
        store.open_for(plan.description(networks, summaries))
    warn_of_unheard_drives(network, settings.tstop)
    lost = _simulate(
        networks,
        keys,
        store,
        settings=settings,
        computing=computing,
        summaries=summaries,
        kept=kept,
        with_network=apply is not None,
    )
    rows = tuple(lost.get(key, row) for key, row in zip(keys, load_rows(store, keys), strict=True))
    result = plan.result(store, rows)
    if isinstance(store, FolderStore):
        store.write_table(table_text(result))
    _tell(result)
    return result


def _place(folder: Any) -> Path:
    if not isinstance(folder, (str, os.PathLike)):
        raise ParameterError(f"folder must be a path, got {folder!r}.")
    return Path(folder).expanduser()


def _kept(keep: Any, settings: SimulationSettings, summaries: Summaries) -> tuple[str, ...]:
    """Return what to keep of each simulation; refuse to simulate for nothing."""
    if not isinstance(keep, (str, Sequence)):
        raise ParameterError(f"keep must be one of {', '.join(map(repr, KEEP))}, several, or (), got {keep!r}.")
    names = (keep,) if isinstance(keep, str) else tuple(keep)
    for name in names:
        check_name(name, KEEP, "thing to keep")
    kept = tuple(name for name in KEEP if name in names)
    recorded = settings.record.quantities
    if "recordings" in kept and not recorded:
        raise ParameterError("keep='recordings' needs record to say what to record, such as {'voltage': 'soma'}.")
    if not kept and not len(summaries):
        raise ParameterError("Nothing of the simulations would be kept: give a summary, or keep='dipole'.")
    if recorded and "recordings" not in kept and not len(summaries):
        raise ParameterError(
            "What record asks for would be thrown away: keep it with keep=('dipole', 'recordings'), or give a summary "
            "that reads it."
        )
    return kept


def _check_electrodes(networks: Sequence[Network], grid: Grid) -> None:
    for number, (network, point) in enumerate(zip(networks, grid.points(), strict=True)):
        if not network.electrodes:
            raise ParameterError(
                f"keep='lfp' needs a network with electrodes, and that of point {number} ({described(point)}) has "
                "none: add some with network.with_electrodes."
            )


def _simulate(
    networks: Sequence[Network],
    keys: Sequence[str],
    store: Store,
    *,
    settings: SimulationSettings,
    computing: Computing,
    summaries: Summaries,
    kept: Sequence[str],
    with_network: bool,
) -> dict[str, Row]:
    """Simulate what the store does not have; return the rows of points whose workers died, which are not kept."""
    # equal networks are simulated once
    first = {key: k for k, key in reversed(list(enumerate(keys)))}
    todo = sorted(k for key, k in first.items() if not _is_sound(store, key))
    if len(todo) < len(first):
        logger.info("%d of %d simulations are there already.", len(first) - len(todo), len(first))
    bar = ProgressBar(len(todo), mesg="Simulating") if len(todo) > 1 else None
    lost: dict[str, Row] = {}
    ended = 0
    warned = False

    def done(index: int, outcome: Simulation | SimulationError) -> None:
        nonlocal ended, warned
        key = keys[todo[index]]
        row, arrays = _outcome(outcome, summaries, kept)
        if row.status == "summary failed" and not warned:
            warned = True
            warn(f"Point {todo[index]}: {row.error.rstrip('.')}. The sweep goes on without it.")
        if isinstance(outcome, WorkerError):
            lost[key] = row  # perhaps not the network's fault: tried again by the next call
        else:
            store.write(
                key, {**row_arrays(row), **arrays, **(network_arrays(networks[todo[index]]) if with_network else {})}
            )
        ended += 1
        if bar is not None:
            bar.update(ended)

    if todo:
        settings.warn_of_times()
    run_networks([networks[k] for k in todo], settings=settings, computing=computing, done=done, keep=False)
    return lost


def _outcome(
    outcome: Simulation | SimulationError, summaries: Summaries, kept: Sequence[str]
) -> tuple[Row, dict[str, Any]]:
    if isinstance(outcome, SimulationError):
        return Row(status="failed", error=str(outcome), summaries={}), {}
    numbers, error = summaries(outcome)
    row = Row(status="summary failed" if error else "ok", error=error, summaries=numbers)
    return row, simulation_arrays(outcome, kept)


def _is_sound(store: Store, key: str) -> bool:
    """Whether a point is kept and readable; one that a full disk or a crash damaged is simulated again."""
    if key not in store:
        return False
    try:
        row_of(store.read(key, ROW_MEMBERS))
    except DataError as error:
        warn(f"{error} It is simulated again.")
        return False
    return True


def _tell(result: SweepResult) -> None:
    place = "in memory" if result.folder is None else f"in {result.folder}"
    lacking = f", {len(result.failed)} of them without a result" if result.failed else ""
    logger.info("%d point(s)%s, %s.", len(result), lacking, place)
    for index, error in list(result.failed.items())[:3]:
        logger.info("  point %d (%s): %s", index, described(result.points[index]), error)


@verbose
def read_sweep(folder: str | Path, *, verbose: bool | str | int | None = None) -> SweepResult:
    """Read a sweep from its folder, also one that has not ended: points that are not there yet are missing.

    Parameters
    ----------
    folder : path-like
        The folder given to :func:`run_sweep`.
    verbose : bool | str | int | None
        As everywhere in MNE-Python.

    Returns
    -------
    result : SweepResult
        The sweep; dipoles and spikes are read when they are asked for.

    Raises
    ------
    DataError
        The folder holds no sweep, a damaged one, or one of another version.

    Examples
    --------
    >>> grid = {"drives.evprox1.mu_ms": [20.0, 30.0]}
    >>> swept = run_sweep(network, grid, SimulationSettings(tstop=40.0), summary="rates", folder="sweep")
    >>> read_sweep("sweep").status
    ('ok', 'ok')
    """
    place = _place(folder)
    content = read_description(place)
    plan = Plan.read(content, place)
    store = FolderStore(place)
    result = plan.result(store, load_rows(store, plan.keys))
    missing = result.status.count("missing")
    if missing:
        logger.info("%d of %d points are not simulated yet: the same call of run_sweep goes on.", missing, len(result))
    return result
