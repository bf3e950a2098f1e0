import re

import mne
import numpy as np
import pytest
from calls import estimate_target

from mne_hnn import Dipole, read_dipole
from mne_hnn.errors import DataError, MneHnnError, ParameterError
from mne_hnn.source import (
    apply_normal_inverse,
    best_patch,
    find_label,
    label_patch,
    make_inverse,
    patch_moment,
    predict_sensors,
    target_from_dipole,
)


@pytest.fixture(scope="module")
def disc(scene):
    return best_patch(scene.evoked, scene.label, scene.forward, noise_cov=scene.noise_cov, latency=0.04).label


def target(scene, label, **options):
    options = {"forward": scene.forward, "noise_cov": scene.noise_cov, "tmax": 0.15, **options}
    return estimate_target(scene.evoked, scene.inverse, label, **options)


def test_target_says_how_it_was_made(scene, disc, tmp_path):
    made = target(scene, disc, polarity={"latency": 0.04, "points": "down"})
    made.dipole.save(tmp_path / "target-ave.fif")
    kept = read_dipole(tmp_path / "target-ave.fif").provenance
    assert kept == made.dipole.provenance
    assert kept["subject"] == "01"
    assert kept["label"] == disc.name
    assert (kept["method"], kept["mode"], kept["amplitude"], kept["unit"]) == ("MNE", "patch", "patch", "A m")
    assert (kept["sign"], kept["outward"], kept["n_vertices"]) == (1, 1, len(made.patch.vertices))
    assert kept["confidence"] > 0.9
    assert kept["area_mm2"] == pytest.approx(made.patch.area_mm2)
    assert kept["nave"] == scene.evoked.nave
    np.testing.assert_allclose(kept["pos"], made.patch.pos)
    assert made.dipole.times[[0, -1]] == pytest.approx([0.0, 0.15])


def test_minimum_norm_amplitude_is_far_too_small(scene, disc):
    estimate = target(scene, disc, mode="mean_flip", amplitude="estimate").dipole
    moment = target(scene, disc, mode="mean_flip").dipole
    ratio = np.abs(estimate["agg"]).max() / np.abs(moment["agg"]).max()
    assert ratio < 0.05
    np.testing.assert_allclose(moment["agg"], estimate["agg"] * moment.provenance["factor"])


@pytest.mark.parametrize("method", ["dSPM", "sLORETA"])
def test_methods_without_unit(scene, disc, method):
    moment = target(scene, disc, method=method, mode="mean_flip").dipole
    expected = target(scene, disc, mode="patch").dipole
    assert np.corrcoef(moment["agg"], expected["agg"])[0, 1] > 0.98
    assert np.abs(moment["agg"]).max() == pytest.approx(np.abs(expected["agg"]).max(), rel=0.1)
    arbitrary = target(scene, disc, method=method, mode="mean_flip", amplitude="arbitrary").dipole
    assert arbitrary.provenance["unit"] == "arbitrary"
    assert np.abs(arbitrary["agg"]).max() == pytest.approx(1.0)
    with pytest.raises(ParameterError, match=rf"{method} values have no unit of current.*cannot be in nA m"):
        target(scene, disc, method=method, mode="mean_flip", amplitude="estimate")
    with pytest.raises(ParameterError, match="arbitrary units, so its field has no size"):
        predict_sensors(arbitrary, label_patch(disc, scene.forward), scene.forward, scene.evoked)


@pytest.mark.parametrize("loose", [0.0, 0.2, 1.0])
def test_every_orientation_constraint_gives_the_same_target(scene, disc, loose):
    inverse = make_inverse(scene.evoked.info, scene.forward, scene.noise_cov, loose=loose)
    one = estimate_target(
        scene.evoked, inverse, disc, forward=scene.forward, noise_cov=scene.noise_cov, mode="mean_flip", tmax=0.15
    )
    other = target(scene, disc, mode="mean_flip")
    assert np.corrcoef(one.dipole["agg"], other.dipole["agg"])[0, 1] > 0.99
    assert one.dipole.provenance["orientation"] == ("fixed" if loose == 0 else "normal component")


def test_a_turned_target_gives_the_same_field(scene, disc):
    up = target(scene, disc, polarity="normal")
    with pytest.warns(RuntimeWarning, match="contradicts its cortical normals"):
        down = target(scene, disc, polarity={"latency": 0.04, "points": "up"})
    np.testing.assert_allclose(down.dipole["agg"], -up.dipole["agg"])
    fields = [predict_sensors(one.dipole, one.patch, scene.forward, scene.evoked).predicted.data for one in (up, down)]
    np.testing.assert_allclose(fields[0], fields[1])


