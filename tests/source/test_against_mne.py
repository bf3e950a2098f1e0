"""What MNE itself computes, and what we do with it, must be the same."""

import mne
import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.source import (
    apply_normal_inverse,
    best_patch,
    explained_variance,
    find_label,
    label_course,
    label_patch,
    make_inverse,
    patch_moment,
    predict_sensors,
)


@pytest.fixture(scope="module")
def gyrus(scene):
    """One gyrus: what equals what does not depend on how many sources there are, and eLORETA takes long of many."""
    label = find_label("postcentral-rh", subject="01", subjects_dir=scene.anatomy.subjects_dir)
    return mne.forward.restrict_forward_to_label(scene.forward, label)


@pytest.fixture(scope="module", params=["loose", "free", "fixed"])
def operator(request, gyrus, scene):
    loose = {"loose": 0.2, "free": 1.0, "fixed": 0.0}[request.param]
    return request.param, make_inverse(scene.evoked.info, gyrus, scene.noise_cov, loose=loose)


@pytest.mark.parametrize("method", ["MNE", "dSPM", "sLORETA", "eLORETA"])
def test_normal_component_is_that_of_apply_inverse(operator, method, scene):
    kind, inverse = operator
    evoked = scene.evoked.copy().crop(0.03, 0.06)
    ours = apply_normal_inverse(evoked, inverse, method=method, snr=3.0)
    theirs = mne.minimum_norm.apply_inverse(
        evoked, inverse, 1 / 9, method, pick_ori=None if kind == "fixed" else "normal", verbose="error"
    )
    np.testing.assert_array_equal(ours.data, theirs.data)
    assert (ours.data < 0).any(), "normal-oriented estimates have a sign"


def test_loose_free_and_fixed_agree_on_the_sign(scene):
    at_peak = []
    for loose in (0.2, 1.0, 0.0):
        inverse = make_inverse(scene.evoked.info, scene.forward, scene.noise_cov, loose=loose)
        stc = apply_normal_inverse(scene.evoked.copy().crop(0.04, 0.042), inverse)
        at_peak.append(stc.in_label(scene.label).data[:, 0])
    for other in at_peak[1:]:
        assert np.corrcoef(at_peak[0], other)[0, 1] > 0.95


@pytest.mark.parametrize("mode", ["mean_flip", "pca_flip"])
def test_label_course_is_that_of_extract_label_time_course(mode, scene):
    stc = apply_normal_inverse(scene.evoked, scene.inverse)
    ours = label_course(stc, scene.label, scene.inverse["src"], mode=mode)
    theirs = mne.extract_label_time_course(stc, scene.label, scene.inverse["src"], mode=mode, verbose="error")
    np.testing.assert_array_equal(ours.course, theirs[0])
    np.testing.assert_array_equal(ours.vertex_courses, stc.in_label(scene.label).data)


def test_peak_course_is_the_largest_vertex(scene):
    stc = apply_normal_inverse(scene.evoked, scene.inverse)
    ours = label_course(stc, scene.label, scene.inverse["src"], mode="peak", tmin=0.02, tmax=0.06)
    vertex, time = stc.in_label(scene.label).copy().crop(0.02, 0.06).get_peak(hemi="rh")
    row = np.flatnonzero(stc.in_label(scene.label).vertices[1] == vertex)[0]
    np.testing.assert_array_equal(ours.course, stc.in_label(scene.label).data[row])
    assert 0.02 <= time <= 0.06


def test_predicted_sensors_are_those_of_simulate_evoked(scene):
    patch = label_patch(scene.label, scene.forward)
    times = scene.evoked.times
    moment = 20e-9 * np.sin(2 * np.pi * 12 * times)
    prediction = predict_sensors(Dipole(moment, times, ("agg",)), patch, scene.forward, scene.evoked)
    stc = patch.source_estimate(moment, tmin=times[0], tstep=np.diff(times)[0], subject="01")
    fixed = mne.convert_forward_solution(scene.forward, force_fixed=True, use_cps=True, verbose="error")
    theirs = mne.simulation.simulate_evoked(fixed, stc, scene.evoked.info, cov=None, nave=np.inf, verbose="error")
    np.testing.assert_allclose(prediction.predicted.data, theirs.data, rtol=1e-6, atol=1e-20)
    assert prediction.predicted.ch_names == theirs.ch_names
    np.testing.assert_allclose(stc.data.sum(axis=0), moment, rtol=1e-12)


