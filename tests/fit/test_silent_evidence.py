"""The evidence of a column below threshold against a plain average over what is plausible."""

import numpy as np
import pytest
from scipy.special import logsumexp

from mne_hnn import Dipole
from mne_hnn.fit import EvokedSettings
from mne_hnn.fit.evoked_task import make_task
from mne_hnn.fit.linear import Input, LinearColumn
from mne_hnn.fit.observation import ColumnPrior
from mne_hnn.fit.posterior import WEIGHT_FACTOR, WEIGHT_uS
from mne_hnn.fit.sequence import SIGMA_BOUNDS, SIGMA_FACTOR, SIGMA_MS, Candidate
from mne_hnn.fit.silent_evidence import silent_atoms, silent_evidence
from mne_hnn.fit.spiking_data import SpikingData
from mne_hnn.network import jones_2009

TSTOP = 100.0
TIMES_ms = np.arange(0.0, TSTOP + 1, 2.0)
PRIOR = ColumnPrior(median=1000.0, factor=2.0)


@pytest.fixture(scope="module")
def column():
    """One kernel from each side, of opposite signs, in A m per uS."""
    lags = np.arange(0.0, 60.0, 0.5)
    bump = 1e-7 * (lags / 10) * np.exp(1 - lags / 10)
    kernels = {
        Input(location=location, receptor="ampa", cell_type="L5_pyramidal"): sign * bump
        for location, sign in (("proximal", 1.0), ("distal", -1.0))
    }
    return LinearColumn(kernels, np.zeros(2), TIMES_ms, TSTOP, 10.0)


def task_of(column, *drives, noise=0.3):
    total = sum(1000.0 * column.basis(place, mu, 4.0)[:, 0] * weight for place, mu, weight in drives)
    target = Dipole(total[np.newaxis], TIMES_ms / 1e3, ("agg",), provenance={"unit": "A m"})
    settings = EvokedSettings(smooth_ms=10.0, members=300, levels=None, prior=PRIOR, noise=noise)
    return make_task(jones_2009((3, 3)), target, settings)


def candidate_of(*drives):
    return Candidate(
        locations=tuple(place for place, *_ in drives),
        mu_ms=tuple(mu for _, mu, _ in drives),
        sigma_ms=(4.0,) * len(drives),
        weights=tuple(np.array([weight]) for *_, weight in drives),
        columns=None,
        misfit=0.0,
        criterion=0.0,
    )


def average_likelihood(column, task, place, mu, n=40_000):
    """Return the logarithm of the mean likelihood of one drive, over draws of its own."""
    rng, data = np.random.default_rng(3), SpikingData.of(task)
    times = np.rint(mu + task.settings.circuit.time_sd_ms * rng.standard_normal(n))
    sigma = np.clip(SIGMA_MS * SIGMA_FACTOR ** rng.standard_normal(n), *SIGMA_BOUNDS)
    size = PRIOR.median * PRIOR.factor ** rng.standard_normal(n) * WEIGHT_uS * WEIGHT_FACTOR ** rng.standard_normal(n)
    lags = np.arange(-100.0, 200.0)
    shapes = {}
    misfits = []
    for time, spread, factor in zip(times, np.round(sigma, 1), size, strict=True):
        if not 1 < time < TSTOP - 1:
            continue
        if spread not in shapes:
            shapes[spread] = column.sampled(np.arange(300.0), 300.0).response(place, 100.0, float(spread))[:, 0]
        moment = factor * np.interp(TIMES_ms - time, lags, shapes[spread])
        misfits.append(data.data_misfit(moment))
    return logsumexp(-np.array(misfits)) - np.log(len(misfits))


@pytest.mark.parametrize("place", ["proximal", "distal"])
def test_it_is_the_mean_likelihood_of_what_is_plausible(column, place):
    drive = (place, 40.0, 1e-4)
    task = task_of(column, drive)
    found = silent_evidence(candidate_of(drive), column, task)
    assert found.error < 0.5
    expected = average_likelihood(column, task, place, 40.0)
    # the target is a sum of kernels: nothing is left of it at the best point
    assert found.waveform(0.0) == pytest.approx(expected, abs=0.3)


def test_atoms_are_responses_of_the_kernels(column):
    task = task_of(column, ("proximal", 40.0, 1e-4))
    atoms = silent_atoms(column, task)
    assert set(atoms.places) == {0, 1}
    assert (atoms.moment[atoms.places == 0] >= 0).all()
    assert (atoms.moment[atoms.places == 1] <= 0).all()
    assert not atoms.moment[:, [0, -1]].any()
    number = 5
    z = atoms.z[number]
    sigma, weight = 4.0 * np.exp(0.5 * z[0]), column.basis("proximal", 40.0, float(4.0 * np.exp(0.5 * z[0])))[:, 0]
    shown = atoms.at(np.array([number]), np.array([40]), TIMES_ms.astype(int))[0]
    assert 1 < sigma < 20
    np.testing.assert_allclose(shown / shown.max(), weight / weight.max(), atol=0.03)
    assert atoms.spikes.shape == (len(atoms), 0)


def test_numbers_of_columns_are_those_that_could_have_made_it(column):
    drive = ("proximal", 40.0, 1e-4)
    found = silent_evidence(candidate_of(drive), column, task_of(column, drive))
    assert 500 < np.median(found.columns) < 2000
    again = silent_evidence(candidate_of(drive), column, task_of(column, drive))
    np.testing.assert_array_equal(again.columns, found.columns)


def test_a_drive_that_is_not_needed_costs(column):
    drive, other = ("proximal", 30.0, 1e-4), ("distal", 70.0, 1e-4)
    task = task_of(column, drive)
    needed = silent_evidence(candidate_of(drive), column, task)
    more = silent_evidence(candidate_of(drive, other), column, task)
    assert more.volume < needed.volume - 1.0
