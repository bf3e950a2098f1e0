"""An estimator of posteriors that was trained once: what it draws for a response is corrected by the likelihood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from .._types import FloatArray
from .._value import FrozenMap, given_or_default
from .._warn import warn
from ..errors import ParameterError
from ..fit import Explanation, Explanations
from ..fit.bench import Bench
from ..fit.ensemble import drawn_again, effective_share, flattened
from ..fit.evaluate import Evaluator
from ..fit.progress import Report
from ..fit.spiking_data import Members
from .asked import Asked
from .bank import Truths
from .circuit_posterior import Checked, CircuitPosterior
from .cooling import KEEP, Cooled, Judged, Problem, cool
from .density import Density
from .examples import context_of
from .held_out import HeldOut, held_out_by
from .question import Likelihood, Question
from .refining import problem_of
from .run import Answer, chosen_explanation
from .scope import Frame, Scope
from .sensor_likelihood import SensorLikelihood, Sensors, check_sensors
from .settings import PosteriorSettings
from .teaching import EstimatedModel, SpikingTeacher, Teacher
from .training_settings import TrainingSettings
from .trust import doubts

__all__ = ["AmortisedEstimator"]

MOVES, MOVES_FOR_EVIDENCE = 10, 4
"""Steps between two temperatures: what is cooled begins near the posterior. Draws need more than their evidence."""
WIDER = 4
"""Draws of the density of which a population begins with the best."""
EXPECTED = 8192
"""Circuits of the prior by which the share of plausible ones is known to a few percent."""
LEAST_EFFECTIVE = 20.0
"""Effective number of the estimator's own draws: with fewer its density is elsewhere."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AmortisedEstimator:
    """Draws posteriors of circuits in seconds; see :func:`train_posterior`.

    Attributes
    ----------
    frame : Frame
        What it is for.
    teacher : Teacher
        Mean responses of circuits.
    density : Density
        Of circuits given a response.
    truths : Truths
        Circuits of the prior, with their responses, that it never saw.
    settings : TrainingSettings
        How it was trained.
    diagnostics : mapping
        What was found of these truths: coverage of intervals and evenness of ranks per kind of number.
    facts : mapping
        Networks that were simulated, and seconds of each step.

    Examples
    --------
    >>> estimator.frame.sides
    ('proximal', 'distal')
    >>> sorted(estimator.diagnostics)
    ['examples', 'truths']
    """

    frame: Frame
    teacher: Teacher
    density: Density
    truths: Truths
    settings: TrainingSettings
    diagnostics: Mapping[str, Any] = field(default_factory=FrozenMap)
    facts: Mapping[str, Any] = field(default_factory=FrozenMap)

    def posterior(
        self,
        explanation: Explanation | Explanations,
        sensors: Sensors | None = None,
        settings: PosteriorSettings | None = None,
        *,
        progress: Callable[[int, float], None] | None = None,
    ) -> CircuitPosterior:
        """Draw from the posterior of a circuit, as :func:`mne_hnn.posterior` does, without a simulation.

        The estimator's own draws are where cooling begins: the likelihood weighs and moves them, so that evidence and
        sign are known as well.

        Parameters
        ----------
        explanation : Explanation | Explanations
            Of the column, prior, window and sides that the estimator is for; of several the first.
        sensors : Sensors | None
            The response at the sensors; None takes the target of the fit alone.
        settings : PosteriorSettings | None
            How to draw; those of simulations are not used. None takes the usual settings.
        progress : callable | None
            As in :func:`mne_hnn.posterior`.

        Returns
        -------
        posterior : CircuitPosterior
            Draws, predictions, evidence, sign, place, checks.

        Raises
        ------
        ParameterError
            The estimator is for another column, prior, regime, sequence of sides, window or smoothing.

        Warns
        -----
        MneHnnWarning
            As :func:`mne_hnn.posterior` warns.
        """
        question = _AmortisedQuestion(
            explanation=chosen_explanation(explanation),
            sensors=check_sensors(sensors),
            settings=given_or_default(settings, PosteriorSettings, "settings"),
            estimator=self,
        )
        with Report(progress) as report:
            found = _Amortised(question, Bench(evaluator=Evaluator(), report=report), self).found()
        for text in found.warnings:
            warn(text)
        return found

    def held_out(
        self,
        explanation: Explanation | Explanations,
        sensors: Sensors,
        settings: PosteriorSettings | None = None,
        *,
        share: float = 1 / 3,
    ) -> HeldOut:
        """Compare what a posterior from some sensors predicts at the others with the point fit, without a simulation.

        Parameters
        ----------
        explanation, sensors, settings, share
            As in :func:`mne_hnn.inference.held_out_sensors`.

        Returns
        -------
        held_out : HeldOut
            Errors and densities of both predictions, and the posterior.

        Raises
        ------
        ParameterError
            A wrong argument, or the estimator is for something else.
        DataError
            Too few sensors are left.
        """
        return held_out_by(self.posterior, explanation, sensors, settings, share)

    def check(self, question: Question) -> None:
        """Refuse a question that the estimator is not for.

        Raises
        ------
        ParameterError
            The sentence says what differs.
        """
        other = self.frame.other(Scope.of(question).identity)
        if other is not None:
            raise ParameterError(
                f"This estimator was trained for another {other}: train one with train_posterior(explanation), or take "
                "posterior(explanation)."
            )

    def draw(self, context: FloatArray, n: int, seed: int = 0) -> FloatArray:
        """Draw circuits of the density alone, as standard normal numbers, shape (n, n_free)."""
        return self.density.draw(context, n, seed)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save to one file (``.npz``) for :func:`read_estimator`.

        Parameters
        ----------
        path : path-like
            The file.
        overwrite : bool
            Whether to replace a file that is there.
        """
        from .estimator_files import write_estimator

        write_estimator(path, self, overwrite=overwrite)

    def sentences(self) -> list[str]:
        """Return what it is for, what it cost, and how far its draws are to be trusted, in words."""
        from .estimator_words import sentences

        return sentences(self)

    def __repr__(self) -> str:
        return f"<AmortisedEstimator ({self.frame.regime}): {', '.join(self.frame.sides)}; {self.frame.tstop:g} ms>"


@dataclass(frozen=True, kw_only=True, eq=False)
class _AmortisedQuestion(Question):
    """A question whose chance is what the estimator knows of single trials.

    Attributes
    ----------
    estimator : AmortisedEstimator
        What answers it.
    """

    estimator: AmortisedEstimator

    def __post_init__(self) -> None:
        super().__post_init__()
        self.estimator.check(self)

    def _chance(self) -> FloatArray:
        frame = self.estimator.frame
        return _at_times(self.estimator.teacher.chance, frame.times_ms, self.times_ms) / self.nave


@dataclass(frozen=True, kw_only=True, eq=False)
class _AmortisedAsked(Asked):
    """A question that an estimator answers.

    Attributes
    ----------
    estimator : AmortisedEstimator
        Where draws begin.
    own_shares : list of float
        Effective share of the density's own draws of each population.
    """

    estimator: AmortisedEstimator
    own_shares: list[float] = field(default_factory=list)

    @property
    def stated_ms(self) -> FloatArray:
        """Stated times of drives, ms."""
        return np.array([mu for _, mu in self.question.explanation.sequence])

    def context(self, likelihood: Likelihood) -> FloatArray:
        """Return what the density is told of a response, shape (1, n_context)."""
        course = likelihood.course if isinstance(likelihood, SensorLikelihood) else likelihood
        return context_of(self.estimator.frame, course, self.question.nave, self.stated_ms)

    def populations(self, likelihood: Likelihood, n: int | None = None, *, key: int = 0) -> list[Cooled]:
        """Draw populations: from the density, and on to the posterior with a likelihood."""
        settings = self.question.settings
        moves = MOVES if key == 0 else MOVES_FOR_EVIDENCE
        return [
            self._population(likelihood, moves, (settings.seed, 50 + key, number))
            for number in range(settings.populations if n is None else n)
        ]

    def _population(self, likelihood: Likelihood, moves: int, key: tuple[int, ...]) -> Cooled:
        """Return a population, which begins with the best of more draws of the density."""
        density, n = self.estimator.density, self.question.settings.particles
        context, judge = self.context(likelihood), problem_of(self.model, likelihood, "").judge

        def against(z: FloatArray) -> tuple[FloatArray, FloatArray]:
            """Return the density, and the posterior over it."""
            proposed = density.log_density(z, context)
            total = judge(z).total(1.0, 1.0)
            with np.errstate(invalid="ignore"):
                return proposed, np.where(np.isfinite(total) & np.isfinite(proposed), total - proposed, -np.inf)

        seed = int(np.random.SeedSequence(key).generate_state(1)[0] % 2**31)
        drawn = density.draw(context, WIDER * n, seed)
        _, gain = against(drawn)
        losses = np.where(np.isfinite(gain), -gain, 1e300)
        self.own_shares.append(effective_share(np.exp(losses.min() - losses)))
        begun = max(flattened(losses, 1.0, keep=KEEP / WIDER), 1e-9)
        weights = np.exp(-begun * (losses - losses.min()))
        log_evidence = float(np.log(weights.mean()) - begun * losses.min())
        which = drawn_again(weights, n, np.random.default_rng([*key, 2]))

        def judged(z: FloatArray) -> Judged:
            """Return where a population begins, and what is left of the way to the posterior."""
            proposed, gain = against(z)
            with np.errstate(invalid="ignore"):
                return Judged(prior=proposed + begun * gain, given=np.zeros(len(z)), response=(1.0 - begun) * gain)

        problem = Problem(begin=lambda *_: drawn[which], judge=judged, identity="")
        cooled = cool(problem, n=n, moves=moves, key=key)
        before, log_expected = self.expected()
        return replace(
            cooled,
            before=before[np.random.default_rng([*key, 1]).integers(0, len(before), n)],
            judged=judge(cooled.z),
            log_evidence=cooled.log_evidence + log_evidence - log_expected,
            temperatures=begun + (1.0 - begun) * cooled.temperatures,
        )

    def expected(self) -> tuple[FloatArray, float]:
        """Return circuits of the prior, and the logarithm of the share of all normal numbers that are plausible."""
        kept = self.__dict__.get("_expected")
        if kept is None:
            rng = np.random.default_rng([self.question.settings.seed, 51])
            z = rng.standard_normal((EXPECTED, len(self.model.paths)))
            z = z[np.isfinite(self.model.log_prior(z))]
            given = self.estimator.teacher.spikes_plausible(self.estimator.frame.stated(z, self.stated_ms))
            taken = z[np.log(rng.random(len(z))) < given]
            kept = taken, float(np.log(np.exp(given).sum() / EXPECTED))
            self.__dict__["_expected"] = kept
        return kept[0], kept[1]


class _Amortised(Answer):
    """The steps from a question to a posterior with an estimator."""

    def __init__(self, question: Question, bench: Bench, estimator: AmortisedEstimator) -> None:
        super().__init__(question, bench, None)
        self.estimator = estimator

    def _asked(self) -> _AmortisedAsked:
        teacher = self.estimator.teacher
        unknown = None
        if isinstance(teacher, SpikingTeacher):
            at = self.question.times_ms
            unknown = _at_times(teacher.unknown, self.estimator.frame.times_ms, at)
        return _AmortisedAsked(
            question=self.question,
            model=teacher.model(self.question),
            unknown=unknown,
            estimator=self.estimator,
        )

    def _simulated(self, asked: Asked, populations: list[Cooled]) -> tuple[Members | None, list[Checked]]:
        """Return single trials as they are expected of some draws: nothing is simulated."""
        assert isinstance(asked, _AmortisedAsked)
        settings, teacher = self.settings, self.estimator.teacher
        n = len(populations) * WIDER * settings.particles
        share = float(np.mean(asked.own_shares[: len(populations)]))
        checks = [
            Checked(
                name="amortised: effective number of the estimator's own draws",
                value=share * n,
                expected=f"at least {LEAST_EFFECTIVE:g} of {n}; with fewer take posterior(explanation) or train longer",
                passed=share * n >= LEAST_EFFECTIVE,
            )
        ]
        if not isinstance(asked.model, EstimatedModel) or not isinstance(teacher, SpikingTeacher):
            return None, checks
        rng = np.random.default_rng([settings.seed, 5])
        z = np.vstack([one.z for one in populations])
        z = z[np.sort(rng.choice(len(z), min(settings.predictive, len(z)), replace=False))]
        moments, rates = asked.model.predict(z).moments, asked.model.log_rates(z)
        unknown = np.sqrt(teacher.rates_unknown) * rng.standard_normal(rates.shape)
        chance = _at_times(teacher.chance, self.estimator.frame.times_ms, self.question.times_ms)
        size = np.sqrt(np.mean(moments**2, axis=1, keepdims=True))
        values, vectors = np.linalg.eigh(chance)
        trial = (rng.standard_normal(moments.shape) * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        return Members(z=z, moment=moments + size * trial, log_rates=rates + unknown), checks

    def _facts(self, populations: list[Cooled], log_evidence: float, null: float) -> dict[str, Any]:
        trained = {"networks": int(self.estimator.facts.get("networks", 0))}
        return super()._facts(populations, log_evidence, null) | {"method": "amortised", "trained": trained}

    def _doubts(self, paths: list[str]) -> list[str]:
        regime, sensors = self.question.explanation.regime, self.question.sensors is not None
        return doubts(regime, paths, amortised=True, sensors=sensors)


def _at_times(covariance: FloatArray, known_ms: FloatArray, times_ms: FloatArray) -> FloatArray:
    """Return a covariance over time at other times."""
    rows = np.array([np.interp(times_ms, known_ms, row) for row in covariance])
    return np.array([np.interp(times_ms, known_ms, column) for column in rows.T])
