"""The paragraph that begins a report: true in every case, for a reader who sees nothing else."""

import dataclasses
import re

import pytest
from explained import FIRING, L2B, L2P, L5P, explanation, explanations, target_of

from mne_hnn.errors import DataError
from mne_hnn.fit import count_amplitude
from mne_hnn.fit.evidence import DECISIVE
from mne_hnn.fit.explanation_words import evidence_difference, odds, sequence_words
from mne_hnn.fit.telling_apart import layer_difference

OTHER = (("proximal", 22.0), ("distal", 48.0), ("proximal", 80.0))
PATCH = {"area_mm2": 200.0, "label": "BA3b-lh"}
FEW_SPIKES = FIRING | {L5P: (1.0, 75.0)}


def said(*items, **settings):
    found = explanations(*items, **settings).sentences()
    assert all(re.match(r"[A-Z]", text) and text.endswith((".", "right?")) and "nan" not in text for text in found), (
        found
    )
    return " ".join(found)


def spiking(evidence=-20.0, **given):
    return explanation("spiking", evidence, **given)


def silent(evidence=-28.0, **given):
    return explanation("silent", evidence, **given)


def refused(evidence, target, columns=4e6, cells=-9.0):
    """Return a silent explanation that the patch does not hold, refused as fits refuse it."""
    item = silent(evidence, target=target, columns=columns, parts={"waveform": evidence - cells, "cells": cells})
    reason = f"Its cells do not fit into the patch: {item.amplitude.sentence()}."
    return dataclasses.replace(item, refusals=(reason,))


# -- what was measured


def test_the_response_is_told_with_sign_time_and_patch():
    up = said(spiking(target=target_of(**PATCH)))
    assert up.startswith(
        "The response in BA3b-lh reaches +20 nA m at 35 ms (current from deep to superficial layers); its patch has "
        "200 mm²."
    )
    down = said(spiking(target=target_of((("distal", 60.0),))))
    assert down.startswith(
        "The response reaches \N{MINUS SIGN}20 nA m at 70 ms (current from superficial to deep layers); the area of "
        "its patch is not known."
    )
    assert "Whether there are enough cells cannot be told without the area of the patch" in down
    assert "Whether there are enough cells" not in up


def test_without_a_unit_nothing_is_counted():
    text = said(spiking(target=target_of(unit="arbitrary")), silent(target=target_of(unit="arbitrary"), layer_5=0.1))
    assert text.startswith("The response is largest at 35 ms, where it goes up; it has no unit of a current dipole")
    assert "cannot be counted, as the response has no unit" in text
    assert "nA m" not in text
    assert "mm²" not in text


# -- which there are


def test_what_there_is_and_what_is_missing():
    assert "There are two explanations in which cells fire and one explanation in which no cell fires" in said(
        spiking(), spiking(-21.0), silent()
    )
    both = said(spiking(), silent())
    assert "There is one explanation in which cells fire and one explanation in which no cell fires" in both
    assert "one in which no cell fires was searched and not found" in said(spiking())
    assert "one in which no cell fires was not looked for" in said(spiking(), regimes="spiking")
    assert "one in which cells fire was not looked for" in said(silent(), regimes="silent")


def test_a_search_around_given_drives_compares_nothing():
    text = said(spiking(0.0, error=0.0, parts={}), drives="network")
    assert "found around the drives that the network had, in which cells fire: others were not looked for" in text
    assert "nothing was compared" in text
    assert not re.search("evidence|Evidence|refused", text)


# -- verdicts


def test_a_decided_verdict_has_odds_and_says_what_they_mean():
    text = said(spiking(-20.0), silent(-28.0))
    assert "The verdict is that cells fire: the evidence of the first is 8.0 ± 0.7 higher (3,000 to 1)" in text
    assert "a difference of 3 means odds of 20 to 1, and less decides nothing" in text
    assert "The verdict is that no cell fires: the evidence of the first is 5.0 ± 0.7 higher (150 to 1)" in said(
        spiking(-20.0), silent(-15.0)
    )


