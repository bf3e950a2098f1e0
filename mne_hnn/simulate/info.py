"""What a bug report needs."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from .._cache import cache_directory
from ..errors import MneHnnError
from . import library, toolchain

_PACKAGES = ("mne-hnn", "mne", "neuron", "numpy", "scipy", "matplotlib", "pyvista", "nibabel")
_EXTRAS = ("nilearn", "trame", "mne-bids", "cma", "dask", "openmpi")


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _mechanisms() -> list[tuple[str, str]]:
    rows = []
    try:
        compiler = toolchain.find_compiler()
        macros = toolchain.target_macros(compiler, ("-march=native",)) or ""
        width = "AVX-512" if "__AVX512DQ__" in macros else "AVX2" if "__AVX2__" in macros else "baseline"
        rows += [("C++ compiler", compiler), ("vector instructions", width)]
    except MneHnnError as error:
        rows += [("C++ compiler", str(error))]
    try:
        built = library.find_library()
        place = "not compiled yet (see mne-hnn compile)" if built is None else _state(built)
    except MneHnnError as error:
        place = str(error)
    return [*rows, ("mechanisms", place)]


def _state(built: library.Library) -> str:
    """Return what became of an attempt to use the mechanisms."""
    reason = library.try_out(built.directory)
    if reason is None:
        return f"{built.variant}, loaded and run from {built.directory}"
    return f"{built.variant}, do not load from {built.directory}: {reason} (see mne-hnn compile --force)"


def sys_info() -> str:
    """Return versions, processor, compiler and the state of the compiled mechanisms as text.

    Examples
    --------
    >>> print(sys_info().splitlines()[0])
    platform ...
    """
    rows = [
        ("platform", platform.platform()),
        ("python", platform.python_version()),
        ("cores", str(os.cpu_count())),
        *((name, _package(name)) for name in _PACKAGES),
        *((f"{name} (extra)", _package(name)) for name in _EXTRAS),
        ("cache", str(cache_directory())),
        *_mechanisms(),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)
