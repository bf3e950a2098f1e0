"""One of the processes that :func:`mne_hnn.simulate.simulate_mpi` starts: ``python -m mne_hnn.simulate.mpi_worker``."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

import mne

from . import ranks
from .mpi_files import read_task, write_error, write_trial
from .trials import work


def main(folder: Path, library: Path, n_procs: int) -> None:
    """Simulate the trials of a task together with the other ranks; the first of them writes the results.

    Parameters
    ----------
    folder : Path
        Where the task is, and the results go.
    library : Path
        The MPI library.
    n_procs : int
        How many ranks there must be.
    """
    share = ranks.join(library)
    if share.n_ranks != n_procs:
        raise RuntimeError(
            f"the MPI library {library} sees {share.n_ranks} rank(s) instead of {n_procs}: it does not belong to the "
            "mpiexec that was used. Name the right one in the environment variable MPI_LIB_NRN_PATH."
        )
    network, settings = read_task(folder)
    parts = folder / "progress"

    def progress() -> None:
        with parts.open("ab") as stream:
            stream.write(b".")

    for index in range(settings.n_trials):
        with ranks.together():
            trial = work(network, index, settings, progress if share.rank == 0 else lambda: None)
        if share.rank == 0:
            write_trial(folder, trial)


def run(arguments: list[str]) -> None:
    """Run as a program: what goes wrong in one rank ends all of them."""
    folder, library, n_procs = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    mne.set_log_level("error")
    try:
        main(folder, library, n_procs)
    except BaseException as error:  # noqa: BLE001 - told to the script that started the ranks
        traceback.print_exc()
        write_error(folder, ranks.share().rank, error)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)  # an orderly end would wait for the other ranks, which wait for this one


if __name__ == "__main__":
    run(sys.argv[1:])
