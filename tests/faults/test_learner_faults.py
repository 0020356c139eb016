"""A learner that is killed, stopped, dies by itself or comes to numbers that are none."""

from __future__ import annotations

import signal
import time

import numpy as np
import pytest
from chaos import STEPS
from faults_support import chance, measured
from outcome import outcome
from undisturbed import SETTINGS

from gwt_ib.runs.jsonl import read_records
from gwt_ib.runs.snapshot import load_snapshot
from gwt_ib.runs.snapshot_store import list_snapshots

pytestmark = pytest.mark.processes


def test_a_killed_learner_is_started_again_from_the_newest_snapshot_also_one_killed_in_a_save(toy, undisturbed):
    toy.launch(**SETTINGS)
    toy.wait_for_update(30 + chance("learner").randrange(30))
    toy.wait(lambda: len(list_snapshots(toy.run.snapshots)) >= 2, "a snapshot beside that of the beginning")
    before, began = toy.update, time.monotonic()
    killed = toy.kill(toy.learner)
    toy.wait(lambda: toy.events("resumed"), "it goes on", 60.0)
    toy.wait_for_update(before + 20)
    measured(
        "F3: after the death of the learner the run is further than before after", f"{time.monotonic() - began:.1f} s"
    )
    assert "SIGKILL" in toy.events("learner_died")[0]["message"]
    resumed = toy.events("resumed")[-1]["update"]
    # No more than an interval and the save that was under way is lost; how long a save takes is the machine's affair.
    assert 0 <= resumed <= before + 10
    toy.wait(toy.in_a_save, "a save")
    killed = toy.kill(toy.learner)
    toy.wait(lambda: toy.learner != killed, "another learner", 60.0)
    assert toy.ends() == 0
    assert outcome(toy.run) == undisturbed


@pytest.mark.side_by_side
def test_a_learner_that_is_killed_before_its_first_snapshot_begins_again(toy):
    toy.launch(total_timesteps=20 * STEPS)
    killed = toy.kill(toy.learner)
    toy.wait(lambda: toy.learner != killed, "another learner", 60.0)
    assert toy.ends() == 0
    assert toy.update == 20
    assert len(toy.events("learner_died")) == 1


def test_a_stopped_learner_is_shown_and_replaced(toy):
    toy.launch(learner_timeout_s=12.0)
    toy.wait_for_update(20)
    stopped, began = toy.kill(toy.learner, signal.SIGSTOP), time.monotonic()
    toy.wait(lambda: "learner" in toy.run.read_run().trouble.lower(), "the trouble is shown")
    shown = time.monotonic() - began
    toy.wait(lambda: toy.learner != stopped, "another learner", 60.0)
    measured(
        "F9: a stopped learner is shown after",
        f"{shown:.1f} s, replaced after {time.monotonic() - began:.1f} s of 12 s",
    )
    assert "hung" in toy.events("learner_died")[0]["message"]
    toy.more_updates(5)
    toy.wait(lambda: toy.run.read_run().trouble == "", "no trouble any more")


@pytest.mark.side_by_side
def test_a_learner_that_dies_twice_at_the_same_update_ends_the_run(toy):
    toy.launch(hook="exit:7", snapshot_every=3)
    assert toy.ends() == 70
    assert "twice at update" in toy.run.read_run().message
    assert len(toy.events("learner_died")) == 2
    (incident,) = [path for path in toy.run.incidents.iterdir() if "learner" in path.name]
    assert '"update"' in incident.read_text()
    assert toy.update == 6


@pytest.mark.side_by_side
def test_a_gradient_that_is_not_a_number_costs_its_step_and_not_the_weights(toy):
    toy.launch(hook="nan:5:2", snapshot_every=1, total_timesteps=8 * STEPS, lr=1e-2)
    assert toy.ends() == 0
    rows = read_records(toy.run.metrics)
    assert len(rows) == 8
    # The snapshots that stay are the last ones: the hooked updates' own are compared by the parameters of the rows.
    biases = [row["bias"] for row in rows]
    assert biases[3] == biases[4] == biases[5] != biases[6]
    assert rows[4]["grad_norm"] is None and rows[6]["grad_norm"] is not None
    assert any("left out" in event["message"] or "not finite" in event["message"] for event in toy.events("warning"))
    final = load_snapshot(list_snapshots(toy.run.snapshots)[-1])
    assert all(np.isfinite(tensor).all() for tensor in final.model.values())


@pytest.mark.side_by_side
def test_three_such_gradients_in_a_row_lead_back_to_the_last_snapshot_once(toy):
    toy.launch(hook="nan:7:3:1", snapshot_every=3, total_timesteps=20 * STEPS)
    assert toy.ends() == 0
    assert toy.update == 20
    (resumed,) = toy.events("resumed")
    assert resumed["update"] in (3, 6), "6, where that snapshot was complete"


@pytest.mark.side_by_side
def test_gradients_that_stay_not_a_number_end_the_run_with_the_last_good_weights(toy):
    toy.launch(hook="nan:7:1000", snapshot_every=3)
    assert toy.ends() == 70
    assert "not finite" in toy.run.read_run().message
    final = load_snapshot(list_snapshots(toy.run.snapshots)[-1])
    assert final.state["update"] == 6
    assert all(np.isfinite(tensor).all() for tensor in [*final.model.values(), *final.optimizer.values()])
