"""Whether a response is from where it was looked for: what a patch explains of it, and what any other place would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mne
import numpy as np
from numpy.typing import NDArray

from .._types import FloatArray
from .._units import MS
from .._warn import warn
from .latency import samples_around
from .patch import Patch, patch_columns
from .whitening import whiten

__all__ = ["Localisation", "explained_words", "localise", "warn_of_elsewhere"]

HALF_WIDTH_s = 0.005
LOW = 0.5
"""A patch that explains less of what stands above the noise is not where the response is from, or not alone."""
FAR_BETTER = 1.0 / 3.0
"""Another place is far better if it leaves less than this share of what the patch leaves unexplained ..."""
GAIN = 0.1
"""... and explains at least so much more of the response ..."""
TWICE = 2.0
"""A low share is a matter of place if another one explains so many times as much."""
LOG_EVIDENCE = 10.0
"""... and more than noise could (difference of log likelihoods, per sample: 10 is a probability ratio of 20,000)."""
SURE = 3.0
"""Standard deviations of the noise's power by which a response must exceed it before a share of it means something."""


@dataclass(frozen=True, kw_only=True)
class Localisation:
    """How much of a response a patch explains, around the patch's largest moment, and what the best place explains.

    Whitened, so that all sensors count by what they know. With r whitened channels and n samples, the noise of an
    average has the expected power r n, of which a source catches n by chance; both are taken off before shares are
    compared (Scherg 1990 for the fixed source; Mosher et al. 1992, doi:10.1109/10.141192, for the scan).

    Attributes
    ----------
    latency : float
        Of the patch's largest moment, s; all shares are of the samples within 5 ms of it.
    explained : float
        Share of the whitened response, noise included, that the patch's field carries.
    noise : float
        Share of it that noise is expected to have. Of the rest a right patch explains nearly all.
    signal : float | None
        Share of what stands above the noise that the patch explains, 0 to 1; None if nothing stands above it.
    best_signal : float | None
        The same for the source that explains most.
    best_distance_mm : float
        Distance of that source from the nearest source of the patch.
    best_angle_deg : float
        Angle between its current and that of the patch, as far as the sensors see either (MEG sees no current that
        points to or from the centre of the head).
    best_turned : bool
        Whether its current is inward where that of the patch is outward, as on the opposite wall of a sulcus.
    best_pos : list of float
        Where it is, m, head coordinates.
    orientation : str
        ``'free'``, or ``'normal'`` if the forward solution has normal-oriented sources only.
    certain : bool
        Whether the response stands so far above the noise that a small share means something.
    evidence : float
        Difference of the log likelihoods of the best source and of the patch, per sample.

    Examples
    --------
    >>> found = estimate_target(evoked, inverse, patch.label, forward=forward).localisation
    >>> bool(found.signal > 0.8), bool(found.best_distance_mm < 10)
    (True, True)
    """

    latency: float
    explained: float
    noise: float
    signal: float | None
    best_signal: float | None
    best_distance_mm: float
    best_angle_deg: float
    best_turned: bool
    best_pos: list[float]
    orientation: str
    certain: bool
    evidence: float

    def facts(self) -> dict[str, Any]:
        """Return what a target's provenance holds of it."""
        return {
            "explained_variance": self.signal,
            "explained_variance_with_noise": self.explained,
            "noise_share": self.noise,
            "explained_at": self.latency,
            "best_source": {
                "explained_variance": self.best_signal,
                "distance_mm": self.best_distance_mm,
                "angle_deg": self.best_angle_deg,
                "turned": self.best_turned,
                "pos": self.best_pos,
                "orientation": self.orientation,
            },
        }

    def words(self) -> str:
        """Return what is explained as the end of a sentence about the patch, without full stop."""
        return explained_words(self.facts())

    def is_low(self) -> bool:
        """Whether the patch explains so little that the response is from elsewhere, or from several places."""
        return self.certain and self.signal is not None and self.signal < LOW

    def is_better_elsewhere(self) -> bool:
        """Whether another place explains far more than the patch, and more than noise could."""
        if self.signal is None or self.best_signal is None or self.best_distance_mm == 0:
            return False
        return (
            1 - self.best_signal < FAR_BETTER * (1 - self.signal)
            and self.best_signal - self.signal > GAIN
            and self.evidence > LOG_EVIDENCE
        )


