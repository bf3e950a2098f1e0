"""A small fit: when the evoked drives arrive, and how many such columns act together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from mne.utils import ProgressBar
from numpy.typing import NDArray
from scipy.optimize import minimize

from .._checks import check_int, check_non_negative, check_positive
from .._units import MS
from ..compare import align
from ..dipole import Dipole
from ..errors import ParameterError, SimulationError
from ..network import EvokedDrive, Network
from ..simulate import Simulation, simulate

__all__ = ["Evaluation", "TimingFit", "fit_scale", "fit_timing"]

FloatArray = NDArray[np.float64]
FIRST_STEP = 0.3
"""Size of the search's first steps, as a fraction of the range."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One network that was tried.

    Attributes
    ----------
    mu_ms : dict of str to float
        Mean time of each evoked drive, ms.
    scale : float
        The factor with which it came closest to the target.
    r_squared : float
        Share of the target's variance around its mean that it explains; negative infinity if the simulation failed.
    """

    mu_ms: Mapping[str, float]
    scale: float
    r_squared: float


@dataclass(frozen=True, kw_only=True, eq=False)
class TimingFit:
    """The best drive times and scale, and all that were tried.

    Attributes
    ----------
    network : Network
        With the best drive times.
    simulation : Simulation
        Of that network; neither smoothed nor scaled.
    dipole : Dipole
        Its average, smoothed and scaled, to be laid over the target.
    scale : float
        The factor: the number of such columns that act together.
    r_squared : float
        Of `dipole`, in the window of the target.
    start_r_squared : float
        Of the network as it was given, with its own best scale.
    evaluations : tuple of Evaluation
        In the order they were tried.
    """

    network: Network
    simulation: Simulation
    dipole: Dipole
    scale: float
    r_squared: float
    start_r_squared: float
    evaluations: tuple[Evaluation, ...]


def fit_scale(dipole: Dipole, target: Dipole) -> tuple[float, float]:
    """Return the factor >= 0 that brings a dipole closest to a target (least squares), and R² with it.

    Parameters
    ----------
    dipole : Dipole
        Simulated, smoothed.
    target : Dipole
        The target.

    Returns
    -------
    scale : float
        The factor; 0 if any positive one makes things worse.
    r_squared : float
        1 - residual variance / variance of the target around its mean.
    """
    _, simulated, wanted = align(dipole, target)
    power = float(simulated @ simulated)
    scale = max(float(simulated @ wanted) / power, 0.0) if power > 0 else 0.0
    spread = float(((wanted - wanted.mean()) ** 2).sum())
    if spread == 0:
        raise ParameterError("The target is constant in the window that is fitted: nothing to explain.")
    return scale, 1.0 - float(((wanted - scale * simulated) ** 2).sum()) / spread


def covering(target: Dipole, dt: float) -> float:
    """Return how long to simulate for a target, ms: to its last time, in whole steps."""
    if target.times[-1] <= 0:
        raise ParameterError(
            f"The target ends at {target.times[-1]:g} s, not after the stimulus: there is nothing to simulate. Take a "
            "later window."
        )
    return dt * float(np.ceil(round(target.times[-1] / MS / dt, 6)))


def fitted_dipole(dipole: Dipole, target: Dipole) -> Dipole:
    """Return a dipole that says what it was fitted to: unit and direction are the target's."""
    provenance = target.provenance
    kept: dict[str, Any] = {
        name: provenance[name] for name in ("subject", "label", "unit", "outward", "polarity") if name in provenance
    }
    return Dipole(
        dipole.data,
        None,
        dipole.layers,
        comment="fitted simulation",
        nave=dipole.nave,
        provenance=kept,
        scale_applied=dipole.scale_applied,
        sfreq=dipole.info["sfreq"],
        tmin=float(dipole.times[0]),
    )


def smoothed(simulation: Simulation, smooth_ms: float) -> Dipole:
    """Return the average dipole of a simulation, smoothed as it is compared with a target; 0 ms: as it is."""
    dipole = simulation.dipole
    return dipole.smooth(smooth_ms) if smooth_ms else dipole


def fit_timing(
    network: Network,
    target: Dipole,
    *,
    n_trials: int = 2,
    smooth_ms: float = 20.0,
    range_ms: float = 15.0,
    max_evaluations: int = 30,
    tstop: float | None = None,
    dt: float = 0.025,
    seed: int | None = None,
    n_jobs: int = 1,
    progress: Callable[[int, float], None] | None = None,
) -> TimingFit:
    """Fit the times of a network's evoked drives and the scale of its dipole to a target.

    The scale has a closed form. Times start from the network's own, then from those moved together by the lag at which
    the first dipole matches best, and are refined by a Nelder-Mead search with the same random numbers for every
    network (https://doi.org/10.1093/comjnl/7.4.308). Weights stay as they are.

    Parameters
    ----------
    network : Network
        With evoked drives; others stay as they are. Without any, only the scale is fitted.
    target : Dipole
        The target, times from the stimulus on.
    n_trials : int
        Trials of every network that is tried.
    smooth_ms : float
        Hamming window on the simulated dipole, ms; 0 for none.
    range_ms : float
        How far a drive may move, ms.
    max_evaluations : int
        Networks to try at most.
    tstop : float | None
        Duration of a simulation, ms; None is the target's last time.
    dt : float
        Time step, ms.
    seed : int | None
        As in :func:`mne_hnn.simulate.simulate`.
    n_jobs : int
        Processes for the trials.
    progress : callable | None
        Called with the number of networks tried and the best R²; None shows a progress bar.

    Returns
    -------
    fit : TimingFit
        Best network, its dipole, and all evaluations.

    Raises
    ------
    ParameterError
        The target is not a Dipole, or has arbitrary times.
    SimulationError
        The network as it was given does not run.
    """
    if not isinstance(target, Dipole):
        raise ParameterError(f"target must be a Dipole, got {type(target).__name__}.")
    check_int(max_evaluations, "max_evaluations", minimum=1)
    check_positive(range_ms, "range_ms")
    check_non_negative(smooth_ms, "smooth_ms")
    search = _Search(
        network, target, range_ms, smooth_ms, max_evaluations, progress,
        {"tstop": covering(target, dt) if tstop is None else tstop, "n_trials": n_trials, "dt": dt,
         "seed": seed, "n_jobs": n_jobs, "verbose": "error"},
    )  # fmt: skip
    return search.run()


