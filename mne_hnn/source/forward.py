"""The forward model: read, or built from a subject's anatomy once and kept."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne
import numpy as np
from mne.io.constants import FIFF
from mne.utils import logger, object_hash, verbose

from .._cache import cache_directory
from .._checks import check_bool, check_int, check_name, check_non_negative
from .._files import read_file
from .._text import first_line
from .._value import Value, given_or_default
from .._warn import warn
from ..errors import CacheError, DataError, ParameterError
from ._heard import heard
from .compensation import check_compensation
from .conductor import find_conductor, make_conductor
from .hemispheres import check_cortical
from .positions import check_alignment, check_head_position, check_positions

__all__ = ["ForwardOptions", "forward_solution", "scaled_template"]

ON_INSIDE = ("raise", "warn", "ignore")
SMALLEST_MINDIST_mm, LARGEST_MINDIST_mm = 0.1, 30.0


@dataclass(frozen=True, kw_only=True)
class ForwardOptions(Value):
    """What of a forward solution is rarely chosen; what it is given is checked when it is made.

    Parameters
    ----------
    ico : int | None
        Density of a BEM that is made, as in :func:`mne.make_bem_model`.
    mindist : float
        Leave out sources closer than this to the inner skull, mm: 0, or 0.1 to 30.
    on_inside : str
        What to do if a sensor is inside the head: ``'raise'``, ``'warn'``, ``'ignore'``.

    Raises
    ------
    ParameterError
        A value is out of range, perhaps in another unit (m for mm).

    Examples
    --------
    >>> ForwardOptions(mindist=3.0, on_inside="warn").mindist
    3.0
    """

    ico: int | None = 4
    mindist: float = 5.0
    on_inside: str = "warn"

    def __post_init__(self) -> None:
        object.__setattr__(self, "mindist", _check_mindist(self.mindist))
        check_name(self.on_inside, ON_INSIDE, "on_inside")


@verbose
def forward_solution(
    info: mne.Info,
    *,
    subject: str,
    subjects_dir: str | Path | None = None,
    trans: Any = None,
    bem: Any = None,
    src: Any = None,
    spacing: str = "oct6",
    options: ForwardOptions | None = None,
    n_jobs: int | None = None,
    cache: bool = True,
    verbose: Any = None,
) -> mne.Forward:
    """Compute a forward solution, building whatever of the anatomy is missing.

    Where a gradient compensation is in force (CTF), the solution is that of the compensated sensors. Reference sensors
    that compensate nothing (KIT, 4D) are left out.

    Parameters
    ----------
    info : mne.Info
        Sensors and digitised points of the recording; of compensated ones with the reference sensors.
    subject : str
        Name of the subject's FreeSurfer folder.
    subjects_dir : path-like | None
        FreeSurfer's folder of subjects; None as MNE is configured.
    trans : path-like | mne.Transform | str | None
        The head to MRI transform. ``'fiducials'`` (also None) aligns the digitised fiducials with those of the subject
        (``bem/SUBJECT-fiducials.fif``).
    bem : path-like | mne.bem.ConductorModel | str | None
        A BEM solution or a sphere model. ``'sphere'`` fits a sphere to the head points. None takes the subject's
        ``bem/*-bem-sol.fif``, or makes one from the subject's surfaces: three layers for EEG, one for MEG alone.
    src : path-like | mne.SourceSpaces | None
        The cortical source space; None makes one from the white surface.
    spacing : str
        Density of a source space that is made, as in :func:`mne.setup_source_space`.
    options : ForwardOptions | None
        What is rarely chosen: density of a BEM that is made, distance of sources from the skull, sensors inside the
        head. None is ``ForwardOptions()``.
    n_jobs : int | None
        Processes.
    cache : bool
        Whether to keep the result in the user's cache, and to take it from there when sensors, anatomy and choices
        are the same.
    %(verbose)s

    Returns
    -------
    forward : mne.Forward
        With free orientation.

    Raises
    ------
    DataError
        The subject or one of the files does not exist, or there is nothing to build from; a sensor or the head has no
        position; data are compensated, but the reference sensors are gone.
    ParameterError
        A value is out of range.

    Examples
    --------
    >>> where = {"subject": dataset.subject, "subjects_dir": dataset.subjects_dir}
    >>> coarse = forward_solution(evoked.info, **where, spacing="ico2", cache=False)
    >>> coarse["nchan"]
    306
    """
    if not isinstance(info, mne.Info):
        raise ParameterError(f"info must be an mne.Info, as evoked.info, got {type(info).__name__}.")
    options = given_or_default(options, ForwardOptions, "options")
    check_bool(cache, "cache")
    folder = subject_folder(subject, subjects_dir)
    info = check_head_position(check_positions(info))
    grade = check_compensation(info)
    head_to_mri = _transform(trans, info, folder, subject)
    conductor = find_conductor(bem, folder, "eeg" in info.get_channel_types())
    key = _digest(info, head_to_mri, conductor, src, folder, subject, spacing, options.ico, options.mindist)
    kept = cache_directory() / "forward" / f"{subject}-{key}-fwd.fif"
    known = _kept_solution(kept) if cache else None
    if known is not None:
        return known
    model = make_conductor(conductor, info, folder, options.ico)
    space = _source_space(src, folder, subject, spacing, n_jobs)
    references = len(mne.pick_types(info, meg=False, ref_meg=True, exclude=()))
    if references and not grade:
        logger.info("Leaving out %d reference sensors: no compensation is in force.", references)
    logger.info("Computing the forward solution ...")
    try:
        with heard(f"The forward solution of {subject!r}") as said:
            forward = mne.make_forward_solution(
                info,
                head_to_mri,
                space,
                model,
                meg=bool({"mag", "grad"}.intersection(info.get_channel_types())),
                eeg="eeg" in info.get_channel_types(),
                mindist=options.mindist,
                ignore_ref=not grade,
                on_inside=options.on_inside,
                n_jobs=n_jobs,
            )
    except (ValueError, RuntimeError) as error:
        raise DataError(f"The forward solution of {subject!r} cannot be computed: {first_line(error)}") from error
    forward = _without_silent(forward)
    # what is worth a warning is worth it again
    return _keep(forward, kept) if cache and not said else forward


def _keep(forward: mne.Forward, kept: Path) -> mne.Forward:
    """Write a forward solution to the cache, and return it as the next call reads it."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        # not the process number: machines that share a home folder have equal ones
        part = kept.with_name(f".{uuid.uuid4().hex}-{kept.name}")
        mne.write_forward_solution(part, forward, overwrite=True, verbose="error")
        part.replace(kept)  # whole or not at all
        # files have single precision: what was just computed must not differ from what the next call reads
        return mne.read_forward_solution(kept, verbose="error")
    except OSError as error:
        raise CacheError(
            f"The forward solution cannot be kept in {kept.parent} ({error.strerror or error}): free that folder, or "
            "set the environment variable MNE_HNN_CACHE to one that can be written."
        ) from error


def _kept_solution(kept: Path) -> mne.Forward | None:
    """Return a forward solution that was kept, None if there is none, or not any more, or it is damaged."""
    try:
        forward = mne.read_forward_solution(kept, verbose="error")
    except FileNotFoundError:
        return None
    except Exception as error:  # noqa: BLE001 - whatever MNE says of a part of a file
        warn(f"The kept forward solution {kept} cannot be read ({first_line(error)}): it is computed again.")
        return None
    logger.info("Forward solution: %s", kept)
    return forward


def _without_silent(forward: mne.Forward) -> mne.Forward:
    """Leave out sources whose field is zero: no operator can weigh them.

    Of MEG and EEG at the centre of a sphere; of EEG also where MNE takes a source for outside the brain of a layered
    sphere, although it computes its MEG.
    """

    def powers(rows: Any) -> Any:
        return (forward["sol"]["data"][rows] ** 2).sum(axis=0).reshape(forward["nsource"], -1).sum(axis=1)

    power = powers(slice(None))
    electrodes = mne.pick_types(forward["info"], meg=False, eeg=True, exclude=())
    if len(electrodes):
        power = np.where(powers(electrodes) > 0, power, 0.0)
    if power.all():
        return forward
    logger.info("Leaving out %d sources without a field.", int((power == 0).sum()))
    if len(forward["src"]) == 1:  # MNE restricts two hemispheres only
        raise DataError(
            f"{int((power == 0).sum())} of {len(power)} sources have no field at the sensors: take a source space of "
            "both hemispheres, or another conductor model."
        )
    split = forward["src"][0]["nuse"]
    kept = [
        space["vertno"][part > 0] for space, part in zip(forward["src"], (power[:split], power[split:]), strict=True)
    ]
    stc = mne.SourceEstimate(np.zeros((sum(map(len, kept)), 1)), kept, 0.0, 1.0)
    return mne.forward.restrict_forward_to_stc(forward, stc)


def subject_folder(subject: str, subjects_dir: Any = None) -> Path:
    """Return the FreeSurfer folder of a subject, which must exist and have surfaces."""
    try:
        parent = Path(mne.utils.get_subjects_dir(subjects_dir, raise_error=True))
    except (KeyError, ValueError, OSError) as error:
        if subjects_dir is None:
            raise DataError(
                "FreeSurfer's folder of subjects is not known: give subjects_dir, or set SUBJECTS_DIR."
            ) from error
        raise DataError(f"There is no folder of subjects {subjects_dir}: check the path.") from error
    folder = parent / str(subject)
    if not (folder / "surf").is_dir():
        listed = sorted(path.parent.name for path in parent.glob("*/surf"))
        check_name(subject, listed, "subject", where=f"in {parent}", error=DataError)
    return folder


