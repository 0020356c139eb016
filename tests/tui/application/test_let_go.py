"""A real run under the dashboard: let go of it in every way, come back, and end it from there."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults_support import measured
from pseudo_terminal import Terminal
from support import PATIENCE_S, SMALL, assignments, events, wait_until

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.snapshot import problem_of
from gwt_ib.runs.snapshot_store import list_snapshots

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("nothing_left")]
SLACK_S = 20.0  # of a machine that does other things too: what is measured is printed at the end of the tests
LONG = {**SMALL, "num_actors": 2, "total_timesteps": 2_000_000_000, "eval_every": 0}


@pytest.fixture
def dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Terminal]]:
    """Runs `gwt-ib-tui ARGUMENTS…` in a terminal; a run that is still training at the end is killed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    opened: list[Terminal] = []

    def run(*arguments: str) -> Terminal:
        opened.append(Terminal(sys.executable, "-m", "gwt_ib_tui", *arguments))
        return opened[-1]

    yield run
    for terminal in opened:
        terminal.close()
    run_directory = RunDirectory(tmp_path / "run")
    if run_directory.state() in ("starting", "running", "paused"):
        os.kill(run_directory.read_run().trainer, signal.SIGKILL)


def updates(run: RunDirectory) -> list[int]:
    return [row["update"] for row in read_records(run.metrics)]


def test_a_killed_dashboard_leaves_the_run_going_and_attach_shows_and_controls_it(
    dashboard: Callable[..., Terminal], tmp_path: Path
) -> None:
    first = dashboard("launch", "--run-dir", "run", *assignments(**LONG))
    run = RunDirectory(tmp_path / "run")
    first.wait_for(b"RUNNING")
    trainer = run.read_run().trainer
    os.kill(first.pid, signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    before = updates(run)
    wait_until(lambda: len(updates(run)) > len(before) + 20, 20, "the run stood still")
    seen = updates(run)
    assert seen == list(range(1, len(seen) + 1))
    assert run.state() == "running" and run.read_run().trainer == trainer

    second = dashboard("attach", "run")
    second.wait_for(b"RUNNING")
    os.write(second.fd, b" ")
    second.wait_for(b"PAUSED")
    assert run.read_run().state == "paused"
    os.write(second.fd, b"s")
    second.wait_for(b"snapshots/")
    assert problem_of(list_snapshots(run.snapshots)[-1]) == "" and len(events(run, "snapshot")) >= 1
    os.write(second.fd, b" ")
    wait_until(lambda: run.read_run().state == "running", 10, "the run did not go on")
    os.write(second.fd, b"q")
    second.wait_for(b"Leave the dashboard?")
    os.write(second.fd, b"s")
    second.wait_for(b"The run has stopped")
    second.drain()
    assert second.wait() == 0
    assert run.read_run().state == "stopped"
    assert second.left_on() == []


def test_closing_the_terminal_lets_go_of_the_run_without_a_gap(
    dashboard: Callable[..., Terminal], tmp_path: Path
) -> None:
    terminal = dashboard("launch", "--run-dir", "run", *assignments(**LONG))
    run = RunDirectory(tmp_path / "run")
    terminal.wait_for(b"RUNNING")
    os.close(terminal.fd)
    assert terminal.wait() == 0
    before = len(updates(run))
    wait_until(lambda: len(updates(run)) > before + 20, 20, "the run stood still")
    seen = updates(run)
    assert seen == list(range(1, len(seen) + 1))
    assert run.state() == "running"
    os.kill(run.read_run().trainer, signal.SIGTERM)
    wait_until(lambda: run.read_run().state == "stopped", 20, "the trainer did not end")


def test_a_read_only_dashboard_follows_the_same_run_and_cannot_control(
    dashboard: Callable[..., Terminal], tmp_path: Path
) -> None:
    first = dashboard("launch", "--run-dir", "run", *assignments(**LONG))
    run = RunDirectory(tmp_path / "run")
    first.wait_for(b"RUNNING")
    second = dashboard("attach", "run", "--read-only")
    second.wait_for(b"RUNNING")
    os.write(second.fd, b" set")
    second.wait_for(b"this dashboard is read-only")
    assert not any(run.control.iterdir())
    assert not events(run, "acknowledged"), "nothing was asked of it"
    assert run.read_run().state == "running"
    os.write(first.fd, b" ")
    for terminal in (first, second):
        terminal.wait_for(b"PAUSED")
    os.write(first.fd, b"e")
    first.wait_for(b"evaluation at update")
    paused = [event["kind"] for event in read_records(run.events)]
    assert paused.count("acknowledged") == 2, "the pause and the evaluation of the first one"
    os.write(second.fd, b"q")
    second.drain()
    assert second.wait() == 0
    os.write(first.fd, b"s")
    first.wait_for(b"clipboard")
    assert [path.name for path in run.reports.iterdir()] == [list_snapshots(run.snapshots)[-1].name]
    os.kill(run.read_run().trainer, signal.SIGTERM)
    wait_until(lambda: run.read_run().state == "stopped", 20, "the trainer did not end")


def test_a_silent_and_a_killed_trainer_are_told_apart_within_two_seconds(
    dashboard: Callable[..., Terminal], tmp_path: Path
) -> None:
    terminal = dashboard("launch", "--run-dir", "run", *assignments(**LONG))
    run = RunDirectory(tmp_path / "run")

    def seconds_until(state: str) -> float:
        began = time.monotonic()
        while state not in terminal.screen.display[0] and time.monotonic() - began < PATIENCE_S:
            terminal.read(0.02)
        return time.monotonic() - began

    assert seconds_until("RUNNING") < PATIENCE_S
    trainer = run.read_run().trainer
    for number, state in (
        (signal.SIGSTOP, "STALLED"),
        (signal.SIGCONT, "RUNNING"),
        (signal.SIGKILL, "KILLED"),
    ):
        os.kill(trainer, number)
        took = seconds_until(state)
        measured(f"the dashboard shows {state} after", f"{took:.1f} s, and should within 2 s")
        assert took < 2.0 + SLACK_S, f"{state} after {took:.2f} s"
    terminal.wait_for(b"takes it up again")


def test_leaving_by_q_lets_go_of_the_run_and_says_how_to_come_back(
    dashboard: Callable[..., Terminal], tmp_path: Path
) -> None:
    terminal = dashboard("launch", "--run-dir", "run", *assignments(**LONG))
    run = RunDirectory(tmp_path / "run")
    terminal.wait_for(b"RUNNING")
    os.write(terminal.fd, b"q")
    terminal.wait_for(b"Leave the dashboard?")
    os.write(terminal.fd, b"d")
    terminal.wait_for(b"gwt-ib-tui attach run")
    assert terminal.wait() == 0
    before = len(updates(run))
    wait_until(lambda: len(updates(run)) > before + 5, 20, "the run stood still")
    os.kill(run.read_run().trainer, signal.SIGTERM)
    wait_until(lambda: run.read_run().state == "stopped", 20, "the trainer did not end")
    assert run.read_run().exit_code == 143