def test_moment_of_a_noise_free_patch_is_exact(scene):
    patch = label_patch(scene.label, scene.forward)
    times = scene.evoked.times
    moment = 20e-9 * np.cos(2 * np.pi * 7 * times)
    clean = predict_sensors(Dipole(moment, times, ("agg",)), patch, scene.forward, scene.evoked).predicted
    fitted, _ = patch_moment(clean, patch, scene.forward, noise_cov=scene.noise_cov)
    np.testing.assert_allclose(fitted, moment, rtol=1e-9, atol=1e-18)


def test_standard_error_is_that_of_the_noise(scene):
    """Before the stimulus there is noise only: its spread in the fitted moment is the error that is stated."""
    patch = label_patch(scene.label, scene.forward)
    moment, error = patch_moment(scene.evoked, patch, scene.forward, noise_cov=scene.noise_cov)
    before = moment[scene.evoked.times < 0]
    assert error == pytest.approx(before.std(), rel=0.3)


def test_patch_is_where_mne_says(scene):
    patch = label_patch(scene.label, scene.forward)
    space = scene.forward["src"][1]
    np.testing.assert_array_equal(patch.vertices, np.intersect1d(space["vertno"], scene.label.vertices))
    assert np.linalg.norm(patch.pos - space["rr"][patch.vertices].mean(axis=0)) < 2e-3
    assert patch.weights.sum() == pytest.approx(1.0)
    assert np.linalg.norm(patch.normal) == pytest.approx(1.0)
    assert 0 < patch.coherence <= 1


def test_area_of_a_whole_hemisphere(scene):
    """Sum of triangle areas, and the area of a label that holds all of them, by MNE's own geometry."""
    space = scene.forward["src"][1]
    whole = mne.Label(np.arange(space["np"]), hemi="rh", subject="01", verbose="error")
    patch = label_patch(whole, scene.forward)
    a, b, c = (space["rr"][space["tris"][:, corner]] for corner in range(3))
    expected = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() * 1e6
    assert patch.area_mm2 == pytest.approx(expected, rel=1e-9)


def test_patch_of_one_vertex_is_its_column_of_the_forward_solution(scene):
    space = scene.forward["src"][0]
    vertex = space["vertno"][100]
    patch = label_patch(mne.Label([vertex], hemi="lh", subject="01", verbose="error"), scene.forward)
    fixed = mne.convert_forward_solution(scene.forward, force_fixed=True, use_cps=True, verbose="error")
    times = np.arange(3) / 1000
    evoked = mne.EvokedArray(np.zeros((306, 3)), scene.noise_free.info, verbose="error")
    prediction = predict_sensors(Dipole(np.ones(3), times, ("agg",)), patch, scene.forward, evoked)
    rows = [fixed["sol"]["row_names"].index(name) for name in evoked.ch_names]
    np.testing.assert_allclose(prediction.predicted.data[:, 1], fixed["sol"]["data"][rows, 100], rtol=1e-12)
    np.testing.assert_allclose(patch.normal, fixed["source_nn"][100], atol=1e-6)


def test_best_patch_explains_most_of_all_candidates(scene):
    best = best_patch(scene.noise_free, scene.label, scene.forward, noise_cov=scene.noise_cov, latency=0.04)
    assert set(best.label.vertices) <= set(scene.label.vertices)
    at_peak = scene.noise_free.copy().crop(0.038, 0.042)

    def left(patch):
        moment, _ = patch_moment(at_peak, patch, scene.forward, noise_cov=scene.noise_cov)
        field = predict_sensors(Dipole(moment, at_peak.times, ("agg",)), patch, scene.forward, at_peak)
        return sum(field.explained.values())

    others = [label_patch(scene.label, scene.forward)]
    assert left(best) > max(left(other) for other in others)


def test_explained_variance_counts_each_channel_type(scene):
    measured = scene.noise_free
    half = measured.copy()
    half.data = half.data * 0.5
    assert explained_variance(measured, measured) == {"mag": 1.0, "grad": 1.0}
    for value in explained_variance(measured, half).values():
        assert value == pytest.approx(0.75)
    turned = measured.copy()
    turned.data = -turned.data
    for value in explained_variance(measured, turned).values():
        assert value == pytest.approx(-3.0)
