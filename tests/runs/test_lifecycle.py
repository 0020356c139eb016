"""A run's state as others see it."""

import os
import subprocess
import sys

import psutil

from gwt_ib.runs.lifecycle import HEARTBEAT_S, SILENT_S, Pulse, is_trainer_alive, lifecycle


def test_a_fresh_heartbeat_is_trusted_and_an_old_one_is_looked_into():
    assert lifecycle("paused", 100.0, 104.0, trainer_alive=True) == "paused"
    assert lifecycle("paused", 100.0, 104.0, trainer_alive=None) == "paused"
    assert lifecycle("paused", 100.0, 104.0, trainer_alive=False) == "killed"
    assert lifecycle("paused", 100.0, 106.0, trainer_alive=False) == "killed"
    assert lifecycle("running", 100.0, 106.0, trainer_alive=True) == "stalled"
    assert lifecycle("starting", 100.0, 106.0, trainer_alive=None) == "stalled"
    assert lifecycle("finished", 100.0, 1e9, trainer_alive=False) == "finished"


def test_who_keeps_looking_is_told_of_silence_earlier_but_not_about_another_host():
    assert lifecycle("running", 100.0, 101.1, True, SILENT_S) == "running"
    assert lifecycle("running", 100.0, 101.3, True, SILENT_S) == "stalled"
    assert lifecycle("running", 100.0, 104.0, None, SILENT_S) == "running"
    assert lifecycle("running", 100.0, 105.1, None, SILENT_S) == "stalled"
    assert HEARTBEAT_S * 2 < SILENT_S, "one late beat is no silence"


def test_a_process_number_that_was_given_again_is_not_the_trainer():
    host, pid, born = os.uname().nodename, os.getpid(), psutil.Process().create_time()
    assert is_trainer_alive(host, pid, born + 60) is True
    assert is_trainer_alive(host, pid, born - 60) is False
    assert is_trainer_alive("elsewhere", pid, born) is None
    assert is_trainer_alive(host, None, born) is None


def test_a_process_that_has_ended_is_gone_even_before_its_parent_has_noticed():
    process = subprocess.Popen([sys.executable, "-c", ""])
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert is_trainer_alive(os.uname().nodename, process.pid, None) is False
    process.wait()
    assert is_trainer_alive(os.uname().nodename, process.pid, None) is False


def test_who_keeps_looking_measures_silence_by_its_own_clock():
    seconds = [0.0]
    pulse = Pulse(clock=lambda: seconds[0])
    assert pulse.last_sign(94.0, 100.0) == 94.0, "of one heartbeat only its time stamp is known"
    for beat in range(1, 20):
        seconds[0] += 0.4
        assert pulse.last_sign(94.0 + 0.4 * beat, 100.0 + 0.4 * beat) == 100.0 + 0.4 * beat
    seconds[0] += 2.0
    assert pulse.last_sign(94.0 + 0.4 * 19, 200.0) == 198.0, "silent since then, wherever the clocks have jumped"
    assert pulse.last_sign(50.0, 200.0) == 50.0, "another clock: to begin with, its time stamp"
