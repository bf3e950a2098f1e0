"""How to simulate: one value, whatever is simulated with it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .._checks import check_int, check_name, check_seed
from .._warn import warn
from ..errors import ParameterError, SimulationError
from ..network import Network
from ..network.mechanism_uses import custom_mechanisms
from ..parallel import n_workers
from .baselines import BASELINES, pyramidal_cells
from .custom import check_custom, warn_of_concentrations
from .extracellular import warn_of_contacts_inside_cells
from .library import mechanism_library
from .precautions import (
    check_times,
    warn_of_coarse_steps,
    warn_of_large_tables,
    warn_of_silence,
    warn_of_unheard_drives,
)
from .record import Record, as_record, check_sampling, recording_channels

__all__ = ["ENGINES", "SimulationSettings", "as_settings", "check_is_network"]

ENGINES = ("auto", "kernel", "coreneuron", "neuron")
PRECISIONS = ("exact", "search")


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulationSettings:
    """How to simulate any network; what it is given is checked when it is made.

    Parameters
    ----------
    tstop : float
        Duration in ms.
    n_trials : int
        Number of trials.
    dt : float
        Time step in ms; must divide `tstop`.
    seed : int | None
        None takes the event seeds of the drives.
    baseline : str
        ``'measured'``, ``'published'`` or ``'none'``.
    engine : str
        ``'kernel'``, ``'coreneuron'``, ``'neuron'``, or ``'auto'`` for what this machine has: see :meth:`resolved`.
    n_threads : int
        Threads of each process; -1, one per core, becomes their number.
    record : Record | dict | None
        What to record of single cells; becomes a :class:`Record`.
    precision : str
        ``'exact'``, or ``'search'``: faster, with an error of about a third of that of the step.

    Raises
    ------
    ParameterError
        A wrong argument; the sentence says which and what was expected.

    Notes
    -----
    The parameters are explained in :func:`simulate`. How to compute (processes, executors) is not among them: see
    :class:`~mne_hnn.simulate.computing.Computing`.

    Examples
    --------
    >>> settings = SimulationSettings(tstop=170.0, n_trials=2, precision="search")
    >>> settings.dt, settings.baseline
    (0.025, 'measured')
    """

    tstop: float = 170.0
    n_trials: int = 1
    dt: float = 0.025
    seed: int | None = None
    baseline: str = "measured"
    engine: str = "auto"
    n_threads: int = 1
    record: Record = field(default_factory=Record)
    precision: str = "exact"

    def __post_init__(self) -> None:
        check_times(self.tstop, self.dt)
        record = as_record(self.record)
        checked = {
            "n_threads": n_workers(self.n_threads, "n_threads"),
            "baseline": check_name(self.baseline, BASELINES, "baseline"),
            "engine": check_name(self.engine, ENGINES, "engine"),
            "precision": check_name(self.precision, PRECISIONS, "precision"),
            "seed": None if self.seed is None else check_seed(self.seed, "seed"),
            "n_trials": check_int(self.n_trials, "n_trials", minimum=1),
            "record": record,
            "tstop": float(self.tstop),
            "dt": float(self.dt),
        }
        check_sampling(record, self.tstop, self.dt)
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        self._check_precision()

    def _check_precision(self) -> None:
        """Refuse to search by what only simulates exactly."""
        if self.precision != "search":
            return
        what = None
        if self.engine not in ("auto", "kernel"):
            what = f"engine={self.engine!r} simulates"
        elif self.n_threads > 1:
            what = f"n_threads={self.n_threads} simulate"
        elif self.record.quantities:
            what = "recordings of single cells are made"
        if what is not None:
            raise ParameterError(
                f"precision='search' is for comparing dipoles and spikes of many candidates, and {what} exactly only: "
                "take precision='exact', or leave the other out."
            )

    def with_trials(self, n_trials: int, seed: int | None) -> SimulationSettings:
        """Return the same with other trials."""
        return replace(self, n_trials=n_trials, seed=seed)

    def resolved(self) -> SimulationSettings:
        """Return the same with the engine that will run, compiling the mechanisms here if they are not yet.

        Worker processes would do it unseen.

        Raises
        ------
        CompilationError
            The mechanisms are not compiled yet and cannot be.
        SimulationError
            CoreNEURON was asked for, and the mechanisms were compiled without.
        """
        engine = _available_engine(self.engine)
        return self if engine == self.engine else replace(self, engine=engine)

    def plain(self) -> dict[str, Any]:
        """Return the values as JSON has them; of the record, what was asked for."""
        record = {name: value for name, value in asdict(self.record).items() if value is not None}
        record = {name: list(value) if isinstance(value, tuple) else value for name, value in record.items()}
        variables = record.pop("variables")
        if variables:  # left out where there are none, so that keys of results stay what they were
            record["variables"] = {name: list(places) for name, places in variables.items()}
        return {
            "tstop": self.tstop,
            "dt": self.dt,
            "n_trials": self.n_trials,
            "seed": self.seed,
            "baseline": self.baseline,
            "engine": self.engine,
            "n_threads": self.n_threads,
            "record": record,
            "precision": self.precision,
        }

    @property
    def identity(self) -> str:
        """Text that stands for all of it, from which keys of results derive.

        Of the engine it names the one that will run: machines differ in what they have, and engines in the last digits.
        """
        return json.dumps(self.resolved().plain(), sort_keys=True)

    def check(self, network: Network) -> None:
        """Refuse before the work what a network does not have.

        Raises
        ------
        ParameterError
            It is no network, has not the cells of the published baseline, nothing of what is to be recorded, or
            mechanisms of one's own that do not fit together or cannot be run so.
        """
        check_is_network(network)
        if self.precision == "search" and network.electrodes:
            raise ParameterError(
                "precision='search' is for comparing dipoles and spikes of many candidates, and electrodes see exact "
                "simulations only: take precision='exact', or a network without electrodes."
            )
        if self.baseline == "published":
            pyramidal_cells(network)
        recording_channels(network, self.record)
        if self.n_threads > 1:
            _refuse_custom(network, f"n_threads={self.n_threads}", "n_threads=1, and n_jobs for several trials")
        if self.precision == "search":
            _refuse_custom(network, "precision='search'", "precision='exact'")
        check_custom(network)

    def check_engine(self, network: Network) -> None:
        """Refuse an engine that was asked for and cannot run the mechanisms of a network.

        Once settings are resolved, nobody knows any more whether it was asked for.

        Raises
        ------
        ParameterError
            The network has mechanisms of one's own, which run in NEURON itself.
        """
        check_is_network(network)
        if self.engine not in ("auto", "neuron"):
            _refuse_custom(network, f"engine={self.engine!r}", "engine='auto' or 'neuron'")

    def warn_of_times(self) -> None:
        """Say that the step changes results, or that the duration is as long as no experiment."""
        warn_of_coarse_steps(self.tstop, self.dt)

    def warn_of(self, network: Network) -> None:
        """Say what a user should know of a network before it is simulated so."""
        warn_of_contacts_inside_cells(network)
        warn_of_concentrations(network)
        warn_of_silence(network, self.tstop)
        warn_of_unheard_drives(network, self.tstop)
        warn_of_large_tables(network, self.record, self.tstop, self.dt, self.n_trials)

    def made_ready(self, network: Network) -> SimulationSettings:
        """Check a network, give all warnings once, and return what to simulate it with."""
        self.check_engine(network)
        ready = self.resolved()
        ready.check(network)
        ready.warn_of_times()
        ready.warn_of(network)
        return ready


def as_settings(settings: Any) -> SimulationSettings:
    """Return what a user gave for `settings`; None stands for the defaults.

    Raises
    ------
    ParameterError
        It is something else, such as a duration.
    """
    if settings is None:
        return SimulationSettings()
    if not isinstance(settings, SimulationSettings):
        is_time = isinstance(settings, (int, float)) and not isinstance(settings, bool)
        example = f"tstop={settings:g}" if is_time else "tstop=170.0"
        raise ParameterError(
            f"settings must be SimulationSettings, such as SimulationSettings({example}, n_trials=1), got {settings!r}."
        )
    return settings


def check_is_network(network: Any) -> None:
    """Refuse what is no network.

    Raises
    ------
    ParameterError
        It is something else.
    """
    if not isinstance(network, Network):
        raise ParameterError(f"network must be a Network, such as jones_2009() returns, got {type(network).__name__}.")


def _refuse_custom(network: Network, asked: str, instead: str) -> None:
    mechanisms = custom_mechanisms(network)
    if mechanisms:
        names = ", ".join(repr(mechanism.name) for mechanism in mechanisms)
        raise ParameterError(
            f"{asked} cannot run this network: its mechanisms of one's own ({names}) run in NEURON itself, in one "
            f"thread and exactly: take {instead}."
        )


def _available_engine(engine: str) -> str:
    library = mechanism_library()
    if library.kernel_path is not None:
        return "kernel" if engine == "auto" else engine
    if engine in ("kernel", "coreneuron"):
        missing = "CoreNEURON" if engine == "coreneuron" else "the kernel"
        raise SimulationError(
            f"The mechanisms were compiled without {missing}: use engine='neuron', or see with `mne-hnn compile "
            "--variant portable` why."
        )
    if engine == "auto":
        warn("Simulating in plain NEURON, several times slower: the mechanisms have no kernel and no CoreNEURON.")
    return "neuron"
