"""The web server: one page, the scripts and the font of textual-serve, and a dashboard process for each open page.

It takes from textual-serve what it gives to browsers only: a dashboard's process is our own (`page_process`), so that it
ends with its page whatever the page does, and at most `MOST_PAGES` are open at once.

It listens on the loopback address, where every user of the machine can connect: there is no password. What keeps web
pages out is that a request must name this server as its host and, where it says where it comes from, as its origin.
"""

from __future__ import annotations

import asyncio
import html
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from string import Template

import textual_serve
from aiohttp import WSMsgType, web
from aiohttp.typedefs import Handler, Middleware

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.terminal import leave_on_signals
from gwt_ib_tui.web.page_process import DATA, LEAVING_S, PageProcess, answer_to, size_of

HOST = "127.0.0.1"
FIRST_PORT = 8000
HTTP_PORT = 80
CLOSING_S = 1.0
HEARTBEAT_S = 15.0
MOST_PAGES = 8
FULL = f"{MOST_PAGES} pages show this run already, which is as many as there can be: close one, then open this again.\n"
LONGEST_MESSAGE = 1 << 16  # bytes that a page may send at once
STATIC = Path(textual_serve.__file__).parent / "static"
OWN = Path(__file__).parent
HEADERS = {
    # The page needs nothing from elsewhere, may not be framed, and sends no referrer.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Pages:
    """Serves one run's dashboard; every page that is open has one handler waiting, in `_open`."""

    def __init__(self, run: RunDirectory, port: int) -> None:
        self.port = port
        self._run = run
        self._open: set[asyncio.Task[object]] = set()

    def application(self) -> web.Application:
        """The routes: the page, its socket, its scripts."""
        app = web.Application(middlewares=[own_page_only(self.port)])
        app.add_routes([web.get("/", self.page), web.get("/page.js", self.script)])
        app.add_routes([web.get("/ws", self.socket), web.static("/static", STATIC)])
        app.on_response_prepare.append(_add_headers)
        app.on_shutdown.append(self._close)
        return app

    async def page(self, request: web.Request) -> web.Response:
        """The one page."""
        self._refuse_when_full()
        template = Template((OWN / "index.html").read_text(encoding="utf-8"))
        text = template.substitute(title=html.escape(self._run.name), websocket=f"ws://{request.host}/ws")
        return web.Response(text=text, content_type="text/html")

    async def script(self, request: web.Request) -> web.FileResponse:
        """What the page does beyond showing a terminal."""
        return web.FileResponse(OWN / "page.js")

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Start a dashboard and pass on what it draws and which keys are pressed, until either end closes."""
        self._refuse_when_full()
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            return await self._show(request)
        finally:
            self._open.discard(task)

    async def _show(self, request: web.Request) -> web.WebSocketResponse:
        try:
            size = size_of(request.query.get("width", 80), request.query.get("height", 24))
        except ValueError:
            raise web.HTTPBadRequest(text="width and height are whole numbers.\n") from None
        page = web.WebSocketResponse(heartbeat=HEARTBEAT_S, timeout=CLOSING_S, max_msg_size=LONGEST_MESSAGE)
        await page.prepare(request)
        dashboard = await PageProcess.start(self._run, *size)
        ways = [asyncio.create_task(way) for way in (_draw(dashboard, page), _listen(page, dashboard))]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            await dashboard.end()
            with suppress(TimeoutError, ConnectionError):
                await asyncio.wait_for(page.close(), CLOSING_S)
            if request.transport is not None:
                request.transport.abort()  # a socket that does not listen is cut off
        return page

    def _refuse_when_full(self) -> None:
        if len(self._open) >= MOST_PAGES:
            raise web.HTTPServiceUnavailable(text=FULL)

    async def _close(self, app: web.Application) -> None:
        """A page that is open would delay the end; its dashboard is asked to leave, or dies with this process."""
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=LEAVING_S + CLOSING_S)


async def _draw(dashboard: PageProcess, page: web.WebSocketResponse) -> None:
    """What the dashboard draws, into the page, until one of them is gone."""
    with suppress(ConnectionError):
        async for kind, payload in dashboard.packets():
            if kind == DATA:
                await page.send_bytes(payload)


async def _listen(page: web.WebSocketResponse, dashboard: PageProcess) -> None:
    """Keys and sizes, from the page to the dashboard, until one of them is gone."""
    with suppress(ConnectionError):
        async for message in page:
            if message.type is WSMsgType.ERROR:
                break
            if message.type is not WSMsgType.TEXT:
                continue
            answer = answer_to(message.data)
            await (page.send_str(answer) if isinstance(answer, str) else dashboard.send(answer))


def own_page_only(port: int) -> Middleware:
    """Refuses requests that name another host (a name that was made to point here) or come from another page."""
    hosts = {HOST, "localhost"}
    # A browser leaves out the port that every web server has.
    names = {f"{host}:{port}" for host in hosts} | (hosts if port == HTTP_PORT else set())
    origins = {f"http://{name}" for name in names}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host not in names or request.headers.get("Origin", min(origins)) not in origins:
            raise web.HTTPForbidden(text="This dashboard answers its own page only.\n")
        return await handler(request)

    return check


def listening_socket(port: int | None) -> socket.socket:
    """A socket on the loopback address: at `port`, or else at 8000 or any that is free. Raises `UserError`."""
    for wanted in (FIRST_PORT, 0) if port is None else (port,):
        try:
            return socket.create_server((HOST, wanted))
        except OSError as error:
            reason = os.strerror(error.errno or 0)
    raise UserError(f"Cannot listen on {HOST} port {port}: {reason}.", ExitCode.INPUT_OUTPUT)


def serve_run(run: RunDirectory, port: int | None, announce: Callable[[str], object]) -> None:
    """Serve until a signal ends it; `announce` is called with the address. Raises `UserError`."""
    listening = listening_socket(port)
    asyncio.run(_serve(Pages(run, listening.getsockname()[1]), listening, announce))


async def _serve(pages: Pages, listening: socket.socket, announce: Callable[[str], object]) -> None:
    over = asyncio.Event()
    leave_on_signals(over.set)
    runner = web.AppRunner(pages.application(), access_log=None, shutdown_timeout=CLOSING_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        announce(f"http://{HOST}:{pages.port}/")
        await over.wait()
    finally:
        await runner.cleanup()


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
