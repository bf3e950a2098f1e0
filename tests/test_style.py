"""What makes the package hard to read does not grow: the counts of ``style_counts.py`` are held to what they are.

A number here goes down with the work that lowers it, never up.
"""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from style_counts import PACKAGE, count, foreign_private

TESTS = Path(__file__).parent
LONGEST_FILE = 450
LONG_FILES: set[str] = set()  # what is longer today; no more may come
MANY_ARGUMENTS = 21
MOST_ARGUMENTS = 12
MANY_POSITIONAL = 0
LONG_BODIES = 0
LONGEST_BODY = 50
UNDOCUMENTED = 12


@pytest.fixture(scope="module")
def counts():
    return count(PACKAGE)


def test_the_formatter_lays_out_every_line(counts):
    assert counts.skips == 0


def test_every_argument_has_a_type(counts):
    assert counts.untyped == []


def test_no_file_grows_long(counts):
    assert {name for name, lines in counts.lines.items() if lines >= LONGEST_FILE} <= LONG_FILES


def test_no_function_gets_more_arguments(counts):
    assert len(counts.many_arguments) <= MANY_ARGUMENTS, counts.many_arguments
    assert max(counts.arguments.values()) <= MOST_ARGUMENTS, counts.many_arguments
    positional = {name: number for name, number in counts.positional.items() if number > 5}
    assert len(positional) <= MANY_POSITIONAL, positional


def test_no_function_gets_longer(counts):
    assert len(counts.long_bodies) <= LONG_BODIES, counts.long_bodies
    assert max(counts.bodies.values()) <= LONGEST_BODY, counts.long_bodies


def test_no_folder_reaches_into_another(counts):
    assert counts.foreign_private == []


def test_what_is_public_is_described(counts):
    assert len(counts.undocumented) <= UNDOCUMENTED, counts.undocumented


def test_a_type_of_arrays_is_defined_once(counts):
    assert counts.float_arrays == ["_types.py"]


def test_files_of_tests_have_names_of_their_own():
    """Else pytest, which takes them for modules of one name, refuses the second."""
    names = Counter(path.name for path in TESTS.rglob("*.py") if path.name != "conftest.py")
    assert [name for name, number in names.items() if number > 1] == []


def test_files_that_run_first_are_there(pytestconfig):
    first = pytestconfig.pluginmanager.getplugin(str(TESTS / "conftest.py")).LONGEST_FIRST
    assert first
    assert [name for name in first if not (TESTS / name).exists()] == []


# what is counted


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


@pytest.fixture
def package(tmp_path):
    """A package of three lines that are no good."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "module.py").write_text(
        "from ..second._inner import x\nfrom .._root import y\nfrom ._own import z\n"
        "FloatArray = list\n\n\ndef many(a, b: int, c=1, *, d, e, f, g, h, i):\n    return [a,  b]  # fmt: skip\n"
    )
    (tmp_path / "module.py").write_text(
        'class Public:\n    """Described."""\n\n    def method(self, a: int) -> int:\n        """Described."""\n'
        + "        a += 1\n" * 51
    )
    return tmp_path


def test_counts_see_what_they_count(package):
    found = count(package)
    assert found.lines == {"first/module.py": 8, "module.py": 56}
    assert found.many_arguments == {"first/module.py:many": 9}
    assert found.positional == {"first/module.py:many": 3, "module.py:Public.method": 1}
    assert found.long_bodies == {"module.py:Public.method": 51}
    assert found.untyped == [f"first/module.py:many({name})" for name in "acdefghi"]
    assert found.undocumented == ["first/module.py:many"]
    assert found.foreign_private == ["first/module.py: second._inner"]
    assert (found.skips, found.float_arrays) == (1, ["first/module.py"])


def test_the_options_of_the_suite_need_no_plugin():
    """Where pytest-xdist is switched off or not installed, what pyproject.toml asks of it must not be an error."""
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", "--collect-only", "-q"]
    done = subprocess.run([*command, __file__], capture_output=True, text=True, check=False, cwd=TESTS.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_the_options_of_the_suite_need_no_plugin" in done.stdout
