"""What the page shows and does: each change goes to the session at once, each answer comes back when it is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import MneHnnError, ParameterError
from .answer import Answer
from .files import Folders
from .opening import open_session
from .painter import Painter
from .rows import column_rows, drive_panels, edited
from .saving import save_analysis, save_pictures
from .session import Failure, Session
from .state import ExploreState
from .surface import CortexScene

__all__ = ["Page"]

CLICK_s = 0.5
CLICK_px = 4.0


class Page:
    """The page of a session.

    Parameters
    ----------
    server : trame_server.Server
        Which serves it; see :func:`~mne_hnn.explorer.server.new_server`.
    session : Session
        What is explored; closed with the page.
    folders : Folders
        Where files may be opened and saved.
    title : str
        What is explored, in a word: the name of its file.
    """

    def __init__(self, server: Any, session: Session, folders: Folders, title: str) -> None:
        self.server, self.folders = server, folders
        self.data: Any = server.state
        self.session = session
        self.scene: CortexScene | None = None
        self.update_scene: Callable[[], None] = lambda: None
        self.rebuild: Callable[[], None] = lambda: None
        self._place: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drag = 0
        self._pressed: tuple[float, float, float] | None = None
        self._painter = Painter(self._show)
        self._ends: list[Callable[[], None]] = []
        self.data.update(_START)
        self._use(session, title)
        server.controller.on_server_ready.add(self._begin)

    def _begin(self, **_: Any) -> None:
        """Remember the loop of the page, which everything is handed to that other threads find out."""
        self._loop = asyncio.get_running_loop()
        if self.session.answer is not None:
            self._heard(self.session.answer)

    def _use(self, session: Session, title: str) -> None:
        """Show a session, instead of the one before."""
        for end in self._ends:
            end()
        self.session = session
        self._ends = [session.on_result(self._heard), session.on_failure(self._failed)]
        cortex = session.cortex
        old, self._place = self.scene, None
        self.update_scene = lambda: None
        self.scene = None if cortex is None else CortexScene(cortex)
        self.data.title = title
        self.data.images = {}
        self.data.has_cortex = cortex is not None
        if cortex is not None:
            self.data.labels = cortex.labels()
            times = [float(moment) for moment in cortex.times if moment >= 0]
            self.data.latency = round(1e3 * cortex.peak, 1)
            self.data.latencies = [round(1e3 * times[0], 1), round(1e3 * times[-1], 1)]
        self.rebuild()
        self._refresh()
        if old is not None:
            old.close()

    def close(self) -> None:
        """End everything that the page has started."""
        self._painter.close()
        self.session.close()

    # -- what the session says -------------------------------------------------------------------

    def _later(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function in the loop of the page, and push what it changes."""
        if self._loop is None or self._loop.is_closed():
            return

        def call() -> None:
            """Change the page."""
            with self.data:
                function(*arguments)

        self._loop.call_soon_threadsafe(call)

    def _heard(self, answer: Answer) -> None:
        """Take an answer, in a thread of the session."""
        self._later(self._tell_answer, answer)
        self._draw(answer)

    def _draw(self, answer: Answer) -> None:
        shown = self.data.tab
        place = self.session.place if self.session.cortex is not None else None
        self._painter.draw(answer, self.session.pins, shown, self.session.cortex, place)

    def _tell_answer(self, answer: Answer) -> None:
        if answer.number != self.session.number:
            return
        self.data.update(
            {
                "stage": "full column" if answer.kind == "full" else "coarse",
                "how": answer.how,
                "seconds": f"{answer.seconds:.1f} s",
                "match": "" if answer.r_squared is None else f"{answer.r_squared:.3f}",
                "amplitude": answer.amplitude_sentence,
                "notes": list(answer.warnings),
                "busy": answer.kind != "full",
                "failure": "",
                "column": column_rows(answer.state, answer.columns),
            }
        )

    def _failed(self, failure: Failure) -> None:
        """Say why there is no answer, in a thread of the session."""
        self._later(self._tell_failure, failure)

    def _tell_failure(self, failure: Failure) -> None:
        if failure.number == self.session.number:
            self.data.update({"failure": failure.message, "busy": False, "stage": "not simulated"})

    def _show(self, name: str, image: str, number: int) -> None:
        """Show a picture, in the thread that drew it."""

        def put() -> None:
            """Put it into the page."""
            if number == self.session.number:
                self.data.images = {**self.data.images, name: image}

        self._later(put)

    # -- what a user does ------------------------------------------------------------------------

    def _try(self, act: Callable[[], Any]) -> bool:
        """Do what was asked for; say on the page why if it cannot be done."""
        try:
            act()
        except MneHnnError as error:
            self.data.failure = str(error)
            self.data.refused += 1
            return False
        self.data.failure = ""
        return True

    def _change(self, make: Callable[[ExploreState], ExploreState], merge: str | None = None) -> None:
        if self._try(lambda: self.session.change(make(self.session.state), merge=merge)):
            self._refresh()

    def _refresh(self) -> None:
        """Show the state that there is now."""
        session = self.session
        answer = session.answer
        self.data.update(
            {
                "drives": drive_panels(session.state),
                "column": column_rows(session.state, None if answer is None else answer.columns),
                "can_undo": session.can_undo,
                "can_redo": session.can_redo,
                "busy": session.busy,
                "stage": "" if answer is None else self.data.stage,
                "pins": [{"name": pin.name, "color": pin.color, "match": _match(pin.answer)} for pin in session.pins],
                "place": "" if session.place is None else session.place.words(),
                "has_target": session.state.target is not None,
            }
        )
        if self.scene is not None and session.place is not self._place:
            self._place = session.place
            self.scene.show_place(session.place)
            self.update_scene()
        if session.place is None and "sensors" in self.data.images:
            self.data.images = {name: image for name, image in self.data.images.items() if name != "sensors"}

    def edit(self, owner: str, key: str, value: Any) -> None:
        """Change a number of a drive, or of the whole column."""
        if key == "auto":
            answer = self.session.answer
            kept = None if value else (1.0 if answer is None or answer.columns <= 0 else answer.columns)
            self._change(lambda state: state.with_columns(kept))
            return
        self._change(lambda state: edited(state, owner, key, value), merge=f"{owner}:{key}:{self._drag}")

    def release(self) -> None:
        """Note that a slider was let go: the next change is one of its own for undo."""
        self._drag += 1

    def add_drive(self, kind: str, location: str) -> None:
        """Add a drive."""
        self._change(lambda state: state.add_drive(kind, location=location))

    def copy_drive(self, name: str) -> None:
        """Copy a drive."""
        self._change(lambda state: state.copy_drive(name))

    def remove_drive(self, name: str) -> None:
        """Take a drive away."""
        self._change(lambda state: state.without_drive(name))

    def undo(self) -> None:
        """Go back one change."""
        self._try(self.session.undo)
        self._refresh()

    def redo(self) -> None:
        """Take back what was undone."""
        self._try(self.session.redo)
        self._refresh()

    def pin(self) -> None:
        """Keep the present simulation for comparison."""
        name = str(self.data.pin_name or "").strip() or None
        if self._try(lambda: self.session.pin(name)):
            self.data.pin_name = ""
        self._pinned()

    def unpin(self, name: str) -> None:
        """Let go of a simulation that was kept."""
        self._try(lambda: self.session.unpin(name))
        self._pinned()

    def take_pin(self, name: str) -> None:
        """Go back to the state of a simulation that was kept."""
        self._try(lambda: self.session.take_pin(name))
        self._refresh()

    def _pinned(self) -> None:
        self._refresh()
        if self.session.answer is not None:
            self._draw(self.session.answer)

    def show_tab(self, name: str) -> None:
        """Show another figure below the dipole."""
        self.data.tab = name
        if self.session.answer is not None:
            self._draw(self.session.answer)

    # -- cortex ----------------------------------------------------------------------------------

    def show_time(self, latency_ms: float) -> None:
        """Show the activation at a time."""
        self.data.latency = latency_ms
        if self.scene is not None:
            self.scene.show_time(1e-3 * float(latency_ms))
            self.update_scene()

    def look(self, view: str) -> None:
        """Look at the cortex from another side."""
        self.data.view = view
        if self.scene is not None:
            self.scene.look(view)
            self.update_scene()

    def press(self, event: Any) -> None:
        """Note where the mouse was pressed."""
        self._pressed = (*_position(event), time.monotonic())

    def lift(self, event: Any) -> None:
        """Take the vertex below the mouse, unless the cortex was turned meanwhile."""
        pressed, self._pressed = self._pressed, None
        if pressed is None or self.scene is None:
            return
        x, y = _position(event)
        if time.monotonic() - pressed[2] > CLICK_s or max(abs(x - pressed[0]), abs(y - pressed[1])) > CLICK_px:
            return
        found = self.scene.vertex_at(x, y)
        if found is not None:
            hemi, vertex = found
            self._take(lambda: self._cortex.at_vertex(hemi, vertex))

    def take_label(self, name: str | None) -> None:
        """Make the response of a label the target."""
        if name:
            self._take(lambda: self._cortex.at_label(name))

    @property
    def _cortex(self) -> Any:
        if self.session.cortex is None:
            raise ParameterError("There is no cortex here: open the results of a recording.")
        return self.session.cortex

    def _take(self, find: Callable[[], Any]) -> None:
        self._work("Estimating the target ...", find, lambda place: self.session.take_place(place))

    # -- files -----------------------------------------------------------------------------------

    def _work(self, words: str, work: Callable[[], Any], then: Callable[[Any], Any]) -> None:
        """Do what takes a while in a thread, and go on with what it gives; say why if it cannot be done."""
        self.data.working = words

        async def wait() -> None:
            """Wait without keeping the page from anything else."""
            found: Any = None
            try:
                found = await asyncio.get_running_loop().run_in_executor(None, work)
                reason = ""
            except MneHnnError as error:
                reason = str(error)
            except OSError as error:
                reason = f"{error.filename or 'The file'}: {error.strerror or error}."
            with self.data:
                self.data.working = ""
                if reason:
                    self.data.failure = reason
                elif self._try(lambda: then(found)):
                    self._refresh()

        self._tasks = asyncio.ensure_future(wait())

    def open(self, name: str | None) -> None:
        """Open a file as a new session."""

        def use(session: Session) -> None:
            """Show it, and end what was there."""
            old, self.data.dialog = self.session, ""
            self._use(session, Path(str(name)).name)
            old.close()
            if session.answer is not None:
                self._heard(session.answer)

        self._work("Opening ...", lambda: open_session(self.folders.existing(name)), use)

    def save(self, name: str | None) -> None:
        """Save the analysis into a folder."""
        self._work("Saving ...", lambda: save_analysis(self.session, self.folders.new(name)), self._saved)

    def pictures(self, name: str | None) -> None:
        """Save the pictures into a folder."""
        self._work("Saving ...", lambda: save_pictures(self.session, self.folders.new(name)), self._saved)

    def _saved(self, files: dict[str, Path]) -> None:
        folder = next(iter(files.values())).parent
        self.data.update({"dialog": "", "message": f"Saved in {folder}: {', '.join(p.name for p in files.values())}."})

    def show_dialog(self, name: str) -> None:
        """Show a dialog, with the files that there are now."""
        self.data.update({"dialog": name, "files": self.folders.files(), "folder": self.folders.free_name()})


def _match(answer: Answer) -> str:
    return "" if answer.r_squared is None else f"R² {answer.r_squared:.2f}"


def _position(event: Any) -> tuple[float, float]:
    where = event["position"]
    return float(where["x"]), float(where["y"])


_START = {
    "title": "",
    "tab": "drives",
    "images": {},
    "stage": "",
    "how": "",
    "seconds": "",
    "match": "",
    "amplitude": "",
    "notes": [],
    "failure": "",
    "message": "",
    "working": "",
    "refused": 0,
    "drives": [],
    "column": [],
    "pins": [],
    "pin_name": "",
    "place": "",
    "has_target": False,
    "has_cortex": False,
    "labels": [],
    "label": None,
    "latency": 0.0,
    "latencies": [0.0, 1.0],
    "view": "lateral-rh",
    "dialog": "start",
    "file": "",
    "files": [],
    "folder": "",
    "new_kind": "evoked",
    "new_location": "proximal",
    "open_panels": [],
    "open_drives": [],
}
