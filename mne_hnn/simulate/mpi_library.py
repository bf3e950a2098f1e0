"""Find the program that starts MPI processes, and the library that goes with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from ctypes.util import find_library
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..errors import SimulationError

__all__ = ["Launcher", "find_launcher", "library_of_world", "world_size"]

# The names of the library per family; NEURON can talk to both.
_NAMES = {
    "Open MPI": ("libmpi.so.40", "libmpi.40.dylib", "libmpi.so", "libmpi.dylib"),
    "MPICH": ("libmpi.so.12", "libmpich.so.12", "libmpi.12.dylib", "libmpich.so", "libmpi.so", "libmpi.dylib"),
}
_INSTALL = (
    "install one (`pip install 'mne-hnn[mpi]'`; Debian/Ubuntu: `apt install openmpi-bin`; conda: `conda install -c "
    "conda-forge openmpi`; on a cluster: `module load` its MPI)"
)


@dataclass(frozen=True, slots=True)
class Launcher:
    """A program such as ``mpiexec``.

    Attributes
    ----------
    path : Path
        The program.
    family : str
        ``'Open MPI'`` or ``'MPICH'`` (Intel MPI and others share its interface).
    library : Path
        The MPI library that its processes must use.
    """

    path: Path
    family: str
    library: Path


def world_size() -> int:
    """Return how many processes mpiexec (or srun) started together with this one; 1 if it was started alone."""
    for name in ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"):
        if name in os.environ:
            return int(os.environ[name])
    return int(os.environ["SLURM_NTASKS"]) if {"PMIX_RANK", "SLURM_NTASKS"} <= os.environ.keys() else 1


def find_launcher(command: str = "mpiexec") -> Launcher:
    """Return the MPI program that a command stands for.

    Parameters
    ----------
    command : str
        Its name or path. Where the name is not on the path, the folder of this Python's own programs is searched too.

    Returns
    -------
    launcher : Launcher
        Program, family and library.

    Raises
    ------
    SimulationError
        There is no such program, it does not run, or its library was not found.
    """
    own = Path(sys.executable).parent
    found = shutil.which(command) or shutil.which(command, path=str(own))
    if found is None:
        raise SimulationError(f"The MPI program {command!r} was not found: {_INSTALL}, or give its path as command.")
    path = Path(found)
    family = _family(path)
    return Launcher(path, family, _library(path, family))


def library_of_world() -> Path:
    """Return the library of the mpiexec that started this process."""
    family = "Open MPI" if "OMPI_COMM_WORLD_SIZE" in os.environ or "OPAL_PREFIX" in os.environ else None
    try:
        candidates = [Path(os.readlink(f"/proc/{os.getppid()}/exe"))]
    except OSError:  # not to be seen, or gone
        candidates = []
    candidates += [Path(found) for found in (shutil.which("mpiexec"), shutil.which("mpirun")) if found]
    for path in candidates:
        if path.name.startswith(("mpiexec", "mpirun", "orterun", "prterun", "orted", "prted", "hydra", "srun")):
            known = family or ("MPICH" if "PMI_SIZE" in os.environ else _family(path))
            return _library(path, known)
    return _library(Path(sys.executable), family or "MPICH")


@lru_cache
def _family(path: Path) -> str:
    try:
        result = subprocess.run(
            [path, "--version"], capture_output=True, text=True, errors="replace", check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SimulationError(f"The MPI program {path} does not run ({error}): {_INSTALL}.") from error
    text = result.stdout + result.stderr
    return "Open MPI" if re.search(r"open.?mpi|openrte|prrte|prte", text, re.IGNORECASE) else "MPICH"


def _library(program: Path, family: str) -> Path:
    wanted = os.environ.get("MPI_LIB_NRN_PATH")
    if wanted:
        if not Path(wanted).exists():
            raise SimulationError(
                f"The environment variable MPI_LIB_NRN_PATH names {wanted!r}, which does not exist: correct "
                "or unset it."
            )
        return Path(wanted)
    for folder in dict.fromkeys(_folders(program)):
        for name in _NAMES[family]:
            if (folder / name).exists():
                return folder / name
    raise SimulationError(
        f"The library of the MPI program {program} ({_NAMES[family][0]} of {family}) was not found: name its path in "
        f"the environment variable MPI_LIB_NRN_PATH, or {_INSTALL}."
    )


def _folders(program: Path) -> Iterator[Path]:
    """Return where the library may be, the most likely first."""
    machine = getattr(sys.implementation, "_multiarch", "")
    prefixes = [program.parent.parent, program.resolve().parent.parent]
    prefixes += [Path(os.environ[name]) for name in ("OPAL_PREFIX", "I_MPI_ROOT", "CONDA_PREFIX") if name in os.environ]
    prefixes.append(Path(sys.prefix))
    for prefix in prefixes:
        for part in ("lib", "lib64", f"lib/{machine}", "lib/release", "lib/openmpi/lib"):
            yield prefix / part
    yield from _linked(program)
    for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        yield from (Path(part) for part in os.environ.get(name, "").split(os.pathsep) if part)
    for name in ("mpi", "mpich"):
        known = find_library(name)
        if known:
            yield Path(known).parent
    yield from (Path(part) for part in ("/usr/lib64", "/usr/lib", "/usr/local/lib", "/opt/homebrew/lib"))


def _linked(program: Path) -> Iterable[Path]:
    """Return the folders of the libraries that a program uses: Open MPI's own are among them."""
    if shutil.which("ldd") is None:
        return []
    result = subprocess.run(["ldd", program], capture_output=True, text=True, errors="surrogateescape", check=False)
    return [Path(path).parent for path in re.findall(r"=> (/\S+)", result.stdout)]
