"""What is odd about a target or a fit is said: in the result, and as a Python warning at the end."""

import re
import warnings

import mne
import numpy as np
import pytest
from targets import silently

from mne_hnn import Dipole, MneHnnWarning
from mne_hnn.errors import ParameterError
from mne_hnn.fit import (
    BandPower,
    Custom,
    DriveSettings,
    EvokedSettings,
    Level,
    Parameter,
    RhythmicSettings,
    Spectrum,
    fit_drives,
    fit_rhythmic,
    fit_scale,
    read_fit,
)
from mne_hnn.fit.doubts import column_doubts, misfit_doubts, target_doubts
from mne_hnn.fit.objectives import flat_loss
from mne_hnn.fit.scoring import likeness
from mne_hnn.network import jones_2009

MU, WEIGHT = "drives.evprox1.mu_ms", "drives.evprox1.weights_ampa.L5_pyramidal"
AROUND = Parameter(path=MU, low=15.0, high=45.0)
QUIET = {"progress": lambda *_: None}


def scaled(target, factor, **provenance):
    return Dipole(factor * target.data, target.times, ("agg",), provenance={**target.provenance, **provenance})


# -- targets


def test_a_usual_target_raises_no_doubt(wave):
    assert target_doubts(wave, "evoked", 0.05) == []
    assert target_doubts(scaled(wave, 1, area_mm2=221.0), "evoked", 0.05) == []
    assert target_doubts(scaled(wave, 50), "rhythmic") == []  # 1000 nA m


@pytest.mark.parametrize(
    ("factor", "provenance", "kind", "message"),
    [
        (1e3, {}, "evoked", r"reaches 20,000 nA m, where evoked .* were its values in pA m taken for nA m\?"),
        (1e3, {}, "rhythmic", "reaches 20,000 nA m"),
        (1e3, {}, "drives", "reaches 20,000 nA m"),
        (1e9, {}, "drives", r"were its values in nA m taken for A m\?"),
        (1e-9, {}, "evoked", r"reaches 2e-17 A m only.*were its values in A m taken for nA m\?"),
        (20, {"area_mm2": 100.0}, "evoked", "400 nA m in a patch of 100 mm²: 4 nA m per mm², .* 2 at most"),
    ],
)  # fmt: skip
def test_moments(wave, factor, provenance, kind, message):
    (text,) = target_doubts(scaled(wave, factor, **provenance), kind)
    assert re.search(message, text)


def test_moments_in_arbitrary_units_are_of_any_size(wave):
    assert target_doubts(scaled(wave, 1e9, unit="dSPM"), "evoked") == []


def test_times_and_noise(wave):
    assert "samples of the target are 20 ms apart" in target_doubts(
        Dipole(wave["agg"][::20], wave.times[::20], ("agg",)), "evoked"
    )[0]  # fmt: skip
    assert "lasts 80 s: were its times given in ms" in target_doubts(
        Dipole(wave["agg"], wave.times * 1e3, ("agg",)), "drives"
    )[-1]  # fmt: skip
    assert "noise of the target is 1.5 times its size" in target_doubts(wave, "evoked", 1.5)[0]


# -- columns


def test_cells_against_the_patch(wave):
    column = jones_2009()  # 200 pyramidal cells
    patch = scaled(wave, 1, area_mm2=221.0)
    assert column_doubts(50_000, column, patch) == []  # 10 million cells, the patch holds 11
    (text,) = column_doubts(155_000, column, patch)
    assert "1.55e+05 columns like this one have 3.1e+07 pyramidal cells, 2.8 times the 1.1e+07" in text
    assert "patch of 221 mm² holds (50,000 per mm²)" in text
    assert column_doubts(155_000, column, wave) == []  # 620 mm²: not known to be too much
    (text,) = column_doubts(3.6e8, column, wave)
    assert "those of 1.44e+04 cm² of cortex, more than a response comes from. Is the unit of the target right?" in text
    (text,) = column_doubts(1e-3, column, wave)
    assert "less than one pyramidal cell" in text
    assert column_doubts(1e12, column, scaled(wave, 1, unit="dSPM")) == []


