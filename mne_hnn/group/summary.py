"""What the subjects of a group show together, written as tables, averages and a report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mne
import numpy as np
from mne.utils import logger

from .._files import read_json
from ..dipole import Dipole
from ..errors import ParameterError
from ..fit import Explanations, read_explanations
from ..inference import GroupPosterior
from ..pipeline.facts import LoadFacts
from ..pipeline.places import step_record
from ..pipeline.stage import Work
from .alignment import Alignment, align_polarity
from .average import Average, group_average
from .comparison import Comparison, compare_conditions
from .entry import Entry
from .facts import PoolFacts, SummaryFacts
from .findings import GroupFindings
from .influence import Influence, leave_one_out
from .names import stem_of
from .options import SummaryOptions
from .pooled import read_pooled
from .report import write_group_report
from .results import step_sidecars
from .table import (
    comparison_json,
    comparison_tsv,
    participants_json,
    participants_tsv,
    quantities,
    quantities_json,
    quantities_tsv,
)
from .truth import truths_of

__all__ = ["EXPLANATIONS", "report_links", "write_summary"]

EXPLANATIONS = "explanations.npz"
"""What the file with the explanations of the average target is called."""


def write_summary(work: Work[SummaryOptions], entries: list[Entry]) -> SummaryFacts:
    """Write the tables, the averages and the report of a group.

    Parameters
    ----------
    work : Work
        What the stage is given; its options are those of the summary.
    entries : list of Entry
        Results of all subjects and conditions, also of those that failed.

    Returns
    -------
    facts : SummaryFacts
        What they show.
    """
    options = work.options
    notes: list[str] = []
    with_target = [entry for entry in entries if entry.target is not None]
    alignment = align_polarity(with_target) if with_target else None
    averages = group_average(with_target, alignment=alignment) if with_target else {}
    comparison = _comparison(options, with_target, alignment, notes)
    influences = _influences(comparison, notes)
    _write_averages(work.path("averages"), averages)
    _write_tables(work, entries, comparison)
    findings = GroupFindings(
        entries=entries,
        alignment=alignment,
        averages=averages,
        comparison=comparison,
        influences=influences,
        structure=_structure(options.structure),
        pooled=_pooled(options.pooled, notes),
        truths=truths_of(None if options.truth is None else Path(options.truth), entries),
    )
    facts = write_group_report(
        work.path("report"),
        findings,
        title=f"{options.name}: group",
        methods=_methods(options, entries, findings),
        subjects_dir=_folder(options.subjects_dir),
        common_subject=options.common_subject,
        draw_cortex=options.draw_cortex,
        links=report_links(entries),
        notes=notes,
    )
    turned, doubtful = ([], []) if alignment is None else (list(alignment.turned), list(alignment.doubtful))
    return SummaryFacts(**facts, turned=turned, doubtful=doubtful, notes=notes)


def _comparison(
    options: SummaryOptions, entries: Sequence[Entry], alignment: Alignment | None, notes: list[str]
) -> Comparison | None:
    """Compare the two conditions, if there is something to compare; else note why not."""
    if options.contrast is None:
        return None
    try:
        return compare_conditions(
            entries,
            options.contrast,
            alignment=alignment,
            n_resamples=options.n_resamples,
            confidence=options.confidence,
            seed=0 if options.seed is None else options.seed,
        )
    except ParameterError as error:  # such as too few subjects: averages and fits are worth their report
        notes.append(f"The conditions {' and '.join(options.contrast)} were not compared. {error}")
        logger.info(notes[-1])
        return None


def _influences(comparison: Comparison | None, notes: list[str]) -> tuple[Influence, ...]:
    if comparison is None:
        return ()
    try:
        return leave_one_out(comparison)
    except ParameterError as error:
        notes.append(f"No subject was left out. {error}")
        return ()


def _write_averages(path: Path, averages: Mapping[str, Average]) -> None:
    kept = []
    for condition, average in averages.items():
        dipole = average.dipole.copy()
        dipole.comment = condition
        kept.append(dipole)
    if not kept:  # FIF knows no empty list
        kept = [Dipole(np.zeros((1, 2)), np.array([0.0, 1e-3]), layers=("agg",), comment="no targets")]
    mne.write_evokeds(path, kept, overwrite=True, verbose="error")


def _write_tables(work: Work[SummaryOptions], entries: Sequence[Entry], comparison: Comparison | None) -> None:
    texts = {
        "quantities": quantities_tsv(quantities(entries)),
        "quantities_json": quantities_json(),
        "comparison": comparison_tsv(comparison),
        "comparison_json": comparison_json(comparison),
        "participants": participants_tsv(entries),
        "participants_json": participants_json(entries),
    }
    for name, content in texts.items():
        text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        work.path(name).write_text(text, encoding="utf-8")


def _folder(subjects_dir: Any) -> Path | None:
    """Return FreeSurfer's folder of subjects; None if it is another one for each subject."""
    if subjects_dir is None or "{" in str(subjects_dir):
        return None
    return Path(subjects_dir).expanduser()


