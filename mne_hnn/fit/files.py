"""Fit results as files: one archive of arrays and text each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from .._archive import DAMAGE, describe, open_archive, write_archive
from .._files import new_file
from ..errors import DataError, MneHnnError, ParameterError
from ..io.results import about_dipole, dipole_of, simulation_of, simulation_parts
from ..network.serial import network_from_text, network_to_text
from .plain_settings import plain_settings, typed_settings
from .result import Estimate, Evaluation, FitResult, LevelReport, Scores

__all__ = ["fit_of", "fit_parts", "read_fit", "write_fit"]

# raise it when the content changes its form
VERSION = 2

REMEDY = "fit again"
_NUMBERS = ("loss", "scale", "r_squared")


def write_fit(path: str | Path, result: FitResult, *, overwrite: bool = False) -> None:
    """Write a fit result; equal results give equal bytes.

    Parameters
    ----------
    path : path-like
        The file, ``.npz``.
    result : FitResult
        The result.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The file is there and `overwrite` is False, its folder is not there, or the settings hold something that is no
        plain value.
    CacheError
        It cannot be written.
    """
    if not isinstance(result, FitResult):
        raise ParameterError(f"result must be a FitResult, got {type(result).__name__}.")
    file = new_file(path, overwrite)
    content, arrays = fit_parts(result)
    write_archive(file, content, arrays, "fit")


def fit_parts(result: FitResult) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a result as plain values, and its arrays."""
    content, arrays = simulation_parts(result.simulation)
    content |= {
        "version": VERSION,
        "kind": result.kind,
        "network": network_to_text(result.network),
        "start_network": network_to_text(result.start_network),
        "scale": result.scale,
        "dipole": about_dipole(result.dipole),
        "target": None if result.target is None else about_dipole(result.target),
        "scores": asdict(result.scores),
        "estimates": [asdict(estimate) for estimate in result.estimates],
        "levels": [asdict(report) for report in result.levels],
        "settings": plain_settings(result.settings, result.details),
        "warnings": result.warnings,
    }
    arrays |= {"dipole": result.dipole.data, **_columns(result.evaluations)}
    if result.target is not None:
        arrays["target"] = result.target.data
    return content, arrays


def _columns(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Return evaluations as arrays; what one level did not vary is NaN there."""
    paths = list(dict.fromkeys(path for evaluation in evaluations for path in evaluation.values))
    values = [[evaluation.values.get(path, math.nan) for path in paths] for evaluation in evaluations]
    return {
        "tried_level": np.array([evaluation.level for evaluation in evaluations], dtype=str),
        "tried_path": np.array(paths, dtype=str),
        "tried_value": np.array(values, dtype=float).reshape(len(evaluations), len(paths)),
        **{
            f"tried_{name}": np.array([getattr(evaluation, name) for evaluation in evaluations], dtype=float)
            for name in _NUMBERS
        },
    }


def _evaluations(kept: Mapping[str, Any]) -> tuple[Evaluation, ...]:
    paths = kept["tried_path"].tolist()
    values = [
        {path: value for path, value in zip(paths, row, strict=True) if not math.isnan(value)}
        for row in kept["tried_value"].tolist()
    ]
    numbers = zip(*(kept[f"tried_{name}"].tolist() for name in _NUMBERS), strict=True)
    return tuple(
        Evaluation(level=level, values=own, **dict(zip(_NUMBERS, row, strict=True)))
        for level, own, row in zip(kept["tried_level"].tolist(), values, numbers, strict=True)
    )


def read_fit(path: str | Path) -> FitResult:
    """Read a fit result.

    Parameters
    ----------
    path : path-like
        A file of :meth:`FitResult.save`.

    Returns
    -------
    result : FitResult
        As it was saved.

    Raises
    ------
    DataError
        The file is missing, damaged, or something else.

    Examples
    --------
    >>> found.save("fit.npz")
    >>> read_fit("fit.npz").kind
    'evoked'
    """
    content, kept = open_archive(path, "fit result", REMEDY)
    try:
        if content["version"] != VERSION:
            raise DataError(f"{path} was written by another version of mne_hnn: fit again.")
        return fit_of(kept, content)
    except (*DAMAGE, MneHnnError) as error:
        raise describe(error, path, "fit result", REMEDY) from error


def fit_of(kept: Mapping[str, Any], content: Mapping[str, Any]) -> FitResult:
    """Return a result from its arrays and plain values."""
    network, target = network_from_text(content["network"]), content["target"]
    estimates = tuple(_of(Estimate, row) for row in content["estimates"])
    settings, details = typed_settings(
        content["kind"],
        content["settings"],
        intervals=any(estimate.determined is not None for estimate in estimates),
    )
    return FitResult(
        kind=content["kind"],
        network=network,
        start_network=network_from_text(content["start_network"]),
        simulation=simulation_of(content, kept, network),
        dipole=dipole_of(kept["dipole"], content["dipole"]),
        target=None if target is None else dipole_of(kept["target"], target),
        scale=content["scale"],
        scores=_of(Scores, content["scores"]),
        estimates=estimates,
        evaluations=_evaluations(kept),
        levels=tuple(_of(LevelReport, report) for report in content["levels"]),
        settings=settings,
        details=details,
        warnings=tuple(content["warnings"]),
    )


def _of(kind: Any, values: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in known})
