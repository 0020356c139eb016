"""Starting the processes of a run: own session, no terminal, output into the run's logs, death of each one noticed."""

from __future__ import annotations

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

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.kernels import use_kernels
from gwt_ib.log import INDENT, parse_line
from gwt_ib.processes.guard import ONE_THREAD
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.lifecycle import HEARTBEAT_S

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


def learner_threads(config: Config) -> int:
    """The threads that share the work on a minibatch. Raises `UserError` where the kernels cannot be had."""
    if config.device != "cpu" or not use_kernels(config):
        return 1
    return min(config.learner_threads, config.sequences // config.minibatches)


def thread_plan(config: Config) -> str:
    """Which processes the run uses, with how many threads. Raises `UserError` where the kernels cannot be had."""
    count = learner_threads(config)
    if config.channel == "serial":
        learner = f"1 learner that also steps {config.num_envs} environments as {config.num_actors} actor(s)"
        return f"{learner}, one thread" if count == 1 else f"{learner}, {count} threads while it learns"
    processes = f"1 learner and {config.num_actors} actor(s) of {config.envs_per_actor} environments"
    return f"{processes}, one thread each" + ("" if count == 1 else f"; {count} in the learner while it learns")


def last_words(log: Path) -> str:
    """The last line of a log: an exception's text ends a traceback. A record that tells of no fault says nothing here."""
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
