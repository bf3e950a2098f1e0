"""Ask how sure the explanations are of a target that was read from a file."""

from __future__ import annotations

from ..estimators import foresee_estimator
from ..facts import PosteriorFacts
from ..options import ShortPosteriorOptions
from ..posteriors import OUTPUTS, asked_for, draw_posteriors, estimator_files
from ..stage import Stage, Work


def _run(work: Work[ShortPosteriorOptions]) -> PosteriorFacts:
    return draw_posteriors(work)


STAGE = Stage(
    name="posterior",
    title="Ask how sure the explanations are",
    options=ShortPosteriorOptions,
    facts=PosteriorFacts,
    files=estimator_files,
    after=("target", "fit"),
    asked=asked_for,
    foresee=foresee_estimator,
    folders=("inference",),
    outputs=OUTPUTS,
    run=_run,
    simulates=True,
)
"""Left out unless it is asked for."""
