"""Dipole: an MNE object that keeps what it knows, and smoothing with known gain."""

import pickle

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mne_hnn import Dipole, average_dipoles, read_dipole
from mne_hnn.baseline import jones_baseline_fAm, published_baseline
from mne_hnn.dipole import to_epochs
from mne_hnn.errors import ParameterError

SFREQ = 40_000.0
TIMES_MS = np.arange(4001) / SFREQ * 1e3


def dipole(agg=None, **options):
    agg = np.sin(2 * np.pi * 20 * TIMES_MS / 1e3) if agg is None else np.asarray(agg, dtype=float)
    return Dipole.from_nAm(TIMES_MS, {"agg": agg, "L2": 0.25 * agg, "L5": 0.75 * agg}, **options)


def test_units_and_types():
    moment = dipole()
    assert moment.ch_names == ["agg", "L2", "L5"]
    assert moment.get_channel_types() == ["dipole"] * 3
    assert moment.info["sfreq"] == SFREQ
    assert moment["agg"].max() == pytest.approx(1e-9, rel=1e-6)
    assert Dipole.from_fAm(TIMES_MS, {"agg": np.full(4001, 2e6)})["agg"] == pytest.approx(np.full(4001, 2e-9))
    assert moment.times[-1] == pytest.approx(0.1, abs=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.crop(0.02, 0.05),
        lambda d: d.resample(2000.0, verbose="error"),
        lambda d: d.filter(None, 100.0, verbose="error"),
        lambda d: d.savgol_filter(50.0, verbose="error"),
        lambda d: d.decimate(4, verbose="error"),
        lambda d: d.pick(["agg"]),
        lambda d: d.shift_time(0.1),
        lambda d: pickle.loads(pickle.dumps(d)),
        lambda d: d.copy(),
    ],
)
def test_methods_of_mne_keep_type_provenance_and_scale(change):
    changed = change(dipole(provenance={"subject": "fsaverage", "normal": [0, 0, 1]}).scale(3.0))
    assert isinstance(changed, Dipole)
    assert changed.provenance == {"subject": "fsaverage", "normal": [0, 0, 1]}
    assert changed.scale_applied == 3.0
    assert changed.ch_names[0] == "agg"


def test_spectrum_and_table_come_from_mne():
    spectrum = dipole().compute_psd(fmax=100.0, method="welch", n_fft=4001, verbose="error")
    power, frequencies = spectrum.get_data(picks="all", return_freqs=True)
    assert frequencies[np.argmax(power[0])] == pytest.approx(20.0, abs=5.0)
    tfr = dipole().compute_tfr("morlet", freqs=[20.0, 60.0], n_cycles=1.0, verbose="error")
    assert tfr.data.shape == (3, 2, 4001)
    assert tfr.data[0, 0, 2000] > 10 * tfr.data[0, 1, 2000]
    pytest.importorskip("pandas")
    frame = dipole().to_data_frame(picks="all")
    assert set(frame.columns) >= {"time", "agg", "L2", "L5"}


def test_round_trip_through_one_file(tmp_path):
    one = dipole(comment="target", nave=12, provenance={"label": "S1", "rule": "normal"}).scale(3000.0)
    one.save(tmp_path / "target_dipole-ave.fif", verbose="error")
    two = read_dipole(tmp_path / "target_dipole-ave.fif")
    assert isinstance(two, Dipole)
    np.testing.assert_allclose(two.data, one.data, rtol=1e-6, atol=1e-18)
    np.testing.assert_allclose(two.times, one.times, atol=1e-9)
    assert (two.comment, two.nave, two.layers) == ("target", 12, one.layers)
    assert (two.provenance, two.scale_applied) == (one.provenance, 3000.0)


def test_reading_what_is_no_dipole(tmp_path):
    with pytest.raises(ParameterError, match="There is no file"):
        read_dipole(tmp_path / "absent-ave.fif")
    broken = tmp_path / "broken-ave.fif"
    broken.write_bytes(b"not a fif file")
    with pytest.raises(ParameterError, match="no evoked data that MNE can read"):
        read_dipole(broken)
    sensors = mne.EvokedArray(np.zeros((1, 10)), mne.create_info(["Cz"], 100.0, "eeg"), verbose="error")
    sensors.save(tmp_path / "sensors-ave.fif", verbose="error")
    with pytest.raises(ParameterError, match="sensor data, not a dipole"):
        read_dipole(tmp_path / "sensors-ave.fif")


