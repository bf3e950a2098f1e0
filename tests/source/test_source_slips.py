"""Slips of another kind than those that were reported: units, windows, projectors, references, fitted dipoles."""

import warnings
from types import SimpleNamespace

import mne
import numpy as np
import pytest
from calls import load_response
from mne.io.constants import FIFF

from mne_hnn.errors import DataError, MneHnnWarning, ParameterError
from mne_hnn.source import (
    best_patch,
    estimate_target,
    find_label,
    forward_solution,
    label_course,
    make_inverse,
    predict_sensors,
    target_from_dipole,
)


@pytest.fixture(scope="module")
def scene(scene):
    """The magnetometers and two labels only: everything is ten times faster."""
    names = ("BA3b_exvivo-rh", "precentral-lh")
    labels = [find_label(name, subject="01", subjects_dir=scene.anatomy.subjects_dir) for name in names]
    evoked = scene.evoked.copy().pick("mag")
    noise_cov = mne.pick_channels_cov(scene.noise_cov, evoked.ch_names, verbose="error")
    forward = mne.pick_types_forward(scene.forward, meg="mag")
    forward = mne.forward.restrict_forward_to_label(forward, labels)
    return SimpleNamespace(
        evoked=evoked,
        noise_cov=noise_cov,
        forward=forward,
        inverse=make_inverse(evoked.info, forward, noise_cov),
        label=scene.label,
        anatomy=scene.anatomy,
    )


