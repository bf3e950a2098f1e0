"""Every argument of load_response is used for every kind of input that it accepts, or refused in one sentence."""

import re
import warnings

import mne
import numpy as np
import pytest
from calls import load_response

from mne_hnn import source
from mne_hnn.errors import DataError, MneHnnError, MneHnnWarning, ParameterError
from mne_hnn.pipeline import Config

SFREQ = 200.0
NAMES = ["MEG 0113", "MEG 0111", "EEG 001", "EEG 002", "EEG 003", "EEG 004", "EMG 061", "STI 014"]
KINDS = ["grad", "mag", "eeg", "eeg", "eeg", "eeg", "emg", "stim"]
ONSETS = 200 + 100 * np.arange(12)
WINDOW = {"tmin": -0.1, "tmax": 0.2}


@pytest.fixture
def raw():
    """Make 12 responses to two conditions, one of them beside a burst of the muscle."""
    info = mne.create_info(NAMES, SFREQ, KINDS, verbose="error")
    noise = np.array([1e-13, 1e-15, 1e-7, 1e-7, 1e-7, 1e-7, 1e-6, 0.0])[:, np.newaxis]
    data = np.random.default_rng(3).standard_normal((8, 1600)) * noise
    for place, onset in enumerate(ONSETS):
        data[:6, onset : onset + 20] += np.array([[1e-11, 1e-13, 1e-5, 0, -1e-5, 0]]).T * (1 + place % 2)
        data[7, onset] = 1 + place % 2
    data[6, ONSETS[4] : ONSETS[4] + 10] += 1e-3
    return mne.io.RawArray(data, info, verbose="error")


@pytest.fixture
def epochs(raw):
    pandas = pytest.importorskip("pandas")
    events = mne.find_events(raw, verbose="error")
    metadata = pandas.DataFrame({"rt": np.linspace(0.2, 0.9, len(events))})
    names = {"aud/left": 1, "aud/right": 2}
    return mne.Epochs(raw, events, names, -0.1, 0.2, metadata=metadata, preload=True, verbose="error")


@pytest.fixture
def inputs(raw, epochs):
    return {"raw": raw, "epochs": epochs, "evoked": epochs["aud/left"].average(picks=["meg", "eeg", "emg"])}


EVENTS = np.array([[200, 0, 1], [400, 0, 1]])
BELONGS = "belongs to continuous data, but the data are"
TABLE = [
    ("condition", "aud/left", {"raw": r"choose their events with event_id='aud/left' instead"}),
    ("events", EVENTS, {"epochs": f"events {BELONGS} epochs", "evoked": f"events {BELONGS} an average"}),
    ("event_id", 1, {"epochs": f"event_id {BELONGS} epochs already", "evoked": f"event_id {BELONGS} an average"}),
    ("stim_channel", "STI 014", {"epochs": f"stim_channel {BELONGS}", "evoked": f"stim_channel {BELONGS}"}),
    ("channel_types", ("mag",), {}),
    ("bads", "MEG 0113", {}),
    ("bads", ["MEG 0113"], {}),
    ("l_freq", 8.0, {}),
    ("h_freq", 20.0, {}),
    ("tmin", -0.05, {}),
    ("tmax", 0.15, {}),
    ("baseline", (0.0, 0.1), {}),
    ("reject", {"emg": 5e-4}, {"evoked": "reject chooses among single epochs"}),
    ("flat", {"emg": 7e-6}, {"evoked": "flat chooses among single epochs"}),
    ("decim", 2, {}),
]


def differs(one, two):
    a, b = one.evoked, two.evoked
    same_shape = a.data.shape == b.data.shape
    return one.n_epochs != two.n_epochs or not same_shape or not np.allclose(a.data, b.data, rtol=1e-6, atol=0)