class _Search:
    """Tries networks, remembers all, keeps the best."""

    def __init__(
        self, network: Network, target: Dipole, range_ms: float, smooth_ms: float, budget: int,
        progress: Callable[[int, float], None] | None, settings: dict[str, object],
    ) -> None:  # fmt: skip
        self.network, self.target, self.range_ms, self.smooth_ms = network, target, range_ms, smooth_ms
        self.budget, self.settings = budget, settings
        self.drives = {name: drive for name, drive in network.drives.items() if isinstance(drive, EvokedDrive)}
        self.start = np.array([drive.mu_ms for drive in self.drives.values()])
        self.evaluations: list[Evaluation] = []
        self.best: tuple[float, Network, Simulation] | None = None
        self._report = progress
        self._bar = ProgressBar(budget, mesg="Fitting drive times") if progress is None else None

    def run(self) -> TimingFit:
        origin = np.zeros(len(self.start))
        first = self.loss(origin, may_fail=False)
        if len(origin) and self.budget > 1:
            lag = np.clip(np.full(len(origin), self._lag()), -self.range_ms, self.range_ms)
            begin = lag if np.any(lag) and self.loss(lag) < first else origin
            self._refine(begin)
        assert self.best is not None
        _, network, simulation = self.best
        dipole = smoothed(simulation, self.smooth_ms)
        scale, r_squared = fit_scale(dipole, self.target)
        dipole.scale(scale)
        return TimingFit(
            network=network, simulation=simulation, dipole=fitted_dipole(dipole, self.target), scale=scale,
            r_squared=r_squared, start_r_squared=self.evaluations[0].r_squared, evaluations=tuple(self.evaluations),
        )  # fmt: skip

    def _refine(self, begin: FloatArray) -> None:
        left = self.budget - len(self.evaluations)
        if left < 1:
            return
        step = FIRST_STEP * self.range_ms
        # towards the middle of the range, so that no corner of the simplex is cut off by a bound
        corners = begin + np.diag(np.where(begin > 0, -step, step))
        minimize(
            self.loss, begin, method="Nelder-Mead", bounds=[(-self.range_ms, self.range_ms)] * len(begin),
            options={"maxfev": left, "initial_simplex": np.vstack([begin, corners]), "xatol": 0.1, "fatol": 1e-4},
        )  # fmt: skip

    def _lag(self) -> float:
        """Return by how much all drives should move, ms: the lag at which the first dipole matches best."""
        assert self.best is not None
        dipole = smoothed(self.best[2], self.smooth_ms)
        scores = []
        lags = np.arange(-np.floor(self.range_ms), np.floor(self.range_ms) + 1)
        for lag in lags:
            moved = dipole.copy()
            moved.data = np.array([np.interp(dipole.times - lag * MS, dipole.times, row) for row in dipole.data])
            scores.append(fit_scale(moved, self.target)[1])
        return float(lags[int(np.argmax(scores))])

    def loss(self, moves: FloatArray, may_fail: bool = True) -> float:
        times = np.maximum(self.start + moves, 0.0)
        if len(self.evaluations) >= self.budget:
            return np.inf
        network = self.network
        for name, mu_ms in zip(self.drives, times, strict=True):
            network = network.with_drive_changes(name, mu_ms=float(mu_ms))
        scale, r_squared = 0.0, -np.inf
        try:
            simulation = simulate(network, **self.settings)
            scale, r_squared = fit_scale(smoothed(simulation, self.smooth_ms), self.target)
        except SimulationError:
            if not may_fail:
                raise
        self.evaluations.append(
            Evaluation(mu_ms=dict(zip(self.drives, times.tolist(), strict=True)), scale=scale, r_squared=r_squared)
        )
        if np.isfinite(r_squared) and (self.best is None or r_squared > self.best[0]):
            self.best = (r_squared, network, simulation)
        self._tell()
        return 1.0 - r_squared if np.isfinite(r_squared) else 1e6

    def _tell(self) -> None:
        if self._report is not None:
            self._report(len(self.evaluations), -np.inf if self.best is None else self.best[0])
        elif self._bar is not None:
            self._bar.update(len(self.evaluations))
