"""A fit in words and rows of tables, for the report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..fit import Estimate, FitResult
from ..fit.doubts import column_doubts, misfit_doubts, target_doubts
from ..network import EvokedDrive, Network

__all__ = [
    "GLOSSARY",
    "columns_of",
    "configured_rows",
    "drive_rows",
    "firing",
    "intervals_by",
    "number",
    "parameter_words",
    "plain_warnings",
    "score_rows",
    "tried",
    "unfitted_doubts",
]

GLOSSARY = (
    (
        "proximal drive (evprox1, ...)",
        "A volley of spikes that reaches the column from the thalamus by layer 4, near the somata. Numbers count the "
        "proximal drives in the order in which they were proposed.",
    ),
    ("distal drive (evdist1, ...)", "A volley that reaches the tufts in layer 1, from higher areas of the cortex."),
    (
        "agg",
        "Aggregate: the moment of all pyramidal cells; L2 and L5 are the parts of those with somata in layers 2/3 and "
        "5, which add up to it.",
    ),
    (
        "columns like this one",
        "The network is a small piece of cortex; its moment times this number is that of the patch, as if so many of "
        "them acted alike.",
    ),
    (
        "NAME-disc-HEMISPHERE",
        "The disc inside the label NAME that explains the response best; its border is drawn on the cortex. Other "
        "labels are as the parcellation has them.",
    ),
    ("AMPA, NMDA", "Receptors at the synapses of a drive: of fast and of slow excitation."),
)
"""Words of a report that only users of the model know, and what they mean."""
DRIVE_HEADER = (
    "Drive",
    "Location",
    "Mean time (ms), 90 % interval",
    "SD (ms), 90 % interval",
    "Weights (µS)",
    "Not determined by the data",
)
CONFIGURED_HEADER = ("Drive", "State", "Kind", "Location", "Mean time (ms)", "SD (ms)", "Weights (µS)")


def number(value: float | None) -> str:
    """Return a number with four digits; nothing for None."""
    return "" if value is None else f"{value:.4g}"


def columns_of(scale: float) -> str:
    """Return what a scale means: ``155,400 columns like this one``."""
    text = f"{scale:.4g}" if not 1e4 <= scale < 1e9 else f"{float(f'{scale:.4g}'):,.0f}"
    return f"{text} columns like this one"


def intervals_by(fit: FitResult) -> str:
    """Return where the intervals of a fit are from."""
    if any(level.name.startswith("spiking") for level in fit.levels):
        return "among the sums of responses to single drives that could have made the response"
    return "by a local Gaussian approximation"


def tried(fit: FitResult) -> str:
    """Return how much was tried, level by level."""
    if not fit.levels:
        return "none: only the scale was fitted"
    return ", ".join(f"{level.evaluations} {_where(level.name)}" for level in fit.levels)


def _where(level: str) -> str:
    """Return at which step of a search networks were tried."""
    words = {
        "linear": "sequences of drives as sums of single responses",
        "full": "on the column",
        "full, polished": "around the result, on the column",
    }
    searched = level.removeprefix("spiking ")
    place = words.get(searched, f"on a mesh of {searched}")
    return f"with cells that fire, {place}" if searched != level else place


def firing(fit: FitResult) -> str:
    """Return in how many trials any cell of the column fires; drives do not count."""
    simulation = fit.simulation
    own = [simulation.network.gid_ranges[name] for name in simulation.network.cell_types]
    gid = simulation.spikes.gid
    fired = np.any([(gid >= span.start) & (gid < span.stop) for span in own], axis=0)
    return f"{len(np.unique(simulation.spikes.trial[fired]))} of {simulation.n_trials}"


def _defined(value: float) -> str:
    """Return a score; that of a flat dipole may not exist."""
    return "not defined, as the dipole is flat" if np.isnan(value) else f"{value:.3f}"


def score_rows(fit: FitResult) -> Iterator[tuple[str, str]]:
    """Yield how good a fit is."""
    scores, prior = fit.scores, fit.prior
    fitted = fit.kind != "none"
    trials = fit.simulation.n_trials
    fresh = f"average of {trials} trials" + (" that the search has not seen" if fitted else "")
    yield f"R², {fresh}", f"{scores.r_squared:.3f}"
    if fitted:
        yield "R², trials of the search", f"{1 - scores.search_loss:.3f}"
    yield "R² of a single trial (median)", f"{scores.trial_r_squared:.3f}"
    if np.isfinite(scores.ceiling):
        yield "R² that the true waveform would reach, by the standard error of the target", f"{scores.ceiling:.3f}"
    yield "Trials in which any cell fires", firing(fit)
    yield "Correlation; error relative to the target's size", f"{_defined(scores.correlation)}; {scores.nrmse:.3f}"
    found = {estimate.path: estimate for estimate in fit.estimates}.get("columns")
    yield "Scale", columns_of(fit.scale) + ("" if found is None else _interval(found))
    if prior is not None and not any(level.name.startswith("spiking") for level in fit.levels):
        expected = f"{prior.median:.3g}, times or divided by {prior.factor:g}"
        yield "Columns expected from the size of the target", expected
    yield "Networks tried", tried(fit)


def drive_rows(fit: FitResult) -> Iterator[tuple[str, ...]]:
    """Yield the evoked drives of a fitted network, as :data:`DRIVE_HEADER` says."""
    found = {estimate.path: estimate for estimate in fit.estimates}
    for name, drive in fit.network.drives.items():
        if not isinstance(drive, EvokedDrive):
            continue
        cells = [
            number(getattr(drive, field)) + _interval(found.get(f"drives.{name}.{field}"))
            for field in ("mu_ms", "sigma_ms")
        ]
        own = [estimate for path, estimate in found.items() if path.startswith(f"drives.{name}.")]
        loose = "; ".join(_parameter(estimate.path, name) for estimate in own if estimate.determined is False)
        yield name, drive.location, *cells, _weights(drive), loose if own else "not estimated"


def configured_rows(before: Network, fitted: Network) -> Iterator[tuple[str, ...]]:
    """Yield each drive as it was configured and as it was fitted, as :data:`CONFIGURED_HEADER` says."""
    for name in dict.fromkeys((*before.drives, *fitted.drives)):
        first, then = before.drives.get(name), fitted.drives.get(name)
        states = {"unchanged": first} if first == then else {"as configured": first, "fitted": then}
        for state, drive in states.items():
            if drive is not None:
                times = (number(getattr(drive, field, None)) for field in ("mu_ms", "sigma_ms"))
                yield name, state, drive.kind, drive.location, *times, _weights(drive)


def unfitted_doubts(fit: FitResult) -> list[str]:
    """Return what to know of a simulation that was only scaled; a fit has its own warnings."""
    if fit.kind != "none" or fit.target is None:
        return []
    doubts = [*target_doubts(fit.target, "drives"), *misfit_doubts(fit.dipole, fit.target, fit.r_squared, {})]
    return doubts + (column_doubts(fit.scale, fit.network, fit.target) if fit.scale > 0 else [])


def plain_warnings(fit: FitResult) -> Iterator[str]:
    """Yield what to know of a fit, with names of parameters in words."""
    yield from unfitted_doubts(fit)
    names = {estimate.path: parameter_words(estimate.path, fit.network) for estimate in fit.estimates}
    # paths are listed: the same letters elsewhere in a sentence are its own
    longest_first = sorted(names, key=len, reverse=True)
    listed = re.compile(rf"(?<=[( ])({'|'.join(map(re.escape, longest_first))})(?=[,)])")
    for text in fit.warnings:
        yield listed.sub(lambda match: names[match.group(1)], text) if names else text


def parameter_words(path: str, network: Network) -> str:
    """Return what a parameter is called: ``evprox1 mean time``."""
    if path == "columns":
        return "number of columns"
    for name in network.drives:
        if path.startswith(f"drives.{name}."):
            return f"{name} {_parameter(path, name)}"
    return path


def _parameter(path: str, drive: str) -> str:
    """Return the name of a drive's parameter without the drive's."""
    field, _, cell = path.removeprefix(f"drives.{drive}.").partition(".")
    simple = {"mu_ms": "mean time", "sigma_ms": "SD"}
    if field in simple:
        return simple[field]
    return f"{field.removeprefix('weights_').upper()} to {cell.replace('_', ' ')}" if cell else field


def _interval(estimate: Estimate | None) -> str:
    if estimate is None or not np.isfinite([estimate.low, estimate.high]).all():
        return ""
    return f" ({number(estimate.low)} to {number(estimate.high)})"


def _weights(drive: Any) -> str:
    parts = []
    for receptor in ("ampa", "nmda"):
        weights: Mapping[str, float] = getattr(drive, f"weights_{receptor}", None) or {}
        if weights:
            listed = ", ".join(f"{cell.replace('_', ' ')} {weight:.3g}" for cell, weight in weights.items())
            parts.append(f"{receptor.upper()}: {listed}")
    return "; ".join(parts)
