"""Work in a child process under strace: which system calls it makes, and what comes of it when one is killed or fails."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import save_driver

TIMEOUT_S = 20.0
CALL = re.compile(r"^(?P<name>\w+)\(")
FILE_CALLS = re.compile(
    "openat?|creat|p?read(64|v)?|p?write(64|v)?|close|f(data)?sync|sync_file_range|fallocate|ftruncate|rename(at2?)?|"
    "(sym)?link(at)?|mkdir(at)?|rmdir|unlink(at)?|f?chmod(at)?|(new|l)?f?stat(at|x)?|f?access(at2?)?|getdents64|lseek|fcntl|"
    "flock|readlink"
)
"""The system calls that touch files; the others of a piece of work are the interpreter's own."""


def need_strace() -> None:
    """Skip the test, with the reason counted by pytest, where strace is missing or may not trace."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: no system call can be made to fail")
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("strace may not trace here: no system call can be made to fail")


class Driver:
    """The warm process, and one case after the other in it."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, save_driver.__file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment,
        )  # fmt: skip

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(TIMEOUT_S)

    def do(self, work: str, *options: str, limit_s: float = TIMEOUT_S, **given: Any) -> int:
        """Do a piece of work under strace with `options`, or without it; how the child ended, as `subprocess` says it.

        One that does not end within the limit is killed: the result is then -SIGALRM, which nothing else gives.
        """
        pid = int(self._ask(json.dumps({"work": work, **given})))
        tracer = self._trace(pid, options) if options else None
        os.kill(pid, signal.SIGUSR1)
        late = False
        if tracer is not None:
            try:
                tracer.communicate(timeout=limit_s)
            except subprocess.TimeoutExpired:
                late = True
        else:
            late = not _ends(pid, limit_s)
        if late:
            os.kill(pid, signal.SIGKILL)
        if tracer is not None:
            tracer.communicate()
        code = int(self._ask(""))
        return -signal.SIGALRM if late else code

    def calls(self, log: Path, work: str, **given: Any) -> Counter[str]:
        """How often a piece of work makes each system call that touches files."""
        code = self.do(work, "-o", str(log), "-e", "signal=none", **given)
        assert code == save_driver.DONE, f"{work} does not even pass undisturbed: {code}"
        names = [found["name"] for found in map(CALL.match, log.read_text().splitlines()) if found]
        return Counter(name for name in names if FILE_CALLS.fullmatch(name))

    def _trace(self, pid: int, options: tuple[str, ...]) -> subprocess.Popen[str]:
        tracer = subprocess.Popen(["strace", "-p", str(pid), *options], stderr=subprocess.PIPE, text=True)
        assert tracer.stderr is not None
        line = tracer.stderr.readline()
        assert "attached" in line, line
        return tracer

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        answer = self._process.stdout.readline()
        assert answer, "the driver has ended"
        return answer


def _ends(pid: int, limit_s: float) -> bool:
    """Whether a process that is not our child ends in time: it is a zombie of its parent then."""
    descriptor = os.pidfd_open(pid)
    try:
        return bool(select.select([descriptor], [], [], limit_s)[0])
    finally:
        os.close(descriptor)


@contextmanager
def driver() -> Iterator[Driver]:
    """A driver that is ended afterwards."""
    made = Driver()
    try:
        yield made
    finally:
        made.close()


def killed(call: str, number: int) -> tuple[str, ...]:
    """Options of strace: the process is killed as it enters the `number`-th such call."""
    return _inject(call, f"signal=KILL:when={number}")


def failing(call: str, number: int, error: str, *, for_ever: bool = False) -> tuple[str, ...]:
    """Options of strace: the `number`-th such call, or each one from it on, fails with `error` and does nothing."""
    return _inject(call, f"error={error}:when={number}{'+' if for_ever else ''}")


def _inject(call: str, what: str) -> tuple[str, ...]:
    return ("-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{what}")
