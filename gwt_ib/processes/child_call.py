"""A call in a child: user code in a process of its own; what it answered, how far it came, what it printed, how it ended.

    outcome = call_in_child("gwt_ib.some_module", {"what": "is asked"}, timeout_s=60.0)

The module calls `child_answer.answer_call` as its main program. The child has a session of its own and no terminal, and its
descriptors 1 and 2 lead here. Whatever it does, hanging and flooding included, the caller gets an `Outcome`, and nothing
that the child has started is left.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwt_ib import descendants
from gwt_ib.durable import write_all
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.files import nameless_memory
from gwt_ib.machine import ONE_THREAD
from gwt_ib.processes.children import PYTHON, new_mark
from gwt_ib.processes.limits import start_error
from gwt_ib.text import plain, visible

PRINTED_BYTES = 65536
"""What is kept of the end of what it printed, and what is passed on of its beginning."""
ANSWER_BYTES = 16 << 20
LEAVING_S = 5.0
"""How long a child that has answered may take to end by itself: simulators are told to end then."""
POLL_S = 0.02


@dataclass(eq=False)
class Outcome:
    """What came of it: one of `answer`, `refusal` and `failure`, or none where it ended or ran out of time."""

    answer: Mapping[str, Any] | None = None
    failure: str = ""
    """What the user's code raised that nobody caught."""
    stage: str = ""
    """What was called last; empty where nothing was said of it."""
    code: int | None = None
    """The exit code, negative for a signal; None where time ran out."""
    printed: bytes = b""
    left_out: int = 0
    """Bytes that it printed before those which were kept."""
    echo: bool = False
    """Whether what it prints is passed on to our stderr, escaped, at once."""
    _refused: Mapping[str, Any] | None = field(default=None, repr=False)
    _line: bytes = field(default=b"", repr=False)
    _echoed: int = field(default=0, repr=False)

    @property
    def answered(self) -> bool:
        """Whether it has said what came of it."""
        return self.answer is not None or self._refused is not None or bool(self.failure)

    @property
    def refusal(self) -> UserError | None:
        """The `UserError` that it ended with, with its last words where those may say more."""
        told = self._refused
        if told is None:
            return None
        with suppress(KeyError, TypeError, ValueError):  # the user's code may write into any descriptor
            words = self.last_words if told["unusual"] else ""
            return UserError(plain(told["refused"], 2000) + words, ExitCode(told["code"]))
        return UserError(plain(str(told)), ExitCode.BAD_CONFIGURATION)

    @property
    def last_words(self) -> str:
        """The last line that it printed, as a further sentence without a full stop; empty where there is none."""
        lines = [line for line in self.printed.decode(errors="replace").splitlines() if line.strip()]
        last = plain(lines[-1], 200) if lines else ""
        return f" It printed last: {last}" if last and last not in self.failure else ""

    def ending(self) -> str:
        """Why there is no answer, though there was time: `was killed by SIGSEGV in reset`."""
        where = f" in {self.stage}" if self.stage else ""
        if self.failure:
            return f"failed{where} with {self.failure}"
        if self.code is None:
            raise ValueError("it did not end by itself")
        if self.code >= 0:
            return f"ended its process{where} with exit code {self.code}"
        try:
            name = signal.Signals(-self.code).name
        except ValueError:
            name = f"signal {-self.code}"
        return f"was killed by {name}{where}"

    def printed_lines(self, limit: int = 16384) -> list[str]:
        """What it printed, for a terminal: the end of it, without anything that could move a cursor."""
        shown = self.printed[-limit:]
        left_out = self.left_out + len(self.printed) - len(shown)
        lines = [visible(line) for line in shown.decode(errors="replace").splitlines()]
        return [f"… ({left_out} bytes are left out)", *lines] if left_out else lines

    def take_output(self, data: bytes) -> None:
        """Note what was printed, and pass it on if that is wanted."""
        whole = self.printed + data
        self.printed = whole[-PRINTED_BYTES:]
        self.left_out += len(whole) - len(self.printed)
        if self.echo and self._echoed < PRINTED_BYTES:
            shown = data[: PRINTED_BYTES - self._echoed]
            self._echoed += len(shown)
            full = self._echoed == PRINTED_BYTES
            _to_stderr(shown.decode(errors="replace") + ("\n(what it prints further is left out)\n" if full else ""))

    def end_output(self) -> None:
        """End the last line that was passed on."""
        if 0 < self._echoed < PRINTED_BYTES and not self.printed.endswith(b"\n"):
            _to_stderr("\n")

    def take_answer(self, data: bytes) -> None:
        """Note what was answered: lines of JSON, `{"stage": …}` before each call, then what came of it."""
        *lines, self._line = (self._line + data).split(b"\n")
        self._line = self._line[:ANSWER_BYTES]
        for line in lines:
            with suppress(ValueError, RecursionError):  # the user's code may write into any descriptor
                message = json.loads(line)
                if isinstance(message, dict):
                    self.stage = plain(str(message.get("stage", self.stage)))
                    self.failure = plain(str(message.get("failed", self.failure)))
                    self._refused = message if "refused" in message else self._refused
                    if isinstance(message.get("answer"), dict):
                        self.answer = message["answer"]


