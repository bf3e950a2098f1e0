"""Draws the pictures of the page one after the other in a thread, the newest answer only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError

from mne.utils import logger

from ..errors import MneHnnError
from .answer import Answer
from .drawing import as_image
from .figures import FIGURES, draw
from .lane import Lane
from .place import Place
from .pool import EndingPool
from .sensors import sensors_image
from .session import Session

__all__ = ["Painter"]

SIZES = {"dipole": (6.4, 3.1), "other": (6.4, 3.0)}


class Painter:
    """Draws what an answer gives.

    Parameters
    ----------
    show : callable
        Called with the name of a picture, its address, and the number of the change that it shows.
    """

    def __init__(self, show: Callable[[str, str, int], None]) -> None:
        self._show = show
        self._lane = Lane("pictures")
        self._beside = Lane("sensors")
        self._pool = EndingPool(1)

    def draw(self, answer: Answer, session: Session, tab: str, place: Place | None) -> None:
        """Draw the dipole first, then the figure below it; beside them the sensors of a full answer.

        Maps of sensors take longer than all else together: a process draws them, so that no dipole waits for them.
        """
        pins, cortex = session.pins, session.cortex
        spans = session.spans.get(answer.state.network.digest, ())

        def work() -> None:
            """Draw, in the thread of pictures."""
            for name, size in (("dipole", SIZES["dipole"]), (tab, SIZES["other"])):
                if name != "dipole" and name not in FIGURES:
                    continue  # that is drawn elsewhere
                self._show(name, as_image(draw(name, answer, pins, size, spans=spans)), answer.number)

        self._lane.ask(lambda: _tried(work))
        if answer.kind != "full" or cortex is None or place is None:
            self._beside.ask(None)
            return

        def work_beside() -> None:
            """Predict the sensors, and have them drawn."""
            prediction = cortex.predict(answer, place)
            self._show("sensors", self._pool.submit(sensors_image, prediction).result(), answer.number)

        self._beside.ask(lambda: _tried(work_beside))

    def close(self) -> None:
        """Draw nothing more."""
        for lane in (self._lane, self._beside):
            lane.close()
        self._pool.end()


def _tried(work: Callable[[], None]) -> None:
    """Draw; the next picture is drawn whatever this one was."""
    try:
        work()
    except CancelledError:
        pass
    except MneHnnError as error:
        logger.debug("A picture was not drawn: %s", error)
    except Exception:  # noqa: BLE001 - whatever it is
        logger.exception("A picture could not be drawn")
