"""Forward solutions: built from what there is, kept, and refused where there is nothing to build from."""

import shutil

import mne
import numpy as np
import pytest
from calls import forward_solution, load_response

from mne_hnn.errors import CacheError, DataError, MneHnnWarning
from mne_hnn.source import scaled_template
from mne_hnn.source.demo.anatomy import helmet_info


@pytest.fixture
def subjects_dir(anatomy, tmp_path):
    """A copy of the demo's subject that a test may change."""
    shutil.copytree(anatomy.subjects_dir, tmp_path / "subjects")
    return tmp_path / "subjects"


@pytest.fixture
def info():
    info = helmet_info()
    return mne.pick_info(info, np.arange(0, info["nchan"], 6))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch, anatomy):
    monkeypatch.setenv("MNE_HNN_CACHE", str(tmp_path / "cache"))


def build(info, subjects_dir, **options):
    options = {"subject": "01", "spacing": "ico1", **options}
    return forward_solution(info, subjects_dir=subjects_dir, **options)


def written(forward, folder):
    mne.write_forward_solution(folder / "one-fwd.fif", forward, overwrite=True, verbose="error")
    return (folder / "one-fwd.fif").read_bytes()


def test_built_from_surfaces_and_fiducials_is_mne_s_own(info, subjects_dir, anatomy):
    built = build(info, subjects_dir)
    src = mne.setup_source_space("01", "ico1", subjects_dir=subjects_dir, add_dist="patch", verbose="error")
    trans = mne.coreg.coregister_fiducials(info, str(subjects_dir / "01" / "bem" / "01-fiducials.fif"))
    expected = mne.make_forward_solution(
        info, trans, src, anatomy.bem_fname, meg=True, eeg=False, mindist=5.0, verbose="error"
    )
    np.testing.assert_allclose(built["sol"]["data"], expected["sol"]["data"], rtol=1e-5, atol=1e-12)
    # the demo's transform puts the fiducials where they were digitised
    known = mne.read_trans(anatomy.trans_fname)["trans"]
    np.testing.assert_allclose(trans["trans"], known, atol=1e-3)


def test_a_damaged_or_vanished_solution_is_computed_again(info, subjects_dir, tmp_path, monkeypatch):
    sphere = mne.make_sphere_model((0, 0, 0.04), 0.09, info=info, verbose="error")
    first = written(build(info, subjects_dir, bem=sphere), tmp_path)
    (kept,) = (tmp_path / "cache" / "forward").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])
    with pytest.warns(MneHnnWarning, match=r"The kept forward solution .*-fwd\.fif cannot be read .*computed again"):
        assert written(build(info, subjects_dir, bem=sphere), tmp_path) == first
    read = mne.read_forward_solution

    def late(path, **options):  # another process has taken it away since it was seen
        kept.unlink(missing_ok=True)
        monkeypatch.setattr(mne, "read_forward_solution", read)
        return read(path, **options)

    monkeypatch.setattr(mne, "read_forward_solution", late)
    assert written(build(info, subjects_dir, bem=sphere), tmp_path) == first


def test_a_cache_that_cannot_be_written_is_said(info, subjects_dir, tmp_path):
    sphere = mne.make_sphere_model((0, 0, 0.04), 0.09, info=info, verbose="error")
    (tmp_path / "cache").mkdir(exist_ok=True)
    (tmp_path / "cache" / "forward").write_text("a file")
    with pytest.raises(CacheError, match=r"cannot be kept in .*forward \(.*MNE_HNN_CACHE to one that can be written"):
        build(info, subjects_dir, bem=sphere)


def test_built_once_and_again_when_something_changed(info, subjects_dir, tmp_path):
    folder = tmp_path / "cache" / "forward"
    sphere = mne.make_sphere_model((0, 0, 0.04), 0.09, info=info, verbose="error")
    first, again = (build(info, subjects_dir, bem=sphere) for _ in range(2))
    assert len(list(folder.iterdir())) == 1
    # a run whose cache was cold ends with the bytes of one whose cache was not
    assert written(first, tmp_path) == written(again, tmp_path)
    moved = info.copy()
    with moved._unlock():
        moved["dev_head_t"]["trans"][2, 3] += 0.002
    build(moved, subjects_dir, bem=sphere)
    build(info, subjects_dir, bem=sphere, mindist=3.0)
    assert len(list(folder.iterdir())) == 3
    build(info, subjects_dir, bem=sphere, cache=False, mindist=2.0)
    assert len(list(folder.iterdir())) == 3
    points, triangles = mne.read_surface(subjects_dir / "01" / "surf" / "rh.white", verbose="error")
    mne.write_surface(subjects_dir / "01" / "surf" / "rh.white", points * 0.99, triangles, overwrite=True)
    build(info, subjects_dir, bem=sphere)
    assert len(list(folder.iterdir())) == 4
    build(info, subjects_dir, bem=mne.make_sphere_model((0, 0, 0.045), 0.09, info=info, verbose="error"))
    assert len(list(folder.iterdir())) == 5


