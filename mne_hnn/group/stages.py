"""The steps of a group: the explanation that its subjects share, and what they show together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import mne
import numpy as np
from scipy.optimize import isotonic_regression

from ..dipole import read_dipole
from ..fit.sequence import GAP_MS
from ..network import EvokedDrive, Network
from ..pipeline.fitting import fit_target
from ..pipeline.stage import AnyStage, Stage, Work
from .alignment import align_polarity
from .average import group_average
from .entry import Entry
from .facts import PoolFacts, StructureFacts, SummaryFacts
from .options import PoolOptions, StructureOptions, SummaryOptions
from .pooled import GROUP_FILE, OUTPUTS, posterior_files, write_pooled
from .results import read_entries, result_files
from .summary import EXPLANATIONS, write_summary
from .truth import truth_files

__all__ = ["GROUP_STAGES", "POOL", "STRUCTURE", "SUMMARY"]

CHECKPOINT = "structure-checkpoint"


def _target_files(options: StructureOptions) -> Iterator[Path]:
    for target in options.targets:
        yield Path(target["path"])


def _structure(work: Work[StructureOptions]) -> StructureFacts:
    """Explain the average of all targets, so that every subject is fitted with the same regime and drives."""
    options = work.options
    entries = [
        Entry(
            subject=target["subject"], session=target["session"], condition="pooled", target=read_dipole(target["path"])
        )
        for target in options.targets
    ]
    alignment = align_polarity(entries)
    average = group_average(entries, alignment=alignment)["pooled"].dipole
    average.save(work.path("average"))
    checkpoint = work.folder.parent / CHECKPOINT
    with mne.utils.use_log_level("info"):  # all subjects wait for it, for minutes
        found = fit_target(options, average, checkpoint=checkpoint, n_jobs=work.n_jobs)
    found.save(work.path("explanations"))
    first = found.first
    sequence = [[location, round(mu, 3)] for location, mu in _apart(_in_order_of_names(first.network))]
    common = {"regime": first.regime, "sequence": sequence}
    work.path("common").write_text(json.dumps(common) + "\n", encoding="utf-8")
    return StructureFacts(
        regime=first.regime,
        verdict=found.verdict,
        sequence=sequence,
        r_squared=first.r_squared,
        targets=len(entries),
        turned=list(alignment.turned),
    )


def _in_order_of_names(network: Network) -> list[tuple[str, float]]:
    """Return location and time of each drive as they are named: two of one side may have changed places."""
    return [(drive.location, drive.mu_ms) for drive in network.drives.values() if isinstance(drive, EvokedDrive)]


def _apart(sequence: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the nearest times (least squares) that are as far apart as drives must be that are told apart."""
    steps = np.arange(len(sequence)) * (GAP_MS + 1e-3)
    times = isotonic_regression(np.array([mu for _, mu in sequence]) - steps).x + steps
    return [(location, float(mu)) for (location, _), mu in zip(sequence, times, strict=True)]


STRUCTURE = Stage(
    name="structure",
    title="Explain the average of all subjects",
    options=StructureOptions,
    facts=StructureFacts,
    files=_target_files,
    outputs={"average": "average-ave.fif", "explanations": EXPLANATIONS, "common": "common.json"},
    revision=2,
    run=_structure,
    simulates=True,
)


def _pool(work: Work[PoolOptions]) -> PoolFacts:
    return write_pooled(work)


POOL = Stage(
    name="pool",
    title="Pool the posteriors of all subjects",
    options=PoolOptions,
    facts=PoolFacts,
    files=posterior_files,
    folders=("inference",),
    outputs=OUTPUTS,
    run=_pool,
)


def _result_files(options: SummaryOptions) -> Iterator[Path]:
    for job in options.jobs:
        if job["status"] == "ok":
            yield from result_files(job)
    if options.structure is not None:
        yield Path(options.structure).parent / EXPLANATIONS
    if options.pooled is not None:
        folder = Path(options.pooled).parent
        yield from (folder / OUTPUTS[name] for name in ("pooled", "subjects"))
        group = folder / OUTPUTS["posteriors"] / GROUP_FILE
        yield from (group,) if group.is_file() else ()
    if options.truth is not None:
        yield from truth_files(Path(options.truth))


def _summary(work: Work[SummaryOptions]) -> SummaryFacts:
    return write_summary(work, read_entries(work.options.jobs))


SUMMARY = Stage(
    name="summary",
    title="Compare and average the subjects",
    options=SummaryOptions,
    facts=SummaryFacts,
    files=_result_files,
    outputs={
        "report": "report.html",
        "quantities": "quantities.tsv",
        "quantities_json": "quantities.json",
        "comparison": "comparison.tsv",
        "comparison_json": "comparison.json",
        "participants": "participants.tsv",
        "participants_json": "participants.json",
        "averages": "targets-ave.fif",
    },
    revision=3,
    run=_summary,
)

GROUP_STAGES: tuple[AnyStage, ...] = (STRUCTURE, POOL, SUMMARY)
"""The steps of a group, for :func:`mne_hnn.pipeline.rerun`."""
