"""The current dipole: what simulations give, sources are turned into, and fits compare."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import mne
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._checks import check_finite, check_name, check_positive
from ._layers import AllLayers
from ._peer_names import DIPOLE, no_attribute
from ._smoothing import smoothed_rows
from ._times import sampling
from ._units import FAM, MS, NAM
from ._warn import warn
from .errors import ParameterError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .dipole_epochs import DipoleEpochs

__all__ = ["Dipole", "average_dipoles", "check_dipoles", "read_dipole", "to_epochs"]

AGGREGATE = "agg"
SLOWEST_Hz = 20.0


class Dipole(AllLayers):
    """Current dipole moment over time, normal to the cortex, as an :class:`mne.EvokedArray`.

    Channels are the aggregate ``agg`` and, for simulations, one per cortical layer; their type is ``dipole``, their
    unit A m. Positive is current from deep to superficial layers. All methods of :class:`mne.Evoked` work: crop,
    filter, resample, plot, compute_psd, save.

    Parameters
    ----------
    data : array-like, shape (n_channels, n_times)
        Dipole moment in A m.
    times : array-like, shape (n_times,)
        Evenly spaced times in s, perhaps rounded to 0.1 ms as in MNE's text files; None if `sfreq`, `tmin` are given.
    layers : sequence of str
        Channel names; the first must be ``agg``.
    comment : str
        Name, shown in plots.
    nave : int
        Number of averaged trials.
    provenance : mapping | None
        Where the dipole comes from, as JSON-able values: for a target ``subject``, ``label``, ``method``, ``mode``,
        ``polarity``, ``n_vertices``, ``area_mm2``, ``normal`` and ``pos``.
    scale_applied : float
        The product of all factors the moment was multiplied with.
    sfreq, tmin : float
        Sampling frequency in Hz and first time in s, instead of `times`.

    Raises
    ------
    ParameterError
        Shape, times, layers or values are wrong.

    Examples
    --------
    >>> Dipole([0.0, 2e-8, 0.0], [0.0, 0.001, 0.002], ("agg",))["agg"]  # A m, s
    array([0.e+00, 2.e-08, 0.e+00])
    """

    def __init__(
        self,
        data: ArrayLike,
        times: ArrayLike | None = None,
        layers: Sequence[str] = (AGGREGATE, "L2", "L5"),
        *,
        comment: str = "dipole",
        nave: int = 1,
        provenance: Mapping[str, Any] | None = None,
        scale_applied: float = 1.0,
        sfreq: float | None = None,
        tmin: float = 0.0,
    ) -> None:
        values = np.array(data, dtype=float, ndmin=2)
        if (times is None) == (sfreq is None):
            raise ParameterError("Give either times or sfreq (and tmin): exactly one of both.")
        if times is not None:
            tmin, sfreq = sampling(np.asarray(times, dtype=float))
        tmin, sfreq = check_finite(tmin, "tmin"), check_positive(sfreq, "sfreq")
        if sfreq < SLOWEST_Hz:
            warn(
                f"The dipole has {sfreq:g} samples per second, too few for any course: "
                f"{'were times given in ms (they are in s)' if times is not None else 'was sfreq given in kHz'}?"
            )
        names = tuple(layers)
        if not names or names[0] != AGGREGATE or len(set(names)) != len(names):
            raise ParameterError(f"layers must be distinct names that begin with 'agg', got {names}.")
        shape = (len(names), values.shape[-1] if times is None else np.size(times))
        if values.shape != shape:
            raise ParameterError(f"data must have shape {shape}, one row per layer {names}, got {values.shape}.")
        if not np.isfinite(values).all():
            raise ParameterError("data must be finite, got NaN or infinity: remove or interpolate those samples.")
        info = mne.create_info(list(names), sfreq, ["dipole"] * len(names), verbose="error")
        super().__init__(values, info, tmin=tmin, comment=comment, nave=nave, kind="average", verbose="error")
        if abs(self.times[0] - tmin) > 1e-9:
            self.shift_time(tmin, relative=False)  # MNE rounds tmin to a multiple of the step
        self._describe(scale_applied=check_finite(scale_applied, "scale_applied"), provenance=dict(provenance or {}))

    @classmethod
    def from_fAm(cls, times_ms: ArrayLike, moments: Mapping[str, ArrayLike], **options: Any) -> Self:
        """Make a dipole from moments per layer in fA m at times in ms, the units of simulators.

        Parameters
        ----------
        times_ms : array-like, shape (n_times,)
            Times in ms.
        moments : mapping of str to array-like, shape (n_times,)
            One row per layer, ``agg`` among them.
        **options
            Further arguments of :class:`Dipole`.
        """
        return cls._from_units(times_ms, moments, FAM, **options)

    @classmethod
    def from_nAm(cls, times_ms: ArrayLike, moments: Mapping[str, ArrayLike], **options: Any) -> Self:
        """Make a dipole from moments per layer in nA m at times in ms; see :meth:`from_fAm`."""
        return cls._from_units(times_ms, moments, NAM, **options)

    @classmethod
    def _from_units(cls, times_ms: ArrayLike, moments: Mapping[str, ArrayLike], unit: float, **options: Any) -> Self:
        if not isinstance(moments, Mapping):
            raise ParameterError(
                "moments must map layers to rows, such as {'agg': ..., 'L2': ..., 'L5': ...}, after times_ms, got "
                f"{type(moments).__name__}."
            )
        if AGGREGATE not in moments:
            raise ParameterError(f"moments must hold 'agg', got {', '.join(moments) or 'nothing'}.")
        names = [AGGREGATE, *(name for name in moments if name != AGGREGATE)]
        data = np.array([np.asarray(moments[name], dtype=float) * unit for name in names])
        return cls(data, np.asarray(times_ms, dtype=float) * MS, names, **options)

    # what a dipole knows of itself: kept in the measurement info, so that MNE's methods and files carry it along

    def _description(self) -> dict[str, Any]:
        text = self.info.get("description") or "{}"
        try:
            described = json.loads(text)
        except ValueError:  # text that somebody else wrote there
            described = None
        return described if isinstance(described, dict) else {"text": text}

    def _describe(self, **entries: Any) -> None:
        try:
            text = json.dumps({**self._description(), **entries}, default=_plain, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ParameterError(f"provenance must hold plain values that JSON can keep: {error}.") from error
        self.info["description"] = text

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the dipole comes from."""
        return dict(self._description().get("provenance", {}))

    @property
    def scale_applied(self) -> float:
        """The product of all factors the moment was multiplied with by :meth:`scale`."""
        return float(self._description().get("scale_applied", 1.0))

    @property
    def layers(self) -> tuple[str, ...]:
        """Channel names: ``agg`` and the layers."""
        return tuple(self.ch_names)

    def __getitem__(self, layer: str) -> NDArray[np.float64]:
        """Return the moment of one layer in A m, shape (n_times,)."""
        row = self.ch_names.index(check_name(layer, self.ch_names, "layer"))
        return np.asarray(self.data[row])

    def __repr__(self) -> str:
        return str(super().__repr__()).replace("<Evoked", "<Dipole", 1)

    def __getattr__(self, name: str) -> Any:
        # only for names that are not there; copy and pickle ask for some
        kind: Any = type(self)
        raise AttributeError(_absent(kind, name))

    def anonymize(self, *arguments: Any, **options: Any) -> Self:
        """Anonymise in place; as :meth:`mne.Evoked.anonymize`. Drops the provenance, keeps the scale."""
        scale = self.scale_applied
        super().anonymize(*arguments, **options)
        self.info["description"] = None
        self._describe(scale_applied=scale)
        return self

    def save(self, fname: str | Path, *, overwrite: bool = False, verbose: Any = None) -> None:
        """Save to a FIF file (``*-ave.fif``) for :func:`read_dipole`; as :meth:`mne.Evoked.save`."""
        kept = self.copy()
        # FIF has single precision only
        kept._describe(sfreq=float(self.info["sfreq"]), tmin=float(self.times[0]))
        super(Dipole, kept).save(fname, overwrite=overwrite, verbose=verbose)

    def plot(
        self, layers: str | Sequence[str] | None = None, *, axes: Any = None, show: bool = True, **options: Any
    ) -> Figure:
        """Plot the layers over time; see :func:`mne_hnn.viz.plot_dipole`."""
        from .viz import plot_dipole

        return plot_dipole(self, layers=layers, axes=axes, show=show, **options)

    def plot_psd(
        self,
        fmin: float = 1.0,
        fmax: float = 100.0,
        tmin: float | None = None,
        tmax: float | None = None,
        picks: str | Sequence[str] | None = None,
        *,
        layer: str = AGGREGATE,
        axes: Any = None,
        show: bool = True,
        **options: Any,
    ) -> Figure:
        """Plot the power spectrum of a layer; see :func:`mne_hnn.viz.plot_psd`.

        Takes the place of :meth:`mne.Evoked.plot_psd`, which finds no data channels in a dipole; the first five
        arguments are the same, `picks` being another name of `layer`.
        """
        from .viz import plot_psd

        options |= {"fmin": fmin, "fmax": fmax, "tmin": tmin, "tmax": tmax}
        return plot_psd(self, layer=picks or layer, axes=axes, show=show, **options)

    def plot_tfr(
        self,
        freqs: ArrayLike | None = None,
        *,
        layer: str = AGGREGATE,
        axes: Any = None,
        show: bool = True,
        **options: Any,
    ) -> Figure:
        """Plot power over time and frequency; see :func:`mne_hnn.viz.plot_tfr`."""
        from .viz import plot_tfr

        return plot_tfr(self, freqs=freqs, layer=layer, axes=axes, show=show, **options)

    # changes, in place like those of mne.Evoked ----------------------------------------------------------

    def scale(self, factor: float) -> Self:
        """Multiply the moment, for example by the number of columns that act together.

        Parameters
        ----------
        factor : float
            The factor; :attr:`scale_applied` keeps the product of all of them.

        Returns
        -------
        self : Dipole
            The dipole itself, changed in place.
        """
        factor = check_finite(factor, "factor")
        self.data = self.data * factor
        self._describe(scale_applied=self.scale_applied * factor)
        return self

    def smooth(self, window_ms: float, *, edges: str = "normalised") -> Self:
        """Smooth with a Hamming window.

        Parameters
        ----------
        window_ms : float
            Length of the window, ms: at least 1 ms and two samples, at most the length of the record.
        edges : str
            ``'normalised'`` weighs only the samples that exist, so that a constant stays constant up to both ends.
            ``'zero'`` takes the samples beyond the ends as zero, as the published software does: both ends sag to
            about half.

        Returns
        -------
        self : Dipole
            The dipole itself, changed in place.
        """
        self.data = smoothed_rows(self.data, self.info["sfreq"], window_ms, edges)
        return self

    def subtract(self, other: Dipole) -> Self:
        """Subtract another dipole with the same layers and times, for example an undriven baseline.

        Returns
        -------
        self : Dipole
            The dipole itself, changed in place.
        """
        check_dipoles([self, other])
        self.data = self.data - other.data
        return self

    def to_mne_dipole(self, pos: ArrayLike, ori: ArrayLike) -> mne.Dipole:
        """Return the aggregate as an :class:`mne.Dipole` at one place.

        Parameters
        ----------
        pos : array-like, shape (3,)
            Position in m, in head coordinates.
        ori : array-like, shape (3,)
            Direction of positive current; it is normalised.

        Returns
        -------
        dipole : mne.Dipole
            One position, orientation and amplitude per time. Amplitudes may be negative; goodness of fit is 100.
        """
        place, direction = np.asarray(pos, dtype=float), np.asarray(ori, dtype=float)
        if place.shape != (3,) or direction.shape != (3,) or not np.isfinite([place, direction]).all():
            raise ParameterError(f"pos and ori must be three finite numbers each, got {pos!r} and {ori!r}.")
        length = np.linalg.norm(direction)
        if length == 0:
            raise ParameterError("ori must have a direction, got zeros.")
        n = len(self.times)
        return mne.Dipole(
            times=self.times.copy(),
            pos=np.tile(place, (n, 1)),
            amplitude=self[AGGREGATE].copy(),
            ori=np.tile(direction / length, (n, 1)),
            gof=np.full(n, 100.0),
            name=self.comment,
        )


