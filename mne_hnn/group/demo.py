"""A group to try everything on without a download: a generated BIDS dataset with a known truth."""

from __future__ import annotations

import datetime
import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mne.utils import logger

from .._cache import cache_directory
from .._checks import check_int, check_name, check_seed
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from ..network import Network
from ..source.demo.anatomy import once
from ..source.demo.recording import SFREQ, HAND_m, Recorded, record, true_patch
from ..source.patch import Patch, open_forward
from .demo_head import Head, fiducial_voxels, make_head, make_template, trans_path
from .demo_truth import (
    Responses,
    SPIKES_ms,
    SubjectTruth,
    TSTOP_ms,
    draw_networks,
    drives_record,
    read_truths,
    responses,
    write_truth,
)
from .names import DEMO_CONDITIONS

__all__ = ["TASK", "GroupDemo", "group_demo"]

VERSION = 7
TASK = "touch"
GAP_s = (0.5, 0.58)
_README = """Generated data of a tactile experiment: nobody was recorded.

Each subject has a head and a position in the helmet of its own. A patch of area 3b in the right hemisphere carries the
current of simulated cortical columns whose cells fire, driven from outside; before it is noise. In the condition
"{first}" the distal drive comes about 10 ms earlier and is about three times as strong as in the others, so that more
cells of layer 5 fire. What truly happened is in sourcedata/truth, surfaces and head to MRI transforms
(bem/*-trans.fif) are in derivatives/freesurfer.
{without}{broken}"""


@dataclass(frozen=True, kw_only=True)
class GroupDemo:
    """Where the parts of the demo's group are.

    Attributes
    ----------
    bids_root : Path
        The BIDS dataset.
    subjects_dir : Path
        FreeSurfer's folder of subjects: ``fsaverage``, and ``sub-XX`` of each subject with an MRI.
    subjects : tuple of str
        BIDS labels, without ``sub-``.
    conditions : tuple of str
        Trial types; the effect is in the first.
    task : str
        BIDS label of the task.
    without_mri, broken : tuple of str
        Subjects without an MRI, and those whose recording ends in the middle of the file.
    truth_folder : Path
        What truly happened, outside what BIDS describes; :meth:`truth` reads it.
    """

    bids_root: Path
    subjects_dir: Path
    subjects: tuple[str, ...]
    conditions: tuple[str, ...]
    task: str
    without_mri: tuple[str, ...]
    broken: tuple[str, ...]
    truth_folder: Path

    def trans(self, subject: str) -> Path:
        """Return where the head to MRI transform of a subject is (``bem/sub-XX-trans.fif`` of its FreeSurfer folder).

        Parameters
        ----------
        subject : str
            BIDS label.

        Returns
        -------
        path : Path
            The file.
        """
        with_mri = [subject for subject in self.subjects if subject not in self.without_mri]
        return trans_path(self.subjects_dir, f"sub-{check_name(subject, with_mri, 'subject with an MRI')}")

    def truth(self) -> dict[str, SubjectTruth]:
        """Return what truly happened, per subject.

        Returns
        -------
        truth : dict of str to SubjectTruth
            Drives, spikes and dipoles per condition, number of columns, patch, size of the head.
        """
        return read_truths(self.truth_folder, self.subjects)


