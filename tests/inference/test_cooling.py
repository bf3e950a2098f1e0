"""Populations that are cooled down end at posteriors that are known exactly."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from mne_hnn.errors import CacheError
from mne_hnn.inference.cooling import Judged, Problem, cool, pooled

A = np.array([[1.0, 0.5, 0.0], [0.3, -1.0, 2.0], [0.0, 0.2, 1.0], [1.0, 1.0, 1.0]])
WANTED = np.array([1.0, -0.5, 0.8, 2.0])
SD = 0.2


def linear(*, given=False, calls=None):
    """A linear model with normal prior and noise: its posterior and evidence are known."""
    noise = multivariate_normal(np.zeros(4), SD**2 * np.eye(4))

    def judge(z):
        if calls is not None:
            calls.append(len(z))
        known = -0.5 * ((z[:, 0] - 1.0) / 0.5) ** 2 if given else np.zeros(len(z))
        return Judged(prior=-0.5 * (z**2).sum(axis=1), given=known, response=noise.logpdf(WANTED - z @ A.T))

    return Problem(
        begin=lambda n, rng: rng.standard_normal((n, 3)), judge=judge, identity=f"linear {given}", given=given
    )


def exact(prior_mean, prior_covariance):
    precision = np.linalg.inv(prior_covariance) + A.T @ A / SD**2
    covariance = np.linalg.inv(precision)
    mean = covariance @ (np.linalg.inv(prior_covariance) @ prior_mean + A.T @ WANTED / SD**2)
    total = A @ prior_covariance @ A.T + SD**2 * np.eye(4)
    return mean, np.sqrt(np.diag(covariance)), multivariate_normal(A @ prior_mean, total).logpdf(WANTED)


def test_posterior_and_evidence_of_a_linear_model():
    found = cool(linear(), n=2000, moves=10, key=(1,))
    mean, sd, evidence = exact(np.zeros(3), np.eye(3))
    assert np.abs(found.z.mean(axis=0) - mean) / sd == pytest.approx(0.0, abs=0.1)
    assert found.z.std(axis=0) == pytest.approx(sd, rel=0.07)
    assert found.log_evidence == pytest.approx(evidence, abs=0.2)
    assert found.temperatures[-1] == 1.0
    assert (np.diff(found.temperatures) > 0).all()


def test_what_is_known_besides_is_part_of_the_prior():
    """The evidence is that of the response, given what is known."""
    found = cool(linear(given=True), n=2000, moves=10, key=(2,))
    covariance = np.diag([1 / (1 + 1 / 0.25), 1.0, 1.0])
    mean, sd, evidence = exact(covariance @ np.array([4.0, 0, 0]), covariance)
    assert found.before.mean(axis=0) == pytest.approx([0.8, 0.0, 0.0], abs=0.08)
    assert found.before.std(axis=0) == pytest.approx(np.sqrt(np.diag(covariance)), rel=0.08)
    assert np.abs(found.z.mean(axis=0) - mean) / sd == pytest.approx(0.0, abs=0.1)
    assert found.log_evidence == pytest.approx(evidence, abs=0.2)


def test_a_run_that_was_stopped_goes_on_and_ends_with_the_same_bytes(tmp_path):
    calls = []
    whole = cool(linear(), n=100, moves=3, key=(3,))

    class StopError(Exception):
        pass

    problem = linear(calls=calls)

    def stopping(z):
        if len(calls) == 6:
            raise StopError
        return problem.judge(z)

    stopped = Problem(begin=problem.begin, judge=stopping, identity=problem.identity)
    with pytest.raises(StopError):
        cool(stopped, n=100, moves=3, key=(3,), folder=tmp_path)
    before = len(calls)
    again = cool(problem, n=100, moves=3, key=(3,), folder=tmp_path)
    assert again.z.tobytes() == whole.z.tobytes()
    assert again.log_evidence == whole.log_evidence
    assert len(calls) - before < 1 + 3 * len(whole.temperatures)
    done = len(calls)
    assert cool(problem, n=100, moves=3, key=(3,), folder=tmp_path).z.tobytes() == whole.z.tobytes()
    assert len(calls) == done


def test_other_seeds_give_other_draws():
    one, two = (cool(linear(), n=60, moves=2, key=(seed,)) for seed in (1, 2))
    assert one.z.tobytes() != two.z.tobytes()


def test_a_damaged_checkpoint_is_said(tmp_path):
    cool(linear(), n=60, moves=2, key=(1,), folder=tmp_path)
    (file,) = tmp_path.glob("cooled-*.npz")
    file.write_bytes(b"none")
    with pytest.raises(CacheError, match="cannot be read"):
        cool(linear(), n=60, moves=2, key=(1,), folder=tmp_path)


def test_the_error_of_the_evidence_is_how_far_populations_are_apart():
    populations = [cool(linear(), n=200, moves=5, key=(seed,)) for seed in range(8)]
    value, error = pooled(populations)
    assert abs(value - exact(np.zeros(3), np.eye(3))[2]) < 4 * error
    assert 0 < error < 0.2
