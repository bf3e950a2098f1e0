"""How a rhythm is judged and searched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from .._checks import check_finite, check_name, check_non_negative, check_positive
from ..errors import ParameterError
from ..simulate.precautions import check_times
from .circuit_prior import CircuitPrior
from .drive_settings import DriveSettings
from .settings import FitSettings, check_step

__all__ = ["RhythmicSettings"]

SHORTEST_RHYTHM_MS = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RhythmicSettings(FitSettings):
    """How :func:`fit_rhythmic` judges a rhythm and searches.

    Parameters
    ----------
    bands : sequence of (float, float) | None
        Frequency bands whose power is to be high, Hz.
    shares : sequence of float | None
        Wanted power of each band relative to the others; None is the same for all.
    measure : str
        For `bands`: ``'power'`` or ``'ratio'``, see :class:`~mne_hnn.fit.BandPower`.
    aperiodic : str
        For a target: ``'scale'`` compares shapes, ``'remove'`` only what stands above the aperiodic part of each,
        ``'keep'`` all, in A² m² / Hz; see :class:`~mne_hnn.fit.Spectrum`.
    fmin, fmax : float
        The frequencies that count, Hz.
    burn_in_ms : float
        What is left out of each trial at the start, ms.
    tstop : float
        Duration of a simulation, ms. 300 ms resolve some 4 Hz.
    step : float
        Size of first steps, as a share of the bounds.
    circuit : CircuitPrior | None
        What is plausible, for :func:`explain_rhythm`, where None is the usual one; :func:`fit_rhythmic` refuses it.
    n_trials : int | None
        Trials per evaluation; their spectra are averaged, not their dipoles. None is 2, or what the last of `levels`
        says.
    optimizer : str
        A name of :data:`~mne_hnn.fit.OPTIMIZERS`. ``'auto'`` is a scan for one parameter, else differential evolution,
        which searches everywhere: rates that differ by a beat have minima of their own, and CMA-ES stays in one of
        them more often.
    max_evaluations, levels, n_final, dt, seed, fresh_seed, precision
        As in :class:`FitSettings`.

    Raises
    ------
    ParameterError
        A wrong value, or one that belongs to the other of bands and target.

    Examples
    --------
    >>> RhythmicSettings(bands=[(9, 11), (19, 21)], shares=[1, 2], measure="ratio").tstop
    300.0
    """

    usual_trials: ClassVar[int] = 2
    smooth_ms: ClassVar[float] = 0.0
    """Spectra are those of the dipole as it is."""

    bands: Sequence[tuple[float, float]] | None = None
    shares: Sequence[float] | None = None
    measure: str = "power"
    aperiodic: str = "scale"
    fmin: float = 2.0
    fmax: float = 50.0
    burn_in_ms: float = 50.0
    tstop: float = 300.0
    step: float = 0.2
    circuit: CircuitPrior | None = None

    def __post_init__(self) -> None:
        self._check_shared()
        check_step(self.step)
        check_positive(self.tstop, "tstop (ms)")
        check_times(self.tstop, self.dt)
        if check_positive(self.fmin, "fmin (Hz)") >= check_positive(self.fmax, "fmax (Hz)"):
            raise ParameterError(f"fmin must be below fmax, got {self.fmin:g} and {self.fmax:g} Hz.")
        if check_non_negative(self.burn_in_ms, "burn_in_ms") >= self.tstop - SHORTEST_RHYTHM_MS:
            raise ParameterError(
                f"burn_in_ms must leave at least {SHORTEST_RHYTHM_MS:g} ms of the {self.tstop:g} ms that are "
                f"simulated, got {self.burn_in_ms:g} ms."
            )
        if self.circuit is not None and not isinstance(self.circuit, CircuitPrior):
            raise ParameterError(
                f"circuit must be a CircuitPrior or None for the usual one, got {type(self.circuit).__name__}."
            )
        check_name(self.aperiodic, ("scale", "remove", "keep"), "treatment of the aperiodic part")
        if self.bands is None:
            self._check_no_bands()
        else:
            self._check_bands(self.bands)

    def search(self) -> DriveSettings:
        """Return how :func:`fit_drives` searches."""
        return DriveSettings(
            **self._shared(),
            step=self.step,
            smooth_ms=self.smooth_ms,
            tstop=self.tstop,
            intervals=False,
        )

    def _check_no_bands(self) -> None:
        if self.shares is not None:
            raise ParameterError("shares belong to bands: leave them out when there is a target spectrum.")
        if self.measure != "power":
            raise ParameterError("measure belongs to bands: leave it out when there is a target spectrum.")

    def _check_bands(self, bands: Any) -> None:
        if self.aperiodic != "scale":
            raise ParameterError("aperiodic belongs to a target spectrum: leave it out when there are bands.")
        pairs: list[Any] = list(bands) if isinstance(bands, Iterable) else [None]
        if not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in pairs):
            raise ParameterError(f"bands must hold pairs of frequencies such as [(8, 12), (15, 30)], got {bands!r}.")
        if self.shares is not None and not isinstance(self.shares, Iterable):
            raise ParameterError(f"shares must hold one number per band, such as [1, 2], got {self.shares!r}.")
        given = self.shares
        shares = None if given is None else tuple(check_finite(share, "share of a band") for share in given)
        self._keep(
            bands=tuple((check_finite(low, "band"), check_finite(high, "band")) for low, high in pairs), shares=shares
        )
