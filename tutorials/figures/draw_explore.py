"""Walk over the page of `mne-hnn explore` in Chromium, and draw the walk and the pictures of explore.md from it.

python tutorials/figures/draw_explore.py [FOLDER]   # all screenshots as they are go to FOLDER
"""

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

here = Path(__file__).parent
sys.path.insert(0, str(here.parents[1] / "tests"))

from explore_page import PATIENCE_s, Visitor, serving  # noqa: E402
from report_browser import open_browser, wait_until  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402

SIZE = (1280, 720)
WIDTH = 960
STRIP = 34
KEPT = ("page", "parts", "fit")
STEP = 8  # of colours that are told apart
ARROW = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (13, 12))


class Walk:
    """A walk over the page, with a screenshot of each step."""

    def __init__(self, visitor: Visitor):
        self.visitor = visitor
        self.shots: dict[str, Image.Image] = {}
        self.frames: list[tuple[Image.Image, str, float, tuple[int, int] | None]] = []
        self.pointer: tuple[int, int] | None = None

    def point(self, selector: str, x: float = 0.5, y: float = 0.5):
        """Move the pointer that is drawn to a part of the page."""
        box = self.visitor.find(selector).rect
        self.pointer = round(box["x"] + x * box["width"]), round(box["y"] + y * box["height"])

    def shot(self, words: str, seconds: float, name: str | None = None):
        """Take a screenshot: a frame of the walk, and a picture of its own if it has a name."""
        image = Image.open(io.BytesIO(self.visitor.browser.get_screenshot_as_png())).convert("RGB")
        if name is not None:
            self.shots[name] = image
        self.frames.append((image, words, seconds, self.pointer))

    def click(self, selector: str, words: str = "", x: float = 0.5, y: float = 0.5):
        """Click, after a frame with the pointer there if there are words."""
        self.point(selector, x, y)
        if words:
            self.shot(words, 1.2)
        self.visitor.click_at(selector, x, y)

    def rest(self):
        """Take the mouse away from everything that explains itself."""
        self.pointer = SIZE[0] // 2, 20
        ActionChains(self.visitor.browser).move_to_element_with_offset(
            self.visitor.find("body"), 0, 20 - SIZE[1] // 2
        ).perform()
        wait_until(lambda: not self.visitor.shown(".v-tooltip .v-overlay__content"), 3)

    def top(self):
        """Go to the top of the page, and take the mouse away."""
        self.visitor.browser.execute_script("document.querySelector('[role=main]').scrollTo(0, 0)")
        self.rest()

    def save_gif(self, path: Path):
        """Write the walk."""
        font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 17)
        height = WIDTH * SIZE[1] // SIZE[0]
        drawn = []
        for image, words, _, pointer in self.frames:
            frame = Image.new("RGB", (WIDTH, height + STRIP), "#1B2A3A")
            frame.paste(image.resize((WIDTH, height), Image.Resampling.LANCZOS), (0, 0))
            draw = ImageDraw.Draw(frame)
            draw.text((12, height + 6), words, fill="white", font=font)
            if pointer is not None:
                x, y = (WIDTH * place // SIZE[0] for place in pointer)
                draw.polygon([(x + dx, y + dy) for dx, dy in ARROW], fill="black", outline="white")
            drawn.append(frame)
        palette = palette_of(drawn)  # one for all, so that nothing flickers
        frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in drawn]
        durations = [round(1000 * seconds) for _, _, seconds, _ in self.frames]
        frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False)


