"""Times, spreads and weights of drives that make cells fire, as a vector of standard normal numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._types import FloatArray
from .._value import FrozenMap
from ..errors import ParameterError
from ..network import Network
from ..network import replace as changed
from .circuit_prior import CircuitPrior
from .coarse import coarse_network
from .linear import LOCATIONS, Input, delay_ms
from .sequence import EDGE_MS, Sequenced, drive_names

__all__ = ["COLUMNS_PER_nAm", "CircuitVector", "circuit_inputs", "with_columns"]

COLUMNS_PER_nAm = "columns_per_nAm"
"""What the number of columns is called where an ensemble is the start of fits to targets of other sizes."""
WIDER, LEAST_SHARE = 2.0, 0.5
"""A start is this much wider than the ensemble it is of, and at least as wide as this share of the prior: people differ
from their average by more than the average is uncertain."""

SPREAD_BOUNDS_MS = (0.8, 25.0)
LARGEST_uS = 2.0
"""No weight is larger: published ones reach 1.4 uS. There is no smallest one, as it stands for no synapse."""
LARGEST_NUMBER = 6.0
"""Standard deviations from what is expected that a member may reach."""


def circuit_inputs(network: Network) -> tuple[Input, ...]:
    """Return the excitatory inputs that a drive can have: all cell types with AMPA or NMDA receptors at a location."""
    found = []
    for location in LOCATIONS:
        for receptor in ("ampa", "nmda"):
            for name, template in network.cell_types.items():
                sections = template.sections_at(location) if location in template.locations else ()
                if sections and all(receptor in template.sections[section].receptors for section in sections):
                    found.append(Input(location=location, receptor=receptor, cell_type=name))
    return tuple(found)


def with_columns(z: FloatArray) -> FloatArray:
    """Return members with the number of columns as it is expected, where only the others matter."""
    return np.column_stack([z, np.zeros(len(z))])


@dataclass(frozen=True, kw_only=True, eq=False)
class CircuitVector:
    """What is free in a sequence of drives, and what is expected of it.

    Attributes
    ----------
    network : Network
        Without evoked drives.
    sequence : tuple of (str, float)
        Location and expected time (ms) of each drive.
    prior : CircuitPrior
        What is expected.
    peak_nAm : float
        Largest moment of the target.
    tstop : float
        Duration of the simulation, ms.
    start : mapping of str to (float, float)
        Means and standard deviations to begin with instead of the prior's, by path; see :class:`EvokedSettings`.
    columns : float | None
        Number of columns, if it is not free: its number stands for nothing then, and is 0 in all members.
    paths : tuple of str
        What the numbers are called in the network; the number of columns last.
    mean, sd : array, shape (n_free,)
        Of times (ms), of logarithms of spreads (ms), of weights (uS), of the number of columns; what is expected.

    Raises
    ------
    ParameterError
        The start is that of other drives.
    """

    network: Network
    sequence: Sequenced
    prior: CircuitPrior
    peak_nAm: float
    tstop: float
    start: Mapping[str, tuple[float, float]] = FrozenMap()
    columns: float | None = None
    paths: tuple[str, ...] = field(init=False)
    mean: FloatArray = field(init=False)
    sd: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        paths, mean, sd = [], [], []
        prior = self.prior
        for name, (place, mu) in zip(self.names, self.sequence, strict=True):
            paths += [f"drives.{name}.mu_ms", f"drives.{name}.sigma_ms"]
            mean += [mu, prior.spread_ms.mean_log]
            sd += [prior.time_sd_ms, prior.spread_ms.sd_log]
            for source in self._inputs(place):
                weight = prior.weight(source.receptor, source.cell_type)
                paths.append(f"drives.{name}.weights_{source.receptor}.{source.cell_type}")
                mean.append(weight.mean_log)
                sd.append(weight.sd_log)
        columns = prior.columns_of(self.network)
        mean.append(float(np.log(columns.median * self.peak_nAm)))
        sd.append(columns.sd_log)
        object.__setattr__(self, "paths", (*paths, "columns"))
        self._begin(np.array(mean), np.array(sd))

    def _begin(self, mean: FloatArray, sd: FloatArray) -> None:
        """Keep what is expected: of the prior, of the start, and of what is known."""
        if self.start:
            names = [*self.paths[:-1], COLUMNS_PER_nAm]
            if set(self.start) != set(names):
                other = sorted(set(self.start) ^ set(names))
                raise ParameterError(
                    f"start is that of other drives than those of the sequence {', '.join(self.names)}: {other[0]} is "
                    "in one of them only. Take the ensemble of an explanation with this sequence and network."
                )
            begun = np.array([self.start[name] for name in names])
            mean = begun[:, 0]
            mean[-1] += np.log(self.peak_nAm)
            sd = np.clip(WIDER * begun[:, 1], LEAST_SHARE * sd, sd)
        if self.columns is not None:
            mean[-1], sd[-1] = np.log(self.columns), 0.0
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "sd", sd)

    def ensemble(self, members: FloatArray, sd: FloatArray) -> dict[str, tuple[float, float]]:
        """Return means of members, and standard deviations, by path, for `start`.

        Parameters
        ----------
        members : array, shape (n_members, n_free)
            Of which the means are.
        sd : array, shape (n_free,)
            How uncertain each is: times in ms, logarithms of all else.
        """
        mean = self.plain(members).mean(axis=0)
        mean[-1] -= np.log(self.peak_nAm)
        names = (*self.paths[:-1], COLUMNS_PER_nAm)
        return {name: (float(mean[k]), float(sd[k])) for k, name in enumerate(names)}

    @property
    def names(self) -> list[str]:
        """Names of the drives."""
        return drive_names([place for place, _ in self.sequence])

    @property
    def n_free(self) -> int:
        """How many numbers there are."""
        return len(self.paths)

    def _inputs(self, location: str) -> list[Input]:
        return [source for source in circuit_inputs(self.network) if source.location == location]

    def drawn(self, n_members: int, rng: np.random.Generator) -> FloatArray:
        """Return members as they are expected before the data are seen, shape (n_members, n_free)."""
        drawn = rng.standard_normal((n_members, self.n_free))
        return np.where(self.sd > 0, drawn, 0.0)

    def natural(self, members: FloatArray) -> FloatArray:
        """Return times and spreads in ms, weights in uS and numbers of columns of members, shape as theirs."""
        z = np.clip(members, -LARGEST_NUMBER, LARGEST_NUMBER)
        x = self.mean + self.sd * z
        kinds = np.array([path.rpartition(".")[2] if path.endswith("_ms") else path for path in self.paths])
        times, spreads = kinds == "mu_ms", kinds == "sigma_ms"
        weights = ~times & ~spreads & (kinds != "columns")
        found = np.exp(np.where(times, 0.0, x))
        found[..., times] = np.clip(x[..., times], EDGE_MS, self.tstop - EDGE_MS)
        found[..., spreads] = np.clip(found[..., spreads], *SPREAD_BOUNDS_MS)
        room = np.maximum(np.log(LARGEST_uS) - self.mean[weights], 1e-6)
        above = np.maximum(x[..., weights] - self.mean[weights], 0.0)
        found[..., weights] *= np.exp(room * np.tanh(above / room) - above)
        return np.asarray(found)

    def drives_ms(self, z: FloatArray) -> FloatArray:
        """Return the times of the drives of members, ms, shape (n_members, n_drives), with or without their columns."""
        members = z if z.shape[1] == self.n_free else with_columns(z)
        return self.natural(members)[:, [path.endswith("mu_ms") for path in self.paths]]

    def values(self, member: FloatArray) -> dict[str, float]:
        """Return the numbers of a member by path."""
        return dict(zip(self.paths, self.natural(member).tolist(), strict=True))

    def driven(self, member: FloatArray) -> Network:
        """Return the network with the drives of a member."""
        return self.networks(np.atleast_2d(member))[0]

    def networks(self, members: FloatArray, mesh_shape: tuple[int, int] | None = None) -> list[Network]:
        """Return the networks of members, each with its drives.

        Parameters
        ----------
        members : array, shape (n_members, n_free)
            The members.
        mesh_shape : tuple of int | None
            Pyramidal cells of each layer (:func:`coarse_network`); None for the network as it is.
        """
        expected = self._expected()
        base = expected if mesh_shape is None else coarse_network(expected, mesh_shape)
        return [self._changed(base, expected, self.values(member)) for member in members]

    def _expected(self) -> Network:
        """Return the network with the drives that are expected: the others differ from it by numbers only."""
        values = self.values(np.zeros(self.n_free))
        driven = self.network
        for name, (place, _) in zip(self.names, self.sequence, strict=True):
            weights = self._weights(name, place, values)
            cells = sorted({cell for some in weights.values() for cell in some})
            driven = driven.with_evoked_drive(
                name,
                mu_ms=values[f"drives.{name}.mu_ms"],
                sigma_ms=values[f"drives.{name}.sigma_ms"],
                location=place,
                synaptic_delays={cell: delay_ms(self.network, place, cell) for cell in cells},
                **weights,
            )
        return driven

    def _weights(self, name: str, place: str, values: Mapping[str, float]) -> dict[str, Any]:
        weights: dict[str, dict[str, float]] = {"weights_ampa": {}, "weights_nmda": {}}
        for source in self._inputs(place):
            receptor = f"weights_{source.receptor}"
            weights[receptor][source.cell_type] = values[f"drives.{name}.{receptor}.{source.cell_type}"]
        return weights

    def _changed(self, base: Network, expected: Network, values: Mapping[str, float]) -> Network:
        """Return a network with the numbers of a member; fewer cells receive as much as the full column's."""
        drives = dict(base.drives)
        for name, (place, _) in zip(self.names, self.sequence, strict=True):
            weights = self._weights(name, place, values)
            for receptor, some in weights.items():
                given, meant = getattr(base.drives[name], receptor), getattr(expected.drives[name], receptor)
                weights[receptor] = {cell: weight * given[cell] / meant[cell] for cell, weight in some.items()}
            drives[name] = changed(
                base.drives[name],
                mu_ms=values[f"drives.{name}.mu_ms"],
                sigma_ms=values[f"drives.{name}.sigma_ms"],
                **weights,
            )
        return changed(base, drives=drives)

    def plain(self, members: FloatArray) -> FloatArray:
        """Return times of members in ms, and logarithms of all else, shape as theirs."""
        values = self.natural(members)
        times = np.array([path.endswith("mu_ms") for path in self.paths])
        return np.asarray(np.where(times, values, np.log(np.where(times, 1.0, values))))

    def distances(self, member: FloatArray) -> Mapping[str, float]:
        """Return how far the numbers of a member lie from what is expected, in standard deviations."""
        plain, free = self.plain(member), self.sd > 0
        apart = np.where(free, plain - self.mean, 0.0) / np.where(free, self.sd, 1.0)
        return dict(zip(self.paths, apart.tolist(), strict=True))
