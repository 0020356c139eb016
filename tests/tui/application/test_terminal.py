"""The dashboard in a real terminal (a pty, with pyte as its screen): what it leaves behind when it is asked to end."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from recorded_run import RecordedRun

CODE = """
import sys
from pathlib import Path
from gwt_ib.runs.directory import RunDirectory
from gwt_ib_tui.application.run_dashboard import run_dashboard
result = run_dashboard(RunDirectory(Path(sys.argv[1])), interval=0.05)
print("left:", result, flush=True)
"""


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    run = RecordedRun(tmp_path / "a-run")
    run.learn(12)
    return run


@pytest.fixture
def terminal(recorded: RecordedRun) -> Iterator[Terminal]:
    found = Terminal(sys.executable, "-c", CODE, str(recorded.directory.path))
    yield found
    found.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_a_clean_terminal(terminal: Terminal, number: signal.Signals) -> None:
    terminal.wait_for(b"td_std")
    assert "alternate screen" in terminal.left_on()
    os.kill(terminal.pid, number)
    terminal.wait_for(b"left: signal")
    terminal.drain()
    assert terminal.wait() == 0
    assert terminal.left_on() == []
    assert b"Traceback" not in terminal.output


def test_a_closed_terminal_is_a_detach(terminal: Terminal, recorded: RecordedRun) -> None:
    terminal.wait_for(b"td_std")
    os.close(terminal.fd)
    assert terminal.wait() is not None
    assert not any(recorded.directory.control.iterdir())


def test_keys_work_after_50_new_sizes_in_two_seconds(terminal: Terminal) -> None:
    terminal.wait_for(b"td_std")
    terminal.wait_for(b"Quit")
    assert "RUNNING" in terminal.screen.display[0]
    numbers = random.Random(3)
    sizes = [(1, 1), (200, 60), (59, 20), (2, 50), (1, 40), (300, 1)]
    sizes += [(numbers.randint(1, 220), numbers.randint(1, 70)) for _ in range(43)] + [(80, 24)]
    assert len(sizes) == 50
    for size in sizes:  # in about two seconds; the kernel sends SIGWINCH each time
        terminal.resize(*size)
        assert terminal.read(0.04), "it has ended"
    terminal.output = b""
    os.write(terminal.fd, b"q")
    terminal.wait_for(b"Leave the dashboard?")
    os.write(terminal.fd, b"\r")
    terminal.wait_for(b"left: detached")
    terminal.drain()
    assert terminal.wait() == 0
    assert terminal.left_on() == []
    assert b"Traceback" not in terminal.output


def test_what_was_changed_is_there_the_next_time_and_a_broken_file_stops_nothing(
    recorded: RecordedRun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    layout = tmp_path / "state" / "gwt-ib" / "layout.json"

    def looked(*keys: bytes, until: str) -> None:
        terminal = Terminal(sys.executable, "-c", CODE, str(recorded.directory.path))
        try:
            terminal.wait_for(b"td_std")
            for key in keys:
                os.write(terminal.fd, key)
            terminal.wait_to_see(until)
            os.write(terminal.fd, b"q\r")
            terminal.wait_for(b"left: detached")
            assert terminal.wait() == 0
        finally:
            terminal.close()

    looked(b"l", until="y log")
    assert json.loads(layout.read_text())["log_y"] is True
    looked(until="y log")
    layout.write_text("{")
    looked(b"x", until="x updates")
    kept = json.loads(layout.read_text())
    assert kept["x_axis"] == "update" and kept["log_y"] is True, (
        "this run has a layout of its own beside the broken file"
    )
