"""Starting the processes of a run: own session, no terminal, output into the run's logs, death of each one noticed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.train.guard import ONE_THREAD

LOG_TAIL_BYTES = 4096


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
        """How it ended and the last line of its log, as a sentence without a full stop."""
        code = self.process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        last = last_line(self.log)
        return f"{how}: {last}" if last else how

    def end(self, timeout_s: float) -> None:
        """Give it `timeout_s` to end by itself, then kill it; a stopped process does not hear anything weaker."""
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


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


def start_trainer(run: RunDirectory, *, resume: bool) -> int:
    """Start a trainer that outlives this process and return its pid once it holds the run's lock.

    Raises `UserError` with the trainer's own reason when it could not start.
    """
    ready, ready_child = os.pipe()
    arguments = ["--ready", str(ready_child), *(["--resume"] if resume else [])]
    child = start_child(run, "trainer", "gwt_ib.train.trainer", arguments, [ready_child])
    os.close(ready_child)
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


def check_device(device: str) -> None:
    """Ask torch, in a process of its own, whether there is such a device. Raises `UserError` (78) where there is not."""
    if device == "cpu":
        return
    question = f"import torch; torch.zeros(1, device={device!r})"
    answer = subprocess.run([sys.executable, "-c", question], stdin=subprocess.DEVNULL, capture_output=True)
    if answer.returncode:
        raise UserError(
            f'device = {device!r}, but torch finds no such device here; use device = "cpu".',
            ExitCode.BAD_CONFIGURATION,
        )


def last_line(log: Path) -> str:
    """The last line of a log that is not empty; an exception's text ends a traceback."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line), "")
