"""Amortised estimators as files: all of one in an archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from .._archive import DAMAGE, describe, open_archive, write_archive
from .._files import new_file
from .._types import FloatArray
from .._value import FrozenMap
from ..errors import DataError, MneHnnError
from ..fit.linear import Input, LinearColumn
from .amortised import AmortisedEstimator
from .bank import Truths
from .density import Density
from .mean_response import Layout, MeanResponse
from .scope import Frame
from .teaching import SilentTeacher, SpikingTeacher, Teacher
from .training_settings import TrainingSettings

__all__ = ["read_estimator", "write_estimator"]

VERSION = 1
REMEDY = "write one with AmortisedEstimator.save"
WHAT = "file of an amortised estimator"
COVARIANCES = ("chance", "unknown", "rates", "deviations", "rates_chance", "rates_unknown")


def write_estimator(path: str | Path, estimator: AmortisedEstimator, *, overwrite: bool = False) -> None:
    """Write an estimator.

    Parameters
    ----------
    path : path-like
        The file, ``.npz``.
    estimator : AmortisedEstimator
        The estimator.
    overwrite : bool
        Whether to replace a file that is there.
    """
    file = new_file(path, overwrite)
    frame, density, truths = estimator.frame, estimator.density, estimator.truths
    arrays: dict[str, Any] = {f"density/{name}": value for name, value in density.weights.items()}
    arrays |= {"training": density.training, "validation": density.validation, "times_ms": frame.times_ms}
    arrays |= {f"truths/{name}": getattr(truths, name) for name in ("z", "moments", "log_rates")}
    about, own = _teacher_parts(estimator.teacher)
    content = {
        "estimator_version": VERSION,
        "frame": {
            "identity": dict(frame.identity),
            "regime": frame.regime,
            "sides": list(frame.sides),
            "paths": list(frame.paths),
            "tstop": frame.tstop,
            "stated_sd_ms": frame.stated_sd_ms,
            "n_independent": frame.n_independent,
        },
        "density": {"n_free": density.n_free, "n_context": density.n_context},
        "teacher": about,
        "n_trials": truths.n_trials,
        "settings": asdict(estimator.settings),
        "diagnostics": estimator.diagnostics,
        "facts": estimator.facts,
    }
    write_archive(file, content, arrays | own, WHAT)


def read_estimator(path: str | Path) -> AmortisedEstimator:
    """Read an amortised estimator.

    Parameters
    ----------
    path : path-like
        A file of :meth:`AmortisedEstimator.save`.

    Returns
    -------
    estimator : AmortisedEstimator
        As it was saved.

    Raises
    ------
    DataError
        The file is missing, damaged, or something else.

    Examples
    --------
    >>> estimator.save("estimator.npz")
    >>> read_estimator("estimator.npz").frame.regime
    'silent'
    """
    content, arrays = open_archive(path, WHAT, REMEDY)
    try:
        if content["estimator_version"] != VERSION:
            raise DataError(f"{path} was written by another version of mne_hnn: train again.")
        known = dict(content["frame"])
        frame = Frame(
            **known
            | {
                "identity": FrozenMap(known["identity"]),
                "sides": tuple(known["sides"]),
                "paths": tuple(known["paths"]),
                "times_ms": arrays["times_ms"],
            }
        )
        return AmortisedEstimator(
            frame=frame,
            teacher=_teacher(frame, content["teacher"], arrays),
            density=Density(
                weights=_below(arrays, "density/"),
                training=arrays["training"],
                validation=arrays["validation"],
                **content["density"],
            ),
            truths=Truths(**_below(arrays, "truths/"), n_trials=content["n_trials"]),
            settings=TrainingSettings(**content["settings"]),
            diagnostics=content["diagnostics"],
            facts=content["facts"],
        )
    except (*DAMAGE, MneHnnError) as error:
        raise describe(error, path, WHAT, REMEDY) from error


def _below(arrays: Mapping[str, FloatArray], begin: str) -> dict[str, FloatArray]:
    return {name.removeprefix(begin): value for name, value in arrays.items() if name.startswith(begin)}


def _teacher_parts(teacher: Teacher) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """Return a teacher as plain values and arrays."""
    if isinstance(teacher, SilentTeacher):
        kernels, background, smooth_ms = teacher.column.measured
        inputs = [[one.location, one.receptor, one.cell_type] for one in kernels]
        arrays = {f"kernel/{k}": np.asarray(kernel) for k, kernel in enumerate(kernels.values())}
        return {"inputs": inputs, "smooth_ms": smooth_ms}, arrays | {"background": np.asarray(background)}
    assert isinstance(teacher, SpikingTeacher)
    mean, layout = teacher.mean, teacher.mean.layout
    arrays = {f"teacher/{name}": getattr(teacher, name) for name in COVARIANCES}
    arrays |= {"mean/centre": mean.centre, "mean/scale": mean.scale, "layout/mean": layout.mean, "layout/sd": layout.sd}
    for k, fold in enumerate(mean.folds):
        arrays |= {f"fold{k}/{name}": value for name, value in fold.items()}
    about = {
        "drives": [list(one) for one in layout.drives],
        "times": list(layout.times),
        "n_types": layout.n_types,
        "folds": len(mean.folds),
    }
    return about, arrays


def _teacher(frame: Frame, about: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> Teacher:
    if frame.regime == "silent":
        kernels = {
            Input(location=location, receptor=receptor, cell_type=cell): arrays[f"kernel/{k}"]
            for k, (location, receptor, cell) in enumerate(about["inputs"])
        }
        column = LinearColumn(kernels, arrays["background"], frame.times_ms, frame.tstop, about["smooth_ms"])
        return SilentTeacher(frame=frame, column=column)
    layout = Layout(
        drives=tuple(tuple(one) for one in about["drives"]),
        times=tuple(about["times"]),
        mean=arrays["layout/mean"],
        sd=arrays["layout/sd"],
        tstop=frame.tstop,
        n_types=about["n_types"],
    )
    mean = MeanResponse(
        layout=layout,
        folds=tuple(_below(arrays, f"fold{k}/") for k in range(about["folds"])),
        centre=arrays["mean/centre"],
        scale=arrays["mean/scale"],
    )
    return SpikingTeacher(frame=frame, mean=mean, **{name: arrays[f"teacher/{name}"] for name in COVARIANCES})
