import mne
import numpy as np
import pytest
from calls import load_response

from mne_hnn.errors import DataError, MneHnnError, ParameterError

SFREQ = 200.0
ONSETS = np.arange(200, 4000, 200)


@pytest.fixture(scope="module")
def info():
    info = mne.create_info(
        ["MEG 0113", "MEG 0112", "MEG 0111", "EEG 001", "EEG 002", "EEG 003", "EOG 061", "STI 014"], SFREQ,
        ["grad", "grad", "mag", "eeg", "eeg", "eeg", "eog", "stim"],
    )  # fmt: skip
    with info._unlock():
        info["description"] = "made for a test"
    return info


@pytest.fixture
def raw(info):
    """Twenty half-sine responses of known size in unit noise, one with a blink."""
    rng = np.random.default_rng(5)
    data = rng.standard_normal((8, 4200)) * np.array([1e-13, 1e-13, 1e-15, 1e-7, 1e-7, 1e-7, 1e-6, 0])[:, np.newaxis]
    shape = np.sin(np.pi * np.arange(20) / 20)
    for onset in ONSETS:
        data[0, onset : onset + 20] += 1e-11 * shape
        data[3, onset : onset + 20] += 1e-5 * shape
        data[7, onset] = 1
    data[7, ONSETS[3]] = 2
    data[6, ONSETS[5] : ONSETS[5] + 10] += 500e-6
    return mne.io.RawArray(data, info.copy(), verbose="error")


def test_raw_is_averaged_as_mne_does(raw):
    response = load_response(raw, event_id=1, tmin=-0.1, tmax=0.2, reject={"eog": 350e-6})
    events = mne.find_events(raw, verbose="error")
    epochs = mne.Epochs(
        raw, events, 1, -0.1, 0.2, baseline=(None, 0), reject={"eog": 350e-6}, preload=True, verbose="error"
    )
    expected = epochs.average(picks="meg")
    np.testing.assert_allclose(response.evoked.data, expected.data, rtol=1e-12)
    assert response.evoked.get_channel_types(unique=True) == ["grad", "mag"]
    assert (response.n_epochs, response.n_dropped) == (len(ONSETS) - 2, 1)
    assert response.drop_reasons == {"EOG 061": 1}
    cov = mne.compute_covariance(epochs.copy().pick("meg"), tmax=0, verbose="error")
    np.testing.assert_allclose(response.noise_cov.data, cov.data, rtol=1e-9)


def test_every_kind_of_source_gives_the_same_average(raw, tmp_path):
    options = {"tmin": -0.1, "tmax": 0.2}
    expected = load_response(raw, event_id=1, **options).evoked
    events = mne.find_events(raw, verbose="error")
    epochs = mne.Epochs(raw, events, {"touch": 1}, -0.1, 0.2, preload=True, verbose="error")
    raw.save(tmp_path / "x_raw.fif", verbose="error")
    epochs.save(tmp_path / "x-epo.fif", verbose="error")
    epochs.average(picks=["meg", "eeg"]).save(tmp_path / "x-ave.fif", verbose="error")
    for data, more in (
        (tmp_path / "x_raw.fif", {"event_id": 1}),
        (str(tmp_path / "x-epo.fif"), {"condition": "touch"}),
        (tmp_path / "x-ave.fif", {}),
        (epochs, {}),
        (epochs.average(picks=["meg", "eeg"]), {}),
    ):
        evoked = load_response(data, **options, **more).evoked
        assert evoked.ch_names == expected.ch_names
        np.testing.assert_allclose(evoked.data, expected.data, rtol=1e-5, atol=1e-16)  # FIF: single precision


def test_eeg_gets_its_average_reference(raw):
    evoked = load_response(raw, event_id=1, channel_types=("meg", "eeg")).evoked
    eeg = evoked.copy().pick("eeg").data
    np.testing.assert_allclose(eeg.sum(axis=0), 0, atol=1e-18)
    assert evoked.proj
    referenced = raw.copy().set_eeg_reference("average", verbose="error")
    custom = load_response(referenced, event_id=1, channel_types="eeg").evoked
    assert custom.proj  # on top of whatever reference there was, as the inverse needs it
    np.testing.assert_allclose(custom.data, eeg, atol=1e-18)


