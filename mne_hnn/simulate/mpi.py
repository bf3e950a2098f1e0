"""One network over several processes, or machines, by MPI."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from mne.utils import logger, verbose

from .._checks import check_positive
from ..errors import ParameterError, SimulationError, WorkerError
from ..network import Network
from ..parallel import n_workers
from . import ranks
from .engine import Trial, clear
from .mpi_files import read_errors, read_trial, write_task
from .mpi_library import Launcher, find_launcher, library_of_world, world_size
from .result import Simulation
from .settings import SimulationSettings, as_settings, check_is_network
from .steps import n_stretches
from .toolchain import neuron_root
from .trials import collect, draw_progress, work

__all__ = ["simulate_mpi"]

# Lets the ranks end with this process, even if it is killed (Linux: the kernel tells mpiexec).
_FOLLOW = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execv(sys.argv[1], sys.argv[1:])"
_CONTAINER = ("/.dockerenv", "/run/.containerenv")


@verbose
def simulate_mpi(
    network: Network,
    settings: SimulationSettings | None = None,
    *,
    n_procs: int = 2,
    command: str = "mpiexec",
    options: Sequence[str] | str = (),
    timeout: float | None = None,
    verbose: bool | str | int | None = None,
) -> Simulation:
    """Simulate a network whose cells are spread over several processes (MPI ranks).

    For one network too large or too slow for one process. Several trials, or several networks, gain more from
    `n_jobs` of :func:`simulate` and :func:`simulate_many`, which need no MPI.

    Parameters
    ----------
    network : Network
        The model with its drives.
    settings : SimulationSettings | None
        How to simulate it; None takes the defaults. Trials run one after the other, each in all processes; the engine
        is ``'coreneuron'`` or ``'neuron'``, ``n_threads`` counts per process.
    n_procs : int
        Number of processes; -1 takes one per core.
    command : str
        The program that starts them, ``mpiexec`` or ``mpirun``, or its path.
    options : sequence of str | str
        Further options of the command, such as ``["--hostfile", "nodes"]``. The processes take their work from a
        folder in the temporary directory, which on several machines must be one that all of them see (set ``TMPDIR``).
    timeout : float | None
        Give up after so many seconds; None never does.
    verbose : bool | str | int | None
        As everywhere in MNE-Python.

    Returns
    -------
    simulation : Simulation
        As of :func:`simulate`: the same spikes, and the same dipole up to the order of summation (some 1e-12).

    Raises
    ------
    ParameterError
        A wrong argument.
    SimulationError
        There is no MPI, or the run failed; a WorkerError if a process died or the time was out. ``completed`` of the
        exception is a :class:`Simulation` of the trials that had ended, or None.

    Notes
    -----
    Called in a script that was itself started by ``mpiexec -n 4 python script.py``, it simulates in these processes:
    all of them must call it, with the same arguments, and all get the same result; `n_procs`, `command`, `options`
    and `timeout` are of no account then.

    Examples
    --------
    >>> simulate_mpi(network, SimulationSettings(tstop=170.0), n_procs=2)  # doctest: +SKIP
    """
    settings = as_settings(settings)
    if settings.precision == "search":
        raise ParameterError(
            "precision='search' is for comparing many candidates, each in a process, and MPI simulates exactly only: "
            "take simulate_many, or precision='exact'."
        )
    n_procs = n_workers(n_procs, "n_procs")
    if timeout is not None:
        timeout = check_positive(timeout, "timeout (s)")
    check_is_network(network)
    size = world_size()
    count = size if size > 1 else n_procs
    if count > network.n_cells:
        raise ParameterError(
            f"The network has {network.n_cells} cells, fewer than the {count} processes asked for: take fewer."
        )
    settings = settings.made_ready(network)
    if settings.engine == "kernel":  # which has a network to itself
        settings = replace(settings, engine="coreneuron")
    _check_place(settings.engine, neuron_root())
    size_of = (settings.n_trials, settings.tstop, network.n_cells, count)
    logger.info("Simulating %d trial(s) of %g ms, %d cells, %d ranks", *size_of)
    if size > 1:
        return _in_world(network, settings)
    words = tuple(shlex.split(options) if isinstance(options, str) else map(str, options))
    return _launch(network, settings, _Launch(find_launcher(command), n_procs, words, timeout))


def _check_place(engine: str, root: Path) -> None:
    """Refuse what NEURON 9 cannot do: it names CoreNEURON's MPI library in a line that ends the name at a space."""
    if engine == "coreneuron" and re.search(r"\s", str(root)):
        raise SimulationError(
            f"NEURON is installed in a folder whose name has a space ({root}), and cannot start CoreNEURON under MPI "
            "there: give engine='neuron', use n_jobs of simulate() instead, or make the Python environment in another "
            "folder."
        )


def _in_world(network: Network, settings: SimulationSettings) -> Simulation:
    """Take part as one of the ranks that the user's own mpiexec started."""
    if ranks.share().n_ranks == 1:
        clear()  # what is kept built holds all cells
        if ranks.join(library_of_world()).n_ranks == 1:
            raise SimulationError(
                "This script was started as one of several MPI ranks, but NEURON's MPI library sees only itself: name "
                "the library of that mpiexec in the environment variable MPI_LIB_NRN_PATH."
            )
    first = ranks.share().rank == 0
    progress = draw_progress(settings.n_trials * n_stretches(settings.tstop)) if first else lambda: None
    with ranks.together():
        trials = {index: work(network, index, settings, progress) for index in range(settings.n_trials)}
    return collect(network, trials, settings)


