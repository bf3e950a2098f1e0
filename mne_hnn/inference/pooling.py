"""Partial pooling: what posteriors of several subjects say of a group, and the group of each subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._text import some
from .._types import FloatArray
from .._value import given_or_default
from .._warn import warn
from ..errors import ParameterError
from .circuit_posterior import CircuitPosterior
from .draws import effective_size, r_hat
from .group_posterior import GroupPosterior, is_linear
from .pool_chains import KEPT, Cells, Chains, Shrunken, draw_chains, shrunken
from .pool_likelihood import GIVEN, NumberLikelihood
from .pool_settings import PoolSettings

__all__ = ["pool_posteriors"]

Key = str | tuple[str, str]
FIRED = 0.01
"""Added to spikes per cell, so that logarithms are finite where no cell fires: one spike of a hundred cells."""
FEW_SUBJECTS = 5
FEW_COUNT, FEW_SHARE = 50.0, 0.3
"""Fewer draws of a subject than so many, and than this share of them, count under the group: that is said."""
AGREE, FEW_DRAWS = 1.05, 200.0


def pool_posteriors(
    posteriors: Mapping[str, CircuitPosterior] | Mapping[tuple[str, str], CircuitPosterior],
    settings: PoolSettings | None = None,
) -> GroupPosterior:
    """Pool the posteriors of several subjects partially: each number is normal over subjects.

    Parameters
    ----------
    posteriors : mapping
        From subject, or from subject and condition, to posterior, all of one regime and one sequence of sides.
    settings : PoolSettings | None
        What is expected of a group, and how to draw; None takes the usual settings.

    Returns
    -------
    group : GroupPosterior
        Means of the group and its conditions, spread over subjects, and each subject once the group is known.

    Raises
    ------
    ParameterError
        Fewer than two subjects, or posteriors of other regimes, sequences or numbers.

    Warns
    -----
    MneHnnWarning
        A subject's posterior is not to be trusted, few of its draws count under the group's distribution, subjects are
        few, or chains disagree.

    Notes
    -----
    A number of subject s in condition c is the condition's mean, plus what the conditions of s share, plus what is its
    own, both normal. Draws of the subject's posterior over the density of its prior stand for its likelihood (Hogg,
    Myers and Bovy 2010, https://doi.org/10.1088/0004-637X/725/2/2166; Lunn et al. 2013,
    https://doi.org/10.1002/sim.5702). Each number is pooled for itself: all others have the subject's own prior. Of
    spikes per cell no prior is known: there the posterior stands as it is.

    Examples
    --------
    >>> group = pool_posteriors({"01": drawn, "02": drawn}, PoolSettings(draws=200))
    >>> group.subjects
    ('01', '02')
    """
    chosen = given_or_default(settings, PoolSettings, "settings")
    keys, subjects, conditions = _keys(posteriors)
    found = [posteriors[key] for key in keys]  # type: ignore[index]  # one of two kinds of mapping
    names = [" ".join(_pair(key)).strip() for key in keys]
    _check_alike(found, names)
    cells = Cells(
        subject=np.array([subjects.index(_pair(key)[0]) for key in keys]),
        condition=np.array([conditions.index(_pair(key)[1]) for key in keys]),
    )
    values = {path: [_plain(path, one.draws[path]) for one in found] for path in found[0].paths}
    values |= _spikes(found)
    priors = {path: [_prior(path, one) for one in found] for path in values}
    values = {path: draws for path, draws in values.items() if not _all_given(priors[path])}
    numbers = {path: NumberLikelihood.of(draws, priors[path]) for path, draws in values.items()}
    chains = draw_chains(list(numbers.values()), cells, chosen)
    pooled = [shrunken(one, cells, chosen, chains, k) for k, one in enumerate(numbers.values())]
    parts = _parts(numbers, cells, chosen, chains, pooled)
    table = (len(subjects), len(conditions))
    before = {
        path: np.where(np.isnan(parts["count"][path]), np.nan, _in_table([_some(one) for one in draws], cells, table))
        for path, draws in values.items()
    }
    warnings = (*_own_warnings(found, names), *_doubts(parts, pooled, names, len(subjects)))
    for text in warnings:
        warn(text)
    facts = {name: getattr(chosen, name) for name in type(chosen).__slots__}
    return GroupPosterior(
        regime=found[0].regime,
        sides=_sides(found[0]),
        subjects=tuple(subjects),
        conditions=tuple(conditions),
        before=before,
        facts=facts,
        warnings=warnings,
        **parts,
    )


def _pair(key: Any) -> tuple[str, str]:
    return (key, "") if isinstance(key, str) else key


def _keys(posteriors: Any) -> tuple[list[Key], list[str], list[str]]:
    """Return the keys with subjects together, the subjects and the conditions, both as they come."""
    if not isinstance(posteriors, Mapping) or not posteriors:
        raise ParameterError(
            "posteriors must map subjects, or pairs of subject and condition, to posteriors, such as "
            f"{{('01', 'early'): posterior}}; got {type(posteriors).__name__}."
        )
    for key, one in posteriors.items():
        pair = isinstance(key, tuple) and len(key) == 2 and all(isinstance(part, str) for part in key)
        if not pair and not isinstance(key, str):
            raise ParameterError(f"A key of posteriors must be a subject, or (subject, condition), got {key!r:.60}.")
        if not isinstance(one, CircuitPosterior):
            raise ParameterError(f"posteriors[{key!r}] must be a CircuitPosterior, got {type(one).__name__}.")
    if len({isinstance(key, str) for key in posteriors}) > 1:
        raise ParameterError("Some keys of posteriors name a condition and some do not: name it in all, or in none.")
    subjects = list(dict.fromkeys(_pair(key)[0] for key in posteriors))
    conditions = list(dict.fromkeys(_pair(key)[1] for key in posteriors))
    if len(subjects) < 2:
        raise ParameterError("A group has at least two subjects: pool_posteriors got one.")
    return sorted(posteriors, key=lambda key: subjects.index(_pair(key)[0])), subjects, conditions


def _sides(one: CircuitPosterior) -> tuple[str, ...]:
    return tuple(place for place, _ in one.sequence)


def _check_alike(found: Sequence[CircuitPosterior], names: Sequence[str]) -> None:
    first = found[0]
    for one, name in zip(found[1:], names[1:], strict=True):
        if one.regime != first.regime:
            raise ParameterError(
                f"The posterior of {name} is of a {one.regime} column, that of {names[0]} of a {first.regime} one: "
                "pool posteriors of one regime."
            )
        if _sides(one) != _sides(first):
            raise ParameterError(
                f"The drives of {name} are {', '.join(_sides(one))}, those of {names[0]} {', '.join(_sides(first))}: "
                "a number means the same in all subjects only if all have one sequence of sides, such as with "
                "fit_structure='common'."
            )
        if set(one.paths) != set(first.paths):
            other = sorted(set(one.paths) ^ set(first.paths))
            raise ParameterError(
                f"The posteriors of {name} and {names[0]} have different numbers ({some(other)}): draw both from "
                "explanations of one network."
            )


def _plain(path: str, draws: FloatArray) -> FloatArray:
    return draws if is_linear(path) else np.asarray(np.log(draws))


def _prior(path: str, one: CircuitPosterior) -> tuple[float, float] | None:
    """Return mean and standard deviation of a prior; it is normal but for its bounds."""
    if path not in one.prior:
        return None
    values = _plain(path, one.prior[path])
    return float(values.mean()), max(float(values.std()), 1e-9)


def _all_given(priors: Sequence[tuple[float, float] | None]) -> bool:
    """Return whether a number was known before in everybody: there is nothing to pool then."""
    return all(prior is not None and prior[1] <= GIVEN for prior in priors)


def _spikes(found: Sequence[CircuitPosterior]) -> dict[str, list[FloatArray]]:
    """Return logarithms of spikes per cell of the types that fire in somebody."""
    kinds = [name for name in found[0].spikes if all(name in one.spikes for one in found)]
    fire = [name for name in kinds if any(np.any(one.spikes[name] > 0) for one in found)]
    return {f"spikes.{name}": [np.log(one.spikes[name] + FIRED)[np.newaxis] for one in found] for name in fire}


def _some(draws: FloatArray) -> FloatArray:
    """Return as many draws as subjects have once they are pooled, spread over all."""
    flat = draws.ravel()
    return np.asarray(flat[np.linspace(0, len(flat) - 1, KEPT).astype(int)])


def _in_table(values: Sequence[FloatArray], cells: Cells, table: tuple[int, int]) -> FloatArray:
    """Return values of cells by subject and condition, NaN where there is none."""
    found = np.full((*np.shape(values[0]), *table), np.nan)
    for value, subject, condition in zip(values, cells.subject, cells.condition, strict=True):
        found[..., subject, condition] = value
    return found


def _parts(
    numbers: Mapping[str, NumberLikelihood],
    cells: Cells,
    settings: PoolSettings,
    chains: Chains,
    pooled: Sequence[Shrunken],
) -> dict[str, Any]:
    """Return what was drawn, by path, in the units of the numbers."""
    table = (int(cells.subject.max()) + 1, cells.n_conditions)
    parts: dict[str, dict[str, Any]] = {
        name: {} for name in ("mean", "spread", "own_spread", "after", "count", "prior")
    }
    for k, (path, one) in enumerate(numbers.items()):
        parts["mean"][path] = one.centre + one.size * chains.mean[k]
        parts["spread"][path] = one.size * np.hypot(chains.shared[k], chains.own[k])
        parts["own_spread"][path] = one.size * chains.own[k]
        parts["after"][path] = _in_table(list(one.centre + one.size * pooled[k].draws.T), cells, table)
        parts["count"][path] = _in_table(list(pooled[k].count), cells, table)
        parts["prior"][path] = (one.centre, one.size * settings.mean_sd)
    return parts


def _own_warnings(found: Sequence[CircuitPosterior], names: Sequence[str]) -> list[str]:
    """Return what the subjects' posteriors warn of, each once, with whose they are."""
    whose: dict[str, list[str]] = {}
    for one, name in zip(found, names, strict=True):
        for check in one.checks:
            if not check.passed:
                whose.setdefault(f"Check failed, {check.name}.", []).append(name)
        for text in one.warnings:
            if not text.startswith("Check failed"):
                whose.setdefault(text, []).append(name)
    everybody = f"all {len(names)} posteriors"
    return [
        f"Of {everybody if len(some_names) == len(names) else some(some_names)}: {text}"
        for text, some_names in whose.items()
    ]


