"""The generated data set: anatomy, helmet, noise, and that the recording holds the truth that is kept beside it."""

import json
import shutil
import threading

import mne
import nibabel as nib
import numpy as np
import pytest
from scipy.spatial import cKDTree

from mne_hnn import errors
from mne_hnn.source.demo import (
    anatomy as anatomy_module,
)
from mne_hnn.source.demo import (
    dataset as dataset_module,
)
from mne_hnn.source.demo import (
    demo_anatomy,
    demo_dataset,
    median_nerve_waveform,
    read_truth,
    simulate_recording,
    somato_dataset,
)
from mne_hnn.source.demo.anatomy import helmet_info, labels, once

HEMISPHERES = ("lh", "rh")


def surface(anatomy, name):
    """Return points (m, MRI coordinates) and triangles."""
    points, triangles = nib.freesurfer.read_geometry(anatomy.subjects_dir / "01" / name)
    return points * 1e-3, triangles


def winding_number(points, surface_points, triangles):
    """Return 1 for points inside a closed surface whose triangles face outward, 0 outside (van Oosterom, Strackee)."""
    angle = np.zeros(len(points))
    for corners in surface_points[triangles]:
        a, b, c = (corner - points for corner in corners)
        la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
        volume = np.einsum("ij,ij->i", a, np.cross(b, c))
        rest = la * lb * lc + np.sum(a * b, 1) * lc + np.sum(a * c, 1) * lb + np.sum(b * c, 1) * la
        angle += 2 * np.arctan2(volume, rest)
    return angle / (4 * np.pi)


def vertex_normals(points, triangles):
    corners = points[triangles]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], across)
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def truth(anatomy):
    return simulate_recording(anatomy, seed=0, n_epochs=1)[1]


# anatomy ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hemi", HEMISPHERES)
def test_surfaces_lie_inside_the_skull_and_face_outward(anatomy, hemi):
    skull = surface(anatomy, "bem/inner_skull.surf")
    assert len(skull[1]) == 1280
    white, triangles = surface(anatomy, f"surf/{hemi}.white")
    pial, same = surface(anatomy, f"surf/{hemi}.pial")
    np.testing.assert_array_equal(triangles, same)
    np.testing.assert_allclose(winding_number(pial[::20], *skull), 1.0, atol=1e-6)
    # from white to pial is outward: nearly everywhere along the normal of the white surface
    out = np.sum((pial - white) * vertex_normals(white, triangles), axis=1)
    thick = nib.freesurfer.read_morph_data(anatomy.subjects_dir / "01" / "surf" / f"{hemi}.thickness")
    cortex = thick > 0.5
    assert np.mean(out[cortex] > 0) > 0.99
    assert 1.5e-3 < np.median(out[cortex]) < 3.5e-3
    sphere, _ = surface(anatomy, f"surf/{hemi}.sphere")
    np.testing.assert_allclose(np.linalg.norm(sphere, axis=1), 0.1, rtol=1e-3)


def test_left_is_left_and_hand_is_up(anatomy):
    for hemi, side in zip(HEMISPHERES, (-1, 1), strict=True):
        white, _ = surface(anatomy, f"surf/{hemi}.white")
        assert side * np.median(white[:, 0]) > 0.02
    place = mne.transforms.apply_trans(mne.read_trans(anatomy.trans_fname, verbose="error"), (0, 0, 0))
    assert np.linalg.norm(place - [0.002, -0.029, -0.041]) < 1e-3  # where fsaverage's head coordinates begin


@pytest.mark.parametrize(("parc", "name"), [("aparc", "postcentral"), ("aparc.a2009s", "G_postcentral")])
def test_annotations_hold_the_packaged_labels(anatomy, parc, name):
    for hemi in HEMISPHERES:
        found = mne.read_labels_from_annot(
            "01", parc, hemi, regexp=f"^{name}-", subjects_dir=anatomy.subjects_dir, verbose="error"
        )
        (label,) = found
        np.testing.assert_array_equal(label.vertices, labels(hemi)[parc][name])


