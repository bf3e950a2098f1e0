"""Train an amortised estimator, plant truths that it never saw, and see whether its posteriors are as wide as they say.

    python tests/benchmarks/calibration_amortised.py --folder amortised [--silent 50] [--spiking 200] [--sensors]

The column is that of ``calibration.py`` (a mesh of 5 x 5, 120 ms, smoothed by 20 ms) with a proximal and a distal drive
at any times. Truths are those by which the estimator judges itself: circuits of the prior, whose response is the mean
of simulated trials where cells fire, and a sum of kernels where none does. Noise and discrepancy are as the likelihood
has them, the stated times of drives are as far from the true ones as the prior says, and every sixth truth is turned
over: it counts for the sign only.

With ``--sensors`` a truth is a disc of the demo's central sulcus whose field in the demo's recorded noise is analysed
on a coarser source space, as in ``calibration.py``: place and circuit are unknown together. Disc and number of columns
are drawn as the posterior expects them: a truth is left out as often as its cells would not fit into its disc.

Training and posteriors are kept in FOLDER: the same command goes on where it was stopped. Every posterior is one line
of ``FOLDER/REGIME.jsonl`` (``-sensors``).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import mne
import numpy as np
from _ranks import rank, totals
from _truths import NOISE, TIMES_MS, PEAKS_nAm, Planted, World, dipole_of, explained, responded
from _truths_at_sensors import drawn_disc, head, planted_at_sensors, told_of_place
from calibration import STATED_FACTOR, TURNED
from planted import keep_row, read_rows

from mne_hnn import Dipole, Spikes
from mne_hnn.fit import CircuitPrior, Explanation, spikes_per_cell
from mne_hnn.fit.amplitude import log_plausibility
from mne_hnn.fit.spiking_data import HALF_SPIKE
from mne_hnn.inference import (
    AmortisedEstimator,
    CircuitPosterior,
    PosteriorSettings,
    Sensors,
    TrainingSettings,
    read_estimator,
    shuffled_sign,
    train_posterior,
    wrong_label,
)

SIDES = ("proximal", "distal")
USUAL = (("proximal", 30.0), ("distal", 70.0))


def stated_by(world: World, planted: Planted, target: Dipole, standard_error: float, off: float) -> Explanation:
    """Return the explanation that is stated; of columns that fire, its trials are not looked at."""
    found = explained(replace(planted, regime="silent"), world, target, standard_error, off)
    if planted.regime == "silent":
        return found
    one = found.fit.simulation
    spikes = Spikes.from_trials(
        [np.array([])], [np.array([], int)], gid_ranges=one.network.gid_ranges, tmin=0.0, tmax=one.tstop / 1e3,
        trials=range(1),
    )  # fmt: skip
    fit = replace(found.fit, simulation=replace(one, spikes=spikes))
    return replace(found, regime=planted.regime, fit=fit, spikes=spikes_per_cell(fit.simulation))


def trained(world: World, regime: str, options: argparse.Namespace) -> AmortisedEstimator:
    """Return the estimator of a regime: what was saved, or what is trained now."""
    file = options.folder / f"{regime}.npz"
    if file.exists():
        return read_estimator(file)
    bump = 1e-8 * np.exp(-(((TIMES_MS - 50) / 15) ** 2))
    any_one = Planted(regime=regime, sequence=USUAL, values={"columns": 1e3}, clean=bump, peak_nAm=10.0)
    settings = TrainingSettings(
        networks=options.networks, twins=options.twins, steps=options.steps, truths=max(getattr(options, regime), 10),
        truth_trials=options.trials,
    )  # fmt: skip
    began = time.perf_counter()

    def tell(n: int, loss: float) -> None:
        """Show how far training is."""
        sys.stdout.write(f"{regime} {n} {loss:.2f} {time.perf_counter() - began:.0f} s\n")
        sys.stdout.flush()

    estimator = train_posterior(
        stated_by(world, any_one, dipole_of(bump), 1e-10, 1.0), settings, folder=options.folder / "kept",
        n_jobs=options.n_jobs, progress=tell,
    )  # fmt: skip
    estimator.save(file)
    return estimator


def learned(estimator: AmortisedEstimator) -> dict[str, Any]:
    """Return what training cost, and what it left open."""
    teacher = estimator.teacher
    relative = {name: float(np.sqrt(np.mean(np.diag(getattr(teacher, name))))) for name in ("unknown", "chance")}
    return {
        "facts": dict(estimator.facts),
        "diagnostics": dict(estimator.diagnostics),
        "losses": {"training": estimator.density.training[-1], "validation": estimator.density.validation[-1]},
        "over the root mean square of the mean response": relative,
    }


def planted_of(estimator: AmortisedEstimator, number: int, rng: np.random.Generator) -> Planted | None:
    """Return a truth with stated times; None if these are before the record, or in another order."""
    frame, truths = estimator.frame, estimator.truths
    times = frame.times_of(truths.z[number : number + 1])[0]
    stated = times + frame.stated_sd_ms * rng.standard_normal(len(times))
    if stated.min() < 1.0 or (np.diff(stated) <= 0).any():  # given what is stated, what is true is as the prior says
        return None
    moment = np.interp(TIMES_MS, frame.times_ms, truths.moments[number])
    peak_nAm = float(np.exp(rng.uniform(*np.log(PEAKS_nAm[frame.regime]))))
    columns = peak_nAm / (np.abs(moment).max() * 1e9)
    z = truths.z[number].copy()
    z[frame.is_time] = (times - stated) / frame.stated_sd_ms
    return Planted(
        regime=frame.regime, sequence=tuple(zip(frame.sides, stated.tolist(), strict=True)),
        values={"columns": columns}, clean=columns * moment, peak_nAm=peak_nAm, z=z,
    )  # fmt: skip


def fits(world: World, planted: Planted, area_mm2: float, rng: np.random.Generator) -> bool:
    """Return whether a disc of an area is drawn for a truth: as often as it holds the cells of so many columns."""
    target, firing = dipole_of(planted.clean, area_mm2), planted.regime == "spiking"
    log = log_plausibility(planted.values["columns"], world.network, target, CircuitPrior(), firing=firing)
    return bool(np.log(rng.random()) < log)


def factor_stated(rng: np.random.Generator) -> float:
    """Return by which factor the number of columns that is stated is off."""
    return float(np.exp(np.log(STATED_FACTOR) * rng.standard_normal()))


def asked(
    estimator: AmortisedEstimator, stated: Explanation, sensors: Sensors | None, options: argparse.Namespace
) -> tuple[CircuitPosterior, float]:
    """Return a posterior of the estimator, and how many seconds it took."""
    began = time.perf_counter()
    settings = PosteriorSettings(
        particles=options.particles, populations=options.populations, nave=max(estimator.truths.n_trials, 2)
    )
    found = estimator.posterior(stated, sensors, settings)
    return found, time.perf_counter() - began


def row_of(world: World, estimator: AmortisedEstimator, number: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return a row of the waveform's posterior."""
    rng = np.random.default_rng([number, 9])
    planted = planted_of(estimator, number, rng)
    if planted is None:
        return {"number": number, "left out": True}
    response = responded(planted, rng, noise=NOISE)
    moment = -response.moment if is_turned(number) else response.moment
    off = factor_stated(rng)
    stated = stated_by(world, planted, dipole_of(moment), response.standard_error, off)
    found, seconds = asked(estimator, stated, None, options)
    return known_of(estimator, number, planted, found, response.discrepancy, rng) | {"seconds": seconds}