def test_undecided_is_a_result():
    text = said(spiking(-20.0), silent(-21.5))
    assert "Whether cells fire is undecided: the evidence is 1.5 ± 0.7 higher if cells fire (4.5 to 1)" in text
    assert "less than decides" in text
    assert "The verdict" not in text
    noisy = said(spiking(-20.0, error=4.0), silent(-27.0))
    assert "7.0 ± 4.0 higher if cells fire (1,100 to 1), but not by twice its error" in noisy
    assert "as there is no explanation in which no cell fires to compare with" in said(spiking())


def test_what_was_expected_beforehand_does_not_decide():
    fires, rests = {"waveform": -20.0, "regime": 0.0}, {"waveform": -21.4, "regime": -3.0}
    text = said(spiking(-20.0, parts=fires), silent(-24.4, parts=rests))
    assert "4.4 ± 0.7 higher if cells fire (81 to 1), of which 3.0 was expected beforehand, and the rest" in text
    assert "The verdict" not in text


def test_what_wins_because_the_other_is_refused_says_so():
    target = target_of(**PATCH)
    text = said(spiking(-20.0, target=target), refused(-18.0, target))
    assert "The verdict is that cells fire, as what there is in which no cell fires is refused." in text
    assert "2.0 ± 0.7 lower (7.4 to 1 against it) than that of the best of what is refused" in text
    reason = "It is refused: its cells do not fit into the patch: 4 million columns in which no cell fires"
    assert text.count("4 million columns") == 1  # where it is refused, and not again
    assert reason in text
    assert "What would tell them apart" not in text
    assert "meets the response better" not in text
    poor = said(spiking(-20.0, target=target, r_squared=0.65), refused(-18.0, target))
    assert "What is refused meets the response better (R² 0.980 against 0.650)" in poor


def test_what_is_refused_but_far_more_probable_leaves_it_open():
    target = target_of(**PATCH)
    text = said(spiking(-20.0, target=target), refused(-15.0, target))
    assert "Whether cells fire is undecided: what there is in which no cell fires is refused" in text
    assert "yet its evidence is 5.0 ± 0.7 higher (150 to 1)" in text
    assert "The verdict" not in text


def test_what_the_patch_may_well_hold_leaves_it_open():
    target = target_of(**PATCH)
    text = said(spiking(-20.0, target=target), refused(-21.0, target, cells=-1.2))
    assert "Whether cells fire is undecided: what there is in which no cell fires is refused for its number of" in text
    assert "the patch holds 30 %, and its evidence is 1.0 ± 0.7 lower (2.7 to 1 against it) than that of the" in text
    assert "The verdict" not in text
    assert "The verdict is that cells fire" in said(spiking(-20.0, target=target), refused(-28.0, target, cells=-1.2))


def test_all_refused_claims_nothing():
    target = target_of(**PATCH)
    nobody = spiking(rates={}, target=target, refusals=("No pyramidal cell fires in it, although it should.",))
    text = said(nobody, refused(-15.0, target))
    assert "All of them are refused, however well the curve is met, so that it remains open whether cells fire" in text
    assert "(cells were to fire, none does)" in text
    assert "The verdict" not in text
    alone = said(nobody)
    assert "It is refused, however well the curve is met" in alone
    assert "No cell of any type fires in 100 ms." in alone
    assert "refused: no pyramidal cell fires in it, although it should." in alone


# -- what is claimed


def test_columns_cells_and_area_are_counted():
    target = target_of(**PATCH)
    item = spiking(target=target)
    text = said(item)
    assert f"It takes {item.amplitude.sentence()}." in text
    assert f"The patch has enough cells: {100 * item.amplitude.area_mm2 / 200:.0f} % of its area would do." in text
    tight = spiking(target=target, columns=1.5e5)  # enough only if more take part than is plausible
    assert (tight.amplitude.fits, tight.amplitude.area_mm2 > 200) == (True, True)
    assert "has enough cells" not in said(tight)
    assert "are enough only if up to" in said(tight)


def test_what_cannot_be_counted_is_said():
    """More cells than a hemisphere has, which makes no amplitude."""
    with pytest.raises(DataError, match="hemisphere") as error:
        silent(columns=1e9)
    odd = dataclasses.replace(silent(), amplitude=None, refusals=(str(error.value),))
    text = said(spiking(), odd)
    assert "It takes 500,000 columns, whose cells cannot be counted in mm² of cortex." in text
    assert f"It is refused: {error.value}" in text


