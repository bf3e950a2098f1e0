"""Score a stand-in before anything is simulated, so that what an objective refuses is refused at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from .._units import MS
from ..dipole import AGGREGATE, Dipole
from ..errors import ParameterError
from ..network import Network
from ..simulate import Simulation
from ..simulate.baselines import dipole_layers
from .objectives import BandPower, Combined, Objective, Spectrum, TimeFrequency, Waveform

__all__ = ["check_smoothing", "rehearse"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _StandIn:
    """What ready objectives read of a simulation."""

    dipoles: tuple[Dipole, ...]

    @property
    def dipole(self) -> Dipole:
        copied: Dipole = self.dipoles[0].copy()
        return copied


def check_smoothing(smooth_ms: float, tstop: float, dt: float) -> None:
    """Refuse a smoothing window that does not fit into a simulation; all in ms, 0 for none."""
    if smooth_ms > tstop:
        raise ParameterError(f"smooth_ms must not exceed the {tstop:g} ms that are simulated, got {smooth_ms:g} ms.")
    if smooth_ms and (smooth_ms < 1 or round(smooth_ms / dt) < 2):
        raise ParameterError(
            f"smooth_ms must be 0 for none, or at least 1 ms and two steps of {dt:g} ms, got {smooth_ms:g} ms: was it "
            "given in seconds?"
        )


def rehearse(objective: Objective, network: Network, tstop: float, dt: float) -> None:
    """Raise what an objective would raise of every simulation: windows, layers, frequencies, burn-in, smoothing.

    Parameters
    ----------
    objective : Objective
        What is to be scored; a function of the user's own is not called.
    network : Network
        Whose layers its dipole has.
    tstop, dt : float
        Duration and step, ms.

    Raises
    ------
    ParameterError
        The objective cannot be scored.
    """
    if isinstance(objective, Combined):
        for term, _ in objective.terms:
            rehearse(term, network, tstop, dt)
    if isinstance(objective, Waveform):
        check_smoothing(objective.smooth_ms, tstop, dt)
        _check_end(objective.target, objective.tmax, tstop)
    if isinstance(objective, TimeFrequency):
        targets = [objective.target] if isinstance(objective.target, Dipole) else list(objective.target)
        _check_end(targets[0], None, tstop)
    if isinstance(objective, (Waveform, BandPower, Spectrum, TimeFrequency)):
        objective.score(cast(Simulation, _stand_in(network, tstop, dt)))


def _check_end(target: Dipole, tmax: float | None, tstop: float) -> None:
    """Refuse to simulate less than is compared: the rest of the target would silently not count."""
    end = float(target.times[-1]) if tmax is None else min(tmax, float(target.times[-1]))
    if end > tstop * MS + 0.5 / target.info["sfreq"]:
        raise ParameterError(
            f"tstop = {tstop:g} ms ends before the target, which goes on to {end / MS:g} ms: leave tstop out, or crop "
            "the target."
        )


def _stand_in(network: Network, tstop: float, dt: float) -> Any:
    layers = (AGGREGATE, *dipole_layers(network))
    n = round(tstop / dt) + 1
    noise = np.random.default_rng(0).standard_normal((len(layers), n))
    return _StandIn(dipoles=(Dipole(noise, None, layers, sfreq=1e3 / dt),))
