"""Entries of a group whose truth is known, made without a simulation."""

from functools import cache
from types import SimpleNamespace

import numpy as np

from mne_hnn import Dipole
from mne_hnn.fit.result import Estimate, FitResult, Scores
from mne_hnn.group.entry import Entry
from mne_hnn.network import jones_2009

NAM = 1e-9
TIME = "drives.evdist1.mu_ms"
WEIGHT = "drives.evdist1.weights_ampa.L2_pyramidal"
STRENGTH = "drives.evdist1.strength"


@cache
def column():
    """Return a column with one drive of one weight."""
    return jones_2009(mesh_shape=(3, 3)).with_evoked_drive(
        "evdist1", mu_ms=70.0, sigma_ms=4.0, location="distal", weights_ampa={"L2_pyramidal": 1e-4},
        synaptic_delays={"L2_pyramidal": 0.1},
    )  # fmt: skip


def wave(times, *, peak=0.07, width=0.012, size=20.0, early=0.4):
    """Return a response in A m: up, then a larger deflection down."""
    up = early * np.exp(-0.5 * ((times - 0.03) / 0.008) ** 2)
    return size * NAM * (up - np.exp(-0.5 * ((times - peak) / width) ** 2))


def target(values=None, *, sfreq=500.0, tmin=0.0, tmax=0.2, confidence=0.9, **shape):
    """Return a target; its values are those of :func:`wave` unless they are given."""
    times = tmin + np.arange(round((tmax - tmin) * sfreq) + 1) / sfreq
    values = wave(times, **shape) if values is None else values
    provenance = {"confidence": confidence, "standard_error": 0.5 * NAM, "unit": "A m", "polarity": "normal"}
    return Dipole(values, times, ("agg",), provenance=provenance)


def fit(parameters, *, columns=1000.0, r_squared=0.95, undetermined=()):
    """Return a fit that holds nothing but numbers."""
    estimates = [
        Estimate(path=path, value=value, low=0.9 * value, high=1.1 * value, determined=path not in undetermined)
        for path, value in parameters.items()
    ]
    estimates.append(Estimate(path="columns", value=columns, low=columns / 2, high=columns * 2))
    changes = {"mu_ms": parameters.get(TIME, 70.0), "weights_ampa": {"L2_pyramidal": parameters.get(WEIGHT, 1e-4)}}
    network = column().with_drive_changes("evdist1", **changes)
    return FitResult(
        kind="evoked", network=network, start_network=None, dipole=None, target=None, scale=columns,
        simulation=SimpleNamespace(precision="exact"),
        scores=Scores(loss=0.1, r_squared=r_squared, nrmse=0.2, correlation=0.98, ceiling=0.99),
        estimates=tuple(estimates), evaluations=(),
    )  # fmt: skip


def entry(subject, condition, *, time=70.0, weight=1e-4, columns=1000.0, **more):
    """Return an entry with one drive."""
    parameters = {TIME: time, WEIGHT: weight}
    made = {"target": target(peak=time * 1e-3), "fit": fit(parameters, columns=columns), "explained": {"mag": 0.8}}
    return Entry(subject=subject, condition=condition, **{**made, **more})


def pairs(differences, *, start=70.0):
    """Return two conditions of as many subjects, whose drive is so many ms later in condition ``a``."""
    return [
        entry(f"{k:02d}", condition, time=start + k + (float(later) if condition == "a" else 0.0))
        for k, later in enumerate(differences, start=1)
        for condition in ("a", "b")
    ]