def test_spikes_are_told_by_type_time_and_layer():
    text = said(spiking())
    assert "L5 pyramidal 2.00 (half of them by 62 ms; 100 % of the cells fire)" in text
    assert "L2 pyramidal 0.44 (half of them by 35 ms; 44 % of the cells fire)" in text
    assert "Spikes per cell of the column in 100 ms" in text
    assert "of pyramidal cells those of layer 5 fire most" in text
    upper = said(spiking(rates={L2P: (0.5, 30.0), L2B: (1.0, 30.0)}))
    assert "L5 pyramidal cells are silent; of pyramidal cells those of layer 2/3 fire most" in upper
    baskets = said(silent(rates={L2B: (1.0, 30.0)}))
    assert "No pyramidal cell fires; spikes per cell of the column in 100 ms: L2 basket 1.00" in baskets
    assert "fire most" not in baskets


def test_a_silent_column_in_which_cells_fire_is_not_called_silent():
    text = said(silent(rates={L5P: (0.3, 40.0)}), spiking(-50.0))
    assert "Explanation 1 (cells were to stay below threshold, some fire)" in text
    assert "L5 pyramidal 0.33" in text


@pytest.mark.parametrize(
    ("r_squared", "words"),
    [
        (0.981, "It explains 98.1 % of the response's variance in fresh trials (R² 0.981)"),
        (0.3, "It explains too little to be believed, less than half of the response (R² 0.300 in fresh trials)"),
        (0.0, "It explains nothing: its R² in fresh trials is 0.000"),
        (
            -0.65,
            "It explains nothing: its R² in fresh trials is \N{MINUS SIGN}0.650, and the mean of the response alone",
        ),
        (float("nan"), "How much of the response it explains is not known"),
    ],
)
def test_how_well_it_fits(r_squared, words):
    assert words in said(spiking(r_squared=r_squared))
    poor = "But even the first explains too little of the response for any of this to count."
    assert (poor in said(spiking(r_squared=r_squared), silent())) is (r_squared < 0.5)


def test_what_noise_and_a_parabola_leave():
    assert "(R² 0.700; the noise of the response leaves 0.850 to be reached)" in said(
        spiking(r_squared=0.7, ceiling=0.85)
    )
    item = spiking(r_squared=0.6)
    warning = "The fit explains no more than a parabola over the same time does: x."
    item = dataclasses.replace(item, fit=dataclasses.replace(item.fit, warnings=("Other.", warning)))
    text = said(item)
    assert warning in text
    assert "Other." not in text


def test_what_is_far_from_expected_is_named():
    far = {
        "fraction": 0.3,
        "columns_per_nAm": 2.44,
        "density_nAm_per_mm2": 2.2,
        f"spikes.{L5P}": -99.0,
        "drives.evdist1.mu_ms": -3.0,
        "drives.evprox1.sigma_ms": 2.6,
    }
    text = said(spiking(distances=far))
    assert (
        "Far from what was expected: columns per nA m (2.4 standard deviations more), moment per mm² (2.2 standard "
        "deviations more), spikes of L5 pyramidal cells (far less), time of the distal input at 60 ms (3.0 standard "
        "deviations earlier), spread of the proximal input at 25 ms (2.6 standard deviations more)." in text
    )
    near = said(spiking(distances={"fraction": 0.3}))
    assert "All that can be compared with what was expected lies within 2 standard deviations of it." in near
    assert "expected" not in said(spiking())


# -- what fits as well, and what would tell


def test_rival_sequences_are_named_with_their_odds():
    text = said(spiking(-20.0), spiking(-21.5, sequence=OTHER), spiking(-30.0, sequence=OTHER[:1]), silent())
    assert (
        "other input fits as well: proximal 22 ms, distal 48 ms, proximal 80 ms (evidence 1.5 ± 0.7 lower, 4.5 to 1)"
        in text
    )
    assert "The evidence decides for the first against proximal 22 ms (22,000 to 1)." in text
    assert "fits as well" not in said(spiking(-20.0), silent())