def row_at_sensors(
    world: World, estimator: AmortisedEstimator, number: int, options: argparse.Namespace
) -> dict[str, Any]:
    """Return a row of the posterior from the sensors, with its place, and what it rejects."""
    rng = np.random.default_rng([number, 10])
    known = head(world.folder)
    disc = drawn_disc(known.discs, rng)
    planted = planted_of(estimator, number, rng)
    if planted is None or not fits(world, planted, float(known.discs.disc_mm2[disc]), rng):
        return {"number": number, "left out": True}
    scene = planted_at_sensors(known, planted, disc, rng, turned=is_turned(number), field_error=options.field_error)
    stated = stated_by(world, planted, scene.target, scene.standard_error, factor_stated(rng))
    found, seconds = asked(estimator, stated, scene.sensors, options)
    row = known_of(estimator, number, planted, found, scene.discrepancy, rng) | {"seconds": seconds}
    controls = {"opposite sign": shuffled_sign(found), "same place of the other hemisphere": wrong_label(found)}
    return row | {
        "place": None if found.place is None else told_of_place(scene, found.place, rng),
        "controls": {
            name: {"difference": one.difference, "error": one.error, "rejected": one.rejected}
            for name, one in controls.items()
        },
    }


def is_turned(number: int) -> bool:
    """Return whether a truth is turned over."""
    return number % TURNED == TURNED - 1


