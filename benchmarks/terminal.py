"""A program in a pseudo-terminal: what it paints is read as it comes, with the time at which it came."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from types import TracebackType
from typing import Self

import psutil

ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|[ -/]*[0-~])", re.DOTALL
)
KEPT_BYTES = 8 << 20


class NotPainted(Exception):
    """What was waited for did not come."""


class Terminal:
    """A running command; `started` is when it was started, by the monotonic clock."""

    def __init__(self, command: list[str], columns: int = 120, rows: int = 40) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._output = bytearray()
        self._dropped = 0
        self._came = threading.Condition()
        self._ended = False
        self.started = time.monotonic()
        self._child = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True, close_fds=True
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def process(self) -> psutil.Process:
        """The program's process."""
        return psutil.Process(self._child.pid)

    def mark(self) -> int:
        """The end of what was painted until now, for `wait_for` and `text`."""
        with self._came:
            return self._dropped + len(self._output)

    def text(self, since: int = 0) -> str:
        """What was painted since a mark, in the order in which it came, without the escape sequences."""
        with self._came:
            data = bytes(self._output[max(since - self._dropped, 0) :])
        return ESCAPES.sub(b"", data).decode(errors="ignore")

    def press(self, keys: bytes) -> float:
        """Type; returns when."""
        pressed = time.monotonic()
        os.write(self._master, keys)
        return pressed

    def wait_for(self, pattern: re.Pattern[str], since: int = 0, seconds: float = 30.0) -> float:
        """When what was painted since a mark came to hold `pattern`. Raises `NotPainted`."""
        deadline = time.monotonic() + seconds
        while True:
            seen = self.mark()
            now = time.monotonic()
            if pattern.search(self.text(since)):
                return now
            with self._came:
                if now > deadline or (self._ended and seen == self._dropped + len(self._output)):
                    raise NotPainted(f"{pattern.pattern!r} did not come; the last was {self.text(since)[-300:]!r}")
                self._came.wait_for(lambda seen=seen: self._dropped + len(self._output) > seen, 0.2)

    def close(self) -> None:
        """End the program as a closed terminal does, then for good."""
        self._child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(10)
        self._child.kill()
        self._child.wait()
        self._reader.join()
        os.close(self._master)

    def _read(self) -> None:
        while True:
            if not select.select([self._master], [], [], 1.0)[0]:
                continue
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:  # the program has closed its side
                data = b""
            with self._came:
                self._output += data
                if len(self._output) > KEPT_BYTES:
                    self._dropped += KEPT_BYTES // 2
                    del self._output[: KEPT_BYTES // 2]
                self._ended = not data
                self._came.notify_all()
            if not data:
                return
