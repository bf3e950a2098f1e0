"""The configuration of a group analysis: what an analysis of one subject has, and what a data set adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from .._checks import check_name, suggestion
from ..errors import ConfigError
from ..pipeline.checks import check_names
from ..pipeline.config import AnalysisOptions, Config, read_options
from ..pipeline.options import TargetFileOptions, documented
from .names import DEMO_CONDITIONS
from .options import ComparisonOptions, DataSetOptions, GroupExecutionOptions

__all__ = [
    "GROUP_DATASETS",
    "GROUP_EXECUTION",
    "GroupConfig",
    "pipeline_place",
    "read_config",
    "resolved",
    "with_group_dataset",
]

GROUP_DATASETS = ("group-demo",)
GROUP_EXECUTION = GroupExecutionOptions.names()
"""Options that say how to run; no result depends on them."""


@documented
@dataclass(frozen=True, kw_only=True)
class GroupConfig(DataSetOptions, ComparisonOptions, GroupExecutionOptions, AnalysisOptions):
    """Every choice of an analysis of a BIDS data set.

    The options of the stages hold for every subject, as in :class:`mne_hnn.pipeline.Config`; which data and which of
    their events are averaged, the data set and `conditions` decide. In paths, ``{subject}``, ``{session}`` and
    ``{task}`` are replaced. ``mne-hnn options group`` lists the options.

    Examples
    --------
    >>> choices = {"tasks": ["touch"], "conditions": ["detected", "missed"], "label": "postcentral-rh"}
    >>> config = GroupConfig(bids_root="/data/touch", network=network, **choices)
    >>> config.snr, config.on_error
    (3.0, 'continue')
    """

    decided: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("data", "condition", "event_id"), "the data set and 'conditions' decide it in a group"),
        **dict.fromkeys(TargetFileOptions.names(), "the targets of a group are made of its recordings"),
    }

    def _check(self) -> None:
        if self.dataset is not None:
            check_name(self.dataset, GROUP_DATASETS, "data set of a group")
        elif self.bids_root is None and self.mne_bids_pipeline in (None, False, True):
            raise ConfigError("bids_root is not set: name the root of the BIDS data set, or dataset = 'group-demo'.")
        if self.mne_bids_pipeline not in (None, False):
            for name in ("runs", "entities"):
                if getattr(self, name):
                    raise ConfigError(f"{name} chooses raw data, which mne_bids_pipeline does without: take it out.")
        object.__setattr__(self, "contrast", self._checked_contrast())
        super()._check()

    def _checked_contrast(self) -> tuple[str, str] | None:
        names = tuple(self.conditions)
        if self.contrast is None:
            return (names[0], names[1]) if len(names) > 1 else None
        pair = check_names(self.contrast, "contrast")
        if len(pair) != 2 or pair[0] == pair[1]:
            raise ConfigError(f"contrast must be two different conditions, got {self.contrast!r}.")
        for name in pair:
            if name not in names:
                raise ConfigError(self._slip(name, names))
        return pair[0], pair[1]

    def _slip(self, name: str, names: Sequence[str]) -> str:
        """Say that contrast and conditions differ: both are the user's words, and only the data know which is right."""
        there = _trial_types(self.bids_root, self.dataset)
        written = suggestion(name, names)
        wrong = written[len(" Did you mean ") + 1 : -2] if written else ""
        if name in there and wrong not in there:
            which = f"{wrong!r}, which no events have" if wrong else f"{', '.join(map(repr, names))} only"
            near = suggestion(wrong, there) if wrong else f" Add {name!r}, or take it out of contrast."
            return f"conditions names {which}; trial_type of the events has {', '.join(sorted(there))}.{near}"
        either = f" If trial_type of the events has {name!r}, correct conditions instead." if written else ""
        return (
            f"contrast names {name!r}, which is none of the conditions {', '.join(map(repr, names))}.{written}{either}"
        )


