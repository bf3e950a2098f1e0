"""What a simulation records beside its dipole and spikes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_int, check_name, check_positive
from .._value import FrozenMap, Value
from ..errors import ParameterError
from ..network import CellTemplate, CustomSynapse, Network
from ..recordings import QUANTITIES, RecordingChannel

__all__ = ["Record", "as_record", "check_sampling", "every_nth", "recording_channels", "variable_units"]

Sections = str | Sequence[str] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Record(Value):
    """What to record of the cells; nothing unless asked for.

    Parameters
    ----------
    voltage, synaptic_current, calcium, membrane_current : str | sequence of str | None
        Where to record a quantity: ``'soma'``, ``'all'`` sections, the name of a section, or several names. A cell
        type without such a section is passed over. Voltage and calcium are those in the middle of a section, the
        membrane current is that of the whole section, and synaptic currents come one per receptor.
    variables : mapping of str to str | sequence of str | None
        Where to record variables of mechanisms of one's own, by receptor or channel and variable, such as
        ``{'nmda.block': 'apical_tuft', 'nap.m': 'soma'}``; in the middle of a section, in the unit of the file.
    cells : str | int | sequence of str | sequence of int | None
        Cell types, or cell numbers; None for all cells.
    sfreq : float | None
        Samples per second to keep, also of electrodes; every step for None. It must divide the step's rate. Quantities
        of cells are sampled as they are; potentials of electrodes go through a filter against aliasing first, without
        delay, as behind an amplifier.

    Examples
    --------
    >>> from mne_hnn.simulate import simulate
    >>> record = Record(voltage="soma", synaptic_current="apical_tuft", cells="L5_pyramidal", sfreq=1000.0)
    >>> sorted(simulate(network, tstop=20.0, record=record).recordings)
    ['synaptic_current', 'voltage']
    """

    voltage: Sections = None
    synaptic_current: Sections = None
    calcium: Sections = None
    membrane_current: Sections = None
    variables: Mapping[str, Sections] = field(default_factory=FrozenMap)
    cells: Any = None
    sfreq: float | None = None

    def __post_init__(self) -> None:
        for name in QUANTITIES:
            object.__setattr__(self, name, _sections(name, getattr(self, name)))
        object.__setattr__(self, "variables", _variables(self.variables))
        if self.cells is not None:
            single = isinstance(self.cells, str) or not hasattr(self.cells, "__iter__")
            cells = (self.cells,) if single else tuple(self.cells)
            if not cells:
                raise ParameterError("Record: cells names no cell: give cell types or cell numbers, or None for all.")
            chosen = tuple(cell if isinstance(cell, str) else check_int(cell, "Record: a cell") for cell in cells)
            object.__setattr__(self, "cells", chosen)
        if self.sfreq is not None:
            object.__setattr__(self, "sfreq", check_positive(self.sfreq, "Record: sfreq (Hz)"))

        if self.cells is not None and not self.quantities:
            raise ParameterError(
                "Record: cells are chosen, but nothing to record of them: name a quantity, such as voltage='soma'."
            )

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that are recorded."""
        return (*(name for name in QUANTITIES if getattr(self, name) is not None), *self.variables)

    def sections_of(self, quantity: str) -> tuple[str, ...]:
        """Return where a quantity is recorded, as it was asked for."""
        found: Any = self.variables[quantity] if quantity in self.variables else getattr(self, quantity)
        return tuple(found)


def _variables(value: Any) -> FrozenMap[tuple[str, ...]]:
    if value is None:
        return FrozenMap()
    if not isinstance(value, Mapping):
        raise ParameterError(
            f"Record: variables must be a dict such as {{'nmda.block': 'soma'}}, got {type(value).__name__}."
        )
    asked = {name: _sections(f"variable {name!r}", places) for name, places in value.items()}
    for name in asked:
        if not all(name.rpartition(".")[::2]):
            raise ParameterError(
                f"Record: variables are named by receptor or channel and variable, such as 'nmda.block', got {name!r}."
            )
    return FrozenMap({name: places for name, places in asked.items() if places is not None})


def _sections(quantity: str, value: Any) -> tuple[str, ...] | None:
    if value is None or value is False:
        return None
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, Sequence) or not names or not all(isinstance(name, str) for name in names):
        raise ParameterError(
            f"Record: {quantity} must be 'soma', 'all', names of sections, or None for nothing, got {value!r}."
        )
    return tuple(names)


def as_record(value: Record | Mapping[str, Any] | None) -> Record:
    """Return what a user gave for `record` as a :class:`Record`."""
    if value is None:
        return Record()
    if isinstance(value, Record):
        return value
    if not isinstance(value, Mapping):
        raise ParameterError(
            f"record must be a Record or a dict such as {{'voltage': 'soma'}}, got {type(value).__name__}."
        )
    return Record(**value)


def check_sampling(record: Record, tstop: float, dt: float) -> None:
    """Refuse a rate at which a run of `tstop` ms would leave a single sample."""
    every = every_nth(record, dt)
    if every * dt > tstop:
        raise ParameterError(
            f"Record: sfreq = {record.sfreq:g} Hz leaves one sample of the {tstop:g} ms that are simulated: it is in "
            f"Hz, was it given in kHz?"
        )


def every_nth(record: Record, dt: float) -> int:
    """Return how many steps of `dt` (ms) lie from one recorded sample to the next."""
    if record.sfreq is None:
        return 1
    exact = 1e3 / dt / record.sfreq
    steps = round(exact)
    if steps < 1 or abs(steps - exact) > 1e-6 * exact:
        raise ParameterError(
            f"Record: sfreq must divide the {1e3 / dt:g} steps per second of dt = {dt:g} ms, got {record.sfreq:g} Hz: "
            f"take {1e3 / dt / max(steps, 1):g} Hz."
        )
    return steps


