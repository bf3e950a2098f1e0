"""Groups of posteriors: against exact hierarchical models, coverage, shrinkage, differences, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from posteriors import PATHS, made
from scipy.stats import kstest, multivariate_normal

from mne_hnn.errors import DataError, MneHnnWarning, ParameterError
from mne_hnn.inference import PoolSettings, pool_posteriors, read_group_posterior
from mne_hnn.viz import plot_group_posterior

CENTRE, SIZE = 25.0, 8.0
"""Mean and standard deviation of the prior of a subject's time, ms."""
pytestmark = pytest.mark.filterwarnings("ignore::mne_hnn.errors.MneHnnWarning")


def timed(seen, error, rng, *, n=400, **changes):
    """Return a posterior of times of which a mean was seen with a normal error: the exact one, drawn."""
    draws, prior = {}, {}
    for k, value in enumerate(np.atleast_1d(seen)):
        precision = 1 / error**2 + 1 / SIZE**2
        mean = (value / error**2 + CENTRE / SIZE**2) / precision
        draws[f"drives.evprox{k + 1}.mu_ms"] = mean + rng.standard_normal((4, n)) / np.sqrt(precision)
        prior[f"drives.evprox{k + 1}.mu_ms"] = CENTRE + SIZE * rng.standard_normal(1600)
    base = {"warnings": (), "regime": "silent", "sequence": tuple(("proximal", CENTRE) for _ in draws)}
    return made(draws=draws, prior=prior, **(base | changes))


def exact(seen, errors, condition, subject, settings=None):
    """Return mean and deviation of the means of conditions and of the spread, by quadrature over two deviations."""
    settings = settings or PoolSettings()
    n = condition.max() + 1
    design = np.eye(n)[condition]
    centred = seen - CENTRE
    grid = (np.arange(64) + 0.5) / 64 * 4 * settings.spread_sd * SIZE
    same = subject[:, None] == subject
    logs, means, covariances, spreads = [], [], [], []
    for shared in grid if n > 1 else [0.0]:
        for own in grid:
            covariance = np.diag(errors**2 + own**2) + shared**2 * same
            total = covariance + (settings.mean_sd * SIZE) ** 2 * design @ design.T
            log = multivariate_normal.logpdf(centred, np.zeros(len(seen)), total)
            log -= 0.5 * (shared**2 + own**2) / (settings.spread_sd * SIZE) ** 2
            inverse = np.linalg.inv(covariance)
            here = np.linalg.inv(design.T @ inverse @ design + np.eye(n) / (settings.mean_sd * SIZE) ** 2)
            logs.append(log)
            means.append(here @ design.T @ inverse @ centred)
            covariances.append(here)
            spreads.append(np.hypot(shared, own))
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    means, spreads = np.array(means), np.array(spreads)
    mean = weights @ means
    second = np.einsum("k,kij->ij", weights, np.array(covariances) + np.einsum("ki,kj->kij", means, means))
    covariance = second - np.outer(mean, mean)
    spread = weights @ spreads
    return mean + CENTRE, covariance, spread, np.sqrt(weights @ spreads**2 - spread**2)


@pytest.mark.parametrize("error", [1.0, 6.0])
def test_a_normal_group_is_that_of_quadrature(error):
    rng = np.random.default_rng(3)
    subject = np.arange(8)
    errors = error * rng.uniform(0.7, 1.3, 8)
    seen = 31 + 3 * rng.standard_normal(8) + errors * rng.standard_normal(8)
    found = pool_posteriors({f"{s:02d}": timed(seen[s], errors[s], rng) for s in subject})
    mean, covariance, spread, deviation = exact(seen, errors, np.zeros(8, int), subject)
    path = found.paths[0]
    sd = np.sqrt(covariance[0, 0])
    assert found.of(path).mean() == pytest.approx(mean[0], abs=0.15 * sd)
    assert found.of(path).std() == pytest.approx(sd, rel=0.1)
    assert found.spread[path].mean() == pytest.approx(spread, abs=0.12 * deviation)
    assert found.spread[path].std() == pytest.approx(deviation, rel=0.12)
    row = found.rows()[0]
    assert row["r_hat"] < 1.02
    assert row["effective_size"] > 400
    assert row["n_subjects"] == 8


