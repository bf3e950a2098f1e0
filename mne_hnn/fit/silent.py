"""The explanation of a response by a column in which no cell fires."""

from __future__ import annotations

import numpy as np

from .below_threshold import correct
from .bench import Bench
from .evoked_proposal import Proposal
from .evoked_result import conclude_evoked
from .explanation import Explanation, finite
from .judging import counted, evidence_of, explains_nothing
from .polish import polished
from .silent_evidence import SilentEvidence
from .spiking_counts import spikes_per_cell
from .spiking_data import SpikingData

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
    amplitude, refusals = counted(fit.scale, fit.network, task.target, task.settings.circuit, firing=False)
    data = SpikingData.of(task)
    # the full column tells how many columns it takes below threshold; members vary around it
    columns = judged.columns * fit.scale / float(np.exp(np.mean(np.log(judged.columns))))
    waveform = judged.waveform(data.data_misfit(data.at_target(fit.dipole)))
    distances = (
        {} if task.prior is None or task.settings.columns is not None else {"columns": task.prior.distance(fit.scale)}
    )
    return Explanation(
        regime="silent",
        fit=fit,
        evidence=evidence_of(task, waveform, judged.error, columns, n_drives=len(fit.sequence), firing=False),
        amplitude=amplitude,
        spikes=spikes_per_cell(fit.simulation),
        distances=finite(distances),
        refusals=(*explains_nothing(fit), *refusals),
    )
