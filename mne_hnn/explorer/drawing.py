"""Figures without a display, drawn by one thread at a time."""

from __future__ import annotations

import base64
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["COLUMNS", "FONTS", "as_image", "drawing", "new_figure", "put_legend"]

COLUMNS = 3
"""Columns of a legend."""
DPI = 144  # twice what a page at 1280 x 720 shows, for a projector
FONTS: Any = {"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}
_turn = threading.RLock()


@contextmanager
def drawing(settings: Any = FONTS) -> Iterator[None]:
    """Draw with settings of matplotlib, which all threads share: one after the other."""
    with _turn, rc_context(settings):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return a figure that is no window's, so that any thread can draw it; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def put_legend(axes: Axes) -> None:
    """Put the legend above the axes, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        axes.legend(
            handles,
            labels,
            loc="lower left",
            fontsize="small",
            frameon=False,
            borderaxespad=0.1,
            ncols=min(COLUMNS, len(handles)),
            bbox_to_anchor=(0.0, 1.0),
        )


def as_image(figure: Figure) -> str:
    """Return a figure as the address of a PNG that holds it."""
    file = io.BytesIO()
    with _turn:
        figure.savefig(file, format="png", dpi=DPI)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