def test_a_wide_label_is_told_to_be_doubtful(scene):
    with pytest.warns(RuntimeWarning, match=r"uncertain: .* agree with it\. Take a smaller label"):
        target(scene, find_label("postcentral-rh", subject="01", subjects_dir=scene.anatomy.subjects_dir))


def test_other_labels_take_what_is_theirs(scene, disc):
    """Two patches, both active: alone, one is given part of the other's field; together both are exact."""
    other_label = find_label("BA3b_exvivo-lh", subject="01", subjects_dir=scene.anatomy.subjects_dir)
    one, other = label_patch(disc, scene.forward), label_patch(other_label, scene.forward)
    times = scene.noise_free.times
    moments = [1e-8 * np.sin(2 * np.pi * 10 * times), 2e-8 * np.cos(2 * np.pi * 10 * times)]
    fields = [
        predict_sensors(Dipole(moment, times, ("agg",)), patch, scene.forward, scene.noise_free).predicted
        for moment, patch in zip(moments, (one, other), strict=True)
    ]
    both = mne.combine_evoked(fields, [1, 1])
    both.nave = 1
    alone, _ = patch_moment(both, one, scene.forward, noise_cov=scene.noise_cov)
    together, error = patch_moment(both, one, scene.forward, noise_cov=scene.noise_cov, others=[other])
    np.testing.assert_allclose(together, moments[0], rtol=1e-6, atol=1e-15)
    assert np.abs(alone - moments[0]).max() > 1e-10
    assert error > 0
    with pytest.raises(DataError, match="cannot tell"):
        patch_moment(both, one, scene.forward, noise_cov=scene.noise_cov, others=[one])


def test_fitted_dipole(scene):
    """A dipole at a source, along its normal plus something tangential: the moment along the normal comes back."""
    fixed = mne.convert_forward_solution(scene.forward, force_fixed=True, use_cps=True, verbose="error")
    row = len(fixed["src"][0]["vertno"]) + 50
    normal = fixed["source_nn"][row]
    across = np.cross(normal, [0, 0, 1.0])
    across /= np.linalg.norm(across)
    times = np.arange(0, 0.1, 0.001)
    amplitude = 30e-9 * np.exp(-0.5 * ((times - 0.04) / 0.01) ** 2)
    angle = np.radians(25)
    orientation = -np.cos(angle) * normal + np.sin(angle) * across
    n = len(times)
    dipole = mne.Dipole(
        times, np.tile(fixed["source_rr"][row] + 1e-3 * normal, (n, 1)), amplitude, np.tile(orientation, (n, 1)),
        np.full(n, 95.0),
    )  # fmt: skip
    made = target_from_dipole(dipole, scene.forward)
    np.testing.assert_allclose(made.dipole["agg"], -amplitude * np.cos(angle), rtol=1e-5)
    assert made.dipole.provenance["angle_to_normal_deg"] == pytest.approx(25, abs=0.01)
    assert made.dipole.provenance["distance_to_cortex_mm"] == pytest.approx(1.0, abs=0.01)
    up = target_from_dipole(dipole, scene.forward, polarity={"latency": 0.04, "points": "up"}, hemi="rh")
    np.testing.assert_allclose(up.dipole["agg"], amplitude * np.cos(angle), rtol=1e-5)
    with pytest.raises(ParameterError, match=r"dipole must be an mne\.Dipole, got str"):
        target_from_dipole("x", scene.forward)
    dipole.amplitude[:] = 0
    with pytest.raises(DataError, match="no amplitude"):
        target_from_dipole(dipole, scene.forward)


def test_labels_by_name_file_object_and_vertices(scene, tmp_path):
    options = {"subject": "01", "subjects_dir": scene.anatomy.subjects_dir}
    by_name = find_label("postcentral-rh", **options)
    np.testing.assert_array_equal(find_label("postcentral", hemi="rh", **options).vertices, by_name.vertices)
    assert find_label(by_name) is by_name
    by_name.save(tmp_path / "mine-rh.label")
    np.testing.assert_array_equal(find_label(tmp_path / "mine-rh.label").vertices, by_name.vertices)
    np.testing.assert_array_equal(find_label(by_name.vertices, hemi="rh").vertices, by_name.vertices)
    np.testing.assert_array_equal(find_label("rh.BA3b_exvivo.label", **options).vertices, scene.label.vertices)
    assert find_label("G_postcentral-rh", parcellation="aparc.a2009s", **options).hemi == "rh"


