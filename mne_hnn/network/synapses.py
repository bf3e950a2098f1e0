"""Synaptic receptors with double-exponential conductance."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .._checks import check_finite, check_positive
from .._value import Value
from ..errors import ParameterError

__all__ = ["RECEPTORS", "Synapse"]

#: The receptors of the ready models; a template may define others.
RECEPTORS: tuple[str, ...] = ("ampa", "nmda", "gabaa", "gabab")


@dataclass(frozen=True, kw_only=True, slots=True)
class Synapse(Value):
    """Kinetics of a receptor: a conductance that rises and falls exponentially.

    The conductance after one event of weight w at t = 0 is
    ``w * f * (exp(-t / tau2) - exp(-t / tau1))`` with f such that its peak is w: the double
    exponential of NEURON (Carnevale and Hines 2006, https://doi.org/10.1017/CBO9780511541612,
    chapter 10). The ``nmda`` receptor of the ready models has no magnesium block.

    Parameters
    ----------
    e_mV : float
        Reversal potential, mV.
    tau1_ms, tau2_ms : float
        Time constants of rise and fall, ms; the rise must not be slower. As in NEURON's
        double-exponential synapse, equal ones are told apart by a factor of 0.9999.

    Examples
    --------
    >>> Synapse(e_mV=0.0, tau1_ms=0.5, tau2_ms=5.0).peak_time_ms
    1.279...
    """

    e_mV: float
    tau1_ms: float
    tau2_ms: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "e_mV", check_finite(self.e_mV, "Synapse: e_mV"))
        object.__setattr__(self, "tau1_ms", check_positive(self.tau1_ms, "Synapse: tau1_ms"))
        object.__setattr__(self, "tau2_ms", check_positive(self.tau2_ms, "Synapse: tau2_ms"))
        if self.tau1_ms > self.tau2_ms:
            raise ParameterError(
                f"Synapse: tau1_ms (rise) must not exceed tau2_ms (fall), got {self.tau1_ms} and {self.tau2_ms} ms."
            )

    @property
    def effective_tau1_ms(self) -> float:
        """Rise time constant in use, ms: at most 0.9999 of the fall."""
        return 0.9999 * self.tau2_ms if self.tau1_ms / self.tau2_ms > 0.9999 else self.tau1_ms

    @property
    def peak_time_ms(self) -> float:
        """Time of the peak conductance after an event, ms."""
        tau1, tau2 = self.effective_tau1_ms, self.tau2_ms
        return tau1 * tau2 / (tau2 - tau1) * math.log(tau2 / tau1)

    @property
    def peak_factor(self) -> float:
        """Factor f that makes the peak conductance equal to the weight."""
        t = self.peak_time_ms
        return 1.0 / (math.exp(-t / self.tau2_ms) - math.exp(-t / self.effective_tau1_ms))
