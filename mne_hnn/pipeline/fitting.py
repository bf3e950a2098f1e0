"""The one way from the options of an analysis to a fit, of one subject or of a group's average."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ..dipole import Dipole
from ..fit import FitResult, fit_evoked
from .options import FitOptions, ProposalOptions

__all__ = ["fit_target"]


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
    fit = fit_evoked(options.network, target, n_jobs=n_jobs, checkpoint=checkpoint, **_settings(options))
    shutil.rmtree(checkpoint, ignore_errors=True)
    return fit


def _settings(options: ProposalOptions) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "n_drives": options.fit_n_drives,
        "smooth_ms": options.smooth_ms,
        "noise": options.fit_noise,
        "n_trials": options.fit_trials,
        "n_final": options.fit_final_trials,
        "dt": options.dt,
    }
    if options.seed is not None:
        settings |= {"seed": options.seed, "fresh_seed": options.seed + 1}
    if isinstance(options, FitOptions):
        settings |= {"drives": options.fit_drives, "sequence": options.fit_sequence}
        if options.fit_drives == "propose":
            settings["polish"] = options.fit_polish
        else:
            settings["max_evaluations"] = options.fit_evaluations
    return settings
