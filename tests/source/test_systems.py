"""MEG systems: a known dipole comes back from each; a recording whose geometry is not known is refused."""

import mne
import numpy as np
import pytest
from calls import forward_solution, load_response
from mne.io.constants import FIFF
from systems import SFREQ, SYSTEMS, recording, system_info, uncompensated_field, with_compensation

from mne_hnn import MneHnnWarning
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.source import estimate_target, make_inverse, patch_moment, predict_sensors
from mne_hnn.viz import plot_response

MOMENT = 20e-9 * np.sin(2 * np.pi * 5 * np.arange(40) / SFREQ)


@pytest.fixture(scope="session")
def head(anatomy):
    """Sphere, cortex of few sources, alignment, and a vertex on the right whose field is strong."""
    src = mne.setup_source_space("01", "ico1", subjects_dir=anatomy.subjects_dir, add_dist=False, verbose="error")
    trans, model = mne.read_trans(anatomy.trans_fname), mne.make_sphere_model((0, 0, 0.04), 0.09, verbose="error")
    info = system_info("neuromag")
    forward = mne.make_forward_solution(info, trans, src, model, eeg=False, mindist=0.0, verbose="error")
    fixed = mne.convert_forward_solution(forward, force_fixed=True, verbose="error")
    left = fixed["src"][0]["nuse"]
    vertex = int(fixed["src"][1]["vertno"][np.linalg.norm(fixed["sol"]["data"][:, left:], axis=0).argmax()])
    return {"src": src, "trans": trans, "model": model, "vertex": vertex}


def simulated(head, info, grade=0):
    return recording(info, uncompensated_field(info, head["trans"], head["src"], head["vertex"], head["model"]), MOMENT,
                     grade=grade)  # fmt: skip


def solved(head, anatomy, info, **options):
    options = {
        "trans": head["trans"],
        "src": head["src"],
        "bem": head["model"],
        "cache": False,
        "mindist": 0.0,
        **options,
    }
    return forward_solution(info, subject="01", subjects_dir=anatomy.subjects_dir, **options)


def found(head, evoked, forward):
    label = mne.Label([head["vertex"]], hemi="rh", subject="01", name="known-rh", verbose="error")
    noise_cov = mne.make_ad_hoc_cov(evoked.info, verbose="error")
    return estimate_target(evoked, make_inverse(evoked.info, forward, noise_cov), label, forward=forward)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_known_dipole_comes_back(head, anatomy, system):
    """20 nAm within 2 %: sensors compensated (CTF) as well as not, references or none, on the head or around it."""
    info = with_compensation(system_info(system)) if system == "ctf" else system_info(system)
    evoked = simulated(head, info, grade=3 if system == "ctf" else 0)
    target = found(head, evoked, solved(head, anatomy, evoked.info))
    np.testing.assert_allclose(target.dipole["agg"], MOMENT, atol=0.02 * 20e-9)
    assert target.localisation.signal > 0.99
    assert target.localisation.best_distance_mm == 0
    assert target.dipole.provenance["channel_types"] == {evoked.get_channel_types()[0]: 40}


@pytest.mark.parametrize("system", ["ctf", "kit", "quspin"])
def test_from_a_file_to_the_sensors_and_back(head, anatomy, system, tmp_path):
    """Continuous data by their path, averaged, every step on what was loaded; data without noise have no covariance."""
    info = with_compensation(system_info(system)) if system == "ctf" else system_info(system)
    field = uncompensated_field(info, head["trans"], head["src"], head["vertex"], head["model"])
    n_stimuli, length = 4, 80
    course = np.tile(np.concatenate([np.zeros(length - len(MOMENT)), MOMENT]), n_stimuli)
    raw = mne.io.RawArray(np.outer(field, course), info, verbose="error")
    if system == "ctf":
        raw.apply_gradient_compensation(3, verbose="error")
    onsets = (np.arange(n_stimuli) * length + length - len(MOMENT)) / SFREQ
    raw.set_annotations(mne.Annotations(onsets, 0.0, "tap"))
    raw.save(tmp_path / "tap_raw.fif", verbose="error")
    with pytest.warns(MneHnnWarning, match="no noise before the stimulus that a sensor could have"):
        response = load_response(tmp_path / "tap_raw.fif", event_id="tap", channel_types="mag", tmin=-0.1, tmax=0.19)
    assert response.noise_cov is None
    evoked = response.evoked
    references = {"ctf": 6, "kit": 0, "quspin": 0}[system]
    assert evoked.get_channel_types().count("ref_meg") == references
    forward = solved(head, anatomy, evoked.info)
    target = found(head, evoked, forward)
    np.testing.assert_allclose(target.dipole["agg"][: len(MOMENT)], MOMENT[: len(target.dipole.times)], atol=0.4e-9)
    prediction = predict_sensors(target.dipole, target.patch, forward, evoked)
    assert prediction.explained["mag"] > 0.999
    assert plot_response(evoked, show=False).axes
    prediction.predicted.save(tmp_path / "predicted-ave.fif", verbose="error")
    again = load_response(tmp_path / "predicted-ave.fif", channel_types="mag", baseline=None)
    assert again.evoked.ch_names == prediction.predicted.ch_names


