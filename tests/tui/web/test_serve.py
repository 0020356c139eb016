"""The dashboard in a browser: what the server answers, to whom, what it leaves behind; and a real Chromium."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from aiohttp.test_utils import TestClient, TestServer
from browser import browser, chromium
from recorded_run import RecordedRun
from support import PATIENCE_S
from typer.testing import CliRunner

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.application.preferences import preferences_path
from gwt_ib_tui.cli import app as command_line
from gwt_ib_tui.web.page_process import LARGEST, PageProcess, answer_to, dashboard_environment
from gwt_ib_tui.web.server import HOST, MOST_PAGES, Pages, listening_socket


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a & b's <run>")
    run.learn(40)
    return run


class Served:
    """`gwt-ib-tui serve RUN`, as from a shell whose output goes to a file; `process` and `address` while it runs."""

    def __init__(self, run: RecordedRun) -> None:
        environment = {**os.environ, "CI": "1", "NO_COLOR": "1", "TERM": "dumb"}
        command = [sys.executable, "-m", "gwt_ib_tui", "serve", str(run.directory.path)]
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        self.address = next(word for word in self.line.split() if word.startswith("http://"))

    def dashboards(self) -> list[psutil.Process]:
        """The processes that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: signal.Signals) -> int:
        """Wait for its end; its messages are in `said` afterwards."""
        self.process.send_signal(number)
        self.said = self.process.communicate(timeout=PATIENCE_S)[1]
        return self.process.returncode


@pytest.fixture
def served(recorded: RecordedRun) -> Iterator[Served]:
    server = Served(recorded)
    dashboards: list[psutil.Process] = []
    try:
        yield server
        if server.process.poll() is None:
            dashboards = server.dashboards()
    finally:
        with server.process:
            server.process.kill()
        assert not gone(dashboards)


def gone(processes: list[psutil.Process], seconds: float = PATIENCE_S) -> list[psutil.Process]:
    """Wait for processes to end; those that have not."""
    return psutil.wait_procs(processes, timeout=seconds)[1]


async def drawn(socket: aiohttp.ClientWebSocketResponse, words: str) -> bytes:
    """What a page's dashboard draws, until these words are in it."""
    seen, deadline = b"", time.monotonic() + PATIENCE_S
    while words.encode() not in seen:
        message = await socket.receive(timeout=deadline - time.monotonic())
        assert message.type is aiohttp.WSMsgType.BINARY, (message, seen[-500:])
        seen += message.data
    return seen


@pytest.mark.skipif(not chromium(), reason="no chromium, chromium-browser, google-chrome or chrome on PATH")
async def test_a_real_browser_shows_the_charts_and_takes_keys(served: Served, tmp_path: Path) -> None:
    async with browser(tmp_path / "profile") as page:
        await page.open(served.address)
        await page.shows("td_std", "TD→gate", "read-only", "Quit")
        charts = (0.0, 0.2, 1.0, 0.5)
        painted = await page.coloured(*charts)
        assert painted > 2_000, "curves in colour, although NO_COLOR is set where the server runs"
        await page.press("2")
        text = await page.shows("c over time", "Pin ghost")
        assert "events" not in text
        assert abs(await page.coloured(*charts) - painted) > 1_000, "another picture"
        assert await page.title() == "a & b's <run>"
        elsewhere = [url for url in page.requested if not url.startswith((served.address, "ws://127.0.0.1:", "data:"))]
        assert not elsewhere, "the page works without a network"
        assert not [problem for problem in page.problems if "Content Security" in problem or "exception" in problem]


def a_page(session: aiohttp.ClientSession, served: Served, width: int = 120, height: int = 40) -> Any:
    """The web socket of a page; to be awaited or entered."""
    return session.ws_connect(f"{served.address}ws?width={width}&height={height}")


async def closed(page: aiohttp.ClientWebSocketResponse) -> None:
    """Wait until the server has closed a page's socket."""
    async with asyncio.timeout(PATIENCE_S):
        while (await page.receive()).type is aiohttp.WSMsgType.BINARY:
            pass


