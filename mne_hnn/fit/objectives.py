"""What a fit makes small: one number per simulation."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .._checks import check_finite, check_name, check_non_negative, check_positive
from ..compare import align
from ..dipole import Dipole
from ..errors import ParameterError
from ..simulate import Simulation
from . import spectra
from .observation import ColumnPrior, check_target, explained, smoothed

__all__ = [
    "OBJECTIVES",
    "BandPower",
    "Combined",
    "Custom",
    "Objective",
    "Score",
    "Spectrum",
    "TimeFrequency",
    "Waveform",
    "as_objective",
]

FloatArray = NDArray[np.float64]
MEASURES = ("r_squared", "nrmse", "rmse", "correlation")


@dataclass(frozen=True, kw_only=True, eq=False)
class Score:
    """What an objective says of a simulation.

    Attributes
    ----------
    loss : float
        Smaller is better; infinity if the simulation failed.
    scale : float
        Factor the dipole was multiplied with to compare it; NaN if the objective has none.
    r_squared : float
        Share of the target's variance that is explained; NaN without a target waveform.
    residual : array, shape (n_residuals,)
        Weighted differences whose mean square the loss grows with, for optimizers that use them; may be empty.
    """

    loss: float
    scale: float = float("nan")
    r_squared: float = float("nan")
    residual: FloatArray = field(default_factory=lambda: np.empty(0))


class Objective(Protocol):
    """What a fit makes small."""

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ; it names results in a checkpoint."""
        ...

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation of all trials."""
        ...


def _text(*parts: Any) -> str:
    """Return a short text that stands for values and arrays."""
    made = hashlib.sha256()
    for part in parts:
        made.update(np.ascontiguousarray(part).tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
        made.update(b"|")
    return made.hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class Waveform:
    """Distance between the average dipole and a target over time.

    Attributes
    ----------
    target : Dipole
        The target. Its layers besides ``agg`` are compared too if `layers` names them.
    measure : str
        ``'r_squared'``: 1 - R²; ``'nrmse'``: residual relative to the target's size; ``'rmse'``: in nA m;
        ``'correlation'``: 1 - r, blind to scale and offset.
    smooth_ms : float
        Hamming window on the simulated dipole, ms; 0 for none.
    scale : float | None
        Factor on the simulated dipole; None for the best one.
    prior : ColumnPrior | None
        Which scales are plausible, if `scale` is None.
    noise : float
        Noise of the target relative to its root mean square; it balances target and prior.
    tmin, tmax : float | None
        Window that counts, s.
    weights : callable | None
        Given times in s, returns the weight of each sample.
    layers : mapping of str to float
        Weight of each layer.
    """

    target: Dipole
    measure: str = "r_squared"
    smooth_ms: float = 20.0
    scale: float | None = None
    prior: ColumnPrior | None = None
    noise: float = 0.05
    tmin: float | None = None
    tmax: float | None = None
    weights: Callable[[FloatArray], Any] | None = None
    layers: Mapping[str, float] = field(default_factory=lambda: {"agg": 1.0})

    def __post_init__(self) -> None:
        check_target(self.target)
        check_name(self.measure, MEASURES, "measure")
        check_non_negative(self.smooth_ms, "smooth_ms")
        check_positive(self.noise, "noise")
        if self.scale is not None:
            check_positive(self.scale, "scale")
        for layer, weight in self.layers.items():
            check_name(layer, self.target.layers, "layer", where="of the target")
            check_non_negative(weight, f"weight of layer {layer!r}")
        if not sum(self.layers.values()):
            raise ParameterError("The weights of the layers are all zero: give at least one a positive weight.")

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        target = self.target
        weights = None if self.weights is None else np.asarray(self.weights(np.asarray(target.times)), dtype=float)
        return _text(
            "waveform", target.data, target.times, target.layers, self.measure, self.smooth_ms, self.scale, self.prior,
            self.noise, self.tmin, self.tmax, weights, sorted(self.layers.items()),
        )  # fmt: skip

    def pairs(self, simulation: Simulation) -> tuple[FloatArray, FloatArray]:
        """Return simulated and wanted moment at the target's times, weighted, all layers after one another (A m)."""
        dipole = smoothed(simulation, self.smooth_ms)
        rows = []
        for layer, share in self.layers.items():
            check_name(layer, dipole.layers, "layer", where="of the simulated dipole")
            times, simulated, wanted = align(dipole, self.target, layer=layer, tmin=self.tmin, tmax=self.tmax)
            weight = np.full(len(times), np.sqrt(share))
            if self.weights is not None:
                given = np.asarray(self.weights(times), dtype=float)
                if given.shape != times.shape or not np.isfinite(given).all() or (given < 0).any() or not given.any():
                    raise ParameterError(
                        f"weights must return {len(times)} numbers >= 0, not all zero, got shape {given.shape}."
                    )
                weight *= np.sqrt(given)
            rows.append((weight * simulated, weight * wanted))
        return np.concatenate([row[0] for row in rows]), np.concatenate([row[1] for row in rows])

    def best_scale(self, simulated: FloatArray, wanted: FloatArray) -> float:
        """Return the factor on the simulated moment."""
        if self.scale is not None:
            return self.scale
        if self.prior is not None:
            return self.prior.best_scale(simulated, wanted, self.noise**2 * float(wanted @ wanted))
        power = float(simulated @ simulated)
        return max(float(simulated @ wanted) / power, 0.0) if power > 0 else 0.0

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        simulated, wanted = self.pairs(simulation)
        scale = self.best_scale(simulated, wanted)
        residual = scale * simulated - wanted
        r_squared = explained(scale * simulated, wanted)
        if self.measure == "r_squared":
            loss = 1.0 - r_squared
        elif self.measure == "nrmse":
            loss = float(np.linalg.norm(residual) / np.linalg.norm(wanted))
        elif self.measure == "rmse":
            loss = float(np.sqrt(np.mean(residual**2))) * 1e9
        else:
            with np.errstate(invalid="ignore"):
                r = float(np.corrcoef(simulated, wanted)[0, 1])
            loss = 1.0 - r if np.isfinite(r) else 1.0
        return Score(loss=loss, scale=scale, r_squared=r_squared, residual=residual / np.linalg.norm(wanted))


