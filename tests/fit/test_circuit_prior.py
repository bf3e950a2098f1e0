"""What is plausible: defaults as their sources say, checks, tables, and the way through files."""

import json
import pickle
from dataclasses import fields, replace

import numpy as np
import pytest

from mne_hnn import Dipole
from mne_hnn.errors import ParameterError
from mne_hnn.fit import Beta, CircuitPrior, ColumnPrior, EvokedSettings, LogNormal
from mne_hnn.fit.circuit_sources import SOURCES
from mne_hnn.fit.details import FitDetails
from mne_hnn.fit.plain_settings import plain_settings, typed_settings
from mne_hnn.network import jones_2009, with_erp_drives

USUAL = CircuitPrior()
OWN = CircuitPrior(
    columns_per_nAm=LogNormal(30.0, 2.0),
    fraction=Beta(2.0, 8.0),
    area_factor=2,
    spikes={"L5_pyramidal": LogNormal(1.0, 2.0)},
    weights={"nmda.L5_pyramidal": LogNormal(0.05, 3.0)},
    silent=ColumnPrior(median=900.0),
)
COLUMN = jones_2009((2, 2))


def test_defaults_are_those_of_the_literature():
    assert USUAL.columns_per_nAm.median == 40.0
    assert USUAL.columns_per_nAm.interval() == pytest.approx((8.9, 179), rel=0.01)
    assert USUAL.fraction.mean == pytest.approx(0.15)
    assert USUAL.fraction.interval() == pytest.approx((0.048, 0.289), abs=1e-3)
    bands = {name: spikes.interval() for name, spikes in USUAL.spikes.items()}
    assert bands == {
        "L2_basket": pytest.approx((0.5, 2.5)),
        "L2_pyramidal": pytest.approx((0.1, 1.0)),
        "L5_basket": pytest.approx((0.5, 3.5)),
        "L5_pyramidal": pytest.approx((0.5, 3.5)),
    }
    # 600,000 neighbouring cells at the 70 nA m of a tap are too dense, as a fifth of those of 60 mm² they are not
    assert USUAL.density_weight(70 / (600_000 / 50_000)) == 0
    assert USUAL.density_weight(70 / 60) == pytest.approx(0.5 + 0.5 * np.cos(np.pi / 6))


def test_published_drives_are_within_what_is_plausible_for_most():
    network = with_erp_drives(COLUMN)
    spreads = [drive.sigma_ms for drive in network.drives.values()]
    assert np.abs(USUAL.spread_ms.distance(spreads)).max() < 2
    for receptor in ("ampa", "nmda"):
        given = [
            USUAL.weight(receptor, cell).distance(weight)
            for drive in network.drives.values()
            for cell, weight in drive.weights[receptor].items()
        ]
        assert abs(np.median(given)) < 1


def test_spikes_scale_with_the_window():
    for name, spikes in USUAL.spikes_in(170.0).items():
        assert spikes.median == pytest.approx(1.7 * USUAL.spikes[name].median)
        assert spikes.factor == USUAL.spikes[name].factor
    assert USUAL.spikes_in(100) == USUAL.spikes


def test_spikes_in_the_tissue_are_those_of_the_column_times_the_fraction():
    rng = np.random.default_rng(1)
    drawn = np.log(USUAL.fraction.ppf(rng.random(40_000)))
    drawn += np.log(USUAL.spikes["L5_pyramidal"].ppf(rng.random(40_000)))
    tissue = USUAL.spikes_in_tissue(100.0)["L5_pyramidal"]
    assert tissue.mean_log == pytest.approx(drawn.mean(), abs=0.02)
    assert tissue.sd_log == pytest.approx(drawn.std(), rel=0.02)


def test_weights_of_single_cell_types_go_first():
    assert OWN.weight("nmda", "L5_pyramidal") == LogNormal(0.05, 3.0)
    assert OWN.weight("nmda", "L2_pyramidal") == OWN.weight_nmda_uS
    assert OWN.weight("ampa", "L5_pyramidal") == OWN.weight_ampa_uS
    with pytest.raises(ParameterError, match="Unknown receptor 'ampaa'.*Did you mean 'ampa'"):
        OWN.weight("ampaa", "L5_pyramidal")


def test_silent_columns_are_given_or_follow_from_the_target():
    target = Dipole(np.array([0.0, 5e-9, 1e-9]), np.arange(3) / 1e3, ("agg",))
    assert OWN.silent_columns(target, COLUMN) == ColumnPrior(median=900.0)
    assert USUAL.silent_columns(target, COLUMN) == ColumnPrior.for_target(target, COLUMN)


