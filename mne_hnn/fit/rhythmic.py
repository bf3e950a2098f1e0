"""Fit a rhythm: the spectrum of a source, or power in frequency bands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .._checks import check_finite, check_name, check_non_negative, check_positive
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from ..network import Network
from ..simulate.precautions import check_times
from . import spectra
from .checks import agreed_trials, check_network
from .doubts import announce, announced, target_doubts
from .objectives import BandPower, Objective, Spectrum
from .observation import check_target
from .parameters import Parameter, as_parameters, rhythmic_parameters
from .result import FitResult
from .search import fit_drives

__all__ = ["fit_rhythmic"]


@announced
def fit_rhythmic(
    network: Network,
    target: Dipole | Sequence[Dipole] | tuple[Any, Any] | None = None,
    parameters: Sequence[Parameter] | None = None,
    *,
    bands: Sequence[tuple[float, float]] | None = None,
    shares: Sequence[float] | None = None,
    measure: str = "power",
    aperiodic: str = "scale",
    fmin: float = 2.0,
    fmax: float = 50.0,
    burn_in_ms: float = 50.0,
    tstop: float = 300.0,
    n_trials: int | None = None,
    n_final: int = 10,
    optimizer: str = "auto",
    max_evaluations: int = 200,
    levels: Any = "auto",
    step: float = 0.2,
    dt: float = 0.025,
    seed: int = 1,
    fresh_seed: int = 2,
    n_jobs: int = 1,
    executor: Executor | None = None,
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
    bands : sequence of (float, float) | None
        Frequency bands whose power is to be high, Hz.
    shares : sequence of float | None
        Wanted power of each band relative to the others; None is the same for all.
    measure : str
        For `bands`: ``'power'`` or ``'ratio'``, see :class:`~mne_hnn.fit.BandPower`.
    aperiodic : str
        For `target`: ``'scale'`` compares shapes, ``'remove'`` only what stands above the aperiodic part of each,
        ``'keep'`` all, in A² m² / Hz; see :class:`~mne_hnn.fit.Spectrum`.
    fmin, fmax : float
        The frequencies that count, Hz.
    burn_in_ms : float
        What is left out of each trial at the start, ms.
    tstop : float
        Duration of a simulation, ms. 300 ms resolve some 4 Hz.
    n_trials : int | None
        Trials per evaluation; their spectra are averaged, not their dipoles. None is 2, or what the last of `levels`
        says.
    optimizer : str
        A name of :data:`~mne_hnn.fit.OPTIMIZERS`. ``'auto'`` is a scan for one parameter, else differential evolution,
        which searches everywhere: rates that differ by a beat have minima of their own, and CMA-ES stays in one of
        them more often.
    n_final, max_evaluations, levels, step, dt, seed, fresh_seed, n_jobs, executor, checkpoint, progress
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
    if (target is None) == (bands is None):
        raise ParameterError("Give either a target spectrum or bands: exactly one of both.")
    check_positive(tstop, "tstop (ms)")
    check_times(tstop, dt)
    n_trials = agreed_trials(levels, n_trials, usual=2)
    if check_positive(fmin, "fmin (Hz)") >= check_positive(fmax, "fmax (Hz)"):
        raise ParameterError(f"fmin must be below fmax, got {fmin:g} and {fmax:g} Hz.")
    if check_non_negative(burn_in_ms, "burn_in_ms") >= tstop - 20.0:
        raise ParameterError(
            f"burn_in_ms must leave at least 20 ms of the {tstop:g} ms that are simulated, got {burn_in_ms:g} ms."
        )
    goal: Objective
    shown: dict[str, Any]
    doubts: list[str] = []
    if bands is not None:
        if aperiodic != "scale":
            raise ParameterError("aperiodic belongs to a target spectrum: leave it out when there are bands.")
        pairs = list(bands) if isinstance(bands, Iterable) else [None]
        if not all(isinstance(one, Sequence) and len(one) == 2 for one in pairs):
            raise ParameterError(f"bands must hold pairs of frequencies such as [(8, 12), (15, 30)], got {bands!r}.")
        if shares is not None and not isinstance(shares, Iterable):
            raise ParameterError(f"shares must hold one number per band, such as [1, 2], got {shares!r}.")
        wanted = [1.0] * len(pairs) if shares is None else list(shares)
        goal = BandPower(
            bands=tuple((check_finite(low, "band"), check_finite(high, "band")) for low, high in pairs),
            shares=tuple(check_finite(one, "share of a band") for one in wanted),
            measure=measure,
            fmin=fmin,
            fmax=fmax,
            burn_in_ms=burn_in_ms,
        )
        shown = {"bands": [list(one) for one in goal.bands], "shares": list(goal.shares), "measure": measure}
    else:
        if shares is not None:
            raise ParameterError("shares belong to bands: leave them out when there is a target spectrum.")
        if measure != "power":
            raise ParameterError("measure belongs to bands: leave it out when there is a target spectrum.")
        check_name(aperiodic, ("scale", "remove", "keep"), "treatment of the aperiodic part")
        # what the simulation can resolve; the spectrum of a longer target is taken with the same
        bandwidth = max(2.0, 3e3 / (tstop - burn_in_ms))
        freqs, power = _target_spectrum(target, fmin, fmax, burn_in_ms, bandwidth, doubts)
        goal = Spectrum(freqs=freqs, power=power, aperiodic=aperiodic, burn_in_ms=burn_in_ms, bandwidth=bandwidth)
        shown = {"target_freqs": freqs.tolist(), "target_power": power.tolist(), "aperiodic": aperiodic}
    parameters = rhythmic_parameters(network) if parameters is None else as_parameters(parameters)
    if optimizer == "auto" and sum(getattr(one, "fixed", None) is None for one in parameters) > 1:
        optimizer = "differential_evolution"
    for text in doubts:
        announce(text)
    result = fit_drives(
        network,
        None,
        parameters,
        objective=goal,
        optimizer=optimizer,
        max_evaluations=max_evaluations,
        levels=levels,
        n_trials=n_trials,
        n_final=n_final,
        step=step,
        smooth_ms=0.0,
        scale=None,
        tstop=tstop,
        dt=dt,
        seed=seed,
        fresh_seed=fresh_seed,
        intervals=False,
        n_jobs=n_jobs,
        executor=executor,
        checkpoint=checkpoint,
        progress=progress,
        kind="rhythmic",
    )
    settings = {**result.settings, **shown, "fmin": fmin, "fmax": fmax, "burn_in_ms": burn_in_ms}
    return replace(result, settings=settings, warnings=(*doubts, *result.warnings))


def _target_spectrum(
    target: Any, fmin: float, fmax: float, burn_in_ms: float, bandwidth: float, doubts: list[str]
) -> tuple[Any, Any]:
    """Return frequencies and power of a target within the frequencies that count; add what is odd about it."""
    if isinstance(target, tuple) and len(target) == 2 and not isinstance(target[0], Dipole):
        return _given_spectrum(*target, fmin, fmax)
    if isinstance(target, Sequence) and not isinstance(target, str):
        trials = list(target)
    else:
        trials = [check_target(target)] if hasattr(target, "dipole") else [target]
    if not trials or not all(isinstance(one, Dipole) for one in trials):
        raise ParameterError(
            f"target must be a Dipole, a sequence of Dipoles, or (frequencies, power), got {type(target).__name__}."
        )
    for one in trials:
        if not np.isfinite(one.data).all():
            raise DataError("The target holds NaN or infinity: remove or interpolate those samples.")
    doubts += list(dict.fromkeys(text for one in trials for text in target_doubts(one, "rhythmic")))[:1]
    freqs, power = spectra.power_spectrum(trials, fmin=fmin, fmax=fmax, burn_in_ms=burn_in_ms, bandwidth=bandwidth)
    if not power.max() > 0:
        raise DataError("The target has no power: it is constant, or a straight line.")
    return freqs, power


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
