"""What a fit returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._tables import load_pandas
from .._types import FloatArray
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import EvokedDrive, Network
from ..simulate import Simulation
from .details import FitDetails
from .fitted_settings import FittedSettings, UnfittedSettings
from .observation import ColumnPrior

if TYPE_CHECKING:
    import mne
    import pandas as pd
    from matplotlib.figure import Figure

    from ..source.patch import Patch
    from ..source.sensors import Prediction

__all__ = ["Estimate", "Evaluation", "FitResult", "LevelReport", "Scores"]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One network that was tried.

    Attributes
    ----------
    level : str
        Where: ``'full'`` for the column itself, a mesh such as ``'5x5'``, or ``'linear'``.
    values : mapping of str to float
        Value by path of each free parameter, in the network's units.
    loss : float
        Smaller is better; infinity if the simulation failed.
    scale : float
        Factor on its dipole.
    r_squared : float
        Share of the target's variance that it explains.

    Examples
    --------
    >>> best = min(found.evaluations, key=lambda evaluation: evaluation.loss)
    >>> best.level, round(best.r_squared, 2)
    ('full', 0.98)
    """

    level: str
    values: Mapping[str, float]
    loss: float
    scale: float = float("nan")
    r_squared: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One parameter: what was found, and how well the data determine it.

    Attributes
    ----------
    path : str
        The parameter.
    value : float
        In the network's units.
    low, high : float
        Ends of the interval that holds 90 % of the probability, by a local Gaussian approximation; NaN if not asked
        for.
    determined : bool | None
        Whether the data narrowed the parameter down to less than 0.7 of the width it had before; None where there is
        no interval to tell.

    Examples
    --------
    >>> found.estimate("columns").determined
    False
    """

    path: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    determined: bool | None = True


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How well the fitted column matches, in trials that the search has not seen.

    Attributes
    ----------
    loss : float
        The objective.
    r_squared, nrmse, correlation : float
        Of the average of the trials, with the scale of the fit; NaN without a target waveform.
    search_loss : float
        The objective in the trials of the search: if it is much better, the fit was tuned to their random numbers.
    start_loss : float
        The objective of the network the search began with, in the trials of the search.
    trial_r_squared : float
        Median of R² of single trials.
    ceiling : float
        R² that the true waveform would reach on average, by the standard error of the target; NaN if it has none.

    Examples
    --------
    >>> round(found.scores.r_squared, 2)
    0.98
    """

    loss: float
    r_squared: float = float("nan")
    nrmse: float = float("nan")
    correlation: float = float("nan")
    search_loss: float = float("nan")
    start_loss: float = float("nan")
    trial_r_squared: float = float("nan")
    ceiling: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class LevelReport:
    """What one level of a search did.

    Attributes
    ----------
    name : str
        As in :attr:`Evaluation.level`.
    evaluations : int
        Networks tried.
    loss : float
        The best there.
    agreement : float
        Correlation of the best network's waveform at this level with its waveform on the full column; NaN if it has no
        waveform.

    Examples
    --------
    >>> [(level.name, level.evaluations) for level in found.levels]
    [('full', 1)]
    """

    name: str
    evaluations: int
    loss: float
    agreement: float = float("nan")


