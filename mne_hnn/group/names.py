"""Names of files in BIDS form."""

from __future__ import annotations

import unicodedata

__all__ = ["DEMO_CONDITIONS", "entity_label", "group_stem", "recording_of", "stem_of"]

DEMO_CONDITIONS = ("detected", "missed")
"""Conditions of the generated data set."""

LONGEST = 80
"""Letters of a label: a file's name has several, and file systems end at 255 bytes."""


def entity_label(name: str) -> str:
    """Return a name as BIDS wants a label: ASCII letters and digits only."""
    plain = unicodedata.normalize("NFKD", name)
    kept = "".join(letter for letter in plain if letter.isascii() and letter.isalnum())
    if kept and len(kept) <= LONGEST:
        return kept
    # of other scripts, or too long: told apart by a digest
    import hashlib

    return kept[: LONGEST - 8] + hashlib.sha256(name.encode()).hexdigest()[:8]


def stem_of(subject: str, session: str | None = None, task: str | None = None, condition: str | None = None) -> str:
    """Return what the names of a recording's files begin with; BIDS has no entity for conditions, ``cond`` is ours."""
    parts = [f"sub-{subject}"]
    if session is not None:
        parts.append(f"ses-{session}")
    if task is not None:
        parts.append(f"task-{task}")
    if condition is not None:
        parts.append(f"cond-{entity_label(condition)}")
    return "_".join(parts)


def recording_of(subject: str, session: str | None = None) -> str:
    """Return what the recordings of a subject in one session are called among all, without ``sub-``."""
    return subject if session is None else f"{subject} ses-{session}"


def group_stem(task: str | None) -> str:
    """Return what the names of a group's files begin with."""
    return "group" if task is None else f"group_task-{task}"
