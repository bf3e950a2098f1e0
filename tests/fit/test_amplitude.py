"""Columns, cells and mm² against closed forms and integrals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from mne_hnn import Dipole
from mne_hnn.errors import DataError, ParameterError
from mne_hnn.fit import Beta, CircuitPrior, check_need, count_amplitude, log_plausibility
from mne_hnn.fit.amplitude import HEMISPHERE_mm2
from mne_hnn.network import jones_2009

COLUMN = jones_2009((3, 3))  # 18 pyramidal cells
USUAL = CircuitPrior()
NO_CEILING = CircuitPrior(density_soft_nAm_per_mm2=50.0, density_hard_nAm_per_mm2=50.0)
KNOWN_FRACTION = CircuitPrior(fraction=Beta(2e7, 8e7))  # 0.2
CELLS = 18.0


def target(peak_nAm=50.0, **provenance):
    """Return a target of so many nA m, outward or inward."""
    return Dipole(
        np.array([0.0, -peak_nAm, 0.5 * peak_nAm]) * 1e-9, np.arange(3) / 1e3, ("agg",), provenance=provenance
    )


def count(columns, peak_nAm=50.0, prior=USUAL, *, firing=True, **provenance):
    return count_amplitude(columns, COLUMN, target(peak_nAm, **provenance), prior, firing=firing)


def plausible(columns, peak_nAm=50.0, prior=USUAL, *, firing=True, **provenance):
    return log_plausibility(columns, COLUMN, target(peak_nAm, **provenance), prior, firing=firing)


# -- nobody fires


def test_all_cells_take_part_if_none_fires():
    found = count(1e6, firing=False, area_mm2=300.0, unit="A m")
    assert (found.peak_nAm, found.columns, found.cells) == (pytest.approx(50.0), 1e6, 1.8e7)
    assert (found.fraction, found.area_mm2, found.least_area_mm2, found.patch_mm2) == (1.0, 360.0, 360.0, 300.0)
    assert found.density_nAm_per_mm2 == pytest.approx(50 / 360)
    assert found.columns_per_nAm == pytest.approx(2e4)
    assert (found.cells_in_patch, found.share_of_patch, found.fits) == (1.5e7, pytest.approx(1.2), False)
    assert count(8e5, firing=False, area_mm2=300.0).fits is True
    # the patch holds 1.2 times as many with a probability that one standard deviation of log(1.5) tells
    expected = stats.norm.logcdf(np.log(300 / 360) / np.log(1.5))
    assert plausible(1e6, firing=False, area_mm2=300.0) == pytest.approx(expected)


def test_silent_columns_without_area_always_fit():
    np.testing.assert_array_equal(plausible([10.0, 1e9], firing=False), [0.0, 0.0])
    found = count(1e6, firing=False)
    assert (found.patch_mm2, found.cells_in_patch, found.share_of_patch, found.fits) == (None, None, None, None)


# -- cells fire


def test_nothing_moves_the_fraction_if_everything_fits():
    found = count(3000.0, prior=NO_CEILING)
    assert found.fraction == pytest.approx(0.15, rel=1e-4)
    assert found.area_mm2 == pytest.approx(3000 * CELLS / (0.15 * 50_000), rel=1e-4)
    assert found.least_area_mm2 == pytest.approx(3000 * CELLS / (stats.beta.ppf(0.95, 3.3, 18.7) * 50_000))
    assert plausible(3000.0, prior=NO_CEILING) == pytest.approx(0.0, abs=1e-4)
    assert plausible(3000.0, prior=NO_CEILING, area_mm2=1e5) == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("peak", [6.0, 15.0, 18.0])
def test_a_known_fraction_has_a_closed_form(peak):
    area = 5000 * CELLS / (0.2 * 50_000)  # 9 mm²
    found = count(5000.0, peak, KNOWN_FRACTION, area_mm2=12.0)
    assert (found.fraction, found.area_mm2) == (pytest.approx(0.2, rel=1e-3), pytest.approx(area, rel=1e-3))
    assert found.density_nAm_per_mm2 == pytest.approx(peak / area, rel=1e-3)
    fit = stats.norm.logcdf(np.log(12 / area) / np.log(1.5))
    if peak < 18:
        weight = {6.0: 1.0, 15.0: 0.5 + 0.5 * np.cos(np.pi * (15 / 9 - 1))}[peak]
        assert plausible(5000.0, peak, KNOWN_FRACTION, area_mm2=12.0) == pytest.approx(fit + np.log(weight), abs=2e-3)
    else:  # at the ceiling: what is left is how little of the fraction is not known
        assert plausible(5000.0, peak, KNOWN_FRACTION, area_mm2=12.0) < fit - 10


@settings(max_examples=25, deadline=None)
@given(st.floats(2.5, 5.5), st.floats(0.5, 2.0), st.floats(0.5, 3.0))
def test_the_fraction_is_integrated_over(log_columns, log_peak, log_patch):
    columns, peak, patch = 10**log_columns, 10**log_peak, 10**log_patch

    def likely(fraction):
        area = columns * CELLS / (fraction * 50_000)
        fits = stats.norm.cdf(np.log(patch / area) / np.log(1.5))
        return stats.beta.pdf(fraction, 3.3, 18.7) * fits * USUAL.density_weight(peak / area)

    ceiling = columns * CELLS / 50_000 / peak  # times the density
    options = {"points": [min(ceiling, 0.99), min(2 * ceiling, 0.995)], "epsabs": 0, "epsrel": 1e-7, "limit": 500}
    total, _ = integrate.quad(likely, 0, 1, **options)
    if total < 1e-100:  # beyond what quad can integrate
        return
    mean, _ = integrate.quad(lambda fraction: fraction * likely(fraction), 0, 1, **options)
    assert plausible(columns, peak, area_mm2=patch) == pytest.approx(np.log(total), abs=5e-3)
    assert count(columns, peak, area_mm2=patch).fraction == pytest.approx(mean / total, rel=5e-3)


def test_the_tap_of_the_literature_is_plausible():
    """600,000 pyramidal cells are too many beside each other, and few enough among others."""
    column = jones_2009()
    found = count_amplitude(3000, column, target(70.0, area_mm2=314.0), USUAL, firing=True)
    assert found.cells == 600_000
    assert 0.05 < found.fraction < 0.29
    assert found.density_nAm_per_mm2 < 1.2
    assert found.fits is True
    tap = target(70.0, area_mm2=314.0)
    assert log_plausibility(3000, column, tap, USUAL, firing=True) > -0.5
    assert log_plausibility(838_000, column, tap, USUAL, firing=False) < -10


def test_a_patch_that_is_too_small_is_said():
    found = count(5e6, area_mm2=200.0)
    assert found.fits is False
    assert plausible(5e6, area_mm2=200.0) < -10
    between = count(1e5, area_mm2=150.0)
    assert between.fits is True
    assert between.area_mm2 > 150.0


def test_more_cells_are_never_more_likely_to_fit():
    sizes = np.geomspace(1e3, 1e8, 30)
    silent = plausible(sizes, firing=False, area_mm2=100.0)
    firing = plausible(sizes, 5.0, NO_CEILING, area_mm2=100.0)  # which no number of cells makes too dense
    assert (np.diff(silent) <= 0).all()
    assert (np.diff(firing) <= 1e-12).all()
    assert (firing <= silent + 1e-12).all()  # with a part of the cells no more fits than with all
    assert np.isfinite(firing).all()


def test_arrays_keep_their_shape():
    table = plausible(np.array([[1e3, 1e4, 1e5], [2e3, 2e4, 2e5]]), area_mm2=50.0)
    assert table.shape == (2, 3)
    assert table[1, 2] == plausible(2e5, area_mm2=50.0)
    assert isinstance(plausible(2e5, area_mm2=50.0), float)


def test_a_handful_of_cells_is_not_believed():
    found = count(1e-9)
    assert 0 < found.fraction < 1e-6
    assert plausible(1e-9) < -50


# -- words


@pytest.mark.parametrize(
    ("columns", "firing", "area", "sentence"),
    [
        (35_389.0, True, 314.0, "35,400 columns whose cells fire: 637,000 pyramidal cells, 15 % of those in 83 mm², of "
         "a patch of 314 mm²"),
        (35_389.0, True, None, "35,400 columns whose cells fire: 637,000 pyramidal cells, 15 % of those in 87 mm²; the "
         "area of the patch is not known"),
        (35_389.0, True, 45.0, "35,400 columns whose cells fire: 637,000 pyramidal cells, 24 % of those in 53 mm²; the "
         "45 mm² of the patch are enough only if up to 29 % take part"),
        (35_389.0, True, 30.0, "35,400 columns whose cells fire: 637,000 pyramidal cells, 27 % of those in 48 mm²; "
         "even if 29 % take part they need 44 mm², and the patch has 30 mm²"),
        (1.72e6, False, 221.0, "1.72 million columns in which no cell fires: 31 million pyramidal cells, all of those "
         "in 619 mm², more than the 221 mm² of the patch, which holds 11.1 million"),
        (1.0, False, 221.0, "1 column in which no cell fires: 18 pyramidal cells, all of those in 0.00036 mm², of a "
         "patch of 221 mm²"),
    ],
)  # fmt: skip
def test_the_count_in_words(columns, firing, area, sentence):
    assert count(columns, firing=firing, area_mm2=area).sentence() == sentence


# -- what cannot be counted


def test_arbitrary_units_cannot_be_counted():
    assert count(100.0, unit="arbitrary", area_mm2=30.0) is None
    assert plausible(100.0, unit="arbitrary", area_mm2=30.0) == 0.0
    check_need(target(1e9, unit="arbitrary"), COLUMN, USUAL)


@pytest.mark.parametrize("area", [0.0, -3.0, "40", True])
@pytest.mark.parametrize("firing", [True, False])
def test_a_patch_without_area_is_refused(area, firing):
    with pytest.raises(DataError, match="The patch of the target has no area: area_mm2 is .* Take a label"):
        count(100.0, firing=firing, area_mm2=area)
    with pytest.raises(DataError, match="patch of the target has no area"):
        plausible(100.0, firing=firing, area_mm2=area)
    with pytest.raises(DataError, match="patch of the target has no area"):
        check_need(target(area_mm2=area), COLUMN, USUAL)


@pytest.mark.parametrize("firing", [True, False])
def test_more_cells_than_a_hemisphere_has_are_a_question_of_the_unit(firing):
    most = HEMISPHERE_mm2 * 50_000 / CELLS
    assert count(0.999 * most, firing=firing).cells < 4.5e9
    with pytest.raises(DataError, match=r"the 4.5 billion that a hemisphere has: is the unit of the target right\?"):
        count(1.001 * most, firing=firing)


def test_a_target_is_refused_before_it_is_fitted():
    # the cells of 40 columns of 200 per nA m, 15 % of those in as much as a hemisphere has
    most = HEMISPHERE_mm2 * 50_000 * 0.15 / (40 * 200)
    check_need(target(0.999 * most), COLUMN, USUAL)
    with pytest.raises(DataError, match="where a hemisphere has 90,000 mm².* is the unit of the target right"):
        check_need(target(1.001 * most), COLUMN, USUAL)


def test_a_target_of_nothing_is_refused():
    for attempt in (count, plausible):
        with pytest.raises(DataError, match="The target is zero at all times"):
            attempt(100.0, 0.0)


@pytest.mark.parametrize("columns", [0.0, -1.0, np.nan, np.inf])
def test_columns_are_numbers_above_zero(columns):
    with pytest.raises(ParameterError, match="columns must be a finite number > 0"):
        count(columns)
    with pytest.raises(ParameterError, match="columns must be finite numbers > 0"):
        plausible([5.0, columns])


def test_other_wrong_values():
    with pytest.raises(ParameterError, match="prior must be a CircuitPrior, got float"):
        count(100.0, prior=40.0)
    with pytest.raises(ParameterError, match="firing must be True or False, got 'yes'"):
        count(100.0, firing="yes")
