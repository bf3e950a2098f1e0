"""The report of a group: what its subjects and conditions show together, in one HTML file."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mne
from mne.utils import logger

from .._units import MS
from ..errors import ParameterError
from ..pipeline.page import Markup, Page, drawing, new_report, table
from ..pipeline.posterior_words import named
from ..pipeline.provenance import versions
from ..pipeline.wording import GLOSSARY
from ..viz import plot_fit, plot_group_posterior
from . import figures
from .conclusions import conclusions, regime_words
from .entry import Entry, recording_name
from .findings import GroupFindings
from .influence import level_of
from .pooled_words import DIFFERENCE_HEADER, HOW, MEAN_HEADER, difference_rows, mean_rows, pooled_sentences
from .quantity_words import choose
from .wording import (
    COMPARISON_HEADER,
    DRIVE_HEADER,
    TRUE_HEADER,
    comparison_rows,
    drive_rows,
    failures,
    hanging,
    headline,
    nothing_hangs,
    overview_rows,
    polarity_text,
    scored_in,
)

if TYPE_CHECKING:
    from .alignment import Alignment
    from .comparison import Comparison

__all__ = ["Links", "write_group_report"]

TRUTH_DRAWN = " Crosses: what truly happened; these data were generated."
Links = Mapping[tuple[str, str | None, str | None, str], str]
"""Address of an individual report by subject, session, task and condition."""


def write_group_report(
    path: str | Path,
    findings: GroupFindings,
    *,
    title: str,
    methods: str = "",
    subjects_dir: str | Path | None = None,
    common_subject: str = "fsaverage",
    draw_cortex: bool = True,
    links: Links | None = None,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Write the report of a group as one self-contained HTML file.

    Parameters
    ----------
    path : path-like
        Where to write it; a file that is there is replaced.
    findings : GroupFindings
        Results of all subjects and conditions, their averages and comparison.
    title : str
        Title of the page.
    methods : str
        Methods, as HTML.
    subjects_dir : path-like | None
        FreeSurfer's folder of subjects; None takes that of the first entry that has one.
    common_subject : str
        Surface on which the labels are drawn.
    draw_cortex : bool
        Whether they are drawn.
    links : mapping | None
        Addresses of the individual reports, relative to where the report will be.
    notes : sequence of str
        What a reader should know besides.

    Returns
    -------
    facts : dict
        ``entries``, ``failed``, ``fitted``, ``headline`` (sentences) and ``figures``.

    Examples
    --------
    >>> findings = GroupFindings(entries=entries[:2])
    >>> write_group_report("report.html", findings, title="Touch", draw_cortex=False)["fitted"]
    2
    """
    if not isinstance(findings, GroupFindings):
        raise ParameterError(
            f"findings must be GroupFindings(entries=...), got {type(findings).__name__}: see mne_hnn.group.findings."
        )
    report = new_report(title)
    with drawing():
        page = _GroupPage(report, findings)
        page.overview(notes)
        page.targets()
        page.comparison_section()
        page.pooled()
        page.drives()
        if draw_cortex:
            page.labels(subjects_dir, common_subject)
        page.influence()
        page.subjects(links or {})
        if methods:
            page.text(methods, "What was done, ready to paste", "Methods")
        page.provenance()
    report.save(Path(path), open_browser=False, overwrite=True, verbose="error")
    entries, comparison = findings.entries, findings.comparison
    return {
        "entries": len(entries),
        "failed": sum(entry.status != "ok" for entry in entries),
        "fitted": sum(entry.fit is not None for entry in entries),
        "headline": headline(comparison) if comparison is not None else [],
        "figures": page.figures,
    }


def _paragraphs(sentences: Iterable[str]) -> str:
    return "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)


def _bullets(sentences: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(sentence)}</li>' for sentence in sentences)}</ul>"


