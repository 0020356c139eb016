"""The web server: one page, the scripts and the font of textual-serve, and a dashboard process for each open page.

It listens on the loopback address, where every user of the machine can connect: there is no password. What keeps web
pages out is that a request must name this server as its host and, where it says where it comes from, as its origin.
"""

from __future__ import annotations

import asyncio
import html
import os
import shlex
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from string import Template

import textual_serve
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.server import Server

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RunDirectory

HOST = "127.0.0.1"
FIRST_PORT = 8000
CLOSING_S = 1.0
STATIC = Path(textual_serve.__file__).parent / "static"
OWN = Path(__file__).parent
NOT_FOR_PAGES = ("CI", "NO_COLOR", "LINES")  # what the server's terminal is says nothing about the browser
HEADERS = {
    # The page needs nothing from elsewhere, may not be framed, and tells nobody where it was opened.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Pages(Server):
    """Serves one run's dashboard; every page that is open has one handler waiting, in `_open`."""

    def __init__(self, run: RunDirectory, port: int) -> None:
        super().__init__(dashboard_command(run), HOST, port, title=run.name)
        self._open: set[asyncio.Task[object]] = set()

    def application(self) -> web.Application:
        """The routes: the page, its socket, its scripts."""
        names = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        app = web.Application(middlewares=[only_for(names)])
        app.add_routes([web.get("/", self.page), web.get("/page.js", self.script)])
        app.add_routes([web.get("/ws", self.handle_websocket), web.static("/static", STATIC)])
        app.on_response_prepare.append(_add_headers)
        app.on_shutdown.append(self._close)
        return app

    async def page(self, request: web.Request) -> web.Response:
        """The one page."""
        template = Template((OWN / "index.html").read_text(encoding="utf-8"))
        text = template.substitute(title=html.escape(self.title), websocket=f"ws://{request.host}/ws")
        return web.Response(text=text, content_type="text/html")

    async def script(self, request: web.Request) -> web.FileResponse:
        """What the page does beyond showing a terminal."""
        return web.FileResponse(OWN / "page.js")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Start a dashboard and pass on what it draws and which keys are pressed, until either end closes."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            return await super().handle_websocket(request)
        finally:
            self._open.discard(task)

    async def _close(self, app: web.Application) -> None:
        """A page that is open would hold up the end; its dashboard is told to leave, or dies with this process."""
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=CLOSING_S)


def only_for(names: set[str]) -> Middleware:
    """Refuses requests that name another host (a name that was made to point here) or come from another page."""
    origins = {f"http://{name}" for name in names}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host not in names or request.headers.get("Origin", min(origins)) not in origins:
            raise web.HTTPForbidden(text="This dashboard answers its own page only.\n")
        return await handler(request)

    return check


def dashboard_command(run: RunDirectory) -> str:
    """The shell command that shows a run in a page; `exec` makes the dashboard the server's own child."""
    left_out = [word for name in NOT_FOR_PAGES for word in ("-u", name)]
    python = [sys.executable, "-m", "gwt_ib_tui.web.dashboard", os.fspath(run.path.resolve()), str(os.getpid())]
    return "exec " + shlex.join(["env", *left_out, "TERM=xterm-256color", *python])


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
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
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
