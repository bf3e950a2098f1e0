"""Explanations, what was expected of them and what their drives do, as words and rows of tables for a report."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from ..fit import CircuitPrior, Contribution, Contributions, Explanation, Explanations
from ..fit.evidence import DECISIVE
from ..fit.explanation_words import HALF, evidence_difference, odds, paragraphs, sequence_words
from ..network import EvokedDrive
from ..source.demo import Truth
from .methods.collected import number as rounded
from .wording import parameter_words

__all__ = [
    "CONTRIBUTION_HEADER",
    "EXPLAINED_GLOSSARY",
    "INTERVAL_HEADER",
    "PRIOR_HEADER",
    "contribution_rows",
    "explanation_header",
    "explanation_rows",
    "first_paragraph",
    "interval_rows",
    "lead",
    "names",
    "prior_table_rows",
    "prior_values",
    "rival_words",
    "truth_rows",
]

EXPLAINED_GLOSSARY = (
    (
        "explanation",
        "A column with its drives, and a number of such columns, that could have made the response. Several are shown, "
        "the most plausible first.",
    ),
    (
        "spiking, silent",
        "Whether pyramidal cells fire in an explanation, or all stay below threshold. Nearly any smooth curve is a sum "
        "of responses below threshold: that such a sum fits is no evidence that no cell fires.",
    ),
    (
        "evidence",
        "The natural logarithm of how probable the response is under explanations of one kind, averaged over all that "
        f"was plausible beforehand. Only differences count: {DECISIVE:.0f} are odds of {odds(DECISIVE)}.",
    ),
    (
        "participating fraction",
        "The share of the pyramidal cells below a patch of cortex that the columns of an explanation are; the others "
        "are assumed to stay below threshold. The smaller it is, the more cortex an explanation needs.",
    ),
    ("fresh trials", "Trials with random numbers that the search has not seen: R² is theirs."),
    (
        "refused",
        "Said of an explanation that cannot be what happened, however well it fits, as when the patch does not hold "
        "its cells.",
    ),
)
"""Words of a report on explanations that its readers may not know, and what they mean."""
PRIOR_HEADER = ("Quantity", "Plausible: median (90 % interval)", "Source")
CONTRIBUTION_HEADER = (
    "Part",
    "Direction",
    "Largest moment (nA m)",
    "When (ms)",
    "Share of the dipole",
    "Size beside the dipole's",
    "Spikes per cell that it adds",
)
INTERVAL_HEADER = ("Drive", "Side", "Quantity", "In the first", "Over all that fit as well", "Held by", "Determined")
_FAR = {
    "columns": "number of columns",
    "columns_per_nAm": "columns per nA m",
    "fraction": "share of the cells that take part",
    "density_nAm_per_mm2": "moment density",
}
_CURRENTS = {"gated": "voltage-gated channels", "bias": "currents of biases"}
_QUANTITIES = {"mu_ms": "mean time (ms)", "sigma_ms": "SD (ms)", "columns": "number of columns"}
_KINDS = {
    "drive": "with minus without {name}",
    "alone": "{name} alone",
    "together": "what drives do only together",
    "layer": "cells of {name}",
    "current": "{name}, {cell}",
}
_ARBITRARY = "not counted"


# what is read first


def lead(explanations: Explanations) -> list[str]:
    """Return what a reader must know before all else: that the first explanation is none to be believed, and why."""
    first = explanations.first
    found = []
    if not first.admissible:
        found.append("No explanation of this response can be believed as it is: even the first is refused.")
    if first.r_squared < HALF:
        found.append(f"The first explanation does not explain the response (R² {_signed(first.r_squared)}).")
    if first.regime == "silent":
        found.append("In the explanation that is shown first no pyramidal cell fires.")
    return found


def first_paragraph(explanations: Explanations) -> str:
    """Return the paragraph in words that a report begins with, as HTML."""
    said = [f"<strong>{html.escape(text)}</strong>" for text in lead(explanations)]
    bodies = [" ".join(map(html.escape, part)) for part in paragraphs(explanations)]
    return "".join(f"<p>{' '.join([*said, body]) if k == 0 else body}</p>" for k, body in enumerate(bodies))


def names(explanations: Explanations) -> list[str]:
    """Return what explanations are called: ``1, spiking``."""
    return [f"{number}, {item.regime}" for number, item in enumerate(explanations, 1)]


# all of them side by side


def explanation_header(explanations: Explanations) -> list[str]:
    """Return the header of the table of :func:`explanation_rows`."""
    return ["", *names(explanations)]


def explanation_rows(explanations: Explanations) -> Iterator[list[str]]:
    """Yield a row per quantity, with a cell per explanation."""
    items, first = explanations.items, explanations.first
    yield ["Drives", *(_drives(item) for item in items)]
    yield ["R² in fresh trials", *(_signed(item.r_squared) for item in items)]
    yield ["Evidence, with its standard error", *(_evidence(item) for item in items)]
    yield ["Evidence below that of the first", *("" if item is first else _below(item, first) for item in items)]
    rivals = explanations.rivals()
    yield ["Fits as well as the first", *("" if i is first else "yes" if i in rivals else "no" for i in items)]
    yield ["Columns", *(rounded(item.columns) if item.columns > 0 else "0" for item in items)]
    yield from _amounts(items)
    yield from _spikes(items, explanations.prior)
    yield ["Farthest from what was expected", *(_farthest(item) for item in items)]
    yield ["Refused", *(" ".join(item.refusals) or "no" for item in items)]


def _drives(item: Explanation) -> str:
    return sequence_words(item)


def _evidence(item: Explanation) -> str:
    if not item.evidence.parts:
        return "not computed"
    return f"{_signed(item.evidence.value, '.1f')} ± {item.evidence.error:.1f}"


def _below(item: Explanation, first: Explanation) -> str:
    difference, error = evidence_difference(first, item)
    return f"{_signed(difference, '.1f')} ± {error:.1f} ({odds(difference)})"


def _amounts(items: Sequence[Explanation]) -> Iterator[list[str]]:
    """Yield the rows of cells and cortex."""

    def each(text: Any) -> list[str]:
        """Return a cell per explanation."""
        return [_ARBITRARY if item.amplitude is None else text(item.amplitude) for item in items]

    yield ["Pyramidal cells", *each(lambda one: rounded(one.cells))]
    yield ["Share of the pyramidal cells of the tissue", *each(lambda one: f"{100 * one.fraction:.3g} %")]
    yield ["Cortex that holds as many (mm²)", *each(lambda one: rounded(one.area_mm2))]
    yield ["Patch of the target (mm²)", *each(lambda one: "" if one.patch_mm2 is None else rounded(one.patch_mm2))]
    yield ["Moment density (nA m per mm²)", *each(lambda one: f"{one.density_nAm_per_mm2:.2g}")]


def _spikes(items: Sequence[Explanation], prior: CircuitPrior) -> Iterator[list[str]]:
    """Yield a row per cell type: spikes per cell beside what is plausible where cells fire."""
    window_ms = items[0].spikes.window_ms
    expected = prior.spikes_in(window_ms)
    for name in dict.fromkeys(name for item in items for name in item.spikes.types):
        words = f"Spikes per {_plain(name)} cell in {window_ms:.0f} ms"
        if name in expected:
            low, high = expected[name].interval()
            words += f" (plausible: {low:.2g} to {high:.2g})"
        yield [words, *(f"{item.spikes.types[name].per_cell:.2f}" for item in items)]


def _farthest(item: Explanation) -> str:
    if not item.distances:
        return "not compared"
    name, distance = max(item.distances.items(), key=lambda pair: abs(pair[1]))
    if name.startswith("spikes."):
        words = f"spikes of {_plain(name.removeprefix('spikes.'))} cells"
    else:
        words = _FAR.get(name) or parameter_words(name, item.network)
    return f"{words} ({_signed(distance, '+.1f')} SD)"


def rival_words(explanations: Explanations) -> str:
    """Return what fits as well as the first explanation, in words."""
    rivals = explanations.rivals()
    if len(explanations) == 1:
        return "There is no other explanation: what is below is the first alone."
    if not rivals:
        return "No other explanation fits as well as the first: what is below is the first alone."
    parts = [
        f"{sequence_words(item)} ({item.regime}; evidence below: {_below(item, explanations.first)})" for item in rivals
    ]
    return f"As far as the evidence decides, these fit as well as the first: {'; '.join(parts)}."


def interval_rows(explanations: Explanations) -> Iterator[tuple[str, ...]]:
    """Yield drives and columns over all explanations of the first one's kind that fit as well."""
    for row in explanations.intervals():
        form = rounded if row["quantity"] == "columns" else "{:.4g}".format
        value = form(row["value"]) if isfinite(row["value"]) else "has none"
        told = row["determined"]
        yield (
            row["drive"],
            row["location"],
            _quantity(row["quantity"]),
            value,
            form(row["low"]) if row["low"] == row["high"] else f"{form(row['low'])} to {form(row['high'])}",
            f"{row['held']} of {row['of']}",
            "" if told is None else "yes" if told else "no",
        )


