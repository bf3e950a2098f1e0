"""Spikes: a tidy table whose rates count what lies in the window, silent cells included."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mne_hnn import Spikes
from mne_hnn.errors import ParameterError

RANGES = {"L2_basket": range(2), "L5_pyramidal": range(2, 5), "drive": range(5, 6)}


def table(trial, time, gid, n_trials=1):
    return Spikes(trial=trial, time=time, gid=gid, gid_ranges=RANGES, n_trials=n_trials, tmin=0.0, tmax=0.1)


@pytest.fixture
def spikes():
    return table([0, 1, 0, 0, 1], [0.05, 0.02, 0.01, 0.05, 0.09], [4, 2, 0, 1, 5], n_trials=2)


def test_rows_are_sorted_by_trial_time_and_cell(spikes):
    assert spikes.trial.tolist() == [0, 0, 0, 1, 1]
    assert spikes.time.tolist() == [0.01, 0.05, 0.05, 0.02, 0.09]
    assert spikes.gid.tolist() == [0, 1, 4, 2, 5]
    assert spikes.cell_type.tolist() == ["L2_basket", "L2_basket", "L5_pyramidal", "L5_pyramidal", "drive"]
    assert len(spikes) == 5


def test_rates_count_only_the_window():
    """Three spikes of one cell, two of them within 100 ms: 20 Hz."""
    one = Spikes(
        trial=[0, 0, 0],
        time=[0.01, 0.05, 0.15],
        gid=[0, 0, 0],
        gid_ranges={"a": range(1)},
        n_trials=1,
        tmin=0,
        tmax=0.2,
    )
    assert one.rates(0.0, 0.1) == pytest.approx({"a": 20.0})
    assert one.rates(0.01, 0.05) == pytest.approx({"a": 25.0})  # the start belongs to the window, the end does not
    assert one.rates() == pytest.approx({"a": 15.0})


def test_rates_include_silent_cells_and_trials(spikes):
    rates = spikes.rates()
    assert rates["L2_basket"] == pytest.approx(2 / 0.1 / 2 / 2)
    assert rates["L5_pyramidal"] == pytest.approx(2 / 0.1 / 2 / 3)
    assert spikes.rates(by="gid")[3] == 0.0
    np.testing.assert_allclose(spikes.rates(by="trial")["L2_basket"], [2 / 0.1 / 2, 0.0])


def test_counts(spikes):
    assert spikes.counts() == {"L2_basket": 2, "L5_pyramidal": 2, "drive": 1}
    assert spikes.counts("gid") == {0: 1, 1: 1, 2: 1, 3: 0, 4: 1, 5: 1}
    assert spikes.counts("trial") == {0: 3, 1: 2}


def test_rates_of_a_selection_are_those_of_the_part(spikes):
    assert spikes.select(trial=0).rates()["L2_basket"] == pytest.approx(2 / 0.1 / 2)
    assert spikes.select(trial=1).counts("trial") == {1: 2}
    assert spikes.select(tmin=0.0, tmax=0.05).rates() == spikes.rates(0.0, 0.05)
    assert spikes.select(gids=[0, 3]).rates() == pytest.approx({"L2_basket": 1 / 0.1 / 2, "L5_pyramidal": 0.0})
    assert spikes.select(gids=[2, 4]).cell_type.tolist() == ["L5_pyramidal", "L5_pyramidal"]


def test_rows_one_by_one(spikes):
    assert list(spikes)[3] == (1, 0.02, 2, "L5_pyramidal")
    assert next(iter(spikes)).cell_type == "L2_basket"


def test_peak_times():
    volley = table([0] * 4, [0.012, 0.0121, 0.0122, 0.08], [0, 1, 0, 1])
    peaks = volley.peak_times(0.01)
    assert peaks["L2_basket"] == pytest.approx(0.015)
    assert np.isnan(peaks["L5_pyramidal"])


def test_copies_cannot_be_written_either(spikes):
    with pytest.raises(ValueError, match="read-only"):
        pickle.loads(pickle.dumps(spikes)).time[0] = 0.0
    with pytest.raises(TypeError):
        spikes.gid_ranges["new"] = range(6, 7)


def test_select(spikes):
    assert spikes.select(trial=1, cell_types="L5_pyramidal").gid.tolist() == [2]
    assert spikes.select(tmin=0.02, tmax=0.05).time.tolist() == [0.02]
    assert spikes.select(gids=[4, 5]).gid.tolist() == [4, 5]
    assert spikes.select(cell_types=["drive"]).cell_types == ("drive",)


@pytest.mark.parametrize("n", [0, 1])
def test_no_spike_and_one_spike(n):
    few = table([0] * n, [0.05] * n, [2] * n)
    assert len(few) == n
    assert few.counts()["L5_pyramidal"] == n
    assert few.rates()["L2_basket"] == 0.0
    assert few.histogram(10)[0].sum() == n
    assert len(few.cell_type) == n


def test_trials_past_nine_stay_in_order():
    many = table(list(range(11, -1, -1)), [0.05] * 12, [0] * 12, n_trials=12)
    assert many.trial.tolist() == list(range(12))


def test_histogram_covers_the_simulation(spikes):
    counts, edges = spikes.histogram(10, cell_types="L2_basket")
    assert (edges[0], edges[-1]) == (0.0, 0.1)
    assert counts.tolist() == [0, 1, 0, 0, 0, 1, 0, 0, 0, 0]


def test_table_out(spikes, tmp_path):
    spikes.write_tsv(tmp_path / "spikes.tsv")
    lines = (tmp_path / "spikes.tsv").read_text().splitlines()
    assert lines[:2] == ["trial\ttime\tgid\tcell_type", "0\t0.010000\t0\tL2_basket"]
    assert len(lines) == 6
    frame = pytest.importorskip("pandas") and spikes.to_data_frame()
    assert list(frame.columns) == ["trial", "time", "gid", "cell_type"]
    assert frame["gid"].tolist() == spikes.gid.tolist()


def test_equality_and_pickle(spikes):
    assert pickle.loads(pickle.dumps(spikes)) == spikes
    assert spikes != spikes.select(trial=0)
    with pytest.raises(ValueError, match="read-only"):
        spikes.time[0] = 0.0


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 0.0999), st.integers(0, 5)), max_size=40))
def test_counts_agree_however_they_are_grouped(rows):
    trial, time, gid = zip(*rows, strict=True) if rows else ((), (), ())
    drawn = table(trial, time, gid, n_trials=3)
    assert sum(drawn.counts().values()) == sum(drawn.counts("gid").values()) == sum(drawn.counts("trial").values())
    rates, by_trial = drawn.rates(), drawn.rates(by="trial")
    for name in RANGES:
        assert rates[name] == pytest.approx(by_trial[name].mean())
    assert table(trial[::-1], time[::-1], gid[::-1], n_trials=3) == drawn


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda s: s.rates(0.05, 0.05), "tmax must be after tmin"),
        (lambda s: s.select(cell_types="L5_pyr"), "Did you mean 'L5_pyramidal'"),
        (lambda s: s.counts("cell"), "Unknown grouping 'cell'"),
        (lambda s: table([0], [0.1, 0.2], [1]), "one entry per spike"),
        (lambda s: table([0], [np.nan], [1]), "finite"),
        (lambda s: table([0], [0.1], [9]), "gid_ranges ends at 5"),
        (lambda s: table([3], [0.1], [1]), "trial must be from 0 to 0"),
        (lambda s: table([0], [50.0], [1]), "are they in ms"),
        (lambda s: table([0.5], [0.05], [1]), "trial must hold whole numbers"),
        (lambda s: table([], [], [], n_trials=0), "n_trials must be an integer >= 1"),
        (lambda s: s.rates(0.0, 10.0), "must lie within the 0 to 0.1 s simulated"),
        (lambda s: s.select(trial=2), "There is no trial 2"),
        (lambda s: s.select(trial=True), "There is no trial True: trials are"),
        (lambda s: s.select(trial=np.bool_(False)), "There is no trial .*False.*: trials are"),
        (lambda s: s.select(gids=[17]), r"no cells \[17\]"),
        (lambda s: Spikes([0], [0.05], [1], {"a": range(2), "b": range(1, 3)}, 1, 0.0, 0.1), "must not overlap"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(spikes, make, message):
    with pytest.raises(ParameterError, match=message):
        make(spikes)
