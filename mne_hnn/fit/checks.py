"""What the fits ask of their arguments, said once."""

from __future__ import annotations

from typing import Any

from .._checks import check_int, check_name, check_seed
from ..dipole import Dipole
from ..errors import ParameterError
from ..network import Network
from .observation import ColumnPrior
from .scoring import check_prior

__all__ = ["check_network", "check_trials", "chosen_prior"]


def check_network(network: Any) -> None:
    """Refuse what is no network."""
    if not isinstance(network, Network):
        raise ParameterError(f"network must be a Network, got {type(network).__name__}.")


def check_trials(n_trials: Any, n_final: Any, seed: Any, fresh_seed: Any) -> None:
    """Refuse numbers of trials and seeds with which there is no score in fresh trials."""
    check_int(n_trials, "n_trials", minimum=1)
    check_int(n_final, "n_final", minimum=1)
    check_seed(seed, "seed")
    check_seed(fresh_seed, "fresh_seed")
    if seed == fresh_seed:
        raise ParameterError(f"fresh_seed must differ from seed, got {seed} twice: the final score would not be fresh.")


def chosen_prior(prior: Any, target: Dipole | None, network: Network) -> ColumnPrior | None:
    """Return the prior on the number of columns that is given, or that ``'target'`` stands for."""
    if isinstance(prior, str):
        check_name(prior, ("target",), "prior")
        return None if target is None else ColumnPrior.for_target(target, network)
    check_prior(prior)
    known: ColumnPrior | None = prior
    return known
