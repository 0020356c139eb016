"""Starting the processes of a run: own session, no terminal, output into the run's logs, death of each one noticed."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.log import INDENT, parse_line
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.record import HEARTBEAT_S

LOG_TAIL_BYTES = 4096
PR_SET_PDEATHSIG = 1
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
        """Give it `timeout_s` to end by itself, then kill it; a stopped process does not hear anything weaker.

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
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    if not lines:
        return ""
    beginning = next((line for line in reversed(lines) if not line.startswith(INDENT)), "")
    record = parse_line(beginning)
    if record is None:
        return lines[-1].strip()
    if record.level < logging.ERROR:
        return ""
    return record.words if lines[-1] is beginning else lines[-1].strip()
