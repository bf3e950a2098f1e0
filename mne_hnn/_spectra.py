"""Spectra of dipoles: MNE's objects, whose methods take all layers unless told otherwise."""

from __future__ import annotations

from typing import Any

import mne
from mne.time_frequency import AverageTFR, EpochsSpectrum, EpochsTFR, Spectrum

from ._all_channels import refusing, taking_all

__all__ = ["DipoleEpochsSpectrum", "DipoleEpochsTFR", "DipoleSpectrum", "DipoleTFR", "of_dipole"]


class _Uncoloured:
    """Lines in one colour: layers have no places on a head to be coloured by."""

    def plot(self, *, spatial_colors: bool = False, **options: Any) -> Any:
        """Plot all layers unless told otherwise; as :meth:`mne.time_frequency.Spectrum.plot`."""
        options["picks"] = "all" if options.get("picks") is None else options["picks"]
        return super().plot(spatial_colors=spatial_colors, **options)  # type: ignore[misc]


@taking_all("get_data")
@refusing()
class DipoleSpectrum(_Uncoloured, Spectrum):  # type: ignore[misc]
    """Spectrum of a dipole, as :class:`mne.time_frequency.Spectrum`."""


@taking_all("get_data")
@refusing()
class DipoleEpochsSpectrum(_Uncoloured, EpochsSpectrum):  # type: ignore[misc]
    """Spectra of single trials, as :class:`mne.time_frequency.EpochsSpectrum`."""

    def average(self, method: Any = "mean") -> DipoleSpectrum:
        """Average over trials; as :meth:`mne.time_frequency.EpochsSpectrum.average`."""
        averaged: DipoleSpectrum = of_dipole(super().average(method=method))
        return averaged


@taking_all("get_data", "plot")
@refusing()
class DipoleTFR(AverageTFR):  # type: ignore[misc]
    """Power of a dipole over time and frequency, as :class:`mne.time_frequency.AverageTFR`."""


@taking_all("get_data", "plot")
@refusing()
class DipoleEpochsTFR(EpochsTFR):  # type: ignore[misc]
    """Power of single trials, as :class:`mne.time_frequency.EpochsTFR`."""

    def average(self, *arguments: Any, **options: Any) -> Any:
        """Average over trials, frequencies or times; as :meth:`mne.time_frequency.EpochsTFR.average`."""
        return of_dipole(super().average(*arguments, **options))


_CLASSES: dict[type, type] = {
    mne.time_frequency.Spectrum: DipoleSpectrum,
    mne.time_frequency.EpochsSpectrum: DipoleEpochsSpectrum,
    mne.time_frequency.AverageTFR: DipoleTFR,
    mne.time_frequency.EpochsTFR: DipoleEpochsTFR,
}


def of_dipole(spectrum: Any) -> Any:
    """Turn a spectrum that MNE has made of a dipole into the class whose methods take all layers."""
    for theirs, ours in _CLASSES.items():
        if isinstance(spectrum, theirs) and not isinstance(spectrum, ours):
            # the same contents: MNE has no constructor that takes them over
            spectrum.__class__ = ours
    return spectrum
