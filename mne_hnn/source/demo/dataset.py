"""Data sets in the layout of MNE's somatosensory one: that one itself, and the demo generated in its image."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import mne
import numpy as np
from mne.utils import logger

from ..._cache import cache_directory
from ..._checks import check_int, check_seed
from ..._files import read_json
from ...dipole import read_dipole
from ...errors import DataError
from .anatomy import VERSION as ANATOMY_VERSION
from .anatomy import demo_anatomy, once, paths
from .recording import Truth, simulate_recording

__all__ = ["Dataset", "demo_dataset", "read_truth", "somato_dataset"]

EVENT_ID = 1
VERSION = 3
"""Of what the recording holds; in the name of its folder, so that an older one is not taken for it."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Where the parts of a data set are.

    Attributes
    ----------
    name : str
        ``'demo'`` or ``'somato'``.
    root : Path
        Its folder.
    subject : str
        Name of the subject, in the recording's folder and FreeSurfer's.
    subjects_dir : Path
        FreeSurfer's folder of subjects.
    raw_fname : Path
        The recording.
    forward_fname : Path
        The forward solution.
    event_id : int
        The stimulus, on channel STI 014.
    truth_fname : Path | None
        What made the demo's response; None for recorded data.

    Examples
    --------
    >>> dataset.name, dataset.event_id, dataset.raw_fname.exists()
    ('demo', 1, True)
    """

    name: str
    root: Path
    subject: str
    subjects_dir: Path
    raw_fname: Path
    forward_fname: Path
    event_id: int = EVENT_ID
    truth_fname: Path | None = None


def _layout(name: str, root: Path) -> Dataset:
    anatomy = paths(root)
    truth = root / "truth" / "truth.json"
    return Dataset(
        name=name,
        root=root,
        subject=anatomy.subject,
        subjects_dir=anatomy.subjects_dir,
        raw_fname=root / f"sub-{anatomy.subject}" / "meg" / f"sub-{anatomy.subject}_task-somato_meg.fif",
        forward_fname=anatomy.forward_fname,
        truth_fname=truth if truth.exists() else None,
    )


def demo_dataset(*, seed: int = 0, n_epochs: int = 120) -> Dataset:
    """Return the demo's data set, generated on first use.

    Parameters
    ----------
    seed : int
        Of the noise.
    n_epochs : int
        Number of stimuli.

    Returns
    -------
    dataset : Dataset
        In the user's cache, in the layout of MNE's somatosensory data set.

    Examples
    --------
    >>> demo_dataset().raw_fname.name
    'sub-01_task-somato_meg.fif'
    """
    seed, n_epochs = check_seed(seed, "seed"), check_int(n_epochs, "n_epochs", minimum=1)
    place = cache_directory() / f"demo-{ANATOMY_VERSION}.{VERSION}-seed{seed}-n{n_epochs}"

    def make(root: Path) -> None:
        """Fill a folder with recording, anatomy and truth."""
        anatomy = demo_anatomy()
        logger.info("Generating the demo's recording (once) ...")
        shutil.copytree(anatomy.root, root, dirs_exist_ok=True)
        raw, truth = simulate_recording(anatomy, seed=seed, n_epochs=n_epochs)
        fname = _layout("demo", root).raw_fname
        fname.parent.mkdir(parents=True)
        raw.save(fname, verbose="error")
        _write_truth(root / "truth", truth)

    once(place, place / "truth" / "truth.json", make)
    return _layout("demo", place)


def somato_dataset(path: str | Path | None = None) -> Dataset:
    """Return MNE's somatosensory data set where it is on disk; nothing is downloaded.

    Parameters
    ----------
    path : path-like | None
        Its folder (``MNE-somato-data``); None takes the one that MNE knows.

    Returns
    -------
    dataset : Dataset
        The data set.

    Raises
    ------
    DataError
        It is not there, or not complete.

    Examples
    --------
    >>> somato_dataset("/data/MNE-somato-data")  # doctest: +SKIP
    """
    if path is None:
        if not mne.datasets.has_dataset("somato"):
            raise DataError(
                "MNE's somatosensory data set is not on this machine: get it with mne.datasets.somato.data_path() "
                "(611 MB), or take dataset = 'demo', which needs no download."
            )
        path = mne.datasets.somato.data_path(download=False)
    dataset = _layout("somato", Path(path))
    for part in (dataset.raw_fname, dataset.forward_fname, dataset.subjects_dir / dataset.subject):
        if not part.exists():
            raise DataError(f"{path} is not MNE's somatosensory data set, or not all of it: there is no {part}.")
    return dataset


def _write_truth(folder: Path, truth: Truth) -> None:
    truth.dipole.save(folder / "truth-ave.fif")
    truth.noise_free.save(folder / "noise_free-ave.fif", verbose="error")
    record = {
        "drives": {name: dict(drive) for name, drive in truth.drives.items()},
        "n_columns": truth.n_columns,
        "spikes_per_cell": dict(truth.spikes_per_cell),
        "spikes_window_ms": truth.spikes_window_ms,
        "hemi": truth.hemi,
        "vertices": truth.vertices.tolist(),
        "pos_m": truth.pos.tolist(),
        "normal": truth.normal.tolist(),
        "area_mm2": truth.area_mm2,
        "seed": truth.seed,
    }
    (folder / "truth.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def read_truth(dataset: Dataset | str | Path) -> Truth:
    """Return what made the demo's response.

    Parameters
    ----------
    dataset : Dataset | path-like
        The demo's, or its file of truth.

    Returns
    -------
    truth : Truth
        Moment, drives, columns, spikes, place and noise-free field.

    Raises
    ------
    DataError
        The data set was recorded: nobody knows; or the file is none of a truth.

    Examples
    --------
    >>> read_truth(dataset).dipole.layers[0]
    'agg'
    """
    if isinstance(dataset, Dataset):
        if dataset.truth_fname is None:
            raise DataError(f"The data set {dataset.name!r} has no known truth: only the generated demo has.")
        given = dataset.truth_fname
    else:
        given = Path(dataset)
    folder, record = given.parent, read_json(given, "file of a truth")
    return Truth(
        dipole=read_dipole(folder / "truth-ave.fif"),
        drives=record["drives"],
        n_columns=record["n_columns"],
        spikes_per_cell=record["spikes_per_cell"],
        spikes_window_ms=record["spikes_window_ms"],
        hemi=record["hemi"],
        vertices=np.array(record["vertices"]),
        pos=np.array(record["pos_m"]),
        normal=np.array(record["normal"]),
        area_mm2=record["area_mm2"],
        noise_free=mne.read_evokeds(folder / "noise_free-ave.fif", condition=0, verbose="error"),
        seed=record["seed"],
    )
