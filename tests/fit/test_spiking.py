"""Explanations by columns whose cells fire: proposals, search, result, whatever the number of workers."""

from dataclasses import replace

import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import DataError, ParameterError, SimulationError
from mne_hnn.fit import (
    CircuitPrior,
    EvokedSettings,
    Explanations,
    LogNormal,
    fit_evoked,
    read_explanations,
    spikes_per_cell,
    spiking,
    spiking_search,
)
from mne_hnn.fit.bench import Bench
from mne_hnn.fit.evaluate import Evaluator
from mne_hnn.fit.evoked_task import make_task
from mne_hnn.fit.progress import Report
from mne_hnn.fit.spiking import AGAIN, AGAIN_TRIALS, CANDIDATE_TRIALS
from mne_hnn.fit.spiking_data import SpikingData
from mne_hnn.fit.spiking_proposals import ALIKE_MS, propose_spiking
from mne_hnn.fit.spiking_search import search_spiking
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate

SMALL = EvokedSettings(
    members=40,
    generations=3,
    n_final=6,
    sequence=(("proximal", 15.0), ("distal", 40.0)),
    smooth_ms=10.0,
    levels=None,
    steps="smoother",  # ensembles that an emulator leads have tests of their own
)
QUIET = {"progress": lambda *_: None}


@pytest.fixture(scope="module")
def network():
    return jones_2009((3, 3))


@pytest.fixture(scope="module")
def target(network):
    """What a column gives whose cells fire."""
    driven = network.with_evoked_drive(
        "evprox1",
        mu_ms=17.0,
        sigma_ms=3.0,
        location="proximal",
        weights_ampa={"L2_pyramidal": 0.02, "L5_pyramidal": 0.02, "L2_basket": 0.05, "L5_basket": 0.05},
        synaptic_delays={"L2_pyramidal": 0.1, "L5_pyramidal": 1.0, "L2_basket": 0.1, "L5_basket": 1.0},
    ).with_evoked_drive(
        "evdist1",
        mu_ms=42.0,
        sigma_ms=4.0,
        location="distal",
        weights_ampa={"L2_pyramidal": 0.01, "L5_pyramidal": 0.05},
    )
    dipole = simulate(driven, 70.0, n_trials=4, seed=5, verbose="error").dipole.smooth(10.0).scale(1000)
    return Dipole(dipole["agg"][::40], dipole.times[::40], ("agg",), provenance={"unit": "A m", "area_mm2": 300.0})


@pytest.fixture(scope="module")
def explanations(network, target):
    return fit_evoked(network, target, SMALL, **QUIET)


def test_both_regimes_are_explained(explanations, target):
    assert isinstance(explanations, Explanations)
    assert {item.regime for item in explanations} == {"spiking", "silent"}
    assert explanations.settings.circuit == CircuitPrior()
    spiking, silent = explanations.spiking, explanations.silent
    assert spiking.r_squared > 0.3  # 40 members on 3 x 3 cells
    assert spikes_per_cell(spiking.fit.simulation)["L5_pyramidal"].per_cell > 0
    assert silent.spikes["L5_pyramidal"].per_cell == silent.spikes["L2_pyramidal"].per_cell == 0
    for item in explanations:
        assert [place for place, _ in item.sequence] == ["proximal", "distal"]
        assert item.evidence.value == pytest.approx(sum(item.evidence.parts.values()))
        assert set(item.evidence.parts) == {"waveform", "cells", "sequence", "regime"}
        assert item.evidence.error > 0
        assert item.amplitude.patch_mm2 == 300.0
    assert {"columns_per_nAm", "fraction", "spikes.L5_pyramidal", "drives.evprox1.mu_ms"} <= set(spiking.distances)


