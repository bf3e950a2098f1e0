"""The tables of options in the pages say what the classes say."""

import pytest
from option_tables import PAGES, RENEW, TABLES, renewed


@pytest.mark.parametrize("page", TABLES)
def test_tables_of_options_are_up_to_date(page):
    text = (PAGES / page).read_text(encoding="utf-8")
    assert renewed(page, text) == text, f"The options changed since tutorials/{page} was made: {RENEW}"


def test_an_old_table_is_seen():
    text = (PAGES / "options.md").read_text(encoding="utf-8")
    old = text.replace("| `fit_noise` | `0.05` |", "| `fit_noise` | `0.06` |")
    assert old != text
    assert renewed("options.md", old) == text
