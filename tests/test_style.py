"""What the counts of the syntax tree must stay at."""

import ast
import re

import pytest
from style_counts import PACKAGE, foreign_private

_IMPORT = re.compile(r"^ *(from \.\.[\w.]* import (?:\([^)]*\)|.*))", re.MULTILINE)


@pytest.fixture(scope="module")
def texts():
    return {file.relative_to(PACKAGE): file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")}


def test_no_folder_reaches_into_another_one_s_private_modules(texts):
    reached = {
        f"{file}: {found}"
        for file, text in texts.items()
        for line in _IMPORT.findall(text)
        if (found := foreign_private(ast.parse(line).body[0], file.parent.parts))
    }
    assert reached == set()


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        ("from ..io._archive import plain", "io._archive"),
        ("from ..viz import _brain", "viz._brain"),
        ("from ...simulate import (\n    ranks,\n    _neuron,\n)", "simulate._neuron"),
        ("from .._files import existing", None),
        ("from .. import _threads", None),
        ("from ._draft import Draft", None),
        ("from ..io.results import dipole_of", None),
    ],
)
def test_reaching_into_private_modules_is_seen(line, reached):
    assert foreign_private(ast.parse(line).body[0], ("fit", "x")[: line.count(".", 0, 9) - 1]) == reached


def test_types_are_defined_once(texts):
    assert [str(file) for file, text in texts.items() if "\nFloatArray = " in text] == ["_types.py"]
