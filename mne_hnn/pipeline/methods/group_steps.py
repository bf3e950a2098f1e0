"""Sentences on what was done with many analyses together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._checks import check_name
from .collected import Collected, listing, number
from .references import cite

__all__ = ["GROUP_KEYS", "group"]

GROUP_KEYS = (
    "contrast",
    "n_resamples",
    "confidence",
    "seed",
    "n_subjects",
    "n_failed",
    "template_subjects",
    "fit_structure",
    "pooled",
)


def group(facts: Mapping[str, Any], analyses: Collected) -> Iterator[str]:
    """Yield what was done with the group; see :func:`mne_hnn.pipeline.methods.methods_text`."""
    for name in facts:
        check_name(name, GROUP_KEYS, "fact", where="of the group")
    yield from _subjects(facts)
    yield "The signs of the targets were aligned between recordings, and the targets averaged."
    given = analyses.one(lambda run: run.settings.get("sequence"))
    if given is not None and facts.get("fit_structure") not in (None, False, "individual"):
        yield (
            "The average target of the group was explained once; whether cells fire in it, and its sequence of drives, "
            "were given to all fits, so that each parameter means the same in everybody."
        )
    if analyses.known(lambda run: run.settings.get("columns")):
        yield (
            "The number of columns, which cannot differ within a person, was fitted to one condition of a recording "
            "and kept in the others."
        )
    yield from _contrast(facts)
    if facts.get("pooled"):
        yield (
            "The subjects' posteriors were pooled partially, number by number: each was normal over subjects (all but "
            "times by their logarithms), with a mean per condition, a part that the conditions of a subject share and "
            "one that they do not, and a subject's posterior over its prior stood for the likelihood of its response "
            f"{cite('hogg2010')}. Intervals of group means and of differences are credible intervals."
        )


def _subjects(facts: Mapping[str, Any]) -> Iterator[str]:
    if (count := facts.get("n_subjects")) is not None:
        yield f"The group had {number(count)} subjects."
    if failed := facts.get("n_failed"):
        yield f"{number(failed)} of them could not be analysed and {'was' if failed == 1 else 'were'} left out."
    named = facts.get("template_subjects")
    count = len(named) if isinstance(named, Sequence) else named
    if count:
        yield (
            f"{number(count)} had no MRI: the surfaces of a template were scaled to "
            f"{'its' if count == 1 else 'their'} digitised head points."
        )


def _contrast(facts: Mapping[str, Any]) -> Iterator[str]:
    contrast = facts.get("contrast")
    if not contrast:
        return
    names = listing([repr(str(condition)) for condition in contrast])
    n, seed = facts.get("n_resamples"), facts.get("seed")
    resamples = "" if n is None else f" ({number(n)} resamples{'' if seed is None else f', seed {number(seed)}'})"
    share = facts.get("confidence")
    interval = "confidence intervals" if share is None else f"{number(100 * share)} % confidence intervals"
    yield (
        f"The conditions {names} were compared within subjects: the mean differences of the parameters have {interval} "
        f"by the bootstrap over subjects (with fewer than 15, at least as wide as Student's t), and p values "
        f"by permutation of the signs of the differences{resamples} "
        f"{cite('nichols2002')}."
    )
    yield f"The targets were compared at all times by a cluster-based permutation test {cite('maris2007')}."
    yield "How far the results rest on single subjects was judged by leaving out one subject at a time."
