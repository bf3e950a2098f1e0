"""Panels of a prior against its rows, and what explanations claim of them."""

import numpy as np
import pytest

from mne_hnn.errors import ParameterError
from mne_hnn.fit import CircuitPrior, ColumnPrior, LogNormal
from mne_hnn.viz import plot_prior
from mne_hnn.viz.colors import COMPARED, cell_type_colors

USUAL = CircuitPrior()


def panels(fig):
    return {axes.get_title(): axes for axes in fig.axes if axes.get_visible()}


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_panel_for_each_quantity():
    prior = CircuitPrior(weights={"ampa.L5_pyramidal": LogNormal(0.1, 3.0)}, silent=ColumnPrior(median=1e4))
    drawn = panels(prior.plot(window_ms=170, show=False))
    rows = [row for row in prior.rows(170) if not row.derived and row.name != "silent_share"]
    assert list(drawn) == [row.quantity.replace("_", " ") for row in rows]
    for axes, row in zip(drawn.values(), rows, strict=True):
        assert axes.get_xlabel() == {"uS": "\N{MICRO SIGN}S", "": "share"}.get(row.unit, row.unit)
        if row.distribution is None:
            continue
        curve = axes.lines[0].get_xydata()
        middle = row.median if row.name != "fraction" else 2.3 / 20  # mode of the share
        assert curve[curve[:, 1].argmax(), 0] == pytest.approx(middle, rel=0.05, abs=0.2)
        # the dark part is the interval
        dark = axes.collections[1].get_paths()[0].vertices[:, 0]
        step = np.diff(curve[:, 0]).max()
        assert (dark.min(), dark.max()) == (pytest.approx(row.low, abs=step), pytest.approx(row.high, abs=step))
    assert drawn["Spikes of L5 pyramidal"].lines[0].get_color() == cell_type_colors(["L5_pyramidal"])["L5_pyramidal"]


def test_the_density_has_its_ceiling():
    axes = panels(plot_prior(USUAL, show=False))["Moment density"]
    x, weight = axes.lines[0].get_xydata().T
    np.testing.assert_allclose(weight, USUAL.density_weight(x))
    assert axes.get_xlim()[1] > 2.0
    assert texts(axes) == ["as good\nas any"]


def test_values_have_a_marker_and_their_distance():
    values = {
        "columns_per_nAm": 40.0 * 2.49,
        "spikes.L5_pyramidal": 0.0,
        "spread_ms": [3.0, 6.0, 6.0 * 2.0**3],
        "fraction": USUAL.fraction.ppf(0.5),
        "density_nAm_per_mm2": 9.0,
        "time_ms": -25.0,
    }
    fig = USUAL.plot(values, show=False)
    drawn = panels(fig)
    expected = {
        "Columns whose cells fire": "+1.0 SD",
        "Spikes of L5 pyramidal": "\N{MINUS SIGN}\N{INFINITY} SD",
        "Spread of a drive": "+3.0 SD",
        "Participating share of the pyramidal cells": "0.0 SD",
        "Moment density": "as good\nas any",
        "Time of a drive, from the proposed one": "\N{MINUS SIGN}2.5 SD",
    }
    for title, axes in drawn.items():
        assert texts(axes) == ([expected[title]] if title in expected else []), title
        assert len(axes.lines) == (2 if title in expected else 1)
    spread = drawn["Spread of a drive"]
    np.testing.assert_allclose(spread.lines[1].get_xdata(), values["spread_ms"])
    assert spread.texts[0].get_weight() == "bold"
    assert drawn["Columns whose cells fire"].texts[0].get_weight() == "normal"
    for axes in drawn.values():  # whatever is claimed is seen
        low, high = axes.get_xlim()
        assert all(((line.get_xdata() >= low) & (line.get_xdata() <= high)).all() for line in axes.lines)
    assert [text.get_text() for text in fig.legends[0].texts][1] == "the fit"


def test_explanations_are_told_apart():
    several = {"proximal, distal": {"fraction": 0.1}, "distal": {"fraction": 0.3, "weight_ampa_uS": 0.02}}
    fig = plot_prior(USUAL, explanations=several, show=False)
    share = panels(fig)["Participating share of the pyramidal cells"]
    first, second = share.lines[1:]
    assert [first.get_color(), second.get_color()] == list(COMPARED[:2])
    assert first.get_marker() != second.get_marker()
    assert second.get_ydata()[0] > first.get_ydata()[0] > 1.0  # above the density and above each other
    only = panels(fig)["AMPA weight of a drive"].lines[1]
    assert only.get_color() == COMPARED[1]
    assert [text.get_text() for text in fig.legends[0].texts][1:3] == list(several)


def test_texts_stay_within_their_panels():
    values = {"weight_ampa_uS": [7e-6, 0.02, 1.4], "columns_per_nAm": 1e4, "time_ms": [-30.0, 30.0], "fraction": 0.99}
    fig = USUAL.plot(values, show=False)
    fig.canvas.draw()
    for title, axes in panels(fig).items():
        for text in axes.texts:
            box, frame = text.get_window_extent(), axes.get_window_extent()
            assert frame.x0 - 2 <= box.x0 < box.x1 <= frame.x1 + 2, title


@pytest.mark.parametrize(
    ("values", "explanations", "message"),
    [
        ({"column_per_nAm": 3.0}, None, "Unknown quantity 'column_per_nAm' in values.*Did you mean 'columns_per_nAm'"),
        ({"tissue.L5_pyramidal": 0.2}, None, "Unknown quantity 'tissue.L5_pyramidal'"),
        ({"fraction": 1.5}, None, "Values of fraction must be shares from 0 to 1, got 1.5"),
        ({"spread_ms": [2.0, -1.0]}, None, "Values of spread_ms must be finite and not below 0"),
        ({"spread_ms": []}, None, "Values of spread_ms must be finite"),
        ({"time_ms": np.nan}, None, "Values of time_ms must be finite, got nan"),
        ({"time_ms": "early"}, None, "time_ms must be a number, or several, got 'early'"),
        ([3.0], None, "values must be numbers by name"),
        (None, {"best": 3.0}, "explanations such values by the name of each explanation"),
        ({}, {}, "values are those of one explanation, explanations those of several: give one of them"),
        (None, {str(k): {} for k in range(8)}, "At most 7 explanations can be told apart, got 8"),
    ],
)
def test_what_is_wrong_is_said(values, explanations, message):
    with pytest.raises(ParameterError, match=message):
        plot_prior(USUAL, values, explanations=explanations, show=False)


def test_only_priors_are_drawn():
    with pytest.raises(ParameterError, match="plot_prior needs a CircuitPrior, got ColumnPrior"):
        plot_prior(ColumnPrior(median=3.0), show=False)
