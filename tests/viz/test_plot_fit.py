"""What is drawn of a fit: waveforms or spectra, losses, estimates."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import ParameterError
from mne_hnn.fit import DriveSettings, FitDetails, RhythmicSettings, UnfittedSettings
from mne_hnn.fit.result import Estimate, Evaluation, FitResult, Scores
from mne_hnn.network import jones_2009, with_erp_drives
from mne_hnn.simulate import simulate
from mne_hnn.spectra import power_spectrum
from mne_hnn.viz import plot_convergence, plot_fit, plot_parameters
from mne_hnn.viz.colors import location_color

SCALE = 3210.0
LOSSES = [0.9, np.inf, 0.5, 0.6, 0.4, np.inf, 0.3]
LEVELS = ["5x5"] * 4 + ["full"] * 3
ESTIMATES = (
    Estimate(path="drives.evprox1.mu_ms", value=26.6, low=24.0, high=29.0),
    Estimate(path="drives.evprox1.sigma_ms", value=2.5),
    Estimate(path="drives.evdist1.weights_nmda.L5_pyramidal", value=1e-4, low=1e-5, high=1e-2, determined=False),
    Estimate(path="drives.evprox1.weights_ampa.L2_pyramidal", value=2e-5, low=1e-5, high=4e-5),
    Estimate(path="columns", value=SCALE, low=2000.0, high=5000.0),
)


@pytest.fixture(scope="module")
def simulation():
    return simulate(with_erp_drives(jones_2009(mesh_shape=(3, 3))), 60.0, n_trials=3, verbose="error")


@pytest.fixture
def result(simulation):
    dipole = simulation.dipole.smooth(20.0).scale(SCALE)
    times = np.arange(-10.0, 61.0)
    wave = np.interp(times, dipole.times * 1e3, 0.8e9 * dipole["agg"])
    return FitResult(
        kind="drives", network=simulation.network, start_network=simulation.network, simulation=simulation,
        dipole=dipole, target=Dipole.from_nAm(times, {"agg": wave}), scale=SCALE,
        scores=Scores(loss=0.1, r_squared=0.9, nrmse=0.25, correlation=-0.125), estimates=ESTIMATES,
        evaluations=tuple(Evaluation(level=a, values={}, loss=b) for a, b in zip(LEVELS, LOSSES, strict=True)),
        settings=DriveSettings(smooth_ms=20.0), details=FitDetails(objective="r_squared"),
    )  # fmt: skip


@pytest.fixture
def rhythm(result):
    settings = RhythmicSettings(bands=[[8, 12], [20, 30]], burn_in_ms=10.0)
    return replace(
        result, kind="rhythmic", target=None, scale=1.0, dipole=result.simulation.dipole, settings=settings,
        details=FitDetails(objective="bandpower"),
        scores=Scores(loss=-0.5),
    )  # fmt: skip


def _lines(axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def _legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def _nothing_overlaps(fig):
    """Check that labels lie within the figure, and tick labels beside one another."""
    fig.canvas.draw()
    width, height = fig.canvas.get_width_height()
    for axes in fig.axes:
        drawn = []
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            # ticks beyond the limits have labels, too, but are not drawn
            ticks = [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
            shown = [one for one in ticks if one.get_text() and one.get_visible()]
            boxes = [one.get_window_extent() for one in shown]
            assert not any(one.overlaps(two) for k, one in enumerate(boxes) for two in boxes[k + 1 :])
            drawn += shown
        labels = [axes.xaxis.label, axes.yaxis.label, *axes.texts, *drawn]
        for box in [text.get_window_extent() for text in labels if text.get_text()]:
            assert min(box.x0, box.y0) >= -1
            assert box.x1 <= width + 1
            assert box.y1 <= height + 1


# plot_fit --------------------------------------------------------------------------------------------------


def test_waveform_is_drawn_with_trials_layers_and_drives(result, simulation):
    before = [one.data.copy() for one in simulation.dipoles]
    fig = plot_fit(result, show=False)
    for one, data in zip(simulation.dipoles, before, strict=True):
        np.testing.assert_array_equal(one.data, data)  # what is plotted stays as it was
    drives, agg, l2, l5 = fig.axes
    assert sum(abs(bar.get_height()) for bar in drives.patches) > 0
    assert _legend(agg) == ["average of 3, agg", "target", "single trials, agg"]
    assert agg.get_legend().get_title().get_text() == "20 ms Hamming window"
    expected = 1e9 * simulation.dipole.smooth(20.0).scale(SCALE)["agg"]
    np.testing.assert_allclose(_lines(agg)["average of 3, agg"].get_ydata(), expected)
    trials = [line for line in agg.lines if "single trials" in line.get_label()]
    assert len(trials) == 3
    np.testing.assert_allclose(np.mean([line.get_ydata() for line in trials], axis=0), expected, atol=1e-12)
    assert trials[0].get_zorder() < _lines(agg)["target"].get_zorder() < _lines(agg)["average of 3, agg"].get_zorder()
    assert agg.get_ylim() == l2.get_ylim() == l5.get_ylim()
    largest = max(np.abs(line.get_ydata()).max() for line in trials)
    assert max(map(abs, agg.get_ylim())) >= largest
    _nothing_overlaps(fig)


def test_a_fit_that_was_none_says_so(result):
    title = plot_fit(replace(result, kind="none"), show=False).axes[0].get_title(loc="left")
    assert "fresh seeds" not in title
    assert "(drives as configured, scale fitted)" in title


def test_headline_has_scores_columns_and_cells(result):
    title = plot_fit(result, show=False).axes[0].get_title(loc="left")
    assert title == (
        "$R^2$ = 0.900, NRMSE = 0.250, r = \N{MINUS SIGN}0.125 (fresh seeds)\n3,210 columns, 57,800 pyramidal cells"
    )
    one = replace(result, scale=1.0, scores=replace(result.scores, correlation=float("nan")))
    title = plot_fit(one, show=False).axes[0].get_title(loc="left")
    assert title == "$R^2$ = 0.900, NRMSE = 0.250 (fresh seeds)\n1 column, 18 pyramidal cells"
    for scale, words in ((2.5e6, "2.5 million columns"), (1e12, r"1.00$\times 10^{12}$ columns")):
        assert words in plot_fit(replace(result, scale=scale), show=False).axes[0].get_title(loc="left")


def test_single_trial_and_no_smoothing(result):
    lone = replace(result.simulation, dipoles=result.simulation.dipoles[:1])
    fig = plot_fit(replace(result, simulation=lone, settings=UnfittedSettings(smooth_ms=0.0)), show=False)
    assert _legend(fig.axes[1]) == ["simulated, agg", "target"]
    assert fig.axes[1].get_legend().get_title().get_text() == ""


def test_target_in_another_unit_is_not_shown_in_nAm(result):
    times = result.target.times * 1e3
    unit = {"unit": "dSPM"}
    wave = 1e9 * result.target["agg"]  # as numbers, without unit
    target = Dipole(wave, result.target.times, ["agg"], provenance=unit)
    scaled = replace(result, target=target, dipole=result.dipole.copy().scale(1e9), scale=SCALE * 1e9)
    fig = plot_fit(scaled, show=False)
    agg = fig.axes[1]
    assert {axes.get_ylabel() for axes in fig.axes[1:]} == {"Dipole\n(dSPM)"}
    np.testing.assert_allclose(_lines(agg)["target"].get_ydata(), wave[times >= 0])
    trials = [line.get_ydata() for line in agg.lines if "single trials" in line.get_label()]
    np.testing.assert_allclose(np.mean(trials, axis=0), _lines(agg)["average of 3, agg"].get_ydata(), atol=1e-9)
    assert "columns" not in fig.axes[0].get_title(loc="left")


def test_rhythm_is_drawn_over_time_and_frequency(rhythm, simulation):
    fig = plot_fit(rhythm, show=False)
    drives, course, spectrum = fig.axes
    assert drives.get_title(loc="left") == "Loss (band power) = \N{MINUS SIGN}0.5 (fresh seeds), 1 column"
    assert drives.get_xlim() == course.get_xlim() == (0.0, 60.0)
    lines = _lines(course)
    assert course.get_ylabel() == "Dipole\nmoment (pAm)"
    np.testing.assert_allclose(lines["average of 3"].get_ydata(), 1e12 * simulation.dipole["agg"])
    np.testing.assert_allclose(lines["first trial"].get_ydata(), 1e12 * simulation.dipoles[0]["agg"])
    freqs, psd = power_spectrum(simulation.dipoles, fmin=2.0, fmax=50.0, burn_in_ms=10.0)
    drawn = _lines(spectrum)["average of\n3 spectra"]
    np.testing.assert_allclose(drawn.get_xdata(), freqs)
    np.testing.assert_allclose(drawn.get_ydata(), 1e24 * psd)
    trials = [line.get_ydata() for line in spectrum.lines if "single trials" in line.get_label()]
    np.testing.assert_allclose(np.mean(trials, axis=0), 1e24 * psd)
    edges = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in spectrum.patches]
    assert edges == [(8.0, 12.0), (20.0, 30.0)]
    assert _legend(spectrum) == ["average of\n3 spectra", "single trials", "wanted bands"]
    assert spectrum.get_yscale() == "log"
    assert spectrum.get_ylabel() == "Power spectral density\n(pA²m²/Hz)"
    _nothing_overlaps(fig)


def test_target_spectrum_is_moved_unless_its_level_counts(rhythm, simulation):
    freqs, psd = power_spectrum(simulation.dipoles, fmin=4.0, fmax=40.0, burn_in_ms=10.0)
    details = FitDetails(target_freqs=tuple(freqs), target_power=tuple(7.0 * psd))
    own = {name: RhythmicSettings(burn_in_ms=10.0, aperiodic=name) for name in ("keep", "scale")}
    axes = plot_fit(replace(rhythm, settings=own["keep"], details=details), show=False).axes[-1]
    np.testing.assert_allclose(_lines(axes)["target"].get_ydata(), 7e24 * psd)
    axes = plot_fit(replace(rhythm, settings=own["scale"], details=details), show=False).axes[-1]
    moved = _lines(axes)["target, moved to\nthe same level"]
    np.testing.assert_allclose(moved.get_ydata(), 1e24 * psd, rtol=0.02)
    assert moved.get_zorder() < _lines(axes)["average of\n3 spectra"].get_zorder()


def test_fit_without_target_and_settings_is_drawn(rhythm):
    quiet = simulate(jones_2009(mesh_shape=(1, 1)), 60.0, verbose="error")
    bare = replace(
        rhythm,
        kind="drives",
        settings=DriveSettings(smooth_ms=0.0),
        details=FitDetails(),
        network=quiet.network,
        simulation=quiet,
        dipole=quiet.dipole,
    )
    fig = plot_fit(bare, show=False)
    assert len(fig.axes) == 2
    assert _legend(fig.axes[0]) == ["first trial", "burn-in, not in\nthe spectrum"]


# plot_convergence ------------------------------------------------------------------------------------------


def test_every_evaluation_is_drawn_and_best_begins_anew_at_each_level(result):
    fig = plot_convergence(result, show=False)
    axes = fig.axes[0]
    lines = _lines(axes)
    assert _legend(axes) == ["best so far\nof the level", "evaluation", "failed"]
    np.testing.assert_array_equal(lines["evaluation"].get_xdata(), [1, 3, 4, 5, 7])
    np.testing.assert_array_equal(lines["evaluation"].get_ydata(), [0.9, 0.5, 0.6, 0.4, 0.3])
    np.testing.assert_array_equal(lines["failed"].get_xdata(), [2, 6])
    assert lines["failed"].get_marker() == "x"
    # the crosses stay within the axes, above all else
    top = axes.transData.inverted().transform(lines["failed"].get_transform().transform([(2, 0.975)]))[0, 1]
    assert 0.9 < top < axes.get_ylim()[1]
    first, second = (patch.get_data() for patch in axes.patches)
    np.testing.assert_array_equal(first.values, [0.9, 0.9, 0.5, 0.5])
    np.testing.assert_array_equal(first.edges, [0.5, 1.5, 2.5, 3.5, 4.5])
    np.testing.assert_array_equal(second.values, [0.4, 0.4, 0.3])
    assert [line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1] == [4.5]
    assert [text.get_text() for text in axes.texts] == ["5 \N{MULTIPLICATION SIGN} 5 mesh", "full column"]
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "Loss (1 \N{MINUS SIGN} $R^2$)"
    _nothing_overlaps(fig)


@pytest.mark.parametrize(
    ("losses", "scale"),
    [([-0.1, -0.2], "linear"), ([0.0, 1.0], "linear"), ([np.inf, np.inf], "linear"), ([2.0], "log")],
)
def test_losses_of_any_sign_or_none(result, losses, scale):
    some = tuple(Evaluation(level="full", values={}, loss=loss) for loss in losses)
    fig = plot_convergence(replace(result, evaluations=some, details=FitDetails()), show=False)
    assert fig.axes[0].get_yscale() == scale
    assert fig.axes[0].get_ylabel() == "Loss"
    fig.canvas.draw()


def test_names_of_short_levels_do_not_overlap(result):
    levels = ["linear"] * 40 + ["5x5"] + ["full"] * 2 + ["full, polished"]
    some = tuple(Evaluation(level=level, values={}, loss=1 / (k + 1)) for k, level in enumerate(levels))
    fig = plot_convergence(replace(result, evaluations=some), show=False)
    _nothing_overlaps(fig)
    boxes = [text.get_window_extent() for text in fig.axes[0].texts]
    assert len(boxes) == 4
    assert not any(one.overlaps(two) for k, one in enumerate(boxes) for two in boxes[k + 1 :])


# plot_parameters -------------------------------------------------------------------------------------------


def _rows(axes):
    """Return names, values and intervals (None if there is none) of the rows of a panel."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    values, intervals = {}, dict.fromkeys(names)
    for line in axes.lines:
        name = names[int(line.get_ydata()[0])]
        if len(line.get_xdata()) == 1:
            values[name] = float(line.get_xdata()[0])
        else:
            intervals[name] = tuple(map(float, line.get_xdata()))
    return values, intervals


