"""Run by the peer's interpreter: its own optimizer on a waveform, with free times, spreads and weights of all drives.

    PEER/bin/python peer_optimizer.py PLAN.json LINES.jsonl [--evaluations 50] [--solver bayesian] [--trials 1]

``fit.py peer-optimizer`` writes the plan: the waveform, the drives, and between which values each number is free. Each
evaluation is a line of LINES.jsonl as soon as it is done, so that a run can be stopped: asked for as many evaluations
as there are, the command goes on with the last step, trials with seeds that the search has not seen. Asked for more of
them it begins again, as an optimizer of the peer cannot go on where it was stopped; LINES.jsonl.old is what was there.

Spreads and weights are searched as logarithms, in which the ranges are even, and begin in their middle, as the peer
does unless told otherwise; ``--linear`` searches the values themselves, as its gallery does. With ``--unit`` each is
searched as a share of its range. With cobyla all are: for it the peer (0.6.1) takes the bounds of the last number for
those of all, which does no harm where all are alike. Needs scikit-learn.
"""

import argparse
import contextlib
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
from hnn_core import average_dipoles, neymotin_2020_model, read_dipole, simulate_dipole
from hnn_core.optimization import Optimizer

SEED, FRESH_SEED = 2, 1_000_002  # the peer's usual one, and one that no trial of the search comes near


class Space:
    """What is free, as the numbers that the optimizer sees."""

    def __init__(self, plan, linear, unit):
        self.plan, self.linear, self.unit = plan, linear, unit

    def logarithmic(self, name):
        """Tell whether a number is searched as its logarithm."""
        return not self.linear and not name.endswith(".mu_ms")

    def ends(self, name):
        """Return the ends of the range of a number, as logarithms if it is searched as one."""
        ends = self.plan["ranges"][name]
        return tuple(map(math.log10, ends) if self.logarithmic(name) else ends)

    def constraints(self):
        """Return the range of each number."""
        return {name: (0.0, 1.0) if self.unit else self.ends(name) for name in self.plan["ranges"]}

    def values(self, parameters):
        """Return times and spreads in ms and weights in uS."""
        values = {}
        for name, number in parameters.items():
            low, high = self.ends(name)
            plain = low + (high - low) * number if self.unit else number
            values[name] = 10.0**plain if self.logarithmic(name) else plain
        return values

    def add_drives(self, net, parameters, seed=SEED):
        """Add all drives of the plan to a network."""
        values = self.values(parameters)
        for drive in self.plan["drives"]:
            name = drive["name"]
            weights = {
                receptor: {cell: values[f"{name}.{receptor}.{cell}"] for cell in cells}
                for receptor, cells in drive["cells"].items()
            }
            net.add_evoked_drive(
                name,
                mu=values[f"{name}.mu_ms"],
                sigma=values[f"{name}.sigma_ms"],
                numspikes=1,
                location=drive["location"],
                weights_ampa=weights["ampa"],
                weights_nmda=weights["nmda"],
                synaptic_delays=drive["delays_ms"],
                event_seed=seed,
            )


def recorded(objective, names, file, facts):
    """Return the peer's objective, which also writes a line for each evaluation: facts of the run, and what it gave."""
    began, seen = time.perf_counter(), []

    def evaluate(*arguments, **options):
        """Evaluate, and write what came of it."""
        start, busy = time.perf_counter(), time.process_time()
        value = float(objective(*arguments, **options))
        now = time.perf_counter()
        tried = options["predicted_params"] if "predicted_params" in options else arguments[3]
        seen.append(value)
        line = {
            "evaluation": len(seen),
            "seconds": now - start,
            "since_start": now - began,
            "processor_seconds": time.process_time() - busy,
            "objective": value,
            "best": min(seen),
            **facts,
            "parameters": dict(zip(names, map(float, tried), strict=True)),
        }
        with file.open("a") as stream:
            stream.write(json.dumps(line) + "\n")
        return value

    return evaluate


