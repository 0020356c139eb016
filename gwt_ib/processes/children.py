"""A process and its children: started without a terminal, with logs of their own, and messages to and from one of them.

Messages are JSON objects, a line each, over a socket pair; never on the hot path.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.files import opened
from gwt_ib.log import INDENT, parse_line
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.record import HEARTBEAT_S

Message = dict[str, Any]

LOG_TAIL_BYTES = 4096
PR_SET_PDEATHSIG = 1
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# OpenMP reads these when torch is first imported. A second thread in a process made it 3 to 30 times slower whenever
# the other core was busy, as it is here: processes side by side are the parallelism.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(eq=False)
class Child:
    """A started process and the log that it writes."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs; a dead one is reaped."""
        return self.process.poll() is None

    def ending(self) -> str:
        """How it ended and its last words, as a sentence without a full stop."""
        code = self.process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        last = last_words(self.log)
        return f"{how}: {last}" if last else how

    def end(self, timeout_s: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Give it `timeout_s` to end by itself, then kill it; a stopped process obeys nothing weaker.

        `meanwhile` is called as often as a heartbeat is due: a trainer that waits is not silent.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self.process.wait(max(0.0, min(HEARTBEAT_S, deadline - time.monotonic())))
                return
            except subprocess.TimeoutExpired:
                meanwhile()
            if time.monotonic() >= deadline:
                self.process.kill()
                self.process.wait()
                return


class Link:
    """One end of the socket pair; `closed` once the other end is gone."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._partial = b""
        self.closed = False

    def fileno(self) -> int:
        """The descriptor, for `select`."""
        return self._connection.fileno()

    def send(self, message: Message) -> None:
        """Send a message; where the other end is gone it is dropped and `closed` is set."""
        try:
            self._connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            self.closed = True

    def close(self) -> None:
        """Close this end."""
        self._connection.close()

    def receive(self, timeout_s: float | None = 0.0) -> list[Message]:
        """The messages that have come in, waiting at most `timeout_s` for the first (None: as long as it takes)."""
        if self.closed or not select.select([self._connection], [], [], timeout_s)[0]:
            return []
        try:
            data = self._connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return []
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [json.loads(line) for line in lines]


def die_with_parent(parent_pid: int) -> None:
    """What a child does first: die with its parent, and leave Ctrl-C to it. Raises `SystemExit` when that is gone already.

    The kernel's parent-death signal (Linux) ends a child at once even while it computes; the pipe that every child also
    watches works everywhere.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        raise SystemExit(1)


@contextmanager
def recorded_signals() -> Iterator[list[int]]:
    """Signals that ask this process to end are noted in a list, so that it ends where nothing is half done.

    A hang-up that is ignored stays ignored: that is how nohup works. To be used in the main thread.
    """
    noted: list[int] = []
    ignored = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else set()
    handlers = {
        number: signal.signal(number, lambda number, _: noted.append(number))
        for number in ENDING_SIGNALS
        if number not in ignored
    }
    try:
        yield noted
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def start_child(run: RunDirectory, name: str, module: str, arguments: list[str], descriptors: list[int]) -> Child:
    """Start `python -m module` with the descriptors that it may use; its output is appended to `logs/<name>.log`.

    It inherits neither the terminal nor anything else of ours: a child that shares a dashboard's descriptors 0 to 2 would
    take its keys and draw over its screen.
    """
    log = run.logs / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--run", str(run.path), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=descriptors,
            env={**os.environ, **ONE_THREAD},
        )
    return Child(process, log)


def start_trainer(run: RunDirectory, *, resume: bool, meanwhile: Callable[[], object] = lambda: None) -> int:
    """Start a trainer that outlives this process and return its pid once it holds the run's lock.

    `meanwhile` is done while it comes up, which takes a while. Raises `UserError` with the trainer's own reason when it
    could not start.
    """
    ready, ready_child = os.pipe()
    arguments = ["--ready", str(ready_child), *(["--resume"] if resume else [])]
    child = start_child(run, "trainer", "gwt_ib.processes.trainer", arguments, [ready_child])
    os.close(ready_child)
    meanwhile()
    with os.fdopen(ready, "rb") as answer:
        line = answer.readline()
    if not line:
        child.end(5.0)
        raise UserError(f"The trainer {child.ending()} ({child.log}).", ExitCode.BUG)
    message = json.loads(line)
    if message["code"]:
        child.end(5.0)
        raise UserError(message["message"], ExitCode(message["code"]))
    return child.pid


def last_words(log: Path) -> str:
    """The last line of a log: an exception's text ends a traceback. A record that is no error says nothing here."""
    try:
        with opened(log) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_TAIL_BYTES))
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    beginning = next((line for line in reversed(lines) if not line.startswith(INDENT)), "")
    record = parse_line(beginning)
    if record is None:
        return lines[-1].strip() if lines else ""
    if record.level < logging.ERROR:
        return ""
    return record.words if lines[-1] is beginning else lines[-1].strip()
