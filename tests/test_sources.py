"""Where formulas and numbers come from is said, with a DOI wherever there is one."""

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mne_hnn"
CITED = re.compile(
    r"([A-ZÄÖÜ][\w'-]+)(?:(?:, [A-Z][\w'-]+)* (?:and|&) [A-ZÄÖÜ][\w'-]+| et al\.)?,? \(?((?:19|20)\d\d)\b"
)
"""Author and year, as in `Jones et al. 2009`, `Kass and Raftery (1995` or `Golub, Heath and Wahba 1979`."""
DOI = re.compile(r"\)?[,:]? \(?(?:https://doi\.org/|doi:)10\.\d{4,}/")
NO_DOI = {
    ("Okabe", "2008"),  # a page
    ("Pascual-Marqui", "2002"),
    ("Pennefather", "1990"),  # an abstract
    ("Scherg", "1990"),  # a chapter
}
"""What has none."""
METHODS = (
    "aperiodic.py",
    "fit/annealing.py",
    "fit/below_threshold.py",
    "fit/circuit_prior.py",
    "fit/conclude.py",
    "fit/emulator.py",
    "fit/ensemble.py",
    "fit/evidence.py",
    "fit/likely_members.py",
    "fit/observation.py",
    "fit/optimizers.py",
    "fit/sequence.py",
    "group/comparison.py",
    "group/waveform.py",
    "inference/cooling.py",
    "inference/draws.py",
    "inference/log_scores.py",
    "inference/waveform_likelihood.py",
    "lfp.py",
    "network/channels.py",
    "network/connections.py",
    "network/density.py",
    "network/sections.py",
    "network/synapses.py",
    "simulate/cell.py",
    "simulate/extracellular.py",
    "simulate/kernel/cells.py",
    "simulate/temperature.py",
    "source/inverse.py",
    "source/localisation.py",
    "source/patch.py",
    "source/whitening.py",
    "spectra.py",
    "time_frequency.py",
)
"""Files with formulas of the model, and of methods that others have published."""


def citations(text):
    """Return all that a text cites, and what of it has its DOI behind it at least once."""
    text = re.sub(r"[\s\"#]+", " ", text)  # lines of docstrings, comments and strings
    cited = {found.groups(): False for found in CITED.finditer(text)}
    for found in CITED.finditer(text):
        cited[found.groups()] |= DOI.match(text, found.end()) is not None
    return cited


def test_every_paper_that_is_cited_has_its_doi():
    """In one place at least; ``pipeline/methods/references.py`` has whole references."""
    cited = {}
    for path in PACKAGE.rglob("*.py"):
        if path.name != "references.py":
            for paper, has_doi in citations(path.read_text(encoding="utf-8")).items():
                cited[paper] = cited.get(paper, False) or has_doi
    assert len(cited) > 60
    assert {paper for paper, has_doi in cited.items() if not has_doi} == NO_DOI


@pytest.mark.parametrize("name", METHODS)
def test_files_with_formulas_name_their_source(name):
    assert re.search(r"(?:https://doi\.org/|doi:)10\.\d{4,}/", (PACKAGE / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rates (Jones et al. 2009, https://doi.org/10.1152/jn.00535.2009)", {("Jones", "2009"): True}),
        ("Kass and Raftery (1995,\n    https://doi.org/10.1080/0)", {("Kass", "1995"): True}),
        ('"Golub, Heath and Wahba 1979, "\n  "doi:10.1080/0"', {("Golub", "1979"): True}),
        ("Jones et al. 2009; Smith 2010, doi:10.1080/0", {("Jones", "2009"): False, ("Smith", "2010"): True}),
        ("120 stimuli in 2009", {}),
    ],
)
def test_citations_are_seen(text, expected):
    assert citations(text) == expected
