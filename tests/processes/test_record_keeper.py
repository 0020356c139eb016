"""What the trainer writes of its run, also where the disk takes nothing: no attempt ends a run, and the last is an error."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from recorded_run import RecordedRun

from gwt_ib.processes.record_keeper import RecordKeeper
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event


def workers(silent_s: float = 0.0, stalls: bool = False) -> Any:
    """The trainer's processes as far as they are written down."""
    return SimpleNamespace(
        learner_silent_s=lambda: silent_s, learner_stalls=lambda: stalls, describe=lambda: (), cluster=lambda: None
    )


def events_of(run: RunDirectory) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.events.read_text().splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    made = RecordedRun(tmp_path / "run")
    made.beat()
    made.directory.events.unlink(missing_ok=True)
    return made.directory


@pytest.fixture
def full(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes no `run.json`."""

    def refuse(run: RunDirectory, record: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RunDirectory, "write_run", refuse)
    monkeypatch.setattr(RunDirectory, "write_last_run", refuse)


def test_a_heartbeat_has_all_that_does_not_work_and_keeps_what_was_known(run: RunDirectory) -> None:
    keeper, before = RecordKeeper(run), run.read_run()
    keeper.change(state="paused", learner=7)
    keeper.beat(workers(61.4, stalls=True), learner_trouble="The disk is full.", waiting="actor 0 waits")
    now = run.read_run()
    assert now.trouble == "The disk is full.; the learner has not got on for 61 s; actor 0 waits"
    assert (now.state, now.learner, now.created) == ("paused", 7, before.created)
    keeper.beat(workers(61.4), learner_trouble="", waiting="")
    assert run.read_run().trouble == ""


@pytest.mark.usefixtures("full")
def test_a_heartbeat_that_the_disk_refuses_ends_no_run_and_is_made_up_for(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = RecordKeeper(run)
    keeper.change(state="paused")
    keeper.beat(workers(), learner_trouble="", waiting="")
    assert run.read_run().state != "paused"
    monkeypatch.undo()
    keeper.beat(workers(), learner_trouble="", waiting="")
    assert run.read_run().state == "paused"


def test_the_end_is_an_event_with_its_time_and_the_last_record(run: RunDirectory) -> None:
    keeper = RecordKeeper(run)
    keeper.append(event("warning", message="something"))
    keeper.end("failed", 70, "It broke.")
    written, last = events_of(run), run.read_run()
    assert [each["kind"] for each in written] == ["warning", "failed"] and all(each["time"] > 0 for each in written)
    assert (last.state, last.exit_code, last.message, last.actors) == ("failed", 70, "It broke.", ())
    assert last.ended == last.heartbeat


@pytest.mark.usefixtures("full")
def test_an_end_that_cannot_be_recorded_is_an_error(run: RunDirectory) -> None:
    with pytest.raises(OSError, match="No space left"):
        RecordKeeper(run).end("finished", 0, "")
    assert events_of(run)[-1]["kind"] == "finished", "the event is there all the same"
