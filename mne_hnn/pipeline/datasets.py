"""Data sets that an analysis can name instead of giving every path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import DataError

__all__ = ["DATASETS", "dataset_values"]


def _somato_like(dataset: Any) -> dict[str, Any]:
    return {
        "subjects": (dataset.subject,),
        "data": dataset.raw_fname,
        "event_id": dataset.event_id,
        "stim_channel": "STI 014",
        "forward": dataset.forward_fname,
        "fs_subject": dataset.subject,
        "subjects_dir": dataset.subjects_dir,
        "truth": dataset.truth_fname,
    }


def _demo() -> dict[str, Any]:
    from ..source.demo import demo_dataset

    return _somato_like(demo_dataset())


def _somato() -> dict[str, Any]:
    from ..source.demo import somato_dataset

    return _somato_like(somato_dataset())


def _sample() -> dict[str, Any]:
    import mne

    if not mne.datasets.has_dataset("sample"):
        raise DataError(
            "MNE's sample data set is not on this machine: get it with mne.datasets.sample.data_path() (1.65 GB)."
        )
    folder = mne.datasets.sample.data_path(download=False)
    recording = folder / "MEG" / "sample"
    return {
        "subjects": ("sample",),
        "data": recording / "sample_audvis-ave.fif",
        "condition": "Left Auditory",
        "noise_cov": recording / "sample_audvis-cov.fif",
        "trans": recording / "sample_audvis_raw-trans.fif",
        "fs_subject": "sample",
        "subjects_dir": folder / "subjects",
    }


DATASETS: dict[str, Callable[[], dict[str, Any]]] = {"demo": _demo, "somato": _somato, "sample": _sample}
"""Name of a data set: what gives the options of an analysis that it answers."""


def dataset_values(name: str) -> dict[str, Any]:
    """Return the options a data set answers, generating it first if it is the demo and not there yet."""
    return DATASETS[name]()
