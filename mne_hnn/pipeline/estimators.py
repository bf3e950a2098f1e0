"""The estimator that draws the posteriors of an analysis: read, refused if it is for something else, and told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .._units import MS
from ..dipole import Dipole, read_dipole
from ..errors import ConfigError
from ..fit import EvokedSettings, Explanation
from ..fit.evoked_task import EvokedTask, make_task
from ..inference import AmortisedEstimator, read_estimator
from ..inference.scope import Frame, identity_of
from ..inference.torch_parts import check_sbi
from ..inference.trust import planted
from .facts import EstimatorFacts
from .fitting import evoked_settings
from .noted import as_json
from .options import ProposalOptions
from .values import option_value

__all__ = ["check_estimator", "chosen_estimator", "estimator_facts", "find_estimator", "foresee_estimator"]

TRAIN = "train one for this analysis with mne-hnn train-posterior, or leave posterior_estimator out"


def foresee_estimator(config: Any, subject: str, outputs: Mapping[str, Mapping[str, Path]]) -> None:
    """Refuse an estimator that is for something else before a fit begins, as far as that is known by then.

    Parameters
    ----------
    config : Config
        The analysis.
    subject : str
        The subject.
    outputs : mapping of str to mapping of str to Path
        Files of the stages that are complete; the target says how long the record is.
    """
    path = option_value(config, "posterior_estimator", subject)
    if path is None:
        return
    if config.posterior_of == "all" and len(config.fit_regimes) > 1:
        raise ConfigError(
            "posterior_of = 'all' asks of explanations whose cells fire and of silent ones, and posterior_estimator is "
            "for one of both: set posterior_of = 'first' or one of fit_regimes, or leave posterior_estimator out."
        )
    check_estimator(config, path, target=read_dipole(outputs["target"]["target"]) if "target" in outputs else None)


def check_estimator(config: Any, path: str | Path, *, target: Dipole | None = None) -> None:
    """Refuse an estimator that is not there, or for something else than the explanations that a fit will find.

    Parameters
    ----------
    config : Config | GroupConfig
        The analysis.
    path : path-like
        The estimator.
    target : Dipole | None
        What will be explained; None while that is not known, and with it the length of the record.

    Raises
    ------
    ConfigError
        It is not there, or for something else; the sentence says what differs.
    DataError
        It is no estimator.
    ParameterError
        PyTorch or sbi are not installed.
    """
    frame = _read(path).frame
    settings = evoked_settings(ProposalOptions.of(config))
    bare = replace(settings, sequence=None, n_drives=None)
    task = make_task(config.network, _as_long_as(frame) if target is None else target, bare)
    regime = frame.regime if frame.regime in settings.regimes else settings.regimes[0]
    other = frame.other(identity_of(task, regime, _sides(frame, settings)))
    if other is not None:
        raise ConfigError(f"posterior_estimator, {path}, was trained for another {other}: {TRAIN}.")


def chosen_estimator(path: str | Path, chosen: Sequence[tuple[int, Explanation]]) -> AmortisedEstimator:
    """Return an estimator that is for all explanations that are asked about.

    Parameters
    ----------
    path : path-like
        The estimator.
    chosen : sequence of (int, Explanation)
        Explanations and their numbers.

    Raises
    ------
    ConfigError
        It is not there, or for something else than one of the explanations; the sentence says what differs.
    DataError
        It is no estimator.
    ParameterError
        PyTorch or sbi are not installed.
    """
    estimator = _read(path)
    for k, (number, item) in enumerate(chosen):
        other = estimator.frame.other(identity_of(_task_of(item), item.regime, [place for place, _ in item.sequence]))
        if other is not None:
            remedy = "set posterior_of = 'first', or leave posterior_estimator out" if k else TRAIN
            raise ConfigError(
                f"posterior_estimator, {path}, was trained for another {other} than that of explanation {number}: "
                f"{remedy}."
            )
    return estimator


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


def find_estimator(path: str | Path) -> Path:
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
    file = find_estimator(path)
    check_sbi()
    return _read_as_it_is(file, file.stat().st_mtime_ns, file.stat().st_size)


@lru_cache(maxsize=1)
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
