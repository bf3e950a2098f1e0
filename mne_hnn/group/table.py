"""The tables of a group, in BIDS form: tab-separated values, each with a data dictionary."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from .._units import MS, NAM
from .comparison import Comparison
from .entry import Entry
from .names import entity_label
from .quantities import Quantity, quantities

__all__ = [
    "comparison_json",
    "comparison_tsv",
    "participants_json",
    "participants_tsv",
    "quantities",
    "quantities_json",
    "quantities_tsv",
]

_WHOSE: dict[str, dict[str, Any]] = {
    "participant_id": {"LongName": "Participant", "Description": "Label of the participant."},
    "session": {"LongName": "Session", "Description": "Label of the session."},
    "task": {"LongName": "Task", "Description": "Label of the task."},
    "condition": {"LongName": "Condition", "Description": "Name of the condition."},
}
_WHAT: dict[str, dict[str, Any]] = {
    "quantity": {
        "LongName": "Quantity",
        "Description": "Path of a parameter of the fitted network ('columns': how many act together, the same in all "
        "conditions of a recording; '*.strength': sum of a drive's weights times the number of columns, which a "
        "waveform determines better than either where no cell fires), or a name: "
        "spikes.TYPE: spikes per cell of a cell type in fresh trials of the fit, spikes.TYPE.median_ms: when half of "
        "them had been fired; r_squared, nrmse and correlation of fit and target in trials that the search has not "
        "seen, ceiling: R2 that the true waveform would reach; explained_*: share of the field that the fit explains, "
        "by channel type; "
        "minimum_*, maximum_*: largest deflections of the target; standard_error of the target; confidence of its "
        "sign.",
    },
    "group": {
        "LongName": "Kind of quantity",
        "Description": "What it is a quantity of.",
        "Levels": {
            "parameter": "fitted parameter",
            "spikes": "spikes of the fitted column",
            "fit": "how good the fit is",
            "target": "the target",
        },
    },
    "unit": {"LongName": "Unit", "Description": "Unit of the value; n/a for numbers without."},
}
QUANTITIES: dict[str, dict[str, Any]] = {
    **_WHOSE,
    **_WHAT,
    "value": {"LongName": "Value", "Description": "The number, in the unit of the row."},
    "low": {"LongName": "Lower end", "Description": "Of the interval that holds 90 % of the probability."},
    "high": {"LongName": "Upper end", "Description": "Of the interval that holds 90 % of the probability."},
    "determined": {
        "LongName": "Determined by the data",
        "Description": "Whether the data narrowed a parameter down.",
        "Levels": {"true": "yes", "false": "no: other values are as good"},
    },
}
COMPARISON: dict[str, dict[str, Any]] = {
    **_WHAT,
    "scale": {
        "LongName": "Scale",
        "Description": "How values are compared.",
        "Levels": {"linear": "differences and arithmetic means", "log": "ratios and geometric means"},
    },
    "n": {"LongName": "Subjects", "Description": "Subjects with both conditions."},
    "mean_a": {"LongName": "Mean, first condition", "Description": "Mean over subjects, sessions averaged."},
    "mean_b": {"LongName": "Mean, second condition", "Description": "Mean over subjects, sessions averaged."},
    "difference": {"LongName": "Difference", "Description": "Mean of first minus second, or first over second."},
    "low": {"LongName": "Lower end", "Description": "Of the bootstrap interval of the difference."},
    "high": {"LongName": "Upper end", "Description": "Of the bootstrap interval of the difference."},
    "p": {"LongName": "p", "Description": "Of the sign-flip permutation test, two-sided."},
    "p_holm": {"LongName": "p, corrected", "Description": "For all quantities of the kind, by Holm's method."},
    "dz": {"LongName": "Effect size", "Description": "Mean difference over its standard deviation."},
    "n_same_sign": {"LongName": "Subjects alike", "Description": "Subjects whose difference has the sign of the mean."},
    "n_determined": {
        "LongName": "Determined in",
        "Description": "Subjects in whom the data narrowed the parameter down in both conditions.",
    },
    "not_tested": {
        "LongName": "Why it was not tested",
        "Description": "Reason for which there is no p and the quantity does not count in the correction.",
    },
}


def cell(value: Any) -> str:
    """Return a value as BIDS writes it in a table."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "n/a"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.9g}"
    return re.sub(r"\s+", " ", str(value)).strip() or "n/a"


