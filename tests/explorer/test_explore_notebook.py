"""Inside an event loop, as notebooks have one: a page beside what else the notebook does."""

import asyncio
import time
import urllib.error
import warnings

import psutil
from explore_page import PATIENCE_s, visit

import mne_hnn
from mne_hnn.network import jones_2009, with_erp_drives


def visited(address):
    """Return what a visit gives, once the page is there."""
    deadline = time.monotonic() + PATIENCE_s
    while True:
        try:
            return visit(address)
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


async def use():
    """Open the page as a cell of a notebook does, look at what it gives, and close it."""
    opened = mne_hnn.explore(network=with_erp_drives(jones_2009((2, 2))), browser=False)  # at once
    try:
        assert opened.session.state.network.drives
        assert f'<a href="{opened.address}"' in opened._repr_html_()
        status, words = await asyncio.to_thread(visited, opened.address)
        assert (status, "lacks its token" in words) == (403, True)  # let in, but the cookie was not kept
        answer = await asyncio.to_thread(opened.session.wait, PATIENCE_s)
        assert answer.kind == "full"
        workers = [psutil.Process(pid) for pid in opened.session.pids()]
        assert workers
    finally:
        opened.close()
        await opened._ending
    return workers


def test_notebook(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the server's own packages
        workers = asyncio.run(use())
    _, left = psutil.wait_procs(workers, timeout=20)
    assert not left
    assert "http://127.0.0.1:" in capsys.readouterr().out
