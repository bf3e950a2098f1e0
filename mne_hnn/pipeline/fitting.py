"""The one way from the options of an analysis to a fit, of one subject or of a group's average."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ..dipole import Dipole
from ..fit import EvokedSettings, FitResult, fit_evoked
from .options import FitOptions, ProposalOptions

__all__ = ["evoked_settings", "fit_target"]


def fit_target(options: ProposalOptions, target: Dipole, *, checkpoint: Path, n_jobs: int = 1) -> FitResult:
    """Fit drives to a target; a fit that is interrupted goes on from what it left.

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
    fit : FitResult
        The fit.
    """
    settings = evoked_settings(options)
    fit = fit_evoked(options.network, target, settings, n_jobs=n_jobs, checkpoint=checkpoint)
    shutil.rmtree(checkpoint, ignore_errors=True)
    return fit


def evoked_settings(options: ProposalOptions) -> EvokedSettings:
    """Return the settings of a fit that the options of an analysis stand for."""
    chosen: dict[str, Any] = {}  # what is left out here has no effect, or is as usual
    if options.seed is not None:
        chosen |= {"seed": options.seed, "fresh_seed": options.seed + 1}
    if isinstance(options, FitOptions):
        chosen |= {"drives": options.fit_drives, "sequence": options.fit_sequence}
        if options.fit_drives == "propose":
            chosen["polish"] = options.fit_polish
        else:
            chosen["max_evaluations"] = options.fit_evaluations
    return EvokedSettings(
        n_drives=options.fit_n_drives,
        smooth_ms=options.smooth_ms,
        noise=options.fit_noise,
        n_trials=options.fit_trials,
        n_final=options.fit_final_trials,
        dt=options.dt,
        precision=options.fit_precision,
        **chosen,
    )