def test_label_files_have_the_vertices_of_the_white_surface(anatomy):
    points, _ = surface(anatomy, "surf/rh.white")
    label = mne.read_label(anatomy.subjects_dir / "01" / "label" / "rh.BA3b_exvivo.label")
    np.testing.assert_array_equal(label.vertices, labels("rh")["label"]["BA3b_exvivo"])
    np.testing.assert_allclose(label.pos, points[label.vertices], atol=1e-5)


def test_helmet_is_around_the_head(anatomy):
    info = helmet_info()
    assert info.get_channel_types(unique=True) == ["grad", "mag"]
    assert len(info["chs"]) == 306
    sensors = mne.transforms.apply_trans(info["dev_head_t"], np.array([channel["loc"][:3] for channel in info["chs"]]))
    to_head = mne.transforms.invert_transform(mne.read_trans(anatomy.trans_fname, verbose="error"))
    (scalp,) = mne.read_bem_surfaces(anatomy.subjects_dir / "01" / "bem" / "01-head.fif", verbose="error")
    points = mne.transforms.apply_trans(to_head, scalp["rr"])
    distance, nearest = cKDTree(points).query(sensors)
    outward = np.sum((sensors - points[nearest]) * vertex_normals(points, scalp["tris"])[nearest], axis=1)
    assert (outward > 0).all()
    assert distance.min() > 0.01
    cortex = np.concatenate([surface(anatomy, f"surf/{hemi}.pial")[0] for hemi in HEMISPHERES])
    assert 0.025 < cKDTree(mne.transforms.apply_trans(to_head, cortex)).query(sensors)[0].min() < 0.045
    fiducials = np.array([point["r"] for point in info["dig"][:3]])  # left, nasion, right
    np.testing.assert_allclose(fiducials[:, [1, 0, 1]][[0, 1, 2], [0, 1, 2]], 0, atol=1e-3)
    assert fiducials[0, 0] < 0 < fiducials[2, 0]
    assert len(info["dig"]) > 30
    extra = np.array([point["r"] for point in info["dig"][3:]])
    assert cKDTree(points).query(extra)[0].max() < 1e-4


def test_forward_solution_has_the_sources(anatomy):
    forward = mne.read_forward_solution(anatomy.forward_fname, verbose="error")
    assert forward["nsource"] > 7000
    assert forward["nchan"] == 306
    rotation = mne.read_trans(anatomy.trans_fname, verbose="error")["trans"][:3, :3]
    for hemi, space in zip(HEMISPHERES, forward["src"], strict=True):
        used = space["vertno"]
        out = (surface(anatomy, f"surf/{hemi}.pial")[0] - surface(anatomy, f"surf/{hemi}.white")[0])[used] @ rotation
        length = np.linalg.norm(out, axis=1)
        cosine = np.sum(out * space["nn"][used], axis=1)[length > 1e-3] / length[length > 1e-3]
        assert np.mean(cosine > 0) > 0.99
        assert np.median(cosine) > 0.9


def test_field_agrees_with_a_sphere(anatomy, truth):
    """The field of a tangential source, from another model of the head: right place, sign and size."""
    info = helmet_info()
    head = mne.read_trans(anatomy.trans_fname, verbose="error")
    skull = mne.transforms.apply_trans(
        mne.transforms.invert_transform(head), surface(anatomy, "bem/inner_skull.surf")[0]
    )
    upper = skull[skull[:, 2] > 0.04]
    system = np.column_stack([2 * upper, np.ones(len(upper))])
    centre = np.linalg.lstsq(system, np.sum(upper**2, axis=1), rcond=None)[0][:3]
    sphere = mne.make_sphere_model(centre, head_radius=None, verbose="error")
    dipole = truth.dipole.to_mne_dipole(truth.pos, truth.normal).crop(0.04, 0.04)
    forward, _ = mne.make_forward_dipole(dipole, sphere, info, verbose="error")
    at = truth.noise_free.time_as_index(0.04)[0]
    analytic = forward["sol"]["data"].ravel() if forward["sol"]["ncol"] == 1 else forward["sol"]["data"] @ truth.normal
    names = forward["sol"]["row_names"]
    for kind in ("grad", "mag"):
        picks = [name for name, one in zip(info["ch_names"], info.get_channel_types(), strict=True) if one == kind]
        ours = truth.noise_free.copy().pick(picks).data[:, at]
        theirs = analytic[[names.index(name) for name in picks]] * truth.dipole["agg"][at]
        assert np.corrcoef(ours, theirs)[0, 1] > 0.95
        assert 0.75 < (ours @ theirs) / (theirs @ theirs) < 1.25


