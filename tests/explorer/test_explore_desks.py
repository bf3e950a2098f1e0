"""What the page does where it is no picture: a fit, contributions, files; without a browser."""

import time
from types import SimpleNamespace

import pytest

from mne_hnn import simulate
from mne_hnn.errors import MneHnnError
from mne_hnn.explorer.files import Folders
from mne_hnn.explorer.page import Page
from mne_hnn.explorer.session import Session
from mne_hnn.explorer.state import ExploreState
from mne_hnn.io import read_network
from mne_hnn.network import jones_2009

PATIENCE_s = 100.0
TIME = "drives.evprox1.mu_ms"


class Variables:
    """Variables of a page that nobody looks at."""

    def update(self, values):
        self.__dict__.update(values)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class BarePage(Page):
    """A page that does everything at once, in whatever thread."""

    def later(self, function, *arguments):
        function(*arguments)

    def work(self, words, work, then):
        def act():
            then(work())

        if self.attempt(act):
            self.refresh()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    network = jones_2009((1, 1)).with_evoked_drive(
        "evprox1",
        mu_ms=18.0,
        sigma_ms=1.0,
        location="proximal",
        weights_ampa={"L2_pyramidal": 2e-3, "L5_pyramidal": 1e-3},
    )
    target = simulate.simulate(network, tstop=40.0).dipole.smooth(20.0).scale(50.0)
    state = ExploreState(network=network).with_target(target).with_drive("evprox1", mu_ms=14.0)
    ready = SimpleNamespace(add=lambda function: None)
    server = SimpleNamespace(state=Variables(), controller=SimpleNamespace(on_server_ready=ready))
    made = BarePage(server, Session(state, n_jobs=1), Folders(tmp_path_factory.mktemp("home")), "test")
    made.session.wait(PATIENCE_s)
    yield made
    made.close()


def until(true):
    end = time.monotonic() + PATIENCE_s
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_a_fit_is_taken_as_one_change(page):
    before = page.session.state
    page.fits.take()
    assert "nothing to take yet" in page.data.failure
    page.show_tab("fit")
    page.fits.choose_kind("evprox1", "spreads", False)
    assert page.data.fit_count == 1
    page.data.fit_budget = "14"
    page.fits.start()
    assert page.data.failure == ""
    page.fits.start()
    assert "is running" in page.data.failure
    assert page.fits.job.wait(PATIENCE_s).status == "done", page.data.fit_words
    assert until(lambda: page.data.fit_words.startswith("Done: ") and page.data.image_fit)
    assert page.data.fit_has
    assert not page.data.fit_running
    page.fits.take()
    found = page.session.state
    assert found.network.drives["evprox1"].mu_ms == pytest.approx(18.0, abs=1.0)
    (span,) = page.session.spans[found.network.digest]
    assert span.low_ms < found.network.drives["evprox1"].mu_ms < span.high_ms
    page.undo()
    assert page.session.state == before


def test_a_fit_is_stopped(page):
    page.data.fit_budget = "100000"
    page.fits.start()
    assert until(lambda: page.fits.job.best is not None)
    page.fits.stop()
    assert page.fits.job.wait(PATIENCE_s).status == "stopped"
    assert until(lambda: page.data.fit_words.startswith("Stopped: "))


def test_what_cannot_be_fitted_is_said(page):
    page.data.fit_budget = "many"
    page.fits.start()
    assert "Networks to try needs a number" in page.data.failure
    page.data.fit_budget = "5"
    page.fits.choose_one(TIME, False)
    page.fits.start()
    assert "Nothing is free" in page.data.failure
    page.fits.choose_one(TIME, True)


def test_contributions_follow_the_simulation(page):
    page.session.wait(PATIENCE_s)
    page.show_tab("parts")
    assert until(lambda: page.data.image_parts and not page.data.parts_old), page.data.parts_words
    first = page.data.image_parts
    page.change(lambda state: state.with_drive("evprox1", mu_ms=25.0))
    assert page.data.parts_old
    assert until(lambda: not page.data.parts_old), page.data.parts_words
    assert page.data.image_parts != first
    page.undo()
    assert until(lambda: page.data.image_parts == first)
    page.parts.show("cells")
    assert until(lambda: page.data.image_parts != first and not page.data.parts_old), page.data.parts_words
    page.change(lambda state: state.without_drive("evprox1"))
    assert until(lambda: "at least one drive" in page.data.parts_words)
    assert not page.data.image_parts
    page.undo()
    page.show_tab("drives")
    assert page.data.parts_old  # nobody looks at them


def test_one_thing_is_saved_and_opened(page):
    page.session.wait(PATIENCE_s)
    page.files.show_dialog("single")
    page.files.name_single("network")
    assert page.data.single_name == "network.json"
    page.files.save_single("network", "network.json", False)
    path = page.folders.home / "network.json"
    assert page.data.message == f"Saved as {path}."
    assert read_network(path) == page.session.state.network
    page.files.name_single("network")
    assert page.data.single_name == "network-2.json"
    page.files.save_single("network", "network.json", False)
    assert "network.json" in page.data.failure
    page.files.save_single("network", "../outside.json", False)
    assert "is not inside" in page.data.failure
    assert not (page.folders.home.parent / "outside.json").exists()
    target = page.session.state.target
    page.change(lambda state: state.with_drive("evprox1", mu_ms=11.0))
    page.files.open("network.json", "column")
    assert page.session.state.network == read_network(path)
    assert page.session.state.target is target
    page.undo()
    assert page.session.state.network.drives["evprox1"].mu_ms == 11.0
    with pytest.raises(MneHnnError):
        page.folders.existing("outside.json")
