"""How sure an explanation is: the posterior of its circuit, from the source waveform or the sensors."""

from __future__ import annotations

from .amortised import AmortisedEstimator
from .circuit_posterior import Checked, CircuitPosterior, Polarity
from .comparing import compare_posteriors, evidence_in_words
from .controls import Control, shuffled_sign, wrong_label
from .estimator_files import read_estimator
from .group_files import read_group_posterior
from .group_posterior import GroupPosterior
from .held_out import HeldOut, held_out_sensors
from .place import PlacePosterior
from .pool_settings import PoolSettings
from .pooling import pool_posteriors
from .posterior_files import read_posterior
from .run import posterior
from .sensor_likelihood import SensorLikelihood, Sensors
from .settings import PosteriorSettings
from .training import train_posterior
from .training_settings import TrainingSettings
from .waveform_likelihood import WaveformLikelihood

__all__ = [
    "AmortisedEstimator",
    "Checked",
    "CircuitPosterior",
    "Control",
    "GroupPosterior",
    "HeldOut",
    "PlacePosterior",
    "Polarity",
    "PoolSettings",
    "PosteriorSettings",
    "SensorLikelihood",
    "Sensors",
    "TrainingSettings",
    "WaveformLikelihood",
    "compare_posteriors",
    "evidence_in_words",
    "held_out_sensors",
    "pool_posteriors",
    "posterior",
    "read_estimator",
    "read_group_posterior",
    "read_posterior",
    "shuffled_sign",
    "train_posterior",
    "wrong_label",
]
