"""The page on this machine only, for one browser: its address holds a secret, and other hosts are refused."""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
import uuid
import webbrowser
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import ParameterError

__all__ = ["HOST", "Gate", "new_server", "serve"]

HOST = "127.0.0.1"
GRACE_s = 10.0
"""How long a browser that was let in may take until its page is connected, before another one takes its place."""

TAKEN_s = 1.0
"""How long a page that is connecting waits for the one before to leave, as when it is loaded again."""
_UNKEPT = {"Cache-Control": "no-store"}
_PAGES = ("/", "/index.html")
_WAITING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<title>mne_hnn explore: open in another tab</title>
<style>body { font-family: sans-serif; max-width: 34em; margin: 4em auto; } button { font: inherit; padding: 4px 12px; }
</style></head><body><main><h1>Open in another tab</h1>
<p role="status" id="elsewhere">This session is open in another tab of this browser: close it there, or use it here.</p>
<form method="post" action="/take"><button id="take" autofocus>Use it here</button></form></main>
<script>setInterval(() => fetch("/free").then(answer => answer.json()).then(
  found => { if (found.free) location.replace("/index.html"); }).catch(() => {}), 250);</script></body></html>
"""

_Handler = Callable[[Any], Awaitable[Any]]


def new_server() -> Any:
    """Return a server of trame of its own, which serves nothing yet.

    Raises
    ------
    ParameterError
        The packages of the page are missing.
    """
    try:
        import trame_vtk  # noqa: F401
        import trame_vuetify  # noqa: F401
        from trame.app import get_server
    except ImportError as error:
        raise ParameterError(
            f"The page needs trame, of which {error.name} is missing: pip install 'mne-hnn[explore]'."
        ) from None
    return get_server(f"mne_hnn-{uuid.uuid4().hex}", client_type="vue3")


class Gate:
    """Who may see the page: one tab of one browser, which knew the secret of the address.

    The first visit with the right token leaves a cookie, which all further requests must have, as the browser of nobody
    else has it.

    Attributes
    ----------
    token : str
        The secret of the address.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self.port = 0
        self._owner = ""
        self._since = 0.0
        self._connections: dict[int, Any] = {}  # transports

    @property
    def address(self) -> str:
        """The address to open."""
        return f"http://{HOST}:{self.port}/?token={self.token}"

    @property
    def connected(self) -> int:
        """How many pages are connected."""
        return len(self._connections)

    def middleware(self) -> Any:
        """Return what looks at each request first."""
        from aiohttp import web

        @web.middleware
        async def look(request: Any, handler: _Handler) -> Any:
            """Refuse a request, let it in, or hand it on."""
            refused = self._refused(request)
            if refused:
                return web.Response(status=403, text=refused)
            if "token" in request.query:
                return self._let_in(request)
            if not self._is_owner(request):
                return web.Response(
                    status=403, text="This page is open in another browser, or the address lacks its token."
                )
            if request.path == "/ws":
                return await self._connect(request, handler)
            answer = self._of_tabs(request) or await handler(request)
            if request.path in _PAGES:
                answer.headers.update(_UNKEPT)  # else a second tab would take the page from the browser's store
            return answer

        return look

    async def _connect(self, request: Any, handler: _Handler) -> Any:
        """Let a page connect, unless another one is connected and stays."""
        from aiohttp import web

        deadline = time.monotonic() + TAKEN_s
        while self._connections and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        if self._connections:
            return web.Response(status=409, text="This session is open in another tab.")
        self._connections[id(request)] = request.transport
        try:
            return await handler(request)
        finally:
            self._connections.pop(id(request), None)
            self._since = time.monotonic()

    def _of_tabs(self, request: Any) -> Any:
        """Answer a second tab of the same browser, whose page would share all with the first; None for others."""
        from aiohttp import web

        if request.path == "/free":
            return web.json_response({"free": not self._connections}, headers=_UNKEPT)
        if request.path == "/take" and request.method == "POST":
            for transport in self._connections.values():
                transport.close()
            return web.HTTPSeeOther("/index.html")
        if request.path in _PAGES and self._connections:
            return web.Response(text=_WAITING, content_type="text/html", headers=_UNKEPT)
        return None

    def _refused(self, request: Any) -> str:
        """Return why a request is refused whoever sent it; nothing if it may go on."""
        hosts = {f"{HOST}:{self.port}", f"localhost:{self.port}"}
        if request.headers.get("Host") not in hosts:
            return f"This page answers to {HOST}:{self.port} only."
        origin = request.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            return "This page does not answer to other pages."
        if "token" in request.query and not secrets.compare_digest(
            request.query["token"].encode(), self.token.encode()
        ):
            return "The token is wrong: open the address that was printed when mne-hnn explore started."
        return ""

    def _let_in(self, request: Any) -> Any:
        """Answer a visit with the right token."""
        from aiohttp import web

        answer = web.HTTPFound("/index.html", headers={**_UNKEPT, "Referrer-Policy": "no-referrer"})
        if self._is_owner(request):
            return answer
        waiting = time.monotonic() - self._since < GRACE_s
        if self._owner and (self._connections or waiting):
            return web.Response(
                status=409,
                text="This session is open in another browser: close it there, or start mne-hnn explore once more.",
            )
        self._owner, self._since = secrets.token_urlsafe(24), time.monotonic()
        answer.set_cookie(self._cookie, self._owner, httponly=True, samesite="Strict")
        return answer

    @property
    def _cookie(self) -> str:
        return f"mne_hnn_{self.port}"  # cookies know no ports

    def _is_owner(self, request: Any) -> bool:
        given = request.cookies.get(self._cookie, "")
        return bool(self._owner) and secrets.compare_digest(given.encode(), self._owner.encode())


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as found:
        return int(found.getsockname()[1])


def serve(server: Any, *, port: int = 0, browser: bool = True, tell: Callable[[str], None], task: bool = False) -> Gate:
    """Serve the page until the process is asked to end (SIGINT, SIGTERM), or beside what a notebook does.

    Parameters
    ----------
    server : trame_server.Server
        With its page.
    port : int
        Where; 0 takes any that is free.
    browser : bool
        Whether to open the address in a browser.
    tell : callable
        Told the address.
    task : bool
        Return at once, and serve in the event loop that runs.

    Raises
    ------
    ParameterError
        The port is taken.
    """
    gate = Gate()

    def bind(web_server: Any) -> None:
        """Put the gate before everything else."""
        from aiohttp import web

        async def session(_: Any) -> Any:
            """Tell the page where to connect, which it asks a launcher first."""
            return web.json_response({"sessionURL": "ws://USE_HOST/ws"})

        web_server.app.middlewares.append(gate.middleware())
        web_server.app.router.add_post("/paraview/", session)

    def ready(**_: Any) -> None:
        """Say where the page is."""
        gate.port = server.port
        tell(gate.address)
        if browser:
            webbrowser.open(gate.address)

    if task:  # it starts a moment later, and its address is wanted now
        port = gate.port = port or _free_port()
    server.controller.on_server_bind.add(bind)
    server.controller.on_server_ready.add(ready)
    try:
        server.start(
            port=port,
            host=HOST,
            open_browser=False,
            show_connection_info=False,
            timeout=0,
            exec_mode="task" if task else "main",
            thread=task,
        )
    except OSError as error:
        raise ParameterError(
            f"Port {port} cannot be used ({error.strerror}): leave out --port for any free one."
        ) from None
    return gate
