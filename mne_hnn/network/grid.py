"""Where cells sit: pyramidal cells on a square grid, basket cells between them.

Numbers and rules: Neymotin et al. 2020, https://doi.org/10.7554/eLife.51214.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .._checks import check_int, check_name, check_positive
from .._value import FrozenMap
from ..errors import NetworkError
from .sections import Point

__all__ = [
    "INPLANE_DISTANCE_UM",
    "LAYER_SEPARATION_UM",
    "check_mesh_shape",
    "grid_origin",
    "grid_positions",
]

INPLANE_DISTANCE_UM = 1.0
MOST_CELLS = 10_000
LAYER_SEPARATION_UM = 1307.4

# depth of the somas of a (layer, morphology) as a fraction of the layer separation
DEPTHS: Mapping[tuple[str, str], float] = {
    ("L2", "basket"): 0.8,
    ("L2", "pyramidal"): 1.0,
    ("L5", "basket"): 0.2,
    ("L5", "pyramidal"): 0.0,
}


def check_mesh_shape(value: Any) -> tuple[int, int]:
    """Return a mesh shape (cells along x, cells along y) after checking it."""
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != 2:
        raise NetworkError(f"mesh_shape must be two integers (nx, ny), got {value!r}.")
    nx, ny = (check_int(n, "mesh_shape: a number of cells", minimum=1, error=NetworkError) for n in value)
    if nx * ny > MOST_CELLS:
        raise NetworkError(
            f"mesh_shape {nx} x {ny} is {nx * ny:,} pyramidal cells per layer, more than the {MOST_CELLS:,} that can "
            "be simulated: take a smaller mesh."
        )
    return nx, ny


def _pyramidal_nodes(nx: int, ny: int) -> list[tuple[int, int]]:
    return [(x, y) for x in range(nx) for y in range(ny)]


def _basket_nodes(nx: int, ny: int) -> list[tuple[int, int]]:
    # every third grid point, shifted by one in every second row
    return [(x, y) for y in range(ny) for x in range(y % 2, nx, 3)]


_NODES = FrozenMap({"pyramidal": _pyramidal_nodes, "basket": _basket_nodes})


def grid_positions(
    morphology: str,
    layer: str,
    mesh_shape: tuple[int, int] = (10, 10),
    inplane_distance_um: float = INPLANE_DISTANCE_UM,
    layer_separation_um: float = LAYER_SEPARATION_UM,
) -> tuple[Point, ...]:
    """Return soma positions of one cell type on the grid.

    Parameters
    ----------
    morphology : str
        ``"pyramidal"`` (every grid point, x slow) or ``"basket"`` (every third, y slow).
    layer : str
        ``"L2"`` or ``"L5"``.
    mesh_shape : tuple of int
        Grid points along x and y.
    inplane_distance_um, layer_separation_um : float
        Grid spacing, and depth between the layer 5 and the layer 2/3 pyramidal somas, um.

    Returns
    -------
    tuple of (x, y, z)
        Positions in the order of cell numbers, um.

    Examples
    --------
    >>> grid_positions("pyramidal", "L2", mesh_shape=(2, 2))
    ((0.0, 0.0, 1307.4), (0.0, 1.0, 1307.4), (1.0, 0.0, 1307.4), (1.0, 1.0, 1307.4))
    """
    nx, ny = check_mesh_shape(mesh_shape)
    spacing = check_positive(inplane_distance_um, "inplane_distance_um", error=NetworkError)
    separation = check_positive(layer_separation_um, "layer_separation_um", error=NetworkError)
    nodes = _NODES[check_name(morphology, _NODES, "morphology on the grid", error=NetworkError)]
    check_name(layer, ("L2", "L5"), "layer on the grid", error=NetworkError)
    z = DEPTHS[layer, morphology] * separation
    return tuple((x * spacing, y * spacing, z) for x, y in nodes(nx, ny))


def grid_origin(
    mesh_shape: tuple[int, int] = (10, 10),
    inplane_distance_um: float = INPLANE_DISTANCE_UM,
    layer_separation_um: float = LAYER_SEPARATION_UM,
) -> Point:
    """Return the point all drives come from: the middle of the grid, um.

    Examples
    --------
    >>> grid_origin((10, 10))
    (4.0, 4.0, 653.0)
    """
    nx, ny = check_mesh_shape(mesh_shape)
    spacing = inplane_distance_um
    return ((nx - 1) // 2 * spacing, (ny - 1) // 2 * spacing, float(math.floor(layer_separation_um / 2)))
