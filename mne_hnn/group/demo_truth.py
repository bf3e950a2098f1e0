"""What truly happened in the demo's group: a column driven by a sequence that differs between conditions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._units import MS, NAM
from ..dipole import Dipole, read_dipole
from ..fit.linear import delay_ms, inputs_of
from ..fit.scoring import pyramidal_spikes
from ..network import EvokedDrive, Network, jones_2009
from ..simulate import simulate

__all__ = ["SubjectTruth", "draw_networks", "read_truths", "responses", "write_truth"]

DRIVES = {
    # name: location, mean and SD of the mean over subjects (ms), spread (ms), weight of each of its inputs (uS)
    "evprox1": ("proximal", 23.0, 1.0, 4.0, 1.0e-4),
    "evdist1": ("distal", 68.0, 1.5, 5.0, 1.6e-4),
    "evprox2": ("proximal", 120.0, 2.0, 6.0, 1.0e-4),
}
"""Below the threshold of the cells (of calcium spikes, too), so that each gives its own deflection: up, down, up."""
WEAKER = 0.8
"""Factor on the weights if cells fire all the same."""
EARLIER_ms, STRONGER = 10.0, 1.5
"""What the first condition does to the distal drive, on average over subjects."""
PEAK_nAm = (25.0, 38.0)
"""Largest moment in the first condition, lowest and highest over subjects."""
SMOOTH_ms = 20.0
TSTOP_ms, FADE_ms = 220.0, 180.0
N_TRIALS = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class SubjectTruth:
    """What made the recording of a subject.

    Attributes
    ----------
    drives : dict of str to dict
        Per condition, the drives by name: location, mu_ms, sigma_ms, weights_ampa and weights_nmda per cell type (uS).
    dipoles : dict of str to Dipole
        Per condition the moment of the patch, A m, positive outward.
    n_columns : float
        How many such columns acted together.
    hemi : str
        ``'rh'``.
    vertices : array, shape (n_vertices,)
        Vertices of the white surface that were active: the same numbers in everybody, as all are scaled templates.
    pos, normal : array, shape (3,)
        Centre (m) and mean outward normal, head coordinates.
    area_mm2 : float
        Area.
    scale : array, shape (3,)
        Size of the head, in units of fsaverage.
    """

    drives: dict[str, dict[str, dict[str, Any]]]
    dipoles: dict[str, Dipole]
    n_columns: float
    hemi: str
    vertices: NDArray[np.int64]
    pos: NDArray[np.float64]
    normal: NDArray[np.float64]
    area_mm2: float
    scale: NDArray[np.float64]


def draw_networks(
    conditions: Sequence[str], rng: np.random.Generator, mesh_shape: tuple[int, int]
) -> dict[str, Network]:
    """Draw a subject's sequence of drives, and return the column of each condition.

    In the first condition the distal drive comes 10 ms earlier (uniform, 8 to 12) and is 1.5 times as strong (1.35 to
    1.65) as in the others; all else is the same.

    Parameters
    ----------
    conditions : sequence of str
        Their names.
    rng : numpy.random.Generator
        Decides.
    mesh_shape : tuple of int
        Of the column.

    Returns
    -------
    networks : dict of str to Network
        Per condition.
    """
    column = jones_2009(mesh_shape=mesh_shape)
    earlier, stronger = EARLIER_ms + rng.uniform(-2, 2), STRONGER * rng.uniform(0.9, 1.1)
    networks = dict.fromkeys(conditions, column)
    for name, (location, mu, jitter, sigma, weight) in DRIVES.items():
        mu, sigma = mu + jitter * np.clip(rng.standard_normal(), -2, 2), sigma * rng.uniform(0.9, 1.1)
        inputs = [source for source in inputs_of(column) if source.location == location]
        weights = weight * np.exp(0.1 * np.clip(rng.standard_normal(len(inputs)), -2, 2))
        for place, condition in enumerate(conditions):
            affected = place == 0 and location == "distal"
            strength = weights * (stronger if affected else 1.0)
            maps: dict[str, dict[str, float]] = {"ampa": {}, "nmda": {}}
            for source, value in zip(inputs, strength, strict=True):
                maps[source.receptor][source.cell_type] = float(value)
            networks[condition] = networks[condition].with_evoked_drive(
                name,
                mu_ms=float(mu - earlier * affected),
                sigma_ms=float(sigma),
                location=location,
                weights_ampa=maps["ampa"],
                weights_nmda=maps["nmda"],
                synaptic_delays={cell: delay_ms(column, location, cell) for cell in sorted(maps["ampa"])},
            )
    return networks


def responses(
    networks: Mapping[str, Network], times: NDArray[np.float64], rng: np.random.Generator, n_jobs: int
) -> tuple[dict[str, Network], dict[str, NDArray[np.float64]], float]:
    """Simulate the columns, with weaker drives if a pyramidal cell fires, and bring them to a realistic size.

    Parameters
    ----------
    networks : mapping of str to Network
        Per condition.
    times : array, shape (n_times,)
        Where the responses are wanted, s.
    rng : numpy.random.Generator
        Decides on the size and the simulations' seeds.
    n_jobs : int
        Processes.

    Returns
    -------
    networks : dict of str to Network
        Below threshold; the factor on the weights is the same in all conditions.
    moments : dict of str to array, shape (n_times,)
        A m; smoothed, and faded out after 180 ms.
    n_columns : float
        How many columns that is, the same in all conditions.
    """
    peak = rng.uniform(*PEAK_nAm) * NAM
    ended = 0.5 * (1 + np.cos(np.pi * np.clip((times / MS - FADE_ms) / (TSTOP_ms - FADE_ms), 0, 1)))
    seeds = {condition: int(rng.integers(10**6)) for condition in networks}
    chosen = dict(networks)
    while True:
        runs = {
            condition: simulate(
                network, TSTOP_ms, n_trials=N_TRIALS, seed=seeds[condition], n_jobs=n_jobs, verbose="error"
            )
            for condition, network in chosen.items()
        }
        if not any(pyramidal_spikes(run) for run in runs.values()):
            break
        chosen = {condition: _weaker(network) for condition, network in chosen.items()}
    moments = {}
    for condition, run in runs.items():
        dipole = run.dipole.smooth(SMOOTH_ms)
        moments[condition] = np.interp(times, dipole.times, dipole["agg"], left=0.0) * ended
    n_columns = peak / float(np.abs(next(iter(moments.values()))).max())
    return chosen, {condition: n_columns * moment for condition, moment in moments.items()}, n_columns


def _weaker(network: Network) -> Network:
    """Return a network with weaker drives: a spike is large, and would make its time the largest deflection."""
    for drive in network.drives.values():
        weights = {
            f"weights_{receptor}": {cell: WEAKER * weight for cell, weight in some.items()}
            for receptor, some in drive.weights.items()
        }
        network = network.with_drive_changes(drive.name, **weights)
    return network


def drives_record(network: Network) -> dict[str, dict[str, Any]]:
    """Return the drives of a network as JSON can hold them."""
    return {
        name: {
            "location": drive.location,
            "mu_ms": drive.mu_ms,
            "sigma_ms": drive.sigma_ms,
            "weights_ampa": dict(drive.weights_ampa),
            "weights_nmda": dict(drive.weights_nmda),
        }
        for name, drive in network.drives.items()
        if isinstance(drive, EvokedDrive)
    }


def write_truth(folder: Path, subject: str, truth: SubjectTruth) -> None:
    """Write what made the recording of a subject: a JSON file, and a FIF file per condition."""
    folder.mkdir(parents=True, exist_ok=True)
    for condition, dipole in truth.dipoles.items():
        dipole.save(_dipole_path(folder, subject, condition))
    record = {
        "drives": truth.drives,
        "n_columns": truth.n_columns,
        "hemi": truth.hemi,
        "vertices": truth.vertices.tolist(),
        "pos_m": truth.pos.tolist(),
        "normal": truth.normal.tolist(),
        "area_mm2": truth.area_mm2,
        "scale": truth.scale.tolist(),
    }
    text = json.dumps(record, indent=1) + "\n"
    (folder / f"sub-{subject}_truth.json").write_text(text, encoding="utf-8")


def _dipole_path(folder: Path, subject: str, condition: str) -> Path:
    return folder / f"sub-{subject}_cond-{condition}_truth-ave.fif"


def read_truths(folder: Path, subjects: Sequence[str]) -> dict[str, SubjectTruth]:
    """Return what :func:`write_truth` wrote, per subject."""
    truths = {}
    for subject in subjects:
        record = json.loads((folder / f"sub-{subject}_truth.json").read_text(encoding="utf-8"))
        truths[subject] = SubjectTruth(
            drives=record["drives"],
            n_columns=record["n_columns"],
            hemi=record["hemi"],
            dipoles={
                condition: read_dipole(_dipole_path(folder, subject, condition)) for condition in record["drives"]
            },
            vertices=np.array(record["vertices"]),
            pos=np.array(record["pos_m"]),
            normal=np.array(record["normal"]),
            area_mm2=record["area_mm2"],
            scale=np.array(record["scale"]),
        )
    return truths
