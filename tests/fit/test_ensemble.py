"""Ensembles against the closed form of a linear model with normal noise."""

import numpy as np
import pytest

from mne_hnn.fit.ensemble import log_increment, log_volume, log_volumes, resampled, spread_again, updated

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


def exact_evidence(matrix, wanted):
    """Return the logarithm of the marginal likelihood, relative to that of data that are met exactly."""
    scaled = matrix / DEVIATIONS[:, np.newaxis]
    covariance, misfit = np.eye(5) + scaled @ scaled.T, wanted / DEVIATIONS
    return float(-0.5 * misfit @ np.linalg.solve(covariance, misfit) - 0.5 * np.linalg.slogdet(covariance)[1])


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


def test_parts_of_the_evidence_add_up(model):
    """Exactly, where members have exactly the moments of the distributions between prior and posterior."""
    matrix, wanted = model
    rng = np.random.default_rng(5)
    total = 0.0
    for step in range(STEPS):
        members = draws(40, rng, *posterior(matrix, wanted, step / STEPS))
        total += log_increment(members @ matrix.T, wanted, DEVIATIONS, part=1 / STEPS)
    assert total == pytest.approx(exact_evidence(matrix, wanted), abs=1e-8)
    members = draws(40, rng)
    once = log_increment(members @ matrix.T, wanted, DEVIATIONS, part=1.0)
    assert once == pytest.approx(exact_evidence(matrix, wanted), abs=1e-8)


def test_the_evidence_of_a_moving_ensemble_is_that_of_the_model(model):
    matrix, wanted = model
    rng = np.random.default_rng(6)
    members, total = rng.standard_normal((20_000, 3)), 0.0
    for _ in range(STEPS):
        predicted = members @ matrix.T
        total += log_increment(predicted, wanted, DEVIATIONS, part=1 / STEPS)
        members = updated(members, predicted, wanted, DEVIATIONS, alpha=STEPS, rng=rng)
    assert total == pytest.approx(exact_evidence(matrix, wanted), abs=0.1)


def test_more_data_than_members_leave_the_rest_as_misfit():
    """Where members do not differ the misfit counts with its whole part."""
    rng = np.random.default_rng(7)
    predicted = np.zeros((6, 50))
    predicted[:, :2] = rng.standard_normal((6, 2))
    wanted = np.full(50, 2.0)
    rest = log_increment(predicted, wanted, np.ones(50), part=0.5)
    alone = log_increment(predicted[:, :2], wanted[:2], np.ones(2), part=0.5)
    assert rest == pytest.approx(alone - 0.5 * 0.5 * 48 * 4.0)


def test_volumes_and_the_misfit_of_the_best_point_are_the_evidence(model):
    """Exactly for linear predictions: Laplace's approximation."""
    matrix, wanted = model
    rng = np.random.default_rng(8)
    volume = 0.0
    for step in range(STEPS):
        members = draws(40, rng, *posterior(matrix, wanted, step / STEPS))
        volume += log_volume(members @ matrix.T, DEVIATIONS, part=1 / STEPS)
    best = posterior(matrix, wanted)[0]
    misfit = 0.5 * np.sum(((matrix @ best - wanted) / DEVIATIONS) ** 2) + 0.5 * best @ best
    assert volume - misfit == pytest.approx(exact_evidence(matrix, wanted), abs=1e-8)


def test_the_error_is_as_large_as_repeats_differ(model):
    matrix, _ = model
    found = []
    for seed in range(200):
        members = np.random.default_rng([9, seed]).standard_normal((96, 3))
        found.append(log_volumes(members @ matrix.T, DEVIATIONS, part=0.25))
    values, errors = np.array(found).T
    assert values[0] == log_volume(
        np.random.default_rng([9, 0]).standard_normal((96, 3)) @ matrix.T, DEVIATIONS, part=0.25
    )
    assert 0.6 < np.sqrt(np.mean(errors**2)) / values.std() < 1.6


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
