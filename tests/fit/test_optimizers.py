"""Optimizers on functions whose minimum is known, through a problem that counts what they ask."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mne_hnn.errors import ParameterError
from mne_hnn.fit import OPTIMIZERS, optimizers
from mne_hnn.fit.optimizers import BudgetSpent, choose_optimizer

NAMES = tuple(OPTIMIZERS)
BUDGETS = {
    "cma": 300,
    "differential_evolution": 900,
    "least_squares": 200,
    "nelder_mead": 200,
    "cobyla": 200,
    "bayesian": 36,
    "scan": 60,
}
#: How near they come: what is made for few evaluations of rough losses has no use for more digits.
NEAR = {"bayesian": 0.08, "random": 0.2}
FAST = [name for name in NAMES if name != "bayesian"]


class Problem:
    """Counts what is asked, refuses what the budget does not hold, as a search does."""

    def __init__(self, loss, n, budget, *, start=None, step=0.2, seed=1, residuals=None, population=None):
        self.loss, self.left, self.step, self.seed = loss, budget, step, seed
        self.population = population
        self.start = np.full(n, 0.5) if start is None else np.array(start, dtype=float)
        self.of = residuals
        self.batches, self.points, self.values = [], [], []

    @property
    def budget(self):
        return self.left

    def _take(self, points):
        points = np.asarray(points)
        assert points.ndim == 2
        assert points.shape[1] == len(self.start)
        if self.left <= 0:
            raise BudgetSpent
        kept = points[: self.left]
        self.left -= len(kept)
        self.batches.append(len(points))
        self.points += list(kept.copy())
        self.values += [self.loss(one) for one in kept]
        if len(kept) < len(points):
            raise BudgetSpent
        return kept

    def losses(self, points):
        return np.array([self.loss(one) for one in self._take(points)])

    def residuals(self, points):
        return np.array([self.of(one) for one in self._take(points)])

    def run(self, name):
        with contextlib.suppress(BudgetSpent):
            OPTIMIZERS[name].run(self)
        return self

    @property
    def best(self):
        return self.points[int(np.argmin(self.values))]


def bowl(centre, budget, **options):
    centre = np.array(centre)
    return Problem(
        lambda x: float(np.sum((x - centre) ** 2)), len(centre), budget, residuals=lambda x: x - centre, **options
    )


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("random", "scan")])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_finds_the_minimum_of_a_bowl(name, seed):
    centre = np.random.default_rng(seed).uniform(0.05, 0.95, 3)
    problem = bowl(centre, BUDGETS[name], seed=seed).run(name)
    np.testing.assert_allclose(problem.best, centre, atol=NEAR.get(name, 0.01))


@pytest.mark.parametrize("centre", [0.0, 0.031, 0.3333, 0.77, 1.0])
@pytest.mark.parametrize("name", ["scan", "cma"])
def test_one_parameter(name, centre):
    np.testing.assert_allclose(bowl([centre], 60).run(name).best, [centre], atol=1e-4)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("random", "scan")])
def test_minimum_on_a_bound(name):
    problem = bowl([0.0, 1.0, 0.4], BUDGETS[name]).run(name)
    np.testing.assert_allclose(problem.best, [0.0, 1.0, 0.4], atol=NEAR.get(name, 0.02))


def test_random_comes_close_somewhere():
    problem = bowl([0.2, 0.7], 400).run("random")
    assert len(problem.points) == 400
    np.testing.assert_allclose(problem.best, [0.2, 0.7], atol=0.1)
    np.testing.assert_array_equal(problem.points[0], problem.start)
    assert np.ptp(np.array(problem.points), axis=0).min() > 0.95


@pytest.mark.parametrize("name", NAMES)
def test_deterministic_for_a_seed(name):
    n = 1 if name == "scan" else 3
    budget = 20 if name == "bayesian" else 120
    first, again = (bowl(np.linspace(0.2, 0.7, n), budget, seed=5).run(name) for _ in range(2))
    np.testing.assert_array_equal(first.points, again.points)
    assert first.batches == again.batches
    if name in ("cma", "differential_evolution", "random", "bayesian"):
        other = bowl(np.linspace(0.2, 0.7, n), budget, seed=6).run(name)
        assert not np.array_equal(first.points, other.points)


@pytest.mark.parametrize("name", NAMES)
def test_the_random_numbers_of_others_are_left_alone(name):
    np.random.seed(3)  # noqa: NPY002 - the global stream is what is tested
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    budget = 20 if name == "bayesian" else 50
    first = bowl([0.3] * (1 if name == "scan" else 3), budget).run(name)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    again = bowl([0.3] * (1 if name == "scan" else 3), budget).run(name)
    np.testing.assert_array_equal(first.points, again.points)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(FAST), st.integers(1, 70), st.integers(1, 6), st.integers(0, 100))
def test_budget_is_never_exceeded_and_points_stay_in_the_cube(name, budget, n, seed):
    n = 1 if name == "scan" else n
    centre = np.random.default_rng(seed).random(n)
    check_budget(bowl(centre, budget, seed=seed).run(name), budget)


@pytest.mark.parametrize("budget", [1, 3, 9, 14])
@pytest.mark.parametrize("n", [1, 4])
def test_budget_of_the_bayesian_one(budget, n):
    check_budget(bowl([0.3] * n, budget).run("bayesian"), budget)


def check_budget(problem, budget):
    points = np.array(problem.points)
    assert 1 <= len(points) <= budget
    assert (points >= 0).all()
    assert (points <= 1).all()


@pytest.mark.parametrize("name", ["cma", "differential_evolution", "random"])
def test_global_ones_use_the_whole_budget(name):
    assert len(bowl([0.4, 0.4], 1000).run(name).points) == 1000


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("start", [[0.0], [1.0]])
def test_a_start_on_a_bound(name, start):
    n = 1 if name == "scan" else 3
    problem = bowl([0.6] * n, BUDGETS.get(name, 400), start=start * n).run(name)
    np.testing.assert_allclose(problem.best, [0.6] * n, atol=NEAR.get(name, 0.02))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("scan", "least_squares")])
def test_failures_are_not_the_end(name):
    """A third of the cube cannot be simulated."""
    centre = np.array([0.4, 0.5])
    problem = Problem(
        lambda x: np.inf if x[0] > 2 / 3 else float(np.sum((x - centre) ** 2)),
        2,
        min(500, BUDGETS.get(name, 500)),
        start=[0.6, 0.9],
    ).run(name)
    np.testing.assert_allclose(problem.best, centre, atol=0.1 if name == "random" else NEAR.get(name, 0.02))
    assert np.isinf(problem.values).any() or name in ("nelder_mead", "cobyla")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_failures_ends(name):
    n = 1 if name == "scan" else 2
    budget = min(80, BUDGETS.get(name, 80))
    problem = Problem(lambda x: np.inf, n, budget, residuals=lambda x: np.full(5, 10.0)).run(name)
    assert len(problem.points) <= 80


def curved(x):
    """Rosenbrock's valley in six dimensions, its minimum at 0.75 in each."""
    u = 4 * x - 2
    return float(np.sum(10 * (u[1:] - u[:-1] ** 2) ** 2 + (1 - u[:-1]) ** 2))


