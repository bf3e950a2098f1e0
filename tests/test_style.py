"""What the counts of the syntax tree must stay at."""

import ast

import pytest
from style_counts import PACKAGE, count, foreign_private


@pytest.fixture(scope="module")
def counts():
    return count(PACKAGE)


def test_no_folder_reaches_into_another_one_s_private_modules(counts):
    assert counts.foreign_private == []


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        ("from ..io._archive import plain", "io._archive"),
        ("from ..viz import _brain", "viz._brain"),
        ("from .._files import existing", None),
        ("from ._draft import Draft", None),
        ("from ..io.results import dipole_of", None),
    ],
)
def test_reaching_into_private_modules_is_seen(line, reached):
    assert foreign_private(ast.parse(line).body[0], ("fit",)) == reached


def test_types_are_defined_once(counts):
    assert counts.float_arrays == ["_types.py"]
