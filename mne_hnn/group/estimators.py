"""The estimator of a group's posteriors: refused before anything long begins if it is for something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..dipole import read_dipole
from ..errors import ConfigError
from ..pipeline.estimators import check_estimator
from ..pipeline.places import step_output
from .anatomy import fill_names
from .config import GroupConfig
from .job import Common, Job
from .job_config import common_options

__all__ = ["foresee_estimators"]


def foresee_estimators(config: GroupConfig, jobs: Sequence[Job] = (), common: Common | None = None) -> None:
    """Refuse an estimator that is for nobody of a group.

    Parameters
    ----------
    config : GroupConfig
        What is asked for.
    jobs : sequence of Job
        Recordings whose targets are known; none before there are any. An estimator that is for some of them is kept:
        the others fail by themselves, and say why.
    common : Common | None
        What everybody is fitted with, once it is known.

    Raises
    ------
    ConfigError
        The estimator is not there, or for something else than all of them.
    DataError
        It is no estimator.
    ParameterError
        PyTorch or sbi are not installed.
    """
    path = config.posterior_estimator
    if not config.posterior or path is None:
        return
    if not jobs:
        if "{" not in str(path):  # else it is another one for each subject
            check_estimator(config, path)
        return
    told = config if common is None else replace(config, **common_options(config, common))
    refused: list[ConfigError] = []
    for job in jobs:
        target = read_dipole(step_output(job.folder, "target", "target"))
        try:
            check_estimator(told, fill_names(path, job.unit), target=target)
        except ConfigError as error:
            refused.append(error)
    if len(refused) == len(jobs):
        raise refused[0]
