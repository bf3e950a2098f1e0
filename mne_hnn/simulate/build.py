"""From a network value to cells and connections inside NEURON.

A :class:`Column` is built once and armed again for every trial: drives, weights and biases change without
building. Everything is in NEURON's units (ms, mV, nA, uS, um; moments in fA m).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network import CellTemplate, Network, Wires
from . import _neuron, ranks
from .cell import Cell, Node, SectionPlan, moment_weights, section_plan
from .custom import load_custom
from .detectors import detectors_of
from .points import Points
from .slots import SYNAPSE_SLOTS, Site, kinetics, slot_weights

# How many node voltages one mechanism holds.
MOMENT_SLOTS = 12


class Column:
    """The cells and connections of a network inside NEURON.

    Parameters
    ----------
    network : Network
        The model; its drives and biases play no part here.
    wires : Wires
        Its connections, expanded.
    horizon_ms : float
        Connections whose delay exceeds this are left out: no event can arrive by them in a run this long.
    sites : iterable of (cell type, section names)
        Groups of sections that get synapses, those of the connections included.
    """

    def __init__(self, network: Network, wires: Wires, horizon_ms: float, sites: Iterable[Site]) -> None:
        self.h, self.library = _neuron.load()
        self.names = load_custom(self.h, network)  # inside NEURON, of mechanisms of one's own
        self.points = Points(self.h, network, self.names)
        self.network = network
        self.wires = wires
        self.horizon_ms = horizon_ms
        self.sites = frozenset(sites)
        self.detectors = detectors_of(network)
        h = self.h
        self.pc = h.ParallelContext()
        self.pc.gid_clear()
        self._keep: list[Any] = []
        self._n_threads = 0  # not dealt yet
        self.share = ranks.share()  # which of the cells live in this process
        self._cells: dict[int, Cell] = {}  # by gid
        self._roots: list[Any] = []
        self._start_voltages: list[tuple[Any, float]] = []
        self._banks: dict[tuple[int, tuple[str, ...]], tuple[Any, ...]] = {}
        self._drive_netcons: dict[tuple[str, int, tuple[str, ...]], tuple[Any, ...]] = {}
        self.clamps: list[Any] = []  # of the biases of one run; they act as long as they are here
        self.moment_groups: dict[str, slice] = {}
        self._moments: list[Any] = []
        self._moment_starts: list[int] = []
        self.reference_moments: dict[str, int] = {}
        self.largest_moment = 0.0  # fA m, of a cell whose voltages stay below 10 V
        self._templates = [p.template for p in network.populations.values() for _ in range(len(p))]
        try:
            self._add_cells()
            self._add_banks()
            self._add_spike_detectors()
            self._add_connections()
            self._record()
        except BaseException:  # interrupted: what was built must not be simulated along with the next network
            self.close()
            raise

    # cells ------------------------------------------------------------------------------------------------

    def _add_cells(self) -> None:
        gids = self.network.gid_ranges
        for cell_type, population in self.network.populations.items():
            template = population.template
            plan = [section_plan(template, name, self.network.celsius, self.names) for name in template.sections]
            weights = moment_weights(template) if template.measures_dipole else {}
            first = len(self._moment_starts)
            for gid in self.share.of(gids[cell_type]):
                cell = self._new_cell(plan, template)
                self._cells[gid] = cell
                self.points.add(gid, cell, template)
                if weights:
                    self._add_moment(cell, weights)
            if weights:
                self.moment_groups[cell_type] = slice(first, len(self._moment_starts))
        # one unconnected cell of each dipole-bearing type: the baseline, run with the rest at no extra build
        for index, cell_type in enumerate(self.moment_groups):
            if not self.share.has(self.network.n_cells + index):
                continue
            template = self.network.populations[cell_type].template
            plan = [section_plan(template, name, self.network.celsius, self.names) for name in template.sections]
            cell = self._new_cell(plan, template)
            self._keep.append(cell)
            self.points.add(-1 - index, cell, template)
            self.reference_moments[cell_type] = len(self._moment_starts)
            self._add_moment(cell, moment_weights(template))

    def _new_cell(self, plan: Sequence[SectionPlan], template: CellTemplate) -> Cell:
        cell = Cell(self.h, plan, template)
        self._roots.append(cell.sections[template.root])
        self._start_voltages += [(cell.sections[part.name], part.v_init_mV) for part in plan]
        return cell

    def _add_moment(self, cell: Cell, weights: Mapping[Node, float]) -> None:
        self._moment_starts.append(len(self._moments))
        self.largest_moment = max(self.largest_moment, 1e4 * sum(abs(weight) for weight in weights.values()))
        places = list(weights.items())
        for start in range(0, len(places), MOMENT_SLOTS):
            chunk = places[start : start + MOMENT_SLOTS]
            anchor = cell.sections[chunk[0][0][0]]
            moment = self.h.HnnMoment(anchor(0.5))
            for slot in range(MOMENT_SLOTS):
                (section, end), weight = chunk[slot] if slot < len(chunk) else (chunk[0][0], 0.0)
                self.h.setpointer(cell.sections[section](end)._ref_v, f"v_{slot}", moment)
                setattr(moment, f"w_{slot}", weight)
            self._moments.append(moment)

    def _add_spike_detectors(self) -> None:
        for known in self.detectors.reporting:
            for gid in self.share.of(known.gids):
                soma = self.root(gid)
                detector = self.h.NetCon(soma(0.5)._ref_v, None, sec=soma)
                detector.threshold = known.threshold_mV
                self._add_source(gid, detector)
        for known in self.detectors.further:
            for gid in self.share.of(known.gids):
                watching = self.h.HnnDetector(self.root(gid)(0.5))
                watching.level = known.threshold_mV
                self._keep.append(watching)
                self._add_source(known.first + gid - known.gids.start, self.h.NetCon(watching, None))

    def _add_source(self, number: int, detector: Any) -> None:
        self.pc.set_gid2node(number, self.pc.id())
        self.pc.cell(number, detector)
        self._keep.append(detector)

    # synapses ---------------------------------------------------------------------------------------------

    def _add_banks(self) -> None:
        """Make the synapses of every cell on every group of sections.

        Always in the same order, whatever was simulated before: where two groups share a section their currents
        are summed in this order, and so to the last bit.
        """
        gids = self.network.gid_ranges
        for cell_type in self.network.populations:
            groups = sorted(sections for owner, sections in self.sites if owner == cell_type)
            for gid in self.share.of(gids[cell_type]):
                for sections in groups:
                    self._banks[gid, sections] = self._new_banks(gid, sections)

    def _new_banks(self, gid: int, sections: tuple[str, ...]) -> tuple[Any, ...]:
        """Make the banks of one group of sections: four receptors to a bank."""
        h = self.h
        cell = self._cells[gid]
        template = self._templates[gid]
        receptors = kinetics(template)
        banks = []
        for start in range(0, len(receptors), SYNAPSE_SLOTS):
            bank = h.HnnSynapses(cell.sections[sections[0]](0.5))
            for slot, synapse in enumerate(receptors[start : start + SYNAPSE_SLOTS]):
                setattr(bank, f"e_{slot}", synapse.e_mV)
                setattr(bank, f"tau1_{slot}", synapse.effective_tau1_ms)
                setattr(bank, f"tau2_{slot}", synapse.tau2_ms)
            for section in sections:
                injector = h.HnnInjector(cell.sections[section](0.5))
                h.setpointer(bank._ref_g, "bank_g", injector)
                h.setpointer(bank._ref_ge, "bank_ge", injector)
                self._keep.append(injector)
            banks.append(bank)
        return tuple(banks)

    def slot_weights(self, wires: Wires, cell_type: str) -> NDArray[np.float64]:
        """Return the weights of `wires` in the order of the slots of `cell_type`, shape (n, n_receptors)."""
        return slot_weights(wires, self.network.populations[cell_type].template)

    def _add_connections(self) -> None:
        h, wires = self.h, self.wires
        sources = self.detectors.sources(wires)
        self._groups: list[tuple[NDArray[np.int64], str, int, list[int], Any]] = []
        for index, (cell_type, sections) in enumerate(wires.sites):
            here = self.share.has(wires.target)
            rows = np.flatnonzero((wires.site == index) & (wires.delay_ms <= self.horizon_ms) & here)
            if not len(rows):
                continue
            columns = self.slot_weights(wires, cell_type)[rows]
            gids = np.unique(wires.target[rows])
            n_banks = -(-columns.shape[1] // SYNAPSE_SLOTS)
            for bank in range(n_banks):
                first = bank * SYNAPSE_SLOTS
                used = np.flatnonzero(np.any(columns[:, first : first + SYNAPSE_SLOTS], axis=0))
                if not len(used):
                    # no event goes there, but weights given later must be seen to need one
                    self._groups.append((rows, cell_type, bank, [], h.List()))
                    continue
                slots = list(range(first, first + int(used[-1]) + 1))
                targets = h.List()
                for gid in gids:
                    targets.append(self._banks[int(gid), sections][bank])
                netcons = h.List()
                h.mne_hnn_connect(
                    h.Vector(sources[rows]),
                    targets,
                    h.Vector(np.searchsorted(gids, wires.target[rows])),
                    h.Vector(wires.delay_ms[rows]),
                    self._vectors(columns, slots),
                    netcons,
                )
                self._groups.append((rows, cell_type, bank, slots, netcons))

        reached = (wires.delay_ms <= self.horizon_ms) & self.share.has(wires.target)
        self.points.connect(wires, reached, sources, self.pc.gid_connect)

    def _vectors(self, columns: NDArray[np.float64], slots: Sequence[int]) -> Any:
        vectors = self.h.List()
        for slot in slots:
            vectors.append(self.h.Vector(columns[:, slot]))
        return vectors

    def reweigh(self, wires: Wires) -> bool:
        """Give the connections the weights of `wires`; return whether the built connections can carry them."""
        if wires.receptors == self.wires.receptors and np.array_equal(wires.weights_uS, self.wires.weights_uS):
            return True
        updates = []
        for rows, cell_type, bank, slots, netcons in self._groups:
            columns = self.slot_weights(wires, cell_type)[rows]
            own = [k for k in range(columns.shape[1]) if k // SYNAPSE_SLOTS == bank]
            if any(np.any(columns[:, k]) for k in own if k not in slots):
                return False
            updates.append((netcons, self._vectors(columns, slots)))
        for netcons, vectors in updates:
            self.h.mne_hnn_weigh(netcons, vectors)
        self.wires = wires
        return True

    # drives -----------------------------------------------------------------------------------------------

    def drive_netcons(self, drive: str, gid: int, sections: tuple[str, ...]) -> tuple[Any, ...]:
        """Return the ways in by which a drive reaches one cell, made on first use."""
        key = (drive, gid, sections)
        if key not in self._drive_netcons:
            netcons = []
            for bank in self._banks[gid, sections]:
                netcon = self.h.NetCon(None, bank)
                netcon.delay = 1.0  # not used: events are given their time of arrival
                netcons.append(netcon)
            self._drive_netcons[key] = tuple(netcons)
        return self._drive_netcons[key]

    # recording --------------------------------------------------------------------------------------------

    def _record(self) -> None:
        h = self.h
        self._moment_vectors = []
        for moment in self._moments:
            vector = h.Vector()
            vector.record(moment._ref_q)
            self._moment_vectors.append(vector)
        self._spike_times, self._spike_gids = h.Vector(), h.Vector()
        self.pc.spike_record(-1, self._spike_times, self._spike_gids)

    def moments(self) -> NDArray[np.float64]:
        """Return the moment of each dipole-bearing cell in the last run, shape (n_cells, n_samples), fA m."""
        pieces = np.array([vector.as_numpy() for vector in self._moment_vectors])
        if len(self._moments) == len(self._moment_starts):
            return pieces
        return np.add.reduceat(pieces, self._moment_starts, axis=0) if len(pieces) else pieces

    def spikes(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return times (ms) and cell numbers of the spikes of the last run, in no particular order."""
        times, gids = np.array(self._spike_times), np.array(self._spike_gids).astype(np.int64)
        reported = gids < self.network.n_cells  # further thresholds have higher numbers
        return times[reported], gids[reported]

    def set_threads(self, n_threads: int) -> bool:
        """Deal the cells to as many threads, but not to more than there are cells; return False if it is too late.

        One by one: cells of a type stand side by side, and NEURON's own blocks would leave all costly ones to one
        thread. Once a column has run on some threads, NEURON's recordings point to them, and crash on fewer.
        """
        n_threads = min(n_threads, len(self._roots))
        if self._n_threads:
            return self._n_threads == n_threads
        self._n_threads = n_threads
        if n_threads > 1:
            self.pc.nthread(n_threads)
            for thread in range(n_threads):
                self.pc.partition(thread, self.h.SectionList(self._roots[thread::n_threads]))
        return True

    def initialise(self) -> None:
        """Set every section to its start voltage, and all states to what belongs to it at the temperature."""
        self.h.celsius = self.network.celsius
        for section, voltage in self._start_voltages:
            section.v = voltage
        self.h.finitialize()

    def close(self) -> None:
        """Take the cells out of NEURON, whoever still holds this object: it integrates every section that exists."""
        self.pc.gid_clear()
        # recordings before what they record, connections before what they connect
        self.clamps.clear()
        self.points.close()
        for name in ("_moment_vectors", "_spike_times", "_spike_gids", "_drive_netcons", "_groups", "_moments"):
            self.__dict__.pop(name, None)
        for name in ("_banks", "_keep", "_cells", "_roots", "_start_voltages"):
            self.__dict__.pop(name, None)
        self._disarm_held()
        self.pc.nthread(1)

    def _disarm_held(self) -> None:
        """Take the weights from connections that somebody still holds, such as the traceback of an interrupted run.

        Of connections without a target CoreNEURON expects a single weight; else it aborts the process at its next run.
        """
        for netcon in list(self.h.List("NetCon")):
            target = netcon.syn()
            if target is None or not target.has_loc():
                netcon.setpost(None)

    def n_sections(self) -> int:
        """Return how many sections the column has in NEURON."""
        return len(self._start_voltages)

    def largest_voltage(self) -> float:
        """Return the largest absolute voltage in the middle of any section now, mV; infinite if one is not a number."""
        voltages = np.abs([section.v for section, _ in self._start_voltages])
        return float(voltages.max()) if np.isfinite(voltages).all() else np.inf

    def bank(self, gid: int, sections: tuple[str, ...], index: int) -> Any:
        """Return one of the mechanisms that hold the conductances of a cell on a group of sections."""
        return self._banks[gid, sections][index]

    def root(self, gid: int) -> Any:
        """Return the section of a cell from which its tree grows."""
        return self._cells[gid].sections[self._templates[gid].root]

    def section(self, gid: int, name: str) -> Any:
        """Return a section of a cell."""
        return self._cells[gid].sections[name]
