"""One set of connections between two cell types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._checks import (
    check_bool,
    check_finite,
    check_int,
    check_label,
    check_non_negative,
    check_positive,
    check_probability,
    check_seed,
)
from .._value import Value
from ..errors import NetworkError

__all__ = ["DEFAULT_CONN_SEED", "Connection", "keep_pairs"]

#: Seed of a sparse connection that states none.
DEFAULT_CONN_SEED = 3


def keep_pairs(n_pairs: int, probability: float, seed: int) -> NDArray[np.intp]:
    """Return which of `n_pairs` connections a sparse connection keeps, in increasing order.

    ``round(n_pairs * probability)`` of them are drawn without replacement from
    ``numpy.random.default_rng(seed)``, so the same seed always keeps the same ones.
    """
    if probability >= 1.0:
        return np.arange(n_pairs)
    n_kept = round(n_pairs * probability)
    chosen = np.random.default_rng(seed).choice(n_pairs, n_kept, replace=False)
    return np.sort(chosen)


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection(Value):
    """Synapses from the cells of one type onto those of another (or the same).

    A connection reaches every pair of source and target cell, or a random part of them. Weight
    and delay depend on the distance d of two cells in the plane, with
    ``scale = exp(-d**2 / (lamtha * inplane_distance)**2)``: the weight is
    ``gain * weight_uS * scale`` and the delay ``delay_ms / scale``
    (Jones et al. 2009, https://doi.org/10.1152/jn.00535.2009). Every section of the location
    receives the full weight.

    Parameters
    ----------
    source, target : str
        Cell types.
    location : str
        Location of the target's template (``"proximal"``, ``"distal"``) or name of one section.
    receptor : str
        Receptor on the target.
    weight_uS : float
        Peak conductance for cells at the same place, uS.
    delay_ms : float
        Delay for cells at the same place, ms.
    lamtha : float
        Space constant, in units of the in-plane distance of the grid.
    gain : float
        Factor on the weight.
    probability : float
        Share of the pairs that are connected.
    seed : int | None
        Which pairs a probability below 1 keeps (see ``keep_pairs`` beside it); None for 3. It has no
        effect, and is not kept, when the probability is 1.
    allow_autapses : bool
        Whether a cell may connect to itself.
    source_indices, target_indices : sequence of int | None
        Positions within the cell type of the cells that take part; None for all.
    threshold_mV : float | None
        Soma voltage of the source at whose upward crossing an event sets out, mV; None for that of the network.
        Connections from the same cells may have several. The spikes of results are crossings of the threshold that all
        connections from a cell type have, or of the network's where they differ.
    pairs : sequence of (int, int) | None
        The pairs that are connected, as positions of source and target cell within their types, instead of all or a
        random part of them; then `probability`, `source_indices` and `target_indices` are not given.

    Examples
    --------
    >>> ends = {"source": "L2_pyramidal", "target": "L5_pyramidal", "location": "distal", "receptor": "ampa"}
    >>> Connection(**ends, weight_uS=2.5e-4, delay_ms=1.0, lamtha=3.0).probability
    1.0
    """

    source: str
    target: str
    location: str
    receptor: str
    weight_uS: float
    delay_ms: float
    lamtha: float
    gain: float = 1.0
    probability: float = 1.0
    seed: int | None = None
    allow_autapses: bool = True
    source_indices: Sequence[int] | None = None
    target_indices: Sequence[int] | None = None
    threshold_mV: float | None = None
    pairs: Sequence[tuple[int, int]] | None = field(default=None, metadata={"omit": None})

    def __post_init__(self) -> None:
        for name in ("source", "target", "location", "receptor"):
            check_label(getattr(self, name), f"Connection: {name}", error=NetworkError)
        what = f"Connection {self.source} -> {self.target} ({self.receptor})"
        checked: dict[str, Any] = {}
        for name in ("weight_uS", "delay_ms", "gain"):
            checked[name] = check_non_negative(getattr(self, name), f"{what}: {name}", error=NetworkError)
        checked["lamtha"] = check_positive(self.lamtha, f"{what}: lamtha", error=NetworkError)
        checked["probability"] = check_probability(self.probability, f"{what}: probability", error=NetworkError)
        if self.threshold_mV is not None:
            checked["threshold_mV"] = check_finite(self.threshold_mV, f"{what}: threshold_mV", error=NetworkError)
        checked["allow_autapses"] = check_bool(self.allow_autapses, f"{what}: allow_autapses", error=NetworkError)
        seed = DEFAULT_CONN_SEED if self.seed is None else self.seed
        seed = check_seed(seed, f"{what}: seed", error=NetworkError)
        # a seed that changes nothing must not make two connections differ
        checked["seed"] = seed if checked["probability"] < 1 else None
        for name in ("source_indices", "target_indices"):
            checked[name] = _checked_indices(getattr(self, name), f"{what}: {name}")
        checked["pairs"] = _checked_pairs(self.pairs, f"{what}: pairs")
        chosen = (checked["source_indices"], checked["target_indices"])
        if self.pairs is not None and (checked["probability"] < 1 or chosen != (None, None)):
            raise NetworkError(
                f"{what}: pairs say already who is connected: leave out probability, source_indices and target_indices."
            )
        for name, value in checked.items():
            object.__setattr__(self, name, value)


def _checked_indices(value: Any, what: str) -> tuple[int, ...] | None:
    if value is None:
        return None
    if isinstance(value, (str, int)) or not hasattr(value, "__iter__"):
        raise NetworkError(f"{what} must be a sequence of cell indices or None, got {value!r}.")
    indices = tuple(check_int(index, what, minimum=0, error=NetworkError) for index in value)
    if not indices or len(set(indices)) != len(indices):
        raise NetworkError(f"{what} must hold at least one index and each only once, got {indices!r}.")
    return indices


def _checked_pairs(value: Any, what: str) -> tuple[tuple[int, int], ...] | None:
    if value is None:
        return None
    expected = "at least one pair of cell indices (source, target), each only once"
    given = list(value) if hasattr(value, "__iter__") and not isinstance(value, (str, Mapping)) else []
    if not given or any(isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2 for pair in given):
        raise NetworkError(f"{what} must be {expected}, or None.")
    indices = [tuple(check_int(index, what, minimum=0, error=NetworkError) for index in pair) for pair in given]
    pairs = sorted({(source, target) for source, target in indices})
    if len(pairs) != len(indices):
        raise NetworkError(f"{what} must be {expected}.")
    return tuple(pairs)