def test_without_a_skull_only_a_sphere_will_do(info, subjects_dir):
    for file in (subjects_dir / "01" / "bem").glob("*inner_skull*"):
        file.unlink()
    for file in (subjects_dir / "01" / "bem").glob("*-bem-sol.fif"):
        file.unlink()
    with pytest.raises(DataError, match=r"no inner_skull\.surf to make one from: give bem, or bem='sphere'"):
        build(info, subjects_dir)
    assert build(info, subjects_dir, bem="sphere")["sol"]["data"].shape[0] == info["nchan"]


def test_eeg_needs_three_layers(anatomy, subjects_dir):
    montage = mne.channels.make_standard_montage("biosemi16")
    eeg = mne.create_info(montage.ch_names, 100.0, "eeg", verbose="error").set_montage(montage, verbose="error")
    with pytest.raises(DataError, match=r"no outer_skull\.surf"):
        build(eeg, subjects_dir, trans=anatomy.trans_fname)
    forward = build(eeg, subjects_dir, trans=anatomy.trans_fname, bem="sphere")
    assert forward["sol"]["data"].shape[0] == 16
    evoked = mne.EvokedArray(np.ones((16, 5)), eeg, verbose="error")
    assert load_response(evoked, channel_types="eeg", baseline=None, tmin=0.0, tmax=0.04).evoked.proj


def test_template_is_scaled_to_the_head(subjects_dir):
    """A head 5 % smaller than the template: the scale is found, and the fiducials meet."""
    info = helmet_info()
    with info._unlock():
        for point in info["dig"]:
            point["r"] = point["r"] * 0.95
    trans = scaled_template(info, "small", subject_from="01", subjects_dir=subjects_dir)
    scale = mne.coreg.read_mri_cfg("small", subjects_dir)["scale"]
    np.testing.assert_allclose(scale, 0.95, atol=0.01)
    fiducials, _ = mne.io.read_fiducials(subjects_dir / "small" / "bem" / "small-fiducials.fif", verbose="error")
    for ours, theirs in zip(info["dig"][:3], fiducials, strict=True):
        place = mne.transforms.apply_trans(trans, ours["r"])
        assert np.linalg.norm(place - theirs["r"]) < 3e-3
    with pytest.raises(DataError, match="cannot be scaled to 'small'.*already exists"):
        scaled_template(info, "small", subject_from="01", subjects_dir=subjects_dir)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subject": "02"}, r"Unknown subject '02' in .*: expected one of '01'"),
        ({"trans": "nothing-trans.fif"}, "There is no head to MRI transform nothing-trans.fif"),
        ({"bem": "nothing-bem-sol.fif"}, "There is no BEM solution nothing-bem-sol.fif"),
        ({"src": "nothing-src.fif"}, "There is no source space nothing-src.fif"),
        ({"spacing": "oct"}, "The source space of '01' cannot be made"),
    ],
)
def test_missing_parts(info, subjects_dir, options, message):
    with pytest.raises(DataError, match=message) as caught:
        build(info, subjects_dir, **options)
    assert "\n" not in str(caught.value)


def test_nothing_to_align_with(info, subjects_dir):
    (subjects_dir / "01" / "bem" / "01-fiducials.fif").unlink()
    with pytest.raises(DataError, match="There is no head to MRI transform, and no .*01-fiducials.fif"):
        build(info, subjects_dir)


def test_no_folder_of_subjects(info, monkeypatch):
    monkeypatch.delenv("SUBJECTS_DIR", raising=False)
    monkeypatch.setattr(mne.utils.config, "get_config", lambda *_a, **_k: None)
    with pytest.raises(DataError, match="There is no folder of subjects /nowhere"):
        build(info, "/nowhere")


def test_conductivity_counts(info, subjects_dir, anatomy, tmp_path):
    """The same surfaces with another conductivity are another model."""
    folder = tmp_path / "cache" / "forward"
    model = mne.read_bem_solution(anatomy.bem_fname, verbose="error")
    build(info, subjects_dir, bem=model)
    build(info, subjects_dir, bem=model)
    assert len(list(folder.iterdir())) == 1
    changed = mne.read_bem_solution(anatomy.bem_fname, verbose="error")
    changed["surfs"][0]["sigma"] = changed["surfs"][0]["sigma"] / 10
    build(info, subjects_dir, bem=changed)
    assert len(list(folder.iterdir())) == 2


def test_sources_without_a_field_are_left_out(info, subjects_dir, anatomy):
    """The one at the centre of the sphere has none, and would make depth weighting divide by zero."""
    src = mne.setup_source_space("01", "ico1", subjects_dir=subjects_dir, add_dist=False, verbose="error")
    trans = mne.read_trans(anatomy.trans_fname)
    place = mne.transforms.apply_trans(mne.transforms.invert_transform(trans), src[0]["rr"][src[0]["vertno"][7]])
    sphere = mne.make_sphere_model(place, 0.15, verbose="error")
    forward = build(info, subjects_dir, src=src, trans=trans, bem=sphere, on_inside="ignore")
    assert forward["nsource"] == src[0]["nuse"] + src[1]["nuse"] - 1
    assert src[0]["vertno"][7] not in forward["src"][0]["vertno"]
