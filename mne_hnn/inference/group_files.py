"""Pooled posteriors for ArviZ, and as files that it reads: netCDF."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._files import existing_file, new_file, scratch_file
from .._types import FloatArray
from ..errors import DataError, ParameterError
from .group_posterior import GroupPosterior
from .posterior_files import ENGINE, in_arviz, modules

__all__ = ["read_group_posterior", "to_arviz", "write_group_posterior"]

VERSION = 1
OF_GROUP = {"mean": ("chain", "draw", "condition"), "spread": ("chain", "draw"), "own_spread": ("chain", "draw")}
OF_SUBJECTS = {
    "before": ("sample", "subject", "condition"),
    "after": ("sample", "subject", "condition"),
    "count": ("subject", "condition"),
}


def _groups(found: GroupPosterior, xarray: Any) -> dict[str, Any]:
    """Return a data set per group of ArviZ."""
    names = {"subject": list(found.subjects), "condition": list(found.conditions)}

    def dataset(kinds: Mapping[str, tuple[str, ...]], coords: Mapping[str, Any]) -> Any:
        """Return a data set of what there is of each kind, by number."""
        values = {
            f"{kind}.{path}": (dims, value)
            for kind, dims in kinds.items()
            for path, value in getattr(found, kind).items()
        }
        return xarray.Dataset(values, coords=coords)

    posterior = dataset(OF_GROUP, {"condition": names["condition"]})
    posterior.attrs["mne_hnn_group"] = json.dumps(
        {
            "version": VERSION,
            "regime": found.regime,
            "sides": list(found.sides),
            "prior": {path: list(pair) for path, pair in found.prior.items()},
            "facts": dict(found.facts),
            "warnings": list(found.warnings),
        },
        sort_keys=True,
    )
    return {"posterior": posterior, "subjects": dataset(OF_SUBJECTS, names)}


def to_arviz(found: GroupPosterior) -> Any:
    """Return a pooled posterior as ArviZ holds it: an InferenceData, or a DataTree of newer versions.

    Parameters
    ----------
    found : GroupPosterior
        Of :func:`mne_hnn.inference.pool_posteriors`.

    Returns
    -------
    data : arviz.InferenceData | xarray.DataTree
        Group ``posterior`` with ``mean.``, ``spread.`` and ``own_spread.`` before the name of each number, and group
        ``subjects`` with ``before.``, ``after.`` and ``count.``.

    Raises
    ------
    ParameterError
        ArviZ is not installed.
    """
    return in_arviz(found, _groups)


def write_group_posterior(path: str | Path, found: GroupPosterior, *, overwrite: bool = False) -> None:
    """Write a pooled posterior to a netCDF file.

    Parameters
    ----------
    path : path-like
        The file, ``.nc``.
    found : GroupPosterior
        The posterior.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The file is there and `overwrite` is False, its name is wrong, or ArviZ is not installed.
    """
    _, xarray = modules()
    file = new_file(path, overwrite)
    if file.suffix != ".nc":
        raise ParameterError(f"A posterior is a netCDF file, whose name ends in .nc, got {file.name}.")
    with scratch_file(file, "posterior") as scratch:
        for number, (name, group) in enumerate(_groups(found, xarray).items()):
            group.to_netcdf(scratch, mode="a" if number else "w", group=name, engine=ENGINE)


def read_group_posterior(path: str | Path) -> GroupPosterior:
    """Read a pooled posterior.

    Parameters
    ----------
    path : path-like
        A file of :meth:`GroupPosterior.save`.

    Returns
    -------
    found : GroupPosterior
        As it was saved.

    Raises
    ------
    DataError
        There is no such file, or it holds no pooled posterior of this package.

    Examples
    --------
    >>> pooled.save("group.nc")
    >>> read_group_posterior("group.nc").subjects == pooled.subjects
    True
    """
    _, xarray = modules()
    file = existing_file(path)
    try:
        with xarray.open_dataset(file, group="posterior", engine=ENGINE) as opened:
            about = json.loads(opened.attrs["mne_hnn_group"])
            parts = {kind: _of_kind(opened, kind) for kind in OF_GROUP}
        with xarray.open_dataset(file, group="subjects", engine=ENGINE) as opened:
            parts |= {kind: _of_kind(opened, kind) for kind in OF_SUBJECTS}
            names = {name: tuple(str(one) for one in opened[name].values) for name in ("subject", "condition")}
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{file} holds no pooled posterior of this package ({type(error).__name__}): read a file of "
            "GroupPosterior.save."
        ) from None
    if about["version"] > VERSION:
        raise DataError(f"{file} was written by a newer version of this package: update it.")
    return GroupPosterior(
        regime=about["regime"],
        sides=tuple(about["sides"]),
        subjects=names["subject"],
        conditions=names["condition"],
        prior={path: (pair[0], pair[1]) for path, pair in about["prior"].items()},
        facts=about["facts"],
        warnings=tuple(about["warnings"]),
        **parts,
    )


def _of_kind(opened: Any, kind: str) -> dict[str, FloatArray]:
    names = (str(name) for name in opened.data_vars)
    return {name.removeprefix(f"{kind}."): np.asarray(opened[name]) for name in names if name.startswith(f"{kind}.")}
