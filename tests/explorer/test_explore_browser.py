"""The page in a real browser: the cortex, drives, undo, a fit, saving and what it gives again, files that are wrong."""

import subprocess
import sys
from pathlib import Path

import mne
import numpy as np
import pytest
from explore_page import PATIENCE_s, Served, Visitor, visit
from report_browser import open_browser, wait_until

from mne_hnn import read_dipole
from mne_hnn.compare import r_squared
from mne_hnn.fit import read_fit
from mne_hnn.io import read_network, read_source_course
from mne_hnn.network import jones_2009
from mne_hnn.source import find_label, make_inverse
from mne_hnn.source.demo import demo_response

L2P, L5P = "L2_pyramidal", "L5_pyramidal"
TIME = "Time (ms)"
RUN = [sys.executable, "-m", "mne_hnn", "run", "--steps", "target", "simulate", "fit"]


def column():
    weights = {L2P: 1e-3, L5P: 1e-3}  # no cell fires, and the moment goes down as that of the target does
    return jones_2009((2, 2)).with_evoked_drive(
        "evdist1", mu_ms=60.0, sigma_ms=5.0, location="distal", weights_ampa=weights
    )


@pytest.fixture(scope="module")
def folder(anatomy, tmp_path_factory):
    """The demo, with operators of the cortex around both central sulci only, and a small column."""
    path = tmp_path_factory.mktemp("explore")
    evoked, noise_cov, _ = demo_response(seed=1)
    forward = mne.read_forward_solution(anatomy.forward_fname, verbose="error")
    around = [
        find_label(f"{name}-{hemi}", subject="01", subjects_dir=anatomy.subjects_dir)
        for name in ("postcentral", "precentral")
        for hemi in ("lh", "rh")
    ]
    forward = mne.forward.restrict_forward_to_label(forward, around)
    mne.write_forward_solution(path / "small-fwd.fif", forward, verbose="error")
    evoked.save(path / "small-ave.fif", verbose="error")
    inverse = make_inverse(evoked.info, forward, noise_cov)
    mne.minimum_norm.write_inverse_operator(path / "small-inv.fif", inverse, verbose="error")
    column().save(path / "column.json")
    (path / "notes.txt").write_text("this is no target\n")
    return path


@pytest.fixture(scope="module")
def served(folder, anatomy):
    page = Served([sys.executable, Path(__file__).with_name("open_page.py"), folder, anatomy.subjects_dir], folder)
    yield page
    page.process.kill()


def click_on_the_cortex(visitor):
    """Click near the hand's place of the right hemisphere; return R squared."""
    assert visitor.text("#match") == ""  # nothing to compare with yet
    for view in ("lateral-lh", "lateral-rh"):
        seen = visitor.scene()
        visitor.click(f"#view-{view}")
        assert wait_until(lambda seen=seen: visitor.scene() not in ("", seen), PATIENCE_s)
    visitor.click_at("#cortex", 0.47, 0.15)
    assert wait_until(lambda: "sources" in visitor.text("#place"), PATIENCE_s), visitor.text("#failure")
    assert "vertex" in visitor.text("#place")
    return visitor.match()


def name_a_label(visitor):
    """Name a label; return R squared."""
    visitor.write("#label", "postcentral-rh")
    assert wait_until(lambda: "postcentral-rh: " in visitor.text("#place"), PATIENCE_s), visitor.text("#failure")
    return visitor.match()


def drag_and_undo(visitor, first):
    """Drag the time of a drive: another dipole; go back and forth."""
    visitor.click("#drive-evdist1")
    wait_until(lambda: visitor.shown(f"[role=slider][aria-label='{TIME}']"), PATIENCE_s)
    before = visitor.settle()
    visitor.drag(TIME, 15)
    assert visitor.settle() != before
    second = visitor.match()
    assert second != first
    visitor.click("#undo")  # all of the drag at once
    assert wait_until(lambda: visitor.is_full() and visitor.text("#match").endswith(f"{first:.3f}"), PATIENCE_s)
    assert visitor.find(f"input[aria-label='{TIME}']").get_attribute("value") == "60"
    visitor.click("#redo")
    assert wait_until(lambda: visitor.is_full() and visitor.text("#match").endswith(f"{second:.3f}"), PATIENCE_s)
    visitor.write(f"input[aria-label='{TIME}']", "soon")
    assert wait_until(lambda: "needs a number" in visitor.text("#failure"), PATIENCE_s)


