"""What all subjects share is looked for in sight of the user, and what the conditions of a person share is given."""

import logging
from dataclasses import replace
from types import SimpleNamespace

import mne
import numpy as np
import pytest
from mne.utils import logger

from mne_hnn import Dipole
from mne_hnn.errors import ConfigError
from mne_hnn.fit.evoked_settings import FEWEST_MEMBERS
from mne_hnn.group import GroupConfig, job_config, run, stages
from mne_hnn.group.dataset import RecordingEntry
from mne_hnn.group.job import Common, Job, Outcome
from mne_hnn.group.options import StructureOptions
from mne_hnn.network import jones_2009
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
    targets = tuple({"subject": str(k), "session": None, "path": path} for k, path in enumerate(paths))
    options = StructureOptions(network=jones_2009((2, 2)), targets=targets)
    work = SimpleNamespace(options=options, folder=tmp_path / "work", n_jobs=1, quiet=True,
                           path=lambda name: tmp_path / f"{name}-ave.fif")  # fmt: skip
    with mne.utils.use_log_level("error"), pytest.raises(Seen):
        stages._structure(work)
    assert levels == [logging.INFO]


SEQUENCE = (("proximal", 25.0), ("distal", 65.0))


def config_of(tmp_path, **changes):
    return GroupConfig(
        bids_root=tmp_path, conditions=("a", "b", "c"), contrast=("b", "c"), label="postcentral-rh",
        network=jones_2009((2, 2)), **changes,
    )  # fmt: skip


def whole(config, tmp_path):
    return run._Run(config, tmp_path, n_jobs=1, executor="serial", scheduler=None)


def unit_of(subject):
    return RecordingEntry(subject=subject, session=None, task=None, datatype="meg", paths=())


def jobs_of(group, subjects):
    return [
        Job(config=group.config, unit=unit_of(name), work=group.work, condition=condition)
        for name in subjects
        for condition in group.conditions
    ]


def test_conditions_of_a_person_have_the_columns_of_the_first_that_is_explained(monkeypatch, tmp_path):
    group = whole(config_of(tmp_path), tmp_path)
    known = {("1", "b"): 300.0, ("1", "c"): 400.0, ("2", "c"): 500.0}  # nothing in condition b of the second
    waves = []

    def fit(jobs, _what):
        waves.append([(job.unit.subject, job.condition, job.columns) for job in jobs])
        return {job.stem: Outcome(status="ok" if job.unit.subject != "3" else "failed") for job in jobs}

    monkeypatch.setattr(group, "run", fit)
    monkeypatch.setattr(run, "fitted_columns", lambda job: known.get((job.unit.subject, job.condition)))
    outcomes = group.fit(jobs_of(group, "123"))
    assert len(outcomes) == 9
    # those that are compared come first
    assert waves == [
        [("1", "b", None), ("2", "b", None), ("3", "b", None)],
        [("1", "c", 300.0), ("1", "a", 300.0), ("2", "c", None), ("3", "c", None)],
        [("2", "a", 500.0), ("3", "a", None)],
    ]


@pytest.mark.parametrize(
    ("changes", "common", "shares"),
    [
        ({}, True, True),
        ({"fit_structure": "individual"}, False, False),  # one may be silent and the other not
        ({"fit_structure": "individual", "fit_regimes": "silent"}, False, True),
        ({"fit_sequence": SEQUENCE}, True, True),  # with which regime, the average tells
        ({"fit_sequence": SEQUENCE, "fit_regimes": "spiking"}, False, True),
        ({"fit_columns": 100.0}, True, False),
        ({"fit": False}, False, False),
    ],
)
def test_what_is_found_once(tmp_path, changes, common, shares):
    group = whole(config_of(tmp_path, **changes), tmp_path)
    assert (group.fits_in_common, group.shares_columns) == (common, shares)


def test_everybody_is_told_regime_drives_and_where_to_begin(tmp_path):
    group = whole(config_of(tmp_path, fit_members=40), tmp_path)
    (job, *_) = jobs_of(group, "1")
    spiking = Common(regime="spiking", sequence=SEQUENCE, start=tmp_path / "explanations.npz")
    told = job_config.common_options(job.config, spiking)
    assert told["fit_regimes"] == ("spiking",)
    assert told["fit_sequence"] == SEQUENCE
    assert told["fit_start"] == tmp_path / "explanations.npz"
    assert (told["fit_members"], told["fit_generations"]) == (20, 3)
    few = whole(config_of(tmp_path, fit_members=FEWEST_MEMBERS, fit_generations=1), tmp_path)
    told = job_config.common_options(few.config, spiking)
    assert (told["fit_members"], told["fit_generations"]) == (FEWEST_MEMBERS, 1)
    silent = replace(spiking, regime="silent")
    told = job_config.common_options(job.config, silent)
    assert "fit_start" not in told
    assert told["fit_members"] == 96  # as usual: it is not read


def test_a_start_needs_its_sequence(tmp_path):
    with pytest.raises(ConfigError, match="give fit_sequence, too"):
        config_of(tmp_path, fit_start="explanations.npz")
