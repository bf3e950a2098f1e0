"""Options of the stage that simulates the column as it is configured."""

from __future__ import annotations

from dataclasses import dataclass

from ..checks import at_least
from .option import documented, option
from .shared import Column, Seeded, Stepping

__all__ = ["SimulateOptions"]


@documented
@dataclass(frozen=True, kw_only=True)
class SimulateOptions(Column, Stepping, Seeded):
    """What stage simulate depends on."""

    n_trials: int = option(2, "Trials to simulate.", check=at_least(1))
