"""Distributions against their closed forms."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from mne_hnn.errors import ParameterError
from mne_hnn.fit import Beta, LogNormal
from mne_hnn.fit.distributions import Normal

ALL = (LogNormal(40.0, 2.5), Beta(3.3, 18.7), Normal(-3.0, 10.0))
few = settings(max_examples=40, deadline=None)


def test_a_factor_is_one_standard_deviation_of_the_logarithm():
    columns = LogNormal(40.0, 2.0)
    np.testing.assert_allclose(columns.distance([10.0, 20.0, 40.0, 80.0, 160.0]), [-2, -1, 0, 1, 2], atol=1e-12)
    assert columns.interval(0.6826894921370859) == pytest.approx((20.0, 80.0))
    assert (columns.mean_log, columns.sd_log) == (np.log(40.0), np.log(2.0))
    assert isinstance(columns.distance(80.0), float)
    assert columns.distance(np.ones((2, 3))).shape == (2, 3)


@few
@given(st.floats(1e-6, 1e3), st.floats(1.01, 1e4), st.floats(0.05, 0.999))
def test_a_lognormal_has_the_interval_it_was_made_from(low, ratio, share):
    made = LogNormal.between(low, low * ratio, share=share)
    assert made.interval(share) == pytest.approx((low, low * ratio), rel=1e-9)
    assert made.median == pytest.approx(low * ratio**0.5)


def test_nothing_is_infinitely_far_from_what_is_above_zero():
    spikes = LogNormal(1.0, 2.0)
    assert spikes.distance(0) == -np.inf
    assert spikes.log_density(0.0) == -np.inf
    np.testing.assert_array_equal(spikes.distance([0.0, 1.0]), [-np.inf, 0.0])


def test_the_density_of_a_lognormal_is_that_of_the_logarithm():
    weight = LogNormal(0.02, 4.0)
    expected = -0.5 * np.log(2 * np.pi) - np.log(np.log(4.0)) - 0.5 * 1.5**2
    assert weight.log_density(0.02 * 4.0**1.5) == pytest.approx(expected)
    total, _ = integrate.quad(lambda log: np.exp(weight.log_density(np.exp(log))), np.log(1e-9), np.log(1e5))
    assert total == pytest.approx(1.0)


def test_scaling_moves_the_median_only():
    assert LogNormal(0.5, 3.0).scaled(1.7) == LogNormal(0.85, 3.0)


def test_a_uniform_share_has_its_own_probability():
    share = Beta(1.0, 1.0)
    assert (share.mean, share.median) == (0.5, pytest.approx(0.5))
    assert share.interval(0.9) == pytest.approx((0.05, 0.95))
    np.testing.assert_allclose(share.log_density([0.1, 0.9]), 0.0, atol=1e-12)
    # the median of a normal variable, and where it has 97.725 % below
    np.testing.assert_allclose(share.distance([0.5, 0.9772498680518208]), [0.0, 2.0], atol=1e-9)


def test_powers_have_closed_forms():
    assert Beta(3.0, 1.0).ppf(0.125) == pytest.approx(0.5)  # P(f < x) = x³
    assert Beta(3.0, 1.0).log_density(0.5) == pytest.approx(np.log(3 * 0.5**2))
    assert Beta(1.0, 4.0).ppf(1 - 0.5**4) == pytest.approx(0.5)  # P(f > x) = (1 - x)⁴


def test_both_tails_of_a_share_are_resolved():
    share = Beta(3.3, 18.7)
    assert share.distance(0) == -np.inf
    assert share.distance(1.0) == np.inf
    far = np.array([-9.0, -5.0, 5.0, 9.0])  # 1 minus the probability of nine deviations is 1 to a computer
    np.testing.assert_allclose(share.distance(share.at(far)), far, rtol=1e-6)


@few
@given(st.floats(0.02, 0.98), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_a_beta_has_mean_and_interval(mean, below, above):
    low, high = mean * (1 - below), mean + (1 - mean) * above
    try:
        made = Beta.with_mean_and_interval(mean, low, high)
    except ParameterError as error:
        assert "No beta distribution with a mean of" in str(error)  # noqa: PT017
        return
    assert made.mean == pytest.approx(mean)
    inside, _ = integrate.quad(lambda f: np.exp(made.log_density(f)), low, high)
    assert inside == pytest.approx(0.9, abs=1e-6)


def test_the_fraction_of_the_literature():
    made = Beta.with_mean_and_interval(0.15, 0.05, 0.30)
    assert (made.alpha, made.beta) == pytest.approx((3.216, 18.225), abs=1e-3)
    with pytest.raises(ParameterError, match="No beta distribution with a mean of 0.9 has 90% of .* between 0.1 and"):
        Beta.with_mean_and_interval(0.9, 0.1, 0.900001)


@pytest.mark.parametrize("made", ALL)
def test_distance_and_value_are_inverse(made):
    scores = np.linspace(-4.0, 4.0, 9)
    np.testing.assert_allclose(made.distance(made.at(scores)), scores, atol=1e-8)
    np.testing.assert_allclose(made.ppf([0.05, 0.5, 0.95]), [made.interval()[0], made.median, made.interval()[1]])
    assert made.distance(made.median) == pytest.approx(0.0, abs=1e-12)


def test_a_normal_quantity_is_as_far_as_it_is():
    time = Normal(-3.0, 10.0)
    assert time.distance(17.0) == 2.0
    assert time.interval() == pytest.approx((-3 - 16.448536, -3 + 16.448536))
    assert time.log_density(7.0) == pytest.approx(-0.5 * np.log(2 * np.pi) - np.log(10.0) - 0.5)


@pytest.mark.parametrize("made", ALL)
def test_they_are_values(made):
    assert pickle.loads(pickle.dumps(made)) == made
    assert len({made, type(made)(*[getattr(made, name) for name in made.__slots__])}) == 1
    if not isinstance(made, Normal):
        assert type(made).from_plain(json.loads(json.dumps(made.to_plain()))) == made


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: LogNormal(0, 2), "LogNormal: median must be a finite number > 0, got 0"),
        (lambda: LogNormal(-3.0, 2), "median must be a finite number > 0"),
        (lambda: LogNormal(3.0, 1.0), "factor must be above 1, got 1: it is the standard deviation as a factor"),
        (lambda: LogNormal(3.0, np.nan), "factor must be a finite number"),
        (lambda: LogNormal(meadian=3.0, factor=2.0), "Did you mean 'median'"),
        (lambda: LogNormal.between(0.0, 1.0), "low must be a finite number > 0"),
        (lambda: LogNormal.between(2.0, 1.0), "low must be below high, got 2 and 1"),
        (lambda: LogNormal.between(1.0, 2.0, share=90), "share must be above 0 and below 1, 0.9 for .* got 90"),
        (lambda: LogNormal(1.0, 2.0).interval(1.0), "share must be above 0 and below 1"),
        (lambda: LogNormal(1.0, 2.0).distance([1.0, -2.0]), "is not below 0, got -2"),
        (lambda: LogNormal.from_plain(3.0), "LogNormal is made from numbers by name, got 3"),
        (lambda: Beta(0.0, 1.0), "Beta: alpha must be a finite number > 0"),
        (lambda: Beta(1.0, "2"), "Beta: beta must be .* without quotes"),
        (lambda: Beta.with_mean_and_interval(0.0, 0.0, 0.3), "mean of a share must be above 0 and below 1, got 0"),
        (lambda: Beta.with_mean_and_interval(1.5, 0.1, 0.3), "mean of a share must be above 0 and below 1, got 1.5"),
        (lambda: Beta.with_mean_and_interval(0.5, 0.1, 0.3), "mean must lie within the interval, got 0.5"),
        (lambda: Beta.with_mean_and_interval(0.2, 0.1, 1.3), "high must be a number between 0 and 1, got 1.3"),
        (lambda: Beta(2.0, 2.0).distance([0.5, 1.5]), "A share lies between 0 and 1, got 1.5"),
        (lambda: Beta(2.0, 2.0).ppf(-0.1), "A share lies between 0 and 1, got -0.1"),
        (lambda: Normal(0.0, 0.0), "Normal: sd must be a finite number > 0"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(ParameterError, match=message):
        wrong()
