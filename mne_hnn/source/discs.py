"""All discs of a label: where in it a column could be, and how large its patch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mne
import numpy as np
from numpy.typing import NDArray

from .._types import FloatArray
from .._units import MS
from ..errors import DataError
from .hemispheres import HEMISPHERES
from .label import check_label_object, label_vertices
from .patch import (
    LARGEST_RADIUS_mm,
    Patch,
    SMALLEST_RADIUS_mm,
    _check_radius,
    _columns,
    _discs,
    _patch,
    _source_areas,
    open_forward,
    vertex_areas,
)

__all__ = ["Discs", "discs_of", "opposite_patch"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Discs:
    """Discs of some radii around each source of a label, of what lies inside the label.

    Attributes
    ----------
    label : mne.Label
        The label.
    hemi : int
        0 for left, 1 for right.
    sources : array, shape (n_sources,)
        Vertices of the label that are sources.
    areas_mm2 : array, shape (n_sources,)
        Area that each of them stands for, mm².
    centre : array of int, shape (n_discs,)
        Which of the sources is the centre of a disc.
    radius_mm : array, shape (n_discs,)
        Its radius along the surface, mm.
    members : array of bool, shape (n_discs, n_sources)
        Which sources it holds.
    disc_mm2 : array, shape (n_discs,)
        Its area, mm².
    columns : array of int, shape (n_sources,)
        Which columns of the forward solution's fixed gain the sources are.
    """

    label: mne.Label
    hemi: int
    sources: NDArray[np.int64]
    areas_mm2: FloatArray
    centre: NDArray[np.int64]
    radius_mm: FloatArray
    members: NDArray[np.bool_]
    disc_mm2: FloatArray
    columns: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.centre)

    def fields(self, gain: FloatArray) -> FloatArray:
        """Return the field of each disc with a moment of 1 A m, shape (n_rows, n_discs), from the sources' gain."""
        shares = self.members * self.areas_mm2
        shares = shares / shares.sum(axis=1, keepdims=True)
        return np.asarray(gain[:, self.columns] @ shares.T)

    def patch(self, number: int, forward: mne.Forward) -> Patch:
        """Return a disc as a patch.

        Parameters
        ----------
        number : int
            Which one.
        forward : mne.Forward
            The forward solution.
        """
        fixed = open_forward(forward)
        space = fixed["src"][self.hemi]
        centre = np.array([self.sources[self.centre[number]]])
        inside = np.flatnonzero(_discs(space, self.label.vertices, centre, MS * float(self.radius_mm[number]))[0])
        name = f"{(self.label.name or 'label').removesuffix(f'-{self.label.hemi}')}-disc-{self.label.hemi}"
        disc = mne.Label(
            inside,
            hemi=self.label.hemi,
            name=name,
            subject=self.label.subject,
            pos=space["rr"][inside],
            verbose="error",
        )
        vertices = self.sources[self.members[number]]
        return _patch(disc, fixed, vertices, _source_areas(space), float(vertex_areas(space)[inside].sum()))


def discs_of(label: mne.Label, forward: mne.Forward, radii_mm: Sequence[float]) -> Discs:
    """Return the discs of a label around each of its sources.

    Parameters
    ----------
    label : mne.Label
        Where to look.
    forward : mne.Forward
        The forward solution.
    radii_mm : sequence of float
        Radii along the surface, mm.

    Raises
    ------
    DataError
        No vertex of the label is a source.
    ParameterError
        A radius is below 0.5 or above 200 mm.
    """
    fixed = open_forward(forward)
    hemi, sources = label_vertices(check_label_object(label), fixed["src"])
    if not len(sources):
        raise DataError(f"No vertex of label {label.name!r} is a source: take a larger one.")
    space = fixed["src"][hemi]
    areas = 1e6 * _source_areas(space)[np.searchsorted(space["vertno"], sources)]
    vertices = 1e6 * vertex_areas(space)
    centre, radius, members, sizes = [], [], [], []
    for radius_mm in sorted(radii_mm):
        inside = _discs(space, label.vertices, sources, MS * _check_radius(radius_mm))
        for k in range(len(sources)):
            centre.append(k)
            radius.append(radius_mm)
            members.append(inside[k, sources])
            sizes.append(float(vertices[inside[k]].sum()))
    return Discs(
        label=label,
        hemi=hemi,
        sources=sources,
        areas_mm2=areas,
        centre=np.array(centre),
        radius_mm=np.array(radius, dtype=float),
        members=np.array(members),
        disc_mm2=np.array(sizes),
        columns=_columns(fixed, hemi, sources),
    )


def opposite_patch(patch: Patch, forward: mne.Forward) -> Patch:
    """Return the disc of the other hemisphere that lies where a patch would be seen in a mirror.

    It is around the source nearest to the mirror image of the patch's centre, of those whose outward normals point
    there as those of the patch do, and as large as the patch.

    Parameters
    ----------
    patch : Patch
        The patch.
    forward : mne.Forward
        The forward solution.

    Raises
    ------
    DataError
        The other hemisphere has no sources.
    """
    fixed = open_forward(forward)
    hemi = 1 - HEMISPHERES.index(patch.hemi)
    space, name = fixed["src"][hemi], HEMISPHERES[hemi]
    sources = np.asarray(space["vertno"])
    if not len(sources):
        raise DataError(f"The forward solution has no sources in the other hemisphere ({name}): name a label instead.")
    columns = _columns(fixed, hemi, sources)
    mirror = np.array([-1.0, 1.0, 1.0])  # head coordinates: x goes to the right
    apart = np.linalg.norm(fixed["source_rr"][columns] - mirror * patch.pos, axis=1)
    alike = fixed["source_nn"][columns] @ (mirror * patch.normal) > 0
    centre = sources[[int(np.where(alike, apart, apart + LARGEST_RADIUS_mm * MS).argmin())]]
    radius = MS * max(float(np.sqrt(patch.area_mm2 / np.pi)), SMALLEST_RADIUS_mm)
    inside = np.flatnonzero(_discs(space, np.arange(space["np"]), centre, radius)[0])
    stem = (patch.label.name or "patch").removesuffix(f"-{patch.hemi}").removeprefix(f"{patch.hemi}.")
    disc = mne.Label(
        inside,
        hemi=name,
        name=f"{stem}-mirrored-{name}",
        subject=patch.label.subject,
        pos=space["rr"][inside],
        verbose="error",
    )
    area = float(vertex_areas(space)[inside].sum())
    return _patch(disc, fixed, np.intersect1d(sources, inside), _source_areas(space), area)
