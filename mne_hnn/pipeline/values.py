"""What an option is for one subject: data set filled in, ``{subject}`` replaced, home folders and paths resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mne

from .._checks import check_label, check_name
from ..errors import ConfigError
from .config import Config
from .datasets import dataset_values

__all__ = ["chosen_subjects", "option_value", "with_dataset"]

# options that build a forward solution: set next to a data set, they are meant, and its ready forward is not
_BUILDING = ("template", "trans", "bem", "src", "spacing")


def with_dataset(config: Config) -> Config:
    """Fill in what the named data set answers and the configuration leaves at its default."""
    if config.dataset is None:
        return config
    if config.data is not None:
        raise ConfigError("data and dataset are both set, but a data set brings its own recording: take one out.")
    defaults = Config.defaults()
    answers = dataset_values(config.dataset)
    if any(getattr(config, name) != defaults[name] for name in _BUILDING):
        answers.pop("forward", None)
    free = {name: value for name, value in answers.items() if getattr(config, name) in (defaults[name], ())}
    return replace(config, **free)


def chosen_subjects(config: Config, subjects: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the subjects to analyse."""
    asked = (subjects,) if isinstance(subjects, str) else subjects
    everyone = tuple(config.subjects) or ("01",)
    chosen = tuple(str(name) for name in (everyone if asked is None else asked))
    for subject in chosen:
        check_label(subject, "A subject", error=ConfigError)
        if config.subjects:
            check_name(subject, config.subjects, "subject", where="of this analysis", error=ConfigError)
        if any(sign in subject for sign in "/\\"):
            raise ConfigError(f"A subject must be a plain name, got {subject!r}: it becomes the name of a folder.")
    name, kind = ("data", "recording") if config.target_file is None else ("target_file", "file of a target")
    if len(chosen) > 1 and not _depends_on_subject(getattr(config, name)):
        raise ConfigError(
            f"{len(chosen)} subjects, but one {kind}: write {{subject}} where the path of {name} names the subject."
        )
    return chosen


def _depends_on_subject(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return all(map(_depends_on_subject, data))
    return hasattr(data, "fpath") or (isinstance(data, (str, Path)) and "{subject}" in str(data))


def option_value(config: Config, name: str, subject: str) -> Any:
    """Return an option for one subject."""
    value = getattr(config, name)
    if name == "subjects_dir":
        found = mne.utils.get_subjects_dir(_for_subject(value, subject), raise_error=False)
        return None if found is None else str(found)
    return _for_subject(value, subject, paths=name == "data" and len(config.subjects) > 0)


def _for_subject(value: Any, subject: str, *, paths: bool = False) -> Any:
    """Return a value of one subject; `paths` says whether a BIDSPath is moved to it."""
    if paths and hasattr(value, "fpath"):
        return value.copy().update(subject=subject)
    if isinstance(value, Path):
        return Path(_for_subject(str(value), subject))
    if isinstance(value, str):
        named = value.replace("{subject}", subject)
        return str(Path(named).expanduser()) if named.startswith("~") else named
    if type(value) in (list, tuple):
        return type(value)(_for_subject(item, subject, paths=paths) for item in value)
    return value
