"""Explanations of a rhythm made by hand of columns that cost nothing: sinusoids in noise, spikes as told."""

from dataclasses import replace

import numpy as np

from mne_hnn import Dipole, Spikes
from mne_hnn.fit import CircuitPrior, Estimate, Evaluation, FitDetails, FitResult, RhythmicSettings, Scores
from mne_hnn.fit.rhythm_explanation import RhythmExplanations
from mne_hnn.fit.rhythm_goal import rhythm_goal
from mne_hnn.fit.rhythm_judging import explanation_of
from mne_hnn.fit.rhythm_moment import RhythmMoment
from mne_hnn.network import jones_2009
from mne_hnn.simulate import Simulation

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
TSTOP = 300.0
RATE = "drives.alpha.burst_rate_Hz"
PRIOR = CircuitPrior()
SETTINGS = RhythmicSettings(tstop=TSTOP, n_final=4, circuit=PRIOR)
FIRING = {name: expected.median for name, expected in PRIOR.spikes_in(TSTOP - SETTINGS.burn_in_ms).items()}
"""Spikes per cell, as many as are expected after the burn-in."""
COLUMN_nAm = 1e-3


def column(rate_Hz=10.0):
    return jones_2009((3, 3)).with_bursty_drive(
        "alpha", tstart=30.0, burst_rate_Hz=rate_Hz, burst_std_ms=5.0, location="proximal", n_drive_cells=10,
        weights_ampa={L2P: 1e-5, L5P: 1e-5},
    )  # fmt: skip


def records(rate_Hz=10.0, *, size_nAm=COLUMN_nAm, n=4, seed=0, noise=0.3, **provenance):
    """Return trials of a sinusoid in noise, as they come from a column or from a source."""
    rng, times = np.random.default_rng(seed), np.arange(TSTOP + 1) / 1e3
    found = []
    for _ in range(n):
        course = np.sin(2 * np.pi * (rate_Hz * times + rng.uniform())) + noise * rng.standard_normal(len(times))
        found.append(Dipole(size_nAm * 1e-9 * course, times, ("agg",), provenance=provenance))
    return found


def simulated(dipoles, rates, *, around_ms=200.0):
    """Return a simulation with given dipoles and spikes per cell."""
    network, times, gids = column(), [], []
    for name, per_cell in rates.items():
        cells = network.gid_ranges[name]
        own = [cells[k % len(cells)] for k in range(round(per_cell * len(cells)))]
        gids += own
        times += [around_ms] * len(own)
    spikes = Spikes.from_trials(
        [np.array(times) / 1e3] * len(dipoles),
        [np.array(gids, dtype=int)] * len(dipoles),
        gid_ranges=network.gid_ranges,
        tmin=0.0,
        tmax=TSTOP / 1e3,
        trials=range(len(dipoles)),
    )
    return Simulation(
        network=network, dipoles=tuple(dipoles), spikes=spikes, tstop=TSTOP, dt=1.0, seed=2, baseline="measured",
        engine="neuron",
    )  # fmt: skip


def fit_of(simulation, goal, settings=SETTINGS):
    spectrum = settings.bands is None
    return FitResult(
        kind="rhythmic",
        network=simulation.network,
        start_network=simulation.network,
        simulation=simulation,
        dipole=simulation.dipole,
        target=None,
        scale=1.0,
        scores=Scores(loss=0.2, search_loss=0.1, start_loss=0.5),
        estimates=(Estimate(path=RATE, value=10.0, determined=None),),
        evaluations=(Evaluation(level="full", values={RATE: 10.0}, loss=0.1),),
        settings=replace(settings, n_trials=2, optimizer="scan", shares=None if spectrum else goal.objective.shares),
        details=FitDetails(
            objective="made by hand",
            tstop=TSTOP,
            target_freqs=tuple(goal.objective.freqs.tolist()) if spectrum else None,
            target_power=tuple(goal.objective.power.tolist()) if spectrum else None,
        ),
    )


def explanation(regime, dipoles, rates, target, settings=SETTINGS):
    """Return the explanation that a column with such dipoles and spikes is of a target."""
    goal = rhythm_goal(target, settings)
    fit = fit_of(simulated(dipoles, rates), goal, settings)
    return explanation_of(regime, fit, goal, PRIOR, RhythmMoment.of(goal, fit.network))


def explanations(*items, moment=None):
    return RhythmExplanations(items=items, moment=moment, settings=items[0].fit.settings)
