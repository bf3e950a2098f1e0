"""Explanations made by hand of columns that cost nothing: bumps for dipoles, spikes as told."""

import numpy as np

from mne_hnn import Dipole, Spikes
from mne_hnn.fit import (
    CircuitPrior,
    Estimate,
    Evaluation,
    Evidence,
    EvokedSettings,
    Explanation,
    Explanations,
    FitDetails,
    FitResult,
    LevelReport,
    Scores,
    count_amplitude,
    spikes_per_cell,
)
from mne_hnn.fit.sequence import drive_names
from mne_hnn.network import jones_2009
from mne_hnn.simulate import Simulation

L2B, L2P, L5B, L5P = "L2_basket", "L2_pyramidal", "L5_basket", "L5_pyramidal"
COLUMN = jones_2009((3, 3))
TSTOP = 100.0
TAP = (("proximal", 25.0), ("distal", 60.0))
FIRING = {L2B: (1.5, 30.0), L2P: (0.5, 35.0), L5B: (1.0, 33.0), L5P: (2.0, 62.0)}
"""Spikes per cell, and around when, ms."""
PEAK_nAm = 20.0
NONE_KNOWN = float("nan")


def driven(sequence):
    """Return the column with a drive for each place and time."""
    network = COLUMN
    for name, (place, mu_ms) in zip(drive_names([place for place, _ in sequence]), sequence, strict=True):
        network = network.with_evoked_drive(
            name, mu_ms=mu_ms, sigma_ms=3.0, location=place, weights_ampa={L2P: 1e-3, L5P: 1e-3}
        )
    return network


def wave(sequence, times_ms):
    """Return a bump up 10 ms after proximal input and one down after distal input, the largest 1."""
    moment = np.zeros(len(times_ms))
    for place, mu_ms in sequence:
        moment += (1 if place == "proximal" else -1) * np.exp(-(((times_ms - mu_ms - 10) / 9) ** 2))
    return moment / max(np.abs(moment).max(), 1e-9)


def target_of(sequence=TAP, *, peak_nAm=PEAK_nAm, **provenance):
    times = np.arange(TSTOP + 1)
    return Dipole(
        peak_nAm * 1e-9 * wave(sequence, times), times / 1e3, ("agg",), provenance={"unit": "A m"} | provenance
    )


def spikes_of(network, rates, n_trials=2):
    """Return spikes of which each cell type has so many per cell, spread over 8 ms around a time."""
    times, gids = [], []
    for name, (per_cell, around_ms) in rates.items():
        cells = network.gid_ranges[name]
        n = round(per_cell * len(cells))
        times += np.linspace(around_ms - 4, around_ms + 4, n).tolist() if n > 1 else [around_ms] * n
        gids += [cells[k % len(cells)] for k in range(n)]
    return Spikes.from_trials(
        [np.array(times) / 1e3] * n_trials,
        [np.array(gids)] * n_trials,
        gid_ranges=network.gid_ranges,
        tmin=0.0,
        tmax=TSTOP / 1e3,
        trials=range(n_trials),
    )


def simulated(network, sequence, rates, columns, layer_5):
    dt = 0.5
    moment = PEAK_nAm * 1e-9 / columns * wave(sequence, dt * np.arange(round(TSTOP / dt) + 1))
    rows = np.array([moment, (1 - layer_5) * moment, layer_5 * moment])
    return Simulation(
        network=network,
        dipoles=(Dipole(rows, None, sfreq=1e3 / dt),) * 2,
        spikes=spikes_of(network, rates),
        tstop=TSTOP,
        dt=dt,
        seed=3,
        baseline="measured",
        engine="neuron",
    )


def fit_of(sequence, rates, columns, target, settings, *, r_squared=0.98, ceiling=NONE_KNOWN, layer_5=0.5):
    network = driven(sequence)
    simulation = simulated(network, sequence, rates, columns, layer_5)
    estimates = [
        Estimate(path=f"drives.{name}.mu_ms", value=drive.mu_ms, low=drive.mu_ms - 2, high=drive.mu_ms + 3)
        for name, drive in network.drives.items()
    ]
    estimates.append(Estimate(path="columns", value=columns, low=0.5 * columns, high=2 * columns, determined=False))
    values = {one.path: one.value for one in estimates}
    return FitResult(
        kind="evoked",
        network=network,
        start_network=COLUMN,
        simulation=simulation,
        dipole=simulation.dipole.scale(columns),
        target=target,
        scale=columns,
        scores=Scores(loss=1 - r_squared, r_squared=r_squared, ceiling=ceiling, search_loss=0.01),
        estimates=tuple(estimates),
        evaluations=(Evaluation(level="full", values=values, loss=1 - r_squared, scale=columns, r_squared=r_squared),),
        levels=(LevelReport(name="full", evaluations=1, loss=1 - r_squared),),
        settings=settings,
        details=FitDetails(objective="r_squared", tstop=TSTOP),
    )


def explanation(
    regime="spiking", evidence=-20.0, *, error=0.5, sequence=TAP, rates=None, columns=None, target=None, **given
):
    """Return an explanation; without columns as many as are plausible."""
    target = target_of() if target is None else target
    settings = given.pop("settings", EvokedSettings())
    firing = regime == "spiking"
    rates = (FIRING if firing else {}) if rates is None else rates
    columns = (9e3 if firing else 5e5) if columns is None else columns
    refusals, distances = given.pop("refusals", ()), given.pop("distances", {})
    parts = given.pop("parts", {"waveform": evidence + 3.0, "cells": -1.0, "sequence": -2.0})
    fit = fit_of(sequence, rates, columns, target, settings, **given)
    return Explanation(
        regime=regime,
        fit=fit,
        evidence=Evidence(value=evidence, error=error, parts=parts),
        amplitude=count_amplitude(columns, fit.network, target, CircuitPrior(), firing=firing),
        spikes=spikes_per_cell(fit.simulation),
        distances=distances,
        refusals=refusals,
    )


def explanations(*items, **settings):
    """Return explanations of the target of the first."""
    return Explanations(items=items, target=items[0].fit.target, settings=EvokedSettings(**settings))
