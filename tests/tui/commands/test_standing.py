"""What the shell is told after the dashboard, for each way in which a run can stand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from recorded_run import RecordedRun

from gwt_ib.clock import utc_now
from gwt_ib_tui.commands.standing import closing, next_step, summarise


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run", eval_every=5)
    run.learn(31)
    return run


def test_a_run_that_was_killed_is_named_for_resume_and_ends_with_69(recorded: RecordedRun) -> None:
    recorded.save_snapshot()
    recorded.beat(heartbeat=1.0)
    for required in (None, "training"):
        told = closing(recorded.directory, require_gatecheck=required)
        assert told.code == 69
        assert told.errors[0].startswith("The run was killed")
        assert told.errors[1] == f"Go on with: gwt-ib-tui resume {recorded.directory.path}"
        assert not any("goes on" in line for line in told.lines)


def test_a_silent_run_is_called_silent(recorded: RecordedRun) -> None:
    recorded.beat(pids={"trainer": 1}, heartbeat=utc_now() - 8)
    told = closing(recorded.directory)
    assert (told.code, told.lines) == (0, ())
    assert told.errors[0].startswith("The run is silent") and "attach" in told.errors[0]


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_record_is_said_and_ends_with_65(recorded: RecordedRun, content: str) -> None:
    recorded.directory.run.write_text(content)
    told = closing(recorded.directory)
    assert told.code == 65 and "missing or damaged" in told.errors[0]


def test_a_finished_run_tells_verdict_and_newest_returns_in_one_line(recorded: RecordedRun) -> None:
    recorded.finish()
    told = closing(recorded.directory, require_gatecheck="training")
    assert told.code == 0 and told.errors == ()
    assert told.lines[0] == f"The run has finished: {recorded.directory.path}"
    assert told.lines[1].startswith("training PASS  gate WAIT  ep100 -0.")
    assert "eval return -0." in told.lines[1]


def test_a_failed_run_keeps_its_code_and_its_reason(recorded: RecordedRun) -> None:
    recorded.finish("failed", "the disk is full")
    told = closing(recorded.directory, require_gatecheck="training")
    assert (told.code, told.errors) == (70, ("the disk is full", "It has no snapshot to go on from."))


def failed(recorded: RecordedRun, code: int) -> str:
    recorded.finish("failed", "why")
    recorded.beat(exit_code=code)
    return next_step(recorded.directory)


def test_a_run_that_failed_is_taken_up_again_from_its_snapshot(recorded: RecordedRun) -> None:
    recorded.save_snapshot()
    assert failed(recorded, 70) == f"Go on with: gwt-ib-tui resume {recorded.directory.path}"


def test_a_run_that_failed_by_its_environment_is_told_how_to_see_that_again(recorded: RecordedRun) -> None:
    recorded.save_snapshot()
    for number, name in enumerate(("actor-0-episode-1-2.json", "actor-0-episode-1-3.json", "learner-update-7.json")):
        (recorded.directory.incidents / name).write_text("{}")
        os.utime(recorded.directory.incidents / name, (number, number))
    newest = recorded.directory.incidents / "actor-0-episode-1-3.json"
    assert failed(recorded, 69).startswith(
        f"See the environment fail again with: gwt-ib-tui incident {newest} Go on with"
    )
    assert "incident" not in failed(recorded, 70)


def test_damaged_data_is_a_matter_for_verify(recorded: RecordedRun) -> None:
    recorded.save_snapshot()
    assert failed(recorded, 65) == f"See what is damaged with: gwt-ib-tui verify {recorded.directory.path}"
    recorded.directory.run.write_text("{")
    assert "gwt-ib-tui verify" in next_step(recorded.directory)


def test_a_run_that_is_well_needs_no_next_step_and_one_that_a_signal_ended_can_go_on(recorded: RecordedRun) -> None:
    recorded.save_snapshot()
    recorded.finish()
    assert next_step(recorded.directory) == ""
    recorded.finish("stopped")
    assert next_step(recorded.directory) == ""
    recorded.beat(exit_code=143)
    assert "resume" in next_step(recorded.directory)


@pytest.mark.parametrize("arguments", [["status"], ["check"], ["compare"]], ids=" ".join)
def test_every_command_that_looks_at_a_failed_run_says_the_next_step(
    arguments: list[str], recorded: RecordedRun, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    recorded.save_snapshot()
    step = failed(recorded, 70)
    shown = command(*arguments, str(recorded.directory.path))
    assert step in shown.stdout + shown.stderr


def test_the_list_of_runs_says_the_next_step_of_those_that_failed(
    tmp_path: Path, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    run = RecordedRun(tmp_path / "runs" / "a run")
    run.learn(3)
    run.save_snapshot()
    run.finish("failed", "the disk is full")
    assert "a run: the disk is full Go on with: gwt-ib-tui resume 'runs/a run'" in command("runs", "--list").stderr
    (listed,) = json.loads(command("runs", "--json").stdout)
    assert listed["next_step"] == "Go on with: gwt-ib-tui resume 'runs/a run'"


def test_what_does_not_work_is_said_of_a_run_that_goes_on(recorded: RecordedRun) -> None:
    recorded.beat(trouble="No snapshot can be written: No space left on device.", heartbeat=utc_now())
    told = closing(recorded.directory)
    assert told.errors == ("No snapshot can be written: No space left on device.",) and told.code == 0
    assert summarise(recorded.directory)["message"] == told.errors[0]


@pytest.mark.parametrize("ended", [True, False])
def test_a_gatecheck_that_is_required_counts_however_the_run_stands(recorded: RecordedRun, ended: bool) -> None:
    if ended:
        recorded.finish()
    recorded.report("fail")
    assert closing(recorded.directory).code == 0
    assert closing(recorded.directory, require_gatecheck="training").code == 3
    recorded.report("pass")
    assert closing(recorded.directory, require_gatecheck="training").code == 0


def test_the_shell_hears_it_after_attach(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    recorded.save_snapshot()
    recorded.beat(heartbeat=1.0)
    terminal = Terminal(sys.executable, "-m", "gwt_ib_tui", "attach", str(recorded.directory.path))
    try:
        terminal.wait_to_see("KILLED")
        os.write(terminal.fd, b"q")
        terminal.wait_for(b"gwt-ib-tui resume")
        assert terminal.wait() == 69
        assert b"The run goes on" not in terminal.output
    finally:
        terminal.close()