# truth -----------------------------------------------------------------------------------------------------


def test_truth_is_what_the_surface_says(anatomy, truth):
    points, triangles = surface(anatomy, "surf/rh.white")
    corners = points[triangles]
    areas = 0.5e6 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    per_vertex = np.bincount(triangles.ravel(), np.repeat(areas / 3, 3), minlength=len(points))
    assert truth.area_mm2 == pytest.approx(per_vertex[truth.vertices].sum(), rel=1e-4)
    # no more current per area than cortex gives, 1 to 2 nA m per mm² (Murakami, Okada 2015)
    assert np.abs(truth.dipole["agg"]).max() / truth.area_mm2 < 1e-9
    label = labels("rh")
    assert set(truth.vertices) <= set(label["aparc"]["postcentral"]) & set(label["label"]["BA3b_exvivo"])
    head = mne.read_trans(anatomy.trans_fname, verbose="error")
    normal = vertex_normals(points, triangles)[truth.vertices].mean(axis=0) @ head["trans"][:3, :3]  # into the head
    assert truth.normal @ normal / np.linalg.norm(normal) > 0.99
    assert truth.normal[1] > 0.5  # the posterior bank of the sulcus looks to the front


def test_waveform():
    times = np.arange(-0.1, 0.3, 1e-4)
    moment = 1e9 * median_nerve_waveform(times)
    assert not moment[times < 0.0066].any()
    assert not moment[times > 0.221].any()
    assert times[moment.argmin()] == pytest.approx(0.040, abs=0.001)
    early = (times > 0.012) & (times < 0.03)
    assert times[early][moment[early].argmax()] == pytest.approx(0.021, abs=0.002)
    # samples of the published figure, in its units: the curve goes through them
    when, figure = np.array(
        [(19.9795, 0.0317), (39.9590, -0.1093), (59.9386, -0.0892), (99.8976, -0.0497), (166.4960, -0.0274)]
    ).T
    np.testing.assert_allclose(1e9 * median_nerve_waveform(when * 1e-3), 30 * figure / 0.1093, atol=0.01)
    # no step anywhere: the steepest neighbours in the figure, 0.0402 in 3.33 ms, are 0.33 nA m in 0.1 ms
    assert np.abs(np.diff(moment)).max() < 0.4


def test_noise_free_response_is_the_field_of_the_truth(anatomy, truth):
    """Sum of three free components of every vertex, by hand."""
    free = mne.read_forward_solution(anatomy.simulation_fname, verbose="error")
    points, triangles = surface(anatomy, "surf/rh.white")
    head = mne.read_trans(anatomy.trans_fname, verbose="error")
    normals = vertex_normals(points, triangles) @ head["trans"][:3, :3]
    columns = free["src"][0]["nuse"] + np.searchsorted(free["src"][1]["vertno"], truth.vertices)
    np.testing.assert_allclose(
        free["source_rr"][columns], (points[truth.vertices] - head["trans"][:3, 3]) @ head["trans"][:3, :3], atol=1e-6
    )
    gain = free["sol"]["data"].reshape(len(free["sol"]["data"]), -1, 3)
    field = np.einsum("cvk,vk->c", gain[:, columns], normals[truth.vertices]) / len(columns)
    by_hand = np.outer(field, truth.dipole["agg"])
    rows = [free["sol"]["row_names"].index(name) for name in truth.noise_free.ch_names]
    for kind in ("grad", "mag"):
        picks = mne.pick_types(truth.noise_free.info, meg=kind)
        largest = np.abs(truth.noise_free.data[picks]).max()
        np.testing.assert_allclose(truth.noise_free.data[picks], by_hand[rows][picks], rtol=0, atol=0.02 * largest)


