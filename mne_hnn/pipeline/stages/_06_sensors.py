"""Predict the sensors from the fitted dipole."""

from __future__ import annotations

import json

import numpy as np

from ...dipole import Dipole, read_dipole
from ...source import label_patch, patch_moment, predict_sensors
from ..facts import SensorsFacts
from ..files import read_forward, read_label, read_noise_cov, read_response, read_target
from ..options import SensorsOptions
from ..stage import Stage, Work


def _run(work: Work[SensorsOptions]) -> SensorsFacts:
    evoked, forward = read_response(work), read_forward(work)
    patch = label_patch(read_label(work), forward)
    target, fitted = read_target(work), read_dipole(work.inputs["fit"]["dipole"])
    dipoles = {"target": target, "fitted": fitted}
    sized = target.provenance["unit"] == "A m"
    if not sized:
        # units that are arbitrary have a shape only: its size at the sensors is fitted there
        moment, _ = patch_moment(evoked, patch, forward, noise_cov=read_noise_cov(work))
        measured = np.interp(target.times, evoked.times, moment)
        factor = float(measured @ target["agg"] / (target["agg"] @ target["agg"]))
        dipoles = {
            name: Dipole(factor * dipole["agg"], dipole.times, ("agg",), comment=name)
            for name, dipole in dipoles.items()
        }
    explained = {}
    for name, dipole in dipoles.items():
        prediction = predict_sensors(dipole, patch, forward, evoked, tmin=target.times[0], tmax=target.times[-1])
        explained[name] = dict(prediction.explained)
    prediction.predicted.save(work.path("predicted"))
    prediction.residual.save(work.path("residual"))
    work.path("explained").write_text(json.dumps(explained, indent=1) + "\n", encoding="utf-8")
    size = "moment of the target" if sized else "fitted to the sensors"
    return SensorsFacts(explained=explained, size=size)


STAGE = Stage(
    name="sensors",
    title="Predict the sensors from the fitted dipole",
    options=SensorsOptions,
    facts=SensorsFacts,
    after=("load", "inverse", "target", "fit"),
    outputs={"predicted": "predicted-ave.fif", "residual": "residual-ave.fif", "explained": "explained.json"},
    run=_run,
    revision=2,
)
