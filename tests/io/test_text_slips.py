"""Text files as people have them: decimal commas, seconds, other units, uneven times, other encodings and names."""

import warnings

import mne
import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import DataError, MneHnnWarning, ParameterError
from mne_hnn.io import read_dipole_txt, read_spikes_txt, write_spikes_txt
from mne_hnn.network import jones_2009

N = 200
TIMES_MS = np.arange(N) / 0.6  # 600 Hz
MOMENT_NAM = 20 * np.sin(TIMES_MS / 20)


def written(folder, times=TIMES_MS, moments=MOMENT_NAM, separator="\t", digits=4, name="dipole.txt"):
    path = folder / name
    rows = (f"{time:.{digits}f}{separator}{moment:.6g}" for time, moment in zip(times, moments, strict=True))
    path.write_text("\n".join(rows))
    return path


def spike_file(folder):
    path = folder / "a_0.txt"
    path.write_text("10.5 0 L2_basket\n20.25 1 L2_pyramidal\n")
    return path


@pytest.mark.parametrize("separator", [";", "\t", "  "])
def test_decimal_commas_are_read_as_points(tmp_path, separator):
    path = written(tmp_path, separator=separator)
    path.write_text("time;moment\n" + path.read_text().replace(".", ","))
    with pytest.warns(MneHnnWarning, match="decimal commas"):
        dipole = read_dipole_txt(path)
    assert dipole.layers == ("agg",)
    np.testing.assert_allclose(dipole["agg"] * 1e9, MOMENT_NAM, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(dipole.times * 1e3, TIMES_MS, atol=1e-3)


def test_the_smallest_file_with_decimal_commas(tmp_path):
    path = tmp_path / "dipole.txt"
    path.write_text("0,0;0,000\n1,0;0,250\n2,0;-0,500\n")
    with pytest.warns(MneHnnWarning, match="decimal commas"):
        dipole = read_dipole_txt(path)
    np.testing.assert_allclose(dipole["agg"] * 1e9, [0.0, 0.25, -0.5])


def test_decimal_commas_that_also_separate(tmp_path):
    path = written(tmp_path, separator=",")
    path.write_text(path.read_text().replace(".", ","))
    with pytest.raises(DataError, match="look like decimal commas"):
        read_dipole_txt(path)


@pytest.mark.parametrize("text", ["0, 1\n1, 2\n2, 3\n", "0,1\n1,2\n2,3\n", "0.5,1\n1.5,2\n2.5,3\n", "0;1\n1;2\n2;3\n"])
def test_commas_that_separate(tmp_path, text):
    path = tmp_path / "dipole.csv"
    path.write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(read_dipole_txt(path)["agg"] * 1e9, [1.0, 2.0, 3.0])


def test_times_in_seconds(tmp_path):
    with pytest.raises(DataError, match="ends at 0.331.* ms, .* seconds.* multiply it by 1000"):
        read_dipole_txt(written(tmp_path, times=TIMES_MS / 1000, digits=7))


@pytest.mark.parametrize(("factor", "guess"), [(1000.0, "pA m or fA m"), (1e-9, "A m")])
def test_moments_in_another_unit(tmp_path, factor, guess):
    path = written(tmp_path, moments=MOMENT_NAM * factor)
    with pytest.warns(MneHnnWarning, match=f"are they in {guess}"):
        dipole = read_dipole_txt(path)
    np.testing.assert_allclose(dipole["agg"] * 1e9, MOMENT_NAM * factor, rtol=1e-5, atol=1e-9 * factor)


def test_uneven_times_are_resampled_on_request(tmp_path):
    steps = np.random.default_rng(3).uniform(1.48, 1.84, N - 1)
    times = np.concatenate([[0.0], np.cumsum(steps)])
    path = written(tmp_path, times=times, moments=0.05 * times)
    with pytest.raises(DataError, match="equal steps.*resample=True"):
        read_dipole_txt(path)
    with pytest.warns(MneHnnWarning, match=r"steps of 1\.48\d* to 1\.8\d* ms: it is resampled"):
        dipole = read_dipole_txt(path, resample=True)
    np.testing.assert_allclose(np.diff(dipole.times), np.median(np.diff(times)) / 1e3, rtol=5e-3)
    assert (dipole.times[0], dipole.times[-1]) == pytest.approx((0.0, times[-1] / 1e3), abs=1e-6)
    np.testing.assert_allclose(dipole["agg"] * 1e9, 0.05 * dipole.times * 1e3, atol=1e-4)  # a line stays a line


def test_even_times_are_not_resampled(tmp_path):
    path = written(tmp_path, digits=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = read_dipole_txt(path, resample=True)
    np.testing.assert_array_equal(same.data, read_dipole_txt(path).data)
    with pytest.raises(ParameterError, match="resample must be True or False"):
        read_dipole_txt(path, resample="yes")
    path.write_text("0 1\n2 2\n1 3\n5 4\n")
    with pytest.raises(DataError, match="do not rise"):
        read_dipole_txt(path, resample=True)


@pytest.mark.parametrize("sfreq", [256.0, 600.0, 600.615, 1000.0, 2400.0])
@pytest.mark.parametrize("tmin", [0.0, -0.1])
def test_times_rounded_to_a_tenth_of_a_millisecond_are_even(sfreq, tmin):
    exact = tmin + np.arange(181) / sfreq
    dipole = Dipole(np.zeros((1, 181)), np.round(exact, 4), ["agg"])
    np.testing.assert_allclose(dipole.info["sfreq"], sfreq, rtol=1e-4)
    np.testing.assert_allclose(dipole.times, exact, atol=6e-5)


def test_a_missing_sample_is_no_rounding():
    times = np.delete(np.round(np.arange(100) / 600.0, 4), 50)
    with pytest.raises(ParameterError, match="equal steps"):
        Dipole(np.zeros((1, 99)), times, ["agg"])
    with pytest.raises(ParameterError, match="same time, so they were written with too few digits"):
        Dipole(np.zeros((1, 100)), np.round(np.arange(100) / 40_000.0, 4), ["agg"])


def test_a_dipole_that_mne_saved_as_text_and_read_back(tmp_path):
    """MNE writes times to 0.1 ms, which at 600 Hz are steps of 1.6 and 1.7 ms."""
    times = np.arange(0, 61) / 600.0
    amplitude = 20e-9 * np.sin(times * 60)
    constant = {"pos": np.tile([0.03, 0.0, 0.06], (61, 1)), "ori": np.tile([0.0, 0.0, 1.0], (61, 1))}
    mne.Dipole(times, amplitude=amplitude, gof=np.full(61, 90.0), **constant).save(tmp_path / "x.dip", verbose="error")
    back = mne.read_dipole(tmp_path / "x.dip", verbose="error")
    assert len(set(np.round(np.diff(back.times), 5))) == 2
    dipole = Dipole(back.amplitude[None], back.times, ["agg"])
    assert dipole.info["sfreq"] == 600.0
    np.testing.assert_allclose(dipole.times, times, atol=1e-9)
    np.testing.assert_allclose(dipole["agg"], amplitude, atol=0.06e-9)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig", "utf-8"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "dipole.txt"
    path.write_bytes("# µ: größe\r\n0\t1\r\n1\t2\r\n".encode(encoding))
    np.testing.assert_allclose(read_dipole_txt(path)["agg"] * 1e9, [1.0, 2.0])


@pytest.mark.parametrize("folder", ["with space", "ünï 脳", 'it\'s "quoted"', "brackets [1] {0} %d", "100%"])
def test_folders_of_any_name(tmp_path, folder):
    place = tmp_path / folder
    place.mkdir()
    network = jones_2009((1, 1))
    path = written(place, name="dipole of [S1].txt")
    assert read_dipole_txt(path).comment == "dipole of [S1]"
    spikes = read_spikes_txt(spike_file(place), network=network, tmax=0.05)
    files = write_spikes_txt(spikes, place / "spk_%d.txt")
    assert [file.parent for file in files] == [place]
    again = read_spikes_txt(str(place / "spk_*.txt"), network=network, tmax=0.05)
    np.testing.assert_array_equal(again.gid, spikes.gid)
    network.save(place / "net [1].json")


def test_spikes_in_seconds_and_with_decimal_commas(tmp_path):
    path = tmp_path / "spk.txt"
    path.write_text("0.0105 0 L2_basket\n0.0203 1 L2_pyramidal\n")
    with pytest.warns(MneHnnWarning, match="end at 0.0203 ms: are their times in seconds"):
        read_spikes_txt(path)
    path.write_text("10,5 0 L2_basket\n")
    with pytest.raises(DataError, match="decimal comma"):
        read_spikes_txt(path)
