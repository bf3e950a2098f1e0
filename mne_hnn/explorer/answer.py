"""What a state gives when it is simulated: dipole, match with the target, spikes, cells, spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .._types import FloatArray
from .._units import MS, NAM
from ..compare import align
from ..dipole import Dipole
from ..errors import MneHnnError, ParameterError
from ..fit import Amplitude, CircuitPrior, SpikeCounts, count_amplitude, spikes_per_cell
from ..fit.observation import explained, fitted_dipole, nearest_scale, pyramidal_cells, smoothed
from ..simulate import Simulation
from ..spectra import power_spectrum
from .state import ExploreState

__all__ = ["KINDS", "Answer", "Rate"]

KINDS = ("coarse", "full")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """How much the cells of one type fire, beside what was measured in vivo.

    Attributes
    ----------
    cell_type : str
        Name.
    per_cell : float
        Spikes per cell and trial over the whole simulation.
    rate_Hz : float
        The same per second.
    band : tuple of float | None
        Spikes per cell that are expected, in 90 %; None if nobody knows.
    band_Hz : tuple of float | None
        The same per second.
    share_firing : float
        Share of the cells that fire at least once, 0 to 1.
    """

    cell_type: str
    per_cell: float
    rate_Hz: float
    band: tuple[float, float] | None
    band_Hz: tuple[float, float] | None
    share_firing: float

    @property
    def plausible(self) -> bool | None:
        """Whether the spikes lie in the band; None if there is none."""
        return None if self.band is None else self.band[0] <= self.per_cell <= self.band[1]


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """A simulation of a state, as it is compared with the target.

    Attributes
    ----------
    number : int
        Number of the change that it answers.
    kind : str
        ``'coarse'``: of fewer pyramidal cells, or in ``'search'`` precision; ``'full'``: of the full column, exact.
    state : ExploreState
        What was simulated.
    simulation : Simulation
        As it was run; of a coarse answer its network may have fewer cells.
    dipole : Dipole
        Average over trials, smoothed, of all columns together, A m; layers as in the simulation.
    columns : float
        Number of columns: the state's, or the one that brings the dipole closest to the target.
    r_squared : float | None
        Share of the target's variance that is explained; None without a target.
    how : str
        How it was simulated, in words.
    seconds : float
        Time from the change to the answer, s.
    warnings : tuple of str
        What was warned about.

    Examples
    --------
    >>> answer = session.answer
    >>> answer.kind, bool(answer.columns > 0), sorted(answer.moments_nAm)
    ('full', True, ['L2', 'L5', 'agg'])
    """

    number: int
    kind: str
    state: ExploreState
    simulation: Simulation
    dipole: Dipole
    columns: float
    r_squared: float | None
    how: str
    seconds: float = 0.0
    warnings: tuple[str, ...] = field(default=())

    @property
    def times_ms(self) -> FloatArray:
        """Times of the dipole, ms, shape (n_times,)."""
        return np.asarray(self.dipole.times / MS)

    @property
    def moments_nAm(self) -> dict[str, FloatArray]:
        """Dipole of all layers together (``'agg'``) and of each, nA m, shape (n_times,)."""
        return {layer: np.asarray(self.dipole[layer] / NAM) for layer in self.dipole.layers}

    @cached_property
    def spikes(self) -> SpikeCounts:
        """Spikes per cell of each type, and their course over time."""
        return spikes_per_cell(self.simulation)

    @property
    def firing(self) -> bool:
        """Whether any pyramidal cell fires."""
        pyramidal = [name for name, cell in self.simulation.network.cell_types.items() if cell.measures_dipole]
        return any(self.spikes[name].per_cell > 0 for name in pyramidal)

    def rates(self, prior: CircuitPrior | None = None) -> list[Rate]:
        """Return how much the cells of each type fire, beside the bands expected in vivo.

        Parameters
        ----------
        prior : CircuitPrior | None
            What is expected; None takes the usual one. It is of the first 100 ms of a response, and grows with time.
        """
        counts = self.spikes
        expected = (prior or CircuitPrior()).spikes_in(counts.window_ms)
        rows = []
        for name, count in counts.types.items():
            band = tuple(float(end) for end in expected[name].interval()) if name in expected else None
            by = 1.0 / (counts.window_ms * MS)
            rows.append(
                Rate(
                    cell_type=name,
                    per_cell=count.per_cell,
                    rate_Hz=count.per_cell * by,
                    band=None if band is None else (band[0], band[1]),
                    band_Hz=None if band is None else (band[0] * by, band[1] * by),
                    share_firing=count.share_firing,
                )
            )
        return rows

    def amplitude(self, prior: CircuitPrior | None = None) -> Amplitude | None:
        """Return how many columns, cells and mm² it takes; None if nothing can be counted.

        Without a target it is the simulated dipole whose largest moment counts.
        """
        return self._amplitude if prior is None else self._counted(prior)

    @cached_property
    def _amplitude(self) -> Amplitude | None:
        return self._counted(CircuitPrior())

    def _counted(self, prior: CircuitPrior) -> Amplitude | None:
        if not self.columns > 0:
            return None
        what = self.dipole if self.state.target is None else self.state.target
        try:
            target = _with_area(what, self.state.area_mm2)
            return count_amplitude(self.columns, self.state.network, target, prior, firing=self.firing)
        except MneHnnError:  # a dipole that is zero, or more cells than there are
            return None

    @cached_property
    def amplitude_sentence(self) -> str:
        """How many columns, cells and mm² it takes, or why that is not known, in words."""
        if not self.columns > 0:
            return "No positive number of columns brings the simulated dipole closer to the target."
        found = self._amplitude
        return "The number of cells cannot be counted." if found is None else f"{found.sentence()}."

    def spectrum(self, fmax: float = 100.0) -> tuple[FloatArray, FloatArray] | None:
        """Return frequencies (Hz) and power spectral density (A² m² / Hz) of the unsmoothed dipole of all columns.

        None where the simulation is too short for a spectrum.
        """
        try:
            freqs, power = power_spectrum(list(self.simulation.dipoles), fmax=fmax)
        except ParameterError:
            return None
        return freqs, power * self._factor**2

    @property
    def _factor(self) -> float:
        """What the dipole of the simulated column is multiplied by."""
        return self.columns * cells_ratio(self.state, self.simulation)

    @cached_property
    def compared(self) -> tuple[FloatArray, FloatArray, FloatArray] | None:
        """Times (s), simulated and target moment (A m) where both are known; None without a target."""
        return None if self.state.target is None else align(self.dipole, self.state.target)

    def drive_histogram(self, bin_ms: float = 5.0) -> tuple[FloatArray, Mapping[str, FloatArray]]:
        """Return edges of bins (ms), and the spikes of each drive per trial in them."""
        spikes, n_trials = self.simulation.spikes, self.simulation.n_trials
        n_bins = max(1, round(self.simulation.tstop / bin_ms))
        edges = np.linspace(0.0, self.simulation.tstop, n_bins + 1)
        counts = {
            name: np.histogram(spikes.select(cell_types=name).time / MS, edges)[0] / n_trials
            for name in self.state.network.drives
        }
        return edges, counts


def cells_ratio(state: ExploreState, simulation: Simulation) -> float:
    """Return how many pyramidal cells the column of a state has for each one that was simulated."""
    simulated = pyramidal_cells(simulation.network)
    return pyramidal_cells(state.network) / simulated if simulated else 1.0


def answered(state: ExploreState, simulation: Simulation, **facts: object) -> Answer:
    """Return the answer of a simulation: smoothed, scaled, compared with the target.

    Parameters
    ----------
    state : ExploreState
        What was simulated.
    simulation : Simulation
        The full column, or a coarser one.
    **facts
        Other fields of :class:`Answer`.
    """
    dipole = smoothed(simulation, state.smooth_ms).scale(cells_ratio(state, simulation))
    columns, r_squared = 1.0 if state.columns is None else state.columns, None
    target = state.target
    if target is not None:
        if state.columns is None:
            columns, r_squared = nearest_scale(dipole, target)
        else:
            _, moment, wanted = align(dipole, target)
            r_squared = explained(columns * moment, wanted)
    dipole = dipole.scale(columns)
    if target is not None:
        dipole = fitted_dipole(dipole, target)
    return Answer(
        state=state,
        simulation=simulation,
        dipole=dipole,
        columns=columns,
        r_squared=r_squared,
        **facts,  # type: ignore[arg-type]
    )


def _with_area(dipole: Dipole, area_mm2: float | None) -> Dipole:
    """Return a dipole whose patch has an area."""
    if dipole.provenance.get("area_mm2") == area_mm2:
        return dipole
    provenance = {name: value for name, value in dipole.provenance.items() if name != "area_mm2"}
    return Dipole(
        dipole.data,
        None,
        dipole.layers,
        provenance=provenance if area_mm2 is None else {**provenance, "area_mm2": area_mm2},
        sfreq=dipole.info["sfreq"],
        tmin=float(dipole.times[0]),
    )
