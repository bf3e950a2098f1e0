"""Pictures of what drives, layers and cells push up or down."""

from __future__ import annotations

from matplotlib.figure import Figure

from ..dipole import Dipole
from ..fit import Contributions
from ..viz.contributions import draw_drive_parts, draw_other_parts
from .drawing import FONTS, drawing, new_figure

__all__ = ["VIEWS", "draw_contributions"]

VIEWS = {"drives": "Drives", "cells": "Layers and cells"}
"""What can be shown: each drive left out and alone; layers, and the currents of each cell type."""
WIDTH = 6.4


def draw_contributions(view: str, parts: Contributions, target: Dipole | None) -> Figure:
    """Draw the parts of a dipole over time, positive ones up.

    Parameters
    ----------
    view : str
        A key of :data:`VIEWS`.
    parts : Contributions
        With currents for ``'cells'``.
    target : Dipole | None
        Drawn behind the whole.
    """
    with drawing({**FONTS, "font.size": 8}):
        if view == "drives":
            rows = len(parts.drives) + (len(parts.drives) > 1)
            figure = new_figure(WIDTH, 2.0 + 0.85 * rows)
            draw_drive_parts(figure, parts, target)
        else:
            figure = new_figure(WIDTH, 1.4 * (1 + len(parts.currents)) + 0.3)
            draw_other_parts(figure, parts)
    return figure
