"""Options listed by stage, for the command line and the pages: made from the classes that declare them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from typing import Any

from .config import RunOptions
from .options import Options, ReadTargetOptions
from .options.option import default_text, meaning_of
from .stages import STAGES

__all__ = ["Section", "markdown_table", "section_text", "stage_sections"]

WIDTH = 80
"""Columns of a terminal."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Options that belong together.

    Attributes
    ----------
    name : str
        What it is called at the command line: a stage, ``'run'``, ``'group'``.
    title : str
        What reads the options.
    options : tuple of Field
        As they are declared.
    others : mapping of str to tuple of str
        Which other stages read an option, by its name.
    """

    name: str
    title: str
    options: tuple[Field[Any], ...]
    others: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, title: str, *kinds: type[Options]) -> Section:
        """Return the section of the options that classes have, each once."""
        found = {declared.name: declared for kind in kinds for declared in fields(kind)}
        return cls(name=name, title=title, options=tuple(found.values()))


def stage_sections() -> dict[str, Section]:
    """Return the options of each stage, and of how an analysis is run."""
    readers: dict[str, list[str]] = {}
    for stage in STAGES:
        for name in stage.options.names():
            readers.setdefault(name, []).append(stage.name)
    sections = {}
    for stage in STAGES:
        declared = _own_first(stage.options)
        others = {
            option.name: [reader for reader in readers[option.name] if reader != stage.name] for option in declared
        }
        sections[stage.name] = Section(name=stage.name, title=stage.title, options=declared, others=others)
    title = "Read the target from a file, instead of load, inverse and target"
    read = Section(name="file", title=title, options=_own_first(ReadTargetOptions))
    run = Section.of("run", "On whom, where and how to run; no result depends on it", RunOptions)
    return sections | {"file": read, "run": run}


def _own_first(kind: type[Options]) -> tuple[Field[Any], ...]:
    """Return the options of a class, those that others share last."""
    depth: dict[str, int] = {}
    for number, base in enumerate(kind.__mro__):
        for name in vars(base).get("__annotations__", {}):
            depth.setdefault(name, number)
    return tuple(sorted(fields(kind), key=lambda declared: depth[declared.name]))


def section_text(section: Section, *, known: Sequence[str] = ()) -> str:
    """Return a section for a terminal; options in `known`, said elsewhere, are only named."""
    lines = [f"{section.name}: {section.title}"]
    shown = [declared for declared in section.options if declared.name not in known]
    for declared in shown:
        meaning = meaning_of(declared)
        unit = f"  ({meaning.unit})" if meaning.unit else ""
        lines.append(f"  {declared.name} = {default_text(declared)}{unit}")
        others = section.others.get(declared.name)
        text = _plain(meaning.text) + (f" Also read by: {', '.join(others)}." if others else "")
        lines += _wrap(text, "      ")
    repeated = [declared.name for declared in section.options if declared.name in known]
    if repeated:
        lines += _wrap(f"and, as above: {', '.join(repeated)}", "  ")
    if not section.options:
        lines.append("  no options: it depends on the stages before it alone")
    return "\n".join(lines)


def markdown_table(section: Section, *, known: Sequence[str] = ()) -> str:
    """Return a section as a table of Markdown; options in `known` are left out."""
    rows = ["| option | default | unit | meaning |", "|---|---|---|---|"]
    for declared in section.options:
        if declared.name not in known:
            meaning = meaning_of(declared)
            cells = (f"`{declared.name}`", f"`{default_text(declared)}`", meaning.unit, _mark(meaning.text))
            rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows)


def _wrap(text: str, indent: str) -> Iterator[str]:
    yield from textwrap.wrap(text, WIDTH - 1, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _plain(text: str) -> str:
    """Return a meaning without the marks of docstrings."""
    return re.sub(r"(?::\w+:)?`+([^`]+)`+", r"\1", text)


def _mark(text: str) -> str:
    """Return a meaning with the marks of Markdown."""
    return re.sub(r"(?::\w+:)?`+([^`]+)`+", r"`\1`", text)
