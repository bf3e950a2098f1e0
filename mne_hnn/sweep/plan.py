"""What a sweep simulates, and under which keys: what its description keeps, and its result is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import __version__
from .._code import source_digest
from ..errors import DataError
from ..network import Network
from ..network.serial import network_from_text, network_to_text
from ..simulate import SimulationSettings
from .grid import Grid
from .records import Row
from .result import SweepResult
from .store import SCHEMA, FolderStore, Store
from .summaries import Summaries

__all__ = ["Plan", "network_key", "told_settings"]


def told_settings(settings: SimulationSettings, kept: Sequence[str]) -> dict[str, Any]:
    """Return how a sweep simulates and what it keeps, in values that a file can hold."""
    values = settings.plain()
    names = ["tstop", "dt", "n_trials", "seed", "baseline", "engine"]
    if settings.n_threads != 1:  # the dipole depends on them in its last bits
        names.append("n_threads")
    return {**{name: values[name] for name in names}, "keep": list(kept), "record": values["record"]}


def network_key(network: Network, told: Mapping[str, Any]) -> str:
    """Return the key of a network that is simulated as :func:`told_settings` says."""
    text = json.dumps([source_digest("sweep"), network.digest, told], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The points of a sweep.

    Attributes
    ----------
    network : Network
        The network that is varied.
    grid : Grid
        Its parameters.
    keys : tuple of str
        The key of each point.
    told : mapping
        How it simulates and what it keeps, from :func:`told_settings`.
    units : mapping of str to str
        Units of the parameters' summaries.
    """

    network: Network
    grid: Grid
    keys: tuple[str, ...]
    told: Mapping[str, Any]
    units: Mapping[str, str]

    def description(self, networks: Sequence[Network], summaries: Summaries) -> dict[str, Any]:
        """Return what a folder tells of a sweep over these networks, with these summaries."""
        grid = self.grid
        return {
            "schema": SCHEMA,
            "software": {"mne_hnn": __version__, "code": source_digest("sweep")},
            "settings": dict(self.told),
            "grid": {"combine": grid.combine, "values": list(grid.values.items()), "paths": list(grid.paths.items())},
            "summary": {"functions": summaries.identity, "units": dict(self.units)},
            "network": {
                "name": self.network.name,
                "digest": self.network.digest,
                "text": network_to_text(self.network),
            },
            "points": [
                {"key": key, "network": network.digest} for key, network in zip(self.keys, networks, strict=True)
            ],
        }

    @classmethod
    def read(cls, content: Mapping[str, Any], place: Any) -> Plan:
        """Return the plan that the description in a folder tells of.

        Raises
        ------
        DataError
            The description is damaged.
        """
        try:
            return cls(
                network=network_from_text(content["network"]["text"]),
                grid=Grid(
                    values={name: tuple(column) for name, column in content["grid"]["values"]},
                    paths={name: tuple(paths) for name, paths in content["grid"]["paths"]},
                    combine=content["grid"]["combine"],
                ),
                keys=tuple(point["key"] for point in content["points"]),
                told=content["settings"],
                units=content["summary"]["units"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"The description of the sweep in {place} is damaged: {error}") from error

    def result(self, store: Store, rows: Sequence[Row]) -> SweepResult:
        """Return the result, from where it is kept and its rows."""
        return SweepResult(
            network=self.network,
            grid=self.grid,
            points=self.grid.points(),
            numbers=tuple(range(len(self.keys))),
            rows=tuple(rows),
            units=dict(self.units),
            settings={**self.told, "keep": tuple(self.told["keep"])},
            folder=store.folder if isinstance(store, FolderStore) else None,
            keys=self.keys,
            store=store,
        )
