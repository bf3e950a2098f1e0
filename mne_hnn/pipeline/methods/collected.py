"""What the sidecars of one analysis, or of many, say: one value, or a range."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ...errors import DataError
from ..facts import (
    Facts,
    FitFacts,
    InverseFacts,
    LoadFacts,
    PosteriorFacts,
    ReadTargetFacts,
    SensorsFacts,
    SimulateFacts,
    TargetFacts,
)

__all__ = ["Analysis", "Collected", "Sidecar", "StepMissingError", "listing", "number", "span"]

Sidecars = Mapping[str, Mapping[str, Any]]

_Facts = TypeVar("_Facts", bound=Facts)


@dataclass(frozen=True, kw_only=True)
class Sidecar(Generic[_Facts]):
    """What the sidecar of a stage says.

    Attributes
    ----------
    options : mapping of str to object
        Options as they are described.
    versions : mapping of str to str
        Of what computed the result.
    facts : Facts
        What the stage noted, of its class of facts.
    """

    options: Mapping[str, Any]
    versions: Mapping[str, str]
    facts: _Facts

    @classmethod
    def read(cls, record: Mapping[str, Any], kind: type[_Facts], name: str) -> Sidecar[_Facts]:
        """Return what a sidecar says; its facts must be those of the stage."""
        where = f"the sidecar of step {name!r}"
        facts = kind.read(record.get("facts"), where)
        for part in ("options", "versions"):
            if not isinstance(record.get(part), Mapping):
                raise DataError(f"There are no {part} in {where}: run the analysis again to make it anew.")
        return cls(options=record["options"], versions=record["versions"], facts=facts)


class StepMissingError(KeyError):
    """A stage did not run."""


class Analysis:
    """The sidecars of one analysis, by stage.

    Parameters
    ----------
    sidecars : mapping of str to mapping
        By name of the stage; those of stages that did not run are missing.
    """

    def __init__(self, sidecars: Sidecars) -> None:
        self._read: dict[str, Sidecar[Any]] = {}
        for name, kind in _KINDS.items():
            if name not in sidecars:
                continue
            if "target_file" in (sidecars[name].get("options") or ()):
                self._read["read target"] = Sidecar.read(sidecars[name], ReadTargetFacts, name)
            else:
                self._read[name] = Sidecar.read(sidecars[name], kind, name)

    def __contains__(self, step: str) -> bool:
        return step in self._read

    def _of(self, step: str) -> Sidecar[Any]:
        if step not in self._read:
            raise StepMissingError(step)
        return self._read[step]

    @property
    def load(self) -> Sidecar[LoadFacts]:
        """How the response was averaged."""
        return self._of("load")

    @property
    def inverse(self) -> Sidecar[InverseFacts]:
        """How the operators were made."""
        return self._of("inverse")

    @property
    def target(self) -> Sidecar[TargetFacts]:
        """How the target was made."""
        return self._of("target")

    @property
    def read_target(self) -> Sidecar[ReadTargetFacts]:
        """How the target was read, where it comes from a file."""
        return self._of("read target")

    @property
    def simulate(self) -> Sidecar[SimulateFacts]:
        """How the column was simulated."""
        return self._of("simulate")

    @property
    def fit(self) -> Sidecar[FitFacts]:
        """How its drives were fitted."""
        return self._of("fit")

    @property
    def sensors(self) -> Sidecar[SensorsFacts]:
        """What it predicts."""
        return self._of("sensors")

    @property
    def posterior(self) -> Sidecar[PosteriorFacts]:
        """How sure its explanations are."""
        return self._of("posterior")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the fit, by name; those that it has not are missing."""
        return self.fit.facts.settings


_KINDS: Mapping[str, type[Facts]] = {
    "load": LoadFacts,
    "inverse": InverseFacts,
    "target": TargetFacts,
    "simulate": SimulateFacts,
    "fit": FitFacts,
    "sensors": SensorsFacts,
    "posterior": PosteriorFacts,
}


class Collected:
    """Sidecars of one or several analyses.

    Parameters
    ----------
    sets : sequence of mapping of str to mapping
        For each analysis the sidecars by name of the stage.
    """

    def __init__(self, sets: Sequence[Sidecars]) -> None:
        self.analyses = [Analysis(sidecars) for sidecars in sets]

    def have(self, steps: Sequence[str]) -> bool:
        """Return whether all analyses have these steps."""
        return all(step in analysis for analysis in self.analyses for step in steps)

    def values(self, what: Callable[[Analysis], Any]) -> list[Any]:
        """Return a value of each analysis, such as ``lambda run: run.load.facts.epochs``; None where it is missing."""
        found = []
        for analysis in self.analyses:
            try:
                found.append(what(analysis))
            except StepMissingError:
                found.append(None)
        return found

    def known(self, what: Callable[[Analysis], Any]) -> list[Any]:
        """Return the different values that are not None, in order of appearance."""
        found: dict[str, Any] = {}
        for value in self.values(what):
            if value is not None:
                found.setdefault(json.dumps(value, sort_keys=True, default=str), value)
        return list(found.values())

    def one(self, what: Callable[[Analysis], Any]) -> Any:
        """Return the value of all analyses, None if they differ or have none."""
        found = self.known(what)
        return found[0] if len(found) == 1 else None

    def said(self, what: Callable[[Analysis], Any], *, factor: float = 1.0) -> str:
        """Return a number in words: ``'108'``, or ``'between 51 and 60'`` where it varies."""
        return span([float(value) * factor for value in self.known(what)])

    def counted(self, noun: str, what: Callable[[Analysis], Any]) -> str:
        """Return a number and what it counts: ``'1 trial'``, ``'between 2 and 4 trials'``."""
        count = self.said(what)
        return f"{count} {noun}" if count == "1" else f"{count} {noun}s"

    def names(self, what: Callable[[Analysis], Any]) -> str:
        """Return names, all of those that occur."""
        return listing([str(value) for value in self.known(what)], "or")

    def where(self, condition: Callable[[Analysis], bool]) -> str | None:
        """Return in which analyses a condition holds: ``''`` for all, ``' (in 2 of 9 analyses)'``, None for none."""
        count = sum(map(condition, self.analyses))
        if not count:
            return None
        return "" if count == len(self.analyses) else f" (in {count} of {len(self.analyses)} analyses)"


def span(values: Sequence[float]) -> str:
    """Return numbers in words: ``'108'``, or ``'between 51 and 60'`` where they differ; nothing for none."""
    if not values:
        return ""
    low, high = number(min(values)), number(max(values))
    return low if low == high else f"between {low} and {high}"


def number(value: float) -> str:
    """Return a number with three digits, more if it is an integer below 10,000."""
    if value == int(value) and abs(value) < 10000:
        text = str(int(value))
    elif abs(value) >= 1000:
        text = f"{float(f'{value:.3g}'):,.0f}"
    else:
        text = f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def listing(words: Sequence[str], last: str = "and") -> str:
    """Return words as a list: ``'a, b and c'``."""
    return " ".join([", ".join(words[:-1]), last, words[-1]]) if len(words) > 1 else "".join(words)
