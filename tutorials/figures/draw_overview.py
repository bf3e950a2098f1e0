"""Draw the architecture in one picture: ``python tutorials/figures/draw_overview.py``."""

from pathlib import Path

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

mpl.rcParams["svg.hashsalt"] = "overview"  # the same bytes each time
INK, MNE, MODEL, FIT = "#1c1c1c", "#dcecf7", "#e6f2e1", "#fdebd3"
WIDTH, HEIGHT = 2.5, 0.95
# name: left edge and bottom, colour, title, second line
BOXES = {
    "sensors": (0.0, 4.6, MNE, "Sensors", "Raw, Epochs, Evoked"),
    "source": (3.6, 4.6, MNE, "source/", "forward, inverse, patch, sign"),
    "target": (7.2, 4.6, MNE, "Target", "Dipole in A m"),
    "prediction": (3.6, 0.2, MNE, "source/", "the sensors predicted"),
    "network": (0.0, 2.4, MODEL, "network/", "the column as a value"),
    "simulate": (3.6, 2.4, MODEL, "simulate/", "NEURON: dipole, spikes"),
    "fit": (7.2, 2.4, FIT, "fit/", "drives that could have made it"),
    "explanation": (7.2, 0.2, FIT, "Explanations", "evidence, columns, spikes"),
    "report": (0.0, 0.2, FIT, "pipeline/, group/, viz/", "files, figures, report"),
}
# from, to, where on the first and on the second box (fractions of width and height), what travels
ARROWS = [
    ("sensors", "source", (1, 0.5), (0, 0.5), ""),
    ("source", "target", (1, 0.5), (0, 0.5), ""),
    ("target", "fit", (0.5, 0), (0.5, 1), "to be explained"),
    ("network", "simulate", (1, 0.5), (0, 0.5), ""),
    ("fit", "simulate", (0, 0.7), (1, 0.7), "candidates"),
    ("simulate", "fit", (1, 0.3), (0, 0.3), "dipoles, spikes"),
    ("fit", "explanation", (0.5, 0), (0.5, 1), "the most plausible"),
    ("explanation", "prediction", (0, 0.5), (1, 0.5), ""),
    ("prediction", "report", (0, 0.5), (1, 0.5), ""),
]


def edge(name, at):
    """Return a point on a box."""
    left, bottom = BOXES[name][:2]
    return left + at[0] * WIDTH, bottom + at[1] * HEIGHT


figure, axes = plt.subplots(figsize=(9.4, 5.6))
axes.set(xlim=(-0.15, 9.85), ylim=(-0.05, 5.75), aspect="equal")
axes.axis("off")
for left, bottom, colour, title, line in BOXES.values():
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.12", facecolor=colour, edgecolor=INK
        )
    )
    axes.text(left + WIDTH / 2, bottom + 0.62, title, ha="center", va="center", weight="bold", color=INK, size=11)
    axes.text(left + WIDTH / 2, bottom + 0.3, line, ha="center", va="center", color=INK, size=8.5)
for first, second, out, into, words in ARROWS:
    begin, end = edge(first, out), edge(second, into)
    axes.annotate("", end, begin, arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 2, "shrinkB": 2})
    if words:
        upright = begin[0] == end[0]
        middle = ((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2)
        shift, align = ((0.12, 0), "left") if upright else ((0, 0.16 if end[0] < begin[0] else -0.16), "center")
        axes.text(middle[0] + shift[0], middle[1] + shift[1], words, ha=align, va="center", color=INK, size=8)
for left, colour, words in ((0.0, MNE, "objects of MNE"), (1.9, MODEL, "the model"), (3.4, FIT, "what is concluded")):
    axes.add_patch(FancyBboxPatch((left, 1.62), 0.22, 0.22, boxstyle="square,pad=0", facecolor=colour, edgecolor=INK))
    axes.text(left + 0.34, 1.73, words, va="center", size=8.5, color=INK)
figure.subplots_adjust(0, 0, 1, 1)
figure.savefig(Path(__file__).with_name("overview.svg"), metadata={"Date": None})
