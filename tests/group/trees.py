"""The tree that mne-bids-pipeline leaves, made of a generated dataset with MNE alone.

Names and contents are those of a run of mne-bids-pipeline 1.10.1 with `mne_bids_pipeline_config.py` beside this file.
Before 1.10, covariance, forward solution, inverse operator and transform carried the task, which `old=True` gives.
"""

import json
import shutil

import mne
from mne_bids import BIDSPath, get_head_mri_trans, read_raw_bids

FOLDER = "derivatives/mne-bids-pipeline"


def pipeline_tree(demo, subjects=None, *, old=False, spacing="oct4", source=True):
    """Write averages, epochs, covariance, forward, inverse and transform of subjects; return the tree's root."""
    root = demo.bids_root / FOLDER
    root.mkdir(parents=True, exist_ok=True)
    description = {
        "Name": "MNE-BIDS-Pipeline outputs",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "mne-bids-pipeline", "Version": "1.10.1"}],
    }
    (root / "dataset_description.json").write_text(json.dumps(description))
    with mne.utils.use_log_level("error"):
        for subject in subjects or demo.subjects:
            _write_subject(demo, root, subject, old, spacing, source)
        _write_average(demo, root)
    return root


def _write_subject(demo, root, subject, old, spacing, source):
    folder = root / f"sub-{subject}" / "meg"
    folder.mkdir(parents=True)
    task = f"_task-{demo.task}"
    session = folder / f"sub-{subject}{task if old else ''}"  # what is of the whole session
    path = BIDSPath(subject=subject, task=demo.task, datatype="meg", root=demo.bids_root)
    raw = read_raw_bids(path).load_data().filter(1.0, 100.0)
    raw.save(folder / f"sub-{subject}{task}_proc-filt_raw.fif")
    events, event_id = mne.events_from_annotations(raw, {one: k for k, one in enumerate(demo.conditions, start=1)})
    epochs = mne.Epochs(raw, events, event_id, tmin=-0.15, tmax=0.3, baseline=(None, -0.005), preload=True)
    epochs.save(folder / f"sub-{subject}{task}_epo.fif")
    epochs.drop_bad(reject={"grad": 4000e-13})
    epochs.save(folder / f"sub-{subject}{task}_proc-clean_epo.fif")
    averages = [epochs[condition].average() for condition in demo.conditions]
    for evoked, condition in zip(averages, demo.conditions, strict=True):
        evoked.comment = condition
    contrast = mne.combine_evoked(averages[:2], [1, -1])
    contrast.comment, contrast.nave = " - ".join(demo.conditions[:2]), round(contrast.nave)
    mne.write_evokeds(folder / f"sub-{subject}{task}_ave.fif", [*averages, contrast])
    noise_cov = mne.compute_covariance(epochs, tmax=0, method="empirical", rank="info")
    noise_cov.save(f"{session}_proc-clean_cov.fif")
    if not source:
        return
    fs_subject = f"sub-{subject}"
    trans = get_head_mri_trans(path, fs_subject=fs_subject, fs_subjects_dir=demo.subjects_dir)
    bem = demo.subjects_dir / fs_subject / "bem"
    space = mne.setup_source_space(fs_subject, spacing, subjects_dir=demo.subjects_dir, add_dist="patch")
    space.save(bem / f"{fs_subject}-{spacing}-src.fif", overwrite=True)
    info = mne.pick_info(averages[0].info, mne.pick_types(averages[0].info, meg=True))
    forward = mne.make_forward_solution(info, trans, space, bem / f"{fs_subject}-1280-bem-sol.fif", mindist=5)
    mne.write_trans(f"{session}_trans.fif", forward["mri_head_t"])
    mne.write_forward_solution(f"{session}_fwd.fif", forward)
    inverse = mne.minimum_norm.make_inverse_operator(averages[0].info, forward, noise_cov, loose=0.2, depth=0.8)
    mne.minimum_norm.write_inverse_operator(f"{session}_inv.fif", inverse)


def _write_average(demo, root):
    folder = root / "sub-average" / "meg"
    folder.mkdir(parents=True, exist_ok=True)
    of_all = [mne.read_evokeds(path) for path in sorted(root.glob(f"sub-*/meg/sub-*_task-{demo.task}_ave.fif"))]
    averages = [mne.grand_average(list(one)) for one in zip(*of_all, strict=True)]
    for average, first in zip(averages, of_all[0], strict=True):
        average.comment = f"Grand average: {first.comment}"
    mne.write_evokeds(folder / f"sub-average_task-{demo.task}_proc-clean_ave.fif", averages, overwrite=True)


def copy_of(demo, folder):
    """Return a demo whose files are copies, to be changed."""
    from dataclasses import replace

    root = shutil.copytree(demo.bids_root, folder)
    return replace(
        demo,
        bids_root=root,
        subjects_dir=root / demo.subjects_dir.relative_to(demo.bids_root),
        truth_folder=root / demo.truth_folder.relative_to(demo.bids_root),
    )
