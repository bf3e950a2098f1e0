"""Explanations as files: all of them in one archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._archive import DAMAGE, describe, open_archive, write_archive
from .._files import new_file
from ..errors import DataError, MneHnnError, ParameterError
from ..io.results import about_dipole, dipole_of
from .amplitude import Amplitude
from .evidence import Evidence
from .explanation import Explanation, Explanations
from .files import REMEDY, fit_of, fit_parts
from .plain_settings import plain_settings, typed_settings
from .spiking_counts import spikes_per_cell

if TYPE_CHECKING:
    from .rhythm_explanation import RhythmExplanation

__all__ = ["item_fields", "item_parts", "read_explanations", "write_explanations"]

VERSION = 1


def write_explanations(path: str | Path, explanations: Explanations, *, overwrite: bool = False) -> None:
    """Write explanations; equal ones give equal bytes.

    Parameters
    ----------
    path : path-like
        The file, ``.npz``.
    explanations : Explanations
        What :func:`mne_hnn.fit.fit_evoked` returned.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The file is there and `overwrite` is False, or these are no explanations.
    CacheError
        It cannot be written.
    """
    if not isinstance(explanations, Explanations):
        raise ParameterError(f"explanations must be Explanations, got {type(explanations).__name__}.")
    file = new_file(path, overwrite)
    arrays: dict[str, Any] = {"target": explanations.target.data}
    kept = []
    for k, item in enumerate(explanations):
        shared, own = item_parts(k, item)
        arrays |= own
        kept.append(
            {
                **shared,
                "ensemble": {path: list(pair) for path, pair in item.ensemble.items()},
            }
        )
    content = {
        "explanations_version": VERSION,
        "target": about_dipole(explanations.target),
        "settings": plain_settings(explanations.settings, explanations.first.fit.details),
        "explanations": kept,
    }
    write_archive(file, content, arrays, "explanations")


def read_explanations(path: str | Path) -> Explanations:
    """Read explanations.

    Parameters
    ----------
    path : path-like
        A file of :meth:`Explanations.save`.

    Returns
    -------
    explanations : Explanations
        As they were saved.

    Raises
    ------
    DataError
        The file is missing, damaged, or something else.

    Examples
    --------
    >>> explanations.save("explanations.npz")
    >>> read_explanations("explanations.npz").verdict == explanations.verdict
    True
    """
    content, arrays = open_archive(path, "file of explanations", REMEDY)
    try:
        if content["explanations_version"] != VERSION:
            raise DataError(f"{path} was written by another version of mne_hnn: fit again.")
        settings, _ = typed_settings("evoked", content["settings"], intervals=True)
        return Explanations(
            items=tuple(_explanation(k, row, arrays) for k, row in enumerate(content["explanations"])),
            target=dipole_of(arrays["target"], content["target"]),
            settings=settings,  # type: ignore[arg-type]
        )
    except (*DAMAGE, MneHnnError) as error:
        raise describe(error, path, "file of explanations", REMEDY) from error


def item_parts(number: int, item: Explanation | RhythmExplanation) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what explanations of responses and of rhythms have in common, as JSON and as arrays by name.

    Parameters
    ----------
    number : int
        Place of the explanation in the file.
    item : Explanation | RhythmExplanation
        The explanation.
    """
    fit, own = fit_parts(item.fit)
    row = {
        "regime": item.regime,
        "fit": fit,
        "evidence": {
            "value": item.evidence.value,
            "error": item.evidence.error,
            "parts": dict(item.evidence.parts),
        },
        "amplitude": None if item.amplitude is None else asdict(item.amplitude),
        "distances": dict(item.distances),
        "refusals": list(item.refusals),
    }
    return row, {f"{number}/{name}": value for name, value in own.items()}


def item_fields(number: int, row: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of an explanation by name from what :func:`item_parts` gave."""
    begin = f"{number}/"
    own = {name.removeprefix(begin): value for name, value in arrays.items() if name.startswith(begin)}
    return {
        "regime": row["regime"],
        "fit": fit_of(own, row["fit"]),
        "evidence": Evidence(**row["evidence"]),
        "amplitude": None if row["amplitude"] is None else Amplitude(**row["amplitude"]),
        "distances": row["distances"],
        "refusals": tuple(row["refusals"]),
    }


def _explanation(number: int, row: Mapping[str, Any], arrays: Mapping[str, Any]) -> Explanation:
    shared = item_fields(number, row, arrays)
    return Explanation(
        **shared,
        spikes=spikes_per_cell(shared["fit"].simulation),
        ensemble={path: (mean, sd) for path, (mean, sd) in row["ensemble"].items()},
    )
