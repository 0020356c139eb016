"""A process and its children: started without a terminal, with logs of their own, and ended with all that they started."""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from gwt_ib import descendants
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.files import open_to_append
from gwt_ib.machine import ONE_THREAD
from gwt_ib.processes.log_files import last_words
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.record import HEARTBEAT_S

PR_SET_PDEATHSIG = 1
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PYTHON = (sys.executable, "-P")
"""How a child is started: without the current directory in front of everything that is imported; a file `numpy.py` in a
stranger's folder would be code. An environment's module is found there all the same, last (`envs.make`)."""


@dataclass(eq=False)
class Child:
    """A started process and the log that it writes. `mark` is in the environment variables of all that it starts."""

    process: subprocess.Popen[bytes]
    log: Path
    mark: str
    memory_bytes: int = 0  # when it was last looked at
    words: str = ""  # why it was killed, where we did it

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it still runs. A dead one is reaped, after all that it started was ended."""
        if self.process.returncode is None and self._has_exited():
            self._end_what_it_started()
            self.process.wait()
        return self.process.returncode is None

    def ending(self) -> str:
        """How it ended and its last words, as a sentence without a full stop."""
        if self.words:
            return self.words
        code = self.process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        if code == -signal.SIGKILL and self.memory_bytes:
            how += f" (its memory was {self.memory_bytes / 2**20:,.0f} MiB)"
        last = last_words(self.log)
        return f"{how}: {last}" if last else how

    def kill(self, words: str = "") -> None:
        """Kill it with all that it started; a stopped process obeys nothing weaker. `words` say why."""
        self.words = self.words or words
        if self.alive:
            self.process.kill()
            self._wait_for_exit()
            self._end_what_it_started()
            self.process.wait()

    def end(self, timeout_s: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Give it `timeout_s` to end by itself, then kill it, and what it started in any case.

        `meanwhile` is called as often as a heartbeat is due: a trainer that waits is not silent.
        """
        deadline = time.monotonic() + timeout_s
        beat = time.monotonic() + HEARTBEAT_S
        while self.alive:
            now = time.monotonic()
            if now >= deadline:
                self.kill()
                return
            if now >= beat:
                meanwhile()
                beat = now + HEARTBEAT_S
            time.sleep(min(0.01, deadline - now))

    def _has_exited(self) -> bool:
        """Whether it has ended, without reaping it: until then nobody else can have its number or that of its group."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def _wait_for_exit(self) -> None:
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)

    def _end_what_it_started(self) -> None:
        with suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)  # it leads a group of its own
        descendants.end_marked(self.mark)


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


def leave() -> NoReturn:
    """End this process once it has done its work: exit handlers run, but no thread of an environment is waited for.

    What numba and torch clean up after that takes longer than everything that is left to do.
    """
    with suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(0)


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
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)  # those that have come since they were blocked
    try:
        yield noted
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def start_child(
    run: RunDirectory, name: str, module: str, arguments: list[str], descriptors: list[int], run_mark: str = ""
) -> Child:
    """Start `python -m module` with the descriptors that it may use; its output is appended to `logs/<name>.log`.

    Raises `OSError` where there can be no further process.

    It inherits neither the terminal nor anything else of ours: a child that shares a dashboard's descriptors 0 to 2 would
    take its keys and draw over its screen.
    """
    path = run.path.resolve()  # an environment may move its process to another folder
    log = path / "logs" / f"{name}.log"
    mark = f"{run_mark}/{secrets.token_hex(4)}"
    try:
        output = open_to_append(log)
    except OSError:  # a full disk or a hostile file costs the log, not the process
        output = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        process = subprocess.Popen(
            [*PYTHON, "-m", module, "--run", str(path), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=descriptors,
            env={**os.environ, **ONE_THREAD, descendants.VARIABLE: mark},
        )
    finally:
        os.close(output)
    return Child(process, log, mark)


def new_mark() -> str:
    """A mark for all processes of one trainer."""
    return secrets.token_hex(8)


def start_trainer(
    run: RunDirectory, *, resume: bool, meanwhile: Callable[[], object] = lambda: None, caller: int | None = None
) -> int:
    """Start a trainer that outlives this process and return its pid once it holds the run's lock.

    `meanwhile` is done while it comes up, which takes a while. With `caller`, the reading end of a pipe, the run ends in
    order once every writing end is closed. Raises `UserError` with the trainer's own reason when it
    could not start.
    """
    ready, ready_child = os.pipe()
    arguments = ["--ready", str(ready_child), *(["--resume"] if resume else [])]
    arguments += [] if caller is None else ["--caller", str(caller)]
    handed = [ready_child, *([] if caller is None else [caller])]
    child = start_child(run, "trainer", "gwt_ib.processes.detached", arguments, handed)
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