def _quantity(name: str) -> str:
    receptor, _, cell_type = name.removeprefix("weights_").partition(".")
    return _QUANTITIES.get(name) or f"{receptor.upper()} to {_plain(cell_type)} (µS)"


# what was expected


def prior_table_rows(prior: CircuitPrior, window_ms: float) -> Iterator[tuple[str, ...]]:
    """Yield the quantities of a prior with their sources."""
    for row in prior.rows(window_ms):
        yield _plain(row.quantity), row.words().replace("(-", "(\N{MINUS SIGN}"), row.source


def prior_values(explanations: Explanations, most: int) -> dict[str, dict[str, Any]]:
    """Return what explanations claim of the quantities of the prior, for :func:`mne_hnn.viz.plot_prior`.

    Of silent ones it is the moment density alone: the rest is expected of columns whose cells fire.
    """
    known = {row.name for row in explanations.prior.rows()}
    found = {}
    for title, item in list(zip(names(explanations), explanations, strict=True))[:most]:
        claimed = dict(_claimed(item, explanations.prior))
        if claimed := {name: value for name, value in claimed.items() if name in known}:
            found[title] = claimed
    return found


def _claimed(item: Explanation, prior: CircuitPrior) -> Iterator[tuple[str, Any]]:
    amplitude = item.amplitude
    if amplitude is not None:
        yield "density_nAm_per_mm2", amplitude.density_nAm_per_mm2
    if item.regime == "silent":
        return
    if amplitude is not None:
        yield "columns_per_nAm", amplitude.columns_per_nAm
        yield "fraction", amplitude.fraction
    for name, count in item.spikes.types.items():
        if name in prior.spikes:
            yield f"spikes.{name}", count.per_cell
    drives = [drive for drive in item.network.drives.values() if isinstance(drive, EvokedDrive)]
    if drives:
        yield "spread_ms", [drive.sigma_ms for drive in drives]
    late = [value * prior.time_sd_ms for path, value in item.distances.items() if path.endswith(".mu_ms")]
    if late:
        yield "time_ms", late
    weights: dict[str, list[float]] = {}
    for drive in drives:
        for receptor in ("ampa", "nmda"):
            own: Mapping[str, float] = getattr(drive, f"weights_{receptor}")
            for cell_type, weight in own.items():
                path = f"{receptor}.{cell_type}"
                name = f"weights.{path}" if path in prior.weights else f"weight_{receptor}_uS"
                if weight > 0:
                    weights.setdefault(name, []).append(weight)
    yield from weights.items()


