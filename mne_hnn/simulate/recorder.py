"""Record quantities of single cells, and what electrodes see, during one run in NEURON.

The simulator can only record every step. So a run is done in stretches, and after each of them what was recorded is
thinned, turned into what was asked for, and dropped: memory grows with what is asked for, not with the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network import CustomSynapse, Network
from ..recordings import RecordingChannel
from .build import Column
from .extracellular import potential_weights
from .record import every_nth, recording_channels, thinned
from .settings import SimulationSettings
from .slots import SYNAPSE_SLOTS, Site, receptor_order
from .steps import n_steps

__all__ = ["Recorder"]

# Numbers the simulator may hold between two drains: 128 MB, and as much again while they are taken over.
_BUFFER = 16_000_000
# Traces that are weighed at a time.
_ROWS = 512
# Shorter stretches than this would cost more in handing the run over than in running it.
_SHORTEST = 400

_Values = NDArray[np.float64]
# from the rows of the traces (n_traces, n_samples), and the same one step earlier, to the rows of the result
_Combine = Callable[[_Values, _Values], _Values]


@dataclass(slots=True)
class _Traces:
    """The simulator's variables that are recorded, each once."""

    h: Any
    rows: dict[Any, int] = field(default_factory=dict)
    vectors: list[Any] = field(default_factory=list)

    def row(self, key: Any, reference: Callable[[], Any], *owner: Any) -> int:
        """Return the row of a variable, which is recorded from now on; `owner` is a point process of its thread."""
        if key not in self.rows:
            vector = self.h.Vector()
            vector.record(*owner, reference())
            self.rows[key] = len(self.vectors)
            self.vectors.append(vector)
        return self.rows[key]


def _same(value: Any) -> Any:
    return value


def _nothing(values: _Values, _: _Values) -> _Values:
    return values[:0]


@dataclass(frozen=True, slots=True)
class _Potential:
    """What one electrode array sees, at every step."""

    weights: _Values
    rows: list[int]
    samples: _Values

    def add(self, arrays: list[_Values], start: int) -> None:
        """Add the part of the run that the traces hold, some of them at a time: all would be a large table."""
        if not self.rows:
            return
        stop = start + len(arrays[0])
        for first in range(0, len(self.rows), _ROWS):
            part = slice(first, first + _ROWS)
            currents = np.array([arrays[row] for row in self.rows[part]])
            self.samples[:, start:stop] += self.weights[:, part] @ currents


