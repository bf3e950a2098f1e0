"""Settings and details of a fit as plain values in one order, as files and records hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import DataError, ParameterError
from .circuit_prior import CircuitPrior
from .details import FitDetails
from .drive_settings import DriveSettings
from .evoked_settings import EvokedSettings
from .fitted_settings import FittedSettings, UnfittedSettings
from .levels import Level
from .observation import ColumnPrior
from .parameters import Parameter
from .rhythmic_settings import RhythmicSettings

__all__ = ["plain_settings", "typed_settings"]

_SHARED = ("n_trials", "n_final", "dt", "seed", "fresh_seed", "precision")
_WAVEFORM = ("smooth_ms", "noise", "standard_error")
_OF_SPIKES = ("members", "generations", "steps", "max_sequences", "finalists")
_PROPOSED = ("drives", "n_drives", "max_drives", *_SHARED, *_WAVEFORM, "refine", "polish", "optimizer")
_SEARCHED = ("optimizer", "max_evaluations", *_SHARED, *_WAVEFORM, "step", "scale")
_OF_EVOKED = ("optimizer", "max_evaluations", *_SHARED, *_WAVEFORM)
_OF_RHYTHMS = ("optimizer", "max_evaluations", *_SHARED, "step", "tstop", "fmin", "fmax", "burn_in_ms")
_COLUMNS = ("columns_median", "columns_factor")
_KNOWN = {*_SEARCHED, *_COLUMNS, "objective", "tstop", "levels", "population", "parameters", "apply"}


def plain_settings(settings: FittedSettings, details: FitDetails) -> dict[str, Any]:
    """Return settings and details by name, in the order in which files hold them.

    Parameters
    ----------
    settings : EvokedSettings | DriveSettings | RhythmicSettings | UnfittedSettings
        As they were used.
    details : FitDetails
        What followed from the call.

    Returns
    -------
    plain : dict
        Numbers, text, None, and lists of them.

    Raises
    ------
    ParameterError
        The settings are none of a fit.
    """
    if isinstance(settings, UnfittedSettings):
        plain = {"smooth_ms": settings.smooth_ms, "dt": settings.dt, "seed": settings.seed}
        return plain if settings.columns is None else {**plain, "columns": settings.columns}
    if isinstance(settings, DriveSettings):
        return _searched(settings, details)
    if isinstance(settings, RhythmicSettings):
        return _of_rhythm(settings, details)
    if not isinstance(settings, EvokedSettings):
        raise ParameterError(
            f"The settings of a fit must be EvokedSettings, DriveSettings, RhythmicSettings or UnfittedSettings, got "
            f"{type(settings).__name__}."
        )
    if settings.drives == "network":
        searched = _searched(settings.search(), details)
        return {"drives": settings.drives, **searched, "circuit": settings.circuit.to_plain()}
    return _proposed(settings, details)


def _proposed(settings: EvokedSettings, details: FitDetails) -> dict[str, Any]:
    prior = settings.prior if isinstance(settings.prior, ColumnPrior) else None
    return {
        "drives": settings.drives,
        "n_drives": settings.n_drives,
        "max_drives": settings.max_drives,
        "sequence": None if settings.sequence is None else [list(pair) for pair in settings.sequence],
        "smooth_ms": settings.smooth_ms,
        "noise": settings.noise,
        "standard_error": settings.standard_error,
        "refine": settings.refine,
        "polish": settings.polish,
        "optimizer": settings.optimizer,
        "levels": _plain_levels(settings.levels),
        "n_trials": settings.n_trials,
        "n_final": settings.n_final,
        "dt": settings.dt,
        "seed": settings.seed,
        "fresh_seed": settings.fresh_seed,
        "precision": settings.precision,
        "tstop": details.tstop,
        "objective": details.objective,
        "gap_ms": details.gap_ms,
        "spread_ms": details.spread_ms,
        "columns_median": None if prior is None else prior.median,
        "columns_factor": None if prior is None else prior.factor,
        "circuit": settings.circuit.to_plain(),
        "regimes": list(settings.regimes),
        **{name: getattr(settings, name) for name in _OF_SPIKES},
        "start": None if settings.start is None else {path: list(pair) for path, pair in settings.start.items()},
        "columns": settings.columns,
    }


def _searched(settings: DriveSettings, details: FitDetails) -> dict[str, Any]:
    plain = {
        "objective": details.objective,
        "optimizer": settings.optimizer,
        "max_evaluations": settings.max_evaluations,
        "n_trials": settings.n_trials,
        "n_final": settings.n_final,
        "step": settings.step,
        "smooth_ms": settings.smooth_ms,
        "scale": settings.scale,
        "noise": settings.noise,
        "standard_error": settings.standard_error,
        "tstop": details.tstop,
        "dt": settings.dt,
        "seed": settings.seed,
        "fresh_seed": settings.fresh_seed,
        "precision": settings.precision,
        "levels": _plain_levels(settings.levels),
        "parameters": [_plain_parameter(parameter) for parameter in details.parameters],
        **details.options,
    }
    if isinstance(settings.prior, ColumnPrior):
        plain |= {"columns_median": settings.prior.median, "columns_factor": settings.prior.factor}
    chosen = {"population": settings.population, "apply": details.apply}
    return plain | {name: value for name, value in chosen.items() if value}  # most fits have neither


def _plain_parameter(parameter: Parameter) -> list[Any]:
    row = [parameter.path, parameter.low, parameter.high, parameter.scale, parameter.fixed]
    more = parameter.tied or parameter.start is not None
    return [*row, list(parameter.tied), parameter.start] if more else row


def _of_rhythm(settings: RhythmicSettings, details: FitDetails) -> dict[str, Any]:
    if settings.bands is not None:
        shown = {
            "bands": [list(band) for band in settings.bands],
            "shares": None if settings.shares is None else list(settings.shares),
            "measure": settings.measure,
        }
    else:
        shown = {
            "target_freqs": None if details.target_freqs is None else list(details.target_freqs),
            "target_power": None if details.target_power is None else list(details.target_power),
            "aperiodic": settings.aperiodic,
        }
    own = {"fmin": settings.fmin, "fmax": settings.fmax, "burn_in_ms": settings.burn_in_ms}
    plain = {**_searched(replace(settings.search(), prior=None), details), **shown, **own}
    return plain if settings.circuit is None else plain | {"circuit": settings.circuit.to_plain()}


def _plain_levels(levels: Any) -> Any:
    """Return levels as lists; what stands for some (``'auto'``, None) as it is."""
    if not isinstance(levels, tuple):
        return levels
    return [[str(level), level.n_trials, level.share] for level in levels]


def typed_settings(kind: str, plain: Mapping[str, Any], *, intervals: bool) -> tuple[FittedSettings, FitDetails]:
    """Return settings and details from plain values; the inverse of :func:`plain_settings`.

    Parameters
    ----------
    kind : str
        Of the fit.
    plain : mapping
        What :func:`plain_settings` returned; lists for tuples.
    intervals : bool
        Whether the fit has intervals, which its estimates tell.

    Raises
    ------
    DataError
        There is no such kind.
    KeyError, ParameterError
        A value is missing, or wrong.
    """
    if kind == "none":
        return UnfittedSettings(**plain), FitDetails()
    plain = {"precision": "exact", **plain}  # of files from before there was a choice
    if kind == "drives":
        return _typed_search(plain, intervals), _details(plain, options=_options(plain))
    if kind == "rhythmic":
        return _typed_rhythm(plain)
    if kind == "evoked":
        return _typed_evoked(plain)
    raise DataError(f"A fit of the kind {kind!r} is none of this version of mne_hnn: fit again.")


def _typed_search(plain: Mapping[str, Any], intervals: bool) -> DriveSettings:
    return DriveSettings(
        **{name: plain[name] for name in _SEARCHED},
        tstop=plain["tstop"],
        population=plain.get("population"),  # files from before there was a choice
        levels=_typed_levels(plain["levels"]),
        prior=_prior(plain),
        intervals=intervals,
    )


def _typed_evoked(plain: Mapping[str, Any]) -> tuple[EvokedSettings, FitDetails]:
    given: dict[str, Any] = {
        "levels": _typed_levels(plain["levels"]),
        "prior": _prior(plain),
        # files from before there was one: nothing was judged by it
        "circuit": CircuitPrior.from_plain(plain.get("circuit", {})),
    }
    if plain["drives"] == "network":
        own = {name: plain[name] for name in ("drives", *_OF_EVOKED)}
        return EvokedSettings(**own, population=plain.get("population"), **given), _details(plain)
    sequence = plain["sequence"]
    settings = EvokedSettings(
        **{name: plain[name] for name in _PROPOSED},
        # files from before there was a choice are of the smoother
        **{"steps": "smoother", **{name: plain[name] for name in _OF_SPIKES if name in plain}},
        # files from before there was a choice hold explanations in which no cell fires
        regimes=tuple(plain.get("regimes", ("silent",))),
        sequence=None if sequence is None else tuple((place, mu) for place, mu in sequence),
        start=plain.get("start"),
        columns=plain.get("columns"),
        **given,
    )
    return settings, _details(plain, gap_ms=plain["gap_ms"], spread_ms=plain["spread_ms"])


def _typed_rhythm(plain: Mapping[str, Any]) -> tuple[RhythmicSettings, FitDetails]:
    shared = {name: plain[name] for name in _OF_RHYTHMS} | {"levels": _typed_levels(plain["levels"])}
    shared["population"] = plain.get("population")
    if "circuit" in plain:
        shared["circuit"] = CircuitPrior.from_plain(plain["circuit"])
    if "bands" in plain:
        own = {name: plain[name] for name in ("bands", "shares", "measure")}
        return RhythmicSettings(**shared, **own), _details(plain)
    freqs, power = (None if plain[name] is None else tuple(plain[name]) for name in ("target_freqs", "target_power"))
    settings = RhythmicSettings(**shared, aperiodic=plain["aperiodic"])
    return settings, _details(plain, target_freqs=freqs, target_power=power)


def _details(plain: Mapping[str, Any], **own: Any) -> FitDetails:
    rows = plain.get("parameters", ())
    names = ("path", "low", "high", "scale", "fixed", "tied", "start")
    parameters = tuple(Parameter(**dict(zip(names, row, strict=False))) for row in rows)
    return FitDetails(
        objective=plain["objective"],
        tstop=plain["tstop"],
        parameters=parameters,
        apply=plain.get("apply", ""),
        **own,
    )


def _options(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in plain.items() if name not in _KNOWN}


def _prior(plain: Mapping[str, Any]) -> ColumnPrior | None:
    median, factor = (plain.get(name) for name in _COLUMNS)
    return None if median is None or factor is None else ColumnPrior(median=median, factor=factor)


def _typed_levels(plain: Any) -> str | tuple[Level, ...] | None:
    if plain is None or isinstance(plain, str):
        return plain
    return tuple(Level(mesh_shape=_mesh(name), n_trials=n_trials, share=share) for name, n_trials, share in plain)


def _mesh(name: str) -> tuple[int, int] | None:
    if name == "full":
        return None
    first, second = (int(number) for number in name.split("x"))
    return first, second
