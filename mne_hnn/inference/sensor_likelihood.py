"""How probable a response at the sensors is if a patch of cortex made it, with what else is active integrated out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import mne
import numpy as np
from scipy.linalg import cholesky, solve_triangular

from .._checks import check_non_negative, check_positive
from .._types import FloatArray
from .._units import MS, NAM
from ..errors import DataError, ParameterError
from ..fit.atoms import IntArray
from ..source.agreement import check_average, compare_positions
from ..source.label import check_label_object
from ..source.others import check_other_labels
from ..source.patch import Patch, label_patch, open_forward, patch_field
from ..source.whitening import whiten

__all__ = ["Reduced", "SensorLikelihood", "Sensors", "reduce_to_course", "temporal_noise"]

GRID_MS = 2.0
"""Responses are compared at steps of about this length: what is smoothed has nothing faster."""
OTHERS_nAm = 50.0
"""Standard deviation of the moments of other labels at one time: as large as moments of evoked responses are (10 to
50 nA m; Hari and Forss 1999, https://doi.org/10.1098/rstb.1999.0470)."""
NEAR_mm, FEWEST_NEAR = 30.0, 30
"""Errors of a field look like fields of sources so far around the place, and of so many at least. A choice of this
package."""
ERRORS = 0.999
"""Share of their variance that is kept."""
NO_BASELINE = 1.0
"""Variance of the offset of a response without baseline correction, in units of that of its noise at one time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensors:
    """A response at the sensors, and where it may come from.

    Parameters
    ----------
    evoked : mne.Evoked
        The response; its `nave` says how many epochs were averaged.
    forward : mne.Forward | path-like
        The forward solution.
    place : Patch | mne.Label
        Where the column is; a label is taken as a whole.
    noise_cov : mne.Covariance | None
        Of single epochs; None assumes MNE's default noise per channel type.
    other_labels : sequence of mne.Label
        What is active, too.
    search : mne.Label | None
        Where else the column could be: discs of this label are compared. None looks nowhere else.
    field_error : float
        How far computed fields are off, relative to their size: heads are no three shells, and are not where they seem
        to be to the millimetre. It counts as a field of sources around the place that follows the moment, so that it
        is as large in directions in which places nearby differ as these differ; with 0 a place is as sure as if its
        field were known exactly. Where places are compared the size is learned: this is the median of what is expected
        of it, a log-normal distribution with a factor of two. The default is about what fields of discs on the full
        surface differ by from those of the nearest ones on 8,196 sources.

    Examples
    --------
    >>> sensors = Sensors(evoked=evoked, forward=forward, place=patch, noise_cov=noise_cov, search=label)
    >>> sensors.patch.hemi, sensors.field_error
    ('rh', 0.1)
    """

    evoked: mne.Evoked
    forward: Any
    place: Patch | mne.Label
    noise_cov: mne.Covariance | None = None
    other_labels: Sequence[mne.Label] = ()
    search: mne.Label | None = None
    field_error: float = 0.1
    patch: Patch = field(init=False)

    def __post_init__(self) -> None:
        check_average(self.evoked)
        check_non_negative(self.field_error, "field_error")
        object.__setattr__(self, "forward", open_forward(self.forward))
        compare_positions(self.forward["info"], self.evoked.info, "the forward solution")
        object.__setattr__(self, "other_labels", check_other_labels(self.other_labels))
        if self.search is not None:
            check_label_object(self.search, "search")
        place = self.place
        patch = place if isinstance(place, Patch) else label_patch(check_label_object(place, "place"), self.forward)
        object.__setattr__(self, "patch", patch)

    def times(self, first: float, last: float) -> tuple[IntArray, FloatArray]:
        """Return samples of a window (s) at steps of about 2 ms: which, and when, ms."""
        times = self.evoked.times
        half = 0.5 / self.evoked.info["sfreq"]
        inside = np.flatnonzero((times >= first - half) & (times <= last + half))
        every = max(1, round(GRID_MS * MS * self.evoked.info["sfreq"]))
        chosen = inside[::every]
        if len(chosen) < 4:
            raise DataError(
                f"The response, {times[0]:g} to {times[-1]:g} s, has {len(inside)} samples in the window that was "
                f"explained, {first:g} to {last:g} s: take the response that the target was made of."
            )
        return chosen, times[chosen] / MS

    def whitened(self) -> tuple[FloatArray, FloatArray, int]:
        """Return the response, all fields of 1 A m, and the rank: noise of the average has unit variance."""
        found = whiten(self.evoked, self.forward, self.noise_cov)
        factor = np.sqrt(max(self.evoked.nave, 1))
        return factor * found.data, factor * found.gain, found.rank


def temporal_noise(evoked: mne.Evoked, times_ms: FloatArray, n_independent: float) -> FloatArray:
    """Return the covariance of whitened noise over time: white, as far as samples are independent, and an offset.

    Parameters
    ----------
    evoked : mne.Evoked
        Its baseline says how well the offset of each channel is known: it is the mean of the noise there.
    times_ms : array, shape (n_times,)
        Times that are compared, ms.
    n_independent : float
        How many independent samples they hold: variances are so much larger that squared deviations count these.

    Returns
    -------
    covariance : array, shape (n_times, n_times)
        In units of the variance of the noise at one time.
    """
    n = len(times_ms)
    white = max(n / check_positive(n_independent, "n_independent"), 1.0)
    offset = NO_BASELINE
    if evoked.baseline is not None:
        lasts = (evoked.baseline[1] - evoked.baseline[0]) / MS
        density = n_independent / float(np.ptp(times_ms))  # independent samples per ms
        offset = 1.0 / max(lasts * density, 1.0)
    return np.asarray(white * np.eye(n) + offset)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduced:
    """What a response at the sensors says of the course of one patch; nothing else depends on the course.

    Attributes
    ----------
    moment : array, shape (n_times,)
        The moment that fits best, A m.
    noise : array, shape (n_times, n_times)
        Covariance of its noise, (A m)².
    rest : float
        Logarithm of the density of what no current of the patch can give, so that the density of the response is that
        of the moment times its exponential.
    """

    moment: FloatArray
    noise: FloatArray
    rest: float


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldErrors:
    """How computed fields may be off: as a field of their own that follows a moment.

    Attributes
    ----------
    fields : array, shape (n_rows, n_errors)
        Whitened fields at 1 A m, each times its standard deviation.
    course : array, shape (n_times,)
        The moment that they follow, A m.
    """

    fields: FloatArray
    course: FloatArray


class _Space:
    """Sensors with noise of unit variance and Gaussian sources: solutions and determinant of their covariance."""

    def __init__(self, sources: FloatArray) -> None:
        inner = np.eye(sources.shape[1]) + sources.T @ sources
        self._sources, self._inverse = sources, np.linalg.inv(inner)
        self.log_det = float(np.linalg.slogdet(inner)[1])

    def solved(self, rows: FloatArray) -> FloatArray:
        """Return the inverse covariance times rows of sensors, shape as theirs."""
        return np.asarray(rows - self._sources @ (self._inverse @ (self._sources.T @ rows)))


def reduce_to_course(
    data: FloatArray,
    field_of_patch: FloatArray,
    temporal: FloatArray,
    *,
    rank: int,
    others: FloatArray | None = None,
    errors: FieldErrors | None = None,
) -> Reduced:
    """Split the density of whitened sensors into that of the patch's moment, and the rest.

    Noise has the same covariance over time at all whitened sensors, and so have the Gaussian moments of other sources,
    so that with the field g, the data Y and the spatial covariance C = 1 + H H' the moment is g'C⁻¹Y / g'C⁻¹g, as in
    generalised least squares, and is independent of all else. Errors of the field follow a course: along it, and only
    there, the spatial covariance is larger.

    Parameters
    ----------
    data : array, shape (n_rows, n_times)
        Whitened sensors: unit variance of the noise.
    field_of_patch : array, shape (n_rows,)
        Whitened field of the patch at 1 A m.
    temporal : array, shape (n_times, n_times)
        Covariance over time.
    rank : int
        Rows that hold noise.
    others : array, shape (n_rows, n_others) | None
        Whitened fields of other sources, each times the standard deviation of its moment.
    errors : FieldErrors | None
        How fields may be off; None takes them as exact.

    Raises
    ------
    DataError
        The sensors see nothing of the patch.
    """
    n_times = len(temporal)
    lower = cholesky(temporal, lower=True)
    white = solve_triangular(lower, data.T, lower=True).T
    sources = np.zeros((len(data), 0)) if others is None else others
    along = np.zeros(n_times) if errors is None else solve_triangular(lower, errors.course, lower=True)
    length = float(np.linalg.norm(along))
    # times without errors, and with them the one that is left: the direction of the course
    parts = [(white, n_times, _Space(sources))]
    axis = np.zeros(n_times)
    if errors is not None and length > 0:
        axis = along / length
        on = white @ axis
        wider = _Space(np.hstack([sources, length * errors.fields]))
        parts = [(white - np.outer(on, axis), n_times - 1, parts[0][2]), (on[:, np.newaxis], 1, wider)]
    moment, quadratic, log_det, powers = np.zeros(n_times), 0.0, 0.0, []
    for rows, n, space in parts:
        seen = space.solved(field_of_patch)
        power = float(field_of_patch @ seen)
        if not (np.isfinite(power) and power > 0):
            raise DataError("The sensors see nothing of the patch: its field is zero. Take another label.")
        found = seen @ rows / power
        moment += found if len(found) == n_times else found[0] * axis
        quadratic += float(np.sum(rows * space.solved(rows))) - power * float(found @ found)
        log_det += n * (space.log_det + np.log(power))
        powers.append(power)
    shape = lower @ axis
    known = 2 * float(np.log(np.diag(lower)).sum()) + n_times * np.log(2 * np.pi)
    return Reduced(
        moment=lower @ moment,
        noise=temporal / powers[0] + (1 / powers[-1] - 1 / powers[0]) * np.outer(shape, shape),
        rest=-0.5 * float((rank - 1) * known + log_det + quadratic),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class SensorLikelihood:
    """The probability of a response at the sensors, given the moment of one column in a patch.

    Attributes
    ----------
    course : WaveformLikelihood
        Of the moment that the sensors give the patch: all that depends on the column.
    rest : float
        Logarithm of the density of what no current of the patch can give: what places differ by.
    patch : Patch
        Where the column is.
    times_ms : array, shape (n_times,)
        Times that are compared, ms.
    n_rows : int
        Rank of the noise.
    residual : float
        Power of the response that the patch cannot give, over what is expected of noise.

    Examples
    --------
    >>> asked = drawn_at_sensors.asked
    >>> likelihood = asked.question.likelihood(asked.unknown)
    >>> likelihood.patch.hemi, len(likelihood.times_ms) == len(likelihood.course.wanted)
    ('rh', True)
    """

    course: Any
    rest: float
    patch: Patch
    times_ms: FloatArray
    n_rows: int
    residual: float

    def log_likelihood(self, moments: FloatArray) -> FloatArray:
        """Return the logarithm of the likelihood of moments of one column (A m), shape (n, n_times)."""
        return np.asarray(self.course.log_likelihood(moments) + self.rest)

    def null(self) -> float:
        """Return the logarithm of the density of the response if nothing comes from the patch."""
        return float(self.course.null() + self.rest)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """A whitened response in a window, ready to be reduced to the course of any place.

    Parameters
    ----------
    sensors : Sensors
        The response.
    first, last : float
        Window, s.
    n_independent : float
        Independent samples in it.
    """

    sensors: Sensors
    first: float
    last: float
    n_independent: float
    times_ms: FloatArray = field(init=False)
    data: FloatArray = field(init=False)
    gain: FloatArray = field(init=False)
    rank: int = field(init=False)
    temporal: FloatArray = field(init=False)
    others: FloatArray = field(init=False)
    errors: FieldErrors | None = field(init=False)

    def __post_init__(self) -> None:
        chosen, times_ms = self.sensors.times(self.first, self.last)
        data, gain, rank = self.sensors.whitened()
        temporal = temporal_noise(self.sensors.evoked, times_ms, self.n_independent)
        forward = self.sensors.forward
        patches = [label_patch(label, forward) for label in self.sensors.other_labels]
        size = OTHERS_nAm * NAM / np.sqrt(float(np.mean(np.diag(temporal))))
        fields = [size * patch_field(gain, patch, forward) for patch in patches]
        others = np.column_stack(fields) if fields else np.zeros((len(gain), 0))
        values = {"times_ms": times_ms, "data": data[:, chosen], "gain": gain, "rank": rank}
        for name, value in {**values, "temporal": temporal, "others": others}.items():
            object.__setattr__(self, name, value)
        # the same errors for all places, so that they are compared with the same noise
        object.__setattr__(self, "errors", self._errors())

    def _errors(self) -> FieldErrors | None:
        """Return how fields around the stated place may be off."""
        sensors = self.sensors
        if not sensors.field_error:
            return None
        seen = self.field_of(sensors.patch)
        apart = np.linalg.norm(sensors.forward["source_rr"] - sensors.patch.pos, axis=1) / MS
        near = apart <= max(NEAR_mm, float(np.sort(apart)[: min(FEWEST_NEAR, len(apart))][-1]))
        fields = self.gain[:, near] / np.maximum(np.linalg.norm(self.gain[:, near], axis=0), 1e-300)
        directions, singular, _ = np.linalg.svd(fields, full_matrices=False)
        share = np.cumsum(singular**2) / np.sum(singular**2)
        n = int(np.searchsorted(share, ERRORS)) + 1
        sizes = singular[:n] / np.linalg.norm(singular)
        size = sensors.field_error * float(np.linalg.norm(seen))
        exact = reduce_to_course(self.data, seen, self.temporal, rank=self.rank, others=self.others)
        return FieldErrors(fields=size * sizes * directions[:, :n], course=exact.moment)

    def field_of(self, patch: Patch) -> FloatArray:
        """Return the whitened field of a patch at 1 A m."""
        return patch_field(self.gain, patch, self.sensors.forward)

    def reduced(self, whitened_field: FloatArray, factor: float = 1.0, *, course: FloatArray | None = None) -> Reduced:
        """Return what the response says of the moment of a source with this field.

        Parameters
        ----------
        whitened_field : array, shape (n_rows,)
            At 1 A m.
        factor : float
            Errors of the field are so many times as large as they are expected.
        course : array, shape (n_times,) | None
            The moment that these errors follow, A m; None takes the one of the stated place that fits best.
        """
        errors = self.errors
        if errors is not None and course is not None:
            errors = replace(errors, course=course)
        if errors is not None and factor != 1.0:
            errors = replace(errors, fields=factor * errors.fields)
        return reduce_to_course(
            self.data, whitened_field, self.temporal, rank=self.rank, others=self.others, errors=errors
        )

    def left(self, whitened_field: FloatArray, moment: FloatArray) -> FloatArray:
        """Return what a source with this field and moment leaves of the response, shape as the response."""
        return self.data - np.outer(whitened_field, moment)

    def residual(self, reduced: Reduced, whitened_field: FloatArray) -> float:
        """Return the power that a source cannot give, over what is expected of the noise."""
        left = self.left(whitened_field, reduced.moment)
        if self.others.shape[1]:
            basis = np.linalg.qr(self.others)[0]
            left = left - basis @ (basis.T @ left)
        return float((left**2).sum() / max(self.rank - 1 - self.others.shape[1], 1) / len(self.times_ms))


def check_sensors(sensors: Any) -> Sensors | None:
    """Return sensors if they are some."""
    if sensors is not None and not isinstance(sensors, Sensors):
        raise ParameterError(
            f"sensors must be Sensors(evoked=..., forward=..., place=...), or None for the source waveform alone, got "
            f"{type(sensors).__name__}."
        )
    return sensors