@pytest.mark.parametrize("kind", ["raw", "epochs", "evoked"])
@pytest.mark.parametrize(("name", "value", "refused"), TABLE)
@pytest.mark.filterwarnings("ignore::mne_hnn.MneHnnWarning")
def test_an_argument_is_used_or_refused(inputs, kind, name, value, refused):
    if kind in refused:
        with pytest.raises(ParameterError, match=refused[kind]) as caught:
            load_response(inputs[kind], **{**WINDOW, name: value})
        assert "\n" not in str(caught.value)
        return
    plain = load_response(inputs[kind], **WINDOW)
    changed = load_response(inputs[kind], **{**WINDOW, name: value})
    if (kind, name) in {("evoked", "condition"), ("raw", "stim_channel")}:
        assert not differs(plain, changed)  # what there is, is chosen
    else:
        assert differs(plain, changed)


def test_a_given_covariance_and_processes(inputs):
    for data in inputs.values():
        cov = mne.make_ad_hoc_cov(data.info, verbose="error")
        assert load_response(data, noise_cov=cov, n_jobs=1, **WINDOW).noise_cov is cov


def test_conditions_that_are_not_there(inputs, tmp_path):
    refused = [
        (inputs["evoked"], "Right visual", "no condition 'Right visual' in the Evoked object, which is 'aud/left'"),
        (inputs["evoked"], 1, "no condition 1 in the Evoked object"),
        (inputs["evoked"], True, "no condition True in the Evoked object"),
        ([inputs["evoked"]] * 2, "nonsense", "no condition 'nonsense' in the Evoked object"),
        (inputs["epochs"], "rt > 5", "'rt > 5' selects none of the 12 epochs"),
        (inputs["epochs"], ["aud/left", "rt > 5"], "'rt > 5' selects none"),
        (inputs["epochs"], "rtt > 5", "no condition 'rtt > 5' in the epochs"),
        (inputs["epochs"], "rt >", "no condition 'rt >' in the epochs"),
        (inputs["epochs"], True, "no condition True in the epochs"),
    ]
    for data, condition, message in refused:
        with pytest.raises(DataError, match=message) as caught:
            load_response(data, condition=condition, **WINDOW)
        assert "\n" not in str(caught.value)
    assert load_response(inputs["epochs"], condition="rt > 0.5", **WINDOW).n_epochs == 7
    for right in ("aud/left", 0, ["aud/left"]):
        assert load_response(inputs["evoked"], condition=right, **WINDOW).n_epochs == 6
    inputs["raw"].save(tmp_path / "x_raw.fif", verbose="error")
    with pytest.raises(ParameterError, match="event_id='nonsense' instead"):
        load_response(tmp_path / "x_raw.fif", condition="nonsense", **WINDOW)


def test_limits_that_epochs_cannot_take(epochs):
    stricter = epochs.copy().drop_bad(reject={"eeg": 1e-4}, verbose="error")
    with pytest.raises(DataError, match="Limits of epochs that were rejected before cannot be changed"):
        load_response(stricter, reject={"eeg": 2e-4}, **WINDOW)
    with pytest.raises(ParameterError, match="reject names channel type 'ecg', but the data have"):
        load_response(epochs, reject={"ecg": 1e-3}, **WINDOW)
    with pytest.raises(DataError, match="No epoch is left of 12: .*usual is 4e-10 T/m"):
        load_response(epochs, reject={"grad": 1e-15}, **WINDOW)


