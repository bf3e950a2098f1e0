"""Differences between conditions: the numbers of scipy and of closed forms, and what is said when there are too few."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from synthetic_entries import NAM, TIME, WEIGHT, entry, fit, pairs, target, wave

from mne_hnn.errors import ParameterError
from mne_hnn.group.alignment import Alignment, align_polarity
from mne_hnn.group.comparison import compare_conditions
from mne_hnn.group.entry import Entry
from mne_hnn.group.resampling import mean_interval

LATER = np.array([4.0, 7.5, 9.0, -1.0, 5.5, 6.0, 3.0, 8.0])
FAST = {"n_resamples": 999}


def test_difference_interval_and_effect_are_those_of_scipy():
    one = compare_conditions(pairs(LATER), ("a", "b"), seed=3, n_resamples=2000)[TIME]
    assert one.difference == pytest.approx(LATER.mean())
    assert one.mean_a - one.mean_b == pytest.approx(LATER.mean())
    np.testing.assert_allclose(one.values_a - one.values_b, LATER)
    expected = stats.bootstrap(
        (LATER,), np.mean, n_resamples=2000, confidence_level=0.95, method="BCa", rng=np.random.default_rng(3)
    ).confidence_interval
    # eight subjects: the wider of the bootstrap's interval and Student's t
    student = stats.t.interval(0.95, 7, LATER.mean(), stats.sem(LATER))
    assert one.low == pytest.approx(min(expected.low, student[0]))
    assert one.high == pytest.approx(max(expected.high, student[1]))
    assert one.dz == pytest.approx(LATER.mean() / LATER.std(ddof=1))
    # dz is the t statistic over the root of n
    assert one.dz == pytest.approx(stats.ttest_1samp(LATER, 0).statistic / np.sqrt(8))
    assert (one.n_same_sign, one.scale, one.unit, one.group) == (7, "linear", "ms", "parameter")


def test_p_is_that_of_all_signs():
    one = compare_conditions(pairs(LATER), ("a", "b"))[TIME]
    means = [np.mean(np.array(signs) * LATER) for signs in itertools.product((1, -1), repeat=8)]
    assert one.p == pytest.approx(np.mean(np.abs(means) >= LATER.mean() - 1e-12))


@pytest.mark.parametrize("n", [2, 3, 5, 6])
def test_the_smallest_p_is_two_over_all_signs(n):
    comparison = compare_conditions(pairs(np.linspace(5, 8, n)), ("a", "b"), **FAST)
    assert comparison[TIME].p == pytest.approx(2 / 2**n)
    told = [note for note in comparison.notes if "cannot give a p below" in note]
    assert len(told) == (n < 6)
    if n < 6:
        assert f"{2 / 2**n:.3g}" in told[0]


def test_many_subjects_are_resampled_with_the_seed():
    later = np.random.default_rng(0).normal(1.5, 2, 20)
    one, two, other = (compare_conditions(pairs(later), ("a", "b"), seed=seed, n_resamples=4000) for seed in (1, 1, 2))
    assert one[TIME].p == two[TIME].p
    assert one[TIME].low == two[TIME].low
    np.testing.assert_array_equal(one.waveform.low, two.waveform.low)
    assert one[TIME].low != other[TIME].low
    # close to Student's test, as the differences are normal
    assert one[TIME].p == pytest.approx(stats.ttest_1samp(later, 0).pvalue, abs=0.01)


def test_null_differences_are_called_by_chance_only():
    rng = np.random.default_rng(7)
    called = [compare_conditions(pairs(rng.normal(0, 3, 7)), ("a", "b"), **FAST)[TIME].p < 0.05 for _ in range(60)]
    assert np.sum(called) <= 8  # 3 expected; more than 8 in less than 1 of 100


def test_weights_and_columns_are_compared_as_ratios():
    ratios = np.array([1.5, 2.0, 1.2, 1.8, 0.9, 1.6])
    entries = [
        entry(f"{k}", condition, weight=1e-4 * (k + 1) * (ratio if condition == "a" else 1), columns=500.0 * (k + 1))
        for k, ratio in enumerate(ratios)
        for condition in ("a", "b")
    ]
    comparison = compare_conditions(entries, ("a", "b"), seed=5)
    one = comparison[WEIGHT]
    assert one.scale == "log"
    assert one.difference == pytest.approx(stats.gmean(ratios))
    assert one.mean_b == pytest.approx(stats.gmean(1e-4 * np.arange(1, 7)))
    logs = np.log(ratios)
    expected = stats.bootstrap((logs,), np.mean, n_resamples=10000, rng=np.random.default_rng(5)).confidence_interval
    # resamples that tie with the mean are told from it by rounding, which moves the bias correction a little
    student = stats.t.interval(0.95, 5, logs.mean(), stats.sem(logs))
    low, high = min(expected.low, student[0]), max(expected.high, student[1])
    assert (one.low, one.high) == pytest.approx((np.exp(low), np.exp(high)), rel=0.01)
    assert one.dz == pytest.approx(logs.mean() / logs.std(ddof=1))
    assert one.n_same_sign == 5
    # swapping the conditions gives the reciprocal, which no mean of differences or of ratios would
    swapped = compare_conditions(entries, ("b", "a"))[WEIGHT]
    assert swapped.difference == pytest.approx(1 / one.difference)
    assert swapped.p == pytest.approx(one.p)
    equal = comparison["columns"]
    assert (equal.difference, equal.low, equal.high, equal.p) == pytest.approx((1, 1, 1, 1))
    assert np.isnan(equal.dz)
    assert equal.n_same_sign == 0


def test_equal_differences_but_for_rounding_have_no_effect_size():
    one = compare_conditions(pairs([0.1] * 6, start=70.3), ("a", "b"), **FAST)[TIME]
    assert one.difference == pytest.approx(0.1)
    assert (one.low, one.high) == pytest.approx((0.1, 0.1))
    assert np.isnan(one.dz)


def test_holm_against_a_worked_example():
    from mne_hnn.group.comparison import _correct

    base = compare_conditions(pairs(LATER), ("a", "b"), **FAST).differences[0]
    p_values = {"w": 0.01, "x": 0.04, "y": 0.03, "z": 0.005}
    some = [replace(base, quantity=name, p=p) for name, p in p_values.items()]
    other = replace(base, quantity="v", group="target", p=0.04)
    found = {one.quantity: one.p_holm for one in _correct([*some, other])}
    # 4 x 0.005, 3 x 0.01, 2 x 0.03, and 1 x 0.04 not below the one before; another family counts for itself
    assert found == pytest.approx({"z": 0.02, "w": 0.03, "y": 0.06, "x": 0.06, "v": 0.04})


def test_what_is_the_same_in_everybody_is_no_test_to_correct_for():
    # time differs; weight and columns do not in anybody, and neither does the strength, but for rounding
    comparison = compare_conditions(pairs(np.linspace(5, 8, 7)), ("a", "b"), **FAST)
    assert [one.p for one in comparison.differences if one.group == "parameter"] == [2 / 2**7, 1, 1, 1]
    assert comparison[TIME].p_holm == pytest.approx(2 / 2**7)
    assert comparison[WEIGHT].p_holm == 1


def test_what_correction_makes_impossible_is_said():
    rng = np.random.default_rng(0)
    entries = []
    for one in pairs(rng.normal(5, 0.1, 6)):
        more = {f"drives.evdist1.weights_nmda.cell{k}": float(np.exp(rng.normal())) for k in range(4)}
        entries.append(replace(one, fit=fit({TIME: one.fit.estimates[0].value, **more})))
    comparison = compare_conditions(entries, ("a", "b"), **FAST)
    # six agree, which has p = 2 / 2**6, but with five parameters that is no more than 0.16
    assert comparison[TIME].p_holm == pytest.approx(5 * 2 / 2**6)
    told = [note for note in comparison.notes if "6 subjects and 5 parameters" in note]
    assert len(told) == 1
    assert "cannot be below 0.16" in told[0]
    # a family of one is not corrected: nothing is impossible there
    alone = [replace(one, fit=None, target=None, explained={"mag": rng.random()}) for one in entries]
    assert compare_conditions(alone, ("a", "b"), alignment=Alignment(), **FAST).notes == ()


def test_sessions_are_averaged_within_the_subject():
    entries = pairs([3.0, 5.0, 7.0])
    second = [entry("01", "a", session="2", time=90.0), entry("01", "b", session="2", time=80.0)]
    sessions = [*(replace(one, session="1") for one in entries), *second]
    one = compare_conditions(sessions, ("a", "b"), **FAST)[TIME]
    np.testing.assert_allclose(one.values_a - one.values_b, [(3.0 + 10.0) / 2, 5.0, 7.0])


def test_a_session_without_one_of_the_conditions_does_not_count():
    entries = [replace(one, session="1") for one in pairs([3.0, 5.0, 7.0])]
    found = compare_conditions([*entries, entry("01", "a", session="2", time=90.0)], ("a", "b"), **FAST)
    np.testing.assert_allclose(found[TIME].values_a - found[TIME].values_b, [3.0, 5.0, 7.0])
    assert "Sessions with one of the conditions only are left out: sub-01 2." in found.notes


def test_conditions_that_were_sessions_are_compared():
    entries = [replace(one, session="1" if one.condition == "a" else "2") for one in pairs([3.0, 5.0, 7.0])]
    one = compare_conditions(entries, ("a", "b"), **FAST)[TIME]
    np.testing.assert_allclose(one.values_a - one.values_b, [3.0, 5.0, 7.0])


@pytest.mark.parametrize("n", [3, 5, 8])
def test_intervals_of_few_subjects_hold_the_mean_as_often_as_they_say(n):
    rng = np.random.default_rng(n)
    held = [
        low <= 0 <= high
        for low, high in (
            mean_interval(rng.standard_normal(n), n_resamples=300, confidence=0.95, seed=k) for k in range(400)
        )
    ]
    assert 0.93 < np.mean(held) < 0.99


def test_order_of_entries_does_not_matter():
    entries = pairs(LATER)
    shuffled = [entries[k] for k in np.random.default_rng(0).permutation(len(entries))]
    one, two = (compare_conditions(some, ("a", "b"), **FAST) for some in (entries, shuffled))
    for first in one.differences:
        second = two[first.quantity]
        assert (first.subjects, first.low, first.p, first.p_holm) == (
            second.subjects, second.low, second.p, second.p_holm
        )  # fmt: skip


def test_parameters_and_deflections_of_turned_subjects_do_not_count():
    entries = pairs(LATER)
    turned = Alignment(signs={f"{k:02d}": -1 if k == 4 else 1 for k in range(1, 9)}, turned=("04",))
    comparison = compare_conditions(entries, ("a", "b"), alignment=turned, **FAST)
    assert "04" not in comparison[TIME].subjects
    assert "04" not in comparison["minimum_latency"].subjects
    assert "04" in comparison["r_squared"].subjects
    assert "04" in comparison.waveform.subjects
    assert any("04" in note and "turned" in note for note in comparison.notes)
    assert comparison[TIME].difference == pytest.approx(np.delete(LATER, 3).mean())


def test_few_left_by_turning_count_in_the_smallest_p():
    # six pairs could reach 0.03, but parameters have five
    turned = Alignment(signs={"01": -1}, turned=("01",))
    comparison = compare_conditions(pairs(LATER[:6]), ("a", "b"), alignment=turned, **FAST)
    assert len(comparison[TIME].subjects) == 5
    assert any("0.0625" in note for note in comparison.notes)


def test_who_has_one_condition_only_or_failed_is_left_out_and_named():
    entries = pairs(LATER[:4])
    entries[7] = replace(entries[7], status="failed", target=None, fit=None, error="No.")
    comparison = compare_conditions(entries, ("a", "b"), **FAST)
    assert comparison[TIME].subjects == ("01", "02", "03")
    assert any("04" in note and "one of the conditions only" in note for note in comparison.notes)


def test_fewer_than_two_pairs_give_no_number_and_say_so():
    comparison = compare_conditions(pairs([5.0]), ("a", "b"), **FAST)
    assert comparison.differences == ()
    assert comparison.waveform is None
    assert any("nothing was compared" in note for note in comparison.notes)


def test_quantities_that_too_few_have_are_named():
    entries = pairs(LATER[:3])
    # only one subject has a second drive
    more = fit({TIME: 70.0, "drives.evprox2.mu_ms": 120.0})
    entries[:2] = [replace(one, fit=more) for one in entries[:2]]
    comparison = compare_conditions(entries, ("a", "b"), **FAST)
    assert "drives.evprox2.mu_ms" not in [one.quantity for one in comparison.differences]
    assert any("drives.evprox2.mu_ms" in note and "not compared" in note for note in comparison.notes)


def test_entries_without_fits_are_compared_by_their_targets():
    entries = [replace(one, fit=None) for one in pairs(LATER)]
    comparison = compare_conditions(entries, ("a", "b"), **FAST)
    assert {one.group for one in comparison.differences if one.quantity != "explained_mag"} == {"target"}
    assert comparison.waveform is not None


def test_wrong_contrasts_are_refused():
    entries = pairs(LATER[:3])
    with pytest.raises(ParameterError, match=r"Unknown condition 'A'.*Did you mean 'a'"):
        compare_conditions(entries, ("A", "b"))
    with pytest.raises(ParameterError, match="two different"):
        compare_conditions(entries, ("a", "a"))
    with pytest.raises(ParameterError, match="two different"):
        compare_conditions(entries, ("a", "b", "c"))
    with pytest.raises(ParameterError, match="confidence"):
        compare_conditions(entries, ("a", "b"), confidence=95)


# waveforms -------------------------------------------------------------------------------------------------


def with_bump(n=10, size=8.0, seed=0):
    """Return entries whose first condition has more at 120 to 140 ms, in noise that is smooth in time."""
    rng, times = np.random.default_rng(seed), np.arange(101) / 500
    bump = size * NAM * np.exp(-0.5 * ((times - 0.13) / 0.006) ** 2)
    entries = []
    for k in range(n):
        for condition in ("a", "b"):
            noise = np.convolve(rng.standard_normal(111), np.hamming(11), "valid")
            course = wave(times) + NAM * noise / 3 + (bump if condition == "a" else 0)
            entries.append(Entry(subject=f"{k:02d}", condition=condition, target=target(course)))
    return entries


@pytest.mark.parametrize("seed", range(4))
def test_an_inserted_difference_is_found_where_it_is_and_nowhere_else(seed):
    found = compare_conditions(with_bump(seed=seed), ("a", "b"), **FAST).waveform
    reached = [one for one in found.clusters if one.p < 0.05]
    assert len(reached) == 1
    assert reached[0].sign == 1
    assert 0.100 <= reached[0].tmin <= 0.128
    assert 0.132 <= reached[0].tmax <= 0.160
    swapped = compare_conditions(with_bump(seed=seed), ("b", "a"), **FAST).waveform
    assert [one.sign for one in swapped.clusters if one.p < 0.05] == [-1]


def test_no_difference_gives_no_cluster():
    found = [compare_conditions(with_bump(size=0, seed=seed), ("a", "b"), **FAST).waveform for seed in range(20)]
    reached = [any(one.p < 0.05 for one in waveform.clusters) for waveform in found]
    assert np.sum(reached) <= 4  # 1 expected


def test_the_mean_difference_and_its_interval():
    found = compare_conditions(with_bump(), ("a", "b"), n_resamples=2000).waveform
    np.testing.assert_allclose(found.mean, found.courses.mean(axis=0))
    assert found.courses.shape == (10, 101)
    # of ten subjects, percentiles of the bootstrap are narrower than Student's interval
    half = stats.t.ppf(0.975, 9) * found.courses.std(axis=0, ddof=1) / np.sqrt(10)
    np.testing.assert_allclose(found.high - found.mean, half)
    truth = 8 * NAM * np.exp(-0.5 * ((found.times - 0.13) / 0.006) ** 2)
    assert np.mean((found.low <= truth) & (truth <= found.high)) > 0.8


def test_waveforms_of_different_rates_are_subtracted_at_the_same_times():
    # condition b of one subject is coarse: subtracting sample by sample would compare different times
    entries = [
        Entry(subject=f"{k}", condition=condition, target=target(sfreq=250.0 if (k, condition) == (2, "b") else 1000.0))
        for k in range(3)
        for condition in ("a", "b")
    ]
    found = compare_conditions(entries, ("a", "b"), **FAST).waveform
    assert len(found.times) == 51
    assert np.abs(found.courses).max() < 1e-3 * 20 * NAM


def test_targets_that_are_equal_have_no_clusters():
    found = compare_conditions([entry(f"{k}", c) for k in range(4) for c in "ab"], ("a", "b"), **FAST).waveform
    assert found.clusters == ()
    np.testing.assert_array_equal(found.mean, 0)


def test_signs_are_found_if_they_are_not_given():
    entries = with_bump(n=6)
    flipped = [
        replace(one, target=target(-one.target["agg"])) if one.subject == "03" else one for one in entries
    ]  # fmt: skip
    assert align_polarity(flipped).turned == ("03",)
    one, two = (compare_conditions(some, ("a", "b"), **FAST).waveform for some in (entries, flipped))
    np.testing.assert_allclose(one.courses, two.courses, atol=1e-20)


def test_a_comparison_is_a_table():
    pandas = pytest.importorskip("pandas")
    comparison = compare_conditions(pairs(LATER), ("a", "b"), **FAST)
    table = comparison.to_data_frame()
    assert isinstance(table, pandas.DataFrame)
    assert table.loc[TIME, "difference"] == pytest.approx(LATER.mean())
    assert table.loc[TIME, "n"] == 8
    assert list(table.index) == [one.quantity for one in comparison.differences]
