"""Where an evoked fit simulates, and what it has tried there."""

from __future__ import annotations

from dataclasses import dataclass, field

from .evaluate import Evaluator
from .progress import Report
from .result import Evaluation

__all__ = ["Bench"]


@dataclass(kw_only=True)
class Bench:
    """Simulates, remembers what was tried, and says so.

    Attributes
    ----------
    evaluator : Evaluator
        Simulates.
    report : Report
        Who hears of it.
    evaluations : list of Evaluation
        In the order they were tried.
    """

    evaluator: Evaluator
    report: Report
    evaluations: list[Evaluation] = field(default_factory=list)

    def add(self, evaluation: Evaluation) -> None:
        """Keep what was tried, and say so."""
        self.evaluations.append(evaluation)
        self.tell()

    def of(self, level: str) -> list[Evaluation]:
        """Return what was tried on a level."""
        return [tried for tried in self.evaluations if tried.level == level]

    def tell(self) -> None:
        """Show how many networks were tried, and the best loss of the full column."""
        losses = [tried.loss for tried in self.of("full")]
        self.report.tell(len(self.evaluations), min(losses, default=float("inf")))
