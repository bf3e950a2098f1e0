"""Figures. Importing this imports matplotlib; nothing is shown unless asked for."""

from .simulation import plot_simulation

__all__ = ["plot_simulation"]