def test_pairs_of_conditions_are_those_of_quadrature():
    """Subjects differ by far more than conditions do within them; one has one condition only."""
    rng = np.random.default_rng(5)
    subject, condition = np.repeat(np.arange(6), 2)[:-1], np.tile([0, 1], 6)[:-1]
    errors = rng.uniform(0.8, 2.0, 11)
    seen = 25 + 6 * rng.standard_normal(6)[subject] + 4.0 * condition + errors * rng.standard_normal(11)
    keys = [(f"{s:02d}", "ab"[c]) for s, c in zip(subject, condition, strict=True)]
    found = pool_posteriors({key: timed(seen[k], errors[k], rng) for k, key in enumerate(keys)})
    mean, covariance, spread, deviation = exact(seen, errors, condition, subject)
    path = found.paths[0]
    for k, name in enumerate("ab"):
        sd = np.sqrt(covariance[k, k])
        assert found.of(path, name).mean() == pytest.approx(mean[k], abs=0.15 * sd)
        assert found.of(path, name).std() == pytest.approx(sd, rel=0.12)
    assert found.spread[path].mean() == pytest.approx(spread, abs=0.15 * deviation)
    apart = found.of(path, "b") - found.of(path, "a")
    sd = np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert sd < 0.5 * np.sqrt(covariance[0, 0] + covariance[1, 1])  # what pairs are for
    assert apart.mean() == pytest.approx(mean[1] - mean[0], abs=0.15 * sd)
    assert apart.std() == pytest.approx(sd, rel=0.15)
    (row,) = found.difference("b", "a")
    assert row["n_both"] == 5
    assert row["difference"] == pytest.approx(mean[1] - mean[0], abs=0.2 * sd)
    assert row["above"] > 0.95
    (other,) = found.difference("a", "b")
    assert other["above"] == pytest.approx(1 - row["above"])


def test_subjects_are_drawn_towards_the_mean_as_far_as_theory_says():
    """With a spread that is known, by the share of the variance that is the error's (Efron and Morris 1975)."""
    rng = np.random.default_rng(7)
    n, spread = 30, 2.0
    errors = np.where(np.arange(n) % 2, 1.0, 4.0)
    seen = 30 + spread * rng.standard_normal(n) + errors * rng.standard_normal(n)
    found = pool_posteriors({f"{s:02d}": timed(seen[s], errors[s], rng) for s in range(n)})
    path = found.paths[0]
    after = found.after[path][:, :, 0]
    middle, variance = found.of(path).mean(), (found.spread[path] ** 2).mean()
    kept = variance / (variance + errors**2)
    assert after.mean(axis=0) == pytest.approx(middle + kept * (seen - middle), abs=0.45)
    own = found.before[path][:, :, 0]
    assert np.median(after.std(axis=0)[errors == 4] / own.std(axis=0)[errors == 4]) < 0.7
    rows = found.subject_rows()
    assert len(rows) == n
    assert rows[0]["pooled_low_90"] < rows[0]["pooled"] < rows[0]["pooled_high_90"]


def test_means_of_200_groups_are_held_by_their_intervals():
    """Truths from what is expected of a group, 8 subjects each; as many numbers of one group are 200 groups."""
    rng = np.random.default_rng(11)
    n_groups, n_subjects, error = 200, 8, 3.0
    mean = CENTRE + SIZE * rng.standard_normal(n_groups)
    spread = 0.5 * SIZE * np.abs(rng.standard_normal(n_groups))
    true = mean + spread * rng.standard_normal((n_subjects, n_groups))
    seen = true + error * rng.standard_normal(true.shape)
    found = pool_posteriors(
        {f"{s}": timed(seen[s], error, rng, n=150) for s in range(n_subjects)},
        PoolSettings(draws=150, warmup=300, thin=4),
    )
    draws = np.array([found.of(path) for path in found.paths])
    spreads = np.array([found.spread[path].ravel() for path in found.paths])
    subjects = np.array([found.after[path][:, :, 0] for path in found.paths])
    for values, truth, n in ((draws, mean, 200), (spreads, spread, 200), (subjects[:, :, 0], true[0], 200)):
        for share in (0.5, 0.9):
            low, high = np.quantile(values, [(1 - share) / 2, (1 + share) / 2], axis=1)
            inside = np.sum((low < truth) & (truth < high))
            assert abs(inside - share * n) < 2.6 * np.sqrt(share * (1 - share) * n), (share, inside)
    ranks = (draws < mean[:, np.newaxis]).mean(axis=1)
    assert kstest(ranks, "uniform").pvalue > 0.05


# pairs, words, files


