"""A whole sweep on three nodes, one of which dies twice, and with it the command once; as long as it takes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster_here import WITH_RAY, ClusterHere
from support import events, wait_until

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import read_records

pytestmark = [pytest.mark.processes, WITH_RAY, pytest.mark.soak, pytest.mark.timeout(1800)]
TIMES = {"elapsed_s", "steps_per_s", "rollout_s", "learn_s"}
SEEDS = 12
SWEEP = f"""
[base]
total_timesteps = 51_200
num_envs = 4
rollout_steps = 64
seq_len = 16
minibatches = 2
epochs = 2
hidden_size = 16
eval_every = 50
eval_episodes = 3
snapshot_every = 40
[grid]
env_id = ["popgym-RepeatPreviousEasy-v0", "popgym-CountRecallEasy-v0"]
seed = {list(range(1, SEEDS + 1))}
"""


@pytest.fixture
def cluster() -> Iterator[ClusterHere]:
    started = ClusterHere(3)
    yield started
    started.end()
    wait_until(lambda: not started.left(), 30, "a process of the cluster is left")


def runs(folder: Path) -> list[RunDirectory]:
    """The runs of a sweep."""
    return [RunDirectory(path) for path in sorted((folder / "runs").glob("*"))]


def finished(folder: Path) -> int:
    """How many of them have finished."""
    return sum(run.read_run().state == "finished" for run in runs(folder))


def measured(run: RunDirectory) -> list[dict[str, Any]]:
    """The metrics without durations."""
    return [{name: value for name, value in row.items() if name not in TIMES} for row in read_records(run.metrics)]


def test_a_sweep_of_24_runs_survives_two_dead_nodes_and_a_killed_command(tmp_path: Path, cluster: ClusterHere) -> None:
    (tmp_path / "s.toml").write_text(SWEEP)

    def sweep(folder: str, *options: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "gwt_ib_tui", "sweep", "s.toml", "--dir", folder, "--headless", *options],
            cwd=tmp_path, env={**cluster.environment, "CI": ""}, stdin=subprocess.DEVNULL,
            stdout=(tmp_path / f"{folder}.txt").open("ab"), stderr=subprocess.STDOUT,
        )  # fmt: skip

    there, command = tmp_path / "there", ("--on", "ray", "--address", cluster.address)
    process = sweep("there", *command)
    wait_until(lambda: finished(there) >= 4, 400, "it does not get on")
    cluster.kill(0)
    cluster.add()
    wait_until(lambda: finished(there) >= 9, 400, "it does not get on without the first node")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process = sweep("there", *command)
    wait_until(lambda: finished(there) >= 15, 400, "it does not get on after the command was killed")
    cluster.kill(3)
    cluster.add()
    assert process.wait(600) == 0, (tmp_path / "there.txt").read_text()
    assert len(runs(there)) == 2 * SEEDS
    assert [len(events(run, "finished")) for run in runs(there)] == [1] * 2 * SEEDS
    assert sweep("here").wait(600) == 0
    for folder in ("there", "here"):  # makes the evaluation during which the command was killed
        results = [sys.executable, "-m", "gwt_ib_tui", "results", folder, "--json"]
        subprocess.run(results, cwd=tmp_path, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for run, other in zip(runs(there), runs(tmp_path / "here"), strict=True):
        assert run.name == other.name
        assert measured(run) == measured(other), run.name
        assert run.final_evaluation.read_text() == other.final_evaluation.read_text()
