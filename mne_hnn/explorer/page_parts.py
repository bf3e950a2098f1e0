"""What pushes the dipole up or down, on the page: worked out when it is looked at, for the state that is shown."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..fit import Contributions
from .answer import Answer
from .drawing import as_image
from .part_pictures import VIEWS, draw_contributions
from .session import Failure

if TYPE_CHECKING:
    from .page import Page

__all__ = ["PARTS_START", "TAB", "PartsDesk"]

TAB = "parts"
KEPT = 6
PARTS_START: dict[str, Any] = {
    "parts_view": "drives",
    "parts_views": [{"title": words, "value": view} for view, words in VIEWS.items()],
    "parts_words": "",
    "parts_old": False,
}
_Key = tuple[Any, ...]


class PartsDesk:
    """Contributions of drives, layers and cells.

    Parameters
    ----------
    page : Page
        The page.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self._images: OrderedDict[_Key, tuple[str, Any]] = OrderedDict()  # with the target that a key names
        self._asked: _Key | None = None

    def show(self, view: str) -> None:
        """Show drives, or layers and cells."""
        self.page.data.parts_view = view
        self.follow()

    def follow(self) -> None:
        """Take the dipole apart that is shown, if its parts are looked at and its full column is there."""
        page, session = self.page, self.page.session
        answer = session.answer
        if page.data.tab != TAB or answer is None or answer.kind != "full" or answer.number != session.number:
            self.leave()
            return
        key = _key(answer, page.data.parts_view)
        if key in self._images:
            self.leave()
            self._put(key, "")
        elif key != self._asked:
            self._asked = key
            longer = "" if page.data.parts_view == "drives" else " and weighing its currents, which takes longer"
            page.data.update({"parts_words": f"Taking the dipole apart{longer} ...", "parts_old": True})
            self._start(answer, key)

    def leave(self) -> None:
        """Give up what is worked on: it is of another state, or not looked at."""
        if self._asked is not None:
            self._asked = None
            self.page.session.stop_contributions()
        self.page.data.parts_old = True
        if self.page.data.tab == TAB:
            self.page.data.parts_words = "The full column comes first ..."

    def _start(self, answer: Answer, key: _Key) -> None:
        view, target = self.page.data.parts_view, answer.state.target

        def done(parts: Contributions) -> None:
            """Draw the parts, in the thread that worked them out."""
            image = as_image(draw_contributions(view, parts, target))
            self.page.later(self._done, key, image, target)

        def failed(failure: Failure) -> None:
            """Say why there are none."""
            self.page.later(self._failed, key, failure.message)

        self.page.session.contributions(done, failed, currents=view == "cells")

    def _done(self, key: _Key, image: str, target: Any) -> None:
        self._images[key] = image, target
        while len(self._images) > KEPT:
            self._images.popitem(last=False)
        if key == self._asked:
            self._asked = None
            self._put(key, "")

    def _failed(self, key: _Key, reason: str) -> None:
        if key == self._asked:
            self._asked = None
            self.page.forget_images(TAB)
            self.page.data.update({"parts_words": reason, "parts_old": False})

    def _put(self, key: _Key, words: str) -> None:
        self.page.put_image(TAB, self._images[key][0])
        self.page.data.update({"parts_words": words, "parts_old": False})


def _key(answer: Answer, view: str) -> _Key:
    state = answer.state
    return state.network.digest, state.settings.identity, answer.columns, state.smooth_ms, id(state.target), view
