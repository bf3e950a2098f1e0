"""Figures. Importing this imports matplotlib; nothing is shown unless asked for."""

from .dipole import plot_dipole
from .simulation import plot_simulation

__all__ = ["plot_dipole", "plot_simulation"]
