"""Cell parameters of HNN's parameter files, by the names they have there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..network import CellTemplate, Exponential, FrozenMap, Network, OrderedFrozenMap, replace
from ..network.templates import jones_2009_templates
from ._params_profiles import with_profiles

__all__ = ["CELLS", "cell_names", "with_cell_parameters"]

#: Short names of cell types in parameter files.
CELLS: Mapping[str, str] = FrozenMap(
    {"L2Basket": "L2_basket", "L2Pyr": "L2_pyramidal", "L5Basket": "L5_basket", "L5Pyr": "L5_pyramidal"}
)
_FIELDS = {"L": "L_um", "diam": "diam_um", "cm": "cm_uF_cm2", "Ra": "Ra_ohm_cm"}
_KINETICS = {"e": "e_mV", "tau1": "tau1_ms", "tau2": "tau2_ms"}
_MECHANISMS = {"hh": "hh2"}

Edit = Callable[[CellTemplate, float], CellTemplate]


def _field(sections: tuple[str, ...], field: str) -> Edit:
    def edit(template: CellTemplate, value: float) -> CellTemplate:
        for section in sections:
            if getattr(template.sections[section], field) != value:
                template = template.with_section(section, **{field: value})
        return template

    return edit


def _kinetic(receptor: str, field: str) -> Edit:
    def edit(template: CellTemplate, value: float) -> CellTemplate:
        return replace(
            template,
            synapses=FrozenMap({**template.synapses, receptor: replace(template.synapses[receptor], **{field: value})}),
        )

    return edit


def _density(sections: tuple[str, ...], channel: str, parameter: str) -> Edit:
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

    return edit


@cache
def _edits() -> Mapping[str, tuple[str, Edit]]:
    """Return, by name in a parameter file, the cell type and how to set it."""
    rows: dict[str, tuple[str, Edit]] = {}
    for short in ("L2Pyr", "L5Pyr"):
        template = jones_2009_templates()[CELLS[short]]
        groups = {"soma": ("soma",), "dend": tuple(name for name in template.sections if name != "soma")}
        for name in template.sections:
            for key in ("L", "diam"):
                rows[f"{short}_{name.replace('_', '')}_{key}"] = CELLS[short], _field((name,), _FIELDS[key])
        for group, sections in groups.items():
            for key in ("cm", "Ra"):
                rows[f"{short}_{group}_{key}"] = CELLS[short], _field(sections, _FIELDS[key])
            for channel, parameters in template.sections[sections[0]].channels.items():
                for parameter in parameters:
                    key = f"{short}_{group}_{parameter}_{_MECHANISMS.get(channel, channel)}"
                    rows[key] = CELLS[short], _density(sections, channel, parameter)
        for receptor in template.synapses:
            for key, field in _KINETICS.items():
                rows[f"{short}_{receptor}_{key}"] = CELLS[short], _kinetic(receptor, field)
    return rows


def cell_names() -> tuple[str, ...]:
    """Return the names of all cell parameters."""
    return tuple(_edits())


def with_cell_parameters(network: Network, values: Mapping[str, Any], file: str) -> Network:
    """Return a network whose cells have the parameters of a file, which is named in warnings."""
    edits = _edits()
    populations = dict(network.populations)
    # a rise that is to become slower than the present fall needs the fall first
    for key in sorted(set(values) & set(edits), key=lambda key: (key.endswith("_tau1"), key)):
        cell_type, edit = edits[key]
        population = populations[cell_type]
        populations[cell_type] = replace(population, template=edit(population.template, values[key]))
    layer_5 = populations[CELLS["L5Pyr"]]
    populations[CELLS["L5Pyr"]] = replace(layer_5, template=with_profiles(layer_5.template, values, file))
    return replace(network, populations=OrderedFrozenMap(populations))
