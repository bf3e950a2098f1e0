"""Drives and biases of HNN's parameter files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from ..network import BurstyDrive, Drive, EvokedDrive, Network, PoissonDrive, TonicBias, replace
from ._params_cells import CELLS

__all__ = ["drive_names", "silenced_rates", "with_drives_of"]

#: Cell types that each place reaches: distal input ends out of reach of the basket cells of layer 5.
TARGETS = {"prox": tuple(CELLS), "dist": ("L2Basket", "L2Pyr", "L5Pyr")}
LOCATIONS = {"prox": "proximal", "dist": "distal"}
EVOKED_DELAYS = {"prox": {"L2": 0.1, "L5": 1.0}, "dist": {"L2": 0.1, "L5": 0.1}}
#: Delays of Gaussian and Poisson input, ms.
SINGLE_DELAYS = {"L2Basket": 1.0, "L2Pyr": 0.1, "L5Basket": 1.0, "L5Pyr": 1.0}
RECEPTORS = ("ampa", "nmda")
#: Defaults of the published parameter set, for what a file leaves out.
DEFAULTS: dict[str, float] = {"tstop": 250.0, "t0_pois": 0.0, "T_pois": -1.0, "sync_evinput": 1, "threshold": 0.0}


class _Seeded(NamedTuple):
    """A drive, and its seed before the number of its first cell is added."""

    drive: Drive
    seed: int


_EVOKED = re.compile(r"t_ev(prox|dist)_(\d+)")
_RHYTHM = {
    "t0_input": 1000.0,
    "tstop_input": 250.0,
    "f_input": 10.0,
    "f_stdev": 20.0,
    "events_per_cycle": 2,
    "repeats": 10,
    "t0_input_stdev": 0.0,
}
LARGE_SPACE = 100.0
GAUSSIAN_SPIKES = 50
SPIKE_ISI_MS = 10.0


def _evoked_keys(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = sorted((match[1], int(match[2]), match[2]) for match in map(_EVOKED.fullmatch, values) if match)
    return [(place, number) for place, _, number in found]


def drive_names(values: Mapping[str, Any]) -> Iterable[str]:
    """Return the names of all parameters of drives and biases, with the evoked drives that a file has."""
    yield from DEFAULTS
    for place in TARGETS:
        yield from (f"{name}_{place}" for name in (*_RHYTHM, "distribution", "prng_seedcore_input"))
        yield from (f"input_{place}_A_delay_{layer}" for layer in ("L2", "L5"))
        for cell in TARGETS[place]:
            yield from (f"input_{place}_A_weight_{cell}_{receptor}" for receptor in RECEPTORS)
    for place, number in _evoked_keys(values) or [("prox", "1"), ("dist", "1")]:
        name = f"ev{place}_{number}"
        yield from (f"{key}_{name}" for key in ("t", "sigma_t", "prng_seedcore", "numspikes"))
        for cell in TARGETS[place]:
            yield from (f"gbar_{name}_{cell}{ending}" for ending in ("", "_ampa", "_nmda"))
    for cell in CELLS:
        yield from (f"{cell}_Gauss_{key}" for key in ("A_weight", "mu", "sigma"))
        yield from (f"{cell}_Pois_{key}" for key in ("A_weight_ampa", "A_weight_nmda", "lamtha"))
        yield from (f"Itonic_{key}_{cell}{ending}" for key in ("A", "t0", "T") for ending in ("_soma", ""))
    yield from ("prng_seedcore_extpois", "prng_seedcore_extgauss")


def with_drives_of(network: Network, values: Mapping[str, Any]) -> Network:
    """Return a network with the drives and biases of a parameter file."""
    found = [*_rhythms(values), *_evoked(values), *_gaussian(values), *_poisson(values)]
    found.sort(key=lambda read: read.drive.name)
    network = network.with_drives(*(read.drive for read in found))
    # by the published rule seeds count from the number of the first drive cell in the whole network
    ranges = network.gid_ranges
    for drive, seed in found:
        network = network.with_drive_changes(drive.name, event_seed=seed + ranges[drive.name].start)
    return replace(network, biases=_biases(values))


def _of(values: Mapping[str, Any], key: str) -> Any:
    return values.get(key, DEFAULTS.get(key, 0.0))


def _weights(cells: Iterable[str], weight: Callable[[str, str], Any]) -> dict[str, Any]:
    return {f"weights_{receptor}": {CELLS[cell]: weight(cell, receptor) for cell in cells} for receptor in RECEPTORS}


def _rhythms(values: Mapping[str, Any]) -> Iterable[_Seeded]:
    for order, place in enumerate(TARGETS, start=1):
        own = {key: values.get(f"{key}_{place}", default) for key, default in _RHYTHM.items()}
        stop = min(own["tstop_input"], _of(values, "tstop"))
        if stop < own["t0_input"]:
            continue
        delays = {layer: values.get(f"input_{place}_A_delay_{layer}", 0.1) for layer in ("L2", "L5")}
        if delays["L5"] == -1:  # stands for that of layer 2, or for what goes with its usual one
            delays["L5"] = 1.0 if delays["L2"] == 0.1 else delays["L2"]

        def weight(cell: str, receptor: str, place: str = place) -> Any:
            return _of(values, f"input_{place}_A_weight_{cell}_{receptor}")

        drive = BurstyDrive(
            name=f"bursty{order}",
            location=LOCATIONS[place],
            tstart=own["t0_input"],
            tstop=stop,
            tstart_std=own["t0_input_stdev"],
            burst_rate_Hz=own["f_input"],
            burst_std_ms=own["f_stdev"],
            numspikes=int(own["events_per_cycle"]),
            spike_isi_ms=SPIKE_ISI_MS,
            cell_specific=False,
            n_drive_cells=int(own["repeats"]),
            space_constant=LARGE_SPACE,
            synaptic_delays={CELLS[cell]: delays[cell[:2]] for cell in TARGETS[place]},
            **_weights(TARGETS[place], weight),
        )
        yield _Seeded(drive, int(_of(values, f"prng_seedcore_input_{place}")))


def _evoked(values: Mapping[str, Any]) -> Iterable[_Seeded]:
    together = bool(_of(values, "sync_evinput"))
    for place, number in _evoked_keys(values):
        key = f"ev{place}_{number}"

        def weight(cell: str, receptor: str, key: str = key) -> Any:
            # older files have one weight for both receptors
            return values.get(f"gbar_{key}_{cell}_{receptor}", _of(values, f"gbar_{key}_{cell}"))

        drive = EvokedDrive(
            name=f"ev{place}{number}",
            location=LOCATIONS[place],
            mu_ms=values[f"t_{key}"],
            sigma_ms=_of(values, f"sigma_t_{key}"),
            numspikes=int(values.get(f"numspikes_{key}", 1)),
            cell_specific=not together,
            n_drive_cells=1 if together else "n_cells",
            synaptic_delays={CELLS[cell]: EVOKED_DELAYS[place][cell[:2]] for cell in TARGETS[place]},
            **_weights(TARGETS[place], weight),
        )
        yield _Seeded(drive, int(_of(values, f"prng_seedcore_{key}")))


def _gaussian(values: Mapping[str, Any]) -> Iterable[_Seeded]:
    mu = values.get("L2Basket_Gauss_mu", 2000.0)  # one time for all cell types
    if mu <= _of(values, "tstop"):
        drive = EvokedDrive(
            name="extgauss",
            location="proximal",
            mu_ms=mu,
            sigma_ms=values.get("L2Basket_Gauss_sigma", 3.6),
            numspikes=GAUSSIAN_SPIKES,
            space_constant=LARGE_SPACE,
            weights_ampa={CELLS[cell]: _of(values, f"{cell}_Gauss_A_weight") for cell in CELLS},
            synaptic_delays={CELLS[cell]: delay for cell, delay in SINGLE_DELAYS.items()},
        )
        yield _Seeded(drive, int(_of(values, "prng_seedcore_extgauss")))


def _poisson(values: Mapping[str, Any]) -> Iterable[_Seeded]:
    start, stop = _of(values, "t0_pois"), _of(values, "T_pois")
    if stop >= start:
        drive = PoissonDrive(
            name="extpois",
            location="proximal",
            tstart=max(start, 0.0),
            tstop=max(stop, 0.0),
            rate_Hz={CELLS[cell]: max(_of(values, f"{cell}_Pois_lamtha"), 0.0) for cell in CELLS},
            synaptic_delays={CELLS[cell]: delay for cell, delay in SINGLE_DELAYS.items()},
            **_weights(CELLS, lambda cell, kind: _of(values, f"{cell}_Pois_A_weight_{kind}")),
        )
        yield _Seeded(drive, int(_of(values, "prng_seedcore_extpois")))


def silenced_rates(values: Mapping[str, Any]) -> list[str]:
    """Return the cells that a Poisson input has a weight for, but no rate."""
    if _of(values, "T_pois") < _of(values, "t0_pois"):
        return []
    weights = {cell: [_of(values, f"{cell}_Pois_A_weight_{kind}") for kind in RECEPTORS] for cell in CELLS}
    return [cell for cell in CELLS if any(weights[cell]) and _of(values, f"{cell}_Pois_lamtha") <= 0]


def _biases(values: Mapping[str, Any]) -> dict[str, TonicBias]:
    windows: dict[tuple[float, float | None], dict[str, float]] = {}
    for short, cell_type in CELLS.items():
        # the one section of a basket cell is named in some files and not in others
        names = ([f"Itonic_{key}_{short}{ending}" for ending in ("_soma", "")] for key in ("A", "t0", "T"))
        amplitude, start, stop = (values.get(long, values.get(brief, 0.0)) for long, brief in names)
        if amplitude:
            # an end that is not after the start stands for the end of the simulation
            windows.setdefault((start, stop if stop > start else None), {})[cell_type] = amplitude
    return {
        name: TonicBias(name=name, amplitude_nA=amplitude, t0_ms=start, tstop_ms=stop)
        for number, ((start, stop), amplitude) in enumerate(windows.items())
        for name in ["tonic" if number == 0 else f"tonic {number + 1}"]
    }