def thinned(values: NDArray[np.float64], every: int) -> NDArray[np.float64]:
    """Return one of so many samples of each row, behind a low-pass filter without delay.

    The filter is that of :func:`scipy.signal.resample_poly`, half its height at the new Nyquist frequency. Rows are
    continued by point reflection at both ends, so that the filter makes no step there.

    Parameters
    ----------
    values : array, shape (n_rows, n_samples)
        The rows.
    every : int
        Distance of the samples to keep.

    Returns
    -------
    values : array, shape (n_rows, (n_samples - 1) // every + 1)
        The same samples as ``values[:, ::every]``, filtered.
    """
    if every == 1 or values.shape[1] < 2:
        return values[:, ::every]
    from scipy.signal import resample_poly  # half of what a worker's imports cost, and few runs need it

    margin = 20 * every  # the filter reaches 10 samples to each side
    padded = np.pad(values, ((0, 0), (margin, margin)), mode="reflect", reflect_type="odd")
    kept = resample_poly(padded, 1, every, axis=-1)[:, 20:]
    return np.asarray(kept[:, : (values.shape[1] - 1) // every + 1])


def _chosen_cells(network: Network, record: Record) -> list[tuple[int, str]]:
    ranges = {name: network.gid_ranges[name] for name in network.populations}
    if record.cells is None:
        return [(gid, name) for name, gids in ranges.items() for gid in gids]
    wanted: set[int] = set()
    for cell in record.cells:
        if isinstance(cell, str):
            wanted.update(ranges[check_name(cell, ranges, "cell type", where="in cells of Record")])
        else:
            wanted.add(check_int(cell, "Record: a cell number", minimum=0, maximum=network.n_cells - 1))
    return [(gid, name) for name, gids in ranges.items() for gid in gids if gid in wanted]


def _in_template(template: CellTemplate, quantity: str, names: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Return the sections, and for currents the receptors, at which a cell type has the quantity."""
    sections = [name for name in template.sections if "all" in names or name in names]
    if "soma" in names and "soma" not in template.sections:
        sections.append(template.root)  # a cell of one's own may call it otherwise
    if quantity == "calcium":
        return [(name, None) for name in sections if "cad" in template.sections[name].channels]
    if quantity == "synaptic_current":
        return [(name, receptor) for name in sections for receptor in template.sections[name].receptors]
    if quantity not in QUANTITIES:
        owner, _, variable = quantity.rpartition(".")
        return [(name, receptor) for name in sections for receptor in _with_variable(template, name, owner, variable)]
    return [(name, None) for name in sections]


def _with_variable(template: CellTemplate, section: str, owner: str, variable: str) -> list[str | None]:
    """Return the receptor of that name with the variable, and None for a channel that has it."""
    there = template.sections[section]
    synapse = template.synapses.get(owner)
    found: list[str | None] = []
    if isinstance(synapse, CustomSynapse) and owner in there.receptors and variable in synapse.mechanism.variables:
        found.append(owner)
    if owner in there.mechanisms and variable in there.mechanisms[owner].variables:
        found.append(None)
    return found


def variable_units(network: Network) -> dict[str, str]:
    """Return the variables of mechanisms of one's own that can be recorded of a network, with their units."""
    found: dict[str, str] = {}
    for template in network.cell_types.values():
        for receptor, synapse in template.synapses.items():
            if isinstance(synapse, CustomSynapse):
                found |= {f"{receptor}.{name}": unit for name, unit in synapse.mechanism.variables.items()}
        for section in template.sections.values():
            for key, mechanism in section.mechanisms.items():
                found |= {f"{key}.{name}": unit for name, unit in mechanism.variables.items()}
    return found


def _check_variables(network: Network, record: Record) -> None:
    if record.variables:
        known = variable_units(network)
        if not known:
            raise ParameterError(
                "Record: variables are those of mechanisms of one's own, and the network has none: leave them out."
            )
        for name in record.variables:
            check_name(name, known, "variable", where="in variables of Record")


def recording_channels(network: Network, record: Record) -> dict[str, tuple[RecordingChannel, ...]]:
    """Return what is recorded of each quantity, in the order of cells, sections and receptors.

    Parameters
    ----------
    network : Network
        The network.
    record : Record
        What is asked for.

    Returns
    -------
    channels : dict of str to tuple of RecordingChannel
        By quantity.

    Raises
    ------
    ParameterError
        A section or cell does not exist, or none of those asked for has the quantity.
    """
    if not record.quantities:
        return {}
    _check_variables(network, record)
    templates = network.cell_types
    cells = _chosen_cells(network, record)
    known = dict.fromkeys(["soma", "all", *(name for template in templates.values() for name in template.sections)])
    channels = {}
    for quantity in record.quantities:
        names = record.sections_of(quantity)
        for name in names:
            check_name(name, known, "section", where=f"in {quantity} of Record")
        places = {cell_type: _in_template(template, quantity, names) for cell_type, template in templates.items()}
        found = tuple(
            RecordingChannel(gid, cell_type, section, receptor)
            for gid, cell_type in cells
            for section, receptor in places[cell_type]
        )
        if not found:
            raise ParameterError(
                f"Record: none of the chosen cells has {quantity.replace('_', ' ')} at {', '.join(map(repr, names))}: "
                "choose other cells or sections."
            )
        channels[quantity] = found
    return channels