def test_the_density_falls_smoothly_between_both_limits():
    np.testing.assert_allclose(USUAL.density_weight([0.0, 1.0, 1.5, 2.0, 9.0]), [1, 1, 0.5, 0, 0], atol=1e-12)
    sharp = CircuitPrior(density_soft_nAm_per_mm2=2.0)
    np.testing.assert_array_equal(sharp.density_weight([1.999, 2.0, 2.001]), [1, 0, 0])


# -- files


@pytest.mark.parametrize("prior", [USUAL, OWN])
def test_a_prior_survives_json_and_settings(prior):
    plain = prior.to_plain()
    assert list(plain) == [field.name for field in fields(CircuitPrior)]
    assert CircuitPrior.from_plain(json.loads(json.dumps(plain))) == prior
    assert pickle.loads(pickle.dumps(prior)) == prior
    for drives in ("propose", "network"):
        chosen = EvokedSettings(drives=drives, circuit=prior, n_trials=2, prior=None)
        kept = json.loads(json.dumps(plain_settings(chosen, FitDetails(objective="r_squared"))))
        assert typed_settings("evoked", kept, intervals=False)[0] == chosen


def test_what_a_file_leaves_out_is_as_usual():
    assert CircuitPrior.from_plain({}) == USUAL
    assert CircuitPrior.from_plain({"time_sd_ms": 5}) == CircuitPrior(time_sd_ms=5.0)
    with pytest.raises(ParameterError, match="Unknown field 'time_sd' of CircuitPrior.*Did you mean 'time_sd_ms'"):
        CircuitPrior.from_plain({"time_sd": 5})
    with pytest.raises(ParameterError, match="A CircuitPrior is made from values by name, got 3"):
        CircuitPrior.from_plain(3)


def test_priors_that_differ_are_different():
    changed = replace(USUAL, spikes=USUAL.spikes.set("L5_pyramidal", LogNormal.between(0.2, 2.0)))
    assert changed != USUAL
    assert len({USUAL, CircuitPrior(), changed, OWN}) == 3


# -- tables


def test_every_field_has_a_source():
    assert set(SOURCES) == {field.name for field in fields(CircuitPrior)}
    assert USUAL.sources() == SOURCES
    given = {name for name, source in OWN.sources().items() if source == "given by the user"}
    assert given == {"columns_per_nAm", "fraction", "area_factor", "spikes", "weights", "silent"}


def test_rows_are_all_that_is_known():
    rows = {row.name: row for row in OWN.rows(200.0)}
    assert list(rows) == [
        "columns_per_nAm", "fraction", "density_nAm_per_mm2", "pyramidal_per_mm2", "spikes.L5_pyramidal",
        "tissue.L5_pyramidal", "time_ms", "spread_ms", "weight_ampa_uS", "weight_nmda_uS", "weights.nmda.L5_pyramidal",
        "silent", "silent_share",
    ]  # fmt: skip
    spikes = rows["spikes.L5_pyramidal"]
    assert (spikes.median, spikes.unit) == (2.0, "spikes per cell in 200 ms")
    assert (spikes.low, spikes.high) == pytest.approx(LogNormal(2.0, 2.0).interval())
    assert spikes.words() == "2 (0.64 to 6.3) spikes per cell in 200 ms"
    assert rows["density_nAm_per_mm2"].words() == "at ease up to 1, not above 2 nA m per mm²"
    assert rows["fraction"].words() == "0.18 (0.041 to 0.43)"
    assert rows["silent_share"].words() == "0.05"
    assert [row.name for row in rows.values() if row.derived] == ["tissue.L5_pyramidal"]
    for name, row in rows.items():
        if row.distribution is not None:
            assert row.distribution.interval() == (row.low, row.high), name


def test_rows_tell_changed_values_from_sourced_ones():
    changed = replace(USUAL, spikes=USUAL.spikes.set("L5_pyramidal", LogNormal(1.0, 2.0)), density_soft_nAm_per_mm2=0.5)
    sources = {row.name: row.source for row in changed.rows()}
    assert {name for name, source in sources.items() if source == "given by the user"} == {
        "spikes.L5_pyramidal",
        "density_nAm_per_mm2",
    }
    assert "10.1113/jphysiol.2006.124321" in sources["spikes.L2_pyramidal"]


