"""The column below the threshold of its cells, where responses to inputs add up.

One short simulation per kind of input gives its kernel; any sequence of evoked drives is then a sum of shifted and
blurred kernels, thousands of which are evaluated in the time of one simulation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .._types import FloatArray
from .._units import MS
from ..dipole import Dipole
from ..errors import ParameterError, SimulationError
from ..network import EvokedDrive, Network
from ..simulate import Simulation, SimulationSettings
from .evaluate import Evaluator
from .levels import Level, multiplied, on_level
from .objectives import Custom
from .observation import pyramidal_cells

__all__ = ["Input", "LinearColumn", "delay_ms", "evoked_only", "inputs_of", "linear_column"]

STEP_MS = 0.5
"""Sampling of the kernels."""
ONSET_MS = 60.0
"""When the input of a kernel arrives: after the start transient of the cells."""
LONGEST_MS = 200.0
WEIGHT_uS = 5e-5
"""Weight at which kernels are measured, far below threshold."""
LOCATIONS = ("proximal", "distal")
KEPT = 512
"""Drives whose responses a column keeps: some 10 MB."""


@dataclass(frozen=True, kw_only=True, order=True)
class Input:
    """One kind of input: where it arrives, on which cells, by which receptor."""

    location: str
    receptor: str
    cell_type: str


def inputs_of(network: Network) -> tuple[Input, ...]:
    """Return the inputs that give a dipole: excitatory ones onto the cells that measure one."""

    def found() -> Iterator[Input]:
        for location in LOCATIONS:
            for receptor in ("ampa", "nmda"):
                for name, template in network.cell_types.items():
                    sections = template.sections_at(location) if location in template.locations else ()
                    has = sections and all(receptor in template.sections[section].receptors for section in sections)
                    if template.measures_dipole and has:
                        yield Input(location=location, receptor=receptor, cell_type=name)

    inputs = tuple(found())
    if not inputs:
        raise ParameterError(
            "The network has no cells with a dipole and AMPA or NMDA receptors at 'proximal' or 'distal': an evoked "
            "fit cannot propose drives for it. Add drives yourself and use fit_drives."
        )
    return inputs


def delay_ms(network: Network, location: str, cell_type: str) -> float:
    """Return the delay of drives, ms: proximal input reaches layer 5 later (Jones et al. 2009)."""
    late = location == "proximal" and network.cell_types[cell_type].layer == "L5"
    return 1.0 if late else 0.1


class LinearColumn:
    """Sums of kernels, sampled and smoothed like a simulation that is compared with a target.

    Parameters
    ----------
    kernels : dict of Input to array, shape (n_lags,)
        Moment of the column per uS of weight, A m / uS; sampled every 0.5 ms from the arrival of the input on.
    background : array, shape (n_samples,)
        Moment without evoked drives, every 0.5 ms from 0 on.
    times_ms : array, shape (n_times,)
        Times of the target, within the simulation.
    tstop, smooth_ms : float
        Duration and smoothing of the simulation, ms.
    """

    def __init__(
        self,
        kernels: dict[Input, FloatArray],
        background: FloatArray,
        times_ms: FloatArray,
        tstop: float,
        smooth_ms: float,
    ) -> None:
        self.inputs = tuple(kernels)
        self._given = kernels, background, smooth_ms
        self.times_ms, self.tstop = times_ms, tstop
        # a search changes one drive at a time, and asks for all
        self._known: dict[tuple[str, float, float], FloatArray] = {}
        self._grid = np.arange(0.0, tstop + STEP_MS, STEP_MS)
        n = len(self._grid)
        pad = len(next(iter(kernels.values())))
        # lags from far before the arrival, where the kernel is zero, so that blurring it is simple
        self._lags = STEP_MS * np.arange(-n, pad)
        self._kernels = {
            location: np.array([np.pad(row, (n, 0)) for kind, row in kernels.items() if kind.location == location])
            for location in LOCATIONS
        }
        # smoothing and taking samples is one matrix; edges are weighed like Dipole.smooth does
        width = max(1, round(smooth_ms / STEP_MS)) if smooth_ms else 1
        window = np.hamming(width) if width > 1 else np.ones(1)
        smoother = np.array([np.convolve(row, window, "same") for row in np.eye(n)]).T
        smoother /= smoother.sum(axis=1, keepdims=True)
        place = np.clip(times_ms / STEP_MS, 0, n - 1)
        low = np.minimum(place.astype(int), n - 2)
        part = (place - low)[:, None]
        self._observe = (1 - part) * smoother[low] + part * smoother[low + 1]
        self.background = self._observe @ np.interp(self._grid, STEP_MS * np.arange(len(background)), background)

    @property
    def measured(self) -> tuple[dict[Input, FloatArray], FloatArray, float]:
        """Kernels, moment without drives, and smoothing window (ms), as they were given."""
        return self._given

    def sampled(self, times_ms: FloatArray, tstop: float) -> LinearColumn:
        """Return the same column at other times (ms), in a simulation of another duration (ms)."""
        kernels, background, smooth_ms = self._given
        return LinearColumn(kernels, background, np.asarray(times_ms, dtype=float), tstop, smooth_ms)

    def of(self, location: str) -> tuple[Input, ...]:
        """Return the inputs at a location."""
        return tuple(kind for kind in self.inputs if kind.location == location)

    def basis(self, location: str, mu_ms: float, sigma_ms: float) -> FloatArray:
        """Return what a drive gives per uS of weight of each of its inputs, shape (n_times, n_inputs), A m / uS."""
        drive = (location, mu_ms, sigma_ms)
        found = self._known.pop(drive, None)
        if found is None:
            found = self.response(*drive)
            found.setflags(write=False)  # all who ask for this drive get the same array
            if len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
        self._known[drive] = found  # last: the one that was not asked for the longest goes first
        return found

    def response(self, location: str, mu_ms: float, sigma_ms: float) -> FloatArray:
        """Return the same as :meth:`basis`, and do not keep it."""
        blurred = gaussian_filter1d(self._kernels[location], sigma_ms / STEP_MS, axis=1, mode="constant")
        moved = np.array([np.interp(self._grid - mu_ms, self._lags, row) for row in blurred])
        return np.asarray(self._observe @ moved.T)


def linear_column(
    network: Network,
    target: Dipole,
    evaluator: Evaluator,
    runs: SimulationSettings,
    *,
    smooth_ms: float,
    levels: tuple[Level, ...],
) -> LinearColumn:
    """Measure the kernels of a network.

    Parameters
    ----------
    network : Network
        Without evoked drives; other drives and biases make the background.
    target : Dipole
        Whose times are sampled.
    evaluator : Evaluator
        Simulates; on the coarse mesh if there is one, as below threshold cells do not talk to one another.
    runs : SimulationSettings
        Duration, step and seed.
    smooth_ms : float
        Hamming window, ms.
    levels : tuple of Level
        Levels of the fit.

    Raises
    ------
    SimulationError
        The network does not run.
    """
    level = levels[0] if len(levels) > 1 else Level(mesh_shape=None)
    inputs = inputs_of(network)
    # other drives would add their own response to each kernel
    cells = network.without_drives(*network.drives).without_biases(*network.biases)
    networks = [_with_input(cells, kind) for kind in inputs]
    transform, _ = on_level(network, Custom(function=lambda _: 0.0), level)
    length = min(runs.tstop, LONGEST_MS)
    single = replace(runs, tstop=runs.dt * round((ONSET_MS + length) / runs.dt), n_trials=1)
    factor = pyramidal_cells(network) / pyramidal_cells(transform(networks[0]))
    rows = _moments(evaluator, [transform(driven) for driven in networks], single, factor)
    first = round(ONSET_MS / STEP_MS)
    kernels = {kind: row[first:] / WEIGHT_uS for kind, row in zip(inputs, rows, strict=True)}
    background = np.zeros(2)
    if network.drives or network.biases:
        background = _moments(evaluator, [network], runs, 1.0)[0]
    times = np.asarray(target.times) / MS
    return LinearColumn(
        kernels, background, np.maximum(times[times >= -0.5e3 / target.info["sfreq"]], 0.0), runs.tstop, smooth_ms
    )


def _with_input(cells: Network, kind: Input) -> Network:
    weights: dict[str, Any] = {f"weights_{kind.receptor}": {kind.cell_type: WEIGHT_uS}}
    return cells.with_evoked_drive(
        "input",
        mu_ms=ONSET_MS,
        sigma_ms=0.0,
        location=kind.location,
        synaptic_delays={kind.cell_type: delay_ms(cells, kind.location, kind.cell_type)},
        **weights,
    )


def _moments(
    evaluator: Evaluator, networks: list[Network], runs: SimulationSettings, factor: float
) -> list[FloatArray]:
    wanted = np.arange(0.0, runs.tstop + 1e-9, STEP_MS) * MS

    def extract(simulation: Simulation) -> dict[str, Any]:
        dipole = multiplied(simulation, factor).dipole
        return {"moment": np.interp(wanted, dipole.times, dipole["agg"])}

    records = evaluator.records(networks, runs, f"moment x {factor!r} / {STEP_MS}", extract)
    if any(record is None for record in records):
        raise SimulationError("The network does not run below threshold: simulate it without drives to see why.")
    return [record["moment"] for record in records if record is not None]


def evoked_only(network: Network) -> tuple[str, ...]:
    """Return the names of the evoked drives of a network."""
    return tuple(name for name, drive in network.drives.items() if isinstance(drive, EvokedDrive))
