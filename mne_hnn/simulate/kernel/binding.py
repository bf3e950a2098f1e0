"""The kernel's library as Python sees it: structures, functions, and arrays that outlive a call."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import SimulationError
from ..loading import load_kernel

__all__ = ["CellTypeStruct", "Pointed", "ProbesStruct", "RoutesStruct", "RunStruct", "kernel_library"]

_I32, _I64, _F64 = ctypes.POINTER(ctypes.c_int32), ctypes.POINTER(ctypes.c_int64), ctypes.POINTER(ctypes.c_double)
_DTYPES: dict[Any, type[np.generic]] = {_I32: np.int32, _I64: np.int64, _F64: np.float64}


class CellTypeStruct(ctypes.Structure):
    """``MneHnnType`` of kernel.cpp."""

    _fields_ = [
        ("n_cells", ctypes.c_int32),
        ("first_gid", ctypes.c_int32),
        ("n_nodes", ctypes.c_int32),
        ("n_banks", ctypes.c_int32),
        ("n_moments", ctypes.c_int32),
        ("n_clamps", ctypes.c_int32),
        ("n_levels", ctypes.c_int32),
        ("parent", _I32),
        ("membrane", _I32),
        ("capacity", _F64),
        ("area", _F64),
        ("axial_uS", _F64),
        ("start_mV", _F64),
        ("parameters", _F64),
        ("bank_parameters", _F64),
        ("injection_start", _I32),
        ("injections", _I32),
        ("moment_node", _I32),
        ("moment_weight", _F64),
        ("clamp_node", _I32),
        ("clamp", _F64),
        ("threshold_mV", _F64),
        ("level_source", _I32),
    ]


class RoutesStruct(ctypes.Structure):
    """``MneHnnRoutes`` of kernel.cpp."""

    _fields_ = [
        ("start", _I64),
        ("target", _I32),
        ("bank", _I32),
        ("delay_ms", _F64),
        ("weight_uS", _F64),
        ("stride", ctypes.c_int32),
    ]


class RunStruct(ctypes.Structure):
    """``MneHnnRun`` of kernel.cpp."""

    _fields_ = [
        ("n_types", ctypes.c_int32),
        ("types", ctypes.POINTER(CellTypeStruct)),
        ("routes", RoutesStruct),
        ("dt", ctypes.c_double),
        ("n_steps", ctypes.c_int64),
        ("interval", ctypes.c_int64),
        ("search", ctypes.c_int32),
        ("membrane_parameters", _F64),
    ]


class ProbesStruct(ctypes.Structure):
    """``MneHnnProbes`` of probes.hpp."""

    _fields_ = [
        ("n_samples", ctypes.c_int64),
        ("stride", ctypes.c_int64),
        ("n_contacts", ctypes.c_int32),
        ("n_probes", ctypes.c_int32),
        ("contact_weight", _F64),
        ("potentials", _F64),
        ("kind", _I32),
        ("gid", _I32),
        ("node", _I32),
        ("reversal_mV", _F64),
        ("term_start", _I64),
        ("term", _I32),
        ("term_weight", _F64),
        ("samples", _F64),
    ]


class Pointed:
    """Arrays that structures and calls point to, kept as long as this object."""

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any]] = []

    def _address(self, kind: Any, array: NDArray[Any]) -> Any:
        kept = np.ascontiguousarray(array, dtype=_DTYPES[kind])
        self._arrays.append(kept)
        return kept.ctypes.data_as(kind)

    def floats(self, array: NDArray[np.float64]) -> Any:
        """Return a pointer to numbers of double precision."""
        return self._address(_F64, array)

    def ints(self, array: NDArray[np.int32]) -> Any:
        """Return a pointer to integers of 32 bits."""
        return self._address(_I32, array)

    def longs(self, array: NDArray[np.int64]) -> Any:
        """Return a pointer to integers of 64 bits."""
        return self._address(_I64, array)

    def fill(self, structure: ctypes.Structure, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Let fields of a structure point to arrays."""
        kinds: dict[str, Any] = {field[0]: field[1] for field in structure._fields_}
        for name, array in arrays.items():
            setattr(structure, name, self._address(kinds[name], array))


@cache
def kernel_library(path: Path) -> Any:
    """Load a compiled kernel and say what its functions take.

    Raises
    ------
    SimulationError
        It cannot be loaded; the sentence says why.
    """
    library = load_kernel(path)
    if isinstance(library, str):
        raise SimulationError(
            f"The kernel cannot be loaded from {path.parent} ({library}): compile it again, with `mne-hnn compile "
            "--force`."
        )
    handle = ctypes.c_void_p
    library.mne_hnn_new.argtypes = [ctypes.POINTER(RunStruct)]
    library.mne_hnn_new.restype = handle
    library.mne_hnn_delete.argtypes = [handle]
    library.mne_hnn_delete.restype = None
    library.mne_hnn_add.argtypes = [handle, ctypes.c_int64, _F64, _I32, _I32, _I64, _F64, ctypes.c_int32]
    library.mne_hnn_add.restype = ctypes.c_int32
    library.mne_hnn_watch.argtypes = [handle, ctypes.POINTER(ProbesStruct)]
    library.mne_hnn_watch.restype = ctypes.c_int32
    library.mne_hnn_advance.argtypes = [handle, ctypes.c_int64]
    library.mne_hnn_advance.restype = ctypes.c_int64
    library.mne_hnn_moments.argtypes = [handle, ctypes.c_int32, _F64, _F64]
    library.mne_hnn_moments.restype = None
    library.mne_hnn_largest_voltage.argtypes = [handle]
    library.mne_hnn_largest_voltage.restype = ctypes.c_double
    library.mne_hnn_n_spikes.argtypes = [handle]
    library.mne_hnn_n_spikes.restype = ctypes.c_int64
    library.mne_hnn_spikes.argtypes = [handle, _F64, _I64]
    library.mne_hnn_spikes.restype = None
    return library
