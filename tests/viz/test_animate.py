"""Animations: frames, times, colours, and files that are whole or not there."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009
from mne_hnn.recordings import Recording
from mne_hnn.simulate import simulate
from mne_hnn.viz import MovieView, animate, movie
from mne_hnn.viz._scene import readable_distance

SIZE = (120, 160)
VIEW = MovieView(window_size=SIZE)


@pytest.fixture(scope="module")
def network():
    return jones_2009(mesh_shape=(2, 2)).with_positions(inplane_distance_um=300.0)


@pytest.fixture(scope="module")
def recorded(network):
    record = {"voltage": "all", "sfreq": 1000}
    return simulate(network, 5.0, record=record, verbose="error")


@pytest.fixture(scope="module")
def ramp(recorded):
    """A simulation whose cells all go from -100 mV at 0 ms to 50 mV at 5 ms, in trial 3."""
    own = recorded.recordings["voltage"]
    data = np.broadcast_to(np.linspace(-0.1, 0.05, len(own.times)), own.data.shape)
    recording = Recording(quantity="voltage", times=own.times, data=data, channels=own.channels, trials=(3,))
    return replace(recorded, recordings={"voltage": recording})


def _frames(path):
    with Image.open(path) as picture:
        frames, durations = [], []
        for number in range(picture.n_frames):
            picture.seek(number)
            frames.append(np.asarray(picture.convert("RGB"), dtype=int))
            durations.append(picture.info["duration"])
    return frames, durations


def _cells(frame):
    """The pixels of cells: above the colour bar, and with a colour, unlike background and letters."""
    middle = frame[20:125].reshape(-1, 3)
    return middle[np.ptp(middle, axis=1) > 50]


def test_gif_has_a_frame_per_step(ramp, tmp_path):
    path = ramp.animate(tmp_path / "a.gif", trial=3, view=VIEW, fps=30, show_progress=False)
    frames, durations = _frames(path)
    assert path == tmp_path / "a.gif"
    assert len(frames) == 6
    assert {frame.shape for frame in frames} == {(160, 120, 3)}
    assert sum(durations) == 200  # six at 30 per second, in steps of 10 ms
    assert list(tmp_path.iterdir()) == [path]


def test_colours_follow_the_potential(ramp, tmp_path):
    path = animate(
        ramp, tmp_path / "a.gif", trial=3, view=MovieView(window_size=SIZE, thickness=8.0), show_progress=False
    )
    frames, _ = _frames(path)
    # 0, 1, ... 5 ms are -100, -70, ... 50 mV: the range of the colour map in equal parts
    for frame, share in zip(frames, np.linspace(0, 1, 6), strict=True):
        expected = 255 * np.array(colormaps["viridis"](share)[:3])
        colors, counts = np.unique(_cells(frame), axis=0, return_counts=True)  # edges blend into the background
        np.testing.assert_allclose(colors[counts.argmax()], expected, atol=4)


def test_frames_change_only_where_voltages_do(ramp, tmp_path):
    own = ramp.recordings["voltage"]
    data = np.full_like(own.data, -0.065)
    upper = [k for k, channel in enumerate(own.channels) if channel.cell_type.startswith("L2")]
    data[:, upper, 3:] = 0.03
    still = replace(ramp, recordings={"voltage": replace(own, data=data)})
    path = animate(still, tmp_path / "a.gif", trial=3, view=VIEW, show_progress=False)
    frames, _ = _frames(path)
    body = [frame[20:125] for frame in frames]  # without the clock above
    np.testing.assert_array_equal(body[0], body[2])
    np.testing.assert_array_equal(body[3], body[5])
    changed = np.abs(body[3] - body[2]).sum(axis=2) > 60
    assert changed.any()
    rows = np.flatnonzero(changed.any(axis=1))
    assert rows.max() < 0.65 * len(body[0])  # layer 5 lies below
    assert any((frames[0][:20] != frames[1][:20]).ravel())  # the clock goes on


def test_window_step_and_turning(ramp, tmp_path):
    options = {"trial": 3, "view": VIEW, "show_progress": False, "overwrite": True}
    path = tmp_path / "a.gif"
    assert len(_frames(animate(ramp, path, tmin=0.001, tmax=0.004, **options))[0]) == 4
    assert len(_frames(animate(ramp, path, step_ms=2.0, **options))[0]) == 3
    turning = MovieView(window_size=SIZE, azimuth=(0.0, 90.0))
    own = ramp.recordings["voltage"]
    flat = replace(ramp, recordings={"voltage": replace(own, data=np.full_like(own.data, -0.065))})
    frames, _ = _frames(animate(flat, path, **{**options, "view": turning}))
    assert np.abs(frames[0][30:120] - frames[-1][30:120]).max() > 50


def test_real_potentials_of_some_cells(network, tmp_path):
    record = {"voltage": "all", "cells": ["L5_pyramidal"], "sfreq": 1000}
    simulation = simulate(network, 2.0, record=record, verbose="error")
    path = animate(
        simulation, tmp_path / "a.gif", view=MovieView(window_size=SIZE, inplane_distance_um=100.0), show_progress=False
    )
    assert len(_frames(path)[0]) == 3


def test_samples_are_the_nearest():
    times = np.arange(0, 0.1, 0.000025)
    np.testing.assert_array_equal(movie._frame_samples(times, None, 0.003, 1.0), [0, 40, 80, 120])
    np.testing.assert_array_equal(movie._frame_samples(np.array([0.0, 0.4, 1.0]), None, None, 450.0), [0, 1, 2])
    np.testing.assert_array_equal(movie._frame_samples(np.array([0.0]), None, None, 1.0), [0])


def test_mp4(ramp, tmp_path):
    imageio = pytest.importorskip("imageio.v2")
    pytest.importorskip("imageio_ffmpeg")
    path = animate(ramp, tmp_path / "a.mp4", trial=3, view=VIEW, fps=25, show_progress=False)
    with imageio.get_reader(path) as reader:
        frames = [np.asarray(frame, dtype=int) for frame in reader]
        assert reader.get_meta_data()["fps"] == 25
    assert len(frames) == 6
    assert frames[0].shape == (160, 120, 3)
    assert np.abs(frames[5] - frames[0]).max() > 80
    with pytest.raises(ParameterError, match="two even numbers, got 121 x 160"):
        animate(ramp, tmp_path / "b.mp4", trial=3, view=MovieView(window_size=(121, 160)))


def test_mp4_without_its_package(ramp, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(ParameterError, match=r"pip install 'mne-hnn\[movie\]', or write a .gif"):
        animate(ramp, tmp_path / "a.mp4", trial=3)
    assert not list(tmp_path.iterdir())


def test_no_half_file(ramp, tmp_path, monkeypatch):
    path = tmp_path / "a.gif"
    path.write_bytes(b"old")
    whole = movie._frames

    def broken(*args):
        for number, frame in enumerate(whole(*args)):
            if number == 2:
                raise RuntimeError("the power went")
            yield frame

    monkeypatch.setattr(movie, "_frames", broken)
    with pytest.raises(RuntimeError, match="the power went"):
        animate(ramp, path, trial=3, view=VIEW, overwrite=True, show_progress=False)
    assert [one.name for one in tmp_path.iterdir()] == ["a.gif"]
    assert path.read_bytes() == b"old"


def test_recordings_that_are_not_enough(recorded, network, tmp_path):
    path = tmp_path / "a.gif"
    with pytest.raises(ParameterError, match=r"no membrane potentials: call simulate\(network, tstop, record="):
        animate(replace(recorded, recordings={}), path)
    somas = simulate(network, 1.0, record={"voltage": "soma"}, verbose="error")
    with pytest.raises(ParameterError, match=r"potential of \d+ sections .*'apical_trunk' of cell .*'voltage': 'all'"):
        animate(somas, path)
    with pytest.raises(ParameterError, match="needs a Simulation, got Network"):
        animate(network, path)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"trial": 1}, r"no trial 1.*\(0,\)"),
        ({"trial": False}, r"no trial False in the recording: trials are \(0,\)"),
        ({"fps": 60}, "at most 50"),
        ({"fps": 0}, "fps"),
        ({"tmax": 1.0}, "within the recording, 0 to 0.005"),
        ({"tmin": 0.004, "tmax": 0.002}, "and rise"),
        ({"step_ms": 0.1}, "at least the step of the recording, 1 ms"),
        ({"vlim": (50, -100)}, "rising"),
        ({"cmap": "viridid"}, "Did you mean 'viridis'"),
        ({"view": "front"}, r"view must be MovieView\(\.\.\.\) or None, got str"),
    ],
)
def test_wrong_arguments(recorded, tmp_path, options, match):
    with pytest.raises(ParameterError, match=match):
        animate(recorded, tmp_path / "a.gif", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"azimuth": (1, 2, 3)}, "from and to"),
        ({"azimuth": "left"}, "azimuth must be a finite number"),
        ({"window_size": (10, 10)}, "window_size"),
        ({"thickness": 0}, "thickness must be a finite number > 0"),
        ({"azimut": 3.0}, "Unknown field 'azimut' of MovieView.*Did you mean 'azimuth'"),
    ],
)
def test_views_that_cannot_be_seen(options, match):
    with pytest.raises(ParameterError, match=match):
        MovieView(**options)


def test_wrong_files(recorded, tmp_path):
    with pytest.raises(ParameterError, match=r"Unknown extension of an animation '.avi'"):
        animate(recorded, tmp_path / "a.avi")
    with pytest.raises(ParameterError, match="There is no folder"):
        animate(recorded, tmp_path / "nowhere" / "a.gif")
    (tmp_path / "a.gif").write_bytes(b"")
    with pytest.raises(ParameterError, match="overwrite=True"):
        animate(recorded, tmp_path / "a.gif")


@pytest.mark.parametrize(
    ("mesh", "own", "drawn"),
    [((10, 10), 1.0, 110.0), ((3, 3), 1.0, 300.0), ((3, 3), 30.0, 300.0), ((10, 10), 30.0, 30.0), ((1, 1), 1.0, 1.0)],
)
def test_cells_are_drawn_apart_if_they_cover_each_other(mesh, own, drawn):
    network = jones_2009(mesh_shape=mesh).with_positions(inplane_distance_um=own)
    assert readable_distance(network) == pytest.approx(drawn)


def test_default_positions_fill_the_picture(tmp_path):
    record = {"voltage": "all", "sfreq": 1000}
    simulation = simulate(jones_2009(mesh_shape=(2, 2)), 1.0, record=record, verbose="error")
    views = [MovieView(window_size=SIZE, thickness=4.0, inplane_distance_um=distance) for distance in (None, 1.0)]
    wide, narrow = (
        _frames(animate(simulation, tmp_path / f"{k}.gif", view=view, show_progress=False))[0][0]
        for k, view in enumerate(views)
    )
    columns = [np.flatnonzero((np.ptp(frame[20:125], axis=2) > 50).any(axis=0)) for frame in (wide, narrow)]
    assert np.ptp(columns[0]) > 1.3 * np.ptp(columns[1])
    assert (wide[5:20] != narrow[5:20]).any()  # the note
