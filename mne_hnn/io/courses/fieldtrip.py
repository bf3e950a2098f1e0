"""Source time courses of FieldTrip: virtual channels (raw, timelock), source structures with ``mom``, fitted dipoles.

Raw data have ``label``, and a cell of times (s) and of values (channels x times) per trial; timelock data ``avg``
(channels x times) or ``trial`` (trials x channels x times); source structures a cell of moments per position (1 or 3
orientations x times), in ``avg.mom``, ``mom`` or ``trial(k).mom``; dipole fits ``dip.mom``. FieldTrip computes with
the units that sensors and positions have, and keeps none with the moments: they are in A m where all was in SI units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from .content import Courses, Trial
from .mat import Opaque, numbers, row, text_of, texts_of

__all__ = ["fieldtrip_courses", "fieldtrip_structures"]

_ASSUMED = ("the sign of virtual channels and free orientations is arbitrary in FieldTrip",)
_STANDARDISED = {"sloreta": "sLORETA values", "dics": "spectra", "pcc": "spectra", "rv": "residual variances"}


def fieldtrip_structures(variables: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the variables that are structures of FieldTrip; fields that were saved as variables count as one."""
    if _is_structure(variables):
        return {"the file": variables}
    return {name: value for name, value in variables.items() if _is_structure(value)}


