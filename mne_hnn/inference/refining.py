"""Emulate a column whose cells fire where its posterior is: simulate, emulate, draw, and again until it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._code import source_digest
from .._types import FloatArray
from .._units import MS
from ..fit.bench import Bench
from ..fit.circuit_vector import COLUMNS_PER_nAm, with_columns
from ..fit.emulator import emulator_of
from ..fit.ensemble import effective_share, seeds_for
from ..fit.gaussian_process import Scales
from ..fit.levels import Level
from ..fit.spiking_data import Members
from .circuit_model import CircuitModel, possible_times
from .cooling import Cooled, Judged, Problem, cool
from .predictive import HOLDS
from .question import Likelihood, Question
from .spiking_model import SpikingModel

__all__ = ["Refined", "Told", "importance", "problem_of", "refined", "simulated"]

WIDER = 1.5
"""The first networks are spread so much wider than what the fit found."""
ALIKE = 0.3
"""Rounds end once predictions hold, and the next emulator leaves so large an effective share of the particles of the
one before."""
LEAST_ROUNDS = 2
TRIALS = 2
"""Of each network of a round: how they differ is chance, and what their mean is off by besides is not known."""
TRIES = 100
SEARCHING = 0.5
"""Particles and steps of the rounds, of those of the end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Refined:
    """An emulator that was refined, and how.

    Attributes
    ----------
    model : SpikingModel
        The column as an emulator.
    unknown : array, shape (n_times, n_times)
        Covariance of what it does not know of mean responses, over the mean square of the response.
    calibration : tuple of float
        Squared errors of predictions of each round's networks before they were seen, over what they were said to be.
    shares : tuple of float
        Effective share of the particles of each round under the emulator of the next.
    n_simulated : int
        Networks that were simulated.
    """

    model: SpikingModel
    unknown: FloatArray
    calibration: tuple[float, ...]
    shares: tuple[float, ...]
    n_simulated: int


def problem_of(model: CircuitModel, likelihood: Likelihood, identity: str) -> Problem:
    """Return what particles are drawn from."""

    def judge(z: FloatArray) -> Judged:
        """Return prior, plausibility of the spikes, and likelihood."""
        prior, predicted = model.log_prior(z), model.predict(z)
        return Judged(prior=prior, given=predicted.given, response=likelihood.log_likelihood(predicted.moments))

    return Problem(
        begin=model.begin,
        judge=judge,
        identity=f"{source_digest('inference')}|{model.identity}|{identity}",
        given=model.asks_spikes,
    )


def refined(question: Question, bench: Bench, identity: str, folder: str | Path | None) -> Refined:
    """Return an emulator that knows the column where its posterior is.

    Parameters
    ----------
    question : Question
        The explanation and its response.
    bench : Bench
        Simulates.
    identity : str
        Text that differs whenever the likelihood could.
    folder : path-like | None
        Where temperatures are kept.
    """
    settings = question.settings
    bench.report.say(f"posterior: {settings.start} networks to begin with")
    z = _design(question)
    known = simulated(question, bench, z, step=0)
    model, unknown = _model(question, known, len(known), None)
    calibration: list[float] = []
    shares: list[float] = []
    total = settings.start
    for number in range(1, settings.rounds + 1):
        bench.report.say(f"posterior: round {number} of at most {settings.rounds}")
        problem = problem_of(model, question.likelihood(unknown), f"{identity}|{_hex(unknown)}")
        cooled = cool(
            problem,
            n=max(int(SEARCHING * settings.particles), 2 * settings.batch),
            moves=max(int(SEARCHING * settings.moves), 1),
            key=(settings.seed, 1, number),
            folder=folder,
        )
        rng = np.random.default_rng([settings.seed, 2, number])
        batch = cooled.z[rng.choice(len(cooled.z), settings.batch, replace=False)]
        fresh = simulated(question, bench, np.repeat(batch, TRIALS, axis=0), step=number)
        total += settings.batch
        calibration.append(_surprise(model, fresh))
        known = _together(known, fresh)
        model, unknown = _model(question, known, len(fresh), model.emulator.scales)
        after = problem_of(model, question.likelihood(unknown), "").judge(cooled.z)
        shares.append(effective_share(_weights(cooled.judged, after)))
        if number >= LEAST_ROUNDS and calibration[-1] <= HOLDS and shares[-1] >= ALIKE:
            break
    return Refined(
        model=model, unknown=unknown, calibration=tuple(calibration), shares=tuple(shares), n_simulated=total
    )


