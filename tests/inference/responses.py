"""Responses of a patch at the sensors, and settings that take no time."""

import mne
import numpy as np

SMALL = {"particles": 150, "populations": 2, "moves": 6}


def with_field(measured, patch, moment, *, seed=0, noise=1.0):
    """Return the response of a patch."""
    fixed = mne.convert_forward_solution(
        measured.forward, surf_ori=True, force_fixed=True, use_cps=True, verbose="error"
    )
    hemi = 0 if patch.hemi == "lh" else 1
    first = fixed["src"][0]["nuse"] if hemi else 0
    columns = first + np.searchsorted(fixed["src"][hemi]["vertno"], patch.vertices)
    field = fixed["sol"]["data"][:, columns] @ patch.weights
    rng = np.random.default_rng(seed)
    sd = noise * np.sqrt(
        np.diag(measured.noise_cov.data) if measured.noise_cov.data.ndim == 2 else measured.noise_cov.data
    )
    evoked = measured.evoked.copy()
    evoked.data = np.outer(field, moment) + sd[:, None] / np.sqrt(evoked.nave) * rng.standard_normal(evoked.data.shape)
    return evoked
