"""What is opened and saved on the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .opening import PARTS, open_session, with_part
from .saving import save_analysis, save_pictures
from .session import Session
from .single_files import SINGLE_FILES, write_single
from .state import ExploreState

if TYPE_CHECKING:
    from .page import Page

__all__ = ["FILES_START", "FileDesk"]

FILES_START: dict[str, Any] = {
    "dialog": "start",
    "file": "",
    "files": [],
    "folder": "",
    "open_part": "all",
    "open_parts": [{"title": words, "value": part} for part, words in PARTS.items()],
    "single": "network",
    "singles": [{"title": f"{one.words} ({one.ending})", "value": kind} for kind, one in SINGLE_FILES.items()],
    "single_name": "",
    "replace": False,
}


class FileDesk:
    """Opening and saving.

    Parameters
    ----------
    page : Page
        The page.
    """

    def __init__(self, page: Page) -> None:
        self.page = page

    def show_dialog(self, name: str) -> None:
        """Show a dialog, with the files that there are now."""
        folders, data = self.page.folders, self.page.data
        data.update({"dialog": name, "files": folders.files(), "folder": folders.free_name(), "replace": False})
        self.name_single(data.single)

    def open(self, name: str | None, part: str = "all") -> None:
        """Open a file as a new session, or take only its column or target into this one."""
        page = self.page
        if part == "all":
            page.work(
                "Opening ...", lambda: open_session(page.folders.existing(name)), lambda found: self._use(found, name)
            )
            return

        def take(state: ExploreState) -> None:
            """Make it one change."""
            page.data.dialog = ""
            page.session.change(state)

        page.work("Opening ...", lambda: with_part(page.session.state, page.folders.existing(name), part), take)

    def _use(self, session: Session, name: str | None) -> None:
        """Show a session, and end the one that was there."""
        page = self.page
        old, page.data.dialog = page.session, ""
        page.use(session, Path(str(name)).name)
        old.close()
        if session.answer is not None:
            page.heard(session.answer)

    def save(self, name: str | None) -> None:
        """Save the analysis into a folder."""
        page = self.page
        page.work("Saving ...", lambda: save_analysis(page.session, page.folders.new(name)), self._saved)

    def pictures(self, name: str | None) -> None:
        """Save the pictures into a folder."""
        page = self.page
        page.work("Saving ...", lambda: save_pictures(page.session, page.folders.new(name)), self._saved)

    def _saved(self, files: dict[str, Path]) -> None:
        folder = next(iter(files.values())).parent
        self._done(f"Saved in {folder}: {', '.join(path.name for path in files.values())}.")

    def _done(self, words: str) -> None:
        self.page.data.update({"dialog": "", "message": words})

    def name_single(self, kind: str) -> None:
        """Choose what is saved, and propose a name that is free."""
        one = SINGLE_FILES[kind]
        name = self.page.folders.free_file(one.name, one.ending)
        self.page.data.update({"single": kind, "single_name": name})

    def save_single(self, kind: str, name: str | None, replace: Any) -> None:
        """Save one thing as a file."""
        page = self.page
        answer, found = page.session.answer, page.fits.found
        page.work(
            "Saving ...",
            lambda: write_single(kind, answer, found, page.folders.new(name), overwrite=bool(replace)),
            lambda path: self._done(f"Saved as {path}."),
        )
