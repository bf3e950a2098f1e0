"""What an emulator says it does not know is what it is off by."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from mne_hnn.errors import SimulationError
from mne_hnn.fit.aligning import Alignment
from mne_hnn.fit.emulator import Emulator
from mne_hnn.fit.gaussian_process import Process, Scales, _Search, searched
from mne_hnn.fit.spiking_data import Members
from mne_hnn.inference.predictive import check_emulator
from mne_hnn.inference.refining import _amplitude, _surprise

TIMES = np.linspace(0, 1, 60)
N_WAVES = 25
WAVES = np.array([np.sin(np.pi * k * TIMES) for k in range(1, N_WAVES + 1)])
STILL = Alignment(times_ms=100 * TIMES, expected_ms=np.array([50.0]), tstop=100.0)


def still(z):
    """Return times of drives that do not move."""
    return np.full((len(z), 1), 50.0)


def networks(n, seed, *, chance=0.3, trials=1, size=1.0):
    """Return networks whose responses have many components that all count, with chance of their own."""
    rng = np.random.default_rng(seed)
    x = np.repeat(rng.standard_normal((n, 3)), trials, axis=0)
    slopes = np.random.default_rng(0).standard_normal((3, N_WAVES))
    sizes = size * (x @ slopes + 0.3 * np.sin(x[:, :1])) + chance * rng.standard_normal((n * trials, N_WAVES))
    rates = 0.5 * x[:, :2] + 0.1 * rng.standard_normal((n * trials, 2))
    return Members(z=x, moment=1e-12 * sizes @ WAVES, log_rates=rates)


def emulated(known, alignment=STILL, drives_ms=still):
    return Emulator(
        x=known.z, moments=known.moment, log_rates=known.log_rates, drives_ms=drives_ms, alignment=alignment
    )


@pytest.fixture(scope="module")
def emulator():
    return emulated(networks(160, 1))


def test_nothing_that_counts_lies_outside_the_components(emulator):
    assert emulator.n_components > 20
    left = emulator.outside(emulator.moments, emulator.x)
    apart = emulator.moments - emulator.moments.mean(axis=0)
    assert (left**2).sum() < 0.002 * (apart**2).sum()


def test_what_components_leave_is_part_of_what_is_not_known(emulator, monkeypatch):
    left = emulator.outside(emulator.moments, emulator.x)
    assert np.trace(emulator.covariance()) >= (left**2).sum(axis=1).mean()
    monkeypatch.setattr("mne_hnn.fit.emulator.MOST_COMPONENTS", 4)
    few = emulated(networks(160, 1))
    assert few.n_components == 4
    assert np.trace(few.covariance()) > 2 * np.trace(emulator.covariance())


def test_new_networks_are_as_far_as_is_said(emulator):
    model = SimpleNamespace(emulator=emulator, around=slice(100, None))
    assert _surprise(model, networks(100, 2)) == pytest.approx(1.0, abs=0.3)
    assert _surprise(model, networks(100, 2, trials=3)) == pytest.approx(1.0, abs=0.3)
    # a bias that no component has is seen, too
    off = networks(100, 2)
    bias = 5e-12 * np.sin(np.pi * 40 * TIMES)
    moved = Members(z=off.z, moment=off.moment + bias, log_rates=off.log_rates)
    assert _surprise(model, moved) > 2


def test_an_emulator_that_draws_responses_to_their_mean_fails_its_check(emulator):
    model = SimpleNamespace(emulator=emulator)
    for size, passed in ((1.0, True), (1.25, False), (0.8, False)):
        factor, error = _amplitude(model, networks(64, 3, size=size))
        assert factor == pytest.approx(size, abs=0.07)
        assert 0 < error < 0.05
        check = check_emulator(1.0, 1.0, factor, error)[-1]
        assert check.name == "emulator: size of new simulations over what was predicted"
        assert check.passed is passed
    assert check_emulator(1.0, 1.0, 1.25, 0.2)[-1].passed  # nothing is known of it


def test_chance_is_how_trials_of_a_network_differ():
    """Not what a Gaussian process makes of it, which the mean of a network that bends more than it knows inflates."""
    one = networks(80, 4, trials=2)
    rng = np.random.default_rng(5)
    bumps = np.repeat(rng.standard_normal((80, N_WAVES)), 2, axis=0) @ WAVES  # no function of what is known
    found = emulated(Members(z=one.z, moment=one.moment + 0.5e-12 * bumps, log_rates=one.log_rates))
    assert len(found.networks) == 80
    n, power = found.n_components, float(np.sum(WAVES**2)) * 1e-24
    assert found.chance()[:n].sum() == pytest.approx(0.3**2 * power, rel=0.1)
    assert found.unknown()[:n].sum() == pytest.approx(0.5**2 * power, rel=0.25)


def test_too_few_networks_are_refused():
    with pytest.raises(SimulationError, match="Only 12 networks"):
        emulated(networks(12, 1, trials=3))


def test_a_response_that_moves_with_its_drive_is_known_from_few_networks():
    """Without alignment components stand still, and a response between two that were seen is a sum of both."""
    times = np.arange(0.0, 101.0, 2.0)

    def moving(z):
        return 50 + 12 * z[:, :1]

    def bumps(n, seed):
        x = np.random.default_rng(seed).standard_normal((n, 3))
        moments = (1 + 0.1 * x[:, 1:2]) * np.exp(-(((times - moving(x) - 15) / 12) ** 2))
        return Members(z=x, moment=1e-12 * moments, log_rates=x[:, :2])

    known, new = bumps(40, 6), bumps(100, 7)
    errors = {}
    for name, drives in (("aligned", moving), ("still", still)):
        alignment = Alignment(times_ms=times, expected_ms=np.array([50.0]), tstop=100.0)
        found = emulated(known, alignment, drives).predict(new.z).moments
        errors[name] = float(np.sqrt(np.mean((found - new.moment) ** 2) / np.mean(new.moment**2)))
    assert errors["aligned"] < 0.1
    assert errors["aligned"] < 0.7 * errors["still"]


def test_alignment_moves_responses_and_moves_them_back():
    times = np.arange(0.0, 121.0)
    drives = np.array([[20.0, 85.0], [40.0, 52.0], [60.0, 50.0]])  # the last ones are not in order
    alignment = Alignment(times_ms=times, expected_ms=np.array([30.0, 70.0]), tstop=120.0)

    def responses(at):
        return np.exp(-(((times - at[:, :1] - 10) / 9) ** 2)) - np.exp(-(((times - at[:, 1:] - 10) / 9) ** 2))

    moments = responses(drives)
    aligned = alignment.aligned(moments, drives)
    assert aligned[0] == pytest.approx(responses(np.array([[30.0, 70.0]]))[0], abs=0.12)
    assert aligned[0, 30:45] == pytest.approx(moments[0, 20:35])
    assert alignment.back(aligned, drives)[:2] == pytest.approx(moments[:2], abs=0.03)
    expected = np.array([[30.0, 70.0]])
    assert alignment.aligned(moments[:1], expected) == pytest.approx(moments[:1])
    assert np.isfinite(aligned).all()


# the Gaussian process


def bent(n, seed, trials):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    y = np.column_stack([np.sin(1.5 * x[:, 0]) + x[:, 1], x[:, 1]])
    return x, y + 0.3 * rng.standard_normal((n, 2)) / np.sqrt(trials)[:, np.newaxis]


def test_slopes_of_the_evidence_are_right():
    trials = np.arange(60) % 3 + 1.0
    search = _Search(*bent(60, 1, trials), trials)
    at = np.log(np.array([3.0, 5.0, 8.0, 2.0, 4.0, 9.0]))
    assert search.lost(at)[1] == pytest.approx(approx_fprime(at, lambda z: search.lost(z)[0], 1e-6), abs=1e-3)


def test_numbers_that_do_not_count_are_told_from_those_that_do():
    trials = np.ones(200)
    found = searched(*bent(200, 2, trials), trials)
    assert found.bends[0] < 0.5 * found.bends[2]
    assert found.lines[1] < 0.5 * found.lines[2]


def test_a_mean_of_more_trials_counts_more():
    """As the trials, one by one."""
    rng = np.random.default_rng(3)
    x, y = np.array([[0.0], [1.0], [1.0], [2.0]]), rng.standard_normal((4, 1))
    scales = Scales(bends=np.ones(1), lines=np.full(1, 50.0))
    process = Process(
        x=np.array([[0.0], [1.0], [2.0]]),
        y=np.array([y[0], (y[1] + y[2]) / 2, y[3]]),
        trials=np.array([1.0, 2.0, 1.0]),
        scales=scales,
    )
    noise = process.chance[0] / (process.chance[0] + 1e-30)
    assert noise > 0
    # the covariance of the process is known up to a factor, and noise relative to it
    relative = next(
        one
        for one in np.geomspace(1e-3, 1e2, 26)
        if np.allclose(_mean(scales, x, y, one), process.predict(np.array([[0.5]]))[0], atol=1e-9)
    )
    assert relative > 0


def _mean(scales, x, y, noise):
    return scales.kernel(np.array([[0.5]]), x) @ np.linalg.solve(scales.kernel(x, x) + noise * np.eye(len(x)), y)[:, 0]
