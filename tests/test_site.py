"""The site builds without a warning from a copy of the checkout; links lead somewhere, and a reader finds things."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
import reference
from nbclient import NotebookClient
from report_browser import open_browser, wait_until

ROOT = Path(__file__).parents[1]
SHOWN = {"workflows": "plot_03_gamma", "howto": "plot_06_animation"}  # of which one has figures, and one a film
PHONE = (390, 844)
_WIDTHS = "return [document.documentElement.scrollWidth, window.innerWidth];"
_HITS = "return Array.from(document.querySelectorAll('ul.search li a')).map(link => link.getAttribute('href'));"
_BROKEN = "return Array.from(document.images).filter(one => !one.complete || !one.naturalWidth).map(one => one.src);"


def build(folder, output, *options):
    """Build the site of a checkout as its README says, warnings being errors; return the process."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", *options, "tutorials", str(output)]
    variables = {**os.environ, "MPLBACKEND": "agg", "TMPDIR": str(output.parent)}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what the site is made of, so that nothing is written beside the sources."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("tutorials", "pipelines"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("_generated", "__pycache__"))
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "tests/benchmarks/README.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def site(checkout, tmp_path_factory):
    """The site with the reference, and two pages of the gallery run."""
    output = tmp_path_factory.mktemp("site") / "html"
    pattern = "|".join(SHOWN.values())
    done = build(checkout, output, "-D", f"sphinx_gallery_conf.filename_pattern={pattern}")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    return output


class Links(HTMLParser):
    """Where a page leads, and what can be led to on it."""

    def __init__(self, text):
        super().__init__()
        self.targets, self.names = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.names |= {given[key] for key in ("id", "name") if given.get(key)}
        self.targets |= {given[key] for key in ("href", "src") if given.get(key)}


def test_every_link_within_the_site_leads_somewhere(site):
    files = [path for path in site.rglob("*.html") if path.relative_to(site).parts[0] != "_static"]  # templates
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in files}
    assert len(pages) > 300
    dead = []
    for path, found in pages.items():
        for target in found.targets:
            if re.match(r"[a-z]+:|//", target):
                continue
            place, _, name = target.partition("#")
            there = (path.parent / unquote(place.partition("?")[0])).resolve() if place else path
            if not there.exists() or (name and there in pages and unquote(name) not in pages[there].names):
                dead.append(f"{path.relative_to(site)}: {target}")
    assert dead == []


def test_nothing_is_asked_of_the_network(site):
    """But links that a reader follows."""
    for path in (site / "index.html", site / "_generated/workflows/plot_03_gamma.html", site / "search.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img)[^>]*src=\"(?:https?:)?//[^\"]*\"", text)
        assert not re.findall(r"<link[^>]*rel=\"(?:stylesheet|preload)\"[^>]*href=\"(?:https?:)?//[^\"]*\"", text)


def test_everything_public_has_a_page(site):
    names = site / "_generated" / "api" / "names"
    for module in reference.MODULES:
        public = reference.public_names(module)
        assert (site / "_generated" / "api" / f"{module}.html").is_file()
        for name in (*public["Functions"], *public["Classes"]):
            assert (names / f"{module}.{name}.html").is_file(), f"{module}.{name}"


def test_figures_and_films_of_the_gallery_appear(site):
    gamma = (site / "_generated/workflows/plot_03_gamma.html").read_text(encoding="utf-8")
    assert len(set(re.findall(r"_images/sphx_glr_plot_03_gamma_\d+\.png", gamma))) >= 3
    film = (site / "_generated/howto/plot_06_animation.html").read_text(encoding="utf-8")
    assert re.search(r"_images/sphx_glr_plot_06_animation_\d+\.gif", film)
    assert "_images/sphx_glr_plot_06_animation_002.png" in film, "the scene of pyvista"
    for page, name in ((gamma, SHOWN["workflows"]), (film, SHOWN["howto"])):
        assert f"{name}.ipynb" in page
        assert f"{name}.py" in page
    used = (site / "_generated/api/names/mne_hnn.simulate.simulate.html").read_text(encoding="utf-8")
    assert "plot_03_gamma.html" in used, "no gallery of what uses a function"


def test_a_claim_that_does_not_hold_fails_the_build(checkout, tmp_path):
    shutil.copytree(checkout, tmp_path / "wrong", ignore=shutil.ignore_patterns("_generated"))
    tutorials = tmp_path / "wrong" / "tutorials"
    for old in (*tutorials.glob("*/plot_*.py"), *tutorials.glob("*.md")):
        old.unlink()
    for folder in SHOWN:
        (tutorials / folder / "plot_01_wrong.py").write_text('"""\n01. Wrong\n=========\n"""\n\n# %%\nassert 1 == 2\n')
    (tutorials / "index.md").write_text("# Index\n")
    conf = tutorials / "conf.py"
    conf.write_text(conf.read_text().replace("    reference.write(", "    (lambda folder: None)("))
    done = build(tmp_path / "wrong", tmp_path / "html")
    assert done.returncode != 0
    assert "AssertionError" in done.stdout + done.stderr
    assert "plot_01_wrong.py" in done.stdout + done.stderr


def test_a_reader_finds_things_in_a_browser(site):
    pages = ("index.html", "concepts.html", "options.html", "_generated/workflows/plot_03_gamma.html")
    with open_browser() as browser:
        browser.get((site / "search.html").as_uri() + "?q=polarity")
        for page in ("concepts.html", "mne_hnn.source.Polarity.html"):  # hits appear on the page one after another
            found = wait_until(lambda page=page: page in " ".join(browser.execute_script(_HITS)), 20.0)
            assert found, f"the search does not find {page}: {browser.execute_script(_HITS)}"
        for page in pages:
            browser.get((site / page).as_uri())
            assert wait_until(lambda: not browser.execute_script(_BROKEN), 10.0), browser.execute_script(_BROKEN)
        said = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert said == []
        metrics = {"width": PHONE[0], "height": PHONE[1], "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        for page in pages:
            browser.get((site / page).as_uri())
            wide, window = browser.execute_script(_WIDTHS)
            assert wide <= window + 1, f"{page} is wider than a phone: {wide}"


@pytest.mark.slow
@pytest.mark.parametrize("folder", SHOWN)
def test_notebooks_run_unchanged(site, folder, tmp_path):
    path = next((site / "_downloads").rglob(f"{SHOWN[folder]}.ipynb"))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    kinds = {kind for cell in notebook.cells for output in cell.get("outputs", ()) for kind in output.get("data", {})}
    assert "image/png" in kinds
