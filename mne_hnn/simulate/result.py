"""What a simulation returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray

from ..dipole import Dipole, average_dipoles, to_epochs
from ..network import Network
from ..recordings import Recording
from ..spikes import Spikes


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Simulation:
    """Dipoles and spikes of a network, and the settings that made them.

    Attributes
    ----------
    network : Network
        The network that was simulated.
    dipoles : tuple of Dipole
        One per trial: channels ``agg``, then one per layer, in A m.
    spikes : Spikes
        Spikes of all cells and drives, of all trials.
    tstop, dt : float
        Duration and time step, ms.
    seed : int | None
        None: the event seeds of the drives.
    baseline : str
        As given to :func:`simulate`.
    engine : str
        What ran it: ``'coreneuron'`` or ``'neuron'``.
    recordings : mapping of str to Recording
        What was asked for by `record`, by quantity.
    lfp : mapping of str to mne.EpochsArray
        Extracellular potentials of each electrode array: one epoch per trial, channels of type ``seeg`` in V with
        their positions in m.
    """

    network: Network
    dipoles: tuple[Dipole, ...]
    spikes: Spikes
    tstop: float
    dt: float
    seed: int | None
    baseline: str
    engine: str
    recordings: Mapping[str, Recording] = field(default_factory=lambda: MappingProxyType({}))
    lfp: Mapping[str, mne.EpochsArray] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        for name in ("recordings", "lfp"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[Any, ...]:
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        # views that cannot be written cannot be pickled either
        return _restored, ({**values, "recordings": dict(self.recordings), "lfp": dict(self.lfp)},)

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.dipoles)

    @property
    def times(self) -> NDArray[np.float64]:
        """Sample times in s, shape (n_samples,)."""
        return np.asarray(self.dipoles[0].times)

    @property
    def dipole(self) -> Dipole:
        """The average over trials: a new object each time, free to be smoothed and scaled."""
        return average_dipoles(self.dipoles)

    def to_epochs(self) -> mne.EpochsArray:
        """Return the trials as epochs with the same channels."""
        return to_epochs(self.dipoles)

    def __repr__(self) -> str:
        return (
            f"<Simulation of {self.network.name!r}: {self.n_trials} trial(s), {self.tstop:g} ms at {self.dt:g} ms, "
            f"{len(self.spikes)} spikes>"
        )


def _restored(values: dict[str, Any]) -> Simulation:
    return Simulation(**values)
