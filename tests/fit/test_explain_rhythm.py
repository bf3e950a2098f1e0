"""A rhythm is explained by a silent column and by one whose cells fire."""

from functools import partial

import numpy as np
import pytest
from explained_rhythms import L2P, L5P, RATE, column, records
from targets import by_keywords, with_rhythm

from mne_hnn.errors import DataError, ParameterError, SimulationError
from mne_hnn.fit import (
    CircuitPrior,
    Parameter,
    RhythmicSettings,
    explain_rhythm,
    explained_rhythm,
    get_value,
    set_values,
)
from mne_hnn.fit.explained_rhythm import CALMER
from mne_hnn.fit.rhythm_regime import counts_of
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate
from mne_hnn.spectra import power_spectrum

quick = partial(by_keywords, explain_rhythm, RhythmicSettings, n_final=2, progress=lambda *_: None)
WEIGHTS = tuple(f"drives.alpha.weights_ampa.{name}" for name in (L2P, L5P))


@pytest.fixture(scope="module")
def trials():
    """A silent column at 16 Hz, as a hundred thousand of them."""
    found = simulate(set_values(column(), {RATE: 16.0}), 200.0, n_trials=3, seed=50, verbose="error").dipoles
    for one in found:
        one.data = 1e5 * one.data
    return found


@pytest.fixture(scope="module")
def both(trials):
    return quick(column(), trials, tstop=200.0, max_evaluations=6)


def test_a_silent_column_and_one_whose_cells_fire(both):
    silent, spiking = both.silent, both.spiking
    assert {item.regime for item in both} == {"silent", "spiking"}
    assert silent.spikes[L5P].per_cell == silent.spikes[L2P].per_cell == 0
    assert max(spiking.spikes[name].per_cell for name in (L2P, L5P)) > 0
    assert spiking.spikes.window_ms == pytest.approx(150.0)
    assert counts_of(spiking.fit.simulation, 50.0).types == spiking.spikes.types
    assert silent.columns > 5 * spiking.columns > 0
    assert all(item.fit.details.objective == f"spectrum, {item.regime}" for item in both)
    assert list(silent.evidence.parts) == ["spectrum", "columns", "cells"]
    assert both.settings == silent.fit.settings == spiking.fit.settings
    assert both.settings.optimizer == "differential_evolution"


def test_what_a_silent_column_made_is_explained_by_one(both):
    assert both.first is both.silent
    assert both.silent.loss < both.spiking.loss
    assert 2e4 < both.silent.columns < 5e5


def test_drives_are_as_strong_as_their_regime_needs(both):
    silent, spiking = (
        [item.fit.start_network.drives["alpha"].weights_ampa[name] for name in (L2P, L5P)]
        for item in (both.silent, both.spiking)
    )
    assert min(spiking) > 10 * max(silent)
    assert silent[0] == silent[1]  # all by one factor
    assert 2.5e-6 <= silent[0] <= 4e-5  # below threshold any does, and the nearest is taken


def test_parameters_of_ones_own_are_searched_from_the_network_as_it_is(trials):
    given = [Parameter(path=RATE, low=6.0, high=26.0)]
    found = quick(column(), trials[0], given, tstop=200.0, max_evaluations=2)
    assert all(item.fit.start_network == column() for item in found)
    assert not found.spiking.in_regime
    assert found.verdict in ("undecided", "none")
    assert not found.silent.evidence.parts  # one trial does not tell how sure its spectrum is


