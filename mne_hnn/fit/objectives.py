"""What a fit makes small: one number per simulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from .._checks import check_finite, check_name, check_non_negative, check_positive
from .._code import code_text, value_text
from .._types import FloatArray
from .._units import NAM
from ..compare import align
from ..dipole import Dipole
from ..errors import MneHnnError, ParameterError
from ..simulate import Simulation
from .observation import ColumnPrior, check_target, n_independent, smoothed
from .rhythm_objectives import BandPower, Spectrum, TimeFrequency
from .score import Objective, Score

__all__ = [
    "MEASURES",
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
    "called",
    "flat_loss",
    "option_names",
]

MEASURES = ("r_squared", "nrmse", "rmse", "correlation")


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

    Examples
    --------
    >>> late = Waveform(target=target, smooth_ms=30.0, tmin=0.05, tmax=0.1)
    >>> bool(late.score(simulation).scale >= 0)
    True
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
        object.__setattr__(self, "target", check_target(self.target))
        check_name(self.measure, MEASURES, "measure")
        check_non_negative(self.smooth_ms, "smooth_ms")
        check_positive(self.noise, "noise")
        if self.scale is not None:
            check_positive(self.scale, "scale")
        if self.weights is not None and not callable(self.weights):
            raise ParameterError(
                f"weights must be a function of times in s that returns a weight >= 0 for each, got {self.weights!r}."
            )
        if not isinstance(self.layers, Mapping):
            raise ParameterError(f"layers must map layers to weights, such as {{'agg': 1.0}}, got {self.layers!r}.")
        for layer, weight in self.layers.items():
            check_name(layer, self.target.layers, "layer", where="of the target")
            check_non_negative(weight, f"weight of layer {layer!r}")
        for name in ("tmin", "tmax"):
            if getattr(self, name) is not None:
                check_finite(getattr(self, name), f"{name} (s)")
        if not sum(self.layers.values()):
            raise ParameterError("The weights of the layers are all zero: give at least one a positive weight.")

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        target = self.target
        weights = None if self.weights is None else np.asarray(self.weights(np.asarray(target.times)), dtype=float)
        return value_text(
            "waveform",
            target.data,
            target.times,
            target.layers,
            self.measure,
            self.smooth_ms,
            self.scale,
            self.prior,
            self.noise,
            self.tmin,
            self.tmax,
            weights,
            sorted(self.layers.items()),
        )

    def samples(self, simulation: Simulation) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """Return simulated and wanted moment at the target's times (A m), and the weight of each sample, per layer."""
        for layer in self.layers:
            check_name(layer, simulation.dipoles[0].layers, "layer", where="of the simulated dipole")
        dipole = smoothed(simulation, self.smooth_ms, self.layers)
        rows = []
        for layer, share in self.layers.items():
            times, simulated, wanted = align(dipole, self.target, layer=layer, tmin=self.tmin, tmax=self.tmax)
            weight = np.full(len(times), float(share))
            if self.weights is not None:
                given = np.asarray(self.weights(times), dtype=float)
                if given.shape != times.shape or not np.isfinite(given).all() or (given < 0).any() or not given.any():
                    raise ParameterError(
                        f"weights must return {len(times)} numbers >= 0, not all zero, got shape {given.shape}."
                    )
                weight *= given
            if weight.any():
                rows.append((simulated, wanted, weight))
        return rows

    def pairs(self, simulation: Simulation) -> tuple[FloatArray, FloatArray]:
        """Return simulated and wanted moment times the root of their weights, all layers after one another (A m)."""
        return _join(self.samples(simulation))

    def best_scale(self, simulated: FloatArray, wanted: FloatArray) -> float:
        """Return the factor on the simulated moment."""
        if self.scale is not None:
            return self.scale
        if self.prior is not None:
            times = np.asarray(self.target.times)
            start, stop = (
                (times[0] if self.tmin is None else self.tmin),
                (times[-1] if self.tmax is None else self.tmax),
            )
            independent = n_independent(times[(times >= start) & (times <= stop)], self.smooth_ms)
            return self.prior.best_scale(simulated, wanted, self.noise**2 * float(wanted @ wanted) / independent)
        power = float(simulated @ simulated)
        return max(float(simulated @ wanted) / power, 0.0) if power > 0 else 0.0

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        rows = self.samples(simulation)
        simulated, wanted = _join(rows)
        scale = self.best_scale(simulated, wanted)
        residual = scale * simulated - wanted
        spread = _product(rows, 1, 1)
        if spread <= 0:
            raise ParameterError("The target is constant where it counts: nothing to explain.")
        r_squared = 1.0 - float(residual @ residual) / spread
        if self.measure == "r_squared":
            loss = 1.0 - r_squared
        elif self.measure == "nrmse":
            loss = float(np.linalg.norm(residual) / np.linalg.norm(wanted))
        elif self.measure == "rmse":
            total = sum(float(weight.sum()) for _, _, weight in rows)
            loss = float(np.sqrt(residual @ residual / total)) / NAM
        else:
            size = np.sqrt(_product(rows, 0, 0) * spread)
            loss = 1.0 - float(_product(rows, 0, 1) / size) if size > 0 else 1.0
        return Score(loss=loss, scale=scale, r_squared=r_squared, residual=residual / np.linalg.norm(wanted))