async def until(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_no_key_steers_and_a_closed_page_ends_its_dashboard(served: Served, recorded: RecordedRun) -> None:
    async with aiohttp.ClientSession() as session, a_page(session, served) as page:
        await drawn(page, "RUNNING")
        for key in (" ", "s", "e", "t", "\r", "s", *"abcdefghijklmnop"):
            await page.send_json(["stdin", key])
            await asyncio.sleep(0.02)
        await drawn(page, "read-only")
        dashboards = served.dashboards()
        assert len(dashboards) == 1
    assert not gone(dashboards)
    assert not any(recorded.directory.control.iterdir()) and not any(recorded.directory.snapshots.iterdir())


async def test_q_leaves_the_page_also_after_escape(served: Served) -> None:
    async with aiohttp.ClientSession() as session, a_page(session, served) as page:
        await drawn(page, "RUNNING")
        await page.send_json(["stdin", "2"])
        await drawn(page, "c over time")
        await page.send_json(["stdin", "\x1b"])
        await drawn(page, "td_std")  # an escape before other keys is alt: only the redraw says that it was read
        dashboards = served.dashboards()
        await page.send_json(["stdin", "q"])
        await closed(page)
    assert not gone(dashboards)
    served.end(signal.SIGTERM)
    assert served.said == ""


async def test_a_page_that_does_not_read_leaves_no_dashboard(served: Served) -> None:
    _, writer = await asyncio.open_connection(HOST, int(served.address.rsplit(":", 1)[1].strip("/")), limit=1024)
    host = served.address.removeprefix("http://").strip("/")
    writer.write(
        f"GET /ws?width=200&height=60 HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n".encode()
    )
    await until(lambda: len(served.dashboards()) == 1)
    dashboards = served.dashboards()
    for number in range(250):
        text = b'["resize", {"width": %d, "height": 60}]' % (200 + number % 2 * 50)
        writer.write(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)  # a mask of zeros changes nothing
        await asyncio.sleep(0.03)
    writer.transport.abort()
    assert not await asyncio.to_thread(gone, dashboards)
    served.end(signal.SIGTERM)
    assert served.said == "", "a connection that was lost is nothing to tell"


async def test_a_dashboard_that_does_not_leave_is_killed(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gwt_ib_tui.web.page_process.LEAVING_S", 0.2)
    started = await PageProcess.start(recorded.directory, 80, 24)
    child = psutil.Process().children()[-1]
    child.suspend()
    await started.end()
    assert not child.is_running()


async def test_there_is_an_end_to_the_number_of_pages(served: Served) -> None:
    async with aiohttp.ClientSession() as session:
        pages = [await a_page(session, served) for _ in range(MOST_PAGES)]
        await until(lambda: len(served.dashboards()) == MOST_PAGES)
        for path in ("", "ws"):
            async with session.get(served.address + path) as answer:
                assert answer.status == 503 and "close one" in await answer.text()
        assert len(served.dashboards()) == MOST_PAGES
        await pages[0].close()
        await until(lambda: len(served.dashboards()) < MOST_PAGES)
        async with asyncio.timeout(PATIENCE_S):  # its process ends a moment before the server counts it as gone
            while (await session.get(served.address)).status != 200:
                await asyncio.sleep(0.05)
        for page in pages[1:]:
            await page.close()


async def test_a_page_shows_no_other_run_of_the_folder(served: Served, recorded: RecordedRun) -> None:
    RecordedRun(recorded.directory.path.parent / "neighbour").learn(5)
    async with aiohttp.ClientSession() as session, a_page(session, served) as page:
        await drawn(page, "RUNNING")
        await page.send_json(["stdin", "5"])
        seen = await drawn(page, "baseline")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                while True:
                    seen += (await page.receive()).data
    assert b"neighbour" not in seen


async def test_a_page_neither_reads_nor_writes_the_layout_of_the_user(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    kept = '{"log_y": 7}'  # a damaged layout is said by whoever reads it
    preferences_path().parent.mkdir(parents=True)
    preferences_path().write_text(kept)
    server = Served(recorded)
    try:
        async with aiohttp.ClientSession() as session, a_page(session, server) as page:
            seen = await drawn(page, "td_std")
            await page.send_json(["stdin", "l"])
            seen += await drawn(page, "log")
            await page.send_json(["stdin", "q"])
            await closed(page)
        assert b"layout" not in seen and preferences_path().read_text() == kept
    finally:
        server.end(signal.SIGTERM)


@pytest.mark.parametrize(("port", "status"), [(80, 200), (81, 403)])
async def test_a_browser_leaves_out_the_port_of_web_servers(recorded: RecordedRun, port: int, status: int) -> None:
    server = TestServer(Pages(recorded.directory, port).application())
    async with TestClient(server) as client:
        for host in ("127.0.0.1", "localhost"):
            async with client.get("/", headers={"Host": host, "Origin": f"http://{host}"}) as answer:
                assert answer.status == status
        async with client.get("/", headers={"Host": f"127.0.0.1:{port}"}) as answer:
            assert answer.status == 200


def test_what_a_page_says_is_never_trusted() -> None:
    assert answer_to('["stdin", "é"]') == b"D\0\0\0\x02\xc3\xa9"
    assert answer_to('["focus"]') == b'M\0\0\0\x11{"type": "focus"}'
    assert str(LARGEST).encode() in answer_to('["resize", {"width": 1e300, "height": -4}]')
    assert answer_to('["ping", 7]') == '["pong", 7]'
    for nonsense in ("", "[", "7", "{}", "[]", '["stdin"]', '["stdin", 7]', '["stdin", "\\ud800"]', '["resize", {}]',
                     '["resize", {"width": null, "height": 1}]', '["resize", {"width": Infinity, "height": 1}]',
                     '["quit"]', "[" * 100_000):  # fmt: skip
        assert answer_to(nonsense) == b""


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}, {"Origin": "http://127.0.0.1:1"}],
)
async def test_other_pages_and_other_names_are_refused(served: Served, headers: dict[str, str]) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("", "ws?width=80&height=24", "static/js/textual.js"):
            async with session.get(served.address + path, headers=headers) as answer:
                assert answer.status == 403
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{served.address}ws", headers=headers)
    assert not served.dashboards()


