"""The fit's stage: what a simulation without a fit explains is judged, too."""

from types import SimpleNamespace

import numpy as np
import pytest

from mne_hnn import Dipole, MneHnnWarning
from mne_hnn.fit import read_explanations
from mne_hnn.fit.scoring import pyramidal_spikes
from mne_hnn.network import jones_2009
from mne_hnn.pipeline.noted import fit_facts
from mne_hnn.pipeline.stages import _05_fit
from mne_hnn.pipeline.wording import plain_warnings, score_rows, unfitted_doubts
from mne_hnn.simulate import simulate


@pytest.fixture(scope="module")
def simulation():
    network = jones_2009((1, 1)).with_evoked_drive(
        "ev", mu_ms=10.0, sigma_ms=2.0, location="proximal", weights_ampa={"L5_pyramidal": 1e-4}
    )
    return simulate(network, 60.0, verbose="error")


def unfitted(simulation, target, monkeypatch, columns=None):
    monkeypatch.setattr(_05_fit, "read_simulation", lambda _: simulation)
    monkeypatch.setattr(_05_fit, "read_target", lambda _: target)
    options = SimpleNamespace(network=simulation.network, smooth_ms=20.0, dt=0.025, seed=None, fit_columns=columns)
    return _05_fit._unfitted(SimpleNamespace(options=options, inputs={"simulate": {"simulation": None}}))


def target_of(simulation, factor, **provenance):
    dipole = simulation.dipole.smooth(20.0)
    return Dipole(factor * dipole["agg"][::40], dipole.times[::40], ("agg",), provenance={"unit": "A m", **provenance})


def test_what_fits_has_no_warnings(simulation, monkeypatch):
    fit = unfitted(simulation, target_of(simulation, 1000.0), monkeypatch)
    assert fit.scale == pytest.approx(1000, rel=1e-6)
    assert unfitted_doubts(fit) == []


def test_a_number_of_columns_that_is_given_stays(simulation, monkeypatch):
    target = target_of(simulation, 1000.0)
    fit = unfitted(simulation, target, monkeypatch, columns=800.0)
    assert (fit.scale, fit.settings.columns) == (800.0, 800.0)
    wanted = target["agg"]
    spread = ((wanted - wanted.mean()) ** 2).sum()
    assert fit.r_squared == pytest.approx(1 - ((0.2 * wanted) ** 2).sum() / spread, rel=1e-3)


def test_the_wrong_sign_explains_nothing(simulation, monkeypatch):
    fit = unfitted(simulation, target_of(simulation, -1000.0), monkeypatch)
    assert fit.scale == 0
    assert fit.r_squared <= 0
    (text,) = plain_warnings(fit)  # as the report lists them
    assert text.startswith("The simulation explains nothing of the target: its R² is -")
    assert dict(score_rows(fit))["Correlation; error relative to the target's size"].startswith("not defined")


def test_cells_that_do_not_fit_into_the_patch(simulation, monkeypatch):
    fit = unfitted(simulation, target_of(simulation, 1e6, area_mm2=1.0), monkeypatch)
    assert any("times the 5e+04 that the patch of 1 mm² holds" in text for text in unfitted_doubts(fit))
    assert fit.r_squared == pytest.approx(1)
    assert np.isfinite(fit.scores.correlation)


def test_the_stage_warns(simulation, monkeypatch, tmp_path):
    target = target_of(simulation, -1000.0)
    monkeypatch.setattr(_05_fit, "read_simulation", lambda _: simulation)
    monkeypatch.setattr(_05_fit, "read_target", lambda _: target)
    options = SimpleNamespace(network=simulation.network, smooth_ms=20.0, dt=0.025, seed=None, fit=False)
    options.fit_prior, options.fit_contributions, options.fit_columns = None, False, None
    work = SimpleNamespace(options=options, inputs={"simulate": {"simulation": None}},
                           path=lambda name: tmp_path / _05_fit.STAGE.outputs[name])  # fmt: skip
    with pytest.warns(MneHnnWarning, match="The simulation explains nothing of the target"):
        facts = _05_fit._run(work)
    assert facts.r_squared <= 0
    assert (facts.verdict, facts.explanations[0].evidence) == (None, None), "nothing was compared"
    (only,) = read_explanations(tmp_path / "explanations.npz")
    assert only.evidence.parts == {}
    assert only.r_squared == facts.r_squared


def test_cells_of_a_simulation_that_is_only_scaled_are_counted(simulation, monkeypatch):
    monkeypatch.setattr(_05_fit, "read_simulation", lambda _: simulation)
    for factor, refused in ((100.0, False), (1e6, True)):
        target = target_of(simulation, factor, area_mm2=10.0)
        monkeypatch.setattr(_05_fit, "read_target", lambda _, target=target: target)
        options = SimpleNamespace(network=simulation.network, smooth_ms=20.0, dt=0.025, seed=None, fit_prior=None)
        options.fit_columns = None
        found = _05_fit._as_it_is(SimpleNamespace(options=options, inputs={"simulate": {"simulation": None}}))
        facts = fit_facts(found)
        firing = bool(pyramidal_spikes(simulation))
        assert facts.regime == ("spiking" if firing else "silent")
        assert facts.explanations[0].cells == pytest.approx(2 * facts.scale)
        assert bool(facts.explanations[0].refusals) == refused
        assert facts.warnings == list(found.warnings)
