"""One trial in the kernel."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mne.utils import logger
from numpy.typing import NDArray

from ..._recent import Recent
from ...errors import SimulationError
from ...network import Network, Wires
from ...network.channels import CELSIUS
from ...network.mechanism_uses import custom_mechanisms
from ..cell import MEMBRANES
from ..detectors import detectors_of
from ..giving_up import check_given_up
from ..library import mechanism_library
from ..pieces import Piece
from ..settings import SimulationSettings
from ..slots import SYNAPSE_SLOTS, Site
from ..steps import n_steps, n_stretches
from .binding import CellTypeStruct, Pointed, RoutesStruct, RunStruct, kernel_library
from .cells import middle_nodes, parameters_at
from .plan import Clamps, Routes, TypePlan, routes, type_plans
from .probes import ContactWeights, Probes, contact_weights

__all__ = ["Expanded", "beyond_kernel", "forget", "run_kernel"]

# Steps that blocks of cells run on their own at most, so that the tables of one interval stay small.
_LONGEST_INTERVAL = 80
# Steps between cells that searching needs: two at a time, the spike perhaps in the one before.
_SEARCH_INTERVAL = 3
# Longest step of which two can be taken at a time, ms: a spike has some ten of them.
_SEARCH_STEP_ms = 0.05

_NO_MEMORY = (
    "There is not enough memory for a network of this size, with these drives, for this long: take less of them."
)
# Of routes of drives that were used lately.
_KEPT_BYTES = 32_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Expanded:
    """A network and what one trial of it consists of.

    Attributes
    ----------
    network : Network
        Cells and biases.
    wires : Wires
        Its connections.
    drives : dict of str to Wires
        Its drives.
    events : dict of str to tuple of array, shape (n_events,)
        The spikes of each cell of each drive, ms.
    """

    network: Network
    wires: Wires
    drives: Mapping[str, Wires]
    events: Mapping[str, tuple[NDArray[np.float64], ...]]

    @property
    def sites(self) -> frozenset[Site]:
        """Groups of sections that receive something."""
        return frozenset(self.wires.sites).union(*(drive.sites for drive in self.drives.values()))


class _Model:
    """What the kernel is given of cells, connections and biases, with all arrays that it points to."""

    def __init__(self, expanded: Expanded, plans: Mapping[str, TypePlan], way: Routes, stop_ms: float) -> None:
        network = expanded.network
        self._pointed = Pointed()
        self.membranes = self._pointed.floats(_membrane_parameters(network.celsius))
        detectors = detectors_of(network)
        self.clamps = _clamps(network, plans, stop_ms)
        structs = [plan.struct(self._pointed, detectors.of(name), self.clamps[name]) for name, plan in plans.items()]
        self.types = (CellTypeStruct * len(structs))(*structs)
        self.routes = RoutesStruct(stride=SYNAPSE_SLOTS)
        arrays: dict[str, NDArray[Any]] = {
            "start": way.starts(detectors.n_sources),
            "target": way.target,
            "bank": way.bank,
            "delay_ms": way.delay_ms,
            "weight_uS": way.weights_uS,
        }
        self._pointed.fill(self.routes, arrays)


@dataclass(slots=True)
class _Known:
    """What was made of the last network: a further trial, or other drives, take it as it is."""

    populations: Any = None
    celsius: float = CELSIUS
    sites: frozenset[Site] = frozenset()
    plans: Mapping[str, TypePlan] | None = None
    wires: Wires | None = None
    ends_ms: tuple[float, float] = (0.0, 0.0)
    routes: Routes | None = None
    electrodes: Any = None
    contacts: ContactWeights | None = None
    biases: Any = None
    model: _Model | None = None
    drives: Recent[Routes] = field(default_factory=lambda: Recent(_KEPT_BYTES))


_known = _Known()


def beyond_kernel(network: Network, settings: SimulationSettings) -> str | None:
    """Return what of a run the kernel cannot do, in a few words; None if it can do all of it."""
    if custom_mechanisms(network):
        return "mechanisms of one's own"
    return "several threads" if settings.n_threads > 1 else None


def _library() -> Any:
    path = mechanism_library().kernel_path
    if path is None:  # settings were resolved on another machine
        raise SimulationError(
            "The mechanisms of this machine were compiled without the kernel, which the simulation was to run in: see "
            "with `mne-hnn compile --variant portable` why, or give engine='neuron'."
        )
    return kernel_library(path)


def forget() -> None:
    """Free what is kept of the last network."""
    global _known
    _known = _Known()


def _prepared(given: Expanded, ends_ms: tuple[float, float]) -> tuple[Mapping[str, TypePlan], Routes, _Model]:
    """Return plans, routes and model of a network, those of the last run as far as they hold.

    A run has two ends, as asked for and as its steps add up to, which can differ in the last bit.
    """
    known, network, wires, sites = _known, given.network, given.wires, given.sites
    same = known.populations == network.populations and known.celsius == network.celsius and known.sites == sites
    if known.plans is None or not same:
        known.plans = type_plans(network, sites)
        known.populations, known.sites, known.routes = network.populations, sites, None
        known.celsius = network.celsius
        known.contacts = None
        known.drives.clear()
    if known.routes is None or known.wires is not wires or known.ends_ms != ends_ms:
        known.routes = routes(known.plans, wires, ends_ms[0], detectors_of(network).sources(wires))
        known.wires, known.ends_ms, known.model = wires, ends_ms, None
    if known.model is None or known.biases != network.biases:
        known.model = _Model(given, known.plans, known.routes, ends_ms[1])
        known.biases = network.biases
    return known.plans, known.routes, known.model


def _drive_routes(plans: Mapping[str, TypePlan], drive: Wires, tstop: float) -> Routes:
    """Return the routes of a drive, known ones if only its times are others."""
    return _known.drives.get((drive, tstop), lambda: routes(plans, drive, tstop), lambda way: 1000 + 100 * len(drive))


def _contacts(network: Network, plans: Mapping[str, TypePlan]) -> ContactWeights | None:
    """Return the weights of the electrodes, those of the last run if they are the same; None without electrodes."""
    if not network.electrodes:
        return None
    if _known.contacts is None or _known.electrodes != network.electrodes:
        _known.contacts, _known.electrodes = contact_weights(network, plans), network.electrodes
    return _known.contacts


def _membrane_parameters(celsius: float) -> NDArray[np.float64]:
    """Return the parameters from which the tables of all membranes are made, mechanism by mechanism."""
    return np.array([value for name, _ in MEMBRANES for value in parameters_at(name, celsius).values()])


def _clamps(network: Network, plans: Mapping[str, TypePlan], tstop: float) -> Clamps:
    """Return the currents of the biases."""
    found: dict[str, list[tuple[int, tuple[float, float, float]]]] = {name: [] for name in plans}
    for bias in network.biases.values():
        stop = tstop if bias.tstop_ms is None else bias.tstop_ms
        for cell_type, amplitude in bias.amplitude_nA.items():
            plan = plans[cell_type]
            (node,) = middle_nodes(plan.template, plan.tree, [bias.section])
            # as NEURON has it: the end is start plus duration
            found[cell_type].append((node, (amplitude, bias.t0_ms, bias.t0_ms + (stop - bias.t0_ms))))
    return found


def _interval(delays_ms: NDArray[np.float64], dt: float) -> int:
    """Return how many steps lie at least between a spike and the first step at which it can be felt."""
    shortest = float(delays_ms.min()) if len(delays_ms) else np.inf
    steps = np.ceil(min(shortest / dt, 1e9) - 0.5 - 1e-6)
    return int(min(max(steps, 1), _LONGEST_INTERVAL))


def _arrivals(way: Routes, trains: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return when the spikes of a drive arrive, ms, and on which of its routes."""
    counts = np.array([len(train) for train in trains], dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(counts)])
    spikes = np.concatenate([*trains, np.empty(0)])
    rows = np.repeat(np.arange(len(way.source)), counts[way.source])
    starts = np.cumsum(counts[way.source]) - counts[way.source]  # where the spikes of a route begin
    number = np.arange(len(rows)) - starts[rows]
    return spikes[first[way.source[rows]] + number] + way.delay_ms[rows], rows


