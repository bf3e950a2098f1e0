"""The labels that options name: where they are looked up, and which files that reads."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import mne

from ..source import find_label
from .identity import recording_files
from .options.shared import Labelled

__all__ = ["label_files", "named_label"]


def label_files(labels: Iterable[Any], options: Labelled) -> Iterator[Path]:
    """Yield the files that labels are read from; those given as objects are in none."""
    for label in labels:
        if not isinstance(label, (str, Path)):
            continue
        yield from recording_files(label)
        if options.subjects_dir is not None:
            folder = Path(options.subjects_dir) / options.fs_subject / "label"
            stem = Path(label).name.removesuffix(".label").removesuffix("-lh").removesuffix("-rh")
            yield from sorted(folder.glob(f"?h.{options.parcellation}.annot"))
            yield from sorted(folder.glob(f"*{glob.escape(stem)}*.label"))


def named_label(label: Any, options: Labelled, *, subject: str, subjects_dir: Any) -> mne.Label:
    """Return a label: an object, a file, or a name in the parcellation of the options."""
    return find_label(
        label,
        subject=subject,
        subjects_dir=subjects_dir,
        parcellation=options.parcellation,
        hemi=options.hemi,
    )
