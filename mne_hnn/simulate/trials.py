"""Simulate a network: trials, workers, baseline, result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import mne
import numpy as np
from mne.utils import ProgressBar, logger, verbose
from numpy.typing import NDArray

from .._units import MS, MV, NA, UV
from ..baseline import published_baseline
from ..dipole import Dipole
from ..errors import ParameterError, SimulationError, WorkerError
from ..lfp import lfp_epochs
from ..network import Network
from ..parallel import Lost, pool, run_with_retries
from ..recordings import Recording
from ..spikes import Spikes
from .baselines import dipole_layers, pyramidal_cells
from .computing import Computing
from .engine import Trial, engine_of, run_trial
from .record import Record, as_record, every_nth, recording_channels, variable_units
from .result import Simulation
from .settings import SimulationSettings
from .steps import n_steps, n_stretches

# from the simulator's units to those of a Recording
_SI = {"voltage": MV, "synaptic_current": NA, "calcium": 1.0, "membrane_current": NA}


def _dipole(network: Network, trial: Trial, times_ms: NDArray[np.float64], baseline: str) -> Dipole:
    data: dict[str, NDArray[np.float64]] = {}
    for layer, cell_types in dipole_layers(network).items():
        moment = np.sum([trial.moments[name] for name in cell_types], axis=0)
        if baseline == "measured":
            moment = moment - np.sum([trial.references[name] for name in cell_types], axis=0)
        elif baseline == "published":
            moment[0] = 0.0  # the published software leaves its first sample at zero
        data[layer] = moment
    agg = np.sum([np.zeros(len(times_ms)), *data.values()], axis=0)  # zero where no cell type measures the dipole
    dipole = Dipole.from_fAm(times_ms, {"agg": agg, **data}, comment=f"{network.name}, trial {trial.index}")
    if baseline == "published":
        dipole.subtract(published_baseline(dipole, pyramidal_cells(network)))
    return dipole


def _stack(parts: Sequence[NDArray[np.float64]], unit: float) -> NDArray[np.float64]:
    """Join trials and convert their unit in place: such tables can be large."""
    table = np.array(parts)
    table *= unit
    return table


def _recordings(network: Network, trials: Sequence[Trial], settings: SimulationSettings) -> dict[str, Recording]:
    channels = recording_channels(network, settings.record)
    times = _sample_times(settings)
    units = variable_units(network)
    return {
        quantity: Recording(
            quantity=quantity,
            times=times,
            data=_stack([trial.recordings[quantity] for trial in trials], _SI.get(quantity, 1.0)),
            channels=found,
            trials=tuple(trial.index for trial in trials),
            own_unit=units.get(quantity, ""),
        )
        for quantity, found in channels.items()
    }


def _sample_times(settings: SimulationSettings) -> NDArray[np.float64]:
    every = every_nth(settings.record, settings.dt)
    steps = np.arange(n_steps(settings.tstop, settings.dt) // every + 1, dtype=np.float64)
    return np.asarray(steps * (every * settings.dt * MS))


def _lfp(network: Network, trials: Sequence[Trial], settings: SimulationSettings) -> dict[str, mne.EpochsArray]:
    sfreq = 1 / (every_nth(settings.record, settings.dt) * settings.dt * MS)
    return {
        name: lfp_epochs(_stack([trial.lfp[name] for trial in trials], UV), sfreq, name, array)
        for name, array in network.electrodes.items()
    }


def collect(network: Network, trials: Mapping[int, Trial], settings: SimulationSettings) -> Simulation:
    """Turn raw trials into a :class:`Simulation`."""
    times_ms = settings.dt * np.arange(n_steps(settings.tstop, settings.dt) + 1, dtype=np.float64)
    indices = sorted(trials)
    spikes = Spikes.from_trials(
        [trials[k].spike_times * MS for k in indices],
        [trials[k].spike_gids for k in indices],
        gid_ranges=network.gid_ranges,
        tmin=0.0,
        tmax=settings.tstop * MS,
        trials=indices,
    )
    return Simulation(
        network=network,
        dipoles=tuple(_dipole(network, trials[k], times_ms, settings.baseline) for k in indices),
        spikes=spikes,
        tstop=settings.tstop,
        dt=settings.dt,
        seed=settings.seed,
        baseline=settings.baseline,
        engine=engine_of(network, settings),
        precision=settings.precision,
        recordings=_recordings(network, [trials[k] for k in indices], settings),
        lfp=_lfp(network, [trials[k] for k in indices], settings),
    )


def work(
    network: Network, index: int, settings: SimulationSettings, progress: Callable[[], None] = lambda: None
) -> Trial:
    """One trial, here or in a worker process."""
    return run_trial(network, index, settings, progress)


def draw_progress(total: int) -> Callable[[], None]:
    """Return a function to call after each of `total` parts; it draws a bar if there is more than one."""
    if total < 2:
        return lambda: None
    bar = ProgressBar(total, mesg="Simulating")
    parts = count(1)
    return lambda: bar.update(next(parts))


def _attempt(network: Network, index: int, settings: SimulationSettings) -> Trial | SimulationError | ParameterError:
    """Return the error of a trial instead of raising it: the other trials go on."""
    try:
        return work(network, index, settings)
    except (SimulationError, ParameterError) as error:
        return error


def _run_here(network: Network, settings: SimulationSettings) -> dict[int, Trial]:
    done: dict[int, Trial] = {}
    progress = draw_progress(settings.n_trials * n_stretches(settings.tstop))
    try:
        for index in range(settings.n_trials):
            done[index] = work(network, index, settings, progress)
    except SimulationError as error:
        error.completed = collect(network, done, settings) if done else None
        raise
    return done


def _run_in_processes(network: Network, settings: SimulationSettings, n_processes: int) -> dict[int, Trial]:
    """Run all trials, then raise what went wrong first: an error of a trial rather than the death of its process."""
    done: dict[int, Trial] = {}
    failed: list[SimulationError | ParameterError] = []
    died: list[int] = []
    advance = draw_progress(settings.n_trials)

    def ended(index: int, outcome: Trial | SimulationError | ParameterError | Lost) -> None:
        if isinstance(outcome, Trial):
            done[index] = outcome
            advance()
        elif isinstance(outcome, Lost):
            died.append(index)
        else:
            failed.append(outcome)

    tasks = {index: (network, index, settings) for index in range(settings.n_trials)}
    run_with_retries(_attempt, tasks, pool(n_processes), ended, retries=0)
    if died and not failed:
        failed.append(
            WorkerError(
                f"A worker process died while it simulated trial {died[0]} (killed, or out of memory); {len(done)} of "
                f"{settings.n_trials} trials were completed and are in the exception's `completed`. Run again, with "
                "fewer n_jobs if memory was short."
            )
        )
    if not failed:
        return done
    if isinstance(failed[0], SimulationError):
        failed[0].completed = collect(network, done, settings) if done else None
    raise failed[0]


def _run_all(network: Network, settings: SimulationSettings, computing: Computing) -> dict[int, Trial]:
    n_processes = computing.n_processes
    return _run_here(network, settings) if n_processes == 1 else _run_in_processes(network, settings, n_processes)


@verbose
def simulate(
    network: Network,
    tstop: float = 170.0,
    *,
    n_trials: int = 1,
    dt: float = 0.025,
    n_jobs: int = 1,
    seed: int | None = None,
    baseline: str = "measured",
    engine: str = "auto",
    n_threads: int = 1,
    record: Record | Mapping[str, Any] | None = None,
    precision: str = "exact",
    verbose: bool | str | int | None = None,
) -> Simulation:
    """Simulate a network and return its dipole and spikes.

    Parameters
    ----------
    network : Network
        The model with its drives, for example ``with_erp_drives(jones_2009())``.
    tstop : float
        Duration in ms.
    n_trials : int
        Number of trials; each draws its own events from the drives.
    dt : float
        Time step in ms; must divide `tstop`. The published models are defined at 0.025: beyond 0.05 a warning says
        how much results differ, and above 0.5 it is refused.
    n_jobs : int
        Processes to spread the trials over; 1 runs in this process, -1 takes one per core. The result does not
        depend on it.
    seed : int | None
        None takes the event seeds of the drives, which repeat published runs spike by spike. A number gives
        fresh, independent draws.
    baseline : str
        ``'measured'`` subtracts the dipole of the same cells undriven and unconnected, simulated alongside.
        ``'published'`` subtracts the fixed curve of the published software (Jones et al. 2009), for comparison.
        ``'none'`` subtracts nothing.
    engine : str
        ``'kernel'``, this package's own loop over the cells; ``'coreneuron'``, several times slower; or ``'neuron'``,
        slower again: the same mechanisms in NEURON itself, against which the others are checked. ``'auto'`` takes the
        fastest that could be compiled here and can do what is asked for: of a network with synapses or channels of
        one's own that is NEURON.
    n_threads : int
        Threads of each process; -1 takes one per core. They share the cells of one trial: spikes do not depend on it,
        the dipole does in its last bits. The kernel has one; more are CoreNEURON's, which takes several to be as fast,
        so this pays for one trial of a large network on many cores. For several trials or networks `n_jobs` gains more.
    record : Record | dict | None
        What to record of single cells, such as ``{"voltage": "soma"}``: see :class:`Record`. What the electrodes of
        the network see is always recorded.
    precision : str
        ``'exact'``, or ``'search'`` for comparing many candidates: single precision and two steps at a time, several
        times faster. Its error in the smoothed dipole is about a third of that of the time step itself where cells
        fire, in medians over drives of a broad prior, and a sixth where they do not; spikes can move.
    verbose : bool | str | int | None
        As everywhere in MNE-Python.

    Returns
    -------
    simulation : Simulation
        Dipoles per trial (A m), spikes, and what made them.

    Raises
    ------
    ParameterError
        A wrong argument; the sentence says which and what was expected.
    CompilationError
        The mechanisms are not compiled yet and cannot be.
    SimulationError
        A trial failed; if a worker process died, it is a WorkerError. ``completed`` of the exception is a
        :class:`Simulation` of the other trials, or None.

    Notes
    -----
    The result is a pure function of network, seed, dt and number of trials: the same bytes for any `n_jobs` on one
    machine. The network is kept built in each process, so that a further call with other drives or weights starts
    at once; :func:`clear` frees it.

    Examples
    --------
    >>> simulation = simulate(network, tstop=60.0, n_trials=2)
    >>> simulation.dipole.scale(3000).layers  # an average; the trials are in simulation.dipoles
    ('agg', 'L2', 'L5')
    >>> len(simulation.dipoles), simulation.spikes.n_trials
    (2, 2)
    """
    settings = SimulationSettings(
        tstop=tstop,
        n_trials=n_trials,
        dt=dt,
        seed=seed,
        baseline=baseline,
        engine=engine,
        n_threads=n_threads,
        record=as_record(record),
        precision=precision,
    )
    computing = Computing(n_jobs=n_jobs)
    settings = settings.made_ready(network)
    logger.info("Simulating %d trial(s) of %g ms, %d cells", settings.n_trials, settings.tstop, network.n_cells)
    return collect(network, _run_all(network, settings, computing), settings)