# which drive does what


def contribution_rows(parts: Contributions) -> Iterator[tuple[str, ...]]:
    """Yield what each drive, layer and current contributes to the dipole."""
    for row in parts.rows():
        yield (
            _part(row, parts),
            " then ".join(row.turns) or "neither",
            _signed(row.peak_nAm, "+.3g"),
            f"{row.peak_ms:.0f}" if isfinite(row.peak_ms) else "",
            _signed(100 * row.share, ".0f") + " %" if isfinite(row.share) else "",
            f"{row.size:.2f}" if isfinite(row.size) else "",
            ", ".join(f"{_plain(name)} {_signed(more, '+.2f')}" for name, more in row.spikes_added.items()),
        )


def _part(row: Contribution, parts: Contributions) -> str:
    drive = parts.network.drives.get(row.name) if row.kind in ("drive", "alone") else None
    when = f" ({drive.location}, {drive.mu_ms:.0f} ms)" if isinstance(drive, EvokedDrive) else ""
    name = _CURRENTS.get(row.name, row.name) if row.kind == "current" else row.name
    return _KINDS[row.kind].format(name=f"{name}{when}", cell=_plain(row.cell_type))


# the truth of data that were generated


def truth_rows(truth: Truth, explanations: Explanations) -> Iterator[list[str]]:
    """Yield what made the response, beside what each explanation says."""
    items = explanations.items
    drives = sorted(truth.drives.values(), key=lambda drive: drive["mu_ms"])
    made = ", ".join(f"{drive['location']} {drive['mu_ms']:.0f} ms" for drive in drives)
    yield ["Drives", made, *(_drives(item) for item in items)]
    yield ["Columns", rounded(truth.n_columns), *(rounded(item.columns) if item.columns > 0 else "0" for item in items)]
    for name, per_cell in truth.spikes_per_cell.items():
        known = [item.spikes.types.get(name) for item in items]
        words = f"Spikes per {_plain(name)} cell in {truth.spikes_window_ms:.0f} ms"
        yield [words, f"{per_cell:.2f}", *("" if one is None else f"{one.per_cell:.2f}" for one in known)]


def _plain(text: str) -> str:
    return text.replace("_", " ")


def _signed(value: float, form: str = ".3f") -> str:
    return f"{value:{form}}".replace("-", "\N{MINUS SIGN}")