@pytest.mark.parametrize(
    ("label", "options", "message"),
    [
        ("postcentrl-rh", {}, "has no label 'postcentrl-rh'. Did you mean 'postcentral-rh'"),
        ("postcentral", {}, "needs a hemisphere: write 'postcentral-lh' or 'postcentral-rh'"),
        ("postcentral-rh", {"parcellation": "aparc.a2009"}, "Did you mean 'aparc.a2009s'"),
        ("postcentral-rh", {"subject": "02"}, "Unknown subject '02'"),
        ("postcentral-rh", {"subject": None}, "give subject"),
        ("postcentral-rh", {"subjects_dir": "/nowhere"}, "/nowhere"),
        ("nothing-rh.label", {"subject": None}, "There is no label file nothing-rh.label"),
        ([1, 2], {}, "give hemi='lh' or 'rh'"),
        ([1.5], {"hemi": "lh"}, "integers >= 0"),
        ({}, {}, "label must be a name, file"),
        ("x-rh", {"hemi": "left"}, "Unknown hemisphere 'left'"),
    ],
)
def test_wrong_labels(scene, label, options, message):
    with pytest.raises(MneHnnError, match=re.escape(message).replace(r"\ ", " ")) as caught:
        find_label(label, **{"subject": "01", "subjects_dir": scene.anatomy.subjects_dir, **options})
    assert "\n" not in str(caught.value)


def test_parts_that_do_not_fit(scene, disc):
    outside = np.setdiff1d(np.arange(10242), scene.forward["src"][1]["vertno"])[:3]
    with pytest.raises(DataError, match="has no vertex in the source space"):
        target(scene, mne.Label(outside, hemi="rh", name="small-rh", verbose="error"))
    with pytest.raises(DataError, match="is of subject 'fsaverage', the source space of '01'"):
        target(scene, mne.Label(disc.vertices, hemi="rh", name="x-rh", subject="fsaverage", verbose="error"))
    fewer = scene.evoked.copy().pick(scene.evoked.ch_names[10:])
    with pytest.raises(DataError, match="do not match: the inverse operator uses 10 of 306"):
        apply_normal_inverse(fewer, scene.inverse)
    marked = scene.evoked.copy()
    marked.info["bads"] = [marked.ch_names[4]]
    with pytest.raises(DataError, match=f"uses {marked.ch_names[4]}, which the response marks bad"):
        apply_normal_inverse(marked, scene.inverse)
    other = mne.pick_channels_forward(scene.forward, scene.evoked.ch_names[:300], verbose="error")
    with pytest.raises(DataError, match="the forward solution lacks 6 of the 306"):
        make_inverse(scene.evoked.info, other, scene.noise_cov)
    nan = scene.evoked.copy()
    nan.data[5, 5] = np.nan
    with pytest.raises(DataError, match="not finite"):
        apply_normal_inverse(nan, scene.inverse)
    with pytest.raises(ParameterError, match="needs the forward solution"):
        estimate_target(scene.evoked, scene.inverse, disc)
    with pytest.raises(ParameterError, match="Unknown inverse method 'dspm'.*Did you mean 'dSPM'"):
        target(scene, disc, method="dspm")
    with pytest.raises(DataError, match="window, 1 to 2 s, must lie within the response, -0.2 to 0.3 s"):
        target(scene, disc, tmin=1.0, tmax=2.0)
    with pytest.raises(DataError, match=r"There is no inverse operator nothing-inv\.fif"):
        apply_normal_inverse(scene.evoked, "nothing-inv.fif")
    late = Dipole(np.ones(10), np.arange(10) / 1000 + 5, ("agg",))
    with pytest.raises(DataError, match="share no window"):
        predict_sensors(late, label_patch(disc, scene.forward), scene.forward, scene.evoked)


def test_without_forward_the_estimate_itself_is_the_target(scene, disc):
    made = estimate_target(scene.evoked, scene.inverse, disc, mode="mean_flip", amplitude="estimate", tmax=0.15)
    assert made.patch is None
    assert made.standard_error is None
    expected = target(scene, disc, mode="mean_flip", amplitude="estimate").dipole
    np.testing.assert_allclose(made.dipole["agg"], expected["agg"])


@pytest.fixture(scope="module")
def cap(scene):
    """EEG of a sphere over the same subject: forward solution and the field of a known patch."""
    montage = mne.channels.make_standard_montage("biosemi64")
    info = mne.create_info(montage.ch_names, 500.0, "eeg", verbose="error").set_montage(montage, verbose="error")
    src = mne.setup_source_space("01", "ico3", subjects_dir=scene.anatomy.subjects_dir, add_dist=False, verbose="error")
    trans = mne.read_trans(scene.anatomy.trans_fname)
    sphere = mne.make_sphere_model((0, 0.01, 0.04), 0.095, verbose="error")
    forward = mne.make_forward_solution(info, trans, src, sphere, meg=False, mindist=0.0, verbose="error")
    gyrus = find_label("postcentral-rh", subject="01", subjects_dir=scene.anatomy.subjects_dir)
    patch = label_patch(gyrus, forward)
    times = np.arange(50) / 500
    moment = 2e-8 * np.sin(2 * np.pi * 20 * times)
    evoked = mne.EvokedArray(np.zeros((64, 50)), info, nave=1, verbose="error")
    clean = predict_sensors(Dipole(moment, times, ("agg",)), patch, forward, evoked).predicted
    return forward, patch, moment, clean


