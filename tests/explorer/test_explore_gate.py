"""One tab of one browser has the page: a second one is told so, and may take it over."""

import asyncio

from aiohttp import ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from mne_hnn.explorer import server as module
from mne_hnn.explorer.server import Gate


async def _page(_):
    return web.Response(text="the page")


async def _socket(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for _ in socket:
        pass
    return socket


async def _visit(act):
    gate = Gate()
    app = web.Application(middlewares=[gate.middleware()])
    app.router.add_get("/index.html", _page)
    app.router.add_get("/ws", _socket)
    async with TestServer(app, host="127.0.0.1") as server:
        gate.port = server.port
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
            return await act(gate, browser, f"http://127.0.0.1:{server.port}")


def test_a_second_tab(monkeypatch):
    monkeypatch.setattr(module, "TAKEN_s", 0.05)

    async def act(gate, browser, place):
        async with browser.get(gate.address) as answer:
            assert await answer.text() == "the page"
        first = await browser.ws_connect(f"{place}/ws")
        assert gate.connected == 1
        async with browser.get(f"{place}/index.html") as answer:
            words = await answer.text()
        assert "open in another tab of this browser" in words
        assert answer.headers["Cache-Control"] == "no-store"
        async with browser.get(f"{place}/free") as answer:
            assert await answer.json() == {"free": False}
        async with browser.get(f"{place}/ws") as answer:  # one that does not ask before it connects
            assert answer.status == 409
        async with browser.post(f"{place}/take", headers={"Origin": "http://example.org"}) as answer:
            assert answer.status == 403
        assert gate.connected == 1
        async with browser.post(f"{place}/take", allow_redirects=False) as answer:
            assert answer.status == 303
        message = await first.receive(timeout=5)
        assert message.data is None or first.closed or message.type.name in ("CLOSE", "CLOSED", "ERROR")
        second = await browser.ws_connect(f"{place}/ws")  # which waits until the first has left
        assert gate.connected == 1
        await second.close()
        async with browser.get(f"{place}/free") as answer:
            assert await answer.json() == {"free": True}

    asyncio.run(_visit(act))


def test_others_may_not_take_it():
    async def act(gate, browser, place):
        async with ClientSession() as other, other.post(f"{place}/take") as answer:
            assert answer.status == 403

    asyncio.run(_visit(act))
