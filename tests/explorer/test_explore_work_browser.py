"""What takes a while, in a browser: a fit that is taken and undone, contributions, one thing saved, a second tab."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from report_browser import open_browser, wait_until

from mne_hnn.explorer.saving import write_target
from mne_hnn.io import read_network
from mne_hnn.network import jones_2009
from mne_hnn.simulate import simulate


@pytest.fixture
def folder(tmp_path):
    network = jones_2009((1, 1)).with_evoked_drive(
        "evprox1",
        mu_ms=18.0,
        sigma_ms=1.0,
        location="proximal",
        weights_ampa={"L2_pyramidal": 2e-3, "L5_pyramidal": 1e-3},
    )
    write_target(simulate(network, tstop=40.0).dipole.smooth(20.0).scale(50.0), tmp_path / "target.txt")
    network.with_drive_changes("evprox1", mu_ms=14.0).save(tmp_path / "start.json")
    return tmp_path


@pytest.fixture
def address(folder):
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("open_target.py"), folder],
        cwd=folder, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    found = next(match[0] for line in process.stdout if (match := re.search(r"http://127\.0\.0\.1:\S+", line)))
    yield found
    process.terminate()
    process.wait(20)


def _find(browser, selector):
    assert wait_until(lambda: browser.find_elements("css selector", selector), 20), selector
    return browser.find_elements("css selector", selector)[0]


def _text(browser, selector):
    found = browser.find_elements("css selector", selector)
    return found[0].text if found else ""


def _click(browser, selector):
    browser.execute_script("arguments[0].click()", _find(browser, selector))


def _match(browser):
    assert wait_until(lambda: _text(browser, "#stage") == "full column" and _text(browser, "#match"), 60)
    return float(_text(browser, "#match").split()[-1])


def test_work(address, folder):
    with open_browser() as browser:
        browser.get(address)
        _click(browser, "#begin")
        first = _match(browser)

        _click(browser, "#tab-fit")
        budget = _find(browser, "#fit-budget")
        budget.send_keys("\ue009a\ue000", "14", "\ue004")
        _click(browser, "#fit-evprox1-spreads")
        # the answer to the click: keys that came before it have arrived, too, however busy the machine is
        assert wait_until(lambda: "Free: 1 number of the drives" in _text(browser, "#fit-count"), 20)
        _find(browser, "#fit-start").send_keys("\n")  # by the keyboard
        assert wait_until(lambda: _text(browser, "#fit-words").startswith("Done: "), 60), _text(browser, "#failure")
        assert wait_until(lambda: browser.find_elements("css selector", "#figure-fit"), 20)
        _click(browser, "#fit-take")
        assert wait_until(lambda: _text(browser, "#match") and _match(browser) > max(first, 0.8), 60)
        fitted = _match(browser)

        _click(browser, "#tab-parts")
        assert wait_until(lambda: browser.find_elements("css selector", "#figure-parts"), 60)

        _click(browser, "#to-single")
        _click(browser, "#do-single")
        assert wait_until(lambda: "network.json" in _text(browser, "#message"), 20), _text(browser, "#failure-single")
        assert read_network(folder / "network.json").drives["evprox1"].mu_ms == pytest.approx(18.0, abs=1.0)

        _click(browser, "#undo")
        assert wait_until(lambda: _text(browser, "#match").endswith(f"{first:.3f}"), 60)

        one = browser.current_window_handle
        browser.switch_to.new_window("tab")
        browser.get(address)
        assert wait_until(lambda: "open in another tab" in _text(browser, "#elsewhere"), 20)
        _click(browser, "#take")
        assert _match(browser) == pytest.approx(first, abs=1e-3)
        two = browser.current_window_handle
        browser.switch_to.window(one)
        assert wait_until(lambda: "Connection closed" in browser.find_element("css selector", "body").text, 20)
        browser.close()
        browser.switch_to.window(two)
        browser.refresh()  # which is no second tab
        assert _match(browser) == pytest.approx(first, abs=1e-3)
        assert np.isfinite(fitted)
        severe = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
        assert severe == []
