"""Where the column is: how probable each disc of a label is, as a map on the cortex and as an area."""

from __future__ import annotations

from dataclasses import dataclass

import mne
import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from .._checks import check_probability
from .._types import FloatArray
from ..errors import DataError
from ..fit.evidence import DECISIVE
from ..source.discs import discs_of
from ..source.hemispheres import HEMISPHERES
from .question import Question
from .waveform_likelihood import Columns

__all__ = ["PlacePosterior", "locate"]

MOST_DRAWS = 60
"""Draws of the posterior that discs are compared with."""
GRAIN = 8
"""Discs are screened with the mean of the draws, and those are compared in full that could have one part in e^12."""
SCREEN = 12.0
FACTORS = np.array([0.5, 1.0, 2.0, 4.0])
"""Errors of fields that are tried, over the median of what is expected."""
LOG_FACTORS = -0.5 * np.log2(FACTORS) ** 2 - np.log(np.exp(-0.5 * np.log2(FACTORS) ** 2).sum())
"""Logarithm of the probability of each: log-normal with a factor of two."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacePosterior:
    """How probable it is that the column is in each disc of a label.

    Every source of the label is as probable a centre as its area is large, and every radius as probable as any other,
    before the response is seen.

    Attributes
    ----------
    label : str
        Name of the label.
    hemi : str
        ``'lh'`` or ``'rh'``.
    sources : array, shape (n_sources,)
        Vertices of the label that are sources.
    areas_mm2 : array, shape (n_sources,)
        Area of each, mm².
    centre : array of int, shape (n_discs,)
        Which source is the centre of each disc.
    radius_mm : array, shape (n_discs,)
        Radius of each disc, mm.
    members : array of bool, shape (n_discs, n_sources)
        Sources that are in each disc.
    probability : array, shape (n_discs,)
        Of each disc; together 1.
    log_evidence : float
        Natural logarithm of the evidence of the label, over that of the place that was explained.
    disc_mm2 : array, shape (n_discs,)
        Area of each disc.

    Examples
    --------
    >>> place = drawn_at_sensors.place
    >>> place.hemi, round(float(place.probability.sum()), 6)
    ('rh', 1.0)
    """

    label: str
    hemi: str
    sources: NDArray[np.int64]
    areas_mm2: FloatArray
    centre: NDArray[np.int64]
    radius_mm: FloatArray
    members: NDArray[np.bool_]
    probability: FloatArray
    log_evidence: float
    disc_mm2: FloatArray

    @property
    def of_centre(self) -> FloatArray:
        """Probability that a source is the centre, shape (n_sources,)."""
        found = np.zeros(len(self.sources))
        np.add.at(found, self.centre, self.probability)
        return found

    @property
    def of_source(self) -> FloatArray:
        """Probability that a source is part of the patch, shape (n_sources,)."""
        return np.asarray(self.probability @ self.members)

    @property
    def of_radius(self) -> dict[float, float]:
        """Probability of each radius, mm."""
        return {float(r): float(self.probability[self.radius_mm == r].sum()) for r in np.unique(self.radius_mm)}

    @property
    def best(self) -> int:
        """Number of the most probable disc."""
        return int(self.probability.argmax())

    def region(self, share: float = 0.9) -> NDArray[np.int64]:
        """Return the fewest sources that hold the centre with a probability: vertices, the most probable first."""
        check_probability(share, "share")
        order = np.argsort(-self.of_centre, kind="stable")
        held = np.cumsum(self.of_centre[order])
        n = min(int(np.searchsorted(held, share - 1e-12)) + 1, len(order))
        return np.asarray(self.sources[order[:n]])

    def area_mm2(self, share: float = 0.9) -> float:
        """Return the area of :meth:`region`, mm²: how far the response leaves open where the centre is."""
        return float(self.areas_mm2[np.isin(self.sources, self.region(share))].sum())

    def patch_mm2(self) -> tuple[float, float, float]:
        """Return the 5, 50 and 95 % points of the area of the patch, mm²."""
        order = np.argsort(self.disc_mm2, kind="stable")
        held = np.cumsum(self.probability[order])
        at = [min(int(np.searchsorted(held, share)), len(order) - 1) for share in (0.05, 0.5, 0.95)]
        low, middle, high = self.disc_mm2[order[at]].tolist()
        return low, middle, high

    def source_estimate(self, subject: str | None = None) -> mne.SourceEstimate:
        """Return the probability that each source is part of the patch, on the cortex.

        Parameters
        ----------
        subject : str | None
            Name of the subject.

        Returns
        -------
        stc : mne.SourceEstimate
            One time; the sources of the label.
        """
        vertices = [self.sources if hemi == self.hemi else np.array([], int) for hemi in HEMISPHERES]
        return mne.SourceEstimate(self.of_source[:, np.newaxis], vertices, tmin=0.0, tstep=1.0, subject=subject)

    def __repr__(self) -> str:
        return (
            f"<PlacePosterior | {self.label}, {len(self.probability)} discs; 90 % of the centre in "
            f"{self.area_mm2():.0f} mm\N{SUPERSCRIPT TWO} of {self.areas_mm2.sum():.0f}>"
        )


def locate(question: Question, moments: FloatArray, unknown: FloatArray | None) -> PlacePosterior:
    """Return how probable each disc of the label that is searched is.

    The evidence of a disc, over that of the place that was explained, is the mean ratio of their likelihoods over the
    posterior of the circuit there (importance sampling), so that places whose courses are alike are compared well, and
    places whose courses differ only as far as one of the draws explains them.

    Parameters
    ----------
    question : Question
        With sensors and a label to be searched.
    moments : array, shape (n, n_times)
        Draws of the posterior: moments of one column, A m.
    unknown : array, shape (n_times, n_times) | None
        As in :meth:`Question.likelihood`.

    Raises
    ------
    DataError
        No disc is more probable than noise.
    """
    scene, sensors = question.scene, question.sensors
    assert scene is not None
    assert sensors is not None
    assert sensors.search is not None
    discs = discs_of(sensors.search, sensors.forward, question.settings.radii_mm)
    here = question.likelihood(unknown).log_likelihood(moments)
    fields = discs.fields(scene.gain)
    some = np.linspace(0, len(moments) - 1, min(GRAIN, len(moments))).astype(int)
    columns = [question.columns_in(float(area)) for area in discs.disc_mm2]  # a small disc holds few cells
    rough = np.array(
        [
            _log_mean(question, one, moments[some], here[some], unknown=unknown, columns=held)
            for one, held in zip(fields.T, columns, strict=True)
        ]
    )
    near = rough > rough.max() - SCREEN
    logs = rough.copy()
    for k in np.flatnonzero(near):
        logs[k] = _log_mean(question, fields[:, k], moments, here, unknown=unknown, columns=columns[k])
    prior = np.log(discs.areas_mm2[discs.centre] / discs.areas_mm2.sum() / len(question.settings.radii_mm))
    total = float(logsumexp(logs + prior))
    null = question.likelihood(unknown).null() - float(here.mean())
    if total < null + DECISIVE:
        raise DataError(
            f"There is no evidence for label {sensors.search.name!r}: none of its {len(discs)} discs explains the "
            "response better than noise alone. Take a label near the response."
        )
    return PlacePosterior(
        label=str(sensors.search.name),
        hemi=str(sensors.search.hemi),
        sources=discs.sources,
        areas_mm2=discs.areas_mm2,
        centre=discs.centre,
        radius_mm=discs.radius_mm,
        members=discs.members,
        probability=np.exp(logs + prior - total),
        log_evidence=total,
        disc_mm2=discs.disc_mm2,
    )


def _log_mean(
    question: Question,
    field: FloatArray,
    moments: FloatArray,
    here: FloatArray,
    *,
    unknown: FloatArray | None,
    columns: Columns,
) -> float:
    """Return the logarithm of the mean ratio of the likelihood of a place to that of the one that was explained.

    How far its field is off is integrated out: most fields are off by little, and some by much.
    """
    scene = question.scene
    assert scene is not None
    sizes = [(1.0, 0.0)] if scene.errors is None else list(zip(FACTORS.tolist(), LOG_FACTORS.tolist(), strict=True))
    found = []
    for factor, log in sizes:
        reduced = scene.reduced(field, factor)
        course = question.course(reduced.moment, reduced.noise, unknown, sign=question.outward, columns=columns)
        found.append(course.log_likelihood(moments) + reduced.rest + log)
    return float(logsumexp(logsumexp(found, axis=0) - here) - np.log(len(here)))


def thinned(moments: FloatArray) -> FloatArray:
    """Return so many of the draws as places are compared with."""
    return np.asarray(moments[np.linspace(0, len(moments) - 1, min(MOST_DRAWS, len(moments))).astype(int)])
