"""The report of a group: what it says in words and numbers, whatever went wrong, and in a browser."""

import html
import re
from dataclasses import fields, replace

import matplotlib as mpl
import numpy as np
import pytest
from group_data import (
    ALIGNMENT,
    CONDITIONS,
    ERROR,
    SUBJECTS,
    make_averages,
    make_comparison,
    make_difference,
    make_entries,
    make_entry,
    make_influences,
)
from report_browser import check_page

from mne_hnn.group.alignment import Alignment
from mne_hnn.group.entry import Entry
from mne_hnn.group.findings import GroupFindings
from mne_hnn.group.report import write_group_report
from mne_hnn.group.wording import comparison_rows, drive_rows, failures, headline, overview_rows

mpl.use("agg")

LINKS = {("01", None, "touch", "early"): "sub-01/sub-01_task-touch_cond-early_report.html"}
NOBODY = Alignment(signs={}, correlations={}, turned=(), doubtful=())


def _written(path, **changes):
    comparison = make_comparison()
    given = {
        "title": "Touch: group", "entries": make_entries(), "alignment": ALIGNMENT, "averages": make_averages(),
        "comparison": comparison, "influences": make_influences(comparison), "links": LINKS,
        "methods": "<h4>Methods of the test</h4>", "draw_cortex": False, **changes,
    }  # fmt: skip
    found = {field.name: given.pop(field.name) for field in fields(GroupFindings) if field.name in given}
    facts = write_group_report(path, GroupFindings(**found), **given)
    return facts, path.read_text(encoding="utf-8")


def _words(page):
    """Return the text of the page without its scripts, styles and images."""
    body = re.sub(r"(?s)<(script|style).*?</\1>", " ", page[page.index("<body") :])
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("group") / "group_report.html"
    return path, *_written(path)


# words -----------------------------------------------------------------------------------------------------


def test_headline_says_what_differs_and_what_does_not():
    sentences = headline(make_comparison())
    assert sentences[0].startswith("Different: evdist1 time \N{MINUS SIGN}10 ms (")
    assert "evprox1 AMPA L2 pyramidal" in sentences[1]
    assert "peak" in sentences[1]
    assert "R²" not in " ".join(sentences)  # how well it fits is no finding
    assert sentences[2] == "The targets differ in clusters of times: 30 to 40 ms (p = 0.004)."


def test_headline_without_a_difference():
    differences = tuple(replace(one, p_holm=0.5) for one in make_comparison().differences)
    sentences = headline(make_comparison(differences=differences, waveform=None))
    assert len(sentences) == 1
    assert sentences[0].startswith("No difference of 3 quantities is certain once corrected")
    assert "Clearest is evdist1 time" in sentences[0]
    assert sentences[0].endswith("p = 0.01 uncorrected, the same sign in 5 of 5 subjects.")
    assert headline(make_comparison(differences=(), waveform=None)) == ["There was nothing to compare."]


def test_rows_of_the_comparison_have_units_that_are_read():
    rows = list(comparison_rows(make_comparison().differences))
    assert rows[0][0] == "evdist1 time (ms)"
    assert rows[0][1:3] == ("31", "41")
    assert rows[2][:3] == ("peak (nAm)", "3", "3")
    assert rows[2][3].startswith("0 nAm (")
    assert rows[2][6] == "0.00"
    one = make_difference("x", [1.0, 2.0], [1.0, 2.0], unit="", p=np.nan, p_holm=0.0002)
    assert next(comparison_rows([one]))[4:6] == ("\N{EN DASH}", "< 0.001")


def test_failures_are_told_once_for_all_conditions():
    assert failures(make_entries()) == [f"sub-06 task-touch failed at load: {ERROR}"]
    some = [make_entry("01", "early"), replace(make_entries()[-1], subject="01", session="b")]
    assert failures(some) == [f"sub-01 ses-b task-touch, late failed at load: {ERROR}"]


def test_overview_counts():
    rows = dict(overview_rows(make_entries(), ALIGNMENT, None))
    assert rows["Subjects"].startswith("6: sub-01, ")
    assert rows["Fits"] == "10 of 12 (subjects by conditions) fitted; 2 failed"
    assert rows["Without an MRI"] == "sub-05 (scaled fsaverage)"
    assert rows["Epochs averaged"] == "60"
    assert rows["Polarity"] == (
        "Turned over to agree with the others: sub-02. Hardly like the others, so that the sign is in doubt: sub-05 "
        "(r = 0.25)."
    )
    assert rows["R² in trials that the search has not seen"] == "median 0.920, 0.900 to 0.940"


def test_drives_over_subjects():
    rows = [row for row in drive_rows(make_entries()) if row[1] == "evdist1"]
    spread = f"{np.std([0, 0.5, 1, 1.5, 2], ddof=1):.1f}"
    assert rows == [
        ("early", "evdist1", "distal", "5", "31.0", spread, "30.0 to 32.0"),
        ("late", "evdist1", "distal", "5", "41.0", spread, "40.0 to 42.0"),
    ]


# the page --------------------------------------------------------------------------------------------------