def search(space, target, file, options):
    """Let the peer's optimizer evaluate as often as was asked for."""
    constraints = space.constraints()
    bayesian = options.solver == "bayesian"
    optimizer = Optimizer(
        neymotin_2020_model(mesh_shape=(options.mesh, options.mesh)),
        tstop=float(target.times[-1]),
        constraints=constraints,
        set_params=space.add_drives,
        solver=options.solver,
        obj_fun="dipole_rmse",
        max_iter=options.evaluations - bayesian,  # this solver evaluates the start in addition
    )
    facts = {name: getattr(options, name) for name in ("solver", "trials", "mesh", "linear", "unit")}
    optimizer.obj_fun = recorded(optimizer.obj_fun, list(constraints), file, facts)
    np.random.seed(options.seed)  # noqa: NPY002 - the solver draws from this stream, and takes no other
    optimizer.fit(
        target=target,
        n_trials=options.trials,
        scale_factor=space.plan["scale"],
        smooth_window_len=space.plan["smooth_ms"],
    )


def fresh(space, target, parameters, options):
    """Return the mean of trials that the search has not seen, at the target's times, and R²."""
    net = neymotin_2020_model(mesh_shape=(options.mesh, options.mesh))
    space.add_drives(net, parameters, FRESH_SEED)
    dipoles = simulate_dipole(net, tstop=float(target.times[-1]), n_trials=options.fresh_trials, verbose=False)
    for dipole in dipoles:
        dipole.smooth(space.plan["smooth_ms"]).scale(space.plan["scale"])
    mean = average_dipoles(dipoles)
    found, wanted = np.interp(target.times, mean.times, mean.data["agg"]), target.data["agg"]
    spread = np.sum((wanted - wanted.mean()) ** 2)
    by = max(float(found @ wanted / (found @ found)), 0.0)
    return {
        "fresh_trials": options.fresh_trials,
        "r_squared": 1 - float(np.sum((found - wanted) ** 2) / spread),
        "best_scale": space.plan["scale"] * by,
        "r_squared_best_scale": 1 - float(np.sum((by * found - wanted) ** 2) / spread),
        "values": space.values(parameters),
        "times_ms": target.times.tolist(),
        "moment_nAm": found.tolist(),
    }


def evaluations(file):
    """Return what was evaluated so far."""
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    return [line for line in lines if "evaluation" in line]


def main():
    """Search, and judge the best."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path)
    parser.add_argument("lines", type=Path)
    parser.add_argument("--evaluations", type=int, default=50)
    parser.add_argument("--solver", choices=("bayesian", "cobyla"), default="bayesian")
    parser.add_argument("--trials", type=int, default=1, help="averaged in each evaluation; the peer's default")
    parser.add_argument("--fresh-trials", type=int, default=5)
    parser.add_argument(
        "--mesh", type=int, default=10, help="pyramidal cells along each side; fewer to try the command"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the solver")
    parser.add_argument("--linear", action="store_true", help="search spreads and weights as they are")
    parser.add_argument("--unit", action="store_true", help="search shares of ranges")
    options = parser.parse_args()
    options.unit = options.unit or options.solver == "cobyla"
    if options.evaluations < 2:
        parser.error("--evaluations must be 2 or more.")
    plan = json.loads(options.plan.read_text())
    if options.solver == "cobyla" and options.evaluations < len(plan["ranges"]) + 2:
        parser.error(
            f"--evaluations must be {len(plan['ranges']) + 2} or more with cobyla, which tries each number once."
        )
    space, target = Space(plan, options.linear, options.unit), read_dipole(plan["waveform"])
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # the peer prints each step
        if len(evaluations(options.lines)) < options.evaluations:
            if options.lines.exists():
                options.lines.replace(f"{options.lines}.old")
            search(space, target, options.lines, options)
        best = min(evaluations(options.lines), key=lambda line: line["objective"])
        space = Space(
            plan, best["linear"], best.get("unit", False)
        )  # as these were searched, whatever is asked for now
        result = {"best_evaluation": best["evaluation"], **fresh(space, target, best["parameters"], options)}
    with options.lines.open("a") as stream:
        stream.write(json.dumps(result) + "\n")
    sys.stdout.write(f"R2 {result['r_squared']:.4f} with fresh seeds\n")


if __name__ == "__main__":
    main()
