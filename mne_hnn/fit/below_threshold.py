"""Refine proposed drives on the full column, below the threshold of its cells.

Every proposal that counts is simulated, and the deviation of the column from the sum of its kernels corrects the target
of the next one (space mapping: Bandler et al. 1994, https://doi.org/10.1109/22.339794).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from mne.utils import logger

from .._types import FloatArray
from ..dipole import Dipole
from ..errors import SimulationError
from ..network import Network
from ..simulate import Simulation, SimulationSettings
from .doubts import column_doubts, misfit_doubts
from .evaluate import Evaluator
from .linear import delay_ms, inputs_of, linear_column
from .objectives import Waveform
from .observation import ColumnPrior, explained, fitted_dipole, n_independent, smoothed
from .posterior import WEIGHT_FACTOR, DriveVector, Posterior, at_border, natural
from .progress import Counter
from .result import Estimate, Evaluation, FitResult, LevelReport, Scores
from .scoring import (
    DETERMINED,
    Z90,
    final_simulation,
    firing,
    likeness,
    pyramidal_spikes,
    trial_r_squared,
    undetermined,
    waveform_scores,
)
from .sequence import SIGMA_FACTOR, Candidate, Sequenced, drive_names, propose, refined, windows

__all__ = ["EvokedFit"]

STRESS = 1.6
"""Weights must allow for this factor before a pyramidal cell fires: other random numbers must not make a difference."""
LOWER = 0.6
"""Factor by which all weights are lowered when cells fire."""
ROUNDS = 20


class EvokedFit:
    """Propose, simulate, correct, and conclude."""

    def __init__(
        self,
        network: Network,
        target: Dipole,
        prior: ColumnPrior | None,
        noise: float,
        smooth_ms: float,
        runs: SimulationSettings,
        evaluator: Evaluator,
        progress: Callable[[int, float], None],
        doubts: tuple[str, ...] = (),
    ) -> None:
        self.network, self.target, self.prior, self.smooth_ms = network, target, prior, smooth_ms
        self.runs, self.evaluator, self.progress, self.doubts = runs, evaluator, progress, doubts
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
        """Show how many networks were tried, and the best loss of the full column."""
        losses = [one.loss for one in self.evaluations if one.level == "full"]
        self.progress(len(self.evaluations), min(losses, default=float("inf")))

    def say(self, step: str) -> None:
        """Show what is done now."""
        if isinstance(self.progress, Counter):
            self.progress.say(step)

    def run(
        self,
        levels: Any,
        n_drives: int | None,
        max_drives: int,
        given: Sequenced | None,
        refine: int,
        n_final: int,
        fresh_seed: int,
    ) -> FitResult:
        """Return the fit, without its settings."""
        self.say("measuring the responses of the column to single inputs")
        column = linear_column(
            self.network, self.target, self.evaluator, replace(self.runs, n_trials=1), self.smooth_ms, levels
        )
        scale = {"variance": self.variance, "n_independent": self.n_independent}
        self.say("looking for the sequence of drives")
        if given is None:
            best = propose(column, self.wanted, n_drives=n_drives, max_drives=max_drives, told=self._told, **scale)[0]
        else:
            best = refined(column, self.wanted, given, **scale)
            self._told(best)
        logger.info("%s drives: %s", "Proposed" if given is None else "Given", best)
        sequence = DriveVector(locations=best.locations, sizes=tuple(len(one) for one in best.weights))
        posterior = Posterior(
            column=column,
            sequence=sequence,
            wanted=self.wanted,
            variance=self.variance,
            prior=self.prior,
            within=None if given is None else windows(given, column.tstop),
        )
        self.say("simulating the column")
        x, agreement, correction = self._corrected(posterior, posterior.best(posterior.start(best)), refine)
        network = self.drives(sequence, x)
        self.say("simulating fresh trials")
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
                name,
                mu_ms=float(mu[k]),
                sigma_ms=float(sigma[k]),
                location=place,
                weights_ampa=by_receptor["ampa"],
                weights_nmda=by_receptor["nmda"],
                synaptic_delays={cell: delay_ms(self.network, place, cell) for cell in sorted(cells)},
            )
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
                agreement = likeness(moment, linear)
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
                for one in inputs_of(self.network)
                if one.location == place
            ]
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
        warnings = [*self.doubts, *undetermined(estimates), *at_border(posterior, x)]
        if self.prior is not None and abs(self.prior.distance(scale)) > 2:
            warnings.append(
                f"{scale:.3g} columns are {'more' if scale > self.prior.median else 'fewer'} than the "
                f"{self.prior.median:.3g} (times or divided by {self.prior.factor:g}) expected from the size of the "
                "target."
            )
        warnings += column_doubts(scale, network, target)
        warnings += misfit_doubts(dipole, target, scores["r_squared"], window, chosen.r_squared)
        warnings += firing(simulation)
        if not agreement >= 0.99:
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
            kind="evoked",
            network=network,
            start_network=self.network,
            simulation=simulation,
            dipole=dipole,
            target=target,
            scale=scale,
            scores=Scores(
                loss=1 - scores["r_squared"],
                search_loss=chosen.loss,
                start_loss=full[0].loss,
                trial_r_squared=trial_r_squared(simulation, target, smooth_ms, scale, window),
                **scores,
            ),
            estimates=estimates,
            evaluations=tuple(self.evaluations),
            levels=levels,
            warnings=tuple(warnings),
        )

    def _estimates(
        self, posterior: Posterior, x: FloatArray, values: dict[str, float], correction: FloatArray
    ) -> tuple[Estimate, ...]:
        n = posterior.sequence.n
        misfit = float(np.sum(posterior.residual(x, correction)[: len(self.wanted)] ** 2))
        covariance = posterior.covariance(x, max(1.0, misfit / self.n_independent), correction)
        deviations = np.sqrt(np.diag(covariance))
        before = np.array(
            [posterior.column.tstop / np.sqrt(12)] * n
            + [np.log(SIGMA_FACTOR)] * n
            + [np.log(WEIGHT_FACTOR)] * sum(posterior.sequence.sizes)
            + [np.inf if self.prior is None else np.log(self.prior.factor)]
        )
        low, high = (natural(posterior.sequence, x + sign * Z90 * deviations) for sign in (-1, 1))
        return tuple(
            Estimate(
                path=path,
                value=value,
                low=float(low[k]),
                high=float(high[k]),
                determined=bool(deviations[k] < DETERMINED * before[k]),
            )
            for k, (path, value) in enumerate(values.items())
        )
