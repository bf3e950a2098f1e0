"""What the page shows and does: each change goes to the session at once, each answer comes back when it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..errors import MneHnnError
from .answer import Answer
from .figures import FIGURES
from .files import Folders
from .page_cortex import CORTEX_START, CortexDesk
from .page_files import FILES_START, FileDesk
from .page_fit import FIT_START, FitDesk
from .page_fit import TAB as FIT
from .page_parts import PARTS_START, PartsDesk
from .page_parts import TAB as PARTS
from .painter import Painter
from .rows import column_rows, drive_panels, edited
from .session import Failure, Session
from .state import ExploreState

__all__ = ["PICTURES", "Page"]

PICTURES = ("dipole", *FIGURES, "sensors", "course", PARTS, FIT)
"""Names of all pictures on the page."""


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
        self.rebuild: Callable[[], None] = lambda: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._drag = 0
        self._painter = Painter(self._show)
        self._ends: list[Callable[[], None]] = []
        self.data.update(_START)
        self.brain, self.files, self.fits, self.parts = CortexDesk(self), FileDesk(self), FitDesk(self), PartsDesk(self)
        self.use(session, title)
        server.controller.on_server_ready.add(self._begin)

    def _begin(self, **_: Any) -> None:
        """Remember the loop of the page, which everything is handed to that other threads find out."""
        self._loop = asyncio.get_running_loop()
        self.brain.redraw()
        if self.session.answer is not None:
            self.heard(self.session.answer)

    def use(self, session: Session, title: str) -> None:
        """Show a session, instead of the one before."""
        for end in self._ends:
            end()
        self.fits.leave()
        self.parts.leave()
        self.session = session
        self._ends = [session.on_result(self.heard), session.on_failure(self._failed)]
        self.data.title = title
        self.forget_images(*PICTURES)
        close_old = self.brain.use(session.cortex)
        self.rebuild()
        self.refresh()
        close_old()

    def close(self) -> None:
        """End everything that the page has started."""
        self.fits.close()
        self.brain.close()
        self._painter.close()
        self.session.close()

    # -- what the session says -------------------------------------------------------------------

    def later(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function in the loop of the page, and push what it changes."""
        if self._loop is None or self._loop.is_closed():
            return

        def call() -> None:
            """Change the page."""
            with self.data:
                function(*arguments)

        self._loop.call_soon_threadsafe(call)

    def heard(self, answer: Answer) -> None:
        """Take an answer, in a thread of the session."""
        self.later(self._tell_answer, answer)
        self.draw(answer)

    def draw(self, answer: Answer) -> None:
        """Draw the pictures of an answer, in the thread of pictures."""
        shown = self.data.tab
        place = self.session.place if self.session.cortex is not None else None
        self._painter.draw(answer, self.session, shown, place)

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
        self.parts.follow()

    def _failed(self, failure: Failure) -> None:
        """Say why there is no answer, in a thread of the session."""
        self.later(self._tell_failure, failure)

    def _tell_failure(self, failure: Failure) -> None:
        if failure.number == self.session.number:
            self.data.update({"failure": failure.message, "busy": False, "stage": "not simulated"})

    def _show(self, name: str, image: str, number: int) -> None:
        """Show a picture, in the thread that drew it."""

        def put() -> None:
            """Put it into the page."""
            if number == self.session.number:
                self.put_image(name, image)

        self.later(put)

    def put_image(self, name: str, image: str) -> None:
        """Show a picture in its place."""
        self.data.update({f"image_{name}": image})

    def forget_images(self, *names: str) -> None:
        """Show some pictures no more."""
        for name in names:
            self.put_image(name, "")

    # -- what a user does ------------------------------------------------------------------------

    def attempt(self, act: Callable[[], Any]) -> bool:
        """Do what was asked for; say on the page why if it cannot be done."""
        try:
            act()
        except MneHnnError as error:
            self.data.failure = str(error)
            self.data.refused += 1
            return False
        self.data.failure = ""
        return True

    def change(self, make: Callable[[ExploreState], ExploreState], merge: str | None = None) -> None:
        """Change the state, or say why that cannot be done."""
        if self.attempt(lambda: self.session.change(make(self.session.state), merge=merge)):
            self.refresh()

    def refresh(self) -> None:
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
                "has_target": session.state.target is not None,
            }
        )
        self.brain.follow(session.place)
        self.fits.follow(session.state)
        self.parts.follow()
        if session.place is None:
            self.forget_images("sensors")

    def edit(self, owner: str, key: str, value: Any) -> None:
        """Change a number of a drive, or of the whole column."""
        if key == "auto":
            answer = self.session.answer
            kept = None if value else (1.0 if answer is None or answer.columns <= 0 else answer.columns)
            self.change(lambda state: state.with_columns(kept))
            return
        self.change(lambda state: edited(state, owner, key, value), merge=f"{owner}:{key}:{self._drag}")

    def release(self) -> None:
        """Note that a slider was let go: the next change is one of its own for undo."""
        self._drag += 1

    def add_drive(self, kind: str, location: str) -> None:
        """Add a drive."""
        self.change(lambda state: state.add_drive(kind, location=location))

    def copy_drive(self, name: str) -> None:
        """Copy a drive."""
        self.change(lambda state: state.copy_drive(name))

    def remove_drive(self, name: str) -> None:
        """Take a drive away."""
        self.change(lambda state: state.without_drive(name))

    def undo(self) -> None:
        """Go back one change."""
        self.attempt(self.session.undo)
        self.refresh()

    def redo(self) -> None:
        """Take back what was undone."""
        self.attempt(self.session.redo)
        self.refresh()

    def pin(self) -> None:
        """Keep the present simulation for comparison."""
        name = str(self.data.pin_name or "").strip() or None
        if self.attempt(lambda: self.session.pin(name)):
            self.data.pin_name = ""
        self._pinned()

    def unpin(self, name: str) -> None:
        """Let go of a simulation that was kept."""
        self.attempt(lambda: self.session.unpin(name))
        self._pinned()

    def take_pin(self, name: str) -> None:
        """Go back to the state of a simulation that was kept."""
        self.attempt(lambda: self.session.take_pin(name))
        self.refresh()

    def _pinned(self) -> None:
        self.refresh()
        if self.session.answer is not None:
            self.draw(self.session.answer)

    def show_tab(self, name: str) -> None:
        """Show another figure below the dipole."""
        self.data.tab = name
        self.fits.follow(self.session.state)
        self.parts.follow()
        if self.session.answer is not None:
            self.draw(self.session.answer)

    # -- what takes a while ----------------------------------------------------------------------

    def work(self, words: str, work: Callable[[], Any], then: Callable[[Any], Any]) -> None:
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
                elif self.attempt(lambda: then(found)):
                    self.refresh()

        self._tasks = asyncio.ensure_future(wait())


def _match(answer: Answer) -> str:
    return "" if answer.r_squared is None else f"R² {answer.r_squared:.2f}"


_START: dict[str, Any] = {
    "title": "",
    "tab": "drives",
    **{f"image_{name}": "" for name in PICTURES},  # one each, as what changes is sent as a whole
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
    "has_target": False,
    "new_kind": "evoked",
    "new_location": "proximal",
    "open_panels": [],
    "open_drives": [],
    **CORTEX_START,
    **FILES_START,
    **FIT_START,
    **PARTS_START,
}
