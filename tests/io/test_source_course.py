"""Source time courses as text and as dipoles of MNE-Python: values, units, times, and what is refused."""

import mne
import numpy as np
import pytest
from foreign import MOMENT, OTHER, TIMES

from mne_hnn import Dipole
from mne_hnn.errors import DataError, MneHnnWarning, ParameterError
from mne_hnn.io import read_dipole_txt, read_source_course, write_dipole_txt

NAM = 1e-9


def written(folder, columns, *, separator=",", header=None, name="course.csv", fmt="%.9g"):
    lines = [separator.join(fmt % value for value in row) for row in zip(*columns, strict=True)]
    path = folder / name
    path.write_text("\n".join([*([] if header is None else [header]), *lines]) + "\n")
    return path


@pytest.mark.parametrize("separator", ["\t", ",", ";", "  "])
@pytest.mark.parametrize("unit", ["A m", "nA m", "pAm", "fA.m", "µA·m"])
@pytest.mark.parametrize("time_unit", ["s", "ms"])
def test_text_in_every_unit_and_with_every_separator(tmp_path, separator, unit, time_unit):
    factor = {"A": 1, "n": 1e9, "p": 1e12, "f": 1e15, "µ": 1e6}[unit[0]]
    path = written(tmp_path, [TIMES * (1e3 if time_unit == "ms" else 1), MOMENT * factor], separator=separator)
    dipole = read_source_course(path, unit=unit)
    assert dipole.layers == ("agg",)
    np.testing.assert_allclose(dipole["agg"], MOMENT, rtol=1e-8, atol=1e-18)
    np.testing.assert_allclose(dipole.times, TIMES, atol=1e-9)
    noted = dipole.provenance
    assert (noted["software"], noted["unit"], noted["time_unit_of_file"]) == ("text", "A m", time_unit)
    assert noted["assumed"][-1].startswith(f"times in {time_unit}: in the other unit no response")


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("V1 (nAm);time [ms];M1 (nAm)", ";"),
        ("# V1_nAm\ttime_ms\tM1_nAm", "\t"),
        ('"V1 [nA.m]","Time (ms)","M1 [nA.m]"', ","),
    ],
)
def test_names_choose_columns_and_say_units(tmp_path, header, separator):
    path = written(tmp_path, [MOMENT / NAM, TIMES * 1e3, OTHER / NAM], header=header, separator=separator)
    name = header.lstrip("# ").split(separator)[2].strip('"')
    for pick in (name, "M1", 2):
        dipole = read_source_course(path, pick=pick, sign=-1)
        np.testing.assert_allclose(dipole["agg"], -OTHER, rtol=1e-8, atol=1e-18)
        assert (dipole.comment, dipole.provenance["course"]) == ("M1", name)
        assert (dipole.provenance["sign"], dipole.provenance["unit_of_file"]) == (-1, "nA m")
    with pytest.raises(DataError, match="has 2 columns .*choose one, by pick="):
        read_source_course(path)
    with pytest.raises(DataError, match="has no column 'M2': it has 'V1"):
        read_source_course(path, pick="M2")
    with pytest.raises(DataError, match="has 2 columns, and pick is 3"):
        read_source_course(path, pick=3)
    with pytest.raises(DataError, match="says that its moments are in nA m, and unit is 'pA m'"):
        read_source_course(path, pick=1, unit="pA m")


def test_a_sentence_above_the_numbers_names_no_columns(tmp_path):
    path = written(tmp_path, [TIMES, MOMENT, OTHER], separator=" ", header="# peak time course")
    np.testing.assert_allclose(read_source_course(path, unit="A m", pick=1)["agg"], MOMENT, rtol=1e-8, atol=1e-18)
    path = written(tmp_path, [TIMES, MOMENT, OTHER], separator=" ", header="# time V1 M1")
    np.testing.assert_allclose(read_source_course(path, unit="A m", pick="M1")["agg"], OTHER, rtol=1e-8, atol=1e-18)


def test_decimal_commas(tmp_path):
    path = written(tmp_path, [TIMES * 1e3, MOMENT / NAM], separator=";", fmt="%.6f", header="Zeit (ms);V1")
    path.write_text(path.read_text().replace(".", ","))
    with pytest.warns(MneHnnWarning, match="decimal commas"):
        dipole = read_source_course(path, unit="nA m")
    np.testing.assert_allclose(dipole["agg"], MOMENT, atol=1e-15)
    assert dipole.provenance["decimal_commas"] is True


