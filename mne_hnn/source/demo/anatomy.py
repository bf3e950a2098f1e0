"""An anatomy without download: fsaverage5 from nilearn's wheel, skull and alignment of fsaverage from MNE's."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mne
import nibabel as nib
import numpy as np
from mne.utils import logger
from numpy.typing import NDArray

from ..._cache import cache_directory
from ...errors import CacheError, ParameterError

__all__ = ["SUBJECT", "DemoAnatomy", "demo_anatomy", "helmet_info", "labels"]

SUBJECT = "01"
VERSION = 2
HEMISPHERES = {"lh": "left", "rh": "right"}
_SURFACES = {"white": "white", "pial": "pial", "inflated": "infl", "sphere": "sphere"}
_MORPHOMETRY = {"curv": "curv", "sulc": "sulc", "thickness": "thick"}
BANKS = ("posterior", "anterior")
BACKGROUND = 600
"""Sources of background activity."""
HELMET_ABOVE_HEAD_m = 0.05
"""How far the canonical helmet is raised above head coordinates: its own device-to-head transform is the identity,
which would put sensors into the head. So raised, the nearest coil is 18 mm from the scalp, the median one 26 mm."""


@dataclass(frozen=True, kw_only=True)
class DemoAnatomy:
    """The demo's subject: an fsaverage5 surface in a FreeSurfer folder, with what a forward solution needs.

    Attributes
    ----------
    root : Path
        Root of the data set.
    subject : str
        Name of the subject's folder.
    subjects_dir : Path
        FreeSurfer's folder of subjects.
    bem_fname, trans_fname : Path
        BEM solution (one layer) and head to MRI transform.
    forward_fname : Path
        Forward solution of 306 MEG channels, source space oct6, free orientation.
    simulation_fname : Path
        Forward solution of the vertices that the recording is simulated with: other ones, of the full surface.

    Examples
    --------
    >>> demo_anatomy().forward_fname.exists()
    True
    """

    root: Path
    subject: str
    subjects_dir: Path
    bem_fname: Path
    trans_fname: Path
    forward_fname: Path
    simulation_fname: Path


def paths(root: Path, subject: str = SUBJECT) -> DemoAnatomy:
    """Return where the parts of the anatomy are, in the layout of MNE's somatosensory data set."""
    derivatives = root / "derivatives"
    subjects_dir = derivatives / "freesurfer" / "subjects"
    bem = subjects_dir / subject / "bem"
    return DemoAnatomy(
        root=root,
        subject=subject,
        subjects_dir=subjects_dir,
        bem_fname=bem / f"{subject}-1280-bem-sol.fif",
        trans_fname=derivatives / f"sub-{subject}" / f"sub-{subject}_task-somato-trans.fif",
        forward_fname=derivatives / f"sub-{subject}" / f"sub-{subject}_task-somato-fwd.fif",
        simulation_fname=root / "truth" / "simulation-fwd.fif",
    )


def demo_anatomy() -> DemoAnatomy:
    """Return the demo's anatomy, made on first use.

    Returns
    -------
    anatomy : DemoAnatomy
        In the user's cache.

    Raises
    ------
    ParameterError
        nilearn, whose wheel has the surfaces, is not installed.
    CacheError
        The cache cannot be written.

    Examples
    --------
    >>> demo_anatomy().subject
    '01'
    """
    place = cache_directory() / f"demo-anatomy-{VERSION}"
    made = paths(place)
    once(place, made.simulation_fname, _make)
    return made


