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
from ..fit import coarse_network, spikes_per_cell
from ..fit.linear import delay_ms
from ..network import EvokedDrive, Network, jones_2009
from ..simulate import simulate

__all__ = ["Responses", "SPIKES_ms", "SubjectTruth", "draw_networks", "read_truths", "responses", "write_truth"]

DRIVES: Mapping[str, Mapping[str, Any]] = {
    "evprox1": {
        "location": "proximal",
        "mu_ms": 25.0,
        "sd_ms": 1.0,
        "sigma_ms": 3.0,
        "ampa": {"L2_basket": 0.1, "L2_pyramidal": 0.02, "L5_basket": 0.3, "L5_pyramidal": 0.05},
        "nmda": {},
    },
    "evdist1": {
        "location": "distal",
        "mu_ms": 67.0,
        "sd_ms": 1.5,
        "sigma_ms": 5.0,
        "ampa": {"L2_basket": 0.004, "L2_pyramidal": 0.0009, "L5_pyramidal": 0.015},
        "nmda": {"L2_basket": 0.006, "L2_pyramidal": 0.005, "L5_pyramidal": 0.006},
    },
    "evprox2": {
        "location": "proximal",
        "mu_ms": 130.0,
        "sd_ms": 2.0,
        "sigma_ms": 6.0,
        "ampa": {"L2_basket": 0.08, "L2_pyramidal": 0.03, "L5_basket": 0.1, "L5_pyramidal": 0.03},
        "nmda": {"L2_pyramidal": 0.03, "L5_pyramidal": 0.03},
    },
}
"""By name: where, when (mean, and SD of the mean over subjects), spread, weights by receptor and cell type (uS).

Cells fire about as often as is plausible where a column responds (:class:`mne_hnn.fit.CircuitPrior`). The distal drive
is near where layer-5 pyramidal cells begin to fire, so that a stronger one makes more of them fire. Without any one of
the drives the response would be another one: what leaves nothing in it, no analysis can find.
"""
WEIGHT_SD = 0.05
"""Of the weights over subjects, as a share; twice that at most."""
EARLIER_ms, STRONGER = 10.0, 3.0
"""What the first condition does to the distal drive, on average over subjects."""
PEAK_nAm = (25.0, 38.0)
"""Largest moment in the first condition, lowest and highest over subjects."""
SMOOTH_ms = 20.0
TSTOP_ms, FADE_ms = 220.0, 180.0
SPIKES_ms = 170.0
"""Window after the stimulus in which spikes are counted."""
FULL_MESH = (10, 10)


