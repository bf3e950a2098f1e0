"""Exogenous drives: values that say when drive cells spike and where the spikes arrive.

Each kind is one row of :data:`DRIVE_KINDS`; the rule that turns it into spike times is the row of
the same name in :mod:`mne_hnn.network.events`. Kinds and default values follow Neymotin et al.
2020, https://doi.org/10.7554/eLife.51214.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, ClassVar, Self

from .._checks import (
    check_bool,
    check_finite,
    check_int,
    check_interval,
    check_label,
    check_name,
    check_non_negative,
    check_positive,
    check_probability,
    check_seed,
)
from .._value import FrozenMap, Value
from ..errors import DriveError

__all__ = [
    "DRIVE_KINDS",
    "BurstyDrive",
    "Drive",
    "EvokedDrive",
    "PoissonDrive",
    "SpikeTrainDrive",
]

N_CELLS = "n_cells"

_NONE: FrozenMap[float] = FrozenMap()


@dataclass(frozen=True, kw_only=True, slots=True)
class Drive(Value):
    """What all kinds of drive share.

    A cell type is a target when it is listed in one of the two weight maps, even with weight 0.
    Weights and delays change with the distance of the target cell from the network's origin, as
    for a :class:`~mne_hnn.network.Connection`.

    Parameters
    ----------
    name : str
        Name of the drive; spikes of its cells carry it.
    location : str
        Location (``"proximal"``, ``"distal"``) or section that receives the input.
    weights_ampa, weights_nmda : mapping of str to float
        Synaptic weight per target cell type, uS.
    synaptic_delays : float | mapping of str to float
        Delay, or delay per target cell type, ms.
    space_constant : float
        Space constant, in units of the in-plane distance of the grid.
    probability : float | mapping of str to float
        Share of the pairs of drive cell and target cell that are connected.
    event_seed : int
        Seed of the spike times.
    conn_seed : int
        Seed of sparse connections; the k-th target type uses ``conn_seed + k``.
    cell_specific : bool
        True for one drive cell per target cell, numbered through the target types in the order of
        the network; False for `n_drive_cells` cells that each reach all targets.
    n_drive_cells : int | "n_cells"
        Number of drive cells; ``"n_cells"``, the only choice when `cell_specific`, for as many as
        there are target cells.
    placeholder_types : sequence of str
        Cell types that a cell-specific drive does not reach, but has a drive cell for each cell of, as drives of older
        network files have: the numbers of the cells after them count on it, and so do their spike times.

    Examples
    --------
    >>> drive = network.drives["evprox1"]
    >>> drive.location, sorted(drive.targets), drive.delay_ms("L5_pyramidal")
    ('proximal', ['L2_basket', 'L2_pyramidal', 'L5_basket', 'L5_pyramidal'], 1.0)
    """

    kind: ClassVar[str] = ""

    name: str
    location: str
    weights_ampa: Mapping[str, float] = _NONE
    weights_nmda: Mapping[str, float] = _NONE
    synaptic_delays: float | Mapping[str, float] = 0.1
    space_constant: float = 3.0
    probability: float | Mapping[str, float] = 1.0
    event_seed: int = 2
    conn_seed: int = 3
    cell_specific: bool = True
    n_drive_cells: int | str = N_CELLS
    placeholder_types: Sequence[str] = field(default=(), metadata={"omit": ()})

    def __post_init__(self) -> None:
        check_label(self.name, "The name of a drive", error=DriveError)
        check_label(self.location, self._what("location"), error=DriveError)
        for name in ("weights_ampa", "weights_nmda"):
            weights = getattr(self, name)
            self._set(name, _NONE if weights is None else self._by_type(weights, name, check_non_negative, "uS"))
        if not self.targets:
            raise DriveError(
                f"Drive {self.name!r} has no targets: give weights_ampa or weights_nmda for at least one cell type."
            )
        self._set("synaptic_delays", self._one_or_map("synaptic_delays", check_non_negative, "ms"))
        self._set("probability", self._one_or_map("probability", check_probability, ""))
        self._set("space_constant", check_positive(self.space_constant, self._what("space_constant"), error=DriveError))
        for name in ("event_seed", "conn_seed"):
            self._set(name, check_seed(getattr(self, name), self._what(name), error=DriveError))
        self._set("cell_specific", check_bool(self.cell_specific, self._what("cell_specific"), error=DriveError))
        self._check_n_drive_cells()
        self._check_placeholders()

    def _check_placeholders(self) -> None:
        given = self.placeholder_types
        if isinstance(given, str) or not isinstance(given, Sequence):
            raise DriveError(f"{self._what('placeholder_types')} must be a list of cell types, got {given!r}.")
        for name in given:
            check_label(name, self._what("a cell type in placeholder_types"), error=DriveError)
        reached = sorted(self.targets & set(given))
        if reached:
            raise DriveError(f"Drive {self.name!r} has weights for {reached[0]!r}, which is no placeholder then.")
        if given and not self.cell_specific:
            raise DriveError(f"{self._what('placeholder_types')} need cell_specific=True: leave them out.")
        self._set("placeholder_types", tuple(sorted(set(given))))

    def _check_n_drive_cells(self) -> None:
        if self.cell_specific:
            if self.n_drive_cells != N_CELLS:
                raise DriveError(
                    f"{self._what('n_drive_cells')} must be 'n_cells' when cell_specific=True, got "
                    f"{self.n_drive_cells!r}: for a given number of shared drive cells set cell_specific=False."
                )
        elif self.n_drive_cells != N_CELLS:
            self._int("n_drive_cells", minimum=1)

    @property
    def targets(self) -> frozenset[str]:
        """The cell types this drive reaches."""
        return frozenset(self.weights_ampa) | frozenset(self.weights_nmda)

    @property
    def numbered_types(self) -> frozenset[str]:
        """The cell types that have drive cells of their own if the drive is cell-specific: targets and placeholders."""
        return self.targets | frozenset(self.placeholder_types)

    @property
    def weights(self) -> dict[str, Mapping[str, float]]:
        """The weights by receptor, each by cell type, uS."""
        return {"ampa": self.weights_ampa, "nmda": self.weights_nmda}

    def delay_ms(self, cell_type: str) -> float:
        """Return the delay of a target cell type at the origin, ms."""
        return _of_type(self.synaptic_delays, cell_type)

    def probability_of(self, cell_type: str) -> float:
        """Return the share of connected pairs for a target cell type."""
        return _of_type(self.probability, cell_type)

    def type_maps(self) -> dict[str, Mapping[str, float]]:
        """Return the maps that must have an entry for each target type, by field name."""
        maps = {"synaptic_delays": self.synaptic_delays, "probability": self.probability}
        return {name: value for name, value in maps.items() if isinstance(value, Mapping)}

    # -- checks used by the kinds --------------------------------------------------------------

    def _what(self, name: str, unit: str = "") -> str:
        return f"Drive {self.name!r}: {name}" + (f" ({unit})" if unit else "")

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _int(self, name: str, **bounds: int) -> None:
        self._set(name, check_int(getattr(self, name), self._what(name), error=DriveError, **bounds))

    def _float(self, name: str, check: Any, unit: str) -> None:
        self._set(name, check(getattr(self, name), self._what(name, unit), error=DriveError))

    def _window(self, tstart: float, tstop: float | None) -> None:
        """Check when the drive is on, ms; an end of None is the end of each simulation."""
        self._float("tstart", check_non_negative, "ms")
        if tstop is not None:
            self._float("tstop", check_non_negative, "ms")
            check_interval(float(tstart), float(tstop), f"Drive {self.name!r}", error=DriveError)

    def _by_type(self, value: Any, name: str, check: Any, unit: str) -> FrozenMap[float]:
        if not isinstance(value, Mapping):
            raise DriveError(f"{self._what(name, unit)} must map cell types to numbers, got {value!r}.")
        items = {}
        for key, number in value.items():
            check_label(key, self._what(f"a cell type in {name}"), error=DriveError)
            items[key] = check(number, self._what(f"{name} of {key!r}", unit), error=DriveError)
        return FrozenMap(items)

    def _one_or_map(self, name: str, check: Any, unit: str) -> float | FrozenMap[float]:
        value = getattr(self, name)
        if isinstance(value, Mapping):
            return self._by_type(value, name, check, unit)
        return float(check(value, self._what(name, unit), error=DriveError))


def _of_type(value: float | Mapping[str, float], cell_type: str) -> float:
    return value[cell_type] if isinstance(value, Mapping) else value


@dataclass(frozen=True, kw_only=True, slots=True)
class EvokedDrive(Drive):
    """Spikes drawn from a normal distribution around one time.

    With ``sigma_ms=0`` all spikes fall at `mu_ms`. A "Gaussian" drive of older parameter files is
    an evoked drive with ``numspikes=50``.

    Parameters
    ----------
    mu_ms, sigma_ms : float
        Mean and standard deviation of the spike times, ms.
    numspikes : int
        Spikes per drive cell.

    Examples
    --------
    >>> weights = {"L5_pyramidal": 1e-3}
    >>> touch = EvokedDrive(name="touch", mu_ms=25.0, sigma_ms=3.0, location="proximal", weights_ampa=weights)
    >>> sorted(network.with_drives(touch).drives)
    ['evdist1', 'evprox1', 'evprox2', 'touch']
    """

    kind: ClassVar[str] = "evoked"

    mu_ms: float
    sigma_ms: float
    numspikes: int = 1

    def __post_init__(self) -> None:
        Drive.__post_init__(self)
        self._float("mu_ms", check_finite, "ms")
        self._float("sigma_ms", check_non_negative, "ms")
        self._int("numspikes", minimum=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class PoissonDrive(Drive):
    """Spikes at random times with a constant mean rate.

    Parameters
    ----------
    rate_Hz : float | mapping of str to float
        Mean rate, or rate per target cell type (for a cell-specific drive), Hz.
    tstart : float
        Start, ms.
    tstop : float | None
        End, ms; None for the end of each simulation.

    Examples
    --------
    >>> noise = PoissonDrive(name="noise", rate_Hz=10.0, location="soma", weights_ampa={"L5_pyramidal": 1e-3})
    >>> noise.tstart, noise.tstop  # until the simulation ends
    (0.0, None)
    """

    kind: ClassVar[str] = "poisson"

    space_constant: float = 100.0
    rate_Hz: float | Mapping[str, float]
    tstart: float = 0.0
    tstop: float | None = None

    def __post_init__(self) -> None:
        Drive.__post_init__(self)
        self._set("rate_Hz", self._one_or_map("rate_Hz", check_non_negative, "Hz"))
        if isinstance(self.rate_Hz, Mapping) and not self.cell_specific:
            raise DriveError(
                f"{self._what('rate_Hz')} may differ between cell types only when cell_specific=True: "
                "give one number, or set cell_specific=True."
            )
        self._window(self.tstart, self.tstop)

    def type_maps(self) -> dict[str, Mapping[str, float]]:
        """Return the maps that must have an entry for each target type, by field name."""
        maps = Drive.type_maps(self)
        return {**maps, "rate_Hz": self.rate_Hz} if isinstance(self.rate_Hz, Mapping) else maps


@dataclass(frozen=True, kw_only=True, slots=True)
class BurstyDrive(Drive):
    """Bursts of spikes at a regular rate, each jittered in time: a rhythmic drive.

    Parameters
    ----------
    tstart, tstart_std : float
        Time of the first burst and its standard deviation over trials (shared by all cells), ms.
    tstop : float | None
        No burst is centred from here on, ms; None for the end of each simulation.
    burst_rate_Hz : float
        Bursts per second, Hz.
    burst_std_ms : float
        Standard deviation of the time of each burst of each cell, ms.
    numspikes : int
        Spikes per burst.
    spike_isi_ms : float
        Time between spikes of a burst, ms.

    Examples
    --------
    >>> weights = {"L5_pyramidal": 5e-5}
    >>> alpha = BurstyDrive(name="alpha", burst_rate_Hz=10.0, location="proximal", weights_ampa=weights)
    >>> alpha.numspikes, alpha.spike_isi_ms
    (2, 10.0)
    """

    kind: ClassVar[str] = "bursty"

    space_constant: float = 100.0
    cell_specific: bool = False
    n_drive_cells: int | str = 1
    burst_rate_Hz: float
    burst_std_ms: float = 0.0
    numspikes: int = 2
    spike_isi_ms: float = 10.0
    tstart: float = 0.0
    tstart_std: float = 0.0
    tstop: float | None = None

    def __post_init__(self) -> None:
        Drive.__post_init__(self)
        self._float("burst_rate_Hz", check_positive, "Hz")
        for name in ("burst_std_ms", "spike_isi_ms", "tstart_std"):
            self._float(name, check_non_negative, "ms")
        self._int("numspikes", minimum=1)
        self._window(self.tstart, self.tstop)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikeTrainDrive(Drive):
    """Given spike times, the same in every trial.

    Parameters
    ----------
    times_ms : sequence of sequence of float
        Spike times of each drive cell, ms. They are used as given, in any order.

    Examples
    --------
    >>> weights = {"L5_pyramidal": 1e-3}
    >>> recorded = SpikeTrainDrive(name="recorded", times_ms=[[12.5, 20.0]], location="distal", weights_ampa=weights)
    >>> recorded.n_drive_cells
    1
    """

    kind: ClassVar[str] = "spike_train"

    cell_specific: bool = False
    times_ms: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        trains = self.times_ms
        listed = hasattr(trains, "__len__") and not hasattr(trains, "trains_ms")
        if isinstance(trains, (str, Mapping)) or not listed or not len(trains):
            hint = ": mne_hnn.io.read_spike_trains reads files" if isinstance(trains, (str, PathLike)) else "."
            hint = ": give its trains_ms()" if hasattr(trains, "trains_ms") else hint
            raise DriveError(
                f"{self._what('times_ms')} must be one sequence of times per drive cell, got {trains!r}{hint}"
            )
        what = self._what("a time in times_ms", "ms")
        checked = []
        for train in trains:
            if isinstance(train, str) or not hasattr(train, "__iter__"):
                raise DriveError(
                    f"{self._what('times_ms')} must be one sequence of times per drive cell, got {train!r}."
                )
            checked.append(tuple(check_non_negative(t, what, error=DriveError) for t in train))
        self._set("times_ms", tuple(checked))
        if not self.cell_specific and self.n_drive_cells == N_CELLS:
            self._set("n_drive_cells", len(checked))
        Drive.__post_init__(self)
        if not self.cell_specific and self.n_drive_cells != len(checked):
            raise DriveError(
                f"{self._what('n_drive_cells')} must equal the {len(checked)} spike trains given, "
                f"got {self.n_drive_cells!r}: leave it out."
            )

    @classmethod
    def from_dict(cls, trains: Mapping[Any, Iterable[float]], **fields: Any) -> Self:
        """Make a drive from a map of cell to spike times (ms); the order of the map is kept."""
        return cls(times_ms=tuple(tuple(times) for times in trains.values()), **fields)

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[float, int]], **fields: Any) -> Self:
        """Make a drive from (time in ms, cell number) pairs; cells follow in increasing number."""
        trains: dict[int, list[float]] = {}
        for time, cell in pairs:
            trains.setdefault(cell, []).append(time)
        return cls.from_dict({cell: trains[cell] for cell in sorted(trains)}, **fields)


#: The kinds of drive by name, for files that store them.
DRIVE_KINDS: Mapping[str, type[Drive]] = FrozenMap(
    {kind.kind: kind for kind in (EvokedDrive, BurstyDrive, PoissonDrive, SpikeTrainDrive)}
)


def drive_kind(name: str) -> type[Drive]:
    """Return the class of a kind of drive by name."""
    return DRIVE_KINDS[check_name(name, DRIVE_KINDS, "kind of drive", error=DriveError)]
