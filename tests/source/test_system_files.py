"""Recordings of every system by their path; what the forward solution needs of them; what cannot be read."""

import gzip
import shutil
import warnings

import mne
import numpy as np
import pytest
import system_files as files
from calls import load_response
from mne.io.constants import FIFF

from mne_hnn.errors import DataError, MneHnnError, MneHnnWarning
from mne_hnn.pipeline.identity import recording_files

WINDOW = {"tmin": -0.1, "tmax": 0.2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("systems")


@pytest.fixture(scope="module")
def written(folder):
    """Write one recording of each system."""
    return {
        "edf": files.write_edf(folder / "x.edf"),
        "bdf": files.write_edf(folder / "x.bdf", bits=24),
        "brainvision": files.write_brainvision(folder),
        "eeglab": files.write_eeglab(folder / "x.set"),
        "eeglab, in one": files.write_eeglab(folder / "whole.set", apart=False),
        "ctf": files.write_ctf(folder / "x.ds"),
        "kit": files.write_kit(folder / "x.con"),
        "kit, sqd": files.write_kit(folder / "y.sqd"),
    }


@pytest.mark.parametrize(
    ("system", "event_id"),
    [
        ("edf", 1), ("bdf", 1), ("brainvision", 1), ("brainvision", "Stimulus/S  1"), ("eeglab", "tone"),
        ("eeglab, in one", "tone"),
    ],
)  # fmt: skip
def test_eeg_by_its_path(written, system, event_id):
    response = load_response(str(written[system]), event_id=event_id, channel_types="eeg", **WINDOW)
    assert response.n_epochs == 8
    peak = np.abs(response.evoked.data).max(axis=1)
    volts = np.array([1e-5, -1e-5, 5e-6, 2e-6])
    np.testing.assert_allclose(peak, np.abs(volts - volts.mean()), rtol=0.02, atol=3e-8)
    assert response.origin == str(written[system])


@pytest.mark.parametrize(("system", "n_meg"), [("ctf", 6), ("kit", 4), ("kit, sqd", 4)])
def test_meg_by_its_path(written, system, n_meg):
    response = load_response(written[system], channel_types="meg", **WINDOW)
    assert response.n_epochs == 8
    meg = response.evoked.copy().pick("mag").data
    np.testing.assert_allclose(np.abs(meg).max(axis=1), 1e-12 * np.arange(1, n_meg + 1), rtol=0.05)


def sphere_gain(info):
    """Return the gain of two sources in a sphere."""
    places = {"rr": np.array([[0.03, 0.0, 0.05], [0.0, 0.04, 0.04]]), "nn": np.array([[0.0, 1, 0], [1, 0, 0.0]])}
    src = mne.setup_volume_source_space(pos=places, verbose="error")
    sphere = mne.make_sphere_model((0.0, 0.0, 0.0), None, verbose="error")
    forward = mne.make_forward_solution(info, None, src, sphere, eeg=False, mindist=0.0, verbose="error")
    return dict(zip(forward["sol"]["row_names"], forward["sol"]["data"], strict=True))


@pytest.fixture(scope="module")
def ctf(written):
    return mne.io.read_raw(written["ctf"], preload=True, verbose="error")


def forms(raw, folder):
    """Return a CTF recording in every form that load_response takes."""
    epochs = mne.Epochs(raw, mne.find_events(raw, verbose="error"), 1, -0.1, 0.2, preload=True, verbose="error")
    raw.save(folder / "x_raw.fif", overwrite=True, verbose="error")
    epochs.save(folder / "x-epo.fif", overwrite=True, verbose="error")
    average = epochs.average(picks=["meg", "ref_meg"])
    average.save(folder / "x-ave.fif", overwrite=True, verbose="error")
    names = ("x.ds", "x_raw.fif", "x-epo.fif", "x-ave.fif")
    return [raw, [raw, raw], epochs, average, [average, average], *(folder / name for name in names)]


def test_compensation_reaches_the_forward_solution(ctf, folder):
    """The gain of compensated data is that of the sensors minus what the compensation takes of the references."""
    whole = sphere_gain(ctf.info)
    raw = ctf.copy().apply_gradient_compensation(0, verbose="error")
    plain = sphere_gain(raw.info)
    refs = raw.copy().pick("ref_meg").info
    for channel in refs["chs"]:
        channel["kind"] = FIFF.FIFFV_MEG_CH
    with refs._unlock():
        refs["comps"] = []
    refs = sphere_gain(refs)
    for name, gain in whole.items():
        expected = plain[name] - 0.5 * refs["BG1-1"] - 0.25 * refs["BG2-1"]
        np.testing.assert_allclose(gain, expected, rtol=1e-6, atol=1e-12)
    away = np.linalg.norm(np.array(list(whole.values())) - np.array(list(plain.values())))
    assert away > 0.05 * np.linalg.norm(np.array(list(whole.values())))
    for data in forms(ctf, folder):
        info = load_response(data, **WINDOW).evoked.info
        loaded = sphere_gain(info)
        assert info["ch_names"] == [*list(whole), "BG1-1", "BG2-1"]
        for name, gain in whole.items():
            np.testing.assert_allclose(loaded[name], gain, rtol=1e-5, atol=1e-14)


def test_references_stay_out_of_everything_else(ctf):
    bad = ctf.copy()
    bad.info["bads"] = ["BG2-1", "MLC12-1"]
    bad._data[bad.ch_names.index("BG2-1"), 500] = np.nan  # its samples play no part any more
    response = load_response(bad, decim=2, h_freq=40.0, **WINDOW)
    assert "MLC12-1" not in response.evoked.ch_names
    assert response.noise_cov.ch_names == [name for name in response.evoked.ch_names if not name.startswith("BG")]
    assert np.linalg.norm(sphere_gain(response.evoked.info)["MLC11-1"]) > 0
    uncompensated = ctf.copy().apply_gradient_compensation(0, verbose="error")
    assert "ref_meg" not in load_response(uncompensated, **WINDOW).evoked.get_channel_types()


def test_ctf_in_a_data_set(written, ctf, tmp_path):
    mne_bids = pytest.importorskip("mne_bids")
    raw = mne.io.read_raw_ctf(written["ctf"], verbose="error")
    raw.info["line_freq"] = 50
    path = mne_bids.BIDSPath(subject="01", task="touch", datatype="meg", root=tmp_path)
    events = mne.find_events(raw, verbose="error")
    mne_bids.write_raw_bids(raw, path, events=events, event_id={"touch": 1}, verbose="error")
    path.update(extension=".ds", suffix="meg")
    (path.fpath / "BadChannels").write_text("MLC12\n")
    with pytest.warns(MneHnnWarning, match="marked bad that channels.tsv has as good: MLC12-1"):
        response = load_response(path, event_id="touch", **WINDOW)
    assert "MLC12-1" not in response.evoked.ch_names
    expected = sphere_gain(ctf.info)
    for name, gain in sphere_gain(response.evoked.info).items():
        np.testing.assert_allclose(gain, expected[name], rtol=1e-6, atol=1e-14)


def test_runs_of_different_compensation_or_sensors(ctf):
    with pytest.raises(DataError, match="compensation of grade 3 and Raw object of grade 0.*apply_gradient_comp"):
        load_response([ctf, ctf.copy().apply_gradient_compensation(0, verbose="error")], **WINDOW)
    moved = ctf.copy()
    moved.info["chs"][2]["loc"][0] += 0.002
    with pytest.raises(DataError, match=r"placed or oriented otherwise in Raw object than in Raw object \(MLC13-1\)"):
        load_response([ctf, moved], **WINDOW)


def cut(path, target, n_bytes):
    whole = path.read_bytes()
    target.write_bytes(whole[: len(whole) - n_bytes])
    return target


def test_files_that_are_cut_off(written, tmp_path):
    shutil.copytree(written["ctf"], tmp_path / "x.ds")
    cut(written["ctf"] / "x.meg4", tmp_path / "x.ds" / "x.meg4", 1000)
    for name in ("x.vhdr", "x.vmrk", "x.set"):
        shutil.copy(written["edf"].with_name(name), tmp_path / name)
    cut(written["edf"].with_name("x.eeg"), tmp_path / "x.eeg", 1001)
    cut(written["edf"].with_name("x.fdt"), tmp_path / "x.fdt", 1000)
    cut(written["kit"], tmp_path / "x.con", 26 * 300)
    for name in ("x.ds", "x.vhdr", "x.set", "x.con"):
        with pytest.raises(DataError, match=r"[Cc]ut off") as caught:
            load_response(tmp_path / name, channel_types="eeg", **WINDOW)
        assert "\n" not in str(caught.value)
    for name in ("edf", "bdf"):  # as recordings that were not stopped are: what there is, is read
        path = cut(written[name], tmp_path / f"x.{name}", 1500 if name == "edf" else 2200)
        with pytest.warns(MneHnnWarning, match=r"x\.(edf|bdf).*records"):
            assert load_response(path, event_id=1, channel_types="eeg", **WINDOW).n_epochs < 8


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.eeg", r"one of the files of x\.vhdr, which stands for all of them: name .*x\.vhdr"),
        ("x.vmrk", r"one of the files of x\.vhdr"),
        ("x.fdt", r"one of the files of x\.set"),
        ("x.ds/x.meg4", r"one file of a CTF recording, which is the whole folder: name .*x\.ds"),
        ("x.ds/x.res4", r"one file of a CTF recording"),
        ("x.mrk", r"one of the files of x\.con"),
        ("alone.mrk", r"holds the marker coils of a KIT recording: name its \.con or \.sqd file"),
        ("bti/config", "one file of a BTi recording, which is the whole folder"),
        ("bti", r"c,rfDC \(BTi\) lacks the file 'hs_file' beside it, which holds the head's position and shape"),
        ("bti/c,rfDC", "lacks the file 'hs_file'"),
        ("no_data", r"has the file 'config' of a BTi system, but no sensor data \(c,rf\*\)"),
        ("empty", "is a folder, but of no system that MNE knows"),
        ("nothing.ds", r"nothing\.ds cannot be read as CTF recording: .*files that belong to it missing"),
        ("x.mat", r"cannot be opened by its path alone: open it with mne\.io\.read_raw_fieldtrip.*as target_file"),
        ("text.vhdr", r"text\.vhdr cannot be read as BrainVision recording"),
        ("text.edf", r"text\.edf cannot be read as EDF recording"),
        ("text.cnt", r"text\.cnt cannot be read as CNT recording: .*mne\.io\.read_raw_cnt"),
        ("text.mff", r"text\.mff cannot be read as EGI recording"),
        ("text.abc", "holds no data that MNE can average: raw data, epochs or an average"),
        ("x.snirf", r"cannot be read as \.snirf recording"),
    ],
)
def test_what_is_no_whole_recording(written, folder, name, message):
    for place in ("bti", "empty", "no_data", "nothing.ds"):
        (folder / place).mkdir(exist_ok=True)
    for empty in ("bti/config", "bti/c,rfDC", "no_data/config", "x.mrk", "alone.mrk", "x.mat", "x.snirf"):
        (folder / empty).touch()
    for suffix in (".vhdr", ".edf", ".cnt", ".mff", ".abc"):
        (folder / f"text{suffix}").write_text("text " * 200)
    with pytest.raises(MneHnnError, match=message) as caught:
        load_response(folder / name, **WINDOW)
    assert "\n" not in str(caught.value)


