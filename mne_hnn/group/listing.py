"""The options of a group, listed beside those of the stages."""

from __future__ import annotations

from ..pipeline.config import ExecutionOptions
from ..pipeline.listing import Section, section_text, stage_sections
from ..pipeline.options import TargetFileOptions
from .config import GroupConfig
from .options import ComparisonOptions, DataSetOptions, GroupExecutionOptions

__all__ = ["listed_options", "option_sections"]


def option_sections() -> dict[str, Section]:
    """Return the options of each stage, of how to run, and of a group besides."""
    kinds = (DataSetOptions, ComparisonOptions, GroupExecutionOptions, ExecutionOptions)
    title = "A data set (bids_root), besides the options of the stages"
    return stage_sections() | {"group": Section.of("group", title, *kinds)}


def listed_options(name: str | None = None) -> str:
    """Return the options of a stage, of ``'run'`` or ``'group'`` for a terminal; None for all, each said once."""
    sections = option_sections()
    if name is not None:
        text = section_text(sections[name])
        return f"{text}\n{_of_groups()}" if name == "group" else text
    texts, known = [], set[str]()
    for section in sections.values():
        if section.name == "group":  # means other things by some of the same names
            known = set()
        texts.append(section_text(section, known=tuple(known)))
        known |= {declared.name for declared in section.options}
    return "\n\n".join([*texts[:-1], f"{texts[-1]}\n{_of_groups()}"])


def _of_groups() -> str:
    *names, last = (name for name in GroupConfig.decided if name not in TargetFileOptions.names())
    return (
        "  The options of the stages hold for every subject, but those that the data set\n"
        f"  and conditions decide: {', '.join(names)} and {last}."
    )