def _check_mindist(mindist: Any) -> float:
    distance = check_non_negative(mindist, "mindist")
    if 0 < distance < SMALLEST_MINDIST_mm or distance > LARGEST_MINDIST_mm:
        slip = "m" if distance < SMALLEST_MINDIST_mm else "\N{MICRO SIGN}m"
        raise ParameterError(
            f"mindist is a distance in mm, 0 or {SMALLEST_MINDIST_mm:g} to {LARGEST_MINDIST_mm:g}, got {distance:g}: "
            f"was it given in {slip}?"
        )
    return distance


def _transform(trans: Any, info: mne.Info, folder: Path, subject: str) -> mne.Transform:
    if isinstance(trans, mne.Transform):
        return check_alignment(trans)
    if trans is None or trans == "fiducials":
        points = folder / "bem" / f"{subject}-fiducials.fif"
        if not points.exists():
            raise DataError(
                f"There is no head to MRI transform, and no {points} to align the digitised fiducials with: give trans."
            )
        if sum(point["kind"] == FIFF.FIFFV_POINT_CARDINAL for point in info["dig"] or ()) < 3:
            raise DataError(
                "The recording has no digitised fiducials (nasion, left and right preauricular point) to align head "
                "and MRI with: give trans."
            )
        try:
            return mne.coreg.coregister_fiducials(info, str(points))
        except (RuntimeError, ValueError) as error:
            raise DataError(f"The digitised fiducials cannot be aligned: {first_line(error)}; give trans.") from error
    return check_alignment(read_file(mne.read_trans, trans, "head to MRI transform"))


