"""Helpers of the tests: small configurations, and a look for what a run leaves behind."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from gwt_ib.config import Config
from gwt_ib.log import parse_line
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import read_records

CHANNEL = os.environ.get("GWT_IB_TEST_CHANNEL", "local")
"""Over which kind of channel the runs go that tests start by the command line."""
WITH_ACTORS_HERE = pytest.mark.skipif(CHANNEL != "local", reason="kills actors by the process ids of local ones")
SMALL: dict[str, Any] = {
    "env_id": "popgym-RepeatPreviousEasy-v0",
    "num_envs": 4,
    "rollout_steps": 64,
    "seq_len": 16,
    "minibatches": 2,
    "epochs": 2,
    "hidden_size": 16,
    "total_timesteps": 4 * 64 * 4,
    "eval_every": 2,
    "eval_episodes": 3,
    "snapshot_every": 0,
}


PATIENCE_S = 120.0
"""How long a test waits at least for what takes a moment on a machine of one's own: a busy one may take its time, and only
a test that fails waits to the end."""

ARMS: dict[str, dict[str, Any]] = {
    f"{cell}-{gate}": {"cell": cell, "gate": gate}
    for cell in ("gru", "lstm")
    for gate in ("td", "router", "prior", "open", "constant")
}
"""The settings of every cell behind every gate, by a name."""


def small_config(**changes: Any) -> Config:
    """Four updates of a second in all; episodes of 51 steps end inside its sequences."""
    return Config(**{**SMALL, **changes})


def task(env_id: str, prev_action: bool = False, seed: int = 42) -> Config:
    """The default configuration for an environment."""
    return Config(env_id=env_id, prev_action=prev_action, seed=seed)


def assignments(**settings: Any) -> list[str]:
    """`--set` options for settings."""
    return [word for name, value in settings.items() for word in ("--set", f"{name}={json.dumps(value)}")]


def updates(run: RunDirectory) -> list[int]:
    """The updates that a run has recorded."""
    return [row["update"] for row in read_records(run.metrics)]


def events(run: RunDirectory, kind: str) -> list[dict[str, Any]]:
    """The events of one kind that a run has recorded. Raises where it recorded any that is not in the table of events."""
    recorded = read_records(run.events)
    for record in recorded:
        event(**record)
    return [record for record in recorded if record["kind"] == kind]


def logged(run: RunDirectory, process: str, least: int = logging.NOTSET) -> list[str]:
    """What a process has logged, the words of each record from a level on."""
    lines = (run.logs / f"{process}.log").read_text().splitlines()
    return [record.words for record in map(parse_line, lines) if record and record.level >= least]


def shared_names() -> set[str]:
    """The names in /dev/shm."""
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def processes_of(path: Path) -> list[psutil.Process]:
    """The processes that were started for a run under `path`."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or ())
        if "gwt_ib.processes" not in line or process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        with contextlib.suppress(psutil.Error):  # it has just ended
            if str(path) in line or Path(process.cwd()).is_relative_to(path):
                found.append(process)
    return found


def wait_until(condition: Callable[[], Any], timeout_s: float, message: str) -> Any:
    """Poll until `condition()` is true and return it; fail with `message` after `timeout_s` or `PATIENCE_S`."""
    deadline = time.monotonic() + max(timeout_s, PATIENCE_S)
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    pytest.fail(message)


def used_by_children() -> float:
    """CPU seconds of all processes that this one has started and that have ended; a busy machine changes them little."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def hidden(folder: Path) -> list[str]:
    """The names of what is temporary in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


def read_incidents(run: RunDirectory) -> list[dict[str, Any]]:
    """What is kept of each fault of a run, oldest first."""
    return [
        json.loads(path.read_text()) for path in sorted(run.incidents.glob("*.json"), key=lambda p: p.stat().st_mtime)
    ]
