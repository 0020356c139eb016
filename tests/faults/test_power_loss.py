"""A power failure at any moment of a save, with any of what was not synced missing: a whole snapshot is always found."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from power_loss import Recording, assert_complete, recorded
from save_driver import made_up_record, made_up_snapshot

from gwt_ib.errors import UserError
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordWriter, read_records
from gwt_ib.runs.snapshot import save_snapshot
from gwt_ib.runs.snapshot_store import newest_good_snapshot

OLD, NEW = 1, 2
EXAMPLES = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


class Drawn:
    """What survived, as Hypothesis chooses it; it shrinks to a failure that lost as little as possible."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw

    def yes(self) -> bool:
        return not self._draw(st.booleans())

    def below(self, limit: int) -> int:
        return limit - self._draw(st.integers(0, limit))


@pytest.fixture(scope="module")
def saves(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The operations of two saves, one after the other."""
    root = tmp_path_factory.mktemp("recorded")
    with recorded(root) as recording:
        save_snapshot(root, made_up_snapshot(OLD, 50), OLD * 64)
        recording.mark("old")
        save_snapshot(root, made_up_snapshot(NEW, 50), NEW * 64)
        recording.mark("new")
    assert_complete(recording, tmp_path_factory.mktemp("played"))
    return recording


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder for one state of the disk."""
    return tmp_path


def after_power_loss(recording: Recording, moment: int, data: st.DataObject, scratch: Path) -> Path:
    """A folder as it may be found after a power failure at that moment."""
    folder = scratch / "found"
    shutil.rmtree(folder, ignore_errors=True)
    recording.play(moment).write_out(folder, Drawn(data))
    return folder


@EXAMPLES
@given(data=st.data())
def test_whatever_survives_a_power_failure_in_a_save_a_whole_snapshot_is_found(saves, scratch, data):
    done, end = saves.marks["old"], saves.marks["new"]
    moment = data.draw(st.integers(done, end))
    path, found, _ = newest_good_snapshot(after_power_loss(saves, moment, data, scratch))
    number = found.state["update"]
    assert number in ((NEW,) if moment == end else (OLD, NEW)), "once a save is done it is the new one"
    wanted = made_up_snapshot(number, 50)
    assert path.name == f"{number * 64:012d}" and found.state == wanted.state
    for part in ("model", "optimizer", "environments"):
        here, there = getattr(found, part, {}), getattr(wanted, part, {})
        assert here.keys() == there.keys() and all(np.array_equal(here[name], there[name]) for name in there)


class Drawing:
    """What survived, by a seeded generator."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def yes(self) -> bool:
        return self._random.random() < 0.5

    def below(self, limit: int) -> int:
        return self._random.randint(0, limit)


@pytest.mark.parametrize("forgotten", ["files", "directories"])
def test_the_model_finds_a_save_that_forgets_to_sync(saves, scratch, forgotten):
    forgetful = Recording(saves.root)
    for name, arguments in saves.operations:
        of_a_file = re.search(r"\.(json|safetensors)", arguments[0][-1] if arguments[0] else "") is not None
        if name != "sync" or of_a_file != (forgotten == "files"):
            forgetful.operations.append((name, arguments))
    lost = 0
    for seed in range(100):
        folder = scratch / str(seed)
        forgetful.play().write_out(folder, Drawing(seed))
        try:
            lost += newest_good_snapshot(folder)[1].state["update"] != NEW
        except UserError:
            lost += 1
    assert lost > 0


@EXAMPLES
@given(data=st.data())
def test_a_save_after_a_power_failure_works_whatever_is_left(saves, scratch, data):
    moment = data.draw(st.integers(saves.marks["old"], saves.marks["new"]))
    folder = after_power_loss(saves, moment, data, scratch)
    save_snapshot(folder, made_up_snapshot(NEW, 50), NEW * 64)
    assert newest_good_snapshot(folder)[1].state == made_up_snapshot(NEW, 50).state


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Rows of metrics with a sync between them, as at a snapshot, and `run.json` written twice."""
    root = tmp_path_factory.mktemp("recorded")
    run = RunDirectory(root)
    with recorded(root) as recording:
        run.write_run(made_up_record(OLD))
        recording.mark("old")
        writer = RecordWriter(run.metrics)
        for update in (1, 2, 3):
            writer.append({"update": update, "text": "x" * 100})
        writer.sync()
        recording.mark("rows")
        for update in (4, 5, 6):
            writer.append({"update": update, "text": "x" * 100})
        run.write_run(made_up_record(NEW))
        recording.mark("new")
        writer.close()
    assert_complete(recording, tmp_path_factory.mktemp("played"))
    return recording


@EXAMPLES
@given(data=st.data())
def test_after_a_power_failure_records_are_whole_or_seen_to_be_torn(records, scratch, data):
    moment = data.draw(st.integers(records.marks["old"], len(records.operations)))
    run = RunDirectory(after_power_loss(records, moment, data, scratch))
    seeds = (OLD, NEW) if moment < records.marks["new"] else (NEW,)
    assert run.read_run() == made_up_record(run.read_run().seed or 0) and run.read_run().seed in seeds
    found = [record["update"] for record in read_records(run.metrics)]
    if moment >= records.marks["rows"]:
        assert found[:3] == [1, 2, 3], "what was synced before a snapshot is there"
        cut_back(run.metrics, 3, run.path / "cut.jsonl")
        assert [record["update"] for record in read_records(run.metrics)] == [1, 2, 3]
