"""Figures of a group; :mod:`mne_hnn.viz` has them under the same names."""

from .drives import plot_group_drives
from .fits import plot_group_fits
from .labels import plot_group_labels
from .parameters import plot_group_parameters, plot_influence
from .targets import plot_group_targets

__all__ = [
    "plot_group_drives",
    "plot_group_fits",
    "plot_group_labels",
    "plot_group_parameters",
    "plot_group_targets",
    "plot_influence",
]
