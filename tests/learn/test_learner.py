"""Updates on real rollouts: the replay property, repeatability, snapshots of the learner, faults."""

import numpy as np
import pytest
import torch
from support import ARMS, small_config

from gwt_ib.channel.serial import SerialChannel
from gwt_ib.config import Config
from gwt_ib.envs.make import check_environment
from gwt_ib.learn.learner import Learner, NotFiniteError
from gwt_ib.learn.sequences import cut, join, pick, to_device
from gwt_ib.model.agent import Agent
from gwt_ib.model.experience import BlockSpec
from gwt_ib.rollout.open_episodes import OpenEpisodes
from gwt_ib.rollout.torch_policy import TorchPolicy


def make(config: Config) -> tuple[Learner, SerialChannel]:
    facts = check_environment(config)
    learner = Learner(Agent(facts.observation_size, facts.actions, config), config)
    policy = TorchPolicy(facts.observation_size, facts.actions, config)
    channel = SerialChannel(config, policy, OpenEpisodes(config.num_envs), 0)
    channel.publish(learner.weights())
    return learner, channel


def train(learner: Learner, channel: SerialChannel, updates: int) -> list[dict[str, float]]:
    rows = []
    for _ in range(updates):
        rows.append(learner.update(join(channel.take(), learner._config)))
        channel.publish(learner.weights())
    return rows


def test_with_a_learning_rate_of_0_the_policy_never_differs_from_the_behaviour_policy():
    for row in train(*make(small_config(lr=0.0, num_actors=2)), updates=6):
        assert row["approx_kl"] < 1e-9
        assert row["clip_fraction"] == 0


def test_learning_moves_weights_bias_and_statistics():
    learner, channel = make(small_config(lr=1e-2))
    before = learner.flat.read().copy()
    row = train(learner, channel, 1)[0]
    assert not np.array_equal(before, learner.flat.read())
    assert row["bias"] != learner._config.bias_init
    assert 0 < row["td_std"] != 1.0
    assert row["grad_norm"] > 0


def test_the_same_seed_gives_the_same_weights_bit_by_bit():
    results = []
    for _ in range(2):
        learner, channel = make(small_config())
        train(learner, channel, 3)
        results.append(learner.flat.read().copy())
    assert np.array_equal(*results)


@pytest.mark.parametrize("arm", ["gru-td", "gru-router", "lstm-prior", "lstm-constant"])
def test_a_restored_learner_goes_on_bit_by_bit(arm):
    config = small_config(**ARMS[arm])
    learner, channel = make(config)
    train(learner, channel, 2)
    model, optimizer = learner.state_tensors()
    rollout = join(channel.take(), config)
    other, _ = make(config)
    other.restore(model, optimizer, learner.td.mean, learner.td.std, learner.version)
    assert learner.update(rollout) == other.update(rollout)
    assert np.array_equal(learner.flat.read(), other.flat.read())


def test_the_gradient_is_clipped_to_its_norm():
    config = small_config(max_grad_norm=1e-3, lr=1e-3)
    learner, channel = make(config)
    row = train(learner, channel, 1)[0]
    assert row["grad_norm"] > 1e-3
    assert learner.flat.grad.norm().item() == pytest.approx(1e-3, rel=1e-2)


def test_a_step_by_numbers_that_are_not_finite_is_left_out_and_moves_nothing():
    config = small_config(minibatches=1, epochs=2)
    learner, channel = make(config)
    rollout = join(channel.take(), config)
    rollout.targets.advantage[3, 1] = np.nan
    before = learner.flat.read().copy()
    metrics = learner.update(rollout)
    assert np.array_equal(before, learner.flat.read()) and learner.version == 1
    assert len(learner.left_out) == 2 and "in update 1, " in learner.left_out[0]
    assert np.isnan(metrics["policy_loss"]) and np.isfinite([metrics["td_mean"], metrics["td_std"]]).all()
    channel.publish(learner.weights())
    assert train(learner, channel, 1)[0]["policy_loss"] != 0 and learner.left_out == []
    assert np.isfinite(learner.flat.read()).all() and not np.array_equal(before, learner.flat.read())


