"""Fit a rhythm: the spectrum of a source, or power in frequency bands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from ..simulate import Computing
from .checks import check_network
from .doubts import announce, announced
from .drives import search_drives
from .parameters import Parameter
from .result import FitResult
from .rhythm_goal import completed, rhythm_goal, rhythm_request
from .rhythmic_settings import RhythmicSettings
from .settings import as_settings

__all__ = ["fit_rhythmic"]


@announced
def fit_rhythmic(
    network: Network,
    target: Dipole | Sequence[Dipole] | tuple[Any, Any] | None = None,
    parameters: Sequence[Parameter] | None = None,
    settings: RhythmicSettings | None = None,
    *,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> FitResult:
    """Fit the rhythmic drives of a network to a spectrum, or to power in frequency bands.

    Parameters
    ----------
    network : Network
        With bursty drives: where the search starts.
    target : Dipole | sequence of Dipole | (freqs, power) | None
        What the spectrum should be: a source time course or its trials, of which the spectrum is taken as it is of the
        simulation, or frequencies (Hz) and power spectral density, such as :meth:`mne.time_frequency.Spectrum.get_data`
        gives. None if `bands` are given.
    parameters : sequence of Parameter | None
        What may change; None takes :func:`rhythmic_parameters`: start, rate, jitter and weights of all bursty drives.
    settings : RhythmicSettings | None
        What is judged and how to search; None takes the usual ones.
    n_jobs, executor, checkpoint, progress
        As in :func:`fit_drives`.

    Returns
    -------
    result : FitResult
        ``scores.loss`` is the objective in fresh trials. There are no intervals: spectra of short records say too
        little of what else would do.

    Raises
    ------
    ParameterError
        Neither or both of `target` and `bands` are given, or another argument is wrong.

    Examples
    --------
    >>> settings = RhythmicSettings(bands=[(9, 11), (19, 21)], shares=[1, 2])
    >>> found = fit_rhythmic(column, settings=settings, n_jobs=2)  # minutes  # doctest: +SKIP
    """
    check_network(network)
    given = as_settings(settings, RhythmicSettings)
    if given.circuit is not None:
        raise ParameterError(
            "circuit has no effect on fit_rhythmic, which takes cells in whatever state they are: leave it out, or "
            "call explain_rhythm."
        )
    computing = Computing(n_jobs=n_jobs, executor=executor, checkpoint=checkpoint, progress=progress)
    goal = rhythm_goal(target, given)
    request = rhythm_request(network, parameters, given, goal.objective)
    for text in goal.doubts:
        announce(text)
    return completed(search_drives(request, computing), given, goal)
