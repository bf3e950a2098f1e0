"""What a fit may change, in a form that can be chosen from: kinds of numbers for each drive, or single ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ParameterError
from ..fit import Parameter
from ..network import Network
from ..viz.colors import drive_colors
from .fitting import free_parameters
from .state import ExploreState

__all__ = ["KINDS", "Choices", "kind_of"]

KINDS = {"times": "Times", "spreads": "Spreads", "weights": "Weights", "rates": "Rates"}
"""Kinds of numbers, in words."""
_FIELDS = {
    "mu_ms": ("times", "time", "ms"),
    "sigma_ms": ("spreads", "spread", "ms"),
    "burst_std_ms": ("spreads", "spread of bursts", "ms"),
    "burst_rate_Hz": ("rates", "rate of bursts", "Hz"),
    "rate_Hz": ("rates", "rate", "Hz"),
    "tstart": ("times", "start", "ms"),
    "tstart_std": ("spreads", "spread of the start", "ms"),
}


def _split(path: str) -> tuple[str, str, str]:
    """Return drive, field and cell type of ``'drives.NAME.FIELD.CELL'``; a name has no dots there."""
    _, drive, rest = path.split(".", 2)
    field, _, cell = rest.partition(".")
    return drive, field, cell


def kind_of(path: str) -> str:
    """Return of which kind a number is: a key of :data:`KINDS`."""
    field = _split(path)[1]
    return "weights" if field.startswith("weights_") else _FIELDS.get(field, ("rates",))[0]


def _words(path: str) -> str:
    """Return a number in words, with its unit."""
    _, field, cell = _split(path)
    if cell:
        return f"{field.removeprefix('weights_').upper()} on {cell.replace('_', ' ')} (µS)"
    _, name, unit = _FIELDS.get(field, ("", field.replace("_", " "), ""))
    return f"{name} ({unit})" if unit else name


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What can be free in a state, and what of it is.

    Attributes
    ----------
    parameters : tuple of Parameter
        What can be.
    chosen : frozenset of str
        Paths of those that are.
    """

    parameters: tuple[Parameter, ...]
    chosen: frozenset[str]

    @classmethod
    def of(cls, state: ExploreState, kept: Iterable[str] | None = None) -> Choices:
        """Return the choices of a state.

        Parameters
        ----------
        state : ExploreState
            The state.
        kept : iterable of str | None
            Paths that were chosen before; what the state has no more falls away. None for times and spreads.
        """
        try:
            parameters = free_parameters(state)
        except ParameterError:  # no drive of a kind that can be fitted
            parameters = ()
        paths = [parameter.path for parameter in parameters]
        chosen = [path for path in paths if kind_of(path) in ("times", "spreads")] if kept is None else set(kept)
        return cls(parameters=parameters, chosen=frozenset(chosen) & frozenset(paths))

    @property
    def free(self) -> tuple[Parameter, ...]:
        """What is free, in order."""
        return tuple(parameter for parameter in self.parameters if parameter.path in self.chosen)

    def with_kind(self, drive: str, kind: str, *, free: bool) -> Choices:
        """Return choices in which all numbers of a kind of a drive are free, or none."""
        return self._with([p for p in self._paths(drive) if kind_of(p) == kind], free=free)

    def with_one(self, path: str, *, free: bool) -> Choices:
        """Return choices in which one number is free, or not."""
        return self._with([path], free=free)

    def _with(self, paths: Sequence[str], *, free: bool) -> Choices:
        known = {parameter.path for parameter in self.parameters}
        changed = frozenset(paths) & known
        return Choices(parameters=self.parameters, chosen=self.chosen | changed if free else self.chosen - changed)

    def _paths(self, drive: str) -> list[str]:
        return [parameter.path for parameter in self.parameters if _split(parameter.path)[0] == drive]

    def plain(self, network: Network) -> list[dict[str, Any]]:
        """Return a row per drive as the page takes it: its kinds of numbers, and each number."""
        colors = drive_colors(network)
        rows = []
        for name in dict.fromkeys(_split(parameter.path)[0] for parameter in self.parameters):
            paths = self._paths(name)
            kinds = []
            for kind, words in KINDS.items():
                of_kind = [path for path in paths if kind_of(path) == kind]
                n_free = sum(path in self.chosen for path in of_kind)
                if of_kind:
                    part = 0 < n_free < len(of_kind)
                    spoken = f"{words} of {name}" + (" (some)" if part else "")
                    kinds.append(
                        {"kind": kind, "words": words, "on": n_free == len(of_kind), "part": part, "spoken": spoken}
                    )
            ones = [
                {"path": path, "words": _words(path), "on": path in self.chosen, "spoken": f"{name}: {_words(path)}"}
                for path in paths
            ]
            rows.append({"name": name, "color": colors[name], "kinds": kinds, "ones": ones})
        return rows
