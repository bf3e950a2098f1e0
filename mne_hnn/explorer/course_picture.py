"""The picture of a place's time courses, the one that is the target among them."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from .._units import MS, NAM
from ..viz.colors import TARGET
from .courses import PlaceCourse
from .drawing import FONTS, drawing, new_figure

__all__ = ["draw_courses"]

SIZE = (4.1, 1.9)
_STYLES = {
    "patch": ("patch moment", "#009E73", "-"),
    "mean_flip": ("mean", "#0072B2", "-"),
    "pca_flip": ("first component", "#D55E00", "--"),
    "peak": ("largest vertex", "#CC79A7", ":"),
}


def draw_courses(courses: Sequence[PlaceCourse], size: tuple[float, float] = SIZE) -> Figure:
    """Draw the courses of a place on one scale, the target as a thick line.

    Parameters
    ----------
    courses : sequence of PlaceCourse
        Of :func:`~mne_hnn.explorer.courses.place_courses`.
    size : tuple of float
        Width and height, inches.
    """
    with drawing({**FONTS, "font.size": 7}):
        figure = new_figure(*size)
        axes = figure.add_subplot()
        for course in courses:
            name, color, style = _STYLES[course.way]
            times, values = course.times / MS, course.values / NAM
            if course.used:
                axes.plot(times, values, color=TARGET, linewidth=4.5, label=f"target: {name}", zorder=1)
            else:
                axes.plot(times, values, style, color=color, linewidth=1.1, label=f"{name}, {_factor(course.factor)}")
        axes.axhline(0, color="0.5", linewidth=0.5, zorder=0)
        axes.set_xlim(times[0], times[-1])
        axes.set_xlabel("Time (ms)")
        axes.set_ylabel("Moment (nAm)")
        axes.legend(frameon=False, fontsize=6, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.1)
    return figure


def _factor(value: float) -> str:
    """Return a factor with two digits: 'times 12'."""
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    return f"times {sign}{float(f'{abs(value):.2g}'):g}"
