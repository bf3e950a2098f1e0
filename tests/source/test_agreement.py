"""Response, inverse operator, forward solution and label of one recording, or not: compared, and differences said."""

import warnings

import mne
import numpy as np
import pytest
from calls import estimate_target, forward_solution

from mne_hnn import MneHnnWarning
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.source import (
    apply_normal_inverse,
    best_patch,
    find_label,
    label_course,
    label_patch,
    make_inverse,
    patch_moment,
    predict_sensors,
)


@pytest.fixture(scope="module")
def small(anatomy):
    """MEG and EEG around a sphere: forward solution of few sources, the field of a known moment, noise."""
    from systems import system_info

    meg = system_info("neuromag")
    montage = mne.channels.make_standard_montage("biosemi32")
    electrodes = montage.get_positions()["ch_pos"]
    eeg = mne.create_info(montage.ch_names, 200.0, "eeg", verbose="error")
    for channel in eeg["chs"]:
        channel["loc"][:3] = electrodes[channel["ch_name"]]
    both = mne.EvokedArray(np.zeros((40, 40)), meg, verbose="error")
    both.add_channels([mne.EvokedArray(np.zeros((32, 40)), eeg, verbose="error")], force_update_info=True)
    src = mne.setup_source_space("01", "ico1", subjects_dir=anatomy.subjects_dir, add_dist=False, verbose="error")
    trans, model = mne.read_trans(anatomy.trans_fname), mne.make_sphere_model((0, 0, 0.04), 0.09, verbose="error")
    both.set_eeg_reference("average", projection=True, verbose="error")
    both.info["projs"][0]["active"] = False

    def forward_of(spaces, **options):
        return mne.make_forward_solution(both.info, trans, spaces, model, mindist=0.0, verbose="error", **options)

    forward = forward_of(src)
    fixed = mne.convert_forward_solution(forward, force_fixed=True, verbose="error")
    left = fixed["src"][0]["nuse"]
    inside = np.linalg.norm(fixed["source_rr"] - [0, 0, 0.04], axis=1) < 0.075  # within the brain of the sphere
    row = left + int((inside * np.linalg.norm(fixed["sol"]["data"][:40], axis=0))[left:].argmax())
    moment = 20e-9 * np.sin(2 * np.pi * 5 * np.arange(40) / 200)
    evoked = both.copy()
    evoked.data = np.outer(fixed["sol"]["data"][:, row], moment)
    evoked.nave = 100
    evoked.apply_proj(verbose="error")
    # EEG that contradicts MEG, so that it shows where it comes in
    evoked.data[40:] *= -1
    names = evoked.ch_names
    noise_cov = mne.make_ad_hoc_cov(evoked.info, verbose="error")
    label = mne.Label(
        [fixed["src"][1]["vertno"][row - left]], hemi="rh", subject="01", name="known-rh", verbose="error"
    )
    only = evoked.copy().pick(names[:40])
    inverse = make_inverse(only.info, mne.pick_channels_forward(forward, names[:40], verbose="error"), noise_cov)
    return {
        "evoked": evoked,
        "only": only,
        "forward": forward,
        "inverse": inverse,
        "noise_cov": noise_cov,
        "label": label,
        "moment": moment,
        "src": src,
        "forward_of": forward_of,
        "trans": trans,
        "model": model,
        "subjects_dir": anatomy.subjects_dir,
    }


@pytest.mark.parametrize("with_cov", [False, True])
def test_sensors_are_those_of_the_inverse_operator(small, with_cov):
    """EEG in the response, none in the operator: the moment is that of MEG, with and without a covariance of both."""
    options = {"forward": small["forward"], "noise_cov": small["noise_cov"] if with_cov else None}
    with pytest.warns(
        MneHnnWarning, match=r"does not use 32 good channels of the response \(32 eeg: Fp1, AF3, F7 and 29"
    ):
        made = estimate_target(small["evoked"], small["inverse"], small["label"], **options)
    np.testing.assert_allclose(made.dipole["agg"], small["moment"], atol=1e-12)
    assert made.dipole.provenance["channel_types"] == {"mag": 40}
    expected = estimate_target(small["only"], small["inverse"], small["label"], **options)
    np.testing.assert_array_equal(made.dipole["agg"], expected.dipole["agg"])


