"""Ensembles against the closed form of a linear model with normal noise."""

import numpy as np
import pytest

from mne_hnn.fit.ensemble import expected, resampled, spread_again, updated

DEVIATIONS = np.array([0.5, 0.8, 0.3, 1.0, 0.6])
STEPS = 4
IDENTITY = np.eye(3)


@pytest.fixture(scope="module")
def model():
    """Return a matrix and data that it explains about as well as the noise allows."""
    rng = np.random.default_rng(8)
    matrix = rng.standard_normal((5, 3))
    return matrix, matrix @ np.array([1.0, -0.5, 0.3]) + DEVIATIONS * rng.standard_normal(5)


def posterior(matrix, wanted, share=1.0):
    """Return mean and covariance of standard normal parameters when a share of the data's weight is counted."""
    scaled = matrix / DEVIATIONS[:, np.newaxis]
    covariance = np.linalg.inv(np.eye(3) + share * scaled.T @ scaled)
    return covariance @ (share * scaled.T @ (wanted / DEVIATIONS)), covariance


def draws(n, rng, mean=(0.0, 0.0, 0.0), covariance=IDENTITY):
    """Return draws whose own mean and covariance are exactly those wanted."""
    z = rng.standard_normal((n, 3))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T))).T
    return mean + z @ np.linalg.cholesky(covariance).T


@pytest.mark.parametrize("steps", [1, STEPS])
def test_an_ensemble_ends_at_the_posterior(model, steps):
    matrix, wanted = model
    rng = np.random.default_rng(1)
    members = rng.standard_normal((20_000, 3))
    for _ in range(steps):
        members = updated(members, members @ matrix.T, wanted, DEVIATIONS, alpha=steps, rng=rng)
    mean, covariance = posterior(matrix, wanted)
    np.testing.assert_allclose(members.mean(axis=0), mean, atol=0.01)
    np.testing.assert_allclose(np.cov(members.T), covariance, atol=0.012)


def test_the_mean_needs_no_luck(model):
    """The noise of a step has no mean, so that the mean moves exactly where the ensemble's own covariance says."""
    matrix, wanted = model
    rng = np.random.default_rng(2)
    members = draws(60, rng)
    moved = updated(members, members @ matrix.T, wanted, DEVIATIONS, alpha=1.0, rng=rng)
    np.testing.assert_allclose(moved.mean(axis=0), posterior(matrix, wanted)[0], rtol=1e-9)


def test_what_is_expected_follows_the_members_and_not_their_chance(model):
    """Chance that is four times the deviations of the data: most of it goes, and a linear model without any stays."""
    matrix, _ = model
    rng = np.random.default_rng(7)
    members = rng.standard_normal((96, 3))
    exact = members @ matrix.T
    np.testing.assert_allclose(expected(members, exact, DEVIATIONS), exact, atol=0.02)
    noisy = exact + 4 * DEVIATIONS * rng.standard_normal(exact.shape)
    left = (expected(members, noisy, DEVIATIONS) - exact) / DEVIATIONS
    assert np.sqrt(np.mean(left**2)) < 1.2
    # where nothing follows the members, their mean is expected of all of them
    chance = rng.standard_normal((96, 5))
    assert expected(members, chance, DEVIATIONS).std(axis=0).max() < 0.3
    np.testing.assert_allclose(expected(members, chance, DEVIATIONS).mean(axis=0), chance.mean(axis=0), atol=1e-12)


def test_a_step_counts_a_part_of_the_data(model):
    matrix, wanted = model
    rng = np.random.default_rng(3)
    members = draws(60, rng)
    moved = updated(members, members @ matrix.T, wanted, DEVIATIONS, alpha=STEPS, rng=rng)
    np.testing.assert_allclose(moved.mean(axis=0), posterior(matrix, wanted, 1 / STEPS)[0], rtol=1e-9)


def test_what_does_not_differ_does_not_move(model):
    matrix, wanted = model
    members = np.ones((20, 3))
    moved = updated(members, members @ matrix.T, wanted, DEVIATIONS, alpha=1.0, rng=np.random.default_rng(4))
    np.testing.assert_array_equal(moved, members)


def test_better_members_go_on_more_often():
    losses = np.concatenate([np.zeros(10), np.full(90, 2.0)])
    which = resampled(losses, 1000, keep=0.01, rng=np.random.default_rng(0))
    share = np.mean(which < 10)
    assert share == pytest.approx(10 / (10 + 90 * np.exp(-2.0)), abs=0.01)
    assert (np.diff(which) >= 0).all()


def test_enough_members_go_on():
    """One that is far better than all others does not go on alone."""
    losses = np.concatenate([[0.0], np.linspace(100.0, 200.0, 99)])
    which = resampled(losses, 10_000, keep=0.3, rng=np.random.default_rng(0))
    weights = np.bincount(which, minlength=100) / len(which)
    assert 1 / (weights @ weights) == pytest.approx(30, rel=0.02)
    equal = resampled(np.ones(50), 50, keep=0.3, rng=np.random.default_rng(0))
    assert equal.tolist() == list(range(50))


def test_members_that_were_the_same_differ_with_the_same_spread():
    rng = np.random.default_rng(5)
    members = np.repeat(draws(100, rng, mean=(1.0, 2.0, 3.0)), 10, axis=0)
    again = spread_again(members, share=0.25, rng=rng)
    assert len(np.unique(again, axis=0)) == 1000
    np.testing.assert_allclose(again.mean(axis=0), members.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(np.cov(again.T), np.cov(members.T), atol=0.12)