def test_drives_are_weakened_where_cells_fire_in_fresh_trials(monkeypatch):
    options = {"bands": [(8.0, 14.0)], "tstop": 100.0, "burn_in_ms": 20.0, "n_trials": 1, "max_evaluations": 2}
    plain = quick(column(), **options).silent.fit
    spikes = iter([1, 0, 0])
    monkeypatch.setattr(explained_rhythm, "pyramidal_spikes", lambda simulation: next(spikes))
    calmed = quick(column(), **options).silent.fit
    before, after = ([get_value(fit.network, path) for path in WEIGHTS] for fit in (plain, calmed))
    factors = [weaker / weight for weaker, weight in zip(after, before, strict=True)]
    assert factors == pytest.approx([factors[0]] * 2)
    assert any(factors[0] == pytest.approx(factor) for factor in CALMER)
    tried = [[(one.values, one.loss) for one in fit.evaluations[:2]] for fit in (calmed, plain)]
    assert tried[0] == tried[1]
    assert len(calmed.evaluations) == 3
    assert calmed.estimate(WEIGHTS[1]).value == pytest.approx(after[1])
    assert (calmed.start_network, calmed.details) == (plain.start_network, plain.details)
    assert (calmed.settings, calmed.scores.start_loss) == (plain.settings, plain.scores.start_loss)


def test_same_bytes_with_a_checkpoint_and_two_processes(tmp_path):
    options = {"bands": [(12.0, 20.0)], "tstop": 60.0, "burn_in_ms": 10.0, "max_evaluations": 2, "n_trials": 1}
    one = quick(column(), **options)
    one.save(tmp_path / "one.npz")
    for k, more in enumerate(({"n_jobs": 2}, {"checkpoint": tmp_path / "kept"}, {"checkpoint": tmp_path / "kept"})):
        quick(column(), **options, **more).save(tmp_path / f"{k}.npz")
        assert (tmp_path / f"{k}.npz").read_bytes() == (tmp_path / "one.npz").read_bytes()


def test_one_regime_is_enough(monkeypatch):
    def searched(task, regime, start, *rest, fails):
        if regime in fails:
            raise SimulationError(f"{regime} fails")
        return real(task, regime, start, *rest)

    real = explained_rhythm._searched
    options = {"bands": [(12.0, 20.0)], "tstop": 100.0, "max_evaluations": 2}
    monkeypatch.setattr(explained_rhythm, "_searched", partial(searched, fails=("spiking",)))
    found = quick(column(), **options)
    assert ([item.regime for item in found], found.verdict in ("undecided", "none")) == (["silent"], True)
    monkeypatch.setattr(explained_rhythm, "_searched", partial(searched, fails=("silent", "spiking")))
    with pytest.raises(SimulationError, match="silent fails"):
        quick(column(), **options)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"network": "jones"}, ParameterError, "network must be a Network, got str"),
        ({"network": jones_2009((2, 2))}, ParameterError, "no bursty drive to fit"),
        ({"bands": None}, ParameterError, "exactly one of both"),
        ({"n_final": 1}, ParameterError, "n_final of at least 2, got 1"),
        ({"optimizer": "least_squares"}, ParameterError, "needs a waveform objective"),
        ({"bands": None, "target": records(area_mm2=0.0)}, DataError, "The patch of the target has no area"),
        ({"bands": None, "target": records(size_nAm=1e6)}, DataError, "is the unit of the target right"),
    ],
)
def test_wrong_calls_are_refused_before_anything_is_simulated(monkeypatch, changes, error, message):
    monkeypatch.setattr("mne_hnn.fit.evaluate.run_networks", None)
    with pytest.raises(error, match=message):
        quick(**{"network": column(), "bands": [(8, 12)], "tstop": 200.0, **changes})


def test_what_is_plausible_is_not_for_the_other_fit():
    with pytest.raises(ParameterError, match="circuit has no effect on fit_rhythmic"):
        with_rhythm(column(), None, bands=[(8, 12)], circuit=CircuitPrior())


def test_a_spectrum_without_unit_is_a_shape(trials):
    freqs, power = power_spectrum(trials, fmin=2.0, fmax=50.0)
    found = quick(column(), (freqs, power / power.max()), tstop=100.0, max_evaluations=2, burn_in_ms=20.0)
    assert found.moment is None
    assert np.isnan([item.columns for item in found]).all()
    assert all(item.amplitude is None for item in found)
    assert all(np.isfinite(item.likeness) for item in found)
