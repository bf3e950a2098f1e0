"""Rasters and histograms: every spike at its place, counted once."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from mne_hnn import Dipole, Spikes
from mne_hnn.errors import ParameterError
from mne_hnn.viz import plot_spikes_histogram, plot_spikes_raster
from mne_hnn.viz.colors import cell_type_colors, ink, location_color
from mne_hnn.viz.histogram import bin_edges

RANGES = {"L5_basket": range(2), "L2_pyramidal": range(2, 6), "evprox1": range(6, 8), "evdist1": range(8, 9)}


@pytest.fixture
def spikes():
    return Spikes(
        trial=[0, 0, 0, 0, 1, 1, 1, 1, 1],
        time=[0.011, 0.012, 0.031, 0.052, 0.013, 0.032, 0.033, 0.053, 0.0971],
        gid=[0, 2, 6, 8, 1, 6, 7, 8, 5],
        gid_ranges=RANGES,
        n_trials=2,
        tmin=0.0,
        tmax=0.1,
    )


def dots(axes):
    return np.concatenate([part.get_offsets() for part in axes.collections])


def heights(axes):
    return {part.get_label(): np.array([bar.get_height() for bar in part]) for part in axes.containers}


def test_raster_puts_superficial_cells_on_top(spikes):
    axes = spikes.plot_raster(cell_types=["L5_basket", "L2_pyramidal"], show=False).axes[0]
    # two L5 basket cells below four L2 pyramidal ones
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["L5 basket", "L2 pyramidal"]
    np.testing.assert_allclose(sorted(map(tuple, dots(axes))), [(11.0, 0.0), (12.0, 2.0)])
    assert [to_hex(tick.get_color()) for tick in axes.get_yticklabels()] == [
        ink(cell_type_colors(RANGES)[name]).lower() for name in ("L5_basket", "L2_pyramidal")
    ]
    assert axes.get_ylabel() == "Cells\n(trial 0)"
    assert axes.get_xlim() == (0, 100)


def test_raster_of_spikes_alone_shows_every_spike(spikes):
    own = {"L2_pyramidal": range(2, 6), "vip": range(2), "evprox1": range(6, 8), "thalamus": range(8, 9)}
    renamed = Spikes(
        trial=spikes.trial, time=spikes.time, gid=spikes.gid, gid_ranges=own, n_trials=2, tmin=0.0, tmax=0.1
    )
    axes = renamed.plot_raster(show=False).axes[0]
    assert len(dots(axes)) == spikes.counts("trial")[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["thalamus", "evprox1", "vip", "L2 pyramidal"]


def test_raster_of_another_trial_window_and_drive(spikes):
    axes = plot_spikes_raster(spikes, trial=1, cell_types=["evprox1", "L2_pyramidal"], tmin=0.032, show=False).axes[0]
    np.testing.assert_allclose(sorted(map(tuple, dots(axes))), [(32.0, 0.0), (33.0, 1.0), (97.1, 5.0)])
    assert axes.get_ylabel() == "Cells\n(trial 1)"
    silent = plot_spikes_raster(spikes, cell_types="L2_pyramidal", tmin=0.05, show=False).axes[0]
    assert [text.get_text() for text in silent.texts] == ["no spikes"]


def test_raster_of_all_trials_over_each_other(spikes):
    axes = spikes.plot_raster(trial="all", cell_types=["L5_basket", "L2_pyramidal"], show=False).axes[0]
    np.testing.assert_allclose(sorted(map(tuple, dots(axes))), [(11.0, 0.0), (12.0, 2.0), (13.0, 1.0), (97.1, 5.0)])
    assert axes.get_ylabel() == "Cells\n(2 trials)"


def test_raster_with_a_row_per_trial(spikes):
    """The first trial is on top of each band; within a row the cells stand as in a raster of one trial."""
    names = ["L5_basket", "L2_pyramidal"]
    axes = spikes.plot_raster(trial=[1, 0], rows="trials", cell_types=names, show=False).axes[0]
    by_time = {round(time, 1): row for time, row in dots(axes).tolist()}
    baskets, pyramidals = {11.0: 1, 13.0: 0}, {12.0: 3, 97.1: 2}
    assert {time: round(row) for time, row in by_time.items()} == baskets | pyramidals
    assert by_time[11.0] == pytest.approx(1 - 0.2)  # the first of two cells
    assert by_time[13.0] == pytest.approx(0 + 0.2)
    assert by_time[97.1] == pytest.approx(2 + 0.3)  # the last of four
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0", "1", "0", "1"]
    assert axes.get_yticks().tolist() == [1, 0, 3, 2]
    assert [tick.get_text() for tick in axes.get_yticklabels(minor=True)] == ["L5 basket", "L2 pyramidal"]
    assert axes.get_ylabel() == "Trials"
    axes = spikes.plot_raster(rows="trials", trial=1, cell_types="L2_pyramidal", tmin=0.05, show=False).axes[0]
    assert len(dots(axes)) == 1


def test_numbers_of_trials_are_written_as_far_as_they_fit():
    n = 60
    many = Spikes(
        trial=np.arange(n), time=np.full(n, 0.01), gid=np.zeros(n, int), gid_ranges=RANGES, n_trials=n, tmin=0, tmax=0.1
    )
    axes = many.plot_raster(trial="all", rows="trials", show=False).axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [str(k) for k in range(0, 60, 10)] * 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trial": "each"}, "Unknown choice of trials 'each'"),
        ({"trial": []}, "at least one of"),
        ({"trial": [0, 5]}, "no trial 5"),
        ({"rows": "trial"}, "Did you mean 'trials'"),
    ],
)
def test_rasters_of_trials_that_are_not_there(spikes, options, message):
    with pytest.raises(ParameterError, match=message):
        spikes.plot_raster(**options, show=False)


def test_raster_with_dipole_behind(spikes):
    dipole = Dipole.from_nAm(np.arange(101.0), {"agg": np.arange(101.0)})
    fig, axes = plt.subplots()
    assert plot_spikes_raster(spikes, dipole=dipole, axes=axes, show=False) is fig
    twin = fig.axes[1]
    np.testing.assert_allclose(twin.lines[0].get_ydata(), np.arange(101.0))
    assert axes.get_zorder() > twin.get_zorder()
    assert twin.get_ylabel() == "Dipole moment (nAm)"
    with pytest.raises(ParameterError, match="True together with a Simulation"):
        plot_spikes_raster(spikes, dipole=True, show=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell_types": "L2_pyramid"}, "Unknown cell type or drive 'L2_pyramid'.*Did you mean 'L2_pyramidal'"),
        ({"cell_types": []}, "at least one of L5_basket"),
        ({"trial": 2}, "There is no trial 2"),
        ({"trial": False}, "There is no trial False"),
        ({"tmax": 0.2}, "must lie within"),
        ({"tmax": 50}, "are they in ms"),
    ],
)
def test_raster_names_what_is_wrong(spikes, options, message):
    with pytest.raises(ParameterError, match=message):
        plot_spikes_raster(spikes, show=False, **options)
    with pytest.raises(ParameterError, match="Spikes or a Simulation is needed, got list"):
        plot_spikes_raster([], show=False)


def test_histogram_counts_every_spike_once(spikes):
    axes = spikes.plot_histogram(bins=10, show=False).axes[0]
    found = heights(axes)
    assert {name: bars.sum() for name, bars in found.items()} == {
        name: count / 2 for name, count in spikes.counts().items()
    }
    np.testing.assert_allclose(found["L5_basket"], [0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    assert axes.get_ylabel() == "Spikes per trial\nand 10 ms"
    total = plot_spikes_histogram(spikes, bins=10, per="total", show=False).axes[0]
    assert sum(bars.sum() for bars in heights(total).values()) == len(spikes)
    one = plot_spikes_histogram(spikes, trial=1, names="evprox1", show=False).axes[0]
    assert heights(one)["evprox1"].sum() == 2


def test_histogram_of_patterns_and_labels(spikes):
    axes = plot_spikes_histogram(spikes, names=["ev*"], inverted="evdist*", show=False).axes[0]
    found = heights(axes)
    assert list(found) == ["evprox1", "evdist1"]
    assert (found["evprox1"].sum(), found["evdist1"].sum()) == (1.5, -1.0)
    assert to_hex(axes.containers[1][0].get_facecolor()) == location_color("distal").lower()
    assert axes.get_ylim()[0] < 0
    both = plot_spikes_histogram(spikes, names={"drives": "ev*", "cells": ["L*"]}, bins=5, show=False).axes[0]
    np.testing.assert_allclose(heights(both)["drives"], [0, 1.5, 1, 0, 0])
    np.testing.assert_allclose(heights(both)["cells"], [1.5, 0, 0, 0, 0.5])
    # stacked: what is drawn second stands on the first
    assert [bar.get_y() for bar in both.containers[1]] == [0, 1.5, 1, 0, 0]


def test_firing_rates_are_those_of_the_table(spikes):
    axes = plot_spikes_histogram(spikes, names=["L5_basket", "L2_pyramidal"], bins=10, per="cell", show=False).axes[0]
    for outline in axes.patches:
        values, edges, _ = outline.get_data()
        assert np.mean(values) == pytest.approx(spikes.rates()[outline.get_label()])
        np.testing.assert_allclose(edges, np.arange(0, 101, 10))
    assert "(Hz)" in axes.get_ylabel()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": "evprox"}, "Unknown cell type or drive 'evprox'.*Did you mean 'evprox1'"),
        ({"names": "thal*"}, r"Unknown cell type or drive 'thal\*'"),
        ({"names": []}, "at least one of"),
        ({"names": {}}, "at least one label"),
        ({"per": "second"}, "Unknown value of per"),
        ({"bins": 0}, "bins must be an integer >= 1"),
        ({"bins": [0.1, 0.0]}, "two rising edges"),
        ({"bins": [0, 10, 20]}, "edges of bins must lie within the record, 0 to 0.1 s, got 20 s: are they in ms"),
        ({"tmin": 0, "tmax": 50}, "are they in ms"),
        ({"trial": 5}, "There is no trial 5"),
        ({"colors": "no colour"}, "no colour"),
    ],
)
def test_histogram_names_what_is_wrong(spikes, options, message):
    with pytest.raises(ParameterError, match=message):
        plot_spikes_histogram(spikes, show=False, **options)


def test_rate_in_a_bin_that_the_window_covers_in_part(spikes):
    # one of two cells fires once in two trials within 11 ms: 1 / (2 * 2 * 1 ms) in the last bin of 2 ms
    late = Spikes(trial=[0], time=[0.0105], gid=[0], gid_ranges={"a": [0, 1]}, n_trials=2, tmin=0.0, tmax=0.011)
    outline = plot_spikes_histogram(late, per="cell", show=False).axes[0].patches[0]
    values, edges, _ = outline.get_data()
    np.testing.assert_allclose(edges[-2:], [10, 12])
    np.testing.assert_allclose(values, [0, 0, 0, 0, 0, 250.0])


@pytest.mark.parametrize("ranges", [{}, {"L2_basket": range(3)}])
@pytest.mark.parametrize("per", ["trial", "cell"])
def test_histogram_of_silence_says_so(ranges, per):
    silent = Spikes(trial=[], time=[], gid=[], gid_ranges=ranges, n_trials=1, tmin=0.0, tmax=0.1)
    axes = silent.plot_histogram(per=per, show=False).axes[0]
    assert [text.get_text() for text in axes.texts] == ["no spikes"]
    assert [text.get_text() for text in silent.plot_raster(show=False).axes[0].texts] == ["no spikes"]


@pytest.mark.parametrize(("duration", "width"), [(0.17, 2), (0.31, 5), (0.25, 5), (0.02, 2), (1.0, 10), (0.001, 1)])
def test_bins_have_a_round_width(duration, width):
    edges = bin_edges(0.0, duration) * 1e3
    np.testing.assert_allclose(np.diff(edges), width)
    assert duration * 1e3 <= edges[-1] + 1e-9 < duration * 1e3 + width
    assert len(edges) <= 102
