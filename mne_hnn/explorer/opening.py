"""Open whatever a user has as a session: a target, a network, a fit, results of the pipeline, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._archive import open_archive
from .._checks import check_name
from .._files import existing
from ..dipole import Dipole
from ..errors import DataError, MneHnnError, ParameterError
from ..fit import FitResult, read_explanations, read_fit
from ..fit.observation import check_target
from ..io import read_dipole_txt, read_simulation, read_source_course
from ..network import Network, jones_2009, with_erp_drives
from ..pipeline import read_model
from .cortex import Cortex, demo_cortex
from .place import Place
from .results import results_of
from .session import Session
from .spans import Span, time_spans
from .state import ExploreState

__all__ = ["DEMO_LABEL", "PARTS", "Opened", "open_session", "read_start", "start_network", "with_part"]

PARTS = {
    "all": "all of it, as a new beginning",
    "column": "its column only; the target stays",
    "target": "its target or dipole only; the column stays",
}
"""What is taken of a file that is opened beside something, in words."""

DEMO_LABEL = "postcentral-rh"
MOST_TRIALS = 3
"""Of what is opened, so that changes are answered soon; more can be set."""
_TEXT = (".txt", ".csv", ".tsv", ".dat", ".asc")
_COURSES = (".mat", ".fif", ".gz", ".dip", ".bdip", *_TEXT)
_MODELS = (".json", ".param")


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """What a file holds.

    Attributes
    ----------
    state : ExploreState
        To begin with.
    cortex : Cortex | None
        Response and operators, where they are there, too.
    place : Place | None
        Where on that cortex the target comes from.
    notes : tuple of str
        What the file leaves open, or what was changed.
    spans : tuple of Span
        When drives come, as far as a fit with intervals knows.
    """

    state: ExploreState
    cortex: Cortex | None = None
    place: Place | None = None
    notes: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


def open_session(path: str | Path | None = None, *, n_jobs: int | None = None) -> Session:
    """Begin a session with a file.

    Parameters
    ----------
    path : path-like | None
        A target (a source course of :func:`~mne_hnn.io.read_source_course`, or HNN's dipole text), a network or
        parameter file (ours or HNN's), a simulation, a fit or explanations, a results folder of the pipeline; None for
        the demo.
    n_jobs : int | None
        As for :class:`Session`.

    Returns
    -------
    session : Session
        Its cortex is None unless the file has one; its notes say what the file leaves open.

    Raises
    ------
    DataError
        The file is missing, damaged, or none of these.

    Examples
    --------
    >>> network.save("column.json")
    >>> with open_session("column.json") as begun:
    ...     begun.state.network == network
    True
    """
    opened = read_start(path)
    session = Session(opened.state, opened.cortex, place=opened.place, notes=opened.notes, n_jobs=n_jobs)
    session.spans[opened.state.network.digest] = opened.spans
    return session


def read_start(path: str | Path | None = None) -> Opened:
    """Return what :func:`open_session` begins with, without simulating anything."""
    if path is None:
        return _demo()
    found = existing(path, "file or folder")
    if found.is_dir():
        return _of_results(found)
    suffix = found.suffix.lower()
    if suffix == ".npz":
        return _of_archive(found)
    if suffix in _MODELS:
        return _of_model(found)
    if suffix in _COURSES:
        return _of_target(found)
    raise DataError(
        f"{found} is nothing to explore: expected a target or dipole (.txt, .csv, .mat, .fif, .dip), a network or "
        "parameters (.json, .param), a simulation or fit (.npz), or a results folder of the pipeline."
    )


def with_part(state: ExploreState, path: str | Path, part: str) -> ExploreState:
    """Return a state with the column or the target of a file.

    Parameters
    ----------
    state : ExploreState
        The state; all else of it stays, but the duration follows a new target.
    path : path-like
        As for :func:`open_session`.
    part : str
        ``'column'`` or ``'target'``.

    Raises
    ------
    DataError
        The file is missing, damaged, or has no such part.
    """
    check_name(part, [name for name in PARTS if name != "all"], "part of a file")
    found = existing(path, "file or folder")
    suffix = found.suffix.lower()
    if part == "target":
        target = read_start(found).state.target
        if target is None:
            raise DataError(f"{found.name} has no target: it holds a column only.")
        return state.with_target(target)
    if found.is_file() and suffix not in (*_MODELS, ".npz"):
        raise DataError(f"{found.name} has no column: it holds a target or dipole only.")
    return state.with_network(read_start(found).state.network)


def start_network() -> Network:
    """Return the column that a session begins with where nothing says another: published, with published drives."""
    return with_erp_drives(jones_2009())


def state_for(target: Dipole | None, network: Network | None = None, **fields: Any) -> ExploreState:
    """Return a state for a target: simulated as long as it lasts, by the usual column unless another is given."""
    network = start_network() if network is None else network
    state = ExploreState(network=network, **fields)
    return state if target is None else state.with_target(check_target(target))


def _demo() -> Opened:
    cortex = demo_cortex()
    place = cortex.best_place(DEMO_LABEL, latency=0.04)
    return Opened(state=state_for(place.dipole), cortex=cortex, place=place)


def _of_target(path: Path) -> Opened:
    dipole = _read_target(path)
    assumed = dipole.provenance.get("assumed") or ()
    return Opened(state=state_for(dipole), notes=tuple(f"Assumed: {text}." for text in assumed))


def _read_target(path: Path) -> Dipole:
    try:
        return read_source_course(path)
    except (DataError, ParameterError) as error:
        if path.suffix.lower() not in _TEXT:
            raise
        try:  # HNN's text has no names and units: ms and nA m
            return read_dipole_txt(path)
        except MneHnnError:
            raise error from None


def _of_model(path: Path) -> Opened:
    model = read_model(path)
    fields: dict[str, Any] = {}
    if model.settings is not None:
        settings = model.settings
        fields = {
            "columns": settings.dipole_scale if settings.dipole_scale > 0 else None,
            "smooth_ms": settings.smooth_ms,
            "tstop_ms": settings.tstop_ms,
            "n_trials": settings.n_trials,
        }
    state, notes = _few_trials(fields)
    return Opened(state=state_for(None, model.network, **state), notes=notes)


def _few_trials(fields: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return fields of a state with few trials, and what to say of that."""
    n_trials = fields.get("n_trials", 1)
    if n_trials <= MOST_TRIALS:
        return fields, ()
    note = f"The file has {n_trials} trials: {MOST_TRIALS} are simulated here, so that changes are answered soon."
    return {**fields, "n_trials": MOST_TRIALS}, (note,)


def _of_archive(path: Path) -> Opened:
    content, _ = open_archive(path, "simulation or fit", "give a simulation or a fit")
    if "explanations" in content:
        return of_fit(read_explanations(path).first.fit)
    if "estimates" in content:
        return of_fit(read_fit(path))
    simulation = read_simulation(path)
    fields, notes = _few_trials(
        {"tstop_ms": simulation.tstop, "n_trials": simulation.n_trials, "seed": simulation.seed}
    )
    return Opened(state=state_for(None, simulation.network, **fields), notes=notes)


def of_fit(fit: FitResult, target: Dipole | None = None) -> Opened:
    """Return the column of a fit with its target and number of columns."""
    fields, notes = _few_trials({"n_trials": fit.simulation.n_trials})
    state = state_for(
        fit.target if target is None else target,
        fit.network,
        columns=fit.scale if fit.scale > 0 else None,
        smooth_ms=getattr(fit.settings, "smooth_ms", 20.0),
        seed=fit.simulation.seed,
        tstop_ms=fit.simulation.tstop,
        **fields,
    )
    return Opened(state=state, notes=notes, spans=time_spans(fit.estimates))


def _of_results(folder: Path) -> Opened:
    found = results_of(folder)
    cortex, place, notes = found.cortex()
    target = found.target()
    fit = found.fit()
    if fit is not None:
        opened = of_fit(fit, target)
        return replace(opened, cortex=cortex, place=place, notes=(*opened.notes, *notes))
    return Opened(state=state_for(target, found.network()), cortex=cortex, place=place, notes=notes)