def group_demo(
    *,
    n_subjects: int = 6,
    conditions: Sequence[str] = DEMO_CONDITIONS,
    n_epochs: int = 60,
    without_mri: Sequence[str] | None = None,
    broken: Sequence[str] | None = None,
    seed: int = 0,
    mesh_shape: tuple[int, int] = (10, 10),
    n_trials: int = 50,
    folder: str | Path | None = None,
    n_jobs: int = 1,
) -> GroupDemo:
    """Return the demo's group, generated on first use.

    Parameters
    ----------
    n_subjects : int
        Number of subjects, called ``'01'``, ``'02'``, ...
    conditions : sequence of str
        Trial types (letters and digits). In the first, the distal drive comes earlier and is stronger, and
        more cells of layer 5 fire.
    n_epochs : int
        Stimuli per condition.
    without_mri : sequence of str | None
        Subjects without an MRI; None takes ``'05'``, if there are so many.
    broken : sequence of str | None
        Subjects whose file is cut off in the middle; None takes ``'06'``, if there are so many.
    seed : int
        Of everything. The same seed gives the same samples.
    mesh_shape : tuple of int
        Pyramidal cells of each layer that are simulated of the true column: fewer than 10 x 10 stand for all of them.
    n_trials : int
        Trials of the true column whose mean is the response. Some thousand columns act together, so that few trials
        would leave more of their chance in it than there is.
    folder : path-like | None
        Where to make it; None is the user's cache. A folder that is there must be empty, or hold the same demo.
    n_jobs : int
        Processes for the simulations of the true columns.

    Returns
    -------
    demo : GroupDemo
        Where everything is.

    Raises
    ------
    ParameterError
        mne-bids is not installed, a subject is not one of those generated, or a condition cannot be part of a file
        name.
    DataError
        The folder holds something else.
    CacheError
        It cannot be written.

    Examples
    --------
    >>> group_demo(n_subjects=6, n_jobs=2)  # doctest: +SKIP
    """
    subjects = tuple(f"{number:02d}" for number in range(1, check_int(n_subjects, "n_subjects", minimum=1) + 1))
    parameters: dict[str, Any] = {
        "subjects": subjects,
        "conditions": _check_conditions(conditions),
        "version": VERSION,
        "n_epochs": check_int(n_epochs, "n_epochs", minimum=1),
        "seed": check_seed(seed, "seed"),
        "without_mri": _check_subjects(("05",) if without_mri is None else without_mri, subjects, without_mri is None),
        "broken": _check_subjects(("06",) if broken is None else broken, subjects, broken is None),
        "mesh_shape": tuple(check_int(size, "mesh_shape", minimum=1) for size in mesh_shape),
        "n_trials": check_int(n_trials, "n_trials", minimum=1),
    }
    text = json.dumps(parameters, indent=1) + "\n"
    key = hashlib.sha256(text.encode()).hexdigest()[:8]
    place = cache_directory() / f"group-demo-{key}" if folder is None else Path(folder).expanduser()
    last = place / "sourcedata" / "truth" / "parameters.json"
    if folder is not None:
        _check_folder(place, last, text)
    once(place, last, lambda root: _make(root, parameters, text, n_jobs))
    return GroupDemo(
        bids_root=place,
        subjects_dir=_subjects_dir(place),
        subjects=subjects,
        conditions=parameters["conditions"],
        task=TASK,
        without_mri=parameters["without_mri"],
        broken=parameters["broken"],
        truth_folder=last.parent,
    )


def _check_conditions(conditions: Sequence[str]) -> tuple[str, ...]:
    names = (conditions,) if isinstance(conditions, str) else tuple(conditions)
    if not names or len(set(names)) != len(names) or not all(str(name).isalnum() for name in names):
        raise ParameterError(f"conditions must be different names of letters and digits, got {conditions!r}.")
    return names


def _check_subjects(some: Sequence[str], subjects: Sequence[str], default: bool) -> tuple[str, ...]:
    if default:
        return tuple(subject for subject in some if subject in subjects)
    return tuple(check_name(subject, subjects, "subject of the demo") for subject in some)


def _check_folder(place: Path, last: Path, text: str) -> None:
    if last.exists() and last.read_text(encoding="utf-8") == text:
        return
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        what = "a demo of other parameters" if last.exists() else "something else"
        raise DataError(f"{place} holds {what}: give a folder that is empty or does not exist yet.")


def _subjects_dir(root: Path) -> Path:
    return root / "derivatives" / "freesurfer" / "subjects"


def _make(root: Path, parameters: dict[str, Any], text: str, n_jobs: int) -> None:
    try:
        from mne_bids import make_dataset_description
    except ImportError as error:
        raise ParameterError("A BIDS dataset needs mne-bids: pip install 'mne-hnn[bids]'.") from error
    subjects, without, broken = (parameters[name] for name in ("subjects", "without_mri", "broken"))
    make_dataset_description(
        path=root,
        name="mne_hnn group demo",
        dataset_type="raw",
        data_license="CC0",
        verbose="error",
        authors=["The mne_hnn developers"],
    )
    (root / "README").write_text(
        _README.format(
            first=parameters["conditions"][0],
            without=f"Without an MRI: {', '.join(without)}.\n" if without else "",
            broken=f"Cut off in the middle of the file, on purpose: {', '.join(broken)}.\n" if broken else "",
        ),
        encoding="utf-8",
    )
    make_template(_subjects_dir(root))
    seeds = np.random.SeedSequence(parameters["seed"]).spawn(len(subjects))
    for number, (subject, own) in enumerate(zip(subjects, seeds, strict=True), start=1):
        logger.info("Generating subject %s of the group's demo (%d of %d, once) ...", subject, number, len(subjects))
        _make_subject(root, subject, own, parameters, n_jobs)
    (root / "sourcedata" / "truth" / "parameters.json").write_text(text, encoding="utf-8")