@lru_cache(maxsize=256)
def _absent(kind: Any, name: str) -> str:
    """Return the sentence about an attribute that is not there; MNE's methods ask for the same few each time."""
    return str(no_attribute("A dipole", name, DIPOLE, dir(kind)))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not a plain value")


def _times_text(dipole: Dipole, same_rate: bool) -> str:
    rate = "" if same_rate else f" at {dipole.info['sfreq']:g} Hz"
    return f"{dipole.times[0]:g} to {dipole.times[-1]:g} s{rate}"


def _check_alike(dipoles: Sequence[Dipole]) -> None:
    first = dipoles[0]
    for other in dipoles[1:]:
        if other.layers != first.layers:
            raise ParameterError(f"The dipoles have different layers, {first.layers} and {other.layers}.")
        if len(other.times) != len(first.times) or np.abs(other.times - first.times).max() > 1e-6:
            same_rate = bool(np.isclose(first.info["sfreq"], other.info["sfreq"]))
            raise ParameterError(
                f"The dipoles have different times ({_times_text(first, same_rate)} and "
                f"{_times_text(other, same_rate)}): crop and resample them to the same."
            )
        if not np.isclose(other.scale_applied, first.scale_applied):
            raise ParameterError(
                f"The dipoles are scaled by different factors, {first.scale_applied:g} and {other.scale_applied:g}."
            )


