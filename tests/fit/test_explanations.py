"""Explanations: their order, what is claimed, which fit as well, tables, intervals, files."""

import dataclasses

import numpy as np
import pytest
from explained import COLUMN, FIRING, L2P, L5P, TAP, explanation, explanations, target_of

from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import CircuitPrior, ColumnPrior, Estimate, Explanations, read_explanations
from mne_hnn.fit.explanation import finite
from mne_hnn.fit.explanation_rows import matched

NO_ROOM = ("Its cells do not fit into the patch.",)
OTHER = (("proximal", 22.0), ("distal", 48.0), ("proximal", 80.0))


# -- order


def test_the_most_plausible_comes_first_and_what_is_refused_last():
    best_refused = explanation("silent", -5.0, refusals=NO_ROOM)
    worst_refused = explanation("spiking", -40.0, refusals=NO_ROOM)
    low, high = explanation(evidence=-30.0), explanation(evidence=-20.0, sequence=OTHER)
    found = explanations(low, worst_refused, best_refused, high)
    assert list(found) == [high, low, best_refused, worst_refused]
    assert len(found) == 4
    assert found.first is found[0] is high
    assert found[1:3] == (low, best_refused)
    assert (found.spiking, found.silent) == (high, best_refused)
    assert found.of("spiking") == (high, low, worst_refused)
    assert [item.admissible for item in found] == [True, True, False, False]
    assert found.prior is found.settings.circuit


def test_how_well_a_curve_is_met_does_not_order():
    poor, good = explanation(evidence=-20.0, r_squared=0.8), explanation("silent", -30.0, r_squared=0.999)
    assert explanations(good, poor).first is poor


def test_none_are_no_explanations():
    made = explanations(explanation())
    with pytest.raises(ParameterError, match="need at least one"):
        dataclasses.replace(made, items=())


def test_an_explanation_tells_of_its_fit():
    item = explanation(distances={"fraction": 1.9, f"spikes.{L5P}": 2.5, "columns_per_nAm": -2.1})
    assert item.network is item.fit.network
    assert (item.r_squared, item.columns) == (0.98, 9e3)
    assert item.sequence == TAP
    assert item.far == {f"spikes.{L5P}": 2.5, "columns_per_nAm": -2.1}
    assert "proximal 25 ms, distal 60 ms; R² 0.980 with fresh seeds, 9e+03 columns" in repr(item)
    assert repr(explanation(refusals=NO_ROOM)).endswith(", refused>")
    assert "verdict 'undecided'" in repr(explanations(item))
    assert repr(explanations(item, explanation("silent"))).count("<Explanation (") == 2


def test_what_is_infinitely_far_is_as_far_as_can_be_said():
    assert finite({"a": -np.inf, "b": np.nan, "c": 1.5, "d": 1e6}) == {"a": -99.0, "c": 1.5, "d": 99.0}


# -- verdict


def spiking(evidence, **given):
    return explanation("spiking", evidence, **given)


def silent(evidence, **given):
    return explanation("silent", evidence, **given)


@pytest.mark.parametrize(
    ("items", "verdict"),
    [
        ((spiking(-20.0), silent(-28.0)), "spiking"),
        ((spiking(-28.0), silent(-20.0)), "silent"),
        ((spiking(-20.0), silent(-22.9)), "undecided"),
        ((spiking(-22.9), silent(-20.0)), "undecided"),
        ((spiking(-20.0, error=4.0), silent(-27.0)), "undecided"),  # higher, but not by twice the error
        # the best of a regime counts, not each of it
        ((spiking(-20.0), spiking(-90.0), silent(-28.0)), "spiking"),
        ((spiking(-22.0), spiking(-20.0), silent(-22.5)), "undecided"),
        # what is refused claims nothing, but what is decisively more probable leaves the other unclaimed
        ((spiking(-20.0), silent(-18.0, refusals=NO_ROOM)), "spiking"),
        ((spiking(-20.0), silent(-50.0, refusals=NO_ROOM)), "spiking"),
        ((spiking(-20.0), silent(-5.0, refusals=NO_ROOM)), "undecided"),
        ((spiking(-18.0, refusals=NO_ROOM), silent(-20.0)), "silent"),
        ((spiking(-5.0, refusals=NO_ROOM), silent(-20.0)), "undecided"),
        ((spiking(-5.0, refusals=NO_ROOM), spiking(-30.0), silent(-20.0)), "silent"),
        ((spiking(-5.0, refusals=NO_ROOM), silent(-20.0, refusals=NO_ROOM)), "none"),
        ((spiking(-5.0, refusals=NO_ROOM),), "none"),
        # what was searched and not found is not refused
        ((spiking(-20.0),), "undecided"),
        ((silent(-20.0),), "undecided"),
    ],
)
def test_the_verdict(items, verdict):
    assert explanations(*items).verdict == verdict
    assert explanations(*reversed(items)).verdict == verdict


