"""Dipoles that MNE-Python, Xfit or this package wrote: ``.dip``, ``.bdip``, ``-dip.fif`` and ``-ave.fif``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mne
import numpy as np

from ..._files import read_file
from ..._types import FloatArray
from ...dipole import AGGREGATE, read_dipole
from ...errors import DataError
from .content import Courses, Trial

__all__ = ["SUFFIXES", "mne_courses"]

SUFFIXES = (".dip", ".bdip", ".fif", ".fif.gz")


def mne_courses(path: Path) -> Courses:
    """Return the dipoles of a file of MNE-Python: their moments as vectors over time, in head coordinates."""
    if path.name.lower().endswith((".fif", ".fif.gz")):
        return _of_fif(path)
    dipole = read_file(mne.read_dipole, path, "fitted dipoles")
    groups = _separate(np.asarray(dipole.times, dtype=float), path)
    with np.errstate(invalid="ignore"):
        moments = np.nan_to_num(dipole.amplitude[:, None] * dipole.ori, nan=0.0)  # without amplitude, without direction
    trials = Trial(times=dipole.times[groups[0]], data=np.array([moments[group].T for group in groups]))
    largest = [group[np.linalg.norm(moments[group], axis=1).argmax()] for group in groups]
    return Courses(
        software="MNE-Python or Xfit",
        form="fitted dipoles",
        noun="dipole",
        names=(),
        trials=(trials,),
        unit="A m",
        time_unit="s",
        axis=np.array([_direction(moments[at], dipole.ori[at], dipole.amplitude[at]) for at in largest]),
        facts={
            "name": dipole.name,
            "mne": mne.__version__,
            "dipoles": [_place(dipole, at) for at in largest],
        },
        assumed=(
            "the moment along its direction at the largest amplitude, in head coordinates; whether that is outward is "
            "not known",
        ),
    )


def _direction(moment: FloatArray, orientation: FloatArray, amplitude: float) -> FloatArray:
    """Return the direction in which a moment is positive: as the file has it, where its amplitudes have a sign."""
    length = float(np.linalg.norm(moment))
    if length == 0:
        return np.array([0.0, 0.0, 1.0])
    return np.asarray(moment / length * (1.0 if amplitude >= 0 else -1.0))


def _place(dipole: Any, at: int) -> dict[str, Any]:
    return {
        "time": float(dipole.times[at]),
        "pos": [float(part) for part in dipole.pos[at]],
        "goodness_of_fit": float(dipole.gof[at]),
    }


def _separate(times: FloatArray, path: Path) -> list[Any]:
    """Return the rows of each dipole of a file: one after the other, or all at each time."""
    unique, counts = np.unique(times, return_counts=True)
    count = int(counts[0])
    if len(unique) < 2 or (counts != count).any():
        raise DataError(
            f"{path} has dipoles at {len(unique)} times, and not the same number of them at each: a course needs a "
            "dipole at every time, as mne.fit_dipole gives it with a fixed place (pos)."
        )
    order = np.argsort(times, kind="stable").reshape(len(unique), count)
    return [order[:, k] for k in range(count)]


def _of_fif(path: Path) -> Courses:
    try:
        info = mne.io.read_info(path, verbose="error")
    except Exception as error:
        raise DataError(f"{path} cannot be read as a dipole in FIF form: {error}") from error
    kinds = set(info.get_channel_types()) if len(info["chs"]) else set()
    if AGGREGATE in info["ch_names"]:
        return _of_own(path)
    if "dipole" not in kinds:
        raise DataError(
            f"{path} has channels of type {', '.join(sorted(kinds)) or 'none'}, not a dipole: sensors are for `data` "
            "of an analysis, or for mne_hnn.source."
        )
    fixed = read_file(mne.read_dipole, path, "a dipole with a fixed place")
    rows = [k for k, kind in enumerate(fixed.info.get_channel_types()) if kind == "dipole"]
    places = [fixed.info["chs"][k]["loc"] for k in rows]
    return Courses(
        software="MNE-Python",
        form="dipole with a fixed place",
        noun="dipole",
        names=tuple(fixed.ch_names[k] for k in rows),
        trials=(Trial(times=fixed.times, data=fixed.data[rows][:, None], nave=max(int(fixed.nave), 1)),),
        unit="A m",
        time_unit="s",
        facts={
            "mne": mne.__version__,
            "dipoles": [{"pos": place[:3].tolist(), "direction": place[3:6].tolist()} for place in places],
        },
        assumed=("the moment along its own direction, in head coordinates; whether that is outward is not known",),
    )


def _of_own(path: Path) -> Courses:
    dipole = read_dipole(path)
    return Courses(
        software="mne_hnn",
        form="dipole",
        noun="layer",
        names=dipole.layers,
        trials=(Trial(times=dipole.times, data=dipole.data[:, None], nave=max(int(dipole.nave), 1)),),
        unit="A m" if dipole.provenance.get("unit", "A m") == "A m" else None,
        time_unit="s",
        facts={"made_of": dipole.provenance},
        default=dipole.layers.index(AGGREGATE),
    )