def check_dipoles(dipoles: Sequence[Dipole]) -> list[Dipole]:
    """Return dipoles as a list, checked to be some, and alike."""
    listed = list(dipoles)
    if not listed or not all(isinstance(dipole, Dipole) for dipole in listed):
        raise ParameterError("At least one Dipole is needed, and nothing but Dipoles.")
    _check_alike(listed)
    return listed


def average_dipoles(dipoles: Sequence[Dipole]) -> Dipole:
    """Return the average of dipoles, each weighted with the number of trials it stands for.

    Parameters
    ----------
    dipoles : sequence of Dipole
        With the same layers, times and scale.

    Returns
    -------
    average : Dipole
        With ``nave`` the sum of theirs.

    Examples
    --------
    >>> average = average_dipoles(simulation.dipoles)
    >>> average.nave == simulation.n_trials
    True
    """
    listed = check_dipoles(dipoles)
    weights = np.array([dipole.nave for dipole in listed], dtype=float)
    average: Dipole = listed[0].copy()
    average.data = np.tensordot(weights / weights.sum(), [dipole.data for dipole in listed], axes=1)
    average.nave = int(weights.sum())
    average.comment = "average" if len(listed) > 1 else listed[0].comment
    return average


def to_epochs(dipoles: Sequence[Dipole]) -> DipoleEpochs:
    """Return single-trial dipoles as epochs with the same channels and times; see :class:`mne_hnn.DipoleEpochs`."""
    from .dipole_epochs import DipoleEpochs

    return DipoleEpochs(dipoles)


