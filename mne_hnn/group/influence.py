"""What a comparison would say without one of its subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ParameterError
from .comparison import Comparison
from .resampling import is_constant, lowest_p, paired_difference, sign_flip_p

__all__ = ["Influence", "can_change", "leave_one_out", "level_of"]


@dataclass(frozen=True, kw_only=True)
class Influence:
    """A difference without one subject.

    Attributes
    ----------
    quantity : str
        The quantity.
    subject : str
        Who is left out.
    difference : float
        Mean difference, or ratio, of the others.
    p : float
        Of the sign-flip test of the others.
    changes_sign : bool
        Whether the difference turns over.
    changes_verdict : bool
        Whether p comes to the other side of 1 - `confidence` of the comparison (0.05 for 95 %), although as few
        subjects could have shown it. With six subjects or fewer, it never can: see :func:`can_change`.
    """

    quantity: str
    subject: str
    difference: float
    p: float
    changes_sign: bool
    changes_verdict: bool


def level_of(comparison: Comparison) -> float:
    """Return the p below which a difference counts, of the confidence of the comparison's intervals."""
    return round(1.0 - comparison.confidence, 12)


def can_change(n_subjects: int, comparison: Comparison) -> bool:
    """Return whether a verdict could change without one of so many subjects: whether the others can be significant."""
    return n_subjects >= 3 and lowest_p(n_subjects - 1, comparison.n_resamples) < level_of(comparison)


def leave_one_out(comparison: Comparison) -> tuple[Influence, ...]:
    """Repeat a comparison without each of its subjects.

    Parameters
    ----------
    comparison : Comparison
        Of :func:`compare_conditions`.

    Returns
    -------
    influences : tuple of Influence
        For each quantity that at least three subjects have, and each of these; not for one whose difference is the
        same in everybody.

    Examples
    --------
    >>> len({influence.subject for influence in leave_one_out(comparison)})
    5
    """
    if not isinstance(comparison, Comparison):
        raise ParameterError(f"leave_one_out needs what compare_conditions returns, got {type(comparison).__name__}.")
    found, level = [], level_of(comparison)
    for difference in comparison.differences:
        if len(difference.subjects) < 3 or not difference.tested:
            continue
        log = difference.scale == "log"
        values = (difference.values_a, difference.values_b)
        paired = paired_difference(*(np.log(some) for some in values)) if log else paired_difference(*values)
        if is_constant(paired):
            continue
        testable = can_change(len(difference.subjects), comparison)
        for k, subject in enumerate(difference.subjects):
            others = np.delete(paired, k)
            mean = float(others.mean())
            p = sign_flip_p(others, n_resamples=comparison.n_resamples, seed=comparison.seed)
            found.append(
                Influence(
                    quantity=difference.quantity,
                    subject=subject,
                    difference=float(np.exp(mean)) if log else mean,
                    p=p,
                    changes_sign=bool(np.sign(mean) != np.sign(paired.mean())),
                    changes_verdict=testable and (p < level) != (difference.p < level),
                )
            )
    return tuple(found)
