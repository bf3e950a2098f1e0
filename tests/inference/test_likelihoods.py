"""Likelihoods in closed form are those of the multivariate normal distribution that they stand for."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from mne_hnn.errors import DataError, ParameterError
from mne_hnn.inference.sensor_likelihood import FieldErrors, reduce_to_course
from mne_hnn.inference.waveform_likelihood import (
    Columns,
    WaveformLikelihood,
    correlation,
    discrepancy_grid,
    gaussian_log_density,
)

TIMES = np.arange(0.0, 40.0, 4.0)
N = len(TIMES)
MEAN, SD = np.log(50.0), 0.6


def bump(at, width=8.0):
    return np.exp(-0.5 * ((TIMES - at) / width) ** 2)


def likelihood(*, sign=1, sd=SD, own=None, log_weight=None, wanted=None, n_independent=4.0, **changes):
    noise = 0.04 * (np.eye(N) * N / n_independent + 0.3)
    sizes, log_size = discrepancy_grid(1.0, 0.1)
    parts = {
        "times_ms": TIMES,
        "wanted": 1.2 * bump(20) + 0.05 if wanted is None else wanted,
        "noise": noise,
        "columns": Columns(mean_log=MEAN, sd_log=sd, log_weight=log_weight),
        "own": own,
        "smooth": correlation(TIMES, n_independent),
        "sizes": sizes,
        "log_size": log_size,
        "sign": sign,
    }
    return WaveformLikelihood(**(parts | changes))


MOMENTS = np.array([bump(18), bump(26), -bump(20), 0.2 * bump(20), np.zeros(N), 20 * bump(20)]) / 50


LOGS = np.linspace(MEAN - 6, MEAN + 6, 6001)


def brute(one, moment):
    """The same as a sum of scipy's density over many numbers of columns."""
    left = one.wanted - one.sign * np.exp(LOGS)[:, np.newaxis] * moment
    own = 0.0 if one.own is None else one.own
    terms = [
        log_size + multivariate_normal(np.zeros(N), one.noise + size**2 * one.smooth + own).logpdf(left)
        for size, log_size in zip(one.sizes, one.log_size, strict=True)
    ]
    return logsumexp(np.array(terms) + norm.logpdf(LOGS, MEAN, SD) + np.log(LOGS[1] - LOGS[0]))


@pytest.mark.parametrize("sign", [1, -1])
def test_columns_and_discrepancy_are_integrated_out(sign):
    one = likelihood(sign=sign)
    found = one.log_likelihood(MOMENTS)
    assert found == pytest.approx([brute(one, moment) for moment in MOMENTS], abs=2e-5)
    assert found[0] > found[2] if sign == 1 else found[2] > found[0]


def test_a_response_without_noise_has_a_peak_of_its_own():
    """Where the noise is so small that the coarse grid would not see the peak."""
    one = likelihood(noise=1e-5 * np.eye(N), sizes=np.array([0.002]), log_size=np.zeros(1), wanted=1.2 * bump(20))
    moments = np.array([bump(20), 0.9 * bump(20) + 0.01 * bump(30)]) / 50
    assert one.log_likelihood(moments) == pytest.approx([brute(one, moment) for moment in moments], abs=2e-4)


def test_what_is_not_known_of_the_model_adds_to_the_noise():
    own = 0.05 * np.outer(bump(20), bump(20))
    one = likelihood(own=own)
    assert one.log_likelihood(MOMENTS) == pytest.approx([brute(one, moment) for moment in MOMENTS], abs=2e-5)
    assert one.log_likelihood(MOMENTS)[3] != pytest.approx(likelihood().log_likelihood(MOMENTS)[3], abs=0.1)


def test_a_known_number_of_columns_is_one_term():
    one = likelihood(sd=0.0)
    terms = [
        log + gaussian_log_density(one.wanted - 50 * MOMENTS[0], one.noise + size**2 * one.smooth)
        for size, log in zip(one.sizes, one.log_size, strict=True)
    ]
    assert one.log_likelihood(MOMENTS[:1])[0] == pytest.approx(logsumexp(terms), abs=1e-5)


def test_cells_that_do_not_fit_make_it_less_probable():
    """Of a weight that is the same for all numbers of columns, just that much."""
    less = likelihood(log_weight=lambda columns: np.full(len(columns), -2.0)).log_likelihood(MOMENTS)
    assert less == pytest.approx(likelihood().log_likelihood(MOMENTS) - 2.0)


