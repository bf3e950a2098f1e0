"""How probable what was measured is by predictions that say how sure they are: the logarithm of their density.

It is a proper score: nobody expects a better one by saying to be more, or less, sure than he is (Gneiting and Raftery
2007, https://doi.org/10.1198/016214506000001437). Of a posterior it is that of the mean density over its draws
(Vehtari, Gelman and Gabry 2017, https://doi.org/10.1007/s11222-016-9696-4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp

from .._types import FloatArray
from .circuit_posterior import CircuitPosterior
from .draws import effective_size
from .predictive import kept_draws
from .question import Question
from .sensor_likelihood import SensorLikelihood
from .waveform_likelihood import Columns, WaveformLikelihood

__all__ = ["LogScores", "Predictive", "log_scores"]

ONE_COLUMN = Columns(mean_log=0.0, sd_log=0.0)
"""Moments are those of all columns together."""
AGAIN = 100
"""So often noise is drawn to know how much a difference varies with it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictive:
    """Moments that are equally probable, with what is said of each besides.

    Attributes
    ----------
    moments : array, shape (n, n_times)
        Of all columns, A m.
    sizes : array, shape (n,)
        Standard deviation of the discrepancy of each, A m; 0 for none.
    own : array, shape (n_times, n_times) | None
        Covariance of what is not known of the model's moments, (A m)².
    """

    moments: FloatArray
    sizes: FloatArray
    own: FloatArray | None = None

    def log_densities(self, course: WaveformLikelihood) -> FloatArray:
        """Return the logarithm of the density of a measured course by each moment, shape (n,).

        Parameters
        ----------
        course : WaveformLikelihood
            What was measured, its noise, and how discrepancies are correlated; its own sizes do not count.
        """
        n = len(self.sizes)
        told = replace(course, columns=ONE_COLUMN, own=self.own, sizes=self.sizes, log_size=np.zeros(n))
        return told.log_likelihood_of_size(self.moments, np.arange(n))

    def log_density(self, course: WaveformLikelihood) -> float:
        """Return the logarithm of the mean of the densities."""
        return float(logsumexp(self.log_densities(course)) - np.log(len(self.moments)))

    def error(self, course: WaveformLikelihood) -> float:
        """Return the standard error of the logarithm of the density, as draws are not without end."""
        logs = self.log_densities(course)
        if np.ptp(logs) == 0:
            return 0.0
        weights = np.exp(logs - logs.max())
        return float(weights.std() / weights.mean() / np.sqrt(effective_size(weights[np.newaxis])))


@dataclass(frozen=True, kw_only=True)
class LogScores:
    """Logarithms of the predictive density of sensors that were left out.

    Attributes
    ----------
    posterior, fit, loose_fit, null : float
        Of the posterior from the other sensors; of the point fit; of the point fit with the discrepancy that was
        expected of it; of no source.
    noise : float
        Standard error of the difference of that of the posterior and of the better one of the two fits, by the noise
        of the sensors and the number of draws.
    """

    posterior: float
    fit: float
    loose_fit: float
    null: float
    noise: float


def log_scores(found: CircuitPosterior, unseen: Question, fitted: FloatArray) -> LogScores:
    """Return how probable sensors are that a posterior has not seen, by it and by the point fit.

    All predictions have the same noise: that of the sensors, with other sources and errors of the field as in every
    likelihood at the sensors. These errors follow the moment that the other sensors give, and sizes of the discrepancy
    of draws are relative to it: what is predicted must not be used to predict it. Of the course of the discrepancy the
    other sensors tell nothing here, in any of the three.

    Parameters
    ----------
    found : CircuitPosterior
        From the other sensors, as it was drawn.
    unseen : Question
        The explanation, asked of the sensors that were left out.
    fitted : array, shape (n_times,)
        Moment of the point fit, A m.
    """
    scene, asked = unseen.scene, found.asked
    assert scene is not None
    assert asked is not None
    likelihood = asked.question.likelihood(asked.unknown)
    seen = likelihood.course if isinstance(likelihood, SensorLikelihood) else likelihood
    reduced = scene.reduced(scene.field_of(scene.sensors.patch), course=seen.wanted)
    course = unseen.course(reduced.moment, reduced.noise, None, sign=unseen.outward, columns=ONE_COLUMN)
    kept = kept_draws(found.log_likelihood.size)
    size = float(np.sqrt(np.mean(seen.wanted**2)))
    posterior = Predictive(moments=found.predicted, sizes=size * found.of("discrepancy")[kept], own=seen.own)
    point = fitted[np.newaxis]
    fit = Predictive(moments=point, sizes=np.zeros(1))
    expected = unseen.task.settings.circuit.discrepancy
    loose = Predictive(moments=point, sizes=np.array([expected * unseen.rms]), own=unseen.rms**2 * unseen.chance)
    by_posterior, by_fit, by_loose = (one.log_density(course) for one in (posterior, fit, loose))
    rival = fit if by_fit >= by_loose else loose
    rng = np.random.default_rng([unseen.settings.seed, 9])
    return LogScores(
        posterior=by_posterior + reduced.rest,
        fit=by_fit + reduced.rest,
        loose_fit=by_loose + reduced.rest,
        null=course.null() + reduced.rest,
        noise=float(np.hypot(_noise(posterior, rival, course, rng), posterior.error(course))),
    )


def _noise(one: Predictive, other: Predictive, course: WaveformLikelihood, rng: np.random.Generator) -> float:
    """Return how much the difference of two densities varies with the noise, drawn anew on what was measured.

    How much single samples differ in what they add does not tell it: they are few, and most of a response lies in some
    of them, so that nothing would be sure.
    """
    lower = np.linalg.cholesky(course.noise)
    again = [replace(course, wanted=course.wanted + lower @ rng.standard_normal(len(lower))) for _ in range(AGAIN)]
    return float(np.std([one.log_density(noisy) - other.log_density(noisy) for noisy in again], ddof=1))
