"""Source time courses of Brainstorm: the scout time series that its process 'Extract > Scouts time series' writes.

A ``matrix`` file has the rows ``Value`` (scouts x times) at ``Time`` (s), ``Description`` with a name for each, and
the fields ``Comment``, ``DisplayUnits``, ``nAvg``, ``Atlas`` and ``History``. Minimum-norm amplitudes are in A m,
whatever unit they are shown in; a scout of unconstrained sources has three rows, ``name.1`` to ``name.3``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from .content import Courses, Trial
from .mat import numbers, records, row, scalar, text_of, texts_of
from .units import moment_unit

__all__ = ["brainstorm_courses", "is_brainstorm"]

_MEASURES = {
    "dspm": "dSPM values",
    "sloreta": "sLORETA values",
    "eloreta": "eLORETA values",
    "zscore": "z-scores",
    "z-score": "z-scores",
    "mnp": "normalised amplitudes",
}
# tags of the comment, behind a bar
_TAGS = {
    "abs": "absolute values",
    "norm": "lengths of vectors",
    "power": "power",
    "hilbert": "envelopes",
    "std": "standard deviations",
}
_WORDS = re.compile(r"[a-z]+(?:-[a-z]+)*")
# 'MN: MEG(Constr) 2018' of a comment, 'results_MN_MEG_KERNEL' of a file
_AMPLITUDE = re.compile(r"\bw?MNE?(?::| (?:MEG|EEG|SEEG|ECOG)\b)")
_COMPONENT = re.compile(r"(.*)\.([123])")
_MAPS = ("ImageGridAmp", "ImagingKernel")
_OTHERS = {
    "Scouts": "the scouts themselves, without courses: extract their time series (Extract > Scouts time series)",
    "TF": "time-frequency maps: extract the scout time series of the sources themselves",
    "F": "recordings of sensors: extract the scout time series of their sources",
    "Dipole": "fitted dipoles: export them with their time course as text",
}


def is_brainstorm(variables: Mapping[str, Any]) -> bool:
    """Return whether these are the variables of a file of Brainstorm."""
    names = set(variables)
    if {"Value", "Time", "Description"} <= names:
        return True
    return bool(names & {"Comment", "History", "Name"}) and bool(names & {*_MAPS, *_OTHERS})


def brainstorm_courses(variables: Mapping[str, Any], path: Path) -> Courses:
    """Return the scouts of a file of Brainstorm."""
    _refuse_other_files(variables, path)
    values = numbers(variables["Value"], "Value", path)
    times = row(variables["Time"], "Time", path)
    names = tuple(name.split(" @ ")[0] for name in texts_of(variables["Description"], "Description", path))
    if values.ndim != 2 or values.shape != (len(names), len(times)):
        raise DataError(
            f"{path} has values of shape {values.shape} for {len(names)} descriptions and {len(times)} times: it is "
            "damaged, or of a newer kind."
        )
    said = _said_of(variables, path)
    _refuse_measures(said, variables, path)
    grouped, data = _grouped(names, values, _scouts(variables))
    unit, why = _unit(said)
    return Courses(
        software="Brainstorm",
        form="scout time series",
        noun="scout",
        names=grouped,
        trials=(Trial(times=times, data=data, nave=max(int(scalar(variables.get("nAvg"), 1)), 1)),),
        unit=unit,
        time_unit="s",
        facts={"comment": text_of(variables.get("Comment"))},
        assumed=(
            *why,
            "the sign as the scout has it: of constrained sources, positive is outward in most of the scout",
        ),
    )


def _refuse_other_files(variables: Mapping[str, Any], path: Path) -> None:
    if "Value" in variables:
        return
    if any(name in variables for name in _MAPS):
        raise DataError(
            f"{path} has the sources of the whole cortex, as Brainstorm keeps them: extract the time series of a scout "
            "(Extract > Scouts time series) and read that file."
        )
    found = next(name for name in _OTHERS if name in variables)
    raise DataError(f"{path} is a file of Brainstorm with {_OTHERS[found]}.")


def _said_of(variables: Mapping[str, Any], path: Path) -> str:
    """Return what the file says of how its values were made: comment, files of its rows, history."""
    rows = texts_of(variables["Description"], "Description", path)
    listed = [text_of(variables.get("Comment")), *(name.partition(" @ ")[2] for name in rows)]
    history = variables.get("History")
    if isinstance(history, list):  # a cell with a row per event: date, kind, text
        listed += [item for item in history if isinstance(item, str)]
    return "\n".join(listed)


def _refuse_measures(said: str, variables: Mapping[str, Any], path: Path) -> None:
    """Refuse what the file says to be no dipole moments."""
    lowered = said.lower().replace("_", " ")
    words = {part for word in _WORDS.findall(lowered) for part in (word, word.split("-")[0])}
    tags = {tag.strip().lower() for tag in text_of(variables.get("Comment")).split("|")[1:]}
    found = [
        what for known, given in ((_MEASURES, words), (_TAGS, tags)) for word, what in known.items() if word in given
    ]
    if found:
        raise DataError(
            f"{path} has {found[0]}, as its comment or history says, which are no dipole moments: extract the scout "
            "from the current density map (minimum norm, measure 'Current density map')."
        )
    shown = text_of(variables.get("DisplayUnits"))
    if shown and moment_unit(shown) is None:
        raise DataError(
            f"{path} has values in {shown!r} (DisplayUnits), which are no dipole moments: extract the scout from the "
            "current density map."
        )


def _unit(said: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the unit of the values, and why; Brainstorm keeps A m whatever it shows."""
    if _AMPLITUDE.search(said.replace("_", " ")):
        return "A m", ("moments in A m, as Brainstorm keeps minimum-norm amplitudes",)
    return None, ()


def _scouts(variables: Mapping[str, Any]) -> set[str]:
    """Return the names of the scouts that were extracted, as their atlas has them."""
    atlas = variables.get("Atlas")
    listed = records(atlas.get("Scouts")) if isinstance(atlas, Mapping) else []
    return {text_of(scout.get("Label")) for scout in listed}


def _grouped(names: Sequence[str], values: Any, scouts: set[str]) -> tuple[tuple[str, ...], Any]:
    """Return the scouts, those of unconstrained sources with their three rows together.

    Parts of a scout that was subdivided have such names, too: those are scouts of the atlas themselves.
    """
    if scouts & set(names):
        return tuple(names), values[:, None]
    parts = [_COMPONENT.fullmatch(name) for name in names]
    triples = [names[k : k + 3] for k in range(0, len(names), 3)]
    if all(parts) and all(
        [part[2] for part in parts[k : k + 3] if part] == ["1", "2", "3"]
        and len({part[1] for part in parts[k : k + 3] if part}) == 1
        for k in range(0, len(names), 3)
    ):
        return tuple(triple[0][:-2] for triple in triples), np.reshape(values, (len(triples), 3, -1))
    return tuple(names), values[:, None]
