"""Results as a BIDS derivative: files with BIDS names, each with a sidecar that leads to how it was made."""

from __future__ import annotations

import glob
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from .._files import SCRATCH, read_json, remove_left, scratch_file, write_whole
from ..errors import DataError
from ..fit.files import read_fit
from ..pipeline.facts import FitFacts, TargetFacts
from ..pipeline.identity import file_hash
from ..pipeline.lock import LOCK
from .job import Job, Outcome
from .names import group_stem
from .results import job_record, step_sidecars
from .table import participants_json, participants_tsv

if TYPE_CHECKING:
    from .config import GroupConfig
    from .entry import Entry

__all__ = [
    "LOCK_FILES",
    "export_group",
    "export_job",
    "export_participants",
    "export_pooled",
    "withdraw",
    "withdraw_others",
    "write_dataset",
]

LOCK_FILES = (LOCK,)
"""Names of files that are no results."""
BIDS_VERSION = "1.10.0"
# BIDS has no form yet for dipoles of a cortical column and what belongs to them
_IGNORED = ("work", "sub-*/**/*_cond-*", "sub-*/*_cond-*", "group*")


@dataclass(frozen=True, kw_only=True)
class _File:
    """An output of a step, and its name among the derivatives."""

    step: str
    output: str
    name: str
    description: str


_FILES = (
    _File(
        step="target",
        output="target",
        name="desc-target_dipole.fif",
        description="Current dipole moment of the patch of cortex: the target of the fit (A m, up is current from "
        "deep to superficial layers).",
    ),
    _File(
        step="target",
        output="label",
        name="desc-target_label-{hemi}.label",
        description="The patch of cortex, as a FreeSurfer label.",
    ),
    _File(
        step="fit",
        output="dipole",
        name="desc-fit_dipole.fif",
        description="Dipole of the fitted column and its layers, smoothed and scaled as in the fit (A m).",
    ),
    _File(step="fit", output="spikes", name="desc-fit_spikes.tsv", description="Spikes of the fitted column."),
    _File(
        step="fit", output="result", name="desc-fit_result.npz", description="The whole fit, for mne_hnn.fit.read_fit."
    ),
    _File(
        step="sensors",
        output="predicted",
        name="desc-fit_ave.fif",
        description="Field of the fitted column at the sensors.",
    ),
    _File(step="report", output="report", name="report.html", description="Report."),
)


def export_job(job: Job, output: Path) -> None:
    """Put the results of a job among the derivatives; what is there and the same is left alone."""
    record = job_record_of(job)
    sidecars = step_sidecars(record)
    place = _place(job, output)
    place.mkdir(parents=True, exist_ok=True)
    told = {name: read_json(path, "sidecar") for name, path in sidecars.items()}
    hemi = TargetFacts.read(told["target"].get("facts"), sidecars["target"]).hemi
    for file in _FILES:
        step = sidecars[file.step]
        source = _output(step.parent, file.output, told[file.step])
        folder = place if file.step != "report" else output / f"sub-{job.unit.subject}"
        # MNE takes a label's hemisphere from the end of its name
        target = folder / f"{job.stem}_{file.name.format(hemi=hemi)}"
        _put(source, target)
        _write_json(
            target.with_suffix(".json"),
            {"Description": file.description, **_provenance(file, step, told, target.parent)},
        )
    _export_parameters(job, place, sidecars["fit"], told)


def job_record_of(job: Job) -> dict[str, Any]:
    """Return the record of a job that is done."""
    return job_record(job, Outcome(status="ok"))


def _place(job: Job, output: Path) -> Path:
    parts = [f"sub-{job.unit.subject}"] + ([f"ses-{job.unit.session}"] if job.unit.session else [])
    return output.joinpath(*parts, job.unit.datatype)


def _output(folder: Path, name: str, told: Mapping[str, Any]) -> Path:
    """Return the file of an output by the hash that the sidecar has of it."""
    wanted = told["outputs"][name]
    for path in sorted(folder.iterdir()):
        if path.is_file() and file_hash(path) == wanted:
            return path
    raise FileNotFoundError(2, "An output is gone", str(folder / name))


def _provenance(file: _File, step: Path, told: Mapping[str, Mapping[str, Any]], folder: Path) -> dict[str, Any]:
    """Return what leads from a file to its making."""
    own, settings = told[file.step], FitFacts.read(told["fit"].get("facts"), "the sidecar of step 'fit'").settings
    return {
        "Step": file.step,
        "Output": file.output,
        "SHA256": own["outputs"][file.output],
        "StepSidecar": os.path.relpath(step, folder),
        "Sources": list(_sources(file.step, told)),
        "Options": own["options"],
        "Versions": own["versions"],
        "Mechanisms": next((told[name]["mechanisms"] for name in ("fit", "simulate") if name in told), None),
        "Machine": own["machine"],
        "Seeds": {name: settings.get(name) for name in ("seed", "fresh_seed")},
        "Warnings": own["warnings"],
        "Rerun": "mne-hnn rerun THIS_FILE",
    }