def test_compensation_is_part_of_the_solution(head, anatomy):
    """Without it the same recording gives another moment, so that the test above can fail."""
    info = with_compensation(system_info("ctf"))
    evoked = simulated(head, info, grade=3)
    plain = solved(head, anatomy, info)
    compensated = solved(head, anatomy, evoked.info)
    changed = np.linalg.norm(compensated["sol"]["data"] - plain["sol"]["data"]) / np.linalg.norm(plain["sol"]["data"])
    assert changed > 0.1
    known = mne.make_forward_solution(
        evoked.info, head["trans"], head["src"], head["model"], eeg=False, mindist=0.0, verbose="error"
    )
    np.testing.assert_allclose(compensated["sol"]["data"], known["sol"]["data"], rtol=1e-10)
    with pytest.raises(
        DataError, match="compensation does not match: the forward solution is for grade 0, .* has grade 3"
    ):
        found(head, evoked, plain)


def test_other_weights_are_another_solution(head, anatomy, tmp_path, monkeypatch):
    monkeypatch.setenv("MNE_HNN_CACHE", str(tmp_path))
    fields = []
    for seed in (0, 1, 1):
        info = with_compensation(system_info("ctf"), seed=seed)
        mne._fiff.compensator.set_current_comp(info, 3)
        fields.append(solved(head, anatomy, info, cache=True)["sol"]["data"])
    assert len(list((tmp_path / "forward").iterdir())) == 2
    np.testing.assert_array_equal(fields[1], fields[2])
    assert np.abs(fields[0] - fields[1]).max() > 0.01 * np.abs(fields[0]).max()


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (
            lambda info: mne.pick_info(info, mne.pick_types(info, meg=True, ref_meg=False)),
            "no matrix of that grade nor reference sensors",
        ),
        (lambda info: _without(info, "REF 003"), "no matrix of that grade"),
        (lambda info: _renamed(info), r"lacks 1 of the reference sensors that were used \(gone\)"),
    ],
)
def test_compensated_data_without_their_references_are_refused(head, anatomy, lost, message):
    info = with_compensation(system_info("ctf"))
    mne._fiff.compensator.set_current_comp(info, 3)
    with pytest.raises(DataError, match=message) as caught:
        solved(head, anatomy, lost(info))
    assert "compensated (grade 3)" in str(caught.value)
    assert "apply_gradient_compensation(0)" in str(caught.value)


def _without(info, name):
    return mne.pick_info(info, [pick for pick, other in enumerate(info["ch_names"]) if other != name])


def _renamed(info):
    info["comps"][0]["data"]["col_names"][2] = "gone"
    return info


def test_sensors_of_different_grades_are_refused(head, anatomy):
    info = with_compensation(system_info("ctf"))
    info["chs"][3]["coil_type"] += 3 << 16
    with pytest.raises(DataError, match=r"compensated to different grades \(0, 3\)"):
        solved(head, anatomy, info)


@pytest.mark.parametrize("system", ["quspin", "fieldline"])
@pytest.mark.parametrize("transform", ["identity", None])
def test_sensors_on_the_head_need_no_transform(head, anatomy, system, transform, recwarn):
    info = system_info(system, identity=True, digitised=False)
    if transform is None:
        with info._unlock():
            info["dev_head_t"] = None
    evoked = simulated(head, info)
    target = found(head, evoked, solved(head, anatomy, evoked.info))
    np.testing.assert_allclose(target.dipole["agg"], MOMENT, atol=0.02 * 20e-9)
    said = [str(one.message) for one in recwarn if "taken for head coordinates" in str(one.message)]
    assert len(said) == (transform is None)


@pytest.mark.parametrize("system", ["neuromag", "ctf", "bti magnetometers", "kit"])
def test_an_unknown_head_position_is_refused(head, anatomy, system):
    info = system_info(system, identity=True, digitised=False)
    with pytest.raises(DataError, match="head position is not known: .* is the identity, .* no digitised points"):
        solved(head, anatomy, info)
    with info._unlock():
        info["dev_head_t"] = None
    with pytest.raises(DataError, match="dev_head_t is None"):
        solved(head, anatomy, info)
    with pytest.warns(MneHnnWarning, match="is the identity: is the origin of the sensor array really that of head"):
        solved(head, anatomy, system_info(system, identity=True))


