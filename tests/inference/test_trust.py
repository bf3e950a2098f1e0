"""Posteriors say of which numbers their intervals were found not to hold, or were not tried."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from mne_hnn.inference import trust
from mne_hnn.inference.trust import AMORTISED, AT_SENSORS, MEASURED, PLACES, Coverage, doubts, held, kind_of, planted
from mne_hnn.inference.words import NOT_CALIBRATED

PATHS = ("drives.evprox1.mu_ms", "drives.evprox1.sigma_ms", "drives.evprox1.weights_ampa.L5_pyramidal", "columns")


def test_kinds():
    kinds = ["times", "spreads", "weights", "columns", "discrepancy", "spikes"]
    assert [kind_of(path) for path in (*PATHS, "discrepancy", "spikes.L2_basket")] == kinds


def test_a_coverage_holds_up_to_what_chance_does():
    assert Coverage(truths=50, n=100, half=50, most=90).holds
    assert Coverage(truths=50, n=100, half=62, most=97).holds
    assert not Coverage(truths=50, n=100, half=50, most=82).holds
    assert not Coverage(truths=50, n=100, half=64, most=90).holds
    # 200 truths: 9 and 6 points
    assert Coverage(truths=200, n=200, half=100 + 18, most=180 - 11).holds
    assert not Coverage(truths=200, n=200, half=100 + 19, most=180).holds
    assert not Coverage(truths=200, n=200, half=100, most=180 - 12).holds


def test_what_was_found_is_said(monkeypatch):
    good = Coverage(truths=50, n=100, half=50, most=90)
    measured = {"times": good, "spreads": good, "weights": Coverage(truths=50, n=400, half=150, most=300)}
    monkeypatch.setattr(
        trust, "MEASURED", {"silent": measured, "spiking": {"times": Coverage(truths=3, n=6, half=3, most=5)}}
    )
    wrong, few = doubts("silent", PATHS)
    assert "Intervals of weights are not to be trusted: of 400 true ones 300" in wrong
    assert "Intervals of columns are not shown" in few
    (few,) = doubts("spiking", PATHS[:1])
    assert "Intervals of times, spikes are not shown to hold what they say: 3 truths" in few
    assert doubts("silent", PATHS[:2]) == []
    monkeypatch.setattr(trust, "AMORTISED", {"silent": {"times": good}, "spiking": {}})
    (few,) = doubts("silent", PATHS[:2], amortised=True)
    assert "Intervals of spreads are not shown" in few
    monkeypatch.setattr(trust, "AT_SENSORS", {"silent": {"times": measured["weights"]}, "spiking": {}})
    (wrong,) = doubts("silent", PATHS[:1], amortised=True, sensors=True)
    assert "Intervals of times are not to be trusted: of 400 true ones 300" in wrong
    assert doubts("silent", PATHS[:1], amortised=True) == []
    assert doubts("silent", PATHS[:1], sensors=True) == []  # of the ensembles nothing was counted there
    assert doubts("spiking", PATHS, amortised=True, sensors=True) == doubts("spiking", PATHS, amortised=True)
    assert held("silent", amortised=True, sensors=True) == "times 300 of 400"
    assert held("silent") == "times 90 of 100, spreads 90 of 100, weights 300 of 400"
    assert planted("spiking") == 3


def test_what_is_kept_could_have_been_counted():
    for of_regime in (*MEASURED.values(), *AMORTISED.values(), *AT_SENSORS.values()):
        assert len({one.truths for one in of_regime.values()}) <= 1
        for kind, one in of_regime.items():
            assert kind in trust.KINDS
            assert 0 <= one.half <= one.most <= one.n
            assert one.n >= one.truths
    assert set(PLACES) == {regime for regime, known in AT_SENSORS.items() if known}
    for regime, place in PLACES.items():
        assert place.half <= place.most <= place.n <= place.truths == planted(regime, amortised=True, sensors=True)


def test_what_is_said_beside_every_posterior_is_what_was_counted():
    for regime in MEASURED:
        assert f"{planted(regime)} " in NOT_CALIBRATED
        assert held(regime) in NOT_CALIBRATED


@pytest.fixture
def ranks(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    return importlib.import_module("_ranks")


def test_ranks_tell_posteriors_that_are_too_narrow(ranks):
    rng = np.random.default_rng(1)
    for width, holds in ((1.0, True), (0.5, False)):
        # truth and response differ from the middle of the posterior by one deviation each
        some = [ranks.rank(width * rng.standard_normal(400), rng.standard_normal(), rng) for _ in range(200)]
        found = ranks.coverage(some)
        assert found["50% holds"] is found["90% holds"] is holds
        assert (found["p of even ranks"] > 0.01) is holds
    assert np.mean([ranks.rank(np.ones(9), 1.0, rng) for _ in range(2000)]) == pytest.approx(0.5, abs=0.03)


def test_places_and_controls_are_counted_where_the_sign_was_stated_right(ranks):
    place = {f"share up to the truth {share}": True for share in ("50%", "90%")}
    for name in ("centre", "radius"):
        place |= {f"probability of the best {name}": 0.6, f"right of the best {name}": True}
    place |= {"area": 0.3, "distance_mm": 2.0}
    missed = place | {"share up to the truth 50%": False}
    rejected, kept = ({"opposite sign": {"rejected": one}} for one in (True, False))
    rows = [
        {"turned": False, "place": place, "controls": rejected},
        {"turned": False, "place": missed, "controls": kept},
        {"turned": False, "place": None, "controls": rejected},
        {"turned": True, "place": missed, "controls": kept},
    ]
    found = ranks.of_place(rows)
    assert (found["n"], found["no place"]) == (2, 1)
    assert found["centre in 50%"].startswith("50.0% (±91.9%")
    assert found["centre in 90%"].startswith("100.0%")
    assert ranks.of_controls(rows) == {"opposite sign": "2 of 3"}
    assert ranks.of_place([{"turned": False}]) == ranks.of_controls([{"turned": False}]) == {}