def test_an_uncertain_evidence_makes_no_good_fit():
    vague = spiking(-60.0, error=40.0, sequence=OTHER)
    text = said(spiking(-20.0), vague)
    assert "too uncertain to decide against other input, although it is lower: proximal 22 ms" in text
    assert "(evidence 40.0 ± 40.0 lower, more than a million to 1)" in text
    assert "fits as well" not in text
    useless = spiking(-60.0, error=40.0, sequence=OTHER, r_squared=-6.4)
    text = said(spiking(-20.0), useless)
    assert "It explains nothing" in text
    assert not re.search("too uncertain|fits as well|decides for the first|What would tell", text)


def test_only_the_best_of_each_regime_is_told_in_full():
    text = said(spiking(-20.0), spiking(-21.5, sequence=OTHER), silent())
    assert text.count("Spikes per cell of the column") == 1
    assert "Explanation 2 (cells fire) has as input proximal 22 ms" in text


def test_spikes_area_and_layers_would_tell_regimes_apart():
    target = target_of(**PATCH)
    text = said(spiking(-20.0, target=target, layer_5=0.9), silent(-21.0, target=target, layer_5=0.2))
    tell = text.partition("What would tell them apart: ")[2]
    assert "spikes in laminar recordings (2.00 of each L5 pyramidal cell around 62 ms in 1, none of pyramidal" in tell
    assert "the area that is active (25 mm² in 1, 180 mm² in 2)" in tell
    assert "the moment of layer 5 alone at 35 ms, where it differs most (+18.0 nA m in 1, +4.0 nA m in 2)" in tell
    alike = said(spiking(-20.0, target=target), silent(-21.0, target=target, columns=9e4))
    assert "the area that is active" not in alike
    assert "the moment of layer" not in alike


def test_times_of_spikes_would_tell_sequences_apart():
    text = said(spiking(-20.0), spiking(-21.0, rates=FEW_SPIKES))
    assert (
        "spikes of L5 pyramidal cells in laminar recordings (2.00 each around 62 ms in 1, 1.00 each around 75 ms in 2)"
        in text
    )
    assert "What would tell them apart" not in said(spiking(-20.0), spiking(-21.0))


def test_more_trials_help_where_noise_is_more_than_what_models_leave():
    assert "More trials would help: 20 % of the response's size counts as noise, more than the 10 %" in said(
        spiking(), noise=0.2
    )
    assert "More trials" not in said(spiking(), noise=0.05)


def test_layers_are_compared_where_they_differ_most():
    one, two = spiking(layer_5=0.9), silent(layer_5=0.25)
    found = layer_difference(one, two)
    assert (found.layer, found.time_ms) == ("L5", pytest.approx(35.0, abs=0.5))
    assert (found.first_nAm, found.other_nAm) == (pytest.approx(18.0, rel=0.01), pytest.approx(5.0, rel=0.01))
    assert found.words == ("+18.0", "+5.0")
    assert layer_difference(one, spiking(layer_5=0.85)) is None  # a twentieth of the peak
    arbitrary = target_of(unit="arbitrary")
    assert layer_difference(spiking(layer_5=0.9, target=arbitrary), silent(target=arbitrary)) is None


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (0.0, "about even"),
        (0.4, "about even"),
        (-1.1, "3 to 1"),
        (1.0, "2.7 to 1"),
        (DECISIVE, "20 to 1"),
        (8.0, "3,000 to 1"),
        (13.5, "730,000 to 1"),
        (14.0, "more than a million to 1"),
        (900.0, "more than a million to 1"),
    ],
)
def test_odds(difference, words):
    assert odds(difference) == words


def test_differences_have_the_error_of_both():
    assert evidence_difference(spiking(-20.0, error=3.0), silent(-25.0, error=4.0)) == (5.0, 5.0)


def test_no_drive_is_no_input():
    assert sequence_words(spiking(sequence=())) == "no evoked drive"
    assert "Its input is no evoked drive." in said(spiking(sequence=(), columns=9e3, target=target_of()))


def test_the_amplitude_in_words_is_that_of_the_count():
    item = spiking()
    target, prior = item.fit.target, explanations(item).prior
    assert item.amplitude == count_amplitude(9e3, item.network, target, prior, firing=True)