# -- scores that can fail


def test_a_fit_that_explains_nothing(wave):
    (text,) = misfit_doubts(wave, wave, -0.65, {}, search=-0.6)
    assert text.startswith("The fit explains nothing: its R² is -0.65 in trials that the search has not seen")
    (text,) = misfit_doubts(wave, wave, float("nan"), {}, search=0.1)
    assert text.startswith("The fit explains nothing: its R² is nan")
    (text,) = misfit_doubts(wave, wave, -0.2, {})
    assert text.startswith("The simulation explains nothing of the target: its R² is -0.2")
    assert misfit_doubts(wave, wave, 0.97, {}, search=0.98) == []


def test_a_fit_that_explains_less_than_a_parabola():
    times = np.arange(100) / 1000
    bowl = Dipole(1e-8 * ((times - 0.05) / 0.05) ** 2, times, ("agg",))
    (text,) = misfit_doubts(bowl, bowl, 0.7, {}, search=0.7)
    assert re.search("explains no more than a parabola .* R² 0.70 .*against 1.00", text)


def test_a_fit_that_follows_random_numbers(wave):
    (text,) = misfit_doubts(wave, wave, 0.8, {}, search=0.95)
    assert "R² falls from 0.95 in the trials of the search to 0.80" in text


@pytest.mark.usefixtures("cheap")
def test_a_small_budget_far_from_the_target_warns(column, wave):
    """Begun with the drives the wrong way round and one network tried: R² below 0."""
    turned = scaled(wave, -1)
    with pytest.warns(MneHnnWarning, match="The fit explains nothing: its R² is -"):
        fit = silently(
            column, turned, settings=EvokedSettings(n_final=2, drives="network", max_evaluations=1, prior=None), **QUIET
        )
    assert fit.r_squared < 0
    assert sum("explains nothing" in text for text in fit.warnings) == 1
    assert any("No number of columns brings the dipole" in text for text in fit.warnings)


@pytest.mark.usefixtures("cheap")
def test_picoamperes_warn_at_once_and_in_the_result(column, wave):
    with pytest.warns(MneHnnWarning) as caught:
        fit = fit_drives(
            column,
            scaled(wave, 1e3),
            [AROUND],
            settings=DriveSettings(n_final=2, max_evaluations=3, intervals=False),
            **QUIET,
        )
    assert fit.r_squared > 0.9
    said = [str(one.message) for one in caught]
    assert len(said) == len(set(said))  # nothing twice
    assert said[0].startswith("The target reaches 20,000 nA m")
    assert fit.warnings[0] == said[0]
    assert any("pyramidal cells, those of" in text for text in fit.warnings)
    assert all(one.filename == __file__ for one in caught)  # in the user's line


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("level", ["error", "info"])
def test_no_doubt_no_warning_whatever_the_log_level(column, wave, level):
    small = scaled(wave, 1e-3)
    with warnings.catch_warnings(), mne.utils.use_log_level(level):
        warnings.simplefilter("error")
        fit = fit_drives(column, small, [AROUND], settings=DriveSettings(n_final=2, max_evaluations=5), **QUIET)
    assert fit.warnings == ()
    assert fit.estimates[0].determined is True


