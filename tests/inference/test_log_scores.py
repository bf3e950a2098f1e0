"""Logarithms of predictive densities: against scipy's of all sensors, Gaussian draws, and the point fit itself."""

from dataclasses import replace

import numpy as np
import pytest
from explained import explanation
from responses import SMALL, with_field
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from mne_hnn.inference import PosteriorSettings, Sensors, posterior
from mne_hnn.inference.held_out import held_out_by
from mne_hnn.inference.log_scores import ONE_COLUMN, Predictive, _noise, log_scores
from mne_hnn.inference.question import Question
from mne_hnn.inference.waveform_likelihood import WaveformLikelihood, correlation, gaussian_log_density

pytestmark = pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")
SETTINGS = PosteriorSettings(**SMALL)
TIMES = np.arange(0.0, 60.0, 3.0)
N_INDEPENDENT = 8.0


def rms(moment):
    return np.sqrt(np.mean(np.square(moment)))


def course_of(wanted, *, noise=1e-9):
    """Return what was measured of a course, with white noise and an offset."""
    n = len(TIMES)
    return WaveformLikelihood(
        times_ms=TIMES,
        wanted=wanted,
        noise=noise**2 * (n / N_INDEPENDENT * np.eye(n) + 0.3),
        columns=ONE_COLUMN,
        smooth=correlation(TIMES, N_INDEPENDENT),
        sizes=np.array([1e-9]),
        log_size=np.zeros(1),
    )


def shape(centre_ms=30.0):
    return 2e-8 * np.exp(-(((TIMES - centre_ms) / 10) ** 2))


@pytest.fixture
def held(measured, silently):
    """Return what was held out of a silent column's response, its question, and the posterior with five draws left."""
    silent = explanation("silent", columns=5e5, target=measured.target)
    sensors = Sensors(
        evoked=with_field(measured, measured.patch, 1.3 * measured.moment),
        forward=measured.forward,
        place=measured.patch,
        noise_cov=measured.noise_cov,
        other_labels=[measured.labels["superiortemporal-lh"]],
    )

    def draw(chosen, seen, how):
        found = posterior(chosen, seen, how)
        five = found.of("discrepancy")[:5]
        return replace(
            found,
            draws={"discrepancy": five[np.newaxis]},
            predicted=found.predicted[:5],
            log_likelihood=found.log_likelihood[:1, :5],
        )

    held_out = held_out_by(draw, silent, sensors, SETTINGS, 1 / 3)
    evoked = sensors.evoked.copy().pick(list(held_out.channels))
    unseen = Question(explanation=silent, sensors=replace(sensors, evoked=evoked), settings=SETTINGS)
    fit = silent.fit.dipole
    return held_out, unseen, unseen.at_times(1e3 * fit.times, fit["agg"])


def of_all_sensors(unseen, seen_moment, moment, size):
    """Return scipy's logarithm of the density of all samples of all sensors, whitened."""
    scene = unseen.scene
    field = scene.field_of(scene.sensors.patch)
    n = len(unseen.times_ms)
    errors = np.kron(scene.errors.fields, seen_moment[:, np.newaxis])
    spatial = np.eye(len(field)) + scene.others @ scene.others.T
    smooth = size**2 * correlation(unseen.times_ms, unseen.n_independent)
    covariance = np.kron(spatial, scene.temporal) + errors @ errors.T + np.kron(np.outer(field, field), smooth)
    assert covariance.shape == (len(field) * n,) * 2
    return multivariate_normal.logpdf(scene.data.ravel(), np.outer(field, moment).ravel(), covariance)


def test_densities_are_those_of_all_sensors(held):
    held_out, unseen, fitted = held
    found = held_out.posterior
    assert len(held_out.channels) == unseen.scene.rank == len(unseen.scene.data)
    sizes = rms(found.wanted) * found.of("discrepancy")
    each = [of_all_sensors(unseen, found.wanted, *pair) for pair in zip(found.predicted, sizes, strict=True)]
    assert held_out.log_density == pytest.approx(logsumexp(each) - np.log(5), abs=1e-3)
    assert held_out.fit_log_density == pytest.approx(of_all_sensors(unseen, found.wanted, fitted, 0.0), abs=1e-3)
    expected = 0.1 * rms(unseen.wanted)
    loose = of_all_sensors(unseen, found.wanted, fitted, expected)
    assert held_out.loose_fit_log_density == pytest.approx(loose, abs=1e-3)
    nothing = of_all_sensors(unseen, found.wanted, 0 * fitted, 0.0)
    assert held_out.null_log_density == pytest.approx(nothing, abs=1e-3)
    best = max(held_out.fit_log_density, held_out.loose_fit_log_density)
    assert best > held_out.null_log_density + 50
    assert held_out.log_difference == held_out.log_density - best


def test_one_draw_that_is_the_fit_scores_as_the_fit(held):
    held_out, unseen, fitted = held
    found = held_out.posterior
    for relative, name in ((1e-9, "fit"), (0.1 * rms(unseen.wanted) / rms(found.wanted), "loose_fit")):
        same = replace(
            found,
            draws={"discrepancy": np.full((1, 3), relative)},
            predicted=np.array([fitted] * 3),
            log_likelihood=np.zeros((1, 3)),
        )
        scores = log_scores(same, unseen, fitted)
        assert scores.posterior == pytest.approx(getattr(scores, name), abs=1e-6)
        assert getattr(scores, name) == pytest.approx(getattr(held_out, f"{name}_log_density"), abs=1e-6)
        if getattr(scores, name) == max(scores.fit, scores.loose_fit):  # the one that it is compared with
            assert scores.noise < 1e-6


