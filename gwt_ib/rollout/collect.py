"""The actor's work: let the agent act in B environments and write what happened into a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.batch import EnvBatch
from gwt_ib.model.agent import Agent
from gwt_ib.model.cell import TdScale
from gwt_ib.rollout.sequence import Block
from gwt_ib.seeding import Stream, generator


@dataclass(frozen=True, eq=False)
class Progress:
    """Counters that an actor keeps while it works, so that others can see it live; views into shared memory or not."""

    env_steps: NDArray[np.int64]  # [1]: steps made in all environments of the actor
    episodes: NDArray[np.int64]  # [B]: number of the episode that each environment is in

    @classmethod
    def private(cls, envs: int) -> Progress:
        """Counters that nobody else sees."""
        return cls(np.zeros(1, np.int64), np.zeros(envs, np.int64))


class Collector:
    """Steps one actor's environments and carries their state from block to block: h, td_prev and open episodes."""

    def __init__(
        self, config: Config, actor: int, agent: Agent, first_episodes: NDArray[np.int64], progress: Progress
    ) -> None:
        size = config.envs_per_actor
        self.env_numbers = range(actor * size, (actor + 1) * size)
        self._config = config
        self._actor = actor
        self._agent = agent
        self._progress = progress
        self.envs = EnvBatch(
            config.env_id,
            prev_action=config.prev_action,
            seed=config.seed,
            stream=Stream.EPISODE,
            env_numbers=self.env_numbers,
            first_episodes=first_episodes.tolist(),
        )
        self._obs = np.zeros((size, self.envs.observation_size), np.float32)
        self._h = torch.zeros(size, agent.hidden_size)
        self._td_prev = np.zeros(size, np.float32)
        self._is_first = np.ones(size, np.bool_)
        self._returns = np.zeros(size, np.float64)
        self._lengths = np.zeros(size, np.int32)
        self.envs.reset(self._obs)
        progress.episodes[:] = self.envs.episodes

    def collect(self, block: Block, number: int, policy_version: int, td_mean: float, td_std: float) -> None:
        """Fill block number `number` with T steps, acted by weights of one version under one pair of TD statistics.

        Raises `EpisodeError` of `envs.batch` when an environment fails.
        """
        config, agent, envs = self._config, self._agent, self.envs
        steps = block.reward.shape[0]
        noise = torch.from_numpy(self._noise(number, steps))
        td = TdScale(torch.tensor(td_mean), torch.tensor(td_std))
        block.header[:] = (policy_version, self._actor, number)
        block.td_statistics[:] = (td_mean, td_std)
        next_obs = np.empty_like(self._obs)
        obs_t, next_obs_t = torch.from_numpy(self._obs), torch.from_numpy(next_obs)
        with torch.inference_mode():
            for t in range(steps):
                if t % config.seq_len == 0:
                    block.h0[t // config.seq_len] = self._h.numpy()
                block.observation[t] = self._obs
                block.is_first[t] = self._is_first
                block.td_prev[t] = self._td_prev
                first = torch.from_numpy(self._is_first.astype(np.float32))
                out = agent.act(obs_t, self._h, torch.from_numpy(self._td_prev), first, td, noise[t])
                self._h = out.h
                block.action[t] = out.action.numpy()
                block.log_prob[t] = out.log_prob.numpy()
                block.value[t] = out.value.numpy()
                block.c[t] = out.c.numpy()
                block.prior[t] = out.prior.numpy()
                envs.step(
                    block.action[t],
                    observations=self._obs,
                    next_observations=next_obs,
                    rewards=block.reward[t],
                    terminated=block.terminated[t],
                    truncated=block.truncated[t],
                )
                block.next_value[t] = agent.bootstrap_value(next_obs_t, self._h, td).numpy()
                self._finish_step(block, t)
        block.episode[:] = envs.episodes

    def _finish_step(self, block: Block, t: int) -> None:
        """TD errors for the next decision, episode ends, counters."""
        ended = block.terminated[t] | block.truncated[t]
        td = td_error(block.reward[t], block.value[t], block.next_value[t], block.terminated[t], self._config.gamma)
        self._td_prev = np.where(ended, np.float32(0), td)
        self._is_first = ended
        self._returns += block.reward[t]
        self._lengths += 1
        block.episode_return[t] = np.where(ended, self._returns, 0.0)
        block.episode_length[t] = np.where(ended, self._lengths, 0)
        self._returns[ended] = 0.0
        self._lengths[ended] = 0
        self._progress.env_steps[0] += ended.size
        self._progress.episodes[:] = self.envs.episodes

    def _noise(self, block_number: int, steps: int) -> NDArray[np.float32]:
        """The action noise [T, B, width] of a block: each environment has its own stream, so B changes nothing."""
        seed, head = self._config.seed, self._agent.head
        columns = [
            head.draw_noise(generator(seed, Stream.ACTION_NOISE, env, block_number), steps) for env in self.env_numbers
        ]
        return np.stack(columns, axis=1)

    def close(self) -> None:
        """Close the environments."""
        self.envs.close()


def td_error(reward: Any, value: Any, next_value: Any, terminated: Any, gamma: float) -> Any:
    """`reward + gamma * (1 - terminated) * V0(next_obs) - value` for arrays of one shape (DESIGN 2.7), float32."""
    return (reward + np.float32(gamma) * np.where(terminated, np.float32(0), next_value) - value).astype(np.float32)
