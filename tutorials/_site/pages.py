"""Pages whose text stands elsewhere, and links that mean one thing in a checkout and another on the site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import citation

ROOT = Path(__file__).resolve().parents[2]

ELSEWHERE = {
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
    "benchmarks": "tests/benchmarks/README.md",
}
"""Pages of the site that are files of the checkout."""

_PAGES = {ROOT / file: page for page, file in ELSEWHERE.items()} | {
    ROOT / "README.md": "index",
    ROOT / "tutorials" / "README.md": "gallery",
}
_LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)\s#]+)(#[^)\s]+)?\)")
_INDEX_ANCHORS = {"#architecture": "architecture.md"}


def linked(text: str, folder: Path) -> str:
    """Return Markdown of a file in `folder` with links as they are on the site."""

    def there(match: re.Match[str]) -> str:
        path, anchor = (folder / match[1]).resolve(), match[2] or ""
        if path in _PAGES:
            page = _PAGES[path]
            if page == "index" and anchor:
                return f"]({_INDEX_ANCHORS[anchor]})"
            return f"](/{page}.md{anchor})"
        if path.is_dir():
            return "]"
        script = re.fullmatch(r"(workflows|howto)/(plot_\w+)\.py", _within(path))
        if script:
            return f"](/_generated/{script[1]}/{script[2]}.rst)"
        if path.suffix == ".md" and _within(path):
            return f"](/{_within(path)}{anchor})"
        return f"]({_relative(path)}{anchor})"

    return _LINK.sub(there, text)


def _within(path: Path) -> str:
    here = ROOT / "tutorials"
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else ""


def _relative(path: Path) -> str:
    inside = _within(path)
    return f"/{inside}" if inside else "/../" + path.relative_to(ROOT).as_posix()


def read(app: Any, docname: str, source: list[str]) -> None:
    """Take the text of a page from where it stands, with its links."""
    place = Path(app.srcdir) / f"{docname}.md"
    if docname in ELSEWHERE:
        place = ROOT / ELSEWHERE[docname]
        app.env.note_dependency(str(place))
        source[0] = place.read_text(encoding="utf-8")
    if place.suffix == ".md" and place.is_file():
        source[0] = linked(source[0], place.parent).replace(citation.MARK, citation.entries())


def connect(app: Any) -> None:
    """Read all pages of a site by :func:`read`."""
    app.connect("source-read", read)