class _GroupPage(Page):
    """The sections of a group's report."""

    def __init__(self, report: mne.Report, findings: GroupFindings) -> None:
        super().__init__(report)
        self.findings, self.entries, self.good = findings, findings.entries, findings.good
        self.alignment, self.comparison = findings.alignment, findings.comparison

    def try_to_add(self, draw: Callable[[], Any], title: str, section: str, caption: str) -> None:
        """Add a figure, or say why it cannot be drawn: a report must not fail for one of its figures."""
        try:
            figure = draw()
        except ParameterError as error:
            self.text(_paragraphs([f"Not drawn. {error}"]), title, section)
            return
        self.add(figure, title, section, caption)

    def overview(self, notes: Sequence[str]) -> None:
        """Say what a reader wants to know first."""
        if told := conclusions(self.findings):
            self.text(_paragraphs([" ".join(told)]), "In words", "Summary")
        body = table(overview_rows(self.entries, self.alignment, self.comparison))
        if not self.good:
            word = "There are no results" if not self.entries else "Everything failed"
            body = _paragraphs([f"{word}: there is nothing to average or to compare."]) + body
        self.text(body, "In short", "Summary")
        if failed := failures(self.entries):
            self.text(_bullets(failed), "What failed", "Summary")
        if remarks := [*notes, *(self.comparison.notes if self.comparison is not None else ())]:
            self.text(_bullets(remarks), "What to keep in mind", "Summary")
        self.column("Summary", GLOSSARY)

    def targets(self) -> None:
        """Show the targets and their averages."""
        averages = self.findings.averages
        if not averages:
            return
        caption = "Dipole moment of the patch of cortex. Thin: subjects; thick: mean; band: interval of the mean."
        if self.comparison is not None and self.comparison.waveform is not None:
            caption += " Below: the difference within subjects; a bar marks a cluster of times of which the p is given."
        self.add(
            figures.plot_group_targets(averages, self.comparison, show=False),
            "Targets of all subjects",
            "Group targets",
            caption,
        )

    def comparison_section(self) -> None:
        """Compare two conditions."""
        comparison, section = self.comparison, "Comparison"
        if comparison is None:
            return
        a, b = comparison.contrast
        self.text(_paragraphs(headline(comparison)), f"{a} against {b}, in words", section)
        true = self.findings.true
        if choose(comparison.differences, 1):
            self.add(
                figures.plot_group_parameters(comparison, true, show=False),
                "Spikes and parameters, subject by subject",
                section,
                "Each line is a subject. Bold: different after correction for the number of quantities. What the data "
                "of most subjects do not determine is in the table only." + (TRUTH_DRAWN if true else ""),
            )
        header = [{"{a}": a, "{b}": b}.get(name, name) for name in COMPARISON_HEADER]
        names = {"spikes": "Spikes", "parameter": "Parameters", "target": "Targets", "fit": "Fits"}
        for group, name in names.items():
            rows = [difference for difference in comparison.differences if difference.group == group]
            if rows:
                known = true if any(row.quantity in true for row in rows) else None
                body = table(comparison_rows(rows, known), header if known is None else [*header, TRUE_HEADER])
                self.text(_note(comparison) + body, f"{name}, compared", section)

    def pooled(self) -> None:
        """Show what the posteriors of all subjects say together."""
        found, section = self.findings.pooled, "Pooled over subjects"
        if found is None:
            return
        warned = _paragraphs(["What to keep in mind:"]) + _bullets(named(text, found) for text in found.warnings)
        body = _bullets(pooled_sentences(found)) + _paragraphs([HOW]) + (warned if found.warnings else "")
        self.text(body, "Posteriors of all subjects, in words", section)
        self.add(
            plot_group_posterior(found, show=False),
            "Every subject, alone and once the group is known",
            section,
            "Grey: what a subject's own posterior says; coloured: once the others are known. Last row and dashed: the "
            "group's mean. Bars: 90 %. Shown are numbers that differ between conditions, and those whose mean is known "
            "at least a bit better than expected; all are in the tables.",
        )
        for a, b in combinations(found.conditions, 2):
            words = f"{a} minus {b} (times, ms), or {a} divided by {b} (\N{MULTIPLICATION SIGN}, all else)."
            rows = table(difference_rows(found, a, b), DIFFERENCE_HEADER)
            self.text(_paragraphs([words]) + rows, f"{a} against {b}, with credible intervals", section)
        self.text(table(mean_rows(found), MEAN_HEADER), "Means of the group, and how much subjects differ", section)

    def drives(self) -> None:
        """Show when the drives came."""
        section, structure = "Drives", self.findings.structure
        if structure is not None:
            first = structure.first
            sequence = ", ".join(f"{location} at {mu:.0f} ms" for location, mu in first.sequence)
            self.add(
                plot_fit(first.fit, show=False),
                "Explanation of the average of all subjects",
                section,
                f"It tells what everybody was fitted with: the average is explained {regime_words(first.regime)}, "
                f"with these drives: {sequence}. R² = {first.r_squared:.3f}.",
            )
        rows = list(drive_rows(self.good))
        if not rows:
            return
        self.add(
            figures.plot_group_drives(self.good, self.findings.truths, show=False),
            "Drives of all subjects",
            section,
            "Mean time of each evoked drive, with the interval that holds 90 % of the probability."
            + (TRUTH_DRAWN if self.findings.truths else ""),
        )
        self.text(table(rows, DRIVE_HEADER), "Drives over subjects", section)

    def labels(self, subjects_dir: str | Path | None, common_subject: str) -> None:
        """Show where the subjects' labels lie."""
        labelled = [entry for entry in self.good if entry.label is not None]
        folder = subjects_dir or next(
            (entry.subjects_dir for entry in labelled if entry.subjects_dir is not None), None
        )
        if not labelled or folder is None:
            return
        logger.info("Drawing the cortex ...")
        self.try_to_add(
            lambda: figures.plot_group_labels(labelled, folder, common_subject, show=False),
            f"Labels on {common_subject}",
            "Labels",
            "How many subjects have each place in their label, brought onto one surface by the spherical registration.",
        )

    def influence(self) -> None:
        """Show what each subject does to the comparison."""
        comparison, influences = self.comparison, self.findings.influences
        if comparison is None or not influences:
            return
        self.try_to_add(
            lambda: figures.plot_influence(influences, comparison, show=False),
            "Leaving out one subject",
            "Influence",
            "The difference (or ratio) that is left without each subject, of the quantities that hang on a single one, "
            "and of those with the smallest p.",
        )
        told = hanging(influences, comparison)
        body = _bullets(told) if told else _paragraphs([nothing_hangs(comparison)])
        if told:
            body += _paragraphs([f"The verdict is whether the uncorrected p is below {level_of(comparison):.2g}."])
        self.text(body, "What hangs on one subject", "Influence")

    def subjects(self, links: Links) -> None:
        """List subjects and conditions."""
        section, alignment = "Subjects", self.alignment
        if any(entry.target is not None for entry in self.good):
            self.add(
                figures.plot_group_fits(self.entries, show=False),
                "Target and fit of every subject",
                section,
                f"Moments of a row have one scale. R² is {scored_in(self.good)}.",
            )
        if alignment is not None and self.good:
            self.text(_paragraphs([polarity_text(alignment)]), "Polarity", section)
        if self.entries:
            rows = [_subject_row(entry, alignment, links) for entry in self.entries]
            self.text(table(rows, SUBJECT_HEADER), "Subjects and conditions", section)

    def provenance(self) -> None:
        """Say how to repeat it."""
        section = "Provenance"
        rows = [
            (recording_name(entry), entry.condition, Markup(f"<code>{html.escape(str(entry.sidecar))}</code>"))
            for entry in self.entries
            if entry.sidecar is not None
        ]
        if rows:
            how = (
                "<p>Each sidecar names options, input files with their hashes, versions and seeds of a fit. "
                "<code>mne-hnn rerun SIDECAR</code> repeats the step and compares what comes out, byte by byte.</p>"
            )
            self.text(how + table(rows, ("Subject", "Condition", "Sidecar")), "How to repeat the fits", section)
        self.text(table(versions().items(), ("Software", "Version")), "Versions", section)


