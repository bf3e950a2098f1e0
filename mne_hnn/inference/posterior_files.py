"""Posteriors for ArviZ, and as files that it reads: netCDF."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from .._files import existing_file, new_file, scratch_file
from .._types import FloatArray
from ..errors import DataError, ParameterError
from ..fit.evidence import Evidence
from .circuit_posterior import Checked, CircuitPosterior, Polarity
from .place import PlacePosterior

__all__ = ["check_installed", "in_arviz", "modules", "read_posterior", "to_arviz", "write_posterior"]

VERSION = 1
ENGINE = "h5netcdf"
NEEDED = ("arviz", "h5netcdf", "xarray")
PLACE = ("sources", "areas_mm2", "centre", "radius_mm", "members", "probability", "disc_mm2")


def check_installed() -> None:
    """Refuse early, before the work, if a package is missing that posteriors are kept by."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise _missing(missing[0])


def _missing(name: str | None) -> ParameterError:
    return ParameterError(
        f"Posteriors are kept and drawn by ArviZ, and {name} is not there: pip install 'mne-hnn[posterior]'."
    )


def modules() -> tuple[Any, Any]:
    """Return ArviZ and xarray, which are asked for only where posteriors are kept."""
    try:
        import arviz
        import h5netcdf  # noqa: F401 - what writes netCDF
        import xarray
    except ImportError as error:
        raise _missing(error.name) from None
    return arviz, xarray


def _groups(found: CircuitPosterior, xarray: Any) -> dict[str, Any]:
    """Return a data set per group of ArviZ."""
    chains = {"chain": np.arange(found.log_likelihood.shape[0]), "draw": np.arange(found.log_likelihood.shape[1])}
    times = {"time_ms": found.times_ms}

    def of_draws(values: Mapping[str, FloatArray]) -> Any:
        """Return a data set of values for each draw."""
        return xarray.Dataset({name: (("chain", "draw"), value) for name, value in values.items()}, coords=chains)

    def of_times(values: Mapping[str, FloatArray]) -> Any:
        """Return a data set of moments of some draws."""
        return xarray.Dataset(
            {name: (("chain", "draw", "time_ms"), value[np.newaxis]) for name, value in values.items()},
            coords={"chain": [0], "draw": np.arange(len(next(iter(values.values())))), **times},
        )

    first = next(iter(found.prior.values()))
    groups = {
        "posterior": of_draws(found.draws),
        "prior": xarray.Dataset(
            {name: (("chain", "draw"), value[np.newaxis]) for name, value in found.prior.items()},
            coords={"chain": [0], "draw": np.arange(len(first))},
        ),
        "posterior_predictive": of_times({"moment": found.replicated}),
        "predictions": of_times({"moment": found.predicted}),
        "log_likelihood": of_draws({"moment": found.log_likelihood}),
        "sample_stats": of_draws({"lp": found.log_likelihood}),
        "observed_data": xarray.Dataset({"moment": (("time_ms",), found.wanted)}, coords=times),
    }
    if len(found.simulated):
        spikes = {f"spikes.{name}": (("draw",), value) for name, value in found.spikes.items()}
        groups["simulated"] = xarray.Dataset(
            {"moment": (("draw", "time_ms"), found.simulated), **spikes},
            coords={"draw": np.arange(len(found.simulated)), **times},
        )
    if found.place is not None:
        place = found.place
        dims: dict[str, Any] = dict.fromkeys(("centre", "radius_mm", "probability", "disc_mm2"), ("disc",))
        dims |= dict.fromkeys(("sources", "areas_mm2"), ("source",)) | {"members": ("disc", "source")}
        values = {name: np.asarray(getattr(place, name)) for name in PLACE}
        values["members"] = values["members"].astype(np.int8)
        groups["place"] = xarray.Dataset(
            {name: (dims[name], value) for name, value in values.items()},
            attrs={"label": place.label, "hemi": place.hemi, "log_evidence": place.log_evidence},
        )
    groups["posterior"].attrs["mne_hnn"] = json.dumps(_attributes(found), sort_keys=True)
    return groups


def _attributes(found: CircuitPosterior) -> dict[str, Any]:
    return {
        "version": VERSION,
        "regime": found.regime,
        "sequence": [list(pair) for pair in found.sequence],
        "evidence": {"value": found.evidence.value, "error": found.evidence.error, "parts": dict(found.evidence.parts)},
        "polarity": vars(found.polarity),
        "checks": [vars(check) for check in found.checks],
        "facts": dict(found.facts),
        "warnings": list(found.warnings),
    }


