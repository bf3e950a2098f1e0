"""Run by the interpreter of a build, old or new: simulates what ``column.py`` asks for, and says how long it took.

A request is a line of JSON on standard input, ``{"task": ..., ...}``; an answer a line of JSON on standard output. What
the package itself prints goes to standard error. It speaks the API of commit 7b18579 as well as today's.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shlex
import subprocess
import sys
import warnings
from importlib.metadata import version

from _timing import TSTOP, cpu_seconds, peak_memory, timed

ELECTRODES = "25 electrodes, 2 kHz"


def about() -> dict[str, object]:
    """Return what this build is, and what it can do."""
    import mne_hnn
    from mne_hnn.simulate import mechanism_library, simulate, toolchain

    compiler = toolchain.find_compiler()
    said = subprocess.run([*shlex.split(compiler), "--version"], capture_output=True, text=True, check=True).stdout
    library = mechanism_library()
    macros = toolchain.target_macros(compiler, ("-march=native",)) or ""
    widths = [name for name, macro in (("AVX-512", "__AVX512DQ__"), ("AVX2", "__AVX2__")) if macro in macros]
    return {
        "mne_hnn": version("mne-hnn"),
        "folder": os.path.dirname(mne_hnn.__file__),
        "neuron": version("neuron"),
        "compiler": said.splitlines()[0],
        "mechanisms": library.variant,
        "compiled for": "any processor" if library.variant != "vector" else (widths or ["baseline"])[0],
        "precision": "precision" in inspect.signature(simulate).parameters,
    }


def column(size: int = 10, first: int | None = None, candidate: int | None = None, electrodes: bool | None = None):
    """Return the evoked response.

    With `first`, a weight that differs in its sixth digit: no expansion of connections is left of an earlier network.
    With `candidate`, other drives. With `electrodes`, cells where they can be, and contacts if it is true.
    """
    from mne_hnn.network import jones_2009, with_erp_drives

    weights = {} if first is None else {"gbar_L2Basket_L2Basket": 0.02 * (1 + 1e-6 * (first + 1))}
    network = with_erp_drives(jones_2009(mesh_shape=(size, size), weights=weights))
    if candidate is not None:
        for k, (name, drive) in enumerate(network.drives.items()):
            network = network.with_drive_changes(name, mu_ms=drive.mu_ms + (-1) ** k * (1.0 + candidate % 8))
    if electrodes is not None:
        network = network.with_positions(inplane_distance_um=30.0)
    if electrodes:
        from recordings import CONTACTS

        network = network.with_electrodes("shank", CONTACTS)
    return network


def start(tstop: float = 5.0) -> dict[str, float]:
    """Compile if need be, load, and run a small column."""
    return clocked(run, column(2), 0, tstop=tstop)[0]


def clocked(function, *arguments, **options):
    """Return the seconds of a call on the wall and of processors, and what it returned."""
    before = cpu_seconds()
    seconds, value = timed(function, *arguments, **options)
    return {"seconds": seconds, "cpu": cpu_seconds() - before}, value


def run(network, seed: int, *, tstop: float = TSTOP, electrodes: bool = False, precision: str | None = None):
    """Simulate a trial up to its dipole."""
    from mne_hnn.simulate import simulate

    options = {} if precision is None else {"precision": precision}
    if electrodes:
        from recordings import CASES

        options["record"] = CASES[ELECTRODES][0]
    simulation = simulate(network, tstop, seed=seed, verbose="error", **options)
    return simulation, simulation.dipole


def spikes_of(simulation) -> str:
    """Return a digest of when which cell fired, to a nanosecond."""
    spikes = simulation.spikes
    rows = sorted((round(float(time) * 1e9), int(gid)) for time, gid in zip(spikes.time, spikes.gid, strict=True))
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def trial(
    *,
    size: int = 10,
    seed: int = 0,
    first: int | None = None,
    candidate: int | None = None,
    electrodes: bool | None = None,
    precision: str | None = None,
) -> dict[str, object]:
    """Simulate a trial; with `first`, after everything that was built is forgotten."""
    from mne_hnn.simulate import clear

    network = column(size, first, candidate, electrodes)
    if first is not None:
        run(column(2), seed, tstop=5.0)
        clear()
    took, (simulation, _) = clocked(run, network, seed, electrodes=bool(electrodes), precision=precision)
    return {**took, "spikes": spikes_of(simulation), "number": len(simulation.spikes)}


def many(*, draw: int, n: int, n_jobs: int, precision: str | None = None) -> dict[str, object]:
    """Simulate `n` candidates of a search, from draw number `draw` on, in processes that run already."""
    from _draws import drawn_column

    from mne_hnn.simulate import simulate_many

    networks = [drawn_column(draw + k) for k in range(n)]
    took, outcomes = clocked(many_of, simulate_many, networks, n_jobs, precision)
    failed = sum(isinstance(outcome, Exception) for outcome in outcomes)
    digest = hashlib.sha256("".join(spikes_of(done) for done in outcomes if not isinstance(done, Exception)).encode())
    return {**took, "spikes": digest.hexdigest()[:16], "failed": failed}


def many_of(simulate_many, networks, n_jobs: int, precision: str | None):
    """Call it as this build has it."""
    if "tstop" in inspect.signature(simulate_many).parameters:
        return simulate_many(networks, TSTOP, n_jobs=n_jobs)
    from mne_hnn.simulate import SimulationSettings

    options = {} if precision is None else {"precision": precision}
    return simulate_many(networks, SimulationSettings(tstop=TSTOP, **options), n_jobs=n_jobs)


def routes(*, size: int) -> dict[str, int]:
    """Return how many cells a mesh has, and pairs of cells that an event can travel between within the run."""
    from mne_hnn.network import connection_wires

    network = column(size)
    return {"cells": network.n_cells, "routes": int((connection_wires(network).delay_ms <= TSTOP).sum())}


def memory() -> dict[str, float]:
    """Return the largest memory of this process."""
    return {"memory": peak_memory()}


TASKS = {task.__name__: task for task in (about, start, trial, many, routes, memory)}


def main() -> None:
    """Answer until there are no more requests."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import mne

    mne.set_log_level("error")
    warnings.simplefilter("ignore")  # of a column without drives, which is run to load everything
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(TASKS[request.pop("task")](**request)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
