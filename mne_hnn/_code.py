"""Text that stands for values and functions: equal text, equal results."""

from __future__ import annotations

import functools
import hashlib
import pickle
from collections.abc import Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ["code_text", "value_text"]


def value_text(*parts: Any) -> str:
    """Return a short text that stands for values and arrays."""
    made = hashlib.sha256()
    for part in parts:
        made.update(np.ascontiguousarray(part).tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
        made.update(b"|")
    return made.hexdigest()


def code_text(value: Any) -> str:
    """Return text that stands for a function and what it is bound to, or for a value."""
    if isinstance(value, functools.partial):
        return value_text("partial", code_text(value.func), *map(code_text, value.args), code_text(value.keywords))
    if isinstance(value, CodeType):
        return value_text("code", value.co_code, value.co_names, *map(code_text, value.co_consts))
    if isinstance(value, FunctionType):
        closed = [cell.cell_contents for cell in value.__closure__ or ()]
        used = {name: value.__globals__[name] for name in value.__code__.co_names if name in value.__globals__}
        # modules and functions it calls are known by name; values it reads count
        read = {name: one for name, one in used.items() if not callable(one) and not isinstance(one, ModuleType)}
        bound = (value.__defaults__, value.__kwdefaults__, closed, read)
        return value_text("function", value.__module__, value.__qualname__, code_text(value.__code__), code_text(bound))
    if isinstance(value, (list, tuple)):
        return value_text(type(value).__name__, *map(code_text, value))
    if isinstance(value, (set, frozenset)):
        return value_text(type(value).__name__, *sorted(map(code_text, value)))  # their order differs between processes
    if isinstance(value, Mapping):
        return value_text("mapping", *[code_text(pair) for pair in value.items()])
    if isinstance(value, np.ndarray):
        return value_text(value.dtype.str, value.shape, value)
    try:
        return value_text(type(value).__qualname__, pickle.dumps(value))
    except Exception:  # noqa: BLE001 - whatever a user's object raises: it stands for itself, in this process only
        return value_text(type(value).__qualname__, id(value))
