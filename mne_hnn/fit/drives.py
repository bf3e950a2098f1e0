"""Fit any parameters of a network to any objective."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from ..dipole import Dipole
from ..network import Network
from ..simulate import Computing
from .checkpoint import Checkpoint
from .checks import check_names, check_network
from .conclude import conclude
from .doubts import announced
from .drive_settings import DriveSettings
from .evaluate import Evaluator
from .parameter_space import Apply
from .parameters import Parameter
from .plan import Request, make_plan, warn_of
from .progress import Report
from .result import FitResult
from .search import Search
from .settings import as_settings

__all__ = ["fit_drives", "search_drives"]


@announced
def fit_drives(
    network: Network,
    target: Dipole | None = None,
    parameters: Sequence[Parameter] | None = None,
    settings: DriveSettings | None = None,
    *,
    objective: Any = "r_squared",
    apply: Apply | None = None,
    n_jobs: int = 1,
    executor: str | Executor | None = None,
    checkpoint: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
    **options: Any,
) -> FitResult:
    """Fit parameters of a network, starting from the values it has.

    Every network is simulated with the same random numbers; the result is scored with others. A simulation that fails
    counts as the worst.

    Parameters
    ----------
    network : Network
        Where the search starts.
    target : Dipole | Target | None
        The target; None if `objective` needs none.
    parameters : Parameter | sequence of Parameter | None
        What may change, and how far; the network's own values, where the search starts, must lie within the bounds.
        None takes :func:`evoked_parameters`: times, spreads and weights of the evoked drives.
    settings : DriveSettings | None
        How to search; None takes the usual ones.
    objective : str | callable | Objective
        A name of :data:`~mne_hnn.fit.OBJECTIVES`, a function from a :class:`~mne_hnn.simulate.Simulation` to a number
        to make small, or an objective.
    apply : callable | None
        Called as ``apply(network, values)`` with the network in which parameters that are paths have their values, and
        a dict of all values by name; returns the network to simulate. So numbers can be derived from others, and
        parameters have names of one's own, such as a shift of all drives (with `start`). Paths that only share one
        value need no function: ``Parameter(tied=...)``.
    n_jobs : int
        Processes. Not together with an executor that is an object.
    executor : str | concurrent.futures.Executor | None
        Runs the simulations instead, for example that of a Dask client, or the name of one; see
        :class:`~mne_hnn.simulate.Computing`.
    checkpoint : path-like | None
        Folder in which everything simulated is kept: the same call with the same folder goes on where it stopped, and
        ends with the same result.
    progress : callable | None
        Called with the number of networks tried and the best loss; None shows them, in a terminal on one line, else
        as lines of MNE's log every 10 s.
    **options
        Of the named objective, such as ``tmin``, ``tmax``, ``weights`` and ``layers`` of
        :class:`~mne_hnn.fit.Waveform`.

    Returns
    -------
    result : FitResult
        Network, scores with fresh seeds, intervals, all evaluations.

    Raises
    ------
    ParameterError
        A wrong argument; the sentence says which and what was expected. All that can be known before a simulation is
        refused before the first.
    DataError
        The target cannot be fitted.
    SimulationError
        The network as it was given does not run.

    Notes
    -----
    The warnings of the result are also Python warnings (:class:`~mne_hnn.errors.MneHnnWarning`) at the end, except
    for parameters that the data leave open.

    Examples
    --------
    >>> time = Parameter(path="drives.evprox1.mu_ms", low=20.0, high=35.0)
    >>> settings = DriveSettings(max_evaluations=4, n_trials=1, n_final=2, levels=None)  # a few, to show the call
    >>> found = fit_drives(network, target, [time], settings)
    >>> bool(20.0 <= found.estimates[0].value <= 35.0)
    True
    """
    check_network(network)
    checked = as_settings(settings, DriveSettings)
    computing = Computing(n_jobs=n_jobs, executor=executor, checkpoint=checkpoint, progress=progress)
    check_names(options)
    request = Request(
        network=network,
        target=target,
        parameters=parameters,
        settings=checked,
        objective=objective,
        options=options,
        apply=apply,
    )
    return search_drives(request, computing)


def search_drives(request: Request, computing: Computing) -> FitResult:
    """Return the result of what is asked for; errors as in :func:`fit_drives`."""
    plan = make_plan(request)
    warn_of(plan)
    with computing.ready() as ready, Report(computing.progress, plan.settings.max_evaluations) as report:
        evaluator = Evaluator(checkpoint=Checkpoint(computing.checkpoint), computing=ready)
        search = Search(plan, evaluator, report)
        return conclude(search, search.run())