def call_in_child(
    module: str,
    request: Mapping[str, Any],
    *,
    timeout_s: float | None = None,
    cwd: Path | None = None,
    echo: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
    given_up: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Have `python -m module` answer a request; `meanwhile` is done while it comes up. It ends once it is `given_up`.

    Raises `UserError` (69) where no process can be started.
    """
    mark, outcome, descriptors = new_mark(), Outcome(echo=echo), list[int]()
    try:
        try:
            process, answers, output = _start(module, request, mark, cwd, descriptors)
        except OSError as error:
            raise UserError(start_error(error), ExitCode.RESOURCES_USED_UP) from None
        in_time = False
        try:
            meanwhile()
            deadline = None if timeout_s is None else time.monotonic() + timeout_s
            in_time = _listen(process.pid, outcome, answers, output, deadline, given_up)
        finally:
            code = _end(process, mark)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    outcome.end_output()
    outcome.code = code if in_time else None
    return outcome


def _start(
    module: str, request: Mapping[str, Any], mark: str, cwd: Path | None, ours: list[int]
) -> tuple[subprocess.Popen[bytes], int, int]:
    """The child, and where its answers and its output come from; `ours` are the descriptors to close at the end."""
    theirs = [nameless_memory()]  # the question: an incident is more than a pipe or an argument holds
    try:
        write_all(theirs[0], json.dumps(request).encode())
        os.lseek(theirs[0], 0, os.SEEK_SET)
        for _ in range(2):
            read, write = os.pipe()
            ours.append(read)
            theirs.append(write)
        question, answer, output = theirs
        process = subprocess.Popen(
            [*PYTHON, "-m", module, *map(str, (os.getpid(), question, answer))],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=[question, answer],
            cwd=cwd,
            env={**os.environ, **ONE_THREAD, descendants.VARIABLE: mark},
        )
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    return process, ours[0], ours[1]


def _listen(
    pid: int, outcome: Outcome, answers: int, output: int, deadline: float | None, given_up: Callable[[], bool]
) -> bool:
    """Take in what comes until the child has ended; False where time ran out before there was an answer."""
    takers = {answers: outcome.take_answer, output: outcome.take_output}
    leaving = 0.0
    with selectors.DefaultSelector() as selector:
        for descriptor in takers:
            os.set_blocking(descriptor, False)
            selector.register(descriptor, selectors.EVENT_READ)
        while True:
            ended = _has_ended(pid)  # before the last look at what it left
            ready = selector.select(0 if ended else POLL_S)
            for key, _ in ready:
                data = os.read(key.fd, 65536)
                if data:
                    takers[key.fd](data)
                else:
                    selector.unregister(key.fd)
            if not selector.get_map() and not ended:
                time.sleep(POLL_S)
            now = time.monotonic()
            if ended and not ready:  # a helper of its may hold a pipe open, and write into it for ever
                return True
            if outcome.answered or ended:
                leaving = leaving or now + LEAVING_S
                if now >= leaving:
                    return True
            elif given_up() or (deadline is not None and now >= deadline):
                return False


def _has_ended(pid: int) -> bool:
    """Whether a child has ended; it is not reaped, so that its number still is its group's and no other process's."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _end(process: subprocess.Popen[bytes], mark: str) -> int:
    """Kill a child with all that it has started, wherever that went; its exit code."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    descendants.end_marked(mark)
    return process.wait()


def _to_stderr(text: str) -> None:
    with suppress(OSError, ValueError):  # nobody may read it, but the call goes on
        sys.stderr.write(visible(text))
        sys.stderr.flush()
