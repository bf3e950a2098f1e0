"""What a stage notes of its result, and how that stands in a sidecar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from ..._checks import suggestion
from ...errors import DataError

__all__ = ["Facts", "each_of", "left_out", "list_of", "part"]

_PART, _EACH, _LIST, _LEFT_OUT = "part", "each", "list", "left_out"


def part(kind: type[Facts], **default: Any) -> Any:
    """Declare a fact that has facts of its own; it may be None."""
    return field(metadata={_PART: kind}, **default)


def each_of(kind: type[Facts]) -> Any:
    """Declare a mapping of names to facts of their own."""
    return field(metadata={_EACH: kind})


def list_of(kind: type[Facts], **default: Any) -> Any:
    """Declare a list of facts of their own."""
    return field(metadata={_LIST: kind}, **default)


def left_out(default: Any, each: type[Facts] | None = None) -> Any:
    """Declare a fact that a sidecar has only where it is another one than the default; `each` is what a list is of."""
    return field(default=default, metadata={_LEFT_OUT: True} | ({} if each is None else {_LIST: each}))


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a stage notes of its result; a fact with a default is one that sidecars of older versions may lack."""

    def json(self) -> dict[str, Any]:
        """Return the facts by name, in their order, as a sidecar has them."""
        return {name: _plain(value) for name, value in self._written()}

    def _written(self) -> Iterator[tuple[str, Any]]:
        for declared in fields(self):
            value = getattr(self, declared.name)
            if not (_LEFT_OUT in declared.metadata and value == declared.default):
                yield declared.name, value

    @classmethod
    def read(cls, content: Any, where: str | Path) -> Self:
        """Return the facts that a sidecar has.

        Parameters
        ----------
        content : mapping
            As :meth:`json` writes it.
        where : path-like
            What to call the sidecar.

        Returns
        -------
        facts : Facts
            Of this class.

        Raises
        ------
        DataError
            A fact is missing, or there is one that no such stage notes.
        """
        if not isinstance(content, Mapping):
            raise DataError(f"The facts in {where} must be an object, got {content!r:.60}: {_AGAIN}.")
        declared = {fact.name: fact for fact in fields(cls)}
        missing = [name for name, fact in declared.items() if name not in content and fact.default is MISSING]
        if missing:
            raise DataError(f"The facts in {where} lack {', '.join(map(repr, missing))}: {_AGAIN}.")
        values = {}
        for name, value in content.items():
            if name not in declared:
                raise DataError(
                    f"The facts in {where} have {name!r}, which this step does not note.{suggestion(name, declared)} "
                    f"{_AGAIN.capitalize()}."
                )
            values[name] = _read(declared[name].metadata, value, f"{where}, {name}")
        return cls(**values)


_AGAIN = "it is damaged, or of another version; run the analysis again to make it anew"


def _read(metadata: Mapping[str, Any], value: Any, where: str) -> Any:
    if _PART in metadata and value is not None:
        return metadata[_PART].read(value, where)
    if _EACH in metadata:
        if not isinstance(value, Mapping):
            raise DataError(f"The facts in {where} must be an object, got {value!r:.60}: {_AGAIN}.")
        return {name: metadata[_EACH].read(inner, f"{where}, {name}") for name, inner in value.items()}
    if _LIST in metadata:
        if not isinstance(value, (list, tuple)):
            raise DataError(f"The facts in {where} must be a list, got {value!r:.60}: {_AGAIN}.")
        return tuple(metadata[_LIST].read(inner, f"{where}, {k + 1}") for k, inner in enumerate(value))
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Facts):
        return value.json()
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value
