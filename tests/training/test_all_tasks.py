"""Two updates of every POPGym task, in one process: whatever a task's spaces, everything downstream takes them."""

import math

import numpy as np
import pytest
from support import small_config

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.envs.make import check_environment, popgym_ids
from gwt_ib.learn.learner import Learner
from gwt_ib.model.agent import Agent
from gwt_ib.rollout.policy import make_policy
from gwt_ib.runs.directory import create_run
from gwt_ib.runs.jsonl import read_records
from gwt_ib.training.loop import Training


def test_there_are_48_tasks():
    assert len(popgym_ids()) == 48


@pytest.mark.parametrize("env_id", popgym_ids())
def test_two_updates(env_id, tmp_path):
    config = small_config(
        env_id=env_id, prev_action=True, num_envs=2, rollout_steps=32, total_timesteps=128, eval_max_steps=50
    )
    facts = check_environment(config)
    agent = Agent(facts.observation_size, facts.actions, config)
    policy = make_policy(facts.observation_size, facts.actions, config)
    events = []
    run = create_run(config, tmp_path / "run", [])
    training = Training(run, config, Learner(agent, config), events.append)
    channel = SerialChannel(config, policy, training.episodes + 1, 0)
    assert training.run(channel, lambda _: False)
    channel.close()
    training.snapshot()
    training.recorder.close()
    rows = read_records(run.metrics)
    assert [row["update"] for row in rows] == [1, 2]
    assert all(math.isfinite(row["policy_loss"]) for row in rows)
    assert np.isfinite(rows[1]["eval_returns"]).all() and len(rows[1]["eval_returns"]) == 3