def _trial_types(bids_root: Any, dataset: str | None) -> set[str]:
    """Return the trial types that the tables of events under a root name; none where there is nothing to read yet."""
    if dataset in GROUP_DATASETS:
        return set(DEMO_CONDITIONS)
    if bids_root is None or not Path(bids_root).is_dir():
        return set()
    found: set[str] = set()
    for path in Path(bids_root).expanduser().glob("sub-*/**/*_events.tsv"):
        with suppress(OSError, UnicodeDecodeError):
            rows = [line.rstrip("\r\n").split("\t") for line in path.read_text(encoding="utf-8-sig").splitlines()]
            if rows and "trial_type" in rows[0]:
                column = rows[0].index("trial_type")
                found.update(row[column] for row in rows[1:] if len(row) > column)
    return found - {"n/a"}


def _kind(values: Mapping[str, Any]) -> type[AnalysisOptions]:
    rooted = any(values.get(name) is not None for name in ("bids_root", "mne_bids_pipeline"))
    is_group = rooted or values.get("dataset") in GROUP_DATASETS
    return GroupConfig if is_group else Config


def read_config(path: str | Path, changes: Mapping[str, Any] | None = None) -> Config | GroupConfig:
    """Read the configuration file of an analysis: of a group if it sets `bids_root`, else of one recording.

    Parameters
    ----------
    path : path-like
        A Python file whose variables are fields of :class:`GroupConfig` or :class:`mne_hnn.pipeline.Config`.
    changes : mapping | None
        Fields that replace those of the file.

    Returns
    -------
    config : GroupConfig | Config
        Checked.

    Raises
    ------
    ConfigError
        The file is missing or fails, or a name or value in it is wrong; the nearest name is suggested.

    Examples
    --------
    >>> from mne_hnn.pipeline import OwnData, write_analysis
    >>> own = OwnData(bids_root="/data/touch", conditions=["detected", "missed"], label="postcentral-rh")
    >>> read_config(write_analysis("group.py", own), {"smooth_ms": 30.0}).smooth_ms
    30.0
    """
    config = read_options(path, changes, _kind)
    assert isinstance(config, (Config, GroupConfig))
    return config


def pipeline_place(config: GroupConfig) -> Path | None:
    """Return where the results of MNE-BIDS-Pipeline are to be looked for, None if they are not wanted."""
    place = config.mne_bids_pipeline
    if place is None or place is False:
        return None
    return Path(config.bids_root if place is True else place).expanduser()


def with_group_dataset(config: GroupConfig) -> GroupConfig:
    """Fill in what the named data set answers and the configuration leaves at its default."""
    if config.dataset is None:
        return config
    from .demo import group_demo

    if config.bids_root is not None:
        raise ConfigError("bids_root and dataset are both set, but a data set brings its own: take one out.")
    demo = group_demo(n_jobs=-1)
    defaults = GroupConfig.defaults()
    answers: dict[str, Any] = {
        "bids_root": demo.bids_root,
        "subjects_dir": demo.subjects_dir,
        "output": Path("mne_hnn_results") / config.name,  # the generated data set itself is kept in the cache
    }
    free = {name: value for name, value in answers.items() if getattr(config, name) == defaults[name]}
    return replace(config, dataset=None, **free)


def resolved(config: GroupConfig) -> GroupConfig:
    """Return a configuration whose folders are named from the root: results are used from anywhere."""
    values: dict[str, Any] = {}
    for name in ("bids_root", "subjects_dir", "mne_bids_pipeline", "posterior_estimator"):
        values[name] = _from_root(getattr(config, name))
    return replace(config, **values)


def _from_root(value: Any) -> Any:
    """Return a path, or several, as they are from the root; one that names a subject stays as it is."""
    if isinstance(value, tuple):
        return tuple(map(_from_root, value))
    known = isinstance(value, (str, Path)) and "{" not in str(value)
    return Path(value).expanduser().resolve() if known else value