# smoothing ----------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(level=st.floats(-100, 100), window=st.floats(1.0, 99.0))
def test_smoothing_keeps_a_constant_up_to_both_ends(level, window):
    smoothed = dipole(np.full(4001, level)).smooth(window)
    np.testing.assert_allclose(smoothed["agg"] * 1e9, level, rtol=1e-12, atol=1e-12)


def test_zero_edges_sag_to_half_as_the_published_software_does():
    smoothed = dipole(np.ones(4001)).smooth(30.0, edges="zero")
    assert smoothed["agg"][0] * 1e9 == pytest.approx(0.5, abs=2e-3)
    assert smoothed["agg"][2000] * 1e9 == pytest.approx(1.0, abs=1e-12)


def test_both_forms_agree_away_from_the_ends():
    one, two = dipole().smooth(10.0), dipole().smooth(10.0, edges="zero")
    np.testing.assert_allclose(one.data[:, 400:-400], two.data[:, 400:-400], rtol=1e-10, atol=1e-22)


@pytest.mark.parametrize("frequency", [10.0, 40.0, 100.0])
def test_smoothing_has_the_gain_of_a_hamming_window(frequency):
    window_ms, n = 20.0, 800
    weights = np.hamming(n)
    weights /= weights.sum()
    offsets = np.arange(n) - (n - 1) / 2
    gain = np.sum(weights * np.cos(2 * np.pi * frequency * offsets / SFREQ))
    smoothed = dipole(np.sin(2 * np.pi * frequency * TIMES_MS / 1e3)).smooth(window_ms)
    inner = smoothed["agg"][800:-800] * 1e9
    # an even window is centred between two samples
    shifted = np.sin(2 * np.pi * frequency * (TIMES_MS / 1e3 - 0.5 / SFREQ))[800:-800]
    np.testing.assert_allclose(inner, gain * shifted, atol=1e-9)


def test_smoothing_is_linear_and_keeps_layers_adding_up():
    smoothed = dipole().smooth(15.0)
    np.testing.assert_allclose(smoothed["agg"], smoothed["L2"] + smoothed["L5"], atol=1e-22)


@pytest.mark.parametrize("window", [0, -5.0, 0.5, 500.0, float("nan"), "30"])
def test_wrong_windows(window):
    with pytest.raises(ParameterError, match="window_ms"):
        dipole().smooth(window)
    with pytest.raises(ParameterError, match="Did you mean 'normalised'"):
        dipole().smooth(10.0, edges="normalized")


# scaling, averaging, subtracting ------------------------------------------------------------------------------


def test_scale_is_remembered_as_a_product():
    scaled = dipole().scale(3000.0).scale(0.5)
    assert scaled.scale_applied == 1500.0
    np.testing.assert_allclose(scaled.data, 1500.0 * dipole().data, rtol=1e-12)
    with pytest.raises(ParameterError, match="factor"):
        dipole().scale(float("inf"))


def test_average_weighs_by_trials():
    one, three = dipole(np.zeros(4001)), dipole(np.ones(4001), nave=3)
    average = average_dipoles([one, three])
    np.testing.assert_allclose(average["agg"] * 1e9, 0.75, rtol=1e-12)
    assert average.nave == 4
    np.testing.assert_allclose(one["agg"], 0.0)  # what goes in stays as it was
    assert len(to_epochs([one, dipole()])) == 2


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda: dipole().scale(2.0), "scaled by different factors, 1 and 2"),
        (lambda: dipole().crop(0.0, 0.05), r"different times \(0 to 0.1 s and 0 to 0.05 s\)"),
        (
            lambda: dipole().decimate(4, verbose="error"),
            r"different times \(0 to 0.1 s at 40000 Hz and 0 to 0.1 s at 10000 Hz\)",
        ),
        (lambda: dipole().pick(["agg"]), "different layers"),
        (lambda: "dipole", "nothing but Dipoles"),
    ],
)
def test_unlike_dipoles_are_not_averaged(other, message):
    with pytest.raises(ParameterError, match=message):
        average_dipoles([dipole(), other()])
    with pytest.raises(ParameterError, match="At least one"):
        average_dipoles([])


