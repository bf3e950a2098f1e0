"""What a posterior returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import check_name
from .._tables import load_pandas
from .._types import FloatArray
from .._value import FrozenMap
from ..fit.evidence import Evidence
from .draws import bits_learned, effective_size, interval, r_hat
from .place import PlacePosterior

if TYPE_CHECKING:
    import mne
    from matplotlib.figure import Figure

    from .asked import Asked

__all__ = ["Checked", "CircuitPosterior", "Polarity"]

AGREE = 1.1
"""Populations differ if their ``r_hat`` is larger."""
FEW = 100.0


@dataclass(frozen=True, kw_only=True)
class Polarity:
    """How sure the direction of the current is.

    Attributes
    ----------
    probability : float
        That the current flows as the target's polarity says.
    difference, error : float
        Natural logarithm of the evidence for it over that of the opposite direction, and its standard error.

    Examples
    --------
    >>> bool(0 <= drawn.polarity.probability <= 1)
    True
    """

    probability: float
    difference: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A check of the posterior's predictions that can fail.

    Attributes
    ----------
    name : str
        What was compared.
    value : float
        What was found.
    expected : str
        What is right, in words.
    passed : bool
        Whether it is.

    Examples
    --------
    >>> for check in drawn.checks:
    ...     print(check.name)
    misfit of the moment
    moment inside the 90 % band
    width of that band, over the range of the response
    """

    name: str
    value: float
    expected: str
    passed: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class CircuitPosterior:
    """How sure an explanation's circuit is: draws from its posterior, with what they predict.

    Attributes
    ----------
    regime : str
        ``'spiking'`` or ``'silent'``.
    sequence : tuple of (str, float)
        Location and expected time (ms) of each drive.
    draws, prior : mapping of str to array
        By path: times and spreads in ms, weights in uS, ``'columns'``, and ``'discrepancy'``, what the model leaves of
        the response, relative to its root mean square. Shape (n_populations, n) after, and (n,) before the response was
        seen.
    log_likelihood : array, shape (n_populations, n)
        Natural logarithm of the likelihood of each draw.
    times_ms : array, shape (n_times,)
        Times that were compared, ms.
    wanted : array, shape (n_times,)
        The moment of the response, A m, up as in the target.
    predicted : array, shape (n_predicted, n_times)
        Mean moments of some draws, scaled by their columns, A m.
    replicated : array, shape (n_predicted, n_times)
        The same with chance, noise and discrepancy: what a response could have looked like.
    simulated : array, shape (n_simulated, n_times)
        Single trials of columns with drawn numbers, scaled, A m; none where no cell fires.
    spikes : mapping of str to array
        Spikes per cell in these trials, by cell type, shape (n_simulated,).
    evidence : Evidence
        Of the response over that of noise alone, and what was expected of sequence and regime.
    polarity : Polarity
        How sure the direction of the current is.
    place : PlacePosterior | None
        Where it is; None if no label was searched.
    checks : tuple of Checked
        What could have shown that this is not to be believed.
    facts : mapping
        What was done: temperatures, simulations, effective sizes, the settings.
    warnings : tuple of str
        What a reader must know.
    asked : Asked | None
        What the controls ask again; None if it was read from a file.

    Examples
    --------
    >>> drawn.regime, len(drawn.paths) == len(drawn.draws)
    ('silent', True)
    """

    regime: str
    sequence: tuple[tuple[str, float], ...]
    draws: Mapping[str, FloatArray]
    prior: Mapping[str, FloatArray]
    log_likelihood: FloatArray
    times_ms: FloatArray
    wanted: FloatArray
    predicted: FloatArray
    replicated: FloatArray
    evidence: Evidence
    polarity: Polarity
    simulated: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))
    spikes: Mapping[str, FloatArray] = field(default_factory=FrozenMap)
    place: PlacePosterior | None = None
    checks: Sequence[Checked] = ()
    facts: Mapping[str, Any] = field(default_factory=FrozenMap)
    warnings: tuple[str, ...] = ()
    asked: Asked | None = field(default=None, repr=False)

    @property
    def paths(self) -> tuple[str, ...]:
        """Names of all numbers."""
        return tuple(self.draws)

    def of(self, path: str) -> FloatArray:
        """Return all draws of a number, shape (n_draws,)."""
        return self.draws[check_name(path, self.draws, "parameter", where="of the posterior")].ravel()

    def interval(self, path: str, share: float = 0.9) -> tuple[float, float]:
        """Return the ends of the interval that holds a share of the probability of a number."""
        return interval(self.of(path), share)

    def bits(self) -> dict[str, float]:
        """Return what the response said of each number beyond what was expected, in bits.

        Spreads, weights and columns are compared by their logarithms.
        """
        return {path: bits_learned(_plain(path, self.prior[path]), _plain(path, self.of(path))) for path in self.paths}

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per number: median, 50 and 90 % intervals, prior, bits, effective size, agreement."""
        bits = self.bits()
        found = []
        for path in self.paths:
            draws, flat = _plain(path, self.draws[path]), self.of(path)
            half, most, before = interval(flat, 0.5), interval(flat, 0.9), interval(self.prior[path], 0.9)
            found.append(
                {
                    "parameter": path,
                    "median": float(np.median(flat)),
                    "low_50": half[0],
                    "high_50": half[1],
                    "low_90": most[0],
                    "high_90": most[1],
                    "prior_low_90": before[0],
                    "prior_high_90": before[1],
                    "bits": bits[path],
                    "effective_size": effective_size(draws),
                    "r_hat": r_hat(draws),
                }
            )
        return found

    def summary(self) -> Any:
        """Return :meth:`rows` as a table (needs pandas)."""
        return load_pandas().DataFrame(self.rows()).set_index("parameter")

    def sentences(self) -> list[str]:
        """Return what was found, in words."""
        from .words import sentences

        return sentences(self)

    def to_arviz(self) -> Any:
        """Return draws, predictions and responses for ArviZ (needs ``pip install 'mne-hnn[posterior]'``)."""
        from .posterior_files import to_arviz

        return to_arviz(self)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save to one file (``.nc``) for :func:`read_posterior`, which ArviZ reads, too.

        Parameters
        ----------
        path : path-like
            The file.
        overwrite : bool
            Whether to replace a file that is there.
        """
        from .posterior_files import write_posterior

        write_posterior(path, self, overwrite=overwrite)

    def plot_marginals(self, *, show: bool = True) -> Figure:
        """Plot each number against what was expected; see :func:`mne_hnn.viz.plot_posterior_marginals`."""
        from ..viz import plot_posterior_marginals

        return plot_posterior_marginals(self, show=show)

    def plot_predictions(self, *, show: bool = True) -> Figure:
        """Plot what it predicts over the response; see :func:`mne_hnn.viz.plot_posterior_predictions`."""
        from ..viz import plot_posterior_predictions

        return plot_posterior_predictions(self, show=show)

    def plot_bits(self, *, show: bool = True) -> Figure:
        """Plot what the response says of each number; see :func:`mne_hnn.viz.plot_posterior_bits`."""
        from ..viz import plot_posterior_bits

        return plot_posterior_bits(self, show=show)

    def plot_place(self, forward: mne.Forward, *, show: bool = True) -> Figure:
        """Plot where the column may be; see :func:`mne_hnn.viz.plot_posterior_place`."""
        from ..viz import plot_posterior_place

        return plot_posterior_place(self, forward, show=show)

    def __repr__(self) -> str:
        shape = self.log_likelihood.shape
        drives = ", ".join(f"{place} {mu:.0f} ms" for place, mu in self.sequence)
        failed = [check.name for check in self.checks if not check.passed]
        return (
            f"<CircuitPosterior ({self.regime}): {drives}; {shape[0]} x {shape[1]} draws, evidence "
            f"{self.evidence.value:.1f} ± {self.evidence.error:.1f} over noise, sign "
            f"{self.polarity.probability:.3f}{'; failed: ' + ', '.join(failed) if failed else ''}>"
        )


def _plain(path: str, draws: FloatArray) -> FloatArray:
    """Return times as they are, and logarithms of all else."""
    return draws if path.endswith("mu_ms") else np.log(draws)


def disagreements(draws: Mapping[str, FloatArray]) -> list[str]:
    """Return a warning if populations ended in different places, or few draws count."""
    apart = [path for path, values in draws.items() if r_hat(_plain(path, values)) > AGREE]
    few = [path for path, values in draws.items() if effective_size(_plain(path, values)) < FEW]
    found = []
    if apart:
        found.append(
            f"The populations disagree on {len(apart)} of {len(draws)} numbers ({', '.join(apart[:3])}): their "
            "intervals are too narrow; take more particles or moves."
        )
    if few:
        found.append(
            f"Fewer than {FEW:.0f} independent draws of {len(few)} of {len(draws)} numbers ({', '.join(few[:3])}): "
            "take more particles or moves."
        )
    return found
