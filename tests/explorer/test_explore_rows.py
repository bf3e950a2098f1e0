"""Each slider has a value, and its edit changes just that."""

import pytest
from networks import full

from mne_hnn.errors import MneHnnError
from mne_hnn.explorer import ExploreState
from mne_hnn.explorer.rows import column_rows, drive_panels, edited


@pytest.fixture(scope="module")
def state():
    return ExploreState(network=full())


def _value(state, owner, key):
    rows = column_rows(state) if not owner else next(p["rows"] for p in drive_panels(state) if p["name"] == owner)
    return next(row["value"] for row in rows if row["key"] == key)


@pytest.mark.parametrize(
    ("owner", "key", "value"),
    [
        ("evdist1", "mu_ms", 70.0),
        ("evdist1", "sigma_ms", 4.5),
        ("evdist1", "numspikes", 2),
        ("evdist1", "shared", 1.0),
        ("evdist1", "weight:ampa:L2_pyramidal", 0.002),
        ("evdist1", "weight:nmda:L5_pyramidal", None),
        ("alpha", "burst_rate_Hz", 20.0),
        ("alpha", "shared", 0.0),
        ("even", "rate_Hz", 12.0),
        ("tonic", "amplitude:L5_pyramidal", 0.2),
        ("", "columns", 300.0),
        ("", "smooth_ms", 0.0),
        ("", "tstop_ms", 250.0),
        ("", "n_trials", 3),
        ("", "gain:e_i", 1.5),
    ],
)
def test_an_edit_is_shown(state, owner, key, value):
    assert _value(state, owner, key) != value
    after = edited(state, owner, key, value)
    assert _value(after, owner, key) == value
    changed = [
        (panel["name"], row["key"])
        for panel, before in zip(drive_panels(after), drive_panels(state), strict=True)
        for row in panel["rows"]
        if row["key"] != "n_drive_cells"
        and row["value"] != next(r["value"] for r in before["rows"] if r["key"] == row["key"])
    ]
    assert changed == ([(owner, key)] if owner else [])


@pytest.mark.parametrize("value", ["soon", None, "", float("nan"), float("inf"), -1.0])
def test_what_is_no_number_is_refused(state, value):
    with pytest.raises(MneHnnError, match=r"number|negative|at least|mu_ms"):
        edited(state, "evdist1", "sigma_ms", value)


def test_sliders_of_weights_are_logarithmic(state):
    row = next(r for p in drive_panels(state) for r in p["rows"] if r["key"] == "weight:ampa:L2_pyramidal")
    assert row["value"] == pytest.approx(10 ** row["place"], rel=1e-3)
