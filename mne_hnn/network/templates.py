"""The cell templates of the ready models, as tables.

Numbers: Neymotin et al. 2020, https://doi.org/10.7554/eLife.51214, after Jones et al. 2009,
https://doi.org/10.1152/jn.00535.2009.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._value import OrderedFrozenMap
from .cells import CellTemplate
from .density import Exponential, Linear
from .sections import Branch, Section
from .synapses import Synapse

__all__ = ["calcium_templates", "jones_2009_templates", "law_2021_templates"]

REFERENCE = "Neymotin et al. 2020, https://doi.org/10.7554/eLife.51214"

UP = (0.0, 0.0, 1.0)
DOWN = (0.0, 0.0, -1.0)
LEFT = (-1.0, 0.0, 0.0)
DOWN_LEFT = (-math.sqrt(0.5), 0.0, -math.sqrt(0.5))
DOWN_RIGHT = (math.sqrt(0.5), 0.0, -math.sqrt(0.5))

AMPA = Synapse(e_mV=0.0, tau1_ms=0.5, tau2_ms=5.0)
NMDA = Synapse(e_mV=0.0, tau1_ms=1.0, tau2_ms=20.0)
GABAA = Synapse(e_mV=-80.0, tau1_ms=0.5, tau2_ms=5.0)
GABAB = Synapse(e_mV=-80.0, tau1_ms=1.0, tau2_ms=20.0)

# section: (length um, diameter um, direction, parent, parent end); sections follow in build order
_Rows = Mapping[str, tuple[float, float, tuple[float, float, float], str, int]]

_L2_PYRAMIDAL: _Rows = {
    "apical_trunk": (59.5, 4.25, UP, "soma", 1),
    "apical_1": (306.0, 4.08, UP, "apical_trunk", 1),
    "apical_tuft": (238.0, 3.4, UP, "apical_1", 1),
    "apical_oblique": (340.0, 3.91, LEFT, "apical_trunk", 1),
    "basal_1": (85.0, 4.25, DOWN, "soma", 0),
    "basal_2": (255.0, 2.72, DOWN_LEFT, "basal_1", 1),
    "basal_3": (255.0, 2.72, DOWN_RIGHT, "basal_1", 1),
    "soma": (22.1, 23.4, UP, "", 0),
}
_L5_PYRAMIDAL: _Rows = {
    "apical_trunk": (102.0, 10.2, UP, "soma", 1),
    "apical_1": (680.0, 7.48, UP, "apical_trunk", 1),
    "apical_2": (680.0, 4.93, UP, "apical_1", 1),
    "apical_tuft": (425.0, 3.4, UP, "apical_2", 1),
    "apical_oblique": (255.0, 5.1, LEFT, "apical_trunk", 1),
    "basal_1": (85.0, 6.8, DOWN, "soma", 0),
    "basal_2": (255.0, 8.5, DOWN_LEFT, "basal_1", 1),
    "basal_3": (255.0, 8.5, DOWN_RIGHT, "basal_1", 1),
    "soma": (39.0, 28.9, UP, "", 0),
}
# in the published parameter set the soma joins first
_TREE_ORDER = ("basal_1", "apical_trunk", "apical_1", "apical_oblique", "apical_2", "apical_tuft", "basal_2", "basal_3")

_L5_V_INIT = {"apical_1": -71.32, "apical_2": -69.08, "apical_tuft": -67.30}
_L5_SHARED: Mapping[str, Mapping[str, Any]] = {
    "cad": {"taur": 20.0},
    "kca": {"gbar": 0.0002},
    "km": {"gbar": 200.0},
    "cat": {"gbar": 0.0002},
    "ca": {"gbar": 60.0},
}


def _l2_channels(section: str) -> Mapping[str, Mapping[str, Any]]:
    gnabar = 0.18 if section == "soma" else 0.15
    return {"km": {"gbar": 250.0}, "hh": {"gnabar": gnabar, "gkbar": 0.01, "gl": 4.26e-5, "el": -65.0}}


def _l5_channels(section: str) -> Mapping[str, Mapping[str, Any]]:
    soma = section == "soma"
    hh = {"gnabar": 0.16 if soma else 0.14, "gkbar": 0.01, "gl": 4.26e-5, "el": -65.0 if soma else -71.0}
    ar = 1e-6 if soma else Exponential(1e-6, 0.003)
    return {"hh": hh, "ar": {"gbar": ar}, **_L5_SHARED}


def _end_points(rows: _Rows) -> dict[str, list[list[float]]]:
    """Draw the sections end to end, with end 0 of the soma at the origin."""
    drawn: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def draw(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if name not in drawn:
            length, _, direction, parent, end = rows[name]
            start = draw(parent)[end] if parent else np.zeros(3)
            drawn[name] = (start, start + length * np.array(direction))
        return drawn[name]

    return {name: [point.tolist() for point in draw(name)] for name in rows}


def _pyramidal(name: str, layer: str, rows: _Rows, cm: float, v_init: Mapping[str, float]) -> CellTemplate:
    channels = _l2_channels if layer == "L2" else _l5_channels
    points = _end_points(rows)
    sections = {}
    for section, (length, diameter, _, _, _) in rows.items():
        soma = section == "soma"
        sections[section] = Section(
            L_um=length,
            diam_um=diameter,
            Ra_ohm_cm=200.0,
            cm_uF_cm2=cm,
            v_init_mV=v_init.get(section, v_init["soma"]),
            end_points_um=points[section],
            channels=channels(section),
            receptors=("gabaa", "gabab") if soma else ("ampa", "nmda", "gabaa", "gabab"),
        )
    joints = [(child, *rows[child][3:]) for child in _TREE_ORDER if child in rows]
    return CellTemplate(
        name=name,
        sections=sections,
        tree=[Branch(child=child, parent=parent, parent_end=end) for child, parent, end in joints],
        synapses={"ampa": AMPA, "nmda": NMDA, "gabaa": GABAA, "gabab": GABAB},
        locations={"proximal": ("apical_oblique", "basal_2", "basal_3"), "distal": ("apical_tuft",)},
        layer=layer,
        morphology="pyramidal",
        electro_type="excitatory",
        measures_dipole=True,
        apical_section="apical_trunk",
        reference=REFERENCE,
    )


def _basket(name: str, layer: str) -> CellTemplate:
    soma = Section(
        L_um=39.0,
        diam_um=20.0,
        Ra_ohm_cm=200.0,
        cm_uF_cm2=0.85,
        v_init_mV=-64.9737,
        end_points_um=((0.0, 0.0, 0.0), (0.0, 0.0, 39.0)),
        channels={"hh": {}},
        receptors=("ampa", "gabaa", "nmda"),
    )
    return CellTemplate(
        name=name,
        sections={"soma": soma},
        synapses={"ampa": AMPA, "gabaa": GABAA, "nmda": NMDA},
        # distal input of the column ends in layer 2/3 and above, out of reach of layer 5 basket cells
        locations={"proximal": ("soma",), "distal": ("soma",) if layer == "L2" else ()},
        layer=layer,
        morphology="basket",
        electro_type="inhibitory",
        measures_dipole=False,
        reference=REFERENCE,
    )


@cache
def jones_2009_templates() -> Mapping[str, CellTemplate]:
    """Return the four templates of the default model, in the order of their cell numbers."""
    templates = {
        "L2_basket": _basket("L2_basket", "L2"),
        "L2_pyramidal": _pyramidal("L2_pyramidal", "L2", _L2_PYRAMIDAL, 0.6195, {"soma": -71.46}),
        "L5_basket": _basket("L5_basket", "L5"),
        "L5_pyramidal": _pyramidal("L5_pyramidal", "L5", _L5_PYRAMIDAL, 0.85, {"soma": -72.0, **_L5_V_INIT}),
    }
    return OrderedFrozenMap(templates)


@cache
def law_2021_templates() -> Mapping[str, CellTemplate]:
    """Return the templates of Law et al. 2021, https://doi.org/10.1093/cercor/bhab221.

    GABA-B rises and falls more slowly on pyramidal cells (45 and 200 ms), and the layer 5
    pyramidal cell has no calcium current in soma and basal dendrites.
    """
    templates = dict(jones_2009_templates())
    for name in ("L2_pyramidal", "L5_pyramidal"):
        templates[name] = templates[name].with_synapse("gabab", tau1_ms=45.0, tau2_ms=200.0)
    l5 = templates["L5_pyramidal"]
    templates["L5_pyramidal"] = l5.without_channel("soma", "ca").without_channel("basal_*", "ca")
    return OrderedFrozenMap(templates)


@cache
def calcium_templates() -> Mapping[str, CellTemplate]:
    """Return the templates of Kohl et al. 2022, https://doi.org/10.1007/s10548-021-00838-0.

    Channels of the layer 5 pyramidal dendrites change with distance: calcium rises towards the
    tuft, sodium and potassium fall.
    """
    templates = dict(jones_2009_templates())
    l5 = templates["L5_pyramidal"]
    sodium = Linear(0.32, 0.0028, 962.0)
    potassium = Exponential(0.06, -0.006, 1e-4)
    for section in ("apical_*", "basal_*"):
        l5 = l5.with_channel(section, "hh", gnabar=sodium, gkbar=potassium)
        l5 = l5.with_channel(section, "ca", gbar=Linear(10.0, 40.0, 1501.0))
    templates["L5_pyramidal"] = l5.with_channel("soma", "hh", gnabar=0.32, gkbar=0.06)
    return OrderedFrozenMap(templates)
