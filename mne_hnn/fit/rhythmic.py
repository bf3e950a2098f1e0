"""Fit a rhythm: the spectrum of a source, or power in frequency bands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..dipole import Dipole
from ..errors import DataError, ParameterError
from ..network import Network
from ..simulate import Computing
from ..spectra import power_spectrum
from .checks import check_network
from .doubts import announce, announced, target_doubts
from .drive_settings import DriveSettings
from .drives import search_drives
from .objectives import BandPower, Spectrum
from .observation import check_target
from .parameters import Parameter, as_parameters, rhythmic_parameters
from .plan import Request
from .result import FitResult
from .rhythmic_settings import RhythmicSettings
from .settings import as_settings

__all__ = ["fit_rhythmic"]


@announced
def fit_rhythmic(
    network: Network,
    target: Dipole | Sequence[Dipole] | tuple[Any, Any] | None = None,
    parameters: Sequence[Parameter] | None = None,
    settings: RhythmicSettings | None = None,
    *,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> FitResult:
    """Fit the rhythmic drives of a network to a spectrum, or to power in frequency bands.

    Parameters
    ----------
    network : Network
        With bursty drives: where the search starts.
    target : Dipole | sequence of Dipole | (freqs, power) | None
        What the spectrum should be: a source time course or its trials, of which the spectrum is taken as it is of the
        simulation, or frequencies (Hz) and power spectral density, such as :meth:`mne.time_frequency.Spectrum.get_data`
        gives. None if `bands` are given.
    parameters : sequence of Parameter | None
        What may change; None takes :func:`rhythmic_parameters`: start, rate, jitter and weights of all bursty drives.
    settings : RhythmicSettings | None
        What is judged and how to search; None takes the usual ones.
    n_jobs, executor, checkpoint, progress
        As in :func:`fit_drives`.

    Returns
    -------
    result : FitResult
        ``scores.loss`` is the objective in fresh trials. There are no intervals: spectra of short records say too
        little of what else would do.

    Raises
    ------
    ParameterError
        Neither or both of `target` and `bands` are given, or another argument is wrong.
    """
    check_network(network)
    given = as_settings(settings, RhythmicSettings)
    if (target is None) == (given.bands is None):
        raise ParameterError("Give either a target spectrum or bands: exactly one of both.")
    computing = Computing(n_jobs=n_jobs, executor=executor, checkpoint=checkpoint, progress=progress)
    goal = _spectrum_goal(target, given) if given.bands is None else _band_goal(given)
    free = rhythmic_parameters(network) if parameters is None else as_parameters(parameters)
    search = given.search()
    if search.optimizer == "auto" and sum(getattr(parameter, "fixed", None) is None for parameter in free) > 1:
        search = replace(search, optimizer="differential_evolution")
    for text in goal.doubts:
        announce(text)
    request = Request(network=network, parameters=free, settings=search, objective=goal.objective, kind="rhythmic")
    return _complete(search_drives(request, computing), given, goal)


def _complete(result: FitResult, settings: RhythmicSettings, goal: _Goal) -> FitResult:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Goal:
    """What is made small, and what is odd about the target."""

    objective: BandPower | Spectrum
    doubts: tuple[str, ...] = ()


def _band_goal(settings: RhythmicSettings) -> _Goal:
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
    return _Goal(objective=objective)


def _spectrum_goal(target: Any, settings: RhythmicSettings) -> _Goal:
    """Return the goal of a target's spectrum within the frequencies that count."""
    # what the simulation can resolve; the spectrum of a longer target is taken with the same
    bandwidth = max(2.0, 3e3 / (settings.tstop - settings.burn_in_ms))
    doubts: tuple[str, ...] = ()
    if isinstance(target, tuple) and len(target) == 2 and not isinstance(target[0], Dipole):
        freqs, power = _given_spectrum(target[0], target[1], settings.fmin, settings.fmax)
    else:
        trials = _target_trials(target)
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
    return _Goal(objective=objective, doubts=doubts)


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