def _make_subject(
    root: Path, subject: str, seed: np.random.SeedSequence, parameters: dict[str, Any], n_jobs: int
) -> None:
    streams = [np.random.default_rng(sequence) for sequence in seed.spawn(3)]
    subjects_dir, fs_subject = _subjects_dir(root), f"sub-{subject}"
    head = make_head(subjects_dir, fs_subject, streams[0])
    forward = open_forward(head.forward)
    patch = true_patch(forward, "posterior", np.array(HAND_m["posterior"]) * head.scale)
    networks = draw_networks(parameters["conditions"], streams[1])
    times = np.arange(round(TSTOP_ms * 1e-3 * SFREQ) + 1) / SFREQ
    size = {name: parameters[name] for name in ("mesh_shape", "n_trials")}
    responded = responses(networks, times, streams[1], **size, n_jobs=n_jobs)
    recorded = record(
        forward,
        patch,
        head.info,
        responded.moments,
        times,
        n_epochs=parameters["n_epochs"],
        seed=int(streams[2].integers(2**32)),
        gap_s=GAP_s,
    )
    fname = _write_recording(root, subject, recorded, parameters["conditions"])
    if subject in parameters["broken"]:
        with fname.open("r+b") as stream:
            stream.truncate(fname.stat().st_size // 2 | 1)  # in the middle of a number, so that no reader is content
    if subject in parameters["without_mri"]:
        shutil.rmtree(subjects_dir / fs_subject)
    else:
        _write_mri(root, subject)
    write_truth(root / "sourcedata" / "truth", subject, _truth(networks, responded, times, patch, head))


def _truth(networks: dict[str, Network], responded: Responses, times: Any, patch: Patch, head: Head) -> SubjectTruth:
    return SubjectTruth(
        drives={condition: drives_record(network) for condition, network in networks.items()},
        dipoles={
            condition: Dipole(moment, times, ("agg",), comment=condition)
            for condition, moment in responded.moments.items()
        },
        spikes_per_cell=responded.spikes_per_cell,
        spikes_window_ms=SPIKES_ms,
        n_columns=responded.n_columns,
        hemi=patch.hemi,
        vertices=patch.vertices,
        pos=patch.pos,
        normal=patch.normal,
        area_mm2=float(patch.area_mm2),
        scale=head.scale,
    )


def _write_recording(root: Path, subject: str, recorded: Recorded, conditions: Sequence[str]) -> Path:
    from mne_bids import BIDSPath, write_raw_bids

    raw = recorded.raw
    day = datetime.datetime(2020, 1, 1, 10, tzinfo=datetime.UTC) + datetime.timedelta(days=int(subject))
    raw.set_meas_date(day)
    raw.orig_format = "single"  # what it is written as; double would be twice as large
    raw.info["line_freq"] = 50.0
    raw.info["subject_info"] = {"his_id": f"sub-{subject}", "sex": 1 + int(subject) % 2, "hand": 1}
    path = BIDSPath(subject=subject, task=TASK, datatype="meg", root=root)
    written = write_raw_bids(
        raw,
        path,
        events=recorded.events,
        event_id={name: code for code, name in enumerate(conditions, start=1)},
        allow_preload=True,
        format="FIF",
        readme=False,
        verbose="error",
    )
    return Path(written.fpath)


def _write_mri(root: Path, subject: str) -> None:
    from mne_bids import BIDSPath, write_anat

    subjects_dir, fs_subject = _subjects_dir(root), f"sub-{subject}"
    path = BIDSPath(subject=subject, datatype="anat", suffix="T1w", root=root)
    write_anat(
        subjects_dir / fs_subject / "mri" / "T1.mgz",
        path,
        landmarks=fiducial_voxels(subjects_dir, fs_subject),
        verbose="error",
    )
