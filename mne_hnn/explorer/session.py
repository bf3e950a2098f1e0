"""A session: one state at a time, simulated in the background, with a way back and simulations to compare with."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

import numpy as np
from mne.utils import logger

from .._checks import check_label, check_name
from ..errors import MneHnnError, ParameterError
from ..fit import Contributions
from ..viz.colors import COMPARED
from .answer import Answer
from .cortex import Cortex
from .history import Entry, History
from .lane import Lane
from .parts import PartsJob
from .place import Place
from .runner import Runner
from .spans import Span
from .state import ExploreState

__all__ = ["MOST_PINS", "PIN_COLORS", "Failure", "Pin", "Session"]

MOST_PINS = 10
LIVE_s = 0.4
"""While a slider is moved a coarse answer is shown at least about so often."""
PIN_COLORS = (*COMPARED[1:], "#882255", "#44BB99", "#999933", "#332288")
"""Of pinned simulations, in order; the present one is black. After those of all figures come four of Paul Tol."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A state that could not be simulated: :attr:`Session.failure`.

    Attributes
    ----------
    number : int
        Number of the change.
    message : str
        Why, in one sentence.
    """

    number: int
    message: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pin:
    """A simulation that is kept for comparison, of :meth:`Session.pin`.

    Attributes
    ----------
    name : str
        Its name in the legend.
    color : str
        Hexadecimal colour.
    answer : Answer
        What was simulated, and its state.
    """

    name: str
    color: str
    answer: Answer


class Session:
    """One state at a time; every change is simulated at once in worker processes, and only the newest counts.

    Each change gives a coarse answer first, where the column has a coarser form, and the exact one of the full column
    after it. Callbacks are called in threads of the session.

    Parameters
    ----------
    state : ExploreState
        To begin with; it is simulated at once.
    cortex : Cortex | None
        Response, forward solution and inverse operator; None without.
    place : Place | None
        Where on that cortex the target comes from.
    notes : tuple of str
        What to know of where it came from, such as what a file leaves open.
    n_jobs : int | None
        Processes for the trials of the full column, besides the one for coarse answers; None for one per core.

    Examples
    --------
    >>> with Session(ExploreState(network=network, tstop_ms=40.0), n_jobs=1) as begun:
    ...     number = begun.change(begun.state.with_drive("evprox1", mu_ms=20.0))
    ...     number == begun.number, begun.can_undo
    (True, True)
    """

    def __init__(
        self,
        state: ExploreState,
        cortex: Cortex | None = None,
        *,
        place: Place | None = None,
        notes: tuple[str, ...] = (),
        n_jobs: int | None = None,
    ) -> None:
        if not isinstance(state, ExploreState):
            raise ParameterError(f"state must be an ExploreState, got {type(state).__name__}.")
        self.cortex, self.notes = cortex, notes
        self.spans: dict[str, tuple[Span, ...]] = {}  # by digest of a network that was fitted
        self._history = History(Entry(state=state, place=place))
        self._lock = threading.RLock()
        self._told = threading.Condition(self._lock)
        self._number = 0
        self._last_told, self._last_shown = -np.inf, 0
        self._answers: dict[str, Answer] = {}  # by kind, of the newest number
        self._failure: Failure | None = None
        self._pins: dict[str, Pin] = {}
        self._on_result: list[Callable[[Answer], None]] = []
        self._on_failure: list[Callable[[Failure], None]] = []
        self._closed = False
        self._runner = Runner(n_jobs or os.cpu_count() or 1)
        self._lanes = {kind: Lane(kind) for kind in ("coarse", "full")}
        self._parts = PartsJob()
        with self._lock:
            self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    # -- state -----------------------------------------------------------------------------------

    @property
    def state(self) -> ExploreState:
        """The present state."""
        return self._history.present.state

    @property
    def place(self) -> Place | None:
        """Where on the cortex the present target comes from; None if that is not known."""
        return self._history.present.place

    @property
    def number(self) -> int:
        """Number of the newest change; answers to others are old."""
        return self._number

    def change(self, state: ExploreState, *, place: Any = "same", merge: str | None = None) -> int:
        """Make a state the present one, and start its simulation; return the number of the change at once.

        Parameters
        ----------
        state : ExploreState
            The new state, made of :attr:`state` by its edits. One that is equal changes nothing.
        place : Place | None
            Where its target comes from; left out, what it was, as long as the target is the same.
        merge : str | None
            What is being changed, such as the name of a slider: changes of the same one after the other count as one
            for :meth:`undo`.
        """
        if not isinstance(state, ExploreState):
            raise ParameterError(f"state must be an ExploreState, got {type(state).__name__}.")
        with self._lock:
            present = self._history.present
            if place == "same":
                place = present.place if state.target is present.state.target else None
            if state == present.state and place is present.place:
                return self._number
            self._history.add(Entry(state=state, place=place, merge=merge))
            return self._start()

    def take_place(self, place: Place) -> int:
        """Make the target of a place on the cortex the present one; return the number of the change."""
        return self.change(self.state.with_target(place.dipole), place=place)

    def undo(self) -> int:
        """Go back to the state before; return the number of this change."""
        return self._step(-1)

    def redo(self) -> int:
        """Take back what was undone; return the number of this change."""
        return self._step(1)

    def _step(self, by: int) -> int:
        with self._lock:
            return self._start() if self._history.step(by) else self._number

    @property
    def can_undo(self) -> bool:
        """Whether there is a state before."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return self._history.can_redo

    # -- answers ---------------------------------------------------------------------------------

    @property
    def answer(self) -> Answer | None:
        """The best answer to the present state so far: that of the full column, else the coarse one, else None."""
        with self._lock:
            return self._answers.get("full") or self._answers.get("coarse")

    @property
    def failure(self) -> Failure | None:
        """Why the present state could not be simulated; None if it could, or is not yet."""
        return self._failure

    @property
    def busy(self) -> bool:
        """Whether the present state waits for the answer of the full column."""
        with self._lock:
            return "full" not in self._answers and self._failure is None and not self._closed

    def on_result(self, callback: Callable[[Answer], None]) -> Callable[[], None]:
        """Call a function with each answer; return a function that ends this.

        While changes come faster than coarse answers, some of those are of a state before the newest, so that something
        moves: their `number` is below :attr:`number`. Answers of the full column are of the newest state always.
        """
        return _listen(self._on_result, callback)

    def on_failure(self, callback: Callable[[Failure], None]) -> Callable[[], None]:
        """Call a function where the newest state cannot be simulated; return a function that ends this."""
        return _listen(self._on_failure, callback)

    def wait(self, timeout: float | None = None, *, kind: str = "full") -> Answer:
        """Wait for an answer to the newest state; ``kind='coarse'`` takes the one that comes first.

        Raises
        ------
        MneHnnError
            The state cannot be simulated, or there is no answer in time.
        """
        check_name(kind, ("coarse", "full"), "kind of answer")

        def ready() -> bool:
            """Return whether there is nothing more to wait for."""
            return self._closed or self._failure is not None or "full" in self._answers or kind in self._answers

        with self._told:
            if not self._told.wait_for(ready, timeout):
                raise MneHnnError(f"There is no {kind} answer after {timeout:g} s.")
            found = self.answer
            if self._failure is not None:
                raise MneHnnError(self._failure.message)
            if found is None:
                raise MneHnnError("The session is closed: open another one.")
            return found

    def _start(self) -> int:
        """Want the present state; with the lock."""
        if self._closed:
            raise ParameterError("The session is closed: open another one.")
        self._number += 1
        self._answers, self._failure = {}, None
        self._runner.want("full", self._number)
        if time.monotonic() - self._last_told < LIVE_s:  # else one coarse answer on the way may still be shown
            self._runner.want("coarse", self._number)
        number, state, begun = self._number, self.state, time.monotonic()
        for kind, lane in self._lanes.items():
            lane.ask(partial(self._work, kind, number, state, begun))
        return number

    def _work(self, kind: str, number: int, state: ExploreState, begun: float) -> None:
        """Get an answer, in the lane of its kind."""
        try:
            if kind == "coarse":
                if self._runner.has_full(state):
                    return
                self._runner.want(kind, number)
            found = self._runner.answer(kind, number, state)
            if found is not None:
                self._tell(found(seconds=time.monotonic() - begun))
        except CancelledError:
            pass
        except MneHnnError as error:
            self._fail(kind, Failure(number=number, message=str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, the session goes on and says so
            logger.debug("A run failed", exc_info=True)
            self._fail(
                kind, Failure(number=number, message=f"The simulation failed ({type(error).__name__}: {error}).")
            )

    def _tell(self, answer: Answer) -> None:
        with self._told:
            newest = answer.number == self._number
            late = not newest and (answer.kind == "full" or answer.number <= self._last_shown)
            if self._closed or late or "full" in self._answers:
                return
            self._last_told, self._last_shown = time.monotonic(), answer.number
            if newest:
                self._answers[answer.kind] = answer
            for name, pin in self._pins.items():  # pinned while it was coarse
                if pin.answer.number == answer.number:
                    self._pins[name] = Pin(name=name, color=pin.color, answer=answer)
            listeners = list(self._on_result)
            self._told.notify_all()
        _call_all(listeners, answer)

    def _fail(self, kind: str, failure: Failure) -> None:
        with self._told:
            if failure.number != self._number or self._closed or kind == "coarse":  # the full column says why
                return
            self._failure = failure
            listeners = list(self._on_failure)
            self._told.notify_all()
        _call_all(listeners, failure)

    # -- comparison ------------------------------------------------------------------------------

    @property
    def pins(self) -> tuple[Pin, ...]:
        """What is kept for comparison, in order."""
        with self._lock:
            return tuple(self._pins.values())

    def pin(self, name: str | None = None) -> Pin:
        """Keep the present answer for comparison.

        Raises
        ------
        ParameterError
            There is no answer yet, ten are kept already, or the name is taken.
        """
        with self._lock:
            found = self.answer
            if found is None:
                raise ParameterError("There is no simulation to keep yet: wait for the answer.")
            if len(self._pins) >= MOST_PINS:
                raise ParameterError(f"{MOST_PINS} simulations are kept already: let go of one first.")
            if name is None:
                name = next(f"Simulation {k}" for k in range(1, MOST_PINS + 2) if f"Simulation {k}" not in self._pins)
            if check_label(name, "The name of a simulation") in self._pins:
                raise ParameterError(f"A simulation {name!r} is kept already: choose another name.")
            used = {pin.color for pin in self._pins.values()}
            color = next(color for color in PIN_COLORS if color not in used)
            self._pins[name] = Pin(name=name, color=color, answer=found)
            return self._pins[name]

    def unpin(self, name: str) -> None:
        """Let go of a simulation that was kept."""
        with self._lock:
            del self._pins[check_name(name, self._pins, "kept simulation")]

    def take_pin(self, name: str) -> int:
        """Make the state of a simulation that was kept the present one; return the number of the change."""
        with self._lock:
            return self.change(self._pins[check_name(name, self._pins, "kept simulation")].answer.state)

    # -- contributions ---------------------------------------------------------------------------

    def contributions(
        self,
        done: Callable[[Contributions], None],
        failed: Callable[[Failure], None] | None = None,
        *,
        currents: bool = False,
    ) -> None:
        """Take the dipole of the present state apart in the background: what each drive pushes up or down.

        Parameters
        ----------
        done : callable
            Called with the contributions, unless another call came in between or the session was closed.
        failed : callable | None
            Called where that cannot be done, with the reason.
        currents : bool
            Split the dipole by currents, too, which takes longer.
        """
        number, state, answer = self._number, self.state, self.answer

        def tell(message: str) -> None:
            """Say why there are none."""
            if failed is not None:
                failed(Failure(number=number, message=message))

        self._parts.start(state, None if answer is None else answer.columns, done, tell, currents=currents)

    def stop_contributions(self) -> None:
        """Give up taking the dipole apart."""
        self._parts.stop()

    # -- end -------------------------------------------------------------------------------------

    def pids(self) -> list[int]:
        """Return the process numbers of the workers that live now."""
        return [*self._runner.pids(), *self._parts.pids()]

    def close(self) -> None:
        """End all workers; the session cannot be changed any more."""
        with self._told:
            if self._closed:
                return
            self._closed = True
            self._told.notify_all()
        for lane in self._lanes.values():
            lane.close()
        self._parts.close()
        self._runner.close()
        for lane in self._lanes.values():
            lane.join(5.0)


def _listen(listeners: list[Any], callback: Any) -> Callable[[], None]:
    if not callable(callback):
        raise ParameterError(f"A listener must be a function, got {callback!r}.")
    listeners.append(callback)

    def end() -> None:
        """Call it no more."""
        if callback in listeners:
            listeners.remove(callback)

    return end


def _call_all(listeners: list[Callable[[Any], None]], what: Any) -> None:
    for listener in listeners:
        try:
            listener(what)
        except Exception:  # noqa: BLE001 - one listener must not keep the others, or the next answer, away
            logger.exception("A listener of the session failed")
