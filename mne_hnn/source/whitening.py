"""Sensors and fields brought to unit noise."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass

import mne
from mne.cov import compute_whitener
from mne.proj import make_projector

from .._recent import Recent
from .._types import FloatArray
from .agreement import check_average, check_channels, check_grades, check_known_projectors, good_channels
from .plausible import check_covariance
from .response import read_cov, with_average_reference

__all__ = ["Whitened", "whiten"]

_KEPT: Recent[tuple[FloatArray, int]] = Recent(16_000_000)
"""Whiteners that were made lately: places that are tried one after the other have the same one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Whitened:
    """Sensors brought to unit noise of single epochs: fields of sources and the response in the same rows."""

    gain: FloatArray  # (n_rows, n_columns of the forward solution), per A m
    data: FloatArray  # (n_rows, n_times)
    rank: int  # rows that hold noise of unit variance
    with_eeg: bool


def whiten(evoked: mne.Evoked, forward: mne.Forward, noise_cov: mne.Covariance | None) -> Whitened:
    """Whiten a response and the fields of a forward solution's sources, whatever their orientation.

    With the inverse square root of the noise covariance, in the subspace that holds noise (Engemann and Gramfort 2015,
    https://doi.org/10.1016/j.neuroimage.2014.12.040), as MNE has it.
    """
    evoked = with_average_reference(check_average(evoked))
    names = good_channels(evoked.info)
    check_channels(names, forward["sol"]["row_names"], "the forward solution")
    check_grades(forward["info"], evoked.info, "the forward solution")
    info = mne.pick_info(evoked.info, [evoked.ch_names.index(name) for name in names])
    rows = [forward["sol"]["row_names"].index(name) for name in names]
    projector = make_projector(info["projs"], names, include_active=True)[0]
    noise_cov = read_cov(noise_cov)
    if noise_cov is None:
        noise_cov = mne.make_ad_hoc_cov(info, verbose="error")
    check_channels(names, noise_cov.ch_names, "the noise covariance")
    check_covariance(noise_cov, info)
    check_known_projectors(noise_cov["projs"], info, "The noise covariance")
    whitener, rank = _whitener(noise_cov, info, names)
    whitener = whitener @ projector
    return Whitened(
        gain=whitener @ forward["sol"]["data"][rows],
        data=whitener @ evoked.copy().pick(names).data,
        rank=int(rank),
        with_eeg="eeg" in info.get_channel_types(unique=True),
    )


def _whitener(noise_cov: mne.Covariance, info: mne.Info, names: list[str]) -> tuple[FloatArray, int]:
    """Return the whitening matrix of channels, and its rank; the one of the last call with the same noise at once."""

    def make() -> tuple[FloatArray, int]:
        """Make it."""
        whitener, _, rank = compute_whitener(noise_cov, info, picks=names, rank=None, return_rank=True, verbose="error")
        return whitener, int(rank)

    key = hashlib.sha256(pickle.dumps((dict(noise_cov), info))).hexdigest()  # all that decides it
    return _KEPT.get(key, make, lambda found: int(found[0].nbytes))