@pytest.mark.usefixtures("cheap")
def test_open_parameters_are_no_python_warning(column, wave):
    idle = column.with_evoked_drive("idle", mu_ms=30.0, sigma_ms=3.0, location="proximal",
                                    weights_ampa={"L2_pyramidal": 1e-5, "L5_pyramidal": 0.0})  # fmt: skip
    free = [AROUND, Parameter(path="drives.idle.mu_ms", low=20.0, high=40.0)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = fit_drives(idle, scaled(wave, 1e-3), free, settings=DriveSettings(n_final=2, max_evaluations=6), **QUIET)
    assert [one.determined for one in fit.estimates] == [True, False]
    assert fit.warnings == (
        "The data do not determine 1 of 2 parameters: their values are as good as others within the bounds "
        "(drives.idle.mu_ms).",
    )


@pytest.mark.usefixtures("cheap")
def test_without_intervals_nobody_knows_what_is_determined(column, wave):
    fit = fit_drives(
        column,
        scaled(wave, 1e-3),
        [AROUND],
        settings=DriveSettings(n_final=2, max_evaluations=3, intervals=False),
        **QUIET,
    )
    assert fit.estimates[0].determined is None
    assert np.isnan(fit.estimates[0].low)


# -- objectives that cannot be scored


def spikes_of_none(simulation):
    return float("nan")


@pytest.mark.usefixtures("cheap")
def test_an_objective_that_returns_no_number_is_named(column):
    message = "cannot be scored: objective 'spikes_of_none' gives nan for it. Let it return a finite number"
    with pytest.raises(ParameterError, match=message):
        fit_drives(
            column, None, [AROUND], settings=DriveSettings(n_final=2, tstop=50.0), objective=spikes_of_none, **QUIET
        )


@pytest.mark.usefixtures("cheap")
def test_an_objective_that_raises_is_named(column):
    def of_layer_six(simulation):
        return simulation.spikes.rates()["L6"]

    with pytest.raises(ParameterError, match="Objective 'of_layer_six' raised KeyError for a simulation of the fit"):
        fit_drives(
            column, None, [AROUND], settings=DriveSettings(n_final=2, tstop=50.0), objective=of_layer_six, **QUIET
        )


@pytest.mark.usefixtures("cheap")
def test_an_objective_that_sometimes_returns_no_number_is_counted(column, tmp_path):
    def early(simulation):
        mu = simulation.network.drives["evprox1"].mu_ms
        return mu if mu <= 30 else float("nan")

    def run():
        with pytest.warns(MneHnnWarning, match="Objective 'early' gave no number"):
            return fit_drives(
                column,
                None,
                [AROUND],
                settings=DriveSettings(n_final=2, tstop=50.0, optimizer="random", max_evaluations=12),
                objective=early,
                checkpoint=tmp_path,
                **QUIET,
            )

    fit = run()
    lost = sum(np.isinf(one.loss) for one in fit.evaluations)
    assert 2 <= lost <= 10
    assert fit.warnings == (
        f"Objective 'early' gave no number (NaN) for {lost} of the networks that were tried, and they counted as the "
        "worst.",
    )
    assert run().warnings == fit.warnings  # also where nothing is simulated again


@pytest.mark.usefixtures("cheap")
def test_no_score_in_fresh_trials_is_said(column):
    def of_the_search(simulation):
        return 1.0 if simulation.seed == 1 else float("nan")

    with pytest.warns(MneHnnWarning, match="gave no number .* in trials that the search has not seen"):
        fit_drives(
            column,
            None,
            [AROUND],
            settings=DriveSettings(n_final=2, tstop=50.0, max_evaluations=3),
            objective=of_the_search,
            **QUIET,
        )


# -- the lowest bar of every objective


def test_what_something_flat_would_score():
    assert flat_loss(BandPower(bands=[(10, 22)], shares=[1], fmin=2, fmax=50)) == pytest.approx(-0.25, abs=0.01)
    assert flat_loss(BandPower(bands=[(10, 22)], shares=[1], fmin=2, fmax=50, measure="ratio")) == pytest.approx(
        0.5, abs=0.01
    )
    freqs = np.arange(2.0, 51.0)
    assert flat_loss(Spectrum(freqs=freqs, power=freqs**-1.5)) == pytest.approx(0, abs=1e-9)
    peak = Spectrum(freqs=freqs, power=freqs**-1.5 * (1 + 9 * np.exp(-(((freqs - 10) / 2) ** 2))))
    assert 0.1 < flat_loss(peak) < 0.4
    assert flat_loss(Custom(function=spikes_of_none)) is None


@pytest.mark.usefixtures("cheap")
def test_a_rhythm_that_was_not_found_is_said(column):
    """Two slow deflections have no power near 40 Hz."""
    slow = column.with_bursty_drive("alpha", location="proximal", tstart=50.0, burst_rate_Hz=10.0, burst_std_ms=20.0,
                                    weights_ampa={"L5_pyramidal": 5e-5})  # fmt: skip
    rate = Parameter(path="drives.alpha.burst_rate_Hz", low=5.0, high=30.0)
    with pytest.warns(MneHnnWarning, match="The fit explains nothing: its loss is .*with nothing of what is wanted"):
        fit = fit_rhythmic(
            slow,
            None,
            [rate],
            settings=RhythmicSettings(n_final=2, bands=[(40, 45)], tstop=300.0, burn_in_ms=0.0, max_evaluations=3),
            **QUIET,
        )
    assert fit.settings.n_trials == 2
    assert len(fit.warnings) == 1


@pytest.mark.usefixtures("cheap")
def test_a_correlation_below_zero_is_said(column, wave):
    with pytest.warns(MneHnnWarning, match="The fit explains nothing: its loss is 1.* 1 is what"):
        fit = fit_drives(
            column,
            scaled(wave, -1),
            [AROUND],
            settings=DriveSettings(n_final=2, max_evaluations=1),
            objective="correlation",
            **QUIET,
        )
    assert fit.scores.loss > 1


# -- the edges: flat waveforms


def test_likeness_of_something_flat():
    one, flat = np.sin(np.arange(50)), np.ones(50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(likeness(one, flat))
        assert np.isnan(likeness(flat, flat))
    assert likeness(one, 3 * one + 1) == pytest.approx(1)
    assert likeness(one, -one) == pytest.approx(-1)


@pytest.mark.usefixtures("cheap")
def test_levels_that_were_left_out_are_said(column, wave):
    levels = [Level(mesh_shape=(1, 1)), Level()]
    with pytest.warns(MneHnnWarning, match="max_evaluations = 3 is too few for 2 levels: only the last was searched"):
        fit_drives(
            column,
            scaled(wave, 1e-3),
            [AROUND],
            settings=DriveSettings(n_final=2, levels=levels, max_evaluations=3),
            **QUIET,
        )


@pytest.mark.usefixtures("cheap")
def test_a_point_that_makes_no_network_does_not_end_the_intervals(column, wave):
    """Rise and decay of a synapse may cross on the way from the best point."""
    rise, decay = (f"cells.L5_pyramidal.synapses.ampa.{name}" for name in ("tau1_ms", "tau2_ms"))
    parameters = [Parameter(path=rise, low=0.1, high=20.0), Parameter(path=decay, low=0.2, high=5.01)]
    fit = fit_drives(
        column,
        scaled(wave, 1e-3),
        [*parameters, AROUND],
        settings=DriveSettings(n_final=2, optimizer="nelder_mead", max_evaluations=4),
        **QUIET,
    )
    assert len(fit.estimates) == 3


@pytest.mark.usefixtures("cheap")
def test_an_undecided_parameter_is_kept_in_files(column, wave, tmp_path):
    fit = fit_drives(
        column,
        scaled(wave, 1e-3),
        [AROUND],
        settings=DriveSettings(n_final=2, max_evaluations=2, intervals=False),
        **QUIET,
    )
    fit.save(tmp_path / "fit.npz")
    assert read_fit(tmp_path / "fit.npz").estimates[0].determined is None


def test_a_scale_alone_has_doubts_too(column, wave):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fit_scale(scaled(wave, 1e-3), wave) == pytest.approx((1000, 1))
    with pytest.warns(MneHnnWarning, match="reaches 20,000 nA m"):
        assert fit_scale(wave, scaled(wave, 1e3))[0] == pytest.approx(1000)
    with pytest.warns(MneHnnWarning, match="pyramidal cells, 9 times the 2e\\+06 that the patch of 40 mm² holds"):
        fit_scale(scaled(wave, 1e-6), scaled(wave, 1, area_mm2=40.0), network=column)
    with pytest.raises(ParameterError, match="dipole must be a Dipole, such as simulation.dipole, got ndarray"):
        fit_scale(wave["agg"], wave)
