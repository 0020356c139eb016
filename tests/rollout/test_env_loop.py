"""Evaluation plays the same episodes every time, each of them once."""

import numpy as np
import pytest
from support import small_config

from gwt_ib.envs.make import check_environment
from gwt_ib.rollout.env_loop import evaluate, evaluation_envs
from gwt_ib.rollout.torch_policy import TorchPolicy


def play(**changes):
    config = small_config(eval_episodes=4, **changes)
    facts = check_environment(config)
    policy = TorchPolicy(facts.observation_size, facts.actions, config)
    envs = evaluation_envs(config)
    return [evaluate(policy, 0.0, 0.1, config, envs) for _ in range(2)]


def test_an_evaluation_repeats_itself():
    first, again = play()
    assert first == again
    assert len(set(first)) > 1


def test_only_the_first_episode_of_each_environment_counts():
    first, _ = play(env_id="sample_envs:Ends-v0")
    assert set(first) <= {5.0, 7.0}


def test_an_episode_that_does_not_end_is_cut_off():
    first, _ = play(env_id="sample_envs:Ends-v0", eval_max_steps=3)
    assert first == [3.0] * 4


def test_fewer_episodes_are_the_first_of_more():
    config = small_config(eval_episodes=2)
    facts = check_environment(config)
    policy = TorchPolicy(facts.observation_size, facts.actions, config)
    two = evaluate(policy, 0.0, 0.1, config, evaluation_envs(config))
    four, _ = play()
    assert two == pytest.approx(np.array(four[:2]))
