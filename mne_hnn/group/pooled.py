"""Posteriors of all subjects, pooled: which of them, as files and as tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from ..errors import ParameterError
from ..inference import CircuitPosterior, GroupPosterior, PoolSettings, pool_posteriors, read_posterior
from ..pipeline.places import step_output
from ..pipeline.stage import Work
from .facts import PoolFacts
from .names import recording_of
from .options import PoolOptions
from .table import cell

__all__ = ["GROUP_FILE", "pool_records", "posterior_files", "read_pooled", "write_pooled"]

GROUP_FILE = "group.nc"
"""What the pooled posterior is called in its folder, which is empty where nothing could be pooled."""
FIRST = "explanation-1.nc"
OUTPUTS = {
    "posteriors": "pooled",
    "pooled": "pooled.tsv",
    "pooled_json": "pooled.json",
    "subjects": "pooled-subjects.tsv",
    "subjects_json": "pooled-subjects.json",
}
_ENDS = {"low_50": "50", "high_50": "50", "low_90": "90", "high_90": "90"}
_PARAMETER = {
    "LongName": "Number",
    "Description": "Path of a parameter of the fitted network; 'columns'; 'discrepancy': what the model leaves of a "
    "response, relative to it; spikes.TYPE: spikes per cell.",
}
POOLED: dict[str, dict[str, Any]] = {
    "parameter": _PARAMETER,
    "of": {
        "LongName": "What is told",
        "Description": "What the row tells.",
        "Levels": {"mean": "the group's mean in a condition", "difference": "condition minus, or over, the other one"},
    },
    "condition": {"LongName": "Condition", "Description": "Name of the condition."},
    "other": {"LongName": "Other condition", "Description": "What it is compared with."},
    "scale": {
        "LongName": "Scale",
        "Description": "How the number is compared.",
        "Levels": {"linear": "ms, differences", "log": "geometric means, ratios"},
    },
    "n": {"LongName": "Subjects", "Description": "With the condition, or with both."},
    "value": {"LongName": "Value", "Description": "Median of the posterior; ms, uS, a number, or a ratio."},
    **{
        name: {"LongName": name.replace("_", " of "), "Description": f"End of the interval that holds {share} %."}
        for name, share in _ENDS.items()
    },
    "above": {"LongName": "Probability", "Description": "That the first condition is above the other."},
    "spread": {"LongName": "Spread", "Description": "Standard deviation over subjects (ms), or a factor."},
    "spread_low_90": {"LongName": "Spread, low", "Description": "End of the interval that holds 90 %."},
    "spread_high_90": {"LongName": "Spread, high", "Description": "End of the interval that holds 90 %."},
    "learned_bits": {"LongName": "Learned", "Description": "How much narrower the mean is than it was expected, bits."},
    "effective_size": {"LongName": "Draws", "Description": "Independent draws of the mean."},
    "r_hat": {"LongName": "Agreement", "Description": "Of chains: 1 if they agree."},
    "fewest_draws": {"LongName": "Fewest draws", "Description": "Of a subject that count under the group."},
}
SUBJECTS: dict[str, dict[str, Any]] = {
    "parameter": _PARAMETER,
    "subject": {"LongName": "Recording", "Description": "Subject, and session if there are several."},
    "condition": {"LongName": "Condition", "Description": "Name of the condition."},
    "own": {"LongName": "Alone", "Description": "Median of the subject's own posterior."},
    "own_low_90": {"LongName": "Alone, low", "Description": "End of its interval of 90 %."},
    "own_high_90": {"LongName": "Alone, high", "Description": "End of its interval of 90 %."},
    "pooled": {"LongName": "Pooled", "Description": "Median once the group is known."},
    "pooled_low_90": {"LongName": "Pooled, low", "Description": "End of its interval of 90 %."},
    "pooled_high_90": {"LongName": "Pooled, high", "Description": "End of its interval of 90 %."},
    "draws_that_count": {"LongName": "Draws", "Description": "Of the own posterior that count under the group."},
}


def pool_records(jobs: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return whose posteriors there are, and where, as plain values."""
    return tuple(
        {
            "recording": recording_of(job["subject"], job["session"]),
            "condition": job["condition"],
            "path": str(step_output(Path(job["folder"]), "posterior", "posteriors") / FIRST),
        }
        for job in jobs
        if job["status"] == "ok"
    )


