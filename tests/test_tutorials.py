"""The tutorials run from a clean checkout and check what they claim; all of them are pages of the site's gallery."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).parents[1] / "tutorials"
ALL = {
    path.relative_to(TUTORIALS).as_posix(): path
    for folder in ("workflows", "howto")
    for path in sorted((TUTORIALS / folder).glob("plot_*.py"))
}
# a few seconds each on an idle machine; further ones are run by test_site.py, and all by a build of the site
QUICK = (
    "workflows/plot_01_evoked.py",
    "workflows/plot_02_alpha_beta.py",
    "howto/plot_01_firing_pattern.py",
    "howto/plot_02_extracellular_potentials.py",
    "howto/plot_03_connectivity.py",
    "howto/plot_07_batch.py",
)


@pytest.mark.parametrize("name", QUICK)
def test_quick_tutorials_pass(name, tmp_path):
    variables = {"MPLBACKEND": "agg", "MNE_LOGGING_LEVEL": "WARNING", "TMPDIR": str(tmp_path)}
    process = subprocess.run(
        [sys.executable, str(ALL[name])],
        cwd=tmp_path,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr


def test_thirteen_pages_and_an_order():
    assert len(ALL) == 13
    assert set(QUICK) <= set(ALL)
    assert next(iter(ALL)) == "workflows/plot_01_evoked.py"


@pytest.mark.parametrize("name", ALL)
def test_every_tutorial_asks_claims_checks_and_cites(name):
    source = ALL[name].read_text(encoding="utf-8")
    tree = ast.parse(source)
    heading, *rest = ast.get_docstring(tree).splitlines()
    assert re.fullmatch(r"\d\d\. [A-Z].*", heading)
    assert rest[0] == "=" * len(heading)
    text = "\n".join(rest)
    assert "**Question.**" in text
    assert "**Claim.**" in text
    assert "https://doi.org/10." in text
    assert sum(isinstance(node, ast.Assert) for node in ast.walk(tree)) >= 3
    assert re.search(r"^# Try\n# ---$", source, re.MULTILINE)
    assert "**What to look at.**" in source or "**What to look at:**" in source or name == "howto/plot_04_mpi.py"


@pytest.mark.parametrize("name", ALL)
def test_titles_are_underlined_to_their_length(name):
    text = re.sub(r"(?m)^# ?", "", ALL[name].read_text(encoding="utf-8"))
    titles = re.findall(r"(?m)^(.+)\n([=\-]{3,})$", text)
    assert titles
    for title, line in titles:
        assert len(line) == len(title), title
