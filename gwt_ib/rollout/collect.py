"""The actor's work: let a policy act in B environments and write what happened into a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.model.noise import action_noise
from gwt_ib.rollout.block import Block
from gwt_ib.rollout.policy import F32, Policy, stepper_of
from gwt_ib.sections import Sections
from gwt_ib.seeding import Stream, generator

if TYPE_CHECKING:
    from gwt_ib.model.agent import Agent


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
        self, config: Config, actor: int, agent: Agent | Policy, first_episodes: NDArray[np.int64], progress: Progress
    ) -> None:
        size = config.envs_per_actor
        self.env_numbers = range(actor * size, (actor + 1) * size)
        self._config = config
        self._actor = actor
        self._progress = progress
        self.envs = EnvBatch(
            config.env_id,
            prev_action=config.prev_action,
            seed=config.seed,
            stream=Stream.EPISODE,
            env_numbers=self.env_numbers,
            first_episodes=first_episodes.tolist(),
        )
        self._stepper = stepper_of(agent, size)
        self._sections = Sections()
        self._obs = np.zeros((size, self.envs.observation_size), np.float32)
        self._next_obs = np.zeros_like(self._obs)
        self._td_prev = np.zeros(size, np.float32)
        self._is_first = np.ones(size, np.bool_)
        self._returns = np.zeros(size, np.float64)
        self._lengths = np.zeros(size, np.int32)
        self.envs.reset(self._obs)
        progress.episodes[:] = self.envs.episodes

    def collect(
        self, block: Block, number: int, policy_version: int, td_mean: float, td_std: float, waited_s: float = 0.0
    ) -> None:
        """Fill block number `number` with T steps, acted by weights of one version under one pair of TD statistics.

        `waited_s` is how long the actor waited for that version. Raises `EpisodeError` of `envs.batch` when an
        environment fails.
        """
        seq_len, stepper, envs, sections = self._config.seq_len, self._stepper, self.envs, self._sections
        obs, next_obs, td_prev, is_first = self._obs, self._next_obs, self._td_prev, self._is_first
        sections.start()
        sections.add("wait", waited_s)
        steps = block.reward.shape[0]
        noise = self._noise(number, steps)
        block.header[:] = (policy_version, self._actor, number)
        block.td_statistics[:] = (td_mean, td_std)
        block.episode_return[:] = 0.0
        block.episode_length[:] = 0
        sections.lap("write")
        stepper.begin(td_mean, td_std)
        for t in range(steps):
            if t % seq_len == 0:
                block.h0[t // seq_len] = stepper.h
            stepper.act(obs, td_prev, is_first, noise[t])
            sections.lap("inference")
            block.observation[t] = obs
            block.is_first[t] = is_first
            block.td_prev[t] = td_prev
            block.action[t] = stepper.action
            block.log_prob[t] = stepper.log_prob
            block.value[t] = stepper.value
            block.c[t] = stepper.c
            block.prior[t] = stepper.prior
            sections.lap("write")
            some_ended = envs.step(
                stepper.action,
                observations=obs,
                next_observations=next_obs,
                rewards=block.reward[t],
                terminated=block.terminated[t],
                truncated=block.truncated[t],
            )
            sections.lap("environment")
            stepper.bootstrap(next_obs)
            sections.lap("inference")
            block.next_value[t] = stepper.next_value
            self._finish_step(block, t, some_ended)
            sections.lap("write")
        block.episode[:] = envs.episodes
        sections.lap("write")
        block.write_seconds(sections.take())

    def _finish_step(self, block: Block, t: int, some_ended: bool) -> None:
        """TD errors for the next decision, episode ends, counters."""
        reward, is_first = block.reward[t], self._is_first
        self._returns += reward
        self._lengths += 1
        td_error(
            reward, block.value[t], block.next_value[t], block.terminated[t], self._config.gamma, out=self._td_prev
        )
        if some_ended:
            np.logical_or(block.terminated[t], block.truncated[t], out=is_first)
            self._td_prev[is_first] = 0.0
            block.episode_return[t, is_first] = self._returns[is_first]
            block.episode_length[t, is_first] = self._lengths[is_first]
            self._returns[is_first] = 0.0
            self._lengths[is_first] = 0
            self._progress.episodes[:] = self.envs.episodes
        else:
            is_first.fill(False)
        self._progress.env_steps[0] += is_first.size

    def _noise(self, block_number: int, steps: int) -> F32:
        """The action noise [T, B, width] of a block: each environment has its own stream, so B changes nothing."""
        streams = [generator(self._config.seed, Stream.ACTION_NOISE, env, block_number) for env in self.env_numbers]
        return np.stack([action_noise(self.envs.actions, stream, steps) for stream in streams], axis=1)

    def close(self) -> None:
        """Close the environments."""
        self.envs.close()


def td_error(
    reward: F32, value: F32, next_value: F32, terminated: NDArray[np.bool_], gamma: float, out: F32 | None = None
) -> F32:
    """`reward + gamma * (1 - terminated) * V0(next_obs) - value` of arrays, into `out` (docs/model.md, "TD error")."""
    td: F32 = np.multiply(next_value, np.float32(gamma), out=out)
    td[terminated] = 0.0
    td += reward
    td -= value
    return td