def _doubts(parts: Mapping[str, Any], pooled: Sequence[Shrunken], names: Sequence[str], n_subjects: int) -> list[str]:
    """Return what makes the pooled numbers doubtful."""
    found = []
    if n_subjects < FEW_SUBJECTS:
        found.append(f"Only {n_subjects} subjects: how much subjects differ is mostly what was expected of it before.")
    few = [
        (one.count[cell], name, path)
        for one, path in zip(pooled, parts["count"], strict=True)
        for cell, name in enumerate(names)
        if one.count[cell] < FEW_COUNT and one.share[cell] < FEW_SHARE
    ]
    if few:
        least, name, path = min(few)
        whose = some(list(dict.fromkeys(one[1] for one in few)))
        found.append(
            f"Fewer than {FEW_COUNT:.0f} of a posterior's draws count under the group's distribution in {len(few)} "
            f"cases (of {whose}; fewest {least:.0f}, {path} of {name}): the group expects there what the subject's own "
            "posterior has in its tail. Draw more particles, or ask whether these subjects are like the others."
        )
    apart = [
        path
        for path, mean in parts["mean"].items()
        if any(
            r_hat(one) > AGREE or effective_size(one) < FEW_DRAWS
            for one in (*np.moveaxis(mean, -1, 0), np.log(parts["spread"][path]))
        )
    ]
    if apart:
        found.append(
            f"Chains disagree, or fewer than {FEW_DRAWS:.0f} of their draws are independent, for {len(apart)} of "
            f"{len(parts['mean'])} numbers ({some(apart)}): take more draws."
        )
    return found
