"""Dipoles and spikes as text: those of the peer, and our own back."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mne_hnn import Dipole, Spikes
from mne_hnn.errors import CacheError, DataError, ParameterError
from mne_hnn.io import read_dipole_txt, read_spikes, read_spikes_txt, write_dipole_txt, write_spikes, write_spikes_txt
from mne_hnn.network import jones_2009

DATA = Path(__file__).parent / "data"


def test_the_dipole_of_the_peer():
    dipole = read_dipole_txt(DATA / "dipole.txt")
    rows = np.loadtxt(DATA / "dipole.txt")
    assert dipole.layers == ("agg", "L2", "L5")
    assert dipole.info["sfreq"] == 40_000.0
    np.testing.assert_allclose(dipole.times * 1e3, rows[:, 0], atol=1e-9)
    np.testing.assert_allclose(dipole.data * 1e9, rows[:, 1:].T, rtol=1e-12)
    assert (dipole.comment, dipole.provenance) == ("dipole", {"file": "dipole.txt"})


def test_two_columns_names_comments_and_commas(tmp_path):
    path = tmp_path / "S1.txt"
    path.write_text("% source: S1\n# 600 Hz\ntime, moment\n0.0, 1.5\n1.667, -2\n\n3.333, 3e-1\n")
    dipole = read_dipole_txt(path, scale_applied=3000.0)
    assert dipole.layers == ("agg",)
    np.testing.assert_allclose(dipole["agg"], [1.5e-9, -2e-9, 3e-10], rtol=1e-12)
    np.testing.assert_allclose(dipole.info["sfreq"], 2 / 3.333e-3)  # times were rounded to three digits
    assert dipole.scale_applied == 3000.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 rows of numbers"),
        ("time moment\n", "0 rows of numbers"),
        ("0 1\n", "1 rows of numbers"),
        ("0 1 2\n1 2 3\n", "has 3 columns: expected 2 .* or 4"),
        ("0 1\n1 2 3\n", "line 2 has 3 columns, those before 2"),
        ("0 1\n1 x\n", "line 2 has '1 x' among numbers"),
        ("0 1\n1 nan\n", "must be finite"),
        ("0 1\n1 2\n5 3\n", "must rise in equal steps"),
        ('{"object_type": "Network"}', "0 rows of numbers"),
    ],
)
def test_what_is_no_dipole(tmp_path, text, message):
    path = tmp_path / "dipole.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_dipole_txt(path)


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(st.floats(-1e-3, 1e-3), min_size=6, max_size=30), layers=st.sampled_from([1, 3]),
    tmin=st.floats(-1.0, 1.0),
)  # fmt: skip
def test_dipoles_as_text_keep_all_digits(tmp_path_factory, values, layers, tmin):
    n = len(values) // layers
    data = np.reshape(values[: n * layers], (layers, n))
    dipole = Dipole(data, sfreq=40_000.0, tmin=tmin, layers=("agg", "L2", "L5")[:layers])
    path = tmp_path_factory.mktemp("text") / "dipole.txt"
    write_dipole_txt(dipole, path)
    again = read_dipole_txt(path)
    assert again.layers == dipole.layers
    np.testing.assert_allclose(again.data, dipole.data, rtol=1e-14, atol=1e-300)
    np.testing.assert_allclose(again.times, dipole.times, rtol=0, atol=1e-12)


def test_texts_with_the_digits_of_the_peer_have_its_bytes(tmp_path):
    write_dipole_txt(read_dipole_txt(DATA / "dipole.txt"), tmp_path / "dipole.txt", digits="hnn")
    assert (tmp_path / "dipole.txt").read_bytes() == (DATA / "dipole.txt").read_bytes()
    spikes = read_spikes_txt(DATA / "spk_*.txt")
    files = write_spikes_txt(spikes, tmp_path / "spk_%d.txt", digits="hnn")
    assert [one.read_bytes() for one in files] == [(DATA / one.name).read_bytes() for one in files]
    for write, value in ((write_dipole_txt, read_dipole_txt(DATA / "dipole.txt")), (write_spikes_txt, spikes)):
        with pytest.raises(ParameterError, match="Unknown choice of digits 'HNN': .* Did you mean 'hnn'?"):
            write(value, tmp_path / "other_%d.txt", digits="HNN")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["dipole.txt", "spk_0.txt", "spk_1.txt"]


def test_writing_dipoles(tmp_path):
    dipole = Dipole(np.ones((2, 3)) * 1e-9, sfreq=1000.0, layers=("agg", "L6"))
    with pytest.raises(ParameterError, match="the dipole has .*L6"):
        write_dipole_txt(dipole, tmp_path / "dipole.txt")
    dipole = Dipole(np.ones(3) * 1e-9, sfreq=1000.0, layers=("agg",))
    write_dipole_txt(dipole, tmp_path / "dipole.txt")
    assert (tmp_path / "dipole.txt").read_text() == "0\t1\n1\t1\n2\t1\n"
    with pytest.raises(ParameterError, match="overwrite=True"):
        write_dipole_txt(dipole, tmp_path / "dipole.txt")
    write_dipole_txt(dipole, tmp_path / "dipole.txt", overwrite=True)
    with pytest.raises(ParameterError, match="There is no folder"):
        write_dipole_txt(dipole, tmp_path / "none" / "dipole.txt")
    with pytest.raises(ParameterError, match="must be a Dipole"):
        write_dipole_txt(np.ones(3), tmp_path / "other.txt")
    assert [one.name for one in tmp_path.iterdir()] == ["dipole.txt"]


# spikes


def test_spikes_of_the_peer_and_their_rates():
    network = jones_2009((3, 3), drives=True)
    spikes = read_spikes_txt(DATA / "spk_*.txt", network=network, tmax=0.04)
    lines = [(DATA / f"spk_{k}.txt").read_text().split("\n")[:-1] for k in (0, 1)]
    assert spikes.counts("trial") == {0: len(lines[0]), 1: len(lines[1])}
    first = lines[0][0].split("\t")
    assert (spikes.time[0], spikes.gid[0]) == (float(first[0]) * 1e-3, int(first[1]))
    kinds = [line.split("\t")[2] for own in lines for line in own]
    assert all(spikes.counts()[name] == kinds.count(name) for name in network.gid_ranges)
    rates = spikes.rates()  # empty after the peer's own reading
    assert rates["L5_basket"] == kinds.count("L5_basket") / 0.04 / 2 / 3
    assert rates["evprox2"] == 0.0


def test_without_a_network_only_cells_that_fired_are_known():
    spikes = read_spikes_txt(str(DATA / "spk_*.txt"))
    assert "evprox2" not in spikes.gid_ranges
    assert set(np.unique(spikes.gid)) == {gid for cells in spikes.gid_ranges.values() for gid in cells}
    assert spikes.tmax == pytest.approx(0.04, abs=3e-3)
    assert all(rate > 0 for rate in spikes.rates().values())


def test_trials_follow_the_numbers_in_their_names(tmp_path):
    for trial in range(12):
        (tmp_path / f"spk_{trial}.txt").write_text(f"{trial + 1}.0\t{trial}\tL2_basket\n")
    spikes = read_spikes_txt(tmp_path / "spk_*.txt")
    assert spikes.trial.tolist() == spikes.gid.tolist() == list(range(12))
    chosen = read_spikes_txt([tmp_path / "spk_10.txt", tmp_path / "spk_2.txt"])
    assert chosen.gid.tolist() == [10, 2]  # a list is taken as it is


def test_one_spike_and_no_spike(tmp_path):
    (tmp_path / "spk_0.txt").write_text("12.5\t3\tL2_basket\n")
    (tmp_path / "spk_1.txt").write_text("")
    one = read_spikes_txt(tmp_path / "spk_0.txt")
    assert [tuple(spike) for spike in one] == [(0, 0.0125, 3, "L2_basket")]
    both = read_spikes_txt(tmp_path / "spk_*.txt", gid_ranges={"L2_basket": range(5)}, tmax=0.05)
    assert both.counts("trial") == {0: 1, 1: 0}
    assert both.rates()["L2_basket"] == pytest.approx(1 / 0.05 / 2 / 5)
    none = read_spikes_txt(tmp_path / "spk_1.txt", gid_ranges={"L2_basket": range(5)}, tmax=0.05)
    assert (len(none), none.rates()) == (0, {"L2_basket": 0.0})
    assert len(read_spikes_txt(tmp_path / "spk_1.txt")) == 0


def test_older_files_without_types(tmp_path):
    """Times and numbers only, as numbers are: the network says what the cells are."""
    network = jones_2009((1, 1), drives=True)
    (tmp_path / "spk_0.txt").write_text("3.25\t0\n10.0\t3.0\n")
    (tmp_path / "spk_1.txt").write_text("4.5\t1\n")
    spikes = read_spikes_txt(tmp_path / "spk_*.txt", network=network, tmax=0.1)
    assert spikes.time == pytest.approx([0.00325, 0.01, 0.0045])
    assert spikes.gid.tolist() == [0, 3, 1]
    assert spikes.cell_type.tolist() == [network.gid_to_type(gid) for gid in (0, 3, 1)]
    assert read_spikes_txt(tmp_path / "spk_*.txt", gid_ranges=network.gid_ranges, tmax=0.1) == spikes
    with pytest.raises(DataError, match="gid_ranges ends at 1"):
        read_spikes_txt(tmp_path / "spk_0.txt", gid_ranges={"a": range(2)}, tmax=0.1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.0 2\n", "no third column with cell types: give the network that fired, or gid_ranges"),
        ("1.0\n", "line 1 is not time in ms, cell number and cell type"),
        ("1.0 2 a b\n", "line 1 is not time in ms"),
        ("1.0 2.5\n", "line 1 is not time in ms"),
        ("1.0 2 a\n2.0 x a\n", "line 2 is not"),
        ("1.0 2 a\n2.0 2 b\n", "Cell 2 has two types"),
        ("nan 2 a\n", "must be finite"),
        ("-1.0 2 a\n", "within 0 to"),
    ],
)
def test_what_are_no_spikes(tmp_path, text, message):
    path = tmp_path / "spk.txt"
    path.write_text(text)
    with pytest.raises((DataError, ParameterError), match=message):
        read_spikes_txt(path)


def test_missing_files_and_wrong_arguments(tmp_path):
    with pytest.raises(DataError, match="No file matches"):
        read_spikes_txt(tmp_path / "spk_*.txt")
    with pytest.raises(DataError, match="There is no file"):
        read_spikes_txt(tmp_path / "spk_0.txt")
    with pytest.raises(ParameterError, match="at least one file"):
        read_spikes_txt([])
    with pytest.raises(ParameterError, match="one of them"):
        read_spikes_txt(DATA / "spk_0.txt", gid_ranges={}, network=jones_2009())
    with pytest.raises(DataError, match="gid_ranges ends at 2"):
        read_spikes_txt(DATA / "spk_0.txt", gid_ranges={"a": range(3)})


TABLES = st.builds(
    lambda rows, n: Spikes(
        trial=[k % n for k, _ in enumerate(rows)], time=[time for time, _ in rows], gid=[gid for _, gid in rows],
        gid_ranges={"a": range(3), "b": [3, 5, 6], "silent": range(7, 9)}, n_trials=n, tmin=0.0, tmax=0.5,
    ),
    st.lists(st.tuples(st.floats(0, 0.5), st.sampled_from([0, 1, 2, 3, 5, 6])), max_size=25),
    st.integers(1, 12),
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(spikes=TABLES)
def test_spikes_as_text_come_back(tmp_path_factory, spikes):
    folder = tmp_path_factory.mktemp("spikes")
    files = write_spikes_txt(spikes, folder / "spk_%d.txt")
    assert [one.name for one in files] == [f"spk_{k}.txt" for k in range(spikes.n_trials)]
    again = read_spikes_txt(folder / "spk_*.txt", gid_ranges=spikes.gid_ranges, tmax=spikes.tmax)
    assert again.counts("trial") == spikes.counts("trial")
    np.testing.assert_allclose(again.time, spikes.time, rtol=1e-15, atol=1e-300)


@settings(max_examples=30, deadline=None)
@given(spikes=TABLES)
def test_spikes_as_archive_are_equal(tmp_path_factory, spikes):
    path = tmp_path_factory.mktemp("spikes") / "spikes.npz"
    write_spikes(spikes, path)
    assert read_spikes(path) == spikes


def test_spikes_of_one_trial_keep_its_number(tmp_path):
    spikes = Spikes([4], [0.1], [1], {"a": range(2)}, 1, 0.05, 0.2, trials=(4,))
    write_spikes(spikes, tmp_path / "spikes.npz")
    assert read_spikes(tmp_path / "spikes.npz") == spikes
    (file,) = write_spikes_txt(spikes, tmp_path / "mine.txt")
    assert file.name == "mine_4.txt"
    (file,) = write_spikes_txt(spikes, tmp_path / "s{}.txt")
    assert file.name == "s4.txt"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("z_%02d.txt", ["z_02.txt", "z_10.txt"]),
        ("%04d", ["0002", "0010"]),
        ("%01d.%d", ["2.2", "10.10"]),
        ("z.txt", ["z_2.txt", "z_10.txt"]),
    ],
)
def test_numbers_with_zeros_in_names_of_files(tmp_path, pattern, names):
    spikes = Spikes([2, 10], [0.1, 0.15], [1, 0], {"a": range(2)}, 2, 0.0, 0.2, trials=(2, 10))
    files = write_spikes_txt(spikes, tmp_path / pattern)
    assert [file.name for file in files] == names
    again = read_spikes_txt(files, gid_ranges=spikes.gid_ranges, tmax=0.2)
    np.testing.assert_array_equal(again.gid, spikes.gid)


@pytest.mark.parametrize("name", ["z_%2d.txt", "z_%s.txt", "%i", "50%.txt", "50%_{}.txt", "%d_%.txt", "%%d", "%0d.txt"])
def test_other_percent_signs_are_refused(tmp_path, name):
    folder = tmp_path / "50 %"  # a folder has any name
    folder.mkdir()
    spikes = Spikes([0], [0.1], [1], {"a": range(2)}, 1, 0.0, 0.2)
    with pytest.raises(ParameterError, match="stands for no number: use %d, or %03d"):
        write_spikes_txt(spikes, folder / name)
    assert list(folder.iterdir()) == []
    assert write_spikes_txt(spikes, folder / "spk_%d.txt") == [folder / "spk_0.txt"]


def test_writing_spikes(tmp_path):
    spikes = Spikes([0, 1], [0.1, 0.2], [0, 1], {"a": range(2)}, 2, 0.0, 0.3)
    (tmp_path / "spk_1.txt").write_text("")
    with pytest.raises(ParameterError, match="spk_1.txt exists"):
        write_spikes_txt(spikes, tmp_path / "spk_%d.txt")
    assert not (tmp_path / "spk_0.txt").exists()  # nothing is written when one name is taken
    write_spikes_txt(spikes, tmp_path / "spk_%d.txt", overwrite=True)
    named = Spikes([0], [0.1], [0], {"my drive": range(2)}, 1, 0.0, 0.3)
    with pytest.raises(ParameterError, match="white space in it: use write_spikes"):
        write_spikes_txt(named, tmp_path / "other_%d.txt")
    write_spikes(named, tmp_path / "spikes.npz")
    with pytest.raises(ParameterError, match="overwrite=True"):
        write_spikes(named, tmp_path / "spikes.npz")
    with pytest.raises(ParameterError, match="must be a Spikes table"):
        write_spikes([1], tmp_path / "others.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CacheError, match="cannot be written"):
        write_spikes(named, tmp_path / "folder", overwrite=True)
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]
