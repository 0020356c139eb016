"""What happens to a run when it is steered, signalled, killed, or when its environment breaks."""

import json
import logging
import os
import signal
import time

import pytest
from support import (
    PATIENCE_S,
    SMALL,
    WITH_ACTORS_HERE,
    assignments,
    events,
    logged,
    processes_of,
    updates,
    wait_until,
)

from gwt_ib.runs.control import send_request
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.snapshot import problem_of
from gwt_ib.runs.snapshot_store import list_snapshots

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side, pytest.mark.usefixtures("nothing_left")]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_run_with_a_snapshot(long_run, number, code):
    run, process = long_run
    process.send_signal(number)
    assert process.wait(PATIENCE_S) == code
    record = run.read_run()
    assert (record.state, record.exit_code) == ("stopped", code)
    newest = list_snapshots(run.snapshots)[-1]
    assert problem_of(newest) == ""
    assert int(newest.name) == read_records(run.metrics)[-1]["env_steps"]
    assert "Traceback" not in process.stderr.read()


def test_a_second_signal_ends_the_run_at_once(long_run):
    run, process = long_run
    os.kill(run.read_run().learner, signal.SIGSTOP)  # a learner that would never come to its safe point
    process.send_signal(signal.SIGINT)
    wait_until(lambda: any(words.startswith("will end: ") for words in logged(run, "trainer")), 10, "it is not obeyed")
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE_S) == 130
    assert run.read_run().state == "stopped"
    assert "asked to end once more: the learner is killed" in logged(run, "trainer"), "and not when its time was over"


def test_a_resumed_run_goes_on_where_the_snapshot_was(long_run, command):
    run, process = long_run
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE_S)
    last = updates(run)[-1]
    with run.metrics.open("a") as file:  # as a run that was killed later would leave it
        file.write(json.dumps({"update": last + 1, "env_steps": 0}) + "\n" + '{"update": ')
    steps = (last + 3) * 4 * 64
    result = command("resume", "run", "--headless", "--json", "--total-timesteps", str(steps))
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["update"] for row in rows] == [last + 1, last + 2, last + 3]
    assert updates(run) == list(range(1, last + 4))
    assert rows[0]["episodes"] > read_records(run.metrics)[last - 1]["episodes"]
    assert rows[0]["elapsed_s"] > read_records(run.metrics)[last - 1]["elapsed_s"]
    assert [event["update"] for event in events(run, "resumed")] == [last]
    trainer, learner = logged(run, "trainer"), logged(run, "learner")
    assert [words.split()[4] for words in trainer if words.startswith("pid ")] == ["begins", "goes"]
    assert "the run has been stopped, exit code 143. Ended by SIGTERM." in trainer
    assert any(words.startswith(f"goes on from update {last:,} with the snapshot ") for words in learner)
    again = command("resume", "run")
    assert again.returncode == 2
    assert "has made all of its" in again.stderr


def test_a_run_is_steered_from_another_shell(long_run, command):
    run, process = long_run
    assert command("pause", "run").returncode == 0
    assert run.read_run().state == "paused"
    count = len(updates(run))
    time.sleep(0.5)
    assert len(updates(run)) == count
    result = command("snapshot", "run")
    assert result.returncode == 0
    assert problem_of(run.path.parent / result.stdout.strip()) == ""
    assert command("unpause", "run").returncode == 0
    wait_until(lambda: len(updates(run)) > count, 10, "the run did not go on")
    status = json.loads(command("status", "run", "--json").stdout)
    assert status["state"] == "running"
    assert command("stop", "run").returncode == 0
    assert process.wait(PATIENCE_S) == 0
    assert run.read_run().state == "stopped"
    refused = command("pause", "run")
    assert refused.returncode == 2 and "its state is stopped" in refused.stderr
    kinds = ["pause", "snapshot", "unpause", "stop"]
    asked = [words.split()[2] for words in logged(run, "trainer") if words.startswith("asked to ")]
    answers = [words.split(":")[0] for words in logged(run, "learner") if ": done at update " in words]
    assert asked == answers == kinds
    assert any(result.stdout.strip() in words for words in logged(run, "learner"))


