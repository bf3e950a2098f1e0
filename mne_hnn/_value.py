"""Immutable building blocks: frozen maps, frozen values and their digest."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, Self, TypeVar

import numpy as np

from ._checks import check_name
from .errors import ParameterError

__all__ = ["FrozenMap", "OrderedFrozenMap", "Value", "canonical", "digest", "given_or_default", "replace"]

V = TypeVar("V")
T = TypeVar("T")

# Part of every digest: raise it when the meaning of a stored value changes.
DIGEST_VERSION = 1


class FrozenMap(Mapping[str, V], Generic[V]):
    """An immutable mapping from names to values that hashes, compares and pickles.

    Iteration keeps the order of insertion; equality and hash do not depend on it (see
    :class:`OrderedFrozenMap` for a map whose order is part of its value).

    Parameters
    ----------
    items : mapping or iterable of (str, value) pairs
        The content.

    Examples
    --------
    >>> weights = FrozenMap({"L2_pyramidal": 0.1, "L5_pyramidal": 0.2})
    >>> weights.set("L5_pyramidal", 0.3)["L5_pyramidal"], weights["L5_pyramidal"]
    (0.3, 0.2)
    """

    __slots__ = ("_data", "_hash")

    def __init__(self, items: Mapping[str, V] | Iterable[tuple[str, V]] = ()) -> None:
        data: dict[str, V] = dict(items)
        for key in data:
            if not isinstance(key, str):
                raise ParameterError(f"A key of this map must be a name (str), got {key!r}.")
        self._data = data
        self._hash: int | None = None

    def __getitem__(self, key: str) -> V:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def _identity(self) -> Any:
        return frozenset(self._data.items())

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(self._identity())
        return self._hash

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FrozenMap):
            return self._data == other._data
        if isinstance(other, Mapping):
            return self._data == dict(other)
        return NotImplemented

    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, V]]]:
        # the cached hash stays behind: hashes of str differ between processes
        return type(self), (self._data,)

    def __repr__(self) -> str:
        inner = ", ".join(f"{key!r}: {value!r}" for key, value in self._data.items())
        return f"{type(self).__name__}({{{inner}}})"

    def set(self, key: str, value: V) -> Self:
        """Return a copy with one entry set; a new key goes to the end."""
        return type(self)({**self._data, key: value})

    def replace(self, **changes: V) -> Self:
        """Return a copy with existing entries changed.

        Raises
        ------
        ParameterError
            If a name is not a key of this map.
        """
        for key in changes:
            check_name(key, self._data, "key")
        return type(self)({**self._data, **changes})

    def drop(self, *keys: str) -> Self:
        """Return a copy without some entries.

        Raises
        ------
        ParameterError
            If a name is not a key of this map.
        """
        for key in keys:
            check_name(key, self._data, "key")
        return type(self)({key: value for key, value in self._data.items() if key not in keys})


class OrderedFrozenMap(FrozenMap[V]):
    """A frozen map whose order is part of its value (used where order decides cell numbers).

    Examples
    --------
    >>> one, two = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    >>> OrderedFrozenMap(one) == OrderedFrozenMap(two), FrozenMap(one) == FrozenMap(two)
    (False, True)
    """

    __slots__ = ()

    def _identity(self) -> Any:
        return tuple(self._data.items())

    def __hash__(self) -> int:
        return FrozenMap.__hash__(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Mapping):
            return self is other or list(self._data.items()) == list(other.items())
        return NotImplemented


class _FieldsAsSignature:
    """What help and completion show of a class: its fields, not what :class:`Value` takes in their place."""

    def __get__(self, value: object, owner: type) -> inspect.Signature:
        if value is not None:  # a value that can be called has a signature of its own
            raise AttributeError("__signature__")
        _, *fields = inspect.signature(inspect.getattr_static(owner, "__init__")).parameters.values()
        return inspect.Signature(fields)


class Value:
    """Base of the frozen dataclasses of this package.

    It turns an unknown keyword into an error that names the nearest field.
    """

    __slots__ = ()
    __signature__ = _FieldsAsSignature()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        _check_fields(cls, kwargs)
        if kwargs:  # copy and pickle give none
            _check_missing(cls, len(args), kwargs)
        return object.__new__(cls)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def _check_fields(cls: type, kwargs: Mapping[str, Any]) -> None:
    fields = {field.name: field for field in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else {}
    for key in kwargs:
        if key not in fields or not fields[key].init:
            names = [name for name, field in fields.items() if field.init]
            check_name(key, names, "field", where=f"of {cls.__name__}")


def _check_missing(cls: type, n_positional: int, kwargs: Mapping[str, Any]) -> None:
    own = [field for field in dataclasses.fields(cls) if field.init] if dataclasses.is_dataclass(cls) else []
    positional = [field.name for field in own if not field.kw_only][:n_positional]
    absent = dataclasses.MISSING
    missing = [
        field.name
        for field in own
        if field.default is absent and field.default_factory is absent and field.name not in {*kwargs, *positional}
    ]
    if missing:
        raise ParameterError(f"{cls.__name__} needs a value for {', '.join(missing)}.")


def replace(value: T, **changes: Any) -> T:
    """Return a copy of a frozen dataclass with some fields changed.

    Parameters
    ----------
    value : frozen dataclass
        The value to start from.
    **changes
        New values of its fields.

    Returns
    -------
    frozen dataclass
        The changed copy; all checks of its class have run again.

    Raises
    ------
    ParameterError
        If a field does not exist; the message names the nearest one.

    Examples
    --------
    >>> drive = network.drives["evprox1"]
    >>> replace(drive, mu_ms=30.0).mu_ms, drive.mu_ms
    (30.0, 26.61)
    """
    _check_fields(type(value), changes)
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]


def given_or_default(value: T | None, kind: type[T], what: str) -> T:
    """Return a value of options as it was given, or the one of all defaults for None.

    Raises
    ------
    ParameterError
        It is something else.
    """
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise ParameterError(
            f"{what} must be {kind.__name__}(...) or None, got {type(value).__name__}: see {kind.__module__}."
        )
    return value


def canonical(value: Any) -> Any:
    """Return a form of a model value that JSON can write and that is equal for equal values.

    Dataclasses become ``[class name, {field: value}]`` without the fields that do not take part in
    comparison, plain maps become objects (sorted when written), ordered maps become lists of
    pairs, floats stay floats (JSON writes their shortest exact form). A field whose metadata say
    ``{"omit": value}`` is left out where it has that value, so that a class can gain a field
    without a change of the digests and files of all that do not use it.

    Examples
    --------
    >>> canonical((1.0, "a"))
    [1.0, 'a']
    """
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, (np.integer, np.floating, np.bool_)):
        return canonical(value.item())
    if isinstance(value, OrderedFrozenMap):
        return [[key, canonical(item)] for key, item in value.items()]
    if isinstance(value, Mapping):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [canonical(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        content = {f.name: canonical(getattr(value, f.name)) for f in dataclasses.fields(value) if _counts(value, f)}
        return [type(value).__name__, content]
    raise ParameterError(f"A value of type {type(value).__name__} has no canonical form.")


def _counts(value: Any, field: dataclasses.Field[Any]) -> bool:
    omitted = "omit" in field.metadata and getattr(value, field.name) == field.metadata["omit"]
    return field.compare and not omitted


def digest(value: Any) -> str:
    """Return the SHA-256 (hexadecimal) of a model value.

    It depends on the value only: not on the process, the platform, or the order of a plain map.

    Examples
    --------
    >>> digest(jones_2009()) == digest(neymotin_2020())
    True
    """
    text = json.dumps([DIGEST_VERSION, canonical(value)], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