class Recorder:
    """What one run records.

    Parameters
    ----------
    column : Column
        The built cells; nothing of them is changed.
    network : Network
        The network of this run, with its electrodes.
    sites : set of (cell type, section names)
        Groups of sections on which this network has synapses.
    settings : SimulationSettings
        What is asked for, and the steps of the run.
    """

    def __init__(self, column: Column, network: Network, sites: frozenset[Site], settings: SimulationSettings) -> None:
        record = settings.record
        self._column = column
        self._network = network
        self._sites = sites
        self._every = every_nth(record, settings.dt)
        self._steps = n_steps(settings.tstop, settings.dt)
        self._done = 0  # samples drained so far
        self._lagged = record.synaptic_current is not None
        self._last: _Values | None = None  # what came last before the present stretch
        self._traces = _Traces(column.h)
        self._anchors: dict[int, Any] = {}
        self._recordings: dict[str, tuple[_Combine, _Values]] = {}
        self._potentials: dict[str, _Potential] = {}
        # before any of them can be pointed at
        self._set_membrane_currents(record.membrane_current is not None or bool(network.electrodes))
        for quantity, channels in recording_channels(network, record).items():
            own = tuple(channel for channel in channels if column.share.has(channel.gid))
            recorded = partial(self._variable, quantity) if "." in quantity else getattr(self, f"_{quantity}")
            combine = recorded(own) if own else _nothing
            samples = np.zeros((len(own), self._steps // self._every + 1))
            self._recordings[quantity] = (combine, samples)
        for name, array in network.electrodes.items():
            self._potentials[name] = self._potential(potential_weights(array, network))

    @property
    def steps_per_stretch(self) -> int:
        """How many steps the run may do before :meth:`drain`."""
        n = len(self._traces.vectors)
        return self._steps if n == 0 else max(_SHORTEST, _BUFFER // n)

    def _set_membrane_currents(self, active: bool) -> None:
        """Switch the computation of total membrane currents, which costs time, on or off."""
        self._column.h.CVode().use_fast_imem(int(active))

    # quantities -------------------------------------------------------------------------------------------

    def _voltage_row(self, gid: int, section: str) -> int:
        return self._traces.row(("v", gid, section), lambda: self._column.section(gid, section)(0.5)._ref_v)

    def _voltage(self, channels: tuple[RecordingChannel, ...]) -> _Combine:
        rows = [self._voltage_row(channel.gid, channel.section) for channel in channels]
        return lambda values, _: values[rows]

    def _calcium(self, channels: tuple[RecordingChannel, ...]) -> _Combine:
        def reference(channel: RecordingChannel) -> Any:
            return self._column.section(channel.gid, channel.section)(0.5)._ref_cai_hnn_full

        rows = [
            self._traces.row(("cai", channel.gid, channel.section), partial(reference, channel)) for channel in channels
        ]
        return lambda values, _: values[rows]

    def _membrane_row(self, gid: int, section: str, index: int) -> int:
        def reference() -> Any:
            sec = self._column.section(gid, section)
            return sec((index + 0.5) / sec.nseg)._ref_i_membrane_

        return self._traces.row(("membrane", gid, section, index), reference, *self._anchor(gid))

    def _anchor(self, gid: int) -> tuple[Any, ...]:
        """Return what tells NEURON the thread of a cell: for membrane currents it does not find that out itself."""
        if self._column.pc.nthread() == 1:
            return ()
        if gid not in self._anchors:
            clamp = self._column.h.IClamp(self._column.root(gid)(0.5))
            clamp.amp = 0.0
            self._anchors[gid] = clamp
        return (self._anchors[gid],)

    def _section_rows(self, gid: int, section: str) -> list[int]:
        n = self._column.section(gid, section).nseg
        return [self._membrane_row(gid, section, index) for index in range(n)]

    def _membrane_current(self, channels: tuple[RecordingChannel, ...]) -> _Combine:
        groups = [self._section_rows(channel.gid, channel.section) for channel in channels]
        return lambda values, _: np.array([values[rows].sum(axis=0) for rows in groups])

    def _conductance_row(self, gid: int, sections: tuple[str, ...], receptor: int) -> int:
        def reference() -> Any:
            bank, slot = divmod(receptor, SYNAPSE_SLOTS)
            return getattr(self._column.bank(gid, sections, bank), f"_ref_g_{slot}")

        return self._traces.row(("g", gid, sections, receptor), reference)

    def _synaptic_current(self, channels: tuple[RecordingChannel, ...]) -> _Combine:
        """Conductance times driving force; a section can be part of several groups, each with its own conductance.

        As NEURON has it, the current at a time is the one that flowed in the step that ends then.
        """
        plan: list[tuple[int, float, list[int]]] = []
        custom: list[tuple[int, list[int]]] = []
        for index, (gid, cell_type, section, receptor) in enumerate(channels):
            template = self._network.populations[cell_type].template
            assert receptor is not None
            synapse = template.synapses[receptor]
            if isinstance(synapse, CustomSynapse):
                custom.append((index, self._point_rows(gid, section, receptor, synapse.mechanism.currents)))
                continue
            slot = receptor_order(template).index(receptor)
            groups = sorted(names for owner, names in self._sites if owner == cell_type and section in names)
            conductances = [self._conductance_row(gid, names, slot) for names in groups]
            plan.append((self._voltage_row(gid, section), synapse.e_mV, conductances))
        ready = [index for index in range(len(channels)) if index not in dict(custom)]

        def combine(values: _Values, before: _Values) -> _Values:
            currents = np.empty((len(channels), values.shape[1]))
            for index, (v, e, g) in zip(ready, plan, strict=True):
                currents[index] = before[g].sum(axis=0) * (before[v] - e)
            for index, rows in custom:  # which NEURON has known since the step began
                currents[index] = values[rows].sum(axis=0)
            return currents

        return combine

    def _point_rows(self, gid: int, section: str, receptor: str, variables: tuple[str, ...]) -> list[int]:
        """Return the rows of variables of a synapse of one's own."""
        found = self._column.points.references(gid, section, receptor, variables)
        return [
            self._traces.row((name, gid, section, receptor), partial(_same, reference))
            for name, reference in zip(variables, found, strict=True)
        ]

    def _variable(self, quantity: str, channels: tuple[RecordingChannel, ...]) -> _Combine:
        """Record a variable of mechanisms of one's own."""
        owner, _, variable = quantity.rpartition(".")
        rows = []
        for gid, cell_type, section, receptor in channels:
            if receptor is not None:
                rows += self._point_rows(gid, section, receptor, (variable,))
                continue
            mechanism = self._network.populations[cell_type].template.sections[section].mechanisms[owner]
            name = f"_ref_{variable}"  # of the ion, or of the mechanism
            if variable not in mechanism.writes_concentrations():
                name += f"_{self._column.names[mechanism]}"
            segment = self._column.section(gid, section)(0.5)
            rows.append(self._traces.row((quantity, gid, section), partial(getattr, segment, name)))
        return lambda values, _: values[rows]

    def _potential(self, weights: _Values) -> _Potential:
        rows: list[int] = []
        own: list[bool] = []  # by segment
        for name, population in self._network.populations.items():
            n_segments = sum(section.nseg for section in population.template.sections.values())
            for gid in self._network.gid_ranges[name]:
                own += [self._column.share.has(gid)] * n_segments
                if own[-1]:
                    rows += [row for part in population.template.sections for row in self._section_rows(gid, part)]
        samples = np.zeros((len(weights), self._steps + 1))  # every step, to be filtered before it is thinned
        return _Potential(weights if all(own) else weights[:, own], rows, samples)

    # running ----------------------------------------------------------------------------------------------

    def drain(self) -> None:
        """Take over what was recorded since the last call, and free it in the simulator."""
        vectors = self._traces.vectors
        if not vectors:
            return
        n = len(vectors[0])
        arrays = [vector.as_numpy() for vector in vectors]
        for potential in self._potentials.values():
            potential.add(arrays, self._done)
        if self._recordings:
            first, start = -self._done % self._every, -(-self._done // self._every)
            values = np.array([array[first :: self._every] for array in arrays])
            before = self._one_step_earlier(arrays, first) if self._lagged else values
            for combine, samples in self._recordings.values():
                samples[:, start : start + values.shape[1]] = combine(values, before)
        self._done += n
        for vector in vectors:
            vector.resize(0)

    def _one_step_earlier(self, arrays: list[_Values], first: int) -> _Values:
        if first:
            before = np.array([array[first - 1 : -1 : self._every] for array in arrays])
        else:
            last = np.array([array[0] for array in arrays]) if self._last is None else self._last
            inside = np.array([array[self._every - 1 : -1 : self._every] for array in arrays])
            before = np.concatenate([last[:, None], inside], axis=1)
        self._last = np.array([array[-1] for array in arrays])
        return before

    def results(self) -> tuple[Mapping[str, _Values], Mapping[str, _Values]]:
        """Return the recordings by quantity and the potentials by electrode array, in the simulator's units."""
        recordings = {name: samples for name, (_, samples) in self._recordings.items()}
        currents = [recordings[name] for name in ("membrane_current",) if name in recordings]
        for samples in (*currents, *(potential.samples for potential in self._potentials.values())):
            samples[:, 0] = 0.0  # the simulator knows the membrane current after a step only
        lfp = {name: thinned(potential.samples, self._every) for name, potential in self._potentials.items()}
        return recordings, lfp

    def close(self) -> None:
        """Stop recording; the column can be run without."""
        self._traces.vectors.clear()
        self._anchors.clear()
        self._set_membrane_currents(False)