def test_what_was_integrated_out_is_drawn_as_it_is_distributed():
    one = likelihood()
    drawn = one.draw(np.repeat(MOMENTS[:1], 2000, axis=0), np.random.default_rng(1))
    logs = np.linspace(MEAN - 3, MEAN + 3, 2001)
    terms = np.array(
        [
            log
            + multivariate_normal(np.zeros(N), one.noise + size**2 * one.smooth).logpdf(
                one.wanted - np.exp(logs)[:, np.newaxis] * MOMENTS[0]
            )
            + norm.logpdf(logs, MEAN, SD)
            for size, log in zip(one.sizes, one.log_size, strict=True)
        ]
    )
    weights = np.exp(terms - terms.max())
    of_columns = weights.sum(axis=0) / weights.sum()
    mean = of_columns @ logs
    assert np.log(drawn.columns).mean() == pytest.approx(mean, abs=0.02)
    assert np.log(drawn.columns).std() == pytest.approx(np.sqrt(of_columns @ (logs - mean) ** 2), rel=0.07)
    shares = np.bincount(drawn.size, minlength=len(one.sizes)) / 2000
    assert shares == pytest.approx(weights.sum(axis=1) / weights.sum(), abs=0.04)


def test_density_of_a_normal_distribution():
    covariance = correlation(TIMES, 3.0) + 0.1 * np.eye(N)
    assert gaussian_log_density(bump(20), covariance) == pytest.approx(
        multivariate_normal(np.zeros(N), covariance).logpdf(bump(20))
    )


def test_a_smooth_process_has_as_many_independent_samples_as_are_asked_for():
    fine = np.arange(0.0, 200.0, 0.5)
    around = correlation(fine, 10.0)[200]
    assert around.sum() * 0.5 == pytest.approx(np.ptp(fine) / 10.0, rel=1e-3)


def test_likelihoods_refuse_what_they_cannot_hold():
    with pytest.raises(ParameterError, match="of one size"):
        likelihood(smooth=np.eye(3))
    with pytest.raises(DataError, match="no covariance"):
        likelihood(noise=-np.eye(N))
    with pytest.raises(DataError, match="NaN"):
        likelihood(wanted=np.full(N, np.nan))
    with pytest.raises(ParameterError, match="sign"):
        likelihood(sign=0)


# the sensors

COURSE = np.array([0.5, -1.0, 0.3, 1.2])


@pytest.fixture
def sensors():
    """Six whitened sensors of rank 5, a patch, two other sources and a response, all small."""
    rng = np.random.default_rng(3)
    basis = np.linalg.qr(rng.standard_normal((6, 5)))[0]
    fields = basis @ rng.standard_normal((5, 3))
    temporal = np.eye(4) * 1.5 + 0.4
    data = basis @ rng.standard_normal((5, 4)) * 2
    return basis, fields[:, 0], fields[:, 1:] * 3.0, temporal, data


@pytest.mark.parametrize("with_errors", [False, True])
@pytest.mark.parametrize("with_others", [False, True])
def test_sensors_say_of_the_patch_what_their_density_does(sensors, with_others, with_errors):
    """The density of all sensors, by scipy, in the directions that hold noise."""
    basis, field, others, temporal, data = sensors
    others = others if with_others else np.zeros((6, 0))
    errors = None
    seen = basis.T @ others
    covariance = np.kron(np.eye(5) + seen @ seen.T, temporal)
    if with_errors:  # two ways in which the field may be off, each as large at all times as the course is
        errors = FieldErrors(fields=basis @ np.random.default_rng(4).standard_normal((5, 2)), course=COURSE)
        off = basis.T @ errors.fields
        covariance = covariance + np.kron(off @ off.T, np.outer(COURSE, COURSE))
    found = reduce_to_course(data, field, temporal, rank=5, others=others, errors=errors)
    smooth = 0.3 * np.ones((4, 4)) + 0.2 * np.eye(4)  # a discrepancy along the field of the patch
    along = basis.T @ field
    with_it = covariance + np.kron(np.outer(along, along), smooth)
    for moment in (np.zeros(4), np.array([1.0, -2.0, 0.5, 3.0])):
        left = (basis.T @ (data - np.outer(field, moment))).ravel()
        noise = found.noise
        assert gaussian_log_density(found.moment - moment, noise) + found.rest == pytest.approx(
            multivariate_normal(np.zeros(20), covariance).logpdf(left)
        )
        assert gaussian_log_density(found.moment - moment, noise + smooth) + found.rest == pytest.approx(
            multivariate_normal(np.zeros(20), with_it).logpdf(left)
        )


def test_a_patch_that_no_sensor_sees_is_refused(sensors):
    _, field, _, temporal, data = sensors
    with pytest.raises(DataError, match="see nothing of the patch"):
        reduce_to_course(data, 0 * field, temporal, rank=5)
