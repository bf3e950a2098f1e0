"""The tables of options in the pages, made from the classes that declare them.

``python tests/option_tables.py`` renews what stands between the markers; ``test_option_tables.py`` tells when it must.
"""

from __future__ import annotations

import re
from pathlib import Path

from mne_hnn.group.listing import option_sections
from mne_hnn.pipeline.listing import markdown_table

PAGES = Path(__file__).parents[1] / "tutorials"
RENEW = "python tests/option_tables.py"


def stage_tables():
    """Return a table per stage, each option where it is read first."""
    known, parts = set(), []
    for section in option_sections().values():
        if section.name == "group":
            continue
        if section.options:
            parts.append(f"### `{section.name}`: {lowered(section.title)}\n\n{markdown_table(section, known=known)}")
        shared = [f"`{one.name}`" for one in section.options if one.name in known]
        if shared:
            parts.append(f"and, as above, {', '.join(shared)}.")
        known |= {one.name for one in section.options}
    return "\n\n".join(parts)


def group_table():
    """Return the options that a data set adds."""
    return markdown_table(option_sections()["group"])


def whole_page():
    """Return all tables: of one recording by stage, then of a data set."""
    return "\n\n".join(["## Of one recording, by stage", stage_tables(), "## Of a data set", GROUP, group_table()])


GROUP = "Besides those of the stages, which hold for every subject (but `data`, `condition` and `event_id`)."
TABLES = {"options.md": whole_page}


def lowered(text):
    """Return a title inside a line."""
    return text[0].lower() + text[1:]


def renewed(page, text):
    """Return a page with the table that the classes give now."""
    begin, end = f"<!-- options, made by: {RENEW} -->", "<!-- end of options -->"
    found = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    assert found.search(text), f"{page} has no {begin}"
    return found.sub(lambda _: f"{begin}\n\n{TABLES[page]()}\n\n{end}", text)


if __name__ == "__main__":
    for page in TABLES:
        place = PAGES / page
        place.write_text(renewed(page, place.read_text(encoding="utf-8")), encoding="utf-8")
