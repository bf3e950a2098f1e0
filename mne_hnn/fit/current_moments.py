"""One trial, and the dipole moment that each kind of current makes in its pyramidal cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .._types import FloatArray
from .._value import FrozenMap, OrderedFrozenMap
from ..errors import ParameterError, SimulationError
from ..network import CellTemplate, Network, Synapse
from ..recordings import RecordingChannel
from ..simulate import Record, SimulationSettings
from ..simulate.engine import Trial
from ..simulate.passive import synaptic_moment
from ..simulate.record import recording_channels
from ..simulate.steps import n_steps
from ..simulate.trials import work

__all__ = ["CURRENTS", "Moments", "TrialMoments", "run_and_weigh"]

#: The kinds of current, and what they are.
CURRENTS: Mapping[str, str] = {
    "excitation": "synaptic excitation",
    "inhibition": "synaptic inhibition",
    "bias": "constant currents",
    "gated": "voltage-gated channels",
}
_EXCITATION, _INHIBITION, _BIAS = range(3)

# Synapses that reverse above this excite: AMPA and NMDA at 0 mV do, GABA at -80 mV does not.
_EXCITES_ABOVE_MV = -50.0
# A conductance is current over driving force; where there is none, it is taken from the samples around.
_NEAR_MV = 1e-3
_LARGEST = 16_000_000  # numbers recorded at a time, 128 MB

Moments = dict[str, dict[str, FloatArray]]


class TrialMoments(NamedTuple):
    """A trial, and by cell type and kind of current the moment of all its cells, fA m; None if not asked for."""

    trial: Trial
    currents: Moments | None


class _Run(NamedTuple):
    """What is simulated again, with other recordings."""

    network: Network
    trial: int
    settings: SimulationSettings

    def recorded(self, record: Record) -> Mapping[str, FloatArray]:
        """Return what is recorded of it, in the simulator's units."""
        return work(self.network, self.trial, replace(self.settings, record=record)).recordings


def run_and_weigh(
    network: Network, index: int, settings: SimulationSettings, weigh: bool
) -> TrialMoments | SimulationError:
    """Run one trial, here or in a worker process, and split its moment by currents if asked to.

    An error is returned instead of raised: other trials go on.
    """
    try:
        trial = work(network, index, settings)
        return TrialMoments(trial, _moments(network, trial, settings) if weigh else None)
    except (SimulationError, ParameterError) as error:
        return SimulationError(str(error))


def _moments(network: Network, trial: Trial, settings: SimulationSettings) -> Moments:
    """Return what each kind of current makes; what neither synapses nor biases make, voltage-gated channels make."""
    bearing = [name for name, template in network.cell_types.items() if template.measures_dipole]
    rest = _resting_voltages(network, bearing, settings)
    run = _Run(network, trial.index, settings)
    moments: Moments = {}
    for cell_type in bearing:
        parts = np.zeros((len(CURRENTS) - 1, n_steps(settings.tstop, settings.dt) + 1))
        for cells in _chunks(network, cell_type, settings):
            parts += _of_cells(run, cell_type, cells, rest[cell_type])
        whole = trial.moments[cell_type] - trial.references[cell_type]
        moments[cell_type] = dict(zip(CURRENTS, [*parts, whole - parts.sum(axis=0)], strict=True))
    return moments


def _resting_voltages(network: Network, bearing: Sequence[str], settings: SimulationSettings) -> dict[str, FloatArray]:
    """Return the voltage of an undriven, unconnected cell of each type, shape (n_sections, n_samples), mV."""
    alone = replace(network, drives=OrderedFrozenMap(), biases=FrozenMap(), connections=())
    cells = [alone.gid_ranges[name][0] for name in bearing if len(alone.gid_ranges[name])]
    record = Record(voltage="all", cells=cells)
    recorded = _Run(alone, 0, settings).recorded(record)["voltage"]
    owners = np.array([channel.cell_type for channel in recording_channels(alone, record)["voltage"]])
    return {name: recorded[owners == name] for name in bearing}


