"""User code in a process of its own: what it answered, how far it came, what it printed, and how it ended.

The child has its own session, no terminal, and descriptors 1 and 2 that lead here. Whatever it does, hanging and
flooding included, the caller gets an `Outcome`, and nothing that the child started is left.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwt_ib.durable import write_all
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes import descendants
from gwt_ib.processes.children import ONE_THREAD, new_mark
from gwt_ib.processes.limits import start_error
from gwt_ib.text import plain, visible

CHILD = "gwt_ib.processes.isolated_child"
PRINTED_BYTES = 65536
"""What is kept of the end of what it printed."""
ANSWER_BYTES = 2**20
LEAVING_S = 5.0
"""How long a child that has answered may take to end by itself: simulators are told to end then."""
POLL_S = 0.02


@dataclass(eq=False)
class Outcome:
    """What came of it. `code` is the exit code, negative for a signal; None where time ran out."""

    answer: Mapping[str, Any] | None = None
    stage: str = ""
    """What was called last; empty where the child did not come to the user's code."""
    code: int | None = None
    printed: bytes = b""
    left_out: int = 0
    """Bytes that it printed before those which were kept."""
    _line: bytes = field(default=b"", repr=False)

    @property
    def last_words(self) -> str:
        """The last line that it printed, plain; may be empty."""
        lines = [line for line in self.printed.decode(errors="replace").splitlines() if line.strip()]
        return plain(lines[-1], 200) if lines else ""

    def printed_lines(self, limit: int = 16384) -> list[str]:
        """What it printed, for a terminal: the end of it, without anything that could move a cursor."""
        shown = self.printed[-limit:]
        left_out = self.left_out + len(self.printed) - len(shown)
        lines = [visible(line) for line in shown.decode(errors="replace").splitlines()]
        return [f"… ({left_out} bytes are left out)", *lines] if left_out else lines

    def take_output(self, data: bytes) -> None:
        """Note what was printed."""
        whole = self.printed + data
        self.printed = whole[-PRINTED_BYTES:]
        self.left_out += len(whole) - len(self.printed)

    def take_answer(self, data: bytes) -> None:
        """Note what was answered: lines of JSON, `{"stage": …}` before each call and last `{"answer": …}`."""
        *lines, self._line = (self._line + data).split(b"\n")
        self._line = self._line[:ANSWER_BYTES]
        for line in lines:
            with suppress(ValueError, RecursionError):  # the user's code may write into any descriptor
                message = json.loads(line)
                if isinstance(message, dict):
                    self.stage = str(message.get("stage", self.stage))
                    self.answer = message.get("answer", self.answer)


def call_in_child(task: str, request: Mapping[str, Any], *, timeout_s: float, cwd: Path | None = None) -> Outcome:
    """Have `isolated_child` do a task. Raises `UserError` (69) where no process can be started."""
    question = os.memfd_create("question")  # an incident is more than a pipe or an argument holds
    write_all(question, json.dumps(request).encode())
    os.lseek(question, 0, os.SEEK_SET)
    mark = new_mark()
    answer_read, answer_write = os.pipe()
    output_read, output_write = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", CHILD, *map(str, (os.getpid(), question, answer_write, task))],
            stdin=subprocess.DEVNULL,
            stdout=output_write,
            stderr=output_write,
            start_new_session=True,
            pass_fds=[question, answer_write],
            cwd=cwd,
            env={**os.environ, **ONE_THREAD, descendants.VARIABLE: mark},
        )
    except OSError as error:
        os.close(answer_read)
        os.close(output_read)
        raise UserError(start_error(error), ExitCode.RESOURCES_USED_UP) from None
    finally:
        os.close(question)
        os.close(answer_write)
        os.close(output_write)
    outcome, in_time = Outcome(), False
    try:
        in_time = _listen(process.pid, outcome, answer_read, output_read, time.monotonic() + timeout_s)
    finally:
        code = _end(process, mark)
        os.close(answer_read)
        os.close(output_read)
    outcome.code = code if in_time else None
    return outcome


def _listen(pid: int, outcome: Outcome, answers: int, output: int, deadline: float) -> bool:
    """Take in what comes until the child has ended; False where time ran out before there was an answer."""
    takers = {answers: outcome.take_answer, output: outcome.take_output}
    leaving = 0.0
    with selectors.DefaultSelector() as selector:
        for descriptor in takers:
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ)
        while True:
            ended = _has_ended(pid)  # before the last look at what it left
            for key, _ in selector.select(0 if ended else POLL_S):
                data = os.read(key.fd, 65536)
                if data:
                    takers[key.fd](data)
                else:
                    selector.unregister(key.fd)
            if not selector.get_map() and not ended:
                time.sleep(POLL_S)
            now = time.monotonic()
            if ended:
                return True
            if outcome.answer is not None:
                leaving = leaving or now + LEAVING_S
                if now >= leaving:
                    return True
            elif now >= deadline:
                return False


def _has_ended(pid: int) -> bool:
    """Whether a child has ended; it is not reaped, so that its number still is its group's and no other process's."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(process: subprocess.Popen[bytes], mark: str) -> int:
    """Kill a child with all that it has started, wherever that went; its exit code."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    descendants.end_marked(mark)
    return process.wait()