def test_the_metrics_are_the_means_of_the_steps_that_were_taken():
    config = small_config(minibatches=2, epochs=1)
    learner, channel = make(config)
    rollout = join(channel.take(), config)
    rollout.targets.advantage[3, 1] = np.nan  # in one sequence, so in one of two minibatches
    before = learner.flat.read().copy()
    metrics = learner.update(rollout)
    assert len(learner.left_out) == 1 and np.isfinite(metrics["policy_loss"])
    assert not np.array_equal(before, learner.flat.read())


def test_the_third_step_in_a_row_that_is_left_out_is_an_error_also_across_updates():
    config = small_config(minibatches=1, epochs=2)
    learner, channel = make(config)
    for _ in range(2):
        rollout = join(channel.take(), config)
        rollout.targets.advantage[3, 1] = np.nan
        if learner.version:
            with pytest.raises(NotFiniteError, match=r"update 2.*the 3\. time in a row"):
                learner.update(rollout)
        else:
            learner.update(rollout)
            channel.publish(learner.weights())


def test_a_rollout_that_is_not_finite_reaches_neither_weights_nor_statistics():
    config = small_config()
    learner, channel = make(config)
    rollout = join(channel.take(), config)
    rollout.td[5, 2] = np.inf
    before = learner.flat.read().copy()
    with pytest.raises(NotFiniteError, match="the rollout of update 1"):
        learner.update(rollout)
    assert np.array_equal(before, learner.flat.read()) and (learner.td.mean, learner.td.std) == (0.0, 1.0)


def test_sequences_are_rows_of_one_environment_in_order():
    config = small_config(num_actors=2)
    _, channel = make(config)
    rollout = join(channel.take(), config)
    batch = to_device(cut(rollout, config.seq_len), "cpu")
    parts = config.rollout_steps // config.seq_len
    assert batch.observation.shape[:2] == (config.seq_len, parts * config.num_envs)
    for s in range(parts):
        for b in range(config.num_envs):
            steps = slice(s * config.seq_len, (s + 1) * config.seq_len)
            row = s * config.num_envs + b
            assert np.array_equal(batch.observation[:, row], rollout.block.observation[steps, b])
            assert np.array_equal(batch.advantage[:, row], rollout.targets.advantage[steps, b])
            assert np.array_equal(batch.h0[row], rollout.block.h0[s, b])
    picked = pick(batch, torch.tensor([5, 2]))
    assert torch.equal(picked.action, batch.action[:, [5, 2]])
    assert torch.equal(picked.h0, batch.h0[[5, 2]])


def test_the_size_of_blocks_is_what_the_specification_says():
    config = small_config()
    facts = check_environment(config)
    spec = BlockSpec(facts.observation_size, facts.actions, config)
    assert spec.allocate().observation.nbytes < spec.nbytes


def test_a_changed_learning_rate_reaches_the_optimiser_and_leaves_its_moments():
    config = small_config()
    learner, channel = make(config)
    train(learner, channel, 1)
    moments = learner.optimizer.state["exp_avg"].clone()
    learner.reconfigure(config.model_copy(update={"lr": 0.5}))
    assert torch.equal(learner.optimizer.state["exp_avg"], moments)
    learner.reconfigure(config.model_copy(update={"lr": 0.0}))
    before = learner.flat.read().copy()
    assert train(learner, channel, 1)[0]["lr"] == 0.0
    assert np.array_equal(learner.flat.read(), before)


@pytest.mark.parametrize("field", ["ent_coef", "target_c", "lambda_c"])
def test_a_changed_weight_of_the_loss_is_the_one_that_is_learnt_by(field):
    config = small_config(budget_warmup_updates=0)
    changed = config.model_copy(update={field: 0.9})
    learner, channel = make(config)
    other, _ = make(changed)
    learner.reconfigure(changed)
    rollout = join(channel.take(), config)
    assert learner.update(rollout) == other.update(rollout)
    assert np.array_equal(learner.flat.read(), other.flat.read())
