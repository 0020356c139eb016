"""What an actor writes into a block, and that the learner's replay of it is what the actor did."""

import numpy as np
import pytest
import torch
from support import small_config

from gwt_ib.config import Config
from gwt_ib.envs.make import check_environment
from gwt_ib.learn.sequences import cut, join, to_device
from gwt_ib.model.agent import Agent
from gwt_ib.model.cell import TdScale
from gwt_ib.model.experience import Block, BlockSpec
from gwt_ib.model.td import td_error
from gwt_ib.rollout.collect import Collector, Progress
from gwt_ib.rollout.episodes import EpisodeWindow
from gwt_ib.rollout.torch_policy import TorchPolicy


def collect(config: Config, blocks: int = 1, actor: int = 0) -> tuple[Agent, list[Block]]:
    """The first blocks of one actor, with an agent whose router and heads are not at their small start."""
    facts = check_environment(config)
    policy = TorchPolicy(facts.observation_size, facts.actions, config)
    agent = policy.agent
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in agent.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    size = config.envs_per_actor
    collector = Collector(config, actor, policy, np.zeros(size, np.int64), Progress.private(size))
    spec = BlockSpec(facts.observation_size, facts.actions, config)
    made = []
    for number in range(blocks):
        block = spec.allocate()
        collector.collect(block, number, policy_version=number, td_mean=0.01, td_std=0.05)
        made.append(block)
    return agent, made


@pytest.mark.parametrize("env_id", ["popgym-RepeatPreviousEasy-v0", "sample_envs:Nested-v0", "sample_envs:Ends-v0"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"memory": False}, {"cell": "lstm"}, {"cell": "lstm", "memory": False}, {"gate": "prior"}, {"gate": "open"}],
    ids=["gru", "no memory", "lstm", "lstm, no memory", "prior", "open"],
)
def test_the_learners_unroll_gives_back_what_the_actor_did(env_id, changes):
    config = small_config(env_id=env_id, **changes, num_actors=1)
    agent, blocks = collect(config, blocks=2)
    for block in blocks:
        assert block.is_first[1:].any(), "no reset inside a sequence: the test would show nothing"
        batch = to_device(cut(join([block], config), config.seq_len), "cpu")
        td = TdScale(batch.td_mean, batch.td_std)
        out = agent.unroll(batch.observation, batch.h0, batch.td_prev, batch.is_first, td, batch.action)
        h, c = agent.unroll_cell(batch.observation, batch.h0, batch.td_prev, batch.is_first, td)
        values, gates = (
            array.reshape(-1, config.seq_len, config.num_envs).swapaxes(0, 1).reshape(config.seq_len, -1)
            for array in (block.value, block.c)
        )
        np.testing.assert_allclose(out.log_prob.detach(), batch.log_prob, atol=2e-5)
        np.testing.assert_allclose(out.value.detach(), values, atol=2e-5)
        np.testing.assert_allclose(c.detach(), gates, atol=2e-5)
        # The last state of one sequence is the first of the environment's next one.
        following = batch.h0[config.num_envs :]
        np.testing.assert_allclose(h[-1, : -config.num_envs].detach(), following, atol=2e-5)


def test_td_errors_drive_the_next_step_and_stop_at_the_end_of_an_episode():
    config = small_config(env_id="sample_envs:Ends-v0", num_actors=1)
    _, blocks = collect(config, blocks=2)
    for block in blocks:
        ended = block.terminated | block.truncated
        td = td_error(block.reward, block.value, block.next_value, block.terminated, config.gamma)
        assert np.array_equal(block.is_first[1:], ended[:-1])
        np.testing.assert_array_equal(block.td_prev[1:], np.where(ended[:-1], 0, td[:-1]))
    assert blocks[0].is_first[0].all()
    last = blocks[0].terminated[-1] | blocks[0].truncated[-1]
    assert np.array_equal(blocks[1].is_first[0], last)


def test_the_bootstrap_after_a_truncation_sees_the_final_observation():
    config = small_config(env_id="sample_envs:Ends-v0", num_actors=1)
    agent, (block,) = collect(config)
    t, b = (int(index[0]) for index in np.nonzero(block.truncated))
    assert block.observation[t, b] == 6.0
    assert block.observation[t + 1, b] == 0.0
    batch = to_device(cut(join([block], config), config.seq_len), "cpu")
    td = TdScale(batch.td_mean, batch.td_std)
    h, _ = agent.unroll_cell(batch.observation, batch.h0, batch.td_prev, batch.is_first, td)
    state = h[t % config.seq_len, (t // config.seq_len) * config.num_envs + b].unsqueeze(0)
    scale = TdScale(td.mean[0], td.std[0])
    final = agent.bootstrap_value(torch.tensor([[7.0]]), state, scale).item()
    first = agent.bootstrap_value(torch.tensor([[0.0]]), state, scale).item()
    assert block.next_value[t, b] == pytest.approx(final, abs=2e-5)
    assert abs(final - first) > 1e-3


def test_an_environment_sees_the_same_whoever_steps_it():
    """The split into actors changes no episode and no action noise; a block of 4 environments is two of 2."""
    _, (whole,) = collect(small_config(num_actors=1))
    parts = [collect(small_config(num_actors=2), actor=actor)[1][0] for actor in range(2)]
    joined = np.concatenate([part.observation for part in parts], axis=1)
    np.testing.assert_array_equal(whole.observation[0], joined[0])
    np.testing.assert_array_equal(whole.action[:8], np.concatenate([part.action for part in parts], axis=1)[:8])


def test_episode_results_are_written_where_the_episode_ends():
    config = small_config(env_id="sample_envs:Ends-v0", num_actors=1)
    _, (block,) = collect(config)
    ended = block.terminated | block.truncated
    assert set(block.episode_length[ended].tolist()) == {5, 7}
    np.testing.assert_array_equal(block.episode_return[ended], block.episode_length[ended])
    assert not block.episode_return[~ended].any()
    np.testing.assert_array_equal(block.episode, ended.sum(axis=0))
    window = EpisodeWindow()
    window.add(block)
    assert window.episodes == ended.sum()
    assert window.ep100 == window.newest_mean == pytest.approx(block.episode_return[ended].mean())
    window.add(block._replace(terminated=ended & False, truncated=ended & False))
    assert window.newest_mean is None and window.ep100 is not None, "none ended"


def test_mmer_is_the_best_mean_once_100_episodes_have_ended():
    config = small_config(env_id="sample_envs:Ends-v0", num_actors=1)
    _, blocks = collect(config, blocks=4)
    window = EpisodeWindow()
    seen = []
    for block in blocks:
        window.add(block)
        seen.append((window.episodes, window.mmer, window.ep100))
    assert seen[0][1] is None and seen[0][0] < 100 <= seen[-1][0]
    assert seen[-1][1] == max(mean for count, _, mean in seen if count >= 100)
    restored = EpisodeWindow()
    restored.restore(window.state())
    assert restored.state() == window.state()
