"""A call in a child: one question to a process of its own, in which user code runs that ours must not meet.

    answer = call_in_child("gwt_ib.processes.some_module", {"what": "is asked"}, timeout_s=60.0)

The child has neither our terminal nor our stdin, and a session of its own. What it prints comes to our stderr, escaped and
up to a limit. When it has answered, or cannot, it is killed with everything that it has started. The module it is
started from calls `answer_call` as its main program.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes import descendants
from gwt_ib.processes.children import ONE_THREAD, die_with_parent
from gwt_ib.processes.limits import start_error
from gwt_ib.text import plain, visible

Answer = dict[str, Any]

ECHO_BYTES = 1 << 16  # of what a child prints; the rest is only read
TAIL_BYTES = 4096
ANSWER_BYTES = 16 << 20
LOOK_S = 0.1


class ChildFailed(Exception):
    """There is no answer: what the child met, in words without a full stop, and the end of what it printed."""

    def __init__(self, words: str, tail: str = "", *, timed_out: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.tail = tail
        self.timed_out = timed_out


def call_in_child(
    module: str,
    request: Mapping[str, Any],
    *,
    timeout_s: float | None = None,
    meanwhile: Callable[[], object] = lambda: None,
    echo: bool = True,
) -> Answer:
    """Start `python -m module`, hand it `request` and return its answer; `meanwhile` is done while it comes up.

    Raises `UserError` where the child did or cannot be started, and `ChildFailed` where there is no answer: it ended, its
    user code raised, or it took longer than `timeout_s`.
    """
    token = secrets.token_hex(8)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = _start(module, theirs.fileno(), token)
        try:
            meanwhile()
            with suppress(OSError):  # it is gone already: that is said below
                ours.sendall(json.dumps(request).encode() + b"\n")
            return _take_answer(process, ours, timeout_s, echo)
        finally:
            _end(process, token)


def answer_call(work: Callable[[Answer], Answer]) -> None:
    """The main program of a child: answer one request by `work`. A `UserError` becomes the caller's own."""
    descriptor, parent = map(int, sys.argv[1:3])
    die_with_parent(parent)
    os.set_inheritable(descriptor, False)
    connection = socket.socket(fileno=descriptor)
    request = json.loads(_line(connection))
    answer: Answer
    try:
        answer = {"answer": work(request)}
    except UserError as error:
        answer = {"error": error.message, "code": int(error.code)}
    except BaseException as error:  # noqa: BLE001 - user code may raise anything, SystemExit too
        traceback.print_exc()
        answer = {"failed": f"{type(error).__name__}: {error}".removesuffix(": ")}
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # user code may have closed it
            stream.flush()
    connection.sendall(json.dumps(answer).encode() + b"\n")
    os._exit(0)  # neither threads nor exit handlers of user code have a say any more


def _start(module: str, descriptor: int, token: str) -> subprocess.Popen[bytes]:
    # -P: a file in the current directory never takes the place of a module of ours.
    command = [sys.executable, "-P", "-m", module, str(descriptor), str(os.getpid())]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[descriptor],
            env={**os.environ, **ONE_THREAD, descendants.VARIABLE: token},
        )
    except OSError as error:
        raise UserError(start_error(error), ExitCode.RESOURCES_USED_UP) from None


def _take_answer(process: subprocess.Popen[bytes], ours: socket.socket, timeout_s: float | None, echo: bool) -> Answer:
    """Read what the child prints until its answer is there, it ends, or its time is over."""
    assert process.stdout is not None
    output, received = _Output(echo), bytearray()
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(ours, selectors.EVENT_READ)
        alive = True
        while alive and b"\n" not in received:
            alive = process.poll() is None  # asked before reading: what a dead one has sent is there
            for key, _ in selector.select(LOOK_S if alive else 0.0):
                try:
                    data = os.read(key.fd, 1 << 16)
                except OSError:  # it ended before it had read what it was asked
                    data = b""
                if not data:
                    selector.unregister(key.fileobj)
                elif key.fileobj is ours:
                    received += data
                else:
                    output.take(data)
            if len(received) > ANSWER_BYTES:
                raise ChildFailed("gave an answer that is too long", output.tail)
            if deadline is not None and time.monotonic() >= deadline:
                raise ChildFailed(f"took longer than {timeout_s:g} s", output.tail, timed_out=True)
    os.set_blocking(process.stdout.fileno(), False)
    with suppress(BlockingIOError):  # what it printed just before; a helper of its may hold the pipe open
        while data := process.stdout.read1(1 << 16):  # type: ignore[attr-defined]  # typed as IO, is a BufferedReader
            output.take(data)
    output.finish()
    if b"\n" not in received:
        code = process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise ChildFailed(f"{how} before it was done", output.tail)
    return _unpacked(bytes(received).partition(b"\n")[0], output.tail)


def _unpacked(line: bytes, tail: str) -> Answer:
    try:
        message = json.loads(line)
        if "error" in message:
            raise UserError(plain(message["error"], 2000), ExitCode(message["code"]))
        if "failed" in message:
            raise ChildFailed(plain(message["failed"]), tail)
        answer: Answer = message["answer"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ChildFailed("gave an answer that cannot be read", tail) from None
    return answer


class _Output:
    """What a child prints: passed on to our stderr up to a limit, its end kept."""

    def __init__(self, echo: bool) -> None:
        self._tail = b""
        self._left = ECHO_BYTES if echo else 0
        self._echo = echo

    @property
    def tail(self) -> str:
        """The last lines, as one text that a terminal can be shown."""
        return visible(self._tail.decode(errors="replace")).strip()

    def take(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-TAIL_BYTES:]
        shown, self._left = data[: self._left], max(self._left - len(data), 0)
        self._write(shown)
        if self._echo and not self._left and shown:
            self._write(b"\n(what it prints further is left out)\n")

    def finish(self) -> None:
        """End the last line."""
        if self._echo and self._left and self._tail and not self._tail.endswith(b"\n"):
            self._write(b"\n")

    def _write(self, data: bytes) -> None:
        if data:
            with suppress(OSError, ValueError):  # nobody may read it, but the call goes on
                sys.stderr.write(visible(data.decode(errors="replace")))
                sys.stderr.flush()


def _end(process: subprocess.Popen[bytes], token: str) -> None:
    """Kill the child's session and, wherever it went, what it has started; nothing of it is left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # before it is waited for: until then the number is its own
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
    descendants.end_marked(token)


def _line(connection: socket.socket) -> bytes:
    data = bytearray()
    while b"\n" not in data:
        received = connection.recv(1 << 16)
        if not received:
            raise SystemExit(1)
        data += received
    return bytes(data).partition(b"\n")[0]
