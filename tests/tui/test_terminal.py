"""The dashboard in a real terminal (a pty, with pyte as its screen): what it leaves behind when it is told to end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest
from recorded_run import RecordedRun

CODE = """
import sys
from pathlib import Path
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.app import run_dashboard
result = run_dashboard(RunDirectory(Path(sys.argv[1])), interval=0.05)
print("left:", result, flush=True)
"""
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
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.output += data
            self._stream.feed(data)
        return True

    def wait_for(self, words: bytes, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.output and time.monotonic() < deadline:
            assert self.read(0.1), self.output[-2000:]
        assert words in self.output, self.output[-2000:]

    def drain(self) -> None:
        while self.read(5.0):
            pass

    def wait(self, seconds: float = 20.0) -> int:
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


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(12)
    return run


@pytest.fixture
def terminal(recorded: RecordedRun) -> Iterator[Terminal]:
    found = Terminal(sys.executable, "-c", CODE, str(recorded.directory.path))
    yield found
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(found.pid, signal.SIGKILL)
        os.waitpid(found.pid, 0)
    with contextlib.suppress(OSError):
        os.close(found.fd)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_a_clean_terminal(terminal: Terminal, number: signal.Signals) -> None:
    terminal.wait_for(b"td_std")
    assert "alternate screen" in terminal.left_on()
    os.kill(terminal.pid, number)
    terminal.wait_for(b"left: detached")
    terminal.drain()
    assert terminal.wait() == 0
    assert terminal.left_on() == []
    assert b"Traceback" not in terminal.output


def test_a_closed_terminal_is_a_detach(terminal: Terminal, recorded: RecordedRun) -> None:
    terminal.wait_for(b"td_std")
    os.close(terminal.fd)
    assert terminal.wait() is not None
    assert not any(recorded.directory.control.iterdir())


def test_keys_and_resizing(terminal: Terminal) -> None:
    terminal.wait_for(b"td_std")
    terminal.wait_for(b"Quit")
    assert "RUNNING" in terminal.screen.display[0]
    for size in ((1, 1), (200, 60), (59, 20), (2, 50), (80, 24)):
        terminal.resize(*size)
        os.kill(terminal.pid, signal.SIGWINCH)
        terminal.read(0.1)
    os.write(terminal.fd, b"q")
    terminal.wait_for(b"Leave the dashboard?")
    os.write(terminal.fd, b"\r")
    terminal.wait_for(b"left: detached")
    terminal.drain()
    assert terminal.wait() == 0
    assert terminal.left_on() == []
    assert b"Traceback" not in terminal.output
