"""What every explanation is judged by, whether its cells fire or not: its cells against the patch, and its evidence."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from .._types import FloatArray
from ..dipole import Dipole
from ..errors import DataError
from ..network import Network
from .amplitude import Amplitude, count_amplitude, log_plausibility
from .circuit_prior import CircuitPrior
from .evidence import Evidence, log_sequence_prior
from .evoked_task import EvokedTask
from .result import FitResult

__all__ = ["counted", "evidence_of", "explains_nothing"]

LEAST = -1e3
"""Logarithm of a probability below which no difference counts."""


def counted(
    columns: float, network: Network, target: Dipole, prior: CircuitPrior, *, firing: bool
) -> tuple[Amplitude | None, list[str]]:
    """Return the columns, cells and mm² of an explanation, and why they refuse it.

    Parameters
    ----------
    columns, network, target, prior, firing
        As in :func:`count_amplitude`.

    Returns
    -------
    amplitude : Amplitude | None
        None where nothing can be counted, or more than a hemisphere has.
    refusals : list of str
        Sentences; empty if the cells fit.
    """
    try:
        amplitude = count_amplitude(columns, network, target, prior, firing=firing)
    except DataError as error:  # more than a hemisphere has: another explanation may need far fewer
        return None, [str(error)]
    if amplitude is None or amplitude.fits is not False:
        return amplitude, []
    return amplitude, [f"Its cells do not fit into the patch: {amplitude.sentence()}."]


def explains_nothing(fit: FitResult) -> list[str]:
    """Return why a fit is refused whose R² is zero or less."""
    if fit.r_squared > 0:
        return []
    return ["It explains nothing of the response: the mean of the response alone would be as close."]


def evidence_of(
    task: EvokedTask, waveform: float, error: float, columns: FloatArray, *, n_drives: int, firing: bool
) -> Evidence:
    """Return the evidence of an explanation.

    Parameters
    ----------
    task : EvokedTask
        What is explained.
    waveform, error : float
        Logarithm of what the response says of it, and its standard error.
    columns : array, shape (n_members,)
        Numbers of columns of the members of its ensemble.
    n_drives : int
        Number of drives.
    firing : bool
        Whether its cells fire.
    """
    prior = task.settings.circuit
    cells = np.asarray(log_plausibility(columns, task.network, task.target, prior, firing=firing), dtype=float)
    parts = {
        "waveform": waveform,
        "cells": float(max(logsumexp(np.maximum(cells, LEAST)) - np.log(len(cells)), LEAST)),
        "sequence": log_sequence_prior(n_drives, prior.time_sd_ms, task.runs.tstop),
        "regime": prior.log_regime(firing=firing),
    }
    return Evidence.of(parts, error)
