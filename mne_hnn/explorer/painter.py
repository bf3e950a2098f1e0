"""Draws the pictures of the page one after the other in a thread, the newest answer only."""

from __future__ import annotations

from collections.abc import Callable

from mne.utils import logger

from ..errors import MneHnnError
from .answer import Answer
from .drawing import as_image
from .figures import FIGURES, draw
from .lane import Lane
from .place import Place
from .sensors import draw_sensors
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

    def draw(self, answer: Answer, session: Session, tab: str, place: Place | None) -> None:
        """Draw the dipole first, then the figure below it, then the sensors of a full answer."""
        pins, cortex = session.pins, session.cortex
        spans = session.spans.get(answer.state.network.digest, ())

        def work() -> None:
            """Draw, in the thread of pictures."""
            try:
                for name, size in (("dipole", SIZES["dipole"]), (tab, SIZES["other"])):
                    if name != "dipole" and name not in FIGURES:
                        continue  # that is drawn elsewhere
                    self._show(name, as_image(draw(name, answer, pins, size, spans=spans)), answer.number)
                if answer.kind == "full" and cortex is not None and place is not None:
                    self._show("sensors", as_image(draw_sensors(cortex.predict(answer, place))), answer.number)
            except MneHnnError as error:
                logger.debug("A picture was not drawn: %s", error)
            except Exception:  # noqa: BLE001 - the next picture is drawn whatever this one was
                logger.exception("A picture could not be drawn")

        self._lane.ask(work)

    def close(self) -> None:
        """Draw nothing more."""
        self._lane.close()
