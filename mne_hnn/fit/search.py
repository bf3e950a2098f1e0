"""Fit any parameters of a network to any objective."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from mne.utils import logger

from .._checks import check_int, check_non_negative, check_positive
from .._types import FloatArray
from .._units import MS
from ..dipole import Dipole
from ..errors import ParameterError, SimulationError
from ..network import EvokedDrive, Network
from ..simulate import SimulationSettings
from ..simulate.precautions import warn_of_unheard_drives
from .checkpoint import Checkpoint
from .checks import (
    agreed_trials,
    check_names,
    check_network,
    check_running,
    check_share,
    check_start,
    check_trials,
    check_unused,
    chosen_prior,
)
from .conclude import Ending, conclude
from .doubts import announce, announced, target_doubts
from .evaluate import Evaluator
from .levels import Level, as_levels, on_level
from .objectives import MEASURES, Objective, Score, Waveform, as_objective, called
from .observation import ColumnPrior, check_target, covering
from .optimizers import FEW, BudgetSpent, choose_optimizer
from .parameters import Parameter, ParameterSpace, evoked_parameters
from .progress import Counter
from .rehearsal import check_smoothing, rehearse
from .result import Evaluation, FitResult, LevelReport
from .scoring import known_error, likeness, relative_noise
from .settings import DriveSettings, as_settings

__all__ = ["fit_drives"]


@announced
def fit_drives(
    network: Network,
    target: Dipole | None = None,
    parameters: Sequence[Parameter] | None = None,
    settings: DriveSettings | None = None,
    *,
    objective: Any = "r_squared",
    n_jobs: int = 1,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
    **options: Any,
) -> FitResult:
    """Fit parameters of a network, starting from the values it has.

    Every network is simulated with the same random numbers; the result is scored with others. A simulation that fails
    counts as the worst.

    Parameters
    ----------
    network : Network
        Where the search starts.
    target : Dipole | Target | None
        The target; None if `objective` needs none.
    parameters : Parameter | sequence of Parameter | None
        What may change, and how far; the network's own values, where the search starts, must lie within the bounds.
        None takes :func:`evoked_parameters`: times, spreads and weights of the evoked drives.
    settings : DriveSettings | None
        How to search; None takes the usual ones.
    objective : str | callable | Objective
        A name of :data:`~mne_hnn.fit.OBJECTIVES`, a function from a :class:`~mne_hnn.simulate.Simulation` to a number
        to make small, or an objective.
    n_jobs : int
        Processes. Not together with `executor`.
    executor : concurrent.futures.Executor | None
        Runs the simulations instead, for example Dask's.
    checkpoint : path-like | None
        Folder in which everything simulated is kept: the same call with the same folder goes on where it stopped, and
        ends with the same result.
    progress : callable | None
        Called with the number of networks tried and the best loss; None shows them, in a terminal on one line, else
        as lines of MNE's log every 10 s.
    **options
        Of the named objective, such as ``tmin``, ``tmax``, ``weights`` and ``layers`` of
        :class:`~mne_hnn.fit.Waveform`.

    Returns
    -------
    result : FitResult
        Network, scores with fresh seeds, intervals, all evaluations.

    Raises
    ------
    ParameterError
        A wrong argument; the sentence says which and what was expected. All that can be known before a simulation is
        refused before the first.
    DataError
        The target cannot be fitted.
    SimulationError
        The network as it was given does not run.

    Notes
    -----
    The warnings of the result are also Python warnings (:class:`~mne_hnn.errors.MneHnnWarning`) at the end, except
    for parameters that the data leave open.
    """
    check_network(network)
    given = as_settings(settings, DriveSettings)
    check_names(options)
    computing: dict[str, Any] = {"n_jobs": n_jobs, "executor": executor, "checkpoint": checkpoint, "progress": progress}
    return search_drives(network, target, parameters, objective=objective, **_flat(given), **computing, **options)


def _flat(settings: Any) -> dict[str, Any]:
    return {one.name: getattr(settings, one.name) for one in fields(settings)}


def search_drives(
    network: Network,
    target: Dipole | None = None,
    parameters: Sequence[Parameter] | None = None,
    *,
    objective: Any = "r_squared",
    optimizer: str = "auto",
    max_evaluations: int = 200,
    levels: Any = "auto",
    n_trials: int | None = None,
    n_final: int = 10,
    step: float = 0.2,
    smooth_ms: float = 20.0,
    scale: float | None = None,
    prior: ColumnPrior | str | None = "target",
    noise: float = 0.05,
    standard_error: float | None = None,
    tstop: float | None = None,
    dt: float = 0.025,
    seed: int = 1,
    fresh_seed: int = 2,
    intervals: bool = True,
    n_jobs: int = 1,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
    kind: str = "drives",
    **options: Any,
) -> FitResult:
    """Fit parameters of a network, with all choices one by one."""
    check_network(network)
    check_int(max_evaluations, "max_evaluations", minimum=1)
    check_share(step)
    n_trials = agreed_trials(levels, n_trials, usual=1)
    check_trials(n_trials, n_final, seed, fresh_seed)
    computing = check_running(n_jobs, executor, checkpoint, progress)
    given = {"smooth_ms": smooth_ms, "scale": scale, "prior": prior, "noise": check_positive(noise, "noise")}
    if target is not None:
        target = check_target(target)
        standard_error = known_error(target, standard_error)
        noise = relative_noise(target, noise, standard_error)
    elif standard_error is not None:
        raise ParameterError("standard_error is that of a target: leave it out where there is none.")
    goal, options = _goal(objective, target, given, noise, chosen_prior(prior, target, network), options)
    if tstop is None:
        if target is None:
            raise ParameterError("tstop must be given when there is no target: how long to simulate, in ms.")
        tstop = covering(target, dt)
    runs = SimulationSettings(tstop=tstop, dt=dt, seed=seed)
    space = ParameterSpace(evoked_parameters(network) if parameters is None else parameters, network)
    if target is not None:
        check_drives_within(network, target)
    row = choose_optimizer(optimizer, space.n_free)
    if row.name == "least_squares" and not isinstance(goal, Waveform):
        raise ParameterError(
            "Optimizer 'least_squares' needs a waveform objective, such as 'r_squared': use 'cma' or "
            "'differential_evolution'."
        )
    few = isinstance(levels, str) and levels == "auto" and space.n_free <= FEW
    wanted = as_levels(None if few else levels, network, n_trials)
    steps = wanted if max_evaluations >= 4 * len(wanted) else wanted[-1:]  # too few to compare levels
    if not isinstance(goal, Waveform):
        check_smoothing(check_non_negative(smooth_ms, "smooth_ms"), tstop, dt)
    rehearse(goal, network, tstop, dt)
    check_start(space)
    doubts = () if target is None else tuple(target_doubts(target, kind, noise))
    for text in doubts:
        announce(text)
    runs.warn_of_times()
    warn_of_unheard_drives(network, tstop)
    settings = {
        "objective": objective if isinstance(objective, str) else type(goal).__name__.lower(),
        "optimizer": row.name,
        "max_evaluations": max_evaluations,
        "n_trials": n_trials,
        "n_final": n_final,
        "step": step,
        "smooth_ms": smooth_ms,
        "scale": scale,
        "noise": noise,
        "standard_error": standard_error,
        "tstop": tstop,
        "dt": dt,
        "seed": seed,
        "fresh_seed": fresh_seed,
        "levels": [[str(one), one.n_trials, one.share] for one in steps],
        "parameters": [[one.path, one.low, one.high, one.scale, one.fixed] for one in space.parameters],
        **{name: value for name, value in options.items() if isinstance(value, (int, float, str))},
    }
    prior_used = getattr(goal, "prior", None)
    if prior_used is not None:
        settings |= {"columns_median": prior_used.median, "columns_factor": prior_used.factor}
    search = Search(
        space,
        goal,
        runs,
        steps,
        step,
        max_evaluations,
        Evaluator(checkpoint=Checkpoint(checkpoint), computing=computing),
        progress,
    )
    search.dropped = 0 if isinstance(levels, str) else len(wanted) - len(steps)
    best = search.run(row.run)
    end = Ending(
        kind=kind,
        target=target,
        start=network,
        settings=settings,
        n_final=n_final,
        fresh_seed=fresh_seed,
        intervals=intervals,
        doubts=doubts,
    )
    result = conclude(search, best, end)
    search.close()
    return result


def _goal(
    objective: Any,
    target: Dipole | None,
    given: dict[str, Any],
    noise: float,
    prior: ColumnPrior | None,
    options: dict[str, Any],
) -> tuple[Objective, dict[str, Any]]:
    """Return the objective, and its options; arguments that it does not read are refused."""
    if not (isinstance(objective, str) and objective in MEASURES):
        goal = as_objective(objective, target, **options)
        check_unused(goal, **given)
        return goal, options
    if given["scale"] is not None and isinstance(given["prior"], ColumnPrior):
        raise ParameterError("scale and prior both say how many columns there are: leave one of them out.")
    options = {**given, "noise": noise, "prior": prior, **options}
    return as_objective(objective, target, **options), options


def check_drives_within(network: Network, target: Dipole) -> None:
    """Refuse evoked drives that come after the target's end: nothing could tell of them."""
    end = target.times[-1] / MS
    for name, drive in network.drives.items():
        if isinstance(drive, EvokedDrive) and drive.mu_ms >= end:
            raise ParameterError(
                f"Drive {name!r} comes at {drive.mu_ms:g} ms, but the target ends at {end:g} ms: take a longer target, "
                f"or remove the drive with network.without_drives({name!r})."
            )


