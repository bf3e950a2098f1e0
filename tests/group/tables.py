"""The group's tables, read by another reader than ours."""

import csv
import io

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"


def rows_of(text):
    """Return the rows of a table, read by another reader than ours."""
    assert text.endswith("\n")
    assert not text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
