"""The tutorials run from a clean checkout, check what they claim, and their page shows what went wrong."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import _cells
import _page
import build
import pytest

TUTORIALS = Path(build.__file__).parent
ALL = {build.name_of(path): path for path in build.scripts()}


@pytest.mark.parametrize("name", build.QUICK)
def test_quick_tutorials_pass(name):
    page = build.run_one(ALL[name])
    assert not page.failed, next(cell.error for cell in page.cells if cell.error)
    assert len(page.figures) >= page.thumbnail
    assert all(len(figure) > 5000 for figure in page.figures), "an empty figure"


@pytest.mark.slow
def test_one_command_runs_all_tutorials(tmp_path):
    command = [sys.executable, str(TUTORIALS / "build.py"), "--output", str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("<section") == 13
    assert page.count("<tr>") == 14
    assert "Every claim below was checked" in page
    assert 'src="data:image/gif;base64,' in page
    assert not re.findall(r'(?:src|href)="(?!data:|#|https://doi\.org/)', page), "the page needs another file"


def test_thirteen_pages_and_an_order():
    assert len(ALL) == 13
    assert set(build.QUICK) <= set(ALL)
    assert next(iter(ALL)) == "workflows/plot_01_evoked.py"
    assert [build.name_of(path) for path in build.scripts(quick=True)] == [name for name in ALL if name in build.QUICK]
    assert [build.name_of(path) for path in build.scripts("gamma")] == ["workflows/plot_03_gamma.py"]


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
    for cell in _cells.split(ALL[name].read_text(encoding="utf-8")):
        for title, line in re.findall(r"(?m)^(.+)\n([=\-]{3,})$", cell.text):
            assert len(line) == len(title), title


def test_a_failing_script_is_shown_and_counted(tmp_path, monkeypatch, capsys):
    script = tmp_path / "plot_01_wrong.py"
    script.write_text(
        '"""\n01. Wrong\n=========\n\n**Claim.** One is two.\n"""\n\n# %%\n# Text\nprint("before")\n\n'
        "# %%\nassert 1 == 2\n\n"
        '# %%\nprint("never")\n'
    )
    monkeypatch.setattr(build, "scripts", lambda *_, **__: [script])
    monkeypatch.setattr(sys, "argv", ["build.py", "--output", str(tmp_path / "out")])
    assert build.main() == 1
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "AssertionError" in page
    assert f"plot_01_wrong.py&quot;, line {script.read_text().splitlines().index('assert 1 == 2') + 1}" in page
    assert page.count("before</pre>") == 1
    assert "never</pre>" not in page
    assert "1 failed." in page
    assert "FAILED" in capsys.readouterr().out


def test_a_dead_process_is_a_failure(tmp_path):
    script = tmp_path / "plot_01_dead.py"
    script.write_text('"""\n01. Dead\n========\n"""\n\n# %%\nimport os\nos._exit(3)\n')
    page = build.run_one(script)
    assert page.failed
    assert "ended with code 3" in page.cells[-1].error


def test_cells_keep_output_figures_and_pictures(tmp_path):
    script = tmp_path / "plot_01_shown.py"
    script.write_text(
        '"""\n01. Shown\n=========\n"""\n\n# %%\n# A figure\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\n'
        'plt.show()\nprint("<b>out</b>")\n\n# %%\n# A file\nfrom pathlib import Path\nfrom PIL import Image\n'
        'movie = Path("a.gif")\n'
        'Image.new("RGB", (9, 9)).save(movie)\n'
    )
    page = build.run_one(script)
    first, second = page.cells[1:]
    assert first.output == "<b>out</b>\n"
    assert [figure[:15] for figure in first.figures] == ["data:image/png;"]
    assert [figure[:15] for figure in second.figures] == ["data:image/gif;"]
    assert not (tmp_path / "a.gif").exists(), "scripts must not write beside the user's files"
    assert "&lt;b&gt;out" in _page.document([page], 1.0, "this machine")


def test_markup():
    text = (
        "Title\n-----\nSee :func:`~mne_hnn.fit.fit_evoked` and ``a*b*c``, **bold**, "
        "`here <https://doi.org/10.1/x>`_.\n\n* one\n* two\n  lines"
    )
    shown = _page.prose(text)
    assert shown.startswith("<h3>Title</h3>")
    assert "<code>fit_evoked</code> and <code>a*b*c</code>, <strong>bold</strong>" in shown
    assert '<a href="https://doi.org/10.1/x">here</a>' in shown
    assert "<ul><li>one</li><li>two lines</li></ul>" in shown


def test_the_readme_names_every_tutorial():
    readme = (TUTORIALS / "README.md").read_text(encoding="utf-8")
    for name in ALL:
        assert f"({name})" in readme, name
    pictures = re.findall(r"\(figures/([^)]+\.png)\)", readme)
    assert len(pictures) == 13
    for picture in pictures:
        assert (TUTORIALS / "figures" / picture).stat().st_size < _page.LARGEST
