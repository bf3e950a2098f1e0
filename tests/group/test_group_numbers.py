"""Numbers of a group: signs, averages, comparisons and tables, on subjects whose truth is known."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tables import rows_of

from mne_hnn.dipole import Dipole
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.group.alignment import align_polarity
from mne_hnn.group.average import group_average
from mne_hnn.group.comparison import compare_conditions
from mne_hnn.group.entry import Entry
from mne_hnn.group.influence import leave_one_out
from mne_hnn.group.quantities import Quantity, quantities
from mne_hnn.group.table import (
    QUANTITIES,
    comparison_json,
    comparison_tsv,
    participants_json,
    participants_tsv,
    quantities_json,
    quantities_tsv,
)

TIMES = np.arange(0.0, 0.171, 0.002)


def wave(shift=0.0, size=20e-9):
    def bump(at, width):
        return np.exp(-0.5 * ((TIMES - at - shift) / width) ** 2)

    return size * (0.5 * bump(0.03, 0.008) - bump(0.07, 0.012) + 0.6 * bump(0.13, 0.02))


def entry(subject, condition="a", course=None, *, session=None, sign=1, confidence=0.9, sfreq=None, **more):
    course = wave() if course is None else course
    times = TIMES
    if sfreq is not None:
        times = np.arange(0.0, 0.1701, 1 / sfreq)
        course = np.interp(times, TIMES, course)
    target = Dipole(
        sign * course, times, ("agg",), provenance={"confidence": confidence, "unit": "A m", "standard_error": 1e-9}
    )  # fmt: skip
    return Entry(subject=subject, condition=condition, session=session, target=target, n_epochs=50, **more)


def noisy(rng, n_subjects, effect=0.0, conditions=("a", "b"), noise=1e-9):
    """Return entries of subjects whose second deflection differs between conditions by `effect` (A m)."""
    found = []
    for k in range(n_subjects):
        for condition in conditions:
            extra = effect * np.exp(-0.5 * ((TIMES - 0.1) / 0.006) ** 2) * (condition == conditions[0])
            course = wave(shift=0.002 * rng.standard_normal()) + extra + noise * rng.standard_normal(len(TIMES))
            found.append(entry(f"{k + 1:02d}", condition, course))
    return found


@pytest.mark.parametrize("seed", range(10))
def test_turned_subjects_are_found(seed):
    rng = np.random.default_rng(seed)
    entries = noisy(rng, 9, noise=4e-9)
    turned = set(rng.choice([one.subject for one in entries[::2]], 3, replace=False))
    flipped = [
        entry(one.subject, one.condition, one.target["agg"], sign=-1 if one.subject in turned else 1) for one in entries
    ]
    alignment = align_polarity(flipped)
    assert set(alignment.turned) == turned
    assert min(alignment.correlations.values()) > 0.7
    assert alignment.doubtful == ()
    rng.shuffle(flipped)
    again = align_polarity(flipped)
    assert again.signs == alignment.signs
    assert again.correlations == alignment.correlations


def test_confidence_decides_which_way_is_up():
    entries = [entry("1", confidence=0.95), entry("2", sign=-1, confidence=0.2), entry("3", sign=-1, confidence=0.2)]
    assert align_polarity(entries).turned == ("2", "3")


def test_a_subject_unlike_the_others_is_doubtful():
    rng = np.random.default_rng(0)
    course = 1e-8 * rng.standard_normal(len(TIMES))
    alignment = align_polarity([*noisy(rng, 5), entry("x", "a", course), entry("x", "b", course)])
    assert alignment.doubtful == ("x",)


def test_one_subject_or_none():
    alone = align_polarity([entry("1", sign=-1)])
    assert alone.signs == {"1": 1}
    assert math.isnan(alone.correlations["1"])
    assert align_polarity([Entry(subject="1", condition="a", status="failed")]).signs == {}


def test_average_is_that_of_numpy_after_alignment():
    rng = np.random.default_rng(1)
    entries = noisy(rng, 6, conditions=("a",))
    entries[2] = entry("03", "a", entries[2].target["agg"], sign=-1)
    average = group_average(entries)["a"]
    courses = np.array([one.target["agg"] for one in entries])
    courses[2] *= -1
    np.testing.assert_allclose(average.dipole["agg"], courses.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(average.sd, courses.std(axis=0, ddof=1), rtol=1e-12)
    np.testing.assert_allclose(average.sem, stats.sem(courses), rtol=1e-12)
    assert average.dipole.nave == 6
    relative = group_average(entries, relative=True)["a"]
    np.testing.assert_allclose(np.linalg.norm(relative.courses, axis=1), 1.0)


def test_sessions_are_averaged_before_subjects():
    entries = [
        entry("1", course=wave(size=10e-9), session="x"), entry("1", course=wave(size=30e-9), session="y"),
        entry("2", course=wave(size=40e-9), session="x"),
    ]  # fmt: skip
    average = group_average(entries)["a"]
    assert average.subjects == ("1", "2")
    np.testing.assert_allclose(average.dipole["agg"], wave(size=30e-9), atol=1e-18)


def test_targets_of_other_rates_and_windows_are_brought_together():
    entries = [entry("1"), entry("2", sfreq=1000.0), entry("3", sfreq=333.0)]
    average = group_average(entries)["a"]
    assert len(average.times) == len(entries[2].target.times)
    np.testing.assert_allclose(average.courses, np.tile(wave_at(average.times), (3, 1)), atol=0.02 * 20e-9)


def wave_at(times):
    return np.interp(times, TIMES, wave())


def test_no_target_at_all():
    with pytest.raises(DataError, match="None of the subjects has a target"):
        group_average([Entry(subject="1", condition="a", status="failed")])


def latencies(differences):
    """Return entries whose largest negative deflection comes later by these times (s) in condition a."""
    found = []
    for k, shift in enumerate(differences):
        found += [entry(f"{k:02d}", "a", wave(shift)), entry(f"{k:02d}", "b", wave())]
    return found


def test_paired_comparison_is_that_of_scipy():
    shifts = np.array([0.004, 0.006, 0.002, 0.008, 0.006, 0.004, 0.010])
    comparison = compare_conditions(latencies(shifts), ("a", "b"), n_resamples=2000, seed=3)
    one = comparison["minimum_latency"]
    np.testing.assert_allclose(one.values_a - one.values_b, 1e3 * shifts, atol=1e-9)
    assert one.difference == pytest.approx(1e3 * shifts.mean())
    assert one.p == pytest.approx(2 / 2**7)  # all of the same sign: the two extremes of 128 sign patterns
    assert one.dz == pytest.approx(shifts.mean() / shifts.std(ddof=1))
    interval = stats.bootstrap(
        (one.values_a - one.values_b,), np.mean, n_resamples=2000, method="BCa", rng=np.random.default_rng(3),
        batch=1000,
    ).confidence_interval  # fmt: skip
    student = stats.t.interval(0.95, 6, 1e3 * shifts.mean(), stats.sem(1e3 * shifts))
    assert one.low == pytest.approx(min(interval.low, student[0]))
    assert one.high == pytest.approx(max(interval.high, student[1]))
    assert one.n_same_sign == 7
    assert one.subjects == tuple(f"{k:02d}" for k in range(7))


def test_holm():
    rng = np.random.default_rng(2)
    comparison = compare_conditions(noisy(rng, 8, effect=5e-9), ("a", "b"), n_resamples=999)
    family = sorted((one for one in comparison.differences if one.group == "target"), key=lambda one: one.p)
    p = [one.p for one in family]
    by_hand = np.minimum(1.0, np.maximum.accumulate([(len(p) - k) * value for k, value in enumerate(p)]))
    assert [one.p_holm for one in family] == pytest.approx(list(by_hand))


def test_coverage_and_size_of_the_test():
    """Without an effect, p below 0.05 comes in about 5 % of groups, and the interval holds zero in about 95 %."""
    from mne_hnn.group.resampling import mean_interval, sign_flip_p

    rng = np.random.default_rng(4)

    groups = [rng.standard_normal(12) for _ in range(300)]
    rate = np.mean([sign_flip_p(one, n_resamples=400, seed=k) < 0.05 for k, one in enumerate(groups)])
    found = [mean_interval(one, n_resamples=400, confidence=0.95, seed=k) for k, one in enumerate(groups)]
    cover = np.mean([low <= 0 <= high for low, high in found])
    assert 0.02 < rate < 0.09
    assert 0.87 < cover < 0.98


def test_a_difference_of_waveforms_is_found_where_it_is():
    rng = np.random.default_rng(5)
    effect = noisy(rng, 10, effect=8e-9, noise=2e-9)
    waveform = compare_conditions(effect, ("a", "b"), n_resamples=500).waveform
    significant = [one for one in waveform.clusters if one.p < 0.05]
    assert len(significant) == 1
    assert significant[0].sign == 1
    assert 0.08 < significant[0].tmin < 0.1 < significant[0].tmax < 0.12
    peak = int(np.argmin(np.abs(TIMES - 0.1)))
    assert waveform.low[peak] > 0
    nothing = compare_conditions(noisy(rng, 10, noise=2e-9), ("a", "b"), n_resamples=500).waveform
    assert not [one for one in nothing.clusters if one.p < 0.01]


def test_order_of_entries_makes_no_difference():
    rng = np.random.default_rng(6)
    entries = noisy(rng, 6, effect=3e-9)
    tables = []
    for _ in range(3):
        rng.shuffle(entries)
        tables.append(comparison_tsv(compare_conditions(entries, ("a", "b"), n_resamples=300)))
    assert tables[0] == tables[1] == tables[2]


def test_few_subjects_are_said():
    rng = np.random.default_rng(7)
    two = compare_conditions(noisy(rng, 2), ("a", "b"))
    assert any("cannot give a p below 0.5" in note for note in two.notes)
    assert two.waveform.clusters == ()
    one = compare_conditions(noisy(rng, 1), ("a", "b"))
    assert one.differences == ()
    assert one.waveform is None
    assert any("Only 1 subject(s) have both conditions" in note for note in one.notes)
    with pytest.raises(ParameterError, match="Unknown condition 'c' of the contrast"):
        compare_conditions(noisy(rng, 3), ("a", "c"))


def test_turned_subjects_keep_their_waveform_only():
    rng = np.random.default_rng(8)
    entries = noisy(rng, 6, effect=4e-9)
    turned = [
        entry(one.subject, one.condition, one.target["agg"], sign=-1 if one.subject == "03" else 1) for one in entries
    ]
    comparison = compare_conditions(turned, ("a", "b"), n_resamples=300)
    assert "03" in comparison.waveform.subjects
    assert "03" not in comparison["minimum_amplitude"].subjects
    assert any("03 were turned" in note for note in comparison.notes)
    straight = compare_conditions(entries, ("a", "b"), n_resamples=300)
    np.testing.assert_allclose(comparison.waveform.mean, straight.waveform.mean)


def test_a_turned_session_leaves_the_other_session_in():
    rng = np.random.default_rng(8)
    entries = [replace(one, session=session) for session in ("1", "2") for one in noisy(rng, 6, effect=4e-9)]
    turned = [
        entry(one.subject, one.condition, one.target["agg"], session="2", sign=-1)
        if one.recording == "03 ses-2"
        else one
        for one in entries
    ]
    comparison = compare_conditions(turned, ("a", "b"), n_resamples=300)
    assert any("targets of sub-03 ses-2 were turned" in note for note in comparison.notes)
    assert not any("Not everybody" in note for note in comparison.notes)
    told = comparison["minimum_amplitude"]
    assert "03" in told.subjects
    first = {one.condition: one.target["agg"].min() / 1e-9 for one in entries if one.recording == "03 ses-1"}
    assert told.values_a[told.subjects.index("03")] == pytest.approx(first["a"])


def test_influence_is_the_comparison_without_a_subject():
    shifts = [0.002, -0.002, 0.004, 0.03]
    entries = latencies(shifts)
    comparison = compare_conditions(entries, ("a", "b"), n_resamples=300)
    for one in leave_one_out(comparison):
        without = compare_conditions(
            [other for other in entries if other.subject != one.subject], ("a", "b"), n_resamples=300
        )
        assert one.difference == pytest.approx(without[one.quantity].difference)
        assert one.p == pytest.approx(without[one.quantity].p)


def test_a_subject_that_decides_is_named():
    comparison = compare_conditions(latencies([-0.002, -0.004, -0.002, 0.03]), ("a", "b"), n_resamples=300)
    deciding = [one for one in leave_one_out(comparison) if one.quantity == "minimum_latency" and one.changes_sign]
    assert [one.subject for one in deciding] == ["03"]


def test_ratios_of_what_is_positive(monkeypatch):
    rows = [
        Quantity(subject=str(k), condition=condition, quantity="columns", value=value, unit="", group="parameter")
        for k, pair in enumerate([(2e5, 1e5), (8e4, 2e4), (3e5, 3e5)])
        for condition, value in zip("ab", pair, strict=True)
    ]
    from mne_hnn.group import comparison as module

    monkeypatch.setattr(module, "quantities", lambda entries: rows)
    found = compare_conditions(noisy(np.random.default_rng(0), 3), ("a", "b"), n_resamples=100)["columns"]
    assert found.scale == "log"
    assert found.difference == pytest.approx((2 * 4 * 1) ** (1 / 3))
    assert found.mean_a / found.mean_b == pytest.approx(found.difference)


def test_tables_come_back():
    entries = [
        entry("01", "go", explained={"mag": 0.91}),
        entry("01", "no go", wave(0.01)),
        Entry(subject="02", condition="go", status="failed", step="load", error="The file\tis cut\noff."),
        entry("02", "no go", template="fsaverage"),
    ]
    rows = quantities(entries)
    table = rows_of(quantities_tsv(rows))
    assert len(table) == len(rows)
    assert set(table[0]) == set(quantities_json()) == set(QUANTITIES)
    (minimum,) = [
        one for one in table if one["quantity"] == "minimum_latency" and one["condition"] == "no go"
        and one["participant_id"] == "sub-01"
    ]  # fmt: skip
    assert float(minimum["value"]) == pytest.approx(80.0)
    assert minimum["low"] == minimum["session"] == "n/a"
    wide = {one["participant_id"]: one for one in rows_of(participants_tsv(entries))}
    assert wide["sub-01"]["status"] == "ok"
    assert wide["sub-02"]["status"] == "partial"
    assert wide["sub-02"]["anatomy"] == "fsaverage"
    assert wide["sub-02"]["error"] == "The file is cut off."
    assert float(wide["sub-01"]["nogo_latency"]) == pytest.approx(80.0)
    assert float(wide["sub-01"]["go_amplitude"]) == pytest.approx(wave().min() * 1e9, rel=1e-6)
    assert wide["sub-02"]["go_amplitude"] == "n/a"
    told = participants_json(entries)
    assert set(told) == set(wide["sub-01"])
    json.dumps(told)


def test_sessions_make_columns_of_their_own():
    entries = [entry("1", session="pre"), entry("1", session="post")]
    (row,) = rows_of(participants_tsv(entries))
    assert {"pre_a_latency", "post_a_latency"} <= set(row)


def test_nothing_compared_is_a_header():
    assert comparison_tsv(None).splitlines() == ["\t".join(comparison_json())]
    rng = np.random.default_rng(9)
    comparison = compare_conditions(noisy(rng, 4), ("a", "b"), n_resamples=100)
    assert "'a'" in comparison_json(comparison)["mean_a"]["Description"]
    assert len(rows_of(comparison_tsv(comparison))) == len(comparison.differences)


def test_arbitrary_units_are_no_nanoamperes():
    one = entry("1")
    target = Dipole(one.target["agg"] / 20e-9, TIMES, ("agg",), provenance={"unit": "arbitrary"})
    rows = {row.quantity: row for row in quantities([replace(one, target=target)])}
    assert rows["minimum_amplitude"].unit == "arbitrary"
    assert rows["minimum_amplitude"].value == pytest.approx(target["agg"].min())
