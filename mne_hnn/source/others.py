"""Labels that are active beside the one of a target: their moments are fitted along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mne
import numpy as np

from .._warn import warn
from ..errors import ParameterError
from .label import check_label_object
from .patch import Patch

__all__ = ["check_other_labels", "warn_of_shared"]


def check_other_labels(other_labels: Any) -> tuple[mne.Label, ...]:
    """Return the labels that are active, too, each of one hemisphere; a single one is taken for a list of one."""
    if isinstance(other_labels, (mne.Label, str)):
        other_labels = (other_labels,)
    if not isinstance(other_labels, Sequence):
        raise ParameterError(f"other_labels must be a list of labels, got {type(other_labels).__name__}.")
    return tuple(check_label_object(other, "other_labels") for other in other_labels)


def warn_of_shared(patch: Patch, others: Sequence[Patch]) -> None:
    """Warn of sources that are fitted twice: as part of the patch, and of another one."""
    for other in others:
        shared = np.intersect1d(patch.vertices, other.vertices).size if patch.hemi == other.hemi else 0
        if shared:
            warn(
                f"{patch.label.name!r} and the other label {other.label.name!r} have {shared} of the patch's "
                f"{patch.vertices.size} sources in common: what they give is shared out between both, and the moment "
                "is not that of the whole patch. Take labels that do not overlap."
            )
