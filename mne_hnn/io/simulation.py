"""Simulations and spikes as files that lose nothing."""

from __future__ import annotations

from typing import Any

from .._archive import DAMAGE, describe, open_archive, write_archive
from .._files import Target, check_schema, new_file
from ..errors import DataError, MneHnnError, ParameterError
from ..network.serial import network_from_text, network_to_text
from ..simulate import Simulation
from ..spikes import Spikes
from .results import simulation_of, simulation_parts, spike_parts, spikes_from

__all__ = ["read_simulation", "read_spikes", "write_simulation", "write_spikes"]

#: Raise it when a file of today could no longer be read.
SCHEMA = 1
SIMULATION = "mne_hnn simulation"
SPIKE_TABLE = "mne_hnn spikes"


def write_simulation(simulation: Simulation, path: Target, *, overwrite: bool = False) -> None:
    """Write a simulation with its network, settings, recordings and potentials; equal ones give equal bytes.

    Parameters
    ----------
    simulation : Simulation
        The simulation.
    path : path-like
        The file, ``.npz``.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The file is there and `overwrite` is False, or its folder is not there.
    CacheError
        It cannot be written.

    Notes
    -----
    A zip archive of NumPy arrays in double precision, which any NumPy opens without pickle. Its member ``content`` is
    JSON text: format, schema, network (see :func:`write_network`), settings, and what the arrays are.

    Examples
    --------
    >>> write_simulation(simulation, "run.npz")
    >>> read_simulation("run.npz").spikes == simulation.spikes
    True
    """
    if not isinstance(simulation, Simulation):
        raise ParameterError(f"simulation must be a Simulation, got {type(simulation).__name__}.")
    file = new_file(path, overwrite)
    content, arrays = simulation_parts(simulation)
    head = {"format": SIMULATION, "schema": SCHEMA, "network": network_to_text(simulation.network)}
    write_archive(file, {**head, **content}, arrays, "simulation")


def read_simulation(path: Target) -> Simulation:
    """Read a simulation that :func:`write_simulation` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    simulation : Simulation
        As it was written, to the last bit.

    Raises
    ------
    DataError
        The file is missing, damaged, something else, or of a newer version.

    Examples
    --------
    >>> write_simulation(simulation, "run.npz")
    >>> read_simulation("run.npz").spikes == simulation.spikes
    True
    """
    remedy = "simulate again"
    content, arrays = open_archive(path, "simulation", remedy)
    _check_format(content, path, SIMULATION)
    try:
        return simulation_of(content, arrays, network_from_text(content["network"]))
    except (*DAMAGE, MneHnnError) as error:
        raise describe(error, path, "simulation", remedy) from error


def write_spikes(spikes: Spikes, path: Target, *, overwrite: bool = False) -> None:
    """Write spikes with all that rates need: silent cells and trials, start and end.

    Parameters
    ----------
    spikes : Spikes
        The spikes.
    path : path-like
        The file, ``.npz``; for tables as text see :meth:`Spikes.write_tsv` and :func:`write_spikes_txt`.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The file is there and `overwrite` is False, or its folder is not there.
    CacheError
        It cannot be written.

    Examples
    --------
    >>> write_spikes(simulation.spikes, "spikes.npz")
    >>> read_spikes("spikes.npz") == simulation.spikes
    True
    """
    if not isinstance(spikes, Spikes):
        raise ParameterError(f"spikes must be a Spikes table, got {type(spikes).__name__}.")
    file = new_file(path, overwrite)
    content, arrays = spike_parts(spikes, cells=True)
    head = {"format": SPIKE_TABLE, "schema": SCHEMA}
    write_archive(file, {**head, **content}, arrays, "spikes")


def read_spikes(path: Target) -> Spikes:
    """Read spikes that :func:`write_spikes` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    spikes : Spikes
        Equal to those that were written.

    Raises
    ------
    DataError
        The file is missing, damaged, something else, or of a newer version.

    Examples
    --------
    >>> write_spikes(simulation.spikes, "spikes.npz")
    >>> read_spikes("spikes.npz") == simulation.spikes
    True
    """
    remedy = "write it again"
    content, arrays = open_archive(path, "spike table", remedy)
    _check_format(content, path, SPIKE_TABLE)
    try:
        return spikes_from(content, arrays)
    except (*DAMAGE, MneHnnError) as error:
        raise describe(error, path, "spike table", remedy) from error


def _check_format(content: dict[str, Any], path: Target, wanted: str) -> None:
    found = content.get("format", "a fit" if "estimates" in content else None)
    if found != wanted:
        raise DataError(f"{path} is no {wanted.split()[-1]} file: it holds {found!r}, expected {wanted!r}.")
    check_schema(content.get("schema"), SCHEMA, path)