def test_the_reference_of_eeg_does_not_matter(cap):
    """A potential common to all electrodes is no field: the moment is the same, to the last digits."""
    forward, patch, moment, clean = cap
    shifted = mne.EvokedArray(clean.data + 20e-6, mne.create_info(clean.ch_names, 500.0, "eeg", verbose="error"))
    shifted.set_montage("biosemi64", verbose="error")
    for one in (clean, shifted):
        found, _ = patch_moment(one, patch, forward)
        np.testing.assert_allclose(found, moment, rtol=1e-6, atol=1e-14)
        explained = predict_sensors(Dipole(moment, one.times, ("agg",)), patch, forward, one).explained
        assert explained["eeg"] == pytest.approx(1.0, abs=1e-6)
    assert not shifted.info["projs"], "the user's object must stay as it was"


def test_a_prepared_operator_gives_the_same_target(scene, disc):
    prepared = mne.minimum_norm.prepare_inverse_operator(scene.inverse, scene.evoked.nave, 1 / 9, verbose="error")
    one = estimate_target(scene.evoked, prepared, disc, forward=scene.forward, tmax=0.15)
    other = estimate_target(scene.evoked, scene.inverse, disc, forward=scene.forward, tmax=0.15)
    np.testing.assert_allclose(one.dipole["agg"], other.dipole["agg"], rtol=1e-6, atol=1e-16)
    assert one.standard_error == pytest.approx(other.standard_error, rel=1e-6)


def test_a_fitted_dipole_points_where_its_target_does(scene, disc):
    from mne_hnn.fit.observation import fitted_dipole

    with pytest.warns(RuntimeWarning, match="contradicts"):
        down = target(scene, disc, polarity={"latency": 0.04, "points": "up"})
    fitted = fitted_dipole(Dipole(down.dipole["agg"], down.dipole.times, ("agg",)), down.dipole)
    prediction = predict_sensors(fitted, down.patch, scene.forward, scene.noise_free)
    assert min(prediction.explained.values()) > 0.9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda s: estimate_target(s.evoked, s.inverse, "postcentral-rh", forward=s.forward),
            "label must be an mne.Label",
        ),
        (lambda s: estimate_target("x-ave.fif", s.inverse, s.label, forward=s.forward), "evoked must be an mne.Evoked"),
        (lambda s: best_patch("x-ave.fif", s.label, s.forward), "evoked must be an mne.Evoked, got str"),
        (lambda s: label_patch(s.label, 3), "forward must be an mne.Forward or its path, got int"),
        (
            lambda s: predict_sensors(s.evoked, s.label, s.forward, s.evoked),
            "needs a Dipole, a Patch and an mne.Evoked",
        ),
        (lambda s: make_inverse(s.evoked.info, s.forward, None), "noise_cov must be an mne.Covariance"),
        (lambda s: apply_normal_inverse(s.evoked, 3), "inverse must be an InverseOperator or its path, got int"),
        (
            lambda s: find_label("postcentral-rh", subject="01", subjects_dir=s.anatomy.subjects_dir, hemi="lh"),
            "is of hemisphere 'rh', but hemi='lh'",
        ),
    ],
)
def test_wrong_types(scene, call, message):
    with pytest.raises(ParameterError, match=message):
        call(scene)


def test_labels_without_a_name(scene):
    nameless = mne.Label(scene.label.vertices, hemi="rh", subject="01", verbose="error")
    nameless.name = None
    assert best_patch(scene.evoked, nameless, scene.forward, latency=0.04).label.name == "label-disc-rh"


@pytest.mark.parametrize(("outward", "confidence"), [(1, 0.1), (1, 0.6), (-1, 0.9), (-1, 0.4)])
def test_doubt_is_told_whichever_way_is_up(disc, outward, confidence):
    """Also where the sensors overrule nearly all vertices: a small share is not a sure one."""
    from mne_hnn.source import Polarity
    from mne_hnn.source.target import _warn_of_doubt

    with pytest.warns(RuntimeWarning, match="The sign of .* is uncertain"):
        _warn_of_doubt(Polarity(rule="sign: given", sign=1, confidence=confidence, outward=outward), None, disc)
