"""A program in a pseudo-terminal, as its user sees it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte
from support import PATIENCE_S

MODES = {"alternate screen": b"1049", "mouse": b"1000", "any mouse": b"1003", "sgr mouse": b"1006", "paste": b"2004"}


class Terminal:
    """A program in a pseudo-terminal of 80x24."""

    def __init__(self, *command: str) -> None:
        self.output = b""
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24")
            os.execv(command[0], command)
        self.resize(80, 24)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds: float) -> bool:
        """Take what comes for at most so long; false when the program has closed the terminal."""
        poll = select.poll()  # unlike select, it takes any number of a file
        poll.register(self.fd, select.POLLIN)
        if poll.poll(seconds * 1000):
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.output += data
            self._stream.feed(data)
        return True

    def wait_for(self, words: bytes, seconds: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.output and time.monotonic() < deadline:
            assert self.read(0.1), self.output[-2000:]
        assert words in self.output, self.output[-2000:]

    def wait_to_see(self, words: str, seconds: float = PATIENCE_S) -> None:
        """Wait until words stand on the screen, whatever their colours."""
        deadline = time.monotonic() + seconds
        while not any(words in line for line in self.screen.display) and time.monotonic() < deadline:
            assert self.read(0.1), self.screen.display
        assert any(words in line for line in self.screen.display), self.screen.display

    def drain(self) -> None:
        while self.read(5.0):
            pass

    def wait(self, seconds: float = PATIENCE_S) -> int:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        raise AssertionError("it did not end")

    def left_on(self) -> list[str]:
        """The modes that were switched on and not off again."""
        return [name for name, code in MODES.items() if self._last(code, b"h") > self._last(code, b"l")]

    def _last(self, code: bytes, end: bytes) -> int:
        return self.output.rfind(b"\x1b[?" + code + end)

    def close(self) -> None:
        """Kill the program, if it still runs, and close the terminal."""
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        with contextlib.suppress(OSError):
            os.close(self.fd)
