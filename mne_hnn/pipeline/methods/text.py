"""The written account: paragraphs with citations and their references, as text, Markdown or HTML."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import ParameterError
from .collected import Collected, Sidecars
from .group_steps import group as group_sentences
from .model_steps import fit, model, sensors
from .posterior_steps import posterior
from .read_steps import read_target
from .references import REFERENCES, Reference
from .source_steps import recording, source

__all__ = ["Methods", "methods_text"]

_CITATION = re.compile(r" ?\[@([a-z0-9;]+)\]")
_STEPS = {
    "Recording": (("load",), recording),
    "Source": (("load", "inverse", "target"), source),
    "Target": (("read target",), read_target),
    "Model": (("simulate", "fit"), model),
    "Fit": (("simulate", "fit"), fit),
    "Sensors": (("sensors",), sensors),
    "Posterior": (("posterior",), posterior),
}


@dataclass(frozen=True, kw_only=True)
class Methods:
    """What was done, in plain English.

    Attributes
    ----------
    paragraphs : mapping of str to str
        Text by heading; citations are marks such as ``[@jones2009]``.
    """

    paragraphs: Mapping[str, str]

    @property
    def references(self) -> tuple[Reference, ...]:
        """The references that are cited, by name."""
        keys = {
            key
            for text in self.paragraphs.values()
            for mark in _CITATION.findall(text)
            for key in mark.split(";")
            if key in REFERENCES
        }
        return tuple(sorted((REFERENCES[key] for key in keys), key=lambda reference: _sorted_as(reference.listed)))

    @property
    def text(self) -> str:
        """Plain text with a list of references."""
        body = [_cite(text, lambda reference: reference.cited) for text in self.paragraphs.values()]
        return "\n\n".join([*body, "References", "\n".join(map(str, self.references))]) + "\n"

    @property
    def markdown(self) -> str:
        """Markdown with a heading per paragraph and a list of references."""
        body = [
            f"### {heading}\n\n{_cite(_plain_markdown(text), lambda reference: reference.cited)}"
            for heading, text in self.paragraphs.items()
        ]
        listed = "\n".join(
            f"* {reference.listed}"
            + ("" if reference.doi is None else f" [doi:{reference.doi}](https://doi.org/{reference.doi})")
            for reference in self.references
        )
        return "\n\n".join([*body, f"### References\n\n{listed}"]) + "\n"

    @property
    def html(self) -> str:
        """A fragment of HTML: paragraphs and a list of references."""
        body = [
            f"<h4>{html.escape(heading)}</h4>"
            f"<p>{_cite(html.escape(text), lambda reference: html.escape(reference.cited))}</p>"
            for heading, text in self.paragraphs.items()
        ]
        listed = "".join(f"<li>{_link(reference)}</li>" for reference in self.references)
        return "".join([*body, f"<h4>References</h4><ul>{listed}</ul>"])

    def __str__(self) -> str:
        return self.text


def methods_text(sidecars: Sidecars | Sequence[Sidecars], *, group: Mapping[str, Any] | None = None) -> Methods:
    """Write what was done, from the sidecars of an analysis: only what was done, with the numbers that were used.

    Parameters
    ----------
    sidecars : mapping of str to mapping | sequence of these
        The sidecars of one analysis (or of each of several) by name of the stage: ``load``, ``inverse``, ``target``,
        ``simulate``, ``fit``, ``sensors``, ``posterior``. Steps whose sidecars are missing are not spoken of, such as
        those of sensors where the target was read from a file. Values that differ between analyses are given as ranges.
    group : mapping | None
        What was done with all of them: ``contrast`` (two conditions), ``n_resamples``, ``confidence``, ``seed``,
        ``n_subjects``, ``n_failed``, ``template_subjects`` (a number, or their names), ``fit_structure``
        (``'individual'``, or a word for a sequence of drives that comes from the average of the group), ``pooled``
        (whether posteriors were). All may be left out.

    Returns
    -------
    methods : Methods
        Paragraphs and references, as text, Markdown or HTML.

    Raises
    ------
    ParameterError
        There are no sidecars, or a fact of the group is not known.
    """
    sets = [sidecars] if isinstance(sidecars, Mapping) else list(sidecars)
    if not sets or not all(sets):
        raise ParameterError("There are no sidecars to write a methods section from: run the analysis first.")
    facts = Collected(sets)
    paragraphs = {
        heading: " ".join(sentences(facts)) for heading, (stages, sentences) in _STEPS.items() if facts.have(stages)
    }
    if group is not None:
        paragraphs["Group"] = " ".join(group_sentences(group, facts))
    return Methods(paragraphs={heading: text for heading, text in paragraphs.items() if text})


def _cite(text: str, shown: Callable[[Reference], str]) -> str:
    """Replace the marks of known references; what only looks like one is the user's own text."""

    def replaced(match: re.Match[str]) -> str:
        keys = match.group(1).split(";")
        if not all(key in REFERENCES for key in keys):
            return match.group(0)
        return f" ({'; '.join(shown(REFERENCES[key]) for key in keys)})"

    return _CITATION.sub(replaced, text)


def _sorted_as(text: str) -> str:
    """Return a text as it is sorted: Hämäläinen before Hines."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()


def _plain_markdown(text: str) -> str:
    """Escape what Markdown would take as markup, such as the underscores of names."""
    return re.sub(r"([\\`*_<>])", r"\\\1", text)


def _link(reference: Reference) -> str:
    listed = html.escape(reference.listed)
    if reference.doi is None:
        return listed
    doi = html.escape(reference.doi, quote=True)
    return f'{listed} <a href="https://doi.org/{doi}">doi:{doi}</a>'
