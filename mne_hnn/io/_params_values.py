"""Networks as the values of HNN's parameter files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import DriveError
from ..network import BurstyDrive, Drive, EvokedDrive, Network, PoissonDrive, jones_2009, weight_set
from ._params_cells import CELLS, cell_values
from ._params_drives import RECEPTORS, TARGETS
from .hnn_settings import HnnSettings, values_of

__all__ = ["folded_gain", "network_values"]

_EVOKED = re.compile(r"ev(prox|dist)([1-9]\d*)")
_RHYTHMS = {"bursty1": "prox", "bursty2": "dist"}
#: A start that no simulation of a file reaches, for inputs that are not there, ms.
NEVER_MS = 1000.0

Values = dict[str, Any]


def network_values(network: Network, settings: HnnSettings) -> Values:
    """Return the parameters that are nearest to a network: reading them shows what they cannot hold.

    Parameters
    ----------
    network : Network
        The network, whose drives have names of parameter files.
    settings : HnnSettings
        How it is to be run.

    Raises
    ------
    DriveError
        A drive has another name or kind than the drives of parameter files.
    """
    columns, rows = network.mesh_shape or (len(network.populations), 1)
    values: Values = {
        "sim_prefix": network.name,
        "expmt_groups": f"{{{network.name}}}",
        **values_of(settings),
        "celsius": network.celsius,
        "threshold": network.threshold_mV,
        "N_pyr_x": columns,
        "N_pyr_y": rows,
        **cell_values(network),
        **_weights(network),
        **_silence(settings),
    }
    first = dict(_first_cells(network))
    evoked = [drive for name, drive in network.drives.items() if _EVOKED.fullmatch(name)]
    _check_numbers(network.drives)
    values["sync_evinput"] = int(bool(evoked) and not evoked[0].cell_specific)
    for name in sorted(network.drives):
        drive = network.drives[name]
        values |= _drive(drive, drive.event_seed - first[name], settings)
    for bias in network.biases.values():
        for short, cell_type in CELLS.items():
            if cell_type in bias.amplitude_nA:
                stop = settings.tstop_ms if bias.tstop_ms is None else bias.tstop_ms
                own = {"A": bias.amplitude_nA[cell_type], "t0": bias.t0_ms, "T": stop}
                ending = "_soma" if short.endswith("Pyr") else ""  # the one section of a basket cell is not named
                values |= {f"Itonic_{key}_{short}{ending}": value for key, value in own.items()}
    return values


def _check_numbers(drives: Iterable[str]) -> None:
    """Refuse evoked drives that HNN does not find, since it counts them and takes them to be numbered from 1 on."""
    found = [match for match in map(_EVOKED.fullmatch, drives) if match]
    for place in TARGETS:
        numbers = sorted(int(match[2]) for match in found if match[1] == place)
        if numbers != list(range(1, len(numbers) + 1)):
            raise DriveError(
                f"Parameter files number the drives ev{place}1, ev{place}2, ... from 1 on without gaps, and these are "
                f"{', '.join(f'ev{place}{number}' for number in numbers)}."
            )


def folded_gain(network: Network, source: str, target: str) -> float:
    """Return the global gain of the connections between two cell types."""
    kinds = (network.populations[name].template.electro_type[0] for name in (source, target))
    return network.gains["_".join(kinds)]


def _first_cells(network: Network) -> list[tuple[str, int]]:
    """Return the number of the first cell of each drive, once drives are in the order of their names."""
    found, start = [], network.n_cells
    for name in sorted(network.drives):
        found.append((name, start))
        start += network.n_drive_cells(network.drives[name])
    return found


def _weights(network: Network) -> Values:
    """Return the weight of each named connection, with all gains; what is not there has none."""
    keys = list(weight_set())
    numbered = jones_2009((1, 1), weights={key: float(k) for k, key in enumerate(keys)})
    key_of = {_place(one): keys[int(one.weight_uS)] for one in numbered.connections}
    values = dict.fromkeys(keys, 0.0)
    for connection in network.connections:
        if _place(connection) in key_of:
            gain = folded_gain(network, connection.source, connection.target) * connection.gain
            values[key_of[_place(connection)]] = connection.weight_uS * gain
    return values


def _place(connection: Any) -> tuple[str, str, str, str]:
    return connection.source, connection.target, connection.location, connection.receptor


def _silence(settings: HnnSettings) -> Values:
    """Return the parameters of inputs that are not there: they begin after their end."""
    never = max(NEVER_MS, settings.tstop_ms + 1.0)
    values: Values = {}
    for place in TARGETS:
        values |= {f"t0_input_{place}": never, f"tstop_input_{place}": never + 1.0}
    values |= {f"{cell}_Gauss_mu": 2 * never for cell in CELLS}
    return values | {"t0_pois": 0.0, "T_pois": -1.0}


def _drive(drive: Drive, seed: int, settings: HnnSettings) -> Values:
    name = drive.name
    evoked = _EVOKED.fullmatch(name)
    if evoked and isinstance(drive, EvokedDrive):
        return _evoked(drive, evoked[1], f"ev{evoked[1]}_{evoked[2]}", seed)
    if name in _RHYTHMS and isinstance(drive, BurstyDrive):
        return _rhythm(drive, _RHYTHMS[name], seed, settings)
    if name == "extgauss" and isinstance(drive, EvokedDrive):
        values: Values = {f"{cell}_Gauss_A_weight": drive.weights_ampa.get(CELLS[cell], 0.0) for cell in CELLS}
        values |= {f"{cell}_Gauss_mu": drive.mu_ms for cell in CELLS}
        values |= {f"{cell}_Gauss_sigma": drive.sigma_ms for cell in CELLS}
        return {**values, "prng_seedcore_extgauss": seed}
    if name == "extpois" and isinstance(drive, PoissonDrive):
        return _poisson(drive, seed, settings)
    raise DriveError(
        f"Parameter files have no {type(drive).__name__} {name!r}: they have evoked drives evprox1, evdist1, ..., "
        "rhythms bursty1 (proximal) and bursty2 (distal), extgauss and extpois."
    )


def _by_cell(drive: Drive, cells: Any, name: str) -> Values:
    """Return the weights of a drive under a pattern of names, which has ``{cell}`` and ``{receptor}`` in it."""
    weights: Mapping[str, Mapping[str, float]] = drive.weights
    return {
        name.format(cell=cell, receptor=receptor): weights[receptor].get(CELLS[cell], 0.0)
        for cell in cells
        for receptor in RECEPTORS
    }


def _evoked(drive: EvokedDrive, place: str, key: str, seed: int) -> Values:
    return {
        f"t_{key}": drive.mu_ms,
        f"sigma_t_{key}": drive.sigma_ms,
        f"numspikes_{key}": drive.numspikes,
        f"prng_seedcore_{key}": seed,
        **_by_cell(drive, TARGETS[place], f"gbar_{key}_{{cell}}_{{receptor}}"),
    }


def _rhythm(drive: BurstyDrive, place: str, seed: int, settings: HnnSettings) -> Values:
    delays = {
        layer: next((drive.delay_ms(name) for name in sorted(drive.targets) if name[:2] == layer), 0.1)
        for layer in ("L2", "L5")
    }
    return {
        f"t0_input_{place}": drive.tstart,
        f"t0_input_stdev_{place}": drive.tstart_std,
        f"tstop_input_{place}": settings.tstop_ms if drive.tstop is None else drive.tstop,
        f"f_input_{place}": drive.burst_rate_Hz,
        f"f_stdev_{place}": drive.burst_std_ms,
        f"events_per_cycle_{place}": drive.numspikes,
        f"repeats_{place}": drive.n_drive_cells,
        f"prng_seedcore_input_{place}": seed,
        **{f"input_{place}_A_delay_{layer}": delay for layer, delay in delays.items()},
        **_by_cell(drive, TARGETS[place], f"input_{place}_A_weight_{{cell}}_{{receptor}}"),
    }


def _poisson(drive: PoissonDrive, seed: int, settings: HnnSettings) -> Values:
    rate = drive.rate_Hz
    rates = rate if isinstance(rate, Mapping) else dict.fromkeys(drive.targets, rate)
    return {
        "t0_pois": drive.tstart,
        "T_pois": settings.tstop_ms if drive.tstop is None else drive.tstop,
        "prng_seedcore_extpois": seed,
        **{f"{cell}_Pois_lamtha": rates.get(CELLS[cell], 0.0) for cell in CELLS},
        **_by_cell(drive, CELLS, "{cell}_Pois_A_weight_{receptor}"),
    }