def _design(question: Question) -> FloatArray:
    """Return the networks to begin with: half of them around what the fit found, half from the prior."""
    settings, vector = question.settings, question.vector
    rng = np.random.default_rng([settings.seed, 0])
    n, n_free = settings.start, vector.n_free - 1
    centre, wide = np.zeros((n, n_free)), np.ones((n, n_free))
    found = question.explanation.ensemble
    names = [*vector.paths[:-1], COLUMNS_PER_nAm]
    if set(found) == set(names):
        mean = np.array([found[name][0] for name in names[:-1]])
        sd = np.array([found[name][1] for name in names[:-1]])
        centre[: n // 2] = np.clip((mean - vector.mean[:-1]) / vector.sd[:-1], -3.0, 3.0)
        wide[: n // 2] = np.minimum(WIDER * sd / vector.sd[:-1], 1.0)
    z = centre + wide * rng.standard_normal((n, n_free))
    for _ in range(TRIES):  # drives that are not in order teach nothing of those that are
        wrong = ~possible_times(vector.drives_ms(z), vector.tstop)
        if not wrong.any():
            break
        z[wrong] = (centre + wide * rng.standard_normal((n, n_free)))[wrong]
    return z


def simulated(question: Question, bench: Bench, z: FloatArray, *, step: int) -> Members:
    """Simulate one trial of each of some networks, each with random numbers of its own, also of equal ones.

    Parameters
    ----------
    question : Question
        The explanation.
    bench : Bench
        Simulates.
    z : array, shape (n, n_free)
        The networks, without the number of columns.
    step : int
        Of which the random numbers are.

    Returns
    -------
    members : Members
        Moments of one column at the times that are compared, A m, and logarithms of spikes per cell.
    """
    task, vector = question.task, question.vector
    level = task.levels[0] if len(task.levels) > 1 else Level(mesh_shape=None)
    whole = with_columns(z)
    seeds = seeds_for([question.settings.seed, 3, step], len(z))
    found = question.data.predict(vector, whole, level=level, bench=bench, seed=seeds)
    columns = float(vector.natural(whole[:1])[0, -1])
    times_ms = question.data.times / MS
    moments = np.array([question.at_times(times_ms, moment) / columns for moment in found.moment])
    bench.tell()
    return Members(z=found.z[:, :-1], moment=moments, log_rates=found.log_rates)


def _together(one: Members, two: Members) -> Members:
    return Members(
        z=np.vstack([one.z, two.z]),
        moment=np.vstack([one.moment, two.moment]),
        log_rates=np.vstack([one.log_rates, two.log_rates]),
    )


def _model(question: Question, known: Members, last: int, scales: Scales | None) -> tuple[SpikingModel, FloatArray]:
    """Return the column as an emulator, and what it does not know, over the mean square of the response."""
    vector, data = question.vector, question.data
    emulator = emulator_of(vector, known, question.times_ms, scales)
    n = data.n_times
    model = SpikingModel(
        vector=vector, emulator=emulator, rates=data.wanted[n:], deviations=data.deviations[n:], last=last
    )
    # so many columns as give the response: it does not matter how large that of one is
    power = float(np.mean(emulator.predict(known.z[model.around]).moments ** 2))
    return model, emulator.covariance(model.around) / power


def _means(members: Members) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return networks, and the mean moment and the number of trials of each."""
    networks, of = np.unique(members.z, axis=0, return_inverse=True)
    trials = np.bincount(of.ravel()).astype(float)
    means = np.zeros((len(networks), members.moment.shape[1]))
    np.add.at(means, of.ravel(), members.moment)
    return networks, means / trials[:, np.newaxis], trials


def _surprise(model: SpikingModel, fresh: Members) -> float:
    """Return squared errors of the predictions of new networks, over what they were said to be."""
    emulator, around = model.emulator, model.around
    networks, means, trials = _means(fresh)
    chance = float(emulator.chance(around)[: emulator.n_components].sum())
    # by what they add to the dipole, all of it: a component that hardly moves it may be off
    expected = float(np.trace(emulator.covariance(around))) + float(np.mean(1.0 / trials)) * chance
    return float(np.mean(np.sum((means - emulator.predict(networks).moments) ** 2, axis=1)) / expected)


def _amplitude(model: SpikingModel, fresh: Members) -> tuple[float, float]:
    """Return by which factor new networks are larger than predicted, and its standard error."""
    networks, means, _ = _means(fresh)
    predicted = model.emulator.predict(networks).moments
    power = float(np.sum(predicted**2))
    factor = float(np.sum(predicted * means)) / power
    apart = np.sum(predicted * (means - factor * predicted), axis=1)
    return factor, float(np.sqrt(np.sum(apart**2)) / power)


def _weights(before: Judged, after: Judged) -> FloatArray:
    """Return how much more probable particles of one posterior are under another, the most probable 1."""
    logs = after.total(1.0, 1.0) - before.total(1.0, 1.0)
    logs = np.where(np.isfinite(logs), logs, -1e300)
    return np.asarray(np.exp(logs - logs.max()))


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """What new simulations tell of an emulator, and of what was drawn with it.

    Attributes
    ----------
    surprise : float
        Squared errors of predictions over what they were said to be.
    amplitude, error : float
        By which factor new responses are larger than predicted, and its standard error.
    share : float
        Effective share of the particles that is left.
    weights : list of array
        Of the particles of each population.
    """

    surprise: float
    amplitude: float
    error: float
    share: float
    weights: list[FloatArray]


def importance(question: Question, found: Refined, fresh: Members, populations: Sequence[Cooled]) -> Told:
    """Weigh the particles of a posterior by what new simulations tell of the emulator.

    Parameters
    ----------
    question : Question
        The explanation.
    found : Refined
        The emulator they were drawn with.
    fresh : Members
        New simulations, of some of them.
    populations : sequence of Cooled
        The particles.
    """
    old = found.model
    emulator = old.emulator
    known = _together(Members(z=emulator.x, moment=emulator.moments, log_rates=emulator.log_rates), fresh)
    model, unknown = _model(question, known, old.last + len(fresh), emulator.scales)
    problem = problem_of(model, question.likelihood(unknown), "")
    weights = [_weights(one.judged, problem.judge(one.z)) for one in populations]
    amplitude, error = _amplitude(old, fresh)
    return Told(
        surprise=_surprise(old, fresh),
        amplitude=amplitude,
        error=error,
        share=min(effective_share(one) for one in weights),
        weights=weights,
    )


def _hex(values: FloatArray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
