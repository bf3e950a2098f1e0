"""Contributions as files: the dipole, its parts and the spikes in one archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .._archive import DAMAGE, describe, open_archive, write_archive
from .._files import new_file
from ..errors import DataError, MneHnnError, ParameterError
from ..io.results import about_dipole, dipole_of
from ..network.serial import network_from_text, network_to_text
from ..simulate import SimulationSettings
from .contribution_parts import Contributions
from .spiking_counts import SpikeCount, SpikeCounts

__all__ = ["read_contributions", "write_contributions"]

VERSION = 1
REMEDY = "take the dipole apart again"
_DIPOLES = ("drives", "alone")


def write_contributions(path: str | Path, contributions: Contributions | None, *, overwrite: bool = False) -> None:
    """Write what makes a dipole; equal contributions give equal bytes.

    Parameters
    ----------
    path : path-like
        The file, ``.npz``.
    contributions : Contributions | None
        What :func:`mne_hnn.fit.drive_contributions` returned; None, where there was nothing to take apart, is kept.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The file is there and `overwrite` is False, or these are no contributions.
    CacheError
        It cannot be written.
    """
    file = new_file(path, overwrite)
    if contributions is None:
        write_archive(file, {"contributions_version": VERSION, "contributions": None}, {}, "contributions")
        return
    if not isinstance(contributions, Contributions):
        raise ParameterError(f"contributions must be Contributions, got {type(contributions).__name__}.")
    about: dict[str, Any] = {"whole": about_dipole(contributions.dipole)}
    arrays: dict[str, Any] = {"whole": contributions.dipole.data}
    for kind in _DIPOLES:
        parts: Mapping[str, Any] = getattr(contributions, kind)
        about[kind] = [[name, about_dipole(dipole)] for name, dipole in parts.items()]
        arrays |= {f"{kind}/{k}": dipole.data for k, dipole in enumerate(parts.values())}
    currents = [(cell, kind) for cell, kinds in contributions.currents.items() for kind in kinds]
    arrays |= {f"currents/{k}": contributions.currents[cell][kind] for k, (cell, kind) in enumerate(currents)}
    spikes, counts = _spike_parts(contributions.spikes)
    about |= {
        "network": network_to_text(contributions.network),
        "settings": contributions.settings.plain(),
        "currents": currents,
        "spikes": spikes,
        "spikes_added": contributions.spikes_added,
        "scale": contributions.scale,
        "smooth_ms": contributions.smooth_ms,
    }
    content = {"contributions_version": VERSION, "contributions": about}
    write_archive(file, content, {**arrays, **counts}, "contributions")


def read_contributions(path: str | Path) -> Contributions | None:
    """Read what makes a dipole.

    Parameters
    ----------
    path : path-like
        A file of :meth:`Contributions.save`.

    Returns
    -------
    contributions : Contributions | None
        As they were saved.

    Raises
    ------
    DataError
        The file is missing, damaged, or something else.

    Examples
    --------
    >>> parts = drive_contributions(network, SimulationSettings(tstop=40.0), currents=False)
    >>> parts.save("contributions.npz")
    >>> list(read_contributions("contributions.npz").drives) == list(parts.drives)
    True
    """
    content, arrays = open_archive(path, "file of contributions", REMEDY)
    try:
        if content["contributions_version"] != VERSION:
            raise DataError(f"{path} was written by another version of mne_hnn: {REMEDY}.")
        about = content["contributions"]
        return None if about is None else _contributions(about, arrays)
    except (*DAMAGE, MneHnnError) as error:
        raise describe(error, path, "file of contributions", REMEDY) from error


def _contributions(about: Mapping[str, Any], arrays: Mapping[str, Any]) -> Contributions:
    drives, alone = (
        {name: dipole_of(arrays[f"{kind}/{k}"], told) for k, (name, told) in enumerate(about[kind])}
        for kind in _DIPOLES
    )
    currents: dict[str, dict[str, Any]] = {}
    for k, (cell_type, kind) in enumerate(about["currents"]):
        currents.setdefault(cell_type, {})[kind] = arrays[f"currents/{k}"]
    return Contributions(
        network=network_from_text(about["network"]),
        settings=SimulationSettings(**about["settings"]),
        dipole=dipole_of(arrays["whole"], about["whole"]),
        drives=drives,
        alone=alone,
        currents=currents,
        spikes=_spikes(about["spikes"], arrays),
        spikes_added=about["spikes_added"],
        scale=about["scale"],
        smooth_ms=about["smooth_ms"],
    )


def _spike_parts(counts: SpikeCounts) -> tuple[dict[str, Any], dict[str, Any]]:
    about = {
        "window": [counts.tmin, counts.tmax, counts.n_trials],
        "types": [asdict(count) for count in counts.rows()],
        "courses": list(counts.courses),
    }
    arrays = {"spikes/edges": counts.bin_edges_ms}
    return about, arrays | {f"spikes/{k}": course for k, course in enumerate(counts.courses.values())}


def _spikes(about: Mapping[str, Any], arrays: Mapping[str, Any]) -> SpikeCounts:
    tmin, tmax, n_trials = about["window"]
    return SpikeCounts(
        tmin=tmin,
        tmax=tmax,
        n_trials=n_trials,
        types={row["cell_type"]: SpikeCount(**row) for row in about["types"]},
        bin_edges_ms=arrays["spikes/edges"],
        courses={name: arrays[f"spikes/{k}"] for k, name in enumerate(about["courses"])},
    )
