"""Since when GateCheck's statuses hold, in the files of a real run: written, checked offline, and after a resume."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import small_config
from training_here import training_here

from gwt_ib.config import Config
from gwt_ib.durable import write_json
from gwt_ib.runs.create import create_run
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot import Snapshot, load_snapshot
from gwt_ib.training.loop import Training
from gwt_ib_tui.commands.headless import judge_recorded

CONFIG = small_config(channel="serial", budget_warmup_updates=2, snapshot_every=1)


def keep_the_second(training: Training) -> bool:
    """A safe point that takes a snapshot after the second update; the run goes on."""
    if training.update == 2:
        training.snapshot()
    return False


def train(run: RunDirectory, config: Config, snapshot: Snapshot | None = None) -> Training:
    """Train to the end, in this process; from a snapshot on where one is given."""
    training, make_channel = training_here(run, config)
    if snapshot is not None:
        training.restore(snapshot)
        training.recorder.restore(snapshot.state["gatecheck"])
    channel = make_channel()
    assert training.run(channel, keep_the_second)
    channel.close()
    training.recorder.close()
    return training


@pytest.fixture
def finished(tmp_path: Path) -> RunDirectory:
    run = create_run(CONFIG, tmp_path / "run", [])
    train(run, CONFIG)
    return run


def sinces(record: dict) -> dict[str, int]:
    return {found["kind"]: found["since"] for found in record["findings"]} | {"verdict": record["since"]}


def test_the_run_writes_them_and_a_check_of_its_rows_says_the_same(finished: RunDirectory) -> None:
    recorded = finished.read_gatecheck()
    assert set(sinces(recorded).values()) == {1, 2, 3}, "some changed when half of the run, or the warm-up, was over"
    assert json.loads(json.dumps(judge_recorded(finished, CONFIG).as_dict())) == recorded


def test_without_a_recorded_verdict_a_check_takes_the_present_update(finished: RunDirectory) -> None:
    finished.gatecheck.unlink()
    assert set(sinces(judge_recorded(finished, CONFIG).as_dict()).values()) == {4}


def test_a_run_that_is_cut_back_goes_on_as_if_it_had_never_been_further(finished: RunDirectory) -> None:
    recorded = finished.read_gatecheck()
    steps = CONFIG.steps_per_update
    snapshot = load_snapshot(finished.snapshots / f"{2 * steps:012d}")
    cut_back(finished.metrics, 2, finished.metrics_aside)
    # As if every status had been broken between the snapshot and the end: nothing of that may come back.
    late = recorded | {"since": 3, "findings": [found | {"since": 3} for found in recorded["findings"]]}
    write_json(finished.gatecheck, late)
    train(finished, CONFIG, snapshot)
    assert sinces(finished.read_gatecheck()) == sinces(recorded)
