"""The estimators of a group's posteriors: refused before anything long begins if they are for something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..dipole import read_dipole
from ..errors import ConfigError
from ..pipeline.estimators import check_estimators, given_paths, read_estimators
from ..pipeline.places import step_output
from .anatomy import fill_names
from .config import GroupConfig
from .job import Common, Job
from .job_config import common_options

__all__ = ["foresee_estimators"]


def foresee_estimators(config: GroupConfig, jobs: Sequence[Job] = (), common: Common | None = None) -> None:
    """Refuse estimators of which none is for anybody of a group.

    Parameters
    ----------
    config : GroupConfig
        What is asked for.
    jobs : sequence of Job
        Recordings whose targets are known; none before there are any. Estimators that are for some of them are kept:
        the others fail by themselves, and say why.
    common : Common | None
        What everybody is fitted with, once it is known.

    Raises
    ------
    ConfigError
        An estimator is not there, two are for the same, or none is for any of them.
    DataError
        One is no estimator.
    ParameterError
        PyTorch or sbi are not installed.
    """
    paths = given_paths(config.posterior_estimator)
    if not config.posterior or not paths:
        return
    if not jobs:
        known = tuple(path for path in paths if "{" not in str(path))  # the others are known with the subject only
        if known == paths:
            check_estimators(config, paths)
        else:
            read_estimators(known)
        return
    told = config if common is None else replace(config, **common_options(config, common))
    refused: list[ConfigError] = []
    for job in jobs:
        target = read_dipole(step_output(job.folder, "target", "target"))
        try:
            check_estimators(told, fill_names(paths, job.unit), target=target)
        except ConfigError as error:
            refused.append(error)
    if len(refused) == len(jobs):
        raise refused[0]
