"""How sure an explanation is: the posterior of its circuit, from the source waveform or the sensors."""

from __future__ import annotations

from .circuit_posterior import Checked, CircuitPosterior, Polarity
from .comparing import compare_posteriors, evidence_in_words
from .controls import Control, shuffled_sign, wrong_label
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
from .waveform_likelihood import WaveformLikelihood

__all__ = [
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
    "WaveformLikelihood",
    "compare_posteriors",
    "evidence_in_words",
    "held_out_sensors",
    "pool_posteriors",
    "posterior",
    "read_group_posterior",
    "read_posterior",
    "shuffled_sign",
    "wrong_label",
]
