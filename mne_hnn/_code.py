"""Text that stands for values, functions and source files: equal text, equal results."""

from __future__ import annotations

import functools
import hashlib
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ["STAGE_FOLDERS", "code_text", "labelled", "named_apart", "source_digest", "value_text"]

STAGE_FOLDERS = ("fit", "io", "pipeline", "source")
"""What makes a stage's result, besides simulations."""
_PACKAGE = Path(__file__).parent
_SIMULATIONS = ("network", "parallel", "simulate")
# at the root: what draws, shows or starts a result, but makes none
_NO_RESULT = ("__main__.py", "cli.py")
_FIGURES = "figures"
_SOURCES = (".cpp", ".hpp", ".inc", ".json", ".mod", ".py")


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
        read = {name: item for name, item in used.items() if not callable(item) and not isinstance(item, ModuleType)}
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


@functools.cache
def source_digest(*folders: str) -> str:
    """Return the SHA-256 of the source files that make simulations, and of further folders of the package.

    Two versions of the code are told apart by it even if both have the same version number. Figures (``viz``, and
    ``figures`` in any folder) and the command line are never among them.

    Parameters
    ----------
    *folders : str
        Folders besides ``network``, ``parallel``, ``simulate`` and the modules at the root, such as ``"fit"``.

    Returns
    -------
    digest : str
        64 hexadecimal digits; the same wherever the package is.
    """
    made = hashlib.sha256()
    for path in sorted(_sources({*_SIMULATIONS, *folders})):
        content = path.read_bytes()
        made.update(f"{path.relative_to(_PACKAGE).as_posix()}|{len(content)}|".encode())
        made.update(content)
    return made.hexdigest()


def _sources(folders: set[str]) -> Iterator[Path]:
    """Yield source files; what compilers and interpreters leave beside them is none."""
    yield from (path for path in _PACKAGE.glob("*.py") if path.name not in _NO_RESULT)
    for folder in folders:
        found = (path for path in (_PACKAGE / folder).rglob("*") if path.suffix in _SOURCES)
        yield from (path for path in found if _FIGURES not in path.relative_to(_PACKAGE).parts)


def labelled(version: str, *folders: str) -> str:
    """Return a text that stands for a version and its code, as :func:`named_apart` takes it apart."""
    return f"{version} (code {source_digest(*folders)[:8]})"


def named_apart(there: str, here: str) -> tuple[str, str]:
    """Return two labels as a sentence names them: the versions, and the code only where these are equal."""
    versions = there.partition(" (code ")[0], here.partition(" (code ")[0]
    return versions if versions[0] != versions[1] else (there, here)
