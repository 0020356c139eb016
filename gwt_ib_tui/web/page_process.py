"""The dashboard behind one page: a child process with pipes for a terminal, and its certain end."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.metadata import version
from typing import Self

from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.web.messages import HEAD, STARTED, meta, parsed_head

LEAVING_S = 2.0
"""How long a dashboard may take to leave when it is asked to."""
NOT_FOR_PAGES = ("CI", "NO_COLOR", "LINES")  # what the server's terminal is says nothing about the browser


def dashboard_command(run: RunDirectory) -> list[str]:
    """The command that shows a run in a page of this process."""
    return [sys.executable, "-m", "gwt_ib_tui.web.dashboard", os.fspath(run.path.resolve()), str(os.getpid())]


def dashboard_environment(width: int, height: int) -> dict[str, str]:
    """The environment of a dashboard whose terminal is a page of so many columns and rows."""
    return {name: value for name, value in os.environ.items() if name not in NOT_FOR_PAGES} | {
        "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver",
        "TEXTUAL_FPS": "60",
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "TERM": "xterm-256color",
        "TERM_PROGRAM": "textual",
        "TERM_PROGRAM_VERSION": version("textual-serve"),
        "COLUMNS": str(width),
        "ROWS": str(height),
    }


class PageProcess:
    """A running dashboard. Whoever started it calls `end`, whatever happens."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout

    @classmethod
    async def start(cls, run: RunDirectory, width: int, height: int) -> Self:
        """Start it; what it says of a mistake of its own goes where the server's own messages go."""
        environment = dashboard_environment(width, height)
        return cls(
            await asyncio.create_subprocess_exec(*dashboard_command(run), stdin=PIPE, stdout=PIPE, env=environment)
        )

    async def packets(self) -> AsyncIterator[tuple[bytes, bytes]]:
        """What it writes, as kind and payload, until it ends."""
        with suppress(asyncio.IncompleteReadError):
            await self._stdout.readuntil(STARTED)
            while True:
                kind, length = parsed_head(await self._stdout.readexactly(HEAD))
                yield kind, await self._stdout.readexactly(length)

    async def send(self, packet: bytes) -> None:
        """Hand it a packet. Raises `ConnectionError` when it has ended."""
        self._stdin.write(packet)
        await self._stdin.drain()

    async def end(self) -> None:
        """Ask it to leave, for `LEAVING_S` at most, and kill it where it has not; it is gone afterwards."""
        self._stdin.write(meta("quit"))
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._read_out(), LEAVING_S)
        finally:
            if self._process.returncode is None:
                with suppress(ProcessLookupError):
                    self._process.kill()
                await self._read_out()

    async def _read_out(self) -> None:
        """Wait for its end. Until somebody reads what it writes it hears nothing, and its pipe is not seen to close."""
        while await self._stdout.read(1 << 16):
            pass
        await self._process.wait()
