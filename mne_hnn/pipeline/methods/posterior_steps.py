"""Sentences on posteriors: what was drawn, from what, and what is not known of it."""

from __future__ import annotations

from collections.abc import Iterator

from .collected import Collected, listing
from .estimator_steps import each_trained, trained
from .references import cite

__all__ = ["posterior"]


def posterior(facts: Collected) -> Iterator[str]:
    """Yield how it was asked how sure the explanations are."""
    sources = facts.known(lambda run: run.posterior.facts.source)
    words = {
        "sensors": "the response at the sensors, whitened with the noise covariance and taken through the field of the "
        "patch",
        "waveform": "the target",
    }
    what = listing([words[source] for source in sources], "or")
    populations = facts.counted("population", lambda run: run.posterior.facts.populations)
    particles = facts.said(lambda run: run.posterior.facts.particles)
    estimated = facts.where(lambda run: bool(run.posterior.facts.drew()))
    several = any(run.posterior.facts.estimators for run in facts.analyses)
    whose = "the amortised estimator of each explanation" if several else "an amortised estimator"
    began = (
        "were cooled down from the prior to the response"
        if estimated is None
        else f"began with the draws of {whose}{estimated}, and were weighed and moved to the posterior"
    )
    yield (
        f"How sure times, spreads and weights of the drives are was asked of {what}: {populations} of {particles} "
        f"particles {began} by sequential Monte Carlo {cite('delmoral2006')}. "
        "The number of columns, a smooth discrepancy between model and response, and an offset were integrated out."
    )
    if estimated is not None:
        yield from each_trained(facts) if several else trained(facts)
    networks = facts.said(lambda run: max((one.networks or 0 for one in run.posterior.facts.drawn), default=0) or None)
    if networks:
        yield (
            "Where cells fire, a Gaussian process told the mean dipole and the spikes from one or two trials of each "
            f"of {networks} networks, most of them simulated where the posterior was."
        )
    yield "The sign was judged by the evidence of the opposite one."
    label = facts.names(lambda run: run.posterior.facts.searched)
    if label:
        radii = facts.one(lambda run: run.posterior.facts.radii_mm)
        sizes = "" if radii is None else f" of {listing([f'{radius:g}' for radius in radii])} mm"
        yield f"The place was compared over discs{sizes} around each source of {label}, by importance sampling."
    shares = facts.known(
        lambda run: next((one.held_out["share"] for one in run.posterior.facts.drawn if one.held_out), None)
    )
    if shares:
        share = facts.said(
            lambda run: next((one.held_out["share"] for one in run.posterior.facts.drawn if one.held_out), None),
            factor=100.0,
        )
        yield f"A further posterior without {share} % of the channels was judged by what it predicted there."
    if estimated != "":
        yield "The coverage of such intervals has been tested with planted truths, from source waveforms."