def said(function):
    """Return what is warned of, without what the inverse operator's sign says."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    return [str(one.message) for one in caught if issubclass(one.category, MneHnnWarning)]


@pytest.fixture(scope="module")
def patch(scene):
    return best_patch(scene.evoked, scene.label, scene.forward, noise_cov=scene.noise_cov, latency=0.04)


@pytest.fixture(scope="module")
def noise(scene):
    """What the average would be without a response."""
    evoked = scene.evoked.copy()
    root = np.linalg.cholesky(scene.noise_cov.data + 1e-9 * np.diag(np.diag(scene.noise_cov.data)))
    random = root @ np.random.default_rng(5).standard_normal(evoked.data.shape) / np.sqrt(evoked.nave)
    evoked.data[[evoked.ch_names.index(name) for name in scene.noise_cov.ch_names]] = random
    return evoked


def target(scene, label, evoked=None, **options):
    options = {"forward": scene.forward, "noise_cov": scene.noise_cov, **options}
    return estimate_target(scene.evoked if evoked is None else evoked, scene.inverse, label, **options)


def test_noise_has_no_target(scene, noise):
    disc = best_patch(noise, scene.label, scene.forward, noise_cov=scene.noise_cov).label
    with pytest.warns(MneHnnWarning, match="Nothing stands above the noise|within the noise"):
        made = target(scene, disc, noise)
    assert made.localisation.explained < 0.1


def test_a_response_below_the_expected_noise_that_a_patch_explains_blames_the_noise(scene, patch):
    single = scene.evoked.copy()
    single.nave = 1  # as files of other programs have it
    messages = said(lambda: target(scene, patch.label, single))
    assert any("is the number of epochs in the average (evoked.nave) right" in one for one in messages)
    assert not any("Nothing stands above" in one for one in messages)


def test_one_other_label_is_a_list_of_one(scene, patch):
    (other,) = (find_label("precentral-lh", subject="01", subjects_dir=scene.anatomy.subjects_dir),)
    made = target(scene, patch.label, other_labels=other)
    assert made.dipole.provenance["other_labels"] == ["precentral-lh"]
    for wrong in ("precentral-lh", 3, ["precentral-lh"]):
        with pytest.raises(ParameterError, match="other_labels must"):
            target(scene, patch.label, other_labels=wrong)


def test_labels_that_overlap_share_what_they_give(scene, patch):
    with pytest.warns(MneHnnWarning, match=r"'rh.BA3b.*' have \d+ of the patch's \d+ sources in common"):
        target(scene, patch.label, other_labels=[scene.label])


def test_projectors_that_are_not_active_yet_are_compared_too(scene, patch):
    projectors = mne.compute_proj_evoked(scene.evoked, n_grad=0, n_mag=1, n_eeg=0, verbose="error")
    with pytest.warns(MneHnnWarning, match=r"The response has 1 projections \(SSP\) that the inverse operator"):
        target(scene, patch.label, scene.evoked.copy().add_proj(projectors))
    other = scene.noise_cov.copy()
    other["projs"] = projectors
    with pytest.warns(MneHnnWarning, match=r"noise covariance has 1 projections \(SSP\) that the response does not"):
        target(scene, patch.label, noise_cov=other)


@pytest.mark.parametrize(
    ("factor", "sentence"), [(0.0, "is zero in all channels of type"), (np.nan, "values that are not finite")]
)
def test_noise_that_no_sensor_has(scene, patch, factor, sentence):
    wrong = scene.noise_cov.copy()
    wrong["data"] = factor * wrong["data"]
    for call in (
        lambda: target(scene, patch.label, noise_cov=wrong),
        lambda: make_inverse(scene.evoked.info, scene.forward, wrong),
    ):
        with pytest.raises(DataError, match=sentence):
            call()


def test_noise_in_another_unit(scene):
    wrong = scene.noise_cov.copy()
    wrong["data"] = 1e30 * wrong["data"]
    with pytest.warns(MneHnnWarning, match="The noise covariance has a standard deviation of .* Values in fT"):
        make_inverse(scene.evoked.info, scene.forward, wrong)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"radius_mm": 10000.0}, "no hemisphere is that large; .* given in µm"),
        ({"tmax": 170}, r"has not all of 0 to 170 s \(times are in s: was it given in ms"),
        ({"tmin": 0.1, "tmax": 0.05}, "tmin must be before tmax, got 0.1 and 0.05 s .exchanged"),
    ],
)
def test_windows_and_radii_of_patches(scene, options, sentence):
    with pytest.raises(ParameterError, match=sentence):
        best_patch(scene.evoked, scene.label, scene.forward, noise_cov=scene.noise_cov, **options)


def test_the_last_sample_is_a_latency_of_the_response(scene):
    """At 600 Hz data to 0.3 s end at 0.2983 s."""
    short = scene.evoked.copy().crop(0, 0.05)
    best_patch(short, scene.label, scene.forward, noise_cov=scene.noise_cov, latency=0.0509)
    with pytest.raises(DataError, match="lies outside the response"):
        best_patch(short, scene.label, scene.forward, noise_cov=scene.noise_cov, latency=0.052)


def test_a_prediction_s_window_is_in_seconds(scene, patch):
    made = target(scene, patch.label)
    with pytest.raises(ParameterError, match="got 0 and 170 .times are in s: was it given in ms"):
        predict_sensors(made.dipole, made.patch, scene.forward, scene.evoked, tmin=0, tmax=170)


def test_a_course_needs_an_estimate_of_surfaces(scene):
    with pytest.raises(ParameterError, match="stc must be an mne.SourceEstimate .* got str"):
        label_course("x", scene.label, scene.inverse["src"])


def test_a_fixed_forward_solution_makes_a_fixed_operator(scene):
    fixed = mne.convert_forward_solution(scene.forward, surf_ori=True, force_fixed=True, verbose="error")
    with pytest.raises(ParameterError, match="fixed orientations, .* give loose=0"):
        make_inverse(scene.evoked.info, fixed, scene.noise_cov)
    make_inverse(scene.evoked.info, fixed, scene.noise_cov, loose=0, depth=None)


@pytest.mark.parametrize(
    ("depth", "sentence"),
    [
        (80, r"depth is the exponent of the depth weighting, 0 to 5, got 80: .* in percent\?"),
        (-0.8, "depth must be a finite number >= 0, got -0.8"),
        ("0.8", "depth must be a finite number >= 0.*without quotes"),
        ({"exp": 80.0}, "depth is the exponent of the depth weighting"),
    ],
)
def test_depths_that_are_no_exponents(scene, depth, sentence):
    with pytest.raises(ParameterError, match=sentence):
        make_inverse(scene.evoked.info, scene.forward, scene.noise_cov, depth=depth)


def test_labels_are_found_by_the_names_of_their_files(scene):
    found = find_label("rh.postcentral", subject="01", subjects_dir=scene.anatomy.subjects_dir)
    assert found.name == "postcentral-rh"


def fitted(scene, *, pos=1.0, ori=1.0, amplitude=30e-9, gof=90.0):
    normals = mne.convert_forward_solution(scene.forward, surf_ori=True, force_fixed=True, verbose="error")
    count = 20
    return mne.Dipole(
        0.005 * np.arange(count),
        np.tile(pos * normals["source_rr"][20], (count, 1)),
        amplitude * np.hanning(count + 2)[1:-1],
        np.tile(ori * normals["source_nn"][20], (count, 1)),
        np.full(count, gof),
    )


@pytest.mark.parametrize(
    ("slip", "sentence"),
    [
        ({"pos": 1000.0}, "from the origin of head coordinates: places are in m; were these given in mm"),
        ({"pos": np.nan}, "no place, or no orientation, that is finite"),
        ({"ori": 0.0}, "no place, or no orientation, that is finite"),
        ({"ori": 30e-9}, "orientation has a length of 3e-08: it must be 1"),
        ({"amplitude": 30.0}, "reaches .* A m, .* given in nA m"),
    ],
)
def test_fitted_dipoles_of_no_head(scene, slip, sentence):
    with pytest.raises(DataError, match=sentence):
        target_from_dipole(fitted(scene, **slip), scene.forward)


def test_doubtful_fitted_dipoles(scene):
    assert not said(lambda: target_from_dipole(fitted(scene), scene.forward))
    with pytest.warns(MneHnnWarning, match="explains only 1 % .* was it given as a fraction"):
        target_from_dipole(fitted(scene, gof=0.9), scene.forward)
    moving = fitted(scene)
    moving.pos[10:] += [0, 0, 0.04]
    with pytest.warns(MneHnnWarning, match="moves by 40 mm while it is strong"):
        target_from_dipole(moving, scene.forward)


def eeg(coil=FIFF.FIFFV_COIL_EEG):
    info = mne.create_info([f"E{number}" for number in range(6)], 1000.0, "eeg", verbose="error")
    places = np.random.default_rng(0).normal(size=(6, 3))
    for channel, place in zip(info["chs"], places, strict=True):
        channel["loc"][:3] = 0.09 * place / np.linalg.norm(place)
    info["chs"][2]["coil_type"] = coil
    return mne.EvokedArray(np.random.default_rng(1).normal(0, 1e-6, (6, 100)), info, tmin=-0.05, verbose="error")


def test_differences_of_electrodes_are_no_electrodes():
    with pytest.raises(DataError, match=r"1 EEG channels are differences of two electrodes \(bipolar: E2\)"):
        load_response(eeg(FIFF.FIFFV_COIL_EEG_BIPOLAR), channel_types="eeg")
    kept = load_response(eeg(FIFF.FIFFV_COIL_EEG_BIPOLAR), channel_types="eeg", bads="E2")
    assert len(kept.evoked.ch_names) == 5


def test_a_baseline_before_data_that_begin_later():
    late = eeg().crop(0.01, None)
    with pytest.raises(DataError, match="the data begin at 0.01 s; give data that begin earlier, or baseline=None"):
        load_response(late, channel_types="eeg")
    assert not said(lambda: load_response(late, channel_types="eeg", baseline=None))


@pytest.fixture
def raw():
    info = mne.create_info(["MEG 0111", "STI 014"], 200.0, ["mag", "stim"], verbose="error")
    data = np.random.default_rng(2).normal(0, 1e-13, (2, 1200))
    data[1] = 0
    data[1, 200:1100:100] = 1
    return mne.io.RawArray(data, info, verbose="error")


@pytest.mark.parametrize("number", [1.0, [1.0], {"tone": 1.0}, np.array([1.0])])
def test_numbers_of_events_may_be_floats(raw, number):
    assert load_response(raw, event_id=number).n_epochs == 9


def test_limits_may_be_functions(raw):
    calls = []

    def last(data):
        calls.append(data.shape)
        return len(calls) == 9, "last"

    kept = load_response(raw, event_id=1, reject={"mag": last})
    assert (kept.n_epochs, kept.drop_reasons) == (8, {"last": 1})
    with pytest.raises(ParameterError, match=r"reject\['mag'\] must be a finite number"):
        load_response(raw, event_id=1, reject={"mag": (1e-12,)})


def test_channels_that_are_all_bad_and_processes_that_are_no_number(raw):
    with pytest.raises(DataError, match="no good channel of type 'meg': all 1 are marked bad"):
        load_response(raw, event_id=1, bads="MEG 0111")
    with pytest.raises(ParameterError, match="n_jobs must be"):
        load_response(raw, event_id=1, h_freq=40.0, n_jobs="two")


def test_rates_that_differ_by_little_are_shown_with_their_digits(raw):
    other = raw.copy()
    with other.info._unlock():
        other.info["sfreq"] = 200.00001
    with pytest.raises(DataError, match="has 200 Hz and Raw object has 200.00001 Hz"):
        load_response([raw, other], event_id=1)


def test_an_operator_of_eeg_has_the_average_reference_of_its_response(scene):
    """Also where the info it is made from has none yet."""
    space = mne.SourceSpaces([one.copy() for one in scene.forward["src"]])
    model = mne.make_sphere_model((0, 0, 0.04), 0.09, verbose="error")
    evoked = eeg()
    forward = mne.make_forward_solution(evoked.info, None, space, model, meg=False, mindist=0.0, verbose="error")
    inverse = make_inverse(evoked.info, forward, mne.make_ad_hoc_cov(evoked.info, verbose="error"))
    assert [one["desc"] for one in inverse["projs"]] == ["Average EEG reference"]
    assert not evoked.info["projs"]
    messages = said(lambda: estimate_target(evoked, inverse, scene.label, forward=forward))
    assert not any("projections" in one for one in messages)


@pytest.mark.parametrize("bem", [5, "."])
def test_a_conductor_model_is_a_file_or_an_object(scene, bem):
    with pytest.raises(ParameterError, match="bem must be a conductor model"):
        forward_solution(
            scene.evoked.info,
            subject="01",
            subjects_dir=scene.anatomy.subjects_dir,
            trans=scene.anatomy.trans_fname,
            bem=bem,
        )