def posterior_files(options: PoolOptions) -> Iterator[Path]:
    """Yield the files that are pooled."""
    for record in options.posteriors:
        yield Path(record["path"])


def write_pooled(work: Work[PoolOptions]) -> PoolFacts:
    """Pool the posteriors of the first explanation of all subjects and conditions, and write what comes out.

    Parameters
    ----------
    work : Work
        What the stage is given.

    Returns
    -------
    facts : PoolFacts
        What they show; why nothing could be pooled, if so.
    """
    options = work.options
    read = {(one["recording"], one["condition"]): read_posterior(one["path"]) for one in options.posteriors}
    alike, left_out = _alike(read)
    pooled, refused = None, None
    try:
        pooled = pool_posteriors(alike, PoolSettings(seed=0 if options.seed is None else options.seed))
    except ParameterError as error:  # such as a single subject: the rest of the report stands without
        refused = str(error)
    folder = work.path("posteriors")
    folder.mkdir()
    if pooled is not None:
        pooled.save(folder / GROUP_FILE)
    texts = {
        "pooled": _tsv(POOLED, [] if pooled is None else _rows(pooled)),
        "pooled_json": json.dumps(POOLED, indent=1) + "\n",
        "subjects": _tsv(SUBJECTS, [] if pooled is None else pooled.subject_rows()),
        "subjects_json": json.dumps(SUBJECTS, indent=1) + "\n",
    }
    for name, text in texts.items():
        work.path(name).write_text(text, encoding="utf-8")
    return PoolFacts(
        subjects=[] if pooled is None else list(pooled.subjects),
        sentences=[] if pooled is None else pooled.sentences(),
        warnings=[] if pooled is None else list(pooled.warnings),
        left_out=left_out,
        refused=refused,
    )


def read_pooled(folder: Path) -> GroupPosterior | None:
    """Return what a step left; None where nothing could be pooled."""
    from ..inference import read_group_posterior

    file = folder / OUTPUTS["posteriors"] / GROUP_FILE
    return read_group_posterior(file) if file.is_file() else None


def _alike(
    read: Mapping[tuple[str, str], CircuitPosterior],
) -> tuple[dict[tuple[str, str], CircuitPosterior], list[str]]:
    """Return those of the regime and sides that most have, and a sentence for each other one."""
    kinds = {key: (one.regime, tuple(side for side, _ in one.sequence)) for key, one in read.items()}
    if not kinds:
        return {}, []
    (regime, sides), _ = Counter(kinds.values()).most_common(1)[0]
    others = [
        f"{' '.join(key)} is left out: its first explanation is {kind[0]} with {', '.join(kind[1])}, that of most is "
        f"{regime} with {', '.join(sides)}."
        for key, kind in kinds.items()
        if kind != (regime, sides)
    ]
    return {key: one for key, one in read.items() if kinds[key] == (regime, sides)}, others


def _rows(pooled: GroupPosterior) -> Iterator[dict[str, Any]]:
    for row in pooled.rows():
        yield {**row, "of": "mean", "n": row["n_subjects"], **_value(row, "mean")}
    for a, b in combinations(pooled.conditions, 2):
        for row in pooled.difference(a, b):
            named = {"of": "difference", "condition": a, "other": b, "n": row["n_both"]}
            yield {**row, **named, **_value(row, "difference")}


def _value(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"value": row[name], **{end: row[f"{name}_{end}"] for end in _ENDS}}


def _tsv(columns: Mapping[str, Any], rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]) -> str:
    lines = ["\t".join(columns), *("\t".join(cell(row.get(name)) for name in columns) for row in rows)]
    return "\n".join(lines) + "\n"