def _chunks(network: Network, cell_type: str, settings: SimulationSettings) -> Iterator[range]:
    """Yield the cells of a type, so many at a time that what is recorded of them is no large table."""
    template, cells = network.cell_types[cell_type], network.gid_ranges[cell_type]
    rows = sum(1 + len(section.receptors) for section in template.sections.values())
    at_a_time = max(1, _LARGEST // (rows * (n_steps(settings.tstop, settings.dt) + 1)))
    for first in range(0, len(cells), at_a_time):
        yield cells[first : first + at_a_time]


def _of_cells(run: _Run, cell_type: str, cells: range, rest: FloatArray) -> FloatArray:
    """Return what excitation, inhibition and biases make in some cells of a type, shape (3, n_samples), fA m."""
    network, settings = run.network, run.settings
    template = network.cell_types[cell_type]
    sections = list(template.sections)
    steps = n_steps(settings.tstop, settings.dt)
    conductance = np.zeros((steps, len(sections), len(cells)))
    sources = np.zeros((steps, len(sections), len(cells), _BIAS + bool(network.biases)))
    record = Record(voltage="all", synaptic_current="all" if _has_synapses(template) else None, cells=tuple(cells))
    recorded = run.recorded(record)
    channels = recording_channels(network, record)
    voltages = {(gid, section): row for row, (gid, _, section, _) in enumerate(channels["voltage"])}
    for row, channel in enumerate(channels.get("synaptic_current", ())):
        current = recorded["synaptic_current"][row]
        if current.any():
            voltage = recorded["voltage"][voltages[channel.gid, channel.section]]
            place = sections.index(channel.section), cells.index(channel.gid)
            _open(conductance, sources, place, _synapse(template, channel, current, voltage), rest)
    if network.biases:
        sources[..., _BIAS] += _bias_currents(network, cell_type, settings)[:, :, None]
    used = np.flatnonzero(sources.any(axis=(0, 2, 3)) | conductance.any(axis=(0, 2)))
    parts = np.zeros((_BIAS + 1, steps + 1))
    if used.size:
        names = [sections[k] for k in used]
        made = synaptic_moment(template, names, conductance[:, used], sources[:, used], settings.dt)
        parts[: len(made)] = made
    return parts


def _has_synapses(template: CellTemplate) -> bool:
    return any(section.receptors for section in template.sections.values())


def _synapse(
    template: CellTemplate, channel: RecordingChannel, current: FloatArray, voltage: FloatArray
) -> tuple[float, FloatArray]:
    """Return the reversal potential, mV, and the conductance of each step, uS.

    The current at a sample is the conductance times the driving force at the sample before.
    """
    assert channel.receptor is not None
    synapse = template.synapses[channel.receptor]
    assert isinstance(synapse, Synapse)  # a network with others is refused before it is simulated
    reversal = synapse.e_mV
    force = voltage[:-1] - reversal
    known = np.abs(force) > _NEAR_MV
    steps = np.arange(len(force))
    if not known.any():
        return reversal, np.zeros(len(force))
    return reversal, np.interp(steps, steps[known], current[1:][known] / force[known])


def _open(
    conductance: FloatArray,
    sources: FloatArray,
    place: tuple[int, int],
    synapse: tuple[float, FloatArray],
    rest: FloatArray,
) -> None:
    """Add one synapse of one cell."""
    (section, cell), (reversal, opened) = place, synapse
    kind = _EXCITATION if reversal > _EXCITES_ABOVE_MV else _INHIBITION
    conductance[:, section, cell] += opened
    sources[:, section, cell, kind] += opened * (reversal - rest[section, 1:])


def _bias_currents(network: Network, cell_type: str, settings: SimulationSettings) -> FloatArray:
    """Return what biases bring into a cell of a type in each step, shape (n_steps, n_sections), nA."""
    sections = list(network.cell_types[cell_type].sections)
    currents = np.zeros((n_steps(settings.tstop, settings.dt), len(sections)))
    middles = settings.dt * (np.arange(len(currents)) + 0.5)
    for bias in network.biases.values():
        if cell_type in bias.amplitude_nA:
            stop = settings.tstop if bias.tstop_ms is None else bias.tstop_ms
            flows = (middles >= bias.t0_ms) & (middles < stop)
            currents[:, sections.index(bias.section)] += bias.amplitude_nA[cell_type] * flows
    return currents
