"""Fit from a state: choose what is free, see it converge, stop it, take what was found."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any

from .._checks import check_int, check_name
from .._value import replace
from ..dipole import Dipole
from ..errors import MneHnnError, ParameterError
from ..fit import (
    DriveSettings,
    EvokedSettings,
    Explanations,
    FitResult,
    Parameter,
    Score,
    Waveform,
    evoked_parameters,
    fit_drives,
    fit_evoked,
    rhythmic_parameters,
)
from ..fit.evoked_settings import REGIMES
from ..fit.observation import smoothed
from ..network import BurstyDrive, EvokedDrive, Network, PoissonDrive
from ..simulate import Simulation
from .pool import EndingPool
from .state import ExploreState

__all__ = ["OPTIMIZERS", "STATUS", "FitBest", "FitJob", "FitProgress", "free_parameters"]

OPTIMIZERS = ("cobyla", "cma")
"""What searches here: a few numbers from where they are, or many of them."""
STATUS = ("running", "done", "stopped", "failed")
_REGIMES = {"evoked": REGIMES, "spiking": ("spiking",), "silent": ("silent",)}
N_FINAL = 3
"""Trials of the final score: the session simulates the result anew."""


def free_parameters(state: ExploreState, drives: Iterable[str] | None = None) -> tuple[Parameter, ...]:
    """Return what can be free: times, spreads, rates and weights of the drives, with usual bounds.

    Parameters
    ----------
    state : ExploreState
        The state; bounds are around its values.
    drives : iterable of str | None
        Names of drives; None for all.

    Returns
    -------
    parameters : tuple of Parameter
        One per number; `path` names it, such as ``'drives.evprox1.mu_ms'``. Take those that are to be free.

    Examples
    --------
    >>> state = ExploreState(network=network)
    >>> "drives.evprox1.mu_ms" in [parameter.path for parameter in free_parameters(state, ["evprox1"])]
    True
    """
    network = state.network
    wanted = list(network.drives) if drives is None else list(drives)
    for name in wanted:
        check_name(name, network.drives, "drive")
    found: list[Parameter] = []
    for name in wanted:
        drive = network.drives[name]
        if isinstance(drive, EvokedDrive):
            found += evoked_parameters(network, drives=[name])
        elif isinstance(drive, BurstyDrive):
            found += rhythmic_parameters(network, drives=[name])
        elif isinstance(drive, PoissonDrive):
            found += _of_poisson(drive)
    return tuple(found)


def _of_poisson(drive: PoissonDrive) -> list[Parameter]:
    """Return rate and weights of a Poisson drive, by a factor of 5 up and down."""
    numbers = [] if not isinstance(drive.rate_Hz, float) else [("rate_Hz", drive.rate_Hz)]
    for receptor, weights in drive.weights.items():
        numbers += [(f"weights_{receptor}.{cell_type}", weight) for cell_type, weight in weights.items()]
    return [
        Parameter(path=f"drives.{drive.name}.{name}", low=value / 5, high=value * 5, scale="log")
        for name, value in numbers
        if value > 0
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class FitProgress:
    """How far a fit is: :attr:`FitJob.progress`.

    Attributes
    ----------
    status : str
        ``'running'``, ``'done'``, ``'stopped'`` or ``'failed'``.
    tried : int
        Networks that were tried.
    budget : int | None
        The most that will be tried; None where that is not known.
    best_loss : float
        Smallest 1 - R² so far; infinite before the first.
    losses : tuple of (int, float)
        Networks tried, and the smallest loss then: what a curve of convergence shows.
    seconds : float
        Time since the start, s.
    message : str
        Why it failed, in one sentence; empty else.
    """

    status: str
    tried: int
    budget: int | None
    best_loss: float
    losses: tuple[tuple[int, float], ...]
    seconds: float
    message: str = ""

    @property
    def r_squared(self) -> float | None:
        """R² of the best so far; None before the first."""
        return 1.0 - self.best_loss if self.best_loss < float("inf") else None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FitBest:
    """The best that a fit has tried so far: :attr:`FitJob.best`.

    Attributes
    ----------
    loss : float
        Its 1 - R².
    network : Network
        The column.
    dipole : Dipole
        Its dipole, smoothed, of all columns together, A m.
    columns : float
        How many they are.
    """

    loss: float
    network: Network
    dipole: Dipole
    columns: float


class _StopError(Exception):
    """The fit is to end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Watched(Waveform):
    """A distance from the target that tells each simulation with its score."""

    heard: Callable[[Simulation, Score], None] = field(default=lambda simulation, score: None)

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation, and tell it."""
        found = Waveform.score(self, simulation)
        if isinstance(simulation, Simulation):  # no stand-in, which is scored before the first
            self.heard(simulation, found)
        return found


class FitJob:
    """A fit in the background, which begins at once.

    Parameters
    ----------
    state : ExploreState
        Where it starts; with a target.
    parameters : sequence of Parameter | None
        What is free, of :func:`free_parameters`; None for times, spreads and weights of the evoked drives.
    budget : int
        Networks to try.
    optimizer : str
        ``'cobyla'`` for few parameters, ``'cma'`` (CMA-ES, extra ``fit``) for many.
    kind : str
        ``'drives'`` searches around the drives that there are, and finds out at the end how well the numbers are
        determined, by one more network for each. The others find number and sides of evoked drives, too, by
        :func:`~mne_hnn.fit.fit_evoked`, without regard to `parameters`, `budget` and `optimizer`: ``'spiking'`` with
        cells that fire, which takes minutes, ``'silent'`` with none that does, ``'evoked'`` compares both.
    on_progress : callable | None
        Called with a :class:`FitProgress` after each network that was tried, in the thread of the fit.
    on_end : callable | None
        Called with the last :class:`FitProgress` when it is done, was stopped, or failed.
    n_jobs : int | None
        Processes; None for one per core.

    Raises
    ------
    ParameterError
        There is no target, or an argument is wrong.

    Examples
    --------
    >>> time = Parameter(path="drives.evprox1.mu_ms", low=20.0, high=35.0)
    >>> job = FitJob(session.state, [time], n_jobs=1)
    >>> job.stop()  # otherwise it goes on until it is done
    >>> job.wait(60.0).status
    'stopped'
    """

    def __init__(
        self,
        state: ExploreState,
        parameters: Sequence[Parameter] | None = None,
        *,
        budget: int = 100,
        optimizer: str = "cobyla",
        kind: str = "drives",
        on_progress: Callable[[FitProgress], None] | None = None,
        on_end: Callable[[FitProgress], None] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        if state.target is None:
            raise ParameterError("A fit needs a target: open one, or click on the cortex.")
        check_name(optimizer, OPTIMIZERS, "optimizer")
        check_name(kind, ("drives", *_REGIMES), "kind of fit")
        self.state, self.kind = state, kind
        self.result: FitResult | None = None
        self.explanations: Explanations | None = None
        self._budget = check_int(budget, "budget", minimum=1)
        if kind == "drives":
            self._parameters = evoked_parameters(state.network) if parameters is None else tuple(parameters)
            if not self._parameters:
                raise ParameterError("Nothing is free: choose at least one parameter.")
        self._optimizer = optimizer
        self._listeners = on_progress, on_end
        self._pool = EndingPool(n_jobs or os.cpu_count() or 1)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._best: FitBest | None = None
        self._scores: dict[float, FitBest] = {}
        self._tried, self._status, self._message = 0, "running", ""
        self._losses: list[tuple[int, float]] = []
        self._begun = time.monotonic()
        self._ended: float | None = None
        self._thread = threading.Thread(target=self._run, name="mne_hnn-fit", daemon=True)
        self._thread.start()

    @property
    def progress(self) -> FitProgress:
        """How far it is."""
        with self._lock:
            return FitProgress(
                status=self._status,
                tried=self._tried,
                budget=self._budget if self.kind == "drives" else None,
                best_loss=self._losses[-1][1] if self._losses else float("inf"),
                losses=tuple(self._losses),
                seconds=(self._ended or time.monotonic()) - self._begun,
                message=self._message,
            )

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._status == "running"

    @property
    def best(self) -> FitBest | None:
        """The best that it has tried so far; None before it is done for one that looks for drives."""
        with self._lock:
            return self._best

    def found(self, index: int = 0) -> ExploreState | None:
        """Return the state with the best network so far; None before there is one.

        One that looks for drives has it only once it is done, with the number of columns of that explanation.

        Parameters
        ----------
        index : int
            Of which explanation, for a fit that looks for drives.
        """
        with self._lock:
            if self.explanations is not None:
                fit = self.explanations[index].fit
                columns = fit.scale if fit.scale > 0 else None
                return replace(self.state, network=fit.network, columns=columns)
            if self.result is not None:
                return replace(self.state, network=self.result.network)
            return None if self._best is None else replace(self.state, network=self._best.network)

    def stop(self) -> None:
        """End it; :meth:`found` has the best network that it tried."""
        self._stop.set()
        self._pool.end()

    def wait(self, timeout: float | None = None) -> FitProgress:
        """Wait for the end; return how far it is."""
        self._thread.join(timeout)
        return self.progress

    def pids(self) -> list[int]:
        """Return the process numbers of its workers that live now."""
        return self._pool.pids()

    def _run(self) -> None:
        status, message = "done", ""
        try:
            result = self._fit()
            with self._lock:
                self.result = result
                self._best = FitBest(
                    loss=1.0 - result.r_squared, network=result.network, dipole=result.dipole, columns=result.scale
                )
        except (_StopError, CancelledError):
            status = "stopped"
        except MneHnnError as error:
            status, message = "failed", str(error)
        except ImportError as error:
            status, message = "failed", str(error)
        except Exception as error:  # noqa: BLE001 - told, whatever it is
            status, message = "failed", f"The fit failed ({type(error).__name__}: {error})."
        if self._stop.is_set() and status == "failed":
            status, message = "stopped", ""
        self._pool.end()
        with self._lock:
            self._status, self._message, self._ended = status, message, time.monotonic()
        self._tell(1)

    def _fit(self) -> FitResult:
        state = self.state
        assert state.target is not None
        if self.kind != "drives":
            settings = EvokedSettings(smooth_ms=state.smooth_ms, columns=state.columns, regimes=_REGIMES[self.kind])
            found = fit_evoked(state.network, state.target, settings, executor=self._pool, progress=self._heard)
            best: FitResult = found.first.fit
            with self._lock:
                self.explanations = found
            return best
        objective = _Watched(target=state.target, smooth_ms=state.smooth_ms, scale=state.columns, heard=self._scored)
        seeds: dict[str, Any] = {} if state.seed is None else {"seed": state.seed, "fresh_seed": state.seed + 1}
        settings_ = DriveSettings(
            optimizer=self._optimizer,
            max_evaluations=self._budget,
            levels=None,
            n_trials=state.n_trials,
            n_final=max(N_FINAL, state.n_trials),
            tstop=state.tstop_ms,
            **seeds,
        )
        return fit_drives(
            state.network,
            state.target,
            self._parameters,
            settings_,
            objective=objective,
            executor=self._pool,
            progress=self._heard,
        )

    def _scored(self, simulation: Simulation, score: Score) -> None:
        """Remember what was scored until its loss is told: final trials and intervals never are."""
        if not score.loss < float("inf"):
            return
        dipole = smoothed(simulation, self.state.smooth_ms).scale(score.scale)
        with self._lock:
            self._scores[score.loss] = FitBest(
                loss=score.loss, network=simulation.network, dipole=dipole, columns=score.scale
            )

    def _heard(self, tried: int, loss: float) -> None:
        """Take note of how far the fit is; end it if it is to end."""
        if self._stop.is_set():
            raise _StopError
        with self._lock:
            self._tried = tried
            if loss < float("inf"):  # of the full column, none before
                self._losses.append((tried, float(loss)))
            found = self._scores.get(loss)
            if found is not None and (self._best is None or loss < self._best.loss):
                self._best = found
            self._scores = {}
        self._tell(0)

    def _tell(self, which: int) -> None:
        listener = self._listeners[which]
        if listener is not None:
            listener(self.progress)
