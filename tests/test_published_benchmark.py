"""The benchmarks of published drives and of the peer's optimizer: what they count, and what they ask for."""

import argparse
import importlib
import importlib.util
import json
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent / "benchmarks"


@pytest.fixture
def published(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("published")


@pytest.fixture
def fit(monkeypatch):
    """Under a name of its own: there is a folder of tests called fit."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("benchmark_fit", BENCHMARKS / "fit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_drive_counts_for_one_true_one_of_its_side(published):
    true = [["proximal", 30.0], ["proximal", 38.0], ["distal", 70.0]]
    assert published.matched(true, [["proximal", 34.0]], 5.0) in ({0: 0}, {1: 0})
    assert published.matched(true, [["proximal", 70.0]], 5.0) == {}
    # the nearest pair alone, 38 and 36, would leave 30 without one
    assert published.matched(true, [["proximal", 36.0], ["proximal", 45.0]], 7.0) == {0: 0, 1: 1}


def test_what_was_found_and_what_was_not(published):
    counts = dict.fromkeys(published.TYPES, 1.0)
    spiking = {
        "regime": "spiking",
        "sequence": [["proximal", 33.0], ["distal", 120.0]],
        "evidence": -5.0,
        "error": 3.0,
        "r_squared": 0.9,
        "spikes": counts,
        "columns": 2000.0,
    }
    silent = {"regime": "silent", "evidence": -7.0, "error": 4.0}
    truth = {"sequence": [["proximal", 26.0], ["distal", 64.0]], "spikes": counts, "columns": 3000.0}
    row = {"name": "x", "truth": truth, "found": {"items": [silent, spiking], "verdict": "undecided", "seconds": 1.0}}
    row["judged"] = published.judged(row)
    assert row["judged"]["found_5_ms"] == []
    assert row["judged"]["found_10_ms"] == [["proximal", 26.0]]
    assert row["judged"]["missed_10_ms"] == [["distal", 64.0]]
    assert row["judged"]["extra_10_ms"] == [["distal", 120.0]]
    assert (row["judged"]["evidence_over_silent"], row["judged"]["evidence_error"]) == (2.0, 5.0)
    head, _, line = published.summary([row]).splitlines()
    assert line.count("|") == head.count("|")
    assert "| 0 of 2 | 1 of 2 | dist 64 | dist 120 | 0.900 |" in line
    row["found"]["items"] = [silent]
    row["judged"] = published.judged(row)
    head, _, line = published.summary([row]).splitlines()
    assert line.count("|") == head.count("|")


def test_the_peer_searches_in_the_ranges_of_our_prior(fit, tmp_path, capsys):
    options = argparse.Namespace(
        files=[str(tmp_path / "wave.txt")], folder=tmp_path, evaluations=9, solver="cobyla", mesh=10, peer=None
    )
    fit.peer_optimizer(options)
    plan, prior = json.loads((tmp_path / "plan.json").read_text()), fit.CircuitPrior()
    assert [drive["name"] for drive in plan["drives"]] == ["evprox1", "evdist1", "evprox2"]
    assert "L5_basket" not in plan["drives"][1]["delays_ms"]  # no distal input in the published column
    assert plan["ranges"]["evdist1.mu_ms"] == pytest.approx([63.53 - 16.449, 63.53 + 16.449], abs=0.01)
    assert plan["ranges"]["evprox2.nmda.L5_pyramidal"] == list(prior.weight_nmda_uS.interval())
    assert "--evaluations 9 --solver cobyla" in capsys.readouterr().out


def test_how_the_peer_is_judged(fit):
    """Good is what is good in its search and in fresh trials."""
    times = [float(k) for k in range(0, 100, 5)]
    wave = [float(k % 7) for k in range(20)]
    target = fit.Dipole.from_nAm(times, {"agg": wave})
    last = {"times_ms": times, "moment_nAm": wave}
    tried = [{"since_start": 3.0, "objective": 2.0}, {"since_start": 6.0, "objective": 0.01}]
    assert fit.good_after(tried, last, target) == 6.0
    assert fit.good_after(tried[:1], last, target) is None
    assert fit.good_after(tried, last | {"moment_nAm": wave[::-1]}, target) is None
