"""Populations end where quadrature, a long Markov chain and nested sampling say that the posterior is."""

import numpy as np
import pytest
from columns import AMPA_2, AMPA_5, MU, SIGMA, TSTOP, likelihood, model
from scipy.special import logsumexp

from mne_hnn.fit.sequence import SIGMA_BOUNDS
from mne_hnn.inference.cooling import cool, pooled
from mne_hnn.inference.refining import problem_of


def populations(one, wanted, *, n=4, particles=500, moves=15):
    problem = problem_of(one, wanted, "test")
    return [cool(problem, n=particles, moves=moves, key=(7, k)) for k in range(n)]


def log_density(one, wanted):
    def of(z):
        z = np.atleast_2d(z)
        prior = one.log_prior(z)
        return np.where(np.isfinite(prior), prior + wanted.log_likelihood(one.predict(z).moments), -1e300)

    return of


def test_tables_give_what_the_kernels_do():
    one = model(MU, SIGMA, AMPA_2, AMPA_5)
    z = np.random.default_rng(1).normal(size=(12, 4))
    z = z[np.isfinite(one.log_prior(z))]
    assert len(z) > 8
    plain = one.natural(z)
    for row, found in zip(plain, one.predict(z).moments, strict=True):
        basis = one.column.response("proximal", row[0], np.clip(row[1], *SIGMA_BOUNDS))
        weights = np.array([row[2], row[3], 1e-4, 1e-4])
        exact = basis @ weights
        assert np.abs(found - exact).max() < 0.01 * np.abs(exact).max()


def test_two_numbers_by_quadrature():
    one = model(MU, AMPA_2)
    wanted = likelihood(one, [0.3, 0.8])
    found = populations(one, wanted, n=2, particles=800, moves=8)
    axis = np.linspace(-4.0, 4.0, 101)
    grid = np.array(np.meshgrid(axis, axis, indexing="ij")).reshape(2, -1).T
    logs = log_density(one, wanted)(grid)
    evidence = logsumexp(logs) + 2 * np.log(axis[1] - axis[0])
    weights = np.exp(logs - logsumexp(logs))
    mean = weights @ grid
    sd = np.sqrt(weights @ (grid - mean) ** 2)
    z = np.vstack([one_.z for one_ in found])
    assert np.abs(z.mean(axis=0) - mean) / sd == pytest.approx(0.0, abs=0.12)
    assert z.std(axis=0) == pytest.approx(sd, rel=0.09)
    value, error = pooled(found)
    assert value == pytest.approx(evidence, abs=0.2)
    assert error < 0.3


def test_drives_out_of_order_or_outside_are_impossible():
    one = model(MU)
    assert np.isfinite(one.log_prior(np.array([[-2.0], [0.0]]))).all()
    assert not np.isfinite(one.log_prior(np.array([[-2.5], [(TSTOP - 25) / 10]]))).any()


@pytest.mark.slow
def test_four_numbers_by_markov_chains_and_nested_sampling():
    """Means and deviations within 5 % of a deviation, the evidence within 0.2."""
    import dynesty
    import emcee
    from scipy.stats import norm

    one = model(MU, SIGMA, AMPA_2, AMPA_5)
    wanted = likelihood(one, [0.3, -0.5, 0.8, -0.4])
    density = log_density(one, wanted)
    rng = np.random.default_rng(0)
    walkers = 64
    chain = emcee.EnsembleSampler(
        walkers, 4, density, vectorize=True, moves=[(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2)]
    )
    np.random.seed(3)  # noqa: NPY002 - emcee draws from it
    chain.run_mcmc(rng.normal(size=(walkers, 4)) * 0.3, 4_000)
    exact = chain.get_chain(discard=500, thin=5, flat=True)
    found = populations(one, wanted, n=8, particles=1000, moves=20)
    z = np.vstack([one_.z for one_ in found])
    sd = exact.std(axis=0)
    assert np.abs(z.mean(axis=0) - exact.mean(axis=0)) / sd == pytest.approx(0.0, abs=0.05)
    assert z.std(axis=0) == pytest.approx(sd, rel=0.05)

    def likelihood_of(z):
        value = density(z)[0] + 0.5 * float(z @ z) + 2 * np.log(2 * np.pi)
        return value if value > -1e200 else -1e200

    nested = dynesty.NestedSampler(likelihood_of, norm.ppf, 4, nlive=400, rstate=np.random.default_rng(5))
    nested.run_nested(print_progress=False, dlogz=0.05)
    value, error = pooled(found)
    assert value == pytest.approx(nested.results.logz[-1], abs=0.2)
    assert error < 0.15
