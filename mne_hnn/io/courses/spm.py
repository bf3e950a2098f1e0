"""Source time courses of SPM: the data set that its source extraction writes, a ``.mat`` beside a ``.dat``.

The header holds a structure ``D``: ``data`` (where the samples are: name, dimensions, type), ``Fsample`` (Hz),
``timeOnset`` (s), ``Nsamples``, ``channels`` (``label``, ``type``, ``units``) and ``trials`` (``label``, ``bad``,
``repl``). Extracted sources are channels of type LFP.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from ...errors import DataError
from .content import Courses, Trial
from .mat import records, row, scalar, text_of
from .units import moment_unit

__all__ = ["is_spm", "spm_courses"]

# codes of the types of samples in a file, after NIfTI
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_SENSORS = re.compile(r"(?:MEG|EEG|REF|EOG|VEOG|HEOG|ECG|EMG|PHYS|OTHER)\w*", re.IGNORECASE)


def is_spm(variables: Mapping[str, Any]) -> bool:
    """Return whether these are the variables of the header of a data set of SPM."""
    header = variables.get("D")
    return isinstance(header, Mapping) and {"Fsample", "channels", "trials"} <= set(header)


def spm_courses(variables: Mapping[str, Any], path: Path) -> Courses:
    """Return the sources of a data set of SPM."""
    header = variables["D"]
    _refuse_other_data(header, path)
    channels, trials = records(header["channels"]), records(header["trials"])
    samples = _samples(header, path)
    rate = scalar(header["Fsample"], np.nan)
    if samples.shape[0] != len(channels) or samples.shape[2] != len(trials) or not rate > 0:
        raise DataError(
            f"{path} describes {len(channels)} channels and {len(trials)} trials at {rate:g} Hz, and its samples have "
            f"the shape {samples.shape}: it is damaged, or of a newer kind."
        )
    sources = [k for k, channel in enumerate(channels) if not _SENSORS.fullmatch(text_of(channel.get("type")))]
    if not sources:
        raise DataError(
            f"{path} has channels of sensors only ({text_of(channels[0].get('type'))}): extract the sources first, "
            "which writes a data set of their own."
        )
    units = {moment_unit(text_of(channels[k].get("units"))) for k in sources}
    times = scalar(header.get("timeOnset"), 0.0) + np.arange(samples.shape[1]) / rate
    return Courses(
        software="SPM",
        form=f"data set of extracted sources ({text_of(header.get('type')) or 'type not named'})",
        noun="channel",
        names=tuple(text_of(channels[k].get("label")) for k in sources),
        trials=tuple(
            Trial(
                times=times,
                data=samples[sources, None, :, number],
                name=text_of(trial.get("label")) or None,
                bad=bool(scalar(trial.get("bad"), 0)),
                nave=max(int(scalar(trial.get("repl"), 1)), 1),
            )
            for number, trial in enumerate(trials)
        ),
        unit=units.pop() if len(units) == 1 else None,
        time_unit="s",
        assumed=("the sign of an eigenvariate is arbitrary: SPM makes most of its vertices agree with it",),
    )


def _refuse_other_data(header: Mapping[str, Any], path: Path) -> None:
    transform = header.get("transform")
    kind = text_of(transform.get("ID")) if isinstance(transform, Mapping) else "time"
    if kind not in ("time", ""):
        raise DataError(f"{path} has spectra over time ({kind}): a dipole needs the course over time itself.")
    montage = header.get("montage")
    if isinstance(montage, Mapping) and scalar(montage.get("Mind"), 0) > 0:
        raise DataError(
            f"{path} shows its channels through an online montage: write the montage to a new data set first "
            "(Montage, mode 'write')."
        )


def _samples(header: Mapping[str, Any], path: Path) -> Any:
    """Return the samples, shape (n_channels, n_times, n_trials), of the file beside the header."""
    place = header.get("data")
    if not isinstance(place, Mapping) or not {"fname", "dim", "dtype"} <= set(place):
        raise DataError(f"{path} does not say where its samples are: it is damaged, or was never linked to its data.")
    named = text_of(place["fname"])
    # where it was on the machine that wrote it does not count: both files move together
    name = PureWindowsPath(named).name if "\\" in named else PurePosixPath(named).name
    file = next((one for one in (path.parent / name, path.with_suffix(".dat")) if one.is_file()), None)
    if file is None:
        raise DataError(f"{path} has its samples in {name!r}, which is not beside it: copy both files together.")
    code = int(scalar(place["dtype"], -1))
    if code not in _TYPES:
        raise DataError(f"{path} has samples of type {code}, which SPM's numbers of types do not hold: it is damaged.")
    shape = tuple(int(size) for size in row(place["dim"], "dim", path))
    shape = (*shape, 1)[:3] if len(shape) == 2 else shape
    if len(shape) != 3:
        raise DataError(f"{path} has samples in {len(shape)} dimensions: expected channels, times and trials.")
    kind = np.dtype(f"{'>' if scalar(place.get('be'), 0) else '<'}{_TYPES[code]}")
    offset = int(scalar(place.get("offset"), 0))
    needed = offset + kind.itemsize * int(np.prod(shape))
    if file.stat().st_size < needed:
        raise DataError(
            f"{file} has {file.stat().st_size} bytes where {path.name} describes {needed}: it is truncated."
        )
    values = np.fromfile(file, dtype=kind, count=int(np.prod(shape)), offset=offset)
    return _scaled(values.reshape(shape, order="F").astype(float), place, path)


def _scaled(values: Any, place: Mapping[str, Any], path: Path) -> Any:
    for name, apply in (("scl_slope", np.multiply), ("scl_inter", np.add)):
        given = place.get(name)
        factors = row(given, name, path) if isinstance(given, np.ndarray) and given.size else None
        if factors is not None:
            values = apply(values, factors[:, None, None] if len(factors) == len(values) else factors[0])
    return values
