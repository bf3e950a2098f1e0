"""What makes a dipole: its parts over time and in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import check_finite
from .._types import FloatArray
from .._units import MS, NAM
from .._value import FrozenMap
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from ..simulate import SimulationSettings
from .spiking_counts import SpikeCounts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Contribution", "Contributions"]

UP, DOWN, NEITHER = "up", "down", "neither"
_COUNTS = 1 / 3  # of the larger peak, from which on the smaller one is told
_NOTHING = 1e-9  # of the largest moment of the whole: less is rounding


@dataclass(frozen=True, slots=True)
class Contribution:
    """One part of the dipole, in numbers.

    Attributes
    ----------
    kind : str
        ``'drive'`` (with minus without it), ``'alone'`` (that drive and no other), ``'together'`` (what drives do only
        in company), ``'layer'`` or ``'current'``.
    name : str
        Of the drive, the layer, or the kind of current.
    cell_type : str
        Whose current it is; empty for other kinds.
    up_nAm, up_ms : float
        Its largest moment towards the cortical surface, nAm, and when, ms: 0 and NaN if there is none.
    down_nAm, down_ms : float
        Its largest moment away from it, which is negative.
    share : float
        Share of the dipole: the sum of part times whole over the sum of the whole squared. The shares of drives and
        what they do together, of layers, and of currents each sum to 1; a part that acts against the whole has a
        negative one, one that others cancel can have more than 1. NaN if the whole is zero.
    size : float
        Root mean square of the part over that of the whole, which is never negative. NaN if the whole is zero.
    spikes_added : mapping of str to float
        Of a drive: spikes per cell and trial of each cell type with the drive minus without it; else empty.

    Examples
    --------
    >>> [part.name for part in contributions.rows() if part.kind == "drive"]
    ['evdist1', 'evprox1', 'evprox2']
    """

    kind: str
    name: str
    cell_type: str
    up_nAm: float
    up_ms: float
    down_nAm: float
    down_ms: float
    share: float
    size: float
    spikes_added: Mapping[str, float]

    @property
    def peak_nAm(self) -> float:
        """The moment where it is largest, nAm: positive up, negative down."""
        return self.up_nAm if self.up_nAm >= -self.down_nAm else self.down_nAm

    @property
    def peak_ms(self) -> float:
        """When it is largest, ms; NaN if there is nothing."""
        return self.up_ms if self.up_nAm >= -self.down_nAm else self.down_ms

    @property
    def direction(self) -> str:
        """Which way the peak goes: ``'up'``, towards the cortical surface, ``'down'``, or ``'neither'``."""
        return NEITHER if not self.peak_nAm else UP if self.peak_nAm > 0 else DOWN

    @property
    def turns(self) -> tuple[str, ...]:
        """Which way it goes, one after the other: both where the smaller peak has a third of the larger one."""
        peaks = [(self.up_ms, self.up_nAm, UP), (self.down_ms, -self.down_nAm, DOWN)]
        largest = abs(self.peak_nAm)
        return tuple(word for _, size, word in sorted(peaks) if size and size >= _COUNTS * largest)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class Contributions:
    """The dipole of a driven column, and what makes it.

    All moments are relative to the undriven column, averaged over trials, and scaled and smoothed alike.

    Attributes
    ----------
    network : Network
        The column.
    settings : SimulationSettings
        How it was simulated.
    dipole : Dipole
        The whole: ``agg`` and layers, A m.
    drives : mapping of str to Dipole
        What each drive contributes: the whole minus the dipole without that drive, with all other events the same.
    alone : mapping of str to Dipole
        What each drive does with all others silent: its direct effect, before the others meet what it left behind.
    currents : mapping of str to mapping of str to array, shape (n_times,)
        By dipole-bearing cell type and kind of current (``'excitation'``, ``'inhibition'``, ``'bias'``, ``'gated'``):
        its moment, A m, as the notes of :func:`drive_contributions` define it; all of them sum to ``agg``. Empty if
        currents were not asked for.
    spikes : SpikeCounts
        Spikes per cell of the whole.
    spikes_added : mapping of str to mapping of str to float
        By drive and cell type: spikes per cell and trial with the drive minus without it.
    scale : float
        What moments were multiplied with: number of columns.
    smooth_ms : float | None
        Length of the Hamming window, ms.

    Examples
    --------
    >>> sorted(contributions.alone), contributions.spikes.n_trials
    (['evdist1', 'evprox1', 'evprox2'], 1)
    """

    network: Network
    settings: SimulationSettings
    dipole: Dipole
    drives: Mapping[str, Dipole]
    alone: Mapping[str, Dipole]
    currents: Mapping[str, Mapping[str, FloatArray]]
    spikes: SpikeCounts
    spikes_added: Mapping[str, Mapping[str, float]]
    scale: float
    smooth_ms: float | None

    def __post_init__(self) -> None:
        for name in ("drives", "alone"):
            object.__setattr__(self, name, FrozenMap(getattr(self, name)))
        for name in ("currents", "spikes_added"):
            maps = {key: FrozenMap(inner) for key, inner in getattr(self, name).items()}
            object.__setattr__(self, name, FrozenMap(maps))

    def __repr__(self) -> str:
        parts = ", ".join(
            f"{row.name} {row.direction} {abs(row.peak_nAm):.3g} nAm at {row.peak_ms:.0f} ms"
            for row in self.rows()
            if row.kind == "drive"
        )
        return f"<Contributions to the dipole of {self.network.name!r}: {parts}>"

    @property
    def times(self) -> FloatArray:
        """Times in s, shape (n_times,)."""
        return np.asarray(self.dipole.times)

    @property
    def together(self) -> Dipole:
        """What drives do only in company: the whole minus the sum of what each contributes.

        Zero where cells answer linearly. Where they fire, two drives that both are needed for a spike both count it,
        and it is taken off here; what a bias does is found here, too.
        """
        rest: Dipole = self.dipole.copy()
        rest.data = rest.data - np.sum([part.data for part in self.drives.values()], axis=0)
        rest.comment = "together"
        return rest

    def rows(self, tmin: float | None = None, tmax: float | None = None) -> list[Contribution]:
        """Return each part in numbers: drives, each alone, what they do together, layers, currents.

        Parameters
        ----------
        tmin, tmax : float | None
            Window in s that peaks, shares and sizes are of, both ends included; None for all of the simulation.
            Spikes are those of all of it.

        Returns
        -------
        rows : list of Contribution
            One per part; kinds of current that nothing carries (no bias) are left out.

        Raises
        ------
        ParameterError
            The window leaves no sample.
        """
        times = self.times
        start, stop = (
            end if given is None else check_finite(given, f"{name} (s)")
            for given, end, name in ((tmin, times[0], "tmin"), (tmax, times[-1], "tmax"))
        )
        inside = (times >= start - 1e-9) & (times <= stop + 1e-9)
        if not inside.any():
            raise ParameterError(
                f"tmin and tmax must leave some of the {times[0]:g} to {times[-1]:g} s simulated, got {start:g} to "
                f"{stop:g} s: are they in ms?"
            )
        return [self._row(kind, name, cell_type, moment, inside) for kind, name, cell_type, moment in self._parts()]

    def _parts(self) -> list[tuple[str, str, str, FloatArray]]:
        drives = [("drive", name, "", part["agg"]) for name, part in self.drives.items()]
        layers = [("layer", name, "", self.dipole[name]) for name in self.dipole.layers[1:]]
        currents = [
            ("current", kind, cell_type, moment)
            for cell_type, kinds in self.currents.items()
            for kind, moment in kinds.items()
            if kind != "bias" or moment.any()
        ]
        alone = [("alone", name, "", part["agg"]) for name, part in self.alone.items()]
        return [*drives, *alone, ("together", "together", "", self.together["agg"]), *layers, *currents]

    def _row(self, kind: str, name: str, cell_type: str, moment: FloatArray, inside: Any) -> Contribution:
        part, whole = moment[inside], self.dipole["agg"][inside]
        power = float(whole @ whole)
        least = _NOTHING * float(np.abs(self.dipole["agg"]).max())
        times_ms = self.times[inside] / MS
        (up, up_ms), (down, down_ms) = (
            (float(part[place] / NAM), float(times_ms[place]))
            if abs(part[place]) > least and in_sign
            else (0.0, np.nan)
            for place, in_sign in ((part.argmax(), part.max() > 0), (part.argmin(), part.min() < 0))
        )
        return Contribution(
            kind=kind,
            name=name,
            cell_type=cell_type,
            up_nAm=up,
            up_ms=up_ms,
            down_nAm=down,
            down_ms=down_ms,
            share=float(part @ whole) / power if power else np.nan,
            size=float(np.sqrt(part @ part / power)) if power else np.nan,
            spikes_added=self.spikes_added.get(name, {}) if kind == "drive" else {},
        )

    def to_data_frame(self, tmin: float | None = None, tmax: float | None = None) -> Any:
        """Return the rows as a :class:`pandas.DataFrame`, with a column ``spikes_TYPE`` per cell type."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("Contributions.to_data_frame needs pandas: run `pip install pandas`.") from error
        cell_types = list(self.network.cell_types)
        plain = [field.name for field in fields(Contribution) if field.name != "spikes_added"]
        plain[3:3] = ["direction", "peak_nAm", "peak_ms"]
        return pd.DataFrame(
            [
                {name: getattr(row, name) for name in plain}
                | {f"spikes_{name}": row.spikes_added.get(name, np.nan) for name in cell_types}
                for row in self.rows(tmin, tmax)
            ]
        )

    def plot(self, target: Dipole | None = None, *, show: bool = True) -> Figure:
        """Plot all parts over time; see :func:`mne_hnn.viz.plot_contributions`."""
        from ..viz import plot_contributions

        return plot_contributions(self, target, show=show)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save to one file (``.npz``) for :func:`read_contributions`.

        Parameters
        ----------
        path : path-like
            The file.
        overwrite : bool
            Whether to replace a file that is there.
        """
        from .contribution_files import write_contributions

        write_contributions(path, self, overwrite=overwrite)
