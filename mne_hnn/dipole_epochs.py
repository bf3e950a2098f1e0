"""Single trials of a dipole as epochs: :class:`mne.EpochsArray` whose methods take channels of type dipole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import mne
import numpy as np
from numpy.typing import NDArray

from ._all_channels import refusing, savgol, taking_all
from ._spectra import of_dipole
from ._warn import warn
from .dipole import Dipole, check_dipoles
from .errors import ParameterError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DipoleEpochs", "read_dipole_epochs"]


@taking_all("apply_function", "apply_hilbert", "filter", "pick")
@refusing()
class DipoleEpochs(mne.EpochsArray):  # type: ignore[misc]
    """Dipole moments of single trials, as an :class:`mne.EpochsArray` with channels ``agg`` and one per layer.

    All methods of :class:`mne.Epochs` work, for all layers unless told otherwise: apply_baseline, average (which gives
    a :class:`~mne_hnn.Dipole`), filter, resample, crop, compute_psd, compute_tfr, subtract_evoked, save. Those that
    need sensors on a head say so.

    Parameters
    ----------
    dipoles : sequence of Dipole
        One per trial, with the same layers, times and scale. Provenance and scale are those of the first.

    Raises
    ------
    ParameterError
        There is none, or they are not alike.

    Notes
    -----
    :func:`mne.concatenate_epochs` and :func:`mne.read_epochs` return plain epochs: :meth:`from_epochs` and
    :func:`read_dipole_epochs` give the methods back.

    Examples
    --------
    >>> trials = DipoleEpochs(simulation.dipoles)
    >>> len(trials), trials.average().layers
    (2, ('agg', 'L2', 'L5'))
    """

    info: mne.Info
    _data: NDArray[np.float64]

    def __init__(self, dipoles: Sequence[Dipole]) -> None:
        listed = check_dipoles(dipoles)
        if averages := [str(dipole.nave) for dipole in listed if dipole.nave != 1]:
            warn(
                f"{len(averages)} of {len(listed)} dipoles are averages, of {', '.join(dict.fromkeys(averages))} "
                "trials: as epochs each counts as one trial; average_dipoles weighs them."
            )
        first = listed[0]
        data = np.array([dipole.data for dipole in listed])
        super().__init__(data, first.info.copy(), tmin=float(first.times[0]), baseline=None, verbose="error")
        self.shift_time(float(first.times[0]), relative=False)  # MNE rounds tmin to a multiple of the step

    @classmethod
    def from_epochs(cls, epochs: mne.BaseEpochs) -> Self:
        """Take over epochs with channels of type dipole, such as those of :func:`mne.concatenate_epochs`.

        Parameters
        ----------
        epochs : mne.BaseEpochs
            Left as they are.

        Returns
        -------
        epochs : DipoleEpochs
            With the same data, events, baseline and metadata.
        """
        if not isinstance(epochs, mne.BaseEpochs) or set(epochs.get_channel_types()) != {"dipole"}:
            raise ParameterError(
                "from_epochs needs mne.Epochs whose channels are all of type dipole, as the trials of a simulation."
            )
        loaded = epochs.copy().load_data()
        made: Self = mne.EpochsArray(
            loaded.get_data(copy=True),
            loaded.info.copy(),
            events=loaded.events.copy(),
            tmin=float(loaded.times[0]),
            event_id=dict(loaded.event_id),
            baseline=None,
            metadata=loaded.metadata,
            verbose="error",
        )
        made.shift_time(float(loaded.times[0]), relative=False)
        made.baseline = loaded.baseline
        made.__class__ = cls
        return made

    def apply_baseline(
        self, baseline: tuple[float | None, float | None] | None = (None, 0), *, verbose: Any = None
    ) -> Self:
        """Subtract the mean of a time window in place; as :meth:`mne.Epochs.apply_baseline`, from all layers."""
        super().apply_baseline(baseline, verbose=verbose)  # notes the window, and leaves channels of type dipole out
        if self.baseline is not None:
            mne.baseline.rescale(self._data, self.times, self.baseline, copy=False, verbose="error")
        return self

    def average(self, picks: Any = None, method: Any = "mean", by_event_type: bool = False) -> Any:
        """Average over trials; as :meth:`mne.Epochs.average`, of all layers by default.

        Returns
        -------
        average : Dipole | list of Dipole
            A list, with one per type of event, if `by_event_type`.
        """
        found = super().average(picks="all", method=method, by_event_type=by_event_type)
        if by_event_type:
            return [_pick(_as_dipole(evoked), picks) for evoked in found]
        found.comment = "average" if len(self) > 1 else found.comment
        return _pick(_as_dipole(found), picks)

    def standard_error(self, picks: Any = None, by_event_type: bool = False) -> Any:
        """Return the standard error over trials; as :meth:`mne.Epochs.standard_error`, of all layers by default."""
        found = super().standard_error(picks="all", by_event_type=by_event_type)
        if by_event_type:
            return [_pick(_as_dipole(evoked), picks) for evoked in found]
        return _pick(_as_dipole(found), picks)

    def iter_evoked(self, copy: bool = False) -> Iterator[Dipole]:
        """Yield the trials; as :meth:`mne.Epochs.iter_evoked`."""
        return map(_as_dipole, super().iter_evoked(copy=copy))

    def subtract_evoked(self, evoked: mne.Evoked | None = None) -> Self:
        """Subtract a response from every trial in place; as :meth:`mne.Epochs.subtract_evoked`, from all layers.

        Parameters
        ----------
        evoked : Dipole | mne.Evoked | None
            With the same layers and times; None is the average.

        Returns
        -------
        self : DipoleEpochs
            The epochs themselves, changed in place.
        """
        other = self.average() if evoked is None else evoked
        if not isinstance(other, mne.Evoked):
            raise ParameterError(f"subtract_evoked needs a Dipole or None, got {type(other).__name__}.")
        if other.ch_names != self.ch_names:
            raise ParameterError(
                f"The epochs have layers {', '.join(self.ch_names)}, and what is to be subtracted "
                f"{', '.join(other.ch_names)}: pick the same."
            )
        if len(other.times) != len(self.times) or np.abs(other.times - self.times).max() > 1e-6:
            raise ParameterError(
                f"The epochs last from {self.times[0]:g} to {self.times[-1]:g} s ({len(self.times)} samples), and what "
                f"is to be subtracted from {other.times[0]:g} to {other.times[-1]:g} s ({len(other.times)}): crop and "
                "resample them to the same."
            )
        self._data -= other.data
        return self

    def savgol_filter(self, h_freq: float, verbose: Any = None) -> Self:
        """Smooth in place by local fits of degree 5; as :meth:`mne_hnn.Dipole.savgol_filter`."""
        self._data[:] = savgol(np.asarray(self._data), self.info["sfreq"], h_freq)
        return self

    def compute_psd(self, *arguments: Any, picks: Any = None, **options: Any) -> Any:
        """Return the spectra; as :meth:`mne.Epochs.compute_psd`, for all layers unless told otherwise."""
        picks = "all" if picks is None else picks
        return of_dipole(self.to_plain().compute_psd(*arguments, picks=picks, **options))

    def compute_tfr(self, *arguments: Any, picks: Any = None, **options: Any) -> Any:
        """Return power over time; as :meth:`mne.Epochs.compute_tfr`, for all layers unless told otherwise."""
        picks = "all" if picks is None else picks
        return of_dipole(self.to_plain().compute_tfr(*arguments, picks=picks, **options))

    def to_plain(self) -> mne.EpochsArray:
        """Return a plain :class:`mne.EpochsArray` with the same contents, for functions that insist on one."""
        plain = self.copy()
        plain.__class__ = mne.EpochsArray
        return plain

    def plot(self, picks: Any = None, scalings: Any = None, **options: Any) -> Any:
        """Browse the trials; as :meth:`mne.Epochs.plot`, scaled to the largest moment unless told otherwise."""
        largest = float(np.abs(self._data).max(initial=0.0)) or None
        scalings = {"dipole": largest} if scalings is None and largest else scalings
        return super().plot(picks="all" if picks is None else picks, scalings=scalings, **options)

    def plot_image(self, *_arguments: Any, **_options: Any) -> Any:
        """Refuse: :meth:`mne.Epochs.plot_image` knows sensors only."""
        raise ParameterError(
            "plot_image knows sensors only: mne_hnn.viz.plot_dipole(epochs.dipoles) draws single trials over their "
            "average, and plot() browses them."
        )

    def plot_psd(
        self,
        fmin: float = 1.0,
        fmax: float = 100.0,
        tmin: float | None = None,
        tmax: float | None = None,
        picks: str | Sequence[str] | None = None,
        **options: Any,
    ) -> Figure:
        """Plot the spectra of the trials and their average; see :func:`mne_hnn.viz.plot_psd`.

        Takes the place of :meth:`mne.Epochs.plot_psd`; the first five arguments are the same, `picks` being another
        name of `layer`.
        """
        from .viz import plot_psd

        layer = options.pop("layer", "agg") if picks is None else picks
        return plot_psd(self.dipoles, fmin=fmin, fmax=fmax, tmin=tmin, tmax=tmax, layer=layer, **options)

    @property
    def dipoles(self) -> tuple[Dipole, ...]:
        """The trials as dipoles: copies."""
        return tuple(self.iter_evoked())

    def anonymize(self, *arguments: Any, **options: Any) -> Self:
        """Anonymise in place; as :meth:`mne.Epochs.anonymize`. Drops the provenance, keeps the scale."""
        known = self.average().copy().anonymize(*arguments, **options)
        with self.info._unlock():
            self.info = known.info
        return self

    def set_meas_date(self, meas_date: Any) -> Self:
        """Set the date of measurement in place; as :meth:`mne.Epochs.set_meas_date`."""
        self.info.set_meas_date(meas_date)  # that of epochs fails where there are no annotations
        return self

    def save(self, fname: str | Path, split_size: str = "2GB", fmt: str = "double", **options: Any) -> Any:
        """Save to a FIF file (``*-epo.fif``); as :meth:`mne.Epochs.save`, in double precision by default."""
        return super().save(fname, split_size, fmt, **options)

    def __repr__(self) -> str:
        return str(super().__repr__()).replace("<EpochsArray", "<DipoleEpochs", 1)


def _as_dipole(evoked: mne.Evoked) -> Dipole:
    """Turn an average that MNE has made of these epochs into a dipole, which holds nothing else."""
    evoked.__class__ = Dipole
    dipole: Dipole = evoked
    return dipole


def _pick(dipole: Dipole, picks: Any) -> Dipole:
    return dipole if picks is None else dipole.pick(picks)


def read_dipole_epochs(fname: str | Path) -> DipoleEpochs:
    """Read trials that were written with :meth:`DipoleEpochs.save`.

    Parameters
    ----------
    fname : path-like
        A FIF file (``*-epo.fif``).

    Returns
    -------
    epochs : DipoleEpochs
        The trials.

    Raises
    ------
    ParameterError
        The file is not there, or holds no epochs of dipoles.

    Examples
    --------
    >>> paths = simulation.to_epochs().save("trials-epo.fif")
    >>> len(read_dipole_epochs("trials-epo.fif")) == simulation.n_trials
    True
    """
    path = Path(fname)
    if not path.exists():
        raise ParameterError(f"There is no file {path}: check the path.")
    try:
        epochs = mne.read_epochs(path, proj=False, verbose="error")
    except Exception as error:
        raise ParameterError(f"{path} holds no epochs that MNE can read: {error}") from error
    return DipoleEpochs.from_epochs(epochs)
