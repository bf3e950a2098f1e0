"""References to names of this package that are written otherwise than the reference lists them, and signatures.

A docstring may say ``fit_evoked``, as in its own folder, or ``mne_hnn.Network`` for what the reference calls
``mne_hnn.network.Network``: each is led to the one place where the thing is described. What is nowhere stays a warning.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import is_dataclass
from importlib import import_module
from typing import Any

import reference
from sphinx.util.inspect import stringify_signature
from sphinx.util.nodes import make_refnode

PACKAGE = "mne_hnn"
LABELS = ("tut-logging",)
"""Of MNE's site, in what its decorators add to docstrings; without a network they lead nowhere."""


def _imported(name: str) -> Any:
    """Return what a full name stands for, None if for nothing."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for part in parts[count:]:
            found = getattr(found, part, None)
        return found
    return None


def _described(name: str, objects: Any) -> str | None:
    """Return the full name under which something is described."""
    module, _, member = name.rpartition(".")
    if module in reference.MODULES and hasattr(import_module(module), member):
        full = f"{reference.home(name)}.{member}"
        return full if full in objects else None
    if name.startswith(f"{PACKAGE}."):
        found = _imported(name)
        full = f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', '')}"
        return full if full in objects else None
    places = {(entry.docname, entry.node_id): full for full, entry in objects.items() if full.endswith(f".{name}")}
    return next(iter(places.values())) if len(places) == 1 else None


def resolve(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Return the reference for a name that was not found as it is written."""
    target = node.get("reftarget", "")
    if target in LABELS:
        return contnode
    if node.get("refdomain") != "py" or not target:
        return None
    objects = env.domains["py"].objects
    if node.get("reftype") == "attr":  # fields stand in the text of their class
        target = target.rpartition(".")[0] or node.get("py:class") or target
    full = target if target in objects else _described(target, objects)
    if full is None:
        return None
    entry = objects[full]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, full)


def _module(member: Any) -> str:
    function = getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__func__", member)
    return str(getattr(function, "__module__", None) or "")


def skip(app: Any, what: str, name: str, member: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out what classes have from other packages: it is described there."""
    return True if what == "class" and not _module(member).startswith(PACKAGE) else None


class _Short:
    """Stands for a default that is too long to be read in a signature, or made anew each time."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _shown(default: Any) -> Any:
    if isinstance(default, Mapping):
        return _Short("{...}" if default else "{}")
    if is_dataclass(default):
        return _Short(f"{type(default).__name__}(...)")
    return _Short("...") if repr(default) == "<factory>" else default


def signature(app: Any, what: str, name: str, item: Any, options: Any, given: str, returns: str) -> Any:
    """Return the signature of a class whose defaults are values with the names of these alone."""
    if what != "class" or not is_dataclass(item):
        return None
    made = inspect.signature(item)
    shown = [one.replace(default=_shown(one.default)) for one in made.parameters.values()]
    return stringify_signature(made.replace(parameters=shown), show_annotation=False), None


def connect(app: Any) -> None:
    """Look names up before they are missed, and list what is ours."""
    app.connect("missing-reference", resolve)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-signature", signature)
