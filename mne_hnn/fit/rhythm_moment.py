"""From the power of a rhythm to a moment, and to how many columns make it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._code import value_text
from .._units import MS
from ..dipole import Dipole
from ..network import Network
from ..simulate import Simulation
from .amplitude import log_plausibility
from .circuit_prior import CircuitPrior
from .judging import LEAST
from .observation import pyramidal_cells
from .rhythm_goal import Goal
from .rhythm_objectives import Spectrum

__all__ = ["RhythmMoment"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RhythmMoment:
    """The power of a target in A² m² / Hz, as columns are counted for it.

    Attributes
    ----------
    spectrum : Spectrum
        The target.
    network : Network
        The column.
    dipole : Dipole
        The amplitude (A m) of the sinusoid that has the target's power between its first and last frequency, the root
        of twice the integral of its power spectral density, with unit and area of the target's patch.
    """

    spectrum: Spectrum
    network: Network
    dipole: Dipole

    @classmethod
    def of(cls, goal: Goal, network: Network) -> RhythmMoment | None:
        """Return the moment of a target; None where only the shape of its spectrum is known, or compared.

        Parameters
        ----------
        goal : Goal
            What is made small.
        network : Network
            The column.
        """
        spectrum = goal.objective
        if not isinstance(spectrum, Spectrum) or spectrum.aperiodic == "remove" or not pyramidal_cells(network):
            return None
        if not goal.trials and spectrum.aperiodic != "keep":
            return None
        about = goal.trials[0].provenance if goal.trials else {}
        if about.get("unit", "A m") != "A m":
            return None
        amplitude = float(np.sqrt(2.0 * np.trapezoid(spectrum.power, spectrum.freqs)))
        kept: dict[str, Any] = {name: about[name] for name in ("unit", "area_mm2", "label", "subject") if name in about}
        dipole = Dipole([0.0, amplitude], [0.0, MS], ("agg",), comment="amplitude", provenance=kept)
        return cls(spectrum=spectrum, network=network, dipole=dipole)

    @property
    def identity(self) -> str:
        """Text that differs whenever counts could differ."""
        area = self.dipole.provenance.get("area_mm2")
        return value_text("moment", self.spectrum.identity, self.dipole.data, area, self.network.digest)

    @property
    def amplitude_nAm(self) -> float:
        """The amplitude, nA m."""
        return float(self.dipole["agg"].max()) * 1e9

    def columns(self, simulation: Simulation) -> float:
        """Return how many columns have the target's power; NaN if the dipole of the column has none.

        They act in step: N columns have N² times the power of one. Where all of the target's power is to be that of
        the network (``aperiodic='keep'``), it is one.

        Parameters
        ----------
        simulation : Simulation
            Of the column, or of a coarser one whose dipoles are as large.
        """
        if self.spectrum.aperiodic == "keep":
            return 1.0
        logs = self.spectrum.log_powers(simulation.dipoles)
        return float("nan") if logs is None else float(10 ** (np.mean(logs[1] - logs[0]) / 2))

    def distance(self, columns: float, prior: CircuitPrior, *, firing: bool) -> float:
        """Return how many standard deviations a number of columns lies from what is expected; NaN if nothing is.

        Parameters
        ----------
        columns : float
            Number of columns.
        prior : CircuitPrior
            What is expected: columns per nA m if cells fire, else the columns that the target's size asks for.
        firing : bool
            Whether cells fire.
        """
        if firing:
            return float(prior.columns_of(self.network).distance(columns / self.amplitude_nAm))
        expected = prior.silent_columns(self.dipole, self.network)
        return float("nan") if expected is None else expected.distance(columns)

    def log_plausibility(self, columns: float, prior: CircuitPrior, *, firing: bool) -> float:
        """Return the logarithm of how plausible it is that the patch holds the cells of so many columns.

        Parameters
        ----------
        columns, prior, firing
            As in :meth:`distance`.
        """
        found = float(log_plausibility(columns, self.network, self.dipole, prior, firing=firing))
        return max(found, LEAST)
