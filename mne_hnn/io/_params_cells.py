"""Cell parameters of HNN's parameter files, by the names they have there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from ..network import CellTemplate, Exponential, FrozenMap, Network, OrderedFrozenMap, replace
from ..network.templates import jones_2009_templates
from ._params_profiles import profile_ends, with_profiles

__all__ = ["CELLS", "cell_names", "cell_values", "with_cell_parameters"]

#: Short names of cell types in parameter files.
CELLS: Mapping[str, str] = FrozenMap(
    {"L2Basket": "L2_basket", "L2Pyr": "L2_pyramidal", "L5Basket": "L5_basket", "L5Pyr": "L5_pyramidal"}
)
_FIELDS = {"L": "L_um", "diam": "diam_um", "cm": "cm_uF_cm2", "Ra": "Ra_ohm_cm"}
_KINETICS = {"e": "e_mV", "tau1": "tau1_ms", "tau2": "tau2_ms"}
_MECHANISMS = {"hh": "hh2"}

Edit = Callable[[CellTemplate, float], CellTemplate]


class _Row(NamedTuple):
    """A parameter: whose it is, how to set it, and how to find it, None where a cell has no such thing."""

    cell_type: str
    edit: Edit
    find: Callable[[CellTemplate], float | None]


def _field(cell_type: str, sections: tuple[str, ...], field: str) -> _Row:
    def find(template: CellTemplate) -> float | None:
        """Return the value of the first section, which stands for all."""
        section = template.sections.get(sections[0])
        return None if section is None else float(getattr(section, field))

    def edit(template: CellTemplate, value: float) -> CellTemplate:
        for section in sections:
            if getattr(template.sections[section], field) != value:
                template = template.with_section(section, **{field: value})
        return template

    return _Row(cell_type, edit, find)


def _kinetic(cell_type: str, receptor: str, field: str) -> _Row:
    def find(template: CellTemplate) -> float | None:
        """Return the constant of the receptor."""
        return float(getattr(template.synapses[receptor], field)) if receptor in template.synapses else None

    def edit(template: CellTemplate, value: float) -> CellTemplate:
        return replace(
            template,
            synapses=FrozenMap({**template.synapses, receptor: replace(template.synapses[receptor], **{field: value})}),
        )

    return _Row(cell_type, edit, find)


def _density(cell_type: str, sections: tuple[str, ...], channel: str, parameter: str) -> _Row:
    def find(template: CellTemplate) -> float | None:
        """Return the density of the first section, which stands for all, or the scale of its profile."""
        section = template.sections.get(sections[0])
        profile = section.channels.get(channel, {}).get(parameter) if section else None
        if profile is None:
            return None
        return float(profile.amplitude if isinstance(profile, Exponential) else profile.extremes()[0])

    def edit(template: CellTemplate, value: float) -> CellTemplate:
        edited = dict(template.sections)
        for name in sections:
            channels = edited[name].channels
            before = channels[channel][parameter]
            # the number scales a profile where the model has one
            after = replace(before, amplitude=value) if isinstance(before, Exponential) else value
            edited[name] = replace(
                edited[name], channels={**channels, channel: {**channels[channel], parameter: after}}
            )
        return replace(template, sections=OrderedFrozenMap(edited))

    return _Row(cell_type, edit, find)


@cache
def _rows() -> Mapping[str, _Row]:
    """Return all cell parameters by their names in parameter files."""
    rows: dict[str, _Row] = {}
    for short in ("L2Pyr", "L5Pyr"):
        cell_type = CELLS[short]
        template = jones_2009_templates()[cell_type]
        groups = {"soma": ("soma",), "dend": tuple(name for name in template.sections if name != "soma")}
        for name in template.sections:
            for key in ("L", "diam"):
                rows[f"{short}_{name.replace('_', '')}_{key}"] = _field(cell_type, (name,), _FIELDS[key])
        for group, sections in groups.items():
            for key in ("cm", "Ra"):
                rows[f"{short}_{group}_{key}"] = _field(cell_type, sections, _FIELDS[key])
            for channel, parameters in template.sections[sections[0]].channels.items():
                for parameter in parameters:
                    key = f"{short}_{group}_{parameter}_{_MECHANISMS.get(channel, channel)}"
                    rows[key] = _density(cell_type, sections, channel, parameter)
        for receptor in template.synapses:
            for key, field in _KINETICS.items():
                rows[f"{short}_{receptor}_{key}"] = _kinetic(cell_type, receptor, field)
    return rows


def cell_names() -> tuple[str, ...]:
    """Return the names of all cell parameters."""
    return tuple(_rows())


def cell_values(network: Network) -> dict[str, float]:
    """Return the cell parameters that are nearest to the cells of a network: one value per group of sections."""
    found = {key: row.find(network.populations[row.cell_type].template) for key, row in _rows().items()}
    values = {key: value for key, value in found.items() if value is not None}
    return values | profile_ends(network.populations[CELLS["L5Pyr"]].template)


def with_cell_parameters(network: Network, values: Mapping[str, Any], file: str) -> Network:
    """Return a network whose cells have the parameters of a file, which is named in warnings."""
    rows = _rows()
    populations = dict(network.populations)
    # a rise that is to become slower than the present fall needs the fall first
    for key in sorted(set(values) & set(rows), key=lambda key: (key.endswith("_tau1"), key)):
        row = rows[key]
        population = populations[row.cell_type]
        populations[row.cell_type] = replace(population, template=row.edit(population.template, values[key]))
    layer_5 = populations[CELLS["L5Pyr"]]
    populations[CELLS["L5Pyr"]] = replace(layer_5, template=with_profiles(layer_5.template, values, file))
    return replace(network, populations=OrderedFrozenMap(populations))