SLIPS = [
    ({"l_freq": 40.0, "h_freq": 1.0}, r"l_freq must be below h_freq, got 40 and 1 Hz \(exchanged\?\)"),
    ({"l_freq": 10.0, "h_freq": 10.0}, "l_freq must be below h_freq"),
    ({"l_freq": -1.0}, "l_freq must be a finite number > 0"),
    ({"tmin": -200, "tmax": 300}, r"tmin is in seconds, got -200: for -200 ms give -0\.2"),
    ({"tmin": 0, "tmax": 170}, r"tmax is in seconds, got 170: for 170 ms give 0\.17"),
    ({"tmin": 0.2, "tmax": -0.1}, r"tmin must be before tmax, got 0\.2 and -0\.1 s \(exchanged\?\)"),
    ({"baseline": (-100, 0)}, r"baseline is in seconds, got -100: for -100 ms give -0\.1"),
    ({"baseline": (0, -0.1)}, r"baseline must not end before it begins.*exchanged"),
    ({"baseline": 0}, "baseline must be a pair of times in s"),
    ({"reject": {"grad": 4000}}, r"reject\['grad'\] is 4000 T/m, which nothing reaches: .*4e-10 T/m \(4000 fT/cm\)"),
    ({"reject": {"mag": 4000}}, r"reject\['mag'\] is 4000 T, .*4e-12 T \(4000 fT\)"),
    ({"reject": {"eeg": 100}}, r"reject\['eeg'\] is 100 V, .*1e-4 V \(100 µV\)"),
    ({"reject": {"eog": 150.0}}, r"reject\['eog'\] is 150 V"),
    ({"flat": {"mag": 1}}, r"flat\['mag'\] is 1 T"),
    ({"reject": {}}, "reject must map channel types to amplitudes"),
    ({"reject": 4e-12}, "reject must map channel types to amplitudes"),
    ({"reject": {"grad": "4000e-13"}}, r"reject\['grad'\] must be a finite number > 0.*without quotes"),
]
BY_LOADING = [
    ({"h_freq": 150.0}, "h_freq is 150 Hz, but data sampled at 200 Hz hold frequencies below 100 Hz"),
    ({"l_freq": 120.0}, "l_freq is 120 Hz, but data sampled at 200 Hz"),
    ({"decim": 100}, r"decim=100 leaves 2 of 200 samples per second.*decim is a factor, not a rate"),
    ({"decim": 0}, "decim must be an integer >= 1"),
    ({"decim": 2.5}, "decim must be an integer >= 1"),
]


@pytest.mark.parametrize("kind", ["raw", "epochs", "evoked"])
@pytest.mark.parametrize(("options", "message"), [*SLIPS, *BY_LOADING])
def test_slips_are_guessed(inputs, kind, options, message):
    with pytest.raises(MneHnnError, match=message) as caught:
        load_response(inputs[kind], **{**WINDOW, **options})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *SLIPS,
        ({"target_tmin": 0, "target_tmax": 170}, r"target_tmax is in seconds, got 170: for 170 ms give 0\.17"),
        ({"depth": 80}, "depth is the exponent of the depth weighting, 0 to 5, got 80"),
        ({"patch_latency": 70}, r"patch_latency is in seconds, got 70: for 70 ms give 0\.07"),
        ({"patch_latency": (0.05, 70)}, "patch_latency is in seconds, got 70"),
    ],
)
def test_slips_in_a_configuration(options, message):
    from mne_hnn.network import jones_2009

    with pytest.raises(MneHnnError, match=message):
        Config(data="x_raw.fif", label="postcentral-rh", network=jones_2009(), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"h_freq": 2.0}, r"h_freq is 2 Hz: evoked responses.*\(kHz\?\)"),
        ({"l_freq": 60.0}, "l_freq is 60 Hz: evoked responses"),
        ({"decim": 4}, "decim=4 leaves 50 samples per second, but the data have frequencies up to 100 Hz"),
        ({"decim": 4}, "The response has 50 samples per second"),
    ],
)
def test_choices_that_are_odd(raw, options, message):
    with pytest.warns(MneHnnWarning) as said:
        load_response(raw, **{**WINDOW, **options})
    assert any(re.search(message, str(warning.message)) for warning in said)


@pytest.mark.parametrize("kind", ["raw", "epochs", "evoked"])
def test_a_baseline_of_one_sample(inputs, kind):
    message = r"The baseline \(None, 0\.0\) cannot be subtracted: it is a single sample, as the data begin at 0 s"
    with pytest.raises(DataError, match=message):
        load_response(inputs[kind], tmin=0.0, tmax=0.2)


