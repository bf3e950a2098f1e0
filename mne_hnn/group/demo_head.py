"""Heads of the demo's group: one template, scaled to each subject, and each with its own place in the helmet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mne
import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from .._units import MS
from ..source.demo.anatomy import (
    HELMET_ABOVE_HEAD_m,
    digitise,
    helmet_info,
    simulation_space,
    write_anatomy,
    write_bem,
)

__all__ = ["TEMPLATE", "Head", "make_head", "make_template", "trans_path"]

TEMPLATE = "fsaverage"
SIZE = (0.94, 1.03)
"""Of a head, in units of fsaverage, which is larger than most."""
TURN_deg, SHIFT_m = 2.0, 0.003
"""How far heads are turned and shifted in the helmet, in either direction."""
LOWER_m = 0.006
CENTRE_m = (0.0, 0.0, 0.04)
VOXEL_mm, N_VOXELS = 4.0, 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """A subject's head.

    Attributes
    ----------
    scale : array, shape (3,)
        Size from left to right, back to front and down to up, in units of the template.
    trans : mne.Transform
        Head to MRI.
    info : mne.Info
        Sensors around this head, and its digitised points.
    forward : mne.Forward
        Of the sources that the recording is simulated with.
    """

    scale: NDArray[np.float64]
    trans: mne.Transform
    info: mne.Info
    forward: mne.Forward


def make_template(subjects_dir: Path) -> None:
    """Write the template, with an MRI that shows hardly more than where the cortex is."""
    write_anatomy(subjects_dir, TEMPLATE)
    folder = subjects_dir / TEMPLATE
    # FreeSurfer's orientation: left, inferior, anterior, the origin in the middle
    half = VOXEL_mm * N_VOXELS / 2
    affine = np.array([[-VOXEL_mm, 0, 0, half], [0, 0, VOXEL_mm, -half], [0, -VOXEL_mm, 0, half], [0, 0, 0, 1]])
    points = [nib.freesurfer.read_geometry(folder / "surf" / f"{hemi}.pial")[0] for hemi in ("lh", "rh")]
    voxels = np.rint(mne.transforms.apply_trans(np.linalg.inv(affine), np.concatenate(points))).astype(int)
    data = np.zeros((N_VOXELS,) * 3, np.uint8)
    data[tuple(voxels.T)] = 110
    nib.save(nib.MGHImage(data, affine), folder / "mri" / "T1.mgz")


def trans_path(subjects_dir: Path, fs_subject: str) -> Path:
    """Return where the head to MRI transform of a subject is."""
    return subjects_dir / fs_subject / "bem" / f"{fs_subject}-trans.fif"


def make_head(subjects_dir: Path, fs_subject: str, rng: np.random.Generator) -> Head:
    """Scale the template to a subject, put the head into the helmet, and solve the forward model.

    Parameters
    ----------
    subjects_dir : Path
        With the template; gets the subject's folder.
    fs_subject : str
        Its name.
    rng : numpy.random.Generator
        Decides on size and position.

    Returns
    -------
    head : Head
        The head.
    """
    scale = rng.uniform(*SIZE) * rng.uniform(0.985, 1.015, 3)
    with mne.utils.use_log_level("error"):
        mne.scale_mri(TEMPLATE, fs_subject, scale, subjects_dir=subjects_dir, labels=True, annot=True)
        bem = subjects_dir / fs_subject / "bem"
        fiducials, _ = mne.io.read_fiducials(bem / f"{fs_subject}-fiducials.fif")
        lpa, nasion, rpa = (point["r"] for point in fiducials)
        to_head = mne.transforms.Transform("mri", "head", mne.transforms.get_ras_to_neuromag_trans(nasion, lpa, rpa))
        trans = mne.transforms.invert_transform(to_head)
        mne.write_trans(trans_path(subjects_dir, fs_subject), trans)
        info = helmet_info()
        info.set_montage(digitise(bem, fs_subject, to_head))
        with info._unlock():
            info["dev_head_t"] = _position(rng)
        forward = mne.make_forward_solution(
            info,
            trans,
            simulation_space(subjects_dir, fs_subject),
            write_bem(subjects_dir, fs_subject),
            meg=True,
            eeg=False,
            on_inside="raise",
        )
    return Head(scale=scale, trans=trans, info=info, forward=forward)


def _position(rng: np.random.Generator) -> mne.Transform:
    """Return a device to head transform: the demo's, with the head a little turned, shifted and not quite up."""
    turned = mne.transforms.rotation(*np.radians(rng.uniform(-TURN_deg, TURN_deg, 3)))
    centre = mne.transforms.translation(*CENTRE_m)
    shift = rng.uniform(-SHIFT_m, SHIFT_m, 3)
    shift[2] = HELMET_ABOVE_HEAD_m + rng.uniform(0, LOWER_m)
    place = mne.transforms.translation(*shift) @ centre @ turned @ np.linalg.inv(centre)
    return mne.transforms.Transform("meg", "head", place)


def fiducial_voxels(subjects_dir: Path, fs_subject: str) -> mne.channels.DigMontage:
    """Return the fiducials of a subject in voxels of its T1.mgz, as a BIDS sidecar of an MRI holds them."""
    image = nib.load(subjects_dir / fs_subject / "mri" / "T1.mgz")
    to_voxels = np.linalg.inv(image.header.get_vox2ras_tkr())
    fiducials, _ = mne.io.read_fiducials(
        subjects_dir / fs_subject / "bem" / f"{fs_subject}-fiducials.fif", verbose="error"
    )
    lpa, nasion, rpa = (mne.transforms.apply_trans(to_voxels, point["r"].astype(float) / MS) for point in fiducials)
    return mne.channels.make_dig_montage(lpa=lpa, nasion=nasion, rpa=rpa, coord_frame="mri_voxel")
