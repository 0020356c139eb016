"""The dashboard in a browser: what the server answers, to whom, what it leaves behind; and a real Chromium."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
from browser import browser, chromium
from recorded_run import RecordedRun
from typer.testing import CliRunner

from gwt_ib.errors import ExitCode, UserError
from gwt_ib_tui.cli import app as command_line
from gwt_ib_tui.web.server import HOST, dashboard_command, listening_socket


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
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()
        self.address = next(word for word in self.line.split() if word.startswith("http://"))

    def dashboards(self) -> list[psutil.Process]:
        """The processes that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


@pytest.fixture
def served(recorded: RecordedRun) -> Iterator[Served]:
    server = Served(recorded)
    dashboards: list[psutil.Process] = []
    try:
        yield server
        if server.process.poll() is None:
            dashboards = server.dashboards()
    finally:
        server.process.kill()
        server.process.communicate()
        assert not gone(dashboards)


def gone(processes: list[psutil.Process], seconds: float = 10.0) -> list[psutil.Process]:
    """Wait for processes to end; those that have not."""
    return psutil.wait_procs(processes, timeout=seconds)[1]


async def drawn(socket: aiohttp.ClientWebSocketResponse, words: str) -> bytes:
    """What a page's dashboard draws, until these words are in it."""
    seen, deadline = b"", time.monotonic() + 20
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


async def test_no_key_steers_and_a_closed_page_ends_its_dashboard(served: Served, recorded: RecordedRun) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{served.address}ws?width=120&height=40") as page,
    ):
        await drawn(page, "RUNNING")
        for key in (" ", "s", "e", "t", "\r", "\x1b", "q", "s", *"abcdefghijklmnop"):
            if page.closed:
                break
            await page.send_json(["stdin", key])
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        dashboards = served.dashboards()
    assert not gone(dashboards)
    assert not any(recorded.directory.control.iterdir()) and not any(recorded.directory.snapshots.iterdir())


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


def test_a_dashboard_is_never_started_by_another_process(recorded: RecordedRun) -> None:
    """Whoever starts it by hand gets nothing: it belongs to a server, and dies with it."""
    command: Any = [sys.executable, "-m", "gwt_ib_tui.web.dashboard", str(recorded.directory.path), "1"]
    assert subprocess.run(command, capture_output=True, timeout=20).returncode == 1
    assert dashboard_command(recorded.directory).startswith("exec env -u CI -u NO_COLOR ")