def _is_structure(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    names = set(value)
    return "dip" in names or "pos" in names or ({"label", "time"} <= names and bool(names & {"trial", "avg", "mom"}))


def fieldtrip_courses(structure: Mapping[str, Any], path: Path) -> Courses:
    """Return the courses of a structure of FieldTrip."""
    _refuse_standardised(structure, path)
    if isinstance(structure.get("dip"), Mapping):
        return _of_fit(structure, path)
    if "label" in structure and "pos" not in structure:
        return _of_channels(structure, path)
    return _of_positions(structure, path)


def _courses(structure: Mapping[str, Any], form: str, noun: str, trials: Sequence[Trial], **others: Any) -> Courses:
    configurations = list(_configurations(structure.get("cfg")))
    versions = [text_of(part.get("fieldtrip")) for cfg in configurations for part in _parts(cfg)]
    methods = [text_of(cfg.get("method")) for cfg in configurations]
    facts = {"version": next(filter(None, versions), None), "method": next(filter(None, methods), None)}
    return Courses(
        software="FieldTrip",
        form=form,
        noun=noun,
        trials=tuple(trials),
        time_unit="s",
        facts=facts,
        assumed=_ASSUMED,
        **{"names": (), **others},
    )


def _parts(cfg: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("callinfo", "version"):
        if isinstance(cfg.get(name), Mapping):
            yield cfg[name]


def _configurations(cfg: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the configuration that made a structure, and those before it."""
    for one in cfg if isinstance(cfg, list) else [cfg]:
        if isinstance(one, Mapping):
            yield one
            yield from _configurations(one.get("previous"))


def _refuse_standardised(structure: Mapping[str, Any], path: Path) -> None:
    """Refuse what the configuration says to be no dipole moments."""
    for cfg in _configurations(structure.get("cfg")):
        method = text_of(cfg.get("method"))
        if method in _STANDARDISED:
            raise DataError(
                f"{path} has {_STANDARDISED[method]} (cfg.method = {method!r}), which are no dipole moments over time: "
                "estimate the sources with 'mne', 'eloreta' or 'lcmv' without weightnorm."
            )
        for part in (cfg, cfg.get(method)):
            norm = text_of(part.get("weightnorm")) if isinstance(part, Mapping) else ""
            if norm and norm != "no":
                raise DataError(
                    f"{path} was made with normalised weights (weightnorm = {norm!r}), which give no dipole moments: "
                    "estimate the sources again with weightnorm 'no'."
                )
            if isinstance(part, Mapping) and text_of(part.get("normalize")) in ("yes", "column"):
                raise DataError(
                    f"{path} was made with normalised lead fields (normalize = 'yes'), which give no dipole moments: "
                    "estimate the sources again with normalize 'no'."
                )


# virtual channels ------------------------------------------------------------------------------------------


def _of_channels(structure: Mapping[str, Any], path: Path) -> Courses:
    names = texts_of(structure["label"], "label", path)
    _refuse_sensors(structure, names, path)
    values, time = structure.get("trial"), structure["time"]
    if isinstance(values, list):
        form, trials = "raw data of virtual channels", _raw_trials(values, time, structure, path)
    elif values is not None:
        form, stack = "timelock data of virtual channels", numbers(values, "trial", path)
        if stack.ndim != 3:
            raise DataError(f"{path}: trial must have trials, channels and times, got shape {stack.shape}.")
        axis, labels = row(time, "time", path), _conditions(structure, len(stack))
        trials = [Trial(times=axis, data=one[:, None], name=name) for one, name in zip(stack, labels, strict=True)]
    else:
        name = "avg" if "avg" in structure else "mom"
        form = "average of virtual channels" if name == "avg" else "parcels"
        average = numbers(structure[name], name, path)
        trials = [Trial(times=row(time, "time", path), data=average[:, None], nave=_dof(structure))]
    for trial in trials:
        if trial.data.shape[::2] != (len(names), len(trial.times)):
            raise DataError(
                f"{path} has values of shape {trial.data.shape[::2]} for {len(names)} labels and {len(trial.times)} "
                "times: it is damaged, or of a newer kind."
            )
    return _courses(structure, form, "channel", trials, names=names)


def _raw_trials(values: list[Any], time: Any, structure: Mapping[str, Any], path: Path) -> list[Trial]:
    if not isinstance(time, list) or len(time) != len(values):
        raise DataError(f"{path} has {len(values)} trials, and time is no cell of as many: it is damaged.")
    labels = _conditions(structure, len(values))
    return [
        Trial(times=row(axis, "time", path), data=numbers(one, "trial", path)[:, None], name=name)
        for axis, one, name in zip(time, values, labels, strict=True)
    ]


def _conditions(structure: Mapping[str, Any], count: int) -> list[str | None]:
    """Return the first column of trialinfo as names of the trials."""
    info = structure.get("trialinfo")
    if isinstance(info, np.ndarray) and info.ndim == 2 and len(info) == count and info.dtype.kind in "iuf":
        return [f"{value:g}" for value in info[:, 0]]
    return [None] * count


def _dof(structure: Mapping[str, Any]) -> int:
    """Return the number of trials that an average is of: the degrees of freedom of its samples."""
    given = structure.get("dof")
    if isinstance(given, np.ndarray) and given.size and given.dtype.kind in "iuf":
        return max(int(given.max()), 1)
    return 1


def _refuse_sensors(structure: Mapping[str, Any], names: Sequence[str], path: Path) -> None:
    if "brainordinate" in structure:
        return
    for kind in ("grad", "elec"):
        sensors = structure.get(kind)
        label = sensors.get("label") if isinstance(sensors, Mapping) else None
        known = set(label) if isinstance(label, list) and all(isinstance(one, str) for one in label) else set()
        if known and set(names) <= known:
            raise DataError(
                f"{path} has the signals of sensors ({names[0]}), not of sources: make virtual channels of them "
                "(ft_virtualchannel) first."
            )


# positions -------------------------------------------------------------------------------------------------


def _of_positions(structure: Mapping[str, Any], path: Path) -> Courses:
    sets = _moments(structure)
    if not sets:
        raise DataError(
            f"{path} has no moments over time, only what they were summed up to ({_kept(structure)}): run "
            "ft_sourceanalysis again with keepmom 'yes'."
        )
    if "time" not in structure:
        raise DataError(f"{path} has moments without times: it is damaged, or of frequencies.")
    times = row(structure["time"], "time", path)
    trials = [Trial(times=times, data=_stacked(moments, len(times), path)) for moments in sets]
    there = np.flatnonzero(~np.isnan(trials[0].data).all(axis=(1, 2)))
    return _courses(
        structure,
        "source structure",
        "position",
        trials,
        default=int(there[0]) if len(there) == 1 else None,
    )


def _moments(structure: Mapping[str, Any]) -> list[Any]:
    """Return the moments of a source structure: of the average, or of each trial."""
    average, trials = structure.get("avg"), structure.get("trial")
    if isinstance(average, Mapping) and "mom" in average:
        return [average["mom"]]
    if "mom" in structure:
        return [structure["mom"]]
    listed = trials if isinstance(trials, list) else [trials]
    if all(isinstance(trial, Mapping) and "mom" in trial for trial in listed):
        return [trial["mom"] for trial in listed if isinstance(trial, Mapping)]
    return []


def _kept(structure: Mapping[str, Any]) -> str:
    average = structure.get("avg")
    names = list(average) if isinstance(average, Mapping) else list(structure)
    return ", ".join(name for name in ("pow", "noise", "nai", "coh") if name in names) or "nothing"


def _stacked(moments: Any, n_times: int, path: Path) -> Any:
    """Return moments as an array, shape (n_positions, n_components, n_times), NaN where there are none."""
    cells = moments if isinstance(moments, list) else [moments]
    arrays = [None if isinstance(cell, Opaque) or not np.size(cell) else numbers(cell, "mom", path) for cell in cells]
    shapes = {array.shape for array in arrays if array is not None}
    if len(shapes) != 1 or next(iter(shapes))[-1] != n_times:
        found = ", ".join(map(str, sorted(shapes))) or "none"
        raise DataError(f"{path} has moments of shape {found} for {n_times} times: it is damaged, or of a newer kind.")
    shape = next(iter(shapes))
    kind = complex if any(np.iscomplexobj(array) for array in arrays if array is not None) else float
    stacked = np.full((len(cells), *shape), np.nan, dtype=kind)
    for k, array in enumerate(arrays):
        if array is not None:
            stacked[k] = array
    return stacked


def _of_fit(structure: Mapping[str, Any], path: Path) -> Courses:
    """Return the dipoles of ft_dipolefitting: three rows each in ``dip.mom``."""
    fitted = structure["dip"]
    if not isinstance(fitted, Mapping) or "mom" not in fitted or "time" not in structure:
        raise DataError(f"{path} has fitted dipoles of one time each (moving): fit them with model 'regional'.")
    moments, times = numbers(fitted["mom"], "dip.mom", path), row(structure["time"], "time", path)
    if moments.ndim != 2 or len(moments) % 3 or moments.shape[1] != len(times):
        raise DataError(f"{path} has dipole moments of shape {moments.shape} for {len(times)} times: it is damaged.")
    data = moments.reshape(-1, 3, len(times))
    return _courses(structure, "fitted dipoles", "dipole", [Trial(times=times, data=data)])
