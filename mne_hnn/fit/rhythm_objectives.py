"""Objectives that compare rhythms: power in bands, spectra, power over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from .._checks import check_finite, check_name, check_positive
from .._code import value_text
from .._types import FloatArray
from ..dipole import Dipole
from ..errors import ParameterError
from ..simulate import Simulation
from ..spectra import power_spectrum
from ..time_frequency import time_frequency_power
from .score import Score
from .spectral_losses import band_power_loss, band_ratio_loss, spectrum_loss, time_frequency_loss

__all__ = ["BandPower", "Spectrum", "TimeFrequency"]


@dataclass(frozen=True, kw_only=True, eq=False)
class BandPower:
    """Power of the single trials in frequency bands, relative to the rest of the spectrum and to one another.

    Attributes
    ----------
    bands : sequence of (float, float)
        Lower and upper frequency of each band, Hz.
    shares : sequence of float
        Wanted power of each band, relative to the others.
    measure : str
        ``'power'``: minus the weighted sum of the relative powers, to make the bands strong; ``'ratio'``: distance of
        the relative powers from the wanted shares, 0 if all power lies inside the bands at just these shares.
    fmin, fmax : float
        The frequencies that count as the whole, Hz.
    burn_in_ms : float
        What is left out at the start, ms.

    Examples
    --------
    >>> BandPower(bands=[(9, 11), (19, 21)], shares=[2, 1]).measure
    'power'
    """

    bands: Sequence[tuple[float, float]]
    shares: Sequence[float]
    measure: str = "power"
    fmin: float = 2.0
    fmax: float = 50.0
    burn_in_ms: float = 50.0

    def __post_init__(self) -> None:
        check_name(self.measure, ("power", "ratio"), "measure")
        if not len(self.bands) or len(self.bands) != len(self.shares):
            raise ParameterError(f"Every band needs one share, got {len(self.bands)} bands, {len(self.shares)} shares.")
        for low, high in self.bands:
            if not self.fmin <= check_finite(low, "band") < check_finite(high, "band") <= self.fmax:
                raise ParameterError(
                    f"A band must rise and lie within {self.fmin:g} to {self.fmax:g} Hz, got {low:g} to {high:g} Hz."
                )
        for share in self.shares:
            check_positive(share, "share of a band")
        ordered = sorted(self.bands)
        if any(lower[1] > upper[0] for lower, upper in pairwise(ordered)):
            raise ParameterError(
                f"The bands must not overlap, got {', '.join(f'{a:g} to {b:g} Hz' for a, b in ordered)}."
            )

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        return value_text(
            "bands",
            tuple(map(tuple, self.bands)),
            tuple(self.shares),
            self.measure,
            self.fmin,
            self.fmax,
            self.burn_in_ms,
        )

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        return Score(loss=self.loss_of(simulation.dipoles))

    def loss_of(self, dipoles: Sequence[Dipole]) -> float:
        """Return the loss of trials."""
        freqs, psd = power_spectrum(dipoles, fmin=self.fmin, fmax=self.fmax, burn_in_ms=self.burn_in_ms, method="welch")
        if not psd.max() > 0:
            return 1.0 if self.measure == "ratio" else 0.0
        return self._loss(freqs, psd)

    def _loss(self, freqs: FloatArray, psd: FloatArray) -> float:
        rule = band_power_loss if self.measure == "power" else band_ratio_loss
        return float(rule(freqs, psd, self.bands, self.shares))

    def flat_loss(self) -> float:
        """Return the loss of a spectrum that is the same at all frequencies."""
        freqs = np.linspace(self.fmin, self.fmax, 400)
        return self._loss(freqs, np.ones_like(freqs))


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    """Distance between the power spectrum of the trials and a target spectrum, in log10 units.

    Attributes
    ----------
    freqs : array, shape (n_freqs,)
        Frequencies of the target, Hz.
    power : array, shape (n_freqs,)
        Power spectral density of the target, in any unit unless `aperiodic` is ``'keep'`` (then A² m² / Hz).
    aperiodic : str
        ``'remove'`` compares what stands above the aperiodic line of each (Donoghue et al. 2020,
        https://doi.org/10.1038/s41593-020-00744-x); ``'scale'`` shapes, whatever their size; ``'keep'`` all.
    burn_in_ms : float
        What is left out at the start, ms.
    bandwidth : float | None
        Of the multitaper estimate, Hz: that of the target. None is the narrowest that the record allows.

    Examples
    --------
    >>> import numpy as np
    >>> freqs = np.arange(20.0, 80.0)
    >>> bool(Spectrum(freqs=freqs, power=1 / freqs, aperiodic="scale").score(simulation).loss > 0)
    True
    """

    freqs: Any
    power: Any
    aperiodic: str = "scale"
    burn_in_ms: float = 50.0
    bandwidth: float | None = None

    def __post_init__(self) -> None:
        check_name(self.aperiodic, ("remove", "scale", "keep"), "treatment of the aperiodic part")
        freqs, power = np.asarray(self.freqs, dtype=float), np.asarray(self.power, dtype=float)
        if freqs.ndim != 1 or freqs.shape != power.shape or len(freqs) < 4:
            raise ParameterError(
                f"freqs and power must be rows of equal length, at least 4, got {freqs.shape} and {power.shape}."
            )
        if not (np.isfinite(power).all() and (power > 0).all() and (np.diff(freqs) > 0).all() and freqs[0] > 0):
            raise ParameterError("The target spectrum needs rising frequencies above 0 Hz and finite powers above 0.")
        object.__setattr__(self, "freqs", freqs)
        object.__setattr__(self, "power", power)

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        return value_text("spectrum", self.freqs, self.power, self.aperiodic, self.burn_in_ms, self.bandwidth)

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        return Score(loss=self.loss_of(simulation.dipoles))

    def loss_of(self, dipoles: Sequence[Dipole]) -> float:
        """Return the loss of trials; infinity where one of the frequencies has no power."""
        freqs, psd = self._own(dipoles)
        if not psd.min() > 0:
            return float("inf")
        return float(spectrum_loss(freqs, psd, self.freqs, self.power, aperiodic=self.aperiodic))

    def log_powers(self, dipoles: Sequence[Dipole]) -> tuple[FloatArray, FloatArray] | None:
        """Return log10 of the power of trials and of the target, at the target's frequencies; None without power."""
        freqs, psd = self._own(dipoles)
        if not psd.min() > 0:
            return None
        logs = np.interp(np.log10(self.freqs), np.log10(freqs), np.log10(psd))
        return np.asarray(logs), np.asarray(np.log10(self.power))

    def _own(self, dipoles: Sequence[Dipole]) -> tuple[FloatArray, FloatArray]:
        return power_spectrum(
            dipoles,
            fmin=float(self.freqs[0]),
            fmax=float(self.freqs[-1]),
            burn_in_ms=self.burn_in_ms,
            bandwidth=self.bandwidth,
        )

    def flat_loss(self) -> float:
        """Return the loss of a spectrum without rhythms: the line nearest to the target in double logarithms."""
        x, y = np.log10(self.freqs), np.log10(self.power)
        line = np.polynomial.Polynomial.fit(x, y, 1)(x)
        return float(spectrum_loss(self.freqs, 10**line, self.freqs, self.power, aperiodic=self.aperiodic))


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeFrequency:
    """Distance between the average time-frequency power of the trials and that of a target dipole.

    Attributes
    ----------
    target : Dipole | sequence of Dipole
        The target, or its trials.
    freqs : sequence of float
        Frequencies, Hz.
    burn_in_ms : float
        What is left out at the start, ms.

    Examples
    --------
    >>> TimeFrequency(target=target, freqs=[20.0, 40.0], burn_in_ms=0.0).flat_loss()
    1.0
    """

    target: Dipole | Sequence[Dipole]
    freqs: Sequence[float]
    burn_in_ms: float = 0.0
    _wanted: tuple[FloatArray, FloatArray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        freqs = np.asarray(self.freqs, dtype=float)
        object.__setattr__(self, "_wanted", time_frequency_power(self.target, freqs, burn_in_ms=self.burn_in_ms))

    @property
    def identity(self) -> str:
        """Text that differs whenever scores could differ."""
        return value_text("tfr", *self._wanted, tuple(self.freqs), self.burn_in_ms)

    def score(self, simulation: Simulation) -> Score:
        """Return the score of a simulation."""
        freqs = np.asarray(self.freqs, dtype=float)
        times, power = self._wanted
        loss = time_frequency_loss(simulation.dipoles, power, times, freqs, burn_in_ms=self.burn_in_ms)
        return Score(loss=float(loss))

    def flat_loss(self) -> float:
        """Return the loss of a map that has nothing to do with the target: their correlation is 0."""
        return 1.0
