"""A run that is paused for longer than any limit: nothing is taken for hung, nothing is busy, nothing is forgotten."""

from __future__ import annotations

import signal

import psutil
import pytest
from chaos import Chaos
from faults_support import measured

from gwt_ib.runs.snapshot import load_snapshot
from gwt_ib.runs.snapshot_store import list_snapshots

pytestmark = pytest.mark.processes
LIMITS = {"hang_timeout_s": 5.0, "learner_timeout_s": 10.0}
PAUSE_S = 12.0  # by the run's own heartbeats; longer than both limits


def seconds(run: Chaos) -> float:
    """What the processes of a run have used of the processors."""
    return sum(sum(process.cpu_times()[:2]) for process in run.processes())


def wait_for_heartbeats(run: Chaos, during_s: float) -> float:
    """Wait until the heartbeats have gone on for so long; returns for how long they did."""
    first = run.run.read_run().heartbeat or 0.0
    run.wait(lambda: (run.run.read_run().heartbeat or 0.0) >= first + during_s, "heartbeats go on", 60.0)
    return (run.run.read_run().heartbeat or 0.0) - first


def test_a_long_pause_costs_nothing_and_changes_nothing(toy):
    toy.launch(**LIMITS)
    toy.wait_for_update(10)
    assert toy.command("pause", "run").returncode == 0
    assert toy.command("snapshot", "run").returncode == 0
    before, rows = load_snapshot(list_snapshots(toy.run.snapshots)[-1]), toy.run.metrics.read_bytes()
    pids = {process.pid for process in toy.processes()}
    used = seconds(toy)
    lasted = wait_for_heartbeats(toy, PAUSE_S)
    share = (seconds(toy) - used) / lasted
    measured("F31: a paused run uses", f"{100 * share:.1f} % of a processor")
    # The trainer looks ten times a second and writes run.json; on a busy machine that costs more.
    assert share < 0.15
    assert {process.pid for process in toy.processes()} == pids, "nothing was taken for hung"
    assert toy.run.metrics.read_bytes() == rows
    assert psutil.pid_exists(toy.learner)
    assert toy.command("unpause", "run").returncode == 0
    toy.more_updates(5)
    assert toy.events("actor_died") == [] == toy.events("learner_died")
    assert toy.stop() == 143
    after = load_snapshot(list_snapshots(toy.run.snapshots)[-1])
    assert after.state["update"] > before.state["update"]


def test_a_paused_run_that_is_killed_is_resumed_where_it_was(toy):
    toy.launch(**LIMITS)
    toy.wait_for_update(10)
    assert toy.command("pause", "run").returncode == 0
    assert toy.command("snapshot", "run").returncode == 0
    update = toy.newest_update()
    assert update == toy.update
    toy.kill_everything()
    toy.assert_invariants()
    toy.resume(prefix=())
    toy.wait_for_update(update + 5)
    toy.signal(signal.SIGTERM)
    assert toy.ends() == 143


def test_a_learner_that_dies_in_a_pause_is_started_again_and_the_run_stays_paused(toy):
    toy.launch(**LIMITS)
    toy.wait_for_update(10)
    assert toy.command("pause", "run").returncode == 0
    update = toy.update
    killed = toy.kill(toy.learner)
    toy.wait(lambda: toy.learner != killed and toy.run.read_run().state == "paused", "paused again")
    assert toy.update <= update
    assert toy.command("unpause", "run").returncode == 0
    toy.wait_for_update(update + 3)
    assert toy.stop() == 143
