"""Sentences on a target that was read from a file of other software."""

from __future__ import annotations

from collections.abc import Iterator

from .collected import Collected, listing
from .references import cite

__all__ = ["read_target"]

SOFTWARE = {
    "Brainstorm": ("tadel2011",),
    "FieldTrip": ("oostenveld2011",),
    "SPM": ("litvak2011",),
    "MNE-Python": ("gramfort2013",),
}


def read_target(facts: Collected) -> Iterator[str]:
    """Yield where the target came from, and what was done to it."""
    yield _origin(facts)
    start = facts.said(lambda run: run.read_target.facts.window[0], factor=1e3)
    stop = facts.said(lambda run: run.read_target.facts.window[1], factor=1e3)
    units = facts.names(lambda run: run.read_target.facts.unit_of_file)
    yield f"Moments were read in {units}, and fitted from {start} to {stop} ms."
    resampled = facts.where(lambda run: run.read_target.facts.resampled)
    if resampled is not None:
        yield f"Uneven times were resampled by linear interpolation{resampled}."
    if any(facts.known(lambda run: run.read_target.facts.smooth_ms)):
        window = facts.said(lambda run: run.read_target.facts.smooth_ms)
        yield f"It was smoothed with a Hamming window of {window} ms."
    rules = [str(rule) for rule in facts.known(lambda run: run.read_target.facts.polarity)]
    yield f"Its sign was taken by a rule ({listing(rules, 'or')}); it was not checked against the cortical normal."
    area = facts.said(lambda run: run.read_target.facts.area_mm2)
    if area:
        yield f"The cortex it comes from was taken to have {area} mm²."


def _origin(facts: Collected) -> str:
    software = [str(name) for name in facts.known(lambda run: run.read_target.facts.software)]
    courses = facts.names(lambda run: run.read_target.facts.course)
    forms = facts.names(lambda run: run.read_target.facts.form)
    methods = facts.names(lambda run: run.read_target.facts.method)
    named = [f"{name} {cite(*SOFTWARE[name])}" if name in SOFTWARE else name for name in software]
    estimated = f" (method {methods})" if methods else ""
    if software == ["text"]:
        return f"The target was a source time course ({courses}) that had been estimated beforehand, read from text."
    return (
        f"The target was a source time course ({courses}) that had been estimated beforehand{estimated}, read from a "
        f"file of {listing(named, 'or')} ({forms})."
    )
