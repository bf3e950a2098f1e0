"""Pooled posteriors in rows of tables and in words, for the report of a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..inference.words import LEARNED, SURE
from ..pipeline.page import Markup
from ..pipeline.posterior_words import named
from ..viz.posterior import short_name

if TYPE_CHECKING:
    from ..inference import GroupPosterior

__all__ = ["DIFFERENCE_HEADER", "HOW", "MEAN_HEADER", "difference_rows", "mean_rows", "pooled_sentences"]

MEAN_HEADER = (
    "Number",
    "Condition",
    "Mean of the group",
    "90 %",
    "Subjects differ by (SD)",
    "90 %",
    "Learned (bits)",
    "Subjects",
    "Fewest draws of one that count",
)
DIFFERENCE_HEADER = ("Number", "Difference or ratio", "90 %", "Probability", "Subjects with both")
HOW = (
    "Each number is normal over subjects, all but times by their logarithms (geometric means, factors); a subject "
    "whose posterior is wide counts little, and is drawn towards the others. The comparison resamples the fits, one "
    "value per subject, and asks how often chance would do the same; this asks how probable each difference is, with "
    "what each response leaves open. Where they disagree, look at the intervals of the subjects. Intervals of a group "
    "are no better than those of its subjects."
)


def pooled_sentences(found: GroupPosterior) -> list[str]:
    """Return what was found, with numbers called as figures call them."""
    return [named(text, found) for text in found.sentences()]


def mean_rows(found: GroupPosterior) -> Iterator[tuple[Any, ...]]:
    """Yield each number and condition as :data:`MEAN_HEADER` says; bold where the mean is known better than before."""
    for row in found.rows():
        name = short_name(row["parameter"])
        factor = "\N{MULTIPLICATION SIGN}" if row["scale"] == "log" else ""
        yield (
            Markup(f"<strong>{name}</strong>") if row["learned_bits"] >= LEARNED else name,
            row["condition"],
            _number(row["mean"]),
            _between(row, "mean"),
            factor + _number(row["spread"]),
            _between(row, "spread"),
            f"{max(row['learned_bits'], 0.0):.1f}",
            row["n_subjects"],
            f"{row['fewest_draws']:.0f}",
        )


def difference_rows(found: GroupPosterior, a: str, b: str) -> Iterator[tuple[Any, ...]]:
    """Yield how two conditions differ, as :data:`DIFFERENCE_HEADER` says; bold where the sign is sure."""
    for row in found.difference(a, b):
        name = short_name(row["parameter"])
        sure = max(row["above"], 1 - row["above"])
        factor = "\N{MULTIPLICATION SIGN}" if row["scale"] == "log" else ""
        side = f"{a} {'above' if row['above'] >= 0.5 else 'below'} {b}: {sure:.3f}"
        yield (
            Markup(f"<strong>{name}</strong>") if sure >= SURE else name,
            factor + _number(row["difference"]),
            _between(row, "difference"),
            side,
            row["n_both"],
        )


def _number(value: float) -> str:
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def _between(row: Mapping[str, Any], name: str) -> str:
    return f"{_number(row[f'{name}_low_90'])} to {_number(row[f'{name}_high_90'])}"
