"""The dashboard behind one page: a child process with pipes for a terminal, its certain end, and what is said to it.

The messages are those of the scripts of textual-serve and of Textual's web driver. A page sends JSON lists, `[kind,
value]`. To and from a dashboard go packets: a letter, the length in four bytes, the payload. `D` is what a terminal would
get or send, `M` is JSON about it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.metadata import version
from typing import Any, Self

from gwt_ib.runs.directory import RunDirectory

STARTED = b"__GANGLION__\n"
"""What a dashboard writes before its first packet."""
DATA, META = b"D", b"M"
HEAD = 5
LARGEST = 1_000
"""Columns or rows that a page may ask for."""
LEAVING_S = 2.0
"""How long a dashboard may take to leave when it is asked to."""
NOT_FOR_PAGES = ("CI", "NO_COLOR", "LINES")  # what the server's terminal is says nothing about the browser


def packet(kind: bytes, payload: bytes) -> bytes:
    """One packet."""
    return kind + len(payload).to_bytes(4, "big") + payload


def meta(kind: str, **fields: int) -> bytes:
    """A packet about a dashboard's terminal."""
    return packet(META, json.dumps({"type": kind, **fields}).encode())


def size_of(width: object, height: object) -> tuple[int, int]:
    """Columns and rows as a page gives them, made possible. Raises `ValueError` and `TypeError`."""
    columns, rows = (min(max(int(number), 1), LARGEST) for number in (width, height))  # type: ignore[call-overload]  # int() judges
    return columns, rows


def answer_to(text: str) -> bytes | str:
    """What a page's message leads to: a packet for its dashboard, or the server's own answer; empty where it is nonsense."""
    try:
        message: Any = json.loads(text)
        match message:
            case ["stdin", str(keys)]:
                return packet(DATA, keys.encode())
            case ["resize", {"width": width, "height": height}]:
                columns, rows = size_of(width, height)
                return meta("resize", width=columns, height=rows)
            case ["focus" | "blur" as kind, *_]:
                return meta(kind)
            case ["ping", value]:
                return json.dumps(["pong", value])
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    return b""


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
    """A running dashboard; always ended by `end`."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout

    @classmethod
    async def start(cls, run: RunDirectory, width: int, height: int) -> Self:
        """Start it; what it says of a mistake of its own goes where the server's own messages go."""
        command = (sys.executable, "-P", "-m", "gwt_ib_tui.web.dashboard", run.path.resolve(), str(os.getpid()))
        environment = dashboard_environment(width, height)
        return cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment))

    async def packets(self) -> AsyncIterator[tuple[bytes, bytes]]:
        """What it writes, as kind and payload, until it ends."""
        with suppress(asyncio.IncompleteReadError):
            await self._stdout.readuntil(STARTED)
            while True:
                head = await self._stdout.readexactly(HEAD)
                yield head[:1], await self._stdout.readexactly(int.from_bytes(head[1:], "big"))

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
        """Read what it still writes, and wait for its end: while its output is full it reads no message."""
        while await self._stdout.read(1 << 16):
            pass
        await self._process.wait()
