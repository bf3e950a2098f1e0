"""Several dipoles in one figure: trials, averages, comparisons."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import ParameterError
from mne_hnn.viz import plot_dipole
from mne_hnn.viz.colors import COMPARED, LAYERS

TIMES = np.arange(101.0)


def made(factor=1.0, times=TIMES, **options):
    wave = factor * np.sin(times / 10)
    return Dipole.from_nAm(times, {"agg": 3 * wave, "L2": wave, "L5": 2 * wave}, **options)


def drawn(axes, label):
    return next(line for line in axes.lines if line.get_label() == label)


@pytest.fixture
def trials():
    return [made(1.0), made(2.0), made(6.0)]


def test_trials_with_their_average_and_nothing_changed(trials):
    before = [one.data.copy() for one in trials]
    axes = plot_dipole(trials, layers="agg", show=False).axes[0]
    assert len(trials) == 3  # the average is not put into the list that was given
    for one, data in zip(trials, before, strict=True):
        np.testing.assert_array_equal(one.data, data)
    average = drawn(axes, "agg, average of 3")
    np.testing.assert_allclose(average.get_ydata(), 9 * np.sin(TIMES / 10), atol=1e-12)
    light = [line for line in axes.lines if line.get_alpha() and len(line.get_xdata())]
    assert [line.get_ydata().max() for line in light] == pytest.approx([3, 6, 18], rel=1e-3)
    assert all(line.get_zorder() < average.get_zorder() for line in light)


def test_average_weighs_with_the_number_of_trials():
    axes = plot_dipole([made(1.0, nave=3), made(5.0, nave=1)], layers="L2", trials=False, show=False).axes[0]
    np.testing.assert_allclose(drawn(axes, "L2").get_ydata(), 2 * np.sin(TIMES / 10), atol=1e-12)


def test_trials_alone_are_drawn_in_full_colour(trials):
    fig = plot_dipole(trials, average=False, layers=["L2", "L5", "agg"], panels=True, show=False)
    assert [axes.get_title(loc="left") for axes in fig.axes] == ["L2", "L5", "agg"]
    for axes, layer in zip(fig.axes, ["L2", "L5", "agg"], strict=True):
        lines = [line for line in axes.lines if len(line.get_xdata()) == len(TIMES)]
        assert len(lines) == 3
        assert {line.get_color() for line in lines} == {LAYERS[layer]}
    assert len({axes.get_ylim() for axes in fig.axes}) == 1  # so that layers can be seen to add up


def test_comparison_by_label_of_different_times(trials):
    target = made(4.0, times=np.arange(0, 80, 2.0))
    for axes in (
        plot_dipole({"model": trials[0], "data": target}, show=False).axes[0],
        plot_dipole([trials[0], target], labels=["model", "data"], show=False).axes[0],
    ):
        assert drawn(axes, "data").get_ydata().max() == pytest.approx(12, rel=0.01)
        assert len(drawn(axes, "data").get_xdata()) == 40
        assert [drawn(axes, name).get_color() for name in ("model", "data")] == list(COMPARED[:2])
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["model", "data"]
        assert axes.get_xlim() == (0, 100)


def test_comparison_of_several_layers_has_a_panel_for_each(trials):
    fig = plot_dipole({"a": trials, "b": made()}, layers=["agg", "L5"], colors=["red", "blue"], show=False)
    assert len(fig.axes) == 2
    assert drawn(fig.axes[1], "a, average of 3").get_color() == "#ff0000"
    np.testing.assert_allclose(drawn(fig.axes[1], "b").get_ydata(), 2 * np.sin(TIMES / 10), atol=1e-12)


def test_window_and_given_axes(trials):
    fig, axes = plt.subplots()
    assert trials[0].plot("agg", axes=axes, tmin=0.02, tmax=0.04, show=False) is fig
    line = drawn(axes, "agg")
    np.testing.assert_allclose(line.get_xdata(), np.arange(20, 41))
    np.testing.assert_allclose(line.get_ydata(), 3 * np.sin(np.arange(20, 41) / 10), atol=1e-12)
    assert len(trials[0].times) == 101


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ([], {}, "at least one Dipole"),
        ([1, 2], {}, "nothing but Dipoles"),
        ({}, {}, "it is empty"),
        ([made(), made(times=np.arange(50.0))], {}, "different times"),
        ([made(), made().scale(2)], {}, "scaled by different factors"),
        (made(), {"layers": "L6"}, "Unknown layer 'L6'"),
        ({"a": made()}, {"layers": "l5"}, "Unknown layer 'l5' of 'a'.*Did you mean 'L5'"),
        ({"a": made()}, {"labels": ["b"]}, "keys of the mapping"),
        ([made(), made()], {"labels": ["b"]}, "labels must be 2 different names"),
        ({"a": made(), "b": made()}, {"layers": ["L2", "L5"], "panels": False}, "need panels=True"),
        (made(), {"tmin": 0.1}, "at least two of the samples from 0 to 0.1 s"),
        (made(), {"tmin": 0, "tmax": 30}, "within the record, 0 to 0.1 s, got 30 s: are they in ms"),
        (made(), {"average": False, "trials": False}, "both False"),
        (made(), {"panels": True, "axes": []}, "axes must be 3"),
    ],
)
def test_wrong_input_is_named(given, options, message):
    with pytest.raises(ParameterError, match=message):
        plot_dipole(given, show=False, **options)


def test_window_may_end_after_the_shorter_of_two():
    longer = made(times=np.arange(201.0))
    axes = plot_dipole({"short": made(), "long": longer}, tmin=0.05, tmax=0.15, show=False).axes[0]
    lengths = {line.get_label(): len(line.get_xdata()) for line in axes.lines}
    assert (lengths["short"], lengths["long"]) == (51, 101)
