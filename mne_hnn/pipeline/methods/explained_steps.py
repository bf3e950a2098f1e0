"""Sentences on explanations: how those whose cells fire were searched, what was plausible, how they were compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .collected import Collected, listing, number
from .references import cite, cite_sources

__all__ = ["comparison", "contributions", "counting", "plausible", "regimes", "search"]

_SPIKES = "spikes."
_WORDS = {
    "columns_per_nAm": "the number of columns whose cells fire",
    "fraction": "the share of the pyramidal cells of the tissue that take part",
    "time_ms": "the time of a drive from the proposed one",
    "spread_ms": "the spread of a drive",
    "weight_ampa_uS": "its AMPA weight",
    "weight_nmda_uS": "its NMDA weight",
}


def regimes(facts: Collected) -> set[str]:
    """Return what was searched; fits of older versions looked for explanations in which no cell fires."""
    given = facts.values(lambda run: run.settings.get("regimes", ("silent",)))
    return {regime for searched in given for regime in searched or ()}


def search(facts: Collected) -> Iterator[str]:
    """Yield how columns whose cells fire were searched."""
    members = facts.counted("network", lambda run: run.settings.get("members"))
    steps = facts.counted("step", lambda run: run.settings.get("generations"))
    most = facts.said(lambda run: run.settings.get("max_sequences"))
    kept = facts.said(lambda run: run.settings.get("finalists"))
    given = facts.known(lambda run: run.settings.get("sequence"))
    which = "this sequence" if given else f"up to {most} sequences of drives"
    dropped = "" if given else f" {_dropped(facts)}, and at most {kept} went on."
    proposed = "guessed" if given else "proposed"
    yield (
        f"Explanations by columns whose cells fire were searched for {which}, {proposed} by population annealing "
        f"{cite('hukushima2003')} of sums of responses to single drives that had been drawn from what was plausible "
        f"beforehand, with {_way(facts)}: {members} for each, beginning at these guesses, were moved towards the "
        f"response, and towards plausible numbers of spikes, in {steps}{_weight(facts)}.{dropped} What was left was "
        "moved on, last on the full column, where the network that is nearest in further trials was chosen."
    )
    if given:
        return
    if facts.one(lambda run: run.settings.get("max_sequences", 1) > 1):
        yield (
            "A proximal, a distal and a proximal drive, as published responses have them "
            f"{cite('jones2009')}, were searched as one of these sequences where there was room for them."
        )
    if _steps(facts) == "auto":
        yield (
            "Where the best of these left more than three percent of the variance of the response besides its noise, "
            "or gave numbers of spikes more than two standard deviations from what was expected, ensembles that took "
            "steps of the smoother alone began at the same guesses, and what both found was compared by its evidence."
        )


def _steps(facts: Collected) -> str:
    return str(facts.one(lambda run: run.settings.get("steps", "smoother")))


def _emulated(facts: Collected) -> bool:
    return _steps(facts) in ("emulator", "auto")


def _dropped(facts: Collected) -> str:
    if _emulated(facts):
        return "The best sequence was tried with a drive more and with a drive less"
    return "Sequences that fell behind were dropped on the way"


def _way(facts: Collected) -> str:
    if _emulated(facts):
        return (
            f"ensembles whose first step was that of an ensemble smoother {cite('emerick2013')}, which up to the third "
            f"went to where a Gaussian process {cite('rasmussen2006')} of all networks of a sequence said that the "
            f"response is explained (after {cite('chen2012')}), and later took steps of the smoother on what that "
            "process predicted, with the discrepancy that was left in place of the expected one where it was smaller"
        )
    return f"an ensemble smoother with multiple data assimilation {cite('emerick2013')}"


def _weight(facts: Collected) -> str:
    return "" if _emulated(facts) else " of equal weight"


def plausible(facts: Collected) -> Iterator[str]:
    """Yield what was plausible beforehand, with sources."""
    rows = facts.one(lambda run: run.fit.facts.prior or None)
    if rows is None:
        return
    told = [_quantity(row) for row in rows if row["name"] in _WORDS]
    told += [_quantity(row) for row in rows if row["name"].startswith("weights.")]
    yield f"Plausible beforehand were (median, 90 % interval): {listing([*told, *_spikes(rows)])}."
    density = _named(rows, "density_nAm_per_mm2")
    yield (
        f"A moment of up to {number(density['low'])} nA m per mm² counted as plausible, and none above "
        f"{number(density['high'])}{_source(density)}."
    )


def _quantity(row: Mapping[str, Any]) -> str:
    words = _WORDS.get(row["name"], f"the {row['quantity'].replace('_', ' ')}")
    return f"{words}, {_interval(row)}{_unit(row['unit'])}{_source(row)}"


def _interval(row: Mapping[str, Any]) -> str:
    return f"{number(row['median'])} ({number(row['low'])} to {number(row['high'])})"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _source(row: Mapping[str, Any]) -> str:
    return " (set for this analysis)" if row["source"] == "given by the user" else cite_sources(row["source"])


def _spikes(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the spikes per cell of all types together, as their source is the same."""
    found = [row for row in rows if row["name"].startswith(_SPIKES)]
    if found:
        each = [f"{row['name'].removeprefix(_SPIKES).replace('_', ' ')} {_interval(row)}" for row in found]
        given = [row for row in found if row["source"] == "given by the user"]
        yield f"{found[0]['unit']}, {', '.join(each)}{_source((given or found)[0])}"


def _named(rows: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(row for row in rows if row["name"] == name)


def counting(facts: Collected) -> Iterator[str]:
    """Yield how columns were counted in cells and cortex."""
    rows = facts.one(lambda run: run.fit.facts.prior or None)
    if rows is None:
        return
    cells = _named(rows, "pyramidal_per_mm2")
    firing = "spiking" in regimes(facts)
    fraction = ", with the participating share averaged over what is plausible for the patch" if firing else ""
    yield (
        f"Columns were counted in pyramidal cells, and these in cortex, {number(cells['median'])} of them per mm²"
        f"{_source(cells)}{fraction}; an explanation whose cells the patch does not hold was refused."
    )


def comparison(facts: Collected) -> Iterator[str]:
    """Yield how explanations were compared."""
    if not facts.known(lambda run: run.fit.facts.verdict):
        return
    decisive = facts.said(lambda run: run.fit.facts.decisive)
    rows = facts.one(lambda run: run.fit.facts.prior or None) or ()
    share = next((row for row in rows if row["name"] == "silent_share"), None)
    beforehand = ""
    if share is not None:
        beforehand = (
            f" That no cell fires had a prior probability of {number(share['median'])}, which ordered explanations and "
            "decided nothing."
        )
    yield (
        "Explanations were ordered by their evidence, the logarithm of the marginal likelihood of the response, in "
        "which count how well the waveform is met over all that was plausible, whether the patch holds the cells, and "
        f"the side and time of each drive; a difference above {decisive}, and above twice its standard error, was "
        f"taken as decisive {cite('kass1995')}.{beforehand}"
    )


def contributions(facts: Collected) -> Iterator[str]:
    """Yield how it was found which drive does what."""
    if facts.known(lambda run: run.fit.facts.contributions_of):
        yield (
            "What each drive contributes was found by simulations with and without it, all other random events being "
            "the same, and the dipole was split by layers and by membrane currents."
        )
