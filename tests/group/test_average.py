"""Averages over subjects: the subject is the unit, on times that all have."""

import mne
import numpy as np
import pytest
from synthetic_entries import NAM, entry, target, wave

from mne_hnn import Dipole
from mne_hnn.errors import DataError
from mne_hnn.group.alignment import Alignment
from mne_hnn.group.average import group_average
from mne_hnn.group.entry import Entry


def of(subject, size, condition="a", session=None, **more):
    return Entry(subject=subject, condition=condition, session=session, target=target(size=size, **more))


def test_sessions_are_averaged_before_subjects():
    # one subject with three sessions must not count three times
    entries = [of("01", 10, session="1"), of("01", 20, session="2"), of("01", 30, session="3"), of("02", 40)]
    average = group_average(entries)["a"]
    shape = wave(average.times, size=1)
    np.testing.assert_allclose(average.courses, np.outer([20, 40], shape), atol=1e-15)
    np.testing.assert_allclose(average.dipole["agg"], 30 * shape, atol=1e-15)
    assert average.subjects == ("01", "02")


def test_the_patch_of_the_average_is_the_median_one():
    def with_areas(*areas):
        """Return entries whose patches have these areas, mm²; None for one that is not known."""
        plain = [target(size=10 * (k + 1)) for k in range(len(areas))]
        known = [{} if area is None else {"area_mm2": area} for area in areas]
        sized = [
            Dipole(one.data, one.times, ("agg",), provenance={**one.provenance, **area})
            for one, area in zip(plain, known, strict=True)
        ]
        return [Entry(subject=f"{k}", condition="a", target=one) for k, one in enumerate(sized)]

    entries = with_areas(100.0, 500.0, 230.0)
    assert group_average(entries)["a"].dipole.provenance["area_mm2"] == 230.0
    assert "area_mm2" not in group_average(entries, relative=True)["a"].dipole.provenance
    assert "area_mm2" not in group_average(with_areas(100.0, None))["a"].dipole.provenance


def test_mean_and_spread_are_those_of_mne_and_numpy():
    sizes = [12.0, 20.0, 31.0, 18.0]
    entries = [of(f"{k}", size) for k, size in enumerate(sizes)]
    average = group_average(entries)["a"]
    expected = mne.grand_average([one.target for one in entries])
    np.testing.assert_allclose(average.dipole.data, expected.data, atol=1e-20)
    assert isinstance(average.dipole, Dipole)
    assert average.dipole.nave == 4
    shape = np.abs(wave(average.times, size=1))
    np.testing.assert_allclose(average.sd, np.std(sizes, ddof=1) * shape, atol=1e-20)
    np.testing.assert_allclose(average.sem, np.std(sizes, ddof=1) / 2 * shape, atol=1e-20)


def test_one_subject_has_no_spread():
    average = group_average([of("01", 10)])["a"]
    assert np.isnan(average.sd).all()
    assert average.dipole.nave == 1


def test_turned_subjects_are_turned_in_all_conditions():
    entries = [of("01", 10), of("01", 10, "b"), of("02", -10), of("02", -10, "b")]
    averages = group_average(entries, alignment=Alignment(signs={"01": 1, "02": -1}, turned=("02",)))
    for average in averages.values():
        np.testing.assert_allclose(average.courses[0], average.courses[1], atol=1e-22)


def test_relative_targets_count_the_same():
    average = group_average([of("01", 10), of("02", 1000)], relative=True)["a"]
    np.testing.assert_allclose(np.linalg.norm(average.courses, axis=1), 1.0)
    np.testing.assert_allclose(average.courses[0], average.courses[1])
    assert average.dipole.provenance["unit"] == "arbitrary"
    silent = Entry(subject="03", condition="a", target=target(np.zeros(101)))
    assert np.abs(group_average([of("01", 10), silent], relative=True)["a"].courses[1]).max() == 0


def test_arbitrary_units_stay_arbitrary():
    values = wave(np.arange(101) / 500)
    own = Dipole(values, np.arange(101) / 500, ("agg",), provenance={"unit": "arbitrary"})
    assert group_average([Entry(subject="01", condition="a", target=own)])["a"].dipole.provenance["unit"] == "arbitrary"
    assert group_average([of("01", 1)])["a"].dipole.provenance["unit"] == "A m"


def test_all_conditions_have_the_times_of_the_coarsest_target():
    # the coarse, late one has condition b only: a must not be left at its own rate
    entries = [of("01", 20, "a", sfreq=1000.0), of("02", 20, "a", sfreq=1000.0), of("01", 20, "b", sfreq=1000.0)]
    entries.append(of("02", 20, "b", sfreq=250.0, tmin=0.02, tmax=0.18))
    averages = group_average(entries)
    for average in averages.values():
        np.testing.assert_allclose(average.times, np.arange(0.02, 0.1801, 0.004))
        assert average.dipole.info["sfreq"] == pytest.approx(250.0)
        for course in average.courses:
            np.testing.assert_allclose(course, wave(average.times), atol=1e-3 * 20 * NAM)


def test_entries_without_target_are_left_out():
    entries = [
        entry("01", "a"),
        Entry(subject="02", condition="a", status="failed"),
        Entry(subject="03", condition="b"),
    ]
    averages = group_average(entries)
    assert list(averages) == ["a"]
    assert averages["a"].subjects == ("01",)
    with pytest.raises(DataError, match="nothing to average"):
        group_average(entries[1:])
