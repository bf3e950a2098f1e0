"""Open whatever a user has as a session: a target, a network, a fit, results of the pipeline, or nothing."""

from __future__ import annotations

from pathlib import Path

from .session import Session

__all__ = ["open_session"]


def open_session(path: str | Path | None = None, *, n_jobs: int | None = None) -> Session:
    """Begin a session with a file.

    Parameters
    ----------
    path : path-like | None
        A target (text or MATLAB file of :func:`~mne_hnn.io.read_source_course`, a dipole of ours ``-ave.fif`` or of
        HNN ``.txt``), a network or parameter file (ours or HNN's), a fit or explanations, a results folder of the
        pipeline; None for the demo.
    n_jobs : int | None
        As for :class:`Session`.

    Returns
    -------
    session : Session
        Its cortex is None unless the file has one.

    Raises
    ------
    DataError
        The file is missing, or none of these.
    """
    raise NotImplementedError
