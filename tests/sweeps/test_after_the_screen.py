"""What the command says in the shell after its screen was left, and with which exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import typer

from gwt_ib.clock import utc_now
from gwt_ib.runs.create import create_run
from gwt_ib.sweeps.definition import Definition, parse_definition
from gwt_ib.sweeps.directory import SweepDirectory, lock_sweep, make_directory
from gwt_ib_tui.application import sweep_app
from gwt_ib_tui.commands import sweep as command


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepDirectory:
    found = SweepDirectory(tmp_path / "mine")
    make_directory(found)
    found.write_definition(parse_definition("[grid]\nseed = [1, 2]", "f.toml"))
    monkeypatch.setattr(sweep_app, "run_sweep_dashboard", lambda sweep: "detached")
    monkeypatch.setattr(command.sys, "argv", ["gwt-ib-tui", "sweep", "my file.toml"])
    return found


def left(sweep: SweepDirectory, definition: Definition | None = None) -> int:
    """The exit code."""
    try:
        command.show(sweep, definition or sweep.read_definition())
    except typer.Exit as end:
        return end.exit_code
    return 0


def ends(sweep: SweepDirectory, *states: str) -> None:
    for member, state in zip(sweep.read_definition().members, states, strict=True):
        run = create_run(member.config, sweep.member_path(member), ["test"])
        run.write_run(replace(run.read_run(), state=state, started=utc_now()))  # type: ignore[arg-type]


def test_a_sweep_that_goes_on_says_how_to_come_back(sweep: SweepDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    with lock_sweep(sweep):
        assert left(sweep) == 0
    assert "Come back with: gwt-ib-tui sweep 'my file.toml'" in capsys.readouterr().out


def test_one_that_was_stopped_says_how_to_go_on(sweep: SweepDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    ends(sweep, "finished", "stopped")
    assert left(sweep) == 0
    told = capsys.readouterr()
    assert "1 of 2 finished" in told.out and "Go on with: gwt-ib-tui sweep" in told.err


def test_one_with_failed_runs_ends_as_without_a_screen(
    sweep: SweepDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    ends(sweep, "finished", "failed")
    assert left(sweep) == 69
    assert "1 run(s) failed: --retry-failed tries them again." in capsys.readouterr().err


def test_one_that_is_done_says_no_more_than_that(sweep: SweepDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    ends(sweep, "finished", "finished")
    assert left(sweep) == 0
    assert capsys.readouterr().err == ""


def test_a_file_that_has_changed_meanwhile_is_said_not_to_count(
    sweep: SweepDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    with lock_sweep(sweep):
        left(sweep, parse_definition("[grid]\nseed = [1, 2, 3]", "f.toml"))
    assert "goes on with the definition that it was started with" in capsys.readouterr().err
