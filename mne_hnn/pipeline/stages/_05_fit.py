"""Fit drive times and scale to the target."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ...fit import Evaluation, TimingFit, fit_scale, fit_timing
from ...fit.timing import fitted_dipole, smoothed
from ..files import read_simulation, read_target, write_simulation
from ..stage import Stage, Work


def _unfitted(work: Work) -> TimingFit:
    """Only bring the simulation as it is to the target's scale."""
    options = work.options
    simulation = read_simulation(work.inputs["simulate"]["simulation"], options.network)
    target, dipole = read_target(work), smoothed(simulation, options.smooth_ms)
    scale, r_squared = fit_scale(dipole, target)
    return TimingFit(
        network=options.network,
        simulation=simulation,
        dipole=fitted_dipole(dipole.scale(scale), target),
        scale=scale,
        r_squared=r_squared,
        start_r_squared=r_squared,
        evaluations=(Evaluation(mu_ms={}, scale=scale, r_squared=r_squared),),
    )


def _run(work: Work) -> dict[str, Any]:
    options = work.options
    if options.fit:
        target = read_target(work)
        with work.progress():
            fit = fit_timing(
                options.network,
                target,
                n_trials=options.fit_trials,
                smooth_ms=options.smooth_ms,
                range_ms=options.fit_range_ms,
                max_evaluations=options.fit_evaluations,
                dt=options.dt,
                seed=options.seed,
                n_jobs=work.n_jobs,
            )
    else:
        fit = _unfitted(work)
    fit.dipole.save(work.path("dipole"))
    fit.simulation.spikes.write_tsv(work.path("spikes"))
    write_simulation(work.path("simulation"), fit.simulation)
    evaluations = [asdict(one) for one in fit.evaluations]
    times = {name: drive.mu_ms for name, drive in fit.network.drives.items() if hasattr(drive, "mu_ms")}
    before = {name: drive.mu_ms for name, drive in options.network.drives.items() if hasattr(drive, "mu_ms")}
    facts = {
        "fitted": options.fit,
        "scale": fit.scale,
        "r_squared": fit.r_squared,
        "start_r_squared": fit.start_r_squared,
        "evaluations": len(evaluations),
        "mu_ms": times,
        "start_mu_ms": before,
        "smooth_ms": options.smooth_ms,
    }
    record = json.dumps({**facts, "evaluations": evaluations}, indent=1)
    work.path("fit").write_text(record + "\n", encoding="utf-8")
    return facts


STAGE = Stage(
    name="fit",
    title="Fit drive times and scale",
    options=("network", "fit", "fit_evaluations", "fit_trials", "fit_range_ms", "smooth_ms", "dt", "seed"),
    after=("target", "simulate"),
    outputs={
        "dipole": "fitted-ave.fif",
        "spikes": "spikes.tsv",
        "simulation": "simulation.npz",
        "fit": "evaluations.json",
    },
    run=_run,
)
