"""Explanations of a rhythm: columns of a power, what a regime asks, evidence, order, verdict, words, tables, files."""

from dataclasses import replace

import numpy as np
import pytest
from explained_rhythms import (
    FIRING,
    L5P,
    PRIOR,
    SETTINGS,
    COLUMN_nAm,
    column,
    explanation,
    explanations,
    records,
    simulated,
)
from scipy.special import polygamma

from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import Evidence, RhythmExplanations, RhythmicSettings, read_rhythm_explanations
from mne_hnn.fit.plain_settings import plain_settings, typed_settings
from mne_hnn.fit.rhythm_goal import rhythm_goal
from mne_hnn.fit.rhythm_judging import Sureness, with_evidence
from mne_hnn.fit.rhythm_moment import RhythmMoment
from mne_hnn.fit.rhythm_regime import RhythmRegime, counts_of, rate_distances
from mne_hnn.spectra import power_spectrum

NO_ROOM = ("Its cells do not fit into the patch: too many.",)
FIRES = ("Pyramidal cells fire in it in 1 of 4 fresh trials, although the search was for cells that do not.",)
NOTHING = ("It explains nothing of the rhythm: its loss is 1.",)


def goal_of(target, **changes):
    return rhythm_goal(target, replace(SETTINGS, **changes))


@pytest.fixture(scope="module")
def silent():
    """As near as the sampling lets it be; the number of columns is plausible below threshold."""
    return explanation("silent", records(seed=1), {}, records(size_nAm=12.0, seed=2, area_mm2=400.0))


@pytest.fixture(scope="module")
def spiking():
    return explanation(
        "spiking", records(seed=3, size_nAm=0.02), FIRING, records(size_nAm=12.0, seed=2, area_mm2=400.0)
    )


# -- columns


def test_the_moment_of_a_sinusoid_is_its_amplitude():
    moment = RhythmMoment.of(goal_of(records(12.0, size_nAm=7.0, noise=0.0, n=8)), column())
    assert moment.amplitude_nAm == pytest.approx(7.0, rel=0.05)


def test_columns_in_step_have_the_power_of_the_target():
    own = records(seed=5)
    target = [replace_data(one, 3000.0) for one in own]
    moment = RhythmMoment.of(goal_of(target), column())
    assert moment.columns(simulated(own, {})) == pytest.approx(3000.0)
    assert np.isnan(moment.columns(simulated([replace_data(one, 0.0) for one in own], {})))


def replace_data(dipole, factor):
    """Return a dipole times a number."""
    copied = dipole.copy()
    copied.data = copied.data * factor
    return copied


def test_a_shape_has_no_columns():
    freqs, power = power_spectrum(records(size_nAm=10.0), fmin=2.0, fmax=50.0)
    network = column()
    assert RhythmMoment.of(goal_of((freqs, power)), network) is None
    assert RhythmMoment.of(goal_of(records(unit="a.u.")), network) is None
    assert RhythmMoment.of(goal_of(records(), aperiodic="remove"), network) is None
    assert RhythmMoment.of(goal_of(None, bands=[(8, 12)]), network) is None
    kept = RhythmMoment.of(goal_of((freqs, power), aperiodic="keep"), network)
    assert kept.columns(simulated(records(), {})) == 1.0


# -- what a regime asks


def regime(name, moment=None):
    return RhythmRegime(regime=name, prior=PRIOR, burn_in_ms=50.0, moment=moment)


def loss(name, rates, moment=None, dipoles=None, **options):
    return regime(name, moment).score(simulated(records() if dipoles is None else dipoles, rates, **options)).loss


def test_a_silent_column_pays_for_spikes_of_pyramidal_cells():
    assert loss("silent", {}) == loss("silent", {"L5_basket": 2.0}) == 0.0
    one, more = loss("silent", {L5P: 0.1}), loss("silent", {L5P: 3.0})
    assert 1.0 < one < more
    assert loss("silent", {L5P: 0.1}, around_ms=20.0) == one  # in the burn-in, too


def test_a_spiking_column_has_rates_to_meet():
    expected, none = loss("spiking", FIRING), loss("spiking", {})
    assert expected == pytest.approx(0.0, abs=0.01)
    assert none > 1.0 + loss("spiking", {name: 4 * rate for name, rate in FIRING.items()})
    # two standard deviations of one type cost a tenth
    two = FIRING | {L5P: PRIOR.spikes_in(250.0)[L5P].median * PRIOR.spikes[L5P].factor ** 2}
    assert loss("spiking", two) - expected == pytest.approx(0.1, rel=0.05)
    assert loss("spiking", FIRING, around_ms=20.0) == none  # the burn-in does not count


