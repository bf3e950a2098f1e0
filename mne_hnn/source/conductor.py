"""The conductor model of a head: read, fitted to its points, or made from its surfaces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mne
from mne.io.constants import FIFF
from mne.utils import logger

from .._files import existing, read_file
from .._text import first_line
from ..errors import DataError, ParameterError

__all__ = ["find_conductor", "make_conductor"]

CONDUCTIVITY = {1: (0.3,), 3: (0.3, 0.006, 0.3)}
"""S/m of brain, skull and scalp, as MNE has them."""
HEAD_RADIUS_m = (0.05, 0.15)
"""Radii of spheres that heads, a newborn's and the largest, can be fitted with, m."""


def find_conductor(bem: Any, folder: Path, with_eeg: bool) -> Any:
    """Return what the conductor model is made from: a model, ``'sphere'``, a solution's path or surfaces' folder."""
    if isinstance(bem, Mapping) or bem == "sphere":
        return bem
    if bem is not None:
        if not isinstance(bem, (str, Path)) or existing(bem, "BEM solution").is_dir():
            raise ParameterError(f"bem must be a conductor model, a BEM solution's file or 'sphere', got {bem!r}.")
        return existing(bem, "BEM solution")
    solutions = sorted((folder / "bem").glob("*-bem-sol.fif"))
    layers = 3 if with_eeg else 1
    # the one with the fewest triangles that has the layers: MEG needs the inner skull only, EEG all three
    fitting = [path for path in solutions if path.name.count("-") - 2 >= layers or layers == 1]
    if fitting:
        return min(fitting, key=lambda path: path.stat().st_size)
    needed = ("inner_skull", "outer_skull", "outer_skin")[:layers]
    missing = [name for name in needed if not (folder / "bem" / f"{name}.surf").exists()]
    if missing:
        raise DataError(
            f"There is no BEM solution in {folder / 'bem'}, and no {missing[0]}.surf to make one from: "
            "give bem, or bem='sphere' for a sphere fitted to the head points."
        )
    return folder / "bem"


def make_conductor(found: Any, info: mne.Info, folder: Path, ico: int | None) -> Any:
    """Return the conductor model of what was found: as it is, read, or made of the subject's surfaces."""
    if isinstance(found, Mapping):
        return found
    if isinstance(found, str):
        return _sphere(info)
    if found.is_file():
        return read_file(mne.read_bem_solution, found, "BEM solution")
    subject = folder.name
    logger.info("Making the BEM of %s ...", subject)
    layers = CONDUCTIVITY[3 if "eeg" in info.get_channel_types() else 1]
    _, triangles = mne.read_surface(found / "inner_skull.surf", verbose="error")
    if ico is not None and len(triangles) <= 20 * 4**ico:
        ico = None  # coarse enough as it is
    try:
        surfaces = mne.make_bem_model(subject, ico=ico, conductivity=layers, subjects_dir=folder.parent)
        return mne.make_bem_solution(surfaces)
    except (ValueError, RuntimeError, OSError) as error:
        raise DataError(f"The BEM of {subject!r} cannot be made: {first_line(error)}") from error


def _sphere(info: mne.Info) -> mne.bem.ConductorModel:
    """Fit a sphere to the points on the head, as MNE does: those of the scalp, or the electrodes."""
    advice = "give a model of known size, as bem=mne.make_sphere_model((0, 0, 0.04), 0.09)."
    kinds = [point["kind"] for point in info["dig"] or ()]
    on_scalp = [kinds.count(kind) for kind in (FIFF.FIFFV_POINT_EXTRA, FIFF.FIFFV_POINT_EEG)]
    if max(on_scalp) < 4:
        raise DataError(
            f"bem='sphere' fits a sphere to points on the head, of which at least 4 are needed: the recording has "
            f"{on_scalp[0]} on the scalp and {on_scalp[1]} electrodes ({len(kinds)} digitised points in all); {advice}"
        )
    try:
        model: mne.bem.ConductorModel = mne.make_sphere_model(r0="auto", head_radius="auto", info=info)
    except (ValueError, RuntimeError) as error:
        raise DataError(f"No sphere can be fitted to the head points: {first_line(error)}; {advice}") from error
    radius = float(model.radius)
    if not HEAD_RADIUS_m[0] <= radius <= HEAD_RADIUS_m[1]:
        raise DataError(
            f"The sphere that was fitted to the head points has a radius of {1e3 * radius:.0f} mm, which no head has: "
            f"check their unit (m) and place; {advice}"
        )
    return model
