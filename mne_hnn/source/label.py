"""The piece of cortex that is asked about: find it by name, file, vertices, or around the response's peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray

from .._checks import check_name, suggestion
from .._files import existing
from .._text import first_line
from ..errors import DataError, ParameterError
from .forward import subject_folder
from .hemispheres import HEMISPHERES, both_hemispheres

__all__ = ["find_label", "label_vertices"]

_SIDES = {"lh": "left", "rh": "right"}


def find_label(
    label: Any,
    *,
    subject: str | None = None,
    subjects_dir: str | Path | None = None,
    parcellation: str = "aparc",
    hemi: str | None = None,
) -> mne.Label:
    """Find a label by its name in a parcellation, by file, or by vertices.

    Parameters
    ----------
    label : str | path-like | mne.Label | sequence of int
        A name of the parcellation, with hemisphere (``'postcentral-rh'``) or without if `hemi` is given; the path of
        a ``.label`` file; a label; or vertex numbers of the white surface, with `hemi`.
    subject : str | None
        Name of the subject's FreeSurfer folder; needed for names.
    subjects_dir : path-like | None
        FreeSurfer's folder of subjects.
    parcellation : str
        Name of the annotation, for example ``'aparc'``, ``'aparc.a2009s'``. A name that it does not have is looked up
        among the subject's ``label/*.label`` files, too.
    hemi : str | None
        ``'lh'`` or ``'rh'``.

    Returns
    -------
    label : mne.Label
        Of one hemisphere.

    Raises
    ------
    DataError
        There is no such label, parcellation or file; the nearest name is suggested.

    Examples
    --------
    >>> find_label("postcentral-rh", subject=dataset.subject, subjects_dir=dataset.subjects_dir).hemi
    'rh'
    """
    if hemi is not None:
        check_name(hemi, HEMISPHERES, "hemisphere")
    if isinstance(label, mne.Label):
        return _check(label, subject, hemi)
    if isinstance(label, mne.BiHemiLabel):
        raise ParameterError(f"Label {label.name!r} covers both hemispheres: give one, label.lh or label.rh.")
    if isinstance(label, (str, Path)):
        if str(label).endswith(".label"):
            path = Path(label)
            if not path.exists() and subject is not None and path.parent == Path("."):
                path = subject_folder(subject, subjects_dir) / "label" / path
            return _check(_read_label(path, subject), subject, hemi)
        return _find_named(str(label), subject, subjects_dir, parcellation, hemi)
    return _of_vertices(label, subject, hemi)


def _check(label: mne.Label, subject: str | None, hemi: str | None) -> mne.Label:
    """Refuse a label that is not of the hemisphere or subject that were asked for."""
    if hemi is not None and label.hemi != hemi:
        raise ParameterError(
            f"Label {label.name!r} is of hemisphere {label.hemi!r}, but hemi={hemi!r}: leave hemi out."
        )
    if subject is not None and label.subject is not None and label.subject != subject:
        raise DataError(
            f"Label {label.name!r} is of subject {label.subject!r}, but subject={subject!r} was asked for: morph the "
            "label (label.morph), or take the subject's own."
        )
    return label


def _read_label(path: Path, subject: str | None) -> mne.Label:
    existing(path, "label file")
    try:
        return mne.read_label(path, subject=subject)
    except Exception as error:
        raise DataError(f"{path} cannot be read as a label: {first_line(error)}") from error


def _find_named(name: str, subject: str | None, subjects_dir: Any, parcellation: str, hemi: str | None) -> mne.Label:
    if subject is None:
        raise ParameterError(f"Label {name!r} can only be looked up with a subject: give subject.")
    folder = subject_folder(subject, subjects_dir)
    if name[:3] in ("lh.", "rh."):  # as FreeSurfer's files are called
        name = f"{name[3:]}-{name[:2]}"
    stem, _, side = name.rpartition("-")
    if side in HEMISPHERES and hemi is not None and side != hemi:
        raise ParameterError(f"Label {name!r} is of hemisphere {side!r}, but hemi={hemi!r}: leave hemi out.")
    if side not in HEMISPHERES:
        if hemi is None:
            raise ParameterError(f"Label {name!r} needs a hemisphere: write '{name}-lh' or '{name}-rh', or give hemi.")
        stem, side = name, hemi
    annotation = folder / "label" / f"{side}.{parcellation}.annot"
    file = folder / "label" / f"{side}.{stem}.label"
    labels: list[mne.Label] = []
    if annotation.exists():
        labels = mne.read_labels_from_annot(
            subject, parc=parcellation, hemi=side, subjects_dir=folder.parent, verbose="error"
        )
        for label in labels:
            if label.name == f"{stem}-{side}":
                return label
    if file.exists():
        return _read_label(file, subject)
    if not annotation.exists():
        known = sorted({path.name.split(".", 1)[1].removesuffix(".annot") for path in folder.glob("label/?h.*.annot")})
        check_name(parcellation, known, "parcellation", where=f"of subject {subject!r}", error=DataError)
    names = [label.name for label in labels]
    raise DataError(
        f"Parcellation {parcellation!r} of subject {subject!r} has no label '{stem}-{side}'."
        f"{suggestion(f'{stem}-{side}', names)} It has {len(names)} in that hemisphere: {', '.join(sorted(names))}."
    )


def _of_vertices(label: Any, subject: str | None, hemi: str | None) -> mne.Label:
    if isinstance(label, Mapping) or not isinstance(label, (Sequence, np.ndarray)) or len(label) == 0:
        raise ParameterError(f"label must be a name, file, mne.Label or vertex numbers, got {type(label).__name__}.")
    vertices = np.asarray(label)
    if vertices.ndim != 1 or vertices.dtype.kind not in "iu" or vertices.min() < 0:
        raise ParameterError("Vertex numbers of a label must be one row of integers >= 0.")
    if hemi is None:
        raise ParameterError("A label given by vertex numbers needs its hemisphere: give hemi='lh' or 'rh'.")
    return mne.Label(np.unique(vertices), hemi=hemi, subject=subject, name=f"vertices-{hemi}", verbose="error")


def check_label_object(label: Any, what: str = "label") -> mne.Label:
    """Refuse what is not a label of one hemisphere."""
    if isinstance(label, mne.Label):
        return label
    must = "label must be an mne.Label" if what == "label" else f"{what} must hold mne.Label objects"
    raise ParameterError(f"{must} of one hemisphere, got {type(label).__name__}: see mne_hnn.source.find_label.")


def label_vertices(label: mne.Label, src: mne.SourceSpaces) -> tuple[int, NDArray[np.int64]]:
    """Return hemisphere (0 left, 1 right) and the vertices of a label that are sources.

    Raises
    ------
    DataError
        The label has no source, has vertices that the surface does not have, or belongs to another subject.
    """
    src = both_hemispheres(src)
    subject = next((space["subject_his_id"] for space in src if space.get("subject_his_id") is not None), None)
    if label.subject is not None and subject is not None and label.subject != subject:
        raise DataError(
            f"Label {label.name!r} is of subject {label.subject!r}, the source space of {subject!r}: "
            "morph the label, or take the subject's own."
        )
    hemi = HEMISPHERES.index(label.hemi)
    _check_on_surface(label, src)
    vertices = np.intersect1d(src[hemi]["vertno"], label.vertices)
    if not len(vertices):
        raise DataError(
            f"Label {label.name!r} ({len(label.vertices)} vertices) has no vertex in the source space "
            f"({src[hemi]['nuse']} of {src[hemi]['np']} vertices in that hemisphere): take a larger label "
            "or a denser source space."
        )
    return hemi, vertices


def _check_on_surface(label: mne.Label, src: mne.SourceSpaces) -> None:
    space = src[HEMISPHERES.index(label.hemi)]
    if not space["np"]:
        raise DataError(
            f"Label {label.name!r} is in the {_SIDES[label.hemi]} hemisphere, but the source space has the other one "
            "only: make forward solution and inverse operator of both."
        )
    if not len(label.vertices):
        raise DataError(f"Label {label.name!r} is empty: it has no vertices.")
    beyond = label.vertices[(label.vertices < 0) | (label.vertices >= space["np"])]
    if len(beyond):
        raise DataError(
            f"Label {label.name!r} has {len(beyond)} vertices that the surface does not have ({beyond[-1]}, where the "
            f"{_SIDES[label.hemi]} hemisphere ends at {space['np'] - 1}): it is of another surface or subject."
        )
