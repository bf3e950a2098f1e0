"""The one way from the options of an analysis to posteriors of its explanations."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import mne

from .._files import write_whole
from ..errors import DataError
from ..fit import Explanation, Explanations, read_explanations
from ..inference import (
    CircuitPosterior,
    Control,
    HeldOut,
    PosteriorSettings,
    Sensors,
    compare_posteriors,
    held_out_sensors,
    posterior,
    shuffled_sign,
    wrong_label,
)
from ..inference.words import LEARNED
from .estimators import Given, chosen_estimators, estimator_facts, given_paths, read_estimators
from .facts import DrawnFacts, PosteriorFacts
from .noted import as_json
from .options import PosteriorOptions, ShortPosteriorOptions
from .options.posterior import USUAL_NETWORKS
from .stage import Work

__all__ = [
    "CHECKPOINT",
    "OUTPUTS",
    "asked_for",
    "draw_posteriors",
    "estimator_files",
    "evidence_table",
    "posterior_settings",
]

CHECKPOINT = "posterior-checkpoint"
"""Folder beside the stages with all that posteriors have simulated, and how far they have been cooled: it is kept, so
that more particles, another explanation or a control cost no simulation that has been made."""
HELD_OUT = (
    *("share", "error", "fit_error", "patch_error", "null_error", "noise", "sure"),
    *("log_density", "fit_log_density", "loose_fit_log_density", "null_log_density"),
    *("log_difference", "log_noise", "log_sure"),
)
"""Numbers of a :class:`~mne_hnn.inference.HeldOut` that are noted."""
OUTPUTS = {"posteriors": "posteriors", "evidence": "evidence.tsv"}


def asked_for(options: PosteriorOptions | ShortPosteriorOptions) -> bool:
    """Return whether posteriors are asked for at all."""
    return options.posterior


def estimator_files(options: PosteriorOptions | ShortPosteriorOptions) -> Iterator[Path]:
    """Yield the files of the estimators that draw, if any do."""
    yield from map(Path, given_paths(options.posterior_estimator))


def posterior_settings(options: PosteriorOptions | ShortPosteriorOptions) -> PosteriorSettings:
    """Return the settings of a posterior that the options of an analysis stand for."""
    usual = PosteriorSettings()
    share = options.posterior_networks / USUAL_NETWORKS
    parts: dict[str, Any] = {
        name: int(getattr(usual, name) * share + 1e-9) for name in ("start", "batch", "predictive")
    }
    if options.seed is not None:
        parts["seed"] = options.seed
    return PosteriorSettings(particles=options.posterior_particles, **parts)


def _chosen(options: PosteriorOptions | ShortPosteriorOptions, found: Explanations) -> list[tuple[int, Explanation]]:
    """Return the explanations that are asked about, and their numbers."""
    taken = {"first": (found.first,), "rivals": (found.first, *found.rivals()), "all": tuple(found)}
    wanted = taken[options.posterior_of]
    return [(number, item) for number, item in enumerate(found, start=1) if any(item is one for one in wanted)]


def draw_posteriors(
    work: Work[Any], sensors: Sensors | None = None, *, elsewhere: mne.Label | None = None, held_out: float = 0.0
) -> PosteriorFacts:
    """Draw the posteriors that are asked for, with their controls, and write them.

    Parameters
    ----------
    work : Work
        What the stage is given; its options are of stage posterior, with or without sensors.
    sensors : Sensors | None
        The response; None takes the target alone.
    elsewhere : mne.Label | None
        Where the response is not from; None takes the same place of the other hemisphere.
    held_out : float
        Share of the sensors that a further posterior must predict; 0 for none.

    Returns
    -------
    facts : PosteriorFacts
        What was found.
    """
    settings = posterior_settings(work.options)
    chosen = _chosen(work.options, read_explanations(work.inputs["fit"]["explanations"]))
    given = read_estimators(work.options.posterior_estimator)
    ways = _ways(work, given, chosen)
    folder = work.path("posteriors")
    folder.mkdir()
    found, noted = [], []
    for (number, item), way in zip(chosen, ways, strict=True):
        with work.progress():
            one = way.draw(item, sensors, settings)
            controls = [shuffled_sign(one), *_elsewhere(one, sensors, elsewhere)]
            left = None
            if sensors is not None and held_out > 0:
                left = way.leave_out(item, sensors, settings, share=held_out)
        file = f"explanation-{number}.nc"
        # how many simulations were new depends on what had been kept: the file is the same without
        same = {name: value for name, value in one.facts.items() if name != "n_simulated"}
        replace(one, facts=same).save(folder / file)
        found.append((number, one))
        told = _noted(number, file, one, controls, None if left is None else _told(left))
        noted.append(replace(told, estimator=way.estimator))
    rows = evidence_table(found)
    table = _tab_separated(rows)
    write_whole(work.path("evidence"), lambda stream: stream.write(table.encode("utf-8")), "table of evidence")
    searched = next((one.place.label for _, one in found if one.place is not None), None)
    return PosteriorFacts(
        source="waveform" if sensors is None else "sensors",
        searched=searched,
        radii_mm=list(settings.radii_mm) if searched is not None else [],
        populations=settings.populations,
        particles=settings.particles,
        drawn=tuple(noted),
        evidence=as_json(rows),
        **_trained(given),
    )


@dataclass(frozen=True, kw_only=True)
class _Way:
    """How the posterior of an explanation is drawn.

    Attributes
    ----------
    draw, leave_out : callable
        Return the posterior, and how well it predicts sensors that were left out.
    estimator : int | None
        Which of several estimators draws, counted from 1.
    """

    draw: Callable[..., CircuitPosterior]
    leave_out: Callable[..., HeldOut]
    estimator: int | None = None


def _ways(work: Work[Any], given: Sequence[Given], chosen: Sequence[tuple[int, Explanation]]) -> list[_Way]:
    """Return how the posterior of each explanation is drawn: by networks, or by the estimator that is for it."""
    if not given:
        how: dict[str, Any] = {"n_jobs": work.n_jobs, "checkpoint": work.folder.parent / CHECKPOINT}
        return [_Way(draw=partial(posterior, **how), leave_out=partial(held_out_sensors, **how))] * len(chosen)
    ways = [
        _Way(
            draw=estimator.posterior,
            leave_out=estimator.held_out,
            estimator=number if len(given) > 1 else None,
        )
        for number, (_, estimator) in enumerate(given, start=1)
    ]
    return [ways[k] for k in chosen_estimators(given, chosen)]


def _trained(given: Sequence[Given]) -> dict[str, Any]:
    """Return what is noted of the estimators: of one as of old, of several in a list."""
    facts = tuple(estimator_facts(estimator, path) for path, estimator in given)
    return {"estimator": facts[0]} if len(facts) == 1 else {"estimators": facts}


def _elsewhere(found: CircuitPosterior, sensors: Sensors | None, place: mne.Label | None) -> list[Control]:
    """Return the control of a wrong place, where there is one."""
    if sensors is None:
        return []
    try:
        return [wrong_label(found, place)]
    except DataError:
        if place is not None:
            raise
        return []  # sources in one hemisphere only: there is no other place that needs no name


def _told(left: Any) -> dict[str, Any]:
    told = {name: getattr(left, name) for name in HELD_OUT}
    return {"channels": list(left.channels), **told, "sentence": left.sentence()}


def _noted(
    number: int, file: str, one: CircuitPosterior, controls: Sequence[Control], held_out: Mapping[str, Any] | None
) -> DrawnFacts:
    bits = one.bits()
    return DrawnFacts(
        explanation=number,
        file=file,
        regime=one.regime,
        sentences=one.sentences(),
        learned=[path for path, value in bits.items() if value >= LEARNED],
        numbers=len(bits),
        polarity=one.polarity.probability,
        networks=one.facts.get("networks"),
        checks=as_json([asdict(check) for check in one.checks]),
        controls=as_json([asdict(control) for control in controls]),
        held_out=as_json(held_out),
        warnings=list(one.warnings),
    )


def evidence_table(found: Sequence[tuple[int, CircuitPosterior]]) -> list[dict[str, Any]]:
    """Return the table of evidence, with the numbers of the explanations."""
    ordered = sorted(found, key=lambda pair: -pair[1].evidence.value)  # stable, as the table is
    rows = compare_posteriors([one for _, one in ordered])
    return [{"explanation": number, **row} for (number, _), row in zip(ordered, rows, strict=True)]


def _tab_separated(rows: Sequence[Mapping[str, Any]]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
