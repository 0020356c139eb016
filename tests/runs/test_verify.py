"""What `verify` says of a run's files and snapshots, and of what a resume would do; it changes nothing."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from snapshots import CONFIG, SPEC, fitting, made_up_run

from gwt_ib.clock import utc_now
from gwt_ib.processes.beginning import lock_run
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.snapshot import save_snapshot
from gwt_ib.runs.snapshot_store import set_aside_newer
from gwt_ib.runs.verify import verify

STEPS = CONFIG.steps_per_update
LONGER = {**CONFIG.model_dump(mode="json"), "total_timesteps": 10 * STEPS}


@pytest.fixture
def run(tmp_path):
    run = made_up_run(tmp_path / "run", updates=(1, 2, 3))
    run.config.write_text(json.dumps(LONGER))
    run.write_run(replace(run.read_run(), state="stopped"))
    return run


def name(update):
    return f"{update * STEPS:012d}"


def problems(report):
    files = {file.name: file.problem for file in report.files if file.problem}
    return files | {Path(each.path).name: each.problem for each in report.snapshots if each.problem}


def test_a_good_run_is_good(run):
    report = verify(run)
    assert problems(report) == {} and report.problems == 0 and report.state == "stopped"
    assert [(each.update, each.env_steps) for each in report.snapshots] == [(n, n * STEPS) for n in (1, 2, 3)]
    assert report.resume == f"`gwt-ib-tui resume {run.path}` would go on from update 3 with {run.snapshots}/{name(3)}."
    assert report.resumable and json.dumps(report.as_dict())
    rows = next(file for file in report.files if file.name == "metrics.jsonl")
    assert rows.words == "3 rows, the last of update 3"


def test_everything_that_is_not_good_is_named_and_nothing_is_changed(run):
    (run.snapshots / name(3) / "state.json").write_text("{}")
    with run.metrics.open("a") as file:
        file.write('garbage\n{"update": 9}\n{"upd')
    run.events.write_text("x\n")
    run.gatecheck.write_text("[")
    (run.snapshots / ".000000009999.tmp-1").mkdir()
    run.environment.unlink()
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in run.path.rglob("*"))
    report = verify(run)
    assert problems(report) == {
        name(3): "state.json does not match its checksum",
        "metrics.jsonl": "1 line that is damaged; the last line has no end",
        "events.jsonl": "1 line that is damaged",
        "gatecheck.json": "damaged; it is made anew",
        "environment.json": "missing or damaged; a resume makes it anew",
    }
    assert report.problems == 5
    assert report.resume.endswith(f"{name(2)}; 4 rows beyond it would be set aside.") and report.resumable
    assert report.leftovers == (str(run.snapshots / ".000000009999.tmp-1"),)
    assert sorted((str(path), path.lstat().st_mtime_ns) for path in run.path.rglob("*")) == before


def test_what_it_says_of_the_rows_is_what_a_resume_does(run):
    with run.metrics.open("a") as file:
        file.write('{"update": 4}\n{"update": 5}\n')
    assert "; 2 rows beyond it would be set aside." in verify(run).resume
    assert cut_back(run.metrics, 3, run.metrics_aside).cut == 2
    assert verify(run).aside == (str(run.metrics_aside),)


def test_holes_in_the_rows_are_a_problem(run):
    run.metrics.write_text('{"update": 2}\n')
    assert problems(verify(run)) == {"metrics.jsonl": "rows are missing before the snapshot: updates 1, 3"}
    run.metrics.unlink()
    assert problems(verify(run)) == {"metrics.jsonl": "rows are missing before the snapshot: updates 1 to 3"}


def test_what_was_set_aside_is_said(run):
    set_aside_newer(run.snapshots, STEPS)
    report = verify(run)
    assert [Path(path).name for path in report.aside] == [name(2), name(3)]
    assert "update 1 with" in report.resume


def test_a_snapshot_that_does_not_fit_is_not_gone_on_from(run):
    odd = fitting(4, episodes=[0, 0])
    save_snapshot(run.snapshots, odd, 4 * STEPS)
    report = verify(run)
    assert problems(report) == {name(4): "does not fit this run: it is of 2 environments, the run has 4"}
    assert "update 3 with" in report.resume


def test_without_a_good_snapshot_there_is_nothing_to_go_on_from(run):
    shutil.rmtree(run.snapshots)
    report = verify(run)
    assert (report.resume, report.resumable) == ("There is no good snapshot to go on from.", False)


def test_a_refusal_is_foretold(run):
    run.config.write_text(json.dumps({**LONGER, "hidden_size": 8}))
    report = verify(run)
    assert "would be refused: A resumed run cannot change hidden_size from 16 to 8" in report.resume
    run.config.write_text(json.dumps({**LONGER, "ent_coef": 1e38}))
    report = verify(run)
    assert "config.json" in problems(report) and "would be refused: ent_coef = 1e+38" in report.resume
    assert report.resumable
    run.config.write_text("{")
    assert verify(run).resume.startswith("`gwt-ib-tui resume") or "All 4 updates" in verify(run).resume


def test_a_run_that_trains_or_is_complete(run):
    run.write_run(replace(run.read_run(), state="running", trainer=os.getpid(), heartbeat=utc_now()))
    assert verify(run).resume.startswith("The run is training; after a failure it would go on from update 3 with ")
    run.write_run(replace(run.read_run(), state="finished"))
    run.config.write_text(json.dumps({**LONGER, "total_timesteps": 4 * STEPS}))
    save_snapshot(run.snapshots, fitting(4), 4 * STEPS)
    assert verify(run).resume.startswith("All 4 updates are made; with a larger --total-timesteps it would go on from")


@pytest.mark.timeout(20)
def test_whatever_lies_under_the_names_the_answer_comes_at_once(run):
    for path in (run.config, run.environment, run.metrics, run.events, run.gatecheck, run.run):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    (run.snapshots / name(3) / "manifest.json").unlink()
    (run.snapshots / name(3) / "manifest.json").symlink_to("/dev/zero")
    report = verify(run)
    assert report.state == "unknown" and len(problems(report)) == 7
    assert "cannot be read: Not a regular file" in problems(report)["metrics.jsonl"]
    assert report.resumable


def test_the_environment_that_was_checked_is_what_a_snapshot_has_to_fit(run):
    run.write_environment(replace(SPEC, observation_size=5))
    assert not verify(run).resumable


def test_whether_the_run_is_locked_is_said_without_trying_the_lock(run):
    def said():
        return next(file.words for file in verify(run).files if file.name == "run.lock")

    assert said() == "free"
    lock = lock_run(run)
    assert said() == "held by a process on this machine"
    lock.release()
    assert said() == "free"
    run.lock.unlink()
    assert said() == "none yet"
