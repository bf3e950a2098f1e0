"""What a comparison would say without one of its subjects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .comparison import Comparison
from .resampling import is_constant, paired_difference, sign_flip_p

__all__ = ["Influence", "leave_one_out"]

VERDICT = 0.05


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
        Whether p comes to the other side of 0.05, although as few subjects could have shown it.
    """

    quantity: str
    subject: str
    difference: float
    p: float
    changes_sign: bool
    changes_verdict: bool


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
    """
    found = []
    for one in comparison.differences:
        if len(one.subjects) < 3:
            continue
        log = one.scale == "log"
        values = (one.values_a, one.values_b)
        paired = paired_difference(*(np.log(some) for some in values)) if log else paired_difference(*values)
        if is_constant(paired):
            continue
        lowest = 2.0 ** (2 - len(one.subjects))  # the smallest p of one subject less
        for k, subject in enumerate(one.subjects):
            others = np.delete(paired, k)
            mean = float(others.mean())
            p = sign_flip_p(others, n_resamples=comparison.n_resamples, seed=comparison.seed)
            found.append(Influence(
                quantity=one.quantity, subject=subject, difference=float(np.exp(mean)) if log else mean, p=p,
                changes_sign=bool(np.sign(mean) != np.sign(paired.mean())),
                changes_verdict=(p < VERDICT) != (one.p < VERDICT) and not (one.p < VERDICT and lowest >= VERDICT),
            ))  # fmt: skip
    return tuple(found)