def _tsv(columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = ["\t".join(columns), *("\t".join(cell(value) for value in row) for row in rows)]
    return "\n".join(lines) + "\n"


def quantities_tsv(rows: Sequence[Quantity]) -> str:
    """Return a row per subject, session, task, condition and quantity."""
    return _tsv(
        QUANTITIES,
        (
            (
                f"sub-{row.subject}",
                row.session,
                row.task,
                row.condition,
                row.quantity,
                row.group,
                row.unit,
                row.value,
                row.low,
                row.high,
                row.determined,
            )
            for row in rows
        ),
    )


def quantities_json() -> dict[str, Any]:
    """Return the data dictionary of :func:`quantities_tsv`."""
    return dict(QUANTITIES)


def comparison_tsv(comparison: Comparison | None) -> str:
    """Return a row per quantity; the header alone if nothing was compared."""
    differences = () if comparison is None else comparison.differences
    return _tsv(
        COMPARISON,
        (
            (
                difference.quantity,
                difference.group,
                difference.unit,
                difference.scale,
                len(difference.subjects),
                difference.mean_a,
                difference.mean_b,
                difference.difference,
                difference.low,
                difference.high,
                difference.p,
                difference.p_holm,
                difference.dz,
                difference.n_same_sign,
                difference.n_determined,
                difference.not_tested,
            )
            for difference in differences
        ),
    )


def comparison_json(comparison: Comparison | None = None) -> dict[str, Any]:
    """Return the data dictionary of :func:`comparison_tsv`, with the names of the conditions."""
    told = {name: dict(described) for name, described in COMPARISON.items()}
    if comparison is not None:
        for name, condition in zip(("mean_a", "mean_b"), comparison.contrast, strict=True):
            told[name]["Description"] = f"Mean over subjects of {condition!r}, sessions averaged."
    return told


_PER_JOB = {
    "r_squared": ("R2 of the fit", "Share of the target's variance that the fit explains in fresh trials.", ""),
    "columns": ("Columns", "Number of columns that act together.", ""),
    "amplitude": ("Largest deflection", "Amplitude of the target's largest deflection.", "nAm"),
    "latency": ("Its latency", "Latency of the target's largest deflection.", "ms"),
}
_STATUS = {
    "status": {
        "LongName": "Status",
        "Description": "How the analysis ended.",
        "Levels": {
            "ok": "all was analysed",
            "partial": "some conditions failed",
            "failed": "nothing could be analysed",
        },
    },
    "anatomy": {
        "LongName": "Anatomy",
        "Description": "The participant's own surfaces ('own'), or the name of the template that was scaled.",
    },
    "coregistration": {
        "LongName": "Coregistration",
        "Description": "How head and MRI were brought together; n/a where the forward solution was given.",
        "Levels": {
            "transform": "a transform that was given",
            "landmarks": "the anatomical landmarks of the data set",
            "fiducials": "the digitised fiducials alone",
            "template": "a template was scaled",
        },
    },
    "n_fitted": {
        "LongName": "Analysed",
        "Description": "Sessions, tasks and conditions that were analysed to the end.",
    },
    "error": {"LongName": "Error", "Description": "Why the first that failed did."},
}


def _jobs(entries: Sequence[Entry]) -> dict[str, tuple[str | None, str | None, str]]:
    """Return the beginnings of columns, as long as is needed to tell sessions, tasks and conditions apart."""
    several = {name: len({getattr(entry, name) for entry in entries}) > 1 for name in ("session", "task")}
    found: dict[str, tuple[str | None, str | None, str]] = {}
    for entry in entries:
        parts = [getattr(entry, name) for name in ("session", "task") if several[name]]
        begins = "_".join(entity_label(part) for part in (*parts, entry.condition) if part)
        job, plain, k = (entry.session, entry.task, entry.condition), begins, 2
        while found.setdefault(begins, job) != job:  # names that differ in signs only
            begins, k = f"{plain}{k}", k + 1
    return found


def participants_tsv(entries: Sequence[Entry]) -> str:
    """Return a row per participant."""
    jobs = _jobs(entries)
    columns = ["participant_id", *_STATUS, *(f"{begins}_{name}" for begins in jobs for name in _PER_JOB)]
    rows = []
    for subject in sorted({entry.subject for entry in entries}):
        own = {(entry.session, entry.task, entry.condition): entry for entry in entries if entry.subject == subject}
        fitted = sum(entry.status == "ok" for entry in own.values())
        status = "ok" if fitted == len(own) else "partial" if fitted else "failed"
        template = next((entry.template for entry in own.values() if entry.template), None)
        anatomy = template or ("own" if fitted else None)
        coregistration = next((entry.coregistration for entry in own.values() if entry.coregistration), None)
        error = next((entry.error for entry in own.values() if entry.status != "ok"), None)
        numbers = [value for job in jobs.values() for value in _numbers(own.get(job))]
        rows.append([f"sub-{subject}", status, anatomy, coregistration, fitted, error, *numbers])
    return _tsv(columns, rows)


def _numbers(entry: Entry | None) -> list[float | None]:
    if entry is None or entry.status != "ok":
        return [None] * len(_PER_JOB)
    fit, target = entry.fit, entry.target
    found: list[float | None] = [None, None] if fit is None else [float(fit.r_squared), float(fit.scale)]
    if target is None:
        return [*found, None, None]
    place = int(abs(target["agg"]).argmax())
    sized = target.provenance.get("unit", "A m") == "A m"
    amplitude = float(target["agg"][place]) / NAM if sized else None
    return [*found, amplitude, float(target.times[place]) / MS]


def participants_json(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the data dictionary of :func:`participants_tsv`."""
    told: dict[str, Any] = {"participant_id": {"Description": "Label of the participant."}, **_STATUS}
    for begins, (session, task, condition) in _jobs(entries).items():
        whose = ", ".join(str(part) for part in (session, task, condition) if part)
        for name, (long_name, description, units) in _PER_JOB.items():
            column: dict[str, Any] = {"LongName": f"{long_name} ({whose})", "Description": description}
            told[f"{begins}_{name}"] = {**column, "Units": units} if units else column
    return told
