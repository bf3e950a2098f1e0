"""Parameter files of HNN."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, overload

from .._checks import check_bool, suggestion
from .._files import Target, read_text
from .._warn import warn
from ..errors import DataError, ParameterError
from ..network import Network, jones_2009, replace, weight_set
from ..network.channels import CELSIUS
from ._params_cells import cell_names, with_cell_parameters
from ._params_drives import DEFAULTS, drive_names, silenced_rates, with_drives_of
from .hnn_settings import NAMES, HnnSettings, settings_of

__all__ = ["network_of", "read_hnn_params"]

#: What says how to store or draw a simulation, not what is simulated.
SETTINGS = (
    *NAMES,
    "sim_prefix",
    "expmt_groups",
    "N_sims",
    "save_spec_data",
    "f_max_spec",
    "spec_cmap",
    "save_figs",
    "save_dpl",
    "record_vsoma",
    "record_isoma",
    "record_vsec",
    "record_isec",
    "record_ca",
    "dt_evprox0_evdist",
    "dt_evprox0_evprox1",
    "inc_evinput",
    "prng_state",
    "Run_Date",
    "save_vsoma",
    "fname",
    "debug",
    "slice",
    "plot_figs",
)
# seeds of drives that a file no longer has, and of the optimiser of the graphical interface
_LEFTOVER = re.compile(r"prng_seedcore_(ev(prox|dist)_\d+|opt)")
MESH = ("N_pyr_x", "N_pyr_y")


@overload
def read_hnn_params(path: Target, *, drives: bool = ..., return_settings: Literal[False] = ...) -> Network: ...


@overload
def read_hnn_params(
    path: Target, *, drives: bool = ..., return_settings: Literal[True]
) -> tuple[Network, HnnSettings]: ...


def read_hnn_params(
    path: Target, *, drives: bool = True, return_settings: bool = False
) -> Network | tuple[Network, HnnSettings]:
    """Read a parameter file of HNN: flat ``.json``, or ``.param`` with lines of ``name: value``.

    Parameters
    ----------
    path : path-like
        The file.
    drives : bool
        Whether to add the drives and tonic biases of the file.
    return_settings : bool
        Whether to return how the file says the network is run, too.

    Returns
    -------
    network : Network
        The column of :func:`~mne_hnn.network.jones_2009` with the mesh, the connection weights, the cell parameters
        and the drives of the file, under the name of the file.
    settings : HnnSettings
        Scale and smoothing of the dipole, duration, step and number of trials. Only returned if `return_settings` is
        True.

    Raises
    ------
    DataError
        The file is missing, damaged, something else, or has values that cannot be.

    Notes
    -----
    Drives follow the published rules (Neymotin et al. 2020, https://doi.org/10.7554/eLife.51214): rhythms ``bursty1``
    (proximal) and ``bursty2`` (distal), evoked ``evprox1``, ``evdist1``, ..., ``extgauss`` and ``extpois``, in
    alphabetical order; the seed of each is that of the file plus the number of the first drive cell. A rhythm, Gaussian
    or Poisson input that begins after its end, or after ``tstop`` of the file, is left out; the others stay even where
    all weights are 0, since the numbers of drive cells and so the seeds of later trials count on them. Weights of
    connections and drives that the file does not state are 0, a mesh that it does not state is 10 x 10.

    Files of the auditory model (Kohl et al. 2022, https://doi.org/10.1007/s10548-021-00838-0) look like all others, but
    their ``L5Pyr_dend_`` numbers of ``gkbar_hh2``, ``gnabar_hh2`` and ``gbar_ca`` are where the profiles along the
    dendrites end, as in :func:`~mne_hnn.network.calcium`, and those of the soma where they begin. They are read so,
    with a warning, if potassium and sodium of the dendrites are at most a tenth of the soma's; otherwise numbers of
    soma and dendrites that differ by a factor of two or more are warned about. With the numbers of the published model
    the cells are those of :func:`~mne_hnn.network.calcium`, which leaves the calcium of the soma at 60 pS/um2. As
    there, the end of potassium counts in units of its start; the HNN of the study added it as it is.

    Other than in HNN, mesh and cell parameters of the file are used, a Poisson rate of 0 stays 0 Hz (there it becomes
    1), Gaussian inputs have delays of 0.1 or 1 ms (there the mean time), and names that are not known are warned about,
    once and each with the nearest known one.

    Examples
    --------
    >>> write_hnn_params(jones_2009((3, 3), drives=True), "column.param")
    >>> column, settings = read_hnn_params("column.param", return_settings=True)
    >>> column.n_cells, settings.tstop_ms
    (24, 170.0)
    """
    drives = check_bool(drives, "drives")
    return_settings = check_bool(return_settings, "return_settings")
    values = _values(path)
    _warn_unknown(path, values)
    try:
        network = network_of(values, Path(path).name, drives)
        return (network, settings_of(values)) if return_settings else network
    except DataError:
        raise
    except ParameterError as error:
        raise DataError(f"{path} cannot be read as parameters: {error}") from error
    except (TypeError, ValueError) as error:
        raise DataError(f"{path} has a text where a number is expected: {error}.") from error


def network_of(values: Mapping[str, Any], file: str, drives: bool = True) -> Network:
    """Return the network of parameters, under the name of their file."""
    mesh = (int(values.get("N_pyr_x", 10)), int(values.get("N_pyr_y", 10)))
    network = jones_2009(mesh, weights={key: values.get(key, 0.0) for key in weight_set()})
    name = file.rsplit(".", 1)[0].strip() or "network"
    network = replace(
        network,
        name=name,
        threshold_mV=values.get("threshold", DEFAULTS["threshold"]),
        celsius=values.get("celsius", CELSIUS),
    )
    network = with_cell_parameters(network, values, file)
    if not drives:
        return network
    silent = silenced_rates(values)
    if silent:
        names = ", ".join(f"{cell}_Pois_lamtha" for cell in silent)
        warn(f"{file}: {names} of 0 stays 0 Hz, although there are weights for it; HNN makes it 1 Hz.")
    return with_drives_of(network, values)


def _values(path: Target) -> dict[str, Any]:
    text = read_text(path, "a parameter file of HNN")
    if text.lstrip().startswith("{"):
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path} is damaged: it does not hold whole JSON ({error}).") from error
    else:
        values = _lines(text, path)
    if values.get("object_type") == "Network":
        raise DataError(f"{path} is a network file of HNN: read it with read_hnn_network.")
    known = _list_known(values)
    if not known & set(values):
        raise DataError(f"{path} is no parameter file of HNN: it has none of its names, such as 'gbar_L2Pyr_L2Basket'.")
    return dict(values)


def _lines(text: str, path: Target) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.split("#", 1)[0].strip()
        if not content:
            continue
        name, colon, value = content.partition(":")
        if not colon:
            raise DataError(f"{path} is no parameter file of HNN: line {number} is not of the form 'name: value'.")
        values[name.strip()] = _number(value.strip())
    return values


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text.strip("'\"")


def _list_known(values: Mapping[str, Any]) -> set[str]:
    return {*SETTINGS, *MESH, "celsius", *weight_set(), *cell_names(), *drive_names(values)}


def _warn_unknown(path: Target, values: Mapping[str, Any]) -> None:
    known = sorted(_list_known(values))
    unknown = [name for name in values if name not in known and not _LEFTOVER.fullmatch(name)]
    if unknown:
        listed = "; ".join(f"{name!r}.{suggestion(name, known)}" for name in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        warn(f"{Path(path).name} has parameters that are not known and not used: {listed}{more}")
