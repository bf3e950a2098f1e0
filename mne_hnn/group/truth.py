"""What truly happened, beside what was found: for data that were generated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..fit import spikes_per_cell
from ..simulate import Simulation
from .comparison import Comparison, Difference, difference_of
from .demo_truth import SubjectTruth, read_truths
from .entry import Entry
from .quantities import Quantity, unit_of

__all__ = ["same_drives", "same_windows", "true_differences", "true_times", "truth_files", "truth_folder", "truths_of"]

_RECORD = "_truth.json"
WINDOW_ms = 5.0
"""Numbers of spikes in windows whose lengths differ by more are not comparable."""


def truth_folder(bids_root: Any) -> Path | None:
    """Return the folder with what truly happened in a data set that was generated; None for measured ones."""
    if bids_root is None:
        return None
    folder = Path(bids_root).expanduser() / "sourcedata" / "truth"
    return folder if (folder / "parameters.json").is_file() and any(folder.glob(f"sub-*{_RECORD}")) else None


def truth_files(folder: Path) -> Iterator[Path]:
    """Yield the files that tell what truly happened."""
    yield from sorted(folder.glob(f"sub-*{_RECORD}"))


def truths_of(folder: Path | None, entries: Sequence[Entry]) -> dict[str, SubjectTruth]:
    """Return the truth of the subjects of some entries, as far as it is known."""
    if folder is None:
        return {}
    subjects = sorted({entry.subject for entry in entries})
    return read_truths(folder, [subject for subject in subjects if (folder / f"sub-{subject}{_RECORD}").is_file()])


def true_times(truth: SubjectTruth, condition: str) -> list[tuple[str, float]]:
    """Return location and mean time (ms) of each true drive of a condition, in order of time."""
    drives = truth.drives.get(condition, {}).values()
    return sorted(((str(drive["location"]), float(drive["mu_ms"])) for drive in drives), key=lambda pair: pair[1])


def true_differences(truths: Mapping[str, SubjectTruth], comparison: Comparison) -> dict[str, Difference]:
    """Return the true difference of each quantity that was compared, as far as the truth has it.

    Parameters
    ----------
    truths : mapping of str to SubjectTruth
        By subject.
    comparison : Comparison
        Of two conditions.

    Returns
    -------
    differences : dict of str to Difference
        By quantity, over the same subjects; without p.
    """
    rows = [
        row
        for subject, truth in truths.items()
        for condition in comparison.contrast
        for row in _quantities(subject, truth, condition)
    ]
    found = {}
    for difference in comparison.differences:
        own = [row for row in rows if row.quantity == difference.quantity and row.subject in difference.subjects]
        if {row.subject for row in own} == set(difference.subjects):
            made = difference_of(
                own,
                comparison.contrast,
                n_resamples=comparison.n_resamples,
                confidence=comparison.confidence,
                seed=comparison.seed,
            )
            if made is not None:
                found[difference.quantity] = made
    return found


def _quantities(subject: str, truth: SubjectTruth, condition: str) -> Iterator[Quantity]:
    def row(quantity: str, value: float, group: str = "parameter", unit: str | None = None) -> Quantity:
        return Quantity(
            subject=subject,
            condition=condition,
            quantity=quantity,
            value=float(value),
            unit=unit_of(quantity) if unit is None else unit,
            group=group,
        )

    drives = truth.drives.get(condition, {})
    for name, drive in drives.items():
        yield row(f"drives.{name}.mu_ms", drive["mu_ms"])
        yield row(f"drives.{name}.sigma_ms", drive["sigma_ms"])
        total = 0.0
        for receptor in ("ampa", "nmda"):
            for cell_type, weight in drive[f"weights_{receptor}"].items():
                yield row(f"drives.{name}.weights_{receptor}.{cell_type}", weight)
                total += weight
        yield row(f"drives.{name}.strength", total * truth.n_columns, unit="uS")
    if drives:
        yield row("columns", truth.n_columns)
    for cell_type, count in truth.spikes_per_cell.get(condition, {}).items():
        yield row(f"spikes.{cell_type}", count, "spikes", "spikes per cell")


def same_drives(truths: Mapping[str, SubjectTruth], entries: Sequence[Entry]) -> bool:
    """Return whether the fits have as many drives from the same sides, in the same order, as truly came."""
    return all(
        [place for place, _ in true_times(truths[entry.subject], entry.condition)]
        == [place for place, _ in entry.fit.sequence]
        for entry in entries
        if entry.fit is not None and entry.subject in truths
    )


def same_windows(truths: Mapping[str, SubjectTruth], entries: Sequence[Entry]) -> bool:
    """Return whether true spikes were counted in windows as long as the simulations of the fits."""
    return all(
        abs(truths[entry.subject].spikes_window_ms - spikes_per_cell(entry.fit.simulation).window_ms) < WINDOW_ms
        for entry in entries
        if entry.fit is not None and entry.subject in truths and isinstance(entry.fit.simulation, Simulation)
    )