def test_page_holds_every_section(whole):
    _, facts, page = whole
    words = _words(page)
    assert (facts["entries"], facts["failed"], facts["fitted"], facts["figures"]) == (12, 2, 10, 5)
    assert facts["headline"] == headline(make_comparison())
    for name in ("Summary", "Group targets", "Comparison", "Drives", "Influence", "Subjects", "Methods", "Provenance"):
        assert f'id="{name.replace(" ", "_")}' in page, name
    assert "Methods of the test" in words
    assert f"failed at load: {ERROR}" in words
    assert "<sub-06_meg.fif>" not in page  # escaped
    assert "With 5 subjects no p is below 1/16 & that is a note." in words
    assert "evdist1 time: the verdict changes without sub-03." in words
    assert '<a href="sub-01/sub-01_task-touch_cond-early_report.html">report</a>' in page
    assert page.count(">report</a>") == 1
    assert "scaled fsaverage" in words


def test_page_in_a_browser(whole):
    path, facts, _ = whole
    result = check_page(path)
    assert result.ok, result
    assert result.title == "Touch: group"
    assert result.n_loaded >= facts["figures"]


def test_sidecars_tell_how_to_repeat(tmp_path):
    entries = [make_entry("01", "early", sidecar=tmp_path / "a & b" / "fit.json")]
    _, page = _written(tmp_path / "r.html", entries=entries, comparison=None, influences=())
    assert "mne-hnn rerun SIDECAR" in page
    assert f"<code>{html.escape(str(tmp_path / 'a & b' / 'fit.json'))}</code>" in page


def test_one_condition(tmp_path):
    facts, page = _written(
        tmp_path / "r.html", entries=make_entries(("early",)), averages=make_averages(("early",)), comparison=None,
        influences=(),
    )  # fmt: skip
    assert facts["headline"] == []
    assert (facts["entries"], facts["figures"]) == (6, 3)
    assert "against" not in _words(page)


def test_one_subject(tmp_path):
    facts, page = _written(
        tmp_path / "r.html", entries=[make_entry("01", one) for one in CONDITIONS], alignment=NOBODY,
        averages=make_averages(subjects=("01",)), comparison=None, influences=(), notes=["Too <few> subjects."],
    )  # fmt: skip
    assert facts["figures"] == 3
    assert "Too <few> subjects." in _words(page)
    assert "There is one recording only, and so nothing to compare its sign with" in _words(page)


@pytest.mark.parametrize("n_failed", [0, 2])
def test_everything_failed(tmp_path, n_failed):
    entries = make_entries()[-2:][:n_failed]
    facts, page = _written(
        tmp_path / "r.html", entries=entries, alignment=None, averages={}, comparison=None, influences=(), methods=""
    )
    words = _words(page)
    assert facts["figures"] == 0
    assert ("Everything failed" if entries else "There are no results") in words
    assert (ERROR in words) == bool(entries)


def test_targets_without_fits(tmp_path):
    entries = [replace(one, fit=None) for one in make_entries()]
    target = tuple(one for one in make_comparison().differences if one.group == "target")
    comparison = make_comparison(differences=target)
    facts, page = _written(
        tmp_path / "r.html", entries=entries, comparison=comparison, influences=make_influences(comparison)
    )
    assert (facts["fitted"], facts["figures"]) == (0, 3)
    assert "0 of 12 (subjects by conditions) fitted; 10 with a target only; 2 failed" in _words(page)


def test_sessions_that_differ_and_names_of_any_script(tmp_path):
    names = ("früh $x$ <i>", "遅い & später")
    entries = [
        replace(make_entry("01", CONDITIONS[k]), condition=names[k], session=session)
        for k, session in ((0, "a"), (1, "a"), (0, "b"))
    ]  # fmt: skip
    averages = {name: replace(one, condition=name) for name, one in zip(names, make_averages().values(), strict=True)}
    comparison = make_comparison(contrast=names)
    facts, page = _written(
        tmp_path / "r.html", title="Größe <b>", entries=entries, averages=averages, comparison=comparison,
        influences=make_influences(comparison),
    )  # fmt: skip
    words = _words(page)
    assert facts["figures"] == 5
    assert "sub-01 ses-b" in words
    assert all(name in words for name in names)
    assert "<i>" not in page[page.index("<body") :].replace("<i></i>", "")
    assert "<title>Größe &lt;b&gt;</title>" in page


def test_labels_that_cannot_be_drawn_are_said(tmp_path):
    import mne

    folder = tmp_path / "subjects"
    folder.mkdir()
    label = mne.Label([1, 2, 3], hemi="lh", name="x-lh", subject="sub-01", verbose="error")
    entries = [make_entry(one, "early", label=label, subjects_dir=folder) for one in SUBJECTS]
    _, page = _written(
        tmp_path / "r.html", entries=entries, averages=make_averages(("early",)), comparison=None, influences=(),
        draw_cortex=True,
    )  # fmt: skip
    assert "Not drawn." in _words(page)
    assert "lh.white" in _words(page)


def test_entry_of_nothing(tmp_path):
    """What ended well but left no target is listed, and stops nothing."""
    facts, page = _written(
        tmp_path / "r.html", entries=[Entry(subject="01", condition="early")], alignment=NOBODY, averages={},
        comparison=None, influences=(),
    )  # fmt: skip
    assert facts["figures"] == 0
    assert "not fitted" in _words(page)
