"""What a job is told: the group's options with the data, anatomy and conditions of one subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import mne

from .._checks import suggestion
from .._files import read_file, read_json, write_whole
from .._text import some
from ..errors import ConfigError, DataError
from ..fit.evoked_settings import FEWEST_MEMBERS
from ..pipeline import Config
from ..pipeline.config import AnalysisOptions
from ..pipeline.facts import InverseFacts, TargetFacts
from ..pipeline.files import SCALED
from ..pipeline.options.fit import OF_SPIKES
from ..pipeline.places import step_folder, step_output, step_record
from .anatomy import anatomy_options, fill_names, subjects_folder
from .config import GroupConfig, pipeline_place
from .dataset import RecordingEntry, trial_types
from .derivatives import PipelineFiles, pipeline_files
from .job import Common, Job

__all__ = ["check_conditions", "common_options", "condition_config", "name_label", "pooled_config"]

_PATHS = (
    "bem",
    "src",
    "forward",
    "inverse",
    "noise_cov",
    "events",
    "label",
    "posterior_estimator",
    "posterior_search",
    "posterior_wrong_label",
)


def _base(job: Job) -> dict[str, Any]:
    """Return the options that every recording has from the group's configuration."""
    values = {name: getattr(job.config, name) for name in AnalysisOptions.names()}
    values |= {name: fill_names(values[name], job.unit) for name in _PATHS}
    if job.unit.datatype == "eeg":  # such a recording has no others, and the default is MEG
        values["channel_types"] = ("eeg",)
    return {
        **values,
        "subjects": (job.unit.subject,),
        "n_jobs": 1,
        "subjects_dir": subjects_folder(job.config, job.unit),
    }


def _given(job: Job) -> PipelineFiles | None:
    root = pipeline_place(job.config)
    if root is None:
        return None
    unit = job.unit
    return pipeline_files(
        root,
        subject=unit.subject,
        session=unit.session,
        task=unit.task,
        datatype=unit.datatype,
    )


def _recording(job: Job, names: Sequence[str], given: PipelineFiles | None) -> dict[str, Any]:
    """Return the options that say which trials of which data are averaged."""
    if given is None:
        paths = job.unit.paths
        return {"data": paths[0] if len(paths) == 1 else tuple(paths), "event_id": list(names)}
    data = given.evoked if given.evoked is not None else given.epochs
    if data is None:
        raise DataError(
            f"MNE-BIDS-Pipeline left neither averages (_ave.fif) nor epochs (_epo.fif) of sub-{job.unit.subject} in "
            f"{pipeline_place(job.config)}: run its sensor steps."
        )
    return {"data": data, "condition": names[0] if len(names) == 1 else list(names)}


def _present(job: Job, given: PipelineFiles | None) -> dict[str, tuple[str, ...]]:
    """Return the conditions that a recording has, with what they are called in it."""
    if given is None:
        there = set(trial_types(job.unit))
    elif given.evoked is not None:
        averages = read_file(mne.read_evokeds, given.evoked, "averages")
        there = {evoked.comment for evoked in averages if evoked.kind == "average"}
    else:
        there = set(read_file(mne.read_epochs, given.epochs, "epochs", preload=False).event_id)
    wanted = dict(job.config.conditions)
    found = {name: tuple(_matching(some_names, there)) for name, some_names in wanted.items()}
    found = {name: names for name, names in found.items() if names}
    if not found:
        listed = ", ".join(repr(name) for names in wanted.values() for name in names)
        raise DataError(
            f"{job.title}: none of the conditions ({listed}) is in the data, which have "
            f"{some(sorted(there)) or 'no trials'}."
        )
    return found


def check_conditions(config: GroupConfig, units: Sequence[RecordingEntry]) -> None:
    """Check that each condition is in some recording of the data set, before anything is computed.

    Parameters
    ----------
    config : GroupConfig
        What is asked for.
    units : sequence of RecordingEntry
        All recordings of it.

    Raises
    ------
    ConfigError
        No recording has events of a condition; the nearest trial type that there is is suggested.
    """
    there: set[str] = set()
    for unit in units:
        with suppress(DataError):  # a recording whose events cannot be read fails by itself, and says why
            there.update(trial_types(unit))
    for condition, names in config.conditions.items():
        if there and not _matching(names, there):
            called = f"{condition!r}" if names == (condition,) else f"{condition!r} ({', '.join(map(repr, names))})"
            raise ConfigError(
                f"No recording has events of condition {called}: trial_type of the events has "
                f"{some(sorted(map(repr, there)))}.{suggestion(names[0], there)}"
            )


def _matching(names: Sequence[str], there: set[str]) -> list[str]:
    """Return what is there of a condition's names: as they are, or hierarchical names of which they are a part."""
    found = []
    for name in names:
        parts = set(name.split("/"))
        found += [name] if name in there else sorted(event for event in there if parts <= set(event.split("/")))
    return list(dict.fromkeys(found))