def read_dipole(fname: str | Path) -> Dipole:
    """Read a dipole that was written with its ``save`` method.

    Parameters
    ----------
    fname : path-like
        A FIF file (``*-ave.fif``).

    Returns
    -------
    dipole : Dipole
        With provenance and scale as they were saved; moments in single precision, as FIF keeps them.

    Examples
    --------
    >>> target.save("target-ave.fif")
    >>> read_dipole("target-ave.fif").layers
    ('agg',)
    """
    path = Path(fname)
    if not path.exists():
        raise ParameterError(f"There is no file {path}: check the path.")
    try:
        evoked = mne.read_evokeds(path, condition=0, verbose="error")
    except Exception as error:
        raise ParameterError(f"{path} holds no evoked data that MNE can read: {error}") from error
    if set(evoked.get_channel_types()) != {"dipole"} or AGGREGATE not in evoked.ch_names:
        raise ParameterError(f"{path} holds sensor data, not a dipole saved by mne_hnn.")
    sampling = np.array([evoked.info["sfreq"], evoked.times[0]], dtype=float)
    plain = {"comment": evoked.comment, "nave": evoked.nave}
    dipole = Dipole(evoked.data, None, evoked.ch_names, sfreq=sampling[0], tmin=sampling[1], **plain)
    dipole.info["description"] = evoked.info["description"]
    noted = np.array([dipole._description().get(name, np.nan) for name in ("sfreq", "tmin")], dtype=float)
    # FIF rounds to single precision; what other software changed since counts more than what was noted
    if np.allclose(noted, sampling, rtol=1e-6, atol=1e-6):
        dipole = Dipole(evoked.data, None, evoked.ch_names, sfreq=noted[0], tmin=noted[1], **plain)
        dipole.info["description"] = evoked.info["description"]
    dipole.baseline = evoked.baseline
    return dipole
