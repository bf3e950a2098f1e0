"""Fit nothing but the number of columns."""

from __future__ import annotations

from .._warn import warn
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from .checks import check_network
from .doubts import column_doubts, target_doubts
from .observation import as_dipole, nearest_scale

__all__ = ["fit_scale"]


def fit_scale(dipole: Dipole, target: Dipole, *, network: Network | None = None) -> tuple[float, float]:
    """Return the factor >= 0 that brings a dipole closest to a target (least squares), and R² with it.

    Parameters
    ----------
    dipole : Dipole
        Simulated, smoothed.
    target : Dipole | Target
        The target; that its moment is implausible is warned about.
    network : Network | None
        The column that gave the dipole: a warning says when so many of them have more cells than the target's patch.

    Returns
    -------
    scale : float
        The factor; 0 if any positive one makes things worse.
    r_squared : float
        1 - residual variance / variance of the target around its mean.

    Raises
    ------
    ParameterError
        The target is constant, or one of both is no dipole.

    Examples
    --------
    >>> columns, r_squared = fit_scale(target.copy().scale(0.001), target)
    >>> round(columns), round(r_squared, 6)
    (1000, 1.0)
    """
    target = as_dipole(target)
    if not isinstance(dipole, Dipole):
        raise ParameterError(f"dipole must be a Dipole, such as simulation.dipole, got {type(dipole).__name__}.")
    if network is not None:
        check_network(network)
    scale, r_squared = nearest_scale(dipole, target)
    doubts = target_doubts(target, "drives")
    if network is not None and scale > 0:
        doubts += column_doubts(scale, network, target)
    for text in doubts:
        warn(text)
    return scale, r_squared