@pytest.mark.parametrize(("cells", "evidence", "verdict"), [
    (-1.2, -21.0, "undecided"), (-2.2, -17.0, "undecided"), (-1.2, -28.0, "spiking"),
    (-2.4, -21.0, "spiking"), (-9.0, -21.0, "spiking"), (-9.0, -10.0, "undecided"),
])  # fmt: skip
def test_cells_that_the_patch_may_well_hold_are_not_refused_for_good(cells, evidence, verdict):
    """Its number of columns is a guess; the evidence knows how probable it is that the patch holds them."""
    target = target_of(area_mm2=200.0)
    parts = {"waveform": evidence - cells, "cells": cells}
    too_many = silent(evidence, target=target, columns=4e6, parts=parts, refusals=NO_ROOM)
    assert too_many.amplitude.fits is False
    assert explanations(spiking(-20.0, target=target), too_many).verdict == verdict
    for_another_reason = silent(evidence, target=target, columns=4e3, parts=parts, refusals=("It explains nothing.",))
    assert not for_another_reason.nearly_fits


def test_a_regime_that_was_not_looked_for_is_not_decided_against():
    assert explanations(spiking(-20.0), regimes="spiking").verdict == "undecided"
    assert explanations(silent(-20.0), regimes=["silent"]).verdict == "undecided"
    assert explanations(spiking(-20.0, refusals=NO_ROOM), regimes="spiking").verdict == "none"
    assert explanations(spiking(0.0, error=0.0, parts={}), drives="network").verdict == "undecided"


def test_rivals_are_those_that_the_evidence_does_not_decide_against():
    first, near, far = spiking(-20.0), spiking(-21.0, sequence=OTHER), spiking(-26.0)
    same, vague = silent(-22.0), silent(-40.0, error=15.0)
    refused = silent(-20.5, refusals=NO_ROOM)
    found = explanations(far, refused, vague, near, same, first)
    assert found.rivals() == (near, same, vague)
    assert found.rivals(far) == (first, near, same, vague)
    assert explanations(first).rivals() == ()


def test_warnings_begin_with_why_it_is_refused():
    item = spiking(-20.0, refusals=NO_ROOM)
    item = dataclasses.replace(item, fit=dataclasses.replace(item.fit, warnings=("Odd.",)))
    assert explanations(item).warnings == (*NO_ROOM, "Odd.")
    assert explanations(item, silent(-30.0)).warnings == ()


# -- tables


def test_a_row_per_explanation():
    target = target_of(area_mm2=200.0)
    first = spiking(-20.0, target=target, distances={"fraction": 0.5})
    rival, below = spiking(-21.5, sequence=OTHER, target=target), silent(-70.0, target=target, refusals=NO_ROOM)
    found = explanations(first, rival, below)
    one, two, three = found.rows()
    assert (one["drives"], one["sequence"]) == ("proximal 25 ms, distal 60 ms", TAP)
    assert [row["regime"] for row in (one, two, three)] == ["spiking", "spiking", "silent"]
    assert [row["evidence_below_first"] for row in (one, two, three)] == [0.0, 1.5, 50.0]
    assert [row["fits_as_well"] for row in (one, two, three)] == [True, True, False]
    assert one["evidence"] == sum(one[f"evidence.{part}"] for part in ("waveform", "cells", "sequence"))
    assert (one["pyramidal_cells"], one["patch_mm2"], one["fits_patch"]) == (18 * 9e3, 200.0, True)
    assert one[f"spikes_per_cell.{L5P}"] == 2.0
    assert one[f"spikes_median_ms.{L5P}"] == pytest.approx(62.0)
    assert (one["distance.fraction"], one["determined"], one["parameters"]) == (0.5, 2, 3)
    assert (one["refused"], three["refused"]) == ("", NO_ROOM[0])
    table = found.to_data_frame()
    assert list(table["columns"]) == [9e3, 9e3, 5e5]
    assert np.isnan(table["distance.fraction"][2])


