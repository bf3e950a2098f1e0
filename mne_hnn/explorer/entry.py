"""Explore by hand: from the command line, from Python, and inside a notebook."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
from .cortex import Cortex
from .files import Folders
from .opening import open_session
from .server import Gate, new_server, serve
from .session import Session
from .state import ExploreState

if TYPE_CHECKING:
    from ..dipole import Dipole
    from ..network import Network
    from ..source import Target
    from .page import Page

__all__ = ["Exploration", "explore", "explore_file"]


class Exploration:
    """A page that is open beside a notebook, of :func:`explore`.

    Attributes
    ----------
    session : Session
        What it shows: ``session.state`` is what was done by hand so far.
    """

    def __init__(self, page: Page, gate: Gate) -> None:
        self._page, self._gate = page, gate

    @property
    def session(self) -> Session:
        """What the page shows."""
        return self._page.session

    @property
    def address(self) -> str:
        """Where the page is."""
        return self._gate.address

    def _repr_html_(self) -> str:
        return f'<a href="{self.address}" target="_blank" rel="noopener">Open the page of mne_hnn explore</a>'

    def close(self) -> None:
        """End the page and its worker processes."""
        self._page.close()
        self._ending = asyncio.ensure_future(self._page.server.stop())


def explore(
    target: Dipole | Target | None = None,
    network: Network | None = None,
    forward: Any = None,
    *,
    evoked: Any = None,
    inverse: Any = None,
    subjects_dir: str | Path | None = None,
    port: int = 0,
    browser: bool = True,
) -> ExploreState | Exploration:
    """Explore a column by hand on a page in the browser.

    Parameters
    ----------
    target : Dipole | Target | None
        What the column is compared with.
    network : Network | None
        The column with its drives; None for the one that a session begins with.
    forward : mne.Forward | path-like | None
        With `evoked` and `inverse`: the cortex to click on, and the sensors predicted.
    evoked : mne.Evoked | None
        The response.
    inverse : mne.minimum_norm.InverseOperator | path-like | None
        The inverse operator.
    subjects_dir : path-like | None
        Folder of subjects of FreeSurfer; None for that of MNE's settings.
    port : int
        Where the page is on this machine; 0 takes any that is free.
    browser : bool
        Whether to open the page in a browser.

    Returns
    -------
    what : ExploreState | Exploration
        In a notebook at once an :class:`Exploration`, which shows a link to the page. Else, once the page is ended
        (Ctrl+C), the state as it was left.

    Raises
    ------
    ParameterError
        An argument is wrong, or the packages of the extra ``explore`` are missing.

    Examples
    --------
    >>> explore(target=target)  # opens a page in the browser  # doctest: +SKIP
    """
    server = new_server()
    cortex = _cortex(forward, evoked, inverse, subjects_dir)
    everything = all(given is None for given in (target, network, cortex))
    session = open_session() if everything else Session(_first_state(target, network), cortex)
    return _serve(
        server,
        session,
        Folders(Path.cwd()),
        "demo" if everything else "from Python",
        port=port,
        browser=browser,
        tell=_say,
    )


def _first_state(target: Any, network: Any) -> ExploreState:
    """Return the state that a session begins with."""
    from ..dipole import Dipole
    from .opening import start_network

    dipole = getattr(target, "dipole", target)
    if dipole is not None and not isinstance(dipole, Dipole):
        raise ParameterError(f"target must be a Dipole or a Target, got {type(target).__name__}.")
    return ExploreState(network=start_network() if network is None else network, target=dipole)


def _cortex(forward: Any, evoked: Any, inverse: Any, subjects_dir: str | Path | None) -> Cortex | None:
    given = {"forward": forward, "evoked": evoked, "inverse": inverse}
    missing = [name for name, value in given.items() if value is None]
    if len(missing) == len(given):
        return None
    if missing:
        raise ParameterError(f"A cortex needs forward, evoked and inverse: give {' and '.join(missing)} as well.")
    import mne

    from ..source.patch import read_forward

    opened = read_forward(forward)
    subject = opened["src"][0].get("subject_his_id")
    if subject is None:
        raise ParameterError("The source space of forward does not say of which subject it is.")
    folder = mne.utils.get_subjects_dir(subjects_dir, raise_error=False)
    if folder is None:
        raise ParameterError("Where the surfaces of the subject are is not known: give subjects_dir.")
    return Cortex(evoked, opened, inverse, str(subject), folder)


def explore_file(
    file: Path | None, *, port: int = 0, browser: bool = True, tell: Callable[[str], None] | None = None
) -> None:
    """Explore what a file holds until the process is asked to end.

    Parameters
    ----------
    file : path-like | None
        As for :func:`open_session`.
    port, browser
        As for :func:`explore`.
    tell : callable
        Told the address.
    """
    server = new_server()
    more = [] if file is None else [file if file.is_dir() else file.parent]
    session = open_session(file)
    _serve(
        server,
        session,
        Folders(Path.cwd(), *more),
        "demo" if file is None else file.name,
        port=port,
        browser=browser,
        tell=tell or _say,
    )


def _serve(server: Any, session: Session, folders: Folders, title: str, **serving: Any) -> ExploreState | Exploration:
    import matplotlib as mpl

    page = None
    try:
        mpl.use("agg", force=False)
        from .layout import build
        from .page import Page

        page = Page(server, session, folders, title)
        build(page)
        if _in_a_loop():
            return Exploration(page, serve(server, task=True, **serving))
        serve(server, **serving)
        return page.session.state
    except BaseException:
        session.close()
        raise
    finally:
        if page is not None and not _in_a_loop():
            page.close()


def _say(words: str) -> None:
    """Write where the page is, whatever is logged."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _in_a_loop() -> bool:
    """Return whether an event loop runs already, as in notebooks."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
