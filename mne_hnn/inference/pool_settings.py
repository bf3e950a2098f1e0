"""How posteriors of subjects are pooled, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from .._checks import check_int, check_positive, check_seed

__all__ = ["PoolSettings"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolSettings:
    """How :func:`pool_posteriors` draws, and what is expected of a group before its subjects are seen.

    All numbers are compared as times in ms, and as logarithms of all else, in units of the standard deviation that
    the subjects' prior has of them.

    Parameters
    ----------
    mean_sd : float
        The group's mean is expected around the mean of the subjects' priors with this standard deviation.
    spread_sd : float
        Half-normal scale of two standard deviations: of what a subject's conditions share, and of what each condition
        adds. With one condition there is the second only.
    chains : int
        Independent chains, at least two.
    draws : int
        Kept of each chain.
    warmup : int
        Steps of each chain before, in which the size of the steps is learned.
    thin : int
        Steps between two draws that are kept.
    seed : int
        Equal ones give equal draws.

    Raises
    ------
    ParameterError
        A value is wrong.

    Examples
    --------
    >>> PoolSettings(draws=500, seed=1).chains
    4
    """

    mean_sd: float = 1.0
    spread_sd: float = 0.5
    chains: int = 4
    draws: int = 1000
    warmup: int = 1000
    thin: int = 4
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("mean_sd", "spread_sd"):
            object.__setattr__(self, name, check_positive(getattr(self, name), name))
        for name, minimum in {"chains": 2, "draws": 100, "warmup": 100, "thin": 1}.items():
            object.__setattr__(self, name, check_int(getattr(self, name), name, minimum=minimum))
        check_seed(self.seed, "seed")
