"""Responses of a column to single drives that make cells fire, drawn from what is plausible.

Sums of them, each at its time, are a guess of what sequences of drives give: cells that have fired respond less to the
next drive, so that a guess is off by a fifth or so, but it costs no simulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from .._smoothing import smoothed_rows
from .._types import FloatArray
from ..errors import SimulationError
from ..network import Network
from ..simulate import Simulation
from .bench import Bench
from .circuit_vector import CircuitVector, circuit_inputs
from .evaluate import searching
from .evoked_task import EvokedTask
from .levels import Level
from .linear import LOCATIONS
from .observation import pyramidal_cells
from .spiking_data import SpikingData

__all__ = ["BEFORE_MS", "Atoms", "IntArray", "atoms_per_side", "lasts", "measure_atoms"]

IntArray = np.ndarray[Any, np.dtype[np.int_]]

BEFORE_MS = 40
"""The drive of an atom is expected so long after its begin: the widest drives have begun by then."""
LONGEST_MS = 300
"""So long after a drive its response is over."""
PER_MEMBER = 5 / 3
"""Atoms of each side, relative to the members of an ensemble."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Atoms:
    """Responses to single drives.

    Attributes
    ----------
    places : array of int, shape (n_atoms,)
        From which side each drive comes, as an index into :data:`~mne_hnn.fit.linear.LOCATIONS`.
    z : tuple of array
        Standard normal numbers of spread and weights of each, in the order of :class:`CircuitVector`.
    moment : array, shape (n_atoms, n_lags)
        Moment of one column above that of the undriven one, A m, smoothed, at each ms from `before_ms` before the drive
        on; it ends at zero.
    spikes : array, shape (n_atoms, n_types)
        Spikes per cell beyond those of the undriven column.
    quiet : array, shape (n_ms,)
        Moment of the undriven column at each ms, A m.
    quiet_spikes : array, shape (n_types,)
        Spikes per cell of it.
    before_ms : int
        Time from the first lag to the drive, ms.
    """

    places: IntArray
    z: tuple[FloatArray, ...]
    moment: FloatArray
    spikes: FloatArray
    quiet: FloatArray
    quiet_spikes: FloatArray
    before_ms: int = BEFORE_MS

    def __len__(self) -> int:
        return len(self.places)

    def at(self, atom: IntArray, tau_ms: IntArray, grid_ms: IntArray) -> FloatArray:
        """Return atoms at other times, shape (n, n_grid).

        Parameters
        ----------
        atom, tau_ms : array of int, shape (n,)
            Which ones, and when their drives are expected, ms.
        grid_ms : array of int, shape (n_grid,)
            Times, ms.
        """
        lag = grid_ms[np.newaxis, :] - tau_ms[:, np.newaxis] + self.before_ms
        np.clip(lag, 0, self.moment.shape[1] - 1, out=lag)  # the first and the last lag are zero
        return np.asarray(self.moment[atom[:, np.newaxis], lag])


def measure_atoms(task: EvokedTask, bench: Bench) -> Atoms:
    """Simulate single drives from both sides, on the mesh of the search.

    Parameters
    ----------
    task : EvokedTask
        What is to be explained: it gives the network, the smoothing, and what is plausible.
    bench : Bench
        Simulates.

    Raises
    ------
    SimulationError
        Hardly any network runs.
    """
    level = task.levels[0] if len(task.levels) > 1 else Level(mesh_shape=None)
    n = atoms_per_side(task)
    rng = np.random.default_rng([task.settings.seed, 1])
    places, z, networks = [], [], []
    for place, location in enumerate(LOCATIONS):
        if not any(source.location == location for source in circuit_inputs(task.network)):
            continue
        vector = CircuitVector(
            network=task.network,
            sequence=((location, float(BEFORE_MS)),),
            prior=task.settings.circuit,
            peak_nAm=1.0,
            tstop=BEFORE_MS + lasts(task),
        )
        drawn = vector.drawn(n, rng)
        drawn[:, 0] = 0.0  # its time
        networks += vector.networks(drawn, level.mesh_shape)
        z += list(drawn[:, 1:-1])
        places += [place] * n
    bench.report.say(f"cells that fire: responses to {len(networks)} single drives")
    quiet = networks[0].without_drives(*[name for name in networks[0].drives if name not in task.network.drives])
    records = _records([*networks, quiet], task, bench)
    alone = records.pop()
    kept = [k for k, record in enumerate(records) if record is not None]
    if alone is None or len(kept) < 2:
        raise SimulationError(
            f"Only {len(kept)} of {len(networks)} networks with a single drive ran: simulate the network with drives "
            "of your own to see why."
        )
    some = [record for record in records if record is not None]
    moment = np.array([record["moment"] for record in some]) - alone["moment"]
    moment[:, 0] = 0.0
    moment[:, -1] = 0.0
    return Atoms(
        places=np.array(places)[kept],
        z=tuple(z[k] for k in kept),
        moment=moment,
        spikes=np.array([record["spikes"] for record in some]) - alone["spikes"],
        quiet=alone["moment"],
        quiet_spikes=alone["spikes"],
    )


def atoms_per_side(task: EvokedTask) -> int:
    """Return how many drives from each side are drawn."""
    return int(np.ceil(PER_MEMBER * task.settings.members))


def lasts(task: EvokedTask) -> float:
    """Return for how long (ms) the response to a drive is looked at."""
    return float(min(np.ceil(task.runs.tstop), LONGEST_MS))


def _records(networks: Sequence[Network], task: EvokedTask, bench: Bench) -> list[dict[str, FloatArray] | None]:
    runs = replace(task.runs, tstop=BEFORE_MS + lasts(task)).with_trials(1, task.settings.seed)
    runs = searching(runs, task.network, task.settings.precision)
    types = SpikingData.of(task).types
    factor = pyramidal_cells(task.network) / pyramidal_cells(networks[0])
    smooth_ms = task.settings.smooth_ms
    extract = partial(_extract, smooth_ms=smooth_ms, types=types, factor=factor)
    return bench.evaluator.records(networks, runs, f"atoms {smooth_ms!r} {types} x {factor!r}", extract)


def _extract(simulation: Simulation, *, smooth_ms: float, types: Sequence[str], factor: float) -> dict[str, Any]:
    dipole = simulation.dipole
    moment = factor * dipole["agg"]
    if smooth_ms:
        moment = smoothed_rows(moment[np.newaxis], dipole.info["sfreq"], smooth_ms, "normalised")[0]
    counts = simulation.spikes.counts()
    spikes = [counts.get(name, 0) / len(simulation.network.populations[name]) for name in types]
    times_ms = np.arange(round(dipole.times[-1] * 1e3) + 1)
    return {"moment": np.interp(times_ms, dipole.times * 1e3, moment), "spikes": spikes}