def test_response_follows_each_stimulus_and_averages_to_the_truth(anatomy):
    """Twice the response in the same noise: the difference is the response alone."""
    once_, truth = simulate_recording(anatomy, seed=5, n_epochs=8, peak_nAm=30)
    twice, _ = simulate_recording(anatomy, seed=5, n_epochs=8, peak_nAm=60)
    alone = once_.copy()
    alone._data = twice.get_data() - once_.get_data()
    events = mne.find_events(once_, "STI 014", verbose="error")
    assert len(events) == 8
    gaps = np.diff(events[:, 0]) / once_.info["sfreq"]
    assert gaps.min() >= 0.6
    assert gaps.max() <= 0.7
    assert len(np.unique(gaps)) > 3
    epochs = mne.Epochs(alone, events, 1, -0.1, 0.3, baseline=None, preload=True, picks="meg", verbose="error")
    expected = truth.noise_free.copy().crop(-0.1, 0.3)
    average = epochs.average(picks="meg")
    assert average.ch_names == expected.ch_names
    np.testing.assert_allclose(average.times, expected.times, atol=1e-9)
    np.testing.assert_allclose(average.data, expected.data, rtol=0, atol=1e-6 * np.abs(expected.data).max())
    strengths = np.array([one.ravel() @ expected.data.ravel() for one in epochs.get_data(copy=False)])
    strengths /= np.sum(expected.data**2)
    assert strengths.mean() == pytest.approx(1, abs=1e-9)
    assert 0.08 < strengths.std() < 0.4  # about a fifth, from eight trials


def test_opposite_bank_has_the_opposite_field(anatomy, truth):
    _, other = simulate_recording(anatomy, seed=0, n_epochs=1, where="anterior")
    np.testing.assert_array_equal(other.dipole.data, truth.dipole.data)
    assert not set(other.vertices) & set(truth.vertices)
    assert other.normal @ truth.normal < -0.3
    assert np.linalg.norm(other.pos - truth.pos) < 0.015
    at = truth.noise_free.time_as_index(0.04)[0]
    assert np.corrcoef(other.noise_free.data[:, at], truth.noise_free.data[:, at])[0, 1] < -0.3


# noise -----------------------------------------------------------------------------------------------------


def test_same_seed_same_bytes(anatomy):
    first, again, other = (simulate_recording(anatomy, seed=seed, n_epochs=3)[0].get_data() for seed in (3, 3, 4))
    assert first.tobytes() == again.tobytes()
    assert first.shape != other.shape or not np.array_equal(first, other)
    assert np.corrcoef(first[0, :1000], other[0, :1000])[0, 1] < 0.5


def test_noise_and_blinks(anatomy):
    raw, truth = simulate_recording(anatomy, seed=6, n_epochs=60)
    events = mne.find_events(raw, "STI 014", verbose="error")
    epochs = mne.Epochs(raw, events, 1, -0.1, 0.3, reject={"eog": 350e-6}, preload=True, verbose="error")
    assert 0.5 * 60 < len(epochs) < 60
    for kind, white in (("grad", 3e-13), ("mag", 3e-15)):
        density = raw.compute_psd(picks=kind, fmin=8, fmax=90, n_fft=1024, verbose="error")
        quiet = density.freqs > 60
        alpha = np.abs(density.freqs - 10) < 1
        assert np.sqrt(np.median(density.get_data()[:, quiet])) == pytest.approx(white, rel=0.15)
        # the brain is louder than the sensors around 10 Hz, in some channel at least
        assert np.sqrt(density.get_data()[:, alpha].mean(axis=1).max()) > 2 * white
        picks = mne.pick_types(epochs.info, meg=kind)
        average = epochs.average(picks=picks)
        peak = np.abs(truth.noise_free.copy().crop(0.03, 0.05).data[mne.pick_types(truth.noise_free.info, meg=kind)])
        baseline = average.copy().crop(None, -0.005).data.std()
        assert peak.max() > 8 * baseline  # the average shows it
        residual = (
            average.data
            - truth.noise_free.copy()
            .crop(-0.1, 0.3)
            .apply_baseline((None, 0))
            .data[mne.pick_types(truth.noise_free.info, meg=kind)]
        )
        single = epochs.copy().crop(None, -0.005).get_data(picks).std()
        # noise falls with the root of the number of epochs: they are independent, and nothing but noise is added
        assert residual.std() == pytest.approx(single / np.sqrt(len(epochs)), rel=0.5)


# files -----------------------------------------------------------------------------------------------------


