"""The files by which a script and its MPI ranks hand networks, trials and errors over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..network import Network
from ..network.serial import network_from_text, network_to_text
from .engine import Trial
from .record import Record
from .settings import SimulationSettings

_PARTS = ("moments", "references", "recordings", "lfp")


def write_task(folder: Path, network: Network, settings: SimulationSettings) -> None:
    """Write what the ranks are to do."""
    (folder / "network.json").write_text(network_to_text(network), encoding="utf-8")
    (folder / "task.json").write_text(json.dumps(asdict(settings), default=dict), encoding="utf-8")


def read_task(folder: Path) -> tuple[Network, SimulationSettings]:
    """Return what :func:`write_task` wrote."""
    network = network_from_text((folder / "network.json").read_text(encoding="utf-8"))
    fields = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    record = Record(**fields.pop("record"))
    return network, SimulationSettings(**fields, record=record)


def write_trial(folder: Path, trial: Trial) -> None:
    """Write one trial; whoever waits for the file finds it whole."""
    arrays = {"spike_times": trial.spike_times, "spike_gids": trial.spike_gids}
    for part in _PARTS:
        arrays |= {f"{part}/{name}": values for name, values in getattr(trial, part).items()}
    scratch = folder / f"unfinished-{trial.index}.npz"
    np.savez(scratch, **arrays)  # type: ignore[arg-type]
    scratch.rename(_trial_path(folder, trial.index))


def read_trial(folder: Path, index: int) -> Trial | None:
    """Return one trial, or None if it was not finished."""
    path = _trial_path(folder, index)
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        parts: dict[str, Mapping[str, NDArray[np.float64]]] = {
            part: {key.removeprefix(f"{part}/"): arrays[key] for key in arrays.files if key.startswith(f"{part}/")}
            for part in _PARTS
        }
        fields: dict[str, Any] = {name: dict(values) for name, values in parts.items()}
        return Trial(index=index, spike_times=arrays["spike_times"], spike_gids=arrays["spike_gids"], **fields)


def _trial_path(folder: Path, index: int) -> Path:
    return folder / f"trial-{index}.npz"


def write_error(folder: Path, rank: int, error: BaseException) -> None:
    """Write why a rank gave up."""
    text = json.dumps({"kind": type(error).__name__, "message": str(error)})
    scratch = folder / f"unfinished-{rank}.json"  # mpiexec may kill this rank at any moment: another one has failed
    scratch.write_text(text, encoding="utf-8")
    scratch.rename(folder / f"error-{rank}.json")


def read_errors(folder: Path) -> dict[int, tuple[str, str]]:
    """Return kind and message of the error of each rank that gave up."""
    errors = {}
    for path in folder.glob("error-*.json"):
        entry = json.loads(path.read_text(encoding="utf-8"))
        errors[int(path.stem.removeprefix("error-"))] = (entry["kind"], entry["message"])
    return dict(sorted(errors.items()))
