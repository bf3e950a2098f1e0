"""The group's tables: the numbers come back, in the form that BIDS wants."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic_entries import NAM, TIME, entry, fit, pairs, target
from tables import rows_of

from mne_hnn import Dipole
from mne_hnn.group.comparison import compare_conditions
from mne_hnn.group.entry import Entry
from mne_hnn.group.table import (
    comparison_json,
    comparison_tsv,
    participants_json,
    participants_tsv,
    quantities,
    quantities_json,
    quantities_tsv,
)


def number(text):
    return float("nan") if text == "n/a" else float(text)


def group():
    failed = Entry(
        subject="03", condition="a", status="failed", step="load", error="The file ends\ttoo early:\ncopy it again."
    )
    return [*pairs([5.0, 6.0]), failed, replace(failed, condition="b")]


def test_quantities_come_back_from_their_table():
    rows = quantities(group())
    read = rows_of(quantities_tsv(rows))
    assert len(read) == len(rows) > 0
    for one, cells in zip(rows, read, strict=True):
        assert cells["participant_id"] == f"sub-{one.subject}"
        assert (cells["condition"], cells["quantity"], cells["group"]) == (one.condition, one.quantity, one.group)
        assert cells["session"] == cells["task"] == "n/a"
        for name in ("value", "low", "high"):
            np.testing.assert_allclose(number(cells[name]), getattr(one, name), rtol=1e-8)
        assert cells["determined"] == {True: "true", False: "false", None: "n/a"}[one.determined]
    assert set(quantities_json()) == set(read[0])


def test_quantities_are_those_of_fit_and_target():
    made = target(size=20, peak=0.08)
    parameters = {TIME: 68.5, "drives.evdist1.weights_ampa.L2_pyramidal": 2e-4}
    one = entry(
        "01", "a", session="x", task="touch", target=made, n_epochs=77,
        fit=fit(parameters, columns=1500, undetermined=(TIME,)), explained={"mag": 0.7, "grad": 0.6},
    )  # fmt: skip
    found = {row.quantity: row for row in quantities([one])}
    assert (found[TIME].value, found[TIME].unit, found[TIME].determined) == (68.5, "ms", False)
    assert (found[TIME].low, found[TIME].high) == pytest.approx((61.65, 75.35))
    assert found["drives.evdist1.weights_ampa.L2_pyramidal"].unit == "uS"
    assert (found["columns"].value, found["columns"].low, found["columns"].high) == (1500, 750, 3000)
    assert [found[name].value for name in ("r_squared", "nrmse", "correlation", "ceiling")] == [0.95, 0.2, 0.98, 0.99]
    assert (found["explained_mag"].value, found["explained_grad"].value) == (0.7, 0.6)
    assert found["n_epochs"].value == 77
    assert found["minimum_latency"].value == pytest.approx(80.0)
    assert found["minimum_amplitude"].value == pytest.approx(made["agg"].min() / NAM)
    assert found["minimum_amplitude"].value == pytest.approx(-20, abs=0.1)
    assert found["maximum_latency"].value == pytest.approx(30.0, abs=2)
    assert found["maximum_amplitude"].value == pytest.approx(8, abs=0.1)
    assert found["standard_error"].value == pytest.approx(0.5)
    assert found["confidence"].value == pytest.approx(0.9)
    assert {(row.session, row.task) for row in found.values()} == {("x", "touch")}


def test_columns_that_were_not_estimated_are_told_once():
    made = fit({TIME: 70.0}, columns=1500)
    held = replace(made, estimates=made.estimates[:-1])
    for one in (made, held):
        rows = [row for row in quantities([entry("01", "a", fit=one)]) if row.quantity == "columns"]
        assert [row.value for row in rows] == [1500]
    assert rows[0].determined is None
    assert np.isnan(rows[0].low)


def test_arbitrary_targets_have_no_unit_of_current():
    own = Dipole(target()["agg"] / NAM / 20, target().times, ("agg",), provenance={"unit": "arbitrary"})
    found = {row.quantity: row for row in quantities([entry("01", "a", target=own)])}
    assert found["minimum_amplitude"].unit == "arbitrary"
    assert found["minimum_amplitude"].value == pytest.approx(-1, abs=0.01)
    assert "standard_error" not in found


def test_the_comparison_comes_back_from_its_table():
    comparison = compare_conditions(pairs([4.0, 7.5, 9.0, -1.0]), ("a", "b"), n_resamples=999)
    read = rows_of(comparison_tsv(comparison))
    assert [cells["quantity"] for cells in read] == [one.quantity for one in comparison.differences]
    for one, cells in zip(comparison.differences, read, strict=True):
        for name in ("mean_a", "mean_b", "difference", "low", "high", "p", "p_holm", "dz"):
            np.testing.assert_allclose(number(cells[name]), getattr(one, name), rtol=1e-8)
        assert (int(cells["n"]), int(cells["n_same_sign"])) == (4, one.n_same_sign)
        assert cells["scale"] == one.scale
    told = comparison_json(comparison)
    assert set(told) == set(read[0])
    assert "'a'" in told["mean_a"]["Description"]
    assert "'b'" in told["mean_b"]["Description"]
    # nothing was compared: the columns are there all the same
    assert comparison_tsv(None) == "\t".join(comparison_json()) + "\n"


def test_participants_have_a_row_each():
    entries = group()
    entries[1] = Entry(subject="01", condition="b", status="failed", step="fit", error="No drives.")
    entries[2:4] = [replace(one, template="fsaverage") for one in entries[2:4]]
    read = rows_of(participants_tsv(entries))
    assert [cells["participant_id"] for cells in read] == ["sub-01", "sub-02", "sub-03"]
    assert [cells["status"] for cells in read] == ["partial", "ok", "failed"]
    assert [cells["anatomy"] for cells in read] == ["own", "fsaverage", "n/a"]
    assert [cells["n_fitted"] for cells in read] == ["1", "2", "0"]
    assert [cells["error"] for cells in read] == ["No drives.", "n/a", "The file ends too early: copy it again."]
    assert float(read[1]["a_r_squared"]) == pytest.approx(0.95)
    assert float(read[1]["a_latency"]) == pytest.approx(78, abs=1.1)
    assert float(read[1]["a_amplitude"]) == pytest.approx(-20, abs=0.3)
    assert float(read[0]["a_columns"]) == 1000
    assert {read[0][f"b_{name}"] for name in ("r_squared", "columns", "amplitude", "latency")} == {"n/a"}
    told = participants_json(entries)
    assert set(told) == set(read[0])
    assert all("Description" in one for one in told.values())
    assert told["a_latency"]["Units"] == "ms"


def test_sessions_and_tasks_have_columns_of_their_own_where_there_are_several():
    entries = [entry("01", "a", session=one, task="touch", columns=size) for one, size in (("1", 100), ("2", 200))]
    read = rows_of(participants_tsv(entries))
    assert (float(read[0]["1_a_columns"]), float(read[0]["2_a_columns"])) == (100, 200)
    assert set(participants_json(entries)) == set(read[0])


@pytest.mark.parametrize("names", [("touch/left", "touch-left"), ("é", "ü"), ("a b", "ab"), ("快", "慢")])
def test_conditions_with_odd_names_do_not_share_columns(names):
    entries = [
        entry("01", condition, columns=size) for condition, size in zip(names, (100.0, 200.0), strict=True)
    ]  # fmt: skip
    read = rows_of(participants_tsv(entries))
    columns = [float(value) for name, value in read[0].items() if name.endswith("_columns")]
    assert columns == [100, 200]
    assert set(participants_json(entries)) == set(read[0])


def test_no_entries_give_headers_only():
    assert participants_tsv([]).startswith("participant_id\tstatus")
    assert len(participants_tsv([]).splitlines()) == 1
    assert len(quantities_tsv(quantities([])).splitlines()) == 1
