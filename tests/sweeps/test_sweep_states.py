"""How the runs of a sweep stand, read from directories that were made up."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gwt_ib.clock import utc_now
from gwt_ib.results.final_evaluation import FinalEvaluation
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.record import RunRecord
from gwt_ib.sweeps.definition import parse_definition
from gwt_ib.sweeps.directory import SweepDirectory, make_directory
from gwt_ib.sweeps.states import MemberState, SweepReader, read_states, time_left

TEXT = '[base]\ntotal_timesteps = 8192\n[grid]\nseed = [1, 2]\nenv_id = ["popgym-CountRecallEasy-v0", "b-v0"]'
NOBODY = 2**22 + 1  # no process has this number


@pytest.fixture
def sweep(tmp_path: Path) -> SweepDirectory:
    found = SweepDirectory(tmp_path / "sweep")
    make_directory(found)
    found.write_definition(parse_definition(TEXT, "f.toml"))
    return found


def make(sweep: SweepDirectory, place: int = 0, **fields: Any) -> RunDirectory:
    member = sweep.read_definition().members[place]
    run = create_run(member.config, sweep.member_path(member), ["test"])
    if fields:
        now = utc_now()
        run.write_run(replace(run.read_run(), **{"started": now, "heartbeat": now, **fields}))
    return run


def row(run: RunDirectory, **values: Any) -> None:
    with run.metrics.open("a") as file:
        file.write(json.dumps(values) + "\n")


def first(sweep: SweepDirectory) -> MemberState:
    return read_states(sweep).members[0]


def test_a_run_without_a_directory_or_with_one_that_was_never_trained_waits(sweep: SweepDirectory) -> None:
    assert first(sweep) == MemberState(
        sweep.read_definition().members[0], sweep.runs / first(sweep).member.name, total_steps=8192
    )
    make(sweep)
    assert first(sweep).status == "waiting"


def test_a_half_made_directory_waits(sweep: SweepDirectory) -> None:
    path = sweep.member_path(sweep.read_definition().members[0])
    (path / "snapshots").mkdir(parents=True)
    (path / "run.lock").touch()
    assert first(sweep).status == "waiting"


@pytest.mark.parametrize(
    ("fields", "status", "state"),
    [
        ({"state": "running", "trainer": os.getpid()}, "running", "running"),
        ({"state": "paused", "trainer": os.getpid()}, "running", "paused"),
        ({"state": "running", "trainer": NOBODY}, "unfinished", "killed"),
        ({"state": "running", "trainer": None, "heartbeat": 1.0, "started": 1.0}, "unfinished", "stalled"),
        ({"state": "running", "trainer": 1, "host": "elsewhere", "heartbeat": 1.0}, "unfinished", "stalled"),
        ({"state": "running", "trainer": 1, "host": "elsewhere"}, "running", "running"),
        ({"state": "stopped", "exit_code": 143}, "unfinished", "stopped"),
        ({"state": "finished", "exit_code": 0}, "finished", "finished"),
        ({"state": "failed", "exit_code": 70}, "failed", "failed"),
    ],
)
def test_the_status_follows_from_the_run_directory(
    sweep: SweepDirectory, fields: dict[str, Any], status: str, state: str
) -> None:
    make(sweep, **{"host": socket.gethostname(), **fields})
    assert (first(sweep).status, first(sweep).state) == (status, state)


def test_a_run_that_has_lost_its_run_json_but_has_metrics_is_unfinished(sweep: SweepDirectory) -> None:
    run = make(sweep, state="running", trainer=NOBODY)
    row(run, update=1, env_steps=4096)
    run.run.write_text("{")
    assert first(sweep).status == "unfinished"


def test_numbers_come_from_the_newest_rows_and_a_failure_says_why(sweep: SweepDirectory) -> None:
    run = make(sweep, state="failed", exit_code=70, message="The learner died.", host="here")
    row(run, update=1, env_steps=4096, ep100=0.5, eval_return=0.25, elapsed_s=2.0)
    row(run, update=2, env_steps=8192, ep100=0.75, eval_return=None, elapsed_s=4.0)
    with run.metrics.open("a") as file:
        file.write('{"update": 3, "env_st')
    run.gatecheck.write_text('{"verdict": "pass"}')
    found = first(sweep)
    assert (found.env_steps, found.episodic_return, found.eval_return) == (8192, 0.75, 0.25)
    assert (found.steps_per_s, found.verdict, found.cause) == (2048.0, "pass", "The learner died.")


def test_the_evaluation_of_a_finished_run_is_the_one_that_it_is_scored_by_as_soon_as_it_is_there(
    sweep: SweepDirectory,
) -> None:
    run, reader = make(sweep, state="finished"), SweepReader(sweep)
    row(run, update=1, env_steps=4096, eval_return=0.25)
    assert reader.read().members[0].eval_return == 0.25
    run.final_evaluation.write_text(json.dumps(FinalEvaluation("000000004096", "x", 4096, (0.75,), 0.75).as_dict()))
    assert reader.read().members[0].eval_return == 0.75
    run.final_evaluation.write_text(json.dumps(FinalEvaluation("000000002048", "x", 2048, (0.5,), 0.5).as_dict()))
    assert reader.read().members[0].eval_return == 0.25, "it is of an earlier end"


def test_damaged_files_cost_only_what_they_say(sweep: SweepDirectory) -> None:
    run = make(sweep, state="finished")
    run.metrics.write_bytes(b'\xff\xfe\n[1]\n"x"\n{"env_steps": "many", "ep100": true}\n')
    run.gatecheck.write_text("[]")
    found = first(sweep)
    assert (found.status, found.env_steps, found.episodic_return, found.verdict) == ("finished", 0, None, "")


def test_a_reader_reads_what_has_ended_again_only_when_it_has_changed(sweep: SweepDirectory) -> None:
    run = make(sweep, state="finished")
    row(run, env_steps=4096)
    reader = SweepReader(sweep)
    before = reader.read().members[0]
    assert reader.read().members[0] is before
    run.write_run(replace(run.read_run(), state="failed", message="no"))
    assert reader.read().members[0].status == "failed"


def test_counts_and_the_share_that_is_done_are_those_of_all_runs(sweep: SweepDirectory) -> None:
    row(make(sweep, 0, state="finished"), env_steps=8192, elapsed_s=2.0)
    row(make(sweep, 2, state="stopped"), env_steps=4096, elapsed_s=2.0)
    state = read_states(sweep)
    assert [state.count(each) for each in ("finished", "unfinished", "waiting")] == [1, 1, 2]  # type: ignore[arg-type]
    assert state.share_done == 12288 / (4 * 8192)
    assert state.left_s == pytest.approx((4096 + 2 * 8192) / 3072), "4096 and 2048 steps/s are 3072 in the mean"


def test_time_left_is_unknown_before_anything_was_trained_and_none_at_the_end(sweep: SweepDirectory) -> None:
    members = read_states(sweep).members
    assert time_left(members, 2) is None
    done = [replace(each, status="finished", steps_per_s=10.0) for each in members]
    assert time_left(done, 2) == 0.0
    one = [replace(done[0], status="unfinished"), *done[1:]]
    assert time_left(one, 4) == 819.2, "a run alone takes its own time, however many places there are"


def test_a_record_of_another_kind_of_run_never_raises(sweep: SweepDirectory) -> None:
    make(sweep).write_run(RunRecord("x", state="dancing"))
    assert first(sweep).status == "waiting"
