"""Plant truths from the prior of a posterior, draw the posteriors, and see whether they are as wide as they should be.

    python tests/benchmarks/calibration.py --folder calibrated [--silent 60] [--spiking 10] [--sensors] [--n-jobs 2]

A truth is drawn from the prior that the posterior has: times around those that are stated, spreads, weights, columns
per nA m (any peak is as good as another), spikes as plausible as they are; noise and discrepancy as the likelihood has
them. Spiking truths live on the mesh of 5 x 5 and have two drives, a proximal and a distal one; their response is the
mean of 60 trials. Every sixth truth is turned over: it counts for the sign only.

With ``--sensors`` a truth is a disc of the bank of the demo's central sulcus, on the full surface, whose field in the
demo's recorded noise is analysed on the coarser one. ``--course-known`` asks for the place alone, of the true course.

Every posterior is one line of ``FOLDER/REGIME.jsonl`` (``-sensors``, ``-place``): the same command goes on where it was
stopped, and prints the totals; other processes may take the truths from another ``--first`` on.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mne
import numpy as np
from _ranks import rank, totals
from _truths import TIMES_MS, Planted, World, dipole_of, explained, responded
from _truths_at_sensors import Placed, drawn_disc, head, planted_at_sensors, told_of_place
from planted import keep_row, read_rows

from mne_hnn.inference import CircuitPosterior, PosteriorSettings, posterior
from mne_hnn.inference.place import locate
from mne_hnn.inference.question import Question

TURNED = 6
"""Every so many-th truth is turned over."""
STATED_FACTOR = 1.3
"""Standard deviation, as a factor, of the number of columns that is stated over the true one."""


def settings_of(options: argparse.Namespace, regime: str) -> PosteriorSettings:
    """Return how posteriors are drawn: as usual, but fewer particles and networks if the options say so."""
    given: dict[str, Any] = {"particles": options.particles, "populations": options.populations}
    if regime == "spiking":
        given |= {"batch": options.batch, "rounds": options.rounds, "start": options.start, "nave": 60}
    return PosteriorSettings(**given)


def row_of(number: int, planted: Planted, found: CircuitPosterior, discrepancy: float, turned: bool) -> dict[str, Any]:
    """Return what is known of a posterior and its truth, as JSON can hold it."""
    rng = np.random.default_rng([number, 7])
    truth = planted.values | {"discrepancy": discrepancy}
    ranks = {path: rank(found.of(path), truth[path], rng) for path in found.paths}
    if planted.trials is not None:
        # those of draws are of a trial each, so that they are compared with those of a trial
        counts = planted.trials.spikes.select(trial=int(rng.integers(planted.trials.n_trials))).counts()
        sizes = planted.trials.network.populations
        for name, drawn in found.spikes.items():
            ranks[f"spikes.{name}"] = rank(np.rint(drawn * len(sizes[name])), counts.get(name, 0), rng)
    probability = found.polarity.probability
    off = {} if planted.z is None else emulator_off(planted, found)
    return off | {
        "number": number,
        "turned": turned,
        "ranks": {path: round(u, 4) for path, u in ranks.items()},
        "truth": truth,
        "bits": found.bits(),
        "probability of the true sign": 1 - probability if turned else probability,
        "evidence": found.evidence.parts["response"],
        "failed": [check.name for check in found.checks if not check.passed],
        "warned": len(found.warnings),
        "calibration": list(found.facts.get("calibration", ())),
        "networks": int(found.facts.get("networks", 0)),
    }


def emulator_off(planted: Planted, found: CircuitPosterior) -> dict[str, float]:
    """Return what the emulator is off by at the truth, and by how much it says it may be, relative to the response."""
    assert found.asked is not None
    question, unknown = found.asked.question, found.asked.unknown
    assert unknown is not None
    clean = np.interp(question.times_ms, TIMES_MS, planted.clean)
    made = planted.values["columns"] * found.asked.model.predict(np.atleast_2d(planted.z)).moments[0]
    size = float(np.sqrt(np.mean(clean**2)))
    said = np.diag(unknown) * question.rms**2 + np.diag(question.chance) * question.rms**2
    return {
        "emulator off": float(np.sqrt(np.mean((made - clean) ** 2)) / size),
        "emulator said": float(np.sqrt(np.mean(said)) / size),
        "emulator too small by": float(made @ clean / (made @ made)),
    }


@contextmanager
def kept(folder: Path, regime: str, number: int) -> Iterator[Path]:
    """Give a folder for the checkpoint of a posterior, with the networks that all of a regime begin with.

    It is deleted afterwards: no other truth asks for the same simulations, and reading those of all takes longer and
    longer.
    """
    own, start = folder / "kept" / f"{regime}-{number}", folder / "kept" / f"start-{regime}"
    own.mkdir(parents=True, exist_ok=True)
    start.mkdir(parents=True, exist_ok=True)
    for file in start.iterdir():
        shutil.copy(file, own)
    yield own
    first = min(own.glob("batch-*.npz"), key=lambda file: file.stat().st_mtime, default=None)
    if first is not None and not any(start.iterdir()):
        shutil.copy(first, start / "part")
        (start / "part").rename(start / first.name)
    shutil.rmtree(own)


def calibrated(world: World, regime: str, number: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return a row of the waveform's posterior."""
    rng = np.random.default_rng([number, 5])
    planted = getattr(world, regime)(number)
    turned = number % TURNED == TURNED - 1
    response = responded(planted, rng)
    target = dipole_of(-response.moment if turned else response.moment)
    off = float(np.exp(np.log(STATED_FACTOR) * rng.standard_normal()))
    stated = explained(planted, world, target, response.standard_error, off)
    began = time.perf_counter()
    with kept(options.folder, regime, number) as folder:
        found = posterior(stated, settings=settings_of(options, regime), n_jobs=options.n_jobs, checkpoint=folder)
    seconds = time.perf_counter() - began
    return row_of(number, planted, found, response.discrepancy, turned) | {"seconds": seconds}


