"""Whether what a posterior predicts looks like the response: at the source, at the sensors, and in simulations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from .._types import FloatArray
from ..fit.atoms import IntArray
from .circuit_posterior import Checked
from .question import Question
from .sensor_likelihood import SensorLikelihood
from .waveform_likelihood import WaveformLikelihood

__all__ = ["Predictions", "check_emulator", "check_sensors_fit", "check_source", "kept_draws", "predictions"]

MOST = 400
"""Draws of which predictions are kept."""
EXTREME = 0.01
"""A probability below which a check fails."""
LEAST_COVERED = 0.7
"""Share of the response inside the 90 % band, at least: samples are few and depend on each other."""
WIDEST = 1.0
"""Width of that band over the range of the response: with a wider one any response would pass the other checks."""
LARGEST_RESIDUAL, LEAST_EXPLAINED = 2.0, 0.5
"""Power that no current of the patch can give, over that of the noise; share of the response that is predicted."""
AMPLITUDE, ERRORS = 0.1, 2.0
"""So far the size of new simulations may be from what was predicted, and so many of its standard errors."""
HOLDS, LEAST_SHARE = 1.6, 0.1
"""Squared errors of an emulator's predictions over what was expected, and share of the draws that new ones leave."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """What draws predict.

    Attributes
    ----------
    predicted, replicated : array, shape (n, n_times)
        Mean moments, and moments with noise, chance and discrepancy, A m.
    probability : float
        Probability that a response of the posterior is as far from what it predicts as the one that was measured.
    covered : float
        Share of the response inside the 90 % band of replicated ones.
    width : float
        Median width of that band, over the range of the response.
    """

    predicted: FloatArray
    replicated: FloatArray
    probability: float
    covered: float
    width: float


def kept_draws(n: int) -> IntArray:
    """Return of which of so many draws predictions are kept."""
    return np.linspace(0, n - 1, min(MOST, n)).astype(np.int64)


def predictions(
    course: WaveformLikelihood,
    moments: FloatArray,
    columns: FloatArray,
    size: IntArray,
    rng: np.random.Generator,
) -> Predictions:
    """Return what draws predict of a response, and whether it looks like that.

    Parameters
    ----------
    course : WaveformLikelihood
        Of the response's moment.
    moments : array, shape (n, n_times)
        Of one column, A m.
    columns : array, shape (n,)
        Numbers of columns.
    size : array of int, shape (n,)
        Which size of the discrepancy goes with each.
    rng : numpy.random.Generator
        Draws.
    """
    some = kept_draws(len(moments))
    predicted = columns[some, np.newaxis] * moments[some]
    lower = [np.linalg.cholesky(covariance) for covariance in course.covariances()]
    noise = rng.standard_normal(predicted.shape)
    replicated = predicted + np.array([lower[k] @ row for k, row in zip(size[some], noise, strict=True)])
    wanted = course.sign * course.wanted
    apart = np.array([np.linalg.solve(lower[k], wanted - row) for k, row in zip(size[some], predicted, strict=True)])
    low, high = np.quantile(replicated, [0.05, 0.95], axis=0)
    return Predictions(
        predicted=predicted,
        replicated=replicated,
        probability=float(np.mean(chi2.sf((apart**2).sum(axis=1), len(wanted)))),
        covered=float(np.mean((wanted >= low) & (wanted <= high))),
        width=float(np.median(high - low) / np.ptp(wanted)),
    )


def check_source(found: Predictions) -> list[Checked]:
    """Return whether the response looks like one of the posterior."""
    return [
        Checked(
            name="misfit of the moment",
            value=found.probability,
            expected=f"a probability of at least {EXTREME:g} that a response of this posterior lies farther from what "
            "it predicts",
            passed=found.probability >= EXTREME,
        ),
        Checked(
            name="moment inside the 90 % band",
            value=found.covered,
            expected=f"about 0.9, at least {LEAST_COVERED:g}",
            passed=found.covered >= LEAST_COVERED,
        ),
        Checked(
            name="width of that band, over the range of the response",
            value=found.width,
            expected=f"at most {WIDEST:g}; with more, hardly anything can be learned: simulate more networks where "
            "cells fire, or average more trials",
            passed=found.width <= WIDEST,
        ),
    ]


def check_sensors_fit(likelihood: SensorLikelihood, found: Predictions, question: Question) -> list[Checked]:
    """Return whether the sensors look like those of the posterior: what no current of the patch can give, and R²."""
    scene = question.scene
    assert scene is not None
    mean = likelihood.course.sign * found.predicted.mean(axis=0)
    left = scene.left(scene.field_of(likelihood.patch), mean)
    noise = scene.rank * scene.data.shape[1]
    above = float((scene.data**2).sum()) - noise
    checks = [
        Checked(
            name="sensors that the patch cannot explain",
            value=likelihood.residual,
            expected=f"about 1 in units of the noise, at most {LARGEST_RESIDUAL:g}; more is another source, or a noise "
            "covariance that is too small",
            passed=likelihood.residual <= LARGEST_RESIDUAL,
        )
    ]
    if above > 0:  # else there is no response to be predicted
        explained = 1.0 - (float((left**2).sum()) - noise) / above
        checks.append(
            Checked(
                name="share of the response above the noise that is predicted at the sensors",
                value=explained,
                expected=f"near 1, at least {LEAST_EXPLAINED:g}",
                passed=explained >= LEAST_EXPLAINED,
            )
        )
    return checks


def check_emulator(surprise: float, share: float, amplitude: float, error: float) -> list[Checked]:
    """Return whether the emulator predicts simulations that it has not seen.

    Parameters
    ----------
    surprise : float
        Squared errors of its predictions over what they were said to be.
    share : float
        Effective share of the draws once they are known.
    amplitude, error : float
        By which factor new responses are larger than predicted, and its standard error.
    """
    return [
        Checked(
            name="emulator: squared errors of new simulations over what was expected",
            value=surprise,
            expected=f"about 1, at most {HOLDS:g}",
            passed=surprise <= HOLDS,
        ),
        Checked(
            name="emulator: effective share of the draws once the last simulations are known",
            value=share,
            expected=f"at least {LEAST_SHARE:g}; with less, take a larger batch or more rounds",
            passed=share >= LEAST_SHARE,
        ),
        Checked(
            name="emulator: size of new simulations over what was predicted",
            value=amplitude,
            expected=f"about 1, within {AMPLITUDE:g} or {ERRORS:g} standard errors ({error:.2g}); with more, columns "
            "are too many by this factor, with less too few: simulate more networks",
            passed=abs(amplitude - 1.0) <= max(AMPLITUDE, ERRORS * error),
        ),
    ]
