"""The page for users of HNN has the table as it is, and what shows its rows is there."""

import re
import shlex

import pytest
from feature_table import FEATURES, PAGE, ROOT, renewed

ROWS = [row for part in FEATURES.values() for row in part]


def test_the_page_has_the_table_as_it_is():
    text = PAGE.read_text(encoding="utf-8")
    assert renewed(text) == text, "python tests/feature_table.py renews it"


@pytest.mark.parametrize("row", [row for row in ROWS if row.shown], ids=lambda row: row.what)
def test_what_shows_a_row_is_there(row):
    words = shlex.split(row.shown)
    file = ROOT / words[1]
    assert words[0] in ("pytest", "python")
    assert file.is_file()
    if "-k" in words:
        wanted = words[words.index("-k") + 1].split(" or ")
        names = re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert all(any(part in name for name in names) for part in wanted)


def test_every_row_that_hnn_core_has_can_be_asked_of_it():
    for row in ROWS:
        if row.there.startswith(("`", "yes")):
            assert row.probe, row.what