def localise(
    evoked: mne.Evoked,
    patch: Patch,
    moment: FloatArray,
    forward: mne.Forward,
    normals: FloatArray,
    *,
    noise_cov: mne.Covariance | None = None,
    others: Sequence[Patch] = (),
    window: NDArray[np.bool_],
) -> Localisation:
    """Compare what a patch explains at its largest moment with what every source of the cortex would.

    Parameters
    ----------
    evoked : mne.Evoked
        The response.
    patch : Patch
        The patch.
    moment : array, shape (n_times,)
        Its moment, A m.
    forward : mne.Forward
        Whose sources are tried: with free orientation (the same for all samples), or with the one that is fixed.
    normals : array, shape (n_sources, 3)
        Their outward normals, head coordinates.
    noise_cov : mne.Covariance | None
        Of single epochs; None assumes MNE's default noise per channel type.
    others : sequence of Patch
        Patches that were fitted along: what they explain is taken off before.
    window : array of bool, shape (n_times,)
        Where the target is.

    Returns
    -------
    localisation : Localisation
        Shares, and the best place.
    """
    whitened = whiten(evoked, forward, noise_cov)
    n_sources = int(forward["nsource"])
    axes = forward["source_nn"].reshape(n_sources, -1, 3)
    gain = whitened.gain.reshape(len(whitened.gain), n_sources, -1)
    strongest = int(np.where(window, np.abs(moment), -1.0).argmax())
    chosen = samples_around(evoked.times, float(evoked.times[strongest]), HALF_WIDTH_s)
    data = np.sqrt(max(evoked.nave, 1)) * whitened.data[:, chosen]
    rank = whitened.rank - len(others)
    field = _field(gain, axes, normals, patch, forward)
    if others:
        basis = np.linalg.qr(np.column_stack([_field(gain, axes, normals, other, forward) for other in others]))[0]
        data, field = (part - basis @ (basis.T @ part) for part in (data, field))
        gain = gain - np.tensordot(basis, np.tensordot(basis.T, gain, 1), 1)
    power, n_samples = float((data**2).sum()), data.shape[1]
    carried = float(((field @ data) ** 2).sum() / (field @ field))
    scan = _Scan.over(gain, data, visible=3 if whitened.with_eeg else 2)
    best = int(scan.carried.argmax())
    above = power - rank * n_samples

    def share(part: float) -> float | None:
        """Return a part of what stands above the noise."""
        return float(np.clip((part - n_samples) / above, 0.0, 1.0)) if above > 0 else None

    places = forward["source_rr"][patch_columns(patch, forward)]
    turned, seen = np.sign(moment[strongest]), scan.current(best, int(np.flatnonzero(chosen).searchsorted(strongest)))
    angle = (
        _angle(scan.as_seen(best, axes[best] @ (turned * patch.normal)), seen)
        if axes.shape[1] == 3
        else _angle(turned * patch.normal, seen @ axes[best])
    )
    return Localisation(
        latency=float(evoked.times[strongest]),
        explained=carried / power if power else 0.0,
        noise=min(rank * n_samples / power, 1.0) if power else 1.0,
        signal=share(carried),
        best_signal=share(float(scan.carried[best])),
        best_distance_mm=float(np.linalg.norm(places - forward["source_rr"][best], axis=1).min() / MS),
        best_angle_deg=angle,
        best_turned=bool(turned * (seen @ axes[best] @ normals[best]) < 0),
        best_pos=forward["source_rr"][best].tolist(),
        orientation="free" if axes.shape[1] == 3 else "normal",
        certain=bool(above > SURE * np.sqrt(2 * rank) * n_samples),
        evidence=float((scan.carried[best] - carried) / n_samples / 2),
    )


