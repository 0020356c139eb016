"""What a run's directory gives: its scores where it is finished, and a sentence for each that is not to be had."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from support import small_config

from gwt_ib.clock import utc_now
from gwt_ib.results.run_scores import PlannedRun, RunScores, Status, read_scores, status_of
from gwt_ib.runs.create import create_run
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordWriter


def made_run(path: Path, state: str, pid: int | None = None, message: str = "") -> RunDirectory:
    run = create_run(small_config(), path, [])
    run.write_run(replace(run.read_run(), state=state, trainer=pid, heartbeat=utc_now(), message=message))
    return run


def scores(run: RunDirectory, status: Status = "finished") -> RunScores:
    return read_scores(PlannedRun(run, small_config(), "default", status))


@pytest.mark.parametrize(
    ("state", "pid", "status"),
    [
        ("finished", None, "finished"),
        ("failed", None, "failed"),
        ("stopped", None, "unfinished"),
        pytest.param("running", os.getpid(), "running", id="by this process"),
        ("running", 2**22 + 1, "unfinished"),
    ],
)
def test_how_a_run_of_no_sweep_stands(state: str, pid: int | None, status: str, tmp_path: Path) -> None:
    found, cause = status_of(made_run(tmp_path / "run", state, pid, "What happened."))
    assert found == status and (cause == "What happened.") == (state in ("failed", "stopped"))


def test_a_directory_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert status_of(RunDirectory(tmp_path / "none"))[0] == "unfinished"
    assert scores(RunDirectory(tmp_path / "none")).problems == ("it has no metrics",)


def test_a_finished_run_says_what_it_has_not(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", "finished")
    metrics = RecordWriter(run.metrics)
    metrics.append({"update": 1, "env_steps": 70_000, "episodes": 2, "ep_return": 0.5, "ep100": 0.5, "elapsed_s": 0.0})
    metrics.close()
    with run.metrics.open("a") as file:
        file.write('{"update": 2, "env_st')
    found = scores(run)
    assert (found.mmer, found.mmer_epochs, found.ep100, found.env_steps) == (0.5, 1, 0.5, 70_000)
    assert found.evaluation is None and found.steps_per_s is None, "in no time no speed"
    assert found.problems == ("no evaluation of its last snapshot",)
    assert found.as_dict()["problems"] == list(found.problems)
    assert scores(run, "unfinished").mmer is None, "half a run is no result"


def test_metrics_that_are_no_file_are_said(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", "finished")
    os.mkfifo(run.metrics)
    assert "cannot be read" in scores(run).problems[0]
