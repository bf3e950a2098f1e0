"""What a fit may change is chosen by kind or singly, and what a state has no more is chosen no more."""

import pytest
from networks import full

from mne_hnn.explorer import ExploreState
from mne_hnn.explorer.fit_choices import Choices, kind_of
from mne_hnn.explorer.spans import Span, time_spans
from mne_hnn.fit import Estimate
from mne_hnn.network import jones_2009, with_erp_drives

WEIGHT = "drives.evprox1.weights_ampa.L2_pyramidal"


@pytest.fixture(scope="module")
def state():
    return ExploreState(network=with_erp_drives(jones_2009((1, 1))))


def kinds(choices, state, drive):
    row = next(row for row in choices.plain(state.network) if row["name"] == drive)
    return {kind["kind"]: (kind["on"], kind["part"]) for kind in row["kinds"]}


def test_times_and_spreads_at_first(state):
    choices = Choices.of(state)
    assert kinds(choices, state, "evprox1") == {
        "times": (True, False), "spreads": (True, False), "weights": (False, False)
    }  # fmt: skip
    assert {parameter.path.rsplit(".", 1)[1] for parameter in choices.free} == {"mu_ms", "sigma_ms"}
    assert len(choices.free) == 2 * len(state.network.drives)


def test_kinds_and_single_numbers(state):
    choices = Choices.of(state).with_one(WEIGHT, free=True)
    assert kinds(choices, state, "evprox1")["weights"] == (False, True)
    assert kinds(choices, state, "evdist1")["weights"] == (False, False)
    choices = choices.with_kind("evprox1", "weights", free=True)
    assert kinds(choices, state, "evprox1")["weights"] == (True, False)
    choices = choices.with_kind("evprox1", "times", free=False).with_one("drives.none.mu_ms", free=True)
    assert "drives.evprox1.mu_ms" not in {parameter.path for parameter in choices.free}
    assert not any("none" in path for path in choices.chosen)
    (row,) = [row for row in choices.plain(state.network) if row["name"] == "evprox1"]
    words = {one["path"]: (one["words"], one["on"]) for one in row["ones"]}
    assert words[WEIGHT] == ("AMPA on L2 pyramidal (µS)", True)
    assert words["drives.evprox1.mu_ms"] == ("time (ms)", False)


def test_what_is_no_more_is_not_chosen(state):
    choices = Choices.of(state).with_one(WEIGHT, free=True)
    kept = Choices.of(state.without_drive("evdist1"), choices.chosen)
    assert WEIGHT in kept.chosen
    assert not any("evdist1" in path for path in kept.chosen)
    assert Choices.of(state.with_network(state.network.without_drives())).free == ()


def test_every_kind_of_drive_has_words():
    state = ExploreState(network=full())
    choices = Choices.of(state)
    assert {kind_of(parameter.path) for parameter in choices.parameters} == {"times", "spreads", "weights", "rates"}
    for row in choices.plain(state.network):
        assert all(one["words"] and "_" not in one["words"] for one in row["ones"])


def test_spans_are_of_times_that_have_an_interval():
    estimates = [
        Estimate(path="drives.evprox1.mu_ms", value=30.0, low=28.0, high=33.0),
        Estimate(path="drives.evprox1.sigma_ms", value=3.0, low=2.0, high=4.0),
        Estimate(path="drives.evdist1.mu_ms", value=60.0),
        Estimate(path="columns", value=60.0, low=1.0, high=100.0),
    ]
    assert time_spans(estimates) == (Span(drive="evprox1", low_ms=28.0, high_ms=33.0),)
