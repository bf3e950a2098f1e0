"""One unbranched, cylindrical piece of a cell, and how pieces join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import check_finite, check_int, check_label, check_name, check_positive
from .._value import FrozenMap, Value
from ..errors import NetworkError, ParameterError
from .channels import CHANNELS, channel_parameters
from .density import Density
from .mechanisms import Mechanism, mechanism_parameters

__all__ = ["Branch", "Point", "Section"]

Point = tuple[float, float, float]

_EMPTY: FrozenMap[Any] = FrozenMap()


def as_point(value: Any, what: str) -> Point:
    """Return three finite coordinates, um, as a tuple of float."""
    if isinstance(value, (str, Mapping)) or not hasattr(value, "__len__") or len(value) != 3:
        raise ParameterError(f"{what} must be three coordinates (x, y, z) in um, got {value!r}.")
    x, y, z = (check_finite(part, what) for part in value)
    return x, y, z


@dataclass(frozen=True, kw_only=True, slots=True)
class Section(Value):
    """A cylinder with its channels and receptors.

    Parameters
    ----------
    L_um, diam_um : float
        Length and diameter, um. The engine stores diameters in single precision, so the diameter
        in effect may differ from this one by a relative 6e-8.
    Ra_ohm_cm : float
        Axial resistivity, ohm cm.
    cm_uF_cm2 : float
        Membrane capacitance, uF/cm2.
    v_init_mV : float
        Voltage at the start of a simulation, mV.
    end_points_um : sequence of two (x, y, z)
        Positions of ends 0 and 1 relative to the cell, um; z is depth, apical up.
    channels : mapping of str to mapping of str to float or Density
        Channel key to its parameters (see :data:`~mne_hnn.network.CHANNELS`); parameters not
        given take the default of the registry.
    receptors : sequence of str
        Receptors present, at the middle of the section.
    nseg_override : int | None
        Number of segments; None for the rule of :attr:`nseg`.
    mechanisms : mapping of str to Mechanism
        The channels of one's own among `channels`, by name; see :meth:`CellTemplate.with_channel`.

    Examples
    --------
    >>> ends = [(0.0, 0.0, 0.0), (0.0, 0.0, 150.0)]
    >>> trunk = Section(L_um=150, diam_um=2, Ra_ohm_cm=200, cm_uF_cm2=0.85, v_init_mV=-65, end_points_um=ends)
    >>> trunk.nseg
    3
    """

    L_um: float
    diam_um: float
    Ra_ohm_cm: float
    cm_uF_cm2: float
    v_init_mV: float
    end_points_um: Sequence[Sequence[float]]
    channels: Mapping[str, Mapping[str, Any]] = _EMPTY
    receptors: Sequence[str] = ()
    nseg_override: int | None = None
    mechanisms: Mapping[str, Mechanism] = field(default=_EMPTY, metadata={"omit": _EMPTY})

    def __post_init__(self) -> None:
        for name in ("L_um", "diam_um", "Ra_ohm_cm", "cm_uF_cm2"):
            object.__setattr__(self, name, check_positive(getattr(self, name), f"Section: {name}"))
        object.__setattr__(self, "v_init_mV", check_finite(self.v_init_mV, "Section: v_init_mV"))
        if not hasattr(self.end_points_um, "__len__") or len(self.end_points_um) != 2:
            raise ParameterError(f"Section: end_points_um must be two points, got {self.end_points_um!r}.")
        ends = tuple(as_point(point, "Section: end_points_um") for point in self.end_points_um)
        object.__setattr__(self, "end_points_um", ends)
        self._set_channels()
        if isinstance(self.receptors, str):
            raise ParameterError(f"Section: receptors must be a sequence of names, got the str {self.receptors!r}.")
        receptors = tuple(check_label(name, "Section: a receptor name") for name in self.receptors)
        if len(set(receptors)) != len(receptors):
            raise ParameterError(f"Section: each receptor must be listed once, got {receptors!r}.")
        object.__setattr__(self, "receptors", receptors)
        if self.nseg_override is not None:
            nseg = check_int(self.nseg_override, "Section: nseg_override", minimum=1)
            object.__setattr__(self, "nseg_override", nseg)

    def _set_channels(self) -> None:
        if not isinstance(self.channels, Mapping):
            raise ParameterError(f"Section: channels must be a mapping, got {self.channels!r}.")
        full: dict[str, FrozenMap[Density]] = {}
        for key, given in self.channels.items():
            mechanism = self.mechanisms.get(key)
            if mechanism is None:
                check_name(key, {**CHANNELS, **self.mechanisms}, "channel")
                full[key] = channel_parameters(key, given, "Section")
            elif mechanism.kind == "channel" and mechanism.name == key:
                full[key] = mechanism_parameters(mechanism, given, "Section")
            else:
                raise NetworkError(f"Section: {key!r} must be a channel of that name, got the {mechanism!r}.")
        names = [*CHANNELS, *sorted(self.mechanisms)]
        object.__setattr__(self, "channels", FrozenMap({key: full[key] for key in names if key in full}))
        used = {key: value for key, value in sorted(self.mechanisms.items()) if key in full}
        object.__setattr__(self, "mechanisms", FrozenMap(used))

    @property
    def nseg(self) -> int:
        """Number of segments: 1 up to 100 um, else the odd number at or above floor(L / 50 um).

        That of the published model (Neymotin et al. 2020, https://doi.org/10.7554/eLife.51214).
        """
        if self.nseg_override is not None:
            return self.nseg_override
        if self.L_um <= 100.0:
            return 1
        n = int(self.L_um // 50.0)
        return n if n % 2 else n + 1

    @property
    def direction(self) -> NDArray[np.float64]:
        """Unit vector from end 0 to end 1 of the drawn section, shape (3,)."""
        start, stop = np.asarray(self.end_points_um, dtype=float)
        length = float(np.linalg.norm(stop - start))
        if length == 0:
            raise NetworkError("A section whose two end points coincide has no direction: give it two different ones.")
        return np.asarray((stop - start) / length)


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch(Value):
    """One joint of the tree: an end of a child section sits on an end of its parent.

    Parameters
    ----------
    child, parent : str
        Section names.
    child_end, parent_end : int
        Which ends meet, 0 or 1.

    Examples
    --------
    >>> Branch(child="apical_trunk", parent="soma").parent_end
    1
    """

    child: str
    parent: str
    child_end: int = 0
    parent_end: int = 1

    def __post_init__(self) -> None:
        for name in ("child", "parent"):
            check_label(getattr(self, name), f"Branch: {name}")
        for name in ("child_end", "parent_end"):
            object.__setattr__(self, name, check_int(getattr(self, name), f"Branch: {name}", minimum=0, maximum=1))
