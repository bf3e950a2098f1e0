"""What is tested and what is not, spikes among the numbers, the truth beside what was found, and the words for it."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from group_data import CONDITIONS, SUBJECTS, make_entries, make_entry, mean_time
from synthetic_entries import STRENGTH, TIME, WEIGHT, entry, fit, pairs
from tables import rows_of

from mne_hnn.fit import EvokedSettings, spikes_per_cell
from mne_hnn.group.comparison import LOOSE, SHARED, compare_conditions
from mne_hnn.group.conclusions import conclusions
from mne_hnn.group.demo_truth import SubjectTruth
from mne_hnn.group.figures import plot_group_drives, plot_group_parameters
from mne_hnn.group.findings import GroupFindings
from mne_hnn.group.influence import leave_one_out
from mne_hnn.group.quantities import quantities
from mne_hnn.group.table import comparison_tsv
from mne_hnn.group.truth import truth_folder
from mne_hnn.group.wording import COMPARISON_HEADER, comparison_rows, headline

LATER = (9.0, 10.0, 11.0, 8.0, 12.0, 10.5)
FIRED = "spikes.L5_pyramidal"


def loosely(entries, n):
    """Return entries of which the weight is not determined in so many subjects, in one condition."""
    subjects = sorted({one.subject for one in entries})[:n]
    return [
        replace(one, fit=fit({TIME: one.fit.estimates[0].value, WEIGHT: 1e-4}, undetermined=(WEIGHT,)))
        if one.subject in subjects and one.condition == "a"
        else one
        for one in entries
    ]


def given(entries):
    """Return entries whose columns in condition ``b`` were those of condition ``a``."""
    known = EvokedSettings(columns=1000.0)
    return [replace(one, fit=replace(one.fit, settings=known)) if one.condition == "b" else one for one in entries]


@pytest.mark.parametrize(("n", "tested"), [(0, True), (3, True), (4, False), (6, False)])
def test_what_most_data_leave_open_is_not_tested(n, tested):
    comparison = compare_conditions(loosely(pairs(LATER), n), ("a", "b"), n_resamples=100)
    weight, time = comparison[WEIGHT], comparison[TIME]
    assert weight.n_determined == 6 - n
    assert weight.tested is tested
    assert np.isfinite(weight.p) is np.bool_(tested)
    assert weight.not_tested == ("" if tested else LOOSE)
    assert time.n_determined == 6
    assert time.p == pytest.approx(2 / 64)
    assert comparison[STRENGTH].n_determined is None  # of what is no parameter of the fit nobody knows
    (row,) = [row for row in rows_of(comparison_tsv(comparison)) if row["quantity"] == WEIGHT]
    assert row["p"] == row["p_holm"] == ("n/a" if not tested else row["p"])
    assert (row["n_determined"], row["not_tested"]) == (str(6 - n), "n/a" if tested else LOOSE)


def test_what_is_not_tested_makes_no_other_p_larger():
    entries = [
        replace(one, fit=fit({TIME: one.fit.estimates[0].value, **loose}, undetermined=tuple(loose)))
        for one in pairs(LATER)
        for loose in [{f"{WEIGHT}{k}": float(np.exp(int(one.subject) + k * (one.condition == "a"))) for k in range(9)}]
    ]
    open_ones = compare_conditions(entries, ("a", "b"), n_resamples=100)
    assert sum(not difference.tested for difference in open_ones.differences) == 9
    assert open_ones[TIME].p_holm == pytest.approx(open_ones[TIME].p)
    assert {influence.quantity for influence in leave_one_out(open_ones)}.isdisjoint(f"{WEIGHT}{k}" for k in range(9))
    assert not any("of 10 quantities" in text for text in headline(open_ones))


def test_columns_of_a_person_are_not_tested():
    comparison = compare_conditions(given(pairs(LATER)), ("a", "b"), n_resamples=100)
    assert comparison["columns"].not_tested == SHARED
    assert np.isnan(comparison["columns"].p)
    assert compare_conditions(pairs(LATER), ("a", "b"), n_resamples=100)["columns"].tested
    (row,) = comparison_rows([comparison["columns"]])
    assert row[COMPARISON_HEADER.index("p")] == "\N{EN DASH}"
    assert row[-1] == f"not tested: {SHARED}"


def test_spikes_are_numbers_of_the_group():
    one = make_entry("01", "early", regime="spiking")
    rows = {row.quantity: row for row in quantities([one])}
    counted = spikes_per_cell(one.fit.simulation)
    assert rows[FIRED].value == counted["L5_pyramidal"].per_cell > 0
    assert (rows[FIRED].unit, rows[FIRED].group) == ("spikes per cell", "spikes")
    assert rows[f"{FIRED}.median_ms"].value == counted["L5_pyramidal"].median_ms
    assert rows[f"{FIRED}.median_ms"].unit == "ms"
    assert not any(name.endswith("strength") for name in rows)  # spikes do not follow the sum of the weights
    assert any(row.quantity.endswith("strength") for row in quantities([replace(one, regime="silent")]))


def firing(entries, extra):
    """Return entries whose L5 pyramidal cells fire more often in the first condition, which no simulation made."""
    from mne_hnn.group import quantities as module

    def counts(simulation):
        count = SimpleNamespace(per_cell=simulation.count, median_ms=float("nan"))
        return SimpleNamespace(types={"L5_pyramidal": count}, window_ms=170.0)

    made = [
        replace(one, regime="spiking", fit=replace(one.fit, simulation=SimpleNamespace(
            precision="exact", count=1.0 + 0.1 * int(one.subject) + extra * (one.condition == "a"))))
        for one in entries
    ]  # fmt: skip
    return made, {"spikes_per_cell": counts, "Simulation": SimpleNamespace}, module


@pytest.mark.parametrize("extra", [0.5, 0.0])
def test_spikes_are_compared(monkeypatch, extra):
    entries, changes, module = firing(pairs(LATER), extra)
    for name, value in changes.items():
        monkeypatch.setattr(module, name, value)
    comparison = compare_conditions(entries, ("a", "b"), n_resamples=100)
    assert comparison[FIRED].difference == pytest.approx(extra)
    assert comparison[FIRED].group == "spikes"
    text = " ".join(conclusions(GroupFindings(entries=entries, comparison=comparison)))
    assert "Spikes per cell, on average over subjects: a: L5 pyramidal" in text
    if extra:
        assert comparison[FIRED].p_holm == pytest.approx(2 / 64)  # the only one of its family
        assert "Between a and b these differ" in text
        assert "L5 pyramidal spikes +0.5 spikes per cell" in text


def truth_of(subject):
    """Return what truly happened to a subject of the small group: what was found, but one ms later."""
    drives = {
        condition: {
            "evprox1": {"location": "proximal", "mu_ms": 26.6, "sigma_ms": 2.0,
                        "weights_ampa": {"L2_pyramidal": 2e-4}, "weights_nmda": {}},
            "evdist1": {"location": "distal", "mu_ms": mean_time(subject, condition) + 1.0, "sigma_ms": 2.0,
                        "weights_ampa": {}, "weights_nmda": {"L2_pyramidal": 1e-4}},
            "evprox2": {"location": "proximal", "mu_ms": 137.0, "sigma_ms": 2.0,
                        "weights_ampa": {"L2_pyramidal": 2e-4}, "weights_nmda": {}},
        }
        for condition in CONDITIONS
    }  # fmt: skip
    spikes = {"early": {"L5_pyramidal": 2.0}, "late": {"L5_pyramidal": 1.0}}
    return SubjectTruth(
        drives=drives, spikes_per_cell=spikes, spikes_window_ms=60.0, dipoles={}, n_columns=900.0, hemi="rh",
        vertices=np.arange(3), pos=np.zeros(3), normal=np.zeros(3), area_mm2=100.0, scale=np.ones(3),
    )  # fmt: skip


@pytest.fixture(scope="module")
def findings():
    entries = [replace(one, regime="spiking") for one in make_entries()]
    comparison = compare_conditions(entries, CONDITIONS, n_resamples=100)
    return GroupFindings(entries=entries, comparison=comparison, truths={one: truth_of(one) for one in SUBJECTS})


def test_the_truth_is_beside_what_was_found(findings):
    true = findings.true
    time = "drives.evdist1.mu_ms"
    assert true[time].difference == pytest.approx(findings.comparison[time].difference) == pytest.approx(-10.0)
    assert true[time].mean_a == pytest.approx(findings.comparison[time].mean_a + 1.0)
    assert true[FIRED].difference == pytest.approx(1.0)
    header = [*COMPARISON_HEADER, "Truth"]
    (row,) = [row for row in comparison_rows(findings.comparison.differences, true) if row[0] == "evdist1 time (ms)"]
    assert len(row) == len(header)
    assert row[-1] == "\N{MINUS SIGN}10 ms"
    text = " ".join(conclusions(findings))
    assert "These data were generated" in text
    assert "times of drives are off by" in text


def test_the_truth_of_other_drives_or_windows_is_not_compared(findings):
    shorter = {
        name: replace(
            one, drives={c: {k: d for k, d in own.items() if k != "evprox2"} for c, own in one.drives.items()}
        )
        for name, one in findings.truths.items()
    }
    other = replace(findings, truths=shorter)
    assert set(other.true) == {FIRED}  # what evprox2 was, nobody could tell
    assert "The true drives are others: a proximal one at 27 ms and a distal one at 31 ms" in " ".join(
        conclusions(other)
    )
    longer = {name: replace(one, spikes_window_ms=170.0) for name, one in findings.truths.items()}
    assert FIRED not in replace(findings, truths=longer).true


def test_the_truth_is_drawn(findings):
    figures = [
        plot_group_drives(findings.good, findings.truths, show=False),
        plot_group_parameters(findings.comparison, findings.true, show=False),
    ]
    drives, parameters = (
        [line for axes in fig.axes for line in axes.lines if line.get_gid() == "truth"] for fig in figures
    )
    assert len(drives) == 2 * len(SUBJECTS)
    assert drives[0].get_xdata().tolist() == pytest.approx([26.6, 31.0, 137.0])
    assert any(line.get_ydata() == pytest.approx([32.0, 42.0]) for line in parameters)
    plt.close("all")


def test_no_truth_of_measured_data(tmp_path):
    assert truth_folder(None) is None
    assert truth_folder(tmp_path) is None
    (tmp_path / "sourcedata" / "truth").mkdir(parents=True)
    (tmp_path / "sourcedata" / "truth" / "parameters.json").write_text("{}")
    assert truth_folder(tmp_path) is None
    (tmp_path / "sourcedata" / "truth" / "sub-01_truth.json").write_text("{}")
    assert truth_folder(tmp_path) == tmp_path / "sourcedata" / "truth"


def test_words_on_what_was_explained():
    first = SimpleNamespace(
        regime="spiking", sequence=(("proximal", 25.0), ("distal", 66.0)), r_squared=0.98, refusals=("No.",)
    )
    entries = given([replace(one, regime="spiking") for one in loosely(pairs(LATER), 6)])
    comparison = compare_conditions(entries, ("a", "b"), n_resamples=100)
    entries[0] = replace(entries[0], refusals=("Its cells do not fit into the patch: 9 of 3.",))
    entries[1] = replace(entries[1], fit=replace(entries[1].fit, scores=replace(entries[1].fit.scores, r_squared=0.2)))
    for verdict, words in {
        "spiking": "prefers that decisively",
        "undecided": "does not tell",
        "none": "be what happened: No.",
    }.items():
        structure = SimpleNamespace(first=first, verdict=verdict, settings=EvokedSettings(), of=lambda _: ())
        text = " ".join(conclusions(GroupFindings(entries=entries, comparison=comparison, structure=structure)))
        assert (
            "explained best by columns whose cells fire, with 2 drives: a proximal one at 25 ms and a distal one"
            in text
        )
        assert words in text
    assert "All fits, of 6 subjects (12 fits), are of this kind" in text
    assert "the same in all conditions of a person" in text
    assert "Not tested, as the data of most subjects do not determine it: evdist1 AMPA L2 pyramidal." in text
    assert "Not to be believed as it is: sub-01 a. Its cells do not fit into the patch: 9 of 3." in text
    assert "Explained by less than half: sub-01 b." in text
    assert conclusions(GroupFindings(entries=[entry("01", "a", fit=None)])) == []
    silent = SimpleNamespace(admissible=False, refusals=("Its cells do not fit.",), nearly_fits=False)
    for verdict, words in {
        "spiking": "What there is by columns in which no cell fires is refused. Its cells do not fit.",
        "undecided": "no cell fires is decisively higher, yet they are refused. Its cells do not fit.",
    }.items():
        structure = SimpleNamespace(
            first=first, verdict=verdict, settings=EvokedSettings(), of=lambda regime: {"silent": [silent]}[regime]
        )
        text = " ".join(conclusions(GroupFindings(entries=entries, structure=structure)))
        assert words in text
        assert "prefers" not in text
    silent.nearly_fits = True
    text = " ".join(conclusions(GroupFindings(entries=entries, structure=structure)))
    assert "no cell fires are refused for their number of cells, but not decisively less probable. Its cells" in text
    structure = SimpleNamespace(first=first, verdict="undecided", settings=EvokedSettings(regimes="spiking"))
    text = " ".join(conclusions(GroupFindings(entries=entries, structure=structure)))
    assert "Nothing else was looked for." in text
    entries[2] = replace(entries[2], fit=replace(entries[2].fit, scale=1500.0))
    text = " ".join(conclusions(GroupFindings(entries=entries)))
    assert "the same in all conditions in 5 of 6 recordings, and differ where" in text
