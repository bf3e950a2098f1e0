"""Steps of a run, and the stretches it is done in."""

from __future__ import annotations

from .._checks import check_positive
from ..errors import ParameterError

__all__ = ["n_steps", "n_stretches"]

# Handing a run over to CoreNEURON and back costs as much as simulating some 10 ms.
STRETCH_MS = 250.0


def n_steps(tstop: float, dt: float) -> int:
    """Return the number of steps of a run, checking that `dt` divides `tstop` (both ms)."""
    tstop = check_positive(tstop, "tstop (ms)")
    dt = check_positive(dt, "dt (ms)")
    steps = round(tstop / dt)
    if steps < 1 or abs(steps * dt - tstop) > 1e-9 * tstop:
        raise ParameterError(
            f"dt must divide tstop into whole steps, got tstop = {tstop:g} ms and dt = {dt:g} ms: "
            f"take tstop = {max(steps, 1) * dt:g} ms."
        )
    return steps


def n_stretches(tstop: float) -> int:
    """Return in how many stretches a run is done; after each of them it can report and be interrupted."""
    return max(1, round(tstop / STRETCH_MS))
