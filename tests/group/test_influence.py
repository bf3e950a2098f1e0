"""Leaving one subject out: what is left, and whose absence changes what is said."""

import numpy as np
import pytest
from scipy import stats
from synthetic_entries import TIME, WEIGHT, entry, pairs

from mne_hnn.group.comparison import compare_conditions
from mne_hnn.group.influence import leave_one_out
from mne_hnn.group.wording import hanging, nothing_hangs


def without(later):
    """Return the comparison of the drive's time, and what is left without each subject."""
    comparison = compare_conditions(pairs(later), ("a", "b"), n_resamples=999)
    return comparison[TIME], {one.subject: one for one in leave_one_out(comparison) if one.quantity == TIME}


def test_what_is_left_is_what_the_others_show():
    later = np.array([4.0, 7.5, 9.0, -1.0, 5.5, 6.0, 3.0])
    _, left = without(later)
    assert list(left) == [f"{k:02d}" for k in range(1, 8)]
    for k, one in enumerate(left.values()):
        others = np.delete(later, k)
        assert one.difference == pytest.approx(others.mean())
        expected = stats.permutation_test((others,), np.mean, permutation_type="samples", vectorized=True)
        assert one.p == pytest.approx(expected.pvalue)


def test_leaving_out_is_comparing_the_others():
    later = [4.0, 7.5, 9.0, -1.0, 5.5, 6.0, 3.0]
    _, left = without(later)
    others = [one for one in pairs(later) if one.subject != "04"]
    again = compare_conditions(others, ("a", "b"), n_resamples=999)[TIME]
    assert left["04"].difference == pytest.approx(again.difference)
    assert left["04"].p == pytest.approx(again.p)


def test_a_subject_that_decides_the_sign_is_found():
    whole, left = without([-1.0, -2.0, -1.5, -0.5, 40.0, -1.0, -2.0])
    assert whole.difference > 0
    assert [one.subject for one in left.values() if one.changes_sign] == ["05"]
    assert left["05"].difference == pytest.approx(-8 / 6)


def test_a_subject_that_decides_the_verdict_is_found():
    # seven agree and one stands against them so far that nothing is significant
    whole, left = without([3.0, 4.0, 3.5, 4.5, 3.2, 3.8, 4.1, -20.0])
    assert whole.p > 0.05
    assert [one.subject for one in left.values() if one.changes_verdict] == ["08"]
    assert left["08"].p == pytest.approx(2 / 2**7)


def test_a_verdict_that_so_few_could_not_reach_does_not_hang_on_anybody():
    # six that agree reach 0.03; no five could, whoever is left out
    whole, left = without([3.0, 4.0, 3.5, 4.5, 3.2, 3.8])
    assert whole.p == pytest.approx(2 / 2**6)
    assert {one.p for one in left.values()} == {2 / 2**5}
    assert not any(one.changes_verdict for one in left.values())


def test_ratios_stay_ratios():
    ratios = [1.5, 2.0, 1.2, 1.8]
    entries = [
        entry(f"{k}", condition, weight=1e-4 * (ratio if condition == "a" else 1))
        for k, ratio in enumerate(ratios)
        for condition in ("a", "b")
    ]
    comparison = compare_conditions(entries, ("a", "b"), n_resamples=999)
    left = [one for one in leave_one_out(comparison) if one.quantity == WEIGHT]
    for k, one in enumerate(left):
        assert one.difference == pytest.approx(stats.gmean(np.delete(ratios, k)))
        assert not one.changes_sign


def test_two_subjects_leave_nothing_to_compare():
    assert leave_one_out(compare_conditions(pairs([4.0, 5.0]), ("a", "b"), n_resamples=999)) == ()


def test_what_is_the_same_in_everybody_has_no_influence():
    for later in (0.0, 3.0):
        _, left = without([later] * 4)
        assert left == {}


@pytest.mark.parametrize(("n", "told"), [(5, False), (6, False), (7, True)])
def test_too_few_subjects_cannot_reassure(n, told):
    """Six subjects that agree have p = 0.03, and five of them at least 0.06: that nothing changes says nothing."""
    comparison = compare_conditions(pairs([4.0, 7.5, 9.0, 5.0, 5.5, 6.0, 3.0][:n]), ("a", "b"), n_resamples=999)
    assert not any(one.changes_verdict for one in leave_one_out(comparison))
    words = nothing_hangs(comparison)
    assert words.startswith("No verdict changes" if told else f"With {n} subjects this cannot be told")
    assert ("below 0.05" in words) is not told


def test_a_verdict_is_by_the_level_of_the_comparison():
    """At 90 % confidence six subjects can lose a verdict: p = 0.0625 of five is below 0.1."""
    later = [4.0, 7.5, 9.0, 5.0, 5.5, -6.0]
    loose, strict = (compare_conditions(pairs(later), ("a", "b"), confidence=level) for level in (0.9, 0.95))
    assert loose[TIME].p > 0.1
    assert [one.subject for one in leave_one_out(loose) if one.changes_verdict and one.quantity == TIME] == ["06"]
    assert not any(one.changes_verdict for one in leave_one_out(strict))


def test_a_direction_that_hangs_on_one_subject_is_said():
    comparison = compare_conditions(pairs([-1.0, -2.0, -1.5, -0.5, 40.0, -1.0, -2.0]), ("a", "b"), n_resamples=999)
    said = hanging(leave_one_out(comparison), comparison)
    assert any("the direction of the difference changes without sub-05." in one for one in said)
