"""The figure of an answer: drives, dipole beside target and kept simulations, spikes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from .._files import new_file, scratch_file
from .._units import MS, NAM
from ..viz.colors import LAYERS, TARGET, drive_colors
from ..viz.raster import plot_spikes_raster
from .answer import Answer
from .drawing import drawing, new_figure

if TYPE_CHECKING:
    from .session import Pin

__all__ = ["answer_figure", "write_pictures"]

FORMATS = ("png", "svg")
DPI = 200


def answer_figure(answer: Answer, pins: Sequence[Pin] = ()) -> Figure:
    """Return a figure of drives, dipole and spikes; it is no window's, so that any thread can draw it.

    Parameters
    ----------
    answer : Answer
        The simulation.
    pins : sequence of Pin
        Simulations to compare it with.
    """
    fig = new_figure(8.0, 8.0)
    drives, dipole, spikes = fig.subplots(3, 1, sharex=True, height_ratios=(1, 2, 2))
    _draw_drives(drives, answer)
    _draw_dipole(dipole, answer, pins)
    plot_spikes_raster(answer.simulation, axes=spikes, show=False)
    spikes.set_xlim(0, answer.simulation.tstop)
    return fig


def _draw_drives(axes: Any, answer: Answer) -> None:
    edges, counts = answer.drive_histogram()
    colors = drive_colors(answer.state.network)
    for name, count in counts.items():
        axes.stairs(count, edges, color=colors[name], fill=True, alpha=0.7, label=name)
    axes.set_ylabel("Events of drives")
    if counts:
        axes.legend(frameon=False, fontsize="small", ncols=3)


def _draw_dipole(axes: Any, answer: Answer, pins: Sequence[Pin]) -> None:
    target = answer.state.target
    if target is not None:
        axes.plot(target.times / MS, target["agg"] / NAM, color=TARGET, linewidth=4, label="target")
    for pin in pins:
        kept = pin.answer
        axes.plot(kept.times_ms, kept.moments_nAm["agg"], color=pin.color, linewidth=1, label=pin.name)
    for layer, moment in answer.moments_nAm.items():
        name = "simulated" if layer == "agg" else f"layer {layer.removeprefix('L')}"
        style = "-" if layer == "agg" else "--"
        axes.plot(answer.times_ms, moment, style, color=LAYERS.get(layer, "#555555"), linewidth=1.5, label=name)
    axes.set_ylabel("Dipole (nAm)")
    match = "" if answer.r_squared is None else f", R² = {answer.r_squared:.3f}"
    coarse = "" if answer.kind == "full" else f" ({answer.how})"
    axes.set_title(f"{answer.columns:.4g} columns{match}{coarse}", fontsize="medium")
    axes.legend(frameon=False, fontsize="small", ncols=2)


def write_pictures(
    answer: Answer, pins: Sequence[Pin], folder: Path, *, name: str = "exploration", overwrite: bool = False
) -> dict[str, Path]:
    """Write the figure of an answer in all formats.

    Parameters
    ----------
    answer, pins
        As for :func:`answer_figure`.
    folder : Path
        Where.
    name : str
        Name of the files, without ending.
    overwrite : bool
        Whether to replace those that are there.
    """
    files = {ending: new_file(folder / f"{name}.{ending}", overwrite) for ending in FORMATS}
    with drawing({"svg.fonttype": "none", "svg.hashsalt": "mne_hnn"}):
        fig = answer_figure(answer, pins)
        for ending, file in files.items():
            with scratch_file(file, "picture") as scratch:
                # without a date, so that equal answers give equal files
                fig.savefig(scratch, dpi=DPI, format=ending, metadata={"Date": None} if ending == "svg" else None)
    return files
