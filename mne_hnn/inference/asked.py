"""What a posterior was asked of, kept so that controls can ask the same of other responses and places."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._types import FloatArray
from .circuit_model import CircuitModel
from .cooling import Cooled, cool, pooled
from .question import Likelihood, Question
from .refining import problem_of
from .sensor_likelihood import SensorLikelihood

__all__ = ["Asked", "digest_of"]


def digest_of(likelihood: Likelihood) -> str:
    """Return text that differs whenever a likelihood could."""
    rest = likelihood.rest if isinstance(likelihood, SensorLikelihood) else 0.0
    course = likelihood.course if isinstance(likelihood, SensorLikelihood) else likelihood
    parts = [course.wanted, course.sizes, course.log_size, *course.covariances(), *course.log_columns()]
    content = b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
    return f"{hashlib.sha256(content).hexdigest()} {course.sign} {rest!r}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """A question and the fast model that answers it.

    Attributes
    ----------
    question : Question
        The explanation and its response.
    model : CircuitModel
        The column.
    unknown : array, shape (n_times, n_times) | None
        Covariance of what the model does not know of its mean responses, over the mean square of the response.
    folder : path-like | None
        Where temperatures are kept.
    """

    question: Question
    model: CircuitModel
    unknown: FloatArray | None
    folder: str | Path | None = None

    def populations(self, likelihood: Likelihood, n: int | None = None, *, key: int = 0) -> list[Cooled]:
        """Draw populations from the posterior with a likelihood.

        Parameters
        ----------
        likelihood : WaveformLikelihood | SensorLikelihood
            Of the response.
        n : int | None
            How many populations; None takes that of the settings.
        key : int
            Other ones draw differently.
        """
        settings = self.question.settings
        problem = problem_of(self.model, likelihood, digest_of(likelihood))
        return [
            cool(
                problem,
                n=settings.particles,
                moves=settings.moves,
                key=(settings.seed, 10 + key, number),
                folder=self.folder,
            )
            for number in range(settings.populations if n is None else n)
        ]

    def log_evidence(self, likelihood: Likelihood, n: int = 2, *, key: int = 1) -> tuple[float, float]:
        """Return the logarithm of the evidence with a likelihood, and its standard error."""
        return pooled(self.populations(likelihood, n, key=key))