def test_estimates_are_drawn_by_kind_with_readable_names(result):
    fig = plot_parameters(result, show=False)
    times, spreads, weights, columns = fig.axes
    micro = "\N{MICRO SIGN}"
    labels = ["Time (ms)", "Spread (ms)", f"Weight ({micro}S)", "Number of columns"]
    assert [axes.get_xlabel() for axes in fig.axes] == labels
    assert _rows(times) == ({"evprox1": 26.6}, {"evprox1": (24.0, 29.0)})
    assert _rows(spreads) == ({"evprox1": 2.5}, {"evprox1": None})
    loose, sure = "evdist1, L5 pyramidal, NMDA", "evprox1, L2 pyramidal, AMPA"
    assert _rows(weights) == ({loose: 1e-4, sure: 2e-5}, {loose: (1e-5, 1e-2), sure: (1e-5, 4e-5)})
    assert _rows(columns)[0] == {"columns": SCALE}
    assert [axes.get_xscale() for axes in fig.axes] == ["linear", "linear", "log", "linear"]
    _nothing_overlaps(fig)


def test_undetermined_estimates_are_hollow_and_grey(result):
    fig = plot_parameters(result, show=False)
    hollow, filled = (line for line in fig.axes[2].lines if len(line.get_xdata()) == 1)
    assert (hollow.get_marker(), hollow.get_markerfacecolor(), hollow.get_color()) == ("v", "white", "0.55")
    pink = location_color("proximal")
    assert (filled.get_marker(), filled.get_markerfacecolor(), filled.get_color()) == ("^", pink, pink)
    words = [text.get_text() for text in fig.legends[0].get_texts()]
    assert words == ["proximal drive", "not determined by the data", "90 % interval"]
    sure = [one for one in ESTIMATES if one.determined]
    fig = plot_parameters(replace(result, estimates=tuple(sure)), show=False)
    assert "not determined by the data" not in [text.get_text() for text in fig.legends[0].get_texts()]


