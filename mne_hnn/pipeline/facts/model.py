"""What the stages of the column note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...network.channels import CELSIUS
from .explanations import DriveFacts, ExplanationFacts
from .record import Facts, each_of, left_out, list_of, part

__all__ = ["ColumnsPrior", "FitFacts", "ReportFacts", "SensorsFacts", "SimulateFacts"]


@dataclass(frozen=True, kw_only=True)
class SimulateFacts(Facts):
    """What stage simulate ran.

    Attributes
    ----------
    network : str
        What the network is called.
    cells, trials : int
        Of it; how often it ran.
    tstop_ms : float
        How long, ms.
    engine : str
        ``'kernel'``, ``'coreneuron'`` or ``'neuron'``.
    rates_Hz : mapping of str to float
        Spikes of each population.
    celsius : float
        Temperature of its channels, degrees Celsius.
    mechanisms : sequence of str
        Synapses and channels from the user's own NMODL files.
    """

    network: str
    cells: int
    trials: int
    tstop_ms: float
    engine: str
    rates_Hz: Mapping[str, float]
    celsius: float = left_out(CELSIUS)
    mechanisms: Sequence[str] = left_out(())


@dataclass(frozen=True, kw_only=True)
class ColumnsPrior(Facts):
    """How many columns were expected.

    Attributes
    ----------
    median, factor : float
        Of the log-normal prior: the number, and the standard deviation as a factor.
    """

    median: float
    factor: float


@dataclass(frozen=True, kw_only=True)
class FitFacts(Facts):
    """What stage fit found: the first explanation in full, and all of them in short.

    Attributes
    ----------
    fitted : bool
        Whether drives were fitted; else at most the scale.
    verdict : str | None
        ``'spiking'``, ``'silent'``, ``'undecided'`` or ``'none'``; see :attr:`mne_hnn.fit.Explanations.verdict`. None
        where nothing was compared.
    decisive : float | None
        Difference of evidence that decides.
    regime : str | None
        Of the first explanation: ``'spiking'`` or ``'silent'``.
    scale : float
        Columns that act together.
    r_squared, nrmse, correlation, trial_r_squared : float | None
        Of the final score, in trials that the search has not seen.
    search_loss, search_r_squared, start_loss, start_r_squared : float | None
        At the end of the search and at its start.
    ceiling : float | None
        R² that the true waveform would reach.
    evaluations : int
        Networks that were tried.
    drives : mapping of str to DriveFacts
        The evoked drives.
    columns_prior : ColumnsPrior | None
        None where the size of the target is not known.
    levels : sequence of mapping
        The steps of the search.
    warnings : sequence of str
        What to know of the fit.
    smooth_ms : float
        Hamming window, ms.
    settings : mapping of str to object
        Those of the fit, by name; see :attr:`mne_hnn.fit.FitResult.settings`.
    interval_percent : int | None
        Probability that the intervals hold; None where there are none.
    engine : str
        ``'kernel'``, ``'coreneuron'`` or ``'neuron'``.
    explanations : sequence of ExplanationFacts
        All explanations, the most plausible first.
    spikes_window_ms : float | None
        Window in which spikes are counted, in explanations and in the prior, ms.
    prior : sequence of mapping
        What was expected: quantity, median, 90 % interval, unit and source in each row.
    contributions_of : int | None
        Which explanation, counted from 1, was taken apart; None for none.
    contributions : sequence of mapping
        Its parts by drive, layer and current: kind, name, cell type, peak and when, direction, share and size, and the
        spikes that a drive adds; see :class:`mne_hnn.fit.Contribution`.
    """

    fitted: bool
    verdict: str | None = None
    decisive: float | None = None
    regime: str | None = None
    scale: float
    r_squared: float | None
    nrmse: float | None
    correlation: float | None
    trial_r_squared: float | None
    search_loss: float | None
    search_r_squared: float | None
    start_loss: float | None
    start_r_squared: float | None
    ceiling: float | None
    evaluations: int
    drives: Mapping[str, DriveFacts] = each_of(DriveFacts)
    columns_prior: ColumnsPrior | None = part(ColumnsPrior)
    levels: Sequence[Mapping[str, Any]]
    warnings: Sequence[str]
    smooth_ms: float
    settings: Mapping[str, Any]
    interval_percent: int | None
    engine: str
    explanations: Sequence[ExplanationFacts] = list_of(ExplanationFacts, default=())
    spikes_window_ms: float | None = None
    prior: Sequence[Mapping[str, Any]] = ()
    contributions_of: int | None = None
    contributions: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, kw_only=True)
class SensorsFacts(Facts):
    """What stage sensors predicted.

    Attributes
    ----------
    explained : mapping of str to mapping of str to float
        Share of the measured variance, for ``'target'`` and ``'fitted'``, per kind of channel.
    size : str
        Where the size of the prediction is from.
    """

    explained: Mapping[str, Mapping[str, float]]
    size: str


@dataclass(frozen=True, kw_only=True)
class ReportFacts(Facts):
    """What stage report shows.

    Attributes
    ----------
    figures : int
        Pictures in it.
    """

    figures: int
