"""What an amortised estimator is for, what it cost, and how far its draws are to be trusted, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .trust import Coverage

if TYPE_CHECKING:
    from .amortised import AmortisedEstimator

__all__ = ["purpose", "sentences"]


def purpose(identity: Mapping[str, str]) -> str:
    """Return what an estimator is for, or an explanation is of, in a few words: without column and prior.

    Parameters
    ----------
    identity : mapping of str to str
        Of :func:`mne_hnn.inference.scope.identity_of`.
    """
    return (
        f"{identity['regime']} columns ({identity['sequence of sides']}; {identity['window']}; smoothed by "
        f"{identity['smoothing']})"
    )


def sentences(estimator: AmortisedEstimator) -> list[str]:
    """Return what is to be known of an estimator before it is used."""
    frame, facts = estimator.frame, estimator.facts
    doing = "whose cells fire" if frame.regime == "spiking" else "in which no cell fires"
    seconds = sum(dict(facts.get("seconds", {})).values())
    told = [
        f"For columns {doing}, with drives {', '.join(frame.sides)} at any times of {frame.tstop:g} ms.",
        f"Trained with {facts.get('networks', 0)} simulated trials; the last run took {seconds / 60:.0f} minutes.",
    ]
    truths = estimator.diagnostics.get("truths")
    if truths is None:
        return told
    for kind, one in truths["kinds"].items():
        held = Coverage(truths=truths["n"], n=one["n"], half=one["half"], most=one["most"])
        width = "narrow" if held.half + held.most < (0.5 + 0.9) * held.n else "wide"
        told.append(
            f"Own draws, {kind}: {held.half / held.n:.1%} of {held.n} true ones inside intervals of 50 %, "
            f"{held.most / held.n:.1%} inside those of 90 %{'' if held.holds else f': too {width}'}."
        )
    return told
