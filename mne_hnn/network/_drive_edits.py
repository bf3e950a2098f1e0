"""Edits of the drives and biases of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from .._checks import check_name
from .._peer_names import checked_arguments
from .._value import FrozenMap, OrderedFrozenMap, replace
from ..errors import DriveError
from ._base import NetworkBase
from ._plausible import warn_of_bias, warn_of_drive
from .biases import TonicBias
from .drives import BurstyDrive, Drive, EvokedDrive, PoissonDrive, SpikeTrainDrive

__all__ = ["DriveEdits"]

_Weights = Mapping[str, float] | None


def _common(weights_ampa: _Weights, weights_nmda: _Weights, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"weights_ampa": weights_ampa or FrozenMap(), "weights_nmda": weights_nmda or FrozenMap(), **more}


class DriveEdits(NetworkBase):
    """Methods that return a network with other drives or biases."""

    __slots__ = ()

    def with_drives(self, *drives: Drive) -> Self:
        """Return a network with drives added, in the order given.

        Raises
        ------
        DriveError
            If a drive of that name is there already, or a drive does not fit the network.
        """
        result = dict(self.drives)
        for drive in drives:
            if not isinstance(drive, Drive):
                raise DriveError(f"with_drives takes drives such as EvokedDrive, got {type(drive).__name__}.")
            if drive.name in result:
                raise DriveError(
                    f"Drive {drive.name!r} is there already: choose another name, or change it with with_drive_changes."
                )
            result[drive.name] = drive
        network = replace(self, drives=OrderedFrozenMap(result))
        for drive in drives:
            warn_of_drive(drive)
        return network

    @checked_arguments(fields_of=EvokedDrive, error=DriveError)
    def with_evoked_drive(
        self,
        name: str,
        *,
        mu_ms: float,
        sigma_ms: float,
        location: str,
        numspikes: int = 1,
        weights_ampa: _Weights = None,
        weights_nmda: _Weights = None,
        **common: Any,
    ) -> Self:
        """Return a network with an :class:`~mne_hnn.network.EvokedDrive` added.

        Parameters
        ----------
        name : str
            Name of the drive.
        mu_ms, sigma_ms : float
            Mean and standard deviation of the spike times, ms.
        location : str
            ``"proximal"``, ``"distal"``, another location, or a section.
        numspikes : int
            Spikes per drive cell.
        weights_ampa, weights_nmda : mapping of str to float | None
            Weight per target cell type, uS.
        **common
            Other fields of :class:`~mne_hnn.network.Drive`.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        fields = _common(weights_ampa, weights_nmda, common)
        drive = EvokedDrive(name=name, mu_ms=mu_ms, sigma_ms=sigma_ms, numspikes=numspikes, location=location, **fields)
        return self.with_drives(drive)

    @checked_arguments(fields_of=BurstyDrive, error=DriveError)
    def with_bursty_drive(
        self,
        name: str,
        *,
        burst_rate_Hz: float,
        location: str,
        tstart: float = 0.0,
        tstart_std: float = 0.0,
        tstop: float | None = None,
        burst_std_ms: float = 0.0,
        numspikes: int = 2,
        spike_isi_ms: float = 10.0,
        weights_ampa: _Weights = None,
        weights_nmda: _Weights = None,
        **common: Any,
    ) -> Self:
        """Return a network with a :class:`~mne_hnn.network.BurstyDrive` added.

        Parameters
        ----------
        name : str
            Name of the drive.
        burst_rate_Hz : float
            Bursts per second, Hz.
        location : str
            ``"proximal"``, ``"distal"``, another location, or a section.
        tstart, tstart_std, tstop : float
            Time of the first burst, its standard deviation, and the end, ms.
        burst_std_ms : float
            Jitter of each burst, ms.
        numspikes : int
            Spikes per burst.
        spike_isi_ms : float
            Time between spikes of a burst, ms.
        weights_ampa, weights_nmda : mapping of str to float | None
            Weight per target cell type, uS.
        **common
            Other fields of :class:`~mne_hnn.network.Drive`.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        drive = BurstyDrive(
            name=name,
            location=location,
            burst_rate_Hz=burst_rate_Hz,
            burst_std_ms=burst_std_ms,
            numspikes=numspikes,
            spike_isi_ms=spike_isi_ms,
            tstart=tstart,
            tstart_std=tstart_std,
            tstop=tstop,
            **_common(weights_ampa, weights_nmda, common),
        )
        return self.with_drives(drive)

    @checked_arguments(fields_of=PoissonDrive, error=DriveError)
    def with_poisson_drive(
        self,
        name: str,
        *,
        rate_Hz: float | Mapping[str, float],
        location: str,
        tstart: float = 0.0,
        tstop: float | None = None,
        weights_ampa: _Weights = None,
        weights_nmda: _Weights = None,
        **common: Any,
    ) -> Self:
        """Return a network with a :class:`~mne_hnn.network.PoissonDrive` added.

        Parameters
        ----------
        name : str
            Name of the drive.
        rate_Hz : float | mapping of str to float
            Mean rate, or rate per target cell type, Hz.
        location : str
            ``"proximal"``, ``"distal"``, another location, or a section.
        tstart, tstop : float
            Start and end, ms; a `tstop` of None is the end of each simulation.
        weights_ampa, weights_nmda : mapping of str to float | None
            Weight per target cell type, uS.
        **common
            Other fields of :class:`~mne_hnn.network.Drive`.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        fields = _common(weights_ampa, weights_nmda, common)
        drive = PoissonDrive(name=name, location=location, rate_Hz=rate_Hz, tstart=tstart, tstop=tstop, **fields)
        return self.with_drives(drive)

    @checked_arguments(fields_of=SpikeTrainDrive, error=DriveError)
    def with_spike_train_drive(
        self,
        name: str,
        *,
        times_ms: Sequence[Sequence[float]] | Mapping[Any, Sequence[float]],
        location: str,
        weights_ampa: _Weights = None,
        weights_nmda: _Weights = None,
        **common: Any,
    ) -> Self:
        """Return a network with a :class:`~mne_hnn.network.SpikeTrainDrive` added.

        Parameters
        ----------
        name : str
            Name of the drive.
        times_ms : sequence of sequence of float | mapping of cell to sequence of float
            Spike times of each drive cell, ms: as :func:`mne_hnn.io.read_spike_trains` reads them from a file, or
            :meth:`mne_hnn.Spikes.trains_ms` has them of simulated cells.
        location : str
            ``"proximal"``, ``"distal"``, another location, or a section.
        weights_ampa, weights_nmda : mapping of str to float | None
            Weight per target cell type, uS.
        **common
            Other fields of :class:`~mne_hnn.network.Drive`.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        fields = _common(weights_ampa, weights_nmda, common)
        trains = tuple(times_ms.values()) if isinstance(times_ms, Mapping) else times_ms
        return self.with_drives(SpikeTrainDrive(name=name, location=location, times_ms=trains, **fields))

    def without_drives(self, *names: str) -> Self:
        """Return a network without some drives, or without any when no name is given."""
        for name in names:
            check_name(name, self.drives, "drive", error=DriveError)
        kept = {key: drive for key, drive in self.drives.items() if names and key not in names}
        return replace(self, drives=OrderedFrozenMap(kept))

    def with_drive_changes(self, name: str, **changes: Any) -> Self:
        """Return a network with fields of one drive changed; it keeps its place.

        Parameters
        ----------
        name : str
            The drive.
        **changes
            New values of its fields.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        drive = replace(self.drives[check_name(name, self.drives, "drive", error=DriveError)], **changes)
        if drive.name != name and drive.name in self.drives:
            raise DriveError(f"Drive {drive.name!r} is there already: choose another name.")
        drives = [drive if key == name else other for key, other in self.drives.items()]
        network = replace(self, drives=OrderedFrozenMap((drive.name, drive) for drive in drives))
        warn_of_drive(drive)
        return network

    @checked_arguments(error=DriveError)
    def with_tonic_bias(
        self,
        name: str,
        *,
        amplitude_nA: Mapping[str, float],
        section: str = "soma",
        t0_ms: float = 0.0,
        tstop_ms: float | None = None,
    ) -> Self:
        """Return a network with a :class:`~mne_hnn.network.TonicBias` added.

        Parameters
        ----------
        name : str
            Name of the bias.
        amplitude_nA : mapping of str to float
            Current per cell type, nA.
        section : str
            Section that receives it.
        t0_ms, tstop_ms : float
            Start and end, ms; a `tstop_ms` of None is the end of each simulation.

        Returns
        -------
        Network
            The edited network; this one stays as it is.
        """
        if name in self.biases:
            raise DriveError(f"Bias {name!r} is there already: choose another name.")
        bias = TonicBias(name=name, amplitude_nA=amplitude_nA, section=section, t0_ms=t0_ms, tstop_ms=tstop_ms)
        network = replace(self, biases=FrozenMap({**self.biases, name: bias}))
        warn_of_bias(bias)
        return network

    def without_biases(self, *names: str) -> Self:
        """Return a network without some biases, or without any when no name is given."""
        for name in names:
            check_name(name, self.biases, "bias", error=DriveError)
        kept = {key: bias for key, bias in self.biases.items() if names and key not in names}
        return replace(self, biases=FrozenMap(kept))
