"""Nothing of an episode reaches the next one: not in the rollout, not in what is learnt from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support import small_config

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.envs.make import check_environment
from gwt_ib.learn import sequences
from gwt_ib.model.agent import Agent, FlatParameters
from gwt_ib.model.cell import TdScale
from gwt_ib.model.weights import Weights
from gwt_ib.rollout.open_episodes import OpenEpisodes
from gwt_ib.rollout.policy import make_policy

TD = (0.01, 0.05)


@pytest.mark.parametrize("kernels", ["numba", "torch"])
def test_every_episode_begins_with_an_empty_memory(kernels):
    """All episodes of this task show the same at first, so whatever differs there comes from the episode before."""
    config = small_config(env_id="sample_envs:Ends-v0", num_actors=1, kernels=kernels)
    facts = check_environment(config)
    agent = Agent(facts.observation_size, facts.actions, config)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in agent.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    channel = SerialChannel(
        config, make_policy(facts.observation_size, facts.actions, config), OpenEpisodes(config.num_envs), 0
    )
    channel.publish(Weights(0, FlatParameters(agent).read(), *TD))
    (block,) = channel.take()
    first = block.is_first
    assert first[1:].sum() > 10 and np.ptp(block.value[~first]) > 0.01, "no resets, or nothing that could differ"
    assert np.ptp(block.value[first]) < 1e-5 and np.ptp(block.c[first]) < 1e-5
    batch = sequences.to_device(sequences.cut(sequences.join([block], config), config.seq_len), "cpu")
    scale = TdScale(batch.td_mean, batch.td_std)
    out = agent.unroll(batch.observation, batch.h0, batch.td_prev, batch.is_first, scale, batch.action)
    shaped = first.reshape(-1, config.seq_len, config.num_envs).swapaxes(0, 1).reshape(config.seq_len, -1)
    assert np.ptp(out.value.detach().numpy()[shaped]) < 1e-5
    channel.close()