def test_the_mean_over_gaussian_draws_is_the_density_of_the_sum():
    """Draws that are a normal number times a shape add a covariance of their own."""
    rng = np.random.default_rng(0)
    n, spread = 20000, 0.2
    moments = shape() * (1 + spread * rng.standard_normal((n, 1)))
    course = course_of(1.25 * shape() + 1e-9 * rng.standard_normal(len(TIMES)))
    for size in (0.0, 3e-9):
        predictive = Predictive(moments=moments, sizes=np.full(n, size), own=1e-18 * np.eye(len(TIMES)))
        covariance = course.noise + 1e-18 * np.eye(len(TIMES)) + size**2 * course.smooth
        exact = multivariate_normal.logpdf(course.wanted, shape(), covariance + spread**2 * np.outer(shape(), shape()))
        error = predictive.error(course)
        assert 0 < error < 0.03
        assert abs(predictive.log_density(course) - exact) < 3 * error
        assert abs(exact - multivariate_normal.logpdf(course.wanted, shape(), covariance)) > 10 * error


def test_each_draw_has_its_own_discrepancy_and_turned_over_is_turned_over():
    course = course_of(-shape(32.0))
    moments, sizes = np.array([shape(), shape(34.0), 0 * shape()]), np.array([1e-9, 5e-9, 2e-8])
    found = Predictive(moments=moments, sizes=sizes).log_densities(replace(course, sign=-1))
    each = [
        gaussian_log_density(course.wanted + moment, course.noise + size**2 * course.smooth)
        for moment, size in zip(moments, sizes, strict=True)
    ]
    np.testing.assert_allclose(found, each, atol=1e-4)
    # as in the sum over all sizes
    several = replace(course, sign=-1, sizes=sizes, log_size=np.log([0.2, 0.3, 0.5]))
    by_size = np.array([several.log_likelihood_of_size(moments, np.full(3, k)) for k in range(3)])
    np.testing.assert_allclose(several.log_likelihood(moments), logsumexp(by_size + several.log_size[:, None], axis=0))


def test_the_error_is_how_much_differences_vary():
    """Over 300 courses that one of two predictions made, differences spread as their standard error says."""
    rng = np.random.default_rng(2)
    right, wrong = (Predictive(moments=one[np.newaxis], sizes=np.zeros(1)) for one in (shape(), shape(31.5)))
    lower = np.linalg.cholesky(course_of(shape()).noise)
    apart, errors = [], []
    for number in range(300):
        course = course_of(shape() + lower @ rng.standard_normal(len(TIMES)))
        apart.append(right.log_density(course) - wrong.log_density(course))
        if number < 10:
            errors.append(_noise(right, wrong, course, rng))
    assert np.mean(apart) > 0
    assert 0.85 < np.mean(errors) / np.std(apart) < 1.2
    assert _noise(right, right, course, rng) == 0


def test_being_as_sure_as_one_may_be_scores_best():
    """Of predictions with the right mean the one whose discrepancy is that of the truths is best on average."""
    rng = np.random.default_rng(3)
    true = 3e-9
    plain = course_of(shape())
    lower = np.linalg.cholesky(plain.noise + true**2 * plain.smooth)
    courses = [course_of(shape() + lower @ rng.standard_normal(len(TIMES))) for _ in range(100)]
    mean = {
        size: np.mean([Predictive(moments=shape()[np.newaxis], sizes=np.array([size])).log_density(c) for c in courses])
        for size in (0.0, 1e-9, true, 9e-9, 3e-8)
    }
    assert max(mean, key=mean.get) == true


def test_what_an_emulator_does_not_know_counts_for_the_posterior_only(measured, firing):
    fires = explanation(target=measured.target)
    evoked = with_field(measured, measured.patch, measured.moment)
    sensors = Sensors(evoked=evoked, forward=measured.forward, place=measured.patch, noise_cov=measured.noise_cov)
    settings = PosteriorSettings(**SMALL, start=60, batch=32, rounds=1, predictive=16)
    held_out = held_out_by(posterior, fires, sensors, settings, 1 / 3)
    assert firing
    found = held_out.posterior
    unseen = Question(
        explanation=fires,
        sensors=replace(sensors, evoked=sensors.evoked.copy().pick(list(held_out.channels))),
        settings=settings,
    )
    fitted = unseen.at_times(1e3 * fires.fit.dipole.times, fires.fit.dipole["agg"])
    scores = log_scores(found, unseen, fitted)
    assert scores.posterior == pytest.approx(held_out.log_density, abs=1e-6)
    assert found.asked.unknown is not None
    sure = log_scores(replace(found, asked=replace(found.asked, unknown=None)), unseen, fitted)
    assert abs(sure.posterior - scores.posterior) > 0.1
    assert (sure.fit, sure.loose_fit) == (scores.fit, scores.loose_fit)
