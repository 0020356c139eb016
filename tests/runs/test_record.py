"""run.json: what is written is what is read, and damage is as good as absence; and a run's state as others see it."""

import os
import subprocess
import sys
from dataclasses import replace

import psutil
from support import small_config

from gwt_ib.lenient import read_object
from gwt_ib.runs.create import create_run
from gwt_ib.runs.record import HEARTBEAT_S, SILENT_S, ActorRecord, Pulse, RunRecord, is_trainer_alive, lifecycle

ACTOR = ActorRecord(1, 42, True, 512, 9000.5, 7, 1, 2)
FIRST_KEYS = {
    *("format", "run", "state", "env_id", "seed", "total_timesteps", "command", "host", "git_commit", "versions"),
    *("created", "pids", "actors", "exact_resume", "exit_code", "trouble", "message", "origin"),
}


def test_a_record_is_read_as_it_was_written(tmp_path):
    run = create_run(small_config(), tmp_path / "run", ["gwt-ib-tui", "launch"])
    assert set(read_object(run.run)) == FIRST_KEYS and read_object(run.run)["pids"] == {}
    record = replace(run.read_run(), state="running", started=1.5, heartbeat=2.5, trainer=7, learner=8, actors=(ACTOR,))
    run.write_run(record, durable=False)
    assert run.read_run() == record
    assert set(read_object(run.run)) == FIRST_KEYS | {"started", "heartbeat"}
    assert read_object(run.run)["actors"][0] == {
        "actor": 1, "pid": 42, "alive": True, "env_steps": 512, "steps_per_s": 9000.5,
        "policy_version": 7, "policy_lag": 1, "restarts": 2,
    }  # fmt: skip


def test_damage_is_as_good_as_absence():
    keys = FIRST_KEYS | {"started", "heartbeat", "ended"}
    for value in (None, [1, None], {"trainer": "x", "learner": [], "torch": 3}, True, "", -1e999, [{"actor": "x"}]):
        record = RunRecord.from_dict(dict.fromkeys(keys, value), "name")
        assert (record.name, record.state, record.trainer, record.seed) == ("name", "unknown", None, None)
        assert RunRecord.from_dict(record.as_dict(), "") == record
    assert RunRecord.from_dict({"actors": [{}, 7, {"alive": 1}]}, "").actors[1] == replace(
        RunRecord.from_dict({"actors": [{}]}, "").actors[0], number=1
    )


def test_the_last_sign_of_life_and_the_share_that_is_done():
    record = RunRecord("name", created=1.0, total_timesteps=100)
    assert record.last_sign == 1.0 and replace(record, heartbeat=3.0).last_sign == 3.0
    assert [record.share_done(steps) for steps in (None, -1.0, 25.0, 400.0)] == [None, 0.0, 0.25, 1.0]
    assert replace(record, total_timesteps=0).share_done(5.0) is None


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
