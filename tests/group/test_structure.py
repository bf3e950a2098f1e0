"""The sequence of drives that all subjects share is looked for in sight of the user."""

import logging
from types import SimpleNamespace

import mne
import numpy as np
import pytest
from mne.utils import logger

from mne_hnn import Dipole
from mne_hnn.group import stages
from mne_hnn.pipeline import fitting


def test_progress_is_shown_also_where_all_else_is_quiet(monkeypatch, tmp_path):
    times = np.arange(100) / 1000
    paths = []
    for number in range(2):
        wave = Dipole(1e-8 * np.sin(60 * times + number / 10), times, ("agg",), provenance={"unit": "A m"})
        paths.append(tmp_path / f"{number}-ave.fif")
        wave.save(paths[-1])
    levels = []

    class Seen(Exception):  # noqa: N818
        pass

    def fit(*_arguments, **_options):
        levels.append(logger.level)
        raise Seen

    monkeypatch.setattr(fitting, "fit_evoked", fit)
    options = SimpleNamespace(
        targets=[{"subject": str(k), "session": None, "path": path} for k, path in enumerate(paths)], seed=None,
        network=None, fit_n_drives=None, smooth_ms=20.0, fit_noise=0.05, fit_trials=2, fit_final_trials=2,
        fit_precision="search", dt=0.025,
    )  # fmt: skip
    work = SimpleNamespace(options=options, folder=tmp_path / "work", n_jobs=1, quiet=True,
                           path=lambda name: tmp_path / f"{name}-ave.fif")  # fmt: skip
    with mne.utils.use_log_level("error"), pytest.raises(Seen):
        stages._structure(work)
    assert levels == [logging.INFO]
