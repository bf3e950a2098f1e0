"""Posteriors made by hand."""

import numpy as np

from mne_hnn.fit import Evidence
from mne_hnn.inference import Checked, CircuitPosterior, PlacePosterior, Polarity

PATHS = ("drives.evprox1.mu_ms", "drives.evprox1.sigma_ms", "drives.evprox1.weights_ampa.L5_pyramidal")


def place():
    rng = np.random.default_rng(2)
    probability = np.array([0.1, 0.55, 0.2, 0.05, 0.06, 0.04])
    return PlacePosterior(
        label="BA3b-lh",
        hemi="lh",
        sources=np.array([3, 8, 11]),
        areas_mm2=np.array([20.0, 30.0, 25.0]),
        centre=np.array([0, 1, 2, 0, 1, 2]),
        radius_mm=np.array([5.0, 5.0, 5.0, 10.0, 10.0, 10.0]),
        members=np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 1, 1], [0, 1, 1]], bool),
        probability=probability,
        log_evidence=float(rng.normal()),
        disc_mm2=np.array([20.0, 30.0, 25.0, 50.0, 75.0, 55.0]),
    )


def made(*, regime="spiking", with_place=True, passed=True, polarity=0.998, evidence=40.0, noise=-100.0, **changes):
    """Return a posterior of one proximal drive: its time is learned, its spread is not."""
    rng = np.random.default_rng(5)
    shape, n_times = (4, 150), 41
    times = np.linspace(0, 80, n_times)
    draws = {
        PATHS[0]: 25 + 1.0 * rng.standard_normal(shape),
        PATHS[1]: 4 * np.exp(0.5 * rng.standard_normal(shape)),
        PATHS[2]: 0.02 * np.exp(1.0 * rng.standard_normal(shape)),
        "columns": 3000 * np.exp(0.2 * rng.standard_normal(shape)),
        "discrepancy": 0.08 * np.exp(0.3 * rng.standard_normal(shape)),
    }
    prior = {
        PATHS[0]: 25 + 8.0 * rng.standard_normal(600),
        PATHS[1]: 4 * np.exp(0.5 * rng.standard_normal(600)),
        PATHS[2]: 0.02 * np.exp(2.0 * rng.standard_normal(600)),
        "columns": 3000 * np.exp(0.9 * rng.standard_normal(600)),
        "discrepancy": 0.1 * np.exp(0.7 * rng.standard_normal(600)),
    }
    wanted = 2e-8 * np.exp(-(((times - 35) / 12) ** 2))
    predicted = wanted * (1 + 0.1 * rng.standard_normal((60, 1)))
    firing = regime == "spiking"
    values = {
        "regime": regime,
        "sequence": (("proximal", 25.0),),
        "draws": draws,
        "prior": prior,
        "log_likelihood": rng.standard_normal(shape),
        "times_ms": times,
        "wanted": wanted,
        "predicted": predicted,
        "replicated": predicted + 1e-9 * rng.standard_normal(predicted.shape),
        "simulated": predicted[:20] if firing else np.zeros((0, n_times)),
        "spikes": {"L2_pyramidal": np.full(20, 0.5), "L5_pyramidal": 2 + 0.1 * rng.standard_normal(20)}
        if firing
        else {},
        "evidence": Evidence.of({"response": evidence, "sequence": -2.0, "regime": -0.05}, 0.2),
        "polarity": Polarity(probability=polarity, difference=6.2, error=0.3),
        "place": place() if with_place else None,
        "checks": (Checked(name="misfit", value=0.3, expected="0.01 at least", passed=passed),),
        "facts": {"log_evidence": evidence + noise, "log_evidence_of_noise": noise},
        "warnings": ("A warning.",),
    }
    return CircuitPosterior(**(values | changes))
