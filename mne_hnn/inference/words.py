"""What a posterior found, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .trust import AT_SENSORS, PLACES, held, planted

if TYPE_CHECKING:
    from .circuit_posterior import CircuitPosterior

__all__ = ["AMORTISED_CALIBRATED", "NOT_CALIBRATED", "calibrated", "sentences"]

LEARNED = 1.0
"""Bits from which on a number is said to be determined: what was left open is halved."""
SURE = 0.95
NOT_CALIBRATED = (
    f"How far intervals of 90 % hold was measured with planted truths, from the waveform. {planted('silent')} silent "
    f"columns: {held('silent')} lay inside. {planted('spiking')} columns whose cells fire, two drives, one mesh: "
    f"{held('spiking')}. At sensors, with circuit and place both unknown, it has not been measured. Times of drives "
    "are expected within 10 ms of the explanation, which saw the response."
)
"""What is to be said beside every posterior, as in ``tutorials/posterior.md``."""

AMORTISED_CALIBRATED = {
    "spiking": (
        "How far intervals of 90 % of an amortised estimator hold was measured with planted truths, from the waveform, "
        f"of one estimator of two drives and one mesh. {planted('spiking', amortised=True)} columns whose cells fire: "
        f"{held('spiking', amortised=True)} lay inside. Of any other estimator its own draws alone were judged, when "
        "it was trained."
    ),
    "silent": (
        "How far intervals of 90 % of an amortised estimator hold from the waveform has not been measured for columns "
        "in which no cell fires: its own draws alone were judged, when it was trained."
    ),
}
"""The same by regime, where an estimator drew."""
_EXPECTED_TIMES = "Times of drives are expected around the explanation, which saw the response."


def _at_sensors(regime: str) -> str:
    """Return what is known of an estimator's intervals at the sensors."""
    if not AT_SENSORS[regime]:
        return "At sensors, with circuit and place both unknown, it has not been measured."
    place = PLACES[regime]
    return (
        "At sensors, with circuit and place both unknown, it was measured with one estimator of two drives, in the "
        f"noise of one recording. {planted(regime, amortised=True, sensors=True)} truths: "
        f"{held(regime, amortised=True, sensors=True)} lay inside intervals of 90 %, and {place.most} of {place.n} "
        "centres inside regions of 90 %."
    )


def calibrated(found: CircuitPosterior) -> str:
    """Return what is known of how far the intervals of a posterior hold."""
    if found.facts.get("method") != "amortised":
        return NOT_CALIBRATED
    return f"{AMORTISED_CALIBRATED[found.regime]} {_at_sensors(found.regime)} {_EXPECTED_TIMES}"


def sentences(found: CircuitPosterior) -> list[str]:
    """Return what a posterior found, for a reader who sees nothing else."""
    bits = found.bits()
    learned = sorted((path for path in bits if bits[path] >= LEARNED), key=lambda path: -bits[path])
    told = [
        f"{_regime(found)} with {_drives(found)}: the response says at least one bit about {len(learned)} of "
        f"{len(bits)} numbers{': ' + ', '.join(learned[:6]) if learned else ''}{' ...' if len(learned) > 6 else ''}.",
        f"Columns: {_interval(found, 'columns')} in 90 %; what the model leaves of the response: "
        f"{_interval(found, 'discrepancy')} of its root mean square.",
        _sign(found),
    ]
    if found.place is not None:
        low, middle, high = found.place.patch_mm2()
        told.append(
            f"The centre of the patch lies with 90 % in {found.place.area_mm2():.0f} of the "
            f"{found.place.areas_mm2.sum():.0f} mm² of {found.place.label}; the patch has {middle:.0f} mm² "
            f"({low:.0f} to {high:.0f})."
        )
    failed = [check.name for check in found.checks if not check.passed]
    told.append(
        f"Not to be trusted as it stands: {len(failed)} of {len(found.checks)} checks failed ({'; '.join(failed)})."
        if failed
        else f"All {len(found.checks)} checks of what it predicts passed."
    )
    return told


def _regime(found: CircuitPosterior) -> str:
    return "Columns whose cells fire" if found.regime == "spiking" else "Columns in which no cell fires"


def _drives(found: CircuitPosterior) -> str:
    parts = []
    times = [path for path in found.paths if path.endswith("mu_ms")]
    for (place, _), path in zip(found.sequence, times, strict=True):
        low, high = found.interval(path)
        parts.append(f"a {place} drive at {np.median(found.of(path)):.0f} ms ({low:.0f} to {high:.0f})")
    return ", ".join(parts)


def _interval(found: CircuitPosterior, path: str) -> str:
    low, high = found.interval(path)
    return " to ".join(f"{end:,.0f}" if end >= 1000 else f"{end:.3g}" for end in (low, high))


def _sign(found: CircuitPosterior) -> str:
    sign = found.polarity
    likely = f"{sign.probability:.3f}" if 0.001 < sign.probability < 0.999 else f"{sign.probability:.3g}"
    way = "as the target's polarity says" if sign.probability >= 0.5 else "against the target's polarity"
    sure = "The sign is sure" if max(sign.probability, 1 - sign.probability) >= SURE else "The sign is open"
    return (
        f"{sure}: the current flows {way} (probability {likely}; difference of the logarithms of the evidences "
        f"{sign.difference:.1f} ± {sign.error:.1f}), for these drives."
    )
