"""Figures of sweeps: what is drawn, where, and in which units."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import LogNorm, to_hex

from mne_hnn.errors import ParameterError
from mne_hnn.network import jones_2009, set_values
from mne_hnn.simulate import SimulationSettings
from mne_hnn.sweep import run_sweep
from mne_hnn.viz import plot_sweep, plot_sweep_dipoles
from mne_hnn.viz.colors import cell_type_colors

L2P, L5P = "L2_pyramidal", "L5_pyramidal"
W2, W5 = (f"drives.ev.weights_ampa.{name}" for name in (L2P, L5P))
MU = "drives.ev.mu_ms"


def column():
    return jones_2009((1, 1)).with_evoked_drive(
        "ev", mu_ms=3.0, sigma_ms=0.0, location="proximal", weights_ampa={L2P: 1e-3, L5P: 1e-3},
        synaptic_delays={L2P: 0.1, L5P: 1.0},
    )  # fmt: skip


@pytest.fixture(scope="module")
def line():
    """Equal weights onto both pyramidal types."""
    weights = np.logspace(-4, -1, 4)
    summary = ["extrema", "rates", lambda simulation: float(simulation.n_trials)]
    return run_sweep(
        column(), {W2: weights, W5: weights}, SimulationSettings(tstop=20.0), combine="paired", summary=summary
    )


@pytest.fixture(scope="module")
def plane():
    """Onset by weight; one point of it fails."""

    def apply(network, values):
        changed = set_values(network, {MU: float(values["mu"]), W5: values["weight"]})
        fails = values["mu"] == 4 and values["weight"] == 1e-2
        return changed.with_tonic_bias("absurd", amplitude_nA={L5P: 1e6}) if fails else changed

    grid = {"mu": [2, 3, 4], "weight": [1e-4, 1e-3, 1e-2, 1e-1]}
    return run_sweep(column(), grid, SimulationSettings(tstop=12.0), apply=apply, summary="extrema", verbose="error")


def test_lines_over_a_logarithmic_axis(line):
    axes = line.plot(["peak", "trough"], show=False).axes[0]
    peak, trough = axes.lines
    np.testing.assert_allclose(peak.get_xdata(), np.logspace(-4, -1, 4))
    np.testing.assert_allclose(peak.get_ydata(), line.summaries["peak"] * 1e12)  # small: pA m
    np.testing.assert_allclose(trough.get_ydata(), line.summaries["trough"] * 1e12)
    assert axes.get_xscale() == "log"
    assert axes.get_ylabel() == "Dipole moment (pAm)"
    label = axes.get_xlabel().replace("\N{NO-BREAK SPACE}", " ").replace("\n", " ")
    assert label == "ev AMPA weight L2 pyramidal, L5 pyramidal (µS)"  # both, as both have this value
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["peak", "trough"]


def test_units_of_other_summaries(line):
    axes = plot_sweep(line, "peak_latency", x=W5, show=False).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), line.summaries["peak_latency"] * 1e3)
    assert axes.get_ylabel() == "Peak latency (ms)"
    assert plot_sweep(line, "summary", show=False).axes[0].get_ylabel() == "Summary"  # nobody knows its unit
    axes = plot_sweep(line, [f"rate_{L5P}", f"rate_{L2P}"], show=False).axes[0]
    assert axes.get_ylabel() == "Firing rate (Hz)"
    assert [one.get_color() for one in axes.lines] == [cell_type_colors([name])[name] for name in (L5P, L2P)]


def test_image_over_two_parameters(plane):
    fig = plane.plot("peak", y="mu", show=False)
    axes, bar = fig.axes
    mesh = axes.collections[0]
    image = mesh.get_array()
    assert image.shape == (3, 4)
    assert np.argwhere(np.ma.getmaskarray(image)).tolist() == [[2, 2]]
    wanted = plane.summaries["peak"].reshape(3, 4)
    factor = {"nAm": 1e9, "pAm": 1e12, "fAm": 1e15}[bar.get_ylabel().split("(")[1].rstrip(")")]
    np.testing.assert_allclose(image.filled(np.nan), wanted * factor)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("weight", "mu")
    corners = mesh.get_coordinates()
    np.testing.assert_allclose(corners[0, :, 0], 10.0 ** np.arange(-4.5, 0.0))  # borders halfway on the log axis
    np.testing.assert_allclose(corners[:, 0, 1], [1.5, 2.5, 3.5, 4.5])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["no result"]


def test_a_cut_through_the_plane(plane):
    axes = plane.select({"weight": 1e-2}).plot("peak", show=False).axes[0]
    line, lost = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), [2, 3, 4])
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True]
    assert lost.get_xdata().tolist() == [4]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["2", "3", "4"]


def test_dipoles_over_each_other(line):
    fig = line.plot_dipoles(window_ms=5.0, scale=2e6, show=False)
    axes, bar = fig.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Time (ms)", "Dipole moment (nAm)")
    assert "(µS)" in bar.get_ylabel()
    norm = LogNorm(1e-4, 1e-1)
    for k, drawn in enumerate(axes.lines[:4]):
        expected = line.dipole(k).scale(2e6).smooth(5.0)
        np.testing.assert_allclose(drawn.get_xdata(), expected.times * 1e3)
        np.testing.assert_allclose(drawn.get_ydata(), expected["agg"] * 1e9)
        assert to_hex(drawn.get_color()) == to_hex(plt.colormaps["viridis"](norm(10.0 ** (k - 4))))


def test_dipoles_by_a_summary_on_given_axes(plane):
    fig, axes = plt.subplots()
    assert plot_sweep_dipoles(plane, "peak_latency", layer="L5", axes=axes, show=False) is fig
    assert len(axes.lines) == 11 + 1  # one failed; the zero line
    assert fig.axes[1].get_ylabel() == "Peak latency (ms)"
    assert axes.get_ylabel().startswith("Dipole moment of L5 (")


def test_wrong_arguments(line, plane):
    with pytest.raises(ParameterError, match="Did you mean 'peak'"):
        line.plot("peaks", show=False)
    with pytest.raises(ParameterError, match="at least one of"):
        line.plot([], show=False)
    with pytest.raises(ParameterError, match="Did you mean"):
        line.plot("peak", x="drives.ev.weights_ampa", show=False)
    with pytest.raises(ParameterError, match="cannot share"):
        line.plot(["peak", "peak_latency"], show=False)
    with pytest.raises(ParameterError, match="one by one"):
        plane.plot(["peak", "trough"], show=False)
    with pytest.raises(ParameterError, match="lie on a line"):
        line.plot("peak", x=W2, y=W5, show=False)
    with pytest.raises(ParameterError, match="two parameters"):
        plane.plot("peak", x="mu", y="mu", show=False)
    with pytest.raises(ParameterError, match="Unknown layer"):
        line.plot_dipoles(layer="L4", show=False)
    with pytest.raises(ParameterError, match="no numbers"):
        plane.select({"mu": 4, "weight": 1e-2}).plot("peak", show=False)
    with pytest.raises(ParameterError, match="No point of the sweep has a dipole"):
        plane.select({"mu": 4, "weight": 1e-2}).plot_dipoles(show=False)
    with pytest.raises(ParameterError, match="needs a SweepResult"):
        plot_sweep(3, "peak", show=False)
    with pytest.raises(ParameterError, match="no numbers of none"):
        run_sweep(
            column(), {MU: [1.0]}, SimulationSettings(tstop=5.0), summary={"none": lambda simulation: np.nan}
        ).plot("none", show=False)
    bare = run_sweep(column(), {MU: [1.0]}, SimulationSettings(tstop=5.0), keep=(), summary="rates")
    with pytest.raises(ParameterError, match="kept no dipoles"):
        bare.plot_dipoles(show=False)


def test_a_temperature_has_its_name_and_unit():
    swept = run_sweep(column(), {"celsius": [30.0, 34.0, 37.0]}, SimulationSettings(tstop=5.0), summary="extrema")
    axes = swept.plot("peak", show=False).axes[0]
    assert axes.get_xlabel() == "temperature (°C)"
    plt.close("all")


def test_values_stand_at_the_ticks_of_a_logarithmic_axis():
    """Three values by a factor of two: 0.5, 1 and 2, and not 4e-1 and 6e-1."""
    swept = run_sweep(
        column(),
        {"drives.ev.mu_ms": [2, 3], "gains.i_e": [0.5, 1, 2]},
        SimulationSettings(tstop=5.0),
        summary="extrema",
    )
    axes = swept.plot("peak", show=False).axes[0]
    axes.figure.draw_without_rendering()
    assert axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0.5", "1", "2"]
    assert not [text.get_text() for text in axes.get_yticklabels(minor=True)]
    plt.close("all")
