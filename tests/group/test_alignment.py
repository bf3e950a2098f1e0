"""Signs of the subjects' targets: recovery of what was turned, and what is named."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from synthetic_entries import NAM, entry, target, wave

from mne_hnn.errors import DataError
from mne_hnn.group.alignment import align_polarity, common_courses, recording_courses
from mne_hnn.group.average import group_average
from mne_hnn.group.entry import Entry

TIMES = np.arange(101) / 500.0


def noisy_group(rng, flipped, n=8, noise=0.4):
    """Return entries of two conditions, alike but for size, latency and noise; some subjects are turned over."""
    entries = []
    for k in range(n):
        size, late = float(np.exp(rng.normal(0, 0.4))), rng.normal(0, 0.004)
        for condition, shift in (("a", 0.0), ("b", 0.008)):
            clean = wave(TIMES, size=20 * size, peak=0.07 + late + shift)
            smooth = np.convolve(rng.standard_normal(121), np.hamming(21), "valid")
            course = clean + noise * clean.std() * smooth / smooth.std()
            values = -course if k in flipped else course
            entries.append(Entry(subject=f"{k:02d}", condition=condition, target=target(values)))
    return entries


@pytest.mark.parametrize("seed", range(12))
def test_turned_subjects_are_found(seed):
    rng = np.random.default_rng(seed)
    flipped = set(rng.choice(8, size=rng.integers(0, 4), replace=False).tolist())
    found = align_polarity(noisy_group(rng, flipped))
    assert found.turned == tuple(f"{k:02d}" for k in sorted(flipped))
    assert found.signs == {f"{k:02d}": -1 if k in flipped else 1 for k in range(8)}
    assert not found.doubtful
    assert min(found.correlations.values()) > 0.6


@pytest.mark.parametrize("seed", range(12))
def test_signs_have_the_largest_sum_of_pairwise_products(seed):
    rng = np.random.default_rng(seed)
    courses = rng.standard_normal((7, 101)) + np.outer(rng.normal(0, 0.5, 7), wave(TIMES) / NAM)
    entries = [Entry(subject=f"{k}", condition="a", target=target(row * NAM)) for k, row in enumerate(courses)]
    found = align_polarity(entries)
    units = courses / np.linalg.norm(courses, axis=1, keepdims=True)
    gram = units @ units.T
    best = max(np.array(one) @ gram @ np.array(one) for one in itertools.product((1, -1), repeat=7))
    told = np.array(list(found.signs.values()))
    # what is doubtful stays as its rule has it, at the cost of little
    settled = np.array([subject not in found.doubtful for subject in found.signs])
    others = [np.where(settled, told, one) for one in itertools.product((1, -1), repeat=7)]
    assert max(one @ gram @ one for one in others) == pytest.approx(best)


def test_rules_decide_which_way_is_up_weighted_by_their_confidence():
    def group(confidences, signs):
        return [
            Entry(subject=f"{k}", condition="a", target=target(sign * wave(TIMES), confidence=confidence))
            for k, (confidence, sign) in enumerate(zip(confidences, signs, strict=True))
        ]

    assert align_polarity(group([0.9, 0.9, 0.9], [1, 1, -1])).turned == ("2",)
    # two that hardly know are outvoted by one that does
    assert align_polarity(group([0.3, 0.3, 0.95], [1, 1, -1])).turned == ("0", "1")


def test_each_session_has_a_sign_of_its_own():
    """A rule that reads a component may decide otherwise in another session: as a mean they would cancel."""
    rng = np.random.default_rng(4)
    entries = [
        replace(one, session=session)
        for session, flipped in (("a", set()), ("b", {3}))
        for one in noisy_group(rng, flipped, n=5)
    ]
    found = align_polarity(entries)
    assert found.turned == ("03 ses-b",)
    assert found.signs["03 ses-a"] == 1
    alike = [replace(one, target=target(found.signs[one.recording] * one.target["agg"])) for one in entries]
    aligned, straight = group_average(entries, alignment=found)["a"], group_average(alike)["a"]
    assert aligned.subjects == ("00", "01", "02", "03", "04")
    np.testing.assert_allclose(aligned.courses, straight.courses)


def test_order_of_entries_does_not_matter():
    entries = noisy_group(np.random.default_rng(1), {2, 5})
    one, two = align_polarity(entries), align_polarity(entries[::-1])
    assert one.turned == two.turned == ("02", "05")
    assert one.correlations == pytest.approx(two.correlations)


def test_correlation_is_with_the_mean_of_the_others():
    entries = noisy_group(np.random.default_rng(3), {1}, n=4)
    found = align_polarity(entries)
    names, _, courses = recording_courses(entries)
    courses = courses * np.array([found.signs[one] for one in names])[:, None]
    units = courses / np.linalg.norm(courses, axis=1, keepdims=True)
    for k, name in enumerate(names):
        expected = np.corrcoef(units[k], np.delete(units, k, axis=0).mean(axis=0))[0, 1]
        assert found.correlations[name] == pytest.approx(expected)


def test_a_sign_that_the_data_do_not_tell_stays_as_its_rule_has_it():
    entries = [Entry(subject=f"{k}", condition="a", target=target(wave(TIMES))) for k in range(5)]
    odd = np.sin(2 * np.pi * 60 * TIMES) * NAM
    odd -= 0.015 * wave(TIMES)  # hardly, but negatively, alike
    entries.append(Entry(subject="odd", condition="a", target=target(odd)))
    found = align_polarity(entries)
    assert -0.3 < found.correlations["odd"] < 0
    assert found.doubtful == ("odd",)
    assert found.turned == ()


def test_one_subject_and_none():
    alone = align_polarity([entry("01", "a")])
    assert alone.signs == {"01": 1}
    assert np.isnan(alone.correlations["01"])
    assert alone.turned == alone.doubtful == ()
    assert align_polarity([]).signs == {}
    assert align_polarity([Entry(subject="01", condition="a", status="failed")]).signs == {}


def test_silent_targets_and_unknown_confidence_are_no_obstacle():
    silent = Entry(subject="02", condition="a", target=target(np.zeros(101)))
    unknown = replace(entry("03", "a"), target=target(confidence=None))
    found = align_polarity([entry("01", "a"), silent, unknown])
    assert found.turned == ()
    assert found.doubtful == ("02",)


@pytest.mark.parametrize(
    ("rates", "starts"),
    [
        ((500.0, 1000.0, 600.614990234375), (0.0, 0.0, 0.0)),
        ((1000.0, 1000.0), (0.0, 0.0004)),
        ((1000.0, 1000.0), (0.0, 0.0006)),
        ((500.0, 500.0), (0.01, 0.0)),
    ],
)  # fmt: skip
def test_targets_of_other_rates_and_windows_meet_at_common_times(rates, starts):
    dipoles = [target(sfreq=rate, tmin=start, tmax=start + 0.19) for rate, start in zip(rates, starts, strict=True)]
    times, courses = common_courses(dipoles)
    assert np.median(np.diff(times)) == pytest.approx(1 / min(rates))
    assert times[0] >= max(one.times[0] for one in dipoles) - 0.5 / min(rates)
    assert courses.shape == (len(rates), len(times))
    for row, dipole in zip(courses, dipoles, strict=True):
        inside = (times >= dipole.times[0]) & (times <= dipole.times[-1])
        np.testing.assert_allclose(row[inside], wave(times[inside]), atol=2e-3 * 20 * NAM)


def test_targets_without_a_time_in_common_are_refused():
    with pytest.raises(DataError, match="no time in common"):
        common_courses([target(tmax=0.1), target(tmin=0.12)])
