"""How sure an explanation is: draw from the posterior of its circuit."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from .._types import FloatArray
from .._value import given_or_default
from .._warn import warn
from ..errors import DataError, ParameterError
from ..fit import Explanation, Explanations
from ..fit.atoms import IntArray
from ..fit.bench import Bench
from ..fit.checkpoint import Checkpoint
from ..fit.ensemble import drawn_again
from ..fit.evaluate import Evaluator
from ..fit.evidence import DECISIVE, Evidence, log_sequence_prior
from ..fit.evoked_proposal import measure_kernels
from ..fit.progress import Report
from ..fit.spiking_data import HALF_SPIKE, Members
from ..simulate import Computing
from .asked import Asked, digest_of
from .circuit_posterior import Checked, CircuitPosterior, Polarity, disagreements
from .cooling import Cooled, pooled
from .place import PlacePosterior, locate, thinned
from .predictive import Predictions, check_emulator, check_sensors_fit, check_source, predictions
from .question import Likelihood, Question
from .refining import Refined, importance, refined, simulated
from .sensor_likelihood import SensorLikelihood, Sensors, check_sensors
from .settings import PosteriorSettings
from .silent_model import SilentModel
from .trust import doubts
from .waveform_likelihood import Drawn, WaveformLikelihood

__all__ = ["Answer", "chosen_explanation", "posterior"]

WORTH = 0.5
"""Effective share of the draws from which on they are drawn again by what the last simulations tell."""


def posterior(
    explanation: Explanation | Explanations,
    sensors: Sensors | None = None,
    settings: PosteriorSettings | None = None,
    *,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> CircuitPosterior:
    """Draw from the posterior of a circuit: what else would have made the response, and how probable it is.

    Parameters
    ----------
    explanation : Explanation | Explanations
        Of :func:`mne_hnn.fit.fit_evoked`; of several the first. Its regime and the sides of its drives are taken as
        given, their times, spreads and weights, the number of columns, and what the model leaves are not.
    sensors : Sensors | None
        The response at the sensors, and where it may come from; None takes the target of the fit alone.
    settings : PosteriorSettings | None
        How to draw; None takes the usual settings.
    n_jobs, executor, checkpoint, progress
        As in :func:`mne_hnn.fit.fit_drives`; the checkpoint keeps each simulation and each temperature.

    Returns
    -------
    posterior : CircuitPosterior
        Draws, predictions, evidence, sign, place, and checks that can fail.

    Raises
    ------
    ParameterError
        A wrong argument.
    DataError
        Response, noise and forward solution do not fit together, or the sensors see nothing of the place.
    SimulationError
        The column does not run.

    Warns
    -----
    MneHnnWarning
        There is no evidence for this place, a check failed, or populations disagree.

    Notes
    -----
    Particles are cooled down from the prior to the response (Del Moral, Doucet and Jasra 2006,
    https://doi.org/10.1111/j.1467-9868.2006.00553.x). The silent column is a sum of its kernels; of one whose cells
    fire single trials of some hundred networks are simulated, a Gaussian process tells their mean response, and new
    ones are simulated where the posterior is until its predictions hold.

    Examples
    --------
    >>> found = mne_hnn.posterior(explanations, n_jobs=2)  # minutes  # doctest: +SKIP
    """
    chosen = chosen_explanation(explanation)
    question = Question(
        explanation=chosen,
        sensors=check_sensors(sensors),
        settings=given_or_default(settings, PosteriorSettings, "settings"),
    )
    computing = Computing(n_jobs=n_jobs, executor=executor, checkpoint=checkpoint, progress=progress)
    with computing.ready() as ready, Report(computing.progress) as report:
        evaluator = Evaluator(checkpoint=Checkpoint(computing.checkpoint), computing=ready)
        found = Answer(question, Bench(evaluator=evaluator, report=report), checkpoint).found()
    for text in found.warnings:
        warn(text)
    return found


def chosen_explanation(explanation: Any) -> Explanation:
    """Return the explanation whose posterior is asked for: of several the first."""
    chosen = explanation.first if isinstance(explanation, Explanations) else explanation
    if not isinstance(chosen, Explanation):
        raise ParameterError(
            f"A posterior is one of an Explanation of fit_evoked, got {type(explanation).__name__}: explain the "
            "response first, and give one of the explanations."
        )
    return chosen


class Answer:
    """The steps from a question to a posterior."""

    def __init__(self, question: Question, bench: Bench, folder: str | Path | None) -> None:
        self.question, self.bench, self.folder = question, bench, folder
        self.settings = question.settings
        self.refined: Refined | None = None

    def found(self) -> CircuitPosterior:
        """Draw, check, and return all of it."""
        question, report = self.question, self.bench.report
        asked = self._asked()
        likelihood = question.likelihood(asked.unknown)
        report.say("posterior: drawing")
        populations = asked.populations(likelihood)
        log_evidence, error = pooled(populations)
        members, checks = self._simulated(asked, populations)
        z = np.array([one.z for one in populations])
        moments = asked.model.predict(np.concatenate(z)).moments
        course = likelihood.course if isinstance(likelihood, SensorLikelihood) else likelihood
        rng = np.random.default_rng([self.settings.seed, 4])
        drawn = course.draw(moments, rng)
        predicted = predictions(course, moments, drawn.columns, drawn.size, rng)
        checks = [*check_source(predicted), *self._sensors_checked(likelihood, predicted), *checks]
        report.say("posterior: the opposite sign")
        polarity = self._polarity(asked, log_evidence, error)
        place, doubt = self._place(asked, moments)
        draws = self._draws(asked, z, drawn, course)
        null = likelihood.null()
        return CircuitPosterior(
            regime=question.explanation.regime,
            sequence=question.explanation.sequence,
            draws=draws,
            prior=self._prior(asked, np.vstack([one.before for one in populations]), course, rng),
            log_likelihood=np.array([one.judged.response for one in populations]),
            times_ms=question.times_ms,
            wanted=course.sign * course.wanted,
            predicted=predicted.predicted,
            replicated=predicted.replicated,
            simulated=np.zeros((0, len(question.times_ms))) if members is None else self._scaled(members, drawn),
            spikes={} if members is None else self._spikes(members),
            evidence=self._evidence(log_evidence - null, error),
            polarity=polarity,
            place=place,
            checks=tuple(checks),
            facts=self._facts(populations, log_evidence, null),
            warnings=(*self._warnings(log_evidence - null, checks, draws), *doubt),
            asked=asked,
        )

    def _asked(self) -> Asked:
        """Return the fast model: kernels, or an emulator that was refined."""
        question = self.question
        if not question.firing:
            column = measure_kernels(question.task, self.bench).sampled(question.times_ms, question.task.runs.tstop)
            model = SilentModel(
                column=column,
                sequence=question.explanation.sequence,
                time_sd_ms=question.task.settings.circuit.time_sd_ms,
            )
            return Asked(question=question, model=model, unknown=None, folder=self.folder)
        identity = digest_of(question.likelihood())
        self.refined = refined(question, self.bench, identity, self.folder)
        return Asked(question=question, model=self.refined.model, unknown=self.refined.unknown, folder=self.folder)

    def _simulated(self, asked: Asked, populations: list[Cooled]) -> tuple[Members | None, list[Checked]]:
        """Simulate some draws, and weigh all by what these simulations tell of the emulator (importance sampling)."""
        if self.refined is None:
            return None, []
        self.bench.report.say("posterior: simulating draws")
        settings = self.settings
        rng = np.random.default_rng([settings.seed, 5])
        z = np.vstack([one.z for one in populations])
        chosen = np.sort(rng.choice(len(z), min(settings.predictive, len(z)), replace=False))
        members = simulated(self.question, self.bench, z[chosen], step=1000)
        told = importance(self.question, self.refined, members, populations)
        if told.share >= WORTH:  # with less, the same few draws would come again and again
            for k, (one, weights) in enumerate(zip(populations, told.weights, strict=True)):
                which = drawn_again(weights, len(weights), np.random.default_rng([settings.seed, 6, k]))
                populations[k] = replace(one, z=one.z[which], judged=one.judged.picked(which))
        return members, check_emulator(told.surprise, told.share, told.amplitude, told.error)

    def _sensors_checked(self, likelihood: Likelihood, predicted: Predictions) -> list[Checked]:
        if isinstance(likelihood, SensorLikelihood):
            return check_sensors_fit(likelihood, predicted, self.question)
        return []

    def _polarity(self, asked: Asked, log_evidence: float, error: float) -> Polarity:
        """Return how sure the sign is, by the evidence of the opposite one."""
        other, other_error = asked.log_evidence(self.question.likelihood(asked.unknown, sign=-1))
        difference, outward = log_evidence - other, self.settings.outward
        return Polarity(
            probability=float(expit(difference + np.log(outward / (1 - outward)))),
            difference=float(difference),
            error=float(np.hypot(error, other_error)),
        )

    def _place(self, asked: Asked, moments: FloatArray) -> tuple[PlacePosterior | None, list[str]]:
        """Return where the column is in the label that is searched, or why nothing speaks for any place in it."""
        sensors = self.question.sensors
        if sensors is None or sensors.search is None:
            return None, []
        self.bench.report.say("posterior: the place")
        try:
            return locate(self.question, thinned(moments), asked.unknown), []
        except DataError as error:
            return None, [str(error)]

    def _draws(self, asked: Asked, z: FloatArray, drawn: Drawn, course: WaveformLikelihood) -> dict[str, FloatArray]:
        shape = z.shape[:2]
        natural = asked.model.natural(np.concatenate(z)).reshape(*shape, -1)
        draws = {path: natural[:, :, k] for k, path in enumerate(asked.model.paths)}
        discrepancy = _relative_sizes(course, drawn.size, np.random.default_rng([self.settings.seed, 7]))
        return draws | {"columns": drawn.columns.reshape(shape), "discrepancy": discrepancy.reshape(shape)}

    def _prior(
        self, asked: Asked, before: FloatArray, course: WaveformLikelihood, rng: np.random.Generator
    ) -> dict[str, FloatArray]:
        """Return draws before the response is seen; those of the columns are of the patch that holds them."""
        natural = asked.model.natural(before)
        logs, weights = course.log_columns()
        columns = rng.choice(np.exp(logs), len(before), p=_normalised(weights))
        chosen = rng.choice(len(course.sizes), len(before), p=_normalised(course.log_size))
        sizes = _relative_sizes(course, chosen, rng)
        prior = {path: natural[:, k] for k, path in enumerate(asked.model.paths)}
        return prior | {"columns": columns, "discrepancy": sizes}

    def _scaled(self, members: Members, drawn: Drawn) -> FloatArray:
        """Return simulated trials, scaled by the columns that were drawn for all: those of the median."""
        return np.asarray(float(np.median(drawn.columns)) * members.moment)

    def _spikes(self, members: Members) -> dict[str, FloatArray]:
        sizes = self.question.task.network.populations
        found = {}
        for k, name in enumerate(self.question.data.types):
            added = HALF_SPIKE / len(sizes[name])  # so that logarithms are finite where no cell fires
            found[name] = np.maximum(np.exp(members.log_rates[:, k]) - added, 0.0)
        return found

    def _evidence(self, response: float, error: float) -> Evidence:
        question = self.question
        prior = question.task.settings.circuit
        n_drives, tstop = len(question.explanation.sequence), question.task.runs.tstop
        parts = {
            "response": float(response),
            "sequence": log_sequence_prior(n_drives, prior.time_sd_ms, tstop),
            "regime": prior.log_regime(firing=question.firing),
        }
        return Evidence.of(parts, error)

    def _facts(self, populations: list[Cooled], log_evidence: float, null: float) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "log_evidence": float(log_evidence),
            "log_evidence_of_noise": float(null),
            "temperatures": [one.temperatures.tolist() for one in populations],
            "taken": [float(one.taken.mean()) for one in populations],
            "n_independent": float(self.question.n_independent),
            "nave": self.question.nave,
            "n_simulated": int(self.bench.evaluator.n_simulated),
            "source": "waveform" if self.question.sensors is None else "sensors",
        }
        if self.refined is not None:
            facts |= {
                "rounds": len(self.refined.calibration),
                "calibration": list(self.refined.calibration),
                "shares": list(self.refined.shares),
                "networks": self.refined.n_simulated + self.settings.predictive,
            }
        return facts

    def _warnings(self, above: float, checks: list[Checked], draws: dict[str, FloatArray]) -> list[str]:
        found = []
        if above < DECISIVE:
            where = "" if self.question.sensors is None else f" {self.question.sensors.patch.label.name!r}"
            found.append(
                f"There is no evidence for this place{where}: noise alone explains the response as well (difference of "
                f"the logarithms of the evidences {above:.1f}). Take a label near the response."
                if where
                else f"Noise alone explains the response as well (difference of the evidences {above:.1f})."
            )
        found += [
            f"Check failed, {check.name}: {check.value:.3g}, expected {check.expected}."
            for check in checks
            if not check.passed
        ]
        return found + disagreements(draws) + self._doubts(list(draws))

    def _doubts(self, paths: list[str]) -> list[str]:
        """Return for which numbers intervals are not to be trusted."""
        return doubts(self.question.explanation.regime, paths)


def _relative_sizes(course: WaveformLikelihood, chosen: IntArray, rng: np.random.Generator) -> FloatArray:
    """Return sizes of the discrepancy over the root mean square of the response, anywhere around points of the grid."""
    logs = np.log(course.sizes / float(np.sqrt(np.mean(course.wanted**2))))
    middles = (logs[1:] + logs[:-1]) / 2
    low, high = np.append(logs[0], middles), np.append(middles, logs[-1])
    return np.asarray(np.exp(low[chosen] + (high - low)[chosen] * rng.random(len(chosen))))


def _normalised(logs: FloatArray) -> FloatArray:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())
