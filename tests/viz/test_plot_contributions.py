"""Figures of contributions and of spikes per cell."""

import numpy as np
import pytest

from mne_hnn.errors import ParameterError
from mne_hnn.fit import drive_contributions
from mne_hnn.network import jones_2009
from mne_hnn.simulate import SimulationSettings
from mne_hnn.viz import plot_contributions, plot_spikes_per_cell

L5P = "L5_pyramidal"
NAM = 1e-9


@pytest.fixture(scope="module")
def contributions():
    network = jones_2009((1, 1))
    for name, location, mu_ms, weight in (("near", "proximal", 10.0, 0.1), ("far", "distal", 20.0, 1e-4)):
        network = network.with_evoked_drive(
            name, location=location, mu_ms=mu_ms, sigma_ms=1, weights_ampa={L5P: weight}
        )
    return drive_contributions(network, SimulationSettings(tstop=50.0), scale=1e5)


def texts_of(fig):
    axes = fig.axes
    return " ".join(
        [one.get_title(loc="left") for one in axes] + [text.get_text() for one in axes for text in one.texts]
    )


def test_every_drive_layer_and_current_is_drawn(contributions):
    target = contributions.dipole.copy().scale(1.1)
    fig = contributions.plot(target, show=False)
    whole, near, far, together, layers, _, l5 = fig.axes
    lines = {line.get_label(): line for line in whole.lines}
    np.testing.assert_allclose(lines["target"].get_ydata(), target["agg"] / NAM)
    np.testing.assert_allclose(lines["all drives"].get_ydata(), contributions.dipole["agg"] / NAM)
    np.testing.assert_allclose(near.lines[0].get_ydata(), contributions.alone["near"]["agg"] / NAM)
    filled = far.collections[0].get_paths()[0].vertices[:, 1]
    peaks = contributions.drives["far"]["agg"] / NAM
    np.testing.assert_allclose([filled.min(), filled.max()], [min(peaks.min(), 0), max(peaks.max(), 0)])
    assert near.get_ylim() == far.get_ylim() == together.get_ylim()
    assert {line.get_label() for line in layers.lines} >= {"all layers", "L2", "L5"}
    drawn = {line.get_label(): line.get_ydata() for line in l5.lines}
    np.testing.assert_allclose(drawn["excitation"], contributions.currents[L5P]["excitation"] / NAM)
    np.testing.assert_allclose(drawn["sum"], contributions.dipole["L5"] / NAM, atol=1e-9)
    assert "constant current" not in drawn
    assert [axes.get_xlabel() for axes in (together, l5)] == ["Time (ms)"] * 2
    assert all("nAm" in axes.get_ylabel() for axes in fig.axes)
    said = texts_of(fig)
    assert said.count("up ↑") == said.count("down ↓") == len(fig.axes)
    row = next(row for row in contributions.rows() if row.name == "near" and row.kind == "drive")
    assert f"near: {row.turns[0]} " in said
    assert row.spikes_added[L5P] >= 1
    assert f"L5 pyr +{row.spikes_added[L5P]:.2f}" in said


def test_what_biases_do_is_said_where_it_is_drawn(contributions):
    network = contributions.network.with_tonic_bias("tonic", amplitude_nA={L5P: 0.1})
    found = drive_contributions(network, SimulationSettings(tstop=20.0))
    said = [axes.get_title(loc="left") for axes in plot_contributions(found, show=False).axes]
    assert any(title.startswith("only together, and constant currents: up") for title in said)
    assert "only together:" in texts_of(plot_contributions(contributions, show=False))


def test_a_single_drive_without_currents_has_no_company():
    network = jones_2009((1, 1)).with_evoked_drive(
        "only", location="proximal", mu_ms=5.0, sigma_ms=1.0, weights_ampa={L5P: 1e-5}
    )
    found = drive_contributions(network, SimulationSettings(tstop=20.0), currents=False)
    fig = plot_contributions(found, show=False)
    assert len(fig.axes) == 3
    assert "fAm" in fig.axes[0].get_ylabel()  # one column
    assert "no spikes added" in texts_of(fig)


def test_spikes_are_drawn_beside_bands(contributions):
    counts = contributions.spikes
    bands = {"L2_pyramidal": [0.1, 1.0], L5P: (0.5, 3.5)}
    fig = counts.plot(bands, show=False)
    left, *courses = fig.axes
    drawn = [end for patch in left.patches for end in (patch.get_x(), patch.get_x() + patch.get_width())]
    assert drawn == pytest.approx([0.1, 1.0, 0.5, 3.5])
    points = {line.get_ydata()[0]: line.get_xdata()[0] for line in left.lines}
    assert points == {k: count.per_cell for k, count in enumerate(counts.types.values())}
    assert [tick.get_text() for tick in left.get_yticklabels()] == [name.replace("_", " ") for name in counts.types]
    assert "0 to 50 ms" in left.get_xlabel()
    assert f"{100 * counts[L5P].share_firing:.0f} % of cells" in texts_of(fig)
    assert len(courses) == len(counts.types)
    assert f"median {counts[L5P].median_ms:.0f} ms" in texts_of(fig)
    assert "L2 basket: silent" in texts_of(fig)
    assert not plot_spikes_per_cell(counts, show=False).axes[0].patches


@pytest.mark.parametrize(
    ("bands", "message"),
    [
        ([(0, 1)], "bands must map cell types to two numbers"),
        ({"L5_pyramid": (0, 1)}, "Did you mean 'L5_pyramidal'"),
        ({L5P: 1.0}, "The band of 'L5_pyramidal' must be two numbers"),
        ({L5P: (2.0, 1.0)}, "must rise, got 2 to 1 spikes per cell"),
        ({L5P: (-1.0, 1.0)}, "must be .*-1"),
    ],
)
def test_bands_that_are_none_are_refused(contributions, bands, message):
    with pytest.raises(ParameterError, match=message):
        plot_spikes_per_cell(contributions.spikes, bands, show=False)


def test_other_things_are_refused(contributions):
    with pytest.raises(ParameterError, match="must be what drive_contributions returns, got str"):
        plot_contributions("x", show=False)
    with pytest.raises(ParameterError, match="target must be a Dipole, .* got str"):
        contributions.plot("x", show=False)
    with pytest.raises(ParameterError, match="must be what spikes_per_cell returns, got str"):
        plot_spikes_per_cell("x", show=False)
