"""Explain the target by drives of columns that act together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ..._warn import warn
from ...compare import align, correlation, nrmse
from ...fit import Evaluation, EvokedSettings, Explanations, FitResult, Scores, UnfittedSettings
from ...fit.contribution_files import write_contributions
from ...fit.observation import explained, fitted_dipole, nearest_scale, smoothed
from ...fit.scoring import ceiling, known_error, trial_r_squared
from ...fit.single import single_explanation
from ...io import read_simulation, write_simulation
from ..facts import FitFacts
from ..files import read_target
from ..fitting import circuit_prior, contributions_of, fit_target
from ..noted import as_json, fit_facts
from ..options import FitOptions
from ..stage import Stage, Work
from ..wording import unfitted_doubts

CHECKPOINT = "fit-checkpoint"
"""Folder beside the stages with what an interrupted fit has simulated so far."""


def _explained(work: Work[FitOptions]) -> Explanations:
    checkpoint = work.folder.parent / CHECKPOINT
    with work.progress():
        return fit_target(work.options, read_target(work), checkpoint=checkpoint, n_jobs=work.n_jobs)


def _as_it_is(work: Work[FitOptions]) -> Explanations:
    """Return the simulation as it is, as the only explanation: nothing was searched."""
    fit = _unfitted(work)
    assert fit.target is not None
    only = single_explanation(fit, circuit_prior(work.options))
    settings = EvokedSettings(regimes=only.regime, circuit=circuit_prior(work.options))
    return Explanations(items=(only,), target=fit.target, settings=settings)


def _unfitted(work: Work[FitOptions]) -> FitResult:
    """Bring the simulation as it is to the target's scale, or to the number of columns that is given."""
    options = work.options
    simulation = read_simulation(work.inputs["simulate"]["simulation"])
    target, average = read_target(work), smoothed(simulation, options.smooth_ms)
    if options.fit_columns is None:
        scale, r_squared = nearest_scale(average, target)
    else:
        _, moment, wanted = align(average, target)
        scale, r_squared = options.fit_columns, explained(options.fit_columns * moment, wanted)
    dipole = fitted_dipole(average.scale(scale), target)
    loss = 1 - r_squared
    return FitResult(
        kind="none",
        network=options.network,
        start_network=options.network,
        simulation=simulation,
        dipole=dipole,
        target=target,
        scale=scale,
        scores=Scores(
            loss=loss,
            r_squared=r_squared,
            nrmse=nrmse(dipole, target),
            correlation=correlation(dipole, target),
            search_loss=loss,
            start_loss=loss,
            trial_r_squared=trial_r_squared(simulation, target, options.smooth_ms, scale, {}),
            ceiling=ceiling(target, known_error(target, None)),
        ),
        estimates=(),
        evaluations=(Evaluation(level="full", values={}, loss=loss, scale=scale, r_squared=r_squared),),
        settings=UnfittedSettings(
            smooth_ms=options.smooth_ms, dt=options.dt, seed=options.seed, columns=options.fit_columns
        ),
    )


def _run(work: Work[FitOptions]) -> FitFacts:
    found = _explained(work) if work.options.fit else _as_it_is(work)
    found.save(work.path("explanations"))
    parts = contributions_of(found, n_jobs=work.n_jobs) if work.options.fit_contributions else None
    write_contributions(work.path("contributions"), parts)
    fit = found.first.fit
    for text in unfitted_doubts(fit):
        warn(text)
    fit.save(work.path("result"))
    fit.dipole.save(work.path("dipole"))
    fit.simulation.spikes.write_tsv(work.path("spikes"))
    write_simulation(fit.simulation, work.path("simulation"), overwrite=True)
    evaluations = as_json([asdict(evaluation) for evaluation in fit.evaluations])
    work.path("fit").write_text(json.dumps(evaluations, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return fit_facts(found, parts)


def _files(options: FitOptions) -> Iterator[Path]:
    if options.fit and options.fit_start is not None:
        yield Path(options.fit_start)


STAGE = Stage(
    name="fit",
    title="Fit the drives",
    options=FitOptions,
    facts=FitFacts,
    files=_files,
    after=("target", "simulate"),
    outputs={
        "dipole": "fitted-ave.fif",
        "spikes": "spikes.tsv",
        "simulation": "simulation.npz",
        "fit": "evaluations.json",
        "result": "fit.npz",
        "explanations": "explanations.npz",
        "contributions": "contributions.npz",
    },
    run=_run,
    simulates=True,
    revision=6,
)
