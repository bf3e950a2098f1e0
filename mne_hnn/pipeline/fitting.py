"""The one way from the options of an analysis to a fit, of one subject or of a group's average."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..dipole import Dipole
from ..errors import ConfigError
from ..fit import (
    CircuitPrior,
    Contributions,
    EvokedSettings,
    Explanations,
    drive_contributions,
    fit_evoked,
    read_explanations,
)
from ..fit.contributions import receptor_of_ones_own
from ..simulate import SimulationSettings
from .noted import taken_apart
from .options import FitOptions, ProposalOptions

__all__ = ["circuit_prior", "contributions_of", "evoked_settings", "fit_target"]

TRIALS = 1
"""In which the dipole is taken apart: each costs as much as some twenty simulations."""


def fit_target(options: ProposalOptions, target: Dipole, *, checkpoint: Path, n_jobs: int = 1) -> Explanations:
    """Explain a target by drives; a fit that is interrupted goes on from what it left.

    Parameters
    ----------
    options : ProposalOptions | FitOptions
        How.
    target : Dipole
        What to fit.
    checkpoint : Path
        Folder for what an interrupted fit has simulated so far; it is removed at the end.
    n_jobs : int
        Processes.

    Returns
    -------
    explanations : Explanations
        The most plausible first.
    """
    settings = evoked_settings(options)
    found = fit_evoked(options.network, target, settings, n_jobs=n_jobs, checkpoint=checkpoint)
    shutil.rmtree(checkpoint, ignore_errors=True)
    return found


def evoked_settings(options: ProposalOptions) -> EvokedSettings:
    """Return the settings of a fit that the options of an analysis stand for."""
    chosen: dict[str, Any] = {}  # what is left out here has no effect, or is as usual
    if options.seed is not None:
        chosen |= {"seed": options.seed, "fresh_seed": options.seed + 1}
    if isinstance(options, FitOptions):
        chosen["drives"] = options.fit_drives
        if options.fit_drives == "propose":
            chosen |= {"polish": options.fit_polish, "columns": options.fit_columns, "start": _start(options)}
        else:
            chosen["max_evaluations"] = options.fit_evaluations
    return EvokedSettings(
        n_drives=options.fit_n_drives,
        sequence=None if options.fit_sequence is None else tuple(options.fit_sequence),
        circuit=circuit_prior(options),
        regimes=tuple(options.fit_regimes),
        members=options.fit_members,
        generations=options.fit_generations,
        steps=options.fit_steps,
        max_sequences=options.fit_max_sequences,
        finalists=options.fit_finalists,
        smooth_ms=options.smooth_ms,
        noise=options.fit_noise,
        n_trials=options.fit_trials,
        n_final=options.fit_final_trials,
        dt=options.dt,
        precision=options.fit_precision,
        **chosen,
    )


def _start(options: FitOptions) -> Mapping[str, tuple[float, float]] | None:
    """Return what fits in the first of other explanations."""
    if options.fit_start is None:
        return None
    first = read_explanations(options.fit_start).first
    if not first.ensemble:
        raise ConfigError(
            f"No cell fires in the first explanation of fit_start, {options.fit_start}: there is nothing to begin with."
        )
    return first.ensemble


def circuit_prior(options: ProposalOptions) -> CircuitPrior:
    """Return what is plausible for a column whose cells fire: the user's prior, or the usual one."""
    prior: CircuitPrior = CircuitPrior() if options.fit_prior is None else options.fit_prior
    return prior


def contributions_of(found: Explanations, *, n_jobs: int = 1) -> Contributions | None:
    """Say which drive does what in the first explanation whose cells fire, else in the first.

    Parameters
    ----------
    found : Explanations
        What was found.
    n_jobs : int
        Processes.

    Returns
    -------
    contributions : Contributions | None
        In the first of the fresh trials; None where no drive or no dipole is there to be taken apart.
    """
    item = taken_apart(found)
    fit, simulation = item.fit, item.fit.simulation
    if not (fit.scale > 0 and item.network.drives):
        return None
    settings = SimulationSettings(tstop=simulation.tstop, dt=simulation.dt, seed=simulation.seed, n_trials=TRIALS)
    smooth_ms = fit.settings.smooth_ms or None
    return drive_contributions(
        item.network,
        settings,
        scale=fit.scale,
        smooth_ms=smooth_ms,
        currents=receptor_of_ones_own(item.network) is None,
        n_jobs=n_jobs,
    )
