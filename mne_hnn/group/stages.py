"""The steps of a group: the sequence of drives that its subjects share, and what they show together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mne
import numpy as np
from scipy.optimize import isotonic_regression

from ..dipole import read_dipole
from ..fit import EvokedSettings, fit_evoked
from ..fit.sequence import GAP_MS
from ..pipeline.stage import Stage, Work
from .alignment import align_polarity
from .average import group_average
from .entry import Entry
from .results import read_entries, result_files
from .summary import write_summary

__all__ = ["GROUP_STAGES", "STRUCTURE", "SUMMARY", "StructureOptions", "SummaryOptions"]

CHECKPOINT = "structure-checkpoint"


@dataclass(frozen=True, kw_only=True)
class StructureOptions:
    """What the group's sequence of drives depends on.

    Attributes
    ----------
    targets : tuple of mapping
        ``subject``, ``session`` and ``path`` of the target of all conditions together.
    network, fit_n_drives, fit_noise, fit_trials, fit_final_trials, smooth_ms, dt, seed :
        As in :class:`mne_hnn.pipeline.Config`.
    """

    targets: tuple[Mapping[str, Any], ...]
    network: Any
    fit_n_drives: int | None
    fit_noise: float
    fit_trials: int
    fit_final_trials: int
    smooth_ms: float
    dt: float
    seed: int | None


@dataclass(frozen=True, kw_only=True)
class SummaryOptions:
    """What the group's tables and report depend on.

    Attributes
    ----------
    jobs : tuple of mapping
        Per subject, session, task and condition: how it ended and where its steps are.
    structure : str | None
        Sidecar of the group's sequence of drives.
    name, draw_cortex, subjects_dir :
        As in :class:`mne_hnn.pipeline.Config`.
    contrast, fit_structure, common_subject, n_resamples, confidence :
        As in :class:`GroupConfig`.
    seed : int | None
        Of the resampling.
    """

    name: str
    jobs: tuple[Mapping[str, Any], ...]
    structure: str | None
    contrast: tuple[str, str] | None
    fit_structure: str
    common_subject: str
    subjects_dir: Any
    n_resamples: int
    confidence: float
    seed: int | None
    draw_cortex: bool


def _target_files(options: SimpleNamespace) -> Iterator[Path]:
    for one in options.targets:
        yield Path(one["path"])


def _structure(work: Work) -> dict[str, Any]:
    """Find the drives in the average of all targets, so that every subject is fitted with the same ones."""
    options = work.options
    entries = [
        Entry(subject=one["subject"], session=one["session"], condition="pooled", target=read_dipole(one["path"]))
        for one in options.targets
    ]
    alignment = align_polarity(entries)
    average = group_average(entries, alignment=alignment)["pooled"].dipole
    average.save(work.path("average"))
    checkpoint = work.folder.parent / CHECKPOINT
    seeds = {} if options.seed is None else {"seed": options.seed, "fresh_seed": options.seed + 1}
    with mne.utils.use_log_level("info"):  # all subjects wait for it, for minutes
        fit = fit_evoked(
            options.network,
            average,
            EvokedSettings(
                n_drives=options.fit_n_drives,
                smooth_ms=options.smooth_ms,
                noise=options.fit_noise,
                n_trials=options.fit_trials,
                n_final=options.fit_final_trials,
                dt=options.dt,
                **seeds,
            ),
            n_jobs=work.n_jobs,
            checkpoint=checkpoint,
        )
    shutil.rmtree(checkpoint, ignore_errors=True)
    fit.save(work.path("fit"))
    sequence = [[location, round(mu, 3)] for location, mu in _apart(fit.sequence)]
    work.path("sequence").write_text(json.dumps(sequence) + "\n", encoding="utf-8")
    return {
        "sequence": sequence,
        "r_squared": fit.r_squared,
        "targets": len(entries),
        "turned": list(alignment.turned),
    }


def _apart(sequence: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the nearest times (least squares) that are as far apart as drives must be that are told apart."""
    steps = np.arange(len(sequence)) * (GAP_MS + 1e-3)
    times = isotonic_regression(np.array([mu for _, mu in sequence]) - steps).x + steps
    return [(location, float(mu)) for (location, _), mu in zip(sequence, times, strict=True)]


STRUCTURE = Stage(
    name="structure",
    title="Find the drives that all subjects share",
    options=(
        "targets",
        "network",
        "fit_n_drives",
        "fit_noise",
        "fit_trials",
        "fit_final_trials",
        "smooth_ms",
        "dt",
        "seed",
    ),
    files=_target_files,
    outputs={"average": "average-ave.fif", "fit": "fit.npz", "sequence": "sequence.json"},
    run=_structure,
    simulates=True,
)


def _result_files(options: SimpleNamespace) -> Iterator[Path]:
    for job in options.jobs:
        if job["status"] == "ok":
            yield from result_files(job)
    if options.structure is not None:
        yield Path(options.structure).parent / "fit.npz"


def _summary(work: Work) -> dict[str, Any]:
    return write_summary(work, read_entries(work.options.jobs))


SUMMARY = Stage(
    name="summary",
    title="Compare and average the subjects",
    options=(
        "name",
        "jobs",
        "structure",
        "contrast",
        "fit_structure",
        "common_subject",
        "subjects_dir",
        "n_resamples",
        "confidence",
        "seed",
        "draw_cortex",
    ),
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
    revision=2,
    run=_summary,
)

GROUP_STAGES = (STRUCTURE, SUMMARY)
"""The steps of a group, for :func:`mne_hnn.pipeline.rerun`."""
