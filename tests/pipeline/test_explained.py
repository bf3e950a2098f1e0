"""What a report says of explanations, from explanations made by hand: words, tables, the truth."""

import html
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from explained import L2P, L5P, TAP, explanation, target_of, wave

from mne_hnn import Dipole
from mne_hnn.errors import ParameterError
from mne_hnn.fit import EvokedSettings, Explanations, LogNormal
from mne_hnn.pipeline.explained import ExplainedPage
from mne_hnn.pipeline.explained_words import (
    explanation_header,
    explanation_rows,
    first_paragraph,
    interval_rows,
    lead,
    prior_table_rows,
    prior_values,
    rival_words,
    truth_rows,
)
from mne_hnn.pipeline.page import drawing, new_report
from mne_hnn.source.demo import Truth
from mne_hnn.viz import plot_truth

TARGET = target_of(area_mm2=220.0)
REFUSED = "Its cells do not fit into the patch: as said."
FAR = {"drives.evprox1.mu_ms": -2.4, "spikes.L5_pyramidal": 0.6}


def found(*items):
    return Explanations(items=items, target=TARGET, settings=EvokedSettings())


@pytest.fixture(scope="module")
def three():
    return found(
        explanation(target=TARGET, evidence=-20.0, distances=FAR, columns=900.0),
        explanation(
            target=TARGET, evidence=-21.1, columns=1200.0, sequence=(*TAP, ("proximal", 80.0)),
            distances={"fraction": -0.4},
        ),
        explanation("silent", -31.0, target=TARGET),
    )  # fmt: skip


@pytest.fixture
def truth():
    times = np.arange(101)
    return Truth(
        dipole=Dipole(19e-9 * wave(TAP, times), times / 1e3, ("agg",)),
        drives={
            "evdist1": {"location": "distal", "mu_ms": 60.0},
            "evprox1": {"location": "proximal", "mu_ms": 25.0},
        },
        n_columns=812.0, spikes_per_cell={L2P: 0.5, L5P: 2.1}, spikes_window_ms=100.0, hemi="rh",
        vertices=np.array([1]), pos=np.zeros(3), normal=np.array([0.0, 0.0, 1.0]), area_mm2=200.0, noise_free=None,
        seed=0,
    )  # fmt: skip


# the first paragraph


def test_a_plausible_explanation_needs_no_warning(three):
    assert lead(three) == []
    assert first_paragraph(three).startswith("<p>The response reaches")


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([("silent", -20.0, {})], ["no pyramidal cell fires"]),
        ([("spiking", -20.0, {"refusals": (REFUSED,)})], ["even the first is refused"]),
        ([("spiking", -20.0, {"r_squared": -0.3})], ["does not explain the response (R² \N{MINUS SIGN}0.300)"]),
        (
            [("silent", -20.0, {"refusals": (REFUSED,), "r_squared": 0.2})],
            ["even the first is refused", "does not explain", "no pyramidal cell fires"],
        ),
    ],
)
def test_what_makes_the_first_hard_to_believe_is_said_first_of_all(items, words):
    made = found(*(explanation(regime, value, target=TARGET, **more) for regime, value, more in items))
    strong = re.findall(r"<strong>(.*?)</strong>", first_paragraph(made).partition("</p>")[0])
    assert len(strong) == len(words)
    for text, word in zip(strong, words, strict=True):
        assert word in text


def test_the_paragraph_has_every_sentence_once(three):
    text = first_paragraph(three).replace("</p><p>", " ").removeprefix("<p>").removesuffix("</p>")
    assert html.unescape(text) == " ".join(three.sentences())


# tables


def test_each_explanation_has_a_column(three):
    assert explanation_header(three) == ["", "1, spiking", "2, spiking", "3, silent"]
    rows = {row[0]: row[1:] for row in explanation_rows(three)}
    assert rows["Drives"][1] == "proximal 25 ms, distal 60 ms, proximal 80 ms"
    assert rows["Evidence, with its standard error"][0] == "\N{MINUS SIGN}20.0 ± 0.5"
    assert rows["Evidence below that of the first"] == ["", "1.1 ± 0.7 (3 to 1)", "11.0 ± 0.7 (60,000 to 1)"]
    assert rows["Fits as well as the first"] == ["", "yes", "no"]
    assert rows["Columns"][0] == "900"
    assert rows["Pyramidal cells"][0] == "16,200"  # 900 columns of 18
    assert rows["Patch of the target (mm²)"] == ["220"] * 3
    low, high = three.prior.spikes["L5_pyramidal"].interval()
    assert rows[f"Spikes per L5 pyramidal cell in 100 ms (plausible: {low:.2g} to {high:.2g})"] == [
        "2.00",
        "2.00",
        "0.00",
    ]
    assert rows["Farthest from what was expected"] == [
        "evprox1 mean time (\N{MINUS SIGN}2.4 SD)", "share of the cells that take part (\N{MINUS SIGN}0.4 SD)",
        "not compared",
    ]  # fmt: skip
    assert rows["Refused"] == ["no"] * 3