class _Run:
    """A column inside the kernel, with all arrays that it points to."""

    def __init__(self, library: Any, model: _Model, given: RunStruct) -> None:
        self.library = library
        self.pointed = Pointed()
        self._model = model
        given.n_types, given.types, given.routes = len(model.types), model.types, model.routes
        given.membrane_parameters = model.membranes
        self.handle = library.mne_hnn_new(ctypes.byref(given))
        if not self.handle:
            raise SimulationError(_NO_MEMORY)

    def add(self, way: Routes, times: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
        """Let events arrive on the routes of a drive; the kernel points to their weights until it has had them."""
        once = Pointed()
        added = self.library.mne_hnn_add(
            self.handle,
            len(rows),
            once.floats(times),
            once.ints(way.target[rows]),
            once.ints(way.bank[rows]),
            once.longs(rows),
            self.pointed.floats(way.weights_uS),
            SYNAPSE_SLOTS,
        )
        if not added:
            raise SimulationError(_NO_MEMORY)

    def advance(self, until: int) -> int:
        """Run up to a step or a little beyond it; return where."""
        reached: int = self.library.mne_hnn_advance(self.handle, until)
        if reached < 0:
            raise SimulationError(_NO_MEMORY)
        return reached

    def watch(self, probes: Probes) -> None:
        """Let the kernel record, before its first step."""
        self._probes = probes.struct(self.pointed)
        if not self.library.mne_hnn_watch(self.handle, ctypes.byref(self._probes)):
            raise SimulationError("There is not enough memory to record from a network of this size.")

    def moments(self, index: int, n_samples: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the summed moment of a cell type and that of its undriven cell, fA m."""
        total, undriven = np.zeros(n_samples), np.zeros(n_samples)
        once = Pointed()
        self.library.mne_hnn_moments(self.handle, index, once.floats(total), once.floats(undriven))
        return total, undriven

    def spikes(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return times (ms) and numbers of the cells that fired."""
        n = self.library.mne_hnn_n_spikes(self.handle)
        times, gids = np.empty(n), np.empty(n, dtype=np.int64)
        once = Pointed()
        self.library.mne_hnn_spikes(self.handle, once.floats(times), once.longs(gids))
        return times, gids

    def close(self) -> None:
        """Free the column."""
        self.library.mne_hnn_delete(self.handle)
        self.handle = None


def run_kernel(expanded: Expanded, settings: SimulationSettings, progress: Callable[[], None]) -> Piece:
    """Simulate one trial.

    Parameters
    ----------
    expanded : Expanded
        The network with its connections, drives and events.
    settings : SimulationSettings
        Duration, step and precision.
    progress : callable
        Called after each stretch of the run.

    Returns
    -------
    Piece
        All there is to know of the trial.
    """
    tstop, dt = settings.tstop, settings.dt
    steps = n_steps(tstop, dt)
    plans, way, model = _prepared(expanded, (tstop, dt * steps))
    interval = _interval(way.delay_ms, dt)
    search = settings.precision == "search"
    if search and (interval < _SEARCH_INTERVAL or dt > _SEARCH_STEP_ms):
        logger.debug("Simulating exactly: events between cells are too fast, or steps too long, for two at a time.")
        search = False
    given = RunStruct(dt=dt, n_steps=steps, interval=interval, search=int(search))
    run = _Run(_library(), model, given)
    try:
        probes = Probes(
            expanded.network, plans, settings, clamps=model.clamps, weights=_contacts(expanded.network, plans)
        )
        if probes:
            run.watch(probes)
        for name, trains in expanded.events.items():
            drive = _drive_routes(plans, expanded.drives[name], tstop)
            run.add(drive, *_arrivals(drive, trains))
        stretches = n_stretches(tstop)
        # in pieces of some 10 ms, between which the run can be interrupted
        piece = max(1, round(10.0 / dt))
        done = 0
        for k in range(1, stretches + 1):
            end = round(k * steps / stretches)
            while done < end:
                done = run.advance(min(end, done + piece))
                check_given_up()
            progress()
        return _piece(run, expanded, plans, probes)
    finally:
        run.close()


def _piece(run: _Run, expanded: Expanded, plans: Mapping[str, TypePlan], probes: Probes) -> Piece:
    moments, references = {}, {}
    largest = 0.0  # relative to that of a cell whose voltages stay below 10 V
    for index, (name, plan) in enumerate(plans.items()):
        if not plan.template.measures_dipole:
            continue
        moments[name], references[name] = run.moments(index, probes.n_steps + 1)
        # the kernel knows the points between segments by what they are after a step
        moments[name][0], references[name][0] = plan.tree.first_moment * len(plan.gids), plan.tree.first_moment
        bound = 1e4 * sum(abs(weight) for weight in plan.tree.moment.values()) * max(len(plan.gids), 1)
        if bound > 0:
            size = float(np.abs(moments[name]).max())
            largest = max(largest, size / bound) if np.isfinite(size) else np.inf
    stable = run.library.mne_hnn_largest_voltage(run.handle) < 1e4 and largest < 1.0
    times, gids = run.spikes()
    reported = gids < expanded.network.n_cells  # further thresholds have higher numbers
    times, gids = times[reported], gids[reported]
    ranges = expanded.network.gid_ranges
    for name, trains in expanded.events.items():
        times = np.concatenate([times, *trains])
        gids = np.concatenate([gids, np.repeat(np.array(ranges[name]), [len(train) for train in trains])])
    return Piece(stable, moments, references, times, gids, *probes.results())
