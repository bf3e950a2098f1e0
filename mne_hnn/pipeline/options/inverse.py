"""Options of the stage that makes the forward solution and the inverse operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mne

from ...source.inverse import check_depth
from ..checks import path_or
from .option import documented, option
from .shared import Anatomy

__all__ = ["InverseOptions"]


@documented
@dataclass(frozen=True, kw_only=True)
class InverseOptions(Anatomy):
    """What stage inverse depends on."""

    forward: Any = option(
        None,
        "A forward solution that exists; None builds it.",
        kind="path-like | mne.Forward | None",
        check=path_or(mne.Forward),
    )
    inverse: Any = option(
        None,
        "An inverse operator that exists; None makes it. It needs its `forward`, too: alone, it can give neither nA m "
        "nor the field at the sensors.",
        kind="path-like | mne.minimum_norm.InverseOperator | None",
        check=path_or(mne.minimum_norm.InverseOperator),
    )
    template: str | None = option(
        None,
        "Scale this template (for example 'fsaverage') to the digitised points, for recordings without an MRI. The "
        "scaled copy is kept with the results.",
    )
    trans: Any = option(
        None,
        "Head to MRI transform; 'fiducials', like None, aligns the digitised fiducials with those of the subject.",
        kind="path-like | mne.Transform | 'fiducials' | None",
        check=path_or(mne.Transform),
    )
    bem: Any = option(
        None,
        "Volume conductor: a solution, or 'sphere' for one fitted to the head points; None takes the subject's own.",
        kind="path-like | mne.bem.ConductorModel | 'sphere' | None",
    )
    src: Any = option(
        None,
        "Source space; None makes it with `spacing`.",
        kind="path-like | mne.SourceSpaces | None",
        check=path_or(mne.SourceSpaces),
    )
    spacing: str = option("oct6", "How dense the sources of a source space that is made are, as in MNE.")
    loose: float | str = option(
        "auto", "Orientation constraint of an inverse that is made, 0 to 1.", kind="float | 'auto'"
    )
    depth: float | None = option(
        0.8,
        "Exponent of the depth weighting of an inverse that is made, 0 to 5: 0.8 is usual for MEG, 2 to 5 for EEG; "
        "None for none.",
        check=check_depth,
    )
