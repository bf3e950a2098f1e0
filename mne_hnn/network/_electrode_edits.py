"""Edits of the electrode arrays of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from .._checks import check_name
from .._peer_names import checked_arguments
from .._value import replace
from ..errors import NetworkError
from ._base import NetworkBase
from ._plausible import warn_of_electrodes
from .electrodes import Electrodes

__all__ = ["ElectrodeEdits"]


class ElectrodeEdits(NetworkBase):
    """Methods that return a network with other electrode arrays."""

    __slots__ = ()

    @checked_arguments(error=NetworkError)
    def with_electrodes(
        self,
        name: str,
        positions_um: Sequence[Sequence[float]] | Sequence[float],
        *,
        conductivity_S_m: float = 0.3,
        method: str = "psa",
        min_distance_um: float = 0.5,
    ) -> Self:
        """Return a network with an array of :class:`~mne_hnn.network.Electrodes` added.

        A simulation of it has what they measure in ``lfp`` of its :class:`~mne_hnn.simulate.Simulation`.

        Parameters
        ----------
        name : str
            Name of the array, such as ``"shank"``.
        positions_um : sequence of (x, y, z) | (x, y, z)
            Positions of the contacts, or of the only one, um; z is depth, 0 at the somas of layer 5.
        conductivity_S_m : float
            Conductivity of the tissue, S/m.
        method : str
            ``'psa'`` (point sources) or ``'lsa'`` (line sources).
        min_distance_um : float
            Smallest distance to a source that counts, um.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        if name in self.electrodes:
            raise NetworkError(f"Electrode array {name!r} is there already: choose another name, or remove it first.")
        array = Electrodes(
            positions_um=positions_um,
            conductivity_S_m=conductivity_S_m,
            method=method,
            min_distance_um=min_distance_um,
        )
        network = replace(self, electrodes={**self.electrodes, name: array})
        warn_of_electrodes(name, array)
        return network

    def without_electrodes(self, *names: str) -> Self:
        """Return a network without some electrode arrays, or without all of them if none is named."""
        for name in names:
            check_name(name, self.electrodes, "electrode array", error=NetworkError)
        gone = names or tuple(self.electrodes)
        return replace(self, electrodes={name: array for name, array in self.electrodes.items() if name not in gone})
