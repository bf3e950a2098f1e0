"""A job of a group analysis, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .dataset import RecordingEntry
from .names import stem_of

if TYPE_CHECKING:
    from .config import GroupConfig

__all__ = ["POOLED", "Common", "Job", "Outcome"]

POOLED = "pooled"
"""What the folder of all conditions together is called."""


@dataclass(frozen=True, kw_only=True)
class Common:
    """The explanation of the average target, which everybody is fitted with.

    Attributes
    ----------
    regime : str
        Whether its pyramidal cells fire: ``'spiking'`` or ``'silent'``.
    sequence : tuple of (str, float)
        Location and time (ms) of each drive.
    start : Path
        The file of its explanations, of which the first is where others start.
    """

    regime: str
    sequence: tuple[tuple[str, float], ...]
    start: Path


@dataclass(frozen=True, kw_only=True)
class Job:
    """One recording, with all conditions (`condition` None: what they have in common is found) or one.

    Attributes
    ----------
    config : GroupConfig
        The analysis.
    unit : RecordingEntry
        Subject, session, task, and files.
    work : Path
        Folder that holds a folder per job.
    condition : str | None
        The condition.
    common : Common | None
        What everybody is fitted with.
    columns : float | None
        Number of columns of another condition of the same recording.
    n_jobs : int
        Processes within the job.
    """

    config: GroupConfig
    unit: RecordingEntry
    work: Path
    condition: str | None = None
    common: Common | None = None
    columns: float | None = None
    n_jobs: int = 1

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return stem_of(self.unit.subject, self.unit.session, self.unit.task, self.condition)

    @property
    def folder(self) -> Path:
        """Where its steps are."""
        return self.work / (self.stem if self.condition is not None else f"{self.stem}_{POOLED}")

    @property
    def pooled(self) -> Path:
        """Where the steps of all conditions together are."""
        return self.work / f"{stem_of(self.unit.subject, self.unit.session, self.unit.task)}_{POOLED}"

    @property
    def title(self) -> str:
        """What to call it in messages."""
        parts = [
            f"sub-{self.unit.subject}",
            self.unit.session and f"ses-{self.unit.session}",
            self.unit.task and f"task-{self.unit.task}",
            self.condition or "all conditions",
        ]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended.

    Attributes
    ----------
    status : str
        ``'ok'`` or ``'failed'``.
    step : str | None
        Where it failed.
    error : str | None
        Why, in one sentence.
    ran : tuple of str
        Steps that ran; the others were up to date.
    seconds : float
        How long it took.
    other_code : bool
        Whether steps ran again whose results were made by another version of this package.
    """

    status: str
    step: str | None = None
    error: str | None = None
    ran: tuple[str, ...] = ()
    seconds: float = 0.0
    other_code: bool = False
