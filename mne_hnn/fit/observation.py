"""How a simulated dipole is compared with a target: smoothing, scale, and how many columns are plausible."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import check_positive
from .._types import FloatArray
from .._units import MS, NAM
from ..compare import align
from ..dipole import Dipole
from ..errors import DataError, ParameterError
from ..network import Network
from ..simulate import Simulation

__all__ = [
    "ColumnPrior",
    "PYRAMIDAL_PER_mm2",
    "check_target",
    "covering",
    "explained",
    "fitted_dipole",
    "n_independent",
    "nearest_scale",
    "pyramidal_cells",
    "smoothed",
]

MOMENT_DENSITY_nAm_per_mm2 = 0.25
"""What evoked cortex gives per area: 10 nA m on 40 mm² (Hämäläinen et al. 1993,
https://doi.org/10.1103/RevModPhys.65.413), between the 0.05 of Lü and Williamson (1991,
https://doi.org/10.1007/BF00231463) and a maximum of 1 to 2 (Murakami and Okada 2015,
https://doi.org/10.1016/j.neuroimage.2015.02.003)."""
PYRAMIDAL_PER_mm2 = 50_000.0
"""Pyramidal cells of layers 2/3 and 5 below one mm² of cortex: about half of some 100,000 neurons
(Rockel et al. 1980, https://doi.org/10.1093/brain/103.2.221)."""
SHORTEST_ms = 5.0
FACTOR = 3.0
"""Standard deviation of the prior, as a factor."""
KEPT = ("subject", "label", "unit", "outward", "polarity")


@dataclass(frozen=True, kw_only=True)
class ColumnPrior:
    """How many columns like the simulated one are expected to act together: a log-normal distribution.

    Attributes
    ----------
    median : float
        Number of columns.
    factor : float
        Standard deviation, as a factor: 68 % of the probability lies between ``median / factor`` and
        ``median * factor``.

    Examples
    --------
    >>> ColumnPrior(median=3000.0, factor=2.0).distance(6000.0)  # standard deviations
    1.0
    """

    median: float
    factor: float = FACTOR

    def __post_init__(self) -> None:
        check_positive(self.median, "ColumnPrior: median")
        if check_positive(self.factor, "ColumnPrior: factor") <= 1:
            raise ParameterError(f"ColumnPrior: factor must be above 1, got {self.factor:g}.")

    @classmethod
    def for_target(cls, target: Dipole, network: Network) -> ColumnPrior | None:
        """Return the prior that the size of a target and the cells of a network give.

        The largest moment of the target divided by 0.25 nA m per mm² is an area (Hämäläinen et al. 1993), and a column
        with n pyramidal cells fills n / 50,000 mm². Amplitudes of minimum-norm estimates are too small, and so is the
        number then.

        Parameters
        ----------
        target : Dipole
            The target.
        network : Network
            The column.

        Returns
        -------
        prior : ColumnPrior | None
            None if the target's unit is not A m: nothing is known of its scale then.
        """
        if target.provenance.get("unit", "A m") != "A m":
            return None
        cells = pyramidal_cells(network)
        area = float(np.abs(target["agg"]).max()) / NAM / MOMENT_DENSITY_nAm_per_mm2
        return cls(median=area * PYRAMIDAL_PER_mm2 / cells) if cells and area > 0 else None

    def distance(self, scale: float) -> float:
        """Return how many standard deviations a number of columns lies from the median."""
        return float(np.log(scale / self.median) / np.log(self.factor))

    def best_scale(self, simulated: FloatArray, wanted: FloatArray, variance: float) -> float:
        """Return the most probable scale of a simulated waveform.

        It minimises ``sum((wanted - s * simulated)**2) / variance + distance(s)**2`` over ``s > 0``.

        Parameters
        ----------
        simulated, wanted : array, shape (n_times,)
            Simulated and target moment.
        variance : float
            Of the noise, in the square of their unit, so that the sum of squares over it counts independent samples.

        Returns
        -------
        scale : float
            Number of columns.
        """
        power, product = float(simulated @ simulated) / variance, float(simulated @ wanted) / variance
        width = np.log(self.factor)
        logs = np.log(self.median) + width * np.linspace(-8.0, 8.0, 161)
        for _ in range(4):  # a grid that narrows cannot run away, as Newton's method would on this sum of exponentials
            factors = np.exp(logs)
            costs = power * factors**2 - 2 * product * factors + ((logs - np.log(self.median)) / width) ** 2
            best = int(np.argmin(costs))
            logs = np.linspace(logs[max(best - 1, 0)], logs[min(best + 1, len(logs) - 1)], len(logs))
        return float(np.exp(logs[len(logs) // 2]))


REMEDIES: Mapping[str, str] = {
    "Simulation": "take its average, smoothed as a target is, such as simulation.dipole.smooth(20)",
    "FitResult": "take its dipole, fit.dipole",
    "Dipole": "turn a fitted mne.Dipole into a target with mne_hnn.source.target_from_dipole",
    "Evoked": "turn sensors into a source with mne_hnn.source.estimate_target(evoked, inverse, label), and read a "
    "saved Dipole with mne_hnn.read_dipole",
    "SourceEstimate": "turn it into a target with mne_hnn.source.estimate_target",
    "str": "read it with mne_hnn.read_dipole, or mne_hnn.io.read_dipole_txt",
    "Path": "read it with mne_hnn.read_dipole, or mne_hnn.io.read_dipole_txt",
    "list": "average trials with mne_hnn.average_dipoles",
    "tuple": "average trials with mne_hnn.average_dipoles",
}
"""What to do with what is no target, by the name of its class or of one that it derives from."""


def _remedy(target: Any) -> str:
    names = (base.__name__ for base in type(target).__mro__)
    usual = (
        "make one with Dipole.from_nAm(times_ms, {'agg': values}) or mne_hnn.source.estimate_target, so that its unit "
        "is known"
    )
    return next((REMEDIES[name] for name in names if name in REMEDIES), usual)


def as_dipole(target: Any) -> Dipole:
    """Return a dipole, or that of a :class:`mne_hnn.source.Target`; refuse what is neither."""
    own = getattr(target, "dipole", None)
    if hasattr(target, "polarity") and isinstance(own, Dipole):
        return own  # of a Target of mne_hnn.source, which this folder must not import
    if not isinstance(target, Dipole):
        raise ParameterError(f"target must be a Dipole, got {type(target).__name__}: {_remedy(target)}.")
    return target


def check_target(target: Any) -> Dipole:
    """Return a target if it can be fitted.

    Parameters
    ----------
    target : Dipole | Target
        The target; of a :class:`mne_hnn.source.Target` it is the dipole.

    Raises
    ------
    ParameterError
        It is neither.
    DataError
        It is constant, or ends before the stimulus.
    """
    known = as_dipole(target)
    if not np.isfinite(known.data).all():
        raise DataError("The target holds NaN or infinity: remove or interpolate those samples.")
    values = known["agg"][known.times > 0]
    end = float(known.times[-1])
    if end <= 0:
        raise DataError(
            f"The target ends at {end:g} s, not after the stimulus: there is nothing to simulate. Take a later window."
        )
    if end < SHORTEST_ms * MS:
        raise DataError(
            f"The target ends {end / MS:g} ms after the stimulus, too early for any response: were its times given in "
            "s where ms are expected?"
        )
    if len(values) < 4:
        raise DataError(
            f"The target has {len(values)} sample(s) after the stimulus, at least 4 are needed: take a later window, "
            "or a higher sampling rate."
        )
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        raise DataError("The target is constant after the stimulus: there is nothing to explain.")
    if known.provenance.get("unit", "A m") == "A m" and np.abs(values).max() > 1e-4:
        raise DataError(
            f"The target reaches {np.abs(values).max():.3g} A m, more than a whole brain gives: its values are "
            "probably nA m. Make it with Dipole.from_nAm."
        )
    return known


def pyramidal_cells(network: Network) -> int:
    """Return how many cells of a network have a dipole."""
    return sum(len(population) for population in network.populations.values() if population.template.measures_dipole)


def n_independent(times: FloatArray, smooth_ms: float) -> float:
    """Return how many independent samples a smoothed record holds: one per half of the smoothing window, at least 4.

    Parameters
    ----------
    times : array, shape (n_times,)
        The times that are compared, s.
    smooth_ms : float
        Smoothing window, ms.
    """
    span = float(np.ptp(times)) / MS
    return float(np.clip(span / max(smooth_ms / 2, 1.0), min(4.0, len(times)), len(times)))


def nearest_scale(dipole: Dipole, target: Dipole) -> tuple[float, float]:
    """Return the factor >= 0 that brings a dipole closest to a target (least squares), and R² with it."""
    _, simulated, wanted = align(dipole, target)
    power = float(simulated @ simulated)
    scale = max(float(simulated @ wanted) / power, 0.0) if power > 0 else 0.0
    return scale, explained(scale * simulated, wanted)


def explained(simulated: FloatArray, wanted: FloatArray) -> float:
    """Return R²: 1 - residual variance / variance around the mean."""
    spread = float(((wanted - wanted.mean()) ** 2).sum())
    if spread == 0:
        raise ParameterError("The target is constant in the window that is fitted: nothing to explain.")
    return 1.0 - float(((wanted - simulated) ** 2).sum()) / spread


def covering(target: Dipole, dt: float) -> float:
    """Return how long to simulate for a target, ms: to its last time, in whole steps."""
    check_positive(dt, "dt (ms)")
    if target.times[-1] <= 0:
        raise ParameterError(
            f"The target ends at {target.times[-1]:g} s, not after the stimulus: there is nothing to simulate. Take a "
            "later window."
        )
    return dt * float(np.ceil(round(target.times[-1] / MS / dt, 6)))


def fitted_dipole(dipole: Dipole, target: Dipole) -> Dipole:
    """Return a dipole that says what it was fitted to: unit and direction are the target's."""
    provenance = target.provenance
    return Dipole(
        dipole.data,
        None,
        dipole.layers,
        comment="fitted simulation",
        nave=dipole.nave,
        provenance={name: provenance[name] for name in KEPT if name in provenance},
        scale_applied=dipole.scale_applied,
        sfreq=dipole.info["sfreq"],
        tmin=float(dipole.times[0]),
    )


def smoothed(simulation: Simulation, smooth_ms: float, layers: Collection[str] | None = None) -> Dipole:
    """Return the average dipole of a simulation, smoothed as it is compared with a target.

    Parameters
    ----------
    simulation : Simulation
        The simulation.
    smooth_ms : float
        Hamming window, ms; 0 leaves the dipole as it is.
    layers : collection of str | None
        Which layers are wanted, as smoothing costs more than the rest of a score; None for all.
    """
    dipole = simulation.dipole
    wanted = [name for name in dipole.layers if layers is None or name in layers]
    if wanted and len(wanted) < len(dipole.layers):
        dipole.pick(wanted)
    return dipole.smooth(smooth_ms) if smooth_ms else dipole
