"""Fits of a group's members: they begin where another explanation ended, with a number of columns that is known."""

import numpy as np
import pytest
from targets import COLUMNS, target_of, two_drives

from mne_hnn.errors import ParameterError
from mne_hnn.fit import CircuitPrior, EvokedSettings, fit_evoked, read_explanations
from mne_hnn.fit.circuit_vector import CircuitVector, COLUMNS_PER_nAm
from mne_hnn.network import jones_2009

MESH = (2, 2)
SEQUENCE = (("proximal", 25.0), ("distal", 60.0))
SHORT = {"sequence": SEQUENCE, "members": 12, "generations": 1, "n_final": 2, "n_trials": 1, "refine": 1}


def vector(**changes):
    given = {"network": jones_2009(MESH), "sequence": SEQUENCE, "prior": CircuitPrior(), "peak_nAm": 20.0}
    return CircuitVector(tstop=100.0, **{**given, **changes})


STRONG = {"ampa.L2_pyramidal": 0.03, "ampa.L5_pyramidal": 0.03}


def weight_of(path):
    """Return what made the response, uS; what was not there is weak."""
    return STRONG.get(path.partition("weights_")[2], 1e-4)


@pytest.fixture(scope="module")
def response():
    strong = {"L2_pyramidal": 0.03, "L5_pyramidal": 0.03}
    network = two_drives(MESH, mu_ms=(25.0, 60.0), sigma_ms=4.0, proximal=strong, distal=strong)
    return target_of(network, tstop=100.0, n_trials=2)


@pytest.fixture(scope="module")
def found(response):
    return fit_evoked(jones_2009(MESH), response, EvokedSettings(regimes=("spiking",), **SHORT))


def test_an_ensemble_holds_what_its_members_are():
    made = vector()
    z = np.random.default_rng(0).standard_normal((500, made.n_free))
    ensemble = made.ensemble(z, made.plain(z).std(axis=0))
    assert ensemble["drives.evprox1.mu_ms"] == pytest.approx((25.0, 10.0), abs=1.5)
    # of a number of columns relative to the target's size
    assert ensemble[COLUMNS_PER_nAm] == pytest.approx((made.mean[-1] - np.log(20.0), np.log(2.49)), abs=0.15)
    assert "columns" not in ensemble


def test_a_start_moves_what_is_expected_and_is_no_narrower_than_half_the_prior():
    made = vector()
    narrow = {
        name: (mean + 1.0, 0.01)
        for name, (mean, _) in made.ensemble(np.zeros((2, made.n_free)), np.zeros(made.n_free)).items()
    }
    begun = vector(start=narrow, peak_nAm=40.0)
    np.testing.assert_allclose(begun.mean[:-1], made.mean[:-1] + 1.0)
    assert begun.mean[-1] == pytest.approx(made.mean[-1] + 1.0 + np.log(2.0))
    np.testing.assert_allclose(begun.sd, 0.5 * made.sd)
    wide = {name: (mean, 1e3) for name, (mean, _) in narrow.items()}
    np.testing.assert_allclose(vector(start=wide).sd, made.sd)
    time = narrow | {"drives.evprox1.mu_ms": (30.0, 4.0)}
    assert vector(start=time).sd[0] == pytest.approx(8.0)


def test_known_columns_are_free_in_no_member():
    made = vector(columns=800.0)
    z = made.drawn(20, np.random.default_rng(0))
    np.testing.assert_allclose(made.natural(z)[:, -1], 800.0)
    assert z[:, -1].tolist() == [0.0] * 20
    assert made.distances(z[0])["columns"] == 0.0
    assert made.drawn(20, np.random.default_rng(0))[:, :-1].std() > 0.5


@pytest.mark.parametrize("change", [{"drives.evprox2.mu_ms": (30.0, 4.0)}, None])
def test_a_start_of_other_drives_is_refused(change, response, untouched):
    start = vector().ensemble(np.zeros((2, vector().n_free)), np.ones(vector().n_free)) | (change or {})
    if change is None:
        del start["drives.evdist1.mu_ms"]
    with pytest.raises(ParameterError, match="other drives than those of the sequence evprox1, evdist1"):
        fit_evoked(jones_2009(MESH), response, EvokedSettings(start=start, **SHORT))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"start": {"a": (1.0, 2.0)}}, "give that sequence, too"),
        ({"start": {}, "sequence": SEQUENCE}, "must be the ensemble of another explanation"),
        ({"start": {"a": 1.0}, "sequence": SEQUENCE}, "a mean and a standard deviation per path"),
        ({"start": {"a": (np.nan, 1.0)}, "sequence": SEQUENCE}, "The mean in start, of a"),
        ({"columns": 0.0}, "columns"),
        ({"columns": 10.0, "drives": "network"}, "columns has no effect"),
    ],
)
def test_refused_settings(given, message):
    with pytest.raises(ParameterError, match=message):
        EvokedSettings(**given)


def test_a_fit_begins_where_another_ended_and_keeps_the_columns(found, response, tmp_path):
    first = found.first
    assert set(first.ensemble) == {
        *(estimate.path for estimate in first.fit.estimates if estimate.path != "columns"),
        COLUMNS_PER_nAm,
    }
    start = {
        name: (np.log(weight_of(name)) if ".weights" in name else mean, 0.1)
        for name, (mean, _) in first.ensemble.items()
    }
    start |= {"drives.evprox1.mu_ms": (25.0, 1.0), "drives.evdist1.mu_ms": (60.0, 1.0)}
    start |= {f"drives.{name}.sigma_ms": (np.log(4.0), 0.1) for name in ("evprox1", "evdist1")}
    settings = EvokedSettings(regimes=("spiking",), start=start, columns=COLUMNS, **SHORT)
    again = fit_evoked(jones_2009(MESH), response, settings)
    assert again.first.columns == pytest.approx(COLUMNS, rel=1e-12)
    columns = again.first.fit.estimate("columns")
    assert columns.determined is None
    assert np.isnan(columns.low)
    begun = [one.values["drives.evprox1.weights_ampa.L5_pyramidal"] for one in again.first.fit.evaluations[:6]]
    other = [one.values["drives.evprox1.weights_ampa.L5_pyramidal"] for one in again.first.fit.evaluations[6:12]]
    # half of the members begin there, within half the prior's width, the others at what this response says
    assert np.mean(np.log(begun)) == pytest.approx(np.log(0.03), abs=3 * np.log(7.4) / 2 / np.sqrt(6))
    assert set(begun).isdisjoint(other)
    again.save(tmp_path / "again.npz")
    read = read_explanations(tmp_path / "again.npz")
    assert read.first.ensemble == again.first.ensemble
    assert read.settings.start == start
    assert read.settings.columns == COLUMNS


def test_a_silent_explanation_keeps_the_columns_too(small):
    wanted = 1.5 * COLUMNS
    settings = EvokedSettings(regimes=("silent",), columns=wanted, **SHORT)
    known = fit_evoked(jones_2009(MESH), small, settings).first
    assert known.columns == pytest.approx(wanted, rel=0.03)
    assert known.fit.estimate("columns").determined is None
    assert known.r_squared > 0.9
    assert "columns" not in known.distances
    assert not any("expected from the size" in text for text in known.fit.warnings)