def at_sensors(world: World, regime: str, number: int, options: argparse.Namespace) -> dict[str, Any]:
    """Return a row of the posterior from the sensors."""
    rng = np.random.default_rng([number, 6])
    turned = number % TURNED == TURNED - 1 and not options.course_known
    known = head(world.folder)
    disc = drawn_disc(known.discs, rng)
    planted = world.silent(number, float(known.discs.disc_mm2[disc])) if regime == "silent" else world.spiking(number)
    scene = planted_at_sensors(known, planted, disc, rng, turned=turned, field_error=options.field_error)
    if options.course_known:
        return of_known_course(world, scene, number)
    off = float(np.exp(np.log(STATED_FACTOR) * rng.standard_normal()))
    stated = explained(scene.planted, world, scene.target, scene.standard_error, off)
    began = time.perf_counter()
    with kept(options.folder, regime, number) as folder:
        found = posterior(stated, scene.sensors, settings_of(options, regime), n_jobs=options.n_jobs, checkpoint=folder)
    seconds = time.perf_counter() - began
    row = row_of(number, scene.planted, found, scene.discrepancy, turned) | {"seconds": seconds}
    return row | {"place": None if found.place is None else told_of_place(scene, found.place, rng)}


def of_known_course(world: World, scene: Placed, number: int) -> dict[str, Any]:
    """Return a row of the place alone."""
    began = time.perf_counter()
    stated = explained(scene.planted, world, scene.target, scene.standard_error, 1.0)
    question = Question(explanation=stated, sensors=scene.sensors, settings=PosteriorSettings())
    course = scene.planted.clean / scene.planted.values["columns"]
    place = locate(question, np.interp(question.times_ms, TIMES_MS, course)[np.newaxis], None)
    told = told_of_place(scene, place, np.random.default_rng([number, 8]))
    seconds = time.perf_counter() - began
    return {
        "number": number,
        "turned": False,
        "ranks": {},
        "failed": [],
        "networks": 0,
        "seconds": seconds,
        "place": told,
    }


def main() -> None:
    """Draw one posterior after the other, and print the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--silent", type=int, default=0)
    parser.add_argument("--spiking", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first truth")
    parser.add_argument("--sensors", action="store_true")
    parser.add_argument("--course-known", action="store_true", help="with --sensors: the place alone")
    parser.add_argument("--field-error", type=float, default=0.1, help="of Sensors")
    usual = PosteriorSettings()
    for name in ("particles", "populations", "start", "batch", "rounds"):
        parser.add_argument(f"--{name}", type=int, default=getattr(usual, name))
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
        kind = "" if not options.sensors else "-place" if options.course_known else "-sensors"
        file = options.folder / f"{regime}{kind}.jsonl"
        done = {row["number"] for row in read_rows(file)}
        for number in range(options.first, options.first + wanted):
            if number in done:
                continue
            row = (at_sensors if options.sensors else calibrated)(world, regime, number, options)
            keep_row(file, row)
            inside = sum(abs(u - 0.5) <= 0.45 for u in row["ranks"].values())
            sys.stdout.write(
                f"{regime} {number}{' turned' if row['turned'] else ''}: {inside} of {len(row['ranks'])} in 90 %, "
                f"{row['seconds']:.0f} s, {row['networks']} networks\n"
            )
            sys.stdout.flush()
        sys.stdout.write(json.dumps({regime: totals(read_rows(file))}, indent=1) + "\n")


if __name__ == "__main__":
    main()