def test_epochs_of_eeglab(written, tmp_path):
    from scipy.io import loadmat, savemat

    whole = loadmat(written["eeglab, in one"], struct_as_record=False, squeeze_me=True)["EEG"]
    data = whole.data.reshape(4, 100, 10, order="F")
    epoch = np.array([("tone",)] * 10, dtype=[("eventtype", object)])
    event = np.array([("tone", 100.0 * k + 21, k + 1.0) for k in range(10)],
                     dtype=[("type", object), ("latency", object), ("epoch", object)])  # fmt: skip
    struct = {name: getattr(whole, name) for name in ("setname", "nbchan", "srate", "chanlocs")}
    struct |= {"trials": 10.0, "pnts": 100.0, "xmin": -0.1, "xmax": 0.395, "data": data, "epoch": epoch, "event": event}
    savemat(tmp_path / "x.set", {"EEG": struct}, appendmat=False)
    response = load_response(tmp_path / "x.set", channel_types="eeg", condition="tone", **WINDOW)
    assert (response.kind, response.n_epochs) == ("epochs", 10)


def test_an_opm_recording_and_a_packed_one(tmp_path):
    info = mne.create_info(["L1", "L2", "trigger"], files.SFREQ, ["mag", "mag", "stim"], verbose="error")
    for channel, x in zip(info["chs"][:2], (0.08, -0.08), strict=True):
        channel["coil_type"] = FIFF.FIFFV_COIL_QUSPIN_ZFOPM_MAG2
        channel["loc"] = np.array([x, 0, 0.05, 1, 0, 0, 0, 1, 0, 0, 0, 1.0])
    data = np.vstack([files.responses(1e-12), files.responses(2e-12), files.triggers()])
    raw = mne.io.RawArray(data, info, verbose="error")
    raw.save(tmp_path / "x_raw.fif", verbose="error")
    raw.save(tmp_path / "y_raw.fif.gz", verbose="error")
    for name in ("x_raw.fif", "y_raw.fif.gz"):
        evoked = load_response(tmp_path / name, **WINDOW).evoked
        np.testing.assert_allclose(np.abs(evoked.data).max(axis=1), [1e-12, 2e-12], rtol=0.05)
    packed = gzip.decompress((tmp_path / "y_raw.fif.gz").read_bytes())
    (tmp_path / "z_raw.fif.gz").write_bytes(gzip.compress(packed)[:5000])
    with pytest.raises(DataError, match=r"z_raw\.fif\.gz"):
        load_response(tmp_path / "z_raw.fif.gz")
    moved = raw.copy()
    moved.info["chs"][0]["loc"][2] += 0.01  # the helmet was taken off between the runs
    with pytest.raises(DataError, match=r"placed or oriented otherwise .*\(L1\)"):
        load_response([raw, moved], **WINDOW)


def test_every_file_of_a_recording_counts(written):
    """What a result depends on: a change of any member makes it out of date."""
    names = {path.name for path in recording_files(written["brainvision"])}
    assert {"x.vhdr", "x.eeg", "x.vmrk"} <= names
    assert {path.name for path in recording_files(written["eeglab"])} >= {"x.set", "x.fdt"}
    assert list(recording_files(written["ctf"])) == [written["ctf"]]


def test_a_log_level_hides_no_warning_of_a_reader(written, tmp_path):
    path = cut(written["edf"], tmp_path / "x.edf", 1500)
    with mne.utils.use_log_level("critical"), pytest.warns(MneHnnWarning, match="records"):
        load_response(path, event_id=1, channel_types="eeg", **WINDOW)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_response(written["edf"], event_id=1, channel_types="eeg", **WINDOW)
