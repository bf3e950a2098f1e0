"""What is done on the cortex: look at it, turn it, click on it, choose how large a place is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
from .cortex import Cortex, RADIUS_mm
from .course_picture import draw_courses
from .courses import place_courses
from .drawing import as_image
from .lane import Lane
from .place import Place
from .rows import as_number
from .surface import CortexScene

if TYPE_CHECKING:
    from .page import Page

__all__ = ["CORTEX_START", "CortexDesk"]

CLICK_px = 4.0
DISCS = {"radius_mm": "Radius (mm)", "area_mm2": "Area (mm²)"}
AREA_mm2 = 300.0

CORTEX_START: dict[str, Any] = {
    "place": "",
    "has_cortex": False,
    "labels": [],
    "label": None,
    "latency": 0.0,
    "latencies": [0.0, 1.0],
    "view": "lateral-rh",
    "disc_kinds": [{"title": words, "value": kind} for kind, words in DISCS.items()],
    "disc_kind": "radius_mm",
    "disc_size": f"{RADIUS_mm:g}",
    "below": "sensors",
}


class CortexDesk:
    """The cortex of the page.

    Parameters
    ----------
    page : Page
        The page.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.scene: CortexScene | None = None
        self.update: Callable[[], None] = lambda: None
        self._place: Place | None = None
        self._pressed: tuple[float, float] | None = None
        self._lane = Lane("courses")

    def use(self, cortex: Cortex | None) -> Callable[[], None]:
        """Show a cortex, or none; return what ends the one before."""
        data, old = self.page.data, self.scene
        self._place, self.update = None, lambda: None
        self.scene = None if cortex is None else CortexScene(cortex)
        data.has_cortex = cortex is not None
        if cortex is not None:
            data.labels = cortex.labels()
            times = [float(moment) for moment in cortex.times if moment >= 0]
            data.latency = round(1e3 * cortex.peak, 1)
            data.latencies = [round(1e3 * times[0], 1), round(1e3 * times[-1], 1)]
        return lambda: None if old is None else old.close()

    def close(self) -> None:
        """Draw nothing more."""
        self._lane.close()

    def follow(self, place: Place | None) -> None:
        """Show where the target comes from."""
        self.page.data.place = "" if place is None else place.words()
        if self.scene is None or place is self._place:
            return
        self._place = place
        self.scene.show_place(place)
        if place is not None and not self.page.data.view.endswith(place.hemi):
            self.look(f"lateral-{place.hemi}")  # where it is, as after the name of a label
        self.update()
        self.page.forget_images("course")
        self.redraw()

    def redraw(self) -> None:
        """Draw the courses of the place, in a thread."""
        place = self._place
        if place is not None:
            self._lane.ask(lambda: self._draw(place))

    def _draw(self, place: Place) -> None:
        """Draw the courses of a place, in a thread."""
        cortex = self.page.session.cortex
        if cortex is None:
            return
        image = as_image(draw_courses(place_courses(place, cortex.inverse["src"], cortex.rule)))
        self.page.later(lambda: self.page.put_image("course", image) if place is self._place else None)

    def show_time(self, latency_ms: float) -> None:
        """Show the activation at a time."""
        self.page.data.latency = latency_ms
        if self.scene is not None:
            self.scene.show_time(1e-3 * float(latency_ms))
            self.update()

    def look(self, view: str) -> None:
        """Look at the cortex from another side."""
        self.page.data.view = view
        if self.scene is not None:
            self.scene.look(view)
            self.update()

    def press(self, event: Any) -> None:
        """Note where the mouse was pressed."""
        self._pressed = _position(event)

    def lift(self, event: Any) -> None:
        """Take the vertex below the mouse, unless the cortex was turned meanwhile."""
        pressed, self._pressed = self._pressed, None
        if pressed is None or self.scene is None:
            return
        x, y = _position(event)
        if max(abs(x - pressed[0]), abs(y - pressed[1])) > CLICK_px:
            return
        found = self.scene.vertex_at(x, y)
        if found is not None:
            self.take_vertex(*found)

    def take_vertex(self, hemi: str, vertex: int) -> None:
        """Make the response of a disc around a vertex the target."""
        disc: dict[str, Any] = {}
        if self.page.attempt(lambda: disc.update(self._disc())):
            self._take(lambda: self._cortex.at_vertex(hemi, vertex, **disc))

    def _disc(self) -> dict[str, float]:
        """Return how large a place is that is clicked on."""
        kind = self.page.data.disc_kind
        return {kind: as_number(self.page.data.disc_size, DISCS[kind])}

    def set_disc(self, kind: str, size: Any) -> None:
        """Choose how large a place is that is clicked on; the present one becomes as large, if it was clicked on."""
        data = self.page.data
        if kind != data.disc_kind:
            size = {"radius_mm": f"{RADIUS_mm:g}", "area_mm2": f"{AREA_mm2:g}"}[kind]
        data.update({"disc_kind": kind, "disc_size": str(size)})
        place = self.page.session.place
        if place is not None and place.vertex is not None:
            self.take_vertex(place.hemi, place.vertex)
        else:
            self.page.attempt(self._disc)

    def take_label(self, name: str | None) -> None:
        """Make the response of a label the target."""
        if name:
            self._take(lambda: self._cortex.at_label(name))

    @property
    def _cortex(self) -> Cortex:
        if self.page.session.cortex is None:
            raise ParameterError("There is no cortex here: open the results of a recording.")
        return self.page.session.cortex

    def _take(self, find: Callable[[], Place]) -> None:
        self.page.work("Estimating the target ...", find, lambda place: self.page.session.take_place(place))


def _position(event: Any) -> tuple[float, float]:
    where = event["position"]
    return float(where["x"]), float(where["y"])