def test_all_sensors_count_where_the_operator_has_them(small):
    inverse = make_inverse(small["evoked"].info, small["forward"], small["noise_cov"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MneHnnWarning)
        made = estimate_target(small["evoked"], inverse, small["label"], forward=small["forward"])
    assert made.dipole.provenance["channel_types"] == {"mag": 40, "eeg": 32}
    assert np.abs(made.dipole["agg"] - small["moment"]).max() > 1e-9


def test_fewer_sensors_in_a_forward_solution_are_enough(small):
    """It need not have the channels that the operator leaves out."""
    forward = mne.pick_channels_forward(small["forward"], small["evoked"].ch_names[:40], verbose="error")
    with pytest.warns(MneHnnWarning, match="does not use 32"):
        made = estimate_target(small["evoked"], small["inverse"], small["label"], forward=forward)
    np.testing.assert_allclose(made.dipole["agg"], small["moment"], atol=1e-12)


def standard_error(evoked):
    other = evoked.copy()
    other.kind = "standard_error"
    other.data = np.abs(other.data)
    return other


def test_standard_errors_are_no_field(small):
    odd, patch = standard_error(small["only"]), label_patch(small["label"], small["forward"])
    made = estimate_target(small["only"], small["inverse"], small["label"], forward=small["forward"])
    calls = [
        lambda: estimate_target(odd, small["inverse"], small["label"], forward=small["forward"]),
        lambda: apply_normal_inverse(odd, small["inverse"]),
        lambda: patch_moment(odd, patch, small["forward"]),
        lambda: best_patch(odd, small["label"], small["forward"]),
        lambda: predict_sensors(made.dipole, patch, small["forward"], odd),
    ]
    for call in calls:
        with pytest.raises(DataError, match="holds a standard error, not an average"):
            call()


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("loose", ["auto", 0.0])
def test_operators_of_one_hemisphere(small, side, loose, tmp_path):
    """They give what those of both give with the other one's sources left out; labels of the other are refused."""
    one = mne.SourceSpaces([small["src"][side]])
    forward = mne.pick_channels_forward(small["forward_of"](one), small["only"].ch_names, verbose="error")
    inverse = make_inverse(small["only"].info, forward, small["noise_cov"], loose=loose)
    mne.minimum_norm.write_inverse_operator(tmp_path / "one-inv.fif", inverse, verbose="error")
    mne.write_forward_solution(tmp_path / "one-fwd.fif", forward, verbose="error")
    for operator, solution in ((inverse, forward), (tmp_path / "one-inv.fif", tmp_path / "one-fwd.fif")):
        stc = apply_normal_inverse(small["only"], operator)
        assert [len(part) > 0 for part in stc.vertices] == [side == 0, side == 1]
        if side == 1:
            made = estimate_target(small["only"], operator, small["label"], forward=solution)
            np.testing.assert_allclose(made.dipole["agg"], small["moment"], rtol=1e-5, atol=1e-13)
            assert predict_sensors(made.dipole, made.patch, solution, small["only"]).explained["mag"] > 0.999
        else:
            with pytest.raises(DataError, match="in the right hemisphere, but the source space has the other one only"):
                estimate_target(small["only"], operator, small["label"], forward=solution)


def test_a_source_space_without_surface_is_named(small):
    places = {"rr": np.array([[0.02, 0.02, 0.06]]), "nn": np.array([[0, 0, 1.0]])}
    volume = mne.setup_volume_source_space(pos=places, verbose="error")
    forward = small["forward_of"](volume)
    with pytest.raises(
        DataError, match=r"surface is needed for normal orientation, got a discrete one \(parts: discrete\)"
    ):
        label_patch(small["label"], forward)


@pytest.mark.parametrize(
    ("vertices", "message"),
    [
        (
            [5, 10242],
            r"has 1 vertices that the surface does not have \(10242, where the right hemisphere ends at 10241\)",
        ),
        ([], "is empty"),
    ],
)
def test_labels_that_are_not_on_the_surface(small, vertices, message):
    label = mne.Label(vertices, hemi="rh", name="odd-rh", verbose="error")
    with pytest.raises(DataError, match=message):
        label_patch(label, small["forward"])
    with pytest.raises(DataError, match=message):
        best_patch(small["only"], label, small["forward"])
    with pytest.raises(DataError, match=message):
        estimate_target(small["only"], small["inverse"], label, forward=small["forward"])
    with pytest.raises(DataError, match=message):
        estimate_target(small["only"], small["inverse"], small["label"], forward=small["forward"], other_labels=[label])


def test_a_patch_without_field_is_named(small):
    """Between brain and scalp of a layered sphere MNE's EEG is zero: one sentence, and no such sources of ours."""
    forward = mne.pick_channels_forward(small["forward"], small["evoked"].ch_names[40:], verbose="error")
    power = np.linalg.norm(forward["sol"]["data"].reshape(32, -1, 3), axis=(0, 2))[forward["src"][0]["nuse"] :]
    vertices = forward["src"][1]["vertno"][power == 0]
    outside = mne.Label(vertices, hemi="rh", name="outside-rh", verbose="error")
    with pytest.raises(DataError, match="see nothing of 'outside-rh': its field in the forward solution is zero"):
        patch_moment(small["evoked"].copy().pick("eeg"), label_patch(outside, forward), forward)
    ours = forward_solution(
        small["evoked"].info, subject="01", subjects_dir=small["subjects_dir"], src=small["src"], trans=small["trans"],
        bem=small["model"], mindist=0.0, cache=False,
    )  # fmt: skip
    assert ours["nsource"] < small["forward"]["nsource"]
    assert np.linalg.norm(ours["sol"]["data"][40:].reshape(32, -1, 3), axis=(0, 2)).all()


def test_a_patch_of_another_forward_solution_is_refused(small):
    made = estimate_target(small["only"], small["inverse"], small["label"], forward=small["forward"])
    rest = [mne.Label(np.setdiff1d(space["vertno"], small["label"].vertices), hemi=hemi, verbose="error")
            for space, hemi in zip(small["src"], ("lh", "rh"), strict=True)]  # fmt: skip
    other = mne.forward.restrict_forward_to_label(small["forward"], rest)
    for call in (
        lambda: patch_moment(small["only"], made.patch, other),
        lambda: predict_sensors(made.dipole, made.patch, other, small["only"]),
    ):
        with pytest.raises(DataError, match="1 of the patch's 1 vertices are no sources of the forward solution"):
            call()


def test_another_subject_s_operator_is_refused(small):
    other = mne.minimum_norm.InverseOperator(small["inverse"])
    other["src"] = other["src"].copy()
    for space in other["src"]:
        space["subject_his_id"] = "02"
    nameless = mne.Label(small["label"].vertices, hemi="rh", name="known-rh", verbose="error")
    with pytest.raises(DataError, match="of two cortices .subject 01 with 10242 vertices, 02 with 10242"):
        estimate_target(small["only"], other, nameless, forward=small["forward"])
    with pytest.warns(MneHnnWarning, match="subject='03' was given, but the source space is of subject '01'"):
        estimate_target(small["only"], small["inverse"], small["label"], forward=small["forward"], subject="03")


def test_another_alignment_is_said(small):
    other = mne.minimum_norm.InverseOperator(small["inverse"])
    moved = other["mri_head_t"]["trans"].copy()
    moved[0, 3] += 0.01
    other["mri_head_t"] = mne.transforms.Transform("mri", "head", moved)
    with pytest.warns(MneHnnWarning, match=r"aligned differently .* \(10\.0 mm apart\)"):
        estimate_target(small["only"], other, small["label"], forward=small["forward"])


def test_electrodes_elsewhere_are_said(small):
    forward = mne.pick_channels_forward(small["forward"], small["evoked"].ch_names[40:], verbose="error")
    eeg = small["evoked"].copy().pick("eeg")
    patch = label_patch(small["label"], forward)
    with warnings.catch_warnings():
        warnings.simplefilter("error", MneHnnWarning)
        patch_moment(eeg, patch, forward)
    for channel in eeg.info["chs"]:
        channel["loc"][:3] *= 1.1
    with pytest.warns(MneHnnWarning, match=r"electrodes were elsewhere: .* positions that are \d+\.\d mm \(mean\)"):
        patch_moment(eeg, patch, forward)


def test_projections_that_the_operator_does_not_know_are_said(small):
    projected = small["only"].copy()
    pattern = np.ones((1, 40)) / np.sqrt(40)
    projected.add_proj(
        mne.Projection(
            active=False, kind=1, desc="heart", explained_var=None,
            data={"nrow": 1, "ncol": 40, "row_names": None, "col_names": projected.ch_names, "data": pattern},
        )
    ).apply_proj(verbose="error")  # fmt: skip
    with pytest.warns(MneHnnWarning, match=r"went through 1 projections \(SSP\) .* does not have .*heart"):
        apply_normal_inverse(projected, small["inverse"])
    known = make_inverse(projected.info, small["forward"], small["noise_cov"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", MneHnnWarning)
        apply_normal_inverse(projected, known)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: best_patch(s["only"], s["label"], s["forward"], radius_mm=0.01), "radius_mm=0.01: .* given in m\\?"),
        (
            lambda s: best_patch(s["only"], s["label"], s["forward"], half_width_ms=0.005),
            "0.1 to 100 ms, .* given in s\\?",
        ),
        (lambda s: best_patch(s["only"], s["label"], s["forward"], half_width_ms=-5.0), "half_width_ms must be"),
        (lambda s: best_patch(s["only"], s["label"], s["forward"], latency=40), "Latency 40 s .* was it given in ms"),
        (lambda s: best_patch(s["only"], s["label"], s["forward"], tmin=20, tmax=80), "of 20 to 80 s .* in ms"),
        (lambda s: whole(s, tmin=0, tmax=150), "window, 0 to 150 s, must lie within .* was it given in ms"),
        (lambda s: whole(s, polarity={"latency": 40, "points": "up"}), "component at 40 s .* was it given in ms"),
        (lambda s: whole(s, polarity={"latency": 0.04, "points": "up", "half_width": 8}), "half_width .* given in ms"),
        (
            lambda s: whole(s, forward=None, mode="peak", amplitude="estimate", noise_cov=s["noise_cov"]),
            "noise_cov is for",
        ),
        (
            lambda s: whole(s, forward=None, mode="peak", amplitude="estimate", other_labels=[s["label"]]),
            "other_labels are",
        ),
        (lambda s: make_inverse(s["only"], s["forward"], s["noise_cov"]), "info must be an mne.Info"),
        (lambda s: find_label(s["label"], hemi="lh"), "is of hemisphere 'rh', but hemi='lh'"),
        (lambda s: find_label(s["label"], subject="02"), "is of subject '01', but subject='02'"),
        (
            lambda s: label_course(apply_normal_inverse(s["only"], s["inverse"]), s["label"], s["src"], tmin=0.1),
            "tmin and tmax say where mode='peak' looks",
        ),
    ],
)
def test_arguments_are_used_or_refused(small, call, message):
    with pytest.raises((ParameterError, DataError), match=message) as caught:
        call(small)
    assert "\n" not in str(caught.value)


def whole(small, **options):
    options = {"forward": small["forward"], **options}
    return estimate_target(small["only"], small["inverse"], small["label"], **options)


@pytest.mark.parametrize(
    ("snr", "guess"), [(1 / 9, "is it lambda2\\? .* so snr=3"), (1000.0, "no signal-to-noise ratio")]
)
def test_odd_regularisation_is_said(small, snr, guess):
    with pytest.warns(MneHnnWarning, match=guess):
        apply_normal_inverse(small["only"], small["inverse"], snr=snr)
