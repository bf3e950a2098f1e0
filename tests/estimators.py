"""Amortised estimators made by hand, without PyTorch: they know what they are for, and cannot draw."""

import numpy as np
from columns import kernels

from mne_hnn.inference import AmortisedEstimator, PosteriorSettings, TrainingSettings
from mne_hnn.inference.bank import Truths
from mne_hnn.inference.density import Density
from mne_hnn.inference.question import Question
from mne_hnn.inference.scope import Scope
from mne_hnn.inference.teaching import SilentTeacher


def estimator_for(item, **changes):
    """Return an estimator for the column, prior, window and sides of a silent explanation."""
    scope = Scope.of(Question(explanation=item, sensors=None, settings=PosteriorSettings()))
    frame = scope.frame
    column = kernels(scope.task, None).sampled(frame.times_ms, frame.tstop)
    n_free = len(frame.paths)
    values = {
        "frame": frame,
        "teacher": SilentTeacher(frame=frame, column=column),
        "density": Density(weights={"none": np.zeros(1)}, n_free=n_free, n_context=3),
        "truths": Truths(z=np.zeros((2, n_free)), moments=np.zeros((2, 3)), log_rates=np.zeros((2, 0)), n_trials=1),
        "settings": TrainingSettings(steps=50),
        "diagnostics": {"truths": {"n": 40, "kinds": {"times": {"n": 80, "half": 36, "most": 70, "p_even": 0.5}}}},
        "facts": {"networks": 0, "seconds": {"density": 90.0}},
    }
    return AmortisedEstimator(**values | changes)
