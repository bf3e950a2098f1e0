"""The configuration of a group analysis: what an analysis of one subject has, and what a data set adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from .._checks import check_int, check_label, check_name, check_probability, suggestion
from ..errors import ConfigError
from ..parallel import EXECUTORS
from ..pipeline import config as single
from ..pipeline.checks import check_names
from ..pipeline.config import Config
from .names import DEMO_CONDITIONS, entity_label

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
GROUP_EXECUTION = ("on_error", "executor", "scheduler")
"""Options that say how to run; no result depends on them."""
STRUCTURES = ("common", "individual")
ON_ERROR = ("continue", "abort")


@dataclass(frozen=True, kw_only=True)
class GroupConfig(Config):
    """Every choice of an analysis of a BIDS data set.

    All options of :class:`mne_hnn.pipeline.Config` hold for every subject, except `data`, `condition` and `event_id`,
    which the data set and `conditions` decide. In paths, ``{subject}``, ``{session}`` and ``{task}`` are replaced.

    Parameters
    ----------
    bids_root : path-like | None
        Root of the BIDS data set.
    mne_bids_pipeline : path-like | bool | None
        Folder of MNE-BIDS-Pipeline's derivatives, True for the usual one inside the data set: averages, covariance,
        forward solution and inverse operator are taken from there; what is missing is made. The raw data need not be
        there then. None starts from the raw data.
    dataset : str | None
        ``'group-demo'``: six subjects, generated on this machine, with a known truth.
    output : path-like | None
        Folder for the results; None is ``derivatives/mne-hnn`` of the data set, and ``mne_hnn_results/NAME`` where the
        command runs for the generated one.
    subjects : sequence of str
        Subjects, without ``sub-``. Empty: all.
    exclude_subjects : sequence of str
        Subjects to leave out.
    sessions, tasks, runs : sequence of str
        Those to analyse. Empty: all. Runs of a session and task are joined.
    datatype : str | None
        ``'meg'`` or ``'eeg'``; None takes what there is. Of recordings of EEG the EEG channels are analysed, whatever
        `channel_types` says.
    entities : mapping of str to str
        Further BIDS entities of the recordings, such as ``{'processing': 'tsss'}``.
    conditions : sequence of str | mapping of str to str or sequence of str
        The conditions, as they are called in ``trial_type`` of the events, or in the comments of averages; a mapping
        gives a condition one or several of these.
    contrast : tuple of str | None
        Two conditions to compare, the first minus the second; None compares the first two, if there are two.
    without_mri : str | None
        Template that is scaled to the head points of subjects without an MRI; None: such subjects fail.
    fit_structure : str
        ``'common'``: number, sides and order of the drives are found once, in the average of all subjects' targets, so
        that everybody has the same parameters. ``'individual'``: in each target for itself; parameters are compared
        where their names agree.
    common_subject : str
        Surface that the group's labels are shown on.
    n_resamples : int
        Resamples of the comparison.
    confidence : float
        Of the intervals of the comparison.
    on_error : str
        ``'continue'`` leaves a subject that fails to the report; ``'abort'`` stops at the first.
    executor : str
        ``'processes'`` of this machine, ``'dask'``, or ``'serial'``.
    scheduler : str | None
        Address or scheduler file of Dask; None starts workers on this machine.
    n_jobs : int
        Processes; -1 for all cores.
    """

    bids_root: Any = None
    mne_bids_pipeline: Any = None
    exclude_subjects: Sequence[str] = ()
    sessions: Sequence[str] = ()
    tasks: Sequence[str] = ()
    runs: Sequence[str] = ()
    datatype: str | None = None
    entities: Mapping[str, str] | None = None
    conditions: Any = ()
    contrast: tuple[str, str] | None = None
    without_mri: str | None = "fsaverage"
    fit_structure: str = "common"
    common_subject: str = "fsaverage"
    n_resamples: int = 10000
    confidence: float = 0.95
    on_error: str = "continue"
    executor: str = "processes"
    scheduler: Any = None

    def _check_data(self) -> None:
        if self.dataset is not None:
            check_name(self.dataset, GROUP_DATASETS, "data set of a group")
        elif self.bids_root is None and self.mne_bids_pipeline in (None, False, True):
            raise ConfigError("bids_root is not set: name the root of the BIDS data set, or dataset = 'group-demo'.")
        if self.mne_bids_pipeline not in (None, False):
            for name in ("runs", "entities"):
                if getattr(self, name):
                    raise ConfigError(f"{name} chooses raw data, which mne_bids_pipeline does without: take it out.")
        for name in ("data", "condition", "event_id"):
            if getattr(self, name) is not None:
                raise ConfigError(f"{name} is set, but the data set and 'conditions' decide it in a group: remove it.")

    def _check(self) -> None:
        for name in ("exclude_subjects", "sessions", "tasks", "runs"):
            object.__setattr__(self, name, check_names(getattr(self, name), name))
        object.__setattr__(self, "conditions", _conditions(self.conditions))
        object.__setattr__(self, "contrast", self._checked_contrast())
        super()._check()
        check_name(self.fit_structure, STRUCTURES, "fit_structure")
        check_name(self.on_error, ON_ERROR, "on_error")
        check_name(self.executor, EXECUTORS, "executor")
        if self.datatype is not None:
            check_name(self.datatype, ("meg", "eeg"), "datatype")
        if self.entities is not None and not isinstance(self.entities, Mapping):
            raise ConfigError(
                f"entities must map BIDS entities to values, such as {{'processing': 'tsss'}}, got {self.entities!r}."
            )
        if self.without_mri is not None:
            check_label(self.without_mri, "without_mri", error=ConfigError)
        check_int(self.n_resamples, "n_resamples", minimum=100)
        check_probability(self.confidence, "confidence")
        if not 0.5 <= self.confidence < 1:
            raise ConfigError(f"confidence must be between 0.5 and 1, got {self.confidence}.")

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


def _conditions(value: Any) -> dict[str, tuple[str, ...]]:
    """Return the names in the data of each condition."""
    if isinstance(value, Mapping):
        found = {check_label(name, "A condition"): check_names(value[name], f"conditions[{name!r}]") for name in value}
    else:
        found = {name: (name,) for name in check_names(value, "conditions")}
    if not found or not all(found.values()):
        raise ConfigError(
            "conditions is not set: name the conditions as they are called in trial_type of the events, for example "
            "['detected', 'missed']."
        )
    labels: dict[str, str] = {}
    for name in found:
        label = entity_label(name)
        same = label.casefold()  # many file systems make no difference
        if same in labels:
            raise ConfigError(
                f"Conditions {labels[same]!r} and {name!r} have the same letters and digits ({label!r}), which name "
                "their files: give them other names by a mapping, {'name': 'trial type'}."
            )
        labels[same] = name
    return found


def _kind(values: Mapping[str, Any]) -> type[Config]:
    rooted = any(values.get(name) is not None for name in ("bids_root", "mne_bids_pipeline"))
    is_group = rooted or values.get("dataset") in GROUP_DATASETS
    return GroupConfig if is_group else Config


def read_config(path: str | Path, changes: Mapping[str, Any] | None = None) -> Config:
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
    """
    return single.read_config(path, changes, kind=_kind)


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
    demo = group_demo()
    defaults = {one.name: one.default for one in fields(GroupConfig)}
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
    for name in ("bids_root", "subjects_dir", "mne_bids_pipeline"):
        value = getattr(config, name)
        if isinstance(value, (str, Path)) and "{" not in str(value):
            values[name] = Path(value).expanduser().resolve()
    return replace(config, **values)