def test_scores_are_those_of_fresh_trials_of_the_network(explanations, target):
    """Computed again from the network alone."""
    item = explanations.spiking
    again = simulate(
        item.network, item.fit.simulation.tstop, n_trials=SMALL.n_final, seed=SMALL.fresh_seed, verbose="error"
    )
    dipole = again.dipole.smooth(10.0).scale(item.columns)
    moment = np.interp(target.times, dipole.times, dipole["agg"])
    wanted = target["agg"]
    left = ((moment - wanted) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum()
    assert item.r_squared == pytest.approx(1 - left, abs=2e-3)
    assert item.spikes["L5_pyramidal"].per_cell == spikes_per_cell(again)["L5_pyramidal"].per_cell


def test_intervals_hold_values_and_are_of_the_ensemble(explanations):
    for estimate in explanations.spiking.fit.estimates:
        assert estimate.low <= estimate.value <= estimate.high
        assert estimate.determined in (True, False)
    assert [estimate.path for estimate in explanations.spiking.fit.estimates][-1] == "columns"


def test_a_file_holds_all_of_it(explanations, tmp_path):
    explanations.save(tmp_path / "all.npz")
    again = read_explanations(tmp_path / "all.npz")
    again.save(tmp_path / "again.npz")
    assert (tmp_path / "all.npz").read_bytes() == (tmp_path / "again.npz").read_bytes()
    assert again.verdict == explanations.verdict
    assert [item.network.digest for item in again] == [item.network.digest for item in explanations]


def test_workers_make_no_difference(network, target, explanations, tmp_path):
    other = fit_evoked(network, target, replace(SMALL, regimes="spiking"), n_jobs=2, **QUIET)
    one, two = explanations.spiking, other.spiking
    assert two.network.digest == one.network.digest
    assert two.fit.dipole.data.tobytes() == one.fit.dipole.data.tobytes()
    assert two.evidence == one.evidence


def test_one_regime_alone_decides_nothing(network, target):
    alone = fit_evoked(network, target, replace(SMALL, regimes=("silent",), refine=1), **QUIET)
    assert alone.verdict == "undecided"
    assert alone.spiking is None


def test_a_search_moves_towards_the_response(network, target):
    """The ensemble is nearer to the data after the steps than before."""
    task = make_task(network, target, SMALL)
    bench = Bench(evaluator=Evaluator(), report=Report(lambda *_: None))
    (found,) = search_spiking(task, bench)
    data = SpikingData.of(task)
    first = [tried.loss for tried in bench.evaluations[: SMALL.members]]
    last = [1 - data.r_squared(moment) for moment in found.members.moment]
    assert np.median(last) < 0.85 * np.median(first)
    assert found.best.shape == (found.vector.n_free,)
    assert found.guess.volume < 0
    assert found.start_loss == pytest.approx(min(first))


def test_members_have_random_numbers_of_their_own(network, target, monkeypatch):
    """The same ones in all sequences; those that are compared at the end share theirs."""
    asked = []
    records = Evaluator.records

    def kept(self, networks, runs, *rest):
        asked.append(runs)
        return records(self, networks, runs, *rest)

    monkeypatch.setattr(Evaluator, "records", kept)
    settings = replace(SMALL, sequence=None, members=12, generations=1, max_sequences=2, finalists=1)
    search_spiking(make_task(network, target, settings), bench_of())
    per_member = [runs for runs in asked if isinstance(runs, list)]
    begun = [[one.seed for one in runs] for runs in per_member[:2]]
    assert begun[0] == begun[1]
    assert len(set(begun[0])) == settings.members
    assert {one.n_trials for one in per_member[0]} == {1}
    few, many = per_member[-2:]
    for runs, n_trials in ((few, CANDIDATE_TRIALS), (many, AGAIN_TRIALS)):
        assert {one.n_trials for one in runs} == {n_trials}
        assert len({one.seed for one in runs}) == 1
    assert few[0].seed != many[0].seed
    assert len(many) == AGAIN


def test_a_drive_more_is_taken_if_it_explains_enough(network, target, monkeypatch):
    """A dear one is not, but may be the rival."""
    settings = replace(SMALL, sequence=None, members=16, generations=1, max_sequences=3, finalists=2, max_drives=2)
    for price, number in ((-1e6, 2), (1e6, 1)):
        monkeypatch.setattr(spiking.Search, "drive_costs", price)
        one_drive = propose_spiking(make_task(network, target, replace(settings, max_drives=1)), bench_of())[0][:1]
        atoms = propose_spiking(make_task(network, target, settings), bench_of())[1]
        monkeypatch.setattr(spiking_search, "propose_spiking", lambda *_, given=(one_drive, atoms): given)
        found = search_spiking(make_task(network, target, settings), bench_of())
        assert len(found[0].sequence) == number


def bench_of():
    return Bench(evaluator=Evaluator(), report=Report(lambda *_: None))


def proposals(network, target, **changes):
    task = make_task(network, target, replace(SMALL, **{"sequence": None, **changes}))
    return propose_spiking(task, Bench(evaluator=Evaluator(), report=Report(lambda *_: None)))[0]


def test_proposals_are_probable_sequences_and_ensembles(network, target):
    """That of the truth is among them, and sums of responses say more than the prior does."""
    found = proposals(network, target)
    assert len(found) <= SMALL.max_sequences
    shares = [one.share for one in found]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1
    for one in found:
        assert one.z.shape == (SMALL.members, one.vector.n_free)
        assert np.abs(one.z[:, one.vector.paths.index("drives." + one.vector.names[0] + ".mu_ms")]).max() < 2
    places = [[place for place, _ in one.sequence] for one in found]
    assert ["proximal", "distal"] in places
    again = proposals(network, target)
    assert [one.sequence for one in again] == [one.sequence for one in found]
    np.testing.assert_array_equal(again[0].z, found[0].z)


def test_the_order_of_published_drives_is_proposed_at_times_of_its_own(network, target):
    """It is the last one, unless it is among the others; where it cannot be, it is not."""
    found = proposals(network, target, max_sequences=2)
    *_, last = found
    assert len(found) == 2
    assert [place for place, _ in last.sequence] == ["proximal", "distal", "proximal"]
    assert last.share == 0
    times = [mu for _, mu in last.sequence]
    assert times == sorted(times)
    assert times[1] == pytest.approx(42.0, abs=ALIKE_MS)  # that of the truth, not that which was published
    others = proposals(network, target, max_sequences=7)
    assert sum([place for place, _ in one.sequence] == ["proximal", "distal", "proximal"] for one in others) >= 1
    for changes in ({"max_drives": 2}, {"n_drives": 2}, {"max_sequences": 1}, {"sequence": SMALL.sequence}):
        assert all(one.share > 0 for one in proposals(network, target, **changes))
    short = Dipole(target.data[:, :30], target.times[:30], ("agg",), provenance=dict(target.provenance))
    assert all(one.share > 0 for one in proposals(network, short))


def test_the_number_of_drives_and_the_sequence_can_be_given(network, target):
    assert {len(one.sequence) for one in proposals(network, target, n_drives=1)} == {1}
    assert {len(one.sequence) for one in proposals(network, target, n_drives=3)} == {3}
    assert {len(one.sequence) for one in proposals(network, target, max_drives=1)} == {1}
    (given,) = proposals(network, target, sequence=SMALL.sequence)
    assert given.sequence == SMALL.sequence
    assert len(proposals(network, target, max_sequences=1)) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"regimes": ()}, "regimes must hold 'spiking', 'silent' or both"),
        ({"regimes": ("loud",)}, "Unknown regime 'loud'"),
        ({"members": 3}, "members must be"),
        ({"generations": 0}, "generations must be"),
        ({"max_sequences": 0}, "max_sequences must be"),
        ({"finalists": 0}, "finalists must be"),
    ],
)
def test_wrong_settings(changes, message):
    with pytest.raises(ParameterError, match=message):
        replace(SMALL, **changes)


