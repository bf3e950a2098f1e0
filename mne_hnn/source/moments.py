"""How large the moment of a piece of cortex can be, and how far above its error."""

from __future__ import annotations

from typing import Any

import mne
import numpy as np

from .._units import NAM
from .._warn import warn

__all__ = ["check_moment"]

LARGEST_nAm = 1000.0
"""Evoked responses have 1 to 100 nA m, epileptic spikes some hundred."""
LARGEST_DENSITY_nAm_mm2 = 2.0
"""Cortex gives 0.16 to 0.77 nA m/mm², and no tissue more than 1 to 2 (Murakami and Okada 2015,
doi:10.1016/j.neuroimage.2015.02.003)."""
WITHIN_NOISE = 4.0
"""Standard errors below which the largest of some hundred samples may be noise."""


def check_moment(moment: Any, standard_error: float | None, area_mm2: float | None, label: mne.Label) -> None:
    """Warn of a moment that no cortex has, or that is no larger than noise.

    Parameters
    ----------
    moment : array, shape (n_times,)
        A m.
    standard_error : float | None
        Of each sample, A m.
    area_mm2 : float | None
        Of the cortex that it flows through, mm²; None if that is not known.
    label : mne.Label
        Named in the warning.
    """
    peak = float(np.abs(moment).max())
    size = f"The moment of {label.name!r} reaches {peak / NAM:.3g} nAm"
    if peak > LARGEST_nAm * NAM:
        warn(
            f"{size}; those of responses are below {LARGEST_nAm:g} nAm. Check the units of the recording, and whether "
            "the label's fields cancel (take a smaller one, best_patch)."
        )
    elif area_mm2 is not None and peak / NAM > LARGEST_DENSITY_nAm_mm2 * area_mm2:
        warn(
            f"{size}, {peak / NAM / area_mm2:.3g} nAm/mm\N{SUPERSCRIPT TWO} in its {area_mm2:.3g} "
            f"mm\N{SUPERSCRIPT TWO}; cortex gives at most 1 to 2. More of it is active (a larger radius, "
            "patch_radius_mm), or the units of the recording are wrong."
        )
    if standard_error is not None and peak < WITHIN_NOISE * standard_error:
        warn(
            f"{size}, which is within the noise (standard error {standard_error / NAM:.2g} nAm): there is no response "
            "to fit. Average more epochs, or check window and label."
        )