def test_more_time_allows_more_spikes():
    counts = counts_of(simulated(records(), FIRING), 50.0)
    far = rate_distances(counts, PRIOR)
    assert max(map(abs, far.values())) < 0.3
    shorter = rate_distances(counts_of(simulated(records(), FIRING), 175.0), PRIOR)
    assert shorter[L5P] - far[L5P] == pytest.approx(np.log(2) / np.log(PRIOR.spikes[L5P].factor))


def test_implausible_columns_cost_where_they_can_be_counted():
    moment = RhythmMoment.of(goal_of(records(size_nAm=12.0, area_mm2=400.0)), column())
    usual, few, many = (
        loss("silent", {}, moment, records(size_nAm=size))
        for size in (COLUMN_nAm / 4, COLUMN_nAm * 1e3, COLUMN_nAm / 1e3)
    )
    assert usual < 0.2 < min(few, many)
    assert regime("silent", moment).identity != regime("silent").identity != regime("spiking").identity


# -- how sure


def test_the_variance_of_a_spectrum_is_that_of_its_degrees_of_freedom():
    rng = np.random.default_rng(3)
    times = np.arange(301) / 1e3
    dipoles = [type(records(n=1)[0])(rng.standard_normal(301), times, ("agg",)) for _ in range(1200)]
    logs = [
        np.log(power_spectrum(dipoles[3 * k : 3 * k + 3], fmin=20.0, fmax=60.0, bandwidth=12.0)[1][::16])
        for k in range(400)
    ]
    sure = Sureness.of(goal_of(dipoles[:3]), SETTINGS, PRIOR)
    own = sure.variance - (2 * PRIOR.discrepancy) ** 2 - polygamma(1, 2.0 * SETTINGS.n_final)
    assert np.var(logs) == pytest.approx(own, rel=0.15)
    assert sure.n_bands == pytest.approx(48.0 / 12.0)


def test_only_trials_say_how_sure_a_spectrum_is():
    trials = records()
    assert Sureness.of(goal_of(trials[:1]), SETTINGS, PRIOR) is None
    assert Sureness.of(goal_of(power_spectrum(trials)), SETTINGS, PRIOR) is None
    assert Sureness.of(goal_of(None, bands=[(8, 12)]), SETTINGS, PRIOR) is None
    few, many = (Sureness.of(goal_of(records(n=n)), SETTINGS, PRIOR) for n in (2, 50))
    assert many.variance < few.variance


def test_evidence_is_of_spectrum_spikes_and_columns(silent, spiking):
    target = records(size_nAm=12.0, seed=2, area_mm2=400.0)
    goal = goal_of(target)
    moment, sure = RhythmMoment.of(goal, column()), Sureness.of(goal, SETTINGS, PRIOR)
    first, second = with_evidence([silent, spiking], sure, PRIOR, moment)
    assert list(first.evidence.parts) == ["spectrum", "columns", "cells"]
    assert list(second.evidence.parts) == ["spectrum", "spikes", "columns", "cells"]
    assert first.evidence.parts["columns"] == pytest.approx(-0.5 * silent.distances["columns"] ** 2)
    assert first.evidence.error > 0
    # twice the distance is four times the squares, in units of what the nearest leaves
    far = [replace(silent, loss=1.0), replace(silent, loss=2.0)]
    near, farther = (one.evidence.parts["spectrum"] for one in with_evidence(far, sure, PRIOR, moment))
    assert near == pytest.approx(-0.5 * sure.n_bands)
    assert farther == pytest.approx(4 * near)


# -- what speaks against one


