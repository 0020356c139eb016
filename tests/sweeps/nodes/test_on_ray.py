"""Runs of a sweep on a cluster of nodes on this machine: mirrored, asked, stopped, lost with their node, gone on with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cluster_here import WITH_RAY, ClusterHere
from support import PATIENCE_S, events, hidden, small_config, updates, wait_until

from gwt_ib.envs.make import check_environment
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.runs.control import send_request
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.snapshot_store import list_snapshots
from gwt_ib.sweeps.local import LocalExecutor
from gwt_ib.sweeps.nodes.keeper import PREFIX
from gwt_ib.sweeps.nodes.node_room import refuse

pytestmark = [pytest.mark.processes, WITH_RAY]
TIMES = {"elapsed_s", "steps_per_s", "rollout_s", "learn_s"}
UPDATES = 100
PROGRAM = Path(__file__).parent / "train_on_ray.py"
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def cluster() -> Iterator[ClusterHere]:
    """Two nodes of one CPU, and a head without any. The tests follow each other on it."""
    started = ClusterHere(2)
    yield started
    folders = node_folders(started)
    started.end()
    assert not folders, "a run's folder is left on a node"
    wait_until(lambda: not started.left(), 10, "a process of the cluster is left")


@pytest.fixture
def train(cluster: ClusterHere) -> Iterator[Start]:
    """Starts runs on the cluster in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def run(mode: str, *runs: RunDirectory) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), cluster.address, mode, *(str(run.path) for run in runs)],
            env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def node_folders(cluster: ClusterHere) -> list[Path]:
    """The folders of runs on the nodes."""
    return list(cluster.folder.glob(f"{PREFIX}*"))


def new_run(path: Path, seed: int = 1, **changes: Any) -> RunDirectory:
    """A run of some seconds."""
    settings = {"total_timesteps": 4 * 64 * UPDATES, "snapshot_every": 20, "eval_every": 50, "seed": seed, **changes}
    config = small_config(**settings)
    return create_run(config, path, ["test"], check_environment(config))


def answered(run: RunDirectory, request: str) -> bool:
    """Whether the run has answered a request."""
    return any(each["request"] == request for each in events(run, "acknowledged"))


def told(process: subprocess.Popen[str], timeout_s: float = 2 * PATIENCE_S) -> list[dict[str, Any]]:
    """What a program has said once it has ended."""
    return [json.loads(line) for line in process.communicate(timeout=timeout_s)[0].splitlines() if line[:1] == "{"]


def measured(run: RunDirectory) -> list[dict[str, Any]]:
    """The metrics without durations."""
    return [{name: value for name, value in row.items() if name not in TIMES} for row in read_records(run.metrics)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """What runs of seeds 1 and 2 measure on this machine."""
    runs, executor = [new_run(tmp_path_factory.mktemp("local") / f"{seed}", seed) for seed in (1, 2)], LocalExecutor(2)
    for run in runs:
        executor.start(run, resume=False)
    for _ in runs:
        assert wait_until(lambda: executor.tend(0.1), 60, "it does not end")[0].code == ExitCode.DONE
    return [measured(run) for run in runs]


def test_a_run_on_ray_is_refused_inside_a_sweep_on_ray() -> None:
    with pytest.raises(UserError, match="local") as refused:
        refuse(small_config(channel="ray"))
    with pytest.raises(UserError, match="takes the runs afterwards"):
        refuse(small_config(export="csv"))
    assert refused.value.code == ExitCode.BAD_CONFIGURATION


def test_a_cluster_without_room_or_with_other_versions_is_refused_before_anything_starts(
    tmp_path: Path, train: Start
) -> None:
    answer = told(train("new", new_run(tmp_path / "wide", num_actors=4, num_envs=4)))[-1]
    assert answer["code"] == ExitCode.RESOURCES_USED_UP
    assert "2 CPUs" in answer["message"] and "has 1 CPUs" in answer["message"]
    # After the other one: each asks every node, and has a minute for it.
    answer = told(train("other", new_run(tmp_path / "other")))[-1]
    assert answer["code"] == ExitCode.BAD_CONFIGURATION
    assert "instead of 0.0.1" in answer["message"]


def test_a_node_that_dies_costs_its_run_nothing_but_time(
    tmp_path: Path, cluster: ClusterHere, train: Start, undisturbed: list[list[dict[str, Any]]]
) -> None:
    runs = [new_run(tmp_path / f"seed-{seed}", seed) for seed in (1, 2)]
    pauses = [send_request(run.control, "pause") for run in runs]  # both begin together, whichever node is slower
    process = train("new", *runs)
    for run, pause in zip(runs, pauses, strict=True):
        wait_until(partial(answered, run, pause), 60, "it does not pause")
        wait_until(partial(answered, run, send_request(run.control, "snapshot")), 30, "a request is not answered there")
    for run in runs:
        send_request(run.control, "unpause")
    wait_until(lambda: all(len(list_snapshots(run.snapshots)) > 1 for run in runs), 60, "no snapshot arrives")
    assert process.poll() is None
    cluster.kill(0)
    cluster.add()
    ended = [answer for answer in told(process) if "run" in answer]
    assert [answer["lost"] for answer in ended].count(True) == 1
    assert sorted(answer["run"] for answer in ended if answer["code"] == 0) == ["seed-1", "seed-2"]
    for run, expected in zip(runs, undisturbed, strict=True):
        assert run.state() == "finished"
        assert updates(run) == list(range(1, UPDATES + 1))
        assert measured(run) == expected, "it is another run"
        assert run.final_evaluation.exists()
        assert not hidden(run.path) + hidden(run.snapshots) + hidden(run.logs)
    wait_until(lambda: not node_folders(cluster), 10, "a run's folder is left on a node")


def test_metrics_arrive_within_seconds_and_a_stop_brings_the_last_snapshot(
    tmp_path: Path, cluster: ClusterHere, train: Start
) -> None:
    run = new_run(tmp_path / "run", total_timesteps=2_000_000_000, snapshot_every=0, eval_every=0)
    process = train("new", run)
    wait_until(lambda: len(updates(run)) > 2, 60, "no metrics arrive")
    ages, until = [], time.monotonic() + 3
    while time.monotonic() < until:
        newest = read_records(run.metrics)[-1]["elapsed_s"]
        time.sleep(0.05)
        ages.append(newest)
    assert len(set(ages)) >= 2, "nothing has arrived for three seconds"
    process.send_signal(signal.SIGINT)
    ended = [answer for answer in told(process) if "run" in answer]
    assert [answer["code"] for answer in ended] == [ExitCode.ENDED_BY_TERM]
    assert run.state() == "stopped"
    newest_snapshot = list_snapshots(run.snapshots)[-1]
    assert int(newest_snapshot.name) == updates(run)[-1] * 256
    wait_until(lambda: not node_folders(cluster), 10, "a run's folder is left on a node")


@pytest.mark.soak
def test_a_head_that_is_killed_leaves_nothing_on_the_nodes_and_goes_on_exactly(
    tmp_path: Path, cluster: ClusterHere, train: Start, undisturbed: list[list[dict[str, Any]]]
) -> None:
    run = new_run(tmp_path / "run")
    process = train("new", run)
    wait_until(lambda: len(list_snapshots(run.snapshots)) > 1, 60, "no snapshot arrives")
    process.kill()
    wait_until(lambda: not node_folders(cluster), 30, "a run's folder is left on a node")
    assert run.state() != "finished", "it was too fast for this test"
    assert [answer.get("code") for answer in told(train("resume", run))] == [None, 0]
    assert measured(run) == undisturbed[0]
