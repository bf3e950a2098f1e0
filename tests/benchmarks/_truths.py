"""Truths drawn from the prior of a posterior, and the responses that they would have given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mne_hnn import Dipole, Spikes
from mne_hnn.fit import (
    CircuitPrior,
    Evaluation,
    Evidence,
    EvokedSettings,
    Explanation,
    FitDetails,
    FitResult,
    Scores,
    coarse_network,
    spikes_per_cell,
)
from mne_hnn.fit.amplitude import log_plausibility
from mne_hnn.fit.bench import Bench
from mne_hnn.fit.checkpoint import Checkpoint
from mne_hnn.fit.circuit_vector import CircuitVector
from mne_hnn.fit.ensemble import seeds_for
from mne_hnn.fit.evaluate import Evaluator
from mne_hnn.fit.evoked_proposal import measure_kernels
from mne_hnn.fit.evoked_task import EvokedTask, make_task
from mne_hnn.fit.levels import Level
from mne_hnn.fit.observation import ColumnPrior, n_independent
from mne_hnn.fit.progress import Report
from mne_hnn.fit.sequence import drive_names
from mne_hnn.fit.spiking_data import SpikingData
from mne_hnn.inference.circuit_model import possible_times
from mne_hnn.inference.silent_model import SilentModel
from mne_hnn.inference.waveform_likelihood import correlation, discrepancy_grid
from mne_hnn.network import Network, jones_2009
from mne_hnn.simulate import Computing, Simulation, simulate

TSTOP_MS, SMOOTH_MS = 120.0, 20.0
TIMES_MS = np.arange(TSTOP_MS + 1)
NOISE = 0.05
"""Standard error of a response, relative to the root mean square of what the columns give."""
TRIALS = 60
PEAKS_nAm = {"silent": (3.0, 30.0), "spiking": (10.0, 100.0)}
"""The prior is one of columns per nA m, so that any peak is as good as another one."""
STATED = (("proximal", 30.0), ("distal", 70.0))
"""Sequence of the spiking truths: one for all, so that the networks to begin with are simulated once."""
CANDIDATES = 64
MOST_CANDIDATES = 2048


@dataclass(frozen=True, kw_only=True, eq=False)
class Planted:
    """A circuit that was drawn from the prior.

    Attributes
    ----------
    regime : str
        ``'silent'`` or ``'spiking'``.
    sequence : tuple of (str, float)
        As it is stated: true times vary around it.
    values : mapping of str to float
        What is true, by path, with ``'columns'``.
    clean : array, shape (n_times,)
        Moment of all columns at each ms, A m.
    peak_nAm : float
        Its largest value.
    trials : Simulation | None
        Trials, where cells fire.
    z : array, shape (n_free,) | None
        Drives as standard normal numbers, where cells fire.
    """

    regime: str
    sequence: tuple[tuple[str, float], ...]
    values: dict[str, float]
    clean: np.ndarray
    peak_nAm: float
    trials: Simulation | None = None
    z: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """Where truths are from.

    Attributes
    ----------
    folder : Path
        What was simulated is kept there.
    n_jobs : int
        Processes.
    """

    folder: Path
    n_jobs: int
    network: Network = field(init=False)
    task: EvokedTask = field(init=False)
    kept: Checkpoint = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kept", Checkpoint(self.folder / "kept"))
        object.__setattr__(self, "network", coarse_network(jones_2009(), (5, 5)))
        bump = 1e-8 * np.exp(-(((TIMES_MS - 50) / 15) ** 2))
        object.__setattr__(self, "task", make_task(self.network, dipole_of(bump), settings_of(1e-10)))

    def _bench(self) -> Iterator[Bench]:
        with Computing(n_jobs=self.n_jobs).ready() as ready, Report(None) as report:
            evaluator = Evaluator(checkpoint=self.kept, computing=ready)
            yield Bench(evaluator=evaluator, report=report)

    def silent(self, number: int, area_mm2: float | None = None) -> Planted:
        """Draw a column in which no cell fires."""
        rng = np.random.default_rng([number, 0])
        sequence = random_sequence(rng)
        column = next(measure_kernels(self.task, bench) for bench in self._bench()).sampled(TIMES_MS, TSTOP_MS)
        model = SilentModel(column=column, sequence=sequence, time_sd_ms=self.task.settings.circuit.time_sd_ms)
        while True:
            z = model.begin(256, rng)
            moments = model.predict(z).moments
            for k in range(len(z)):
                peak_nAm = float(np.exp(rng.uniform(*np.log(PEAKS_nAm["silent"]))))
                columns = peak_nAm / (np.abs(moments[k]).max() * 1e9)
                target = dipole_of(columns * moments[k], area_mm2)
                prior = ColumnPrior.for_target(target, self.network)
                assert prior is not None
                log = -0.5 * prior.distance(columns) ** 2
                log += log_plausibility(columns, self.network, target, CircuitPrior(), firing=False)
                if np.log(rng.random()) < log:
                    values = dict(zip(model.paths, model.natural(z[k : k + 1])[0].tolist(), strict=True))
                    return Planted(
                        regime="silent", sequence=sequence, values=values | {"columns": columns},
                        clean=columns * moments[k], peak_nAm=peak_nAm,
                    )  # fmt: skip

    def spiking(self, number: int) -> Planted:
        """Draw a column whose cells fire: from the prior of its drives, as plausible as its spikes and columns are."""
        rng = np.random.default_rng([number, 1])
        z = self._accepted(number)
        peak_nAm = float(np.exp(rng.uniform(*np.log(PEAKS_nAm["spiking"]))))
        vector = self._vector()
        trials = simulate(
            vector.driven(np.append(z, 0.0)), TSTOP_MS, n_trials=TRIALS, seed=int(rng.integers(10**6)),
            n_jobs=self.n_jobs, verbose="error",
        )  # fmt: skip
        smooth = trials.dipole.smooth(SMOOTH_MS)
        mean = np.interp(TIMES_MS, smooth.times * 1e3, smooth["agg"])
        columns = peak_nAm / (np.abs(mean).max() * 1e9)
        values = dict(zip(vector.paths[:-1], vector.natural(np.append(z, 0.0)[None])[0, :-1].tolist(), strict=True))
        return Planted(
            regime="spiking", sequence=STATED, values=values | {"columns": columns}, clean=columns * mean,
            peak_nAm=peak_nAm, trials=trials, z=z,
        )  # fmt: skip

    def _vector(self) -> CircuitVector:
        return CircuitVector(
            network=self.task.network, sequence=STATED, prior=CircuitPrior(), peak_nAm=1.0, tstop=TSTOP_MS
        )

    def _accepted(self, number: int) -> np.ndarray:
        """Return the candidate of this number among those that were taken."""
        vector, data, taken = self._vector(), SpikingData.of(self.task), 0
        rates, deviations = data.wanted[data.n_times :], data.deviations[data.n_times :]
        for batch in range(MOST_CANDIDATES // CANDIDATES):
            rng = np.random.default_rng([batch, 2])
            z = np.column_stack([rng.standard_normal((CANDIDATES, vector.n_free - 1)), np.zeros(CANDIDATES)])
            times = vector.natural(z)[:, [path.endswith("mu_ms") for path in vector.paths]]
            z = z[possible_times(times, TSTOP_MS)]
            seeds = seeds_for([batch, 3], len(z))
            level = Level(mesh_shape=None)
            for bench in self._bench():
                found = data.predict(vector, z, level=level, bench=bench, seed=seeds)
            per_column = np.abs(found.moment).max(axis=1) / vector.natural(found.z)[:, -1] * 1e9
            prior = CircuitPrior().columns_of(self.network)
            logs = -0.5 * (((found.log_rates - rates) / deviations) ** 2).sum(axis=1)
            logs -= 0.5 * ((np.log(1 / per_column) - prior.mean_log) / prior.sd_log) ** 2
            for k in np.flatnonzero(np.log(rng.random(len(logs))) < logs):
                if taken == number:
                    return np.asarray(found.z[k, :-1])
                taken += 1
        raise SystemExit(f"Only {taken} of {MOST_CANDIDATES} draws of the prior are plausible: take fewer truths.")


def settings_of(standard_error: float) -> EvokedSettings:
    """Return the settings of a fit that knows the noise of its target."""
    return EvokedSettings(smooth_ms=SMOOTH_MS, standard_error=standard_error, noise=1e-3, levels=None)


def dipole_of(moment: np.ndarray, area_mm2: float | None = None) -> Dipole:
    """Return a moment (A m) at each ms as a target."""
    provenance: dict[str, Any] = {"unit": "A m"} | ({} if area_mm2 is None else {"area_mm2": area_mm2})
    return Dipole(np.array(moment)[np.newaxis], TIMES_MS / 1e3, ("agg",), provenance=provenance)


def random_sequence(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """Return 2 or 3 drives at least 25 ms apart, each from a random side."""
    n = int(rng.integers(2, 4))
    while True:
        times = np.sort(rng.uniform(15.0, TSTOP_MS - 25.0, n))
        if np.diff(times).min() >= 25.0:
            return tuple((str(rng.choice(["proximal", "distal"])), float(mu)) for mu in times)


@dataclass(frozen=True, kw_only=True, eq=False)
class Response:
    """What a truth gives with what no model can know.

    Attributes
    ----------
    moment : array, shape (n_times,)
        With discrepancy and noise, A m.
    standard_error : float
        Of the noise, A m.
    discrepancy : float
        Size of the discrepancy over the root mean square of the response.
    """

    moment: np.ndarray
    standard_error: float
    discrepancy: float


def responded(planted: Planted, rng: np.random.Generator, *, noise: float = NOISE) -> Response:
    """Return a response: noise and discrepancy are drawn as the likelihood takes them."""
    clean, every = planted.clean, slice(None, None, 2)  # it compares every other ms
    independent = n_independent(TIMES_MS / 1e3, SMOOTH_MS)
    size = noise * _rms(clean[every])
    inflated = np.sqrt(len(clean[every]) / independent)
    made = clean + size * (inflated * rng.standard_normal(len(clean)) + rng.standard_normal())
    relative, logs = discrepancy_grid(1.0, CircuitPrior().discrepancy)
    chosen = int(rng.choice(len(relative), p=np.exp(logs)))
    smooth = correlation(TIMES_MS, independent) + 1e-9 * np.eye(len(TIMES_MS))
    course = np.linalg.cholesky(smooth) @ rng.standard_normal(len(TIMES_MS))
    moment = made
    for _ in range(50):  # it is relative to the response that it is part of
        moment = made + relative[chosen] * _rms(moment[every]) * course
    middles = np.log(relative[1:] * relative[:-1]) / 2
    low, high = np.append(np.log(relative[0]), middles), np.append(middles, np.log(relative[-1]))
    told = np.exp(low[chosen] + (high - low)[chosen] * rng.random())
    return Response(moment=moment, standard_error=size, discrepancy=float(told))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def explained(planted: Planted, world: World, target: Dipole, standard_error: float, off: float) -> Explanation:
    """Return the explanation that is stated: its times are not the true ones, its columns are off by a factor."""
    network = world.network
    for name, (place, mu) in zip(drive_names([place for place, _ in planted.sequence]), planted.sequence, strict=True):
        network = network.with_evoked_drive(
            name, mu_ms=mu, sigma_ms=4.0, location=place, weights_ampa={"L5_pyramidal": 1e-4}
        )
    simulation = _single(network, planted) if planted.trials is None else planted.trials
    columns = planted.values["columns"] * off
    fit = FitResult(
        kind="evoked",
        network=network,
        start_network=world.network,
        simulation=simulation,
        dipole=simulation.dipole.scale(columns),
        target=target,
        scale=columns,
        scores=Scores(loss=0.0, r_squared=float("nan")),
        estimates=(),
        evaluations=(Evaluation(level="full", values={}, loss=0.0),),
        settings=replace(settings_of(standard_error), n_final=TRIALS),
        details=FitDetails(objective="r_squared", tstop=TSTOP_MS),
    )
    return Explanation(
        regime=planted.regime,
        fit=fit,
        evidence=Evidence(value=0.0, error=0.0, parts={}),
        amplitude=None,
        spikes=spikes_per_cell(simulation),
    )


def _single(network: Network, planted: Planted) -> Simulation:
    """Return a trial of silent columns: all are alike."""
    dipole = Dipole(planted.clean[np.newaxis] / planted.values["columns"], TIMES_MS / 1e3, ("agg",))
    return Simulation(
        network=network,
        dipoles=(dipole,),
        spikes=Spikes.from_trials(
            [np.array([])], [np.array([], int)], gid_ranges=network.gid_ranges, tmin=0.0, tmax=TSTOP_MS / 1e3,
            trials=range(1),
        ),
        tstop=TSTOP_MS,
        dt=1.0,
        seed=0,
        baseline="measured",
        engine="kernel",
    )  # fmt: skip