# -- what is wrong


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"fraction": 0.0}, "fraction must be a distribution of shares above 0 and below 1, such as Beta.*got 0.0"),
        ({"fraction": 1.2}, "fraction must be a distribution of shares above 0 and below 1, .*got 1.2"),
        ({"columns_per_nAm": 40.0}, "columns_per_nAm must be a LogNormal, such as LogNormal.between.*got 40.0"),
        ({"columns_per_nAm": LogNormal(4e7, 2)}, "between 0.1 and 100000 columns per nA m, got 4e.07: published fits"),
        ({"spread_ms": LogNormal(500.0, 2)}, "median of spread_ms must lie between 0.1 and 100 ms, got 500"),
        ({"weight_ampa_uS": LogNormal(20.0, 2)}, "weight_ampa_uS must lie between 1e-07 and 10 uS, got 20.*unit right"),
        ({"weight_nmda_uS": LogNormal(1e-9, 2)}, "weight_nmda_uS must lie between 1e-07 and 10 uS, got 1e-09"),
        ({"time_sd_ms": 0.0}, "time_sd_ms must be a finite number > 0"),
        ({"time_sd_ms": 0.01}, "time_sd_ms must lie between 0.1 and 100 ms, got 0.01.*Is the unit right"),
        ({"time_sd_ms": 170.0}, "time_sd_ms must lie between 0.1 and 100 ms, got 170"),
        ({"density_hard_nAm_per_mm2": 0.5}, "must not be below density_soft_nAm_per_mm2, .*got 0.5 and 1"),
        ({"density_hard_nAm_per_mm2": 200.0}, "must lie between 0.001 and 50 nA m per mm², got 200"),
        ({"density_soft_nAm_per_mm2": -1.0}, "density_soft_nAm_per_mm2 must be a finite number > 0"),
        ({"pyramidal_per_mm2": 10.0}, "pyramidal_per_mm2 must lie between 1000 and 1e.06 cells per mm², got 10"),
        ({"area_factor": 1.0}, "area_factor must be above 1, got 1: it is a standard deviation as a factor"),
        ({"spikes": LogNormal(1, 2)}, 'spikes must be a mapping such as {"L5_pyramidal": LogNormal'),
        ({"spikes": {"L5_pyramidal": 2.0}}, "spikes of 'L5_pyramidal' must be a LogNormal"),
        (
            {"spikes": {"L5_pyramidal": LogNormal(90, 2)}},
            "spikes of 'L5_pyramidal' must lie between 0.0001 and 50 sp",
        ),
        ({"weights": {"L5_pyramidal": LogNormal(1, 2)}}, "a receptor and a cell type, 'ampa.L5_pyramidal', got 'L5_py"),
        ({"weights": {"gabaa.L5_pyramidal": LogNormal(1, 2)}}, "Unknown receptor 'gabaa' in weights"),
        ({"weights": {"ampa.L5_pyramidal": LogNormal(50, 2)}}, "weights of 'ampa.L5_pyramidal' must lie between 1e-07"),
        ({"silent": 300.0}, "silent must be a ColumnPrior or None, got 300"),
        ({"time_sd": 3.0}, "Unknown field 'time_sd' of CircuitPrior"),
    ],
)
def test_a_prior_outside_the_model_is_refused(wrong, message):
    with pytest.raises(ParameterError, match=message):
        CircuitPrior(**wrong)


@pytest.mark.parametrize("window", [0.0, -5.0, np.nan, "100"])
def test_a_window_has_a_length(window):
    with pytest.raises(ParameterError, match="window_ms must be a finite number > 0"):
        USUAL.spikes_in(window)


def test_rates_of_cells_that_do_not_exist_are_refused():
    spikes = USUAL.spikes.set("L4_pyramidal", LogNormal(1.0, 2.0))
    with pytest.raises(ParameterError, match="'L4_pyramidal' in the prior's spikes: .*'L2_basket'.*'L5_pyramidal'"):
        replace(USUAL, spikes=spikes).check_network(COLUMN)
    with pytest.raises(ParameterError, match="'L6_pyramidal' in the prior's weights: expected one of 'L2_basket'"):
        CircuitPrior(weights={"ampa.L6_pyramidal": LogNormal(0.01, 2.0)}).check_network(COLUMN)
    OWN.check_network(COLUMN)


def test_defaults_ask_nothing_of_columns_with_other_cells():
    bare = COLUMN.without_population("L2_basket")
    USUAL.check_network(bare)
    with pytest.raises(ParameterError, match="Unknown cell type 'L2_basket' in the prior's spikes"):
        CircuitPrior(spikes={"L2_basket": LogNormal(1.0, 2.0)}).check_network(bare)


def test_whether_cells_fire_has_a_probability():
    """Both regimes together are certain."""
    prior = CircuitPrior(silent_share=0.2)
    assert np.exp(prior.log_regime(firing=True)) == pytest.approx(0.8)
    assert np.exp(prior.log_regime(firing=False)) == pytest.approx(0.2)
    assert CircuitPrior.from_plain(prior.to_plain()) == prior
    for wrong in (0.0, 1.0, -0.1, float("nan")):
        with pytest.raises(ParameterError, match="silent_share must be"):
            CircuitPrior(silent_share=wrong)
