"""The page in a real browser: a label, a drive, undo, saving, files that are wrong, who is let in, and the end."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import mne
import psutil
import pytest
from report_browser import open_browser, wait_until

from mne_hnn.network import jones_2009
from mne_hnn.source import find_label, make_inverse
from mne_hnn.source.demo import demo_response

L2P, L5P = "L2_pyramidal", "L5_pyramidal"


def column():
    weights = {L2P: 1e-3, L5P: 1e-3}  # no cell fires, and the moment goes down as that of the target does
    return jones_2009((3, 3)).with_evoked_drive(
        "evdist1", mu_ms=60.0, sigma_ms=5.0, location="distal", weights_ampa=weights
    )


@pytest.fixture(scope="module")
def folder(anatomy, tmp_path_factory):
    """A response with operators of the cortex around both central sulci, and a small column."""
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


class Served:
    """A page that is served by another process."""

    def __init__(self, command, folder):
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        said = []
        for line in self.process.stdout:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/\?token=\S+", line):
                self.address, self.port = found[0], int(found[1])
                return
        raise AssertionError("".join(said))

    def end(self, how=signal.SIGTERM):
        """End it, and return its workers and what is left of them."""
        workers = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(how)
        code = self.process.wait(20)
        _, left = psutil.wait_procs(workers, timeout=10)
        return code, workers, left


@pytest.fixture(scope="module")
def served(folder, anatomy):
    page = Served([sys.executable, Path(__file__).with_name("open_page.py"), folder, anatomy.subjects_dir], folder)
    yield page
    page.process.kill()


def _status(address, **headers):
    """Return status and text of a visit without cookies."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _text(browser, selector):
    found = browser.find_elements("css selector", selector)
    return found[0].text if found else ""


def _click(browser, selector):
    assert wait_until(lambda: browser.find_elements("css selector", selector), 20), selector
    browser.execute_script("arguments[0].click()", browser.find_elements("css selector", selector)[0])


def _write(browser, selector, words):
    assert wait_until(lambda: browser.find_elements("css selector", selector), 20), selector
    field = browser.find_elements("css selector", selector)[0]
    field.send_keys("\ue009a\ue000")  # all of it
    field.send_keys(words, "\ue004")  # Tab


def _match(browser):
    """Return R squared of the full column, once it is there."""
    assert wait_until(lambda: _text(browser, "#stage") == "full column" and _text(browser, "#match"), 60)
    return float(_text(browser, "#match").split()[-1])


def _picture(browser):
    return browser.execute_script(
        "const d = document.querySelector('#dipole'); return d && d.naturalWidth ? d.src : ''"
    )


def test_page(served, folder):
    with open_browser() as browser:
        browser.get_log("browser")
        browser.get(served.address)
        _click(browser, "#begin")
        assert wait_until(lambda: _text(browser, "#stage") == "full column", 60)
        assert _text(browser, "#match") == ""  # nothing to compare with yet

        _click(browser, "#drive-evdist1")
        _write(browser, "#label", "postcentral-rh")
        assert wait_until(lambda: "postcentral-rh: " in _text(browser, "#place"), 30)
        first = _match(browser)
        assert wait_until(lambda: _picture(browser), 20)
        before = _picture(browser)

        _write(browser, "input[aria-label='Time (ms)']", "90")
        assert wait_until(lambda: _text(browser, "#match") and float(_text(browser, "#match").split()[-1]) != first, 60)
        second = _match(browser)
        assert second != first
        assert wait_until(lambda: _picture(browser) not in ("", before), 20)

        _write(browser, "input[aria-label='Time (ms)']", "soon")
        assert wait_until(lambda: "needs a number" in _text(browser, "#failure"), 10)
        _click(browser, "#undo")
        assert wait_until(lambda: _text(browser, "#match").endswith(f"{first:.3f}"), 60)

        _click(browser, "#to-open")
        _write(browser, "#file", "notes.txt")
        _click(browser, "#do-open")
        assert wait_until(lambda: "notes.txt" in _text(browser, "#failure"), 20)
        assert _text(browser, "#failure").count(". ") == 0  # one sentence
        _write(browser, "#file", "../elsewhere.txt")
        _click(browser, "#do-open")
        assert wait_until(lambda: "is outside" in _text(browser, "#failure"), 20)
        browser.find_elements("css selector", "body")[0].send_keys("\ue00c")  # Escape

        _match(browser)
        _click(browser, "#to-save")
        _click(browser, "#do-save")
        assert wait_until(lambda: "analysis.py" in _text(browser, "#message"), 30), _text(browser, "#failure")
        assert (folder / "exploration-1" / "repeat.py").is_file()

        _click(browser, "#to-open")
        _write(browser, "#file", "column.json")
        _click(browser, "#do-open")
        assert wait_until(lambda: not browser.find_elements("css selector", "#cortex"), 30)  # the file has none
        assert wait_until(lambda: _text(browser, "#stage") == "full column", 60)
        assert wait_until(lambda: _picture(browser), 20)

        status, words = _status(served.address)  # a second browser, which knows the address
        assert (status, "open in another browser" in words) == (409, True)
        severe = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert severe == []


def test_who_is_let_in(served):
    place = f"http://127.0.0.1:{served.port}"
    assert _status(f"{place}/index.html")[0] == 403
    status, words = _status(f"{place}/?token=wrong")
    assert (status, "token is wrong" in words) == (403, True)
    assert _status(served.address, Host="example.org")[0] == 403
    assert _status(served.address, Origin="http://example.org")[0] == 403
    listening = [
        found.laddr.ip for found in psutil.Process(served.process.pid).net_connections() if found.status == "LISTEN"
    ]
    assert listening == ["127.0.0.1"]


def test_end(served):
    code, workers, left = served.end()
    assert workers
    assert not left
    assert code == 0


def test_command(folder):
    page = Served([sys.executable, "-m", "mne_hnn", "explore", "column.json", "--no-browser"], folder)
    deadline = time.monotonic() + 30
    while not psutil.Process(page.process.pid).children() and time.monotonic() < deadline:
        time.sleep(0.1)
    code, workers, left = page.end(signal.SIGINT)
    assert workers
    assert not left
    assert code in (0, 130)
