"""What posteriors of several subjects say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._checks import check_name
from .._tables import load_pandas
from .._types import FloatArray
from .._value import FrozenMap
from ..errors import ParameterError
from .draws import effective_size, interval, r_hat

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GroupPosterior", "is_linear"]


def is_linear(path: str) -> bool:
    """Return whether a number is compared as it is: times are, all else by its logarithm."""
    return path.endswith("mu_ms")


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupPosterior:
    """Means of a group and how much its subjects differ, number by number, from the posteriors of the subjects.

    Times are held in ms, all else by its natural logarithm; what methods return is in the units of the number.

    Attributes
    ----------
    regime : str
        ``'spiking'`` or ``'silent'``, of all.
    sides : tuple of str
        Location of each drive, of all.
    subjects, conditions : tuple of str
        Who was pooled; one condition without a name if none were told apart.
    mean : mapping of str to array, shape (n_chains, n_draws, n_conditions)
        By path: the group's mean of each condition.
    spread : mapping of str to array, shape (n_chains, n_draws)
        Standard deviation over subjects, within a condition.
    own_spread : mapping of str to array, shape (n_chains, n_draws)
        The part of it that the conditions of a subject do not share.
    before, after : mapping of str to array, shape (n, n_subjects, n_conditions)
        Draws of each subject by its own posterior, and once the group is known; NaN where there is none, or where the
        number was given, such as columns that are those of another condition.
    count : mapping of str to array, shape (n_subjects, n_conditions)
        How many draws of a subject's own posterior count under the group's distribution.
    prior : mapping of str to (float, float)
        Mean and standard deviation that were expected of the group's mean.
    facts : mapping
        The settings.
    warnings : tuple of str
        What a reader must know.

    Examples
    --------
    >>> pooled.conditions, pooled.mean["columns"].shape
    (('early', 'late'), (4, 250, 2))
    """

    regime: str
    sides: tuple[str, ...]
    subjects: tuple[str, ...]
    conditions: tuple[str, ...]
    mean: Mapping[str, FloatArray]
    spread: Mapping[str, FloatArray]
    own_spread: Mapping[str, FloatArray]
    before: Mapping[str, FloatArray]
    after: Mapping[str, FloatArray]
    count: Mapping[str, FloatArray]
    prior: Mapping[str, tuple[float, float]]
    facts: Mapping[str, Any] = field(default_factory=FrozenMap)
    warnings: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Names of all numbers."""
        return tuple(self.mean)

    def _which(self, condition: str | None) -> int:
        if condition is None:
            if len(self.conditions) > 1:
                raise ParameterError(f"Several conditions were pooled: name one of {', '.join(self.conditions)}.")
            return 0
        return self.conditions.index(check_name(condition, self.conditions, "condition", where="of the group"))

    def of(self, path: str, condition: str | None = None) -> FloatArray:
        """Return all draws of a group's mean, shape (n_draws,); the geometric mean of all but times."""
        check_name(path, self.mean, "parameter", where="of the group")
        return _natural(path, self.mean[path][..., self._which(condition)].ravel())

    def learned(self, path: str, condition: str | None = None) -> float:
        """Return how much narrower the group's mean is known than it was expected, in bits."""
        found = self.mean[check_name(path, self.mean, "parameter", where="of the group")]
        sd = float(found[..., self._which(condition)].std())
        return float(np.log2(self.prior[path][1] / max(sd, 1e-12)))

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per number and condition: mean, spread over subjects, intervals, agreement of chains.

        Means of what is compared by logarithms are geometric, and spreads are factors.
        """
        found = []
        for path in self.paths:
            for k, condition in enumerate(self.conditions):
                draws = self.mean[path][..., k]
                spread = _natural(path, self.spread[path].ravel())
                count = self.count[path][:, k]
                if not np.isfinite(count).any():
                    continue
                found.append(
                    {
                        "parameter": path,
                        "condition": condition,
                        "scale": "linear" if is_linear(path) else "log",
                        "n_subjects": int(np.isfinite(count).sum()),
                        **_ends("mean", _natural(path, draws.ravel())),
                        **_ends("spread", spread),
                        "learned_bits": self.learned(path, condition),
                        "effective_size": effective_size(draws),
                        "r_hat": max(r_hat(draws), r_hat(np.log(self.spread[path]))),
                        "fewest_draws": float(np.nanmin(count)),
                    }
                )
        return found

    def subject_rows(self) -> list[dict[str, Any]]:
        """Return a row per number, subject and condition: median and 90 % before and after the group is known."""
        found = []
        for path in self.paths:
            for s, subject in enumerate(self.subjects):
                for k, condition in enumerate(self.conditions):
                    if not np.isfinite(self.count[path][s, k]):
                        continue
                    row: dict[str, Any] = {"parameter": path, "subject": subject, "condition": condition}
                    for name, draws in (("own", self.before[path]), ("pooled", self.after[path])):
                        row |= _ends(name, _natural(path, draws[:, s, k]))
                    found.append({**row, "draws_that_count": float(self.count[path][s, k])})
        return found

    def difference(self, a: str, b: str) -> list[dict[str, Any]]:
        """Return a row per number: how conditions differ, a minus b (ms) or a over b (all else).

        Subjects who have both conditions count as pairs.

        Parameters
        ----------
        a, b : str
            Two conditions.

        Returns
        -------
        rows : list of dict
            ``difference`` (median), its 50 and 90 % intervals, ``above``: the probability that a is larger,
            ``spread`` of the difference over subjects, and how many have both.
        """
        first, second = self._which(a), self._which(b)
        if first == second:
            raise ParameterError(f"Two different conditions have a difference, got {a!r} twice.")
        found = []
        for path in self.paths:
            apart = (self.mean[path][..., first] - self.mean[path][..., second]).ravel()
            has = np.isfinite(self.count[path])
            if not (has[:, first].any() and has[:, second].any()):
                continue
            both = has[:, first] & has[:, second]
            found.append(
                {
                    "parameter": path,
                    "a": a,
                    "b": b,
                    "scale": "linear" if is_linear(path) else "log",
                    "n_both": int(both.sum()),
                    **_ends("difference", _natural(path, apart)),
                    "above": float(np.mean(apart > 0)),
                    **_ends("spread", _natural(path, np.sqrt(2.0) * self.own_spread[path].ravel())),
                }
            )
        return found

    def summary(self) -> Any:
        """Return :meth:`rows` as a table (needs pandas)."""
        return load_pandas().DataFrame(self.rows()).set_index(["parameter", "condition"])

    def sentences(self) -> list[str]:
        """Return what was found, in words."""
        from .group_words import sentences

        return sentences(self)

    def to_arviz(self) -> Any:
        """Return draws of the group and of its subjects for ArviZ (needs ``pip install 'mne-hnn[posterior]'``)."""
        from .group_files import to_arviz

        return to_arviz(self)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Save to one file (``.nc``) for :func:`read_group_posterior`, which ArviZ reads, too.

        Parameters
        ----------
        path : path-like
            The file.
        overwrite : bool
            Whether to replace a file that is there.
        """
        from .group_files import write_group_posterior

        write_group_posterior(path, self, overwrite=overwrite)

    def plot(self, *, show: bool = True) -> Figure:
        """Plot subjects before and after, and the group; see :func:`mne_hnn.viz.plot_group_posterior`."""
        from ..viz import plot_group_posterior

        return plot_group_posterior(self, show=show)

    def __repr__(self) -> str:
        told = f"; conditions {', '.join(self.conditions)}" if len(self.conditions) > 1 else ""
        return f"<GroupPosterior ({self.regime}): {len(self.subjects)} subjects, {len(self.paths)} numbers{told}>"


def _natural(path: str, values: FloatArray) -> FloatArray:
    """Return numbers, differences or spreads in ms, or as factors."""
    return values if is_linear(path) else np.asarray(np.exp(values))


def _ends(name: str, draws: FloatArray) -> dict[str, float]:
    half, most = interval(draws, 0.5), interval(draws, 0.9)
    return {
        name: float(np.median(draws)),
        f"{name}_low_50": half[0],
        f"{name}_high_50": half[1],
        f"{name}_low_90": most[0],
        f"{name}_high_90": most[1],
    }
