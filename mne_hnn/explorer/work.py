"""What worker processes of a session do: simulate a state, and give it up when a newer one is wanted."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .._value import replace
from .._warn import warned
from ..fit.coarse import coarse_network, no_coarser_form
from ..fit.evaluate import searching
from ..fit.observation import pyramidal_cells
from ..network import Network
from ..simulate import Simulation, SimulationSettings
from ..simulate.engine import Trial
from ..simulate.giving_up import given_up_by
from ..simulate.trials import collect, work

__all__ = ["COARSE_MESH", "COARSE_TRIALS", "Newest", "Run", "coarse_form", "run_coarse", "run_trial"]

COARSE_MESH = (5, 5)
COARSE_TRIALS = 4
"""Trials of a coarse answer at most."""


class _OldError(Exception):
    """A newer state is wanted."""


class Newest:
    """The number of the newest state, for processes that work on older ones.

    It is a file of eight bytes: a worker that simulates looks into it every 10 ms of the simulation, and gives up if it
    has another number.
    """

    def __init__(self) -> None:
        self._file, name = tempfile.mkstemp(prefix="mne_hnn-explore-")
        self.path = Path(name)
        self.set(0)

    def set(self, number: int) -> None:
        """Say which state is the newest."""
        os.pwrite(self._file, int(number).to_bytes(8, "little"), 0)

    def close(self) -> None:
        """Remove the file: nothing is wanted any more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self.path.unlink(missing_ok=True)


@contextmanager
def _until_newer(number: int, newest: str) -> Iterator[None]:
    """Give a run up once a newer state is wanted."""

    def check() -> None:
        """Raise if a newer state is wanted, or nobody wants any."""
        try:
            found = Path(newest).read_bytes()
        except FileNotFoundError:
            raise _OldError from None
        if int.from_bytes(found, "little") != number:
            raise _OldError

    with given_up_by(check):
        check()
        yield


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a worker gives back.

    Attributes
    ----------
    result : Simulation | Trial
        What was simulated.
    warnings : tuple of str
        What was warned about.
    how : str
        How it was simulated, in words.
    """

    result: Simulation | Trial
    warnings: tuple[str, ...]
    how: str


def run_trial(network: Network, trial: int, settings: SimulationSettings, number: int, newest: str) -> Run | None:
    """Simulate one trial of the full column; None if a newer state is wanted.

    Parameters
    ----------
    network : Network
        The column.
    trial : int
        Number of the trial.
    settings : SimulationSettings
        How.
    number : int
        Number of the state.
    newest : str
        File of :class:`Newest`.
    """
    with suppress(_OldError), _until_newer(number, newest):
        with warned() as told:
            ready = settings.made_ready(network)
            found = work(network, trial, ready)
        return Run(result=found, warnings=tuple(told), how=f"full column, exact ({ready.engine})")
    return None


def run_coarse(network: Network, settings: SimulationSettings, number: int, newest: str) -> Run | None:
    """Simulate a coarser form of a column; None if a newer state is wanted, or there is no such form.

    Parameters
    ----------
    network, settings, number, newest
        As for :func:`run_trial`; no more than four trials are simulated.
    """
    with suppress(_OldError), _until_newer(number, newest):
        with warned() as told:
            ready = settings.resolved()
            ready.check(network)
            coarse, how = coarse_form(network)
            fast = searching(ready, network, "search")
            if coarse is network and fast.precision == ready.precision:
                return None
            fast = replace(fast, n_trials=min(fast.n_trials, COARSE_TRIALS))
            trials = {trial: work(coarse, trial, fast) for trial in range(fast.n_trials)}
            simulation = collect(coarse, trials, fast)
        words = [how, "in search precision" if fast.precision == "search" else "exact"]
        if fast.n_trials < settings.n_trials:
            words.append(f"{fast.n_trials} of {settings.n_trials} trials")
        return Run(result=simulation, warnings=tuple(told), how=", ".join(words))
    return None


_last: tuple[Network, Network] | None = None


def coarse_form(network: Network) -> tuple[Network, str]:
    """Return the column with fewer pyramidal cells if it has such a form, else itself; and which it is, in words."""
    global _last
    few = int(np.prod(COARSE_MESH))
    pyramidal = [name for name, cell in network.cell_types.items() if cell.measures_dipole]
    if no_coarser_form(network) is not None or pyramidal_cells(network) <= few * len(pyramidal):
        return network, "full column"
    words = f"{COARSE_MESH[0]} x {COARSE_MESH[1]} pyramidal cells for each type"
    if _last is None or _last[0] != network:
        _last = network, coarse_network(network, COARSE_MESH)
    return _last[1], words
