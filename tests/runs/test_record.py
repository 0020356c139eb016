"""run.json: what is written is what is read, and damage is as good as absence."""

from dataclasses import replace

from support import small_config

from gwt_ib.lenient import read_object
from gwt_ib.runs.directory import create_run
from gwt_ib.runs.record import ActorRecord, RunRecord

ACTOR = ActorRecord(1, 42, True, 512, 9000.5, 7, 1, 2)
FIRST_KEYS = {
    *("format", "run", "state", "env_id", "seed", "total_timesteps", "command", "host", "git_commit", "versions"),
    *("created", "pids", "actors", "exit_code", "message"),
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
