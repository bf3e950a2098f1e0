"""Members of an ensemble that explain the data if an emulator of all that was simulated is right.

After randomised maximum likelihood (Chen and Oliver 2012, https://doi.org/10.1007/s11004-011-9376-z): each member is
the best compromise between the data and what is expected, drawn anew. The data are taken as they are, so that members
are nearer to each other than draws from the posterior: they shall be where the emulator has to be learned. In contrast
to a step of an ensemble smoother, which follows the slope through its own members, each looks for its place on what all
simulations of a sequence tell.
"""

from __future__ import annotations

import numpy as np

from .._types import FloatArray
from .circuit_vector import CircuitVector
from .emulator import Emulator, emulator_of
from .gaussian_process import Scales
from .spiking_data import Members, SpikingData

__all__ = ["emulate", "likely_members", "most_likely", "predicted"]

STEPS = 8
"""Of each member (Levenberg and Marquardt), each at most so long, in standard deviations of the prior: an emulator
knows nothing of what is far away from all networks."""
LONGEST = 2.0
DIFFERENCE = 1e-3
EASIER, HARDER = 1 / 3, 4.0
TURNS = 2
"""So often the steps are made for the one that is most likely."""


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
    one_column = Members(
        z=z[:, :-1],
        moment=np.vstack([one.moment for one in past]) / vector.natural(z)[:, -1:],
        log_rates=np.vstack([one.log_rates for one in past]),
    )
    return emulator_of(vector, one_column, data.times * 1e3, start)


def predicted(vector: CircuitVector, emulator: Emulator, z: FloatArray) -> FloatArray:
    """Return what members predict, shape (n_members, n_data).

    Parameters
    ----------
    vector : CircuitVector
        What the numbers of members mean.
    emulator : Emulator
        What one column gives.
    z : array, shape (n_members, n_free)
        The members; their last number is that of columns.
    """
    found = emulator.predict(z[:, :-1])
    return np.hstack([vector.natural(z)[:, -1:] * found.moments, found.log_rates])


def most_likely(data: SpikingData, vector: CircuitVector, emulator: Emulator, begin: FloatArray) -> FloatArray:
    """Return the one member that explains the data best, and is most probable, shape (n_free,).

    Parameters
    ----------
    data, vector, emulator, begin
        As in :func:`likely_members`.
    """
    z = begin
    for _ in range(TURNS):
        z = likely_members(data, vector, emulator, z, np.zeros_like(z))
    left = (predicted(vector, emulator, z) - data.wanted) / data.deviations
    return np.asarray(z[np.argmin(_loss(left, z))])


def likely_members(
    data: SpikingData, vector: CircuitVector, emulator: Emulator, begin: FloatArray, expected: FloatArray
) -> FloatArray:
    """Return members that explain the data, each with expectations of its own, shape (n_members, n_free).

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
    expected : array, shape (n_members, n_free)
        What each is expected to be, with a standard deviation of 1.
    """
    n, n_free = begin.shape
    free = vector.sd > 0
    expected = np.where(free, expected, 0.0)

    z = begin.copy()
    now = predicted(vector, emulator, z)
    loss = _loss((now - data.wanted) / data.deviations, z - expected)
    damping = np.ones(n)
    for _ in range(STEPS):
        moved = (z[:, np.newaxis] + DIFFERENCE * np.eye(n_free)).reshape(-1, n_free)
        beside = predicted(vector, emulator, moved).reshape(n, n_free, -1)
        slopes = (beside - now[:, np.newaxis]) / (DIFFERENCE * data.deviations)
        curved = slopes @ slopes.transpose(0, 2, 1) + (1 + damping)[:, np.newaxis, np.newaxis] * np.eye(n_free)
        down = np.einsum("ikd,id->ik", slopes, (now - data.wanted) / data.deviations) + z - expected
        step = np.linalg.solve(curved, -down[..., np.newaxis])[..., 0]
        step *= np.minimum(1.0, LONGEST / np.linalg.norm(step, axis=1))[:, np.newaxis]
        tried = np.where(free, z + step, z)
        then = predicted(vector, emulator, tried)
        found = _loss((then - data.wanted) / data.deviations, tried - expected)
        better = found < loss
        z, now = np.where(better[:, np.newaxis], tried, z), np.where(better[:, np.newaxis], then, now)
        loss = np.where(better, found, loss)
        damping *= np.where(better, EASIER, HARDER)
    return np.asarray(z)


def _loss(left: FloatArray, apart: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (left**2).sum(axis=1) + 0.5 * (apart**2).sum(axis=1))
