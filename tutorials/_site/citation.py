"""The entries of ``CITATION.cff`` as text."""

from __future__ import annotations

from pathlib import Path

import yaml

MARK = "<!-- the entries of CITATION.cff -->"
ROOT = Path(__file__).resolve().parents[2]


def _authors(entry: dict[str, object]) -> str:
    people = entry.get("authors") or []
    assert isinstance(people, list)
    names = [one.get("name") or f"{one['family-names']}, {one['given-names']}" for one in people]
    return " ".join(names).replace(" and others", ", and others")


def entries() -> str:
    """Return a list of what is to be cited, as Markdown."""
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    lines = [f"* {_authors(told)}: *{told['title']}*. Licence {told['license']}."]
    for one in told["references"]:
        place = (
            f"{one['journal']} {one['volume']}:{one['start']}"
            if "start" in one
            else f"{one['journal']} {one['volume']}"
        )
        doi = f"[doi:{one['doi']}](https://doi.org/{one['doi']})"
        lines.append(f"* {_authors(one)} ({one['year']}). {one['title']}. {place}, {doi}")
    return "\n".join(lines)
