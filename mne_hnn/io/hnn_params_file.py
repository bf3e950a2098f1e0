"""Writing parameter files of HNN."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._files import Target, new_file, write_whole
from .._warn import warn
from ..errors import NetworkError, ParameterError
from ..network import EvokedDrive, Network, PoissonDrive, jones_2009
from ._params_cells import CELLS, cell_values
from ._params_drives import SINGLE_DELAYS
from ._params_limits import check_same
from ._params_values import network_values
from .hnn_params import network_of
from .hnn_settings import HnnSettings

__all__ = ["write_hnn_params"]

#: Duration of simulations of ours where nothing is said, ms.
DURATION_MS = 170.0


def write_hnn_params(
    network: Network, path: Target, settings: HnnSettings | None = None, *, overwrite: bool = False
) -> None:
    """Write a network as a parameter file of HNN, if such a file can hold it.

    Parameters
    ----------
    network : Network
        The column of :func:`~mne_hnn.network.jones_2009` with weights, cell parameters and drives that have names in
        parameter files: ``evprox1``, ``evdist1``, ..., ``bursty1``, ``bursty2``, ``extgauss``, ``extpois``.
    path : path-like
        The file: ``.param`` with lines of ``name: value``, or flat ``.json``.
    settings : HnnSettings | None
        Scale and smoothing of the dipole, duration, step and trials that the file says; None for no scale or
        smoothing, one trial, and 170 ms or as long as a drive of the network has an end.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    NetworkError, DriveError
        A parameter file cannot hold the network; the sentence names what it cannot, and :func:`write_hnn_network` may.
    ParameterError
        The file is there and `overwrite` is False, its folder is not there, or its name ends otherwise.
    CacheError
        It cannot be written.

    Notes
    -----
    The file is read again before it is written, and what would be otherwise is refused. Not counted as such: gains,
    which go into the weights; the order of drives, which is that of their names; weights of 0, which are stated; ends
    of drives and biases that are those of the simulation; names of network and biases. With drives in the order of
    their names, weights stated and gains of 1, :func:`read_hnn_params` gives an equal network.

    hnn-core 0.6.1 takes no notice of cell parameters and constant currents in parameter files, and delays Gaussian
    inputs by their mean time; where that makes a difference it is warned about.

    Examples
    --------
    >>> write_hnn_params(jones_2009((3, 3), drives=True), "column.param", HnnSettings(dipole_scale=3000.0))
    """
    if not isinstance(network, Network):
        raise ParameterError(f"network must be a Network, got {type(network).__name__}.")
    if list(network.populations) != list(CELLS.values()):
        raise NetworkError(
            f"A parameter file of HNN is for cells {', '.join(CELLS.values())}, and these are "
            f"{', '.join(network.populations)}: write a network file instead (write_hnn_network)."
        )
    name = Path(path).name
    if not name.endswith((".param", ".json")):
        raise ParameterError(f"{name} must end with .param or .json, by which HNN knows its parameter files.")
    settings = _default(network) if settings is None else settings
    if not isinstance(settings, HnnSettings):
        raise ParameterError(f"settings must be HnnSettings, got {type(settings).__name__}.")
    values = network_values(network, settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the reader takes files to mean: what comes out is compared
        read = network_of(values, name)
    check_same(network, read, settings.tstop_ms)
    file = new_file(path, overwrite)
    _warn_of_peer(network, name)
    text = _text(values, json_file=name.endswith(".json"))
    write_whole(file, lambda stream: stream.write(text.encode("utf-8")), "parameters")


def _default(network: Network) -> HnnSettings:
    ends = [getattr(drive, "tstop", None) or 0.0 for drive in network.drives.values()]
    ends += [bias.tstop_ms or 0.0 for bias in network.biases.values()]
    return HnnSettings(dipole_scale=1.0, smooth_ms=0.0, tstop_ms=max([DURATION_MS, *ends]))


def _text(values: dict[str, Any], json_file: bool) -> str:
    if json_file:
        return json.dumps(values, indent=1) + "\n"
    return "".join(f"{name}: {value}\n" for name, value in values.items())


def _warn_of_peer(network: Network, file: str) -> None:
    own = cell_values(network)
    usual = cell_values(jones_2009((1, 1)))
    changed = [key for key in usual if own[key] != usual[key]]
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        warn(
            f"{file}: hnn-core takes no notice of cell parameters in parameter files, here "
            f"{', '.join(changed[:3])}{more}: write a network file for it (write_hnn_network)."
        )
    gaussian = network.drives.get("extgauss")
    if isinstance(gaussian, EvokedDrive) and any(gaussian.mu_ms != delay for delay in SINGLE_DELAYS.values()):
        warn(f"{file}: hnn-core delays the Gaussian input by its mean time of {gaussian.mu_ms:g} ms once more.")
    for name, drive in network.drives.items():
        rates = drive.rate_Hz if isinstance(drive, PoissonDrive) else 1.0
        if 0 in (rates.values() if isinstance(rates, Mapping) else (rates,)):
            warn(f"{file}: hnn-core makes rates of 0 Hz, which drive {name!r} has, 1 Hz.")
    if network.biases:
        warn(
            f"{file}: hnn-core 0.6.1 drops constant currents of parameter files, here {', '.join(network.biases)}: add "
            "them there, or write a network file for it (write_hnn_network)."
        )
