"""MATLAB files as plain Python values: structures are mappings, cells lists, text str, numbers arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io

from ..._text import first_line
from ..._types import FloatArray
from ...errors import DataError, ParameterError

__all__ = ["Opaque", "is_mat", "numbers", "read_mat", "records", "scalar", "text_of", "texts_of"]

_VERSION_5, _VERSION_7_3 = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_NO_VARIABLE = ("#refs#", "#subsystem#")


class Opaque:
    """A MATLAB object, such as a table or a string array, whose content no other program can read."""


def is_mat(path: Path) -> bool:
    """Return whether a file is one of MATLAB, by its name or its first bytes."""
    with path.open("rb") as stream:
        head = stream.read(19)
    return head in (_VERSION_5, _VERSION_7_3) or path.suffix.lower() == ".mat"


def read_mat(path: Path) -> dict[str, Any]:
    """Return the variables of a MATLAB file, version 4 to 7.3.

    Arrays have the shape that they have in MATLAB; a structure with several elements is a list of mappings, and cells
    are lists, column after column.

    Raises
    ------
    DataError
        The file is damaged, or none of MATLAB.
    ParameterError
        It is of version 7.3 and h5py is not installed.
    """
    with path.open("rb") as stream:
        head = stream.read(19)
    try:
        if head == _VERSION_7_3 or head.startswith(_HDF5):
            return _read_hdf5(path)
        variables = scipy.io.loadmat(path, chars_as_strings=True)
        return {name: _plain(value) for name, value in variables.items() if not name.startswith("__")}
    except ParameterError:
        raise
    except Exception as error:  # whatever a damaged file makes of the readers
        raise DataError(f"{path} cannot be read as a MATLAB file, or is damaged: {first_line(error)}") from error


def _plain(value: Any) -> Any:
    """Return what scipy reads as a plain value."""
    if isinstance(value, (scipy.io.matlab.MatlabOpaque, scipy.io.matlab.MatlabFunction)):
        return Opaque()
    if not isinstance(value, np.ndarray):
        return value
    if value.dtype.names is not None:
        listed = [
            {name: _plain(element[name]) for name in value.dtype.names}
            for element in np.asarray(value).ravel(order="F")
        ]
        return listed[0] if len(listed) == 1 else listed
    if value.dtype == object:
        return [_plain(item) for item in value.ravel(order="F")]
    if value.dtype.kind == "U":
        lines = [str(line) for line in value.ravel()]
        return "" if not lines else lines[0] if len(lines) == 1 else lines
    return value.toarray() if hasattr(value, "toarray") else value


def _read_hdf5(path: Path) -> dict[str, Any]:
    try:
        import h5py
    except ImportError as error:
        raise ParameterError(
            f"{path} is a MATLAB file of version 7.3, which needs h5py: pip install 'mne-hnn[matlab]', or save it in "
            "MATLAB with '-v7'."
        ) from error
    with h5py.File(path, "r") as file:
        return {name: _plain_hdf5(file[name], file) for name in file if name not in _NO_VARIABLE}


def _plain_hdf5(item: Any, file: Any) -> Any:
    """Return a group or data set of a MATLAB file of version 7.3 as a plain value."""
    kind = _class_of(item)
    if hasattr(item, "keys"):
        return _plain_group(item, file)
    if "MATLAB_object_decode" in item.attrs:
        return Opaque()
    if item.attrs.get("MATLAB_empty", 0):
        return {"char": "", "cell": [], "struct": []}.get(kind, np.empty((0, 0)))
    values = item[()]
    if kind == "cell" or values.dtype == object:
        return [_plain_hdf5(file[reference], file) for reference in np.asarray(values).ravel()]
    if kind == "char":
        lines = ["".join(map(chr, line)).rstrip("\0") for line in np.atleast_2d(values).T]
        return lines[0] if len(lines) == 1 else lines
    if values.dtype.names == ("real", "imag"):
        values = values["real"] + 1j * values["imag"]
    elif values.dtype.kind == "V":  # complex numbers, where this version of h5py does not know them
        values = values.view(complex)
    return np.asarray(values).T


def _plain_group(group: Any, file: Any) -> Any:
    """Return a structure; one with several elements has references to the values of each field."""
    fields = {name: group[name] for name in group}
    if "MATLAB_sparse" in group.attrs:
        raise DataError(f"{group.name} is a sparse matrix: save it with full().")
    arrays = [item for item in fields.values() if not hasattr(item, "keys") and item.dtype == object]
    if fields and len(arrays) == len(fields) and not any(_class_of(item) for item in arrays):
        columns = {name: [file[reference] for reference in item[()].ravel()] for name, item in fields.items()}
        count = len(next(iter(columns.values())))
        return [{name: _plain_hdf5(column[k], file) for name, column in columns.items()} for k in range(count)]
    return {name: _plain_hdf5(item, file) for name, item in fields.items()}


def _class_of(item: Any) -> str:
    kind = item.attrs.get("MATLAB_class", b"")
    return kind.decode() if isinstance(kind, bytes) else str(kind)


# what a format expects of a field ------------------------------------------------------------------------


def records(value: Any) -> list[Mapping[str, Any]]:
    """Return the elements of a structure, one or several."""
    if isinstance(value, Mapping):
        return [value]
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """Return text; an empty one for what is none."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else ""


def texts_of(value: Any, what: str, path: Path) -> tuple[str, ...]:
    """Return the texts of a cell or of the rows of a char array."""
    if isinstance(value, Opaque):
        raise DataError(f"{path}: {what} is a MATLAB object (a string array?): save it as a cell of char, cellstr().")
    if isinstance(value, str):
        return (value.strip(),) if value else ()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(item.strip() for item in value)
    if isinstance(value, np.ndarray) and not value.size:
        return ()
    raise DataError(f"{path}: {what} must be names, got {type(value).__name__}: the file is damaged, or of a new kind.")


def numbers(value: Any, what: str, path: Path) -> Any:
    """Return an array of numbers, real or complex."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iufcb":
        return value
    if isinstance(value, (int, float)):
        return np.array([[value]])
    raise DataError(
        f"{path}: {what} must be numbers, got {type(value).__name__}: the file is damaged, or of a new kind."
    )


def scalar(value: Any, default: float) -> float:
    """Return a number, the default where there is none."""
    if isinstance(value, (int, float)):
        return float(value)
    return float(value.ravel()[0].real) if isinstance(value, np.ndarray) and value.size == 1 else default


def row(value: Any, what: str, path: Path) -> FloatArray:
    """Return a row or column of numbers as one dimension."""
    return np.asarray(numbers(value, what, path), dtype=float).ravel()