def group(**changes):
    """Return a group of four subjects and two conditions, of columns that fire, with a drive that comes later."""
    rng = np.random.default_rng(2)
    posteriors = {}
    for s in range(4):
        for condition, later in (("early", 0.0), ("late", 6.0)):
            one = made(**changes)
            times = {PATHS[0]: 25 + s + later + rng.standard_normal((4, 150))}
            posteriors[f"{s:02d}", condition] = replace(one, draws={**one.draws, **times})
    return posteriors


@pytest.fixture(scope="module")
def pooled():
    return pool_posteriors(group(), PoolSettings(draws=400, warmup=600))


def test_a_group_in_words_and_rows(pooled):
    assert pooled.conditions == ("early", "late")
    assert pooled.sides == ("proximal",)
    assert [path for path in pooled.paths if path.startswith("spikes")] == [
        "spikes.L2_pyramidal",
        "spikes.L5_pyramidal",
    ]
    rows = {row["parameter"]: row for row in pooled.difference("late", "early")}
    assert rows[PATHS[0]]["difference"] == pytest.approx(6.0, abs=1.0)
    assert rows[PATHS[0]]["above"] > 0.99
    assert rows["columns"]["difference"] == pytest.approx(1.0, abs=0.15)  # a ratio
    assert 0.1 < rows["columns"]["above"] < 0.9
    assert rows["spikes.L5_pyramidal"]["scale"] == "log"
    text = " ".join(pooled.sentences())
    assert text.startswith("4 subjects in 2 conditions (early, late), pooled partially")
    assert f"{PATHS[0]}, early minus late: \N{MINUS SIGN}" in text
    assert "smaller in early" in text
    assert "is open for" in text
    assert pooled.summary().loc[("columns", "late"), "mean"] == pytest.approx(3000, rel=0.1)
    assert "4 subjects, 7 numbers" in repr(pooled)
    with pytest.raises(ParameterError, match="name one of early, late"):
        pooled.of("columns")
    with pytest.raises(ParameterError, match=r"Two different conditions"):
        pooled.difference("early", "early")


def test_warnings_are_carried_over_with_whose_they_are():
    posteriors = group()
    posteriors["02", "late"] = made(passed=False)
    with pytest.warns(MneHnnWarning, match="Check failed, misfit"):
        found = pool_posteriors(posteriors, PoolSettings(draws=100, warmup=100))
    assert "Of all 8 posteriors: A warning." in found.warnings
    assert "Of 02 late: Check failed, misfit." in found.warnings
    assert any(text.startswith("Only 4 subjects") for text in found.warnings)


def test_numbers_that_were_given_say_nothing():
    """Columns of the later condition are those of the earlier one, as in a data set."""
    posteriors = group()
    for (subject, condition), one in posteriors.items():
        if condition == "late":
            known = {"columns": np.full((4, 150), 2500.0)}, {"columns": np.full(600, 2500.0)}
            draws, prior = ({**old, **new} for old, new in zip((one.draws, one.prior), known, strict=True))
            posteriors[subject, condition] = replace(one, draws=draws, prior=prior)
    found = pool_posteriors(posteriors, PoolSettings(draws=150, warmup=300))
    assert [row["condition"] for row in found.rows() if row["parameter"] == "columns"] == ["early"]
    assert found.of("columns", "early").mean() == pytest.approx(3000, rel=0.1)
    assert "columns" not in {row["parameter"] for row in found.difference("late", "early")}
    assert {row["condition"] for row in found.subject_rows() if row["parameter"] == "columns"} == {"early"}
    assert np.isfinite(found.mean["columns"]).all()
    found.plot(show=False)


def test_a_subject_unlike_the_others_is_said():
    rng = np.random.default_rng(1)
    seen, errors = [*(30 + 0.2 * rng.standard_normal(15)), 50.0], [0.2] * 15 + [4.0]
    found = pool_posteriors({f"{s}": timed(seen[s], errors[s], rng) for s in range(16)})
    (told,) = [text for text in found.warnings if "count under the group's distribution" in text]
    assert "(of 15; fewest" in told
    count = found.count[found.paths[0]][:, 0]
    assert count[15] < 50 < count[:15].min()


def test_a_number_of_which_nothing_is_known_stays_where_its_prior_is():
    """A posterior a little wider than its prior says nothing, and not that the number is anywhere but there."""
    rng = np.random.default_rng(4)
    one = {f"{s}": timed([30.0 + s], 3.0, rng) for s in range(4)}
    path = one["0"].paths[0]
    for name in ("2", "3"):
        one[name] = replace(one[name], draws={path: CENTRE + 1.2 * SIZE * rng.standard_normal((4, 400))})
    found = pool_posteriors(one)
    after = found.after[path][:, :, 0]
    assert np.abs(np.quantile(after, [0.01, 0.99], axis=0) - CENTRE).max() < 3 * SIZE
    assert found.spread[path].max() < 4 * SIZE


