"""References to names of this package that are written otherwise than the reference lists them.

A docstring may say ``fit_evoked``, as in its own folder, or ``mne_hnn.Network`` for what the reference calls
``mne_hnn.network.Network``: each is led to the one place where the thing is described. What is nowhere stays a warning.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sphinx.util.nodes import make_refnode

PACKAGE = "mne_hnn"


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
    if name.startswith(f"{PACKAGE}."):
        found = _imported(name)
        canonical = f"{getattr(found, '__module__', '')}.{getattr(found, '__qualname__', '')}"
        return canonical if canonical in objects else None
    places = {(entry.docname, entry.node_id): full for full, entry in objects.items() if full.endswith(f".{name}")}
    return next(iter(places.values())) if len(places) == 1 else None


def resolve(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """Return the reference for a name that was not found as it is written."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py" or not target:
        return None
    objects = env.domains["py"].objects
    full = _described(target, objects)
    if full is None:
        return None
    entry = objects[full]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, full)


def connect(app: Any) -> None:
    """Look names up before they are missed."""
    app.connect("missing-reference", resolve)
