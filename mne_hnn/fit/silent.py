"""The explanation of a response by a column in which no cell fires."""

from __future__ import annotations

import numpy as np

from ..errors import DataError
from .amplitude import count_amplitude, log_plausibility
from .below_threshold import correct
from .bench import Bench
from .evidence import Evidence, log_sequence_prior
from .evoked_proposal import Proposal
from .evoked_result import conclude_evoked
from .explanation import Explanation, finite
from .polish import polished
from .silent_evidence import SilentEvidence
from .spiking_counts import spikes_per_cell
from .spiking_data import SpikingData
from .spiking_result import EXPLAINS_NOTHING, mean_of_logs

__all__ = ["explain_silently"]


def explain_silently(proposal: Proposal, judged: SilentEvidence, bench: Bench) -> Explanation:
    """Correct proposed drives on the full column, and judge them.

    Parameters
    ----------
    proposal : Proposal
        The sequence, with its kernels.
    judged : SilentEvidence
        Its evidence, but for the misfit.
    bench : Bench
        Simulates.
    """
    task = proposal.task
    fit = conclude_evoked(correct(proposal, bench), bench)
    if task.settings.polish:
        fit = polished(fit, task.settings, bench.evaluator.computing)
    prior = task.settings.circuit
    refusals = []
    try:
        amplitude = count_amplitude(fit.scale, fit.network, task.target, prior, firing=False)
    except DataError as error:  # more than a hemisphere has: the other explanation may need far fewer
        amplitude = None
        refusals.append(str(error))
    data = SpikingData.of(task)
    # the full column tells how many columns it takes below threshold; members vary around it
    columns = judged.columns * fit.scale / float(np.exp(np.mean(np.log(judged.columns))))
    cells = np.asarray(log_plausibility(columns, task.network, task.target, prior, firing=False), dtype=float)
    parts = {
        "waveform": judged.waveform(data.data_misfit(data.at_target(fit.dipole))),
        "cells": mean_of_logs(cells),
        "sequence": log_sequence_prior(len(fit.sequence), prior.time_sd_ms, task.runs.tstop),
    }
    distances = (
        {} if task.prior is None or task.settings.columns is not None else {"columns": task.prior.distance(fit.scale)}
    )
    if not fit.r_squared > 0:
        refusals.append(EXPLAINS_NOTHING)
    if amplitude is not None and amplitude.fits is False:
        refusals.append(f"Its cells do not fit into the patch: {amplitude.sentence()}.")
    return Explanation(
        regime="silent",
        fit=fit,
        evidence=Evidence.of(parts, judged.error),
        amplitude=amplitude,
        spikes=spikes_per_cell(fit.simulation),
        distances=finite(distances),
        refusals=tuple(refusals),
    )
