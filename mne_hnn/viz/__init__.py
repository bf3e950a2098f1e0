"""Figures. Importing this imports matplotlib; nothing is shown unless asked for."""

from .comparison import plot_comparison, plot_prediction, plot_prediction_topomaps
from .cortex import plot_cortex
from .dipole import plot_dipole
from .fit import plot_convergence, plot_fit, plot_parameters
from .sensors import peak_times, plot_response, plot_topomaps
from .simulation import plot_simulation
from .sweep import plot_sweep, plot_sweep_dipoles
from .target import plot_label_course, plot_target

__all__ = [
    "peak_times",
    "plot_comparison",
    "plot_convergence",
    "plot_cortex",
    "plot_dipole",
    "plot_fit",
    "plot_label_course",
    "plot_parameters",
    "plot_prediction",
    "plot_prediction_topomaps",
    "plot_response",
    "plot_simulation",
    "plot_sweep",
    "plot_sweep_dipoles",
    "plot_target",
    "plot_topomaps",
]
