"""What the shell is told after the dashboard, for each way in which a run can stand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from recorded_run import RecordedRun

from gwt_ib.clock import utc_now
from gwt_ib_tui.commands.standing import closing


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run", eval_every=5)
    run.learn(31)
    return run


def test_a_run_that_was_killed_is_named_for_resume_and_ends_with_69(recorded: RecordedRun) -> None:
    recorded.beat(heartbeat=1.0)
    for required in (False, True):
        told = closing(recorded.directory, require_gatecheck=required)
        assert told.code == 69
        assert told.errors[0].startswith("The run was killed")
        assert told.errors[0].endswith(f"gwt-ib-tui resume {recorded.directory.path}")
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
    told = closing(recorded.directory, require_gatecheck=True)
    assert told.code == 0 and told.errors == ()
    assert told.lines[0] == f"The run has finished: {recorded.directory.path}"
    assert told.lines[1].startswith("GateCheck PASS  ep100 -0.")
    assert "eval return -0." in told.lines[1]


def test_a_failed_run_keeps_its_code_and_its_reason(recorded: RecordedRun) -> None:
    recorded.finish("failed", "the disk is full")
    told = closing(recorded.directory, require_gatecheck=True)
    assert (told.code, told.errors) == (70, ("the disk is full",))


@pytest.mark.parametrize("ended", [True, False])
def test_a_gatecheck_that_is_required_counts_however_the_run_stands(recorded: RecordedRun, ended: bool) -> None:
    if ended:
        recorded.finish()
    recorded.report("fail")
    assert closing(recorded.directory).code == 0
    assert closing(recorded.directory, require_gatecheck=True).code == 3
    recorded.report("pass")
    assert closing(recorded.directory, require_gatecheck=True).code == 0


def test_the_shell_hears_it_after_attach(recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
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
