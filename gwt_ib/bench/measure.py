"""A run that is thrown away: the processes of a real one, and what its learner reports after every update.

This process stands where the trainer stands: it owns the run directory and the processes, and never imports torch.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from gwt_ib.config import Config
from gwt_ib.config_sources import build
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.actor_pool import ActorPool
from gwt_ib.processes.link import start_learner
from gwt_ib.runs.directory import RunDirectory, create_run
from gwt_ib.runs.jsonl import Record

COMPARED = 8  # updates after the measured ones, beside which memory and sgemm are measured
TICK_S = 0.1
END_S = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def bench_config(config: Config, updates: int, warm_up: int) -> Config:
    """The configuration of a run of so many updates after the warm-up, and of those that are compared with sgemm."""
    total = (warm_up + updates + COMPARED) * config.steps_per_update
    return build({**config.model_dump(), "total_timesteps": total})


def measure(config: Config, on_update: Callable[[int], object]) -> list[Record]:
    """Train to the end in a temporary directory; what the learner reported of each update.

    `on_update` is called with the number of each update. Raises `UserError` where the run cannot be made or a process of it
    fails, and when a signal asks this process to end; then no process of the run is left. Call it in the main thread.
    """
    with _asked_to_end() as signals, tempfile.TemporaryDirectory(prefix="gwt-ib-bench-") as folder:
        run = create_run(config, Path(folder) / "run", ["gwt-ib-tui", "bench"])
        with _Processes(run, config) as processes:
            return _follow(processes, signals, on_update)


class _Processes:
    """The learner and the actors of the run; ended with the `with` block, whatever state they are in."""

    def __init__(self, run: RunDirectory, config: Config) -> None:
        self.actors = ActorPool(run, config)
        self.learner, self.link = start_learner(run, self.actors, "gwt_ib.bench.reporting_learner")
        self.ended = False

    def __enter__(self) -> _Processes:
        self.actors.start()
        return self

    def __exit__(self, *error: object) -> None:
        if not self.ended:
            self.learner.process.kill()
        self.learner.end(END_S)
        self.actors.end(meanwhile=lambda: None)
        self.link.close()


def _follow(processes: _Processes, signals: list[int], on_update: Callable[[int], object]) -> list[Record]:
    """Listen to the learner until the run is over."""
    reports: list[Record] = []
    while True:
        alive = processes.learner.alive  # asked before listening: a dead one's last words are in the socket
        for message in processes.link.receive(TICK_S):
            if message["kind"] == "update":
                reports.append(message)
                on_update(message["update"])
            elif message["kind"] == "ended":
                if message["code"]:
                    raise UserError(message["message"], ExitCode(message["code"]))
                processes.ended = True
                return reports
        if signals:
            name = signal.Signals(signals[0]).name
            raise UserError(f"Ended by {name}: nothing was measured to the end.", ExitCode(128 + signals[0]))
        if not alive:
            raise UserError(f"The learner {processes.learner.ending()}.", ExitCode.LEARNER_FAILED)
        if death := processes.actors.first_death():
            raise UserError(f"{death} A bench does not replace it.", ExitCode.RESOURCES_USED_UP)


@contextmanager
def _asked_to_end() -> Iterator[list[int]]:
    """The signals that ask this process to end, noted in a list instead of obeyed at once."""
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> Any:
        noted.append(number)

    ignored = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else set()
    previous = {number: signal.signal(number, note) for number in SIGNALS if number not in ignored}
    try:
        yield noted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
