"""What is explored at one moment: a column, a target, and how both are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from .._checks import check_int, check_name, check_non_negative, check_positive, check_seed
from .._value import Value, replace
from ..dipole import Dipole
from ..errors import DriveError, ParameterError
from ..fit import CircuitPrior
from ..fit.observation import covering
from ..network import Drive, Network
from ..simulate import SimulationSettings
from ..simulate.precautions import check_times
from ..simulate.settings import check_is_network

__all__ = ["KINDS", "RECEPTORS", "ExploreState"]

RECEPTORS = ("ampa", "nmda")
RHYTHMIC_WEIGHT_uS = 5.4e-5
"""Weight of a new rhythmic or Poisson drive: what published rhythmic drives have (Jones et al. 2009,
https://doi.org/10.1152/jn.00535.2009), as many events add up."""
TONIC_nA = 0.1
STEP_ms = 0.025
RATE_Hz = 10.0


def _evoked(tstop_ms: float) -> dict[str, Any]:
    return {"mu_ms": min(50.0, tstop_ms / 2), "sigma_ms": 5.0}


def _bursty(tstop_ms: float) -> dict[str, Any]:
    return {"burst_rate_Hz": RATE_Hz, "burst_std_ms": 20.0, "n_drive_cells": 10}


def _poisson(tstop_ms: float) -> dict[str, Any]:
    return {"rate_Hz": RATE_Hz}


_DRIVES: Mapping[str, Callable[[float], dict[str, Any]]] = {"evoked": _evoked, "bursty": _bursty, "poisson": _poisson}
KINDS = (*_DRIVES, "tonic")
"""Kinds of drive that can be added by hand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExploreState(Value):
    """A column with its drives, the target, and how the two are compared; every edit returns a new state.

    Parameters
    ----------
    network : Network
        The column with its drives.
    target : Dipole | None
        What it is compared with; None if there is nothing.
    columns : float | None
        Number of columns that act together; None for the number that brings the simulation closest to the target, and
        1 without a target.
    smooth_ms : float
        Hamming window on the simulated dipole, ms; 0 for none.
    tstop_ms : float
        Duration, ms.
    n_trials : int
        Number of trials that are averaged.
    seed : int | None
        Of the events of the drives; None takes the seeds that the drives have.
    patch_area_mm2 : float | None
        Area of the patch of cortex, mm²; None for the one that the target knows, if any.

    Raises
    ------
    ParameterError
        A value is wrong; the sentence says which and what was expected.

    Examples
    --------
    >>> state = ExploreState(network=network, target=target, tstop_ms=100.0)
    >>> state.with_drive("evprox1", mu_ms=30.0).network.drives["evprox1"].mu_ms
    30.0
    """

    network: Network
    target: Dipole | None = field(default=None)
    columns: float | None = None
    smooth_ms: float = 20.0
    tstop_ms: float = 170.0
    n_trials: int = 1
    seed: int | None = None
    patch_area_mm2: float | None = None

    def __post_init__(self) -> None:
        check_is_network(self.network)
        if self.target is not None and not isinstance(self.target, Dipole):
            raise ParameterError(f"target must be a Dipole or None, got {type(self.target).__name__}.")
        for name, what in (("columns", "columns"), ("patch_area_mm2", "patch_area_mm2 (mm²)")):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else check_positive(value, what))
        object.__setattr__(self, "smooth_ms", check_non_negative(self.smooth_ms, "smooth_ms"))
        object.__setattr__(self, "tstop_ms", check_positive(self.tstop_ms, "tstop_ms"))
        object.__setattr__(self, "n_trials", check_int(self.n_trials, "n_trials", minimum=1))
        object.__setattr__(self, "seed", None if self.seed is None else check_seed(self.seed, "seed"))
        check_times(self.tstop_ms, STEP_ms)

    @property
    def settings(self) -> SimulationSettings:
        """How the column is simulated exactly."""
        return SimulationSettings(tstop=self.tstop_ms, n_trials=self.n_trials, seed=self.seed)

    @property
    def area_mm2(self) -> float | None:
        """Area of the patch: what was set, else what the target knows; None if nobody knows."""
        if self.patch_area_mm2 is not None or self.target is None:
            return self.patch_area_mm2
        found = self.target.provenance.get("area_mm2")
        return float(found) if isinstance(found, (int, float)) and found > 0 else None

    # -- drives ----------------------------------------------------------------------------------

    def with_drive(self, name: str, /, **changes: Any) -> Self:
        """Return a state in which fields of a drive or bias are changed.

        Parameters
        ----------
        name : str
            The drive or bias.
        **changes
            New values of its fields, such as ``mu_ms=60``.

        Raises
        ------
        DriveError
            There is none of that name, or a value is wrong.
        """
        if name in self.network.biases and name not in self.network.drives:
            biases = dict(self.network.biases)
            changed = replace(biases[name], **changes)
            if changed.name != name and changed.name in {**biases, **self.network.drives}:
                raise DriveError(f"Bias {changed.name!r} is there already: choose another name.")
            renamed = {changed.name if key == name else key: bias for key, bias in biases.items()}
            return self._with(replace(self.network, biases={**renamed, changed.name: changed}))
        self._check_drive(name)
        if changes.get("name") in self.network.biases:
            raise DriveError(f"Drive {changes['name']!r} is there already: choose another name.")
        return self._with(self.network.with_drive_changes(name, **changes))

    def add_drive(self, kind: str, name: str | None = None, location: str = "proximal", **fields: Any) -> Self:
        """Return a state with a drive more, which reaches all cell types that have the location.

        Parameters
        ----------
        kind : str
            ``'evoked'``, ``'bursty'`` (rhythmic), ``'poisson'``, or ``'tonic'`` for a constant current.
        name : str | None
            Its name; None takes the kind and a number.
        location : str
            ``'proximal'`` or ``'distal'``, or a section; of a tonic current the section, ``'soma'`` for a location.
        **fields
            Other fields of the drive. Weights that are not given are medians of :class:`~mne_hnn.fit.CircuitPrior` for
            evoked drives, and those of published rhythmic drives for the others.

        Raises
        ------
        DriveError
            The name is taken, the kind unknown, or no cell type has the location.
        """
        check_name(kind, KINDS, "kind of drive", error=DriveError)
        taken = {**self.network.drives, **self.network.biases}
        name = free_name(kind, taken) if name is None else name
        if name in taken:
            raise DriveError(f"Drive {name!r} is there already: choose another name.")
        if kind == "tonic":
            pyramidal = [key for key, template in self.network.cell_types.items() if template.measures_dipole]
            currents = dict.fromkeys(pyramidal or self.network.cell_types, TONIC_nA)
            section = "soma" if location in ("proximal", "distal") else location
            return self._with(
                self.network.with_tonic_bias(name, **{"amplitude_nA": currents, "section": section, **fields})
            )
        given = {**_DRIVES[kind](self.tstop_ms), **self._weights(kind, location, fields), **fields}
        add = getattr(self.network, f"with_{kind}_drive")
        return self._with(add(name, location=location, **given))

    def without_drive(self, name: str) -> Self:
        """Return a state without a drive or bias."""
        if name in self.network.biases and name not in self.network.drives:
            return self._with(self.network.without_biases(name))
        self._check_drive(name)
        return self._with(self.network.without_drives(name))

    def copy_drive(self, name: str, new_name: str | None = None) -> Self:
        """Return a state with a copy of a drive or bias, which begins with the same values.

        Random events of the copy are others: its seed of events is one of its own.
        """
        taken = {**self.network.drives, **self.network.biases}
        copied = free_name(name, taken) if new_name is None else new_name
        if copied in taken:
            raise DriveError(f"Drive {copied!r} is there already: choose another name.")
        if name in self.network.biases and name not in self.network.drives:
            bias = replace(self.network.biases[name], name=copied)
            return self._with(replace(self.network, biases={**self.network.biases, copied: bias}))
        drive = self._check_drive(name)
        seeds = {other.event_seed for other in self.network.drives.values()}
        seed = next(
            number for number in range(drive.event_seed + 1, drive.event_seed + 2 + len(seeds)) if number not in seeds
        )
        return self._with(self.network.with_drives(replace(drive, name=copied, event_seed=seed)))

    def with_weight(self, drive: str, receptor: str, cell_type: str, value: float | None) -> Self:
        """Return a state in which a drive has another weight on a cell type.

        Parameters
        ----------
        drive : str
            The drive.
        receptor : str
            ``'ampa'`` or ``'nmda'``.
        cell_type : str
            The cell type.
        value : float | None
            Weight, uS; None takes the synapses away.
        """
        found = self._check_drive(drive)
        check_name(receptor, RECEPTORS, "receptor", error=DriveError)
        check_name(cell_type, self.network.cell_types, "cell type", error=DriveError)
        weights = dict(found.weights[receptor])
        if value is None:
            weights.pop(cell_type, None)
        else:
            weights[cell_type] = check_non_negative(
                value, f"weight of {drive!r} on {cell_type!r} (uS)", error=DriveError
            )
        changes: dict[str, Any] = {f"weights_{receptor}": weights}
        targets = {key for name, given in found.weights.items() for key in (weights if name == receptor else given)}
        for field_name, by_type in found.type_maps().items():  # these have an entry for each target
            usual = next(iter(by_type.values()), 0.1)
            changes[field_name] = {key: by_type.get(key, usual) for key in self.network.cell_types if key in targets}
        return self.with_drive(drive, **changes)

    def _check_drive(self, name: Any) -> Drive:
        known = [*self.network.drives, *self.network.biases]
        check_name(name, known, "drive", error=DriveError)
        if name not in self.network.drives:
            raise DriveError(f"{name!r} is a constant current, without synapses: change its amplitude_nA.")
        return self.network.drives[name]

    def _weights(self, kind: str, location: str, fields: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        """Return weights on all cell types that have the location, unless some are given."""
        if "weights_ampa" in fields or "weights_nmda" in fields:
            return {}
        reached = self.reached_types(location)
        if not reached:
            locations = {place for template in self.network.cell_types.values() for place in template.locations}
            raise DriveError(
                f"No cell type has the location {location!r}: take one of {', '.join(map(repr, sorted(locations)))}."
            )
        prior = CircuitPrior()
        receptors = RECEPTORS if kind == "evoked" else ("ampa",)
        return {
            f"weights_{receptor}": {
                cell_type: prior.weight(receptor, cell_type).median if kind == "evoked" else RHYTHMIC_WEIGHT_uS
                for cell_type in reached
            }
            for receptor in receptors
        }

    def reached_types(self, location: str) -> tuple[str, ...]:
        """Return the cell types that a drive at a location can reach by both its receptors."""
        found = []
        for cell_type, template in self.network.cell_types.items():
            places = {**template.locations, **{section: (section,) for section in template.sections}}
            sections = places.get(location, ())
            if sections and all({*RECEPTORS} <= set(template.sections[name].receptors) for name in sections):
                found.append(cell_type)
        return tuple(found)

    # -- everything else -------------------------------------------------------------------------

    def with_gain(self, name: str, value: float) -> Self:
        """Return a state with a global gain set: ``'e_e'``, ``'e_i'``, ``'i_e'`` or ``'i_i'``."""
        return self._with(self.network.with_gains(**{name: check_non_negative(value, f"gain {name}")}))

    def with_columns(self, columns: float | None) -> Self:
        """Return a state with another number of columns; None fits it to the target."""
        return replace(self, columns=columns)

    def with_smoothing(self, smooth_ms: float) -> Self:
        """Return a state with another smoothing window, ms; 0 for none."""
        return replace(self, smooth_ms=smooth_ms)

    def with_target(self, target: Dipole | None) -> Self:
        """Return a state with another target, simulated as long as it lasts; the patch is the target's then."""
        tstop_ms = covering(target, STEP_ms) if isinstance(target, Dipole) else self.tstop_ms
        return replace(self, target=target, patch_area_mm2=None, tstop_ms=tstop_ms)

    def with_network(self, network: Network) -> Self:
        """Return a state with another column."""
        return replace(self, network=network)

    def with_runs(self, *, tstop_ms: float | None = None, n_trials: int | None = None, seed: Any = "same") -> Self:
        """Return a state that is simulated for another time, with other trials, or another seed."""
        return replace(
            self,
            tstop_ms=self.tstop_ms if tstop_ms is None else tstop_ms,
            n_trials=self.n_trials if n_trials is None else n_trials,
            seed=self.seed if seed == "same" else seed,
        )

    def with_patch_area(self, area_mm2: float | None) -> Self:
        """Return a state whose patch has another area, mm²; None for the target's."""
        return replace(self, patch_area_mm2=area_mm2)

    def same_simulation(self, other: ExploreState) -> bool:
        """Return whether another state is simulated in the same way, so that only what is compared differs."""
        return self.network == other.network and self.settings == other.settings

    def _with(self, network: Network) -> Self:
        return replace(self, network=network)


def free_name(stem: str, taken: Mapping[str, Any]) -> str:
    """Return a name that is not taken: a stem without its number, and the first number that is free."""
    base = stem.rstrip("0123456789") or stem
    return next(f"{base}{k}" for k in range(1, len(taken) + 2) if f"{base}{k}" not in taken)