def test_what_does_not_do_what_it_should_is_refused(silent, spiking):
    assert all((silent.admissible, spiking.admissible))
    target = records(size_nAm=12.0, seed=2, area_mm2=400.0)
    loud = explanation("silent", records(seed=1), {L5P: 0.2}, target)
    assert loud.refusals[0].startswith("Pyramidal cells fire in it in 4 of 4 fresh trials")
    quiet = explanation("spiking", records(seed=1), {"L5_basket": 1.0}, target)
    assert quiet.refusals[0].startswith("No pyramidal cell fires in it after the burn-in")
    assert not any((loud.in_regime, quiet.in_regime, loud.impossible))
    narrow = explanation("silent", records(seed=1), {}, records(size_nAm=12.0, seed=2, area_mm2=1.0))
    assert narrow.refusals[0].startswith("Its cells do not fit into the patch: ")
    assert all((narrow.impossible, narrow.in_regime))
    elsewhere = explanation("silent", records(30.0, seed=1), {}, target)
    assert elsewhere.refusals[0].startswith("It explains nothing of the rhythm: its loss is ")
    assert elsewhere.in_regime
    assert not elsewhere.impossible


def test_an_explanation_tells_how_near_it_is(silent, spiking):
    assert silent.loss == pytest.approx(goal_of(records(size_nAm=12.0, seed=2)).objective.loss_of(records(seed=1)))
    assert 0 < silent.loss_error < 0.2
    assert silent.likeness > 0.9
    assert silent.columns == pytest.approx(12.0 / COLUMN_nAm, rel=0.3)
    assert silent.amplitude.patch_mm2 == 400.0
    assert set(silent.distances) == {"columns"}
    assert {"columns_per_nAm", "fraction", f"spikes.{L5P}"} < set(spiking.distances)
    assert silent.bursts == (("proximal", 10.0),)
    assert "RhythmExplanation (silent): proximal 10.0 Hz; loss 0." in repr(silent)


def test_equal_trials_leave_no_error():
    item = explanation("silent", records(n=1) * 4, {}, records(seed=2))
    assert item.loss_error == pytest.approx(0.0, abs=1e-12)


# -- order and verdict


def judged(item, near, *, error=0.01, refusals=(), evidence=None):
    """Return an explanation with another loss, or another evidence."""
    told = Evidence(value=evidence or 0.0, error=0.5, parts={} if evidence is None else {"spectrum": evidence})
    return replace(item, loss=near, loss_error=error, refusals=refusals, evidence=told)


@pytest.mark.parametrize(
    ("silently", "firing", "first", "verdict", "words"),
    [
        ({"near": 0.2}, {"near": 0.15}, "silent", "undecided", "which does not decide"),
        ({"near": 0.4}, {"near": 0.2}, "spiking", "spiking", "The verdict is that cells fire: the losses"),
        ({"near": 0.4, "error": 0.2}, {"near": 0.2}, "silent", "undecided", "which does not decide"),
        ({"near": 0.1}, {"near": 0.3}, "silent", "silent", "The verdict is that no cell fires"),
        ({"near": 0.1}, {"near": 0.3, "refusals": NO_ROOM}, "silent", "silent", "cells fire is refused; the losses"),
        ({"near": 0.2, "refusals": NO_ROOM}, {"near": 0.2}, "spiking", "spiking", "no cell fires is refused"),
        ({"near": 0.1, "refusals": NO_ROOM}, {"near": 0.5}, "spiking", "undecided", "neither is what happened"),
        ({"near": 0.9, "refusals": FIRES}, {"near": 0.1}, "spiking", "undecided", "was not found is not refuted"),
        ({"near": 0.15, "refusals": NOTHING}, {"near": 0.1}, "spiking", "undecided", "which does not decide"),
        ({"near": 0.2, "refusals": NO_ROOM}, {"near": 0.1, "refusals": NOTHING}, "silent", "none", "All that was"),
        ({"near": 0.1, "evidence": -9.0}, {"near": 0.9, "evidence": -4.0}, "spiking", "spiking", "5.0 ± 0.7 higher"),
        ({"near": 0.9, "evidence": -9.0}, {"near": 0.1, "evidence": -7.0}, "silent", "undecided", "2.0 ± 0.7 lower"),
    ],
)  # fmt: skip
def test_silent_comes_first_unless_refused_or_clearly_worse(silent, spiking, silently, firing, first, verdict, words):
    one, two = judged(silent, **silently), judged(spiking, **firing)
    for items in ((one, two), (two, one)):
        found = explanations(*items)
        assert (found.first.regime, found.verdict) == (first, verdict)
    assert words in " ".join(found.sentences()[:3])
    compared = "It compares the best of at least 1 networks tried in each state" in " ".join(found.sentences())
    assert compared == ("loss" in found.sentences()[1] or "evidence" in found.sentences()[1])
    assert found.warnings[: len(found.first.refusals)] == found.first.refusals