def test_without_a_unit_nothing_is_counted_in_rows():
    row = explanations(spiking(-20.0, target=target_of(unit="arbitrary"))).rows()[0]
    assert all(row[name] is None for name in ("pyramidal_cells", "fraction", "area_mm2", "patch_mm2", "fits_patch"))


# -- intervals


def by_drive(found):
    return {(row["drive"], row["quantity"]): row for row in found.intervals()}


def test_intervals_span_all_that_fits_as_well():
    first = spiking(-20.0)
    rows = by_drive(explanations(first, spiking(-21.0, sequence=OTHER), silent(-20.5, sequence=(("proximal", 5.0),))))
    proximal, distal = rows["evprox1", "mu_ms"], rows["evdist1", "mu_ms"]
    # each has an interval from 2 ms before to 3 ms after
    assert (proximal["value"], proximal["low"], proximal["high"]) == (25.0, 20.0, 28.0)
    assert (distal["value"], distal["low"], distal["high"], distal["location"]) == (60.0, 46.0, 63.0, "distal")
    assert (distal["held"], distal["of"], distal["determined"]) == (2, 2, True)
    more = rows["evprox2", "mu_ms"]  # which only the rival has
    assert np.isnan(more["value"])
    assert (more["low"], more["high"], more["held"], more["of"], more["determined"]) == (78.0, 83.0, 1, 2, False)
    columns = rows["", "columns"]
    assert (columns["value"], columns["low"], columns["high"], columns["determined"]) == (9e3, 4500.0, 18000.0, False)


def test_what_is_decided_against_or_refused_widens_nothing():
    first = spiking(-20.0)
    found = explanations(first, spiking(-40.0, sequence=OTHER), spiking(-19.0, sequence=OTHER, refusals=NO_ROOM))
    rows = by_drive(found)
    assert ("evprox2", "mu_ms") not in rows
    assert (rows["evdist1", "mu_ms"]["low"], rows["evdist1", "mu_ms"]["of"]) == (58.0, 1)


def test_what_explains_nothing_is_no_rival_in_tables():
    found = explanations(spiking(-20.0), spiking(-60.0, error=40.0, sequence=OTHER, r_squared=-6.4))
    assert len(found.rivals()) == 1
    assert [row["fits_as_well"] for row in found.rows()] == [True, False]
    assert all(row["of"] == 1 for row in found.intervals())


def test_a_drive_of_the_first_that_a_rival_does_without():
    rows = by_drive(explanations(spiking(-20.0), spiking(-20.5, sequence=TAP[:1])))
    distal = rows["evdist1", "mu_ms"]
    assert (distal["low"], distal["high"], distal["held"], distal["of"], distal["determined"]) == (58, 63, 1, 2, False)


def test_without_intervals_values_stand_for_themselves():
    items = []
    for evidence, sequence in ((-20.0, TAP), (-20.5, (("proximal", 31.0), ("distal", 60.0)))):
        item = spiking(evidence, sequence=sequence)
        estimates = tuple(Estimate(path=one.path, value=one.value, determined=None) for one in item.fit.estimates[:1])
        items.append(dataclasses.replace(item, fit=dataclasses.replace(item.fit, estimates=estimates)))
    rows = by_drive(explanations(*items))
    assert (rows["evprox1", "mu_ms"]["low"], rows["evprox1", "mu_ms"]["high"]) == (25.0, 31.0)
    assert rows["evprox1", "mu_ms"]["determined"] is None
    assert (rows["evdist1", "sigma_ms"]["low"], rows["", "columns"]["high"]) == (3.0, 9e3)


