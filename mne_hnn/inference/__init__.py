"""How sure an explanation is: the posterior of its circuit, from the source waveform or the sensors."""

from __future__ import annotations

from .amortised import AmortisedEstimator
from .circuit_posterior import Checked, CircuitPosterior, Polarity
from .comparing import compare_posteriors
from .controls import Control, shuffled_sign, wrong_label
from .estimator_files import read_estimator
from .held_out import HeldOut, held_out_sensors
from .place import PlacePosterior
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
    "HeldOut",
    "PlacePosterior",
    "Polarity",
    "PosteriorSettings",
    "SensorLikelihood",
    "Sensors",
    "TrainingSettings",
    "WaveformLikelihood",
    "compare_posteriors",
    "held_out_sensors",
    "posterior",
    "read_estimator",
    "read_posterior",
    "shuffled_sign",
    "train_posterior",
    "wrong_label",
]