def test_one_alone_decides_nothing(silent, spiking):
    found = explanations(spiking)
    assert (found.verdict, found.silent) == ("undecided", None)
    assert "no explanation in which no cell fires" in found.sentences()[1]
    with pytest.raises(ParameterError, match="one explanation per regime"):
        explanations(silent, silent)
    both = explanations(silent, spiking)
    assert list(both) == [both[0], both[1]] == list(both[:2])
    assert len(both) == 2
    assert both.prior == PRIOR
    assert repr(both).count("<RhythmExplanation (") == 2


# -- words, tables, files


def test_sentences_say_what_was_measured_and_what_is_claimed(silent, spiking):
    moment = RhythmMoment.of(goal_of(records(size_nAm=12.0, area_mm2=400.0)), column()).dipole
    told = explanations(silent, spiking, moment=moment).sentences()
    assert told[0].startswith("From 2 to 50 Hz the rhythm has the power of a sinusoid of 1")
    assert told[0].endswith("nA m; its patch has 400 mm².")
    assert "Explanation 1 (no cell fires) has as input proximal bursts at 10.0 Hz." in told
    assert any(text.startswith("It takes ") and "in which no cell fires" in text for text in told)
    assert sum(text.startswith("Below threshold weaker drives in more columns") for text in told) == 1
    assert any(text.startswith("Spikes per cell of the column in 250 ms: L2 pyramidal") for text in told)
    assert explanations(silent).sentences()[0].startswith("Of the spectrum from 2 to 50 Hz the shape counts")
    bands = replace(SETTINGS, bands=[(8, 12)], shares=[1.0])
    item = explanation("silent", records(), {}, None, bands)
    assert explanations(item).sentences()[0] == "Wanted is power at 8 to 12 Hz, of all from 2 to 50 Hz."
    assert np.isnan([item.likeness, item.columns]).all()


def test_rows(silent, spiking):
    row, other = explanations(silent, spiking).rows()
    assert (row["regime"], row["drives"], row["loss_above_first"]) == ("silent", "proximal 10.0 Hz", 0.0)
    assert (row["evidence"], row["patch_mm2"], row["fits_patch"]) == (None, 400.0, True)
    assert row["columns"] == silent.columns
    assert other[f"spikes_per_cell.{L5P}"] == pytest.approx(FIRING[L5P], abs=0.06)
    assert other[f"distance.spikes.{L5P}"] == spiking.distances[f"spikes.{L5P}"]
    shape = explanation("silent", records(), {}, power_spectrum(records(seed=2)))
    assert explanations(shape).to_data_frame()["columns"].isna().all()


@pytest.mark.parametrize("counted", [True, False])
def test_files_hold_all_of_it(silent, spiking, counted, tmp_path):
    moment = RhythmMoment.of(goal_of(records(size_nAm=12.0, area_mm2=400.0)), column()).dipole
    items = (silent, spiking)
    if not counted:
        items, moment = [explanation("silent", records(), {}, power_spectrum(records(seed=2)))], None
    found = explanations(*items, moment=moment)
    found.save(tmp_path / "a.npz")
    again = read_rhythm_explanations(tmp_path / "a.npz")
    assert isinstance(again, RhythmExplanations)
    assert repr(again) == repr(found)
    assert repr(again.rows()) == repr(found.rows())
    assert again.sentences() == found.sentences()
    assert again.settings == found.settings
    again.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with pytest.raises(ParameterError, match="overwrite"):
        found.save(tmp_path / "a.npz")


def test_files_of_something_else(silent, tmp_path):
    silent.fit.save(tmp_path / "fit.npz")
    with pytest.raises(DataError, match="rhythm explanations"):
        read_rhythm_explanations(tmp_path / "fit.npz")


def test_what_is_plausible_is_a_setting(silent):
    plain = plain_settings(silent.fit.settings, silent.fit.details)
    assert plain["circuit"] == PRIOR.to_plain()
    assert typed_settings("rhythmic", plain, intervals=False)[0] == silent.fit.settings
    without = replace(silent.fit.settings, circuit=None)
    assert "circuit" not in plain_settings(without, silent.fit.details)
    with pytest.raises(ParameterError, match="circuit must be a CircuitPrior or None"):
        RhythmicSettings(circuit="usual")
