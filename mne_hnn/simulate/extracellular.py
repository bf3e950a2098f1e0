"""How membrane currents are seen by electrodes, in an infinite homogeneous medium."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._warn import warn
from ..network import Electrodes, Network, cell_segments

__all__ = ["contacts_inside_cells", "potential_weights"]

# nA / (S/m * um) in uV
_MICROVOLT = 1e3


def _point_weights(array: Electrodes, starts: NDArray[np.float64], stops: NDArray[np.float64]) -> NDArray[np.float64]:
    distance = np.linalg.norm(array.positions[:, None] - (starts + stops) / 2, axis=-1)
    return np.asarray(1 / np.maximum(distance, array.min_distance_um))


def _line_weights(array: Electrodes, starts: NDArray[np.float64], stops: NDArray[np.float64]) -> NDArray[np.float64]:
    axis = stops - starts
    length = np.linalg.norm(axis, axis=-1)
    axis = axis / length[:, None]
    to_stop = array.positions[:, None] - stops
    beyond = np.einsum("csk,sk->cs", to_stop, axis)  # along the line, from its end to the contact
    squared = np.einsum("csk,csk->cs", to_stop, to_stop) - beyond**2
    radius = np.maximum(np.sqrt(np.maximum(squared, 0.0)), array.min_distance_um)
    # the integral of ds/sqrt(s^2 + r^2) over the line, which needs no case for where along it the contact lies
    return np.asarray((np.arcsinh((beyond + length) / radius) - np.arcsinh(beyond / radius)) / length)


def potential_weights(array: Electrodes, network: Network) -> NDArray[np.float64]:
    """Return what 1 nA through each segment adds to the potential at each contact.

    A point source I at distance r adds ``I/(4 pi sigma r)``; a line source adds its mean over the line. Sources:
    Holt & Koch 1999, https://doi.org/10.1023/A:1008832702585, and Einevoll et al. 2013,
    https://doi.org/10.1038/nrn3599.

    Parameters
    ----------
    array : Electrodes
        The contacts.
    network : Network
        The cells.

    Returns
    -------
    weights : array, shape (n_contacts, n_segments)
        uV per nA, for the segments of all cells in the order of cell numbers.
    """
    seen = _point_weights if array.method == "psa" else _line_weights
    parts = []
    for population in network.populations.values():
        segments = cell_segments(population.template)
        parts += [seen(array, segments.starts + at, segments.stops + at) for at in population.positions]
    return np.asarray(_MICROVOLT / (4 * np.pi * array.conductivity_S_m) * np.concatenate(parts, axis=1))


def contacts_inside_cells(array: Electrodes, network: Network) -> list[tuple[int, int]]:
    """Return the contacts that lie within a cell, each with the number of the first cell it lies in."""
    inside: dict[int, int] = {}
    for name, population in network.populations.items():
        segments = cell_segments(population.template)
        axis = segments.stops - segments.starts
        # most cells are too far away, which the boxes around them tell at once
        reach = segments.diameters_um.max() / 2
        low = np.minimum(segments.starts, segments.stops).min(axis=0) - reach
        high = np.maximum(segments.starts, segments.stops).max(axis=0) + reach
        from_cells = array.positions[:, None] - population.positions
        near = np.any(np.all((from_cells > low) & (from_cells < high), axis=-1), axis=0)
        for cell in np.flatnonzero(near):
            gid, position = network.gid_ranges[name][cell], population.positions[cell]
            offset = array.positions[:, None] - (segments.starts + position)
            along = np.clip(np.einsum("csk,sk->cs", offset, axis) / np.sum(axis**2, axis=-1), 0.0, 1.0)
            distance = np.linalg.norm(offset - along[..., None] * axis, axis=-1)
            for contact in np.flatnonzero(np.any(distance < segments.diameters_um / 2, axis=1)):
                inside.setdefault(int(contact), gid)
    return sorted(inside.items())


def warn_of_contacts_inside_cells(network: Network) -> None:
    """Say once per call which contacts are where no extracellular potential exists."""
    for name, array in network.electrodes.items():
        inside = contacts_inside_cells(array, network)
        if inside:
            contact, gid = inside[0]
            warn(
                f"{len(inside)} of {len(array)} contact(s) of electrode array {name!r} lie inside cells (contact "
                f"{contact} in {network.gid_to_type(gid)}, cell {gid}): what they show depends on min_distance_um. "
                "Move them, or widen the mesh with network.with_positions(inplane_distance_um=30)."
            )