@pytest.mark.parametrize(
    ("path", "panel", "name"),
    [
        ("drives.evprox1.synaptic_delays.L2_basket", "Delay (ms)", "evprox1, L2 basket"),
        ("drives.bursty.1.tstart", "Time (ms)", "bursty.1, start"),
        ("drives.bursty.1.burst_rate_Hz", "Rate (Hz)", "bursty.1, bursts"),
        ("drives.bursty.1.burst_std_ms", "Spread (ms)", "bursty.1, bursts"),
        ("celsius", "Temperature (°C)", "channels"),
        ("gains.e_i", "Gain (factor)", "E \N{RIGHTWARDS ARROW} I"),
        ("connections.L2_pyramidal>L5_basket.proximal.ampa.weight_uS", "Weight (\N{MICRO SIGN}S)",
         "L2 pyramidal \N{RIGHTWARDS ARROW} L5 basket, proximal, AMPA"),
        ("cells.L2_basket.synapses.gabaa.tau2_ms", "Time constant (ms)", "L2 basket, GABA$_A$, decay"),
        ("cells.L2_basket.soma.L_um", "Length (\N{MICRO SIGN}m)", "L2 basket, soma"),
        ("cells.L5_pyramidal.apical_trunk.km.gbar", "km gbar (unit of the mechanism)", "L5 pyramidal, apical trunk"),
        ("biases.tonic.L5_pyramidal", "Current (nA)", "tonic, L5 pyramidal"),
    ],
)  # fmt: skip
def test_every_kind_of_path_has_its_name(result, path, panel, name):
    network = result.network.with_bursty_drive(
        "bursty.1", burst_rate_Hz=10.0, location="distal", weights_ampa={"L5_pyramidal": 1e-5}
    )
    fig = plot_parameters(replace(result, network=network, estimates=(Estimate(path=path, value=2.0),)), show=False)
    assert [axes.get_xlabel() for axes in fig.axes] == [panel]
    assert _rows(fig.axes[0]) == ({name: 2.0}, {name: None})
    _nothing_overlaps(fig)


