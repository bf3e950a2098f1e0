"""What an emulator says it does not know is what it is off by."""

from types import SimpleNamespace

import numpy as np
import pytest

from mne_hnn.fit.spiking_data import Members
from mne_hnn.inference.emulator import Emulator
from mne_hnn.inference.refining import _surprise

TIMES = np.linspace(0, 1, 60)
KINDS = np.array([0, 1, 2])
N_WAVES = 25
WAVES = np.array([np.sin(np.pi * k * TIMES) for k in range(1, N_WAVES + 1)])


def networks(n, seed, *, chance=0.3):
    """Return networks whose responses have many components that all count, with chance of their own."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    slopes = np.random.default_rng(0).standard_normal((3, N_WAVES))
    sizes = x @ slopes + 0.3 * np.sin(x[:, :1]) + chance * rng.standard_normal((n, N_WAVES))
    rates = 0.5 * x[:, :2] + 0.1 * rng.standard_normal((n, 2))
    return Members(z=x, moment=1e-12 * sizes @ WAVES, log_rates=rates)


@pytest.fixture(scope="module")
def emulator():
    known = networks(160, 1)
    return Emulator(x=known.z, moments=known.moment, log_rates=known.log_rates, kinds=KINDS)


def test_nothing_that_counts_lies_outside_the_components(emulator):
    assert emulator.n_components > 20
    left = emulator.outside(emulator.moments)
    apart = emulator.moments - emulator.moments.mean(axis=0)
    assert (left**2).sum() < 0.002 * (apart**2).sum()


def test_what_components_leave_is_part_of_what_is_not_known(emulator, monkeypatch):
    assert np.trace(emulator.covariance()) >= (emulator.outside(emulator.moments) ** 2).sum(axis=1).mean()
    monkeypatch.setattr("mne_hnn.inference.emulator.MOST_COMPONENTS", 4)
    few = Emulator(x=emulator.x, moments=emulator.moments, log_rates=emulator.log_rates, kinds=KINDS)
    assert few.n_components == 4
    assert np.trace(few.covariance()) > 2 * np.trace(emulator.covariance())


def test_new_networks_are_as_far_as_is_said(emulator):
    model = SimpleNamespace(emulator=emulator, around=slice(100, None))
    assert _surprise(model, networks(100, 2)) == pytest.approx(1.0, abs=0.3)
    # a bias that no component has is seen, too
    off = networks(100, 2)
    bias = 5e-12 * np.sin(np.pi * 40 * TIMES)
    moved = Members(z=off.z, moment=off.moment + bias, log_rates=off.log_rates)
    assert _surprise(model, moved) > 2
