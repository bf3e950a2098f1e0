"""Fit results as files: one archive of arrays and text each."""

from __future__ import annotations

import json
import math
import os
import struct
import uuid
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..dipole import Dipole
from ..errors import CacheError, DataError, NetworkError, ParameterError
from ..network import Network
from ..network.serial import network_from_text, network_to_text
from ..simulate import Simulation
from ..spikes import Spikes
from .result import Estimate, Evaluation, FitResult, LevelReport, Scores

__all__ = ["read_fit", "write_fit"]

# raise it when the content changes its form
VERSION = 2

_SIMULATION = ("tstop", "dt", "seed", "baseline", "engine")
_SPIKES = ("n_trials", "tmin", "tmax", "trials")
_NUMBERS = ("loss", "scale", "r_squared")
# what JSON has no word for
_NOT_FINITE = ("nan", "inf", "-inf")
_DAMAGE = (
    ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, RuntimeError, struct.error, zlib.error,
    zipfile.BadZipFile,
)  # fmt: skip


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
    file = Path(path).expanduser()
    if file.exists() and not overwrite:
        raise ParameterError(f"{file} exists: choose another name, or overwrite=True.")
    if not file.parent.is_dir():
        raise ParameterError(f"There is no folder {file.parent} to write {file.name} into: make it first.")
    arrays = _arrays(result)
    scratch = file.with_name(f".writing-{uuid.uuid4().hex}.npz")
    try:
        try:
            with scratch.open("xb") as stream:
                np.savez_compressed(stream, **arrays)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(scratch, file)
        finally:
            scratch.unlink(missing_ok=True)
    except OSError as error:
        raise CacheError(f"The fit cannot be written to {file}: {error.strerror or error}.") from error


def _arrays(result: FitResult) -> dict[str, Any]:
    simulation, spikes = result.simulation, result.simulation.spikes
    content = {
        "version": VERSION, "kind": result.kind, "network": network_to_text(result.network),
        "start_network": network_to_text(result.start_network), "scale": result.scale,
        "simulation": {name: getattr(simulation, name) for name in _SIMULATION},
        "trials": [_about(one) for one in simulation.dipoles],
        "spikes": {name: getattr(spikes, name) for name in _SPIKES},
        "dipole": _about(result.dipole), "target": None if result.target is None else _about(result.target),
        "scores": asdict(result.scores), "estimates": [asdict(one) for one in result.estimates],
        "levels": [asdict(one) for one in result.levels], "settings": result.settings, "warnings": result.warnings,
    }  # fmt: skip
    return {
        "content": np.array(json.dumps(_plain(content))), "trials": np.array([one.data for one in simulation.dipoles]),
        "spike_trial": spikes.trial, "spike_time": spikes.time, "spike_gid": spikes.gid, "dipole": result.dipole.data,
        **({} if result.target is None else {"target": result.target.data}), **_columns(result.evaluations),
    }  # fmt: skip


def _columns(evaluations: Sequence[Evaluation]) -> dict[str, Any]:
    """Return evaluations as arrays; what one level did not vary is NaN there."""
    paths = list(dict.fromkeys(path for one in evaluations for path in one.values))
    values = [[one.values.get(path, math.nan) for path in paths] for one in evaluations]
    return {
        "tried_level": np.array([one.level for one in evaluations], dtype=str),
        "tried_path": np.array(paths, dtype=str),
        "tried_value": np.array(values, dtype=float).reshape(len(evaluations), len(paths)),
        **{f"tried_{name}": np.array([getattr(one, name) for one in evaluations], dtype=float) for name in _NUMBERS},
    }  # fmt: skip


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


def _about(dipole: Dipole) -> dict[str, Any]:
    return {
        "layers": dipole.layers, "comment": dipole.comment, "nave": int(dipole.nave),
        "provenance": dipole.provenance, "scale_applied": dipole.scale_applied,
        "sfreq": float(dipole.info["sfreq"]), "tmin": float(dipole.times[0]), "baseline": dipole.baseline,
    }  # fmt: skip


def _dipole(data: Any, about: Mapping[str, Any]) -> Dipole:
    options = dict(about)
    baseline = options.pop("baseline")
    dipole = Dipole(data, None, **options)
    if dipole.times[0] != about["tmin"]:  # to the last bit
        dipole.shift_time(about["tmin"], relative=False)
    dipole.baseline = None if baseline is None else tuple(baseline)
    return dipole


def _simulation(kept: Mapping[str, Any], content: Mapping[str, Any], network: Network) -> Simulation:
    spikes = Spikes(
        trial=kept["spike_trial"], time=kept["spike_time"], gid=kept["spike_gid"], gid_ranges=network.gid_ranges,
        **content["spikes"],
    )  # fmt: skip
    dipoles = tuple(_dipole(*pair) for pair in zip(kept["trials"], content["trials"], strict=True))
    return Simulation(network=network, dipoles=dipoles, spikes=spikes, **content["simulation"])


def _plain(value: Any) -> Any:
    """Return a value that JSON keeps; numbers that it does not know become text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ParameterError(f"A fit result can be saved with plain values only, got {value!r} of {type(value).__name__}.")


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"float"} and value["float"] in _NOT_FINITE:
            return float(value["float"])
        return {key: _restored(one) for key, one in value.items()}
    return [_restored(one) for one in value] if isinstance(value, list) else value


def read_fit(path: str | Path) -> FitResult:
    """Read a fit result.

    Parameters
    ----------
    path : path-like
        A file of :meth:`FitResult.save`.

    Returns
    -------
    result : FitResult
        As it was saved; tuples in its settings are lists now.

    Raises
    ------
    DataError
        The file is missing, damaged, or something else.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataError(f"There is no file {file}: check the path.")
    try:
        kept = _members(file)
        return _result(kept, _content(kept, file))
    except DataError:
        raise
    except NetworkError as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or type(error).__name__}.") from error
    except _DAMAGE as error:
        raise DataError(f"{file} is no fit result, or damaged ({type(error).__name__}): fit again.") from error


def _members(file: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        if archive.testzip() is not None:  # NumPy compares no checksums of what it does not read to the end
            raise zipfile.BadZipFile
    with np.load(file, allow_pickle=False) as kept:
        return dict(kept)


def _content(kept: Mapping[str, Any], file: Path) -> dict[str, Any]:
    content: dict[str, Any] = _restored(json.loads(str(kept["content"])))
    if content["version"] != VERSION:
        raise DataError(f"{file} was written by another version of mne_hnn: fit again.")
    return content


def _result(kept: Mapping[str, Any], content: Mapping[str, Any]) -> FitResult:
    network, target = network_from_text(content["network"]), content["target"]
    return FitResult(
        kind=content["kind"], network=network, start_network=network_from_text(content["start_network"]),
        simulation=_simulation(kept, content, network), dipole=_dipole(kept["dipole"], content["dipole"]),
        target=None if target is None else _dipole(kept["target"], target), scale=content["scale"],
        scores=_of(Scores, content["scores"]), estimates=tuple(_of(Estimate, one) for one in content["estimates"]),
        evaluations=_evaluations(kept), levels=tuple(_of(LevelReport, one) for one in content["levels"]),
        settings=content["settings"], warnings=tuple(content["warnings"]),
    )  # fmt: skip


def _of(kind: Any, values: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in known})