def test_the_same_seed_gives_the_same_draws():
    rng = np.random.default_rng(1)
    posteriors = {f"{s}": timed([20.0 + s, 40.0], 2.0, rng, n=60) for s in range(3)}
    settings = PoolSettings(draws=100, warmup=100)
    one, two = (pool_posteriors(posteriors, settings) for _ in range(2))
    other = pool_posteriors(posteriors, PoolSettings(draws=100, warmup=100, seed=1))
    for path in one.paths:
        assert one.mean[path].tobytes() == two.mean[path].tobytes()
        assert one.after[path].tobytes() == two.after[path].tobytes()
        assert one.mean[path].tobytes() != other.mean[path].tobytes()


def test_a_group_is_read_as_it_was_saved(pooled, tmp_path):
    arviz = pytest.importorskip("arviz")
    pooled.save(tmp_path / "group.nc")
    found = read_group_posterior(tmp_path / "group.nc")
    for kind in ("mean", "spread", "own_spread", "before", "after", "count"):
        one, other = getattr(pooled, kind), getattr(found, kind)
        assert list(one) == list(other)
        assert all(np.array_equal(one[path], other[path], equal_nan=True) for path in one), kind
    for name in ("regime", "sides", "subjects", "conditions", "warnings", "prior", "facts"):
        assert getattr(found, name) == getattr(pooled, name), name
    assert found.sentences() == pooled.sentences()
    data = arviz.from_netcdf(tmp_path / "group.nc")
    assert data.posterior["mean.columns"].shape == (4, 400, 2)
    made().save(tmp_path / "one.nc")
    with pytest.raises(DataError, match="no pooled posterior"):
        read_group_posterior(tmp_path / "one.nc")
    with pytest.raises(ParameterError, match=r"\.nc"):
        pooled.save(tmp_path / "group.npz")


@pytest.mark.parametrize(
    ("posteriors", "words"),
    [
        ({}, "must map subjects"),
        ([made()], "must map subjects"),
        ({"01": made()}, "at least two subjects"),
        ({"01": made(), "02": made(regime="silent")}, "of a silent column, that of 01 of a spiking one"),
        ({"01": made(), "02": made(sequence=(("distal", 25.0),))}, "The drives of 02 are distal, those of 01 proximal"),
        ({"01": made(), "02": made(draws={"columns": np.ones((2, 50))})}, "have different numbers"),
        ({"01": made(), ("02", "a"): made()}, "name it in all, or in none"),
        ({"01": made(), 2: made()}, "must be a subject"),
        ({"01": made(), "02": "posterior.nc"}, "must be a CircuitPosterior, got str"),
    ],
)
def test_what_cannot_be_pooled_is_refused(posteriors, words):
    with pytest.raises(ParameterError, match=words):
        pool_posteriors(posteriors)


@pytest.mark.parametrize("given", [{"mean_sd": 0}, {"chains": 1}, {"draws": 10}, {"spread_sd": -1}, {"thin": 0}])
def test_pool_settings_refuse(given):
    with pytest.raises(ParameterError, match=next(iter(given))):
        PoolSettings(**given)


def test_the_figure_of_a_group(pooled):
    figure = pooled.plot(show=False)
    titles = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    assert titles[0] == "evprox1 time (ms)"
    assert "evprox1 spread (ms)" not in titles  # nothing was learned of it
    assert "L5 pyramidal (spikes per cell)" in titles
    first = figure.axes[0]
    assert [text.get_text() for text in first.get_yticklabels()] == ["00", "01", "02", "03", "group"]
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ["own posterior, 90 %", "early, group known", "late, group known", "mean of the group"]
    dashed = [line.get_xdata()[0] for line in first.lines if line.get_linestyle() == "--"]
    assert dashed == pytest.approx([np.median(pooled.of(PATHS[0], name)) for name in pooled.conditions])
    only = plot_group_posterior(pooled, ["columns"], show=False)
    assert [axes.get_title() for axes in only.axes] == ["columns"]
    with pytest.raises(ParameterError, match="columns"):
        plot_group_posterior(pooled, ["colums"], show=False)
    with pytest.raises(ParameterError, match="got CircuitPosterior"):
        plot_group_posterior(made(), show=False)
