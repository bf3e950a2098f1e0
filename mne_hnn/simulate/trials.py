"""Simulate a network: trials, workers, baseline, result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import mne
import numpy as np
from mne.utils import ProgressBar, logger, verbose
from numpy.typing import NDArray

from .._checks import check_int, check_name, check_seed
from .._units import MS, MV, NA, UV
from .._warn import warn
from ..baseline import published_baseline
from ..dipole import Dipole
from ..errors import ParameterError, SimulationError
from ..lfp import lfp_epochs
from ..network import Network
from ..recordings import Recording
from ..spikes import Spikes
from .engine import ENGINES, Trial, n_steps, n_stretches, run_trial
from .extracellular import warn_of_contacts_inside_cells
from .library import mechanism_library
from .precautions import (
    check_times,
    warn_of_coarse_steps,
    warn_of_large_tables,
    warn_of_silence,
    warn_of_unheard_drives,
)
from .record import Record, as_record, check_sampling, every_nth, recording_channels
from .result import Simulation
from .workers import n_workers, pool

BASELINES = ("measured", "published", "none")
# from the simulator's units to those of a Recording
_SI = {"voltage": MV, "synaptic_current": NA, "calcium": 1.0, "membrane_current": NA}


def dipole_layers(network: Network) -> dict[str, list[str]]:
    """Return the dipole-bearing cell types of each layer, superficial layers first."""
    layers: dict[str, list[str]] = {}
    for cell_type, template in network.cell_types.items():
        if template.measures_dipole:
            layers.setdefault(template.layer, []).append(cell_type)
    return {name: layers[name] for name in sorted(layers)}


def _pyramidal_cells(network: Network) -> int:
    """Return how many cells each layer has, if the published baseline is defined for them."""
    counts = {len(network.populations[name]) for types in dipole_layers(network).values() for name in types}
    if set(dipole_layers(network)) != {"L2", "L5"} or len(counts) != 1:
        raise ParameterError(
            "baseline='published' is defined for one pyramidal cell type in each of L2 and L5, in equal numbers: "
            "use baseline='measured'."
        )
    return counts.pop()


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
        dipole.subtract(published_baseline(dipole, _pyramidal_cells(network)))
    return dipole


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialSettings:
    """What all trials of one call share; units ms."""

    tstop: float
    dt: float
    seed: int | None
    baseline: str
    engine: str
    record: Record
    n_threads: int = 1


def check_network(network: Network, settings: TrialSettings) -> None:
    """Refuse before the work what a network does not have for some settings."""
    if settings.baseline == "published":
        _pyramidal_cells(network)
    recording_channels(network, settings.record)


def _stacked(parts: Sequence[NDArray[np.float64]], unit: float) -> NDArray[np.float64]:
    """Join trials and convert their unit in place: such tables can be large."""
    table = np.array(parts)
    table *= unit
    return table


def _recordings(network: Network, trials: Sequence[Trial], settings: TrialSettings) -> dict[str, Recording]:
    channels = recording_channels(network, settings.record)
    times = _sample_times(settings)
    return {
        quantity: Recording(
            quantity=quantity,
            times=times,
            data=_stacked([trial.recordings[quantity] for trial in trials], _SI[quantity]),
            channels=found,
            trials=tuple(trial.index for trial in trials),
        )
        for quantity, found in channels.items()
    }


def _sample_times(settings: TrialSettings) -> NDArray[np.float64]:
    every = every_nth(settings.record, settings.dt)
    steps = np.arange(n_steps(settings.tstop, settings.dt) // every + 1, dtype=np.float64)
    return np.asarray(steps * (every * settings.dt * MS))


def _lfp(network: Network, trials: Sequence[Trial], settings: TrialSettings) -> dict[str, mne.EpochsArray]:
    sfreq = 1 / (every_nth(settings.record, settings.dt) * settings.dt * MS)
    return {
        name: lfp_epochs(_stacked([trial.lfp[name] for trial in trials], UV), sfreq, name, array)
        for name, array in network.electrodes.items()
    }


def collect(network: Network, trials: Mapping[int, Trial], settings: TrialSettings) -> Simulation:
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
        engine=settings.engine,
        recordings=_recordings(network, [trials[k] for k in indices], settings),
        lfp=_lfp(network, [trials[k] for k in indices], settings),
    )


def work(network: Network, index: int, settings: TrialSettings, progress: Callable[[], None] = lambda: None) -> Trial:
    """One trial, here or in a worker process."""
    return run_trial(
        network,
        trial=index,
        tstop=settings.tstop,
        dt=settings.dt,
        seed=settings.seed,
        engine=settings.engine,
        n_threads=settings.n_threads,
        record=settings.record,
        progress=progress,
    )


def available_engine(engine: str) -> str:
    """Return the engine to use, compiling the mechanisms here if they are not yet: workers would do it unseen."""
    check_name(engine, ENGINES, "engine")
    library = mechanism_library()
    if library.coreneuron_path is not None:
        return "coreneuron" if engine == "auto" else engine
    if engine == "coreneuron":
        raise SimulationError(
            "The mechanisms were compiled without CoreNEURON: use engine='neuron', or see with `mne-hnn compile "
            "--variant portable` why."
        )
    if engine == "auto":
        warn("Simulating in plain NEURON, several times slower: the mechanisms have no CoreNEURON.")
    return "neuron"


def draw_progress(total: int) -> Callable[[], None]:
    """Return a function to call after each of `total` parts; it draws a bar if there is more than one."""
    if total < 2:
        return lambda: None
    bar = ProgressBar(total, mesg="Simulating")
    parts = count(1)
    return lambda: bar.update(next(parts))


def _run_all(network: Network, n_trials: int, settings: TrialSettings, n_jobs: int) -> dict[int, Trial]:
    done: dict[int, Trial] = {}
    try:
        if n_workers(n_jobs) == 1:
            progress = draw_progress(n_trials * n_stretches(settings.tstop))
            for index in range(n_trials):
                done[index] = work(network, index, settings, progress)
            return done
        advance = draw_progress(n_trials)
        tasks = {index: (network, index, settings) for index in range(n_trials)}
        return pool(n_workers(n_jobs)).run(work, tasks, lambda _index, _trial: advance())
    except SimulationError as error:
        done = done or error.completed or {}
        error.completed = collect(network, done, settings) if done else None
        raise


def shared_settings(
    tstop: float,
    *,
    dt: float,
    seed: int | None,
    baseline: str,
    engine: str,
    n_threads: int,
    record: Record | Mapping[str, Any] | None,
) -> TrialSettings:
    """Check what a user gave for a simulation of any network."""
    check_times(tstop, dt)
    n_threads = n_workers(n_threads, "n_threads")
    check_name(baseline, BASELINES, "baseline")
    if seed is not None:
        seed = check_seed(seed, "seed")
    record = as_record(record)
    check_sampling(record, tstop, dt)
    return TrialSettings(
        tstop=float(tstop),
        dt=float(dt),
        seed=seed,
        baseline=baseline,
        engine=available_engine(engine),
        record=record,
        n_threads=n_threads,
    )


def trial_settings(network: Network, tstop: float, **given: Any) -> TrialSettings:
    """Check what a user gave for a simulation of a network, before the work; see :func:`shared_settings`."""
    if not isinstance(network, Network):
        raise ParameterError(f"network must be a Network, such as jones_2009() returns, got {type(network).__name__}.")
    settings = shared_settings(tstop, **given)
    check_network(network, settings)
    warn_of_coarse_steps(tstop, settings.dt)
    warn_of_contacts_inside_cells(network)
    warn_of_silence(network, settings.tstop)
    warn_of_unheard_drives(network, tstop)
    return settings


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
        ``'coreneuron'``, or ``'neuron'``: the same mechanisms in plain NEURON, several times slower. ``'auto'`` takes
        CoreNEURON if the mechanisms could be compiled for it.
    n_threads : int
        Threads of each process; -1 takes one per core. They share the cells of one trial: spikes do not depend on it,
        the dipole does in its last bits. Pays for one trial of a large network; for several trials or networks
        `n_jobs` gains more.
    record : Record | dict | None
        What to record of single cells, such as ``{"voltage": "soma"}``: see :class:`Record`. What the electrodes of
        the network see is always recorded.
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
    """
    settings = trial_settings(
        network, tstop, dt=dt, seed=seed, baseline=baseline, engine=engine, n_threads=n_threads, record=record
    )
    n_trials = check_int(n_trials, "n_trials", minimum=1)
    n_workers(n_jobs)
    warn_of_large_tables(network, settings.record, tstop, dt, n_trials)
    logger.info("Simulating %d trial(s) of %g ms, %d cells", n_trials, tstop, network.n_cells)
    return collect(network, _run_all(network, n_trials, settings, n_jobs), settings)
