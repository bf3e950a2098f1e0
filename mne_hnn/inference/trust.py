"""How far intervals are to be trusted: how often they held the truth where truths were planted from the prior.

``tests/benchmarks/calibration.py`` measures it; what it found is kept here, so that every posterior says it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["AMORTISED", "AT_SENSORS", "KINDS", "MEASURED", "PLACES", "Coverage", "doubts", "held", "kind_of", "planted"]

KINDS = ("times", "spreads", "weights", "columns", "discrepancy", "spikes")
ALLOWED = 2.6
"""Binomial standard errors that a coverage may be off."""
FEWEST = 20
"""With fewer truths nothing is shown."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many of the true numbers of a kind lay inside their intervals.

    Attributes
    ----------
    truths : int
        Circuits that were planted.
    n : int
        Numbers of this kind that they had.
    half, most : int
        How many of these lay inside the interval of 50 and of 90 %.
    """

    truths: int
    n: int
    half: int
    most: int

    @property
    def shown(self) -> bool:
        """Whether truths were enough to say anything."""
        return self.truths >= FEWEST

    @property
    def holds(self) -> bool:
        """Whether as many lay inside as should, up to what chance does to so many."""
        inside = ((self.half, 0.5), (self.most, 0.9))
        return all(abs(k - share * self.n) <= ALLOWED * np.sqrt(share * (1 - share) * self.n) for k, share in inside)


MEASURED: Mapping[str, Mapping[str, Coverage]] = {
    "silent": {
        "times": Coverage(truths=30, n=77, half=41, most=76),
        "spreads": Coverage(truths=30, n=77, half=34, most=64),
        "weights": Coverage(truths=30, n=308, half=146, most=266),
        "columns": Coverage(truths=30, n=30, half=10, most=26),
        "discrepancy": Coverage(truths=30, n=30, half=15, most=27),
    },
    "spiking": {
        "times": Coverage(truths=20, n=40, half=22, most=36),
        "spreads": Coverage(truths=20, n=40, half=26, most=37),
        "weights": Coverage(truths=20, n=280, half=139, most=248),
        "columns": Coverage(truths=20, n=20, half=13, most=20),
        "discrepancy": Coverage(truths=20, n=20, half=8, most=18),
        "spikes": Coverage(truths=20, n=80, half=42, most=70),
    },
}
"""By regime and kind, of posteriors from source waveforms."""
AMORTISED: Mapping[str, Mapping[str, Coverage]] = {
    "silent": {},
    "spiking": {
        "times": Coverage(truths=80, n=160, half=85, most=142),
        "spreads": Coverage(truths=80, n=160, half=81, most=141),
        "weights": Coverage(truths=80, n=1120, half=524, most=984),
        "columns": Coverage(truths=80, n=80, half=47, most=72),
        "discrepancy": Coverage(truths=80, n=80, half=42, most=72),
        "spikes": Coverage(truths=80, n=320, half=173, most=296),
    },
}
"""The same of amortised estimators (``tests/benchmarks/calibration_amortised.py``)."""
AT_SENSORS: Mapping[str, Mapping[str, Coverage]] = {
    "silent": {
        "times": Coverage(truths=34, n=68, half=30, most=59),
        "spreads": Coverage(truths=34, n=68, half=31, most=56),
        "weights": Coverage(truths=34, n=272, half=134, most=241),
        "columns": Coverage(truths=34, n=34, half=16, most=27),
        "discrepancy": Coverage(truths=34, n=34, half=13, most=28),
    },
    "spiking": {},
}
"""The same of amortised estimators from the sensors, with circuit and place both unknown (``--sensors``)."""
PLACES: Mapping[str, Coverage] = {"silent": Coverage(truths=34, n=34, half=19, most=28)}
"""How many of the true centres of these truths lay inside the regions of the place."""


def kind_of(path: str) -> str:
    """Return of which kind a number is: one of :data:`KINDS`."""
    for end, kind in (("mu_ms", "times"), ("sigma_ms", "spreads"), ("columns", "columns"), ("discrepancy",) * 2):
        if path.endswith(end):
            return kind
    return "spikes" if path.startswith("spikes.") else "weights"


def planted(regime: str, *, amortised: bool = False, sensors: bool = False) -> int:
    """Return how many truths of a regime were planted."""
    return _truths(_known(regime, amortised, sensors))


def _known(regime: str, amortised: bool, sensors: bool) -> Mapping[str, Coverage]:
    """Return what was counted; from the waveform where nothing was at the sensors."""
    found = AT_SENSORS[regime] if amortised and sensors else {}
    return found or (AMORTISED if amortised else MEASURED)[regime]


def _truths(known: Mapping[str, Coverage]) -> int:
    return max((one.truths for one in known.values()), default=0)


def held(regime: str, *, amortised: bool = False, sensors: bool = False) -> str:
    """Return in words how many true numbers of each kind lay inside intervals of 90 %."""
    known = _known(regime, amortised, sensors)
    return ", ".join(f"{kind} {known[kind].most} of {known[kind].n}" for kind in KINDS if kind in known)


def doubts(regime: str, paths: Sequence[str], *, amortised: bool = False, sensors: bool = False) -> list[str]:
    """Return for which numbers of a posterior intervals are not to be trusted, and why: sentences.

    Parameters
    ----------
    regime : str
        ``'silent'`` or ``'spiking'``.
    paths : sequence of str
        Its numbers.
    amortised : bool
        Whether it is one of an amortised estimator.
    sensors : bool
        Whether it is one from the sensors.
    """
    known = _known(regime, amortised, sensors)
    kinds = {kind_of(path) for path in paths} | ({"spikes"} if regime == "spiking" else set())
    asked = [kind for kind in KINDS if kind in kinds]
    few = [kind for kind in asked if kind not in known or not known[kind].shown]
    wrong = [kind for kind in asked if kind not in few and not known[kind].holds]
    found = [
        f"Intervals of {kind} are not to be trusted: of {known[kind].n} true ones {known[kind].most} lay inside those "
        f"of 90 %, and {known[kind].half} inside those of 50 %, where truths were planted."
        for kind in wrong
    ]
    if few:
        found.append(
            f"Intervals of {', '.join(few)} are not shown to hold what they say: {_truths(known)} truths of this kind "
            f"({regime}) were planted, fewer than {FEWEST}. Take them as an order of what is known, not as 90 %."
        )
    return found