def _source_space(src: Any, folder: Path, subject: str, spacing: str, n_jobs: int | None) -> mne.SourceSpaces:
    if isinstance(src, mne.SourceSpaces):
        space = src
    elif src is not None:
        space = read_file(mne.read_source_spaces, src, "source space")
    else:
        logger.info("Making the source space %s of %s ...", spacing, subject)
        try:
            return mne.setup_source_space(
                subject, spacing=spacing, subjects_dir=folder.parent, add_dist="patch", n_jobs=n_jobs
            )
        except (ValueError, RuntimeError, OSError) as error:
            raise DataError(f"The source space of {subject!r} cannot be made: {first_line(error)}") from error
    check_cortical(space)
    return space


def _digest(info: mne.Info, trans: mne.Transform, bem: Any, src: Any, folder: Path, *choices: Any) -> str:
    """Hash all that a forward solution depends on: sensors, transforms, anatomy, choices."""
    sensors = [(channel["ch_name"], int(channel["coil_type"]), channel["loc"]) for channel in info["chs"]]
    transforms = [None if transform is None else transform["trans"] for transform in (info["dev_head_t"], trans)]
    # the grade in force stands in the coil types
    compensation = [(int(comp["kind"]), dict(comp["data"])) for comp in info["comps"]]
    points = [point["r"] for point in info["dig"] or ()] if isinstance(bem, str) else None
    surfaces = [*sorted((folder / "surf").glob("?h.white")), *sorted((folder / "surf").glob("?h.sphere"))]
    cortex = [hashlib.sha256(path.read_bytes()).hexdigest() for path in surfaces]
    parts = [
        sensors,
        transforms,
        compensation,
        points,
        cortex,
        _describe(bem),
        _describe(src),
        mne.__version__,
        list(choices),
    ]
    return hashlib.sha256(repr(object_hash(parts)).encode()).hexdigest()[:16]


