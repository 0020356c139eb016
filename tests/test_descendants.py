"""Everything that a marked process started is found and ended, in whatever session it is."""

import os
import subprocess
import sys

import psutil
import pytest
from support import wait_until

from gwt_ib import descendants

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")

STARTS = """
import os, subprocess, sys, time
subprocess.Popen(["sleep", "600"], start_new_session=True)      # a daemon with a session of its own
if os.fork() == 0:                                              # and one that was only forked
    os.setsid()
    time.sleep(600)
print("started", flush=True)
time.sleep(600)
"""


def start(mark: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS], stdout=subprocess.PIPE, text=True,
        env={**os.environ, descendants.VARIABLE: mark},
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "started\n"
    return process


def test_whatever_a_process_started_is_found_by_its_mark_and_ended_and_nothing_else():
    ours, other = start("run-a/1"), start("run-b/1")
    try:
        wait_until(lambda: len(descendants.marked("run-a/")) == 3, 10, "three processes")
        assert descendants.marked("run-a/1") == descendants.marked("run-a/")
        assert descendants.end_marked("run-a/2") == 0
        assert descendants.end_marked("run-a/") == 3
        ours.wait(10)
        assert descendants.marked("run-a/") == []
        assert len(descendants.marked("run-b/")) == 3 and other.poll() is None
    finally:
        descendants.end_marked("run-")
        ours.wait(10)
        other.wait(10)


def test_the_guard_ends_what_is_left_once_the_trainer_is_gone():
    theirs, ours = os.pipe()
    process = start("run-c/1")
    guard = subprocess.Popen(
        [sys.executable, "-S", "-E", descendants.__file__, str(theirs), "run-c"], pass_fds=[theirs]
    )
    os.close(theirs)
    try:
        wait_until(lambda: psutil.Process(guard.pid).status() == psutil.STATUS_SLEEPING, 10, "the guard waits")
        assert process.poll() is None
        os.close(ours)  # as when the trainer is killed
        assert guard.wait(10) == 0
        assert process.wait(10) != 0 and descendants.marked("run-c/") == []
    finally:
        descendants.end_marked("run-c/")
        process.wait(10)
