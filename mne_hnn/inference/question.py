"""What a posterior is asked of: an explanation, its response, and the likelihoods that follow."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._types import FloatArray
from .._units import MS
from ..dipole import Dipole
from ..errors import ParameterError
from ..fit import EvokedSettings, Explanation
from ..fit.amplitude import log_plausibility
from ..fit.circuit_vector import CircuitVector
from ..fit.evoked_task import EvokedTask, make_task
from ..fit.spiking_data import SpikingData
from ..fit.spiking_proposals import vector_of
from ..source.patch import Patch
from .sensor_likelihood import GRID_MS, Scene, SensorLikelihood, Sensors
from .settings import PosteriorSettings
from .waveform_likelihood import Columns, WaveformLikelihood, correlation, discrepancy_grid

__all__ = ["Likelihood", "Question"]

Likelihood = WaveformLikelihood | SensorLikelihood
USUAL_NAVE = 100
UNKNOWN_COLUMNS = 3.0
"""Factor by which the number of columns is uncertain where nothing is known of it."""
NODES, REACH = 161, 8.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """An explanation and its response.

    Parameters
    ----------
    explanation : Explanation
        Its regime and sequence are taken as given.
    sensors : Sensors | None
        The response; None takes the target of the fit.
    settings : PosteriorSettings
        How to draw.
    """

    explanation: Explanation
    sensors: Sensors | None
    settings: PosteriorSettings
    task: EvokedTask = field(init=False)
    data: SpikingData = field(init=False)
    scene: Scene | None = field(init=False)
    times_ms: FloatArray = field(init=False)
    columns: Columns = field(init=False)
    chance: FloatArray = field(init=False, repr=False)
    rms: float = field(init=False)

    def __post_init__(self) -> None:
        fit = self.explanation.fit
        if not isinstance(fit.settings, EvokedSettings) or fit.target is None:
            raise ParameterError("A posterior needs an explanation of fit_evoked, with its target and settings.")
        if self.sensors is not None and fit.target.provenance.get("unit", "A m") != "A m":
            raise ParameterError(
                "The target of the explanation has arbitrary units, so its field has no size: make it with "
                "estimate_target(..., forward=forward), or leave sensors out."
            )
        task = make_task(fit.start_network, fit.target, fit.settings)
        data = SpikingData.of(task)
        times = data.times
        scene = None
        if self.sensors is not None:
            scene = Scene(
                sensors=self.sensors,
                first=float(times[0]),
                last=float(times[-1]),
                n_independent=self._independent(task),
            )
            times_ms = scene.times_ms
        else:
            step = max(1, round(GRID_MS * MS / float(np.median(np.diff(times)))))
            times_ms = times[::step] / MS
        values = {"task": task, "data": data, "scene": scene, "times_ms": times_ms}
        for name, value in values.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "rms", float(np.sqrt(np.mean(self.wanted**2))))
        object.__setattr__(self, "columns", self._columns())
        object.__setattr__(self, "chance", self._chance())

    def _independent(self, task: EvokedTask) -> float:
        given = self.settings.n_independent
        return task.n_independent if given is None else given

    @property
    def n_independent(self) -> float:
        """Independent samples of the noise."""
        return self._independent(self.task)

    @property
    def firing(self) -> bool:
        """Whether the cells of the explanation fire."""
        return self.explanation.regime == "spiking"

    @property
    def wanted(self) -> FloatArray:
        """The target of the fit at the times that are compared, A m."""
        return np.interp(self.times_ms, self.data.times / MS, self.task.wanted)

    @property
    def outward(self) -> int:
        """1 if up is outward current in the target, -1 if its polarity rule turned it over."""
        return int(self.task.target.provenance.get("outward", 1))

    @property
    def nave(self) -> int:
        """Trials that were averaged in the response."""
        if self.settings.nave is not None:
            return self.settings.nave
        known = self.sensors.evoked.nave if self.sensors is not None else self.task.target.nave
        return int(known) if known and known > 1 else USUAL_NAVE

    @property
    def vector(self) -> CircuitVector:
        """What is free in the sequence of an explanation whose cells fire."""
        return vector_of(self.task, self.explanation.sequence, start={})

    def _columns(self) -> Columns:
        settings = self.task.settings
        if settings.columns is not None:
            return Columns(mean_log=float(np.log(settings.columns)), sd_log=0.0)
        if self.firing:
            vector = self.vector
            mean, sd = float(vector.mean[-1]), float(vector.sd[-1])
        elif self.task.prior is not None:
            mean, sd = float(np.log(self.task.prior.median)), float(np.log(self.task.prior.factor))
        else:
            mean, sd = float(np.log(self.explanation.columns)), float(np.log(UNKNOWN_COLUMNS))
        return self._held(mean, sd, self.task.target)

    def columns_in(self, area_mm2: float) -> Columns:
        """Return how many columns are expected if the patch has another area, mm²."""
        if not self.columns.sd_log or self.task.target.provenance.get("area_mm2") is None:
            return self.columns
        target = self.task.target
        other = Dipole(
            target.data,
            None,
            target.layers,
            provenance={"unit": target.provenance.get("unit", "A m"), "area_mm2": float(area_mm2)},
            sfreq=target.info["sfreq"],
            tmin=float(target.times[0]),
        )
        return self._held(self.columns.mean_log, self.columns.sd_log, other)

    def _held(self, mean: float, sd: float, target: Dipole) -> Columns:
        """Return the prior of the number of columns, and how well the patch of a target holds their cells."""
        # it changes slowly with their number: between some nodes it is interpolated
        logs = mean + sd * np.linspace(-REACH, REACH, NODES)
        prior = self.task.settings.circuit
        known = log_plausibility(np.exp(logs), self.task.network, target, prior, firing=self.firing)
        weights = np.maximum(np.asarray(known, dtype=float), -1e4)
        return Columns(mean_log=mean, sd_log=sd, log_weight=_Interpolated(logs, weights))

    def _chance(self) -> FloatArray:
        """Return the covariance of what chance leaves in the mean of the response's trials, over its mean square."""
        fit = self.explanation.fit
        trials = fit.simulation.dipoles
        if len(trials) < 2:
            return np.zeros((len(self.times_ms),) * 2)
        smooth_ms = self.task.settings.smooth_ms
        rows = [(one.copy().smooth(smooth_ms) if smooth_ms else one) for one in trials]
        each = fit.scale * np.array([self.at_times(one.times / MS, one["agg"]) for one in rows])
        return np.atleast_2d(np.cov(each.T)) / self.nave / self.rms**2

    def at_times(self, times_ms: FloatArray, moment: FloatArray) -> FloatArray:
        """Return a moment at the times that are compared."""
        return np.interp(self.times_ms, times_ms, moment)

    def likelihood(self, unknown: FloatArray | None = None, *, sign: int = 1) -> Likelihood:
        """Return the likelihood of the response.

        Parameters
        ----------
        unknown : array, shape (n_times, n_times) | None
            Covariance of what is not known of the model's mean response besides chance, over the mean square of the
            response.
        sign : int
            -1 turns the column over.
        """
        if self.scene is not None and self.sensors is not None:
            return self.at(self.scene, self.sensors.patch, unknown, sign=sign)
        variance = self._noise() ** 2
        n = len(self.times_ms)
        white = max(n / self.n_independent, 1.0)
        # and an offset, as no baseline is known better than to the noise of a sample
        return self.course(self.wanted, variance * (white * np.eye(n) + 1.0), unknown, sign=sign)

    def at(
        self,
        scene: Scene,
        patch: Patch,
        unknown: FloatArray | None = None,
        *,
        sign: int = 1,
        columns: Columns | None = None,
    ) -> SensorLikelihood:
        """Return the likelihood of the response at the sensors if a patch made it."""
        seen = scene.field_of(patch)
        reduced = scene.reduced(seen)
        course = self.course(reduced.moment, reduced.noise, unknown, sign=sign * self.outward, columns=columns)
        return SensorLikelihood(
            course=course,
            rest=reduced.rest,
            patch=patch,
            times_ms=self.times_ms,
            n_rows=scene.rank,
            residual=scene.residual(reduced, seen),
        )

    def course(
        self,
        wanted: FloatArray,
        noise: FloatArray,
        unknown: FloatArray | None,
        *,
        sign: int,
        columns: Columns | None = None,
    ) -> WaveformLikelihood:
        """Return the likelihood of a moment; what the model leaves is relative to its size."""
        rms = float(np.sqrt(np.mean(wanted**2)))
        expected = self.settings.discrepancy
        sizes, log_size = discrepancy_grid(
            rms, self.task.settings.circuit.discrepancy if expected is None else expected
        )
        own = self.chance if unknown is None else self.chance + unknown
        return WaveformLikelihood(
            times_ms=self.times_ms,
            wanted=wanted,
            noise=noise,
            columns=self.columns if columns is None else columns,
            own=rms**2 * own,
            smooth=correlation(self.times_ms, self.n_independent),
            sizes=sizes,
            log_size=log_size,
            sign=sign,
        )

    def _noise(self) -> float:
        """Return the standard deviation of the noise of a source waveform, A m."""
        settings = self.task.settings
        if self.settings.noise is not None:
            return self.settings.noise * self.rms
        if settings.standard_error is not None:
            return float(settings.standard_error)
        assert isinstance(settings.noise, float)
        return settings.noise * self.rms


class _Interpolated:
    """A function of logarithms that is known at some of them."""

    def __init__(self, logs: FloatArray, values: FloatArray) -> None:
        self.logs, self.values = logs, values

    def __call__(self, columns: FloatArray) -> FloatArray:
        return np.interp(np.log(columns), self.logs, self.values)