def test_the_text_of_hnn_gives_the_same(tmp_path):
    path = tmp_path / "dipole.txt"
    write_dipole_txt(Dipole([MOMENT, OTHER, MOMENT - OTHER], TIMES), path)
    same = read_source_course(path, unit="nA m", pick=3)
    np.testing.assert_array_equal(same["agg"], read_dipole_txt(path)["L5"])


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("0 1\n1 2\n2 3\n", {}, "does not say in which unit its moments are: give it, such as unit='nA m'"),
        ("0 1\n0.01 2\n0.02 3\n", {"unit": "nA m", "time_unit": "ms"}, "are its times in seconds"),
        ("0 1\n10 2\n20 3\n", {"unit": "nA m", "time_unit": "s"}, "20 s, with 3 samples: are its times in millisec"),
        ("0 1\n0.1 2\n0.2 3\n", {"unit": "nA m"}, "times from 0 to 0.2, which may be s or ms: give time_unit"),
        ("0;1\n1;2\n2,3\n", {"unit": "nA m"}, "line 3, '2,3', is separated by commas, and line 1 by semicolons"),
        ("0 1\n1 x\n", {"unit": "nA m"}, "line 2 has '1 x' among numbers"),
        ("0 1\n1 nan\n2 3\n", {"unit": "nA m", "time_unit": "ms"}, "NaN or infinite"),
        ("1\n2\n3\n", {"unit": "nA m"}, "has one column"),
        ("0 1\n2 2\n1 3\n", {"unit": "nA m", "time_unit": "ms"}, "times must rise"),
        ("t V1(nAm) M1(pAm)\n0 1 2\n1 2 3\n", {"pick": 1}, "names different units"),
        ("", {"unit": "nA m"}, "0 rows of numbers"),
        (
            "0 1\n1 2\n3 4\n",
            {"unit": "nA m", "orientation": 1, "time_unit": "ms"},
            "orientation has no meaning",
        ),
        ("0 1\n1 2\n3 4\n", {"unit": "nA m", "trial": 2, "time_unit": "ms"}, "has 1 trial, and trial is 2"),
        ("0 1\n1 2\n3 4\n", {"unit": "nA m", "pick": "V1"}, "has no names of its 1 columns"),
    ],
)
def test_text_that_is_refused(tmp_path, text, options, message):
    path = tmp_path / "course.txt"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_source_course(path, **options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "nAmp"}, "unit must be one of 'A m'"),
        ({"unit": "nV"}, "unit must be one of 'A m', 'uA m'"),
        ({"time_unit": "us"}, "Unknown time_unit 'us'"),
        ({"pick": 0}, "pick must be an integer >= 1"),
        ({"trial": 1.5}, "trial must be an integer >= 1"),
        ({"sign": 2}, "sign must be 1 or -1"),
        ({"sign": True}, "sign must be 1 or -1"),
        ({"orientation": (0, 0, 0)}, "orientation must be the number of a component"),
        ({"orientation": "largst"}, "Did you mean 'largest'"),
        ({"resample": 1}, "resample must be True or False"),
    ],
)
def test_arguments_are_checked_before_the_file_is_read(tmp_path, options, message):
    with pytest.raises(ParameterError, match=message):
        read_source_course(tmp_path / "nothing.txt", **options)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_source_course(tmp_path / "nothing.mat")


def test_uneven_times_are_resampled_on_request(tmp_path):
    times = np.delete(TIMES, [30, 60])
    path = written(tmp_path, [times, np.interp(times, TIMES, MOMENT)])
    with pytest.raises(DataError, match="equal steps.*Or read it with resample=True"):
        read_source_course(path, unit="A m")
    with pytest.warns(MneHnnWarning, match="uneven times, in steps of 1 to 2 ms: it is resampled to steps of 1 ms"):
        dipole = read_source_course(path, unit="A m", resample=True)
    assert len(dipole.times) == len(TIMES)
    np.testing.assert_allclose(dipole["agg"], MOMENT, atol=0.02 * np.abs(MOMENT).max())
    assert dipole.provenance["resampled"] is True


@pytest.mark.parametrize(
    ("unit", "factor", "guess"),
    [("nA m", 1e15, "pA m or fA m"), ("A m", 1e9, "nA m or pA m or fA m"), ("fA m", 1.0, "pA m or nA m or A m")],
)
def test_the_wrong_unit_is_noticed(tmp_path, unit, factor, guess):
    path = written(tmp_path, [TIMES, MOMENT * factor])
    with pytest.warns(MneHnnWarning, match=f"are they in {guess}"):
        read_source_course(path, unit=unit)


# dipoles of MNE-Python -----------------------------------------------------------------------------------


def fitted(amplitude=MOMENT, orientation=(0.0, 0.6, 0.8)):
    n = len(TIMES)
    return mne.Dipole(
        TIMES, np.tile([0.0, 0.01, 0.09], (n, 1)), amplitude, np.tile(orientation, (n, 1)), np.full(n, 95.0), name="N20"
    )


