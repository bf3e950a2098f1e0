"""Look at a local HTML page as a reader would: in a browser without a window, driven by selenium.

:func:`check_page` opens every collapsed part, waits for every image, follows every link within the page, and notes
script errors and what the page asks of the network.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
]

_OPEN_EVERYTHING = """
document.documentElement.style.scrollBehavior = 'auto';
const still = document.createElement('style');
still.textContent = '* { transition: none !important; animation: none !important; scroll-behavior: auto !important; }';
document.head.appendChild(still);
document.querySelectorAll('details').forEach(part => { part.open = true; });
document.querySelectorAll('.collapse').forEach(part => { part.classList.add('show'); });
document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; });
"""
_IMAGES = """
return Array.from(document.images).map(image => ({
    name: image.alt || image.id || image.src.slice(0, 80), done: image.complete, width: image.naturalWidth}));
"""
_LINKS = """
return Array.from(document.querySelectorAll("a[href^='#']")).map((link, index) => {
    const name = decodeURIComponent(link.getAttribute('href').slice(1));
    const folds = link.closest('button, summary, [data-bs-toggle]') !== null;
    const exists = document.getElementById(name) !== null || document.getElementsByName(name).length > 0;
    return {index, name, exists, folds};
}).filter(link => link.name !== '');
"""
# away from the target first, so that arriving there is the link's doing
_FOLLOW = """
const [index, name] = arguments;
const target = document.getElementById(name) || document.getElementsByName(name)[0];
const bottom = document.documentElement.scrollHeight;
const below = target.getBoundingClientRect().top + window.scrollY > bottom / 2;
window.scrollTo(0, below ? 0 : bottom);
document.querySelectorAll("a[href^='#']")[index].click();
"""
_ARRIVED = """
const name = arguments[0];
const target = document.getElementById(name) || document.getElementsByName(name)[0];
const top = target.getBoundingClientRect().top;
return top >= -2 && top < window.innerHeight && target.getClientRects().length > 0;
"""


@dataclass(frozen=True, kw_only=True)
class PageResult:
    """What a browser found on a page.

    Attributes
    ----------
    title : str
        The page's title.
    errors : list of str
        Script errors and resources that could not be loaded (log entries of level SEVERE).
    n_images, n_loaded : int
        How many images there are, and how many have pixels.
    broken_images : list of str
        Alternative text, id or address of those without.
    links : list of str
        Names that links within the page point at.
    dead_links : list of str
        Those that point nowhere, or do not bring their target into view when clicked (headings that open and close a
        part need not).
    requests : list of str
        Addresses outside the page that it asked for: none if it is self-contained.
    screenshot : bytes
        The whole page as PNG, everything open.
    """

    title: str
    errors: list[str]
    n_images: int
    n_loaded: int
    broken_images: list[str]
    links: list[str]
    dead_links: list[str]
    requests: list[str]
    screenshot: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """True if nothing is wrong."""
        return not (self.errors or self.broken_images or self.dead_links or self.requests)

    def save_screenshot(self, path: str | Path) -> Path:
        """Write the picture of the page."""
        Path(path).write_bytes(self.screenshot)
        return Path(path)


def find_browser() -> str:
    """Return the path of Chromium, or skip the test where there is none."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    pytest.skip("no Chromium is installed (Debian: apt install chromium chromium-driver)")


@contextlib.contextmanager
def open_browser() -> Iterator[webdriver.Chrome]:
    """Yield a browser without a window; the test is skipped where none is installed."""
    browser = find_browser()
    driver = shutil.which("chromedriver")
    if driver is None:
        raise FileNotFoundError("Chromium is there, but not its driver: apt install chromium-driver.")
    with tempfile.TemporaryDirectory(prefix="page-", ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for argument in (*OPTIONS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # the driver that is installed: selenium's own manager would look for one on the network
        opened = webdriver.Chrome(options, webdriver.ChromeService(executable_path=driver))
        try:
            yield opened
        finally:
            opened.quit()


def wait_until(condition: Any, seconds: float) -> bool:
    """Wait for a condition; return whether it came about in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _dead_links(browser: webdriver.Chrome, links: list[dict[str, Any]]) -> list[str]:
    dead = []
    for link in links:
        name = link["name"]
        if not link["exists"]:
            dead.append(name)
            continue
        if link["folds"]:
            continue  # the heading of a part that a click opens and closes, and leads nowhere else
        browser.execute_script(_FOLLOW, link["index"], name)
        if not wait_until(lambda name=name: browser.execute_script(_ARRIVED, name), 1.5):
            dead.append(name)
    return dead


def _requests(browser: webdriver.Chrome, page: str) -> list[str]:
    asked = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if url.split("#")[0] != page and not url.startswith(("data:", "blob:", "about:", "chrome:")):
                asked.append(url)
    return list(dict.fromkeys(asked))


def _picture(browser: webdriver.Chrome) -> bytes:
    size = browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip}
    )
    return base64.b64decode(shot["data"])


def check_page(html_path: str | Path) -> PageResult:
    """Open a local HTML file in Chromium and look at it.

    Parameters
    ----------
    html_path : path-like
        The file.

    Returns
    -------
    result : PageResult
        What was found. The test is skipped where no Chromium is installed.
    """
    page = Path(html_path).resolve(strict=True).as_uri()
    with open_browser() as browser:
        browser.get("about:blank")
        for kind in ("browser", "performance"):
            browser.get_log(kind)  # what the browser's own first page did
        browser.get(page)
        browser.execute_script(_OPEN_EVERYTHING)
        wait_until(lambda: all(image["done"] for image in browser.execute_script(_IMAGES)), 20.0)
        images = browser.execute_script(_IMAGES)
        links = browser.execute_script(_LINKS)
        dead = _dead_links(browser, links)
        browser.execute_script("window.scrollTo(0, 0);")
        broken = [image["name"] for image in images if image["width"] == 0]
        return PageResult(
            title=browser.title,
            errors=[entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"],
            n_images=len(images),
            n_loaded=len(images) - len(broken),
            broken_images=broken,
            links=[link["name"] for link in links],
            dead_links=dead,
            requests=_requests(browser, page),
            screenshot=_picture(browser),
        )