SUBJECT_HEADER = (
    "Subject",
    "Condition",
    "State",
    "Epochs",
    "Largest deflection",
    "R²",
    "Columns",
    "Sensors explained",
    "Sign",
    "Anatomy",
    "Report",
)


def _note(comparison: Comparison) -> str:
    a, b = comparison.contrast
    words = (
        f"Means over subjects (geometric where the ratio is given), {a} minus {b} or {a} divided by {b} "
        f"(\N{MULTIPLICATION SIGN}) with the {100 * comparison.confidence:g}\N{NO-BREAK SPACE}% "
        "interval, p by permutation of signs, uncorrected and corrected by Holm, "
        "effect size (mean over SD of the differences), subjects, how many of them share the sign, and in how many "
        "the data determine it. What they do not determine in most subjects, and what cannot differ within a person, "
        "is not tested and does not count in the correction."
    )
    return _paragraphs([words])


def _subject_row(entry: Entry, alignment: Alignment | None, links: Links) -> tuple[Any, ...]:
    href = links.get((entry.subject, entry.session, entry.task, entry.condition))
    link = Markup(f'<a href="{html.escape(href, quote=True)}">report</a>') if href else ""
    state = "ok" if entry.status == "ok" else f"failed at {entry.step}"
    if entry.status == "ok" and entry.fit is None:
        state = "not fitted"
    return (
        recording_name(entry),
        entry.condition,
        state,
        "" if entry.n_epochs is None else entry.n_epochs,
        _deflection(entry),
        "" if entry.fit is None else f"{entry.fit.r_squared:.3f}",
        "" if entry.fit is None else f"{entry.fit.scale:,.0f}",
        ", ".join(f"{kind} {share:.0%}" for kind, share in entry.explained.items()),
        _sign(entry, alignment),
        "" if entry.fs_subject is None else f"scaled {entry.template}" if entry.template else entry.fs_subject,
        link,
    )


def _deflection(entry: Entry) -> str:
    if entry.target is None:
        return ""
    values, arbitrary = entry.target["agg"], entry.target.provenance.get("unit", "A m") != "A m"
    at = int(abs(values).argmax())
    size = f"{values[at]:+.3g}" if arbitrary else f"{values[at] * 1e9:+.3g} nAm"
    return f"{size} at {entry.target.times[at] / MS:.0f} ms".replace("-", "\N{MINUS SIGN}")


def _sign(entry: Entry, alignment: Alignment | None) -> str:
    if alignment is None or entry.target is None:
        return ""
    words = ["turned over"] if entry.recording in alignment.turned else []
    words += ["in doubt"] if entry.recording in alignment.doubtful else []
    return ", ".join(words) or "agrees"