@pytest.mark.parametrize(("name", "tolerance"), [("a.dip", 1.1e-3), ("a.bdip", 1e-6)])
def test_a_fitted_dipole_keeps_its_sign(tmp_path, name, tolerance):
    fitted().save(tmp_path / name)
    dipole = read_source_course(tmp_path / name)
    np.testing.assert_allclose(dipole["agg"] / NAM, MOMENT / NAM, atol=tolerance)
    np.testing.assert_allclose(dipole.times, TIMES, atol=1e-6)
    noted = dipole.provenance
    assert (noted["software"], noted["unit_of_file"], noted["mne"]) == ("MNE-Python or Xfit", "A m", mne.__version__)
    np.testing.assert_allclose(noted["orientation"], [0, 0.6, 0.8], atol=1e-3)
    assert noted["dipoles"][0]["goodness_of_fit"] == pytest.approx(95)
    across = read_source_course(tmp_path / name, orientation=(0, 0, 2.0))
    np.testing.assert_allclose(across["agg"] / NAM, 0.8 * MOMENT / NAM, atol=tolerance)


def test_several_dipoles_in_one_file(tmp_path):
    for name, one in (("a", fitted()), ("b", fitted(OTHER, (1.0, 0.0, 0.0)))):
        one.save(tmp_path / f"{name}.dip")
    lines = [(tmp_path / f"{name}.dip").read_text().splitlines() for name in "ab"]
    rows = [[line for line in listed if line[0] != "#"] for listed in lines]
    head = [line for line in lines[0] if line[0] == "#"][:2]
    both = {
        "after.dip": rows[0] + rows[1],
        "beside.dip": [row for pair in zip(*rows, strict=True) for row in pair],
    }
    for name, listed in both.items():
        (tmp_path / name).write_text("\n".join(head + listed) + "\n")
        with pytest.raises(DataError, match="has 2 dipoles without names: choose one by its number"):
            read_source_course(tmp_path / name)
        for pick, truth in ((1, MOMENT), (2, OTHER)):
            dipole = read_source_course(tmp_path / name, pick=pick)
            np.testing.assert_allclose(dipole["agg"] / NAM * np.sign(dipole["agg"] @ truth), truth / NAM, atol=2e-3)
    (tmp_path / "odd.dip").write_text("\n".join(head + rows[0] + rows[1][:-3]) + "\n")
    with pytest.raises(DataError, match="not the same number of them at each"):
        read_source_course(tmp_path / "odd.dip")


def test_a_damaged_dipole_file(tmp_path):
    fitted().save(tmp_path / "a.bdip")
    whole = (tmp_path / "a.bdip").read_bytes()
    (tmp_path / "a.bdip").write_bytes(whole[: len(whole) // 2 + 7])
    with pytest.raises(DataError, match="cannot be read as fitted dipoles"):
        read_source_course(tmp_path / "a.bdip")
    (tmp_path / "a.dip").write_text("no dipole at all\n")
    with pytest.raises(DataError, match="cannot be read as fitted dipoles"):
        read_source_course(tmp_path / "a.dip")


def test_our_own_file_and_sensors(tmp_path):
    own = Dipole([MOMENT, OTHER], TIMES, ("agg", "L2"), provenance={"label": "V1", "unit": "A m"}, nave=7)
    own.save(tmp_path / "target-ave.fif")
    dipole = read_source_course(tmp_path / "target-ave.fif")
    np.testing.assert_allclose(dipole["agg"], MOMENT, rtol=1e-6, atol=1e-16)
    assert (dipole.nave, dipole.provenance["made_of"]["label"]) == (7, "V1")
    np.testing.assert_allclose(read_source_course(tmp_path / "target-ave.fif", pick="L2")["agg"], OTHER, atol=1e-15)
    info = mne.create_info(2, 1000.0, "mag")
    mne.EvokedArray(np.zeros((2, 5)), info).save(tmp_path / "sensors-ave.fif")
    with pytest.raises(DataError, match="has channels of type mag, not a dipole"):
        read_source_course(tmp_path / "sensors-ave.fif")


def test_a_dipole_with_a_fixed_place(tmp_path):
    info = mne.create_info(["dip 01", "goodness"], 1000.0, ["dipole", "gof"])
    info["chs"][0]["loc"][:6] = [0, 0.01, 0.09, 0, 0.6, 0.8]
    fixed = mne.DipoleFixed(info, np.array([MOMENT, np.full(len(TIMES), 90.0)]), TIMES, 5, 100)
    fixed.save(tmp_path / "fixed-dip.fif")
    dipole = read_source_course(tmp_path / "fixed-dip.fif")
    np.testing.assert_allclose(dipole["agg"], MOMENT, rtol=1e-6, atol=1e-16)
    assert dipole.provenance["dipoles"][0]["direction"] == pytest.approx([0, 0.6, 0.8])
