"""A made-up run of any length whose rows are as large as real ones, and a process that lets it grow.

.venv/bin/python benchmarks/recorded.py DIR [--rate ROWS_PER_S] [--seconds S]    grow, and beat as a trainer does
.venv/bin/python benchmarks/recorded.py DIR --follow UPDATE                      count what a feed takes in
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.durable import write_json
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run
from gwt_ib.gatecheck.statistics import gate_curve
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import last_record
from gwt_ib.runs.record import HEARTBEAT_S
from gwt_ib_tui.state.run.feed import Feed

STEPS, SECONDS = 4096, 0.4  # of one update
KINDS = 97  # different rows, used in turn
BEAT_S = HEARTBEAT_S


class Writer:
    """Appends rows to a run directory and rewrites its `run.json` and `gatecheck.json`, as a trainer does."""

    def __init__(self, path: Path) -> None:
        self.run = RunDirectory(path)
        self._config = Config(total_timesteps=STEPS * 2_000_000)
        random = np.random.default_rng(7)
        self._rests = [_rest(random, self._config) for _ in range(KINDS)]
        for folder in (path, self.run.control, self.run.snapshots, self.run.logs):
            folder.mkdir(parents=True, exist_ok=True)
        if not self.run.config.exists():
            self.run.write_config(self._config)
        self.update = int(last_record(self.run.metrics).get("update") or 0)
        self._history = History.from_rows(json.loads(self._line(update)) for update in range(1, 200))
        self.beat()

    def append(self, rows: int) -> None:
        """Add that many rows at once."""
        lines = "".join(self._line(update) for update in range(self.update + 1, self.update + 1 + rows))
        with self.run.metrics.open("a", encoding="utf-8") as file:
            file.write(lines)
        self.update += rows

    def report(self) -> None:
        """Rewrite gatecheck.json, as after each update."""
        report = judge_run(self._history, self._config).as_dict()
        report |= {"update": self.update, "env_steps": self.update * STEPS}
        write_json(self.run.gatecheck, report, durable=False)

    def beat(self) -> None:
        """Rewrite run.json."""
        now = utc_now()
        actors = [
            {"actor": place, "pid": os.getpid(), "alive": True, "steps_per_s": 5000.0 + now % 60, "restarts": 0}
            | {"policy_version": self.update, "policy_lag": 0}
            for place in range(2)
        ]
        record = {
            "format": 1,
            "run": self.run.name,
            "state": "running",
            "env_id": self._config.env_id,
            "seed": 42,
            "total_timesteps": self._config.total_timesteps,
            "host": socket.gethostname(),
            "created": now - 3600,
            "pids": {"trainer": os.getpid()},
            "heartbeat": now,
            "exit_code": None,
            "message": "",
            "actors": actors,
        }
        write_json(self.run.run, record, durable=False)

    def grow(self, rate: float, seconds: float) -> None:
        """Append `rate` rows a second, in at most 50 portions a second, and beat as often as a trainer does."""
        began = beat = time.monotonic()
        first = self.update
        while (now := time.monotonic()) - began < seconds:
            due = first + int(rate * (now - began)) - self.update
            if due > 0:
                self.append(due)
                self.report()
            if now - beat >= BEAT_S:
                beat = now
                self.beat()
            time.sleep(min(1 / rate, 1.0) if 0 < rate < 50 else 0.02)
        self.append(max(first + round(rate * seconds) - self.update, 0))

    def _line(self, update: int) -> str:
        head = f'"update":{update},"env_steps":{update * STEPS},"elapsed_s":{update * SECONDS:.4f}'
        return f"{{{head},{self._rests[update % KINDS]}\n"


def _rest(random: np.random.Generator, config: Config) -> str:
    """A row's JSON after its first fields."""
    noise = random.normal(size=20).tolist()
    td = np.abs(random.standard_t(3, size=2048)) * 0.6
    prior = 1 / (1 + np.exp(-(config.td_scale * td + config.base_logit - 1.5)))
    c = np.clip(prior * (0.85 + 0.1 * random.normal(size=2048)), 0, 1)
    names = ("policy_loss", "value_loss", "ib_loss", "approx_kl", "clip_fraction", "grad_norm", "td_mean")
    fields: dict[str, Any] = {
        "steps_per_s": 10_000.0 * (1 + 0.03 * noise[0]),
        "rollout_s": 0.0853 + 0.001 * noise[1],
        "learn_s": 0.2912 + 0.001 * noise[2],
        "policy_version": 1,
        "policy_lag_max": 0,
        "lr": config.lr,
        "td_std": 0.0149 * (1 + 0.05 * noise[3]),
        "mean_c": 0.345 + 0.008 * noise[4],
        "target_c": config.target_c,
        "lambda_c": config.lambda_c,
        "bias": -1.5 + 0.006 * noise[5],
        "explained_variance": 0.72 + 0.015 * noise[6],
        "entropy": 1.05 + 0.01 * noise[7],
        "ep100": -0.81 + 0.008 * noise[8],
        "ep_len100": 51.0,
        "episodes": 9792,
        "ep_return": -0.8,
        "mmer": -0.78,
        "eval_return": -0.8 + 0.01 * noise[9] if noise[10] > 1.2 else None,
        "rho_td_c": 0.83 + 0.01 * noise[11],
        "rho_tail": 0.21 + 0.01 * noise[12],
        "rho_td_dc": -0.11 + 0.01 * noise[13],
        "rho_tail_dc": -0.02 + 0.01 * noise[14],
    }
    fields |= {name: 0.003 + 1e-4 * value for name, value in zip(names, noise, strict=False)}
    returns = None if fields["eval_return"] is None else [fields["eval_return"]] * 10
    fields |= {"eval_returns": returns, "gate_curve": gate_curve(td, c, prior)}
    return json.dumps(fields, separators=(",", ":"))[1:]


def follow(path: Path, last: int) -> int:
    """How many rows a feed took in until update `last`, or until nothing new came for five seconds."""
    feed = Feed(RunDirectory(path))
    feed.start()
    newest, since = feed.run_view, time.monotonic()
    while newest.series.rows < last and time.monotonic() - since < 5.0:
        time.sleep(0.1)
        if feed.run_view.series.rows > newest.series.rows:
            newest, since = feed.run_view, time.monotonic()
    feed.stop()
    return feed.run_view.series.rows


def main() -> None:
    """Grow, or follow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--rate", type=float, default=4.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--follow", type=int, metavar="UPDATE")
    given = parser.parse_args()
    if given.follow is not None:
        sys.stdout.write(f"{follow(given.directory, given.follow)}\n")
    else:
        Writer(given.directory).grow(given.rate, given.seconds)


if __name__ == "__main__":
    main()
