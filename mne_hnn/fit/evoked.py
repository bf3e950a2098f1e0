"""Fit an evoked response with nothing set by hand: which drives came when, how spread out, how strong, on which cells.

The sequence is proposed and refined with the sums of kernels of :mod:`mne_hnn.fit.linear`, and every proposal that
counts is then simulated on the full column, whose deviations from the sum correct the target of the next proposal
(space mapping: Bandler et al. 1994, https://doi.org/10.1109/22.339794).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from mne.utils import ProgressBar, logger
from numpy.typing import NDArray

from .._checks import check_int, check_name, check_non_negative
from ..dipole import Dipole
from ..errors import ParameterError, SimulationError
from ..network import Network
from ..simulate import Simulation
from .checkpoint import Checkpoint
from .checks import check_network, check_trials, chosen_prior
from .evaluate import Evaluator, Runs
from .levels import as_levels
from .linear import delay_ms, evoked_only, inputs_of, linear_column
from .objectives import Waveform
from .observation import ColumnPrior, check_target, covering, explained, fitted_dipole, n_independent, smoothed
from .optimizers import choose_optimizer
from .polish import polished
from .posterior import WEIGHT_FACTOR, DriveVector, Posterior, at_border, natural
from .result import Estimate, Evaluation, FitResult, LevelReport, Scores
from .scoring import (
    DETERMINED,
    Z90,
    ceiling,
    final_simulation,
    firing,
    known_error,
    pyramidal_spikes,
    relative_noise,
    trial_r_squared,
    undetermined,
    waveform_scores,
)
from .search import fit_drives
from .sequence import (
    GAP_MS,
    SIGMA_FACTOR,
    SIGMA_MS,
    Candidate,
    Sequenced,
    check_sequence,
    drive_names,
    propose,
    refined,
    windows,
)

__all__ = ["fit_evoked"]

FloatArray = NDArray[np.float64]
STRESS = 1.6
"""Weights must allow for this factor before a pyramidal cell fires: other random numbers must not make a difference."""
LOWER = 0.6
"""Factor by which all weights are lowered when cells fire."""
ROUNDS = 20
BAR = 100
"""Length of the progress bar: how many proposals there will be is not known before, rarely more."""


def fit_evoked(
    network: Network,
    target: Dipole,
    *,
    drives: str = "propose",
    n_drives: int | None = None,
    max_drives: int = 8,
    sequence: Sequence[tuple[str, float]] | None = None,
    smooth_ms: float = 20.0,
    prior: ColumnPrior | str | None = "target",
    noise: float = 0.05,
    standard_error: float | None = None,
    refine: int = 4,
    polish: int = 0,
    optimizer: str = "auto",
    max_evaluations: int = 200,
    levels: Any = "auto",
    n_trials: int = 2,
    n_final: int = 10,
    dt: float = 0.025,
    seed: int = 1,
    fresh_seed: int = 2,
    n_jobs: int = 1,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> FitResult:
    """Find evoked drives that explain a target.

    Parameters
    ----------
    network : Network
        The column. Its evoked drives are replaced, other drives and biases stay as they are.
    target : Dipole
        The target, times from the stimulus on.
    drives : str
        ``'propose'`` finds the sequence of drives in the waveform and keeps the cells below threshold; ``'network'``
        starts from the evoked drives that the network has, and searches their times, spreads and weights around the
        values they have (:func:`fit_drives`), in whatever regime they put the cells.
    n_drives : int | None
        Number of drives; None lets the data decide.
    max_drives : int
        The most drives that are proposed.
    sequence : sequence of (str, float) | None
        Location (``'proximal'`` or ``'distal'``) and about when (ms) of each drive, at least 10 ms apart, instead of a
        search for them; for example :attr:`FitResult.sequence` of a group's average. Number, sides and order are kept,
        so that a name such as ``evprox2`` means the same in every fit with this sequence; times, spreads and weights
        are fitted. Each drive keeps to its side of the middle between its time here and its neighbour's (2.5 ms short
        of it, so that two drives stay at least 5 ms apart), the outermost ones to the record; a drive that ends at
        such a border is named in the warnings.
    smooth_ms : float
        Hamming window on the simulated dipole, ms; 0 for none. It is part of what is fitted: drives are sought whose
        smoothed response is the target.
    prior : ColumnPrior | 'target' | None
        How many columns are expected to act together; ``'target'`` takes :meth:`ColumnPrior.for_target`.
    noise : float
        Noise of the target relative to its root mean square: what no column is expected to explain. The standard error
        counts instead if it is larger.
    standard_error : float | None
        Standard error of the target, A m; None takes the one in the target's provenance, if there is one.
    refine : int
        Simulations of the full column at most, each after the first with the sequence corrected by the one before.
    polish : int
        Evaluations of a further search on the full column, around the result, by `optimizer`.
    optimizer : str
        For `polish` and for ``drives='network'``; see :data:`~mne_hnn.fit.OPTIMIZERS`.
    max_evaluations : int
        Networks to try with ``drives='network'``.
    levels, n_trials, n_final, dt, seed, fresh_seed, n_jobs, executor, checkpoint, progress
        As in :func:`fit_drives`. Kernels are measured on the first level.

    Returns
    -------
    result : FitResult
        Network, scores with fresh seeds, intervals, all that was tried.

    Raises
    ------
    ParameterError
        A wrong argument; the sentence says which and what was expected.
    DataError
        The target cannot be fitted.
    SimulationError
        The column does not run.

    Notes
    -----
    A column in which no pyramidal cell fires explains a waveform by synaptic currents alone. It is the simplest
    explanation, and for moments of up to some 0.2 nA m per mm² of cortex a plausible one; it says nothing of firing
    rates. `drives` = ``'network'`` with published drives explores columns whose cells fire.
    """
    check_network(network)
    check_target(target)
    check_name(drives, ("propose", "network"), "choice of drives")
    check_non_negative(smooth_ms, "smooth_ms")
    check_int(refine, "refine", minimum=1)
    check_int(polish, "polish", minimum=0)
    check_int(max_drives, "max_drives", minimum=1)
    check_trials(n_trials, n_final, seed, fresh_seed)
    if n_drives is not None:
        check_int(n_drives, "n_drives", minimum=1)
    prior = chosen_prior(prior, target, network)
    if polish or drives == "network":
        choose_optimizer(optimizer)
    tstop = covering(target, dt)
    if smooth_ms > tstop:
        raise ParameterError(f"smooth_ms must not exceed the {tstop:g} ms that are simulated, got {smooth_ms:g} ms.")
    given = None if sequence is None else _given(sequence, tstop, drives, n_drives)
    standard_error = known_error(target, standard_error)
    relative = relative_noise(target, noise, standard_error)
    common: dict[str, Any] = {
        "optimizer": optimizer, "n_trials": n_trials, "n_final": n_final, "smooth_ms": smooth_ms, "dt": dt,
        "seed": seed, "fresh_seed": fresh_seed, "n_jobs": n_jobs, "executor": executor, "checkpoint": checkpoint,
        "progress": progress, "noise": noise, "standard_error": standard_error, "kind": "evoked",
    }  # fmt: skip
    if drives == "network":
        found = fit_drives(
            network, target, max_evaluations=max_evaluations, levels=levels, prior=prior, **common
        )  # fmt: skip
        return replace(found, settings={"drives": drives, **found.settings})
    bar = ProgressBar(BAR, mesg="Fitting") if progress is None else None
    tell = progress or (lambda _tried, _loss: None)
    if bar is not None:
        shown = bar

        def tell(tried: int, _loss: float) -> None:
            shown.update(min(tried, BAR - 1))

    evoked = evoked_only(network)
    bare = network.without_drives(*evoked) if evoked else network
    runs = Runs(tstop=tstop, dt=dt, n_trials=n_trials, seed=seed)
    evaluator = Evaluator(checkpoint=Checkpoint(checkpoint), n_jobs=n_jobs, executor=executor)
    fit = _EvokedFit(bare, target, prior, relative, smooth_ms, runs, evaluator, tell)
    result = fit.run(as_levels(levels, bare, n_trials), n_drives, max_drives, given, refine, n_final, fresh_seed)
    if bar is not None:
        bar.update(BAR)
    settings = {
        "drives": drives, "n_drives": n_drives, "max_drives": max_drives,
        "sequence": None if given is None else [list(one) for one in given], "smooth_ms": smooth_ms, "noise": relative,
        "standard_error": standard_error, "refine": refine, "polish": polish, "optimizer": optimizer,
        "levels": [[str(one), one.n_trials, one.share] for one in as_levels(levels, bare, n_trials)],
        "n_trials": n_trials, "n_final": n_final, "dt": dt, "seed": seed, "fresh_seed": fresh_seed,
        "tstop": runs.tstop, "objective": "r_squared", "gap_ms": GAP_MS, "spread_ms": SIGMA_MS,
        "columns_median": None if prior is None else prior.median,
        "columns_factor": None if prior is None else prior.factor,
    }  # fmt: skip
    result = replace(
        result, settings=settings, start_network=network,
        scores=replace(result.scores, ceiling=ceiling(target, standard_error)),
    )  # fmt: skip
    return polished(result, polish, prior, common) if polish else result


def _given(sequence: Any, tstop: float, drives: str, n_drives: int | None) -> Sequenced:
    """Return a sequence that is given, if nothing else says which drives there are."""
    if n_drives is not None:
        raise ParameterError("sequence says how many drives there are: leave n_drives out.")
    if drives == "network":
        raise ParameterError("sequence and drives='network' both say where the fit starts: leave one of them out.")
    return check_sequence(sequence, tstop)


class _EvokedFit:
    def __init__(
        self, network: Network, target: Dipole, prior: ColumnPrior | None, noise: float, smooth_ms: float, runs: Runs,
        evaluator: Evaluator, progress: Callable[[int, float], None],
    ) -> None:  # fmt: skip
        self.network, self.target, self.prior, self.smooth_ms = network, target, prior, smooth_ms
        self.runs, self.evaluator, self.progress = runs, evaluator, progress
        inside = target.times >= -0.5 / target.info["sfreq"]  # a file's first sample can lie at -1e-9 s
        self.wanted = np.asarray(target["agg"][inside])
        self.n_independent = n_independent(np.asarray(target.times[inside]), smooth_ms)
        mean_square = float(np.mean(self.wanted**2))
        self.variance = noise**2 * mean_square * len(self.wanted) / self.n_independent
        # the first sample that is compared is the target's, not the simulation's
        tmin = float(target.times[inside][0])
        self.objective = Waveform(target=target, smooth_ms=smooth_ms, prior=prior, noise=noise, tmin=tmin)
        self.evaluations: list[Evaluation] = []

    def tell(self) -> None:
        losses = [one.loss for one in self.evaluations if one.level == "full"]
        self.progress(len(self.evaluations), min(losses, default=float("inf")))

    def run(
        self, levels: Any, n_drives: int | None, max_drives: int, given: Sequenced | None, refine: int, n_final: int,
        fresh_seed: int,
    ) -> FitResult:  # fmt: skip
        column = linear_column(
            self.network, self.target, self.evaluator, replace(self.runs, n_trials=1), self.smooth_ms, levels
        )
        scale = {"variance": self.variance, "n_independent": self.n_independent}
        if given is None:
            best = propose(
                column, self.wanted, n_drives=n_drives, max_drives=max_drives, told=self._told, **scale
            )[0]  # fmt: skip
        else:
            best = refined(column, self.wanted, given, **scale)
            self._told(best)
        logger.info("%s drives: %s", "Proposed" if given is None else "Given", best)
        sequence = DriveVector(locations=best.locations, sizes=tuple(len(one) for one in best.weights))
        posterior = Posterior(
            column=column, sequence=sequence, wanted=self.wanted, variance=self.variance, prior=self.prior,
            within=None if given is None else windows(given, column.tstop),
        )  # fmt: skip
        x, agreement, correction = self._corrected(posterior, posterior.best(posterior.start(best)), refine)
        network = self.drives(sequence, x)
        simulation = final_simulation(self.evaluator, network, self.runs, n_final, fresh_seed)
        self.tell()
        return self._result(posterior, x, network, simulation, agreement, correction)

    def _told(self, candidate: Candidate) -> None:
        names = drive_names(candidate.locations)
        values = {f"drives.{name}.mu_ms": mu for name, mu in zip(names, candidate.mu_ms, strict=True)}
        values |= {f"drives.{name}.sigma_ms": one for name, one in zip(names, candidate.sigma_ms, strict=True)}
        left = candidate.misfit * self.variance
        loss = left / float(((self.wanted - self.wanted.mean()) ** 2).sum())
        self.evaluations.append(Evaluation(level="linear", values=values, loss=loss, r_squared=1 - loss))
        self.tell()

    def drives(self, sequence: DriveVector, x: FloatArray) -> Network:
        """Return the network with the drives of a vector."""
        mu, sigma, weights, _ = sequence.parts(x)
        network = self.network
        inputs = {place: [] for place in sequence.locations}  # type: dict[str, list[Any]]
        for one in inputs_of(network):
            if one.location in inputs:
                inputs[one.location].append(one)
        for k, (name, place) in enumerate(zip(drive_names(sequence.locations), sequence.locations, strict=True)):
            by_receptor: dict[str, dict[str, float]] = {"ampa": {}, "nmda": {}}
            for one, weight in zip(inputs[place], weights[k].tolist(), strict=True):
                by_receptor[one.receptor][one.cell_type] = weight
            cells = {cell for some in by_receptor.values() for cell in some}
            network = network.with_evoked_drive(
                name, mu_ms=float(mu[k]), sigma_ms=float(sigma[k]), location=place,
                weights_ampa=by_receptor["ampa"], weights_nmda=by_receptor["nmda"],
                synaptic_delays={cell: delay_ms(self.network, place, cell) for cell in sorted(cells)},
            )  # fmt: skip
        return network

    def _simulated(self, networks: list[Network]) -> list[dict[str, FloatArray] | None]:

        def extract(simulation: Simulation) -> dict[str, Any]:
            moment, _ = self.objective.pairs(simulation)
            return {"moment": moment, "fired": pyramidal_spikes(simulation)}

        return self.evaluator.records(networks, self.runs, "evoked" + self.objective.identity, extract)

    def _corrected(self, posterior: Posterior, x: FloatArray, refine: int) -> tuple[FloatArray, float, FloatArray]:
        """Simulate the column, correct the sum of kernels by what it gives instead, and fit again."""
        best: tuple[float, FloatArray, float, FloatArray] | None = None
        corrections = 0
        for _ in range(ROUNDS):
            stressed = x.copy()
            stressed[2 * posterior.sequence.n : -1] += np.log(STRESS)
            found, limit = self._simulated([self.drives(posterior.sequence, one) for one in (x, stressed)])
            if found is None or limit is None or found["fired"] or limit["fired"]:
                x = posterior.best(posterior.lower(x, LOWER))
                best = None  # costs before are those of other expectations
                corrections = 0
                continue
            moment, linear = found["moment"], posterior.moment(x)
            correction = moment - linear
            cost = float(np.sum(posterior.residual(x, correction) ** 2))
            self._note(posterior.sequence, x, moment)
            if best is None or cost < best[0]:
                agreement = float(np.corrcoef(moment, linear)[0, 1])
                best = (cost, x, agreement, correction)
            corrections += 1
            if corrections >= refine or cost > best[0]:
                break
            x = posterior.best(x, correction)
        if best is None:
            raise SimulationError(
                "The cells of this column fire, or fail, even with weak drives: an evoked fit below threshold cannot "
                "explain the target. Remove its other drives and biases, or use drives='network'."
            )
        return best[1], best[2], best[3]

    def _note(self, sequence: DriveVector, x: FloatArray, moment: FloatArray) -> None:
        scale = float(np.exp(x[-1]))
        r_squared = explained(scale * moment, self.wanted)
        self.evaluations.append(
            Evaluation(
                level="full", values=self._values(sequence, x), loss=1 - r_squared, scale=scale, r_squared=r_squared
            )
        )
        self.tell()

    def _values(self, sequence: DriveVector, x: FloatArray) -> dict[str, float]:
        return dict(zip(self._paths(sequence), natural(sequence, x).tolist(), strict=True))

    def _paths(self, sequence: DriveVector) -> list[str]:
        names = drive_names(sequence.locations)
        paths = [f"drives.{name}.mu_ms" for name in names] + [f"drives.{name}.sigma_ms" for name in names]
        for name, place in zip(names, sequence.locations, strict=True):
            paths += [
                f"drives.{name}.weights_{one.receptor}.{one.cell_type}"
                for one in inputs_of(self.network) if one.location == place
            ]  # fmt: skip
        return [*paths, "columns"]

    def _result(
        self,
        posterior: Posterior,
        x: FloatArray,
        network: Network,
        simulation: Simulation,
        agreement: float,
        correction: FloatArray,
    ) -> FitResult:
        scale = float(np.exp(x[-1]))
        target, smooth_ms = self.target, self.smooth_ms
        dipole = fitted_dipole(smoothed(simulation, smooth_ms).scale(scale), target)
        window = {"tmin": self.objective.tmin}
        full = [one for one in self.evaluations if one.level == "full"]
        values = self._values(posterior.sequence, x)
        chosen = next(one for one in full if one.values == values)
        scores = waveform_scores(dipole, target, window)
        estimates = self._estimates(posterior, x, values, correction)
        warnings = [*undetermined(estimates), *at_border(posterior, x)]
        if self.prior is not None and abs(self.prior.distance(scale)) > 2:
            warnings.append(
                f"{scale:.3g} columns are {'more' if scale > self.prior.median else 'fewer'} than the "
                f"{self.prior.median:.3g} (times or divided by {self.prior.factor:g}) expected from the size of the "
                "target."
            )
        warnings += firing(simulation)
        if agreement < 0.99:
            warnings.append(
                f"The full column agrees with the sum of its single responses only with r = {agreement:.3f}."
            )
        linear = [one for one in self.evaluations if one.level == "linear"]
        levels = (
            LevelReport(
                name="linear", evaluations=len(linear), loss=min(one.loss for one in linear), agreement=agreement
            ),
            LevelReport(name="full", evaluations=len(full), loss=chosen.loss),
        )
        return FitResult(
            kind="evoked", network=network, start_network=self.network, simulation=simulation, dipole=dipole,
            target=target, scale=scale,
            scores=Scores(
                loss=1 - scores["r_squared"], search_loss=chosen.loss, start_loss=full[0].loss,
                trial_r_squared=trial_r_squared(simulation, target, smooth_ms, scale, window), **scores,
            ),
            estimates=estimates, evaluations=tuple(self.evaluations), levels=levels,
            warnings=tuple(warnings),
        )  # fmt: skip

    def _estimates(
        self, posterior: Posterior, x: FloatArray, values: dict[str, float], correction: FloatArray
    ) -> tuple[Estimate, ...]:
        n = posterior.sequence.n
        misfit = float(np.sum(posterior.residual(x, correction)[: len(self.wanted)] ** 2))
        covariance = posterior.covariance(x, max(1.0, misfit / self.n_independent), correction)
        deviations = np.sqrt(np.diag(covariance))
        before = np.array(
            [posterior.column.tstop / np.sqrt(12)] * n + [np.log(SIGMA_FACTOR)] * n
            + [np.log(WEIGHT_FACTOR)] * sum(posterior.sequence.sizes)
            + [np.inf if self.prior is None else np.log(self.prior.factor)]
        )  # fmt: skip
        low, high = (natural(posterior.sequence, x + sign * Z90 * deviations) for sign in (-1, 1))
        return tuple(
            Estimate(path=path, value=value, low=float(low[k]), high=float(high[k]),
                     determined=bool(deviations[k] < DETERMINED * before[k]))
            for k, (path, value) in enumerate(values.items())
        )  # fmt: skip