@pytest.mark.parametrize(
    ("one", "other", "pairs"),
    [
        ("p25 d60", "p22 d48", [(0, 0), (1, 1)]),
        ("p25 d60 p90", "p20 d58", [(0, 0), (1, 1), (2, None)]),
        ("p25 d60", "p28 d61 p90", [(0, 0), (1, 1), (None, 2)]),
        ("p25 d60", "d20 p27 d62", [(None, 0), (0, 1), (1, 2)]),
        ("p25 p60", "p58", [(0, None), (1, 0)]),
        ("p20 d60", "d20 p60", None),
        ("", "p20", [(None, 0)]),
        ("p20", "p95", [(0, None), (None, 0)]),  # so far apart they are not the same input
    ],
)
def test_drives_are_matched_by_side_in_order_of_time(one, other, pairs):
    sides = {"p": "proximal", "d": "distal"}
    sequences = [[(sides[word[0]], float(word[1:])) for word in text.split()] for text in (one, other)]
    found = matched(*sequences)
    if pairs is not None:
        assert sorted(found, key=str) == sorted(pairs, key=str)
    for k in (0, 1):  # each once, in order
        assert [pair[k] for pair in found if pair[k] is not None] == list(range(len(sequences[k])))
    assert all(sequences[0][i][0] == sequences[1][j][0] for i, j in found if None not in (i, j))


# -- files


@pytest.fixture
def kept():
    target = target_of(area_mm2=200.0, label="BA3b-lh")
    return explanations(
        spiking(-20.0, target=target, distances={"fraction": 0.5, f"spikes.{L2P}": -99.0}),
        spiking(-21.5, target=target, sequence=OTHER, rates=FIRING | {L5P: (1.0, 75.0)}),
        silent(-60.0, target=target, columns=4e6, refusals=NO_ROOM),
        members=48,
        seed=5,
        prior=ColumnPrior(median=1e5),
        circuit=CircuitPrior(discrepancy=0.07),
    )


def test_explanations_come_back_from_a_file(kept, tmp_path):
    path = tmp_path / "found.npz"
    kept.save(path)
    back = read_explanations(path)
    assert isinstance(back, Explanations)
    assert repr(back.rows()) == repr(kept.rows())  # as text, for NaN
    assert back.sentences() == kept.sentences()
    assert repr(back.intervals()) == repr(kept.intervals())
    assert (back.verdict, back.settings, back.prior) == (kept.verdict, kept.settings, kept.prior)
    assert back.target.data.tobytes() == kept.target.data.tobytes()
    for one, other in zip(back, kept, strict=True):
        assert one.evidence == other.evidence
        assert one.amplitude == other.amplitude
        assert one.network == other.network
        assert (one.distances, one.refusals) == (other.distances, other.refusals)
        assert one.fit.dipole.data.tobytes() == other.fit.dipole.data.tobytes()
    again = tmp_path / "again.npz"
    back.save(again)
    assert again.read_bytes() == path.read_bytes()


def test_files_are_not_replaced_unasked(kept, tmp_path):
    path = tmp_path / "found.npz"
    path.write_bytes(b"mine")
    with pytest.raises(ParameterError, match="found.npz"):
        kept.save(path)
    assert path.read_bytes() == b"mine"
    kept.save(path, overwrite=True)
    assert len(read_explanations(path)) == 3


def test_other_files_are_told(kept, tmp_path):
    path = tmp_path / "fit.npz"
    kept.first.fit.save(path)
    with pytest.raises(DataError, match=r"fit\.npz"):
        read_explanations(path)
    with pytest.raises(DataError, match=r"gone\.npz"):
        read_explanations(tmp_path / "gone.npz")
    kept.save(path, overwrite=True)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"fit\.npz"):
        read_explanations(path)


def test_only_explanations_are_written(tmp_path):
    from mne_hnn.fit.explanation_files import write_explanations

    with pytest.raises(ParameterError, match="must be Explanations, got Network"):
        write_explanations(tmp_path / "x.npz", COLUMN)