def _join(rows: Sequence[tuple[FloatArray, FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    parts = [np.concatenate([row[k] * np.sqrt(row[2]) for row in rows]) for k in (0, 1)]
    return parts[0], parts[1]


def _product(rows: Sequence[tuple[FloatArray, FloatArray, FloatArray]], i: int, j: int) -> float:
    """Return the weighted sum of products around the weighted mean of each layer."""
    total = 0.0
    for row in rows:
        weight = row[2]
        first, second = (row[k] - np.average(row[k], weights=weight) for k in (i, j))
        total += float(np.sum(weight * first * second))
    return total


@dataclass(frozen=True, kw_only=True, eq=False)
class Custom:
    """A function of your own: given a :class:`~mne_hnn.simulate.Simulation`, it returns a number to make small.

    Attributes
    ----------
    function : callable
        For example ``lambda simulation: -simulation.spikes.rates()["L5_pyramidal"]``.

    Examples
    --------
    >>> quiet = Custom(function=lambda simulation: simulation.spikes.rates()["L5_pyramidal"])
    >>> quiet.score(simulation).loss == simulation.spikes.rates()["L5_pyramidal"]
    True
    """

    function: Callable[[Simulation], float]

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise ParameterError(f"Custom takes a function of a Simulation, got {self.function!r}.")

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ: the code of the function and the values it uses."""
        return value_text("custom", code_text(self.function))

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        try:
            value = self.function(simulation)
        except MneHnnError:
            raise
        except Exception as error:
            raise ParameterError(
                f"Objective {self.name!r} raised {type(error).__name__} for a simulation of the fit: {error}."
            ) from error
        try:
            return Score(loss=float(value))
        except (TypeError, ValueError):
            raise ParameterError(f"The objective {self.name!r} must return one number, got {value!r}.") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class Combined:
    """A weighted sum of objectives.

    Attributes
    ----------
    terms : sequence of (Objective, float)
        Objectives with their weights. Scale and R² are those of the first.

    Examples
    --------
    >>> quiet = Custom(function=lambda simulation: simulation.spikes.rates()["L5_pyramidal"])
    >>> both = Combined(terms=[(Waveform(target=target, tmax=0.1), 1.0), (quiet, 0.01)])
    >>> bool(both.score(simulation).loss > 0)
    True
    """

    terms: Sequence[tuple[Objective, float]]

    def __post_init__(self) -> None:
        if not self.terms:
            raise ParameterError("Combined needs at least one term.")
        if not all(isinstance(term, Sequence) and len(term) == 2 and hasattr(term[0], "score") for term in self.terms):
            raise ParameterError(
                "Combined takes pairs of an objective and its weight, such as [(Waveform(target=dipole), 1.0)], got "
                f"{self.terms!r}."
            )
        for _, weight in self.terms:
            check_non_negative(weight, "weight of a term")

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        return value_text("combined", [(objective.identity, weight) for objective, weight in self.terms])

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
    ready = hasattr(objective, "score") and hasattr(objective, "identity")
    if options and (ready or callable(objective)):
        raise ParameterError(
            f"{', '.join(map(repr, options))}: options belong to objectives given by name; give them to the objective "
            "itself."
        )
    if ready:
        made: Objective = objective
        return made
    if callable(objective):
        return Custom(function=objective)
    name = check_name(objective, OBJECTIVES, "objective")
    if target is None:
        raise ParameterError(f"Objective {name!r} compares with a target: give one.")
    kind = Waveform if name in MEASURES else TimeFrequency
    known = [declared.name for declared in fields(kind) if declared.init and declared.name not in ("target", "measure")]
    for option in options:
        check_name(option, known, "option", where=f"of objective {name!r}")
    if kind is TimeFrequency and "freqs" not in options:
        raise ParameterError("Objective 'time_frequency' needs freqs: the frequencies to compare, in Hz.")
    return OBJECTIVES[name](target, **options)


def option_names() -> tuple[str, ...]:
    """Return the options that objectives given by name have."""
    kinds = (Waveform, TimeFrequency)
    return tuple(
        declared.name
        for kind in kinds
        for declared in fields(kind)
        if declared.init and declared.name not in ("target", "measure")
    )


def called(objective: Any) -> str:
    """Return what to call an objective in messages."""
    if isinstance(objective, Waveform):
        return objective.measure
    return objective.name if isinstance(objective, Custom) else type(objective).__name__.lower()


def flat_loss(objective: Objective) -> float | None:
    """Return the loss of a dipole that has nothing of what is wanted, None if that is not known."""
    if isinstance(objective, Waveform):
        return 1.0 if objective.measure == "correlation" else None
    return objective.flat_loss() if isinstance(objective, (BandPower, Spectrum, TimeFrequency)) else None
