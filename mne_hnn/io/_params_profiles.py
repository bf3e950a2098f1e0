"""Channel densities along layer 5 pyramidal dendrites, of which parameter files state the two ends only.

The auditory model (Kohl et al. 2022, https://doi.org/10.1007/s10548-021-00838-0) was run in a HNN whose dendrites took
the ``soma`` and ``dend`` numbers of a file as start and end of a profile. Its files look like all others, but sodium
and potassium all but vanish in the dendrites.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._warn import warn
from ..network import CellTemplate, Exponential, FrozenMap, Linear, OrderedFrozenMap, replace
from ..network.templates import calcium_templates

__all__ = ["profile_ends", "with_profiles"]

CELL = "L5_pyramidal"
#: Channel and parameter whose density is a profile in the calcium model, by the ending of its name in files.
_PROFILED: Mapping[str, tuple[str, str]] = FrozenMap(
    {"gkbar_hh2": ("hh", "gkbar"), "gnabar_hh2": ("hh", "gnabar"), "gbar_ca": ("ca", "gbar")}
)
# the published uniform dendrites have at least 0.8 of the soma's density, the ends of the profiles 0.01 and less
_VANISHES = 0.1
_DIFFERS = 2.0


def with_profiles(template: CellTemplate, values: Mapping[str, Any], file: str) -> CellTemplate:
    """Return the layer 5 pyramidal cell with the profiles that a file means, and say that they are meant.

    Parameters
    ----------
    template : CellTemplate
        The cell, with the densities of the file as uniform ones.
    values : mapping
        The parameters of the file.
    file : str
        Its name, for warnings.
    """
    ends = {ending: _ends(template, *place) for ending, place in _PROFILED.items()}
    given = [ending for ending in ends if f"L5Pyr_dend_{ending}" in values]
    listed = ", ".join(f"L5Pyr_dend_{ending} {ends[ending][1]:g} (soma {ends[ending][0]:g})" for ending in given)
    if all(0 < dend <= _VANISHES * soma for soma, dend in (ends["gkbar_hh2"], ends["gnabar_hh2"])):
        cell = _with_profiles(template, ends)
        calcium = cell.density("soma", "ca", "gbar")[0]
        kept = "" if calcium == ends["gbar_ca"][0] else f"; the soma has that model's L5Pyr_soma_gbar_ca of {calcium:g}"
        warn(
            f"{file}: {listed} are read as the ends of the profiles along the dendrites of the calcium model (Kohl et "
            f"al. 2022), not as uniform densities{kept}. For uniform ones use Network.with_channel."
        )
        return cell
    if any(soma and dend and max(soma / dend, dend / soma) >= _DIFFERS for soma, dend in (ends[key] for key in given)):
        warn(
            f"{file}: {listed} are read as uniform densities of the dendrites. If they are ends of profiles, as in "
            "files of the calcium model, take the cells of mne_hnn.network.calcium()."
        )
    return template


def profile_ends(template: CellTemplate) -> dict[str, float]:
    """Return the ends of the profiles along the dendrites of a cell as a file states them; none if they are uniform."""
    found: dict[str, float] = {}
    for ending, (channel, parameter) in _PROFILED.items():
        profile = template.sections["apical_tuft"].channels.get(channel, {}).get(parameter)
        if isinstance(profile, Exponential):
            found |= {f"L5Pyr_soma_{ending}": profile.amplitude, f"L5Pyr_dend_{ending}": profile.offset}
        elif isinstance(profile, Linear):
            found |= {f"L5Pyr_soma_{ending}": profile.start, f"L5Pyr_dend_{ending}": profile.stop}
    return found


def _ends(template: CellTemplate, channel: str, parameter: str) -> tuple[float, float]:
    """Return the densities of soma and dendrites, which are uniform as long as nothing else was read."""
    soma, dend = (template.sections[name].channels[channel][parameter] for name in ("soma", "apical_tuft"))
    return soma.extremes()[0], dend.extremes()[1]


def _with_profiles(template: CellTemplate, ends: Mapping[str, tuple[float, float]]) -> CellTemplate:
    model = calcium_templates()[CELL]
    sections = dict(template.sections)
    for name, section in model.sections.items():
        channels = {key: dict(mechanism) for key, mechanism in sections[name].channels.items()}
        for ending, (channel, parameter) in _PROFILED.items():
            profile = section.channels[channel][parameter]
            soma, dend = ends[ending]
            if isinstance(profile, Exponential):
                channels[channel][parameter] = replace(profile, amplitude=soma, offset=dend)
            elif isinstance(profile, Linear):
                channels[channel][parameter] = replace(profile, start=soma, stop=dend)
        sections[name] = replace(sections[name], channels=channels)
    cell = replace(template, sections=OrderedFrozenMap(sections))
    # the calcium model as it is published leaves the soma its calcium, wherever the profile begins
    published = cell.with_channel("soma", "ca", gbar=model.sections["soma"].channels["ca"]["gbar"])
    return published if _same_densities(published, model) else cell


def _same_densities(cell: CellTemplate, model: CellTemplate) -> bool:
    return all(
        cell.sections[name].channels[channel][parameter] == section.channels[channel][parameter]
        for name, section in model.sections.items()
        for channel, parameter in _PROFILED.values()
    )
