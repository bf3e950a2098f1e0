"""What the group reads of one subject and condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mne

from .._checks import check_name
from ..dipole import Dipole
from ..errors import ParameterError
from ..fit import FitResult
from .names import recording_of

__all__ = ["Entry", "check_entries", "conditions_of", "recording_name"]

STATES = ("ok", "failed")


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """The result of one subject, session, task and condition.

    Attributes
    ----------
    subject : str
        BIDS label, without ``sub-``.
    condition : str
        The condition.
    session, task : str | None
        BIDS labels.
    status : str
        ``'ok'`` or ``'failed'``.
    step, error : str | None
        Where and why it failed, in one sentence.
    target : Dipole | None
        The target, A m; its provenance says how the sign was decided.
    fit : FitResult | None
        The fit: that of the most plausible explanation.
    regime : str | None
        ``'spiking'`` or ``'silent'``: whether its pyramidal cells fire; None if that was not told.
    verdict : str | None
        What can be said of the regimes: ``'spiking'``, ``'silent'``, ``'undecided'``, ``'none'``; None where one was
        searched only.
    refusals : tuple of str
        Why it cannot be what happened, however well it fits.
    explained : mapping of str to float
        Share of the field that the fitted dipole explains, per channel type.
    n_epochs : int | None
        Epochs that were averaged.
    label : mne.Label | None
        The patch of cortex, on the subject's surface.
    fs_subject : str | None
        Name of that surface in FreeSurfer's folder of subjects.
    subjects_dir : Path | None
        That folder.
    template : str | None
        Name of the template that was scaled, if the subject has no MRI.
    coregistration : str | None
        How head and MRI were brought together: ``'transform'`` (one that was given), ``'landmarks'`` (of the data
        set), ``'fiducials'`` (digitised), ``'template'``; None with a forward solution that was given.
    sidecar : Path | None
        Record of the fit.

    Examples
    --------
    >>> entry = Entry(subject="01", condition="detected", status="failed", step="load", error="There is no recording.")
    >>> entry.recording
    '01'
    """

    subject: str
    condition: str
    session: str | None = None
    task: str | None = None
    status: str = "ok"
    step: str | None = None
    error: str | None = None
    target: Dipole | None = None
    fit: FitResult | None = None
    regime: str | None = None
    verdict: str | None = None
    refusals: tuple[str, ...] = ()
    explained: Mapping[str, float] = field(default_factory=dict)
    n_epochs: int | None = None
    label: mne.Label | None = None
    fs_subject: str | None = None
    subjects_dir: Path | None = None
    template: str | None = None
    coregistration: str | None = None
    sidecar: Path | None = None

    def __post_init__(self) -> None:
        check_name(self.status, STATES, "status", where="of Entry")

    @property
    def recording(self) -> str:
        """Subject and session: what has one sign, and is called so in an :class:`Alignment`."""
        return recording_of(self.subject, self.session)


def check_entries(entries: Sequence[Entry]) -> None:
    """Refuse what is no sequence of entries, by the first thing that is none."""
    if isinstance(entries, Entry) or not isinstance(entries, Sequence):
        raise ParameterError(f"entries must be a sequence of Entry, got {type(entries).__name__}.")
    for entry in entries:
        if not isinstance(entry, Entry):
            raise ParameterError(f"entries must hold nothing but Entry, got {entry!r:.60}.")


def conditions_of(entries: Sequence[Entry]) -> list[str]:
    """Return the conditions of some entries, each once."""
    return list(dict.fromkeys(entry.condition for entry in entries))


def recording_name(entry: Entry) -> str:
    """Return what a subject (and session) is called in figures and tables."""
    return f"sub-{entry.subject}" + (f" ses-{entry.session}" if entry.session else "")