@pytest.mark.parametrize("system", ["neuromag", "ctf", "quspin"])
@pytest.mark.parametrize("broken", [np.nan, 0.0])
def test_a_sensor_without_position_is_named_or_left_out_if_bad(head, anatomy, system, broken):
    info = system_info(system)
    info["chs"][7]["loc"][:] = broken
    with pytest.raises(DataError, match=r"1 of \d+ MEG sensors have no position \(MEG 007\)"):
        solved(head, anatomy, info)
    info["bads"] = ["MEG 007"]
    assert "MEG 007" not in solved(head, anatomy, info)["sol"]["row_names"]


def test_positions_in_mm_are_refused(head, anatomy):
    info = system_info("quspin")
    for channel in info["chs"]:
        channel["loc"][:3] *= 1e3
    with pytest.raises(DataError, match="40 sensors are too far from the head .* given in mm or cm"):
        solved(head, anatomy, info)


def test_a_sensor_inside_the_head_is_said_every_time(head, anatomy, tmp_path, monkeypatch):
    """Whatever the log level, and from a full cache as from an empty one."""
    monkeypatch.setenv("MNE_HNN_CACHE", str(tmp_path))
    info = system_info("neuromag")
    info["chs"][7]["loc"][:3] = (0.01, 0.01, 0.02)
    for _ in range(2):
        with mne.utils.use_log_level("error"), pytest.warns(MneHnnWarning, match="Found 1 MEG sensor inside"):
            solved(head, anatomy, info, cache=True)
    with pytest.raises(DataError, match="Found 1 MEG sensor inside"):
        solved(head, anatomy, info, cache=True, on_inside="raise")


def test_a_sphere_needs_points_on_the_head(head, anatomy):
    info = system_info("neuromag", digitised=False)
    montage = mne.channels.make_dig_montage(nasion=(0, 0.1, 0), lpa=(-0.08, 0, 0), rpa=(0.08, 0, 0), coord_frame="head")
    info.set_montage(montage, verbose="error")
    with pytest.raises(DataError, match=r"at least 4 are needed: .* has 0 on the scalp and 0 electrodes \(3 digitised"):
        solved(head, anatomy, info, bem="sphere")
    assert solved(head, anatomy, system_info("neuromag"), bem="sphere")["nsource"] > 60


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mindist": 0.005}, r"mindist is a distance in mm, 0 or 0\.1 to 30, got 0\.005: was it given in m\?"),
        ({"mindist": 5000.0}, "mindist is a distance in mm"),
        ({"mindist": -1.0}, "mindist must be a finite number >= 0"),
        ({"on_inside": "shout"}, "Unknown on_inside 'shout'"),
        ({"cache": 1}, "cache must be True or False"),
    ],
)
def test_wrong_options(head, anatomy, options, message):
    with pytest.raises(ParameterError, match=message):
        solved(head, anatomy, system_info("neuromag"), **options)


def test_an_object_instead_of_its_info(head, anatomy):
    evoked = mne.EvokedArray(np.zeros((40, 5)), system_info("neuromag"), verbose="error")
    with pytest.raises(ParameterError, match=r"info must be an mne\.Info, as evoked\.info, got EvokedArray"):
        solved(head, anatomy, evoked)


def test_a_head_that_moved_is_said(head, anatomy):
    """Forward solution of one head position, response of another: 10 mm and 5 degrees."""
    evoked = simulated(head, system_info("neuromag"))
    forward = solved(head, anatomy, evoked.info)
    target = found(head, evoked, forward)
    moved = evoked.copy()
    turn = mne.transforms.rotation(0, 0, np.radians(5)) @ mne.transforms.translation(0.0, 0.0, 0.01)
    with moved.info._unlock():
        moved.info["dev_head_t"] = mne.transforms.Transform("meg", "head", turn @ moved.info["dev_head_t"]["trans"])
    said = r"The head was elsewhere: the forward solution .* 1\d\.\d mm \(mean\) and 5\.0\N{DEGREE SIGN}"
    with pytest.warns(MneHnnWarning, match=said):
        patch_moment(moved, target.patch, forward)
    with pytest.warns(MneHnnWarning, match=said):
        predict_sensors(target.dipole, target.patch, forward, moved)
    with pytest.warns(MneHnnWarning, match=said):
        make_inverse(moved.info, forward, mne.make_ad_hoc_cov(moved.info, verbose="error"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda trans: trans["trans"].__setitem__((slice(3), 3), [10.0, -4.0, 45.0]), r"46.3 m .* is its shift in mm"),
        (lambda trans: trans["trans"].__imul__(1.1), "no rotation with a shift"),
        (lambda trans: trans.update({"to": FIFF.FIFFV_COORD_DEVICE}), "goes head to MEG device, but .* head and MRI"),
    ],
)
def test_an_alignment_that_cannot_be(head, anatomy, tmp_path, change, message):
    trans = mne.transforms.Transform("head", "mri", head["trans"]["trans"].copy())
    change(trans)
    with pytest.raises(DataError, match=message):
        solved(head, anatomy, system_info("neuromag"), trans=trans)
