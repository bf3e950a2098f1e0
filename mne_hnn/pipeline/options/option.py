"""What an option is: its default, unit, meaning and check, said once for files, help and pages."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Self, TypeVar

from ...errors import ConfigError, ParameterError

__all__ = ["Meaning", "Options", "default_text", "documented", "meaning_of", "option"]

_KEY = "option"


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What an option means.

    Attributes
    ----------
    text : str
        Its meaning.
    unit : str
        Its unit; empty for what has none.
    kind : str
        The values it may have; empty for those of its annotation.
    check : callable | None
        Given value and name, raises an error if the value is none that the option may have.
    convert : callable | None
        Given value and name, checks the value and returns it as it is kept.
    """

    text: str
    unit: str = ""
    kind: str = ""
    check: Callable[[Any, str], Any] | None = None
    convert: Callable[[Any, str], Any] | None = None


def option(
    default: Any,
    text: str,
    *,
    unit: str = "",
    kind: str = "",
    check: Callable[[Any, str], Any] | None = None,
    convert: Callable[[Any, str], Any] | None = None,
) -> Any:
    """Declare an option, a field of a class of :class:`Options`; see :class:`Meaning`."""
    meaning = Meaning(text=text, unit=unit, kind=kind, check=check, convert=convert)
    return field(default=default, metadata={_KEY: meaning})


def meaning_of(declared: Field[Any]) -> Meaning:
    """Return what an option means."""
    meaning: Meaning = declared.metadata[_KEY]
    return meaning


@dataclass(frozen=True, kw_only=True)
class Options:
    """Options that are checked, each for itself and all together, when they are put together.

    Raises
    ------
    ConfigError
        A value is none that its option may have, or two do not go together.
    """

    def __post_init__(self) -> None:
        try:
            self._check_values()
            self._check()
        except ConfigError:
            raise
        except ParameterError as error:
            raise ConfigError(str(error)) from error

    def _check_values(self) -> None:
        for declared in fields(self):
            if _KEY not in declared.metadata:
                continue
            name, meaning = declared.name, meaning_of(declared)
            if meaning.convert is not None:
                object.__setattr__(self, name, meaning.convert(getattr(self, name), name))
            if meaning.check is not None:
                meaning.check(getattr(self, name), name)

    def _check(self) -> None:
        """Check the options together; a class goes on with those it is made of by ``super()._check()``."""

    def _refuse(self, names: Sequence[str], why: str) -> None:
        """Refuse options that are not as usual, and are not read."""
        usual = self.defaults()
        for name in names:
            if getattr(self, name) != usual[name]:
                raise ConfigError(f"{name} has no effect {why}: leave it out.")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the options."""
        return tuple(declared.name for declared in fields(cls))

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the default of each option that has one."""
        return {declared.name: declared.default for declared in fields(cls) if declared.default is not MISSING}

    @classmethod
    def of(cls, source: Any, **others: Any) -> Self:
        """Return the options of this class that `source` has as attributes, and `others`."""
        found = {name: getattr(source, name) for name in cls.names() if name not in others}
        return cls(**found, **others)

    def values(self) -> dict[str, Any]:
        """Return the options by name, as they are."""
        return {name: getattr(self, name) for name in self.names()}


_Class = TypeVar("_Class", bound=type[Options])


def documented(kind: _Class) -> _Class:
    """Add the options of a class, as they are declared, to its docstring."""
    listed = "\n".join(map(_documented, fields(kind)))
    own = textwrap.dedent(f"    {kind.__doc__ or ''}").rstrip()
    kind.__doc__ = f"{own}\n\nParameters\n----------\n{listed}\n"
    return kind


def _documented(declared: Field[Any]) -> str:
    kind = _kind(declared.type if isinstance(declared.type, str) else declared.type.__name__)
    if _KEY not in declared.metadata:
        return f"{declared.name} : {kind}"
    meaning = meaning_of(declared)
    text = meaning.text if not meaning.unit else f"{meaning.text} Unit: {meaning.unit}."
    lines = textwrap.wrap(text, 110, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join([f"{declared.name} : {meaning.kind or kind}", *lines])


def _kind(annotation: str) -> str:
    """Return an annotation as docstrings write it: ``sequence of str | None``."""
    text = re.sub(r"Mapping\[(\w+), ([^]]+)\]", r"mapping of \1 to \2", annotation)
    return re.sub(r"Sequence\[([^]]+)\]", r"sequence of \1", text)


def default_text(declared: Field[Any]) -> str:
    """Return a default as a configuration file writes it."""
    value = declared.default
    if isinstance(value, Mapping):
        return repr(dict(value))
    return repr(value)
