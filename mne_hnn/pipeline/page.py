"""What the reports of a subject and of a group have in common: a self-contained page of figures and tables."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import mne
import numpy as np

__all__ = ["DPI", "Markup", "Page", "drawing", "new_report", "table"]

DPI = 150


class Markup(str):
    """HTML that goes into a table as it is."""

    __slots__ = ()


def new_report(title: str) -> mne.Report:
    """Return an empty report."""
    return mne.Report(title=title, image_format="png", img_max_width=None, img_max_res=DPI, verbose="error")


@contextmanager
def drawing() -> Iterator[None]:
    """Draw without a display, whatever the user's matplotlib is set to, and leave no figure open."""
    backend = mpl.get_backend()
    plt.switch_backend("agg")
    try:
        yield
    finally:
        plt.close("all")
        plt.switch_backend(backend)


class Page:
    """A report that is being written."""

    def __init__(self, report: mne.Report) -> None:
        self.report, self.figures = report, 0

    def add(self, figure: Any, title: str, section: str, caption: str) -> None:
        """Add a figure and free it."""
        figure.set_dpi(DPI)
        # whole pixels: MNE compresses what the canvas holds row by row, and part of a pixel would shear the picture
        figure.set_size_inches(*(np.round(figure.get_size_inches() * DPI) / DPI))
        self.report.add_figure(figure, title=title, section=section, caption=caption, tags=_tags(section))
        plt.close(figure)
        self.figures += 1

    def column(self, section: str, glossary: Iterable[Sequence[str]]) -> None:
        """Add the small drawing of the column with its inputs, and the words that only users of the model know."""
        from ..viz import plot_column

        self.add(
            plot_column(show=False),
            "The column and its two inputs",
            section,
            "A sketch, not to scale: where proximal and distal drives arrive, and which way a positive moment points.",
        )
        self.figures -= 1  # a sketch, and no result
        self.text(table(glossary), "What the words mean", section)

    def text(self, body: str, title: str, section: str) -> None:
        """Add HTML."""
        self.report.add_html(body, title=title, section=section, tags=_tags(section))


def _tags(section: str) -> tuple[str, ...]:
    return (section.lower().rstrip("?").replace(" ", "-"),)


def table(rows: Iterable[Sequence[Any]], header: Sequence[str] | None = None) -> str:
    """Return an HTML table that the report's style sheet knows; what is no :class:`Markup` is text."""

    def cell(value: Any, tag: str) -> str:
        """Return a cell of a row."""
        return f"<{tag}>{value if isinstance(value, Markup) else html.escape(str(value))}</{tag}>"

    head = "" if header is None else f"<thead><tr>{''.join(cell(name, 'th') for name in header)}</tr></thead>"
    body = "".join(f"<tr>{''.join(cell(value, 'td') for value in row)}</tr>" for row in rows)
    return f'<table class="table table-sm table-hover">{head}<tbody>{body}</tbody></table>'
