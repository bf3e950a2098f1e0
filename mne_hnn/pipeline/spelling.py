"""Options that are called otherwise elsewhere, and which one of ours a wrong name stands for."""

from __future__ import annotations

from collections.abc import Sequence

from .._checks import suggestion

__all__ = ["ELSEWHERE", "nearest_option"]

ELSEWHERE = {
    # MNE-Python and MNE-BIDS-Pipeline
    "ch_types": "channel_types",
    "picks": "channel_types",
    "epochs_tmin": "tmin",
    "epochs_tmax": "tmax",
    "epochs_decim": "decim",
    "epochs_reject": "reject",
    "contrasts": "contrast",
    "inverse_method": "method",
    "deriv_root": "output",
    "subjects_list": "subjects",
    "exclude": "exclude_subjects",
    "parc": "parcellation",
    "surf": "label",
    "raw": "data",
    "epochs": "data",
    "evoked": "data",
    "fname": "data",
    "cov": "noise_cov",
    "covariance": "noise_cov",
    "fwd": "forward",
    "inv": "inverse",
    "inverse_operator": "inverse",
    "lambda2": "snr",
    "proc": "entities",
    "high_pass": "l_freq",
    "low_pass": "h_freq",
    # the published software
    "net": "network",
    "tstop": "target_tmax",
    "window_len": "smooth_ms",
    "dipole_smooth_win": "smooth_ms",
    "N_trials": "n_trials",
    "n_procs": "n_jobs",
}
"""Names that other software gives to an option."""

UNITS = {"tstop": "target_tmax is in s", "lambda2": "lambda2 is 1 / snr**2"}


def nearest_option(name: str, known: Sequence[str]) -> str:
    """Return `` Did you mean 'x'?`` for an option that is called otherwise, or is misspelt; else an empty string."""
    ours = ELSEWHERE.get(name) or ELSEWHERE.get(name.lower())
    if ours in known:
        unit = f" ({UNITS[name]})" if name in UNITS else ""
        return f" Did you mean {ours!r}{unit}?"
    return suggestion(name, known)
