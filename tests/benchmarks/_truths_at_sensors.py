"""Truths on the cortex of the demo: a disc, its field on the full surface, and the noise of the demo's recording."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mne
import numpy as np
from _ranks import rank
from _truths import TIMES_MS, Planted, responded

from mne_hnn import Dipole
from mne_hnn.inference import PlacePosterior, Sensors
from mne_hnn.source import best_patch, patch_moment
from mne_hnn.source.demo import demo_anatomy, demo_dataset
from mne_hnn.source.demo.anatomy import bank
from mne_hnn.source.discs import Discs, discs_of
from mne_hnn.source.patch import open_forward

RADII_mm = (5.0, 10.0, 15.0)
EPOCH_s = (-0.2, 0.3)


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """A truth at the sensors, and what is asked of it.

    Attributes
    ----------
    planted : Planted
        The circuit.
    target : Dipole
        Moment of the disc that explains the sensors best.
    sensors : Sensors
        Response, and where it may come from.
    standard_error : float
        Of the target, A m.
    discrepancy : float
        Relative to the response.
    centre_m : array, shape (3,)
        True centre.
    area_mm2 : float
        True area.
    radius_mm : float
        True radius.
    """

    planted: Planted
    target: Dipole
    sensors: Sensors
    standard_error: float
    discrepancy: float
    centre_m: np.ndarray
    area_mm2: float
    radius_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """What all truths share."""

    forward: mne.Forward
    fine: mne.Forward
    label: mne.Label
    discs: Discs
    epochs: mne.Epochs
    noise_cov: mne.Covariance


def head(folder: Path) -> Head:
    """Return the demo's head, discs of the bank on the full surface, and epochs of its recording; kept in a file."""
    file = folder / "head.pkl"
    if not file.exists():
        file.write_bytes(pickle.dumps(made_head()))
    return _opened(file)


@cache
def _opened(file: Path) -> Head:
    found: Head = pickle.loads(file.read_bytes())
    return found


def made_head() -> Head:
    """Return it, made anew."""
    anatomy = demo_anatomy()
    forward, fine = open_forward(anatomy.forward_fname), open_forward(anatomy.simulation_fname)
    label = mne.Label(bank("posterior"), hemi="rh", name="bank-rh", subject=anatomy.subject, verbose="error")
    raw = mne.io.read_raw_fif(demo_dataset().raw_fname, preload=True, verbose="error").filter(
        1.0, None, verbose="error"
    )
    events = mne.find_events(raw, verbose="error")
    epochs = mne.Epochs(
        raw, events, tmin=EPOCH_s[0], tmax=EPOCH_s[1], baseline=(None, -0.005), reject={"eog": 350e-6}, preload=True,
        verbose="error",
    ).pick("meg")  # fmt: skip
    noise_cov = mne.compute_covariance(epochs, tmax=-0.005, method="shrunk", rank="info", verbose="error")
    return Head(
        forward=forward, fine=fine, label=label, discs=discs_of(label, fine, RADII_mm), epochs=epochs,
        noise_cov=noise_cov,
    )  # fmt: skip


def noise_of(epochs: mne.Epochs, rng: np.random.Generator) -> mne.EvokedArray:
    """Return the mean of epochs, half of them turned over at random: no response is left of it."""
    n = len(epochs) // 2 * 2
    signs = rng.permutation(np.repeat([1.0, -1.0], n // 2))
    data = np.tensordot(signs, epochs.get_data(copy=False)[:n], axes=1) / n
    return mne.EvokedArray(data, epochs.info, tmin=epochs.tmin, nave=n, baseline=epochs.baseline, verbose="error")


def drawn_disc(discs: Discs, rng: np.random.Generator) -> int:
    """Draw a true place as a posterior expects it: any radius, and a centre as probable as its area is large."""
    radius = float(rng.choice(RADII_mm))
    centre = int(rng.choice(len(discs.sources), p=discs.areas_mm2 / discs.areas_mm2.sum()))
    return int(np.flatnonzero((discs.centre == centre) & (discs.radius_mm == radius))[0])


def planted_at_sensors(
    known: Head, planted: Planted, disc: int, rng: np.random.Generator, *, turned: bool, field_error: float
) -> Placed:
    """Plant a truth in a disc; the place that is stated is the disc of 10 mm that explains the sensors best."""
    discs = known.discs
    area = float(discs.disc_mm2[disc])
    response = responded(planted, rng, noise=1e-6)  # that of the sensors is enough
    evoked = noise_of(known.epochs, rng)
    rows = [known.fine["sol"]["row_names"].index(name) for name in evoked.ch_names]
    field = discs.fields(known.fine["sol"]["data"][rows])[:, disc]
    moment = np.interp(evoked.times * 1e3, TIMES_MS, response.moment, left=0.0)
    evoked.data += np.outer(-field if turned else field, moment)
    peak = float(TIMES_MS[np.abs(response.moment).argmax()] / 1e3)
    place = best_patch(evoked, known.label, known.forward, noise_cov=known.noise_cov, latency=peak)
    found, error = patch_moment(evoked, place, known.forward, noise_cov=known.noise_cov)
    target = Dipole(
        np.interp(TIMES_MS, evoked.times * 1e3, found)[np.newaxis], TIMES_MS / 1e3, ("agg",),
        provenance={"unit": "A m", "area_mm2": place.area_mm2, "standard_error": error},
    )  # fmt: skip
    sensors = Sensors(
        evoked=evoked, forward=known.forward, place=place, noise_cov=known.noise_cov, search=known.label,
        field_error=field_error,
    )  # fmt: skip
    return Placed(
        planted=planted, target=target, sensors=sensors, standard_error=error, discrepancy=response.discrepancy,
        centre_m=known.fine["src"][discs.hemi]["rr"][discs.sources[discs.centre[disc]]], area_mm2=area,
        radius_mm=float(discs.radius_mm[disc]),
    )  # fmt: skip


def told_of_place(placed: Placed, place: PlacePosterior, rng: np.random.Generator) -> dict[str, Any]:
    """Return how probable the true place is, as JSON can hold it."""
    where = placed.sensors.forward["src"][1]["rr"][place.sources]
    distances = 1e3 * np.linalg.norm(where - placed.centre_m, axis=1)
    truth = int(distances.argmin())
    radii = place.of_radius
    best_radius = max(radii, key=lambda radius: radii[radius])
    best = int(place.of_centre.argmax())
    drawn = rng.choice(place.disc_mm2, 2000, p=place.probability / place.probability.sum())
    return {
        **{
            f"share up to the truth {share:.0%}": bool(place.sources[truth] in place.region(share))
            for share in (0.5, 0.9)
        },
        "probability of the best centre": float(place.of_centre[best]),
        "right of the best centre": bool(best == truth),
        "probability of the best radius": radii[best_radius],
        "right of the best radius": bool(best_radius == placed.radius_mm),
        "probability of the true centre": float(place.of_centre[truth]),
        "area": rank(drawn + 1e-6 * rng.standard_normal(len(drawn)), placed.area_mm2, rng),
        "area_mm2": [placed.area_mm2, *place.patch_mm2()],
        "region_mm2": place.area_mm2(0.9),
        "label_mm2": float(place.areas_mm2.sum()),
        "distance_mm": float(distances[best]),
    }