@pytest.mark.usefixtures("untouched")
def test_a_target_no_hemisphere_could_make(network, target):
    huge = Dipole(
        target.data * (9.5e-5 / np.abs(target.data).max()), target.times, ("agg",), provenance=dict(target.provenance)
    )
    with pytest.raises(DataError, match="is the unit of the target right"):
        fit_evoked(network, huge, SMALL, **QUIET)


@pytest.mark.usefixtures("untouched")
def test_a_patch_without_area(network, target):
    flat = Dipole(target.data, target.times, ("agg",), provenance={**target.provenance, "area_mm2": 0.0})
    with pytest.raises(DataError, match="has no area"):
        fit_evoked(network, flat, SMALL, **QUIET)


@pytest.mark.usefixtures("untouched")
def test_spikes_of_cells_that_do_not_exist(network, target):
    prior = CircuitPrior()
    prior = replace(prior, spikes={**prior.spikes, "L4_stellate": LogNormal(1.0, 2.0)})
    with pytest.raises(ParameterError, match="L4_stellate"):
        fit_evoked(network, target, replace(SMALL, circuit=prior), **QUIET)


def test_networks_that_never_run(network, target, monkeypatch):
    task = make_task(network, target, SMALL)
    bench = Bench(evaluator=Evaluator(), report=Report(lambda *_: None))
    monkeypatch.setattr(Evaluator, "records", lambda _self, networks, *_: [None] * len(networks))
    with pytest.raises(SimulationError, match="Only 0 of 134 networks with a single drive ran"):
        search_spiking(task, bench)