async def test_the_page_is_ours_alone(served: Served) -> None:
    async with aiohttp.ClientSession() as session, session.get(served.address) as answer:
        text, headers = await answer.text(), answer.headers
    assert "http" not in text.replace("ws://", ""), "nothing is fetched from elsewhere"
    assert "<title>a &amp; b&#x27;s &lt;run&gt;</title>" in text
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["Cache-Control"] == "no-store"
    listening = [found.laddr.ip for found in psutil.Process(served.process.pid).net_connections("tcp")]
    assert set(listening) == {HOST}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_the_end_of_the_server_ends_its_dashboards(served: Served, number: signal.Signals) -> None:
    async with aiohttp.ClientSession() as session:
        pages = [await session.ws_connect(f"{served.address}ws?width=80&height=24") for _ in range(2)]
        await asyncio.gather(*(drawn(page, "RUNNING") for page in pages))
        dashboards = served.dashboards()
        assert len(dashboards) == 2
        code = await asyncio.to_thread(served.end, number)
        assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        assert not gone(dashboards)


def test_a_port_that_is_taken() -> None:
    with socket.create_server((HOST, 0)) as taken:
        with pytest.raises(
            UserError, match=r"^Cannot listen on 127.0.0.1 port \d+: Address already in use\.$"
        ) as error:
            listening_socket(taken.getsockname()[1])
        assert error.value.code == ExitCode.INPUT_OUTPUT
    with listening_socket(None) as first, listening_socket(None) as second:
        assert first.getsockname()[0] == second.getsockname()[0] == HOST
        assert first.getsockname()[1] != second.getsockname()[1]


def test_without_the_package(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gwt_ib_tui.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    done = CliRunner().invoke(command_line, ["serve", str(recorded.directory.path)])
    assert isinstance(done.exception, UserError) and "pip install 'gwt-ib[serve]'" in done.exception.message


def test_the_terminal_of_the_server_is_not_that_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR", "LINES", "TERM"):
        monkeypatch.setenv(name, "1")
    environment = dashboard_environment(100, 30)
    assert not {"CI", "NO_COLOR", "LINES"} & set(environment)
    assert (environment["TERM"], environment["COLUMNS"], environment["ROWS"]) == ("xterm-256color", "100", "30")


def test_a_dashboard_is_never_started_by_another_process(recorded: RecordedRun) -> None:
    """Whoever starts it by hand gets nothing: it belongs to a server, and dies with it."""
    command: Any = [sys.executable, "-m", "gwt_ib_tui.web.dashboard", str(recorded.directory.path), "1"]
    assert subprocess.run(command, capture_output=True, timeout=20).returncode == 1