def palette_of(images: list[Image.Image]) -> Image.Image:
    """Return colours for all of some images: rare ones, as those of thin lines, count as much as the background."""
    codes = [
        np.asarray(image).astype(np.uint32) // STEP @ np.array([65536, 256, 1], dtype=np.uint32) for image in images
    ]
    seen = np.unique(np.concatenate([np.unique(code) for code in codes]))
    seen = np.stack([seen >> 16, seen >> 8 & 255, seen & 255], axis=-1)
    found = Image.fromarray((seen * STEP + STEP // 2).astype(np.uint8)[None]).quantize(255)
    found.putpalette([*(found.getpalette() or [])[: 255 * 3], 255, 255, 255])  # and white as it is
    return found


def begin(walk: Walk):
    """Show the start and the page, and click on the cortex."""
    visitor = walk.visitor
    wait_until(lambda: visitor.shown("#begin"), PATIENCE_s)
    wait_until(lambda: visitor.is_full() and visitor.picture("#sensors"), 10 * PATIENCE_s)
    walk.shot("mne-hnn explore opens a page in the browser", 2.5, "start")
    walk.click("#begin")
    wait_until(lambda: not visitor.shown("#start"), PATIENCE_s)
    visitor.settle()
    walk.shot("The target (grey), the simulated dipole (black), the cortex it comes from", 2.5, "page")
    sensors = visitor.picture("#sensors")
    walk.click("#cortex", "Click on the cortex: the response of this place becomes the target", 0.47, 0.14)
    wait_until(lambda: "vertex" in visitor.text("#place"), PATIENCE_s)
    visitor.settle()
    wait_until(lambda: visitor.picture("#sensors") not in ("", sensors), PATIENCE_s)
    walk.shot("Its patch, its sign, and what the sensors would see", 2.5, "click")


def drag(walk: Walk):
    """Open a drive, drag its time, keep what was before."""
    visitor = walk.visitor
    walk.click("#pin", "Keep this simulation to compare with")
    wait_until(lambda: visitor.shown("main .v-chip__close"), PATIENCE_s)
    walk.click("#drive-evprox1", "Open a drive")
    wait_until(lambda: visitor.shown("[role=slider][aria-label='Time (ms)']"), PATIENCE_s)
    visitor.settle()
    thumb = "[role=slider][aria-label='Time (ms)']"
    walk.point(thumb)
    walk.shot("... and drag its time", 1.2, "drive")
    ActionChains(visitor.browser).click_and_hold(visitor.find(thumb)).perform()
    before = visitor.picture()
    for step in (4, 5):
        ActionChains(visitor.browser).move_by_offset(step, 0).perform()
        wait_until(lambda before=before: visitor.picture() != before, PATIENCE_s)
        before = visitor.picture()
        walk.point(thumb)
        walk.shot("Each change is simulated at once: first with fewer cells (dashed)", 0.8, "coarse")
    ActionChains(visitor.browser).release().perform()
    visitor.settle()
    walk.shot("... then the full column (solid), beside what was kept", 2.5, "compare")


def look(walk: Walk):
    """Look at what else the simulation gives."""
    visitor = walk.visitor
    for tab, words in (
        ("raster", "Which cells fire when"),
        ("rates", "How much they fire, beside what is measured in vivo"),
        ("spectrum", "The spectrum"),
    ):
        walk.click(f"#tab-{tab}")
        wait_until(lambda tab=tab: visitor.picture(f"#figure-{tab}"), PATIENCE_s)
        walk.rest()
        walk.shot(words, 2.0, tab)
    walk.click("#tab-parts")
    wait_until(lambda: visitor.picture("#figure-parts"), 10 * PATIENCE_s)
    walk.rest()
    walk.shot("What each drive pushes up or down", 2.5, "parts")


def fit(walk: Walk):
    """Find drives, take what was found, and save."""
    visitor = walk.visitor
    walk.click("#tab-fit")
    visitor.click(".v-select:has(#fit-method)")
    wait_until(lambda: visitor.shown(".v-overlay--active .v-list-item"), PATIENCE_s)
    items = visitor.browser.find_elements("css selector", ".v-overlay--active .v-list-item")
    next(item for item in items if "no cell fires" in item.text).click()
    wait_until(lambda: not visitor.shown(".v-overlay--active .v-list-item"), PATIENCE_s)
    walk.click("#fit-start", "Let a search find how many drives there are, and when they come")
    wait_until(lambda: visitor.picture("#figure-fit"), PATIENCE_s)
    walk.shot("It can be watched, and stopped at any time", 1.5)
    ended = "const d = document.querySelector('#fit-start'); return d !== null && !d.disabled"
    wait_until(lambda: visitor.browser.execute_script(ended), 10 * PATIENCE_s)
    wait_until(lambda: visitor.shown("#fit-take-0"), PATIENCE_s)
    walk.rest()
    walk.shot("... until it ends: explanations, the most probable first", 2.5, "fit")
    walk.click("#fit-take-0", "Take one into the sliders")
    visitor.settle()
    walk.top()
    walk.shot("It is one change, which Undo takes back", 2.5, "taken")
    walk.click("#to-save")
    wait_until(lambda: visitor.shown("#do-save"), PATIENCE_s)
    visitor.settle()
    walk.click("#do-save", "Save what gives the same numbers again: for mne-hnn run, and as a script")
    wait_until(lambda: visitor.text("#message") and not visitor.shown("#do-save"), PATIENCE_s)
    visitor.settle()
    walk.top()
    walk.shot("Saved", 2.5, "saved")


def main():
    """Walk, and write what was seen."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    command = [sys.executable, "-m", "mne_hnn", "explore", "--no-browser"]
    with tempfile.TemporaryDirectory() as home, serving(command, Path(home)) as served, open_browser() as browser:
        metrics = {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get_log("browser")
        browser.get(served.address)
        walk = Walk(Visitor(browser))
        for part in (begin, drag, look, fit):
            part(walk)
            print(f"{part.__name__}: {len(walk.frames)} frames, errors {walk.visitor.errors()}")
    for name, image in walk.shots.items():
        if folder is not None:
            folder.mkdir(exist_ok=True)
            image.save(folder / f"{name}.png")
        if name in KEPT:
            image.save(here / f"explore_{name}.png", optimize=True)
    walk.save_gif(here / "explore_walk.gif")


if __name__ == "__main__":
    main()