def test_a_sampling_rate_in_kilohertz():
    info = mne.create_info(["MEG 0111"], 0.6, "mag", verbose="error")
    evoked = mne.EvokedArray(np.random.default_rng(0).standard_normal((1, 60)) * 1e-13, info, tmin=-10.0)
    with pytest.raises(DataError, match=r"sampling rate of 0\.6 Hz, too slow for a response \(kHz given as Hz\?\)"):
        load_response(evoked, tmin=-5.0, tmax=5.0)


def test_windows_without_data(raw):
    with pytest.raises(DataError, match="No epoch is left of 12: none of the windows from -19 to 0.3 s.*are in s"):
        load_response(raw, tmin=-19, tmax=0.3)


@pytest.mark.parametrize(
    ("kind", "factor", "unit"), [("mag", 1e15, "fT"), ("grad", 1e13, "fT/cm"), ("eeg", 1e6, "µV"), ("mag", 1e12, "pT")]
)
def test_units_are_guessed(raw, kind, factor, unit):
    raw.apply_function(lambda row: row * factor, picks=kind)
    with pytest.raises(DataError, match=rf"which no brain gives.* Values in {unit}\? Multiply them by {1 / factor:g}"):
        load_response(raw, channel_types=kind, **WINDOW)
    # though every epoch exceeds the limit, the limit is not to blame
    events = mne.find_events(raw, verbose="error")
    epochs = mne.Epochs(raw, events, tmin=-0.1, tmax=0.2, preload=True, verbose="error")
    for data in (raw, epochs):
        with pytest.raises(DataError, match=rf"which no brain gives.* Values in {unit}\?"):
            load_response(data, channel_types=kind, reject={kind: 1e-10 if kind != "eeg" else 1e-4}, **WINDOW)


def test_a_covariance_in_other_units(inputs):
    cov = mne.make_ad_hoc_cov(inputs["evoked"].info, verbose="error")
    wrong = mne.Covariance(cov.data * 1e30, cov.ch_names, [], [], 0, verbose="error")
    with pytest.warns(MneHnnWarning, match=r"standard deviation of 5 T/m.*\(square of T/m\)|20 T in channels"):
        load_response(inputs["evoked"], noise_cov=wrong, **WINDOW)


def test_standard_errors_are_no_averages(epochs, tmp_path):
    error = epochs.standard_error(picks="meg")
    with pytest.raises(DataError, match="holds standard errors, not averages"):
        load_response(error)
    error.save(tmp_path / "error-ave.fif", verbose="error")
    with pytest.raises(DataError, match="holds standard errors, but no average"):
        load_response(tmp_path / "error-ave.fif")
    average = epochs.average(picks="meg")
    average.comment = error.comment = "touch"
    mne.write_evokeds(tmp_path / "both-ave.fif", [error, average], verbose="error")
    loaded = load_response(tmp_path / "both-ave.fif", **WINDOW)  # the only average
    np.testing.assert_allclose(loaded.evoked.data, average.data, rtol=1e-5, atol=1e-20)


def test_shielded_recordings(raw, tmp_path):
    with raw.info._unlock():
        raw.info["maxshield"] = True
    raw.save(tmp_path / "x_raw.fif", verbose="error")
    reason = r"active shielding \(MaxShield\).*mne\.preprocessing\.maxwell_filter"
    with pytest.raises(DataError, match=reason) as caught:
        load_response(tmp_path / "x_raw.fif", event_id=1)
    assert "\n" not in str(caught.value)
    with pytest.warns(MneHnnWarning, match=reason):  # of an object, opened on purpose
        load_response(raw, event_id=1, **WINDOW)
    mne_bids = pytest.importorskip("mne_bids")
    raw.info["line_freq"] = 50
    raw.save(tmp_path / "y_raw.fif", verbose="error")
    read = mne.io.read_raw_fif(tmp_path / "y_raw.fif", allow_maxshield="yes", verbose="error")
    path = mne_bids.BIDSPath(subject="01", task="touch", datatype="meg", root=tmp_path / "bids")
    mne_bids.write_raw_bids(read, path, verbose="error")
    with pytest.raises(DataError, match=reason):
        load_response(path, event_id=1)


