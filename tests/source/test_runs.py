"""Several runs and several conditions make one response; what cannot be right is refused in one sentence."""

import mne
import numpy as np
import pytest
from calls import load_response

from mne_hnn.errors import DataError, MneHnnError, MneHnnWarning, ParameterError

SFREQ = 200.0
NAMES = ["MEG 0113", "MEG 0111", "EEG 001", "EEG 002", "EEG 003", "STI 014"]
KINDS = ["grad", "mag", "eeg", "eeg", "eeg", "stim"]
NOISE = np.array([1e-13, 1e-15, 1e-7, 1e-7, 1e-7, 0.0])
WINDOW = {"tmin": -0.1, "tmax": 0.2}


def run(seed, n_left=8, n_right=4, factor=1.0, shift_mm=0.0):
    """Make a run whose left responses are 1e-11 T/m, its right ones 3e-11 T/m."""
    info = mne.create_info(NAMES, SFREQ, KINDS, verbose="error")
    trans = np.eye(4)
    trans[2, 3] = shift_mm / 1000
    info["dev_head_t"] = mne.Transform("meg", "head", trans)
    data = np.random.default_rng(seed).standard_normal((6, 200 * (n_left + n_right + 2))) * NOISE[:, np.newaxis]
    for k, code in enumerate([1, 2] * n_right + [1] * (n_left - n_right)):
        onset = 200 * (k + 1)
        data[:5, onset : onset + 20] += (1 if code == 1 else 3) * np.array([[1e-11, 1e-13, 1e-5, 0, -1e-5]]).T
        data[5, onset] = code
    data[:5] *= factor
    return mne.io.RawArray(data, info, verbose="error")


def epochs_of(raw, **options):
    events = mne.find_events(raw, verbose="error")
    return mne.Epochs(raw, events, {"left": 1, "right": 2}, -0.1, 0.2, preload=True, verbose="error", **options)


def test_several_conditions_of_epochs_are_all_their_epochs():
    epochs = epochs_of(run(1))
    both = load_response(epochs, condition=["left", "right"], **WINDOW)
    np.testing.assert_allclose(both.evoked.data, epochs.average(picks="meg").data, atol=1e-25)
    assert (both.n_epochs, both.kind, both.n_runs) == (12, "epochs", 1)
    cov = mne.compute_covariance(epochs.copy().pick("meg"), tmax=0, verbose="error")
    np.testing.assert_allclose(both.noise_cov.data, cov.data, rtol=1e-9)
    np.testing.assert_allclose(load_response(epochs, condition=[1, 2], **WINDOW).evoked.data, both.evoked.data)
    one = load_response(epochs, condition=["right"], **WINDOW)
    np.testing.assert_allclose(one.evoked.data, load_response(epochs, condition="right", **WINDOW).evoked.data)


def test_several_averages_are_weighted_by_their_epochs(tmp_path):
    epochs = epochs_of(run(1, n_left=9, n_right=3))
    averages = [epochs[name].average() for name in ("left", "right")]
    mne.write_evokeds(tmp_path / "x-ave.fif", averages, verbose="error")
    both = load_response(tmp_path / "x-ave.fif", condition=["left", "right"], **WINDOW)
    expected = epochs.average(picks="meg").data
    np.testing.assert_allclose(both.evoked.data, expected, rtol=1e-4, atol=1e-17)
    assert (both.n_epochs, both.evoked.nave) == (12, 12)
    assert both.evoked.comment == "left + right"
    level = both.evoked.data[0, both.evoked.times > 0].max()
    assert level == pytest.approx((9 * 1e-11 + 3 * 3e-11) / 12, rel=0.1)


def test_several_trial_types_of_raw_data():
    raw = run(1)
    events = mne.find_events(raw, verbose="error")
    raw.set_annotations(mne.annotations_from_events(events, SFREQ, {1: "left", 2: "right"}, verbose="error"))
    both = load_response(raw, event_id=["left", "right"], **WINDOW)
    assert both.n_epochs == 12


@pytest.fixture
def runs():
    return [run(1), run(2, n_left=6, n_right=2), run(3)]


def forms(runs, form, folder):
    if form == "raw":
        return runs, {"event_id": 1}
    if form == "files":
        for k, one in enumerate(runs):
            one.save(folder / f"{k}_raw.fif", verbose="error")
        return [folder / f"{k}_raw.fif" for k in range(len(runs))], {"event_id": 1}
    epochs = [epochs_of(one) for one in runs]
    if form == "epochs":
        return epochs, {"condition": "left"}
    return tuple(one["left"].average() for one in epochs), {}


