"""Members of an ensemble that explain the data if an emulator of all that was simulated is right.

Randomised maximum likelihood (Chen and Oliver 2012, https://doi.org/10.1007/s11004-011-9376-z): each member is the best
compromise between what is expected, drawn anew, and the data, with noise drawn anew. Where predictions are linear, such
members are draws from the posterior. In contrast to a step of an ensemble smoother, which follows the slope through
its own members, each looks for its place on what all simulations of a sequence tell.
"""

from __future__ import annotations

import numpy as np

from .._types import FloatArray
from .aligning import Alignment
from .circuit_vector import CircuitVector
from .emulator import Emulator
from .gaussian_process import Scales
from .spiking_data import Members, SpikingData

__all__ = ["emulate", "likely_members"]

STEPS = 8
"""Of each member (Levenberg and Marquardt), each at most so long, in standard deviations of the prior: an emulator
knows nothing of what is far away from all networks."""
LONGEST = 2.0
DIFFERENCE = 1e-3
EASIER, HARDER = 1 / 3, 4.0


def emulate(data: SpikingData, vector: CircuitVector, past: list[Members], start: Scales | None) -> Emulator:
    """Return an emulator of the mean response of one column, and of its spikes.

    Parameters
    ----------
    data : SpikingData
        What is explained.
    vector : CircuitVector
        What the numbers of members mean.
    past : list of Members
        All that was simulated with this vector.
    start : Scales | None
        Length scales to begin with, of an emulator of fewer networks.
    """
    z = np.vstack([one.z for one in past])
    columns = vector.natural(z)[:, -1:]
    return Emulator(
        x=z[:, :-1],
        moments=np.vstack([one.moment for one in past]) / columns,
        log_rates=np.vstack([one.log_rates for one in past]),
        drives_ms=lambda x: vector.drives_ms(np.column_stack([x, np.zeros(len(x))])),
        alignment=Alignment(
            times_ms=data.times * 1e3,
            expected_ms=vector.drives_ms(np.zeros((1, vector.n_free)))[0],
            tstop=vector.tstop,
        ),
        start=start,
    )


def likely_members(
    data: SpikingData, vector: CircuitVector, emulator: Emulator, begin: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return members that explain the data, each with noise and expectations of its own, shape (n_members, n_free).

    Parameters
    ----------
    data : SpikingData
        What is explained.
    vector : CircuitVector
        What the numbers of members mean.
    emulator : Emulator
        What they predict.
    begin : array, shape (n_members, n_free)
        Where each begins to look.
    rng : numpy.random.Generator
        Draws what is expected.
    """
    n, n_free = begin.shape
    free = vector.sd > 0
    expected = np.where(free, rng.standard_normal((n, n_free)), 0.0)
    wanted = data.wanted + data.deviations * rng.standard_normal((n, len(data.wanted)))

    def predicted(z: FloatArray) -> FloatArray:
        """Return what members predict, shape (n, n_data)."""
        found = emulator.predict(z[:, :-1])
        return np.hstack([vector.natural(z)[:, -1:] * found.moments, found.log_rates])

    z = begin.copy()
    now = predicted(z)
    loss = _loss((now - wanted) / data.deviations, z - expected)
    damping = np.ones(n)
    for _ in range(STEPS):
        moved = (z[:, np.newaxis] + DIFFERENCE * np.eye(n_free)).reshape(-1, n_free)
        slopes = (predicted(moved).reshape(n, n_free, -1) - now[:, np.newaxis]) / (DIFFERENCE * data.deviations)
        curved = slopes @ slopes.transpose(0, 2, 1) + (1 + damping)[:, np.newaxis, np.newaxis] * np.eye(n_free)
        down = np.einsum("ikd,id->ik", slopes, (now - wanted) / data.deviations) + z - expected
        step = np.linalg.solve(curved, -down[..., np.newaxis])[..., 0]
        step *= np.minimum(1.0, LONGEST / np.linalg.norm(step, axis=1))[:, np.newaxis]
        tried = np.where(free, z + step, z)
        then = predicted(tried)
        found = _loss((then - wanted) / data.deviations, tried - expected)
        better = found < loss
        z, now = np.where(better[:, np.newaxis], tried, z), np.where(better[:, np.newaxis], then, now)
        loss = np.where(better, found, loss)
        damping *= np.where(better, EASIER, HARDER)
    return np.asarray(z)


def _loss(left: FloatArray, apart: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (left**2).sum(axis=1) + 0.5 * (apart**2).sum(axis=1))
