"""Explanations of a rhythm as files: all of them in one archive."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import Any

from .._archive import DAMAGE, describe, open_archive, write_archive
from .._files import new_file
from ..errors import DataError, MneHnnError, ParameterError
from ..io.results import about_dipole, dipole_of
from .explanation_files import item_fields, item_parts
from .files import REMEDY
from .plain_settings import plain_settings, typed_settings
from .rhythm_explanation import RhythmExplanation, RhythmExplanations
from .rhythm_regime import counts_of
from .rhythmic_settings import RhythmicSettings

__all__ = ["read_rhythm_explanations", "write_rhythm_explanations"]

VERSION = 1
_NUMBERS = ("loss", "loss_error", "likeness", "n_columns")


def write_rhythm_explanations(path: str | Path, explanations: RhythmExplanations, *, overwrite: bool = False) -> None:
    """Write explanations of a rhythm; equal ones give equal bytes.

    Parameters
    ----------
    path : path-like
        The file, ``.npz``.
    explanations : RhythmExplanations
        What :func:`mne_hnn.fit.explain_rhythm` returned.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The file is there and `overwrite` is False, or these are no explanations of a rhythm.
    CacheError
        It cannot be written.
    """
    if not isinstance(explanations, RhythmExplanations):
        raise ParameterError(f"explanations must be RhythmExplanations, got {type(explanations).__name__}.")
    file = new_file(path, overwrite)
    moment = explanations.moment
    arrays: dict[str, Any] = {} if moment is None else {"moment": moment.data}
    kept = []
    for k, item in enumerate(explanations):
        shared, own = item_parts(k, item)
        arrays |= own
        numbers = {name: getattr(item, name) for name in _NUMBERS}
        kept.append(
            {
                **shared,
                **{name: None if isnan(value) else value for name, value in numbers.items()},
            }
        )
    content = {
        "rhythm_explanations_version": VERSION,
        "moment": None if moment is None else about_dipole(moment),
        "settings": plain_settings(explanations.settings, explanations.first.fit.details),
        "explanations": kept,
    }
    write_archive(file, content, arrays, "rhythm explanations")


def read_rhythm_explanations(path: str | Path) -> RhythmExplanations:
    """Read explanations of a rhythm.

    Parameters
    ----------
    path : path-like
        A file of :meth:`RhythmExplanations.save`.

    Returns
    -------
    explanations : RhythmExplanations
        As they were saved.

    Raises
    ------
    DataError
        The file is missing, damaged, or something else.

    Examples
    --------
    >>> rhythms.save("rhythms.npz")
    >>> read_rhythm_explanations("rhythms.npz").verdict == rhythms.verdict
    True
    """
    what = "file of rhythm explanations"
    content, arrays = open_archive(path, what, REMEDY)
    try:
        if content["rhythm_explanations_version"] != VERSION:
            raise DataError(f"{path} was written by another version of mne_hnn: fit again.")
        settings, _ = typed_settings("rhythmic", content["settings"], intervals=False)
        moment = content["moment"]
        return RhythmExplanations(
            items=tuple(_explanation(k, row, arrays) for k, row in enumerate(content["explanations"])),
            moment=None if moment is None else dipole_of(arrays["moment"], moment),
            settings=settings,  # type: ignore[arg-type]
        )
    except (*DAMAGE, MneHnnError) as error:
        raise describe(error, path, what, REMEDY) from error


def _explanation(number: int, row: Mapping[str, Any], arrays: Mapping[str, Any]) -> RhythmExplanation:
    shared = item_fields(number, row, arrays)
    fit = shared["fit"]
    assert isinstance(fit.settings, RhythmicSettings)
    numbers: dict[str, Any] = {name: float("nan") if row[name] is None else row[name] for name in _NUMBERS}
    return RhythmExplanation(
        **shared,
        spikes=counts_of(fit.simulation, fit.settings.burn_in_ms),
        **numbers,
    )
