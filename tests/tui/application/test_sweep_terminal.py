"""The list of a sweep from its directory: in a real terminal (a pty) into a run and back, and as a picture."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from recorded_run import RecordedRun
from support import wait_until

from gwt_ib.durable import write_json
from gwt_ib.runs.control import take_requests
from gwt_ib.sweeps.directory import SweepDirectory, lock_sweep, make_directory
from gwt_ib_tui.application.sweep_app import source_of
from gwt_ib_tui.commands.run import picture as picture_of

FILE = """
[base]
total_timesteps = 100_000
[grid]
env_id = ["popgym-CountRecallEasy-v0"]
seed = [1, 2, 3]
"""
SHOW = "from gwt_ib.sweeps.directory import SweepDirectory; from pathlib import Path; "
SHOW += "from gwt_ib_tui.application.sweep_app import run_sweep_dashboard; "
SHOW += "print('left:', run_sweep_dashboard(SweepDirectory(Path('a-sweep'))))"


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepDirectory:
    """Of three runs the first has failed, the second is trained, the third waits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    sweep = SweepDirectory(Path("a-sweep"))
    make_directory(sweep)
    sweep.definition.write_text(FILE)
    failed, running, _ = sweep.read_definition().members
    for member in (failed, running):
        run = RecordedRun(sweep.member_path(member), **member.config.model_dump())
        run.beat(started=1.0)
        run.learn(6)
        if member is failed:
            run.finish("failed", "The glass broke.")
    return sweep


@pytest.fixture
def terminal(sweep: SweepDirectory) -> Iterator[Terminal]:
    opened = Terminal(sys.executable, "-c", SHOW)
    yield opened
    opened.close()


def test_from_the_list_into_a_run_and_back_to_its_line(sweep: SweepDirectory, terminal: Terminal) -> None:
    def at(seed: str) -> bool:
        return any(line.startswith(" ›") and f" {seed} " in line for line in terminal.screen.display)

    terminal.wait_to_see("sweep a-sweep")
    wait_until(lambda: terminal.read(0.05) and at("s1"), 10, "no run is chosen")
    terminal.wait_to_see("The glass broke.")
    os.write(terminal.fd, b"j")
    wait_until(lambda: terminal.read(0.05) and at("s2"), 10, "the second run is not chosen")
    os.write(terminal.fd, b"\r")
    terminal.wait_to_see("td_std")
    os.write(terminal.fd, b"q")
    terminal.wait_to_see("Leave the dashboard?")
    os.write(terminal.fd, b"d")
    terminal.wait_to_see("sweep a-sweep")
    wait_until(lambda: terminal.read(0.05) and at("s2"), 10, "the choice is not there any more")
    os.write(terminal.fd, b"q")
    terminal.wait_for(b"left: ended")
    assert terminal.wait() == 0
    assert terminal.left_on() == [] and b"Traceback" not in terminal.output


def test_who_works_on_a_sweep_is_known_without_holding_its_lock(sweep: SweepDirectory) -> None:
    source = source_of(sweep)
    assert source.name == "a-sweep" and not source.working()
    sweep.write_holder(2, "this machine")
    with lock_sweep(sweep):
        assert source.working()
    write_json(sweep.holder, {"pid": 2**30, "host": os.uname().nodename, "started": 1.0})
    assert not source.working()
    source.ask_to_stop()
    assert [request.kind for request in take_requests(sweep.control)[0]] == ["stop"]
    assert [member.status for member in source.read().members] == ["failed", "running", "waiting"]


def test_a_picture_of_a_sweep_loads_nothing(sweep: SweepDirectory, tmp_path: Path) -> None:
    picture_of(str(sweep.path), tmp_path / "sweep.svg", 100, 20)
    picture = (tmp_path / "sweep.svg").read_text().replace("&#160;", " ")
    assert "sweep a-sweep" in picture and "The glass broke." in picture and "@font-face" not in picture