def test_bads_are_left_out(raw):
    raw.info["bads"] = ["MEG 0112"]
    evoked = load_response(raw, event_id=1, bads=["MEG 0111"]).evoked
    assert evoked.ch_names == ["MEG 0113"]
    assert raw.info["bads"] == ["MEG 0112"], "the user's object must stay as it was"


def test_annotations_take_the_place_of_a_stimulus_channel(raw):
    events = mne.find_events(raw, verbose="error")
    raw.set_annotations(mne.annotations_from_events(events, SFREQ, {1: "touch", 2: "other"}, verbose="error"))
    expected = load_response(raw, event_id=1).evoked
    without = raw.copy().pick(["meg", "eeg", "eog"])
    np.testing.assert_allclose(load_response(without, event_id="touch").evoked.data, expected.data)


def test_filter_and_decimation(raw):
    evoked = load_response(raw, event_id=1, l_freq=1.0, h_freq=40.0, decim=2).evoked
    assert evoked.info["sfreq"] == SFREQ / 2
    expected = raw.copy().filter(1.0, 40.0, verbose="error")
    assert evoked.info["lowpass"] == expected.info["lowpass"]


def test_bids_recording(raw, tmp_path):
    mne_bids = pytest.importorskip("mne_bids")
    raw.set_annotations(
        mne.annotations_from_events(mne.find_events(raw, verbose="error"), SFREQ, {1: "touch", 2: "other"})
    )
    raw.info["line_freq"] = 50
    path = mne_bids.BIDSPath(subject="01", task="touch", datatype="meg", root=tmp_path)
    raw.save(tmp_path / "in_raw.fif", verbose="error")
    read = mne.io.read_raw_fif(tmp_path / "in_raw.fif", verbose="error")
    mne_bids.write_raw_bids(read, path, verbose="error")
    evoked = load_response(path, event_id={"touch": 1}).evoked
    np.testing.assert_allclose(evoked.data, load_response(raw, event_id=1).evoked.data, rtol=1e-5, atol=1e-17)
    with pytest.raises(DataError, match="cannot be read as a BIDS recording"):
        load_response(path.copy().update(subject="02"))


def nan_evoked(raw):
    evoked = load_response(raw, event_id=1).evoked
    evoked.data[1, 3] = np.nan
    return evoked


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"event_id": 7}, r"No event \[7\] in the data: found \[1, 2\]"),
        ({"event_id": 1, "reject": {"grad": 1e-15}}, r"No epoch is left of 18: rejected by MEG 011"),
        ({"event_id": 1, "bads": ["MEG 0119"]}, "Unknown bad channel 'MEG 0119'.*Did you mean 'MEG 011"),
        ({"channel_types": "megs"}, "Unknown channel type 'megs'"),
        ({"channel_types": ()}, "channel_types must name at least one"),
        ({"tmin": 0.2, "tmax": 0.1}, "tmin must be before tmax"),
        ({"event_id": 1, "reject": {"ecg": 1.0}}, "channel type 'ecg', but the data have"),
        ({"event_id": 1, "noise_cov": "nothing-cov.fif"}, "There is no noise covariance nothing-cov.fif"),
        ({"event_id": 1, "events": "nothing-eve.fif"}, "There is no file of events nothing-eve.fif"),
    ],
)
def test_wrong_choices(raw, options, message):
    with pytest.raises(MneHnnError, match=message) as caught:
        load_response(raw, **options)
    assert "\n" not in str(caught.value)


