"""A run that is thrown away: the processes of a real one, and what its learner reports after every update.

This process stands where the trainer stands: it owns the run directory and the processes, and never imports torch.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from gwt_ib.config import Config
from gwt_ib.config_sources import build
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.processes.children import recorded_signals
from gwt_ib.processes.workers import Budgets, Workers
from gwt_ib.runs.create import create_run
from gwt_ib.runs.jsonl import Record

COMPARED = 8  # updates after the measured ones, beside which memory and sgemm are measured
TICK_S = 0.1


def bench_config(config: Config, updates: int, warm_up: int) -> Config:
    """The configuration of a run of so many updates after the warm-up, and of those that are compared with sgemm."""
    total = (warm_up + updates + COMPARED) * config.steps_per_update
    return build({**config.model_dump(), "total_timesteps": total})


def measure(config: Config, spec: EnvironmentSpec, on_update: Callable[[int], object]) -> list[Record]:
    """Train to the end in a temporary directory; what the learner reported of each update.

    `on_update` is called with the number of each update. Raises `UserError` where the run cannot be made or a process of it
    fails, and when a signal asks this process to end; then no process of the run is left. Call it in the main thread.
    """
    with recorded_signals() as signals, tempfile.TemporaryDirectory(prefix="gwt-ib-bench-") as folder:
        run = create_run(config, Path(folder) / "run", ["gwt-ib-tui", "bench"])
        run.write_environment(spec)
        workers = Workers(run, config, "gwt_ib.bench.reporting_learner", Budgets.of(config))
        reports: list[Record] = []
        try:
            workers.start()
            reports += _follow(workers, signals, on_update)
        finally:
            workers.end(kill_learner=not reports)
        return reports


def _follow(workers: Workers, signals: list[int], on_update: Callable[[int], object]) -> list[Record]:
    """Listen to the learner until the run is over."""
    reports: list[Record] = []
    while True:
        alive = workers.learner.alive  # asked before listening: a dead one's last words are in the socket
        for message in workers.link.receive(TICK_S):
            if message["kind"] == "update":
                reports.append(message)
                on_update(message["update"])
            elif message["kind"] == "ended":
                if message["code"]:
                    raise UserError(message["message"], ExitCode(message["code"]))
                return reports
            elif message["kind"] == "evaluator_wanted":
                workers.want_evaluator()
        if signals:
            name = signal.Signals(signals[0]).name
            raise UserError(f"Ended by {name}: nothing was measured to the end.", ExitCode(128 + signals[0]))
        if not alive:
            raise UserError(f"The learner {workers.learner.ending()}.", ExitCode.LEARNER_FAILED)
        if death := workers.first_death():
            raise UserError(f"{death} A bench does not replace it.", ExitCode.RESOURCES_USED_UP)
        workers.tend()
