"""Which cells live in this process, when several processes (MPI ranks) simulate one network together."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import SimulationError
from . import _neuron

Piece = TypeVar("Piece")


@dataclass(frozen=True, slots=True)
class Share:
    """The part of one process.

    Cells are dealt like cards: their numbers run through one cell type after the other, so that every process gets as
    many of each type as any other, give or take one.

    Attributes
    ----------
    rank : int
        Number of this process, from 0.
    n_ranks : int
        Number of processes.
    """

    rank: int = 0
    n_ranks: int = 1

    @overload
    def has(self, gid: int) -> bool: ...
    @overload
    def has(self, gid: NDArray[np.int32]) -> NDArray[np.bool_]: ...
    def has(self, gid: int | NDArray[np.int32]) -> bool | NDArray[np.bool_]:
        """Return whether a cell lives here."""
        return gid % self.n_ranks == self.rank

    def of(self, gids: range) -> range:
        """Return those of the consecutive cells `gids` that live here."""
        return gids[(self.rank - gids.start) % self.n_ranks :: self.n_ranks]


_world = Share()
_joined = False
_together = False


def share() -> Share:
    """Return the part of this process in the run to come."""
    return _world


@contextmanager
def together() -> Iterator[None]:
    """Let the runs inside be shared by all ranks, all of which must come here."""
    global _together
    _together = True
    try:
        yield
    finally:
        _together = False


def check_together() -> None:
    """Refuse a run that the other ranks may know nothing of: it would wait for them forever."""
    if _world.n_ranks > 1 and not _together:
        raise SimulationError(
            "This process has joined the MPI ranks of its script, which now simulate together: call simulate_mpi in "
            "all of them, or simulate with n_jobs=2 or more, in processes of their own."
        )


def gather(piece: Piece) -> list[Piece]:
    """Return the pieces of all ranks, in their order, to every rank."""
    if _world.n_ranks == 1:
        return [piece]
    return list(_neuron.load()[0].ParallelContext().py_allgather(piece))


def join(library: Path) -> Share:
    """Become one of the ranks that mpiexec started.

    Parameters
    ----------
    library : Path
        The MPI library of that mpiexec.

    Returns
    -------
    share : Share
        The part of this process in all runs from now on.
    """
    global _joined, _world
    os.environ["MPI_LIB_NRN_PATH"] = str(library)
    h, _ = _neuron.load()
    if not _joined:
        try:
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise SimulationError(
                f"The MPI library {library} cannot be loaded ({error}): name that of the mpiexec in use in the "
                "environment variable MPI_LIB_NRN_PATH."
            ) from error
        with _stdout_to_stderr():
            h.nrnmpi_init()
        pc = h.ParallelContext()
        _world = Share(int(pc.id()), int(pc.nhost()))
        _joined = True
        _end_well(library)
    return _world


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Keep NEURON's `numprocs=2` out of the output of the user's script."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def _end_well(library: Path) -> None:
    """Leave the other ranks properly at the end of the script, and take them along if it fails in one of them."""
    mpi = ctypes.CDLL(str(library))

    def leave() -> None:
        begun, finished = ctypes.c_int(0), ctypes.c_int(0)
        mpi.MPI_Initialized(ctypes.byref(begun))
        mpi.MPI_Finalized(ctypes.byref(finished))
        if begun.value and not finished.value:
            mpi.MPI_Finalize()

    atexit.register(leave)
    usual = sys.excepthook

    def fail(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        usual(kind, error, trace)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)  # mpiexec then ends the others, which would wait for this one

    sys.excepthook = fail