@WITH_ACTORS_HERE
def test_a_dead_actor_is_replaced_and_the_run_goes_on(long_run):
    run, process = long_run
    pid = run.read_run().actors[1].pid
    os.kill(pid, signal.SIGKILL)
    before = len(updates(run))
    wait_until(lambda: len(updates(run)) > before + 5, 30, "the run stood still")
    assert events(run, "actor_died")[0]["actor"] == 1
    assert events(run, "actor_died")[0]["message"].startswith("was killed by SIGKILL")
    (warning,) = logged(run, "trainer", logging.WARNING)
    assert warning.startswith(f"actor 1, pid {pid}, was killed by SIGKILL")
    assert any("replaced for the 1. time" in words for words in logged(run, "trainer"))
    wait_until(lambda: run.read_run().actors[1].pid != pid, 5, "the replacement is not shown")
    assert run.read_run().actors[1].restarts == 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 143


def test_an_environment_that_always_breaks_ends_the_run_with_its_reason(command, tmp_path):
    settings = {**SMALL, "env_id": "sample_envs:Breaks-v0", "num_actors": 2}
    path = __file__.rsplit("/", 2)[0]
    result = command("launch", "--headless", "--run-dir", "run", *assignments(**settings), PYTHONPATH=path)
    assert result.returncode == 69
    assert "the sample environment broke" in result.stderr
    assert "Traceback" not in result.stderr
    incident = json.loads(next((tmp_path / "run" / "incidents").iterdir()).read_text())
    broken = [
        actor
        for actor in (0, 1)  # either may be the first, and the other may be ended before it breaks
        if "ended by an exception" in logged(RunDirectory(tmp_path / "run"), f"actor-{actor}", logging.CRITICAL)
    ]
    assert broken
    for actor in broken:
        log = (tmp_path / f"run/logs/actor-{actor}.log").read_text()
        assert "    Traceback (most recent call last):" in log and "the sample environment broke" in log
    assert incident["env_id"] == "sample_envs:Breaks-v0" and incident["seed"] >= 0
    assert 1 <= len(incident["actions"]) <= 7 and set(map(len, incident["actions"])) == {1}


def test_a_dead_learner_is_started_again_with_the_newest_snapshot(long_run):
    run, process = long_run
    pid, before = run.read_run().learner, len(updates(run))
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: run.read_run().learner != pid, 30, "no other learner")
    wait_until(lambda: len(updates(run)) > before + 5, 30, "the run stood still")
    assert events(run, "learner_died")[0]["message"].startswith("was killed by SIGKILL")
    assert updates(run) == list(range(1, len(updates(run)) + 1))
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 143
    assert run.read_run().exact_resume is not False


def test_a_killed_trainer_takes_everything_with_it_and_the_run_can_be_resumed(long_run, command):
    run, process = long_run
    assert command("snapshot", "run").returncode == 0
    process.kill()
    process.wait(PATIENCE_S)
    wait_until(lambda: not processes_of(run.path.parent), 3, "children outlived the trainer")
    wait_until(lambda: run.state() == "killed", 10, "the run is not seen as killed")
    last = int(list_snapshots(run.snapshots)[-1].name) // (4 * 64)
    result = command("resume", "run", "--headless", "--json", "--total-timesteps", str((last + 1) * 4 * 64))
    assert result.returncode == 0, result.stderr
    assert updates(run) == list(range(1, last + 2))


def test_one_run_has_one_trainer(long_run, command):
    _, process = long_run
    result = command("resume", "run", "--headless")
    assert result.returncode == 75
    assert f"pid {process.pid}" in result.stderr
    assert process.poll() is None


def test_a_run_without_a_good_snapshot_cannot_be_resumed(long_run, command):
    run, process = long_run
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE_S)
    for snapshot in list_snapshots(run.snapshots):
        (snapshot / "model.safetensors").write_bytes(b"damaged")
    result = command("resume", "run", "--headless")
    assert result.returncode == 65
    assert "model.safetensors does not match its checksum" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_was_asked_of_a_trainer_that_is_gone_is_not_done_by_the_next(long_run, command):
    run, process = long_run
    assert command("snapshot", "run").returncode == 0
    process.kill()
    process.wait(PATIENCE_S)
    asked = send_request(run.control, "stop")
    refused = command("pause", "run")
    assert refused.returncode == 2 and "its state is killed" in refused.stderr
    last = int(list_snapshots(run.snapshots)[-1].name) // (4 * 64)
    result = command("resume", "run", "--headless", "--total-timesteps", str((last + 2) * 4 * 64))
    assert result.returncode == 0, result.stderr
    assert updates(run)[-1] == last + 2
    (answer,) = [event for event in events(run, "acknowledged") if event["request"] == asked]
    assert answer["result"] == "refused"
    assert run.read_run().total_timesteps == (last + 2) * 4 * 64


@WITH_ACTORS_HERE
def test_the_processes_of_a_run_are_found(long_run):
    run, _ = long_run
    assert len(processes_of(run.path.parent)) == 3
