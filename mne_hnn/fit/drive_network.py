"""The network of a vector of drives, and what its numbers are called there."""

from __future__ import annotations

from .._types import FloatArray
from ..network import Network
from .linear import Input, delay_ms, inputs_of
from .posterior import DriveVector, natural
from .sequence import drive_names

__all__ = ["network_of", "values_of"]


def network_of(network: Network, sequence: DriveVector, x: FloatArray) -> Network:
    """Return a network with the drives of a vector.

    Parameters
    ----------
    network : Network
        Without evoked drives.
    sequence : DriveVector
        Where the drives come from.
    x : array, shape (n,)
        Their times, spreads and weights.
    """
    mu, sigma, weights, _ = sequence.parts(x)
    inputs: dict[str, list[Input]] = {place: [] for place in sequence.locations}
    for source in inputs_of(network):
        if source.location in inputs:
            inputs[source.location].append(source)
    driven = network
    for k, (name, place) in enumerate(zip(drive_names(sequence.locations), sequence.locations, strict=True)):
        by_receptor: dict[str, dict[str, float]] = {"ampa": {}, "nmda": {}}
        for source, weight in zip(inputs[place], weights[k].tolist(), strict=True):
            by_receptor[source.receptor][source.cell_type] = weight
        cells = {cell for some in by_receptor.values() for cell in some}
        driven = driven.with_evoked_drive(
            name,
            mu_ms=float(mu[k]),
            sigma_ms=float(sigma[k]),
            location=place,
            weights_ampa=by_receptor["ampa"],
            weights_nmda=by_receptor["nmda"],
            synaptic_delays={cell: delay_ms(network, place, cell) for cell in sorted(cells)},
        )
    return driven


def values_of(network: Network, sequence: DriveVector, x: FloatArray) -> dict[str, float]:
    """Return the numbers of a vector by their paths in :func:`network_of`, and the number of columns last."""
    names = drive_names(sequence.locations)
    paths = [f"drives.{name}.mu_ms" for name in names] + [f"drives.{name}.sigma_ms" for name in names]
    for name, place in zip(names, sequence.locations, strict=True):
        paths += [
            f"drives.{name}.weights_{source.receptor}.{source.cell_type}"
            for source in inputs_of(network)
            if source.location == place
        ]
    return dict(zip([*paths, "columns"], natural(sequence, x).tolist(), strict=True))