@pytest.mark.parametrize("form", ["raw", "files", "epochs", "averages"])
def test_runs_are_one_recording(runs, form, tmp_path):
    data, options = forms(runs, form, tmp_path)
    runs[1].info["bads"] = []
    response = load_response(data, **options, **WINDOW)
    expected = mne.concatenate_epochs([epochs_of(one)["left"] for one in runs], verbose="error")
    np.testing.assert_allclose(response.evoked.data, expected.average(picks="meg").data, rtol=1e-4, atol=1e-17)
    assert response.n_epochs == 8 + 6 + 8
    assert response.n_runs == 3
    assert response.origin.count(" + ") == 2
    if form in ("raw", "epochs"):
        cov = mne.compute_covariance(expected.copy().pick("meg"), tmax=0, verbose="error")
        np.testing.assert_allclose(response.noise_cov.data, cov.data, rtol=1e-6)


def test_runs_of_a_bids_recording(runs, tmp_path):
    mne_bids = pytest.importorskip("mne_bids")
    paths = []
    for number, one in enumerate(runs[:2], start=1):
        events = mne.find_events(one, verbose="error")
        one.set_annotations(mne.annotations_from_events(events, SFREQ, {1: "left", 2: "right"}, verbose="error"))
        one.info["line_freq"] = 50
        one.save(tmp_path / f"{number}_raw.fif", verbose="error")
        read = mne.io.read_raw_fif(tmp_path / f"{number}_raw.fif", verbose="error")
        path = mne_bids.BIDSPath(subject="01", task="touch", run=number, datatype="meg", root=tmp_path / "bids")
        mne_bids.write_raw_bids(read, path, verbose="error")
        paths.append(path)
    response = load_response(paths, event_id="left", **WINDOW)
    expected = load_response(runs[:2], event_id="left", **WINDOW)
    np.testing.assert_allclose(response.evoked.data, expected.evoked.data, rtol=1e-4, atol=1e-17)
    assert response.n_epochs == 14
    with pytest.raises(DataError, match="Unknown annotation 'lfet'.*Did you mean 'left'"):
        load_response(paths, event_id="lfet")


def test_events_of_each_run(runs):
    events = [mne.find_events(one, verbose="error") for one in runs]
    fewer = [one[:3] for one in events]
    wanted = sum(int((one[:, 2] == 1).sum()) for one in fewer)
    assert load_response(runs, events=fewer, event_id=1, **WINDOW).n_epochs == wanted == 6
    for wrong in (events[0], events[:2]):
        with pytest.raises(ParameterError, match="one array or file for each of the 3 runs"):
            load_response(runs, events=wrong, event_id=1)
    with pytest.raises(ParameterError, match="events belong to raw data"):
        load_response([epochs_of(one) for one in runs], events=events)


def test_a_channel_bad_in_one_run_is_bad_in_all(runs):
    runs[2].info["bads"] = ["MEG 0113"]
    response = load_response(runs, event_id=1, **WINDOW)
    assert response.evoked.ch_names == ["MEG 0111"]
    assert runs[0].info["bads"] == []


def test_order_of_channels_and_channels_of_no_interest(runs):
    expected = load_response(runs, event_id=1, **WINDOW).evoked
    turned = [runs[0], runs[1].copy().reorder_channels(NAMES[::-1]), runs[2]]
    extra = mne.io.RawArray(np.zeros((1, runs[2].n_times)), mne.create_info(["MISC 1"], SFREQ, "misc"), verbose="error")
    turned[2] = runs[2].copy().add_channels([extra], force_update_info=True)
    np.testing.assert_allclose(load_response(turned, event_id=1, **WINDOW).evoked.data, expected.data)


def test_runs_that_do_not_fit_together(runs, tmp_path):
    def refused(others, message):
        with pytest.raises(MneHnnError, match=message) as caught:
            load_response([runs[0], *others], event_id=1, **WINDOW)
        assert "\n" not in str(caught.value)

    refused([run(4, shift_mm=3.0)], r"head lies elsewhere in Raw object than.*mne\.preprocessing\.maxwell_filter")
    refused([runs[1].copy().resample(100.0, verbose="error")], "has 200 Hz and Raw object has 100 Hz: resample")
    refused([runs[1].copy().drop_channels("EEG 002")], "same sensors, but EEG 002 is not in both")
    refused([epochs_of(runs[1])], "of one kind, but Raw object is raw data and Epochs object is epochs")
    refused([3], "or a list of these")
    with_projector = runs[1].copy().set_eeg_reference(projection=True, verbose="error")
    refused([with_projector], "The 2 runs cannot be joined: SSP projectors")
    with pytest.raises(ParameterError, match="data is an empty list"):
        load_response([])


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (["left", "rigth"], "There is no condition 'rigth' in the epochs.*Did you mean 'right'"),
        (["left", "left"], "names 'left' twice"),
        ([], "condition is an empty list"),
        ([1, 7], "There is no condition 7"),
    ],
)
def test_wrong_conditions(condition, message):
    with pytest.raises(MneHnnError, match=message):
        load_response(epochs_of(run(1)), condition=condition)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["raw", "epo", "ave"])
