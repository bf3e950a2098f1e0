"""Whether a posterior predicts sensors that it has not seen better than the point fit does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mne
import numpy as np

from .._checks import check_probability
from .._types import FloatArray
from .._units import MS
from .._value import given_or_default
from ..errors import DataError, ParameterError
from ..fit import Explanation, Explanations
from ..source.agreement import good_channels
from .circuit_posterior import CircuitPosterior
from .log_scores import log_scores
from .question import Question
from .run import chosen_explanation, posterior
from .sensor_likelihood import Scene, Sensors, check_sensors
from .settings import PosteriorSettings

__all__ = ["HeldOut", "held_out_by", "held_out_sensors"]

FEWEST_KEPT, FEWEST_LEFT = 4, 2
"""Places of sensors."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """How well sensors are predicted that a posterior has not seen, of :func:`held_out_sensors`.

    Errors are mean squares of whitened sensors, over all times that are compared: 1 is noise, which nothing predicts.
    They do not ask how sure a prediction is. Densities do: natural logarithms of that of what was measured there.
    Noise, other sources and errors of the field have the same covariance in all of them; differences say something.

    Attributes
    ----------
    channels : tuple of str
        What was left out.
    share : float
        Share of all good channels that they are.
    error : float
        Of the mean prediction of the posterior from the other sensors.
    fit_error : float
        Of the point fit, whose target and sequence of drives come from all sensors.
    patch_error : float
        Of the moment that the other sensors give the patch, whatever made it: no circuit can do much better.
    null_error : float
        Of no source at all: the power of the response.
    noise : float
        Standard error of the difference of `fit_error` and `error` by the noise of the sensors.
    log_density : float
        Of the posterior from the other sensors: the logarithm of the mean density over its draws, each with its own
        discrepancy, and with what is not known of the model's mean response.
    fit_log_density : float
        Of the point fit as if it were the truth: what is not predicted is noise.
    loose_fit_log_density : float
        Of the point fit with the discrepancy that was expected of it (:class:`mne_hnn.fit.CircuitPrior`) and the
        chance of its trials.
    null_log_density : float
        Of no source at all.
    log_noise : float
        Standard error of `log_difference` by the noise of the sensors, and by the number of draws.
    posterior : CircuitPosterior
        From the other sensors.
    """

    channels: tuple[str, ...]
    share: float
    error: float
    fit_error: float
    patch_error: float
    null_error: float
    noise: float
    log_density: float
    fit_log_density: float
    loose_fit_log_density: float
    null_log_density: float
    log_noise: float
    posterior: CircuitPosterior

    @property
    def difference(self) -> float:
        """Error of the point fit minus that of the posterior."""
        return self.fit_error - self.error

    @property
    def sure(self) -> bool:
        """Whether the difference is above twice what noise makes of it."""
        return abs(self.difference) > 2 * self.noise

    @property
    def log_difference(self) -> float:
        """Logarithm of the density of the posterior over that of the better of the two point fits."""
        return self.log_density - max(self.fit_log_density, self.loose_fit_log_density)

    @property
    def log_sure(self) -> bool:
        """Whether that is above twice its standard error."""
        return abs(self.log_difference) > 2 * self.log_noise

    def sentence(self) -> str:
        """Return what was found, in words."""
        return f"{self._errors_in_words()} {self._densities_in_words()}"

    def _errors_in_words(self) -> str:
        if not self.sure:
            verdict = "the difference is no larger than noise makes it"
        else:
            verdict = "the posterior predicts better" if self.difference > 0 else "the point fit predicts better"
        return (
            f"{len(self.channels)} channels ({100 * self.share:.0f} %) that the posterior was not given are predicted "
            f"with a mean squared error of {self.error:.3f}, by the point fit, which was, with {self.fit_error:.3f} "
            f"(in units of the noise; the moment of the patch, whatever made it, reaches {self.patch_error:.3f}, no "
            f"source {self.null_error:.3f}): {verdict} (difference {self.difference:+.3f} "
            f"\N{PLUS-MINUS SIGN} {self.noise:.3f})."
        )

    def _densities_in_words(self) -> str:
        if not self.log_sure:
            verdict = "which of them says better how sure it is cannot be told"
        elif self.log_difference > 0:
            verdict = "the posterior says better what is there, and how sure that is"
        else:
            verdict = "the point fit says better what is there, and how sure that is"
        posterior, fit, loose = (
            value - self.null_log_density
            for value in (self.log_density, self.fit_log_density, self.loose_fit_log_density)
        )
        return (
            "The logarithm of the density of what was measured there, over that of no source, is "
            f"{posterior:.1f} by the posterior, {fit:.1f} by the point fit as if it were the truth, {loose:.1f} by the "
            f"point fit with the discrepancy that was expected of it: {verdict} (posterior over the better of the two "
            f"fits {self.log_difference:+.1f} \N{PLUS-MINUS SIGN} {self.log_noise:.1f}, by noise and draws)."
        )


def held_out_sensors(
    explanation: Explanation | Explanations,
    sensors: Sensors,
    settings: PosteriorSettings | None = None,
    *,
    share: float = 1 / 3,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> HeldOut:
    """Draw a posterior from some of the sensors, and compare what it predicts at the others with the point fit.

    By mean squared errors, and by the logarithm of the density of what was measured there, a proper score (Gneiting and
    Raftery 2007, https://doi.org/10.1198/016214506000001437): of two that predict the same on average, the better one
    is as sure as it may be. Which sensors are left out is drawn by the seed of the settings; channels at one place,
    such as the three of a Neuromag sensor, stay together. The comparison favours the fit: its target was estimated
    from all sensors.

    Parameters
    ----------
    explanation : Explanation | Explanations
        As in :func:`mne_hnn.posterior`.
    sensors : Sensors
        The response; no place is searched.
    settings : PosteriorSettings | None
        How to draw; None takes the usual settings.
    share : float
        Share of the places of sensors that is left out, above 0 and below 1.
    n_jobs, executor, checkpoint, progress
        As in :func:`mne_hnn.fit.fit_drives`.

    Returns
    -------
    held_out : HeldOut
        Errors and densities of both predictions, and the posterior.

    Raises
    ------
    ParameterError
        A wrong argument.
    DataError
        Too few sensors are left, or as in :func:`mne_hnn.posterior`.

    Examples
    --------
    >>> held_out_sensors(explanations, sensors, n_jobs=2).sentence()  # minutes  # doctest: +SKIP
    """

    def draw(chosen: Explanation, seen: Sensors, how: PosteriorSettings) -> CircuitPosterior:
        """Draw the posterior of the sensors that are seen."""
        return posterior(chosen, seen, how, n_jobs=n_jobs, executor=executor, checkpoint=checkpoint, progress=progress)

    return held_out_by(draw, explanation, sensors, settings, share)


def held_out_by(
    draw: Callable[[Explanation, Sensors, PosteriorSettings], CircuitPosterior],
    explanation: Explanation | Explanations,
    sensors: Sensors,
    settings: PosteriorSettings | None,
    share: float,
) -> HeldOut:
    """Compare what a posterior from some of the sensors predicts at the others with the point fit, however it is drawn.

    Parameters
    ----------
    draw : callable
        Draws the posterior of an explanation, given sensors and settings.
    explanation, sensors, settings, share
        As in :func:`held_out_sensors`.
    """
    given = check_sensors(sensors)
    if given is None:
        raise ParameterError("Sensors can only be left out where there are some: give Sensors(...).")
    chosen = chosen_explanation(explanation)
    how = given_or_default(settings, PosteriorSettings, "settings")
    left = _left_out(given.evoked.info, check_share(share), how.seed)
    kept = [name for name in good_channels(given.evoked.info) if name not in left]
    seen = replace(given, evoked=_without(given.evoked, left), search=None)
    found = draw(chosen, seen, how)
    unseen = replace(given, evoked=_without(given.evoked, kept), search=None)
    question = Question(explanation=chosen, sensors=unseen, settings=how)
    scene = question.scene
    assert scene is not None
    fit = chosen.fit.dipole
    predicted = found.predicted.mean(axis=0)
    fitted = question.at_times(fit.times / MS, fit["agg"])
    moments = (predicted, fitted, found.wanted, np.zeros_like(fitted))
    field = scene.field_of(scene.sensors.patch)
    errors = [_error(scene, field, question.outward * moment) for moment in moments]
    scores = log_scores(found, question, fitted)
    return HeldOut(
        channels=tuple(left),
        share=len(left) / (len(left) + len(kept)),
        error=errors[0],
        fit_error=errors[1],
        patch_error=errors[2],
        null_error=errors[3],
        noise=_noise(scene, field, predicted - fitted, question.n_independent),
        log_density=scores.posterior,
        fit_log_density=scores.fit,
        loose_fit_log_density=scores.loose_fit,
        null_log_density=scores.null,
        log_noise=scores.noise,
        posterior=found,
    )


def check_share(share: float) -> float:
    """Return the share of the sensors that is left out."""
    found = check_probability(share, "share")
    if not 0 < found < 1:
        raise ParameterError(f"share must be above 0 and below 1, such as 1/3, got {found:g}.")
    return found


def _left_out(info: mne.Info, share: float, seed: int) -> list[str]:
    """Return the channels that are left out: those of some places, drawn by chance."""
    names = good_channels(info)
    places: dict[tuple[Any, ...], list[str]] = {}
    for name in names:
        where = info["chs"][info["ch_names"].index(name)]["loc"][:3]
        known = np.isfinite(where).all() and np.any(where)
        places.setdefault(tuple(np.round(where, 4)) if known else (name,), []).append(name)
    n_left = max(round(share * len(places)), FEWEST_LEFT)
    if len(places) - n_left < FEWEST_KEPT:
        raise DataError(
            f"Leaving out {n_left} of {len(places)} places of sensors leaves fewer than {FEWEST_KEPT}: take a smaller "
            "share, or a response with more sensors."
        )
    groups = list(places.values())
    drawn = np.sort(np.random.default_rng([seed, 8]).permutation(len(groups))[:n_left])
    return [name for k in drawn for name in groups[k]]


def _without(evoked: mne.Evoked, names: list[str]) -> mne.Evoked:
    """Return a response in which some channels do not count."""
    found = evoked.copy()
    found.info["bads"] = [*found.info["bads"], *names]
    return found


def _error(scene: Scene, field: FloatArray, moment: FloatArray) -> float:
    return float((scene.left(field, moment) ** 2).sum() / scene.rank / scene.data.shape[1])


def _noise(scene: Scene, field: FloatArray, apart: FloatArray, n_independent: float) -> float:
    """Return the standard error of a difference of two squared errors, of predictions that are so far apart."""
    n_times = scene.data.shape[1]
    size = float(np.linalg.norm(field) * np.linalg.norm(apart))
    return float(2 * size * np.sqrt(max(n_times / n_independent, 1.0)) / scene.rank / n_times)