def _describe(part: Any) -> Any:
    """Return what a file or object is known by: path, size and time of a file, the numbers of an object."""
    if isinstance(part, Path) and part.is_dir():
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(part.glob("*.surf"))]
    if isinstance(part, (str, Path)) and Path(part).is_file():
        status = Path(part).stat()
        return [str(Path(part).resolve()), status.st_size, status.st_mtime_ns]
    if isinstance(part, mne.SourceSpaces):
        return [dict(space) for space in part]
    if isinstance(part, Mapping):  # a conductor model, with its conductivities and solution
        return dict(part)
    return None if part is None else str(part)


@verbose
def scaled_template(
    info: mne.Info,
    subject_to: str,
    *,
    subject_from: str = "fsaverage",
    subjects_dir: str | Path | None = None,
    n_iterations: int = 20,
    overwrite: bool = False,
    verbose: Any = None,
) -> mne.Transform:
    """Scale a template's anatomy to a recording's digitised points, for recordings without an MRI.

    The template is scaled by one factor (the ratio of the spread of the fiducials), and then aligned with the digitised
    fiducials; with head points beyond those, factor and alignment are refined on the template's scalp (ICP).

    Parameters
    ----------
    info : mne.Info
        With digitised fiducials.
    subject_to : str
        Name of the folder to make in `subjects_dir`.
    subject_from : str
        The template's folder.
    subjects_dir : path-like | None
        FreeSurfer's folder of subjects.
    n_iterations : int
        Iterations of the refinement.
    overwrite : bool
        Whether to replace an existing folder.
    %(verbose)s

    Returns
    -------
    trans : mne.Transform
        Head to MRI of the scaled subject.

    Examples
    --------
    >>> trans = scaled_template(evoked.info, "sub-01", subjects_dir="/data/freesurfer")  # doctest: +SKIP
    """
    folder = subject_folder(subject_from, subjects_dir)
    n_iterations = check_int(n_iterations, "n_iterations", minimum=1)
    check_bool(overwrite, "overwrite")
    try:
        registration = mne.coreg.Coregistration(info, subject_from, subjects_dir=folder.parent, fiducials="auto")
        registration.set_scale_mode("uniform")
        registration.fit_fiducials()
        if any(point["kind"] != FIFF.FIFFV_POINT_CARDINAL for point in info["dig"] or ()):
            registration.fit_icp(n_iterations=n_iterations, nasion_weight=10.0)
        mne.scale_mri(
            subject_from,
            subject_to,
            float(registration.scale[0]),
            overwrite=overwrite,
            subjects_dir=folder.parent,
            labels=True,
            annot=True,
            on_defects="ignore",
        )
    except (RuntimeError, ValueError, OSError, TypeError) as error:
        raise DataError(f"{subject_from!r} cannot be scaled to {subject_to!r}: {first_line(error)}") from error
    trans: mne.Transform = registration.trans
    return trans