def test_files_that_end_too_early(kind, share, tmp_path):
    raw = run(1)
    path = tmp_path / ("x_raw.fif" if kind == "raw" else f"x-{kind}.fif")
    made = raw if kind == "raw" else epochs_of(raw)
    (made.average() if kind == "ave" else made).save(path, verbose="error")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match="ends too early: the file is cut off or damaged") as caught:
        load_response(path, event_id=1 if kind == "raw" else None, **WINDOW)
    assert "\n" not in str(caught.value)


def test_a_missing_trial_type():
    raw = run(1)
    events = mne.find_events(raw, verbose="error")
    raw.set_annotations(mne.annotations_from_events(events, SFREQ, {1: "left", 2: "right"}, verbose="error"))
    without = raw.copy().pick(["meg", "eeg"])
    for event_id in ("lfet", ["right", "lfet"], {"lfet": 1}, {"left": 1, "lfet": 2}):
        with pytest.raises(DataError, match="Unknown annotation 'lfet'.*Did you mean 'left'") as caught:
            load_response(without, event_id=event_id)
        assert "\n" not in str(caught.value)
    with pytest.raises(
        DataError, match=r"no annotations: give .*a BIDS recording needs an events.tsv with trial types"
    ):
        load_response(without.set_annotations(None), event_id="left")
    with pytest.raises(DataError, match="has no good channel of type 'eeg': it has grad, mag"):
        load_response(raw.pick(["meg", "stim"]), event_id="left", channel_types="eeg")


@pytest.mark.parametrize(("kind", "unit"), [("mag", "T"), ("grad", "T/m"), ("eeg", "V")])
def test_units_that_are_wrong(kind, unit):
    options = {"event_id": 1, "channel_types": kind, **WINDOW}
    with pytest.raises(DataError, match=rf"reaches .* {unit} at .* \({kind}\), which no brain gives.*wrong.*V where"):
        load_response(run(1, factor=1e6), **options)
    for factor in (1e3, 1e-6):
        with pytest.warns(RuntimeWarning, match=f"in channels of type {kind}, where .* {unit} are plausible: check"):
            load_response(run(1, factor=factor), **options)


def test_units_that_are_right(recwarn):
    raw = run(1)
    raw.apply_function(lambda row: row + 0.03, picks="eeg")  # the offset of a DC amplifier
    load_response(raw, event_id=1, channel_types=("meg", "eeg"), baseline=None, **WINDOW)
    assert not [one for one in recwarn if "plausible" in str(one.message)]


def averages(raws):
    return [epochs_of(one)["left"].average() for one in raws]


def with_projector(raw, *, vector=(0.0, 1.0), active=False):
    names = ["MEG 0113", "MEG 0111"]
    data = {"nrow": 1, "ncol": 2, "row_names": None, "col_names": names, "data": np.array([vector])}
    raw.add_proj(mne.Projection(data=data, desc="PCA-01", kind=1, active=False), verbose="error")
    return raw.apply_proj(verbose="error") if active else raw


@pytest.mark.parametrize("kind", ["raw", "epochs", "averages"])
def test_projectors_of_runs(runs, kind):
    """One set of projectors, applied in all runs or none; the result is that of applying them to all."""
    make = {"raw": lambda raws: raws, "epochs": lambda raws: [epochs_of(one, proj=False) for one in raws]}
    make["averages"] = lambda raws: [one["left"].average() for one in make["epochs"](raws)]
    options = {"raw": {"event_id": 1}, "epochs": {"condition": "left"}, "averages": {}}[kind]
    expected = load_response(make[kind]([with_projector(one.copy(), active=True) for one in runs]), **options, **WINDOW)
    mixed = [with_projector(one.copy(), active=place == 1) for place, one in enumerate(runs)]
    found = load_response(make[kind](mixed), **options, **WINDOW)
    np.testing.assert_allclose(found.evoked.data, expected.evoked.data, rtol=1e-9, atol=1e-25)
    assert np.abs(found.evoked.copy().pick("mag").data).max() < 1e-25  # projected out
    other = [with_projector(runs[0].copy()), with_projector(runs[1].copy(), vector=(1.0, 0.0))]
    for pair in (other, [with_projector(runs[0].copy()), runs[1]]):
        with pytest.raises(DataError, match="The 2 runs cannot be joined: SSP projectors differ between .*PCA-01"):
            load_response(make[kind](pair), **options, **WINDOW)


def test_runs_that_were_treated_differently(runs):
    with pytest.warns(
        MneHnnWarning, match="filtered differently, Raw object to 0 to 100 Hz and Raw object to 0 to 40 Hz"
    ):
        load_response([runs[0], runs[1].copy().filter(None, 40.0, verbose="error")], event_id=1, **WINDOW)
    referenced = runs[1].copy().set_eeg_reference(["EEG 001"], verbose="error")
    with pytest.warns(MneHnnWarning, match="The EEG of Raw object and Raw object has different references"):
        load_response([runs[0], referenced], event_id=1, **WINDOW)
    one, two = averages(runs[:2])
    with pytest.warns(MneHnnWarning, match="have different baselines, .* give baseline"):
        load_response([one, two.apply_baseline((0.1, 0.2))], baseline=None, **WINDOW)
