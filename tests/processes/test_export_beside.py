"""A run that is exported from its start: the exporter follows it to its end, may die, and costs the run nothing."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from recorded_run import RecordedRun
from support import SMALL, assignments, events, logged, processes_of, updates, wait_until

from gwt_ib.config import Config
from gwt_ib.processes.export_beside import ExportBeside
from gwt_ib.runs.directory import RunDirectory

pytestmark = pytest.mark.processes


@pytest.fixture
def run(tmp_path: Path) -> RecordedRun:
    return RecordedRun(tmp_path / "run", export="csv")


@pytest.fixture
def beside(run: RecordedRun) -> Iterator[ExportBeside]:
    """The exporter of this run, which we train."""
    made = ExportBeside(run.directory, run.config)
    made.start()
    yield made
    for process in processes_of(run.directory.path):
        process.kill()


def exported(run: RunDirectory) -> list[int]:
    """The updates in the CSV file."""
    path = run.exports / "metrics.csv"
    return [int(row["update"]) for row in csv.DictReader(path.open())] if path.is_file() else []


def test_it_follows_the_run_and_ends_with_it(run: RecordedRun, beside: ExportBeside) -> None:
    run.learn(3)
    wait_until(lambda: exported(run.directory) == [1, 2, 3], 30, "rows do not come")
    run.resume(2)
    run.learn(2)
    assert not beside.tend()
    run.finish()
    beside.end([])
    assert exported(run.directory) == [1, 2, 3, 4] == updates(run.directory)
    assert not processes_of(run.directory.path)
    assert logged(run.directory, "exporter")[-1].startswith("4 rows are in ")


def test_one_that_is_killed_is_said_once_and_the_next_one_writes_everything(
    run: RecordedRun, beside: ExportBeside
) -> None:
    run.learn(2)
    wait_until(lambda: exported(run.directory) == [1, 2], 30, "rows do not come")
    (process,) = processes_of(run.directory.path)
    process.kill()
    said = wait_until(beside.tend, 10, "its death is not noticed")
    assert said == "the exporter was killed by SIGKILL; the run goes on, and `export` writes all of it later"
    assert not beside.tend() and beside.end([]) is None
    run.learn(1)
    run.finish()
    (run.directory.exports / "metrics.csv").write_text("half a l")
    again = ExportBeside(run.directory, run.config)
    again.start()
    again.end([])
    assert exported(run.directory) == [1, 2, 3]


def test_without_its_trainer_it_writes_what_is_there_and_ends(run: RecordedRun) -> None:
    run.learn(2)
    words = [sys.executable, "-m", "gwt_ib.processes.exporter", "--run", str(run.directory.path), "--trainer", "1"]
    assert subprocess.run(words, timeout=60, capture_output=True).returncode == 0
    assert exported(run.directory) == [1, 2]


def test_a_run_without_the_setting_has_none(run: RecordedRun) -> None:
    none = ExportBeside(run.directory, Config())
    none.start()
    assert not none.tend() and none.end([]) is None and not run.directory.exports.exists()


def test_a_run_whose_exporter_is_killed_goes_on(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, nothing_left: None
) -> None:
    settings = {**SMALL, "num_actors": 2, "total_timesteps": 2_000_000, "eval_every": 0, "export": "csv"}
    process = start("launch", "--headless", "--run-dir", "run", *assignments(**settings))
    run = RunDirectory(tmp_path / "run")
    wait_until(lambda: exported(run) or process.poll() is not None, 60, "no row is exported")
    (exporter,) = (each for each in processes_of(tmp_path) if "gwt_ib.processes.exporter" in each.cmdline())
    exporter.kill()
    wait_until(lambda: events(run, "warning"), 10, "its death is not said")
    known = len(updates(run))
    wait_until(lambda: len(updates(run)) > known, 30, "the run does not go on")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert [event["message"] for event in events(run, "warning")] == [
        "the exporter was killed by SIGKILL; the run goes on, and `export` writes all of it later"
    ]