def test_subtracting():
    np.testing.assert_allclose(dipole().subtract(dipole()).data, 0.0)


def test_mne_dipole_at_a_place():
    placed = dipole().to_mne_dipole([0.01, 0.02, 0.05], [0, 0, 2.0])
    assert isinstance(placed, mne.Dipole)
    np.testing.assert_allclose(placed.ori[7], [0, 0, 1])
    np.testing.assert_allclose(placed.amplitude, dipole()["agg"])
    with pytest.raises(ParameterError, match="direction"):
        dipole().to_mne_dipole([0, 0, 0.05], [0, 0, 0])


def test_published_baseline():
    """Constants and lines of the published software; it steps by 2.05 fA m per cell at 37 ms."""
    curve = jones_baseline_fAm([0.0, 37.0, 37.025, 500.0, 800.0], 100)
    np.testing.assert_allclose(curve["L2"], 4.43)
    expected = [-4905.02, -4905.02, -5123.1085 + 0.34770508 * 37.025, -5123.1085 + 0.34770508 * 500, -4833.1278]
    np.testing.assert_allclose(curve["L5"], expected, rtol=1e-12)
    assert (curve["L5"][1] - curve["L5"][2]) / 100 == pytest.approx(2.05, abs=0.005)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dipole(np.zeros((3, 5)), np.arange(4) / 1e3), r"shape \(3, 4\)"),
        (lambda: Dipole(np.zeros((2, 5)), np.arange(5) / 1e3), r"shape \(3, 5\)"),
        (lambda: Dipole(np.full((1, 5), np.nan), np.arange(5) / 1e3, ["agg"]), "NaN"),
        (lambda: Dipole(np.zeros((1, 5)), [0, 1, 2, 4, 5], ["agg"]), "equal steps"),
        (lambda: Dipole(np.zeros((1, 1)), [0.0], ["agg"]), "at least two samples"),
        (lambda: Dipole(np.zeros((1, 3)), [0, np.nan, 2], ["agg"]), "times must be finite"),
        (lambda: Dipole(np.zeros((1, 5)), np.arange(5), ["L2"]), "begin with 'agg'"),
        (lambda: Dipole.from_nAm(np.arange(5), {"L2": np.zeros(5)}), "must hold 'agg'"),
        (lambda: dipole(provenance={"label": object()}), "plain values that JSON"),
        (lambda: dipole()["L4"], "Unknown layer 'L4'"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


# what MNE leaves out for channels of type dipole ----------------------------------------------------------------


def test_methods_take_all_layers_by_default():
    moment = dipole(3.0 + np.sin(2 * np.pi * 20 * TIMES_MS / 1e3))
    np.testing.assert_allclose(moment.copy().detrend(0).data.mean(axis=1), 0.0, atol=1e-22)
    np.testing.assert_array_equal(moment.copy().apply_function(np.negative).data, -moment.data)
    envelope = dipole().apply_hilbert(envelope=True)
    np.testing.assert_allclose(envelope["L5"][1000:3000] * 1e9, 0.75, rtol=0.02)


def test_peaks():
    bump = np.exp(-((TIMES_MS - 40.0) ** 2) / 20) - 3 * np.exp(-((TIMES_MS - 70.0) ** 2) / 20)
    moment = dipole(bump)
    assert moment.peak() == pytest.approx((0.070, -3e-9))
    assert moment.peak("L5", mode="pos") == pytest.approx((0.040, 0.75e-9))
    assert moment.peak(tmax=0.05) == pytest.approx((0.040, 1e-9))
    assert moment.get_peak(mode="neg", return_amplitude=True) == ("agg", pytest.approx(0.070), pytest.approx(-3e-9))
    with pytest.raises(ParameterError, match="Unknown layer 'L4'"):
        moment.peak("L4")
    with pytest.raises(ParameterError, match="ch_type must be 'dipole'"):
        moment.get_peak("eeg")


@pytest.mark.parametrize("h_freq", [30.0, 50.0, 100.0, 400.0])
def test_savgol_keeps_polynomials_at_every_cut_off(h_freq):
    """A local fit of degree 5 returns any polynomial of degree 5, up to both ends, mean included."""
    polynomial = np.polynomial.Polynomial([5.0, -1.0, 2.0, 0.5, -3.0, 1.0])(np.linspace(-1.5, 1.5, 4001))
    smoothed = dipole(polynomial).savgol_filter(h_freq)
    np.testing.assert_allclose(smoothed["agg"] * 1e9, polynomial, rtol=1e-9, atol=1e-9)


def test_savgol_is_that_of_scipy_where_scipy_is_accurate():
    from scipy.signal import savgol_filter

    noise = np.random.default_rng(0).standard_normal(4001)
    expected = savgol_filter(noise, 101, 5)
    np.testing.assert_allclose(dipole(noise).savgol_filter(400.0)["agg"] * 1e9, expected, atol=1e-7)
    with pytest.raises(ParameterError, match="h_freq must give a window"):
        dipole().savgol_filter(5.0)


# times, files, notes --------------------------------------------------------------------------------------------


def test_times_need_not_be_multiples_of_the_step(tmp_path):
    times = 0.0007 + np.arange(103) / 600.61
    moment = Dipole(np.sin(times)[None], times, ["agg"])
    np.testing.assert_allclose(moment.times, times, rtol=0, atol=1e-15)
    np.testing.assert_allclose(moment.to_evoked().times, times, rtol=0, atol=1e-15)
    np.testing.assert_allclose(to_epochs([moment, moment]).times, times, rtol=0, atol=1e-15)
    moment.save(tmp_path / "odd-ave.fif", verbose="error")
    read = read_dipole(tmp_path / "odd-ave.fif")
    np.testing.assert_allclose(read.times, times, rtol=0, atol=1e-15)
    assert read.info["sfreq"] == moment.info["sfreq"]


def test_sampling_instead_of_times(tmp_path):
    moment = Dipole(np.zeros((1, 5)), None, ["agg"], sfreq=100.0, tmin=-0.02)
    assert moment.times == pytest.approx([-0.02, -0.01, 0.0, 0.01, 0.02])
    with pytest.raises(ParameterError, match="exactly one of both"):
        Dipole(np.zeros((1, 5)), np.arange(5.0), ["agg"], sfreq=100.0)
    dipole().crop(0.01, 0.01).apply_baseline((None, None)).save(tmp_path / "one-ave.fif", verbose="error")
    read = read_dipole(tmp_path / "one-ave.fif")
    assert read.data.shape == (3, 1)
    assert read.baseline == pytest.approx((0.01, 0.01))


def test_notes_survive_what_others_write():
    moment = dipole(provenance={"subject": "a name", "normal": np.array([0, 0, 1.0])}).scale(3.0)
    assert moment.provenance["normal"] == [0.0, 0.0, 1.0]
    hidden = moment.copy().anonymize(verbose="error")
    assert (hidden.provenance, hidden.scale_applied) == ({}, 3.0)
    moment.info["description"] = "free text"
    assert (moment.provenance, moment.scale_applied) == ({}, 1.0)
    assert "free text" in moment.scale(2.0).info["description"]
    with pytest.raises(ParameterError, match="plain values"):
        dipole(provenance={"area_mm2": float("nan")})


def test_combining_keeps_type_and_notes():
    both = mne.combine_evoked([dipole(provenance={"label": "S1"}), dipole()], [1, 1])
    assert isinstance(both, Dipole)
    assert both.provenance == {"label": "S1"}
    np.testing.assert_allclose(both.data, 2 * dipole().data)
    assert repr(both).startswith("<Dipole")


def test_published_baseline_at_the_dipoles_scale():
    moment = dipole().scale(3.0)
    curve = published_baseline(moment, 100)
    assert curve["L2"][0] == pytest.approx(3 * 4.43e-15)
    assert curve["L5"][0] == pytest.approx(-3 * 4905.02e-15)
    np.testing.assert_allclose(curve["agg"], curve["L2"] + curve["L5"])
    np.testing.assert_allclose(moment.copy().subtract(curve)["L5"], moment["L5"] - curve["L5"])
    with pytest.raises(ParameterError, match="layers agg, L2 and L5"):
        published_baseline(dipole().pick(["agg"]), 100)
