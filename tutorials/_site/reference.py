"""The pages of the API reference: one per module, with everything in its ``__all__``."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType

import examples

MODULES = (
    "mne_hnn",
    "mne_hnn.network",
    "mne_hnn.simulate",
    "mne_hnn.source",
    "mne_hnn.source.demo",
    "mne_hnn.fit",
    "mne_hnn.viz",
    "mne_hnn.io",
    "mne_hnn.sweep",
    "mne_hnn.compare",
    "mne_hnn.lfp",
    "mne_hnn.spectra",
    "mne_hnn.bands",
    "mne_hnn.aperiodic",
    "mne_hnn.time_frequency",
    "mne_hnn.pipeline",
    "mne_hnn.group",
    "mne_hnn.explorer",
    "mne_hnn.errors",
)
"""Modules whose names are public, in the order of the site."""


_DESCRIBED = ("Functions", "Classes")


def home(name: str) -> str:
    """Return the module on whose page something is described: of those that offer it, the one it is defined in."""
    module, _, member = name.rpartition(".")
    value = getattr(import_module(module), member)
    offering = [one for one in MODULES if getattr(import_module(one), member, None) is value]
    place = f"{getattr(value, '__module__', '')}."
    within = [one for one in offering if place.startswith(f"{one}.")]
    return max(within, key=len) if within else offering[0]


def public_names(name: str) -> dict[str, list[str]]:
    """Return what a module offers: functions, classes and other values, and what is described elsewhere."""
    module = import_module(name)
    found: dict[str, list[str]] = {"Functions": [], "Classes": [], "Values": [], "Described elsewhere": []}
    for member in module.__all__:
        value = getattr(module, member)
        if isinstance(value, ModuleType) or member.startswith("__"):
            continue
        kind = "Classes" if inspect.isclass(value) else "Functions" if inspect.isfunction(value) else "Values"
        if kind != "Values" and home(f"{name}.{member}") != name:
            kind = "Described elsewhere"
        found[kind].append(member)
    return found


def _page(name: str) -> str:
    title = f"``{name}``"
    lines = [
        title,
        "=" * len(title),
        "",
        f".. automodule:: {name}",
        "   :no-members:",
        "",
        f".. currentmodule:: {name}",
    ]
    for kind, members in public_names(name).items():
        if not members:
            continue
        lines += ["", kind, "-" * len(kind), ""]
        if kind == "Values":
            lines += [line for member in members for line in (f".. autodata:: {member}", "   :no-value:", "")]
            continue
        toctree = [] if kind == "Described elsewhere" else ["   :toctree: names"]
        lines += [".. autosummary::", *toctree, "   :nosignatures:", "", *(f"   {member}" for member in members)]
    return "\n".join(lines) + "\n"


def _index() -> str:
    lines = ["Every name", "==========", "", "Everything public, by module. What is where in a few words: "]
    lines[-1] += ":doc:`/reference`."
    lines += ["", *examples.note()]
    lines += ["", ".. toctree::", "   :maxdepth: 1", ""]
    return "\n".join([*lines, *(f"   {name}" for name in MODULES)]) + "\n"


def write(folder: Path) -> None:
    """Write the sources of the reference, those that changed, so that a second build is short."""
    place = folder / "api"
    place.mkdir(parents=True, exist_ok=True)
    pages = {"index": _index(), **{name: _page(name) for name in MODULES}}
    described = {
        f"{name}.{member}.rst" for name in MODULES for kind in _DESCRIBED for member in public_names(name)[kind]
    }
    for old in (place / "names").glob("*.rst"):
        if old.name not in described:
            old.unlink()
    for name, text in pages.items():
        file = place / f"{name}.rst"
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
