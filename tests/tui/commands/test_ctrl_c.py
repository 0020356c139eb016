"""Ctrl-C at any moment of `launch`: exit 130, no traceback, and nothing half made or unseen is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pseudo_terminal import Terminal
from support import SMALL, assignments, processes_of, wait_until

from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.record import ENDED

pytestmark = [pytest.mark.processes, pytest.mark.side_by_side, pytest.mark.usefixtures("nothing_left")]

SETTINGS = assignments(**{**SMALL, "total_timesteps": 10**9, "eval_every": 0})
DELAYS_S = [0.1, 0.4, 0.7, 1.0, 1.4, 2.0]


def is_tidy(run: RunDirectory) -> bool:
    """There is no run, or one that has ended in order."""
    return not run.path.exists() or run.state() in ENDED


@pytest.mark.parametrize(
    ("number", "after_s"),
    [(signal.SIGINT, delay) for delay in DELAYS_S] + [(signal.SIGTERM, delay) for delay in (0.4, 1.0)],
)
def test_a_headless_launch_ends_in_order_at_any_moment(number: signal.Signals, after_s: float, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gwt_ib_tui", "launch", "--headless", "--run-dir", "run", *SETTINGS],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with contextlib.suppress(subprocess.TimeoutExpired):  # the moment is what is varied
        process.wait(after_s)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    run = RunDirectory(tmp_path / "run")
    # On a busy machine Python may not have come to our first line by then: it ends by the signal itself, in its own words.
    early = process.returncode in (-number, 1) and "gwt_ib_tui" not in err and not run.path.exists()
    assert process.returncode == 128 + number or early, err
    assert "Traceback" not in err or early
    assert is_tidy(run)


def test_a_job_in_the_background_of_a_script_obeys_an_int_from_its_first_moment_on(tmp_path: Path) -> None:
    launch = f"{sys.executable} -m gwt_ib_tui launch --headless --run-dir run {' '.join(SETTINGS)}"
    process = subprocess.Popen(
        ["sh", "-c", f"trap '' INT; exec {launch}"],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for _ in range(60):  # the first ones may come before our first line, and are ignored there
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1.0)
            break
        process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) and process.returncode == 130


@pytest.mark.parametrize("after_s", DELAYS_S[1:])
def test_a_launch_with_a_dashboard_leaves_no_trainer_that_nobody_sees(
    after_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    run = RunDirectory(tmp_path / "run")
    terminal = Terminal(sys.executable, "-m", "gwt_ib_tui", "launch", "--run-dir", str(run.path), *SETTINGS)
    try:
        deadline = time.monotonic() + after_s
        while time.monotonic() < deadline:
            terminal.read(0.05)
        os.write(terminal.fd, b"\x03")  # a key of the dashboard's, once it is there: then it asks how to leave
        wait_until(lambda: terminal.read(0.1) is False or b"Leave the dashboard?" in terminal.output, 30, "no answer")
        if b"Leave the dashboard?" in terminal.output:
            os.write(terminal.fd, b"s")
        terminal.drain()
        assert b"Traceback" not in terminal.output, terminal.output[-2000:]
        wait_until(lambda: is_tidy(run) and not processes_of(tmp_path), 30, f"not tidy: {terminal.output[-500:]!r}")
    finally:
        terminal.close()
        for process in processes_of(tmp_path):
            process.kill()
