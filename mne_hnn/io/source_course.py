"""A source time course that other software made, as a dipole: text, MATLAB files, fitted dipoles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._files import Target, existing_file
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from .courses import CourseChoice, Courses
from .courses.brainstorm import brainstorm_courses, is_brainstorm
from .courses.fieldtrip import fieldtrip_courses, fieldtrip_structures
from .courses.mat import is_mat, read_mat
from .courses.mne_files import SUFFIXES, mne_courses
from .courses.spm import is_spm, spm_courses
from .courses.text import text_courses

__all__ = ["read_source_course"]


def read_source_course(
    path: Target,
    *,
    unit: str | None = None,
    pick: str | int | None = None,
    trial: str | int | None = None,
    orientation: Any = None,
    time_unit: str | None = None,
    sign: int = 1,
    resample: bool = False,
) -> Dipole:
    """Read a source time course that other software made, as a target for fits.

    What the file is, its content says: text (columns separated by tabs, semicolons, commas or spaces, with or without
    a line of names, decimal commas as well), scout time series of Brainstorm, virtual channels, source structures and
    dipole fits of FieldTrip, data sets of sources extracted by SPM (``.mat`` beside ``.dat``), dipoles of MNE-Python
    and Xfit (``.dip``, ``.bdip``, ``.fif``).

    Parameters
    ----------
    path : path-like
        The file. MATLAB files may have any version; those of 7.3 need h5py (``pip install 'mne-hnn[matlab]'``).
    unit : str | None
        Unit of the moments: ``'A m'``, ``'uA m'``, ``'nA m'``, ``'pA m'`` or ``'fA m'``. None takes it from the file,
        which must say it: text in the names of its columns, Brainstorm for minimum-norm amplitudes, MNE-Python always.
    pick : str | int | None
        Which scout, channel, position, column (times not counted) or dipole: its name, or its number from 1. None
        takes the only one.
    trial : str | int | None
        Which trial, from 1, or condition (the average of its good trials), or ``'average'`` of all that are good. None
        takes the only one.
    orientation : int | sequence of float | 'largest' | None
        What is taken of sources with three components: one of them, from 1; the part along a direction, shape (3,);
        or along the direction of the largest variance, the sign of which is arbitrary. None refuses them, but for
        fitted dipoles of MNE-Python: the direction at their largest amplitude.
    time_unit : 's' | 'ms' | None
        Unit of the times. None takes it from the file: names of columns, or seconds in all but text; else the only
        unit in which they can be those of a response.
    sign : int
        1, or -1 to turn the course over. Positive must be current from deep to superficial layers, outward.
    resample : bool
        Whether uneven times are brought to even ones, with their median step, by linear interpolation (and a warning
        that says so).

    Returns
    -------
    dipole : Dipole
        With the layer ``agg``, A m at times in s. Its provenance holds ``file``, ``software``, ``format``, ``course``,
        ``trial``, ``unit_of_file``, ``time_unit_of_file``, ``orientation``, ``sign``, ``resampled``, and ``assumed``:
        sentences on what the file leaves open.

    Raises
    ------
    DataError
        The file is missing, damaged or none of these, holds no dipole moments (dSPM, z-scores, spectra, sensors), or
        leaves open what must be said.
    ParameterError
        An argument is wrong, or a package is missing.

    Warns
    -----
    MneHnnWarning
        The moments are larger or smaller than those of any response, uneven times are resampled, decimal commas are
        read as points, or one direction leaves much of the moment out.

    Notes
    -----
    :func:`read_dipole_txt` reads HNN's own text, with its layers.

    Examples
    --------
    >>> from pathlib import Path
    >>> rows = ["time (ms),V1 (nAm)", "0,0.0", "5,4.5", "10,12.5", "15,6.0", "20,0.5"]
    >>> _ = Path("v1.csv").write_text(chr(10).join(rows))
    >>> moment = read_source_course("v1.csv", pick="V1")
    >>> round(float(moment["agg"].max()), 12), moment.provenance["unit_of_file"]  # A m
    (1.25e-08, 'nA m')
    """
    choice = CourseChoice(
        unit=unit,
        pick=pick,
        trial=trial,
        orientation=orientation,
        time_unit=time_unit,
        sign=sign,
        resample=resample,
    )
    file = existing_file(path)
    return choice.dipole(_courses_of(file), file)


def _courses_of(file: Path) -> Courses:
    """Return what a file holds, by its kind."""
    if file.name.lower().endswith(SUFFIXES):
        return mne_courses(file)
    if file.suffix.lower() in (".nwb", ".nix", ".nex", ".plx"):
        raise DataError(f"{file} is a recording of electrodes, not of a source: mne_hnn.io.read_laminar reads it.")
    if is_mat(file):
        return _of_matlab(file)
    header = file.with_suffix(".mat")
    if file.suffix.lower() == ".dat" and header.is_file() and b"\0" in file.read_bytes()[:4096]:
        raise DataError(f"{file} holds samples without their description: read {header.name} beside it.")
    return text_courses(file)


def _of_matlab(file: Path) -> Courses:
    variables = read_mat(file)
    if is_spm(variables):
        return spm_courses(variables, file)
    if is_brainstorm(variables):
        return brainstorm_courses(variables, file)
    exported = [value for value in variables.values() if isinstance(value, dict) and is_brainstorm(value)]
    if len(exported) == 1:  # exported to the workspace, and saved from there
        return brainstorm_courses(exported[0], file)
    structures = fieldtrip_structures(variables)
    if len(structures) == 1:
        return fieldtrip_courses(next(iter(structures.values())), file)
    if structures:
        raise ParameterError(
            f"{file} has {len(structures)} structures ({', '.join(structures)}): save the one that is meant alone, "
            f"such as save('course.mat', '{next(iter(structures))}')."
        )
    raise DataError(
        f"{file} has {', '.join(variables) or 'nothing'}, which is no scout time series of Brainstorm, no structure of "
        "FieldTrip and no data set of SPM: write times and moments as text instead."
    )
