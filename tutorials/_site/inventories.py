"""Which sites of other packages can be linked to: those whose inventory can be had now.

Without a network there are none, names of other packages stay plain text, and the build says so; it is no warning, as
no page says anything else for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from urllib.request import urlopen

from sphinx.util import logging

TIMEOUT_S = 4.0


def reachable(sites: Mapping[str, str]) -> tuple[dict[str, tuple[str, None]], list[str]]:
    """Return the mapping for intersphinx of what answers in time, and the names of the others."""
    there: set[str] = set()

    def ask(name: str) -> None:
        """Note a site that has an inventory."""
        try:
            with urlopen(f"{sites[name]}/objects.inv", timeout=TIMEOUT_S) as answer:
                if answer.read(20).startswith(b"# Sphinx inventory"):
                    there.add(name)
        except OSError:
            return

    # not a pool: looking a name up has no timeout, and threads of a pool would be waited for at the end
    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in sites]
    deadline = time.monotonic() + TIMEOUT_S
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    answered = sorted(there)
    return {name: (sites[name], None) for name in answered}, [name for name in sites if name not in answered]


def note(skipped: Iterable[str]) -> None:
    """Say which sites are not linked to."""
    if names := ", ".join(skipped):
        logging.getLogger(__name__).info("not reachable, so without links to them: %s", names)
