"""Sentences on the amortised estimators that drew posteriors: how they were trained, and how far they are trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..facts import EstimatorFacts
from .collected import Analysis, Collected, StepMissingError, listing, span
from .references import cite

__all__ = ["each_trained", "trained"]

KERNELS = "kernels of the column in which no cell fires"


def trained(facts: Collected) -> Iterator[str]:
    """Yield how the estimator was trained that drew, and how far it is to be trusted."""
    trials = facts.said(lambda run: _estimator(run).trials or None)
    learned = f"{trials} simulated trials" if trials else KERNELS
    yield (
        f"The estimator ({facts.names(lambda run: _estimator(run).file)}), a masked autoregressive flow "
        f"{cite('papamakarios2017')} of sbi {cite('tejero2020')}, had learned from {learned} which circuits of the "
        "prior go with which response; nothing was simulated for a response."
    )
    truths = facts.said(lambda run: _estimator(run).truths or None)
    if truths:
        half = facts.said(lambda run: _estimator(run).half, factor=100.0)
        most = facts.said(lambda run: _estimator(run).most, factor=100.0)
        yield (
            f"Of {truths} circuits that it never saw, {half} % of the numbers lay inside the intervals of 50 % of its "
            f"own draws, and {most} % inside those of 90 %."
        )
    planted = facts.said(lambda run: _estimator(run).planted or None)
    yield (
        f"The coverage of intervals of such estimators has been tested with {planted} planted truths, from source "
        "waveforms."
        if planted
        else "The coverage of intervals of such estimators has not been tested where no cell fires, from "
        "source waveforms."
    )


def _estimator(run: Analysis) -> EstimatorFacts:
    """Return the estimator that drew; an analysis without one is taken as one that has no such step."""
    found = run.posterior.facts.estimator
    if found is None:
        raise StepMissingError("posterior_estimator")
    return found


def each_trained(facts: Collected) -> Iterator[str]:
    """Yield which posteriors each of several estimators drew, how it was trained, and how far all are to be trusted."""
    yield (
        f"The estimators, masked autoregressive flows {cite('papamakarios2017')} of sbi {cite('tejero2020')}, had "
        "learned which circuits of the prior go with which response; nothing was simulated for a response."
    )
    kinds = _by_purpose(facts)
    for (regime, sides), drew in kinds.items():
        estimators = [estimator for _, estimator, _ in drew]
        trials = span([one.trials for one in estimators if one.trials])
        doing = "fire" if regime == "spiking" else "do not fire"
        yield (
            f"Of columns whose cells {doing}, with drives {', '.join(sides)}, {_drawn(facts, drew)} by "
            f"{listing(list(dict.fromkeys(one.file for one in estimators)), 'or')}, which had learned from "
            f"{f'{trials} simulated trials' if trials else KERNELS}{_judged(estimators)}."
        )
    yield _tested(kinds)


_Drew = tuple[int, EstimatorFacts, list[int]]


def _by_purpose(facts: Collected) -> dict[tuple[str, tuple[str, ...]], list[_Drew]]:
    """Return estimators that drew, by regime and sides: of which analysis, and which explanations each drew."""
    found: dict[tuple[str, tuple[str, ...]], list[_Drew]] = {}
    for number, run in enumerate(facts.analyses):
        for estimator, explanations in run.posterior.facts.drew():
            if explanations:
                purpose = (estimator.regime, tuple(estimator.sides))
                found.setdefault(purpose, []).append((number, estimator, explanations))
    return found


def _drawn(facts: Collected, drew: Sequence[_Drew]) -> str:
    """Return which posteriors were drawn: by their numbers for one analysis, else how many."""
    if len(facts.analyses) == 1:
        numbers = [str(number) for _, _, explanations in drew for number in explanations]
        one = len(numbers) == 1
        return (
            f"the posterior{'' if one else 's'} of explanation{'' if one else 's'} {listing(numbers)} "
            f"{'was' if one else 'were'} drawn"
        )
    n, among = sum(len(explanations) for *_, explanations in drew), len({number for number, *_ in drew})
    return f"{n} posterior{' was' if n == 1 else 's were'} drawn (in {among} of {len(facts.analyses)} analyses)"


def _judged(estimators: Sequence[EstimatorFacts]) -> str:
    """Return how often intervals of an estimator's own draws held circuits that it never saw."""
    judged = [one for one in estimators if one.truths]
    if not judged:
        return ""
    half, most = (
        span([100.0 * value for one in judged if (value := getattr(one, name)) is not None])
        for name in ("half", "most")
    )
    return (
        f"; of {span([one.truths for one in judged])} circuits that it never saw, {half} % of the numbers lay inside "
        f"the intervals of 50 % of its own draws, and {most} % inside those of 90 %"
    )


def _tested(kinds: Mapping[tuple[str, tuple[str, ...]], Sequence[_Drew]]) -> str:
    """Return how far intervals of such estimators have been tested, by regime."""
    planted: dict[str, list[float]] = {}
    for (regime, _), drew in kinds.items():
        planted.setdefault(regime, []).extend(estimator.planted for _, estimator, _ in drew)
    words = {"spiking": "where cells fire", "silent": "where no cell fires"}
    tested = [
        f"has been tested {words[regime]} with {span(counts)} planted truths, from source waveforms"
        for regime, counts in planted.items()
        if any(counts)
    ]
    tested += [f"has not been tested {words[regime]}" for regime, counts in planted.items() if not any(counts)]
    return f"The coverage of intervals of such estimators {', and '.join(tested)}."
