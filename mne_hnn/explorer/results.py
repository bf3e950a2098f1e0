"""A results folder of the pipeline: its target, fit, column, and the cortex that it is of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mne

from .._files import read_file, read_json
from .._text import some
from ..dipole import Dipole, read_dipole
from ..errors import DataError, MneHnnError
from ..fit import FitResult, read_fit
from ..io import read_simulation
from ..network import Network
from ..source import CourseOptions
from .cortex import Cortex
from .place import Place, TargetRule

__all__ = ["Results", "results_of"]


def results_of(folder: Path) -> Results:
    """Return the results of the only subject in a folder: its own, or that of an analysis.

    Raises
    ------
    DataError
        There are none, or those of several subjects.
    """
    found = {path.parent.parent for path in folder.glob("*_target/target.json")}
    found = found or {path.parent.parent for path in folder.glob("*/*_target/target.json")}
    if not found:
        raise DataError(
            f"{folder} is no results folder of the pipeline: there is no target in it. Run the analysis (mne-hnn run) "
            "first, or open one of its files."
        )
    if len(found) > 1:
        names = some(sorted(path.name for path in found), 3)
        raise DataError(f"{folder} has the results of {len(found)} subjects ({names}): open the folder of one of them.")
    return Results(folder=found.pop())


@dataclass(frozen=True, kw_only=True)
class Results:
    """The results of one subject.

    Attributes
    ----------
    folder : Path
        With a folder per step.
    """

    folder: Path

    def _path(self, step: str, name: str) -> Path | None:
        """Return a file of a step; None if the step was not run, or goes without."""
        return next(iter(sorted(self.folder.glob(f"*_{step}/{name}"))), None)

    def target(self) -> Dipole:
        """Return the target."""
        path = self._path("target", "target-ave.fif")
        if path is None:
            raise DataError(f"{self.folder} has no target: run step 'target' first.")
        return read_dipole(path)

    def fit(self) -> FitResult | None:
        """Return the fit; None if there is none yet."""
        path = self._path("fit", "fit.npz")
        return None if path is None else read_fit(path)

    def network(self) -> Network | None:
        """Return the column as it was configured; None if it was not simulated yet."""
        path = self._path("simulate", "simulation.npz")
        return None if path is None else read_simulation(path).network

    def cortex(self) -> tuple[Cortex | None, Place | None, tuple[str, ...]]:
        """Return the cortex, the place of the target, and why there is none if so."""
        paths = {
            "evoked": self._path("load", "response-ave.fif"),
            "noise_cov": self._path("load", "noise-cov.fif"),
            "forward": self._path("inverse", "response-fwd.fif"),
            "inverse": self._path("inverse", "response-inv.fif"),
            "target": self._path("target", "target.json"),
            "label": self._path("target", "target-*.label"),
        }
        if any(path is None for path in paths.values()):
            return None, None, ("There is no cortex to click on: the target was read from a file.",)
        try:
            return (*self._cortex({name: path for name, path in paths.items() if path is not None}), ())
        except MneHnnError as error:
            return None, None, (f"There is no cortex to click on: {error}",)

    def _cortex(self, paths: dict[str, Path]) -> tuple[Cortex, Place]:
        told = read_json(paths["target"], "sidecar of a step")
        options: dict[str, Any] = told.get("options") or {}
        facts: dict[str, Any] = told.get("facts") or {}
        subject = str(facts.get("subject"))
        scaled = paths["forward"].parent / "subjects"
        subjects_dir = scaled if scaled.is_dir() else options.get("subjects_dir") or mne.get_config("SUBJECTS_DIR")
        if subjects_dir is None or not (Path(subjects_dir) / subject / "surf").is_dir():
            raise DataError(f"the surfaces of {subject!r} are not in {subjects_dir}.")
        course = {name: options[name] for name in ("method", "snr", "mode", "amplitude") if name in options}
        cortex = Cortex(
            read_file(mne.read_evokeds, paths["evoked"], "response", condition=0),
            paths["forward"],
            paths["inverse"],
            subject,
            subjects_dir,
            noise_cov=read_file(mne.read_cov, paths["noise_cov"], "noise covariance"),
            rule=TargetRule(
                course=CourseOptions(**course),
                polarity=options.get("polarity", "normal"),
                tmin=options.get("target_tmin", 0.0),
                tmax=options.get("target_tmax"),
            ),
        )
        label = mne.read_label(paths["label"], subject=subject)
        label.name = facts.get("label", label.name)
        return cortex, cortex.of_label(label)