@dataclass(frozen=True, kw_only=True, eq=False)
class SubjectTruth:
    """What made the recording of a subject.

    Attributes
    ----------
    drives : dict of str to dict
        Per condition, the drives by name: the arguments of :meth:`mne_hnn.network.Network.with_evoked_drive`, times in
        ms and weights in uS.
    spikes_per_cell : dict of str to dict
        Per condition, spikes per cell and trial of each cell type in `spikes_window_ms`.
    spikes_window_ms : float
        Window in which spikes were counted, ms from the stimulus.
    dipoles : dict of str to Dipole
        Per condition the moment of the patch, A m, positive outward.
    n_columns : float
        How many such columns acted together, the same in all conditions.
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
    spikes_per_cell: dict[str, dict[str, float]]
    spikes_window_ms: float
    dipoles: dict[str, Dipole]
    n_columns: float
    hemi: str
    vertices: NDArray[np.int64]
    pos: NDArray[np.float64]
    normal: NDArray[np.float64]
    area_mm2: float
    scale: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Responses:
    """What the columns of a subject do.

    Attributes
    ----------
    moments : dict of str to array, shape (n_times,)
        Per condition, A m; smoothed, and faded out after 180 ms.
    n_columns : float
        How many columns that is, the same in all conditions.
    spikes_per_cell : dict of str to dict
        Per condition, spikes per cell and trial of each cell type in 170 ms.
    """

    moments: dict[str, NDArray[np.float64]]
    n_columns: float
    spikes_per_cell: dict[str, dict[str, float]]


def draw_networks(conditions: Sequence[str], rng: np.random.Generator) -> dict[str, Network]:
    """Draw a subject's sequence of drives, and return the column of each condition.

    In the first condition the distal drive comes 10 ms earlier (uniform, 8 to 12) and is three times as strong (2.7 to
    3.3) as in the others, so that more cells of layer 5 fire; all else is the same.

    Parameters
    ----------
    conditions : sequence of str
        Their names.
    rng : numpy.random.Generator
        Decides.

    Returns
    -------
    networks : dict of str to Network
        Per condition, the full column.
    """
    column = jones_2009(mesh_shape=FULL_MESH)
    earlier, stronger = EARLIER_ms + rng.uniform(-2, 2), STRONGER * rng.uniform(0.9, 1.1)
    networks = dict.fromkeys(conditions, column)
    for name, usual in DRIVES.items():
        location = usual["location"]
        mu = usual["mu_ms"] + usual["sd_ms"] * np.clip(rng.standard_normal(), -2, 2)
        sigma = usual["sigma_ms"] * rng.uniform(0.9, 1.1)
        own = {
            receptor: {cell: weight * _variation(rng) for cell, weight in usual[receptor].items()}
            for receptor in ("ampa", "nmda")
        }
        for place, condition in enumerate(conditions):
            affected = place == 0 and location == "distal"
            factor = stronger if affected else 1.0
            networks[condition] = networks[condition].with_evoked_drive(
                name,
                mu_ms=float(mu - earlier * affected),
                sigma_ms=float(sigma),
                location=location,
                weights_ampa={cell: factor * weight for cell, weight in own["ampa"].items()},
                weights_nmda={cell: factor * weight for cell, weight in own["nmda"].items()},
                synaptic_delays={
                    cell: delay_ms(column, location, cell) for cell in sorted({*own["ampa"], *own["nmda"]})
                },
            )
    return networks


def _variation(rng: np.random.Generator) -> float:
    return float(np.exp(WEIGHT_SD * np.clip(rng.standard_normal(), -2, 2)))


def responses(
    networks: Mapping[str, Network],
    times: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    mesh_shape: tuple[int, int],
    n_trials: int,
    n_jobs: int,
) -> Responses:
    """Simulate the columns, and bring them to a realistic size.

    Parameters
    ----------
    networks : mapping of str to Network
        Per condition, the full column.
    times : array, shape (n_times,)
        Where the responses are wanted, s.
    rng : numpy.random.Generator
        Decides on the size and the simulations' seeds.
    mesh_shape : tuple of int
        Pyramidal cells of each layer that are simulated; fewer than the column has stand for all of them.
    n_trials : int
        Trials that are simulated, whose mean is the response: what single columns do by chance is gone from that of the
        thousand or so that act together.
    n_jobs : int
        Processes.

    Returns
    -------
    responses : Responses
        Moments, number of columns, spikes.
    """
    peak = rng.uniform(*PEAK_nAm) * NAM
    ended = 0.5 * (1 + np.cos(np.pi * np.clip((times / MS - FADE_ms) / (TSTOP_ms - FADE_ms), 0, 1)))
    moments, spikes = {}, {}
    for condition, network in networks.items():
        run = simulate(
            coarse_network(network, mesh_shape),
            TSTOP_ms,
            n_trials=n_trials,
            seed=int(rng.integers(10**6)),
            n_jobs=n_jobs,
            verbose="error",
        )
        dipole = run.dipole.smooth(SMOOTH_ms).scale(float(np.prod(FULL_MESH) / np.prod(mesh_shape)))
        moments[condition] = np.interp(times, dipole.times, dipole["agg"], left=0.0) * ended
        counts = spikes_per_cell(run, 0.0, SPIKES_ms * MS)
        spikes[condition] = {name: count.per_cell for name, count in counts.types.items()}
    n_columns = peak / float(np.abs(next(iter(moments.values()))).max())
    moments = {condition: n_columns * moment for condition, moment in moments.items()}
    return Responses(moments=moments, n_columns=n_columns, spikes_per_cell=spikes)


def drives_record(network: Network) -> dict[str, dict[str, Any]]:
    """Return the drives of a network as JSON can hold them."""
    return {
        name: {
            "location": drive.location,
            "mu_ms": drive.mu_ms,
            "sigma_ms": drive.sigma_ms,
            "weights_ampa": dict(drive.weights_ampa),
            "weights_nmda": dict(drive.weights_nmda),
            "synaptic_delays": _plain(drive.synaptic_delays),
        }
        for name, drive in network.drives.items()
        if isinstance(drive, EvokedDrive)
    }


def _plain(delays: float | Mapping[str, float]) -> float | dict[str, float]:
    return dict(delays) if isinstance(delays, Mapping) else delays


def write_truth(folder: Path, subject: str, truth: SubjectTruth) -> None:
    """Write what made the recording of a subject: a JSON file, and a FIF file per condition."""
    folder.mkdir(parents=True, exist_ok=True)
    for condition, dipole in truth.dipoles.items():
        dipole.save(_dipole_path(folder, subject, condition))
    record = {
        "drives": truth.drives,
        "spikes_per_cell": truth.spikes_per_cell,
        "spikes_window_ms": truth.spikes_window_ms,
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
            spikes_per_cell=record["spikes_per_cell"],
            spikes_window_ms=record["spikes_window_ms"],
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