def known_of(
    estimator: AmortisedEstimator,
    number: int,
    planted: Planted,
    found: CircuitPosterior,
    discrepancy: float,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return what is known of a posterior and its truth, as JSON can hold it."""
    turned = is_turned(number)
    assert found.asked is not None
    assert planted.z is not None
    natural = found.asked.model.natural(planted.z[np.newaxis])[0]
    truth = dict(zip(found.asked.model.paths, natural.tolist(), strict=True))
    truth |= {"columns": planted.values["columns"], "discrepancy": discrepancy}
    ranks = {path: rank(found.of(path), truth[path], rng) for path in found.paths}
    sizes = found.asked.question.task.network.populations
    types = found.asked.question.data.types
    for k, name in enumerate(types if estimator.frame.regime == "spiking" else ()):
        one = np.exp(estimator.truths.log_rates[number, k]) - HALF_SPIKE / len(sizes[name])
        ranks[f"spikes.{name}"] = rank(found.spikes[name], float(one), rng)
    probability = found.polarity.probability
    own = next(check.value for check in found.checks if check.name.startswith("amortised"))
    return {
        "number": number,
        "turned": turned,
        "ranks": {path: round(u, 4) for path, u in ranks.items()},
        "truth": truth,
        "bits": found.bits(),
        "probability of the true sign": 1 - probability if turned else probability,
        "evidence": found.evidence.parts["response"],
        "own draws": own,
        "temperatures": [len(one) for one in found.facts["temperatures"]],
        "failed": [check.name for check in found.checks if not check.passed],
        "networks": int(estimator.facts["networks"]),
    }


def main() -> None:
    """Train, draw one posterior after the other, and print the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    usual = TrainingSettings()
    for name in ("silent", "spiking"):
        parser.add_argument(f"--{name}", type=int, default=0, help="truths")
    for name, default in (("networks", usual.networks), ("twins", usual.twins), ("steps", usual.steps)):
        parser.add_argument(f"--{name}", type=int, default=default, help="of TrainingSettings")
    parser.add_argument("--trials", type=int, default=usual.truth_trials, help="of each spiking truth")
    for name in ("particles", "populations"):
        parser.add_argument(f"--{name}", type=int, default=getattr(PosteriorSettings(), name))
    parser.add_argument("--sensors", action="store_true")
    parser.add_argument("--field-error", type=float, default=0.1, help="of Sensors")
    parser.add_argument("--n-jobs", type=int, default=2)
    options = parser.parse_args()
    mne.set_log_level("ERROR")
    warnings.simplefilter("ignore")
    options.folder.mkdir(parents=True, exist_ok=True)
    world = World(folder=options.folder, n_jobs=options.n_jobs)
    for regime in ("silent", "spiking"):
        wanted = getattr(options, regime)
        if not wanted:
            continue
        estimator = trained(world, regime, options)
        sys.stdout.write("\n".join(estimator.sentences()) + "\n" + json.dumps(learned(estimator)) + "\n")
        file = options.folder / f"{regime}{'-sensors' if options.sensors else ''}.jsonl"
        done = {row["number"] for row in read_rows(file)}
        for number in sorted(set(range(min(wanted, len(estimator.truths)))) - done):
            row = (row_at_sensors if options.sensors else row_of)(world, estimator, number, options)
            keep_row(file, row)
            if "ranks" in row:
                inside = sum(abs(u - 0.5) <= 0.45 for u in row["ranks"].values())
                sys.stdout.write(
                    f"{regime} {number}: {inside} of {len(row['ranks'])} in 90 %, {row['seconds']:.0f} s\n"
                )
                sys.stdout.flush()
        rows = [row for row in read_rows(file) if "ranks" in row]
        sys.stdout.write(json.dumps({regime: {"truths": len(rows)} | totals(rows)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
