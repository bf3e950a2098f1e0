"""Members that are looked for on an emulator: around the posterior's mean where predictions are linear."""

from types import SimpleNamespace

import numpy as np
import pytest

from mne_hnn.fit.circuit_prior import CircuitPrior
from mne_hnn.fit.circuit_vector import CircuitVector
from mne_hnn.fit.likely_members import emulate, likely_members
from mne_hnn.fit.spiking_data import Members
from mne_hnn.network import jones_2009

N_TIMES = 30


@pytest.fixture(scope="module")
def vector():
    return CircuitVector(
        network=jones_2009((2, 2)),
        sequence=(("proximal", 20.0), ("distal", 50.0)),
        prior=CircuitPrior(),
        peak_nAm=30.0,
        tstop=100.0,
        columns=1000.0,
    )


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    deviations = np.append(np.full(N_TIMES, 0.5), [0.4, 0.4])
    return SimpleNamespace(
        wanted=rng.standard_normal(N_TIMES + 2),
        deviations=deviations,
        n_times=N_TIMES,
        times=np.linspace(0, 0.1, N_TIMES),
    )


class Linear:
    """Predictions that are linear in the numbers."""

    def __init__(self, n_free, columns):
        self.slopes = np.random.default_rng(1).standard_normal((N_TIMES + 2, n_free)) / 4
        self.columns = columns

    def predict(self, z):
        found = z @ self.slopes.T
        return SimpleNamespace(moments=found[:, :N_TIMES] / self.columns, log_rates=found[:, N_TIMES:])


def test_members_of_a_linear_model_are_as_in_closed_form(vector, data):
    n_free = vector.n_free - 1
    linear = Linear(n_free, 1000.0)
    begin = np.zeros((4000, vector.n_free))
    found = likely_members(data, vector, linear, begin, np.random.default_rng(0).standard_normal(begin.shape))
    scaled = linear.slopes / data.deviations[:, np.newaxis]
    covariance = np.linalg.inv(scaled.T @ scaled + np.eye(n_free))
    mean = covariance @ scaled.T @ (data.wanted / data.deviations)
    assert not found[:, -1].any()  # the number of columns is known
    sd = np.sqrt(np.diag(covariance @ covariance))  # of what is expected alone: the data are the same for all
    np.testing.assert_allclose(found[:, :-1].mean(axis=0), mean, rtol=0, atol=5 * sd.max() / np.sqrt(4000))
    np.testing.assert_allclose(found[:, :-1].std(axis=0), sd, rtol=0.06)


def test_no_step_is_longer_than_is_known(vector, data):
    """One that began where nothing is explained stays within its steps of there."""
    linear = Linear(vector.n_free - 1, 1000.0)
    begin = np.full((3, vector.n_free), 30.0)
    begin[:, -1] = 0
    found = likely_members(data, vector, linear, begin, np.random.default_rng(0).standard_normal(begin.shape))
    moved = np.linalg.norm(found - begin, axis=1)
    assert (moved <= 8 * 2.0 + 1e-9).all()
    assert (moved > 10).all()


def test_an_emulator_tells_what_one_column_gives(vector):
    """However many columns the members have."""
    rng = np.random.default_rng(2)
    free = CircuitVector(
        network=vector.network, sequence=vector.sequence, prior=vector.prior, peak_nAm=30.0, tstop=100.0
    )
    times = np.linspace(0, 0.1, 101)
    past = []
    for n in (80, 60):
        z = rng.standard_normal((n, free.n_free))
        drives = free.drives_ms(z)
        each = np.exp(-(((times[:, np.newaxis] - drives.T[0] / 1e3) / 0.01) ** 2)).T
        past.append(
            Members(z=z, moment=free.natural(z)[:, -1:] * each, log_rates=np.column_stack([0.3 * z[:, 2], z[:, 3]]))
        )
    data = SimpleNamespace(times=times)
    emulator = emulate(data, free, past, None)
    z = 0.5 * rng.standard_normal((50, free.n_free))
    wanted = np.exp(-(((times[:, np.newaxis] - free.drives_ms(z).T[0] / 1e3) / 0.01) ** 2)).T
    found = emulator.predict(z[:, :-1])
    assert np.sqrt(np.mean((found.moments - wanted) ** 2)) < 0.05 * wanted.std()
    np.testing.assert_allclose(found.log_rates[:, 0], 0.3 * z[:, 2], atol=0.05)
