"""The generated group: valid BIDS, heads of its own size and place, and recordings that hold the truth beside them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import mne
import numpy as np
import pytest
from mne_bids import BIDSPath, get_head_mri_trans, read_raw_bids
from scipy.spatial import cKDTree

from mne_hnn import errors
from mne_hnn.fit import CircuitPrior, coarse_network, spikes_per_cell
from mne_hnn.group.demo import TASK, group_demo
from mne_hnn.group.demo_truth import SPIKES_ms, draw_networks, responses
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate
from mne_hnn.source import EpochOptions, find_label, forward_solution, label_patch, load_response, patch_moment
from mne_hnn.source.patch import open_forward

CONDITIONS = ("detected", "missed")


def recording(demo, subject):
    return BIDSPath(subject=subject, task=TASK, datatype="meg", root=demo.bids_root)


@pytest.fixture(scope="module")
def broken_demo(tmp_path_factory):
    """One subject, whose file is cut off."""
    folder = tmp_path_factory.mktemp("broken") / "été"
    return group_demo(
        n_subjects=1,
        n_epochs=2,
        broken=("01",),
        mesh_shape=(1, 1),
        n_trials=4,
        conditions=("a", "b", "c"),
        folder=folder,
    )


def test_bids_validator_finds_no_error(small_demo, broken_demo):
    validator = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent)) or shutil.which(
        "bids-validator-deno"
    )
    if validator is None:
        pytest.skip("needs bids-validator-deno")
    for demo in (small_demo, broken_demo):
        done = subprocess.run([validator, "--json", demo.bids_root], capture_output=True, text=True, check=False)
        issues = json.loads(done.stdout)["issues"]["issues"]
        assert [issue for issue in issues if issue.get("severity") == "error"] == []


def test_where_things_are(small_demo):
    assert small_demo.subjects == ("01", "02", "03")
    assert small_demo.subjects_dir == small_demo.bids_root / "derivatives" / "freesurfer" / "subjects"
    assert sorted(path.name for path in small_demo.subjects_dir.iterdir()) == ["fsaverage", "sub-01", "sub-02"]
    assert not (small_demo.bids_root / "sub-03" / "anat").exists()
    assert (small_demo.bids_root / "sub-02" / "anat" / "sub-02_T1w.nii.gz").exists()
    assert small_demo.trans("02") == small_demo.subjects_dir / "sub-02" / "bem" / "sub-02-trans.fif"
    with pytest.raises(errors.ParameterError, match="Unknown subject with an MRI '03'"):
        small_demo.trans("03")
    assert "Without an MRI: 03." in (small_demo.bids_root / "README").read_text()


def test_recording_reads_with_mne_bids(small_demo):
    raw = read_raw_bids(recording(small_demo, "01"), verbose="error")
    assert raw.get_channel_types(unique=True) == ["grad", "mag", "eog", "stim"]
    assert raw.info["sfreq"] == 500
    assert raw.info["line_freq"] == 50
    events, event_id = mne.events_from_annotations(raw, verbose="error")
    assert list(event_id) == list(CONDITIONS)
    found = mne.find_events(raw, shortest_event=1, verbose="error")
    np.testing.assert_array_equal(events[:, 0], found[:, 0])
    np.testing.assert_array_equal(events[:, 2], found[:, 2])
    assert np.bincount(events[:, 2]).tolist() == [0, 20, 20]
    assert 0.5 <= np.diff(events[:, 0]).min() / 500 <= np.diff(events[:, 0]).max() / 500 <= 0.58
    assert (np.diff(events[:, 2]) != 0).sum() > 10  # mixed, not one after the other


@pytest.mark.parametrize("subject", ["01", "02"])
def test_transform_of_the_files_and_of_the_landmarks(small_demo, subject):
    trans = mne.read_trans(small_demo.trans(subject))
    assert trans["from"] == mne.io.constants.FIFF.FIFFV_COORD_HEAD
    of_landmarks = get_head_mri_trans(
        recording(small_demo, subject), fs_subject=f"sub-{subject}", fs_subjects_dir=small_demo.subjects_dir,
        verbose="error",
    )  # fmt: skip
    np.testing.assert_allclose(of_landmarks["trans"], trans["trans"], atol=1e-6)
    info = read_raw_bids(recording(small_demo, subject), verbose="error").info
    bem = small_demo.subjects_dir / f"sub-{subject}" / "bem"
    of_fiducials = mne.coreg.coregister_fiducials(info, str(bem / f"sub-{subject}-fiducials.fif"))
    np.testing.assert_allclose(of_fiducials["trans"], trans["trans"], atol=1e-4)
    # every coil is outside of the head, and the points are on the scalp
    (scalp,) = mne.read_bem_surfaces(bem / f"sub-{subject}-head.fif", verbose="error")
    points = mne.transforms.apply_trans(mne.transforms.invert_transform(trans), scalp["rr"])
    coils = np.array([channel["loc"][:3] for channel in info["chs"] if "MEG" in channel["ch_name"]])
    distance = cKDTree(points).query(mne.transforms.apply_trans(info["dev_head_t"], coils))[0]
    assert 0.008 < distance.min() < 0.035
    extra = np.array([point["r"] for point in info["dig"] if point["kind"] == mne.io.constants.FIFF.FIFFV_POINT_EXTRA])
    assert len(extra) > 30
    assert cKDTree(points).query(extra)[0].max() < 1e-4


def test_heads_differ_in_size_and_place(small_demo):
    truths = small_demo.truth()
    scales = np.array([truths[subject].scale for subject in small_demo.subjects])
    assert ((scales > 0.9) & (scales < 1.06)).all()
    assert np.ptp(scales, axis=0).min() > 0.002
    places = [
        read_raw_bids(recording(small_demo, subject), verbose="error").info["dev_head_t"]["trans"]
        for subject in small_demo.subjects
    ]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        between = np.linalg.inv(places[one]) @ places[other]
        turned = np.degrees(np.arccos((np.trace(between[:3, :3]) - 1) / 2))
        assert 0.2 < turned < 8
        assert 0.0005 < np.linalg.norm(between[:3, 3]) < 0.02
    for subject in ("01", "02"):
        points = [
            mne.read_surface(small_demo.subjects_dir / name / "surf" / "rh.white")[0]
            for name in ("fsaverage", f"sub-{subject}")
        ]
        np.testing.assert_allclose(points[1], points[0] * truths[subject].scale, atol=1e-3)


def test_labels_morph_to_the_template(small_demo, tmp_path):
    # a copy, as MNE leaves its morph maps there
    subjects_dir = shutil.copytree(small_demo.subjects_dir, tmp_path / "subjects")
    label = find_label("BA3b_exvivo-rh", subject="sub-01", subjects_dir=subjects_dir)
    ours = label.copy().morph("sub-01", "fsaverage", smooth=2, subjects_dir=subjects_dir)
    known = find_label("BA3b_exvivo-rh", subject="fsaverage", subjects_dir=subjects_dir)
    assert np.isin(known.vertices, ours.vertices).all()
    assert ours.subject == "fsaverage"
    for name in ("sub-01", "fsaverage"):
        (found,) = mne.read_labels_from_annot(
            name, "aparc", "rh", regexp="^postcentral", subjects_dir=subjects_dir, verbose="error"
        )
        assert set(small_demo.truth()["01"].vertices) <= set(found.vertices)


def test_effect_goes_the_same_way_in_everybody(small_demo):
    for truth in small_demo.truth().values():
        first, second = (truth.drives[condition] for condition in CONDITIONS)
        assert [drive["location"] for drive in first.values()] == ["proximal", "distal", "proximal"]
        for name in ("evprox1", "evprox2"):
            assert first[name] == second[name]
        assert 8 <= second["evdist1"]["mu_ms"] - first["evdist1"]["mu_ms"] <= 12
        assert first["evdist1"]["sigma_ms"] == second["evdist1"]["sigma_ms"]
        for kind in ("weights_ampa", "weights_nmda"):
            ratio = {first["evdist1"][kind][cell] / value for cell, value in second["evdist1"][kind].items()}
            assert max(ratio) == pytest.approx(min(ratio))
            assert 2.7 <= min(ratio) <= 3.3
        assert 22 < first["evprox1"]["mu_ms"] < 28
        assert 125 < first["evprox2"]["mu_ms"] < 135
        early, late = (truth.dipoles[condition] for condition in CONDITIONS)
        assert 25e-9 <= np.abs(early["agg"]).max() <= 38e-9
        assert 5e-3 <= late.times[late["agg"].argmin()] - early.times[early["agg"].argmin()] <= 15e-3
        assert max(early["agg"].min(), late["agg"].min()) < -5e-9
        # columns per nA m that published fits have, or a few times more
        assert 10 <= truth.n_columns / (np.abs(early["agg"]).max() * 1e9) <= 80
    jitter = [truth.drives["missed"]["evdist1"]["mu_ms"] for truth in small_demo.truth().values()]
    assert np.ptp(jitter) > 0.1


def test_dipole_and_spikes_are_those_of_the_drives(small_demo):
    truth = small_demo.truth()["02"]
    assert truth.spikes_window_ms == 170
    for condition in CONDITIONS:
        network = jones_2009()
        for name, drive in truth.drives[condition].items():
            network = network.with_evoked_drive(name, **drive)
        simulation = simulate(coarse_network(network, (3, 3)), 220.0, n_trials=10, seed=99, verbose="error")
        counts = spikes_per_cell(simulation, 0.0, 0.17).types
        assert set(counts) == set(truth.spikes_per_cell[condition])
        for cell_type, count in truth.spikes_per_cell[condition].items():
            assert count == pytest.approx(counts[cell_type].per_cell, rel=0.4, abs=0.15)
        dipole = simulation.dipole.smooth(20).scale(truth.n_columns * 100 / 9)
        known = truth.dipoles[condition]
        inside = known.times < 0.17
        again = np.interp(known.times, dipole.times, dipole["agg"])[inside]
        # other spike times of the drives, so not the same samples
        assert np.corrcoef(again, known["agg"][inside])[0, 1] > 0.85
        assert again @ known["agg"][inside] / (again @ again) == pytest.approx(1, abs=0.3)


@pytest.mark.slow
def test_cells_of_the_full_column_fire_as_often_as_is_plausible_and_more_in_the_first_condition():
    prior = CircuitPrior().spikes_in(SPIKES_ms)
    times = np.arange(111) / 500
    for seed in range(3):
        rng = np.random.default_rng(seed)
        found = responses(draw_networks(CONDITIONS, rng), times, rng, mesh_shape=(10, 10), n_trials=4, n_jobs=2)
        first, second = (found.spikes_per_cell[condition] for condition in CONDITIONS)
        for counts in (first, second):
            for cell_type, spikes in prior.items():
                low, high = spikes.interval(0.9)
                assert low <= counts[cell_type] <= high
        assert 1.1 <= first["L5_pyramidal"] / second["L5_pyramidal"] <= 1.9
        largest = 1e9 * max(np.abs(moment).max() for moment in found.moments.values())
        assert 10 <= found.n_columns / largest <= 80


@pytest.mark.parametrize("subject", ["01", "02"])
def test_recording_holds_the_truth(small_demo, subject):
    truth = small_demo.truth()[subject]
    fs_subject = f"sub-{subject}"
    options = {"epochs": EpochOptions(tmin=-0.15, tmax=0.25, baseline=(None, -0.005)), "h_freq": 100.0}
    responses = {
        condition: load_response(recording(small_demo, subject), event_id=condition, **options)
        for condition in CONDITIONS
    }
    space = mne.setup_source_space(
        fs_subject, "oct6", subjects_dir=small_demo.subjects_dir, add_dist=False, verbose="error"
    )
    forward = open_forward(
        forward_solution(
            responses["missed"].evoked.info,
            subject=fs_subject,
            subjects_dir=small_demo.subjects_dir,
            trans=small_demo.trans(subject),
            src=space,
            cache=False,
        )
    )
    patch = label_patch(mne.Label(truth.vertices, hemi="rh", verbose="error"), forward)
    assert np.linalg.norm(patch.pos - truth.pos) < 0.004
    found = {}
    for condition, response in responses.items():
        moment, error = patch_moment(response.evoked, patch, forward, noise_cov=response.noise_cov)
        known = truth.dipoles[condition]
        found[condition] = np.interp(known.times, response.evoked.times, moment)
        assert np.corrcoef(found[condition], known["agg"])[0, 1] > 0.97
        assert found[condition] @ known["agg"] / (known["agg"] @ known["agg"]) == pytest.approx(1, abs=0.25)
        assert error < 3e-9
    assert found["detected"].argmin() < found["missed"].argmin()
    assert found["detected"].min() < 1.1 * found["missed"].min()


def test_broken_recording(broken_demo):
    path = recording(broken_demo, "01")
    with pytest.raises(Exception, match="buffer size|not enough|could not"):
        read_raw_bids(path, verbose="error").load_data()
    with pytest.raises(errors.DataError):
        load_response(path, event_id="a")
    assert broken_demo.conditions == ("a", "b", "c")
    drives = broken_demo.truth()["01"].drives
    assert drives["b"] == drives["c"] != drives["a"]


def test_same_seed_same_samples(broken_demo, tmp_path):
    options = {"n_subjects": 1, "n_epochs": 2, "mesh_shape": (1, 1), "n_trials": 4, "conditions": ("a", "b", "c")}
    again = group_demo(folder=tmp_path / "again", **options)
    whole = recording(again, "01").fpath.read_bytes()
    cut = recording(broken_demo, "01").fpath.read_bytes()
    # beyond the identifiers of the file, which hold the time of writing
    assert len(cut) == len(whole) // 2 | 1
    half = len(cut) // 2
    assert cut[half:] == whole[half : len(cut)]
    other = group_demo(folder=tmp_path / "other", seed=1, **options)
    assert other.truth()["01"].drives != again.truth()["01"].drives
    before = recording(again, "01").fpath.stat().st_mtime_ns
    assert group_demo(folder=tmp_path / "again", **options) == again
    assert recording(again, "01").fpath.stat().st_mtime_ns == before


def test_folder_of_somebody_else_is_left_alone(broken_demo, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(errors.DataError, match="holds something else: give a folder that is empty"):
        group_demo(folder=tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    with pytest.raises(errors.DataError, match="holds a demo of other parameters"):
        group_demo(folder=broken_demo.bids_root)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_subjects": 0}, "n_subjects must be an integer >= 1"),
        ({"n_epochs": 0}, "n_epochs must be an integer >= 1"),
        ({"without_mri": ("7",)}, "Unknown subject of the demo '7'"),
        ({"broken": ("01",), "n_subjects": 1, "conditions": ("a b",)}, "names of letters and digits"),
        ({"conditions": ("a", "a")}, "different names"),
        ({"conditions": ()}, "different names"),
        ({"mesh_shape": (0, 3)}, "mesh_shape must be an integer >= 1"),
        ({"n_trials": 0}, "n_trials must be an integer >= 1"),
    ],
)
def test_wrong_options(options, message, tmp_path):
    with pytest.raises(errors.ParameterError, match=message):
        group_demo(folder=tmp_path, **options)
    assert not list(tmp_path.iterdir())


def test_defaults_of_small_groups(monkeypatch):
    from mne_hnn.group import demo as module

    monkeypatch.setattr(module, "once", lambda *_: None)
    assert module.group_demo(n_subjects=5).without_mri == ("05",)
    assert module.group_demo(n_subjects=5).broken == ()
    assert module.group_demo().broken == ("06",)
