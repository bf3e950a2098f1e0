"""Ask how sure the explanations are, from the sensors or the target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mne

from ...inference import Sensors
from ...source import label_patch
from ..estimators import foresee_estimator
from ..facts import PosteriorFacts
from ..files import (
    anatomy,
    read_forward,
    read_inverse,
    read_label,
    read_noise_cov,
    read_response,
    with_channels_of,
)
from ..labels import label_files, named_label
from ..options import PosteriorOptions
from ..posteriors import OUTPUTS, asked_for, draw_posteriors, estimator_files
from ..stage import Stage, Work


def _files(options: PosteriorOptions) -> Iterator[Path]:
    yield from estimator_files(options)
    if options.posterior_sensors:
        named = (_search(options), options.posterior_wrong_label, *options.other_labels)
        yield from label_files([label for label in named if label is not None], options)


def _search(options: PosteriorOptions) -> Any:
    """Return the label that is searched, as it was named; None for none."""
    given = options.posterior_search
    if given is True:
        return options.label
    return None if given is False else given


def _labels(work: Work[PosteriorOptions], *names: Any) -> list[mne.Label | None]:
    subject, subjects_dir = anatomy(work)
    return [
        None if name is None else named_label(name, work.options, subject=subject, subjects_dir=subjects_dir)
        for name in names
    ]


def _sensors(work: Work[PosteriorOptions]) -> Sensors:
    options, forward = work.options, read_forward(work)
    search, *others = _labels(work, _search(options), *options.other_labels)
    return Sensors(
        evoked=with_channels_of(read_inverse(work), read_response(work)),
        forward=forward,
        place=label_patch(read_label(work), forward),
        noise_cov=read_noise_cov(work),
        other_labels=others,
        search=search,
    )


def _run(work: Work[PosteriorOptions]) -> PosteriorFacts:
    options = work.options
    if not options.posterior_sensors:
        return draw_posteriors(work)
    (elsewhere,) = _labels(work, options.posterior_wrong_label)
    return draw_posteriors(work, _sensors(work), elsewhere=elsewhere, held_out=options.posterior_held_out)


STAGE = Stage(
    name="posterior",
    title="Ask how sure the explanations are",
    options=PosteriorOptions,
    facts=PosteriorFacts,
    files=_files,
    after=("load", "inverse", "target", "fit"),
    asked=asked_for,
    foresee=foresee_estimator,
    folders=("inference",),
    outputs=OUTPUTS,
    run=_run,
    simulates=True,
)
"""Left out unless it is asked for."""
