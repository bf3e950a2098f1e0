"""One cell inside NEURON: its sections, membrane mechanisms, and the weights of its dipole moment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import SimulationError
from ..network import CellTemplate, Mechanism
from ..network.channels import CELSIUS
from .custom import reversals
from .temperature import TEMPERATURE_PARAMETERS, temperature_parameters

# The mechanisms that hold whole membranes, smallest first, and the channels each one covers.
MEMBRANES: tuple[tuple[str, frozenset[str]], ...] = (
    ("hnn_hh", frozenset({"hh"})),
    ("hnn_hh_km", frozenset({"hh", "km"})),
    ("hnn_full", frozenset({"hh", "km", "ca", "cad", "kca", "cat", "ar"})),
)
# pi d^2/(4 Ra) in um^2/(ohm cm), times mV, in fA m
_MOMENT_UNIT = 100.0

Node = tuple[str, float]


def membrane_of(channels: Sequence[str]) -> str:
    """Return the smallest membrane mechanism that covers `channels`."""
    for name, covered in MEMBRANES:
        if covered.issuperset(channels):
            return name
    raise SimulationError(f"No membrane mechanism holds the channels {', '.join(sorted(channels))}.")


def effective_diameter(diam_um: float) -> float:
    """Return the diameter NEURON works with: the published model passes it through a single-precision 3-D point."""
    return float(np.float32(diam_um))


def moment_weights(template: CellTemplate) -> dict[Node, float]:
    """Return the weights of a cell's dipole moment on the voltages at its section ends.

    Along a section of uniform diameter d and axial resistivity Ra, axial current times length telescopes to
    pi d^2/(4 Ra) (V(0) - V(1)); its component along the apical dendrite has the factor cos(theta). It is the current
    inside the dendrites that MEG and EEG see (Murakami and Okada 2006, https://doi.org/10.1113/jphysiol.2006.105379).

    Parameters
    ----------
    template : CellTemplate
        The cell.

    Returns
    -------
    weights : dict
        (section, end) -> weight in fA m per mV; ends that are one electrical node are merged.
    """
    parents = template.parents

    def node(section: str, end: float) -> Node:
        branch = parents.get(section)
        if branch is not None and end == branch.child_end:
            return node(branch.parent, branch.parent_end)
        return section, end

    weights: dict[Node, float] = {}
    for name, section in template.sections.items():
        diameter = effective_diameter(section.diam_um)
        weight = template.cos_theta(name) * math.pi * diameter**2 / (4 * section.Ra_ohm_cm) * _MOMENT_UNIT
        if abs(weight) < 1e-12:
            continue
        for end, sign in ((0.0, 1.0), (1.0, -1.0)):
            place = node(name, end)
            weights[place] = weights.get(place, 0.0) + sign * weight
    return {place: weight for place, weight in weights.items() if weight != 0.0}


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """What every copy of one section is set to."""

    name: str
    geometry: tuple[float, float, float, float]
    nseg: int
    v_init_mV: float
    membrane: str | None
    own: tuple[str, ...]  # mechanisms of one's own, and their ions
    uniform: tuple[tuple[str, float], ...]
    varying: tuple[tuple[str, tuple[float, ...]], ...]


def section_plan(
    template: CellTemplate, name: str, celsius: float = CELSIUS, names: Mapping[Mechanism, str] | None = None
) -> SectionPlan:
    """Work out what every copy of one section is set to at a temperature, once for all cells of a type.

    Parameters
    ----------
    template : CellTemplate
        The cell.
    name : str
        The section.
    celsius : float
        Temperature, degrees Celsius.
    names : mapping of Mechanism to str | None
        What mechanisms of one's own are called inside NEURON.
    """
    section = template.sections[name]
    ready = [channel for channel in section.channels if channel not in section.mechanisms]
    membrane = membrane_of(ready) if ready else None
    called = {key: (names or {}).get(one, one.compiled_name) for key, one in section.mechanisms.items()}
    own = list(called.values())
    profiles = [
        (f"{channel}_{parameter}_{membrane}", profile)
        for channel in ready
        for parameter, profile in section.channels[channel].items()
    ]
    for channel, mechanism in section.mechanisms.items():
        for parameter, about in mechanism.parameters.items():
            if not about.everywhere and not about.ion:
                profiles.append((f"{parameter}_{called[channel]}", section.channels[channel][parameter]))
    for reversal, profile in reversals(template, name).items():
        own.append(f"{reversal[1:]}_ion")  # a synapse, which comes later, may be the first to use it
        profiles.append((reversal, profile))
    uniform: list[tuple[str, float]] = []
    varying: list[tuple[str, tuple[float, ...]]] = []
    for attribute, profile in profiles:
        values = profile.at(template.segment_centres_um(name))
        if np.all(values == values[0]):
            uniform.append((attribute, float(values[0])))
        else:
            varying.append((attribute, tuple(map(float, values))))
    if "cad" in section.channels:
        uniform.append((f"cad_gain_{membrane}", 1.0))
    if membrane is not None and celsius != CELSIUS:  # of which the mechanisms have the numbers
        known = temperature_parameters(celsius)
        uniform += [(f"{parameter}_{membrane}", known[parameter]) for parameter in TEMPERATURE_PARAMETERS[membrane]]
    return SectionPlan(
        name=name,
        geometry=(section.L_um, effective_diameter(section.diam_um), section.Ra_ohm_cm, section.cm_uF_cm2),
        nseg=section.nseg,
        v_init_mV=section.v_init_mV,
        membrane=membrane,
        own=tuple(own),
        uniform=tuple(uniform),
        varying=tuple(varying),
    )


class Cell:
    """The sections of one cell in NEURON."""

    __slots__ = ("sections",)

    def __init__(self, h: Any, plan: Sequence[SectionPlan], template: CellTemplate) -> None:
        self.sections: dict[str, Any] = {}
        for part in plan:
            sec = h.Section(part.name)
            sec.L, sec.diam, sec.Ra, sec.cm = part.geometry
            sec.nseg = part.nseg
            if part.membrane is not None:
                sec.insert(part.membrane)
            for mechanism in part.own:
                sec.insert(mechanism)
            for attribute, value in part.uniform:
                setattr(sec, attribute, value)
            for attribute, values in part.varying:
                for segment, value in zip(sec, values, strict=True):
                    setattr(segment, attribute, value)
            self.sections[part.name] = sec
        for branch in template.tree:
            self.sections[branch.child].connect(self.sections[branch.parent](branch.parent_end), branch.child_end)