def _field(gain: FloatArray, axes: FloatArray, normals: FloatArray, patch: Patch, forward: mne.Forward) -> FloatArray:
    """Return the whitened field of a patch at 1 A m."""
    columns = patch_columns(patch, forward)
    along = np.einsum("vcx,vx->vc", axes[columns], normals[columns]) * patch.weights[:, np.newaxis]
    return np.asarray(np.tensordot(gain[:, columns], along, 2))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scan:
    """What a dipole at each source carries of the data, with the orientation that suits all samples best."""

    carried: FloatArray  # (n_sources,)
    seen: FloatArray  # (n_sources, n_axes, n_visible): the directions that sensors see, scaled to unit fields
    best: FloatArray  # (n_sources, n_visible): the orientation among them
    courses: FloatArray  # (n_sources, n_visible, n_samples)

    @classmethod
    def over(cls, gain: FloatArray, data: FloatArray, visible: int) -> _Scan:
        blocks = gain.transpose(1, 2, 0)  # (n_sources, n_axes, n_rows)
        powers, directions = np.linalg.eigh(blocks @ blocks.transpose(0, 2, 1))
        keep = slice(-min(visible, powers.shape[1]), None)
        # what no sensor sees (as the centre of a sphere) carries nothing, instead of noise over zero
        lengths = np.sqrt(np.maximum(powers[:, keep], 1e-12 * powers.max()))
        seen = directions[:, :, keep] / lengths[:, np.newaxis]
        courses = seen.transpose(0, 2, 1) @ (blocks @ data)
        carried, orientations = np.linalg.eigh(courses @ courses.transpose(0, 2, 1))
        return cls(carried=carried[:, -1], seen=seen, best=orientations[:, :, -1], courses=courses)

    def current(self, source: int, sample: int) -> FloatArray:
        """Return the direction of a source's current at a sample, in its axes, as far as the sensors see it."""
        current = (self.best[source] @ self.courses[source][:, sample]) * (self.seen[source] @ self.best[source])
        return np.asarray(current)

    def as_seen(self, source: int, direction: FloatArray) -> FloatArray:
        """Return what the sensors see of a direction, in a source's axes."""
        unit = self.seen[source] / np.linalg.norm(self.seen[source], axis=0)
        return np.asarray(unit @ (unit.T @ direction))


def _angle(direction: FloatArray, other: FloatArray) -> float:
    norm = float(np.linalg.norm(direction) * np.linalg.norm(other))
    return float(np.degrees(np.arccos(np.clip(direction @ other / norm, -1, 1)))) if norm > 0 else 90.0


def warn_of_elsewhere(found: Localisation, label: mne.Label) -> None:
    """Warn if the response is not from a label's patch, or not from there alone."""
    if found.signal is None and found.explained > LOW:
        warn(
            f"The noise covariance expects more noise than the whole response has around {found.latency / MS:.0f} ms, "
            f"yet the patch of {label.name!r} explains {found.explained:.0%} of it, as noise never is: is the number "
            "of epochs in the average (evoked.nave) right, and the covariance that of single epochs, filtered alike? "
            "Standard errors are too large."
        )
        return
    if found.signal is None:
        warn(
            f"Nothing stands above the noise around {found.latency / MS:.0f} ms, where the moment of {label.name!r} is "
            "largest: all sensors together have no more power than the noise covariance expects of noise alone. "
            "Average more epochs, check label and window, and whether response and covariance were filtered alike."
        )
        return
    if not found.is_low() and not found.is_better_elsewhere():
        return
    patch = (
        f"the patch of {label.name!r} explains {found.signal:.0%} of what stands above the noise around "
        f"{found.latency / MS:.0f} ms"
    )
    turned = " (where the same current flows the other way through the cortex: the sign would turn)"
    turned = turned if found.best_turned else ""
    best = f"one source {_place(found.best_distance_mm)} {found.best_signal:.0%}"
    if not found.is_low():
        warn(
            f"Another place explains the response far better: {patch}, {best}{turned}. Search a larger label "
            "(best_patch), and check the alignment of head and MRI."
        )
    elif found.signal is None or found.best_signal is None or found.best_signal < TWICE * found.signal:
        warn(
            f"The response is not from here alone, or noisier than it seems: {patch}, and no single source more than "
            f"{found.best_signal:.0%}. Name the other active labels in other_labels; if there are none, the noise "
            "covariance says too little (few epochs)."
        )
    elif found.best_distance_mm == 0:
        warn(f"The label is too wide to act as one: {patch} as a whole, {best}. Take a smaller label (best_patch).")
    else:
        warn(
            f"The response is not from here: {patch}, {best}. Take another label (best_patch searches one), or name "
            "the other active labels in other_labels."
        )


def explained_words(facts: Mapping[str, Any]) -> str:
    """Return what a patch explains, from a target's provenance: the end of a sentence about the patch.

    Parameters
    ----------
    facts : mapping
        With what :meth:`Localisation.facts` gives.
    """
    best = facts["best_source"]
    around = f"around {facts['explained_at'] / MS:.0f} ms"
    if facts["explained_variance"] is None or best["explained_variance"] is None:
        share = facts["explained_variance_with_noise"]
        return f"explains {share:.0%} of the response {around}, which is below the expected noise"
    wall = ", where the current would flow the other way through the cortex" if best["turned"] else ""
    return (
        f"explains {facts['explained_variance']:.0%} of the response above the noise {around}; the best single source, "
        f"{_place(best['distance_mm'])}{wall}, {best['explained_variance']:.0%}"
    )


def _place(distance_mm: float) -> str:
    return "inside it" if distance_mm == 0 else f"{distance_mm:.0f} mm away"
