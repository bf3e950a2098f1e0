"""The demo's recording: the response of one patch of cortex in the noise of brain, sensors and eyes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mne
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._checks import check_int, check_name, check_positive, check_seed
from ..._types import FloatArray
from ..._units import MS, NAM
from ...dipole import Dipole
from ..patch import Patch, label_patch, open_forward
from ..patch import surface_disc as disc
from ..response import EpochOptions, load_response
from .anatomy import BANKS, DemoAnatomy, bank, demo_anatomy, helmet_info
from .column import demo_column
from .waveform import PEAK_NAM

__all__ = ["SFREQ", "Truth", "demo_response", "simulate_recording"]

SFREQ = 500.0
LOWPASS = 100.0
"""Of the recording hardware, Hz."""
EPOCH = (-0.2, 0.3)
RADIUS_m = 0.008
HAND_m = {"posterior": (0.036, -0.026, 0.052), "anterior": (0.030, -0.022, 0.051)}
"""About where the hand is on the banks of the central sulcus of fsaverage, surface coordinates."""
WHITE_NOISE = {"grad": 3e-13, "mag": 3e-15}
"""Noise of the sensors, T/m or T per root Hz: that of SQUIDs in use (Ahonen et al. 1993,
doi:10.1109/10.237683)."""
BACKGROUND_nAm = 0.45
"""Moment of each background source, root mean square; those at the back of the head are up to three times stronger."""
JITTER = 0.2
GAP_s = (0.6, 0.7)
BLINKS_per_s = 0.15


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """What made the demo's response.

    Attributes
    ----------
    dipole : Dipole
        Moment of the patch, the sum over its vertices, A m, positive outward.
    drives : mapping of str to mapping
        Drives of the column by name: the arguments of :meth:`mne_hnn.network.Network.with_evoked_drive`, times in ms
        and weights in uS.
    n_columns : float
        How many such columns acted together.
    spikes_per_cell : mapping of str to float
        Spikes per cell of each cell type, in `spikes_window_ms`.
    spikes_window_ms : float
        Window in which these were counted, ms from the stimulus.
    hemi : str
        ``'rh'``.
    vertices : array, shape (n_vertices,)
        Vertices of the white surface that were active.
    pos, normal : array, shape (3,)
        Centre (m) and mean outward normal, head coordinates.
    area_mm2 : float
        Area.
    noise_free : mne.Evoked
        The field of the response alone.
    seed : int
        The seed.

    Examples
    --------
    >>> from mne_hnn.source.demo import read_truth
    >>> truth = read_truth(dataset)
    >>> truth.hemi, len(truth.drives)
    ('rh', 4)
    """

    dipole: Dipole
    drives: Mapping[str, Mapping[str, Any]]
    n_columns: float
    spikes_per_cell: Mapping[str, float]
    spikes_window_ms: float
    hemi: str
    vertices: NDArray[np.int64]
    pos: FloatArray
    normal: FloatArray
    area_mm2: float
    noise_free: mne.Evoked
    seed: int

    def __repr__(self) -> str:
        peak = int(np.abs(self.dipole["agg"]).argmax())
        return (
            f"<Truth | {self.dipole['agg'][peak] / NAM:+.3g} nAm at {self.dipole.times[peak] / MS:.0f} ms, "
            f"{len(self.vertices)} vertices ({self.hemi}), {self.area_mm2:.0f} mm\N{SUPERSCRIPT TWO}, seed {self.seed}>"
        )


def true_patch(forward: mne.Forward, where: str, hand_m: ArrayLike | None = None) -> Patch:
    """Return the patch that is active: a disc in the hand area of one bank, by default where fsaverage has it."""
    candidates = bank(check_name(where, BANKS, "bank"))
    space = forward["src"][1]
    to_head = mne.transforms.invert_transform(forward["mri_head_t"]) if _into_mri(forward) else forward["mri_head_t"]
    hand = mne.transforms.apply_trans(to_head, HAND_m[where] if hand_m is None else hand_m)
    centre = candidates[np.linalg.norm(space["rr"][candidates] - hand, axis=1).argmin()]
    inside = disc(space, candidates, int(centre), RADIUS_m)
    return label_patch(mne.Label(inside, hemi="rh", name=f"hand-{where}-rh", verbose="error"), forward)


def _into_mri(forward: mne.Forward) -> bool:
    return bool(forward["mri_head_t"]["from"] == mne.io.constants.FIFF.FIFFV_COORD_HEAD)


def _white(rng: np.random.Generator, n_rows: int, n_times: int) -> FloatArray:
    """Return white noise of unit density (1 per root Hz), behind the low-pass filter of the hardware."""
    frequencies = np.fft.rfftfreq(n_times, 1 / SFREQ)
    spectrum = np.fft.rfft(rng.standard_normal((n_rows, n_times)) * np.sqrt(SFREQ / 2), axis=1)
    return np.asarray(np.fft.irfft(spectrum / np.sqrt(1 + (frequencies / LOWPASS) ** 16), n_times, axis=1))


def _make_noise(rng: np.random.Generator, n_rows: int, n_times: int, alpha: FloatArray) -> FloatArray:
    """Return rows of noise of unit variance: 1/f above 1 Hz, and an alpha rhythm of given strength."""
    frequencies = np.fft.rfftfreq(n_times, 1 / SFREQ)
    pink = 1.0 / np.maximum(frequencies, 1.0) ** 0.5
    rhythm = np.exp(-0.5 * ((frequencies - 10.0) / 1.0) ** 2) + 0.4 * np.exp(-0.5 * ((frequencies - 20.0) / 2.0) ** 2)
    shape = pink + alpha[:, np.newaxis] * rhythm
    spectrum = rng.standard_normal((n_rows, len(frequencies))) + 1j * rng.standard_normal((n_rows, len(frequencies)))
    noise = np.fft.irfft(spectrum * shape, n_times, axis=1)
    return np.asarray(noise / noise.std(axis=1, keepdims=True))


def _background(rng: np.random.Generator, forward: mne.Forward, n_times: int) -> FloatArray:
    """Return the field of cortical sources that have nothing to do with the stimulus; alpha is strongest behind."""
    places = forward["source_rr"]
    behind = 1.0 / (1.0 + np.exp((places[:, 1] + 0.02) / 0.02))  # y points to the nose
    strength = BACKGROUND_nAm * 1e-9 * (1.0 + 2.0 * behind)
    courses = strength[:, np.newaxis] * _make_noise(rng, len(places), n_times, 1.5 * behind)
    return np.asarray(forward["sol"]["data"] @ courses)


def _blinks(rng: np.random.Generator, n_times: int) -> FloatArray:
    """Return the electrooculogram, V."""
    course = 5e-6 * rng.standard_normal(n_times)
    shape = 450e-6 * np.hanning(int(0.3 * SFREQ))
    for onset in np.flatnonzero(rng.random(n_times - len(shape)) < BLINKS_per_s / SFREQ):
        course[onset : onset + len(shape)] += shape
    return course


def simulate_recording(
    anatomy: DemoAnatomy,
    *,
    seed: int = 0,
    n_epochs: int = 120,
    where: str = "posterior",
    peak_nAm: float = PEAK_NAM,
) -> tuple[mne.io.RawArray, Truth]:
    """Simulate a recording of median-nerve stimulation: a patch of columns whose cells fire, see :func:`demo_column`.

    Parameters
    ----------
    anatomy : DemoAnatomy
        The subject.
    seed : int
        Of all noise. The same seed gives the same samples.
    n_epochs : int
        Number of stimuli.
    where : str
        ``'posterior'`` (area 3b) or ``'anterior'`` bank of the central sulcus.
    peak_nAm : float
        Size of the deflection at 40 ms, nA m; the number of columns follows from it.

    Returns
    -------
    raw : mne.io.RawArray
        306 MEG channels, EOG, stimulus channel.
    truth : Truth
        What made the response.

    Examples
    --------
    >>> raw, truth = simulate_recording(demo_anatomy(), n_epochs=20)  # doctest: +SKIP
    """
    n_epochs = check_int(n_epochs, "n_epochs", minimum=1)
    scale = check_positive(peak_nAm, "peak_nAm") / PEAK_NAM
    forward = open_forward(anatomy.simulation_fname)
    patch = true_patch(forward, where)
    times = np.arange(int(EPOCH[0] * SFREQ), int(EPOCH[1] * SFREQ) + 1) / SFREQ
    column = demo_column()
    moment = scale * column.moment(times)
    made = record(
        forward, patch, helmet_info(), {"median nerve": moment}, times, n_epochs=n_epochs, seed=check_seed(seed, "seed")
    )
    truth = Truth(
        dipole=Dipole(moment, times, ("agg",), comment="truth"),
        drives=column.drives,
        n_columns=scale * column.n_columns,
        spikes_per_cell=column.spikes_per_cell,
        spikes_window_ms=column.spikes_window_ms,
        hemi="rh",
        vertices=patch.vertices,
        pos=patch.pos,
        normal=patch.normal,
        area_mm2=patch.area_mm2,
        noise_free=made.noise_free["median nerve"],
        seed=seed,
    )
    return made.raw, truth


@dataclass(frozen=True, kw_only=True, eq=False)
class Recorded:
    """A simulated recording.

    Attributes
    ----------
    raw : mne.io.RawArray
        MEG channels, EOG, stimulus channel.
    events : array, shape (n_events, 3)
        When which condition was, its number counted from 1.
    noise_free : dict of str to mne.Evoked
        The field of each condition's response alone.
    """

    raw: mne.io.RawArray
    events: NDArray[np.int64]
    noise_free: dict[str, mne.Evoked]

    def __repr__(self) -> str:
        return f"<Recorded | {len(self.events)} stimuli of {', '.join(self.noise_free)}, {len(self.raw.times)} samples>"


def record(
    forward: mne.Forward,
    patch: Patch,
    info: mne.Info,
    moments: Mapping[str, FloatArray],
    times: FloatArray,
    *,
    n_epochs: int,
    seed: int,
    gap_s: tuple[float, float] = GAP_s,
) -> Recorded:
    """Simulate the recording of a patch that responds to the stimuli of one or several conditions.

    Parameters
    ----------
    forward : mne.Forward
        Fixed orientation: the patch's sources and those of the background.
    patch : Patch
        What responds.
    info : mne.Info
        Sensors, and where the head is among them.
    moments : mapping of str to array, shape (n_times,)
        Response of the patch in each condition, A m.
    times : array, shape (n_times,)
        Their times, s, at 500 Hz, with 0 among them.
    n_epochs : int
        Stimuli per condition; their order is random.
    seed : int
        Of all noise.
    gap_s : tuple of float
        Shortest and longest time between stimuli, s.

    Returns
    -------
    recorded : Recorded
        The recording.
    """
    streams = [np.random.default_rng(sequence) for sequence in np.random.SeedSequence(seed).spawn(6)]
    total = n_epochs * len(moments)
    onsets = np.cumsum(np.round(streams[0].uniform(*gap_s, total) * SFREQ).astype(int)) + int(SFREQ)
    n_times = int(onsets[-1] + SFREQ)
    gains = 1.0 + JITTER * streams[1].standard_normal(total)
    codes = np.repeat(np.arange(1, len(moments) + 1), n_epochs)
    streams[5].shuffle(codes)
    first = int(np.abs(times).argmin())
    info = _info(info, forward["sol"]["row_names"])
    course, noise_free = np.zeros(n_times), {}
    for code, (condition, moment) in enumerate(moments.items(), start=1):
        own = codes == code
        for onset, gain in zip(onsets[own], gains[own] / gains[own].mean(), strict=True):
            course[onset - first : onset - first + len(times)] += gain * moment
        stc = patch.source_estimate(moment, tmin=times[0], tstep=1 / SFREQ, subject=None)
        noise_free[condition] = mne.apply_forward(forward, stc, info, use_cps=False, verbose="error")
    peak = np.abs(moment).argmax()
    data = np.outer(noise_free[condition].data[:, peak] / moment[peak], course)
    data += _background(streams[2], forward, n_times)
    kinds = mne.pick_info(info, mne.pick_types(info, meg=True)).get_channel_types()
    density = np.array([WHITE_NOISE[kind] for kind in kinds])
    data += density[:, np.newaxis] * _white(streams[3], *data.shape)
    stimulus = np.zeros(n_times)
    stimulus[onsets] = codes
    raw = mne.io.RawArray(data, info, verbose="error")
    more = mne.create_info(["EOG 061", "STI 014"], SFREQ, ["eog", "stim"], verbose="error")
    eye = _blinks(streams[4], n_times)
    raw.add_channels([mne.io.RawArray([eye, stimulus], more, verbose="error")], force_update_info=True)
    events = np.column_stack([onsets, np.zeros(total, int), codes])
    return Recorded(raw=raw, events=events, noise_free=noise_free)


def _info(info: mne.Info, names: list[str]) -> mne.Info:
    info = mne.pick_info(info, [info["ch_names"].index(name) for name in names])
    with info._unlock():
        info["sfreq"] = SFREQ
        info["lowpass"] = LOWPASS
    return info


def demo_response(
    *, seed: int = 0, n_epochs: int = 120, bank: str = "posterior", peak_nAm: float = PEAK_NAM
) -> tuple[mne.Evoked, mne.Covariance, Truth]:
    """Simulate a recording and average it.

    Parameters
    ----------
    seed : int
        Of all noise.
    n_epochs : int
        Number of stimuli.
    bank : str
        ``'posterior'`` or ``'anterior'`` bank of the right central sulcus.
    peak_nAm : float
        Size of the deflection at 40 ms, nA m; the number of columns follows from it.

    Returns
    -------
    evoked : mne.Evoked
        The average, epochs with blinks left out.
    noise_cov : mne.Covariance
        From the time before each stimulus.
    truth : Truth
        What made it.

    Examples
    --------
    >>> evoked, noise_cov, truth = demo_response(n_epochs=20)  # doctest: +SKIP
    """
    raw, truth = simulate_recording(demo_anatomy(), seed=seed, n_epochs=n_epochs, where=bank, peak_nAm=peak_nAm)
    with mne.utils.use_log_level("error"):
        epochs = EpochOptions(tmin=EPOCH[0], tmax=EPOCH[1], baseline=(None, -0.005), reject={"eog": 350e-6})
        response = load_response(raw, event_id=1, epochs=epochs)
    return response.evoked, response.noise_cov, truth