class Search:
    """The problem that optimizers see, at one level after the other."""

    def __init__(
        self,
        space: ParameterSpace,
        objective: Objective,
        runs: SimulationSettings,
        levels: tuple[Level, ...],
        step: float,
        budget: int,
        evaluator: Evaluator,
        progress: Callable[[int, float], None] | None,
    ) -> None:
        self.space, self.objective, self.runs, self.levels, self.step = space, objective, runs, levels, step
        self.evaluator, self.total = evaluator, budget
        assert runs.seed is not None
        self.seed = runs.seed
        self.start = space.start
        self.evaluations: list[Evaluation] = []
        self.reports: list[LevelReport] = []
        self.best: tuple[float, FloatArray] = (np.inf, space.start)
        self.level = levels[-1]
        self._left = budget
        self.dropped = 0
        """Levels that are left out, as there are too few evaluations for them."""
        self.flat: list[str] = []
        """Levels whose best network, or its likeness on the next, gives a flat dipole."""
        self._progress = progress or Counter("Fitting", budget)

    @property
    def budget(self) -> int:
        return self._left

    def run(self, optimize: Callable[[Any], None]) -> FloatArray:
        """Search all levels and return the best point of the last."""
        shares = np.array([level.share for level in self.levels])
        budgets = np.maximum(1, np.floor(self.total * shares / shares.sum()).astype(int))
        budgets[-1] = max(1, self.total - int(budgets[:-1].sum()))
        for number, (level, budget) in enumerate(zip(self.levels, budgets.tolist(), strict=True)):
            first = len(self.evaluations)
            coarse_best = self.best[1]
            self.level, self._left, self.best = level, budget, (np.inf, self.start)
            try:
                # the start counts at each level: the best of a coarse level may be worse here
                points = [self.space.start] if number == 0 else [coarse_best, self.space.start]
                losses = self.losses(np.array(points))
                if number == 0 and not np.isfinite(losses).any():
                    self._fail(level)
                self.start = points[int(np.argmin(losses))]
                if number:
                    self.reports[-1] = self._compared(self.reports[-1], coarse_best)
                    self.step = self.step / 2
                with python_warnings.catch_warnings():
                    python_warnings.simplefilter("ignore")  # optimizers warn of their own ends
                    optimize(self)
            except BudgetSpent:
                pass
            tried = self.evaluations[first:]
            self.reports.append(LevelReport(name=self.name(level), evaluations=len(tried), loss=self.best[0]))
        return self.best[1]

    def _fail(self, level: Level) -> None:
        """Say why the network that the fit starts with has no score."""
        transform, objective = on_level(self.space._network, self.objective, level)
        outcome = self.evaluator.simulate([transform(self.space.network(self.space.start))], self._runs())[0]
        sentence = "The network that the fit starts with cannot be scored"
        if isinstance(outcome, SimulationError):
            raise SimulationError(f"{sentence}: {outcome}")
        raise ParameterError(
            f"{sentence}: objective {called(self.objective)!r} gives {objective.score(outcome).loss} for it. Let it "
            "return a finite number, a large one where there is nothing to judge (such as 1e6 if no cell fires), or "
            "start from a network for which it does."
        )

    def name(self, level: Level) -> str:
        """Return the name of a level; the trials belong to it where two levels have the same mesh."""
        same = sum(str(one) == str(level) for one in self.levels) > 1
        return f"{level}, {level.n_trials} trials" if same else str(level)

    def _network(self, point: FloatArray, transform: Callable[[Network], Network]) -> Network | None:
        """Return the network of a point, None where the values do not fit together (a rise slower than the decay)."""
        try:
            return transform(self.space.network(point))
        except ParameterError as error:
            logger.info("A point makes no network and counts as the worst: %s", error)
            return None

    def _runs(self) -> SimulationSettings:
        return self.runs.with_trials(self.level.n_trials, self.seed)

    def _compared(self, report: LevelReport, point: FloatArray) -> LevelReport:
        """Add how well the level before agrees with the full column at its best point."""
        if not isinstance(self.objective, Waveform):
            return report
        before = self.levels[len(self.reports) - 1]
        one, two = (self.waveform(self.space.network(point), level) for level in (before, self.level))
        if one is None or two is None:
            return report
        agreement = likeness(one, two)
        if np.isnan(agreement):
            self.flat.append(report.name)
        if agreement < 0.9:
            logger.info(
                "The %s column agrees with the next level only with r = %.2f: the search goes on from the better of "
                "its best and the start.",
                report.name,
                agreement,
            )
        return replace(report, agreement=agreement)

    def waveform(self, network: Network, level: Level) -> FloatArray | None:
        """Return the smoothed moment of a network at the target's times, not scaled."""
        assert isinstance(self.objective, Waveform)
        waveform = self.objective
        transform, _ = on_level(network, waveform, level)
        runs = self.runs.with_trials(level.n_trials, self.seed)
        record = self.evaluator.records(
            [transform(network)], runs, "wave" + waveform.identity, lambda one: {"wave": waveform.pairs(one)[0]}
        )[0]
        return None if record is None else record["wave"]

    def losses(self, points: FloatArray) -> FloatArray:
        return np.array([score.loss for score in self._score(points)])

    def residuals(self, points: FloatArray) -> FloatArray:
        scores = self._score(points)
        sizes = [len(score.residual) for score in scores if len(score.residual)]
        worst = np.full(max(sizes, default=1), 10.0)
        return np.array([score.residual if len(score.residual) else worst for score in scores])

    def _score(self, points: FloatArray) -> list[Score]:
        if self._left <= 0:
            raise BudgetSpent
        kept = points[: self._left]
        values = [self.space.decode(point) for point in kept]
        scores = self.scored(kept)
        for point, value, score in zip(kept, values, scores, strict=True):
            self.evaluations.append(
                Evaluation(
                    level=self.name(self.level),
                    values={name: value[name] for name in self.space.names},
                    loss=score.loss,
                    scale=score.scale,
                    r_squared=score.r_squared,
                )
            )
            if score.loss < self.best[0]:
                self.best = (score.loss, np.array(point))
        self._left -= len(kept)
        self._tell()
        if len(kept) < len(points):
            raise BudgetSpent
        return scores

    def _tell(self) -> None:
        self._progress(len(self.evaluations), self.best[0])

    def say(self, step: str) -> None:
        """Show what is done after the search."""
        if isinstance(self._progress, Counter):
            self._progress.say(step)

    def close(self) -> None:
        """End what shows the progress."""
        if isinstance(self._progress, Counter):
            self._progress.close()

    def scored(self, points: FloatArray) -> list[Score]:
        """Return the scores of points of the cube, at the present level and outside of the budget."""
        transform, objective = on_level(self.space._network, self.objective, self.level)
        networks = [self._network(point, transform) for point in points]
        found = iter(self.evaluator.scores([one for one in networks if one is not None], self._runs(), objective))
        return [Score(loss=float("inf")) if one is None else next(found) for one in networks]
