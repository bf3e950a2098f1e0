"""The fields of a network, their checks, and what can be read from them."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_finite, check_int, check_label, check_name, check_non_negative, check_positive
from .._value import FrozenMap, OrderedFrozenMap, Value, digest
from ..errors import DriveError, NetworkError
from ._handed import SHARED, packed, unpacked
from .biases import TonicBias
from .cells import CellTemplate
from .channels import CELSIUS
from .connections import Connection
from .drives import Drive, SpikeTrainDrive
from .electrodes import Electrodes
from .grid import INPLANE_DISTANCE_UM, LAYER_SEPARATION_UM, check_mesh_shape, grid_origin
from .populations import Population, population_digest
from .sections import Point, as_point

__all__ = ["GAINS", "NetworkBase"]

COLDEST, HOTTEST = 0.0, 45.0  # degrees Celsius

#: Global gains: source and target of a connection, each excitatory or inhibitory.
GAINS: tuple[str, ...] = ("e_e", "e_i", "i_e", "i_i")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class NetworkBase(Value):
    """Fields and properties of :class:`~mne_hnn.network.Network`; see there."""

    name: str = field(default="network", compare=False)
    populations: Mapping[str, Population]
    connections: Sequence[Connection] = ()
    drives: Mapping[str, Drive] = field(default_factory=OrderedFrozenMap)
    biases: Mapping[str, TonicBias] = field(default_factory=FrozenMap)
    inplane_distance_um: float = INPLANE_DISTANCE_UM
    layer_separation_um: float = LAYER_SEPARATION_UM
    mesh_shape: tuple[int, int] | None = None
    origin_um: Sequence[float] | None = None
    threshold_mV: float = 0.0
    gains: Mapping[str, float] = field(default_factory=FrozenMap)
    electrodes: Mapping[str, Electrodes] = field(default_factory=FrozenMap)
    celsius: float = field(default=CELSIUS, metadata={"omit": CELSIUS})
    _digest: str | None = field(default=None, init=False, repr=False, compare=False)
    _hash: int | None = field(default=None, init=False, repr=False, compare=False)
    _ranges: dict[str, range] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_label(self.name, "The name of a network", error=NetworkError)
        if type(self.populations) is not OrderedFrozenMap:  # else networks that share their cells know it by identity
            self._set("populations", OrderedFrozenMap(self.populations))
        self._set("connections", tuple(self.connections))
        self._set("drives", OrderedFrozenMap(self.drives))
        self._set("biases", FrozenMap(self.biases))
        self._set("electrodes", FrozenMap(self.electrodes))
        self._check_kinds()
        for name in ("inplane_distance_um", "layer_separation_um"):
            self._set(name, check_positive(getattr(self, name), f"Network: {name}", error=NetworkError))
        self._set("threshold_mV", check_finite(self.threshold_mV, "Network: threshold_mV", error=NetworkError))
        self._set("celsius", _checked_celsius(self.celsius))
        if self.mesh_shape is not None:
            self._set("mesh_shape", check_mesh_shape(self.mesh_shape))
        self._set("origin_um", self._default_origin() if self.origin_um is None else as_point(self.origin_um, "origin"))
        for key in self.gains:
            check_name(key, GAINS, "gain", error=NetworkError)
        gains = {
            key: check_non_negative(self.gains.get(key, 1.0), f"Gain {key!r}", error=NetworkError) for key in GAINS
        }
        self._set("gains", FrozenMap(gains))
        for connection in self.connections:
            self._check_connection(connection)
        for drive in self.drives.values():
            self._check_drive(drive)
        for bias in self.biases.values():
            for cell_type in bias.amplitude_nA:
                template = self._template_for(cell_type, f"Bias {bias.name!r}", DriveError)
                check_name(
                    bias.section,
                    template.sections,
                    "section",
                    where=f"of {cell_type!r} in bias {bias.name!r}",
                    error=DriveError,
                )

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        own = {declared.name: getattr(self, declared.name) for declared in fields(self)}
        shared = {name: packed(own.pop(name)) for name in SHARED}
        return _arrived, (type(self), shared, own)

    # -- checks --------------------------------------------------------------------------------

    def _check_kinds(self) -> None:
        if not self.populations:
            raise NetworkError("A network needs at least one population of cells.")
        kinds: tuple[tuple[Mapping[str, Any], type], ...] = (
            (self.populations, Population),
            (self.drives, Drive),
            (self.biases, TonicBias),
            (self.electrodes, Electrodes),
        )
        for items, kind in kinds:
            for key, item in items.items():
                check_label(key, f"The name of a {kind.__name__}", error=NetworkError)
                if not isinstance(item, kind):
                    raise NetworkError(f"{key!r} must be a {kind.__name__}, got {type(item).__name__}.")
                if isinstance(item, (Drive, TonicBias)) and item.name != key:
                    raise NetworkError(f"{kind.__name__} {item.name!r} is filed under another name, {key!r}.")
        for item in self.connections:
            if not isinstance(item, Connection):
                raise NetworkError(f"connections must hold Connection values, got {type(item).__name__}.")
        for key in self.drives:
            if key in self.populations:
                raise DriveError(f"Drive {key!r} has the name of a cell type: choose another name.")

    def _template_for(self, cell_type: str, what: str, error: type[NetworkError] | type[DriveError]) -> CellTemplate:
        check_name(cell_type, self.populations, "cell type", where=f"in {what}", error=error)
        return self.populations[cell_type].template

    def _check_target(
        self, cell_type: str, location: str, receptors: Sequence[str], what: str, *, error: Any, remedy: str
    ) -> None:
        template = self._template_for(cell_type, what, error)
        valid = [*template.locations, *template.sections]
        check_name(location, valid, "location", where=f"on {cell_type!r} in {what}", error=error)
        sections = template.sections_at(location)
        if not sections:
            filled = [name for name in template.locations if template.locations[name]]
            raise error(
                f"{what} targets location {location!r} of cell type {cell_type!r}, which has no sections there: "
                f"{remedy}, or use one of {filled}."
            )
        for receptor in receptors:
            for section in sections:
                present = template.sections[section].receptors
                where = f"on section {section!r} of {cell_type!r} in {what}"
                check_name(receptor, present, "receptor", where=where, error=error)

    def _check_connection(self, connection: Connection) -> None:
        what = f"connection {connection.source} -> {connection.target}"
        self._template_for(connection.source, what, NetworkError)
        self._check_target(
            connection.target,
            connection.location,
            (connection.receptor,),
            what,
            error=NetworkError,
            remedy="leave it out",
        )
        for end in ("source", "target"):
            indices = getattr(connection, f"{end}_indices")
            size = len(self.populations[getattr(connection, end)])
            if indices is not None and max(indices) >= size:
                raise NetworkError(f"{what}: {end}_indices must be below the {size} cells there, got {max(indices)}.")
            if connection.pairs is not None:
                last = max(pair[end == "target"] for pair in connection.pairs)
                if last >= size:
                    raise NetworkError(f"{what}: its pairs must name one of the {size} {end} cells, got number {last}.")

    def _check_drive(self, drive: Drive) -> None:
        what = f"drive {drive.name!r}"
        for cell_type in sorted(drive.targets):
            receptors = [receptor for receptor, weights in drive.weights.items() if cell_type in weights]
            remedy = f"remove {cell_type!r} from its weights"
            self._check_target(cell_type, drive.location, receptors, what, error=DriveError, remedy=remedy)
        for cell_type in drive.placeholder_types:
            self._template_for(cell_type, f"placeholder_types of {what}", DriveError)
        for name, entries in drive.type_maps().items():
            for cell_type in entries:
                self._template_for(cell_type, f"{name} of {what}", DriveError)
            missing = sorted(drive.targets - set(entries))
            if missing:
                raise DriveError(f"{name} of {what} has no entry for target cell type {missing[0]!r}: add one.")
        if isinstance(drive, SpikeTrainDrive) and len(drive.times_ms) != self.n_drive_cells(drive):
            raise DriveError(
                f"{what} has {len(drive.times_ms)} spike trains, but being cell-specific it needs "
                f"{self.n_drive_cells(drive)}, one per target cell."
            )

    def _default_origin(self) -> Point:
        if self.mesh_shape is not None:
            return grid_origin(self.mesh_shape, self.inplane_distance_um, self.layer_separation_um)
        x, y, _ = np.concatenate([p.positions for p in self.populations.values()]).mean(axis=0).tolist()
        return x, y, self.layer_separation_um / 2

    # -- what can be read ----------------------------------------------------------------------

    @property
    def cell_types(self) -> dict[str, CellTemplate]:
        """The cell templates by cell type, in the order of cell numbers."""
        return {name: population.template for name, population in self.populations.items()}

    @property
    def n_cells(self) -> int:
        """Number of cells, without drive cells."""
        return sum(len(population) for population in self.populations.values())

    @property
    def gid_ranges(self) -> dict[str, range]:
        """Cell numbers (gids) by cell type, then by drive in the order of addition."""
        if self._ranges is None:
            sizes = {name: len(population) for name, population in self.populations.items()}
            sizes |= {name: self.n_drive_cells(drive) for name, drive in self.drives.items()}
            ranges, start = {}, 0
            for name, size in sizes.items():
                ranges[name] = range(start, start + size)
                start += size
            self._set("_ranges", ranges)
        assert self._ranges is not None
        return dict(self._ranges)

    @property
    def n_gids(self) -> int:
        """Number of cells and drive cells together; it enters the seeds of trials after the first."""
        return self.n_cells + sum(self.n_drive_cells(drive) for drive in self.drives.values())

    @property
    def digest(self) -> str:
        """SHA-256 of everything but the name: equal networks have equal digests, on any machine."""
        if self._digest is None:
            parts = [[name, population_digest(population)] for name, population in self.populations.items()]
            rest = [getattr(self, name) for name in _DIGEST_FIELDS]
            if self.electrodes:  # left out where there are none: caches of such networks stay good
                rest.append(self.electrodes)
            if self.celsius != CELSIUS:
                rest.append({"celsius": self.celsius})
            self._set("_digest", digest(["Network", parts, rest]))
        assert self._digest is not None
        return self._digest

    def __hash__(self) -> int:
        if self._hash is None:
            self._set("_hash", int(self.digest[:15], 16))
        assert self._hash is not None
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NetworkBase):
            return NotImplemented
        return self is other or self.digest == other.digest

    def __repr__(self) -> str:
        cells = ", ".join(f"{len(p)} {name}" for name, p in self.populations.items())
        drives = ", ".join(self.drives) or "none"
        return (
            f"<{type(self).__name__} {self.name!r}: {self.n_cells} cells ({cells}), "
            f"{len(self.connections)} connections, drives: {drives}, biases: {', '.join(self.biases) or 'none'}"
            f"{'' if self.celsius == CELSIUS else f', at {self.celsius:g} °C'}>"
        )

    def threshold_of(self, connection: Connection) -> float:
        """Return the soma voltage of the source at whose upward crossing a connection passes an event on, mV."""
        return self.threshold_mV if connection.threshold_mV is None else connection.threshold_mV

    def spike_threshold(self, cell_type: str) -> float:
        """Return the soma voltage whose upward crossings are the spikes of a cell type in results, mV.

        It is the threshold of the connections from these cells if they have one only, else that of the network.
        """
        check_name(cell_type, self.populations, "cell type", error=NetworkError)
        found = {self.threshold_of(made) for made in self.connections if made.source == cell_type}
        return found.pop() if len(found) == 1 else self.threshold_mV

    def drive_targets(self, drive: Drive) -> tuple[str, ...]:
        """Return the target cell types of a drive in the order of the network."""
        return tuple(name for name in self.populations if name in drive.targets)

    def numbered_types(self, drive: Drive) -> tuple[str, ...]:
        """Return the cell types for each cell of which a cell-specific drive has one, in the order of their numbers."""
        return tuple(name for name in self.populations if name in drive.numbered_types)

    def n_drive_cells(self, drive: Drive) -> int:
        """Return the number of cells of a drive."""
        if isinstance(drive.n_drive_cells, int):
            return drive.n_drive_cells
        return sum(len(self.populations[name]) for name in self.numbered_types(drive))

    def gid_to_type(self, gid: int) -> str:
        """Return the cell type or drive that a cell number belongs to."""
        gid = check_int(gid, "gid", minimum=0, maximum=self.n_gids - 1, error=NetworkError)
        ranges = self.gid_ranges
        starts = [r.start for r in ranges.values()]
        return list(ranges)[bisect.bisect_right(starts, gid) - 1]

    def position(self, gid: int) -> Point:
        """Return where a cell sits, um; drive cells sit at the origin."""
        kind = self.gid_to_type(gid)
        if kind in self.drives:
            return self.origin
        x, y, z = self.populations[kind].positions_um[gid - self.gid_ranges[kind].start]
        return x, y, z

    def positions(self, cell_type: str) -> NDArray[np.float64]:
        """Return the soma positions of a cell type, shape (n_cells, 3), um."""
        return self.populations[check_name(cell_type, self.populations, "cell type")].positions

    @property
    def origin(self) -> Point:
        """The point drives come from, um."""
        assert self.origin_um is not None
        x, y, z = self.origin_um
        return x, y, z


def _checked_celsius(given: Any) -> float:
    celsius = check_finite(given, "Network: celsius", error=NetworkError)
    if not COLDEST <= celsius <= HOTTEST:
        raise NetworkError(
            f"Network: celsius must be from {COLDEST:g} to {HOTTEST:g} degrees Celsius, got {celsius:g}"
            f"{': is it in kelvin?' if celsius > 200 else '.'}"
        )
    return celsius


def _arrived(kind: type[NetworkBase], shared: Mapping[str, bytes], own: Mapping[str, Any]) -> NetworkBase:
    """Return a network that was packed; it was checked when it was made."""
    network = object.__new__(kind)
    for name, value in own.items():
        object.__setattr__(network, name, value)
    for name, content in shared.items():
        object.__setattr__(network, name, unpacked(content))
    return network


_DIGEST_FIELDS = (
    "connections",
    "drives",
    "biases",
    "inplane_distance_um",
    "layer_separation_um",
    "mesh_shape",
    "origin_um",
    "threshold_mV",
    "gains",
)
