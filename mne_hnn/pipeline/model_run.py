"""Simulating the column in a file as the file says, with a figure and files of what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt

from .._checks import check_name, check_seed
from .._files import write_whole
from .._value import replace
from ..dipole import Dipole
from ..errors import CacheError, ConfigError, ParameterError
from ..io import HnnSettings, write_dipole_txt, write_simulation, write_spikes_txt
from ..network import Drive, EvokedDrive, Network
from ..simulate import Simulation, simulate
from ..viz import plot_simulation
from .model_files import ModelFile, read_model

__all__ = ["RUN_CHANGES", "ModelRun", "run_model"]

#: What ``--set`` of a run can change, and the field of the settings that it is.
RUN_CHANGES: Mapping[str, str] = {
    "n_trials": "n_trials",
    "tstop": "tstop_ms",
    "dt": "dt_ms",
    "dipole_scale": "dipole_scale",
    "smooth_ms": "smooth_ms",
    "seed": "seed",
}
#: Duration where neither a file nor its drives say one, ms.
DURATION_MS = 170.0
_AFTER_MS = 50.0


@dataclass(frozen=True, kw_only=True)
class ModelRun:
    """What came out of a run.

    Parameters
    ----------
    model : ModelFile
        The file that was run.
    settings : HnnSettings
        Scale, smoothing, duration, step and trials, as they were used.
    simulation : Simulation
        Dipoles and spikes, without scale or smoothing.
    folder : Path
        Where the files are.
    figure : Path
        The figure: drives, dipole with its layers, spikes.
    dipoles, spikes : tuple of Path
        Text as HNN writes it: the dipole, of several trials their average first, scaled and smoothed; spikes per trial.
    archive : Path
        The simulation as :func:`mne_hnn.io.read_simulation` reads it.

    Examples
    --------
    >>> network.save("column.json")
    >>> run = run_model("column.json", {"tstop": 40.0})
    >>> run.archive.name, run.figure.exists()
    ('simulation.npz', True)
    """

    model: ModelFile
    settings: HnnSettings
    simulation: Simulation
    folder: Path
    figure: Path
    dipoles: tuple[Path, ...]
    spikes: tuple[Path, ...]
    archive: Path

    @property
    def summary(self) -> str:
        """What was run and how, in a line."""
        network, settings = self.model.network, self.settings
        trials = f"{settings.n_trials} trial{'s' if settings.n_trials > 1 else ''}"
        parts = [f"{network.n_cells} cells", f"drives: {', '.join(network.drives) or 'none'}"]
        parts += [f"{trials} of {settings.tstop_ms:g} ms in steps of {settings.dt_ms:g} ms"]
        parts += [f"dipole of {settings.dipole_scale:,g} columns"] if settings.dipole_scale != 1 else []
        parts += [f"smoothed over {settings.smooth_ms:g} ms"] if settings.smooth_ms else []
        said = "" if self.model.settings is not None else " (the file says no duration, scale or trials)"
        return f"{self.model.path.name}, a {self.model.kind}: {'; '.join(parts)}{said}"


def run_model(
    path: str | Path,
    changes: Mapping[str, Any] | None = None,
    *,
    output: str | Path | None = None,
    n_jobs: int = 1,
    overwrite: bool = False,
) -> ModelRun:
    """Simulate the column in a file of HNN or of ours with the file's own duration, trials, scale and smoothing.

    Parameters
    ----------
    path : path-like
        A file that :func:`read_model` reads.
    changes : mapping of str to number | None
        ``n_trials``, ``tstop``, ``dt`` and ``smooth_ms`` (ms), ``dipole_scale``, ``seed``, instead of what the file
        says.
    output : path-like | None
        Folder for the files; None is ``mne_hnn_results/NAME`` here, with the name of the file.
    n_jobs : int
        Processes to spread the trials over; -1 for all cores.
    overwrite : bool
        Whether to replace files that are there.

    Returns
    -------
    run : ModelRun
        What came out, and where it is.

    Raises
    ------
    DataError
        The file is missing, damaged, of a newer version, or holds no column.
    ConfigError
        A change has no such name or value, or files are there and `overwrite` is False.

    Notes
    -----
    Network files say neither duration nor scale. They are run for 170 ms, or as long as their drives act, one trial,
    without scale or smoothing.

    Examples
    --------
    >>> network.save("column.json")
    >>> run = run_model("column.json", {"tstop": 40.0})
    >>> len(run.simulation.dipoles)
    1
    """
    given = dict(changes or {})
    for name in given:
        check_name(name, RUN_CHANGES, "setting", where="of a run", error=ConfigError)
    model = read_model(path)
    seed = given.pop("seed", None)
    if seed is not None:
        seed = check_seed(seed, "seed", error=ConfigError)
    settings = _settings(model, given)
    folder = Path("mne_hnn_results", model.path.stem) if output is None else Path(output).expanduser()
    files = _new_files(folder, settings.n_trials, overwrite)
    simulation = simulate(
        model.network, settings.tstop_ms, n_trials=settings.n_trials, dt=settings.dt_ms, n_jobs=n_jobs, seed=seed
    )
    _write(simulation, settings, files)
    return ModelRun(
        model=model,
        settings=settings,
        simulation=simulation,
        folder=folder,
        figure=files.figure,
        dipoles=files.dipoles,
        spikes=files.spikes,
        archive=files.archive,
    )


def _settings(model: ModelFile, changes: Mapping[str, Any]) -> HnnSettings:
    usual = HnnSettings(dipole_scale=1.0, smooth_ms=0.0, tstop_ms=_duration(model.network))
    try:
        settings = replace(
            usual if model.settings is None else model.settings,
            **{RUN_CHANGES[name]: value for name, value in changes.items()},
        )
    except ParameterError as error:
        raise ConfigError(str(error).removeprefix(f"{HnnSettings.__name__}: ")) from error
    if settings.smooth_ms >= settings.tstop_ms:
        raise ConfigError(
            f"smooth_ms of {settings.smooth_ms:g} ms is not shorter than the run of {settings.tstop_ms:g} ms: set "
            "smooth_ms or tstop."
        )
    return settings


def _duration(network: Network) -> float:
    """Return how long the drives of a network act, to a whole ms, and a little longer for the response."""
    return float(round(max([DURATION_MS, *map(_end, network.drives.values())])))


def _end(drive: Drive) -> float:
    if isinstance(drive, EvokedDrive):
        return drive.mu_ms + 3 * drive.sigma_ms + _AFTER_MS
    times = getattr(drive, "times_ms", ())
    return getattr(drive, "tstop", None) or max((max(train) + _AFTER_MS for train in times if train), default=0.0)


class _Files(NamedTuple):
    """The files of a run."""

    figure: Path
    dipoles: tuple[Path, ...]
    spikes: tuple[Path, ...]
    archive: Path


def _new_files(folder: Path, n_trials: int, overwrite: bool) -> _Files:
    """Return the files of a run; all are checked before the first is made."""
    trials = [folder / f"dipole_{trial}.txt" for trial in range(n_trials)] if n_trials > 1 else []
    files = _Files(
        figure=folder / "simulation.png",
        dipoles=(folder / "dipole.txt", *trials),
        spikes=tuple(folder / f"spikes_{trial}.txt" for trial in range(n_trials)),
        archive=folder / "simulation.npz",
    )
    there = [file.name for file in (files.figure, *files.dipoles, *files.spikes, files.archive) if file.exists()]
    if there and not overwrite:
        raise ConfigError(
            f"{folder} holds {there[0]} already: choose another folder (--output), or overwrite it (--force)."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CacheError(f"{folder} cannot be made: {error.strerror or type(error).__name__}.") from error
    return files


def _write(simulation: Simulation, settings: HnnSettings, files: _Files) -> None:
    several = simulation.dipoles if simulation.n_trials > 1 else ()
    for file, dipole in zip(files.dipoles, [simulation.dipole, *several], strict=True):
        write_dipole_txt(_processed(dipole, settings), file, overwrite=True)
    write_spikes_txt(simulation.spikes, files.archive.parent / "spikes_%d.txt", overwrite=True)
    write_simulation(simulation, files.archive, overwrite=True)
    window = settings.smooth_ms or None
    figure = plot_simulation(simulation, window_ms=window, scale=settings.dipole_scale, show=False)
    write_whole(files.figure, lambda stream: figure.savefig(stream, format="png", dpi=150), "figure")
    plt.close(figure)


def _processed(dipole: Dipole, settings: HnnSettings) -> Dipole:
    scaled: Dipole = dipole.copy().scale(settings.dipole_scale)
    return scaled.smooth(settings.smooth_ms) if settings.smooth_ms else scaled
