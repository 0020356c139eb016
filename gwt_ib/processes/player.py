"""This side of the player process: episodes are asked for, and come; whatever its user code does becomes a sentence.

It is started before a dashboard's application, never inside one, and answers as long as it lives. `poll` never waits, so
that an application can call it between two pictures.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from gwt_ib import descendants
from gwt_ib.config import Config
from gwt_ib.durable import write_all
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.files import nameless_memory
from gwt_ib.lenient import whole
from gwt_ib.machine import ONE_THREAD
from gwt_ib.processes.child_call import Outcome
from gwt_ib.processes.children import PYTHON, new_mark
from gwt_ib.processes.limits import start_error
from gwt_ib.processes.link import Link, Message
from gwt_ib.replacements import LEARNED
from gwt_ib.rollout.recorded_episode import RecordedEpisode
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.text import plain

MOST_BYTES = 1 << 30
"""Of one recorded episode, many times what `rollout.recording` and `envs.pictures` allow."""
READ_BYTES = 1 << 16
WORD_BYTES = 8
"""Of the memory: the number of the step that it is at; what it answers lies behind it."""
POLL_S = 0.02


class EpisodePlayer:
    """Plays evaluation episodes of a run's snapshot in a process of its own; a context manager that ends it."""

    def __init__(self, run: RunDirectory, config: Config, snapshot: str | None = None, *, echo: bool = False) -> None:
        """Start it. `snapshot` is a path; without one each request takes the newest good one of the run.

        With `echo` what it prints comes to our stderr. Raises `UserError` (69) where no process can be started.
        """
        self.recorded: RecordedEpisode | None = None
        """The newest episode that was asked for."""
        self.problem = ""
        """Why the newest request has no episode, as a sentence; empty where it has one, or is being played."""
        self.code = ExitCode.DONE
        self.alive = True
        """Whether it can be asked for more."""
        self.doing = ""
        """What it is doing, in words; empty where it waits for a request."""
        self._env_id, self._patience_s = plain(config.env_id), config.start_timeout_s
        self._number = 0
        self._heard = time.monotonic()
        self._outcome = Outcome(echo=echo)
        self._mark, self._memory = new_mark(), nameless_memory()
        asked = {"run": str(run.path.resolve()), "config": config.model_dump(mode="json"), "snapshot": snapshot}
        try:
            self._process, self._link, self._output = _start(asked, self._mark, self._memory)
        except OSError as error:
            os.close(self._memory)
            raise UserError(start_error(error), ExitCode.RESOURCES_USED_UP) from None
        os.set_blocking(self._output, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    @property
    def busy(self) -> bool:
        """Whether an episode was asked for and is not there."""
        return self.alive and bool(self.doing)

    def ask(self, episode: int, gate: str = LEARNED) -> None:
        """Ask for an episode; not while it is busy."""
        if self.alive and not self.busy:
            self._number += 1
            self._heard, self.doing, self.problem = time.monotonic(), "starts", ""
            os.ftruncate(self._memory, 0)  # it is at no step
            self._link.send({"number": self._number, "episode": episode, "gate": gate})

    def poll(self, timeout_s: float = 0.0) -> None:
        """Take in what has come, waiting at most `timeout_s` for it."""
        if not self.alive:
            return
        ended = self._has_ended()  # before the last look at what it left
        self._read_output()
        for message in self._link.receive(0.0 if ended else timeout_s):
            self._take(message)
        self._look_at_the_step()
        if ended or self._link.closed:
            self._end(in_time=True)
        elif self.busy and time.monotonic() - self._heard > self._patience_s:
            self._end(in_time=False)

    def wait(self) -> RecordedEpisode:
        """The episode that was asked for. Raises `UserError` where there is none."""
        while self.busy:
            self.poll(POLL_S)
        self._read_output()
        self._outcome.end_output()
        if self.problem or self.recorded is None:
            raise UserError(self.problem or "No episode was asked for.", self.code or ExitCode.USAGE)
        return self.recorded

    def close(self) -> None:
        """End the process with all that it has started. A second call does nothing."""
        if self._process.returncode is None:
            self._kill()
        if self._memory >= 0:
            for descriptor in (self._memory, self._output):
                os.close(descriptor)
            self._link.close()
            self._memory = -1
        self.alive, self.doing = False, ""

    def _take(self, message: Message) -> None:
        self._heard = time.monotonic()
        if message.get("number") != self._number:
            if "stage" in message:
                self._outcome.stage = plain(message["stage"], 80)
                self.doing = f"waits for {self._outcome.stage}"
            return
        self.doing = ""
        if "refused" in message:
            self.problem = plain(message["refused"], 2000)
            with suppress(ValueError):
                self.code = ExitCode(whole(message.get("code")) or ExitCode.BUG)
            return
        try:
            self.recorded = self._read(message)
            self.code = ExitCode.DONE
        except (ValueError, OSError) as error:
            self.problem, self.code = f"The episode cannot be read: {plain(error)}.", ExitCode.BAD_DATA

    def _look_at_the_step(self) -> None:
        """Which it has come to says the memory, and that it gets on."""
        word = os.pread(self._memory, WORD_BYTES, 0) if self.busy else b""
        if len(word) == WORD_BYTES:
            stage = f"step {int.from_bytes(word, sys.byteorder):,}"
            if stage != self._outcome.stage:
                self._heard, self._outcome.stage, self.doing = time.monotonic(), stage, f"plays {stage}"

    def _read(self, message: Message) -> RecordedEpisode:
        """Raises `ValueError` and `OSError`."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        size, described = message.get("bytes"), message.get("description")
        if not isinstance(size, int) or not 0 < size <= MOST_BYTES or not isinstance(described, dict):
            raise ValueError("the player says nothing of its size")
        data = b""
        while len(data) < size and (more := os.pread(self._memory, size - len(data), WORD_BYTES + len(data))):
            data += more
        try:
            tensors: dict[str, Any] = load(data)
        except SafetensorError as error:
            raise ValueError(str(error)) from None
        return RecordedEpisode.of(tensors, described)

    def _read_output(self) -> None:
        with suppress(BlockingIOError, OSError):
            for _ in range(16):  # a flood is read at the next look
                if not (data := os.read(self._output, READ_BYTES)):
                    break
                self._outcome.take_output(data)

    def _has_ended(self) -> bool:
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def _end(self, *, in_time: bool) -> None:
        """It ended, or hangs: say why there is no episode."""
        self._outcome.code = self._kill()
        self._read_output()
        if in_time:
            how = self._outcome.ending()
        else:
            how = (
                f"did not come back from {self._outcome.stage or 'its start'} within {self._patience_s:g} s; "
                "start_timeout_s sets how long it may take"
            )
        self.problem = f"The player of {self._env_id!r} {how}.{self._outcome.last_words}"
        self.code = ExitCode.BAD_CONFIGURATION
        self.alive, self.doing = False, ""

    def _kill(self) -> int:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        descendants.end_marked(self._mark)
        return self._process.wait()


def _start(asked: dict[str, Any], mark: str, memory: int) -> tuple[subprocess.Popen[bytes], Link, int]:
    """The process, the link to it, and where its output comes from. Raises `OSError`."""
    ours, theirs = socket.socketpair()
    output, output_end = os.pipe()
    question = nameless_memory()
    try:
        write_all(question, json.dumps(asked).encode())
        os.lseek(question, 0, os.SEEK_SET)
        given = [question, theirs.fileno(), memory]
        process = subprocess.Popen(
            [*PYTHON, "-m", "gwt_ib.processes.player_process", *map(str, (os.getpid(), *given))],
            stdin=subprocess.DEVNULL,
            stdout=output_end,
            stderr=output_end,
            start_new_session=True,
            pass_fds=given,
            env={**os.environ, **ONE_THREAD, descendants.VARIABLE: mark},
        )
    except BaseException:
        ours.close()
        os.close(output)
        raise
    finally:
        theirs.close()
        os.close(question)
        os.close(output_end)
    return process, Link(ours), output