@dataclass(frozen=True, kw_only=True, eq=False)
class FitResult:
    """A fitted network, how good it is, and what was tried.

    Attributes
    ----------
    kind : str
        ``'evoked'``, ``'rhythmic'`` or ``'drives'``.
    network, start_network : Network
        The best network, and the one the search began with.
    simulation : Simulation
        Of the best network, in trials that the search has not seen; neither smoothed nor scaled.
    dipole : Dipole
        Its average, smoothed and scaled, to be laid over the target.
    target : Dipole | None
        The target.
    scale : float
        Number of such columns that act together.
    scores : Scores
        How good it is.
    estimates : tuple of Estimate
        The free parameters.
    evaluations : tuple of Evaluation
        In the order they were tried.
    levels : tuple of LevelReport
        The levels of the search.
    settings : EvokedSettings | DriveSettings | RhythmicSettings | UnfittedSettings
        Every choice that was made, as it was used: what was left to be chosen (number of trials, levels, optimizer,
        prior, noise) is chosen here.
    details : FitDetails
        What followed from the call besides: what was made small, for how long, which parameters were free.
    warnings : tuple of str
        What a reader of the result should know.

    Examples
    --------
    >>> found.kind, round(found.r_squared, 2), found.sequence
    ('evoked', 0.98, (('proximal', 25.0), ('distal', 60.0)))
    >>> figure = found.plot()
    """

    kind: str
    network: Network
    start_network: Network
    simulation: Simulation
    dipole: Dipole
    target: Dipole | None
    scale: float
    scores: Scores
    estimates: tuple[Estimate, ...]
    evaluations: tuple[Evaluation, ...]
    levels: tuple[LevelReport, ...] = ()
    settings: FittedSettings = field(default_factory=UnfittedSettings)
    details: FitDetails = field(default_factory=FitDetails)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.simulation.precision != "exact":
            raise ParameterError(
                f"The simulation of a fit must be exact, as its scores are final, got one of "
                f"precision={self.simulation.precision!r}: simulate the network again with precision='exact'."
            )

    @property
    def r_squared(self) -> float:
        """Share of the target's variance explained, in trials that the search has not seen."""
        return self.scores.r_squared

    @property
    def prior(self) -> ColumnPrior | None:
        """How many columns were expected, if the fit asked."""
        prior = getattr(self.settings, "prior", None)
        return prior if isinstance(prior, ColumnPrior) else None

    @property
    def sequence(self) -> tuple[tuple[str, float], ...]:
        """Location and mean time (ms) of each evoked drive, in order of time: for `sequence` of :func:`fit_evoked`."""
        drives = [drive for drive in self.network.drives.values() if isinstance(drive, EvokedDrive)]
        return tuple((drive.location, drive.mu_ms) for drive in sorted(drives, key=lambda drive: drive.mu_ms))

    def estimate(self, path: str) -> Estimate:
        """Return what was found for one parameter."""
        from .._checks import check_name

        by_path = {estimate.path: estimate for estimate in self.estimates}
        return by_path[check_name(path, by_path, "parameter", where="of the fit")]

    def convergence(self) -> FloatArray:
        """Return the best loss so far after each evaluation of each level, shape (n_evaluations,).

        Losses of different levels are not compared: at the first evaluation of a level it begins anew.
        """
        best: list[float] = []
        for k, evaluation in enumerate(self.evaluations):
            fresh = k == 0 or evaluation.level != self.evaluations[k - 1].level
            best.append(evaluation.loss if fresh else min(best[-1], evaluation.loss))
        return np.array(best)

    def to_data_frame(self) -> pd.DataFrame:
        """Return all evaluations as a table: one row each, one column per parameter (needs pandas)."""
        pandas = load_pandas()
        return pandas.DataFrame(
            [
                {
                    "level": evaluation.level,
                    "loss": evaluation.loss,
                    "scale": evaluation.scale,
                    "r_squared": evaluation.r_squared,
                    **evaluation.values,
                }
                for evaluation in self.evaluations
            ]
        ).rename_axis("evaluation")

    def parameters(self) -> pd.DataFrame:
        """Return the estimates as a table (needs pandas)."""
        rows = [
            {"value": estimate.value, "low": estimate.low, "high": estimate.high, "determined": estimate.determined}
            for estimate in self.estimates
        ]
        paths = [estimate.path for estimate in self.estimates]
        return load_pandas().DataFrame(rows, index=paths).rename_axis("parameter")

    def plot(self, *, show: bool = True) -> Figure:
        """Plot the fitted dipole over the target, its layers and drives; see :func:`mne_hnn.viz.plot_fit`."""
        from ..viz import plot_fit

        return plot_fit(self, show=show)

    def plot_convergence(self, *, show: bool = True) -> Figure:
        """Plot the loss over the evaluations; see :func:`mne_hnn.viz.plot_convergence`."""
        from ..viz import plot_convergence

        return plot_convergence(self, show=show)

    def plot_parameters(self, *, show: bool = True) -> Figure:
        """Plot the estimates with their intervals; see :func:`mne_hnn.viz.plot_parameters`."""
        from ..viz import plot_parameters

        return plot_parameters(self, show=show)

    def predict_sensors(self, patch: Patch, forward: mne.Forward, evoked: mne.Evoked, **options: Any) -> Prediction:
        """Return what the fitted dipole gives at the sensors; see :func:`mne_hnn.source.predict_sensors`."""
        from ..source import predict_sensors

        predicted: Prediction = predict_sensors(self.dipole, patch, forward, evoked, **options)
        return predicted

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save to one file (``.npz``) for :func:`read_fit`.

        Parameters
        ----------
        path : path-like
            The file.
        overwrite : bool
            Whether to replace a file that is there.
        """
        from .files import write_fit

        write_fit(path, self, overwrite=overwrite)

    def __repr__(self) -> str:
        tried = f"{len(self.evaluations)} networks tried"
        if np.isnan(self.scores.r_squared):
            return f"<FitResult ({self.kind}): loss {self.scores.loss:.3g} with fresh seeds, {tried}>"
        return (
            f"<FitResult ({self.kind}): R² {self.scores.r_squared:.3f} with fresh seeds, {self.scale:.3g} columns, "
            f"{tried}>"
        )
