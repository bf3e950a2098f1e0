"""What is made small where a rhythm is fitted: a target's spectrum, or power in bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..dipole import Dipole
from ..errors import DataError, ParameterError
from ..network import Network
from ..spectra import power_spectrum
from .doubts import target_doubts
from .drive_settings import DriveSettings
from .objectives import BandPower, Objective, Spectrum
from .observation import check_target
from .parameter_sets import rhythmic_parameters
from .parameters import Parameter, as_parameters
from .plan import Request
from .result import FitResult
from .rhythmic_settings import RhythmicSettings

__all__ = ["Goal", "completed", "rhythm_goal", "rhythm_request"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """What is made small, and what is odd about the target.

    Attributes
    ----------
    objective : BandPower | Spectrum
        What is made small.
    trials : tuple of Dipole
        Of which the target's spectrum was taken; empty where it was given, or there are bands.
    doubts : tuple of str
        Sentences.
    """

    objective: BandPower | Spectrum
    trials: tuple[Dipole, ...] = ()
    doubts: tuple[str, ...] = ()


def rhythm_goal(target: Any, settings: RhythmicSettings) -> Goal:
    """Return what a call of :func:`mne_hnn.fit.fit_rhythmic` makes small.

    Parameters
    ----------
    target : Dipole | sequence of Dipole | (freqs, power) | None
        As it was given.
    settings : RhythmicSettings
        What is judged.

    Raises
    ------
    ParameterError
        Neither or both of `target` and bands are given, or the target is no spectrum.
    DataError
        The target has no power, or holds what is no number.
    """
    if (target is None) == (settings.bands is None):
        raise ParameterError("Give either a target spectrum or bands: exactly one of both.")
    return _spectrum_goal(target, settings) if settings.bands is None else _band_goal(settings)


def rhythm_request(
    network: Network, parameters: Sequence[Parameter] | None, settings: RhythmicSettings, objective: Objective
) -> Request:
    """Return what is asked of a search for a rhythm; ``'auto'`` is differential evolution if two or more are free."""
    free = rhythmic_parameters(network) if parameters is None else as_parameters(parameters)
    search = settings.search()
    if search.optimizer == "auto" and sum(getattr(parameter, "fixed", None) is None for parameter in free) > 1:
        search = replace(search, optimizer="differential_evolution")
    return Request(network=network, parameters=free, settings=search, objective=objective, kind="rhythmic")


def completed(result: FitResult, settings: RhythmicSettings, goal: Goal) -> FitResult:
    """Return the result of the search as that of a rhythm."""
    used = result.settings
    assert isinstance(used, DriveSettings)
    spectrum = goal.objective if isinstance(goal.objective, Spectrum) else None
    details = result.details
    if spectrum is not None:
        freqs, power = (tuple(np.asarray(row).tolist()) for row in (spectrum.freqs, spectrum.power))
        details = replace(details, target_freqs=freqs, target_power=power)
    return replace(
        result,
        settings=replace(
            settings,
            optimizer=used.optimizer,
            levels=used.levels,
            n_trials=used.n_trials,
            shares=goal.objective.shares if isinstance(goal.objective, BandPower) else None,
        ),
        details=details,
        warnings=(*goal.doubts, *result.warnings),
    )


def _band_goal(settings: RhythmicSettings) -> Goal:
    """Return the goal of power in bands."""
    assert settings.bands is not None
    objective = BandPower(
        bands=settings.bands,
        shares=(1.0,) * len(settings.bands) if settings.shares is None else settings.shares,
        measure=settings.measure,
        fmin=settings.fmin,
        fmax=settings.fmax,
        burn_in_ms=settings.burn_in_ms,
    )
    return Goal(objective=objective)


def _spectrum_goal(target: Any, settings: RhythmicSettings) -> Goal:
    """Return the goal of a target's spectrum within the frequencies that count."""
    # what the simulation can resolve; the spectrum of a longer target is taken with the same
    bandwidth = max(2.0, 3e3 / (settings.tstop - settings.burn_in_ms))
    doubts: tuple[str, ...] = ()
    trials: tuple[Dipole, ...] = ()
    if isinstance(target, tuple) and len(target) == 2 and not isinstance(target[0], Dipole):
        freqs, power = _given_spectrum(target[0], target[1], settings.fmin, settings.fmax)
    else:
        trials = tuple(_target_trials(target))
        doubts = tuple(dict.fromkeys(text for trial in trials for text in target_doubts(trial, "rhythmic")))[:1]
        freqs, power = power_spectrum(
            trials,
            fmin=settings.fmin,
            fmax=settings.fmax,
            burn_in_ms=settings.burn_in_ms,
            bandwidth=bandwidth,
        )
        if not power.max() > 0:
            raise DataError("The target has no power: it is constant, or a straight line.")
    objective = Spectrum(
        freqs=freqs,
        power=power,
        aperiodic=settings.aperiodic,
        burn_in_ms=settings.burn_in_ms,
        bandwidth=bandwidth,
    )
    return Goal(objective=objective, trials=trials, doubts=doubts)


def _target_trials(target: Any) -> list[Dipole]:
    """Return the dipoles of a target, of which the spectrum is taken."""
    if isinstance(target, Sequence) and not isinstance(target, str):
        trials = list(target)
    else:
        trials = [check_target(target)] if hasattr(target, "dipole") else [target]
    if not trials or not all(isinstance(trial, Dipole) for trial in trials):
        raise ParameterError(
            f"target must be a Dipole, a sequence of Dipoles, or (frequencies, power), got {type(target).__name__}."
        )
    for trial in trials:
        if not np.isfinite(trial.data).all():
            raise DataError("The target holds NaN or infinity: remove or interpolate those samples.")
    return trials


def _given_spectrum(freqs: Any, power: Any, fmin: float, fmax: float) -> tuple[Any, Any]:
    try:
        freqs, power = np.asarray(freqs, dtype=float), np.asarray(power, dtype=float)
    except (TypeError, ValueError):
        raise ParameterError(
            "A target spectrum must be two rows of numbers, frequencies (Hz) and power, got "
            f"{type(freqs).__name__} and {type(power).__name__}."
        ) from None
    power = power.reshape(-1) if power.size == freqs.size else power
    if freqs.shape != power.shape or freqs.ndim != 1:
        raise ParameterError(
            f"A target spectrum must be two rows of equal length, frequencies and power, got shapes {freqs.shape} "
            f"and {power.shape}."
        )
    inside = (freqs >= fmin) & (freqs <= fmax)
    if inside.sum() < 4 <= len(freqs):
        raise ParameterError(
            f"The target spectrum has {inside.sum()} frequencies within fmin to fmax, {fmin:g} to {fmax:g} Hz: at "
            "least 4 are needed."
        )
    return freqs[inside], power[inside]
