"""An animation of the membrane potential of all cells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from mne.utils import ProgressBar
from numpy.typing import NDArray

from .._checks import check_finite, check_name, check_positive, check_trial
from .._files import scratch_file
from .._types import FloatArray
from .._units import MS
from .._value import Value, given_or_default
from ..errors import ParameterError
from ._scene import (
    Cylinders,
    add_scale_bar,
    aim,
    check_window,
    font_size,
    network_cylinders,
    quiet_vtk,
    readable_distance,
    spread,
    tube_mesh,
)
from .cells import distance_note
from .colors import check_limits

if TYPE_CHECKING:
    from ..recordings import Recording
    from ..simulate import Simulation

FORMATS = (".gif", ".mp4")
MV = 1e-3
BACKGROUND, FOREGROUND = "black", "white"
RECORD = "simulate(network, tstop, record={'voltage': 'all'})"

Frame = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class MovieView(Value):
    """How the cells of an animation are seen; what it is given is checked when it is made.

    Parameters
    ----------
    azimuth : float | (float, float)
        Direction to look from, degrees from the x axis; two values: turn from the first to the last.
    elevation : float
        Angle above the plane, degrees.
    thickness : float
        Factor on the drawn diameters, so that thin dendrites show.
    inplane_distance_um : float | None
        Distance to draw neighbours of the grid at, um. None for that of the network, or 50 to 300 um if all its cells
        lie within 100 um, as in the ready models, where they would cover each other. The picture states it.
    window_size : tuple of int
        Width and height in pixels; both even for MP4.

    Raises
    ------
    ParameterError
        An angle is no number, or a thickness, distance or size cannot be drawn.

    Examples
    --------
    >>> MovieView(azimuth=(0.0, 90.0), window_size=(210, 280)).elevation
    20.0
    """

    azimuth: float | tuple[float, float] = -60.0
    elevation: float = 20.0
    thickness: float = 2.0
    inplane_distance_um: float | None = None
    window_size: tuple[int, int] = (600, 800)

    def __post_init__(self) -> None:
        ends = self.azimuth
        if not isinstance(ends, Sequence) or isinstance(ends, str):
            object.__setattr__(self, "azimuth", check_finite(ends, "azimuth"))
        elif len(ends) != 2:
            raise ParameterError(f"azimuth must be an angle or two, from and to, in degrees, got {ends!r}.")
        else:
            object.__setattr__(self, "azimuth", tuple(check_finite(end, "azimuth") for end in ends))
        object.__setattr__(self, "elevation", check_finite(self.elevation, "elevation"))
        object.__setattr__(self, "thickness", check_positive(self.thickness, "thickness"))
        object.__setattr__(self, "window_size", check_window(self.window_size))

    def azimuths(self, n: int) -> FloatArray:
        """Return the direction of each of `n` pictures, degrees."""
        first, last = self.azimuth if isinstance(self.azimuth, tuple) else (self.azimuth, self.azimuth)
        return np.linspace(first, last, n)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Film:
    """What is shown: a potential (mV) per cylinder and picture, times (ms), and a remark."""

    cylinders: Cylinders
    values: FloatArray
    times: FloatArray
    note: str


def animate(
    simulation: Simulation,
    path: str | Path,
    *,
    trial: int = 0,
    fps: float = 30.0,
    tmin: float | None = None,
    tmax: float | None = None,
    step_ms: float = 1.0,
    cmap: str = "viridis",
    vlim: tuple[float, float] = (-100.0, 50.0),
    view: MovieView | None = None,
    overwrite: bool = False,
    show_progress: bool = True,
) -> Path:
    """Write an animation of the membrane potential of all sections, seen in 3D.

    Needs no display. A section has one colour, that of the potential in its middle.

    Parameters
    ----------
    simulation : Simulation
        A simulation that recorded the potential of all sections: ``record={"voltage": "all"}``, of all cells or of
        some. Samples of 1 ms (``"sfreq": 1000``) are enough for the default step.
    path : path-like
        The file, ``.gif`` or ``.mp4``; the latter needs ``pip install 'mne-hnn[movie]'``.
    trial : int
        The trial.
    fps : float
        Frames per second. GIF stores durations in steps of 10 ms: the mean comes out right; at most 50.
    tmin, tmax : float | None
        First and last time, s; None for those of the recording.
    step_ms : float
        Time from frame to frame, ms.
    cmap : str
        Colour map.
    vlim : (float, float)
        Range of the colour map, mV.
    view : MovieView | None
        Where to look from, how thick and how far apart cells are drawn, and how large; None is ``MovieView()``.
    overwrite : bool
        Replace a file of that name.
    show_progress : bool
        Show a progress bar.

    Returns
    -------
    path : pathlib.Path
        The file. It appears when it is complete.

    Raises
    ------
    ParameterError
        The potential of all sections was not recorded, there is no such trial or time, the file exists, its extension
        is unknown, or a package is missing.
    CacheError
        The file cannot be written.

    Examples
    --------
    >>> animate(simulation, "column.gif", step_ms=20.0, view=MovieView(window_size=(210, 280))).name
    'column.gif'
    """
    recording = _check_recording(simulation, trial)
    file = _check_file(path, overwrite=overwrite)
    seen, fps = given_or_default(view, MovieView, "view"), check_positive(fps, "fps")
    _check_format(file.suffix.lower(), seen.window_size, fps)
    samples = _frame_samples(recording.times, tmin, tmax, step_ms)
    vlim = check_limits(vlim, "mV")
    check_name(cmap, mpl.colormaps, "colour map")
    apart = seen.inplane_distance_um
    network = spread(simulation.network, readable_distance(simulation.network) if apart is None else apart)
    cylinders = network_cylinders(network, {channel.gid for channel in recording.channels})
    rows = _rows(recording, cylinders)
    film = _Film(
        cylinders=cylinders,
        values=recording.data[recording.trials.index(trial)][np.ix_(rows, samples)] / MV,
        times=recording.times[samples] / MS,
        note=distance_note(simulation.network, network),
    )
    frames = _frames(film, seen, vlim, cmap)
    if show_progress:
        frames = iter(ProgressBar(_Counted(frames, len(samples)), mesg="Rendering"))
    _write_whole(file, frames, fps, cmap)
    return file


class _Counted:
    """An iterator that knows its length, as the progress bar wants it."""

    def __init__(self, items: Iterator[Frame], size: int) -> None:
        self._items, self._size = items, size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Frame]:
        return self._items


def _check_recording(simulation: Any, trial: int) -> Recording:
    recordings = getattr(simulation, "recordings", None)
    if recordings is None:
        raise ParameterError(f"animate needs a Simulation, got {type(simulation).__name__}: see mne_hnn.simulate.")
    if "voltage" not in recordings:
        raise ParameterError(f"The simulation has no membrane potentials: call {RECORD}.")
    recording: Recording = recordings["voltage"]
    check_trial(trial, recording.trials, " in the recording")
    return recording


def _rows(recording: Recording, cylinders: Cylinders) -> NDArray[np.int64]:
    """Return the row of the recording that each cylinder shows."""
    known = {(channel.gid, channel.section): row for row, channel in enumerate(recording.channels)}
    pairs = list(zip(cylinders.gids.tolist(), cylinders.sections, strict=True))
    missing = [pair for pair in pairs if pair not in known]
    if missing:
        gid, section = missing[0]
        raise ParameterError(
            f"The simulation has no membrane potential of {len(missing)} sections (the first one: {section!r} of cell "
            f"{gid}): an animation needs all of them, so call {RECORD}."
        )
    return np.array([known[pair] for pair in pairs], dtype=np.int64)


def _check_file(path: str | Path, *, overwrite: bool) -> Path:
    file = Path(path).expanduser()
    check_name(file.suffix.lower(), FORMATS, "extension of an animation")
    if not file.parent.is_dir():
        raise ParameterError(f"There is no folder {file.parent} to write {file.name} into: make it first.")
    if file.exists() and not overwrite:
        raise ParameterError(f"{file} exists: choose another name, or overwrite=True.")
    return file


def _check_format(suffix: str, size: tuple[int, int], fps: float) -> None:
    """Refuse, before the work, what the format cannot hold or no package can write."""
    if suffix == ".gif":
        if fps > 50:
            raise ParameterError(f"fps of a GIF must be at most 50, got {fps:g}: larger ones are shown slowly.")
        return
    if size[0] % 2 or size[1] % 2:
        raise ParameterError(f"window_size of an MP4 must be two even numbers, got {size[0]} x {size[1]}.")
    try:
        import imageio.v2  # noqa: F401
        import imageio_ffmpeg  # noqa: F401
    except ImportError as error:
        raise ParameterError(
            f"MP4 files need a package that is not installed ({error.name}): pip install 'mne-hnn[movie]', or write a "
            ".gif file."
        ) from error


def _frame_samples(times: FloatArray, tmin: float | None, tmax: float | None, step_ms: float) -> NDArray[np.int64]:
    """Return the samples nearest to the times of the frames."""
    step = check_positive(step_ms, "step_ms") * MS
    start = times[0] if tmin is None else check_finite(tmin, "tmin")
    stop = times[-1] if tmax is None else check_finite(tmax, "tmax")
    slack = 1e-6 * step
    if start > stop or start < times[0] - slack or stop > times[-1] + slack:
        raise ParameterError(
            f"tmin and tmax must lie within the recording, {times[0]:g} to {times[-1]:g} s, and rise, got {start:g} "
            f"and {stop:g} s."
        )
    wanted = start + step * np.arange(math.floor((stop - start) / step + 1e-6) + 1)
    after = np.clip(np.searchsorted(times, wanted), 1, max(len(times) - 1, 1))
    nearest = np.where(wanted - times[after - 1] < times[np.minimum(after, len(times) - 1)] - wanted, after - 1, after)
    samples = np.unique(np.minimum(nearest, len(times) - 1))
    if len(samples) < len(wanted):
        raise ParameterError(
            f"step_ms must be at least the step of the recording, {np.diff(times).mean() / MS:g} ms, got {step_ms:g}."
        )
    return samples.astype(np.int64)


def _frames(film: _Film, view: MovieView, vlim: tuple[float, float], cmap: str) -> Iterator[Frame]:
    """Draw one picture after the other of the same scene: only colours, time and camera change."""
    import pyvista

    points = film.cylinders.ends.reshape(-1, 3)
    angles = view.azimuths(len(film.times))
    with quiet_vtk():
        plotter = pyvista.Plotter(off_screen=True, window_size=list(view.window_size))
        try:
            plotter.set_background(BACKGROUND)
            plotter.enable_anti_aliasing("msaa")  # half the time of the smoother "ssaa", and no dimmer lines
            mesh, owner = tube_mesh(film.cylinders, view.thickness)
            mesh["mV"] = film.values[owner, 0]
            # without lights, so that a colour is a potential wherever it is
            plotter.add_mesh(mesh, scalars="mV", clim=vlim, cmap=cmap, lighting=False, show_scalar_bar=False)
            _dress(plotter, vlim, film.note)
            clock = plotter.add_text(
                "", position=(0.03, 0.945), viewport=True, font_size=font_size(plotter, 12), color=FOREGROUND
            )
            turning = len(np.unique(angles)) > 1
            for frame, (time, angle) in enumerate(zip(film.times, angles, strict=True)):
                mesh["mV"][:] = film.values[owner, frame]
                clock.input = f"{time:.{_digits(film.times)}f} ms"
                if turning or frame == 0:
                    add_scale_bar(plotter, points, FOREGROUND, angle)
                    aim(plotter, points, angle, view.elevation, floor=0.1, ceiling=0.04 if film.note else 0.0)
                plotter.render()
                yield np.asarray(plotter.screenshot(None, return_img=True), dtype=np.uint8)
        finally:
            plotter.close()


def _digits(times: FloatArray) -> int:
    """Return how many decimals tell the times of all frames apart."""
    return next((digits for digits in range(3) if len(np.unique(np.round(times, digits))) == len(times)), 3)


def _dress(plotter: Any, vlim: tuple[float, float], note: str) -> None:
    plotter.add_scalar_bar(
        title="Membrane potential (mV)\n",
        n_labels=4,
        fmt="%.0f",
        color=FOREGROUND,
        vertical=False,
        title_font_size=font_size(plotter, 16),
        label_font_size=font_size(plotter, 14),
        position_x=0.2,
        position_y=0.01,
        width=0.6,
        height=0.1,
        render=False,
    )
    if note:
        plotter.add_text(note, position=(0.03, 0.915), viewport=True, font_size=font_size(plotter, 7), color=FOREGROUND)


def _write_whole(file: Path, frames: Iterator[Frame], fps: float, cmap: str) -> None:
    with scratch_file(file, "animation") as scratch:
        if file.suffix.lower() == ".gif":
            _write_gif(scratch, frames, fps, cmap)
        else:
            _write_mp4(scratch, frames, fps)


def _write_gif(file: Path, frames: Iterator[Frame], fps: float, cmap: str) -> None:
    from PIL import Image

    palette = Image.new("P", (1, 1))
    palette.putpalette(_palette(cmap).ravel().tolist())
    indexed = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    ends = np.round(100 * np.arange(len(indexed) + 1) / fps).astype(int) * 10
    indexed[0].save(
        file,
        format="GIF",
        save_all=True,
        append_images=indexed[1:],
        duration=np.diff(ends).tolist(),
        loop=0,
        disposal=1,
    )


def _palette(cmap: str) -> Frame:
    """Return 256 colours for all frames, so that nothing flickers: the colour map, its dark edges, and greys."""
    own = mpl.colormaps[cmap](np.linspace(0, 1, 80))[:, :3]
    greys = np.linspace(0, 1, 16)[:, None] * np.ones(3)
    return np.asarray(np.round(255 * np.concatenate([own, own * 2 / 3, own / 3, greys])), dtype=np.uint8)


def _write_mp4(file: Path, frames: Iterator[Frame], fps: float) -> None:
    import imageio.v2 as imageio

    writer: Any = imageio.get_writer(file, format="FFMPEG", fps=fps, codec="libx264", quality=8, macro_block_size=2)
    with writer:
        for frame in frames:
            writer.append_data(frame)
