"""Options of the stage that fits the drives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..._checks import check_bool, check_positive
from ...errors import ConfigError
from ...fit import evoked_parameters
from ...fit.sequence import check_sequence
from ..checks import at_least, one_of, or_none
from .option import documented, option
from .shared import Column, Seeded, Smoothing, Stepping

__all__ = ["FitOptions", "ProposalOptions"]


def _check_sequence(value: Any, name: str) -> None:
    # that the times lie inside the target is checked when there is one
    check_sequence(value, float("inf"))


@documented
@dataclass(frozen=True, kw_only=True)
class ProposalOptions(Column, Stepping, Seeded, Smoothing):
    """What a fit that proposes drives depends on, of one subject or of a group."""

    fit_n_drives: int | None = option(
        None, "Number of drives to propose; None lets the data decide.", check=or_none(at_least(1))
    )
    fit_noise: float = option(
        0.05,
        "Noise of the target relative to its root mean square: at least this is left unexplained, and more if the "
        "standard error of the target is larger.",
        check=check_positive,
    )
    fit_trials: int = option(2, "Trials of each network that is tried.", check=at_least(1))
    fit_final_trials: int = option(
        10, "Trials of the final score, with random numbers that the search has not seen.", check=at_least(1)
    )
    fit_precision: str = option(
        "search",
        "How networks that are only tried are simulated: 'search' is several times faster, with an error of about a "
        "third of that of the time step; 'exact'. What is reported is exact in either case.",
        check=one_of(("search", "exact")),
    )


@documented
@dataclass(frozen=True, kw_only=True)
class FitOptions(ProposalOptions):
    """What stage fit depends on."""

    fit: bool = option(
        True,
        "Whether to fit drives and scale; without, only the scale is fitted, to the simulation as it is configured.",
        check=check_bool,
    )
    fit_drives: str = option(
        "propose",
        "'propose' finds the evoked drives in the waveform, whichever the network has; 'network' starts from the "
        "network's evoked drives and searches their times, spreads and weights.",
        check=one_of(("propose", "network")),
    )
    fit_sequence: Sequence[tuple[str, float]] | None = option(
        None,
        'Location and about when (ms) of each drive, such as [("proximal", 25), ("distal", 70)], instead of a search '
        "for them: number, sides and order of the drives are kept, so that their names mean the same in every subject.",
        unit="ms",
        kind="sequence of (str, float) | None",
        check=or_none(_check_sequence),
    )
    fit_evaluations: int = option(200, "Networks to try with fit_drives='network'.", check=at_least(1))
    fit_polish: int = option(
        0, "Evaluations of a further search around the result, on the full column.", check=at_least(0)
    )

    def _check(self) -> None:
        super()._check()
        if self.fit_sequence is not None and (self.fit_n_drives is not None or self.fit_drives == "network"):
            raise ConfigError(
                "fit_sequence says which drives there are: leave fit_n_drives and fit_drives='network' out."
            )
        unread = "fit_polish" if self.fit_drives == "network" else "fit_evaluations"
        if self.fit and getattr(self, unread) != self.defaults()[unread]:
            raise ConfigError(f"{unread} has no effect with fit_drives={self.fit_drives!r}: leave it out.")
        if self.fit and self.fit_drives == "network":
            evoked_parameters(self.network)  # there must be a drive to start from
