"""The page of ``mne-hnn explore`` as a person has it: started by a command, looked at and clicked on in a browser."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
from report_browser import wait_until
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

PATIENCE_s = 120.0  # on a machine that does much else
_NOT_YET = (ElementClickInterceptedException, ElementNotInteractableException, StaleElementReferenceException)
_PICTURE = """
const d = document.querySelector(arguments[0]);
return d && d.complete && d.naturalWidth ? d.src : '';
"""


class Served:
    """A page that is served by another process.

    Attributes
    ----------
    address : str
        The address that was printed, with its token.
    port : int
        Where.
    """

    def __init__(self, command: Sequence[Any], folder: Path, **more: str) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **more},
        )
        said = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/\?token=\S+", line):
                self.address, self.port = found[0], int(found[1])
                return
        raise AssertionError("".join(said))

    def workers(self) -> list[psutil.Process]:
        """Return the processes that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, how: int = signal.SIGTERM) -> tuple[int, list[psutil.Process], list[psutil.Process]]:
        """End it once it has workers; return its code, its workers, and those that are left of them after a while."""
        assert wait_until(self.workers, PATIENCE_s)
        workers = self.workers()
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE_s)
        _, left = psutil.wait_procs(workers, timeout=10)
        return code, workers, left


@contextlib.contextmanager
def serving(command: Sequence[Any], folder: Path) -> Iterator[Served]:
    """Serve a page for a while."""
    served = Served(command, folder)
    try:
        yield served
    finally:
        served.process.terminate()
        try:
            served.process.wait(30)
        except subprocess.TimeoutExpired:
            served.process.kill()


def visit(address: str, **headers: str) -> tuple[int, str]:
    """Return status and text of a visit without cookies."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Visitor:
    """Somebody before the page: reads, clicks, drags and types.

    Parameters
    ----------
    browser : selenium.webdriver.Chrome
        With or without the page.
    """

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def open(self, address: str) -> None:
        """Open the page and close its start."""
        self.browser.get_log("browser")  # what the browser's own first page did
        self.browser.get(address)
        self.click("#begin")
        assert wait_until(lambda: not self.shown("#start"), PATIENCE_s)

    # -- reading ---------------------------------------------------------------------------------

    def find(self, selector: str) -> Any:
        """Return the first visible part of the page that a selector means, once it is there."""
        assert wait_until(lambda: self._visible(selector), PATIENCE_s), f"{selector} is not on the page"
        return self._visible(selector)[0]

    def _visible(self, selector: str) -> list[Any]:
        found = self.browser.find_elements("css selector", selector)
        with contextlib.suppress(StaleElementReferenceException):
            return [one for one in found if one.is_displayed()]
        return []

    def shown(self, selector: str) -> bool:
        """Return whether anything that a selector means is visible."""
        return bool(self._visible(selector))

    def text(self, selector: str) -> str:
        """Return the words of a part of the page; nothing if it is not there."""
        words = "const d = document.querySelector(arguments[0]); return d ? d.innerText : ''"
        return str(self.browser.execute_script(words, selector)).strip()

    def picture(self, selector: str = "#dipole") -> str:
        """Return the address of a picture, which holds its pixels; nothing while it is not there."""
        return str(self.browser.execute_script(_PICTURE, selector))

    def scene(self) -> str:
        """Return the address of the picture of the cortex; nothing while there is none."""
        words = "const d = document.querySelector('#cortex img'); return d ? d.src : ''"
        return str(self.browser.execute_script(words))

    def drives(self) -> list[str]:
        """Return the names of the drives that have a panel, in order."""
        panels = "return [...document.querySelectorAll(\"[id^='drive-']\")].map(d => d.id.slice(6))"
        return [str(name) for name in self.browser.execute_script(panels)]

    def is_full(self) -> bool:
        """Return whether the full column is shown."""
        return self.text("#stage") == "full column"

    def match(self) -> float:
        """Return R squared of the full column, once it is there."""
        assert wait_until(lambda: self.is_full() and self.text("#match"), PATIENCE_s), self.text("#failure")
        return float(self.text("#match").split()[-1])

    def settle(self) -> str:
        """Return the picture of the full column's dipole, once it is there and stays."""
        assert wait_until(self.is_full, PATIENCE_s), self.text("#failure")
        last, since = self.picture(), time.monotonic()

        def still() -> bool:
            """Return whether the picture has been the same for a second."""
            nonlocal last, since
            now = self.picture()
            if now != last or not self.is_full():
                last, since = now, time.monotonic()
            return bool(now) and time.monotonic() - since > 1.0

        assert wait_until(still, PATIENCE_s)
        return last

    def errors(self) -> list[str]:
        """Return what the console has of errors since it was read last."""
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]

    # -- doing -----------------------------------------------------------------------------------

    def click(self, selector: str) -> None:
        """Click with the mouse, once it is possible."""

        def tried() -> bool:
            """Return whether the click was possible."""
            found = [one for one in self._visible(selector) if one.is_enabled()]
            try:
                if found:
                    found[0].click()
            except _NOT_YET:
                return False
            return bool(found)

        assert wait_until(tried, PATIENCE_s), f"{selector} cannot be clicked"

    def click_at(self, selector: str, x: float, y: float) -> None:
        """Click inside a part of the page: at shares of its width and height, from its upper left corner."""
        ActionChains(self.browser).move_to_element_with_offset(
            self.find(selector), *self._from_centre(selector, x, y)
        ).click().perform()

    def _from_centre(self, selector: str, x: float, y: float) -> tuple[int, int]:
        size = self.find(selector).size
        return round((x - 0.5) * size["width"]), round((y - 0.5) * size["height"])

    def drag(self, name: str, by_px: int, *, within: str = "", steps: int = 5) -> None:
        """Drag the thumb of a slider to the right, in steps."""
        thumb = self.find(f"{within} [role=slider][aria-label='{name}']")
        chain = ActionChains(self.browser, duration=20).click_and_hold(thumb)
        for step in range(1, steps + 1):
            chain = chain.move_by_offset(round(by_px * step / steps) - round(by_px * (step - 1) / steps), 0)
        chain.release().perform()

    def write(self, selector: str, words: str) -> None:
        """Write into a field instead of what is there, and leave it."""
        for keys in ((Keys.CONTROL, "a", Keys.NULL), (words, Keys.TAB)):
            # a field of Vuetify hides what is typed into behind what was chosen
            assert wait_until(lambda: self.browser.find_elements("css selector", selector), PATIENCE_s), selector
            self.browser.find_elements("css selector", selector)[0].send_keys(*keys)

    def press_escape(self) -> None:
        """Close what is open over the page."""
        self.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
        assert wait_until(lambda: not self.shown(".v-overlay--active .v-card"), PATIENCE_s)
