"""How near an explanation is to a rhythm, how sure that is, and what speaks against it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import polygamma

from .._units import MS
from ..dipole import Dipole
from .amplitude import Amplitude
from .circuit_prior import CircuitPrior
from .evidence import Evidence
from .explanation import finite
from .judging import LEAST, counted
from .objectives import flat_loss
from .result import FitResult
from .rhythm_explanation import NOT_REACHED, NOTHING, RhythmExplanation
from .rhythm_goal import Goal
from .rhythm_moment import RhythmMoment
from .rhythm_objectives import Spectrum
from .rhythm_regime import counts_of, pyramidal_rate, rate_distances
from .rhythmic_settings import RhythmicSettings
from .scoring import likeness, pyramidal_spikes

__all__ = ["Sureness", "explanation_of", "with_evidence"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sureness:
    """How much a spectrum of so many trials can tell.

    Attributes
    ----------
    n_bands : float
        Independent frequencies: the range over the bandwidth.
    variance : float
        Of the natural logarithm of power at each: sampling of the target and of the simulation, and what the model is
        expected to leave.
    """

    n_bands: float
    variance: float

    @classmethod
    def of(cls, goal: Goal, settings: RhythmicSettings, prior: CircuitPrior) -> Sureness | None:
        """Return how sure the spectrum of a target is; None if it does not give trials.

        A multitaper estimate from K tapers and n trials is distributed as chi-square with 2 K n degrees of freedom
        (Percival and Walden 1993, https://doi.org/10.1017/CBO9780511622762), and the variance of the logarithm of
        chi-square with v degrees is the trigamma function of v / 2. A relative error of the moment is twice as large
        in power.

        Parameters
        ----------
        goal : Goal
            What is made small.
        settings : RhythmicSettings
            How it was simulated.
        prior : CircuitPrior
            What the model is expected to leave: `discrepancy`.
        """
        spectrum = goal.objective
        if not isinstance(spectrum, Spectrum) or spectrum.bandwidth is None or len(goal.trials) < 2:
            return None
        width, burn_in = spectrum.bandwidth, settings.burn_in_ms * MS
        target, first = _tapers(width, float(np.ptp(goal.trials[0].times)) - burn_in), len(goal.trials)
        own = _tapers(width, settings.tstop * MS - burn_in)
        sampling = polygamma(1, target * first) + polygamma(1, own * settings.n_final)
        return cls(
            n_bands=max(1.0, float(np.ptp(spectrum.freqs)) / width),
            variance=float(sampling) + (2 * prior.discrepancy) ** 2,
        )

    def chi_square(self, loss: float) -> float:
        """Return the sum of squared deviations over independent frequencies, in standard deviations."""
        return self.n_bands * (math.log(10) * loss) ** 2 / self.variance


def _tapers(width: float, duration: float) -> float:
    """Return how many Slepian tapers of little leakage a record (s) has for a bandwidth (Hz): 2 N W - 1."""
    return max(1.0, width * duration - 1.0)


def explanation_of(
    regime: str, fit: FitResult, goal: Goal, prior: CircuitPrior, moment: RhythmMoment | None
) -> RhythmExplanation:
    """Return what the result of a search explains, without its evidence.

    Parameters
    ----------
    regime : str
        In which the search was.
    fit : FitResult
        Its result.
    goal : Goal
        The rhythm.
    prior : CircuitPrior
        What is plausible.
    moment : RhythmMoment | None
        Of which columns are counted.
    """
    assert isinstance(fit.settings, RhythmicSettings)
    firing, trials = regime == "spiking", fit.simulation.dipoles
    spikes = counts_of(fit.simulation, fit.settings.burn_in_ms)
    loss = goal.objective.loss_of(trials)
    amplitude: Amplitude | None = None
    columns, refusals = float("nan"), list[str]()
    if moment is not None:
        columns = moment.columns(fit.simulation)
        if columns > 0:
            amplitude, refusals = counted(columns, fit.network, moment.dipole, prior, firing=firing)
    distances: dict[str, float] = {}
    if moment is not None and columns > 0:
        name = "columns_per_nAm" if firing else "columns"
        distances[name] = moment.distance(columns, prior, firing=firing)
    if firing and amplitude is not None:
        distances["fraction"] = float(prior.fraction.distance(amplitude.fraction))
    if firing:
        distances |= {f"spikes.{name}": value for name, value in rate_distances(spikes, prior).items()}
    logs = goal.objective.log_powers(trials) if isinstance(goal.objective, Spectrum) else None
    return RhythmExplanation(
        regime=regime,
        fit=fit,
        evidence=Evidence(value=0.0, error=0.0, parts={}),
        amplitude=amplitude,
        spikes=spikes,
        distances=finite(distances),
        refusals=(
            *_other_regime(firing, fit, pyramidal_rate(fit.simulation, spikes)),
            *_nothing(loss, goal),
            *refusals,
        ),
        loss=loss,
        loss_error=_error(goal, trials),
        likeness=float("nan") if logs is None else likeness(*logs),
        n_columns=columns,
    )


def _error(goal: Goal, trials: Sequence[Dipole]) -> float:
    """Return the jackknife standard error of the loss: one trial after the other is left out."""
    n = len(trials)
    left = np.array([goal.objective.loss_of([*trials[:k], *trials[k + 1 :]]) for k in range(n)])
    return float(np.sqrt((n - 1) * np.var(left))) if np.isfinite(left).all() else 0.0


def _other_regime(firing: bool, fit: FitResult, rate: float) -> list[str]:
    """Return whether cells do not do what was asked of them."""
    if firing:
        return [] if rate else [f"{NOT_REACHED[0]} after the burn-in, although the search was for cells that do."]
    trials = fit.simulation.n_trials
    loud = sum(pyramidal_spikes(fit.simulation, trial) > 0 for trial in range(trials))
    found = f"{NOT_REACHED[1]} in {loud} of {trials} fresh trials, although the search was for cells that do not."
    return [found] if loud else []


def _nothing(loss: float, goal: Goal) -> list[str]:
    flat = flat_loss(goal.objective)
    if flat is None or loss < flat:
        return []
    return [
        f"{NOTHING}: its loss is {loss:.3g} in fresh trials, and {flat:.3g} is what a spectrum "
        "without rhythms would have."
    ]


def with_evidence(
    items: Sequence[RhythmExplanation], sureness: Sureness, prior: CircuitPrior, moment: RhythmMoment | None
) -> list[RhythmExplanation]:
    """Return explanations with their evidence: how probable the spectrum is, and what each claims, at its best point.

    Both were searched within the same bounds, so that what the freedom of the drives costs is the same for both, and
    left out. Where none is as near to the spectrum as its variance allows, the variance is that of the nearest: what
    the model cannot do says nothing of either.

    Parameters
    ----------
    items : sequence of RhythmExplanation
        Of the same rhythm.
    sureness : Sureness
        How sure its spectrum is.
    prior : CircuitPrior
        What is plausible.
    moment : RhythmMoment | None
        Of which columns are counted.
    """
    excess = max(1.0, min(sureness.chi_square(item.loss) for item in items) / sureness.n_bands)
    if not math.isfinite(excess):
        return list(items)
    return [replace(item, evidence=_evidence(item, sureness, excess, prior, moment)) for item in items]


def _evidence(
    item: RhythmExplanation, sureness: Sureness, excess: float, prior: CircuitPrior, moment: RhythmMoment | None
) -> Evidence:
    firing = item.regime == "spiking"
    parts = {"spectrum": max(-0.5 * sureness.chi_square(item.loss) / excess, LEAST)}
    if firing:
        far = rate_distances(item.spikes, prior, soft=True).values()
        parts["spikes"] = max(-0.5 * sum(distance**2 for distance in far), LEAST)
    if moment is not None and item.columns > 0:
        distance = moment.distance(item.columns, prior, firing=firing)
        parts["columns"] = 0.0 if math.isnan(distance) else max(-0.5 * distance**2, LEAST)
        parts["cells"] = moment.log_plausibility(item.columns, prior, firing=firing)
    slope = sureness.n_bands * math.log(10) ** 2 * item.loss / (sureness.variance * excess)
    return Evidence.of(parts, slope * item.loss_error if math.isfinite(slope) else 0.0)
