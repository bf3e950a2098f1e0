"""Which drive does what: the dipole of a driven column taken apart by drives, layers and currents."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np
from mne.utils import logger

from .._checks import check_bool, check_positive
from .._smoothing import smoothed_rows
from .._types import FloatArray
from .._units import FAM, MS
from .._value import FrozenMap, OrderedFrozenMap
from ..dipole import Dipole
from ..errors import ParameterError, SimulationError, WorkerError
from ..network import CustomSynapse, Network
from ..parallel import Lost, run_with_retries
from ..simulate import Computing, Record, Simulation, SimulationSettings
from ..simulate.settings import as_settings, check_is_network
from ..simulate.steps import n_steps
from ..simulate.trials import collect, draw_progress
from .contribution_parts import Contributions
from .current_moments import CURRENTS, Moments, TrialMoments, run_and_weigh
from .spiking_counts import SpikeCounts, spikes_per_cell

__all__ = ["drive_contributions", "receptor_of_ones_own", "silenced"]


def silenced(network: Network, names: Iterable[str]) -> Network:
    """Return a network in which some drives reach no cell, and everything else is as it was.

    The drives stay, with weights of 0: by the published rule, event times of later trials depend on the number of all
    drive cells, so that taking a drive out would change the events of the others.

    Parameters
    ----------
    network : Network
        The network.
    names : iterable of str
        The drives.

    Returns
    -------
    network : Network
        With the same events.
    """
    drives = dict(network.drives)
    for name in names:
        drive = drives[name]
        drives[name] = replace(
            drive,
            weights_ampa=FrozenMap(dict.fromkeys(drive.weights_ampa, 0.0)),
            weights_nmda=FrozenMap(dict.fromkeys(drive.weights_nmda, 0.0)),
        )
    return replace(network, drives=OrderedFrozenMap(drives))


def drive_contributions(
    network: Network,
    settings: SimulationSettings | None = None,
    *,
    scale: float = 1.0,
    smooth_ms: float | None = None,
    currents: bool = True,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
) -> Contributions:
    """Take the dipole of a driven column apart: by drives, by layers, and by currents.

    Each drive is left out once, and once it acts alone, with all random events the same. Of synapses the conductances
    are recorded, and the moment that these would make in cells without voltage-gated channels is theirs; the rest is
    what voltage-gated channels make of it.

    Parameters
    ----------
    network : Network
        A column with drives, such as that of a fit.
    settings : SimulationSettings | None
        How to simulate; None takes the defaults. Whatever they say, moments are relative to the undriven column
        (``baseline='measured'``), simulated exactly, and nothing else is recorded.
    scale : float
        Number of columns, as fitted.
    smooth_ms : float | None
        Length of the Hamming window that all parts are smoothed with, ms; None for none.
    currents : bool
        Split the dipole by currents, too: on a full column that takes as long as some ten simulations per trial.
    n_jobs : int
        Processes; trials with and without drives share them.
    executor : str | concurrent.futures.Executor | None
        Runs the trials instead, as in :func:`~mne_hnn.simulate.simulate_many`.

    Returns
    -------
    contributions : Contributions
        Parts over time, and in numbers.

    Raises
    ------
    ParameterError
        A wrong argument, or a network without drives or without cells that make a dipole.
    SimulationError
        A trial failed.

    Notes
    -----
    Currents flow in loops, so which moment is whose is a matter of definition. Here excitation and inhibition are the
    batteries of the synapses, each at its distance from the voltage of the undriven cell, in a membrane that has its
    capacitance, its leak and all open synapses, as they were in the simulation: so an inhibition that only shunts has
    next to nothing itself and makes the excitation smaller. ``'gated'`` is the rest, spikes and the h current among it.
    All kinds sum to the dipole, and without voltage-gated channels this rest is zero. Synapses that reverse above
    -50 mV excite.

    Examples
    --------
    >>> parts = drive_contributions(network, SimulationSettings(tstop=60.0), currents=False)
    >>> sorted(parts.drives)
    ['evdist1', 'evprox1', 'evprox2']
    """
    check_bool(currents, "currents")
    settings = _checked(network, settings, scale, smooth_ms)
    if currents:
        _check_reversals(network)
    network = network.without_electrodes()
    settings = settings.made_ready(network)
    names = list(network.drives)
    left_out = [silenced(network, [name]) for name in names]
    alone = [silenced(network, [other for other in names if other != name]) for name in names]
    logger.info("Simulating a column with and without each of %d drive(s), and with each alone", len(names))
    networks, computing = [network, *left_out, *alone], Computing(n_jobs=n_jobs, executor=executor)
    simulations, moments = _simulate_all(networks, settings, computing, currents)
    whole, *others = (simulation.dipole for simulation in simulations)
    left, single = others[: len(names)], others[len(names) :]
    drives = {name: whole.copy().subtract(other) for name, other in zip(names, left, strict=True)}
    _prepare([whole, *drives.values(), *single], [network.name, *names, *names], scale, smooth_ms)
    counts = [spikes_per_cell(simulation) for simulation in simulations[: 1 + len(names)]]
    return Contributions(
        network=network,
        settings=settings,
        dipole=whole,
        drives=drives,
        alone=dict(zip(names, single, strict=True)),
        currents={
            cell_type: {kind: _prepared(moment, whole, scale, smooth_ms) for kind, moment in kinds.items()}
            for cell_type, kinds in moments.items()
        },
        spikes=counts[0],
        spikes_added={name: _added(counts[0], count) for name, count in zip(names, counts[1:], strict=True)},
        scale=float(scale),
        smooth_ms=smooth_ms,
    )


def _checked(network: Any, settings: Any, scale: Any, smooth_ms: Any) -> SimulationSettings:
    """Refuse what cannot be taken apart, before anything is simulated; return how it will be simulated."""
    check_is_network(network)
    if not network.drives:
        raise ParameterError(
            "A network with at least one drive is needed to say which drive does what: add one with with_evoked_drive."
        )
    if not any(template.measures_dipole for template in network.cell_types.values()):
        raise ParameterError("No cell type of the network measures the dipole: there is nothing to take apart.")
    checked: SimulationSettings = as_settings(settings)
    checked = replace(checked, baseline="measured", precision="exact", record=Record())
    check_positive(scale, "scale (number of columns)")
    if smooth_ms is not None:
        samples = n_steps(checked.tstop, checked.dt) + 1
        smoothed_rows(np.zeros((1, samples)), 1 / (checked.dt * MS), smooth_ms, "normalised")
    return checked


def receptor_of_ones_own(network: Network) -> str | None:
    """Return a receptor of the cells of the dipole of which no reversal potential is known, in words; None without."""
    for cell_type, template in network.cell_types.items():
        for receptor, synapse in template.synapses.items():
            if template.measures_dipole and isinstance(synapse, CustomSynapse):
                return f"receptor {receptor!r} of {cell_type!r}, a mechanism of one's own ({synapse.mechanism.name!r})"
    return None


def _check_reversals(network: Network) -> None:
    receptor = receptor_of_ones_own(network)
    if receptor is not None:
        raise ParameterError(
            "Splitting the dipole by currents needs the reversal potential of each receptor, which is not known of "
            f"{receptor}: take currents=False."
        )


def _simulate_all(
    networks: list[Network], settings: SimulationSettings, computing: Computing, weigh: bool
) -> tuple[list[Simulation], Moments]:
    """Simulate all networks; return them and, if asked to, the moments of currents in the first, fA m."""
    different = list(dict.fromkeys(networks))  # of two drives, one alone is the column without the other
    done: dict[tuple[int, int], TrialMoments] = {}
    tasks = {
        (index, trial): (network, trial, settings, weigh and index == 0)
        for index, network in enumerate(different)
        for trial in range(settings.n_trials)
    }
    advance = draw_progress(len(tasks))

    def ended(key: tuple[int, int], outcome: TrialMoments | SimulationError | Lost) -> None:
        if isinstance(outcome, Lost):
            raise WorkerError(str(outcome))
        if isinstance(outcome, SimulationError):
            raise outcome
        done[key] = outcome
        advance()

    with computing.opened() as place:
        run_with_retries(run_and_weigh, tasks, place, ended, title=lambda key: f"trial {key[1]} of network {key[0]}")
    found = {
        network: collect(network, {trial: done[index, trial].trial for trial in range(settings.n_trials)}, settings)
        for index, network in enumerate(different)
    }
    return [found[network] for network in networks], _averaged(
        [done[0, trial].currents or {} for trial in range(settings.n_trials)]
    )


def _averaged(trials: list[Moments]) -> Moments:
    return {
        cell_type: {
            kind: np.asarray(np.mean([trial[cell_type][kind] for trial in trials], axis=0)) for kind in CURRENTS
        }
        for cell_type in trials[0]
    }


def _prepare(dipoles: list[Dipole], comments: list[str], scale: float, smooth_ms: float | None) -> None:
    """Scale, smooth and name dipoles in place."""
    for dipole, comment in zip(dipoles, comments, strict=True):
        dipole.scale(scale).comment = comment
        if smooth_ms is not None:
            dipole.smooth(smooth_ms)


def _prepared(moment_fAm: FloatArray, whole: Dipole, scale: float, smooth_ms: float | None) -> FloatArray:
    """Return a moment in A m, scaled and smoothed like the whole."""
    moment = moment_fAm * (FAM * scale)
    if smooth_ms is None:
        return moment
    return np.asarray(smoothed_rows(moment[None], whole.info["sfreq"], smooth_ms, "normalised")[0])


def _added(whole: SpikeCounts, left: SpikeCounts) -> dict[str, float]:
    return {name: count.per_cell - left[name].per_cell for name, count in whole.types.items()}
