"""Look at a local HTML page as a reader would: in a browser without a window, driven over plain HTTP (W3C WebDriver).

:func:`check_page` opens every collapsed part, waits for every image, follows every link within the page, and notes
script errors and what the page asks of the network.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1280,900",
)  # fmt: skip

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


class _Session:
    """One browser with one page."""

    def __init__(self, address: str, browser: str, profile: str) -> None:
        self.address = address
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": {"binary": browser, "args": [*OPTIONS, f"--user-data-dir={profile}"]},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        session = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.address += f"/session/{session['sessionId']}"

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.address + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        # the driver is on this machine: never through a proxy
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {json.load(error)['value']['message']}") from error

    def open(self, url: str) -> None:
        self._send("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._send("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def log(self, kind: str) -> list[dict[str, Any]]:
        return list(self._send("POST", "/se/log", {"type": kind}))

    def command(self, name: str, **parameters: Any) -> Any:
        return self._send("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def title(self) -> str:
        return str(self._send("GET", "/title"))

    def close(self) -> None:
        self._send("DELETE", "")


@contextlib.contextmanager
def _open_session() -> Iterator[_Session]:
    browser = find_browser()
    driver = shutil.which("chromedriver")
    if driver is None:
        raise FileNotFoundError("Chromium is there, but not its driver: apt install chromium-driver.")
    with tempfile.TemporaryDirectory(prefix="page-", ignore_cleanup_errors=True) as profile:
        # its own process group, so that the browser goes with the driver whatever happens
        process = subprocess.Popen(
            [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        try:
            port = None
            for line in process.stdout:
                if port := re.search(r"started successfully on port (\d+)", line):
                    break
            if port is None:
                raise RuntimeError("chromedriver did not start.")
            session = _Session(f"http://127.0.0.1:{port[1]}", browser, profile)
            try:
                yield session
            finally:
                session.close()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)
            process.stdout.close()


def _wait(condition: Any, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _dead_links(session: _Session, links: list[dict[str, Any]]) -> list[str]:
    dead = []
    for link in links:
        name = link["name"]
        if not link["exists"]:
            dead.append(name)
            continue
        if link["folds"]:
            continue  # the heading of a part that a click opens and closes, and leads nowhere else
        session.run(_FOLLOW, link["index"], name)
        if not _wait(lambda name=name: session.run(_ARRIVED, name), 1.5):
            dead.append(name)
    return dead


def _requests(session: _Session, page: str) -> list[str]:
    asked = []
    for entry in session.log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if url.split("#")[0] != page and not url.startswith(("data:", "blob:", "about:", "chrome:")):
                asked.append(url)
    return list(dict.fromkeys(asked))


def _picture(session: _Session) -> bytes:
    size = session.command("Page.getLayoutMetrics")["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}
    shot = session.command("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
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
    with _open_session() as session:
        session.open("about:blank")
        for kind in ("browser", "performance"):
            session.log(kind)  # what the browser's own first page did
        session.open(page)
        session.run(_OPEN_EVERYTHING)
        _wait(lambda: all(image["done"] for image in session.run(_IMAGES)), 20.0)
        images = session.run(_IMAGES)
        links = session.run(_LINKS)
        dead = _dead_links(session, links)
        session.run("window.scrollTo(0, 0);")
        broken = [image["name"] for image in images if image["width"] == 0]
        return PageResult(
            title=session.title(),
            errors=[entry["message"] for entry in session.log("browser") if entry["level"] == "SEVERE"],
            n_images=len(images),
            n_loaded=len(images) - len(broken),
            broken_images=broken,
            links=[link["name"] for link in links],
            dead_links=dead,
            requests=_requests(session, page),
            screenshot=_picture(session),
        )
