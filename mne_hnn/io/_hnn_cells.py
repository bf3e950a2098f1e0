"""Cells of HNN's network files as templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DataError
from ..network import (
    CHANNELS,
    Branch,
    CellTemplate,
    Density,
    Mechanism,
    OrderedFrozenMap,
    Section,
    Tabulated,
    Uniform,
    replace,
)
from ..network.templates import calcium_templates, jones_2009_templates
from ._hnn_mechanisms import synapse, unknown_mechanism

__all__ = ["cell_template"]

MECHANISMS = {"hh2": "hh"}
READY = (jones_2009_templates, calcium_templates)
#: Voltage of a section whose file and name say none, mV: that of HNN.
V_INIT_MV = -65.0


def cell_template(cell_type: str, entry: Mapping[str, Any], known: Mapping[str, Mechanism]) -> CellTemplate:
    """Return the template of a cell type, from the layout with or without metadata, with mechanisms by name."""
    cell = entry.get("cell_object", entry)
    about = _about(cell_type, entry.get("cell_metadata"))
    points = _end_points(cell)
    sections = {name: _section(cell_type, name, section, points[name]) for name, section in cell["sections"].items()}
    synapses = {name: synapse(cell_type, name, kinetics, known) for name, kinetics in cell["synapses"].items()}
    pyramidal = about["morphology"] == "pyramidal"
    template = CellTemplate(
        name=cell_type,
        sections=sections,
        tree=_tree(cell["cell_tree"]),
        synapses=synapses,
        locations=cell["sect_loc"],
        apical_section="apical_trunk" if pyramidal and "apical_trunk" in sections else None,
        **about,
    )
    # distances need the whole tree, so channels come last
    filled = {
        name: replace(section, **channels_of(template, name, cell["sections"][name]["mechs"], known))
        for name, section in template.sections.items()
    }
    return replace(template, sections=OrderedFrozenMap(filled))


def _about(cell_type: str, metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    if metadata is not None and "morpho_type" in metadata:
        layer = str(metadata["layer"])
        return {
            "layer": f"L{layer}" if layer.isdigit() else layer,
            "morphology": str(metadata["morpho_type"]),
            "electro_type": str(metadata["electro_type"]),
            "measures_dipole": bool(metadata["measure_dipole"]),
            "reference": str(metadata.get("reference", "")),
        }
    # before version 0.5 the names said it
    known = jones_2009_templates()
    if cell_type not in known:
        raise DataError(
            f"The file says neither layer nor kind of cell type {cell_type!r}, and only {', '.join(known)} are known "
            "by name: add its cell_metadata."
        )
    names = ("layer", "morphology", "electro_type", "measures_dipole", "reference")
    return {name: getattr(known[cell_type], name) for name in names}


def _end_points(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return the end points; where they are those of a ready model but for rounding, the model's."""
    points = {name: section["end_pts"] for name, section in cell["sections"].items()}
    for templates in READY:
        for template in templates().values():
            exact = {name: section.end_points_um for name, section in template.sections.items()}
            if exact.keys() == points.keys() and all(
                np.allclose(exact[name], points[name], rtol=0, atol=1e-6) for name in exact
            ):
                return exact
    return points


def _section(cell_type: str, name: str, entry: Mapping[str, Any], points: Any) -> Section:
    v_init = entry.get("v0")
    if v_init is None:
        template = jones_2009_templates().get(cell_type)
        v_init = template.sections[name].v_init_mV if template and name in template.sections else V_INIT_MV
    section = Section(
        L_um=entry["L"],
        diam_um=entry["diam"],
        Ra_ohm_cm=entry["Ra"],
        cm_uF_cm2=entry["cm"],
        v_init_mV=v_init,
        end_points_um=points,
        receptors=entry["syns"],
    )
    nseg = int(entry.get("nseg", section.nseg))
    return section if nseg == section.nseg else replace(section, nseg_override=nseg)


def _tree(joints: Mapping[str, Any] | None) -> tuple[Branch, ...]:
    branches = []
    for parent_node, children in (joints or {}).items():
        parent, parent_end = _node(parent_node)
        for child, child_end in map(_node, children):
            if child != parent:  # a section is also listed as joining its own two ends
                branches.append(Branch(child=child, parent=parent, child_end=child_end, parent_end=parent_end))
    return tuple(branches)


def _node(text: str) -> tuple[str, int]:
    name, end = text.rsplit(",", 1)
    return name, int(end)


def channels_of(
    template: CellTemplate, section: str, mechanisms: Mapping[str, Any], known: Mapping[str, Mechanism]
) -> dict[str, Any]:
    """Return the channels of a section and those of them that are mechanisms of one's own, as fields of a section."""
    channels: dict[str, dict[str, Any]] = {}
    for mechanism, parameters in mechanisms.items():
        channel = MECHANISMS.get(mechanism, mechanism)
        if channel not in CHANNELS and channel not in known:
            raise unknown_mechanism(mechanism, f"section {section!r} of cell type {template.name!r}", known)
        channels[channel] = {
            key.removesuffix(f"_{mechanism}"): _profile(
                template, section, key, value, channel=channel, mechanism=mechanism
            )
            for key, value in parameters.items()
        }
    own = {name: known[name] for name in channels if name not in CHANNELS}
    return {"channels": channels, "mechanisms": own}


def _profile(template: CellTemplate, section: str, key: str, value: Any, *, channel: str, mechanism: str) -> Density:
    """Return a number, or the table of values at segment centres that stands for a function of the distance."""
    if isinstance(value, (int, float)):
        return Uniform(float(value))
    centres = template.segment_centres_um(section)
    values = np.array(value[1], dtype=float)
    if values.shape != centres.shape:
        raise DataError(
            f"{key} of section {section!r} of {template.name!r} has {values.size} values for {centres.size} segments."
        )
    for profile in _ready_profiles(channel, key.removesuffix(f"_{mechanism}")):
        if np.allclose(profile.at(centres), values, rtol=1e-9, atol=0):
            return profile
    order = np.argsort(centres)
    return Tabulated(tuple(centres[order].tolist()), tuple(values[order].tolist()))


def _ready_profiles(channel: str, parameter: str) -> list[Density]:
    found: dict[Density, None] = {}
    for templates in READY:
        for template in templates().values():
            for section in template.sections.values():
                profile = section.channels.get(channel, {}).get(parameter)
                if profile is not None and not isinstance(profile, Uniform):
                    found[profile] = None
    return list(found)
