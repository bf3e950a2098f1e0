"""What the stages from the recording to the target note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .record import Facts, left_out, part

__all__ = ["BestSource", "InverseFacts", "LoadFacts", "ReadTargetFacts", "TargetFacts"]


@dataclass(frozen=True, kw_only=True)
class LoadFacts(Facts):
    """What stage load found in the recording.

    Attributes
    ----------
    origin, kind : str
        Where the data are from, and what they are: ``'raw data'``, ``'epochs'``, ``'average'``.
    runs : int
        Runs that were put together.
    comment : str
        What the average is called.
    epochs, dropped : int | None
        Epochs that were averaged, and that were not.
    drop_reasons : mapping of str to int
        Why, and how many.
    noise : str
        Where the noise covariance is from.
    noise_samples : int | None
        Samples it was estimated from.
    channels : mapping of str to int
        Channels per kind.
    reference_sensors : int
        Kept for the forward solution.
    sfreq, highpass, lowpass : float
        Hz.
    window : sequence of float
        First and last time of the average, s.
    """

    origin: str | None
    kind: str
    runs: int
    comment: str
    epochs: int | None
    dropped: int | None
    drop_reasons: Mapping[str, int]
    noise: str
    noise_samples: int | None
    channels: Mapping[str, int]
    reference_sensors: int = left_out(0)
    sfreq: float
    highpass: float
    lowpass: float
    window: Sequence[float]


@dataclass(frozen=True, kw_only=True)
class InverseFacts(Facts):
    """What stage inverse made or was given.

    Attributes
    ----------
    subject : str | None
        FreeSurfer subject of the source space.
    sources, channels : int
        Of the forward solution, of the inverse operator.
    orientation : str
        ``'fixed'`` or ``'loose or free'``.
    loose : float | None
        Orientation constraint of an inverse that was made.
    template : str | None
        What was scaled, where there was no MRI.
    forward, inverse : str
        ``'computed'`` or ``'given'``, ``'made'`` or ``'given'``.
    conductor : str | None
        What the head was taken for.
    compensation, references : int
        Grade of software gradient compensation, and its sensors.
    coregistration : str | None
        How head and MRI were brought together.
    """

    subject: str | None
    sources: int
    channels: int
    orientation: str
    loose: float | None
    template: str | None = None
    forward: str
    inverse: str
    conductor: str | None
    compensation: int | None = None
    references: int = 0
    coregistration: str | None = None


@dataclass(frozen=True, kw_only=True)
class BestSource(Facts):
    """The single source of the whole cortex that explains the response best.

    Attributes
    ----------
    explained_variance : float | None
        Of the whitened field above the expected noise.
    distance_mm, angle_deg : float
        From the patch, and of its current to the patch's normal.
    turned : bool
        Whether its current would flow the other way through the cortex.
    pos : sequence of float
        m.
    orientation : str
        ``'free'`` or ``'normal'``.
    """

    explained_variance: float | None
    distance_mm: float
    angle_deg: float
    turned: bool
    pos: Sequence[float]
    orientation: str


@dataclass(frozen=True, kw_only=True)
class TargetFacts(Facts):
    """How stage target made the target: the provenance of its dipole, and where it was looked for.

    Attributes
    ----------
    subject, response : str | None
        FreeSurfer subject; what the average is called.
    nave : int
        Epochs that were averaged.
    baseline : sequence of float | None
        s.
    channels, channel_types, n_bads :
        Channels that were used, per kind too, and bad ones.
    method, snr, orientation :
        Of the estimate of currents.
    other_labels : sequence of str
        Labels that were fitted along.
    mne : str
        Version of MNE-Python.
    label, hemi, n_vertices :
        The patch.
    mode, amplitude, unit : str
        Where shape and size are from, and the unit, ``'A m'`` or ``'arbitrary'``.
    polarity, sign, outward, confidence :
        The rule, the sign it gave the course, which way is outward, and how much of the amplitude agrees.
    factor : float
        By which the course was scaled.
    agreement_with_sensors : float | None
        Correlation of course and moment, in the course modes.
    standard_error : float | None
        Of the moment, A m.
    explained_variance, explained_variance_with_noise, noise_share, explained_at :
        What the patch explains of the response, above the noise and with it, and when (s).
    best_source : BestSource | None
        What explains it best.
    area_mm2, pos, normal, coherence, vertices :
        The patch: its area, centre (m), mean normal, how parallel its normals are, its vertices.
    searched : str
        The label in which the patch was looked for.
    """

    subject: str | None
    response: str | None
    nave: int
    baseline: Sequence[float] | None
    channels: int
    channel_types: Mapping[str, int]
    method: str
    snr: float
    orientation: str
    n_bads: int
    other_labels: Sequence[str]
    mne: str
    label: str
    hemi: str
    n_vertices: int
    mode: str
    amplitude: str
    unit: str
    polarity: str
    sign: int
    outward: int
    confidence: float
    factor: float
    agreement_with_sensors: float | None
    standard_error: float | None
    explained_variance: float | None = None
    explained_variance_with_noise: float | None = None
    noise_share: float | None = None
    explained_at: float | None = None
    best_source: BestSource | None = part(BestSource, default=None)
    area_mm2: float
    pos: Sequence[float]
    normal: Sequence[float]
    coherence: float
    vertices: Sequence[int]
    searched: str


@dataclass(frozen=True, kw_only=True)
class ReadTargetFacts(Facts):
    """How stage target read the target from a file of other software.

    Attributes
    ----------
    file, software, form : str
        Its name, what wrote it, and what of it this is.
    version, method : str | None
        Of the software and of its source estimate, as the file says.
    course : str
        Scout, channel, position, column or dipole.
    trial : str | None
        Trial or condition.
    nave : int
        Trials that were averaged.
    unit_of_file, time_unit_of_file : str
        Units of moments and times.
    orientation : sequence of float | None
        Direction that was taken of three components.
    polarity : str
        The rule in words.
    sign : int
        What the course was multiplied with.
    resampled : bool
        Whether uneven times were interpolated.
    smooth_ms : float
        Hamming window, ms; 0 for none.
    window : sequence of float
        First and last time of the target, s.
    sfreq : float
        Hz.
    peak, peak_at : float
        Largest moment with its sign (A m), and when (s).
    area_mm2, standard_error : float | None
        Of the cortex (mm²) and of the moment (A m), as they were given.
    assumed : sequence of str
        What the file leaves open.
    """

    file: str
    software: str
    form: str
    version: str | None
    method: str | None
    course: str
    trial: str | None
    nave: int
    unit_of_file: str
    time_unit_of_file: str
    orientation: Sequence[float] | None
    polarity: str
    sign: int
    resampled: bool
    smooth_ms: float
    window: Sequence[float]
    sfreq: float
    peak: float
    peak_at: float
    area_mm2: float | None
    standard_error: float | None
    assumed: Sequence[str]
