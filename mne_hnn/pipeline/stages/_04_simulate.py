"""Simulate the column as it is configured."""

from __future__ import annotations

from ...fit.observation import covering
from ...io import write_simulation
from ...network.mechanism_uses import custom_mechanisms
from ...simulate import simulate
from ..facts import SimulateFacts
from ..files import read_target
from ..options import SimulateOptions
from ..stage import Stage, Work


def _run(work: Work[SimulateOptions]) -> SimulateFacts:
    options = work.options
    tstop = covering(read_target(work), options.dt)
    with work.progress():
        simulation = simulate(
            options.network,
            tstop=tstop,
            n_trials=options.n_trials,
            dt=options.dt,
            seed=options.seed,
            n_jobs=work.n_jobs,
        )
    simulation.dipole.save(work.path("dipole"))
    simulation.spikes.write_tsv(work.path("spikes"))
    write_simulation(simulation, work.path("simulation"), overwrite=True)
    return SimulateFacts(
        network=options.network.name,
        cells=options.network.n_cells,
        trials=simulation.n_trials,
        tstop_ms=simulation.tstop,
        engine=simulation.engine,
        rates_Hz=simulation.spikes.rates(),
        celsius=options.network.celsius,
        mechanisms=tuple(mechanism.name for mechanism in custom_mechanisms(options.network)),
    )


STAGE = Stage(
    name="simulate",
    title="Simulate the column",
    options=SimulateOptions,
    facts=SimulateFacts,
    after=("target",),
    outputs={"dipole": "simulated-ave.fif", "spikes": "spikes.tsv", "simulation": "simulation.npz"},
    run=_run,
    simulates=True,
)
