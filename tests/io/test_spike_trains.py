"""Spikes of recorded or simulated cells that drive a column: from files, and from spikes at hand."""

import numpy as np
import pytest

from mne_hnn.errors import DataError, DriveError, ParameterError
from mne_hnn.io import read_spike_trains, write_spikes, write_spikes_txt
from mne_hnn.network import drive_events, jones_2009
from mne_hnn.simulate import simulate
from mne_hnn.spikes import Spikes

L5P = "L5_pyramidal"


def table():
    """Two trials of three cells, one of which is silent."""
    return Spikes.from_trials(
        [[0.011, 0.00325, 0.02], [0.005]],
        [[0, 2, 0], [1]],
        gid_ranges={"a": range(2), "b": range(2, 3)},
        tmin=0,
        tmax=0.1,
    )


def written(tmp_path, text, name="given.txt"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_trains_of_spikes_at_hand():
    trains = table().trains_ms()
    assert list(trains) == [0, 1, 2]
    assert [len(train) for train in trains.values()] == [2, 0, 1]
    np.testing.assert_allclose(trains[0], [11.0, 20.0], rtol=1e-12)
    assert table().trains_ms(trial=1, cell_types="a") == {0: (), 1: (5.0,)}
    with pytest.raises(ParameterError, match="Did you mean|cell type or drive"):
        table().trains_ms(cell_types="c")


@pytest.mark.parametrize("kind", ["npz", "tsv", "txt"])
def test_files_of_ours_give_the_same_trains(tmp_path, kind):
    path = tmp_path / f"spikes.{kind}"
    if kind == "npz":
        write_spikes(table(), path)
    elif kind == "tsv":
        table().write_tsv(path)
    else:
        (path, _) = write_spikes_txt(table(), path)
    expected = table().trains_ms()
    if kind != "npz":  # text does not know of silent cells
        expected = {cell: train for cell, train in expected.items() if train}
    found = read_spike_trains(path)
    assert list(found) == list(expected)
    for cell, train in expected.items():
        np.testing.assert_allclose(found[cell], train, rtol=1e-9)
    if kind != "txt":
        assert [*read_spike_trains(path, trial=1).values()][-1 if kind == "tsv" else 1] == pytest.approx((5.0,))


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("12.5 3\n2.5 3\n7 1\n", {}),
        ("12.5,3\n2.5,3\n7,1\n", {}),
        ("12.5; 3\n2.5; 3\n7; 1\n", {}),
        ("# mine\n0.0125\t3\tL2_basket\n\n0.0025\t3\tL2_basket\n0.007\t1\tL2_basket\n", {"unit": "s"}),
        ("cell,time_s\n3,0.0125\n3,0.0025\n1,0.007\n", {}),
        ("unit\tgroup\ttime_ms\n3\tx\t12.5\n3\tx\t2.5\n1\tx\t7\n", {"unit": "ms"}),
        ("trial time_ms gid\n4 12.5 3\n4 2.5 3\n4 7 1\n5 1 1\n", {}),
        ("5012.5 3\n5002.5 3\n5007 1\n4000 1\n5050 3\n", {"tmin": 5.0, "tmax": 5.05}),
    ],
)
def test_a_line_per_spike(tmp_path, text, options):
    trains = read_spike_trains(written(tmp_path, text), **options)
    assert list(trains) == [1, 3]
    assert trains[1] == pytest.approx((7.0,))
    assert trains[3] == pytest.approx((2.5, 12.5))


def test_cells_with_names_and_cells_without_spikes(tmp_path):
    path = written(tmp_path, "30 u2\n3 u1\n90 silent\n")
    assert read_spike_trains(path, tmax=0.05) == {"u2": (30.0,), "u1": (3.0,), "silent": ()}


def test_a_line_per_cell(tmp_path):
    path = written(tmp_path, "5, 2.5\n\n7\n")
    assert read_spike_trains(path, layout="cells") == {0: (2.5, 5.0), 1: (), 2: (7.0,)}
    path = written(tmp_path, "# two cells\n0.005 0.0025\n0.007\n")
    assert read_spike_trains(path, layout="cells", unit="s") == {0: (2.5, 5.0), 1: (7.0,)}


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("1.5\n", {}, "line 1 is not a time and a cell"),
        ("1.5 2\nx 2\n", {}, "line 2 has 'x' where a time is expected"),
        ("nan 2\n", {}, "'nan' where a time"),
        ("1.5 2.5 3.5\n", {}, "give layout='cells'"),
        ("1,5 2\n", {}, "commas within numbers"),
        ("time label\n1 2\n", {}, "one must be 'time_ms' or 'time_s', another 'cell'"),
        ("-4 1\n", {}, "before the start at 0"),
        ("", {}, "holds no spikes"),
        ("time_s cell\n1 1\n", {"unit": "ms"}, "say that times are in s"),
        ("1 1\n", {"unit": "us"}, "Unknown unit 'us'"),
        ("1 1\n", {"layout": "rows"}, "Unknown layout 'rows'"),
        ("1 1\n", {"trial": 1}, "no column of trials"),
        ("1 1\n", {"tmin": 1.0, "tmax": 0.5}, "tmax must be after tmin, got 1 and 0.5"),
    ],
)
def test_what_are_no_trains(tmp_path, text, options, message):
    with pytest.raises((DataError, ParameterError), match=message):
        read_spike_trains(written(tmp_path, text), **options)


def test_seconds_taken_for_ms_are_noticed(tmp_path):
    with pytest.warns(RuntimeWarning, match="in seconds"):
        read_spike_trains(written(tmp_path, "0.01 1\n0.05 1\n"))
    with pytest.raises(DataError, match="There is no file"):
        read_spike_trains(tmp_path / "nothing.txt")


def test_spikes_of_one_column_drive_another(tmp_path):
    """Through a file, one train per target cell: they are those that were simulated, to the last bit."""
    weights = {L5P: 0.03}
    network = jones_2009((2, 2)).without_connections()
    first = simulate(
        network.with_evoked_drive("e", mu_ms=10, sigma_ms=2, location="proximal", weights_ampa=weights),
        40.0, verbose="error",
    )  # fmt: skip
    trains = first.spikes.trains_ms(cell_types=L5P)
    assert sum(map(len, trains.values())) >= 4
    write_spikes(first.spikes.select(cell_types=L5P), tmp_path / "spikes.npz")
    assert read_spike_trains(tmp_path / "spikes.npz") == trains
    options = {"location": "proximal", "weights_ampa": weights}
    second = network.with_spike_train_drive("replayed", times_ms=trains, cell_specific=True, **options)
    events = drive_events(second, 0, 40.0)["replayed"]
    for given, own in zip(trains.values(), events, strict=True):
        np.testing.assert_array_equal(own, given)
    again = simulate(second, 60.0, verbose="error").spikes
    assert again.counts()[L5P] > 0
    with pytest.raises(DriveError, match="give its trains_ms"):
        network.with_spike_train_drive("d", times_ms=first.spikes, **options)
    with pytest.raises(DriveError, match="read_spike_trains reads files"):
        network.with_spike_train_drive("d", times_ms=tmp_path / "spikes.npz", **options)
    with pytest.raises(DriveError, match="has 4 spike trains, but being cell-specific it needs 8"):
        network.with_spike_train_drive(
            "d", times_ms=trains, cell_specific=True, location="proximal", weights_ampa={L5P: 1, "L2_pyramidal": 1}
        )
