"""How a posterior is drawn, as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._checks import check_int, check_positive, check_probability, check_seed
from ..errors import ParameterError

__all__ = ["PosteriorSettings"]

FEWEST_PARTICLES = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class PosteriorSettings:
    """How :func:`mne_hnn.posterior` draws.

    Parameters
    ----------
    particles : int
        Of each population.
    populations : int
        Independent populations, at least two: how far they differ says how sure the numbers are.
    moves : int
        Steps of each particle between two temperatures.
    start : int
        Networks that are simulated before the emulator of a column whose cells fire is made.
    batch : int
        Networks that are simulated in each round, drawn from the posterior of the emulator before.
    rounds : int
        Rounds at most; they end once predictions hold.
    predictive : int
        Draws of the posterior that are simulated at the end, to be compared with the response.
    discrepancy : float | None
        What the model is expected to leave of the response, relative to its root mean square: the median of the prior
        of a size that is learned. None takes that of the circuit's prior.
    noise : float | None
        Noise of a source waveform, relative to its root mean square; None takes its standard error where it is known,
        else that of the fit's settings. Not with sensors, whose noise is known.
    nave : int | None
        Trials that were averaged in the response, for the chance of the model's own trials; None takes what the
        response says, or 100.
    n_independent : float | None
        Independent samples of the noise in the window; None takes one per half of the smoothing window, as a fit does.
    outward : float
        Probability, before the response is seen, that the current flows as the target's polarity says.
    radii_mm : sequence of float
        Radii of the discs that are compared where a label is searched, along the surface.
    seed : int
        Equal ones give equal draws, for any number of workers.

    Raises
    ------
    ParameterError
        A value is wrong.

    Examples
    --------
    >>> PosteriorSettings(particles=200, populations=2, seed=1).moves
    30
    """

    particles: int = 400
    populations: int = 4
    moves: int = 30
    start: int = 256
    batch: int = 128
    rounds: int = 6
    predictive: int = 64
    discrepancy: float | None = None
    noise: float | None = None
    nave: int | None = None
    n_independent: float | None = None
    outward: float = 0.5
    radii_mm: Sequence[float] = (5.0, 10.0, 15.0)
    seed: int = 0

    def __post_init__(self) -> None:
        least = {"particles": FEWEST_PARTICLES, "populations": 2, "moves": 1, "start": 40, "batch": 16, "rounds": 1}
        for name, minimum in {**least, "predictive": 8}.items():
            object.__setattr__(self, name, check_int(getattr(self, name), name, minimum=minimum))
        for name in ("discrepancy", "noise", "n_independent"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else check_positive(value, name))
        if self.nave is not None:
            check_int(self.nave, "nave", minimum=1)
        check_probability(self.outward, "outward")
        if not 0 < self.outward < 1:
            raise ParameterError(
                f"outward must be a probability above 0 and below 1, got {self.outward:g}: what is certain before "
                "cannot be learned from the response."
            )
        given = (self.radii_mm,) if isinstance(self.radii_mm, (int, float)) else tuple(self.radii_mm)
        if not given:
            raise ParameterError("radii_mm must hold at least one radius, such as (5, 10, 15).")
        object.__setattr__(self, "radii_mm", tuple(check_positive(radius, "radii_mm") for radius in given))
        check_seed(self.seed, "seed")