def in_arviz(found: Any, groups_of: Callable[[Any, Any], Mapping[str, Any]]) -> Any:
    """Return a posterior as the installed ArviZ holds it, of data sets that a function makes with xarray."""
    arviz, xarray = modules()
    groups = groups_of(found, xarray)
    if hasattr(arviz, "InferenceData"):
        return arviz.InferenceData(**groups, warn_on_custom_groups=False)
    return xarray.DataTree.from_dict(groups)


def to_arviz(found: CircuitPosterior) -> Any:
    """Return a posterior as ArviZ holds it: an InferenceData, or a DataTree of newer versions.

    Populations are chains. The predicted moments, the simulated trials and the place are groups of their own.

    Parameters
    ----------
    found : CircuitPosterior
        The posterior.

    Returns
    -------
    data : arviz.InferenceData | xarray.DataTree
        Groups ``posterior``, ``prior``, ``posterior_predictive``, ``predictions``, ``log_likelihood``,
        ``sample_stats``, ``observed_data``, and ``simulated`` and ``place`` where there are any.

    Raises
    ------
    ParameterError
        ArviZ is not installed.
    """
    return in_arviz(found, _groups)


def write_posterior(path: str | Path, found: CircuitPosterior, *, overwrite: bool = False) -> None:
    """Write a posterior to a netCDF file.

    Parameters
    ----------
    path : path-like
        The file, ``.nc``.
    found : CircuitPosterior
        The posterior.
    overwrite : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        The file is there and `overwrite` is False, or ArviZ is not installed.
    """
    _, xarray = modules()
    file = new_file(path, overwrite)
    if file.suffix != ".nc":
        raise ParameterError(f"A posterior is a netCDF file, whose name ends in .nc, got {file.name}.")
    with scratch_file(file, "posterior") as scratch:
        for number, (name, group) in enumerate(_groups(found, xarray).items()):
            group.to_netcdf(scratch, mode="a" if number else "w", group=name, engine=ENGINE)


def read_posterior(path: str | Path) -> CircuitPosterior:
    """Read a posterior.

    Parameters
    ----------
    path : path-like
        A file of :meth:`CircuitPosterior.save`.

    Returns
    -------
    found : CircuitPosterior
        As it was saved, without what controls ask again.

    Raises
    ------
    DataError
        There is no such file, or it holds no posterior of this package.

    Examples
    --------
    >>> drawn.save("silent.nc")
    >>> read_posterior("silent.nc").sequence
    (('proximal', 25.0), ('distal', 60.0))
    """
    _, xarray = modules()
    file = existing_file(path)
    try:
        with xarray.open_dataset(file, group="posterior", engine=ENGINE) as posterior:
            about = json.loads(posterior.attrs["mne_hnn"])
            draws = {str(name): posterior[name].values for name in posterior.data_vars}
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{file} holds no posterior of this package ({type(error).__name__}): read a file of CircuitPosterior.save."
        ) from None
    if about["version"] > VERSION:
        raise DataError(f"{file} was written by a newer version of this package: update it.")

    def group(name: str) -> dict[str, FloatArray]:
        """Return the arrays of a group, empty if it is not there."""
        try:
            with xarray.open_dataset(file, group=name, engine=ENGINE) as opened:
                return {str(key): opened[key].values for key in opened.variables}
        except (OSError, KeyError):
            return {}

    simulated, observed = group("simulated"), group("observed_data")
    return CircuitPosterior(
        regime=about["regime"],
        sequence=tuple((place, mu) for place, mu in about["sequence"]),
        draws=draws,
        prior={name: value[0] for name, value in group("prior").items() if name in draws},
        log_likelihood=group("log_likelihood")["moment"],
        times_ms=observed["time_ms"],
        wanted=observed["moment"],
        predicted=group("predictions")["moment"][0],
        replicated=group("posterior_predictive")["moment"][0],
        simulated=simulated.get("moment", np.zeros((0, len(observed["time_ms"])))),
        spikes={name.removeprefix("spikes."): simulated[name] for name in simulated if name.startswith("spikes.")},
        evidence=Evidence(**about["evidence"]),
        polarity=Polarity(**about["polarity"]),
        place=_place(file, xarray),
        checks=tuple(Checked(**check) for check in about["checks"]),
        facts=about["facts"],
        warnings=tuple(about["warnings"]),
    )


def _place(file: Path, xarray: Any) -> PlacePosterior | None:
    try:
        with xarray.open_dataset(file, group="place", engine=ENGINE) as opened:
            values = {name: opened[name].values for name in PLACE}
            about = dict(opened.attrs)
    except (OSError, KeyError):
        return None
    values["members"] = values["members"].astype(bool)
    return PlacePosterior(
        **values, label=str(about["label"]), hemi=str(about["hemi"]), log_evidence=float(about["log_evidence"])
    )