def test_height_grows_with_rows_and_zero_weights_are_drawn(result):
    cells = list(result.network.cell_types)
    weights = [
        Estimate(path=f"drives.{drive}.weights_ampa.{cell}", value=k * 1e-5)
        for drive in result.network.drives for k, cell in enumerate(cells)
    ]  # fmt: skip
    short = plot_parameters(replace(result, estimates=tuple(weights[1:3])), show=False)
    tall = plot_parameters(replace(result, estimates=tuple(weights)), show=False)
    assert tall.get_figheight() > short.get_figheight() + 1
    assert (short.axes[0].get_xscale(), tall.axes[0].get_xscale()) == ("log", "linear")


@pytest.mark.parametrize("factor", [1.0, 1.05, 1.5, 3.0, 6.0, 20.0, 50.0, 100.0, 1e3, 1e6])
@pytest.mark.parametrize("path", ["columns", "drives.evprox1.weights_ampa.L2_pyramidal"])
def test_ticks_are_readable_whatever_the_range(result, path, factor):
    value = 300.0 if path == "columns" else 7.3e-5
    one = Estimate(path=path, value=value, low=value / factor**0.5, high=value * factor**0.5)
    fig = plot_parameters(replace(result, estimates=(one,)), show=False)
    _nothing_overlaps(fig)
    low, high = fig.axes[0].get_xlim()
    ticks = zip(fig.axes[0].get_xticks(), fig.axes[0].get_xticklabels(), strict=True)
    assert len({label.get_text() for tick, label in ticks if low <= tick <= high}) >= 2


# all -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plot", [plot_fit, plot_convergence, plot_parameters])
def test_what_is_no_fit_is_refused(plot, simulation):
    with pytest.raises(ParameterError, match=f"{plot.__name__} needs the FitResult of a fit, got Simulation"):
        plot(simulation, show=False)


def test_empty_results_are_refused(result):
    with pytest.raises(ParameterError, match="no evaluations"):
        plot_convergence(replace(result, evaluations=()), show=False)
    with pytest.raises(ParameterError, match="no estimates"):
        plot_parameters(replace(result, estimates=()), show=False)


def test_methods_of_the_result_draw_the_same(result):
    for fig in (result.plot(show=False), result.plot_convergence(show=False), result.plot_parameters(show=False)):
        assert isinstance(fig, mpl.figure.Figure)