def test_cma_beats_random_in_a_curved_valley():
    for seed in range(5):
        found = {name: min(Problem(curved, 6, 300, seed=seed).run(name).values) for name in ("cma", "random")}
        assert found["cma"] < 0.5 * found["random"]


def test_cma_restarts_out_of_a_hollow():
    def hollows(x):  # a wide hollow at 0.25 and a deeper one at 0.8
        return float(min(np.sum((x - 0.25) ** 2), 4 * np.sum((x - 0.8) ** 2) - 0.05))

    left = 0
    for seed in range(5):
        problem = Problem(hollows, 2, 3000, start=[0.25, 0.25], seed=seed).run("cma")
        left += bool(np.allclose(problem.best, 0.8, atol=0.1))
    assert left >= 3


def test_batches_are_what_can_run_side_by_side():
    assert set(bowl([0.3] * 4, 200).run("cma").batches) >= {4 + int(3 * np.log(4))}
    assert max(bowl([0.3] * 4, 200).run("least_squares").batches) == 4
    assert set(bowl([0.3] * 4, 20).run("nelder_mead").batches) == {1}
    assert bowl([0.3] * 4, 200).run("differential_evolution").batches[0] == 16


def test_a_population_is_the_batch():
    assert set(bowl([0.3] * 4, 200, population=20).run("cma").batches) == {20}
    assert set(bowl([0.3] * 4, 200, population=20).run("differential_evolution").batches) == {20}
    assert set(bowl([0.3] * 4, 30).run("bayesian").batches[1:]) == {4}


# -- choosing one


def test_auto():
    assert choose_optimizer("auto", 1).name == "scan"
    assert choose_optimizer("auto", 2).name == "differential_evolution"
    assert choose_optimizer("auto", 10).name == "cma"
    assert choose_optimizer("least_squares", 3).name == "least_squares"


def test_auto_without_pycma(monkeypatch):
    monkeypatch.setattr(optimizers, "find_spec", lambda name: None)
    assert choose_optimizer("auto", 10).name == "differential_evolution"
    assert choose_optimizer("auto", 1).name == "scan"
    with pytest.raises(ParameterError, match=r"needs the package 'cma': pip install 'mne-hnn\[fit\]'"):
        choose_optimizer("cma", 5)


def test_wrong_choices():
    with pytest.raises(ParameterError, match="Did you mean 'nelder_mead'"):
        choose_optimizer("nelder-mead")
    with pytest.raises(ParameterError, match="takes one free parameter, got 2"):
        choose_optimizer("scan", 2)
    with pytest.raises(ParameterError, match="must be a name"):
        choose_optimizer(None)


def test_every_row_says_what_it_is():
    for name, row in OPTIMIZERS.items():
        assert row.name == name
        assert row.description.endswith(".")