def test_wrong_data(raw, tmp_path):
    with pytest.raises(DataError, match=r"There is no file .*nothing_raw\.fif"):
        load_response(tmp_path / "nothing_raw.fif")
    with pytest.raises(ParameterError, match="data must be Raw, Epochs or Evoked.*got int"):
        load_response([1])
    (tmp_path / "text_raw.fif").write_text("text")
    with pytest.raises(DataError, match=r"text_raw\.fif"):
        load_response(tmp_path / "text_raw.fif")
    evoked = load_response(raw, event_id=1).evoked
    other = evoked.copy()
    evoked.comment, other.comment = "left hand", "right hand"
    mne.write_evokeds(tmp_path / "two-ave.fif", [evoked, other], verbose="error")
    with pytest.raises(DataError, match="holds 2 averages: choose one as condition, among 'left hand', 'right hand'"):
        load_response(tmp_path / "two-ave.fif")
    with pytest.raises(DataError, match="no condition 'left hnd'.*Did you mean 'left hand'"):
        load_response(tmp_path / "two-ave.fif", condition="left hnd")
    with pytest.raises(DataError, match="not finite .* in MEG 0112"):
        load_response(nan_evoked(raw))
    with pytest.raises(DataError, match="has no good channel of type 'eeg'"):
        load_response(evoked, channel_types="eeg")
    with pytest.raises(DataError, match="has nothing of tmin 1 to tmax 2 s"):
        load_response(evoked, tmin=1.0, tmax=2.0)
    cov = mne.make_ad_hoc_cov(evoked.info, verbose="error")
    cov.save(tmp_path / "x-cov.fif", verbose="error")
    with pytest.raises(DataError, match=r"x-cov\.fif holds a covariance matrix: raw data, epochs or an average"):
        load_response(tmp_path / "x-cov.fif")
    raw._data[2, 405] = np.inf
    with pytest.raises(DataError, match="not finite"):
        load_response(raw, event_id=1)


def test_a_number_names_the_event_not_the_epoch(raw):
    events = mne.find_events(raw, verbose="error")
    epochs = mne.Epochs(raw, events, {"touch": 1, "other": 2}, -0.1, 0.2, preload=True, verbose="error")
    assert load_response(epochs, condition=1).n_epochs == len(epochs["touch"])
    with pytest.raises(DataError, match=r"no condition 3 in the epochs: expected one of 'touch' \(1\), 'other' \(2\)"):
        load_response(epochs, condition=3)


def test_names_of_events(raw):
    with pytest.raises(DataError, match=r"event_id names 'touch', but the data have no annotations: .* \{'touch': 1\}"):
        load_response(raw, event_id="touch")
    events = mne.find_events(raw, verbose="error")
    raw.set_annotations(mne.annotations_from_events(events, SFREQ, {1: "touch", 2: "other"}, verbose="error"))
    one = load_response(raw, event_id="touch")  # though there is a stimulus channel
    np.testing.assert_allclose(one.evoked.data, load_response(raw, event_id={"touch": 1}).evoked.data)
    assert load_response(raw, event_id=["touch", "other"]).n_epochs == len(events)
    with pytest.raises(DataError, match="Unknown annotation 'tuch'.*Did you mean 'touch'"):
        load_response(raw, event_id="tuch")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"events": np.zeros((3, 2), int)}, r"events must be integers of shape \(n_events, 3\)"),
        ({"stim_channel": "STI 015"}, "Unknown stimulus channel 'STI 015'.*Did you mean 'STI 014'"),
        ({"event_id": 1.5j}, "event_id must be a number"),
        ({"event_id": 1, "noise_cov": 3}, "noise_cov must be an mne.Covariance or its path, got int"),
    ],
)
def test_wrong_events(raw, options, message):
    with pytest.raises(MneHnnError, match=message):
        load_response(raw, **options)


def test_no_baseline_leaves_data_as_they_are(raw):
    evoked = load_response(raw, event_id=1).evoked
    again = load_response(evoked, baseline=None).evoked
    np.testing.assert_array_equal(again.data, evoked.data)
    with pytest.raises(DataError, match=r"The baseline \(-3, -2\) cannot be subtracted"):
        load_response(evoked, baseline=(-3, -2))
