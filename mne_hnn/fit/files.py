"""Fit results as files: one archive of arrays and text each."""

from __future__ import annotations

import json
import math
import os
import tempfile
import zipfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from .._units import MS
from ..dipole import Dipole
from ..errors import CacheError, DataError, NetworkError, ParameterError
from ..network import Network
from ..network.serial import network_from_text, network_to_text
from ..simulate import Simulation
from ..spikes import Spikes
from .result import Estimate, Evaluation, FitResult, LevelReport, Scores

__all__ = ["read_fit", "write_fit"]

VERSION = 1


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
        The file is there and `overwrite` is False.
    CacheError
        It cannot be written.
    """
    file = Path(path).expanduser()
    if file.exists() and not overwrite:
        raise ParameterError(f"{file} exists: choose another name, or overwrite=True.")
    simulation, spikes = result.simulation, result.simulation.spikes
    arrays: dict[str, Any] = {
        "trials": np.array([one.data for one in simulation.dipoles]), "times": simulation.times,
        "layers": np.array(simulation.dipoles[0].layers), "spike_trial": spikes.trial, "spike_time": spikes.time,
        "spike_gid": spikes.gid,
        **_dipole_arrays("dipole", result.dipole),
        **({} if result.target is None else _dipole_arrays("target", result.target)),
    }  # fmt: skip
    content = {
        "version": VERSION, "kind": result.kind, "network": network_to_text(result.network),
        "start_network": network_to_text(result.start_network), "scale": result.scale,
        "simulation": {name: getattr(simulation, name) for name in ("tstop", "dt", "seed", "baseline", "engine")},
        "scores": asdict(result.scores), "estimates": [asdict(one) for one in result.estimates],
        "evaluations": [asdict(one) for one in result.evaluations], "levels": [asdict(one) for one in result.levels],
        "settings": dict(result.settings), "warnings": list(result.warnings),
    }  # fmt: skip
    arrays["content"] = np.array(json.dumps(_plain(content)))
    try:
        handle, scratch = tempfile.mkstemp(dir=file.parent, prefix=".writing-", suffix=".npz")
        try:
            with os.fdopen(handle, "wb") as stream:
                np.savez_compressed(stream, **arrays)
            Path(scratch).chmod(0o644)
            os.replace(scratch, file)
        finally:
            Path(scratch).unlink(missing_ok=True)
    except OSError as error:
        raise CacheError(f"The fit cannot be written to {file}: {error.strerror}.") from error


def _dipole_arrays(name: str, dipole: Dipole) -> dict[str, Any]:
    about = {
        "layers": list(dipole.layers), "comment": dipole.comment, "nave": int(dipole.nave),
        "provenance": dipole.provenance, "scale_applied": dipole.scale_applied,
        "sfreq": float(dipole.info["sfreq"]), "tmin": float(dipole.times[0]),
    }  # fmt: skip
    return {f"{name}_data": dipole.data, f"{name}_about": np.array(json.dumps(about))}


def _plain(value: Any) -> Any:
    """Return a value that JSON keeps; numbers that it does not know become text."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return value


def _restored(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"float"}:
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
        As it was saved.

    Raises
    ------
    DataError
        The file is missing, damaged, or something else.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise DataError(f"There is no file {file}: check the path.")
    try:
        with np.load(file, allow_pickle=False) as kept:
            content = _restored(json.loads(str(kept["content"])))
            if content["version"] != VERSION:
                raise DataError(f"{file} was written by another version of mne_hnn: fit again.")
            network = network_from_text(content["network"])
            return FitResult(
                kind=content["kind"], network=network, start_network=network_from_text(content["start_network"]),
                simulation=_simulation(kept, content["simulation"], network), dipole=_dipole(kept, "dipole"),
                target=_dipole(kept, "target") if "target_data" in kept.files else None, scale=content["scale"],
                scores=_of(Scores, content["scores"]),
                estimates=tuple(_of(Estimate, one) for one in content["estimates"]),
                evaluations=tuple(_of(Evaluation, one) for one in content["evaluations"]),
                levels=tuple(_of(LevelReport, one) for one in content["levels"]), settings=content["settings"],
                warnings=tuple(content["warnings"]),
            )  # fmt: skip
    except NetworkError as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{file} is no fit result, or damaged ({type(error).__name__}): fit again.") from error


def _of(kind: Any, values: dict[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in known})


def _dipole(kept: Any, name: str) -> Dipole:
    about = json.loads(str(kept[f"{name}_about"]))
    return Dipole(kept[f"{name}_data"], None, **about)


def _simulation(kept: Any, about: dict[str, Any], network: Network) -> Simulation:
    layers = [str(name) for name in kept["layers"]]
    spikes = Spikes(
        trial=kept["spike_trial"], time=kept["spike_time"], gid=kept["spike_gid"], gid_ranges=network.gid_ranges,
        n_trials=len(kept["trials"]), tmin=0.0, tmax=float(about["tstop"]) * MS,
    )  # fmt: skip
    dipoles = tuple(
        Dipole(data, kept["times"], layers, comment=f"{network.name}, trial {index}")
        for index, data in enumerate(kept["trials"])
    )
    return Simulation(network=network, dipoles=dipoles, spikes=spikes, **about)