def test_dataset_has_the_layout_of_somato_and_its_truth(anatomy, tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_module, "cache_directory", lambda: tmp_path)
    dataset = demo_dataset(seed=7, n_epochs=2)
    assert dataset.root.parent == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == [dataset.root.name]  # nothing half made is left
    assert dataset.raw_fname == dataset.root / "sub-01" / "meg" / "sub-01_task-somato_meg.fif"
    assert dataset.forward_fname == dataset.root / "derivatives" / "sub-01" / "sub-01_task-somato-fwd.fif"
    assert dataset.subjects_dir == dataset.root / "derivatives" / "freesurfer" / "subjects"
    assert demo_dataset(seed=7, n_epochs=2) == dataset
    raw, truth = simulate_recording(anatomy, seed=7, n_epochs=2)
    read = mne.io.read_raw_fif(dataset.raw_fname, verbose="error")
    assert read.ch_names == raw.ch_names
    np.testing.assert_allclose(read.get_data(), raw.get_data(), rtol=1e-6)
    kept = read_truth(dataset)
    np.testing.assert_allclose(kept.dipole["agg"], truth.dipole["agg"], rtol=1e-6)
    np.testing.assert_allclose(kept.noise_free.data, truth.noise_free.data, rtol=1e-6)
    np.testing.assert_array_equal(kept.vertices, truth.vertices)
    assert (kept.hemi, kept.seed) == ("rh", 7)
    for name in ("pos", "normal", "area_mm2"):
        np.testing.assert_allclose(getattr(kept, name), getattr(truth, name))

    shutil.rmtree(dataset.root / "truth")
    somato = somato_dataset(dataset.root)
    assert (somato.name, somato.raw_fname, somato.truth_fname) == ("somato", dataset.raw_fname, None)
    with pytest.raises(errors.DataError, match="no known truth"):
        read_truth(somato)
    dataset.forward_fname.unlink()
    with pytest.raises(errors.DataError, match=r"there is no .*sub-01_task-somato-fwd\.fif"):
        somato_dataset(dataset.root)


def test_somato_that_is_not_there(monkeypatch):
    monkeypatch.setattr(mne.datasets, "has_dataset", lambda _name: False)
    with pytest.raises(errors.DataError, match=r"mne\.datasets\.somato\.data_path\(\)"):
        somato_dataset()


def test_what_fails_on_the_way_is_not_used(tmp_path):
    place = tmp_path / "cache" / "thing"

    def fail(folder):
        (folder / "half").write_text("made")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        once(place, place / "whole", fail)
    assert list(place.parent.iterdir()) == []
    place.mkdir()  # what something else left there is not taken for a result
    (place / "half").write_text("made")
    once(place, place / "whole", lambda folder: (folder / "whole").write_text("made"))
    assert [path.name for path in place.iterdir()] == ["whole"]
    once(place, place / "whole", fail)  # not called again


def test_two_at_once_make_one_whole_folder(tmp_path):
    place = tmp_path / "thing"
    both = threading.Barrier(2, timeout=300)
    failures = []

    def make(folder):
        (folder / "part").write_text("same")
        both.wait()  # both have made theirs before either is moved

    def run():
        try:
            once(place, place / "part", make)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [path.name for path in tmp_path.iterdir()] == ["thing"]
    assert (place / "part").read_text() == "same"


def test_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.CacheError, match="cannot be written"):
        once(tmp_path / "file" / "thing", tmp_path / "file" / "thing" / "x", lambda _folder: None)


def test_missing_nilearn_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setenv("MNE_HNN_CACHE", str(tmp_path))
    known = anatomy_module.find_spec
    monkeypatch.setattr(anatomy_module, "find_spec", lambda name: None if name == "nilearn" else known(name))
    with pytest.raises(errors.ParameterError, match=r"pip install 'mne-hnn\[demo\]'"):
        demo_anatomy()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("option", "value"), [("seed", -1), ("seed", 1.5), ("n_epochs", 0), ("n_epochs", "many")])
def test_wrong_options(option, value):
    with pytest.raises(errors.ParameterError, match=option):
        demo_dataset(**{option: value})


def test_truth_record_is_plain_json(anatomy, tmp_path, truth):
    dataset_module._write_truth(tmp_path, truth)
    record = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert record["vertices"] == truth.vertices.tolist()