def _sources(step: str, told: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """Yield the files that a step and those before it read."""
    seen: set[str] = set()
    waiting = [step]
    for name in waiting:
        for file in told[name]["files"]:
            if file["path"] not in seen:
                seen.add(file["path"])
                yield {"Step": name, "Path": file["path"], "SHA256": file["sha256"]}
        waiting += [before for before in told[name]["inputs"] if before not in waiting]


def _export_parameters(job: Job, place: Path, step: Path, told: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the fitted parameters as a table, and the fitted network as a file that can be simulated."""
    from ..io import read_network, write_network

    fit = read_fit(_output(step.parent, "result", told["fit"]))
    rows = [
        "\t".join(
            [
                estimate.path,
                *(_cell(value) for value in (estimate.value, estimate.low, estimate.high)),
                _flag(estimate.determined),
            ]
        )
        for estimate in fit.estimates
    ]
    table = place / f"{job.stem}_desc-fit_parameters.tsv"
    text = "\n".join(["parameter\tvalue\tlow\thigh\tdetermined", *rows]) + "\n"
    _write_text(table, text)
    file = _File(step="fit", output="result", name="", description="")
    _write_json(
        table.with_suffix(".json"),
        {
            "Description": "Parameters of the fitted column, in the units of the network: ms, uS, number of columns.",
            "parameter": {"Description": "Path of the number in the network; 'columns': how many act together."},
            "value": {"Description": "Estimate."},
            "low": {"Description": "Lower end of the interval that holds 90 % of the probability."},
            "high": {"Description": "Upper end of that interval."},
            "determined": {
                "Description": "Whether the data narrowed it down; n/a where there is no interval to tell.",
                "Levels": {"true": "yes", "false": "no"},
            },
            **_provenance(file, step, told, place),
        },
    )
    network = place / f"{job.stem}_desc-fit_network.json"
    try:
        same = network.exists() and read_network(network) == fit.network
    except DataError:
        same = False  # damaged
    if not same:
        write_network(fit.network, network, overwrite=True)


def _flag(value: bool | None) -> str:
    return "n/a" if value is None else str(value).lower()


def _cell(value: float) -> str:
    return "n/a" if value != value else repr(float(value))


def _put(source: Path, target: Path) -> None:
    """Make a file appear whole under another name; both names share one file where the file system can."""
    if target.exists() and (target.samefile(source) or file_hash(target) == file_hash(source)):
        return
    with scratch_file(target, "result") as scratch:
        try:
            os.link(source, scratch)
        except OSError:
            shutil.copyfile(source, scratch)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    _write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    data = text.encode()
    if path.exists() and path.read_bytes() == data:
        return
    write_whole(path, lambda stream: stream.write(data), "result")


def withdraw(job: Job, output: Path) -> None:
    """Take away the results of a job that failed: they were those of another configuration or other data."""
    stem = f"{job.stem}_" if job.condition is not None else f"{job.stem}_cond-"
    for folder in (_place(job, output), output / f"sub-{job.unit.subject}"):
        for path in folder.glob(f"{glob.escape(stem)}*"):
            path.unlink(missing_ok=True)


def withdraw_others(jobs: Sequence[Job], output: Path) -> None:
    """Take away the results of subjects and conditions that are none of the analysis any more; their steps are kept."""
    stems = tuple(f"{job.stem}_" for job in jobs)
    for path in sorted(output.glob("sub-*/**/*_cond-*")):
        if path.is_file() and not path.name.startswith(stems):
            path.unlink(missing_ok=True)


def write_dataset(output: Path, config: GroupConfig, root: Path, alone: bool) -> None:
    """Write what makes a folder a BIDS derivative; `alone` says that nobody else is writing there."""
    if alone:
        remove_left(output, f"**/{SCRATCH}*")
    _write_json(
        output / "dataset_description.json",
        {
            "Name": f"mne_hnn: {config.name}",
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [
                {
                    "Name": "mne_hnn",
                    "Version": __version__,
                    "Description": "Cortical circuits that could have made an "
                    "evoked response: targets, fits and reports.",
                }
            ],
            "SourceDatasets": [{"URL": _source_url(root, output)}],
        },
    )
    _write_text(output / ".bidsignore", "\n".join(_IGNORED) + "\n")
    _write_text(output / "README.md", _README.format(name=config.name, version=__version__))


def _source_url(root: Path, output: Path) -> str:
    resolved = root.resolve()
    if output.is_relative_to(resolved):
        return Path(os.path.relpath(resolved, output)).as_posix()  # moves along
    return resolved.as_uri()


_README = """# {name}

Derivatives of mne_hnn {version}: per subject and condition a target dipole, the cortical column that was fitted to it,
its prediction at the sensors, and a report; per task a report of the group with its tables.

- `sub-*/*_report.html`: report of a subject and condition; `group*_report.html`: of the group
- `sub-*/**/*_cond-*_desc-target_dipole.fif`, `*_desc-fit_dipole.fif`: `mne_hnn.read_dipole` (also `mne.read_evokeds`)
- `*_desc-fit_parameters.tsv`, `*_desc-fit_network.json` (`mne_hnn.io.read_network`), `*_desc-fit_result.npz`
  (`mne_hnn.fit.read_fit`)
- `participants.tsv`, `group*_desc-quantities.tsv`, `group*_desc-comparison.tsv`, and with posteriors
  `group*_desc-pooled.tsv` and `group*_desc-pooledsubjects.tsv`, each with a JSON data dictionary
- `work/`: every step with its record; `mne-hnn rerun SIDECAR` repeats the step that made a file and compares the bytes

`cond-` names the condition, for which BIDS has no entity; what BIDS does not know is listed in `.bidsignore`.
mne-bids lists no files with entities that it does not know (`find_matching_paths`, `BIDSPath.match`): find these with
`mne_hnn.group.find_derivatives(folder, condition="...", description="fit", suffix="dipole", extension=".fif")`.
"""

_GROUP_FILES = {
    "report": ("report.html", "Report of the group.", None),
    "quantities": ("desc-quantities.tsv", "Every number of every subject.", "quantities_json"),
    "comparison": ("desc-comparison.tsv", "The conditions, compared within subjects.", "comparison_json"),
    "averages": ("desc-targets_ave.fif", "Average targets of the conditions.", None),
}


def export_group(task: str | None, outputs: Mapping[str, Path], output: Path) -> Path:
    """Put the results of the group among the derivatives; return the report."""
    stem = group_stem(task)
    step = outputs["report"].parent / "summary.json"
    for name, (file, description, dictionary) in _GROUP_FILES.items():
        target = output / f"{stem}_{file}"
        _put(outputs[name], target)
        told = {} if dictionary is None else read_json(outputs[dictionary], "data dictionary")
        _write_json(
            target.with_suffix(".json"), {"Description": description, **told, **_group_provenance(step, name, output)}
        )
    return output / f"{stem}_report.html"


_POOLED_FILES = {
    "pooled": (
        "desc-pooled.tsv",
        "Posteriors of the subjects, pooled: means of the group and differences.",
        "pooled_json",
    ),
    "subjects": ("desc-pooledsubjects.tsv", "Every subject, alone and once the group is known.", "subjects_json"),
}


def export_pooled(task: str | None, outputs: Mapping[str, Path] | None, output: Path) -> None:
    """Put the tables of pooled posteriors among the derivatives; None takes away those of another configuration."""
    for name, (file, description, dictionary) in _POOLED_FILES.items():
        target = output / f"{group_stem(task)}_{file}"
        if outputs is None:
            for path in (target, target.with_suffix(".json")):
                path.unlink(missing_ok=True)
            continue
        _put(outputs[name], target)
        told = read_json(outputs[dictionary], "data dictionary")
        step = outputs[name].parent / "pool.json"
        _write_json(
            target.with_suffix(".json"), {"Description": description, **told, **_group_provenance(step, name, output)}
        )


def export_participants(entries: Sequence[Entry], steps: Sequence[Path], output: Path) -> None:
    """Write the table of participants, over all tasks."""
    _write_text(output / "participants.tsv", participants_tsv(entries))
    told = {"StepSidecars": [os.path.relpath(step, output) for step in steps]}
    _write_json(output / "participants.json", {**participants_json(entries), **told})


def _group_provenance(step: Path, name: str, output: Path) -> dict[str, Any]:
    own = read_json(step, "sidecar")
    return {
        "Step": own["stage"],
        "Output": name,
        "SHA256": own["outputs"][name],
        "StepSidecar": os.path.relpath(step, output),
        "Sources": [{"Path": file["path"], "SHA256": file["sha256"]} for file in own["files"]],
        "Options": {key: value for key, value in own["options"].items() if key not in ("jobs", "posteriors")},
        "Versions": own["versions"],
        "Machine": own["machine"],
        "Rerun": "mne-hnn rerun THIS_FILE",
    }
