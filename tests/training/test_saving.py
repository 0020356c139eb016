"""When snapshots are due, that saving holds nobody up, and that a disk which refuses costs nothing."""

import errno
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from support import small_config, wait_until
from training_here import training_here

from gwt_ib.runs.create import create_run
from gwt_ib.runs.snapshot import load_snapshot
from gwt_ib.runs.snapshot_store import list_snapshots
from gwt_ib.training import saving


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A training that has not begun, its events, and a clock that only the test moves."""

    def training(**changes):
        config = small_config(channel="serial", **changes)
        events = []
        run = create_run(config, tmp_path / "run", [])
        made, _ = training_here(run, config, events.append)
        return made, events

    now = [1000.0]
    monkeypatch.setattr(saving, "time", SimpleNamespace(monotonic=lambda: now[0]))
    training.clock = now
    return training


def snapshots(training) -> list[int]:
    return [int(path.name) for path in list_snapshots(training.run_directory.snapshots)]


def begin(training, update: int) -> None:
    """Save in the background, to the end."""
    snapshot = training.state()
    snapshot.state.update(update=update, env_steps=update * 256)
    training.saving.begin(snapshot, update)
    training.saving.wait()
    training.saving.report(update)


def test_one_is_due_by_updates_and_the_first_within_a_minute_then_by_minutes(make):
    training, _ = make(snapshot_every=50, snapshot_minutes=5.0)
    due, clock = training.saving.due, make.clock
    assert [update for update in range(1, 120) if due(update)] == [50, 100]
    clock[0] += 60.0
    assert due(1), "the first one"
    begin(training, 1)
    assert not due(2)
    clock[0] += 299.0
    assert not due(3)
    clock[0] += 2.0
    assert due(3)


def test_without_both_only_those_are_saved_that_somebody_asks_for(make):
    training, _ = make(snapshot_every=0, snapshot_minutes=0.0)
    make.clock[0] += 1e6
    assert not any(training.saving.due(update) for update in range(1, 200))
    path = training.snapshot("asked")
    assert snapshots(training) == [0] and load_snapshot(path).state["update"] == 0


def test_a_save_in_the_background_holds_nobody_up_and_is_reported_when_it_is_done(make, monkeypatch):
    training, events = make()
    go_on = threading.Event()
    save = saving.save_snapshot
    monkeypatch.setattr(saving, "save_snapshot", lambda *given, **named: go_on.wait(30) and save(*given, **named))
    training.saving.begin(training.state(), 0)
    training.saving.report(0)
    assert events == [] and not training.saving.due(50), "one at a time"
    go_on.set()
    wait_until(lambda: snapshots(training) == [0], 10, "the snapshot")
    training.saving.wait()
    training.saving.report(0)
    assert [event["kind"] for event in events] == ["snapshot"]


def test_what_is_saved_is_the_moment_at_which_it_was_begun(make):
    training, _ = make()
    snapshot = training.state()
    before = {name: tensor.copy() for name, tensor in snapshot.model.items()}
    training.saving.begin(snapshot, 0)
    training.learner.flat.vector.data.add_(1.0)
    training.saving.wait()
    saved = load_snapshot(training.run_directory.snapshots / "000000000000")
    assert all(np.array_equal(saved.model[name], before[name]) for name in before)


def test_without_a_thread_it_is_saved_in_the_foreground(make, monkeypatch):
    training, events = make()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    training.saving.begin(training.state(), 0)
    assert snapshots(training) == [0]
    assert training.saving.due(0) is False and training.saving.trouble == ""
    training.saving.report(0)
    assert [event["kind"] for event in events] == ["snapshot"]


def test_a_disk_that_refuses_is_said_once_and_tried_again_until_it_takes_one(make, monkeypatch):
    training, events = make(snapshot_every=0, snapshot_minutes=5.0)
    save = saving.save_snapshot

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(saving, "save_snapshot", full)
    begin(training, 1)
    assert training.saving.trouble == "no snapshot was written: No space left on device"
    assert not training.saving.due(2), "not at once: a full disk is not tried a hundred times a second"
    make.clock[0] += saving.RETRY_S
    assert training.saving.due(2)
    begin(training, 2)
    assert [event["kind"] for event in events] == ["warning"]
    monkeypatch.setattr(saving, "save_snapshot", save)
    make.clock[0] += saving.RETRY_S
    begin(training, 3)
    assert training.saving.trouble == "" and snapshots(training) == [3 * 256]
    assert [event["kind"] for event in events] == ["warning", "snapshot"]


def test_the_last_one_is_tried_again_and_then_on_another_file_system(make, monkeypatch, tmp_path):
    training, events = make(rescue_dir=str(tmp_path / "rescue"))
    tried = []

    def refuses_here(folder, *_: object, **__: object):
        tried.append(folder)
        if folder == training.run_directory.snapshots:
            raise OSError(errno.EIO, "Input/output error")
        return folder / "000000000000"

    monkeypatch.setattr("gwt_ib.runs.snapshot_store.save_snapshot", refuses_here)
    path = training.last_snapshot()
    assert path == tmp_path / "rescue" / "run" / "000000000000"
    assert len(tried) == 4 and len(set(tried)) == 2
    assert events[-1]["kind"] == "snapshot" and events[-1]["path"] == str(path)


def test_a_run_that_is_not_finite_saves_nothing(make):
    training, events = make()
    training.learner.flat.vector.data[3] = np.nan
    begin(training, 1)
    assert snapshots(training) == [] and "not finite" in training.saving.trouble
    with pytest.raises(OSError, match="not finite"):
        training.snapshot("asked")
    with pytest.raises(OSError, match="not finite"):
        training.last_snapshot()
    assert [event["kind"] for event in events] == ["warning"]
