"""Posteriors in rows of tables and in words, for the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..inference import CircuitPosterior, GroupPosterior
from ..inference.words import LEARNED
from ..viz.posterior import short_name
from .facts import DrawnFacts, PosteriorFacts
from .methods.collected import listing
from .page import Markup

__all__ = [
    "CHECK_HEADER",
    "CONTROL_HEADER",
    "EVIDENCE_HEADER",
    "HELD_OUT_HEADER",
    "NUMBER_HEADER",
    "check_rows",
    "control_rows",
    "drawn_words",
    "evidence_rows",
    "held_out_rows",
    "in_short",
    "named",
    "number_rows",
    "trained_words",
]

NUMBER_HEADER = (
    "Number",
    "Median",
    "50 %",
    "90 %",
    "90 %, expected before",
    "Learned (bits)",
    "Draws that count",
    "Agreement of populations (1 is full)",
)
CHECK_HEADER = ("Check", "Found", "Expected", "Result")
CONTROL_HEADER = ("What was made wrong", "Log evidence below what was explained", "Result")
EVIDENCE_HEADER = (
    "Explanation",
    "Cells",
    "Drives",
    "Log evidence",
    "Below the first",
    "Against it",
    "Probability",
    "Checks",
)
HELD_OUT_HEADER = ("Predicted by", "Mean squared error (noise is 1)", "Log density over that of no source")
_COLOURS = {True: "#1a7f37", False: "#b42318"}


def in_short(drawn: DrawnFacts) -> str:
    """Return in a line how sure an explanation is."""
    failed = sum(not check["passed"] for check in drawn.checks)
    checks = f"{failed} of {len(drawn.checks)} checks failed" if failed else "all checks passed"
    return (
        f"explanation {drawn.explanation}: at least one bit learned about {len(drawn.learned)} of {drawn.numbers} "
        f"numbers; sign with a probability of {drawn.polarity:.3g}; {checks}; "
        "how far to trust intervals: see the section"
    )


def drawn_words(facts: PosteriorFacts, drawn: DrawnFacts) -> str | None:
    """Return which of several estimators drew a posterior, in a sentence; None if there are not several."""
    if drawn.estimator is None:
        return None
    return f"Drawn by {_which(facts, drawn.estimator)}, of which more stands among the estimators that drew."


def trained_words(facts: PosteriorFacts) -> list[list[str]]:
    """Return what is known of each estimator, and which posteriors it drew, in sentences."""
    told = []
    for number, (estimator, explanations) in enumerate(facts.drew(), start=1):
        if facts.estimator is not None:
            drew = f"Posteriors were drawn by the estimator in {estimator.file}"
        elif explanations:
            drew = f"The posterior{_of(explanations)} drawn by {_which(facts, number)}"
        else:
            told.append([f"No posterior was drawn by {_which(facts, number)}.", *estimator.sentences[:1]])
            continue
        settings = ", ".join(f"{name} {value}" for name, value in estimator.settings.items())
        told.append(
            [
                f"{drew}, whose hash stands among the input files; nothing was simulated for this response.",
                *estimator.sentences,
                f"How it was trained: {settings}.",
            ]
        )
    return told


def _which(facts: PosteriorFacts, number: int) -> str:
    """Return which estimator is meant: files of other folders may have the same name."""
    return f"estimator {number} of {len(facts.estimators)}, in {facts.estimators[number - 1].file}"


def _of(explanations: Sequence[int]) -> str:
    if len(explanations) == 1:
        return f" of explanation {explanations[0]} was"
    return f"s of explanations {listing([str(number) for number in explanations])} were"


def named(text: str, found: CircuitPosterior | GroupPosterior) -> str:
    """Return a sentence with numbers called as figures call them, instead of by their paths."""
    for path in sorted(found.paths, key=len, reverse=True):
        if "." in path:
            text = text.replace(path, short_name(path))
    return text


def number_rows(found: CircuitPosterior) -> Iterator[tuple[Any, ...]]:
    """Yield each number as :data:`NUMBER_HEADER` says; those of which the response says something are bold."""
    for row in found.rows():
        name, bits = short_name(row["parameter"]), f"{row['bits']:.1f}"
        bold = row["bits"] >= LEARNED
        yield (
            _bold(name) if bold else name,
            _number(row["median"]),
            _between(row["low_50"], row["high_50"]),
            _between(row["low_90"], row["high_90"]),
            _between(row["prior_low_90"], row["prior_high_90"]),
            _bold(bits) if bold else bits,
            f"{row['effective_size']:.0f}",
            f"{row['r_hat']:.2f}",
        )


def check_rows(checks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield each check as :data:`CHECK_HEADER` says."""
    for check in checks:
        value = "not finite" if check["value"] is None else _number(check["value"])
        yield check["name"], value, check["expected"], _verdict(check["passed"], "passed", "failed")


def control_rows(controls: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield each control as :data:`CONTROL_HEADER` says."""
    for control in controls:
        yield (
            control["name"],
            _signed(control["difference"], control["error"]),
            _verdict(control["rejected"], "rejected, as it must be", "not rejected: not known from this response"),
        )


def evidence_rows(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield each posterior as :data:`EVIDENCE_HEADER` says."""
    for number, row in enumerate(rows):
        yield (
            row["explanation"],
            "fire" if row["regime"] == "spiking" else "do not fire",
            row["sequence"],
            _signed(row["evidence"], row["error"]),
            f"{row['difference']:.1f}" if number else "",
            _against(row) if number else "",
            f"{row['probability']:.3f}",
            _verdict(row["checks_passed"], "passed", "failed"),
        )


def held_out_rows(told: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield each prediction of sensors that were left out as :data:`HELD_OUT_HEADER` says; densities where noted."""
    null = told.get("null_log_density")
    for name, error, density in (
        ("the posterior from the other sensors", "error", "log_density"),
        ("the point fit, as if it were the truth", "fit_error", "fit_log_density"),
        ("the point fit with the discrepancy that was expected of it", "fit_error", "loose_fit_log_density"),
        ("the moment that the other sensors give the patch", "patch_error", None),
        ("no source", "null_error", "null_log_density"),
    ):
        found = None if density is None else told.get(density)
        yield name, f"{told[error]:.3f}", "" if found is None or null is None else _signed(found - null, None)


def _against(row: Mapping[str, Any]) -> str:
    return str(row["against"]) if row.get("told_apart", True) else f"not told apart ({row['against']})"


def _verdict(good: bool, yes: str, no: str) -> Markup:
    return Markup(f'<span style="color:{_COLOURS[good]};font-weight:600">{yes if good else no}</span>')


def _bold(text: str) -> Markup:
    return Markup(f"<strong>{text}</strong>")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _between(low: float, high: float) -> str:
    return f"{_number(low)} to {_number(high)}"


def _signed(value: float, error: float | None) -> str:
    text = f"{value:.1f}" + ("" if error is None else f" \N{PLUS-MINUS SIGN} {error:.1f}")
    return text.replace("-", "\N{MINUS SIGN}")