class _Launch:
    """How the ranks are started, and what became of them."""

    def __init__(self, launcher: Launcher, n_procs: int, options: tuple[str, ...], timeout: float | None) -> None:
        self.launcher = launcher
        self.n_procs = n_procs
        self.options = options
        self.timeout = timeout

    def command(self, folder: Path) -> list[str]:
        """Return the command line."""
        launcher = self.launcher
        words = [str(launcher.path), "-n", str(self.n_procs)]
        if launcher.family == "Open MPI":
            words += ["--bind-to", "none"]  # else two runs on one machine would share the same cores
            cores = os.cpu_count() or 1
            if self.n_procs > cores and not self.options:
                logger.info(
                    "%d processes share %d cores: this is slower than one process per core.", self.n_procs, cores
                )
                words += ["--map-by", ":OVERSUBSCRIBE"]
        words += [*self.options, sys.executable, "-m", "mne_hnn.simulate.mpi_worker"]
        words += [str(folder), str(launcher.library), str(self.n_procs)]
        if sys.platform == "linux":
            words = [sys.executable, "-S", "-E", "-c", _FOLLOW, *words]
        return words

    def environment(self) -> dict[str, str]:
        """Return the environment of the ranks."""
        environment = {"OMP_WAIT_POLICY": "passive", **os.environ}
        allowed = ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM")
        contained = any(Path(mark).exists() for mark in _CONTAINER)
        if self.launcher.family == "Open MPI" and os.geteuid() == 0 and contained and allowed[0] not in environment:
            logger.info("Running as root inside a container: Open MPI is told that it may (%s=1).", allowed[0])
            environment |= dict.fromkeys(allowed, "1")
        source = str(Path(__file__).parents[2])  # the ranks must find this very package, installed or not
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
        return environment

    def run(self, folder: Path, advance: Callable[[], None]) -> int:
        """Run to the end and return the exit code of the launcher; calls `advance` for each part that ends."""
        with (folder / "output.txt").open("wb") as output:
            process = subprocess.Popen(
                self.command(folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                start_new_session=True,
            )
        try:
            return self._wait(process, folder / "progress", advance)
        finally:
            _end(process)

    def _wait(self, process: subprocess.Popen[bytes], parts: Path, advance: Callable[[], None]) -> int:
        start, told = time.monotonic(), 0
        while True:
            code = process.poll()
            now = parts.stat().st_size if parts.exists() else 0
            for _ in range(now - told):
                advance()
            told = now
            if code is not None:
                return code
            if self.timeout is not None and time.monotonic() - start > self.timeout:
                raise WorkerError(f"The simulation was ended after {self.timeout:g} s: give a longer timeout, or None.")
            time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the launcher and its ranks, and nothing else, if they still run."""
    for signum, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0)):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, signum)
            process.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _launch(network: Network, settings: SimulationSettings, launch: _Launch) -> Simulation:
    advance = draw_progress(settings.n_trials * n_stretches(settings.tstop))
    with tempfile.TemporaryDirectory(prefix="mne_hnn-mpi-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        write_task(folder, network, settings)
        try:
            code = launch.run(folder, advance)
            trials = _finished(folder, settings.n_trials)
            if code != 0 or len(trials) < settings.n_trials:
                _raise(folder, code, launch)
        except SimulationError as error:
            trials = _finished(folder, settings.n_trials)
            error.completed = collect(network, trials, settings) if trials else None
            raise
    return collect(network, trials, settings)


def _finished(folder: Path, n_trials: int) -> dict[int, Trial]:
    found = {index: read_trial(folder, index) for index in range(n_trials)}
    return {index: trial for index, trial in found.items() if trial is not None}


def _raise(folder: Path, code: int, launch: _Launch) -> NoReturn:
    """Say what went wrong in one sentence, from what the ranks left."""
    program = launch.launcher.path.name
    errors = read_errors(folder)
    output = (folder / "output.txt").read_text(encoding="utf-8", errors="replace")
    lines = [line.strip() for line in output.splitlines() if line.strip(" -=\t")]
    last = " | ".join(lines[-5:]) or "none"
    if errors:
        rank, (kind, message) = next(iter(errors.items()))
        if kind == "SimulationError":
            raise SimulationError(message)
        if kind in ("ParameterError", "NetworkError", "DriveError"):
            raise ParameterError(message)
        raise SimulationError(f"Rank {rank} of {launch.n_procs} failed ({kind}: {message}); last lines: {last}")
    # as Open MPI says it ("process rank 1 with PID ...")
    dead = re.search(r"process rank (\d+) with PID", output)
    if dead or (folder / "progress").exists():
        who = f"Rank {dead.group(1)}" if dead else "A rank"
        raise WorkerError(
            f"{who} of {launch.n_procs} died (killed, or out of memory): run again, with fewer processes if memory was "
            f"short. Last lines of {program}: {last}"
        )
    raise SimulationError(
        f"{program} ended with exit code {code} before the simulation began: correct command or options. Its last "
        f"lines: {last}"
    )
