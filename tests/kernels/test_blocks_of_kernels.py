"""What kernels collect: the same blocks by any number of actors, and the learner gets from them what the kernels did."""

import time

import numpy as np
import pytest
from kernel_pairs import TD, make_pair
from support import small_config

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.config import Config
from gwt_ib.envs.make import check_environment
from gwt_ib.kernels.act import KernelPolicy
from gwt_ib.learn.learner import Learner
from gwt_ib.learn.sequences import cut, join, to_device
from gwt_ib.model.agent import Agent
from gwt_ib.model.arrays import fields_of
from gwt_ib.model.cell import TdScale
from gwt_ib.model.experience import Block, BlockSpec
from gwt_ib.model.weights import Weights
from gwt_ib.rollout.collect import Collector, Progress
from gwt_ib.rollout.evaluation import evaluate, evaluation_envs
from gwt_ib.rollout.open_episodes import OpenEpisodes
from gwt_ib.rollout.policy import Policy, make_policy
from gwt_ib.rollout.torch_policy import TorchPolicy


def collect(config: Config, policy: Policy, actor: int = 0, blocks: int = 2) -> list[Block]:
    """The first blocks of one actor."""
    size = config.envs_per_actor
    collector = Collector(config, actor, policy, np.zeros(size, np.int64), Progress.private(size))
    spec = BlockSpec(collector.envs.observation_size, collector.envs.actions, config)
    made = [spec.allocate() for _ in range(blocks)]
    for number, block in enumerate(made):
        collector.collect(block, number, number, *TD, waited_s=0.5)
    collector.close()
    return made


@pytest.mark.parametrize("env_id", ["popgym-RepeatPreviousEasy-v0", "sample_envs:Nested-v0"])
def test_the_number_of_actors_changes_no_bit_of_a_block(env_id):
    config = small_config(env_id=env_id, num_actors=1)
    facts = check_environment(config)
    _, kernels = make_pair(facts.observation_size, facts.actions, config)
    whole = collect(config, kernels)
    parts = [collect(small_config(env_id=env_id, num_actors=2), kernels, actor) for actor in range(2)]
    for number, block in enumerate(whole):
        for name, field in fields_of(Block).items():
            if field.batch_axis is None:
                continue
            halves = [getattr(part[number], name) for part in parts]
            joined = np.concatenate(halves, axis=field.batch_axis)
            np.testing.assert_array_equal(getattr(block, name), joined, err_msg=name)


def test_the_number_of_actors_changes_no_bit_of_what_is_learnt():
    learnt = []
    for num_actors in (1, 2, 4):
        config = small_config(num_actors=num_actors)
        facts = check_environment(config)
        learner = Learner(Agent(facts.observation_size, facts.actions, config), config)
        policy = make_policy(facts.observation_size, facts.actions, config)
        channel = SerialChannel(config, policy, OpenEpisodes(config.num_envs), 0)
        for _ in range(2):
            channel.publish(learner.weights())
            learner.update(join(channel.take(), config))
        channel.close()
        learnt.append(learner.flat.read().copy())
    np.testing.assert_array_equal(learnt[1], learnt[0])
    np.testing.assert_array_equal(learnt[2], learnt[0])


def test_with_a_learning_rate_of_0_what_kernels_do_is_replayed():
    config = small_config(lr=0.0)
    facts = check_environment(config)
    learner = Learner(Agent(facts.observation_size, facts.actions, config), config)
    policy = make_policy(facts.observation_size, facts.actions, config)
    channel = SerialChannel(config, policy, OpenEpisodes(config.num_envs), 0)
    for _ in range(6):
        channel.publish(learner.weights())
        row = learner.update(join(channel.take(), config))
        assert row["approx_kl"] < 1e-9
        assert row["clip_fraction"] == 0
    channel.close()


@pytest.mark.parametrize("env_id", ["popgym-RepeatPreviousEasy-v0", "sample_envs:Nested-v0", "sample_envs:Ends-v0"])
@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_learners_unroll_gives_back_what_the_kernels_did(env_id, cell, memory):
    config = small_config(env_id=env_id, cell=cell, memory=memory, num_actors=1)
    facts = check_environment(config)
    by_torch, kernels = make_pair(facts.observation_size, facts.actions, config)
    agent = by_torch.agent
    for block in collect(config, kernels):
        assert block.is_first[1:].any(), "no reset inside a sequence: the test would show nothing"
        rollout = join([block], config)
        batch = to_device(cut(rollout, config.seq_len), "cpu")
        td = TdScale(batch.td_mean, batch.td_std)
        out = agent.unroll(batch.observation, batch.h0, batch.td_prev, batch.is_first, td, batch.action)
        h, _ = agent.unroll_cell(batch.observation, batch.h0, batch.td_prev, batch.is_first, td)

        def sequences(array, config=config):
            split = array.reshape(-1, config.seq_len, config.num_envs).swapaxes(0, 1)
            return split.reshape(config.seq_len, -1)

        np.testing.assert_allclose(out.log_prob.detach(), batch.log_prob, atol=2e-5)
        np.testing.assert_allclose(out.value.detach(), sequences(block.value), atol=2e-5)
        np.testing.assert_allclose(out.c.detach(), sequences(block.c), atol=2e-5)
        np.testing.assert_allclose(h[-1, : -config.num_envs].detach(), batch.h0[config.num_envs :], atol=2e-5)


def test_a_block_says_what_it_took():
    config = small_config(num_actors=1)
    facts = check_environment(config)
    _, kernels = make_pair(facts.observation_size, facts.actions, config)
    began = time.monotonic()
    blocks = collect(config, kernels)
    elapsed = time.monotonic() - began
    took = np.array([block.seconds[:3] for block in blocks])  # environment, inference, write
    assert (took > 0).all()
    assert took.sum() < elapsed
    assert all(block.seconds[3] == 0.5 for block in blocks)


def test_kernels_and_torch_are_evaluated_alike():
    config = small_config(eval_episodes=4)
    envs = evaluation_envs(config)
    by_torch, kernels = make_pair(envs.observation_size, envs.actions, config)
    expected = evaluate(by_torch, *TD, config, envs)
    assert len(set(expected)) > 1
    assert evaluate(kernels, *TD, config, envs) == expected


def test_the_serial_channel_takes_kernels_too():
    config = small_config()
    facts = check_environment(config)
    _, kernels = make_pair(facts.observation_size, facts.actions, config)
    weights = Weights(0, kernels.vector, *TD)
    taken = []
    for kind in ("torch", "numba"):
        policy = make_policy(facts.observation_size, facts.actions, small_config(kernels=kind))
        assert isinstance(policy, TorchPolicy if kind == "torch" else KernelPolicy)
        channel = SerialChannel(config, policy, OpenEpisodes(config.num_envs), 0)
        channel.publish(weights)
        taken.append(channel.take())
        channel.close()
    for expected, found in zip(*taken, strict=True):
        np.testing.assert_array_equal(found.action, expected.action)
        np.testing.assert_allclose(found.log_prob, expected.log_prob, atol=2e-5)
