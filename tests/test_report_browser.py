"""The look at a page finds what is wrong with it, and nothing where nothing is."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import mne
import pytest
from report_browser import check_page

mpl.use("agg")

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"


def _page(path, head="", body=""):
    filler = "<div style='height: 3000px'></div>"
    path.write_text(
        f"<!doctype html><html><head><meta charset='utf-8'><title>page</title>{head}</head><body>"
        f"<a href='#end'>to the end</a>{filler}<h2 id='end'>end</h2>{filler}{body}</body></html>"
    )
    return path


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of MNE with two figures, one of them in a collapsed section."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    one = mne.Report(title="Two figures", verbose="error")
    for name in ("first", "second"):
        fig, axes = plt.subplots()
        axes.plot([0, 1], [1, 0])
        one.add_figure(fig, title=f"The {name} figure", section="Figures")
        plt.close(fig)
    one.add_html("<p>words</p>" * 40, title="Words")
    one.save(path, open_browser=False, verbose="error")
    return path


def test_report_of_mne_is_fine(report, tmp_path):
    result = check_page(report)
    assert result.ok, result
    assert result.title == "Two figures"
    assert result.n_images == result.n_loaded >= 2
    # the table of contents first, then the headings
    assert result.links[:2] == ["Figures", "Words"]
    assert {"Figures-The_first_figure", "Figures-The_second_figure"} < set(result.links)
    assert result.save_screenshot(tmp_path / "page.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_sound_page(tmp_path):
    result = check_page(_page(tmp_path / "page.html", body=f"<details><img src='{PIXEL}' alt='dot'></details>"))
    assert result.ok, result
    assert (result.n_images, result.n_loaded, result.links) == (1, 1, ["end"])


def test_script_error_is_found(tmp_path):
    result = check_page(_page(tmp_path / "page.html", head="<script>undefinedFunction();</script>"))
    assert not result.ok
    assert any("undefinedFunction" in error for error in result.errors)


def test_missing_image_is_found_in_a_collapsed_part(tmp_path):
    body = f"<details><img src='missing.png' alt='gone' loading='lazy'></details><img src='{PIXEL}' alt='dot'>"
    result = check_page(_page(tmp_path / "page.html", body=body))
    assert (result.n_images, result.n_loaded, result.broken_images) == (2, 1, ["gone"])
    assert [url.rsplit("/", 1)[1] for url in result.requests] == ["missing.png"]
    assert not result.ok


def test_links_that_lead_nowhere_are_found(tmp_path):
    body = (
        "<a href='#nothing'>a</a><a href='#hidden'>b</a><p id='hidden' style='display: none'>c</p>"
        "<a href='#blocked' onclick='return false'>d</a><p id='blocked'>e</p><div style='height: 3000px'></div>"
    )
    result = check_page(_page(tmp_path / "page.html", body=body))
    assert result.links == ["end", "nothing", "hidden", "blocked"]
    assert result.dead_links == ["nothing", "hidden", "blocked"]


def test_request_to_another_host_is_found(tmp_path):
    # the port is closed: the request is what counts, not its answer
    result = check_page(_page(tmp_path / "page.html", head="<script src='http://127.0.0.1:9/lib.js'></script>"))
    assert result.requests == ["http://127.0.0.1:9/lib.js"]
    assert not result.ok


def test_link_of_a_report_that_lost_its_target_is_found(report, tmp_path):
    broken = tmp_path / "broken.html"
    broken.write_text(report.read_text(encoding="utf-8").replace('id="Words"', 'id="Other"'), encoding="utf-8")
    result = check_page(broken)
    assert set(result.dead_links) == {"Words"}
