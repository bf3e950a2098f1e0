"""Figures of a posterior show its numbers."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from posteriors import PATHS, made

from mne_hnn.errors import ParameterError
from mne_hnn.viz import (
    plot_posterior_bits,
    plot_posterior_marginals,
    plot_posterior_place,
    plot_posterior_predictions,
)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_marginals_have_a_panel_per_number():
    one = made()
    fig = one.plot_marginals(show=False)
    shown = [axes for axes in fig.axes if axes.get_visible()]
    assert [axes.get_title() for axes in shown] == [
        "evprox1 time (ms)",
        "evprox1 spread (ms)",
        "evprox1 L5 pyramidal AMPA (\N{MICRO SIGN}S)",
        "columns",
        "discrepancy (relative)",
    ]
    prior, after, most, half = shown[0].get_lines()
    assert after.get_ydata().max() > 4 * prior.get_ydata().max()
    assert tuple(most.get_xdata()) == one.interval(PATHS[0])
    assert tuple(half.get_xdata()) == one.interval(PATHS[0], 0.5)
    fig = plot_posterior_marginals(one, [PATHS[2]], show=False)
    assert len(fig.axes) == 1
    assert fig.axes[0].get_xscale() == "log"
    with pytest.raises(ParameterError, match="parameter"):
        plot_posterior_marginals(one, ["drives.none"], show=False)


def test_predictions_lie_over_the_response():
    one = made()
    axes, spikes = one.plot_predictions(show=False).axes
    response = next(line for line in axes.get_lines() if line.get_label() == "response")
    assert response.get_ydata() == pytest.approx(one.wanted * 1e9)
    assert [text.get_text() for text in spikes.get_yticklabels()] == ["L2 pyramidal", "L5 pyramidal"]
    assert len(plot_posterior_predictions(made(regime="silent"), show=False).axes) == 1


def test_bits_are_bars():
    one = made()
    (axes,) = one.plot_bits(show=False).axes
    widths = [bar.get_width() for bar in axes.patches]
    assert widths[::-1] == pytest.approx(list(one.bits().values()))


def test_the_place_is_drawn_where_the_sources_are():
    one = made()
    rng = np.random.default_rng(1)
    forward = {"src": [{"rr": rng.normal(size=(20, 3)) * 0.01}, {"rr": np.zeros((1, 3))}]}
    fig = one.plot_place(forward, show=False)
    dots, rings = fig.axes[0].collections
    assert np.asarray(dots.get_array()) == pytest.approx(one.place.of_source)
    assert len(rings.get_offsets()) == len(one.place.region())
    assert [bar.get_height() for bar in fig.axes[1].patches] == pytest.approx([0.85, 0.15])
    with pytest.raises(ParameterError, match="No label was searched"):
        plot_posterior_place(made(with_place=False), forward, show=False)


@pytest.mark.parametrize("plot", [plot_posterior_bits, plot_posterior_marginals, plot_posterior_predictions])
def test_what_is_no_posterior_is_refused(plot):
    with pytest.raises(ParameterError, match="needs the CircuitPosterior"):
        plot(SimpleNamespace(), show=False)