def _structure(sidecar: str | None) -> Explanations | None:
    """Return the explanations of the average of all targets, if there are some."""
    if sidecar is None:
        return None
    path = Path(sidecar).parent / EXPLANATIONS
    return read_explanations(path) if path.is_file() else None


def _pooled(sidecar: str | None, notes: list[str]) -> GroupPosterior | None:
    """Return the posteriors of all subjects, pooled, if they were asked for; note who is not among them."""
    if sidecar is None:
        return None
    facts = PoolFacts.read(read_json(Path(sidecar), "sidecar").get("facts"), Path(sidecar))
    notes += [f"Pooled posteriors: {text}" for text in facts.left_out]
    if facts.refused is not None:
        notes.append(f"The posteriors were not pooled. {facts.refused}")
    return read_pooled(Path(sidecar).parent)


def report_links(entries: Sequence[Entry]) -> dict[tuple[str, str | None, str | None, str], str]:
    """Return the addresses of individual reports, relative to the folder of derivatives."""
    return {
        (entry.subject, entry.session, entry.task, entry.condition): quote(
            f"sub-{entry.subject}/{stem_of(entry.subject, entry.session, entry.task, entry.condition)}_report.html"
        )
        for entry in entries
        if entry.status == "ok"
    }


def _read_sidecars(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sidecars of a job, with those of all conditions together for what these share."""
    told = {name: read_json(path, "sidecar") for name, path in step_sidecars(job).items()}
    pooled = Path(job["pooled"])
    shared = {name: step_record(pooled, name) for name in ("load", "target")}
    if not all(path.is_file() for path in shared.values()):
        return told
    load, target = (read_json(path, "sidecar") for path in shared.values())
    told["load"]["options"]["noise_cov"] = load["options"]["noise_cov"]
    own, common = (LoadFacts.read(record.get("facts"), shared["load"]) for record in (told["load"], load))
    told["load"]["facts"] = replace(own, noise=common.noise, noise_samples=common.noise_samples).json()
    return told | {"target": target}


def _methods(options: SummaryOptions, entries: Sequence[Entry], findings: GroupFindings) -> str:
    """Return the methods of all analyses that ended well, as HTML."""
    from ..pipeline.methods import methods_text

    sets = [_read_sidecars(job) for job in options.jobs if job["status"] == "ok"]
    if not sets:
        return ""
    scaled = {entry.subject for entry in entries if entry.template}
    everybody, fitted = (
        {entry.subject for entry in some} for some in (entries, [e for e in entries if e.status == "ok"])
    )
    group = {
        "contrast": options.contrast if findings.comparison is not None else None,
        "n_resamples": options.n_resamples,
        "confidence": options.confidence,
        "seed": 0 if options.seed is None else options.seed,
        "n_subjects": len(everybody),
        "n_failed": len(everybody - fitted),
        "template_subjects": len(scaled),
        "fit_structure": options.fit_structure,
        "pooled": findings.pooled is not None,
    }
    return methods_text(sets, group=group).html
