"""The estimators that draw the posteriors of an analysis: read, refused if they are for something else, told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from .._units import MS
from ..dipole import Dipole, read_dipole
from ..errors import ConfigError
from ..fit import EvokedSettings, Explanation
from ..fit.evoked_task import EvokedTask, make_task
from ..inference import AmortisedEstimator, read_estimator
from ..inference.estimator_words import purpose
from ..inference.scope import Frame, identity_of
from ..inference.torch_parts import check_sbi
from ..inference.trust import planted
from .facts import EstimatorFacts
from .fitting import evoked_settings
from .methods.collected import listing
from .noted import as_json
from .options import ProposalOptions
from .values import option_value

__all__ = [
    "Given",
    "check_estimators",
    "chosen_estimators",
    "estimator_facts",
    "find_estimators",
    "foresee_estimator",
    "given_paths",
    "read_estimators",
]

Given: TypeAlias = tuple[str | Path, AmortisedEstimator]
"""An estimator, with its path as it was given."""
TRAIN = "train one for this analysis with mne-hnn train-posterior, or leave posterior_estimator out"
UNSAID = ("column", "prior", "mesh")
"""What differs between estimators, and is not in what is said of their purpose."""
KEPT = 8
"""Estimators that are kept in memory: they are asked for before each stage, and by each recording."""
DOING = {"spiking": "whose cells fire", "silent": "in which no cell fires"}


def given_paths(value: Any) -> tuple[str | Path, ...]:
    """Return the paths that posterior_estimator names: none, one or several."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def foresee_estimator(config: Any, subject: str, outputs: Mapping[str, Mapping[str, Path]]) -> None:
    """Refuse estimators that are for something else before a fit begins, as far as that is known by then.

    Parameters
    ----------
    config : Config
        The analysis.
    subject : str
        The subject.
    outputs : mapping of str to mapping of str to Path
        Files of the stages that are complete; the target says how long the record is.
    """
    paths = given_paths(option_value(config, "posterior_estimator", subject))
    if not paths:
        return
    both = config.posterior_of == "all" and len(config.fit_regimes) > 1
    if both and len(paths) == 1:
        raise ConfigError(
            "posterior_of = 'all' asks of explanations whose cells fire and of silent ones, and posterior_estimator is "
            "for one of both: set posterior_of = 'first' or one of fit_regimes, give a list with one for each, or "
            "leave posterior_estimator out."
        )
    target = read_dipole(outputs["target"]["target"]) if "target" in outputs else None
    check_estimators(config, paths, target=target)
    if both:
        _check_each_regime(config, read_estimators(paths), target)


def check_estimators(config: Any, value: Any, *, target: Dipole | None = None) -> None:
    """Refuse estimators that are not there, or of which none is for explanations that a fit could find.

    Parameters
    ----------
    config : Config | GroupConfig
        The analysis.
    value : path-like | sequence of path-like
        One estimator or several. Of several some may be for something else: which explanations there are is known
        after the fit only.
    target : Dipole | None
        What will be explained; None while that is not known, and with it the length of the record.

    Raises
    ------
    ConfigError
        One is not there, two are for the same, or none is for this analysis; the sentence says what differs.
    DataError
        One is no estimator.
    ParameterError
        PyTorch or sbi are not installed.
    """
    given = read_estimators(value)
    others = [_other(config, estimator.frame, target) for _, estimator in given]
    if None in others:
        return
    if len(given) == 1:
        raise ConfigError(f"posterior_estimator, {given[0][0]}, was trained for another {others[0]}: {TRAIN}.")
    each = listing(
        [
            f"{path}, for {purpose(estimator.frame.identity)}, was trained for another {other}"
            for (path, estimator), other in zip(given, others, strict=True)
        ]
    )
    raise ConfigError(f"posterior_estimator has none for this analysis, as {each}: {TRAIN}.")


def _check_each_regime(config: Any, given: Sequence[Given], target: Dipole | None) -> None:
    """Refuse several estimators if none is for one of the regimes of which there will be explanations."""
    there = {estimator.frame.regime for _, estimator in given if _other(config, estimator.frame, target) is None}
    for regime in config.fit_regimes:
        if regime not in there:
            raise ConfigError(
                f"posterior_of = 'all' asks of explanations {DOING[regime]} as well, and posterior_estimator has none "
                f"for them, as {_each_is_for(given)}: give one as well, set posterior_of = 'first' or one of "
                "fit_regimes, or leave posterior_estimator out."
            )


def _other(config: Any, frame: Frame, target: Dipole | None) -> str | None:
    """Return in words what of an analysis is another one than what an estimator is for, None if nothing has to be."""
    settings = evoked_settings(ProposalOptions.of(config))
    bare = replace(settings, sequence=None, n_drives=None)
    task = make_task(config.network, _as_long_as(frame) if target is None else target, bare)
    regime = frame.regime if frame.regime in settings.regimes else settings.regimes[0]
    return frame.other(identity_of(task, regime, _sides(frame, settings)))


def chosen_estimators(given: Sequence[Given], chosen: Sequence[tuple[int, Explanation]]) -> list[int]:
    """Return which estimator is for each of the explanations that are asked about.

    Parameters
    ----------
    given : sequence of (path-like, AmortisedEstimator)
        The estimators, of :func:`read_estimators`.
    chosen : sequence of (int, Explanation)
        Explanations and their numbers.

    Returns
    -------
    which : list of int
        For each explanation the place of its estimator among those that are given.

    Raises
    ------
    ConfigError
        None is for one of the explanations; the sentence names all of these, and says what each estimator is for.
    """
    which, without = [], []
    for number, item in chosen:
        identity = identity_of(_task_of(item), item.regime, [place for place, _ in item.sequence])
        fitting = [k for k, (_, estimator) in enumerate(given) if estimator.frame.other(identity) is None]
        which += fitting[:1]
        if not fitting:
            without.append((number, identity))
    if without:
        raise ConfigError(_none_for(without, given, first=chosen[0][0]))
    return which


