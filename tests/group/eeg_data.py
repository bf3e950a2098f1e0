"""A recording of EEG with a known truth, in a BIDS data set of its own."""

import shutil

import mne
import numpy as np
from mne_bids import BIDSPath, make_dataset_description, write_anat, write_raw_bids

from mne_hnn.group.demo_head import fiducial_voxels
from mne_hnn.source.demo.anatomy import simulation_space
from mne_hnn.source.demo.recording import SFREQ, HAND_m, true_patch
from mne_hnn.source.patch import open_forward

NOISE_V, REFERENCE_V = 3e-6, 1e-6


def electrodes(meg):
    """Return 64 electrodes on the head of a recording, as it is large."""
    lpa, nasion, rpa = (point["r"] for point in meg.info["dig"] if point["kind"] == 1)
    montage = mne.channels.make_standard_montage("biosemi64")
    info = mne.create_info(montage.ch_names, SFREQ, "eeg").set_montage(montage)
    left, _, right = (point["r"] for point in info["dig"] if point["kind"] == 1)
    size = np.linalg.norm(rpa - lpa) / np.linalg.norm(right - left)
    places = {channel["ch_name"]: size * channel["loc"][:3] for channel in info["chs"]}
    head = mne.channels.make_dig_montage(places, nasion=nasion, lpa=lpa, rpa=rpa, coord_frame="head")
    return mne.create_info(montage.ch_names, SFREQ, "eeg").set_montage(head)


def eeg_dataset(demo, root, subject="01", n_epochs=30):
    """Write what electrodes would have recorded of a subject of the group's demo, whose head is a sphere."""
    root.mkdir(parents=True)
    make_dataset_description(path=root, name="EEG", dataset_type="raw", verbose="error")
    subjects_dir = root / "derivatives" / "freesurfer" / "subjects"
    for name in ("fsaverage", f"sub-{subject}"):
        shutil.copytree(demo.subjects_dir / name, subjects_dir / name)
    meg = demo.bids_root / f"sub-{subject}" / "meg" / f"sub-{subject}_task-{demo.task}_meg.fif"
    info, truth = electrodes(mne.io.read_raw_fif(meg, verbose="error")), demo.truth()[subject]
    sphere = mne.make_sphere_model("auto", "auto", info=info, verbose="error")
    forward = open_forward(
        mne.make_forward_solution(
            info, mne.read_trans(demo.trans(subject)), simulation_space(subjects_dir, f"sub-{subject}"), sphere,
            meg=False, eeg=True, mindist=0, verbose="error",
        )
    )  # fmt: skip
    patch = true_patch(forward, "posterior", np.array(HAND_m["posterior"]) * truth.scale)
    rng = np.random.default_rng(0)
    codes = rng.permutation(np.repeat([1, 2], n_epochs))
    onsets = np.cumsum(rng.integers(275, 325, len(codes))) + 500
    course = np.zeros(onsets[-1] + 500)
    for onset, code in zip(onsets, codes, strict=True):
        dipole = truth.dipoles[demo.conditions[code - 1]]
        start = onset - int(np.abs(dipole.times).argmin())
        course[start : start + len(dipole.times)] += dipole["agg"]
    one = patch.source_estimate(np.array([1e-9]), tmin=0.0, tstep=1 / SFREQ, subject=None)
    field = mne.apply_forward(forward, one, info, use_cps=False, verbose="error").data[:, 0] / 1e-9
    noise = rng.standard_normal((len(field), len(course)))
    data = np.outer(field, course) + NOISE_V * mne.filter.filter_data(noise, SFREQ, 0.5, 40.0, verbose="error")
    raw = mne.io.RawArray(data + REFERENCE_V * rng.standard_normal(len(course)), info, verbose="error")
    raw.info["bads"], raw.info["line_freq"] = ["Fp1"], 50.0
    write_raw_bids(
        raw, BIDSPath(subject=subject, task=demo.task, datatype="eeg", root=root),
        events=np.column_stack([onsets, np.zeros_like(onsets), codes]), allow_preload=True, format="BrainVision",
        event_id={name: code for code, name in enumerate(demo.conditions, start=1)}, verbose="error",
    )  # fmt: skip
    write_anat(
        subjects_dir / f"sub-{subject}" / "mri" / "T1.mgz",
        BIDSPath(subject=subject, datatype="anat", suffix="T1w", root=root),
        landmarks=fiducial_voxels(subjects_dir, f"sub-{subject}"), verbose="error",
    )  # fmt: skip
    return root
