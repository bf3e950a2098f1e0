"""Train an amortised estimator: simulate, learn the mean response, learn the density of circuits, and judge it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from .._types import FloatArray
from .._value import given_or_default
from ..fit import Explanation, Explanations
from ..fit.bench import Bench
from ..fit.checkpoint import Checkpoint
from ..fit.evaluate import Evaluator
from ..fit.evoked_proposal import measure_kernels
from ..fit.progress import Report
from ..simulate import Computing
from .amortised import AmortisedEstimator
from .bank import Bank, Truths, candidates, simulate_bank, simulated
from .density import learn_density
from .diagnostics import judged_density
from .examples import Examples
from .mean_response import MeanResponse, learn_mean_response
from .plausibility import learned_plausibility, log_plausible
from .question import Question
from .run import chosen_explanation
from .scope import Scope
from .settings import PosteriorSettings
from .teaching import SilentTeacher, SpikingTeacher, Teacher, make_pool
from .torch_parts import check_sbi
from .training_settings import TrainingSettings

__all__ = ["train_posterior"]

SURPLUS = 6
"""Candidates for truths that are drawn for each that is expected."""
LARGEST_WEIGHT = 2.0


def train_posterior(
    explanation: Explanation | Explanations,
    settings: TrainingSettings | None = None,
    *,
    folder: str | Path | None = None,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> AmortisedEstimator:
    """Train an estimator that draws posteriors of circuits in seconds, for one column and prior.

    It is for all responses in the window of the explanation, with as many drives from the same sides in the same order,
    at whatever times.

    Parameters
    ----------
    explanation : Explanation | Explanations
        Of :func:`mne_hnn.fit.fit_evoked`; of several the first. Column, prior, regime, sides of the drives, window and
        smoothing are taken from it; its response is not.
    settings : TrainingSettings | None
        How to train; None takes the usual settings.
    folder : path-like | None
        Where simulations and what was learned are kept: the same call goes on where it was stopped.
    n_jobs, executor, progress
        As in :func:`mne_hnn.fit.fit_drives`.

    Returns
    -------
    estimator : AmortisedEstimator
        With what was found of truths that it never saw.

    Raises
    ------
    ParameterError
        A wrong argument, or PyTorch or sbi are not installed.
    SimulationError
        The column does not run.

    Examples
    --------
    >>> settings = TrainingSettings(networks=20000, seed=1)
    >>> settings.truths
    200
    >>> estimator = train_posterior(explanations, settings, folder="training")  # hours  # doctest: +SKIP
    >>> estimator.save("median_nerve.npz")  # doctest: +SKIP
    """
    check_sbi()
    chosen = chosen_explanation(explanation)
    settings = given_or_default(settings, TrainingSettings, "settings")
    scope = Scope.of(Question(explanation=chosen, sensors=None, settings=PosteriorSettings()))
    place = None if folder is None else Path(folder).expanduser()
    computing = Computing(n_jobs=n_jobs, executor=executor, checkpoint=place, progress=progress)
    with computing.ready() as ready, Report(computing.progress) as report:
        bench = Bench(evaluator=Evaluator(checkpoint=Checkpoint(place), computing=ready), report=report)
        return _Training(scope, settings, bench, place).done()


class _Training:
    """The steps from a scope to an estimator."""

    def __init__(self, scope: Scope, settings: TrainingSettings, bench: Bench, folder: Path | None) -> None:
        self.scope, self.settings, self.bench, self.folder = scope, settings, bench, folder
        self.seconds: dict[str, float] = {}
        self.networks = 0

    def done(self) -> AmortisedEstimator:
        scope, settings = self.scope, self.settings
        with self._timed("mean response"):
            teacher = self._spiking() if scope.firing else self._silent()
        with self._timed("truths"):
            truths = self._truths(teacher)
        with self._timed("pool"):
            pool = make_pool(scope, teacher, settings.pool, np.random.default_rng([settings.seed, 40]))
        examples = Examples(scope=scope, pool=pool, chance=teacher.chance, unknown=teacher.unknown)
        self.bench.report.say("training: learning the density of circuits")
        with self._timed("density"):
            density = learn_density(
                examples.draw,
                steps=settings.steps,
                seed=settings.seed,
                folder=self.folder,
                identity=_digest(scope, settings, pool.moments),
                tell=self.bench.report.tell,
            )
        estimator = AmortisedEstimator(
            frame=scope.frame, teacher=teacher, density=density, truths=truths, settings=settings
        )
        self.bench.report.say("training: judging it by truths")
        with self._timed("judging"):
            diagnostics = judged_density(estimator, examples, truths, seed=settings.seed)
        facts = {"networks": self.networks, "seconds": dict(self.seconds)}
        return replace(estimator, diagnostics=diagnostics, facts=facts)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.seconds[name] = round(perf_counter() - began, 1)

    def _silent(self) -> Teacher:
        column = measure_kernels(self.scope.task, self.bench).sampled(self.scope.times_ms, self.scope.tstop)
        return SilentTeacher(frame=self.scope.frame, column=column)

    def _spiking(self) -> Teacher:
        """Simulate networks, learn their mean response, and find how well it is known."""
        scope, settings, report = self.scope, self.settings, self.bench.report
        bank = simulate_bank(
            scope,
            self.bench,
            lambda some: learned_plausibility(scope, some, seed=settings.seed),
            networks=settings.networks,
            seed=settings.seed,
            folder=self.folder,
        )
        self.networks += len(bank)
        report.say("training: learning the mean response")
        mean = learn_mean_response(scope, bank, seed=settings.seed, epochs=settings.epochs, folder=self.folder)
        report.say("training: two trials of other networks")
        one, two = self._twins(mean)
        made = mean.moments(one.z, scope.times_ms)
        size = np.sqrt(np.mean(made**2, axis=1, keepdims=True))
        said = mean.log_rates(one.z)
        # the chance of two trials is independent, so that what they have in common is what is wrong of the mean
        shared = ((one.moments - made) / size).T @ ((two.moments - made) / size) / len(made)
        apart = (one.moments - two.moments) / size
        shared_rates = np.mean((one.log_rates - said) * (two.log_rates - said), axis=0)
        rates, deviations = scope.expected_rates
        return SpikingTeacher(
            frame=scope.frame,
            mean=mean,
            rates=rates,
            deviations=deviations,
            chance=apart.T @ apart / len(apart) / 2,
            unknown=_positive(shared),
            rates_chance=np.mean((one.log_rates - two.log_rates) ** 2, axis=0) / 2,
            rates_unknown=np.maximum(shared_rates, 0.0),
        )

    def _twins(self, mean: MeanResponse) -> tuple[Bank, Bank]:
        """Return two trials each of networks that the prior finds plausible."""
        scope, settings = self.scope, self.settings

        def plausible(z: FloatArray) -> FloatArray:
            """Return the logarithm of how plausible circuits are; twice, as they are drawn by its root."""
            return 2 * log_plausible(scope, mean.moments(z, scope.times_ms), mean.log_rates(z))

        rng = np.random.default_rng([settings.seed, 22])
        z, _ = candidates(scope, plausible, settings.twins, rng)
        found = [simulated(scope, self.bench, z, key=(settings.seed, 23, trial)) for trial in range(2)]
        self.networks += sum(len(one.z) for one in found)
        known = [{row.tobytes(): k for k, row in enumerate(np.ascontiguousarray(one.z))} for one in found]
        both = [key for key in known[0] if key in known[1]]
        banks = []
        for one, places in zip(found, known, strict=True):
            at = [places[key] for key in both]
            banks.append(
                Bank(z=one.z[at], moments=one.moment[at], log_rates=one.log_rates[at], log_share=np.zeros(len(at)))
            )
        return banks[0], banks[1]

    def _truths(self, teacher: Teacher) -> Truths:
        """Return circuits of the prior with their responses: none of them was learned from."""
        scope, settings = self.scope, self.settings
        rng = np.random.default_rng([settings.seed, 24])
        if not isinstance(teacher, SpikingTeacher):
            pool = make_pool(scope, teacher, settings.truths, rng)
            none = np.zeros((len(pool), 0))
            return Truths(z=pool.z, moments=teacher.moments(pool.z, scope.times_ms), log_rates=none, n_trials=1)
        self.bench.report.say("training: truths that it will be judged by")
        mean = teacher.mean

        def plausible(z: FloatArray) -> FloatArray:
            """Return the logarithm of how plausible circuits are."""
            return log_plausible(scope, mean.moments(z, scope.times_ms), mean.log_rates(z))

        kept = np.zeros((0, len(scope.paths)))
        for batch in range(SURPLUS):
            z, log_share = candidates(scope, plausible, settings.truths, rng)
            single = simulated(scope, self.bench, z, key=(settings.seed, 25, batch))
            self.networks += len(single.z)
            share = {row.tobytes(): one for row, one in zip(np.ascontiguousarray(z), log_share, strict=True)}
            own = np.array([share[row.tobytes()] for row in np.ascontiguousarray(single.z)])
            logs = log_plausible(scope, single.moment, single.log_rates) - own - np.log(LARGEST_WEIGHT)
            kept = np.vstack([kept, single.z[np.log(rng.random(len(logs))) < logs]])
            if len(kept) >= settings.truths:
                break
        many = simulated(
            scope, self.bench, kept[: settings.truths], key=(settings.seed, 26), n_trials=settings.truth_trials
        )
        self.networks += len(many.z) * settings.truth_trials
        return Truths(z=many.z, moments=many.moment, log_rates=many.log_rates, n_trials=settings.truth_trials)


def _positive(covariance: FloatArray) -> FloatArray:
    """Return the nearest covariance: what two independent estimates share may come out negative by chance."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def _digest(scope: Scope, settings: TrainingSettings, moments: FloatArray) -> str:
    content = hashlib.sha256(np.ascontiguousarray(moments).tobytes()).hexdigest()
    return f"{json.dumps(dict(scope.identity), sort_keys=True)}|{settings!r}|{content}"
