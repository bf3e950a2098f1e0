"""Save a session so that others can repeat it: a pipeline file, a script, pictures, networks."""

from __future__ import annotations

from pathlib import Path

from .session import Session

__all__ = ["save_analysis", "save_pictures"]


def save_analysis(session: Session, folder: str | Path, *, overwrite: bool = False) -> dict[str, Path]:
    """Write what repeats the present state, and what it gave.

    Parameters
    ----------
    session : Session
        The session, with an answer of the full column.
    folder : path-like
        A new or empty folder.
    overwrite : bool
        Whether files of an earlier analysis in it may be replaced.

    Returns
    -------
    files : dict of str to Path
        ``'pipeline'`` (``analysis.py`` for ``mne-hnn run``), ``'script'`` (``repeat.py``), ``'network'``,
        ``'hnn_network'``, ``'simulation'``, ``'dipole'``, ``'target'``, ``'png'``, ``'svg'``, as far as there are such.
    """
    raise NotImplementedError


def save_pictures(session: Session, folder: str | Path, *, overwrite: bool = False) -> dict[str, Path]:
    """Write the figure of the present answer beside target and pinned simulations, as PNG and SVG.

    Returns
    -------
    files : dict of str to Path
        ``'png'`` and ``'svg'``.
    """
    raise NotImplementedError