def _none_for(without: Sequence[tuple[int, Mapping[str, str]]], given: Sequence[Given], first: int) -> str:
    """Return a sentence on explanations without an estimator."""
    missing = listing([f"explanation {number}, of {purpose(identity)}" for number, identity in without])
    numbers = listing([str(number) for number, _ in without])
    only_rivals = all(number != first for number, _ in without)
    less = ", set posterior_of = 'first'" if only_rivals else ""
    return (
        f"posterior_estimator has none for {missing}, as {_each_is_for(given, without[0][1])}: add what mne-hnn "
        f"train-posterior makes with --which {numbers}{less}, or leave posterior_estimator out."
    )


def _each_is_for(given: Sequence[Given], identity: Mapping[str, str] | None = None) -> str:
    """Return what each estimator is for, and what of an explanation is another one that its purpose does not say."""
    told = []
    for path, estimator in given:
        own = estimator.frame.identity
        differs = [] if identity is None else [name for name in UNSAID if own[name] != identity[name]]
        if identity is not None and own["regime"] != identity["regime"]:
            differs = [name for name in differs if name != "mesh"]  # each regime has its own
        told.append(f"{path} is for {purpose(own)}{f' with another {listing(differs)}' if differs else ''}")
    return listing(told)


def read_estimators(value: Any) -> list[Given]:
    """Return the estimators that an analysis is given, with their paths.

    Parameters
    ----------
    value : path-like | sequence of path-like | None
        Their files.

    Raises
    ------
    ConfigError
        One is not there, or two are for the same.
    DataError
        One is no estimator.
    ParameterError
        PyTorch or sbi are not installed.
    """
    given: list[Given] = []
    for path in given_paths(value):
        estimator = _read(path)
        for known, other in given:
            if dict(other.frame.identity) == dict(estimator.frame.identity):
                raise ConfigError(
                    f"posterior_estimator names two estimators for the same {purpose(other.frame.identity)}, {known} "
                    f"and {path}: leave out the one that is not meant."
                )
        given.append((path, estimator))
    return given


def estimator_facts(estimator: AmortisedEstimator, path: str | Path) -> EstimatorFacts:
    """Return what is noted of the estimator that drew.

    Parameters
    ----------
    estimator : AmortisedEstimator
        The estimator.
    path : path-like
        Its file.
    """
    frame, judged = estimator.frame, estimator.diagnostics.get("truths")
    kinds = [] if judged is None else list(judged["kinds"].values())
    n = sum(kind["n"] for kind in kinds)
    half, most = (sum(kind[name] for kind in kinds) / n if n else None for name in ("half", "most"))
    return EstimatorFacts(
        file=Path(path).name,
        regime=frame.regime,
        sides=list(frame.sides),
        tstop=frame.tstop,
        trials=int(estimator.facts.get("networks", 0)),
        settings=as_json(asdict(estimator.settings)),
        truths=0 if judged is None else int(judged["n"]),
        half=half,
        most=most,
        planted=planted(frame.regime, amortised=True),
        sentences=estimator.sentences(),
    )


def find_estimators(value: Any) -> None:
    """Refuse estimators that are not there; those whose path names the subject are known with it only."""
    for path in given_paths(value):
        if "{" not in str(path):
            _find(path)


def _find(path: str | Path) -> Path:
    """Return the file of an estimator; one that is not there is refused."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise ConfigError(
            f"There is no file {path}, which posterior_estimator names: check the path, or make it with mne-hnn "
            "train-posterior."
        )
    return file.resolve()


def _read(path: str | Path) -> AmortisedEstimator:
    """Return the estimator; its file and what it needs are asked for first."""
    file = _find(path)
    check_sbi()
    return _read_as_it_is(file, file.stat().st_mtime_ns, file.stat().st_size)


@lru_cache(maxsize=KEPT)
def _read_as_it_is(path: Path, _mtime_ns: int, _size: int) -> AmortisedEstimator:
    """Return the estimator of a file that did not change: it is asked for before each stage, and by each recording."""
    return read_estimator(path)


def _task_of(item: Explanation) -> EvokedTask:
    fit = item.fit
    assert isinstance(fit.settings, EvokedSettings)
    assert fit.target is not None
    return make_task(fit.start_network, fit.target, fit.settings)


def _as_long_as(frame: Frame) -> Dipole:
    """Return a target of the length that an estimator is for: all else is compared before there is one."""
    times_ms = np.linspace(0.0, frame.tstop, round(frame.tstop) + 1)
    moment = 1e-8 * np.sin(np.pi * times_ms / frame.tstop)
    return Dipole(moment, times_ms * MS, ("agg",), provenance={"unit": "A m"})


def _sides(frame: Frame, settings: EvokedSettings) -> Sequence[str]:
    """Return the sides of the drives that are asked for, or what is said of them; else those of the estimator."""
    if settings.sequence is not None:
        return [place for place, _ in settings.sequence]
    if settings.n_drives not in (None, len(frame.sides)):
        return [f"{settings.n_drives} drives"]
    return frame.sides
