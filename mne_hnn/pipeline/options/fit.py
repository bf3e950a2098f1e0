"""Options of the stage that fits the drives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._checks import check_bool, check_name, check_positive
from ...errors import ConfigError
from ...fit import CircuitPrior, evoked_parameters
from ...fit.evoked_settings import FEWEST_MEMBERS, REGIMES, STEPS
from ...fit.sequence import check_sequence
from ..checks import at_least, check_names, one_of, or_none, path_or
from .option import documented, option
from .shared import Column, Seeded, Smoothing, Stepping

__all__ = ["OF_SPIKES", "FitOptions", "ProposalOptions"]


def _check_sequence(value: Any, name: str) -> None:
    # that the times lie inside the target is checked when there is one
    check_sequence(value, float("inf"))


def _as_regimes(value: Any, name: str) -> tuple[str, ...]:
    """Return what is searched, in one order."""
    given = check_names(value, name)
    for regime in given:
        check_name(regime, REGIMES, "regime", where=f"in {name}")
    if not given:
        raise ConfigError(f"{name} must hold 'spiking', 'silent' or both, got {value!r}.")
    return tuple(regime for regime in REGIMES if regime in given)


def _as_prior(value: Any, name: str) -> CircuitPrior | None:
    """Return a prior; fields by name, as a sidecar has them, are one too."""
    if value is None or isinstance(value, CircuitPrior):
        return value
    if isinstance(value, Mapping):
        return CircuitPrior.from_plain(value)
    raise ConfigError(
        f"{name} must be a CircuitPrior, such as mne_hnn.fit.CircuitPrior(time_sd_ms=5), fields of one by name, or "
        f"None, got {value!r}."
    )


OF_SPIKES = ("fit_members", "fit_generations", "fit_steps", "fit_max_sequences", "fit_finalists")
"""What only a search for columns whose cells fire reads."""


@documented
@dataclass(frozen=True, kw_only=True)
class ProposalOptions(Column, Stepping, Seeded, Smoothing):
    """What a fit that proposes drives depends on, of one subject or of a group."""

    fit_n_drives: int | None = option(
        None, "Number of drives to propose; None lets the data decide.", check=or_none(at_least(1))
    )
    fit_sequence: Sequence[tuple[str, float]] | None = option(
        None,
        'Location and about when (ms) of each drive, such as [("proximal", 25), ("distal", 70)], instead of a search '
        "for them: number, sides and order of the drives are kept, so that their names mean the same in every subject.",
        unit="ms",
        kind="sequence of (str, float) | None",
        check=or_none(_check_sequence),
    )
    fit_regimes: Sequence[str] = option(
        REGIMES,
        "What is searched: 'spiking', explanations by columns whose cells fire, 'silent', one in which no cell fires, "
        "or both, which are compared.",
        convert=_as_regimes,
    )
    fit_prior: Any = option(
        None,
        "What is plausible for a column whose cells fire: columns per nA m, participating cells, spikes, drives; None "
        "takes :class:`mne_hnn.fit.CircuitPrior` as it is. A mapping holds only what is to be changed.",
        kind="CircuitPrior | mapping | None",
        convert=_as_prior,
    )
    fit_members: int = option(
        96,
        "Networks of the ensemble of each sequence of drives whose cells fire.",
        check=at_least(FEWEST_MEMBERS),
    )
    fit_generations: int = option(
        4, "Steps in which such an ensemble takes the response into account.", check=at_least(1)
    )
    fit_steps: str = option(
        "auto",
        "How ensembles move: 'smoother' along the slope of what their members give, 'emulator' to where a Gaussian "
        "process of all their networks says that the response is explained, or 'auto' the latter, and the former as "
        "well where that leaves more than 3 % of the response besides its noise, or gives implausible numbers of "
        "spikes, unless the sequence is given.",
        check=one_of(STEPS),
    )
    fit_max_sequences: int = option(
        7, "Sequences of drives whose cells fire that are searched at most.", check=at_least(1)
    )
    fit_finalists: int = option(
        2, "How many of them go on on the full column, and become explanations.", check=at_least(1)
    )
    fit_noise: float = option(
        0.05,
        "Noise of the target relative to its root mean square: at least this is left unexplained, and more if the "
        "standard error of the target is larger.",
        check=check_positive,
    )
    fit_trials: int = option(2, "Trials of each network that is tried.", check=at_least(1))
    fit_final_trials: int = option(
        60, "Trials of the final score, with random numbers that the search has not seen.", check=at_least(1)
    )
    fit_precision: str = option(
        "search",
        "How networks that are only tried are simulated: 'search' is several times faster, with an error of about a "
        "third of that of the time step; 'exact'. What is reported is exact in either case.",
        check=one_of(("search", "exact")),
    )

    def _check(self) -> None:
        super()._check()
        if self.fit_prior is not None:
            self.fit_prior.check_network(self.network)
        if "spiking" not in self.fit_regimes:
            self._refuse(OF_SPIKES, "without 'spiking' in fit_regimes")


@documented
@dataclass(frozen=True, kw_only=True)
class FitOptions(ProposalOptions):
    """What stage fit depends on."""

    fit: bool = option(
        True,
        "Whether to fit drives and scale; without, only the scale is fitted, to the simulation as it is configured, "
        "unless fit_columns says it.",
        check=check_bool,
    )
    fit_drives: str = option(
        "propose",
        "'propose' finds the evoked drives in the waveform, whichever the network has; 'network' starts from the "
        "network's evoked drives and searches their times, spreads and weights.",
        check=one_of(("propose", "network")),
    )
    fit_start: Any = option(
        None,
        "File of other explanations with this `fit_sequence` (``explanations.npz``), such as those of a group's "
        "average: the search for cells that fire begins near what fits in the first of them, instead of at the prior.",
        kind="path-like | None",
        check=path_or(),
    )
    fit_columns: float | None = option(
        None,
        "Number of columns that act together, where it is known, such as that of another condition of the same "
        "person; None fits it. It is read without fit, too.",
        check=or_none(check_positive),
    )
    fit_evaluations: int = option(200, "Networks to try with fit_drives='network'.", check=at_least(1))
    fit_polish: int = option(
        0,
        "Evaluations of a further search around the explanation in which no cell fires, on the full column.",
        check=at_least(0),
    )

    fit_contributions: bool = option(
        True,
        "Whether to say which drive does what: the dipole of the first explanation whose cells fire (else of the "
        "first) taken apart by drives, layers and currents, by simulations with and without each drive.",
        check=check_bool,
    )

    def _check(self) -> None:
        super()._check()
        if self.fit_sequence is not None and (self.fit_n_drives is not None or self.fit_drives == "network"):
            raise ConfigError(
                "fit_sequence says which drives there are: leave fit_n_drives and fit_drives='network' out."
            )
        if not self.fit:
            return  # whatever a fit would read may stay in the file
        searched = self.fit_drives == "network"
        if self.fit_start is not None and self.fit_sequence is None:
            raise ConfigError("fit_start is of the drives of a sequence: give fit_sequence, too.")
        unread = ("fit_polish", "fit_regimes", "fit_columns", *OF_SPIKES) if searched else ("fit_evaluations",)
        self._refuse(unread, f"with fit_drives={self.fit_drives!r}")
        if "spiking" not in self.fit_regimes:
            self._refuse(("fit_start",), "without 'spiking' in fit_regimes")
        if "silent" not in self.fit_regimes:
            self._refuse(("fit_polish",), "without 'silent' in fit_regimes")
        if searched:
            evoked_parameters(self.network)  # there must be a drive to start from