def pooled_config(job: Job) -> Config:
    """Return the configuration of all conditions together: noise, operators, patch of cortex and sign are found."""
    given = _given(job)
    names = list(dict.fromkeys(name for some_names in _present(job, given).values() for name in some_names))
    values = _base(job) | _recording(job, names, given)
    if given is not None:
        found = {"noise_cov": given.noise_cov, "forward": given.forward}
        # what the configuration names itself comes first
        own_forward = values["forward"] is not None
        values |= {name: path for name, path in found.items() if path is not None and values[name] is None}
        if given.forward is not None and given.inverse is not None and not own_forward and values["inverse"] is None:
            values["inverse"] = given.inverse
    if values["forward"] is not None:
        values |= _surface_of(values["forward"], job)
    else:
        values |= anatomy_options(job.config, job.unit, job.folder)
        if given is not None and given.trans is not None and values["template"] is None:
            values["trans"] = given.trans
    return Config(**values)


def _surface_of(forward: Any, job: Job) -> dict[str, Any]:
    """Return the subject whose surface a forward solution has, as labels are looked up there."""
    read = read_file(mne.read_forward_solution, forward, "forward solution")
    name = read["src"][0].get("subject_his_id") or fill_names(job.config.fs_subject, job.unit)
    return {"fs_subject": name, "template": None, "trans": None}


def _sidecar(folder: Path, step: str) -> Mapping[str, Any]:
    return read_json(step_record(folder, step), f"sidecar of step {step!r}")


def condition_config(job: Job) -> Config:
    """Return the configuration of one condition: noise, operators, label and sign are those of all together."""
    given = _given(job)
    present = _present(job, given)
    if job.condition not in present:
        raise DataError(f"{job.title}: the recording has no trials of this condition.")
    pooled = job.pooled
    inverse, target = _sidecar(pooled, "inverse"), _target_facts(pooled)
    made, where = InverseFacts.read(inverse.get("facts"), step_record(pooled, "inverse")), inverse["options"]
    scaled = made.template is not None
    values = (
        _base(job)
        | _recording(job, present[job.condition], given)
        | {
            "noise_cov": step_output(pooled, "load", "noise_cov"),
            "forward": step_output(pooled, "inverse", "forward"),
            "inverse": step_output(pooled, "inverse", "inverse"),
            "trans": None,
            "bem": None,
            "src": None,
            "template": None,
            "fs_subject": made.subject if scaled else where["fs_subject"],
            "subjects_dir": step_folder(pooled, "inverse") / SCALED if scaled else where["subjects_dir"],
            "label": _label_file(pooled, target),
            "patch_radius_mm": None,
            "patch_latency": None,
            "hemi": None,
            "polarity": int(target.outward),
            "posterior_search": _searched(job),
        }
    )
    if job.common is not None:
        values |= common_options(job.config, job.common)
    if job.columns is not None:
        values["fit_columns"] = job.columns
    return Config(**values)


def _searched(job: Job) -> Any:
    """Return where posteriors look for the patch: in the label in which it was found, not in the disc it is."""
    config = job.config
    given, label = config.posterior_search, fill_names(config.label, job.unit)
    if given is not True or config.patch_radius_mm is None or not isinstance(label, (str, Path, mne.Label)):
        return fill_names(given, job.unit)
    bare = isinstance(label, str) and not label.endswith(("-lh", "-rh", ".label"))
    return f"{label}-{config.hemi}" if bare and config.hemi is not None else label


def common_options(config: GroupConfig, common: Common) -> dict[str, Any]:
    """Return what a fit is told that explains a target as the group's average was explained."""
    told = {"fit_sequence": common.sequence, "fit_n_drives": None, "fit_regimes": (common.regime,)}
    if common.regime == "silent":
        return told | {name: Config.defaults()[name] for name in OF_SPIKES}
    # they begin near the end: half as many networks and a step less lead as far
    return told | {
        "fit_start": common.start,
        "fit_polish": 0,
        "fit_members": max(FEWEST_MEMBERS, config.fit_members // 2),
        "fit_generations": max(1, config.fit_generations - 1),
    }


def _target_facts(folder: Path) -> TargetFacts:
    return TargetFacts.read(_sidecar(folder, "target").get("facts"), step_record(folder, "target"))


def _label_file(pooled: Path, facts: TargetFacts) -> Path:
    return pooled / f"{facts.label}.label"


def name_label(job: Job) -> None:
    """Give the label's file the label's name, which MNE takes from it."""
    facts = _target_facts(job.folder)
    named, content = _label_file(job.folder, facts), step_output(job.folder, "target", "label").read_bytes()
    if not named.exists() or named.read_bytes() != content:
        write_whole(named, lambda stream: stream.write(content), "label")