def once(place: Path, last: Path, make: Callable[[Path], None]) -> None:
    """Make a folder that is there whole or not at all, however many processes try.

    Parameters
    ----------
    place : Path
        The folder.
    last : Path
        A file in it that `make` writes: where it is missing, the folder is not one of ours, or damaged.
    make : callable
        Fills the folder it is given.
    """
    if last.exists():
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        raise CacheError(f"The folder {place.parent} cannot be written: {error.strerror}.") from error
    try:
        make(scratch)
        scratch.chmod(0o755)
        if place.exists() and not last.exists():
            _put_aside(place, last, scratch.with_name(f"{scratch.name}.old"))
        try:
            os.replace(scratch, place)
        except OSError:
            if not last.exists():  # else another process was faster, and made the same
                raise
    except OSError as error:
        raise CacheError(f"{place} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put_aside(place: Path, last: Path, aside: Path) -> None:
    """Delete a folder that is not whole, unless another process has made it whole since that was seen."""
    try:
        place.rename(aside)
        if (aside / last.relative_to(place)).exists():
            aside.rename(place)
    except OSError:
        if not last.exists():  # else another process was faster
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _make(root: Path) -> None:
    anatomy = paths(root)
    anatomy.forward_fname.parent.mkdir(parents=True)
    anatomy.simulation_fname.parent.mkdir()
    logger.info("Generating the demo's anatomy (once) ...")
    trans = write_anatomy(anatomy.subjects_dir, SUBJECT)
    with mne.utils.use_log_level("error"):
        mne.write_trans(anatomy.trans_fname, trans)
        logger.info("Solving the conductor model ...")
        solution = write_bem(anatomy.subjects_dir, SUBJECT)
        space = mne.setup_source_space(SUBJECT, "oct6", subjects_dir=anatomy.subjects_dir, add_dist="patch")
        simulated = simulation_space(anatomy.subjects_dir, SUBJECT)
        for fname, sources in ((anatomy.forward_fname, space), (anatomy.simulation_fname, simulated)):
            forward = mne.make_forward_solution(
                helmet_info(), trans, sources, solution, meg=True, eeg=False, on_inside="raise"
            )
            mne.write_forward_solution(fname, forward)


def write_anatomy(subjects_dir: Path, subject: str) -> mne.Transform:
    """Write surfaces, labels, scalp, fiducials and inner skull of fsaverage5; return its head to MRI transform."""
    folder = subjects_dir / subject
    for name in ("surf", "label", "bem", "mri"):
        (folder / name).mkdir(parents=True)
    _write_surfaces(folder / "surf")
    with mne.utils.use_log_level("error"):
        _write_labels(folder / "label", folder / "surf", subject)
    return _write_head(folder / "bem", subject)


def write_bem(subjects_dir: Path, subject: str) -> mne.bem.ConductorModel:
    """Write and return the BEM solution of one layer."""
    model = mne.make_bem_model(subject, ico=None, conductivity=(0.3,), subjects_dir=subjects_dir, verbose="error")
    solution = mne.make_bem_solution(model, verbose="error")
    fname = subjects_dir / subject / "bem" / f"{subject}-1280-bem-sol.fif"
    mne.write_bem_solution(fname, solution, verbose="error")
    return solution


def _wheel(package: str) -> Path:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ParameterError(f"The demo needs {package}, whose package has the surfaces: pip install 'mne-hnn[demo]'.")
    return Path(found.origin).parent


def _gifti(name: str) -> Any:
    folder = _wheel("nilearn") / "datasets" / "data" / "fsaverage5"
    path = folder / f"{name}.gii.gz"
    if not path.exists():
        raise ParameterError(f"The installed nilearn has no {path.name}: pip install -U 'mne-hnn[demo]'.")
    with gzip.open(path) as stream:
        return nib.GiftiImage.from_bytes(stream.read())


def _write_surfaces(folder: Path) -> None:
    for hemi, side in HEMISPHERES.items():
        for name, source in _SURFACES.items():
            points, triangles = (array.data for array in _gifti(f"{source}_{side}").darrays[:2])
            nib.freesurfer.write_geometry(folder / f"{hemi}.{name}", points, triangles)
        shutil.copy(folder / f"{hemi}.sphere", folder / f"{hemi}.sphere.reg")  # the template is its own registration
        for name, source in _MORPHOMETRY.items():
            values = _gifti(f"{source}_{side}").darrays[0].data
            nib.freesurfer.write_morph_data(folder / f"{hemi}.{name}", values)


def labels(hemi: str) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Return vertices of the labels of a hemisphere, per parcellation; 'label': those with files of their own."""
    kept = json.loads((files(__package__) / "labels.json").read_text(encoding="utf-8"))["labels"][hemi]
    return {kind: {name: np.cumsum(steps) for name, steps in some.items()} for kind, some in kept.items()}


def _write_labels(folder: Path, surfaces: Path, subject: str) -> None:
    for hemi in HEMISPHERES:
        points, _ = nib.freesurfer.read_geometry(surfaces / f"{hemi}.white")
        for kind, some in labels(hemi).items():
            if kind == "label":
                for name, vertices in some.items():
                    label = mne.Label(vertices, points[vertices] * 1e-3, hemi=hemi, name=name, subject=subject)
                    label.save(folder / f"{hemi}.{name}.label")
                continue
            codes = np.zeros(len(points), int)  # 0: unknown, as the package has some labels only
            for number, vertices in enumerate(some.values(), start=1):
                codes[vertices] = number
            hues = np.linspace(0, 200, len(some) + 1).astype(int)
            table = np.array([[25, 5, 25, 0], *([int(hue) + 40, 220 - int(hue), 120, 0] for hue in hues[1:])])
            nib.freesurfer.write_annot(
                folder / f"{hemi}.{kind}.annot", codes, table, ["unknown", *some], fill_ctab=True
            )


def _write_head(folder: Path, subject: str) -> mne.Transform:
    source = _wheel("mne") / "data" / "fsaverage"
    for name in ("fiducials", "head"):
        shutil.copy(source / f"fsaverage-{name}.fif", folder / f"{subject}-{name}.fif")
    with mne.utils.use_log_level("error"):
        (inner,) = mne.read_bem_surfaces(source / "fsaverage-inner_skull-bem.fif")
        # 1,280 triangles: the field differs by 1 % from that of all 20,480, and takes seconds instead of minutes
        points, triangles = mne.decimate_surface(inner["rr"], inner["tris"], n_triangles=1280)
        mne.write_surface(folder / "inner_skull.surf", points * 1e3, triangles)
        trans: mne.Transform = mne.read_trans(source / "fsaverage-trans.fif")
    return trans


def simulation_space(subjects_dir: Path, subject: str) -> mne.SourceSpaces:
    """Return the source space of a simulation: both banks of the right central sulcus, and a sparse background."""
    space = mne.setup_source_space(subject, "all", subjects_dir=subjects_dir, add_dist=False, verbose="error")
    rng = np.random.default_rng(0)
    for hemi, surface in zip(HEMISPHERES, space, strict=True):
        chosen = rng.choice(surface["np"], BACKGROUND // 2, replace=False)
        if hemi == "rh":
            chosen = np.union1d(chosen, np.concatenate([bank(name) for name in BANKS]))
        surface["inuse"] = np.zeros(surface["np"], int)
        surface["inuse"][chosen] = 1
        surface["vertno"] = np.flatnonzero(surface["inuse"])
        surface["nuse"] = len(surface["vertno"])
    return space


def bank(name: str) -> NDArray[np.int64]:
    """Return the vertices of a bank of the right central sulcus."""
    known = labels("rh")
    gyrus = {"posterior": "postcentral", "anterior": "precentral"}[name]
    inside: NDArray[np.int64] = np.intersect1d(known["aparc"][gyrus], known["aparc.a2009s"]["S_central"])
    if name == "posterior":
        inside = np.intersect1d(inside, known["label"]["BA3b_exvivo"])
    return inside


def helmet_info() -> mne.Info:
    """Return 306 MEG channels around the demo's head, with its digitised fiducials and points on the scalp."""
    source = _wheel("mne") / "data" / "fsaverage"
    with mne.utils.use_log_level("error"):
        info = mne.channels.read_meg_canonical_info("neuromag")
        to_head = mne.transforms.invert_transform(mne.read_trans(source / "fsaverage-trans.fif"))
        info.set_montage(digitise(source, "fsaverage", to_head))
    raised = np.eye(4)
    raised[2, 3] = HELMET_ABOVE_HEAD_m
    with info._unlock():
        info["dev_head_t"] = mne.transforms.Transform("meg", "head", raised)
    return info


def digitise(folder: Path, subject: str, to_head: mne.Transform) -> mne.channels.DigMontage:
    """Return fiducials and points on the scalp of a subject, in head coordinates."""
    fiducials, _ = mne.io.read_fiducials(folder / f"{subject}-fiducials.fif", verbose="error")
    (scalp,) = mne.read_bem_surfaces(folder / f"{subject}-head.fif", verbose="error")
    lpa, nasion, rpa = (mne.transforms.apply_trans(to_head, point["r"]) for point in fiducials)
    points = mne.transforms.apply_trans(to_head, scalp["rr"])
    points = points[points[:, 2] > 0][:: len(points) // 60]  # above the ears, some dozens as one digitises
    return mne.channels.make_dig_montage(nasion=nasion, lpa=lpa, rpa=rpa, hsp=points, coord_frame="head")
