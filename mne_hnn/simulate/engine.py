"""Run one trial in this process.

The network built last is kept: a further trial, other drives, weights or biases only arm it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mne.utils import logger
from numpy.typing import NDArray

from ..errors import ParameterError, SimulationError
from ..network import Network, Wires, connection_wires, drive_events, drive_wires
from ..network.mechanism_uses import custom_mechanisms
from . import _neuron, ranks
from .arm import Armed, arm
from .build import Column
from .detectors import detectors_of
from .kernel import Expanded, beyond_kernel, forget, run_kernel
from .pieces import Piece, join_recordings, total
from .recorder import Recorder
from .settings import SimulationSettings
from .steps import n_steps, n_stretches


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """The outcome of one run, in NEURON's units.

    Attributes
    ----------
    index : int
        Number of the trial.
    moments : dict of str to array, shape (n_samples,)
        Summed dipole moment per cell type, fA m.
    references : dict of str to array, shape (n_samples,)
        What the same cells give undriven and unconnected, fA m.
    spike_times, spike_gids : array, shape (n_spikes,)
        Spikes of cells and drive cells, in order of time, then cell number; ms.
    recordings : dict of str to array, shape (n_channels, n_samples)
        What was asked for of each quantity: mV, nA, mM.
    lfp : dict of str to array, shape (n_contacts, n_samples)
        Potentials per electrode array, uV.
    """

    index: int
    moments: dict[str, NDArray[np.float64]]
    references: dict[str, NDArray[np.float64]]
    spike_times: NDArray[np.float64]
    spike_gids: NDArray[np.int64]
    recordings: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    lfp: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


# NEURON has one state per process: one run at a time.
_running = threading.RLock()
_column: Column | None = None
_expanded: tuple[Network, Wires] | None = None


def _connections(network: Network) -> Wires:
    """Expand the connections, or take the last expansion if nothing that decides it has changed."""
    global _expanded
    fields = ("populations", "connections", "gains", "inplane_distance_um", "threshold_mV")
    if _expanded is not None:
        last, wires = _expanded
        if last is network or all(getattr(last, name) == getattr(network, name) for name in fields):
            return wires
    wires = connection_wires(network)
    _expanded = (network, wires)
    return wires


def _same_routes(known: Wires, wires: Wires) -> bool:
    if known is wires:
        return True
    arrays = ("source", "target", "site", "delay_ms", "threshold")
    return known.sites == wires.sites and all(np.array_equal(getattr(known, a), getattr(wires, a)) for a in arrays)


def column_for(network: Network, drives: Mapping[str, Wires], settings: SimulationSettings) -> Column:
    """Return a column that can run `network`, building one only if the one at hand cannot."""
    global _column
    wires, tstop = _connections(network), settings.tstop
    _check_delays(wires, settings.dt, settings.n_threads)
    sites = frozenset(wires.sites).union(*(drive.sites for drive in drives.values()))
    _refuse_foreign_sections()
    column = _column
    # what a file of one's own does not set at the start of a run must not come from the last run: built anew
    own = bool(custom_mechanisms(network))
    if column is not None and not own and column.network.populations == network.populations:
        fits = (
            column.sites >= sites
            and column.horizon_ms >= tstop
            and column.detectors == detectors_of(network)
            and column.network.celsius == network.celsius
            and _same_routes(column.wires, wires)
        )
        if fits and column.reweigh(wires):
            return column
        sites |= column.sites  # so that two networks in turn do not build each other away
    clear()
    _column = Column(network, wires, tstop, sites)
    return _column


def _check_delays(wires: Wires, dt: float, n_threads: int) -> None:
    """Refuse connections that are faster than events can be handed over."""
    shortest = float(wires.delay_ms.min()) if len(wires) else np.inf
    if shortest < dt:
        raise ParameterError(
            f"A connection has a delay of {shortest:g} ms, shorter than the time step of {dt:g} ms: make the delay at "
            "least one step, or dt smaller."
        )
    if n_threads > 1 and shortest < 2 * dt - 1e-9:
        raise ParameterError(
            f"A connection has a delay of {shortest:g} ms, but cells on several threads need two time steps of {dt:g} "
            "ms: make the delay longer or dt smaller, or take n_threads=1."
        )


def _refuse_foreign_sections() -> None:
    h, _ = _neuron.load()
    own = 0 if _column is None else _column.n_sections()
    if _neuron.count_sections(h) != own:
        raise SimulationError(
            "This process holds NEURON sections that were not made by mne_hnn, and they would be simulated with it: "
            "delete them, or simulate with n_jobs=2 or more, in processes of their own."
        )


def clear() -> None:
    """Forget the network that is kept built, and free its memory.

    Examples
    --------
    >>> clear()
    """
    global _column
    forget()
    if _column is not None:
        _column.close()
        _column = None


@contextmanager
def _ends_named_exactly(coreneuron: Any) -> Iterator[None]:
    """Tell CoreNEURON the end of a stretch with all its digits: NEURON names six, too few for runs beyond 10 s."""
    named = coreneuron.nrncore_arg

    def name(tstop: float) -> str:
        words: str = named(tstop)
        return words.replace(f"--tstop {float(tstop):g}", f"--tstop {float(tstop)!r}")

    coreneuron.nrncore_arg = name  # of the object, which stands before that of its class
    try:
        yield
    finally:
        del coreneuron.nrncore_arg


def _integrate(
    column: Column, armed: Armed, recorder: Recorder, settings: SimulationSettings, progress: Callable[[], None]
) -> None:
    from neuron import coreneuron

    tstop, dt = settings.tstop, settings.dt
    column.h.dt = dt
    column.h.secondorder = 0  # backward Euler, whatever else was done in this process
    column.pc.set_maxstep(10)
    coreneuron.enable = engine_of(column.network, settings) != "neuron"
    coreneuron.verbose = 0
    # rows of equal cells side by side, which the vectorised tree solver needs
    coreneuron.cell_permute = 1 if column.library.variant == "vector" else 0
    try:
        column.initialise()
        for netcon, time in armed.arrivals:
            netcon.event(time)
        step, stretches = 0, n_stretches(tstop)
        longest = min(ranks.gather(recorder.steps_per_stretch))  # ranks stop and go on together
        for k in range(1, stretches + 1):
            end = round(k * tstop / stretches / dt)
            while step < end:
                step = min(end, step + longest)
                # A whole number of steps, so that a run in stretches is the run in one to the last bit. The quarter
                # step outweighs the rounding of NEURON's added-up time, which would make some stretches one step short.
                with _ends_named_exactly(coreneuron):
                    column.pc.psolve((step + 0.25) * dt)
                recorder.drain()
            progress()
    except RuntimeError as error:
        clear()  # another user of NEURON in this process may have changed what was built
        raise SimulationError(
            f"NEURON stopped: {str(error).strip()}. The network is built anew by the next call."
        ) from error
    finally:
        coreneuron.enable = False
        recorder.close()
        column.clamps.clear()


def _piece(column: Column, armed: Armed, recorder: Recorder, steps: int) -> Piece:
    """Return what this process knows of the run that ended."""
    moments, largest_voltage = column.moments(), column.largest_voltage()
    times, gids = column.spikes()
    if moments.shape[1:] != (steps + 1,) and len(moments):
        raise SimulationError(f"The run gave {moments.shape[1]} samples instead of {steps + 1}.")
    # "not below" rather than "above": what is not a number is caught too
    stable = largest_voltage < 1e4 and not (len(moments) and not np.abs(moments).max() < column.largest_moment)
    moments = moments.reshape(-1, steps + 1)
    if column.share.rank == 0:  # all ranks know the spikes of the drives
        times = np.concatenate([times, armed.spike_times])
        gids = np.concatenate([gids, armed.spike_gids])
    silent = np.zeros(steps + 1)
    references = {
        name: moments[column.reference_moments[name]] if name in column.reference_moments else silent
        for name in column.moment_groups
    }
    sums = {name: moments[rows].sum(axis=0) for name, rows in column.moment_groups.items()}
    return Piece(stable, sums, references, times, gids, *recorder.results())


def engine_of(network: Network, settings: SimulationSettings) -> str:
    """Return the engine that runs a network: NEURON itself with mechanisms of one's own, else what was asked for.

    What the kernel lacks it leaves to CoreNEURON.

    Parameters
    ----------
    network : Network
        The network.
    settings : SimulationSettings
        How, resolved.
    """
    if custom_mechanisms(network):
        return "neuron"
    return "coreneuron" if settings.engine == "kernel" and beyond_kernel(network, settings) else settings.engine


def _kernel_can(network: Network, settings: SimulationSettings) -> bool:
    """Return whether the kernel runs a trial; if not although it was to, say why where details are asked for."""
    if settings.engine != "kernel":
        return False
    reason = "processes that share a network" if ranks.share().n_ranks > 1 else beyond_kernel(network, settings)
    if reason is not None:
        name = {"neuron": "NEURON", "coreneuron": "CoreNEURON"}[engine_of(network, settings)]
        logger.debug("Simulating in %s instead of the kernel, which has no %s.", name, reason)
    return reason is None


def _run_in_kernel(expanded: Expanded, settings: SimulationSettings, progress: Callable[[], None]) -> Piece:
    _check_delays(expanded.wires, settings.dt, settings.n_threads)
    return run_kernel(expanded, settings, progress)


def _run_in_neuron(expanded: Expanded, settings: SimulationSettings, progress: Callable[[], None]) -> Piece:
    network, drives = expanded.network, expanded.drives
    column = column_for(network, drives, settings)
    if not column.set_threads(settings.n_threads):
        clear()
        column = column_for(network, drives, settings)
        column.set_threads(settings.n_threads)
    armed = arm(column, network, drives, expanded.events, settings.tstop)
    sites = frozenset(column.wires.sites).union(*(wires.sites for wires in drives.values()))
    recorder = Recorder(column, network, sites, settings)
    _integrate(column, armed, recorder, settings, progress)
    return _piece(column, armed, recorder, n_steps(settings.tstop, settings.dt))


def run_trial(
    network: Network, trial: int, settings: SimulationSettings, progress: Callable[[], None] = lambda: None
) -> Trial:
    """Simulate one trial.

    Parameters
    ----------
    network : Network
        Model and drives.
    trial : int
        Number of the trial, from 0.
    settings : SimulationSettings
        How, resolved: ``'auto'`` is no engine here.
    progress : callable
        Called after each of the :func:`n_stretches` of the run.

    Returns
    -------
    Trial
        Moments and spikes.
    """
    ranks.check_together()
    drives = {name: drive_wires(network, drive) for name, drive in network.drives.items()}
    events = drive_events(network, trial, settings.tstop, settings.seed)
    with _running:
        run = _run_in_kernel if _kernel_can(network, settings) else _run_in_neuron
        own = run(Expanded(network, _connections(network), drives, events), settings, progress)
    pieces = ranks.gather(own)
    if not all(piece.stable for piece in pieces):
        raise SimulationError(
            "The simulation became unstable: voltages exceed 10 V or are not numbers. Reduce dt, or look for a weight, "
            "a bias or a channel density that is far too large."
        )
    times = np.concatenate([piece.spike_times for piece in pieces])
    gids = np.concatenate([piece.spike_gids for piece in pieces])
    order = np.lexsort((gids, times))
    return Trial(
        index=trial,
        moments=total([piece.moments for piece in pieces]),
        references={
            name: moment * len(network.populations[name])
            for name, moment in total([piece.references for piece in pieces]).items()
        },
        spike_times=times[order],
        spike_gids=gids[order],
        recordings=join_recordings([piece.recordings for piece in pieces], network, settings.record),
        lfp=total([piece.lfp for piece in pieces]),
    )
