"""Populations of guesses against what can be summed up or integrated."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp

from mne_hnn import Dipole
from mne_hnn.fit import EvokedSettings
from mne_hnn.fit.annealing import Guesses, guess, guess_exactly
from mne_hnn.fit.atoms import Atoms, measure_atoms
from mne_hnn.fit.bench import Bench
from mne_hnn.fit.evaluate import Evaluator
from mne_hnn.fit.evoked_task import make_task
from mne_hnn.fit.progress import Report
from mne_hnn.fit.spiking_data import Members, SpikingData
from mne_hnn.fit.spiking_proposals import alike, extended, shortened, vector_of
from mne_hnn.network import jones_2009

TSTOP = 100
LOG_COLUMNS = np.log(1000.0)
SETTINGS = EvokedSettings(smooth_ms=10.0, members=12, levels=None)


@pytest.fixture(scope="module")
def atoms():
    """Four bumps from each side that differ by their widths; those from the distal side point down."""
    lag = np.arange(141.0) - 40
    widths = np.array([4.0, 6.0, 9.0, 13.0])
    bumps = 1e-11 * np.exp(-0.5 * ((lag - 15) / widths[:, np.newaxis]) ** 2)
    bumps[:, [0, -1]] = 0.0
    return Atoms(
        places=np.repeat([0, 1], 4),
        z=(np.zeros(9),) * 4 + (np.zeros(7),) * 4,
        moment=np.vstack([bumps, -bumps]),
        spikes=np.full((8, 4), 0.5),
        quiet=np.zeros(TSTOP + 41),
        quiet_spikes=np.zeros(4),
    )


def task_of(atoms, *drives, **changes):
    """Return the task of a target that is a sum of atoms."""
    times = np.arange(0, TSTOP + 1, 2)
    total = sum(atoms.at(np.array([atom]), np.array([tau]), times)[0] for atom, tau in drives)
    target = Dipole(np.exp(LOG_COLUMNS) * total[np.newaxis], times / 1e3, ("agg",), provenance={"unit": "A m"})
    return make_task(jones_2009((3, 3)), target, replace(SETTINGS, **changes))


def misfit_of(atoms, task, atom, tau):
    """Return half the squared deviations of one drive from response and spikes, as the fit itself counts them."""
    data = SpikingData.of(task)
    grid = np.arange(0, TSTOP + 1, 2)
    moment = np.exp(LOG_COLUMNS) * atoms.at(np.array([atom]), np.array([tau]), grid)[0]
    half = 0.5 / np.array([len(task.network.populations[name]) for name in data.types])
    rates = np.log(atoms.spikes[atom] + half)
    left = (rates - data.wanted[data.n_times :]) / data.deviations[data.n_times :]
    return data.data_misfit(moment), 0.5 * float(left @ left)


def test_the_evidence_is_the_sum_over_all_that_was_possible(atoms):
    """One drive: every atom at every time can be counted."""
    task = task_of(atoms, (1, 40))
    sequence = (("proximal", 42.0),)
    waves, rates, prior = [], [], []
    for atom in range(4):
        for tau in range(6, TSTOP - 5):
            wave, rate = misfit_of(atoms, task, atom, tau)
            waves.append(wave)
            rates.append(rate)
            prior.append(-0.5 * ((tau - 42) / task.settings.circuit.time_sd_ms) ** 2)
    waves, rates, prior = np.array(waves), np.array(rates), np.array(prior)
    expected = logsumexp(prior - rates - waves) - logsumexp(prior - rates)
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        _, do = guess_exactly(atoms, task, (LOG_COLUMNS, 0.0), sequence, rng=rng, n_guesses=500)
        found.append(do.log_evidence)
    assert np.mean(found) == pytest.approx(expected, abs=0.25)
    assert do.wave.min() == pytest.approx(0.0, abs=1e-9)
    # and guesses are as probable as they should be
    weights = np.exp(prior - rates - waves)
    share = weights.reshape(4, -1)[1].sum() / weights.sum()
    assert np.mean(do.atom[:, 0] == 1) == pytest.approx(share, abs=0.08)


def test_sequences_are_found(atoms):
    """Sides, number and times of two drives that were planted, from nothing."""
    task = task_of(atoms, (1, 25), (6, 60))
    found = guess(atoms, task, (LOG_COLUMNS, 0.3), rng=np.random.default_rng(1), n_guesses=600)
    drives = [found.drives(number) for number in range(len(found))]
    sides = [tuple(int(atoms.places[atom]) for atom, _ in some) for some in drives]
    assert np.mean([some == (0, 1) for some in sides]) > 0.5
    times = np.array([[tau for _, tau in some] for some, side in zip(drives, sides, strict=True) if side == (0, 1)])
    np.testing.assert_allclose(np.median(times, axis=0), [25, 60], atol=2)
    assert np.median(np.diff(times, axis=1)) >= 10


def test_the_number_of_drives_is_kept_if_it_is_given(atoms):
    task = task_of(atoms, (1, 25), (6, 60), n_drives=3)
    found = guess(atoms, task, (LOG_COLUMNS, 0.3), rng=np.random.default_rng(1), n_guesses=100)
    assert found.on.all()
    assert found.on.shape == (100, 3)


def test_what_could_be_is_wider_than_what_is_exact(atoms):
    task = task_of(atoms, (1, 40))
    rng = np.random.default_rng(0)
    could, do = guess_exactly(atoms, task, (LOG_COLUMNS, 0.5), (("proximal", 40.0),), rng=rng, n_guesses=500)
    assert could.log_columns.std() > do.log_columns.std()
    assert do.log_evidence < could.log_evidence
    assert isinstance(could, Guesses)


def test_an_atom_is_moved_in_time(atoms):
    grid = np.arange(0, TSTOP + 1)
    early, late = atoms.at(np.array([0, 0]), np.array([20, 45]), grid)
    np.testing.assert_array_equal(late[25:], early[:-25])
    assert early.argmax() == 35
    # nothing before it begins
    assert (late[:5] == 0).all()


def test_atoms_are_responses_of_the_column_above_the_undriven_one():
    """Each one is what the network gives with one drive."""
    task = task_of(
        Atoms(
            places=np.zeros(1, int),
            z=(np.zeros(9),),
            moment=1e-11 * np.sin(np.arange(141.0) / 20)[np.newaxis],
            spikes=np.zeros((1, 4)),
            quiet=np.zeros(141),
            quiet_spikes=np.zeros(4),
        ),
        (0, 40),
    )
    found = measure_atoms(task, Bench(evaluator=Evaluator(), report=Report(lambda *_: None)))
    assert len(found) == 2 * 20
    assert found.places.tolist() == [0] * 20 + [1] * 20
    assert [len(some) for some in (found.z[0], found.z[-1])] == [9, 7]
    assert found.moment.shape == (40, TSTOP + 41)
    assert (found.moment[:, 0] == 0).all()
    strong = found.spikes.sum(axis=1) > 2
    assert strong.any()
    # before the widest drives begin there is nothing
    assert np.abs(found.moment[strong]).max() > 50 * np.abs(found.moment[:, :4]).max()
    assert (found.spikes > -1e-9).all()


@pytest.fixture
def one_of_two(atoms):
    """A response to two drives, and an ensemble that has the later one."""
    task = task_of(atoms, (1, 60), (6, 25))
    data = SpikingData.of(task)
    vector = vector_of(task, (("proximal", 55.0),))
    z = np.zeros((30, vector.n_free))
    z[:, 0] = 0.5  # 60 ms, with a standard deviation of 10
    z[:, 3] = np.linspace(-1, 1, 30)
    z[:, -1] = (LOG_COLUMNS - vector.mean[-1]) / vector.sd[-1]
    moment = np.exp(LOG_COLUMNS) * atoms.at(np.array([1]), np.array([60]), np.arange(0, TSTOP + 1, 2))
    members = Members(z=z, moment=np.repeat(moment, 30, axis=0), log_rates=np.full((30, len(data.types)), -1.0))
    return task, vector, members


def test_a_drive_is_added_where_it_explains_what_is_left(atoms, one_of_two):
    """Side and time of the missing drive follow, the first stays where it is, and the other side is tried, too."""
    task, vector, members = one_of_two
    proximal, distal = extended(vector, members, atoms, task)
    assert sorted(side for side, _ in proximal.sequence) == ["proximal", "proximal"]
    found = distal
    (first, early), (second, late) = found.sequence
    assert (first, second) == ("distal", "proximal")
    assert early == pytest.approx(25, abs=3)
    assert late == pytest.approx(60)
    natural = found.vector.natural(found.z)
    old = vector.natural(members.z)
    kept = found.vector.paths.index("drives.evprox1.mu_ms")
    np.testing.assert_allclose(natural[:, kept : kept + old.shape[1]], old)
    assert found.z.shape == (30, found.vector.n_free)


def test_another_drive_is_another_side_or_time(atoms, one_of_two):
    """What was left out does not come again, and the next best ones do."""
    task, vector, members = one_of_two
    several = [found.sequence for found in extended(vector, members, atoms, task, more=2)]
    assert len(several) == 4
    assert not any(alike(one, other) for k, one in enumerate(several) for other in several[:k])
    others = [found.sequence for found in extended(vector, members, atoms, task, other_than=("distal", 25.0))]
    assert len(others) == 2
    assert not any(alike(one, several[1]) for one in others)


def test_a_drive_is_left_out(atoms, one_of_two):
    """The others, and the number of columns, are what they were."""
    task, vector, members = one_of_two
    two = extended(vector, members, atoms, task)[1]
    both = Members(z=two.z, moment=members.moment, log_rates=members.log_rates)
    back = shortened(two.vector, both, 0, task)
    (one,) = back.sequence
    assert one == ("proximal", pytest.approx(60))
    np.testing.assert_allclose(back.vector.natural(back.z), vector.natural(members.z))


def test_no_drive_is_added_where_there_is_no_room(atoms):
    task = task_of(atoms, (1, 60), (6, 25))
    vector = vector_of(task, tuple(("proximal", float(mu)) for mu in range(10, 95, 12)))
    z = np.zeros((5, vector.n_free))
    zero = Members(z=z, moment=np.zeros((5, len(task.wanted))), log_rates=np.zeros((5, 4)))
    assert extended(vector, zero, atoms, task) == []


def test_sequences_are_alike_by_sides_and_times():
    one = (("proximal", 20.0), ("distal", 60.0))
    assert alike(one, (("proximal", 30.0), ("distal", 50.0)))
    assert not alike(one, (("proximal", 20.0), ("distal", 80.0)))
    assert not alike(one, (("distal", 20.0), ("distal", 60.0)))
    assert not alike(one, one[:1])