def test_what_was_not_judged_or_counted_is_not_made_up():
    target = target_of(unit="arbitrary")
    alone = Explanations(items=(explanation(target=target, parts={}),), target=target, settings=EvokedSettings())
    rows = {row[0]: row[1] for row in explanation_rows(alone)}
    assert rows["Evidence, with its standard error"] == "not computed"
    assert rows["Pyramidal cells"] == rows["Cortex that holds as many (mm²)"] == "not counted"
    assert rival_words(alone).startswith("There is no other explanation")


def test_intervals_are_over_all_that_fit_as_well(three):
    rows = {(row[0], row[2]): row[3:] for row in interval_rows(three)}
    assert rows["evprox1", "mean time (ms)"] == ("25", "23 to 28", "2 of 2", "yes")
    assert rows["evprox2", "mean time (ms)"] == ("has none", "78 to 83", "1 of 2", "no")
    assert rows["", "number of columns"] == ("900", "450 to 2400", "2 of 2", "no")
    assert "these fit as well as the first: proximal 25 ms, distal 60 ms, proximal 80 ms (spiking;" in rival_words(
        three
    )
    assert rival_words(found(*three.items[::2])).startswith("No other explanation fits as well")


def test_the_prior_has_its_sources_and_what_is_claimed(three):
    rows = {row[0]: row[1:] for row in prior_table_rows(three.prior, 100.0)}
    assert "10.1016/j.neuron.2011.02.022" in rows["Participating share of the pyramidal cells"][1]
    assert rows["Time of a drive, from the proposed one"][0] == "0 (\N{MINUS SIGN}16 to 16) ms"
    claimed = prior_values(three, 5)
    assert set(claimed["3, silent"]) == {"density_nAm_per_mm2"}
    first = claimed["1, spiking"]
    assert first["spread_ms"] == [3.0, 3.0]
    assert first["time_ms"] == [pytest.approx(-2.4 * three.prior.time_sd_ms)]
    assert first["weight_ampa_uS"] == [1e-3] * 4
    assert first["columns_per_nAm"] == pytest.approx(900 / 20, rel=1e-3)
    assert list(prior_values(three, 2)) == ["1, spiking", "2, spiking"]


def test_a_prior_of_one_weight_is_compared_with_that_weight():
    settings = EvokedSettings()
    own = {"ampa.L5_pyramidal": LogNormal(0.01, 2.0)}
    changed = type(settings)(circuit=type(settings.circuit)(weights=own))
    made = Explanations(items=(explanation(target=TARGET),), target=TARGET, settings=changed)
    claimed = prior_values(made, 5)["1, spiking"]
    assert claimed["weights.ampa.L5_pyramidal"] == claimed["weight_ampa_uS"] == [1e-3, 1e-3]


# the truth


def test_the_truth_stands_beside_each_explanation(three, truth):
    rows = {row[0]: row[1:] for row in truth_rows(truth, three)}
    assert rows["Drives"][0] == "proximal 25 ms, distal 60 ms", "in order of time"
    assert rows["Columns"][:2] == ["812", "900"]
    assert rows["Spikes per L5 pyramidal cell in 100 ms"] == ["2.10", "2.00", "2.00", "0.00"]


def test_the_truth_is_drawn_over_the_target(three, truth):
    fig = plot_truth(truth, three, show=False)
    top, bottom = fig.axes
    assert [label.get_text() for label in top.get_yticklabels()] == ["Truth", "1, spiking", "2, spiking", "3, silent"]
    lines = {line.get_label(): line for line in bottom.lines}
    np.testing.assert_allclose(lines["truth"].get_ydata(), truth.dipole["agg"] * 1e9)
    np.testing.assert_allclose(lines["target"].get_ydata(), TARGET["agg"] * 1e9)
    assert bottom.get_ylabel() == "Moment (nAm)"
    plt.close(fig)
    with pytest.raises(ParameterError, match="plot_truth needs the Truth of a generated data set and Explanations"):
        plot_truth(TARGET, three, show=False)


# the page


def test_a_page_of_explanations(three, truth):
    report = new_report("page")
    with drawing():
        page = ExplainedPage(report, three, truth=truth)
        page.paragraph()
        page.words()
        page.explained()
    titles = [element.name for element in report._content]
    assert titles[0] == "What was found, in words"
    for title in ("The column and its two inputs", "The explanations side by side", "Spikes per cell of explanation 1",
                  "What was plausible beforehand, with sources", "What was found beside the truth"):  # fmt: skip
        assert title in titles
    assert not any("Which drive" in title for title in titles), "nothing was taken apart"
    assert page.figures == 4


def test_a_page_without_spikes_or_truth():
    report = new_report("page")
    with drawing():
        page = ExplainedPage(report, found(explanation("silent", target=TARGET)))
        page.explained()
    titles = [element.name for element in report._content]
    assert not any("Spikes per cell" in title or "truth" in title for title in titles)
