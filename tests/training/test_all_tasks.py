"""Two updates of every POPGym task, in one process: whatever a task's spaces, everything downstream takes them."""

import math

import numpy as np
import pytest
from support import small_config
from training_here import training_here

from gwt_ib.envs.make import popgym_ids
from gwt_ib.runs.create import create_run
from gwt_ib.runs.jsonl import read_records


def test_there_are_48_tasks():
    assert len(popgym_ids()) == 48


@pytest.mark.parametrize("env_id", popgym_ids())
def test_two_updates(env_id, tmp_path):
    config = small_config(
        env_id=env_id, prev_action=True, num_envs=2, rollout_steps=32, total_timesteps=128, eval_max_steps=50
    )
    run = create_run(config, tmp_path / "run", [])
    training, make_channel = training_here(run, config)
    channel = make_channel()
    assert training.run(channel, lambda _: False)
    channel.close()
    training.snapshot()
    training.recorder.close()
    rows = read_records(run.metrics)
    assert [row["update"] for row in rows] == [1, 2]
    assert all(math.isfinite(row["policy_loss"]) for row in rows)
    assert np.isfinite(rows[1]["eval_returns"]).all() and len(rows[1]["eval_returns"]) == 3
