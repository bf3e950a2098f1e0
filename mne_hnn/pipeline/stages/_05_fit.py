"""Fit the drives, and how many columns act together, to the target."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ..._warn import warn
from ...compare import correlation, nrmse
from ...fit import Evaluation, FitResult, Scores, UnfittedSettings
from ...fit.observation import fitted_dipole, nearest_scale, smoothed
from ...fit.plain_settings import plain_settings
from ...fit.scoring import ceiling, known_error, trial_r_squared
from ...io import read_simulation, write_simulation
from ...network import EvokedDrive
from ..facts import ColumnsPrior, DriveFacts, FitFacts
from ..files import read_target
from ..fitting import fit_target
from ..options import FitOptions
from ..stage import Stage, Work
from ..wording import unfitted_doubts

INTERVAL_PERCENT = 90
"""What the intervals of :class:`~mne_hnn.fit.Estimate` hold."""
CHECKPOINT = "fit-checkpoint"
"""Folder beside the stages with what an interrupted fit has simulated so far."""


def _fitted(work: Work[FitOptions]) -> FitResult:
    checkpoint = work.folder.parent / CHECKPOINT
    with work.progress():
        return fit_target(work.options, read_target(work), checkpoint=checkpoint, n_jobs=work.n_jobs)


def _unfitted(work: Work[FitOptions]) -> FitResult:
    """Only bring the simulation as it is to the target's scale."""
    options = work.options
    simulation = read_simulation(work.inputs["simulate"]["simulation"])
    target, average = read_target(work), smoothed(simulation, options.smooth_ms)
    scale, r_squared = nearest_scale(average, target)
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
        settings=UnfittedSettings(smooth_ms=options.smooth_ms, dt=options.dt, seed=options.seed),
    )


def _json(value: Any) -> Any:
    """Return a value for JSON, which knows neither NaN nor infinity: None in their place."""
    if isinstance(value, Mapping):
        return {str(name): _json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


def _drives(fit: FitResult) -> dict[str, DriveFacts]:
    """Return the evoked drives: where, when (with the interval that holds 90 % of the probability), how spread out."""
    times = {estimate.path: estimate for estimate in fit.estimates}
    found = {}
    for name, drive in fit.network.drives.items():
        if isinstance(drive, EvokedDrive):
            time = times.get(f"drives.{name}.mu_ms")
            found[name] = DriveFacts(
                location=drive.location,
                mu_ms=drive.mu_ms,
                mu_ms_90=None if time is None else _json([time.low, time.high]),
                sigma_ms=drive.sigma_ms,
            )
    return found


def _facts(fit: FitResult) -> FitFacts:
    scores, prior = fit.scores, fit.prior
    settings = plain_settings(fit.settings, fit.details)
    certain = any(np.isfinite(estimate.low) for estimate in fit.estimates)
    return FitFacts(
        fitted=fit.kind != "none",
        scale=_json(fit.scale),
        r_squared=_json(scores.r_squared),
        nrmse=_json(scores.nrmse),
        correlation=_json(scores.correlation),
        trial_r_squared=_json(scores.trial_r_squared),
        # the loss of this stage is 1 - R²
        search_loss=_json(scores.search_loss),
        search_r_squared=_json(1 - scores.search_loss),
        start_loss=_json(scores.start_loss),
        start_r_squared=_json(1 - scores.start_loss),
        ceiling=_json(scores.ceiling),
        evaluations=len(fit.evaluations),
        drives=_drives(fit),
        columns_prior=None if prior is None else ColumnsPrior(median=prior.median, factor=prior.factor),
        levels=_json([asdict(level) for level in fit.levels]),
        warnings=list(fit.warnings),
        smooth_ms=fit.settings.smooth_ms,
        settings=_json({name: value for name, value in settings.items() if name != "parameters"}),
        interval_percent=INTERVAL_PERCENT if certain else None,
        engine=fit.simulation.engine,
    )


def _run(work: Work[FitOptions]) -> FitFacts:
    fit = _fitted(work) if work.options.fit else _unfitted(work)
    for text in unfitted_doubts(fit):
        warn(text)
    fit.save(work.path("result"))
    fit.dipole.save(work.path("dipole"))
    fit.simulation.spikes.write_tsv(work.path("spikes"))
    write_simulation(fit.simulation, work.path("simulation"), overwrite=True)
    evaluations = _json([asdict(evaluation) for evaluation in fit.evaluations])
    work.path("fit").write_text(json.dumps(evaluations, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return _facts(fit)


STAGE = Stage(
    name="fit",
    title="Fit the drives",
    options=FitOptions,
    facts=FitFacts,
    after=("target", "simulate"),
    outputs={
        "dipole": "fitted-ave.fif",
        "spikes": "spikes.tsv",
        "simulation": "simulation.npz",
        "fit": "evaluations.json",
        "result": "fit.npz",
    },
    run=_run,
    simulates=True,
    revision=4,
)
