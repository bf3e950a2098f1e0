"""Methods of :class:`mne.Evoked` made to work for channels of type ``dipole``, which MNE leaves out by default."""

from __future__ import annotations

from typing import Any, Literal, Self

import mne
import numpy as np
from numpy.typing import NDArray

from ._all_channels import refusing, savgol, taking_all
from ._spectra import of_dipole
from .errors import ParameterError


@taking_all("apply_function", "apply_hilbert", "detrend", "filter", "pick")
@refusing()
class AllLayers(mne.EvokedArray):  # type: ignore[misc]
    """An evoked response whose methods take all channels unless told otherwise."""

    data: NDArray[np.float64]

    def to_evoked(self) -> mne.EvokedArray:
        """Return a plain :class:`mne.EvokedArray` with the same channels, for functions that insist on one."""
        return self._plain(self.info.copy())

    def _plain(self, info: mne.Info) -> mne.EvokedArray:
        evoked = mne.EvokedArray(
            self.data.copy(), info, tmin=self.times[0], comment=self.comment, nave=self.nave, verbose="error"
        )
        evoked.shift_time(self.times[0], relative=False)  # MNE rounds tmin to a multiple of the step
        evoked.baseline = self.baseline
        return evoked

    def compute_psd(self, *arguments: Any, picks: Any = None, **options: Any) -> Any:
        """Return the spectrum; as :meth:`mne.Evoked.compute_psd`, for all layers unless told otherwise."""
        picks = "all" if picks is None else picks
        return of_dipole(self.to_evoked().compute_psd(*arguments, picks=picks, **options))

    def plot_image(self, picks: Any = None, *arguments: Any, **options: Any) -> Any:
        """Plot rows as an image; as :meth:`mne.Evoked.plot_image`, for all layers unless told otherwise."""
        everything = picks is None or (isinstance(picks, str) and picks == "data")
        return super().plot_image("all" if everything else picks, *arguments, **options)

    def compute_tfr(self, *arguments: Any, picks: Any = None, **options: Any) -> Any:
        """Return power over time; as :meth:`mne.Evoked.compute_tfr`, for all layers unless told otherwise."""
        picks = "all" if picks is None else picks
        return of_dipole(self.to_evoked().compute_tfr(*arguments, picks=picks, **options))

    def get_peak(self, ch_type: str | None = None, **options: Any) -> tuple[Any, ...]:
        """Return layer and latency of the largest value; as :meth:`mne.Evoked.get_peak`, over all layers."""
        if ch_type not in (None, "dipole"):
            raise ParameterError(f"ch_type must be 'dipole' or None, got {ch_type!r}: a dipole has no other channels.")
        # MNE finds peaks in sensors only
        stand_in = self._plain(mne.create_info(self.ch_names, self.info["sfreq"], "eeg", verbose="error"))
        return tuple(stand_in.get_peak(**options))

    def peak(
        self,
        layer: str = "agg",
        *,
        tmin: float | None = None,
        tmax: float | None = None,
        mode: Literal["pos", "neg", "abs"] = "abs",
    ) -> tuple[float, float]:
        """Return time and moment of the largest value of one layer.

        Parameters
        ----------
        layer : str
            The layer.
        tmin, tmax : float | None
            Window in s; None for the start or end.
        mode : 'pos' | 'neg' | 'abs'
            The maximum, the minimum, or the value furthest from zero.

        Returns
        -------
        time, moment : float
            In s and A m; the moment with its sign.
        """
        options = {"tmin": tmin, "tmax": tmax, "mode": mode, "time_as_index": True, "strict": False}
        # picking by name fails with MNE's own message for an unknown layer, so look it up as everywhere else
        row = self[layer]
        index = self.copy().pick([layer]).get_peak(**options)[1]
        return float(self.times[index]), float(row[index])

    def __getitem__(self, layer: str) -> NDArray[np.float64]:
        raise NotImplementedError

    def savgol_filter(self, h_freq: float, verbose: Any = None) -> Self:
        """Smooth in place by local fits of degree 5 (Savitzky & Golay 1964, https://doi.org/10.1021/ac60214a047).

        Window and degree are those of :meth:`mne.Evoked.savgol_filter`. The fits use orthogonal polynomials: with
        plain powers, windows above some 700 samples lose the mean and nearly everything else.

        Parameters
        ----------
        h_freq : float
            Approximate cut-off in Hz.
        verbose : object
            Not used; there as in MNE.

        Returns
        -------
        self : Dipole
            The dipole itself, changed in place.
        """
        self.data = savgol(self.data, self.info["sfreq"], h_freq)
        return self
