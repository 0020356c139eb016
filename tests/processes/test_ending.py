"""How a child process is ended, and that its parent is not silent meanwhile."""

import signal
import subprocess
import sys
import time

from gwt_ib.processes.children import Child
from gwt_ib.runs.record import HEARTBEAT_S

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


def test_a_child_that_does_not_end_is_killed_and_the_heartbeats_went_on(tmp_path):
    child = Child(subprocess.Popen([sys.executable, "-c", DEAF], start_new_session=True), tmp_path / "log", "no/mark")
    beats = []
    began = time.monotonic()
    child.end(3.4 * HEARTBEAT_S, lambda: beats.append(time.monotonic()))
    assert 3.3 * HEARTBEAT_S < time.monotonic() - began < 40 * HEARTBEAT_S
    assert len(beats) >= 3
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_ends_by_itself_is_not_waited_for_any_longer(tmp_path):
    child = Child(subprocess.Popen([sys.executable, "-c", ""], start_new_session=True), tmp_path / "log", "no/mark")
    began = time.monotonic()
    child.end(30.0)
    assert time.monotonic() - began < 25 and child.process.returncode == 0