def test_the_number_of_epochs_of_a_contrast(epochs):
    sides = [epochs[name].average() for name in ("aud/left", "aud/right")]
    contrast = mne.combine_evoked(sides, weights=[1, -1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        response = load_response(contrast, **WINDOW)
    assert (response.n_epochs, response.evoked.nave) == (3, pytest.approx(3.0))
    for side in sides:
        side.nave = 1
    assert load_response(mne.combine_evoked(sides, weights=[1, -1]), **WINDOW).n_epochs == 1  # not 0


def test_files_hold_whole_numbers_of_epochs(epochs, tmp_path):
    from mne_hnn.pipeline.stages._01_load import _with_whole_nave

    sides = [epochs[name].average() for name in ("aud/left", "aud/right")]
    sides[0].nave = 5
    contrast = load_response(mne.combine_evoked(sides, weights=[1, -1]), **WINDOW).evoked
    with pytest.warns(MneHnnWarning, match=r"stands for 2\.727 epochs, .* so that 2 is taken"):
        whole = _with_whole_nave(contrast)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole.save(tmp_path / "x-ave.fif", verbose="warning")
    assert (whole.nave, contrast.nave) == (2, pytest.approx(30 / 11))
    assert load_response([contrast, contrast], **WINDOW).evoked.nave == pytest.approx(60 / 11)


def test_positions_in_millimetres(raw):
    places = dict(zip(NAMES[2:6], np.random.default_rng(0).normal(size=(4, 3)), strict=True))
    places = {name: 90 * place / np.linalg.norm(place) for name, place in places.items()}
    wrong = raw.copy().set_montage(mne.channels.make_dig_montage(places, coord_frame="head"), verbose="error")
    with pytest.warns(MneHnnWarning, match=r"electrodes lie .* m from their centre.*which is m \(mm\?\)"):
        load_response(wrong, channel_types="eeg", **WINDOW)
    right = {name: place / 1000 for name, place in places.items()}
    raw.set_montage(mne.channels.make_dig_montage(right, coord_frame="head"), verbose="error")
    with warnings.catch_warnings():
        warnings.simplefilter("error", MneHnnWarning)
        load_response(raw, channel_types="eeg", **WINDOW)


def test_filtering_a_short_average_is_said_at_every_log_level(inputs):
    with (
        mne.utils.use_log_level("error"),
        pytest.warns(MneHnnWarning, match="filter_length .* is longer than the signal"),
    ):
        load_response(inputs["evoked"], l_freq=1.0, **WINDOW)


def test_options_of_another_kind_are_refused(raw):
    for given, kind in (({"tmin": 0.0}, "dict"), (raw, "RawArray")):
        with pytest.raises(ParameterError, match=rf"^epochs must be EpochOptions\(\.\.\.\) or None, got {kind}: see"):
            source.load_response(raw, epochs=given)
    with pytest.raises(ParameterError, match=r"Unknown field 'baselin' of EpochOptions.*Did you mean 'baseline'\?"):
        source.EpochOptions(baselin=None)
    with pytest.raises(TypeError, match="unexpected keyword argument 'tmin'"):
        source.load_response(raw, tmin=0.0)


def test_options_are_values():
    limits = {"mag": 4e-12}
    options = source.EpochOptions(reject=limits)
    limits["mag"] = 1e-12
    assert options == source.EpochOptions(reject={"mag": 4e-12})
    assert hash(options) == hash(source.EpochOptions(reject={"mag": 4e-12}))
    with pytest.raises(AttributeError):
        options.tmin = 0.0
