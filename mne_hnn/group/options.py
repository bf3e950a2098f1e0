"""Options of a group analysis besides those of the stages: the data set, the comparison, how to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._checks import check_int, check_label, check_probability
from .._names import EXECUTORS
from ..errors import ConfigError
from ..pipeline.checks import check_names, one_of, or_none, path_or
from ..pipeline.options import Options, ProposalOptions, documented, option
from ..pipeline.options.shared import Drawing, Named, Seeded, SurfaceFolder
from .names import entity_label

__all__ = [
    "ComparisonOptions",
    "DataSetOptions",
    "GroupExecutionOptions",
    "PoolOptions",
    "StructureOptions",
    "SummaryOptions",
]

STRUCTURES = ("common", "individual")
ON_ERROR = ("continue", "abort")


def _check_confidence(value: Any, name: str) -> None:
    check_probability(value, name)
    if not 0.5 <= value < 1:
        raise ConfigError(f"{name} must be between 0.5 and 1, got {value}.")


def _check_entities(value: Any, name: str) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise ConfigError(f"{name} must map BIDS entities to values, such as {{'processing': 'tsss'}}, got {value!r}.")


def _check_template(value: Any, name: str) -> None:
    if value is not None:
        check_label(value, name, error=ConfigError)


def _as_conditions(value: Any, _name: str) -> dict[str, tuple[str, ...]]:
    return _conditions(value)


@documented
@dataclass(frozen=True, kw_only=True)
class DataSetOptions(Options):
    """What is analysed of a data set."""

    bids_root: Any = option(None, "Root of the BIDS data set.", kind="path-like | None")
    mne_bids_pipeline: Any = option(
        None,
        "Folder of MNE-BIDS-Pipeline's derivatives, True for the usual one inside the data set: averages, covariance, "
        "forward solution and inverse operator are taken from there; what is missing is made. The raw data need not "
        "be there then. None starts from the raw data.",
        kind="path-like | bool | None",
    )
    dataset: str | None = option(
        None, "'group-demo': six subjects, generated on this machine, with a known truth; instead of `bids_root`."
    )
    subjects: Sequence[str] = option((), "Subjects, without 'sub-'. Empty: all.", convert=check_names)
    exclude_subjects: Sequence[str] = option((), "Subjects to leave out.", convert=check_names)
    sessions: Sequence[str] = option((), "Sessions to analyse. Empty: all.", convert=check_names)
    tasks: Sequence[str] = option((), "Tasks to analyse. Empty: all.", convert=check_names)
    runs: Sequence[str] = option(
        (), "Runs to analyse; those of a session and task are joined. Empty: all.", convert=check_names
    )
    datatype: str | None = option(
        None,
        "'meg' or 'eeg'; None takes what there is. Of recordings of EEG the EEG channels are analysed, whatever "
        "`channel_types` says.",
        check=or_none(one_of(("meg", "eeg"))),
    )
    entities: Mapping[str, str] | None = option(
        None,
        "Further BIDS entities of the recordings, such as {'processing': 'tsss'}.",
        check=_check_entities,
    )
    conditions: Any = option(
        (),
        "The conditions, as they are called in 'trial_type' of the events, or in the comments of averages; a mapping "
        "gives a condition one or several of these. Must be set.",
        kind="sequence of str | mapping of str to str or sequence of str",
        convert=_as_conditions,
    )
    without_mri: str | None = option(
        "fsaverage",
        "Template that is scaled to the head points of subjects without an MRI; None: such subjects fail.",
        check=_check_template,
    )


@documented
@dataclass(frozen=True, kw_only=True)
class ComparisonOptions(Options):
    """What is shown of all subjects together."""

    contrast: tuple[str, str] | None = option(
        None,
        "Two conditions to compare, the first minus the second; None compares the first two, if there are two.",
        kind="tuple of str | None",
    )
    fit_structure: str = option(
        "common",
        "'common': the average of all subjects' targets is explained once, and everybody is fitted with its regime "
        "(whether cells fire) and its drives, beginning near what was found there, so that everybody has the same "
        "parameters. 'individual': each target for itself; parameters are compared where their names agree.",
        check=one_of(STRUCTURES),
    )
    common_subject: str = option("fsaverage", "Surface that the group's labels are shown on.")
    n_resamples: int = option(
        10000, "Resamples of the comparison.", check=lambda value, name: check_int(value, name, minimum=100)
    )
    confidence: float = option(0.95, "Of the intervals of the comparison, 0.5 to 1.", check=_check_confidence)


@documented
@dataclass(frozen=True, kw_only=True)
class GroupExecutionOptions(Options):
    """How a group is run; no result depends on it."""

    output: Any = option(
        None,
        "Folder for the results; None is ``derivatives/mne-hnn`` of the data set, and ``mne_hnn_results/NAME`` where "
        "the command runs for the generated one.",
        kind="path-like | None",
        check=path_or(),
    )
    on_error: str = option(
        "continue",
        "'continue' leaves a subject that fails to the report; 'abort' stops at the first.",
        check=one_of(ON_ERROR),
    )
    executor: str = option("processes", "'processes' of this machine, 'dask', or 'serial'.", check=one_of(EXECUTORS))
    scheduler: Any = option(
        None,
        "Address or scheduler file of Dask; None starts workers on this machine.",
        kind="str | path-like | None",
    )


@dataclass(frozen=True, kw_only=True)
class StructureOptions(ProposalOptions):
    """What the explanation of the average target depends on.

    Attributes
    ----------
    targets : tuple of mapping
        ``subject``, ``session`` and ``path`` of the target of all conditions together.
    """

    targets: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class PoolOptions(Seeded):
    """What the pooling of posteriors depends on.

    Attributes
    ----------
    posteriors : tuple of mapping
        ``recording``, ``condition`` and ``path`` of each posterior.
    """

    posteriors: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class SummaryOptions(Named, SurfaceFolder, Seeded, Drawing, ComparisonOptions):
    """What the group's tables and report depend on.

    Attributes
    ----------
    jobs : tuple of mapping
        Per subject, session, task and condition: how it ended and where its steps are.
    structure : str | None
        Sidecar of the explanation of the average target.
    truth : str | None
        Folder with what truly happened, of data that were generated.
    pooled : str | None
        Sidecar of the posteriors of all subjects, pooled.
    """

    jobs: tuple[Mapping[str, Any], ...]
    structure: str | None
    truth: str | None = None
    pooled: str | None = None


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
