"""Whether posteriors are as wide as they should be: ranks of truths among draws, coverage, probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import kstest

from mne_hnn.inference.trust import ALLOWED, KINDS, kind_of

SIGNIFICANT = 0.05


def rank(draws: np.ndarray, truth: float, rng: np.random.Generator) -> float:
    """Return which share of the draws lies below a truth; equal ones count by chance, so that it is uniform."""
    below, equal = int((draws < truth).sum()), int((draws == truth).sum())
    return (below + rng.random() * (equal + 1)) / (draws.size + 1)


def _errors(share: float, n: int) -> float:
    return float(ALLOWED * np.sqrt(share * (1 - share) / n))


def allowed(share: float, n: int) -> str:
    """Return how far from a share chance may be with so many truths."""
    return f"±{_errors(share, n):.1%}"


def coverage(ranks: list[float]) -> dict[str, Any]:
    """Return how many truths lie inside intervals of 50 and 90 %, how far that may be off, and whether ranks are even.

    Numbers of one truth depend on one another, so that the binomial standard error is somewhat too small where a truth
    has several of a kind.
    """
    u = np.array(ranks)
    found: dict[str, Any] = {"n": len(u)}
    for share in (0.5, 0.9):
        inside = float(np.mean(np.abs(u - 0.5) <= share / 2))
        found[f"{share:.0%}"] = f"{inside:.1%}"
        found[f"{share:.0%} allowed"] = allowed(share, len(u))
        found[f"{share:.0%} holds"] = bool(abs(inside - share) <= _errors(share, len(u)))
    found["mean rank"] = round(float(u.mean()), 3)
    found["p of even ranks"] = round(float(kstest(u, "uniform").pvalue), 4)
    return found


def by_kind(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return coverage for each kind of number, of truths whose sign was stated right."""
    ranks: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for row in rows:
        if not row.get("turned"):
            for path, u in row["ranks"].items():
                ranks[kind_of(path)].append(u)
    found = {kind: coverage(some) for kind, some in ranks.items() if some}
    for one in found.values():
        one["even"] = bool(one["p of even ranks"] > SIGNIFICANT / len(found))  # Bonferroni
    return found


def of_sign(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how often the sign was wrong, and how often it should have been by its own probability."""
    right = np.array([row["probability of the true sign"] for row in rows if "probability of the true sign" in row])
    if not len(right):
        return {}
    return {
        "n": len(right),
        "wrong": int((right < 0.5).sum()),
        "wrong expected": round(float(np.minimum(right, 1 - right).sum()), 2),
        "surely wrong (below 0.05)": int((right < 0.05).sum()),
    }


def of_place(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how often regions hold the true centre, and what the true radius and the best disc are given.

    Of truths whose sign was stated right: places are compared with the courses of the sign that was stated.
    """
    asked = [row["place"] for row in rows if "place" in row and not row.get("turned")]
    known = [one for one in asked if one]
    if not known:
        return {}
    found: dict[str, Any] = {"n": len(known), "no place": len(asked) - len(known)}
    for share in ("50%", "90%"):
        held = np.array([one[f"share up to the truth {share}"] for one in known])
        found[f"centre in {share}"] = f"{held.mean():.1%} ({allowed(float(share[:-1]) / 100, len(held))})"
    for name in ("of the best centre", "of the best radius"):
        said = np.array([one[f"probability {name}"] for one in known])
        right = np.array([one[f"right {name}"] for one in known])
        found[f"{name}: said, right"] = f"{said.mean():.2f}, {right.mean():.2f}"
    area = np.array([one["area"] for one in known])
    found["area rank, mean"] = round(float(area.mean()), 3)
    found["area in 50%, 90%"] = ", ".join(f"{np.mean(np.abs(area - 0.5) <= share / 2):.1%}" for share in (0.5, 0.9))
    found["distance of the best centre (mm, median)"] = round(
        float(np.median([one["distance_mm"] for one in known])), 1
    )
    return found


def of_controls(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Return how often what is known to be wrong was rejected, of truths whose sign was stated right."""
    known = [row["controls"] for row in rows if "controls" in row and not row.get("turned")]
    names = sorted({name for one in known for name in one})
    return {name: f"{sum(one[name]['rejected'] for one in known)} of {len(known)}" for name in names}


def totals(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return all of it."""
    names = sorted({name for row in rows for name in row["failed"]})
    return {
        "coverage": by_kind(rows),
        "sign": of_sign(rows),
        "place": of_place(rows),
        "controls rejected": of_controls(rows),
        "checks that failed": {name: sum(name in row["failed"] for row in rows) for name in names},
        "seconds (median)": round(float(np.median([row["seconds"] for row in rows]))),
        "networks (median)": int(np.median([row["networks"] for row in rows])),
    }
