"""The MNE side: from sensors to a target dipole, and from a dipole back to the sensors."""

from __future__ import annotations

from . import demo
from .course import CourseOptions, LabelCourse, label_course
from .dipole_target import target_from_dipole
from .forward import ForwardOptions, forward_solution, scaled_template
from .inverse import apply_normal_inverse, make_inverse
from .label import find_label
from .localisation import Localisation
from .patch import Patch, best_patch, label_patch, patch_moment
from .polarity import Component, Polarity
from .response import EpochOptions, Response, load_response
from .sensors import Prediction, explained_variance, predict_sensors
from .target import Target, estimate_target

__all__ = [
    "Component",
    "CourseOptions",
    "EpochOptions",
    "ForwardOptions",
    "LabelCourse",
    "Localisation",
    "Patch",
    "Polarity",
    "Prediction",
    "Response",
    "Target",
    "apply_normal_inverse",
    "best_patch",
    "demo",
    "estimate_target",
    "explained_variance",
    "find_label",
    "forward_solution",
    "label_course",
    "label_patch",
    "load_response",
    "make_inverse",
    "patch_moment",
    "predict_sensors",
    "scaled_template",
    "target_from_dipole",
]