@dataclass(frozen=True, kw_only=True, eq=False)
class BandPower:
    """Power of the single trials in frequency bands, relative to the rest of the spectrum and to one another.

    Attributes
    ----------
    bands : sequence of (float, float)
        Lower and upper frequency of each band, Hz.
    shares : sequence of float
        Wanted power of each band, relative to the others.
    measure : str
        ``'power'``: minus the weighted sum of the relative powers, to make the bands strong; ``'ratio'``: distance of
        the relative powers from the wanted shares, 0 if all power lies inside the bands at just these shares.
    fmin, fmax : float
        The frequencies that count as the whole, Hz.
    burn_in_ms : float
        What is left out at the start, ms.
    """

    bands: Sequence[tuple[float, float]]
    shares: Sequence[float]
    measure: str = "power"
    fmin: float = 2.0
    fmax: float = 50.0
    burn_in_ms: float = 50.0

    def __post_init__(self) -> None:
        check_name(self.measure, ("power", "ratio"), "measure")
        if not len(self.bands) or len(self.bands) != len(self.shares):
            raise ParameterError(f"Every band needs one share, got {len(self.bands)} bands, {len(self.shares)} shares.")
        for low, high in self.bands:
            if not self.fmin <= check_finite(low, "band") < check_finite(high, "band") <= self.fmax:
                raise ParameterError(
                    f"A band must rise and lie within {self.fmin:g} to {self.fmax:g} Hz, got {low:g} to {high:g} Hz."
                )
        for share in self.shares:
            check_positive(share, "share of a band")
        ordered = sorted(self.bands)
        if any(one[1] > two[0] for one, two in pairwise(ordered)):
            raise ParameterError(
                f"The bands must not overlap, got {', '.join(f'{a:g} to {b:g} Hz' for a, b in ordered)}."
            )

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        return _text(
            "bands", tuple(map(tuple, self.bands)), tuple(self.shares), self.measure, self.fmin, self.fmax,
            self.burn_in_ms,
        )  # fmt: skip

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        freqs, psd = spectra.power_spectrum(
            simulation.dipoles, fmin=self.fmin, fmax=self.fmax, burn_in_ms=self.burn_in_ms, method="welch"
        )
        if not psd.max() > 0:
            return Score(loss=1.0 if self.measure == "ratio" else 0.0)
        rule = spectra.band_power_loss if self.measure == "power" else spectra.band_ratio_loss
        return Score(loss=float(rule(freqs, psd, self.bands, self.shares)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    """Distance between the power spectrum of the trials and a target spectrum, in log10 units.

    Attributes
    ----------
    freqs : array, shape (n_freqs,)
        Frequencies of the target, Hz.
    power : array, shape (n_freqs,)
        Power spectral density of the target, in any unit unless `aperiodic` is ``'keep'`` (then A² m² / Hz).
    aperiodic : str
        ``'remove'`` compares what stands above the aperiodic line of each (Donoghue et al. 2020,
        https://doi.org/10.1038/s41593-020-00744-x); ``'scale'`` shapes, whatever their size; ``'keep'`` all.
    burn_in_ms : float
        What is left out at the start, ms.
    bandwidth : float | None
        Of the multitaper estimate, Hz: that of the target. None is the narrowest that the record allows.
    """

    freqs: Any
    power: Any
    aperiodic: str = "scale"
    burn_in_ms: float = 50.0
    bandwidth: float | None = None

    def __post_init__(self) -> None:
        check_name(self.aperiodic, ("remove", "scale", "keep"), "treatment of the aperiodic part")
        freqs, power = np.asarray(self.freqs, dtype=float), np.asarray(self.power, dtype=float)
        if freqs.ndim != 1 or freqs.shape != power.shape or len(freqs) < 4:
            raise ParameterError(
                f"freqs and power must be rows of equal length, at least 4, got {freqs.shape} and {power.shape}."
            )
        if not (np.isfinite(power).all() and (power > 0).all() and (np.diff(freqs) > 0).all() and freqs[0] > 0):
            raise ParameterError("The target spectrum needs rising frequencies above 0 Hz and finite powers above 0.")
        object.__setattr__(self, "freqs", freqs)
        object.__setattr__(self, "power", power)

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        return _text("spectrum", self.freqs, self.power, self.aperiodic, self.burn_in_ms, self.bandwidth)

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        freqs, psd = spectra.power_spectrum(
            simulation.dipoles, fmin=float(self.freqs[0]), fmax=float(self.freqs[-1]), burn_in_ms=self.burn_in_ms,
            bandwidth=self.bandwidth,
        )  # fmt: skip
        if not psd.min() > 0:
            return Score(loss=float("inf"))
        loss = spectra.spectrum_loss(freqs, psd, self.freqs, self.power, aperiodic=self.aperiodic)
        return Score(loss=float(loss))


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeFrequency:
    """Distance between the average time-frequency power of the trials and that of a target dipole.

    Attributes
    ----------
    target : Dipole | sequence of Dipole
        The target, or its trials.
    freqs : sequence of float
        Frequencies, Hz.
    burn_in_ms : float
        What is left out at the start, ms.
    """

    target: Dipole | Sequence[Dipole]
    freqs: Sequence[float]
    burn_in_ms: float = 0.0
    _wanted: tuple[FloatArray, FloatArray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        freqs = np.asarray(self.freqs, dtype=float)
        object.__setattr__(
            self, "_wanted", spectra.time_frequency_power(self.target, freqs, burn_in_ms=self.burn_in_ms)
        )

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        return _text("tfr", *self._wanted, tuple(self.freqs), self.burn_in_ms)

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        freqs = np.asarray(self.freqs, dtype=float)
        times, power = self._wanted
        loss = spectra.time_frequency_loss(simulation.dipoles, power, times, freqs, burn_in_ms=self.burn_in_ms)
        return Score(loss=float(loss))


@dataclass(frozen=True, kw_only=True, eq=False)
class Custom:
    """A function of your own: given a :class:`~mne_hnn.simulate.Simulation`, it returns a number to make small.

    Attributes
    ----------
    function : callable
        For example ``lambda simulation: -simulation.spikes.rates()["L5_pyramidal"]``.
    """

    function: Callable[[Simulation], float]

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ: the source of the function and the values it closes over."""
        function = self.function
        try:
            source = inspect.getsource(function)
        except (OSError, TypeError):
            source = repr(getattr(getattr(function, "__code__", None), "co_code", type(function).__qualname__))
        closed = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
        return _text("custom", source, *[value for value in closed if isinstance(value, (int, float, str, np.ndarray))])

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        value = self.function(simulation)
        try:
            return Score(loss=float(value))
        except (TypeError, ValueError):
            name = getattr(self.function, "__name__", "function")
            raise ParameterError(f"The objective {name!r} must return one number, got {value!r}.") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class Combined:
    """A weighted sum of objectives.

    Attributes
    ----------
    terms : sequence of (Objective, float)
        Objectives with their weights. Scale and R² are those of the first.
    """

    terms: Sequence[tuple[Objective, float]]

    def __post_init__(self) -> None:
        if not self.terms:
            raise ParameterError("Combined needs at least one term.")
        for _, weight in self.terms:
            check_non_negative(weight, "weight of a term")

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        return _text("combined", [(objective.identity, weight) for objective, weight in self.terms])

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        scores = [objective.score(simulation) for objective, _ in self.terms]
        loss = sum(weight * score.loss for score, (_, weight) in zip(scores, self.terms, strict=True))
        return Score(loss=float(loss), scale=scores[0].scale, r_squared=scores[0].r_squared)


def _waveform(measure: str) -> Callable[..., Objective]:
    def make(target: Dipole, **options: Any) -> Objective:
        return Waveform(target=target, measure=measure, **options)

    return make


def _time_frequency(target: Dipole, **options: Any) -> Objective:
    return TimeFrequency(target=target, **options)


#: Objectives that a target dipole defines, by name.
OBJECTIVES: Mapping[str, Callable[..., Objective]] = {
    **{measure: _waveform(measure) for measure in MEASURES},
    "time_frequency": _time_frequency,
}


def as_objective(objective: Any, target: Dipole | None, **options: Any) -> Objective:
    """Return an objective from a name, a function of one's own, or an objective.

    Parameters
    ----------
    objective : str | callable | Objective
        A name of :data:`OBJECTIVES`, a function from a simulation to a number, or an objective such as
        :class:`BandPower`.
    target : Dipole | None
        The target; named objectives need it.
    **options
        Of the named objective.

    Raises
    ------
    ParameterError
        The name is unknown, or there is no target for it.
    """
    if hasattr(objective, "score") and hasattr(objective, "identity"):
        made: Objective = objective
        return made
    if callable(objective):
        return Custom(function=objective)
    name = check_name(objective, OBJECTIVES, "objective")
    if target is None:
        raise ParameterError(f"Objective {name!r} compares with a target: give one.")
    return OBJECTIVES[name](target, **options)
