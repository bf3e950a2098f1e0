"""Data sets in BIDS form: many subjects and conditions, and what they show together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..pipeline import FILE_STAGES, STAGES
from ..pipeline.rerun import Rerun
from ..pipeline.rerun import rerun as _rerun
from .alignment import Alignment, align_polarity
from .average import group_average
from .comparison import compare_conditions
from .config import GroupConfig, read_config
from .dataset import find_recordings
from .demo import group_demo
from .entry import Entry
from .find import find_derivatives
from .findings import GroupFindings
from .influence import leave_one_out
from .report import write_group_report
from .run import GroupResult, run_group
from .stages import GROUP_STAGES

__all__ = [
    "Alignment",
    "Entry",
    "GroupConfig",
    "GroupFindings",
    "GroupResult",
    "Rerun",
    "align_polarity",
    "compare_conditions",
    "find_derivatives",
    "find_recordings",
    "group_average",
    "group_demo",
    "leave_one_out",
    "read_config",
    "rerun",
    "run_group",
    "write_group_report",
]


def rerun(sidecar: str | Path, *, n_jobs: int = 1, verbose: Any = "warning") -> Rerun:
    """Repeat the step that a sidecar tells of, of a subject or of a group, and compare the bytes.

    What is there is left alone.

    Parameters
    ----------
    sidecar : path-like
        The JSON beside a step's results, or beside a file of a BIDS derivative that this package wrote.
    n_jobs : int
        Processes.
    verbose : bool | str
        How much MNE says.

    Returns
    -------
    rerun : Rerun
        What agrees, what does not, and what changed since.

    Raises
    ------
    DataError
        The sidecar, an input or an option is not what it was: there is nothing to compare then.

    Examples
    --------
    >>> rerun("mne_hnn_results/median_nerve/sub-01/03_target/target.json").different  # doctest: +SKIP
    ()
    """
    stages: Sequence[Any] = (*STAGES, *FILE_STAGES, *GROUP_STAGES)
    return _rerun(sidecar, stages=stages, n_jobs=n_jobs, verbose=verbose)