def add_copy_and_remove(visitor):
    """Add, copy and remove drives."""

    def drives_are(*names):
        """Wait for the panels of these drives."""
        assert wait_until(lambda: visitor.drives() == list(names), PATIENCE_s), visitor.drives()

    drives_are("evdist1")
    visitor.click("#add")
    visitor.click("#add-drive")
    drives_are("evdist1", "evoked1")
    visitor.press_escape()
    visitor.click("[aria-label='Copy drive evdist1']")
    drives_are("evdist1", "evoked1", "evdist2")
    visitor.click("#drive-evoked1")
    visitor.click("[aria-label='Remove drive evoked1']")
    drives_are("evdist1", "evdist2")
    visitor.match()


def fit(visitor):
    """Fit with a small budget, and take the result: no worse than before, and one change to undo."""
    before = visitor.match()
    visitor.click("#tab-fit")
    visitor.write("#fit-budget", "12")
    visitor.click("#fit-start")
    assert wait_until(lambda: visitor.picture("#figure-fit"), PATIENCE_s), visitor.text("#failure")
    ended = "const d = document.querySelector('#fit-start'); return d !== null && !d.disabled"
    assert wait_until(lambda: visitor.browser.execute_script(ended), PATIENCE_s)
    assert visitor.text("#fit-words").startswith("Done: "), visitor.text("#fit-words")

    def taken() -> bool:
        """Return whether the full column has another match than before."""
        words = visitor.text("#match").split()
        return visitor.is_full() and bool(words) and float(words[-1]) != before

    for _ in range(3):  # the button may be drawn anew under the mouse, as the last news of the fit arrive
        visitor.click("#fit-take")
        if wait_until(taken, PATIENCE_s / 3):
            break
    assert visitor.match() > before
    visitor.click("#undo")
    assert wait_until(lambda: visitor.is_full() and visitor.text("#match").endswith(f"{before:.3f}"), PATIENCE_s)
    visitor.click("#redo")
    visitor.match()


def refuse_files(visitor):
    """Open files that are wrong: one sentence each."""
    visitor.click("#to-open")
    for file, words in (("notes.txt", "notes.txt"), ("../elsewhere.txt", "is outside"), ("/etc/passwd", "is outside")):
        visitor.write("#file", file)
        visitor.click("#do-open")
        assert wait_until(lambda words=words: words in visitor.text("#failure-open"), PATIENCE_s), file
        assert visitor.text("#failure-open").count(". ") == 0
    visitor.press_escape()


def save(visitor):
    """Save the analysis; return R squared and the number of columns that the page shows."""
    shown = visitor.match(), float(visitor.find("input[aria-label='Columns']").get_attribute("value"))
    visitor.click("#to-save")
    visitor.click("#do-save")
    assert wait_until(lambda: "analysis.py" in visitor.text("#message"), PATIENCE_s), visitor.text("#failure")
    return shown


def check_that_the_analysis_gives(shown, saved, results):
    """Run what was saved as a user would: it gives what the page showed."""
    command = [*RUN, "--set", "fit_contributions=False", "--output", results, "--", saved / "analysis.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = results.rglob("fitted-ave.fif")
    again, before = read_dipole(path), read_dipole(saved / "dipole-ave.fif")
    # files of MNE have single precision
    assert np.allclose(again["agg"], before["agg"], rtol=0, atol=1e-6 * abs(before["agg"]).max())
    assert round(r_squared(again, read_source_course(saved / "target.txt")), 3) == shown[0]
    assert read_fit(path.with_name("fit.npz")).scale == pytest.approx(shown[1], rel=1e-3)


def test_page(served, folder, tmp_path):
    with open_browser() as browser:
        visitor = Visitor(browser)
        visitor.open(served.address)
        visitor.settle()
        status, words = visit(served.address)  # a second browser, which knows the address
        assert (status, "open in another browser" in words) == (409, True)
        click_on_the_cortex(visitor)
        first = name_a_label(visitor)
        drag_and_undo(visitor, first)
        add_copy_and_remove(visitor)
        fit(visitor)
        refuse_files(visitor)
        shown = save(visitor)
        assert list(read_network(folder / "exploration-1" / "network.json").drives) == ["evdist1", "evdist2"]
        check_that_the_analysis_gives(shown, folder / "exploration-1", tmp_path / "results")

        visitor.click("#to-open")
        visitor.write("#file", "column.json")
        visitor.click("#do-open")
        assert wait_until(lambda: not visitor.shown("#cortex"), PATIENCE_s)  # the file has none
        visitor.settle()
        assert visitor.errors() == []
