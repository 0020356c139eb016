"""The actor's work: let a policy act in B environments and write what happened into a block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gwt_ib.config import Config
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.episode import EpisodeError, observation_hash
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.model.arrays import I64
from gwt_ib.model.experience import SECTIONS, Block
from gwt_ib.rollout.env_loop import EnvLoop, action_noise
from gwt_ib.rollout.open_episodes import Carried
from gwt_ib.rollout.policy import Policy
from gwt_ib.seeding import Stream, generator


@dataclass(frozen=True, eq=False)
class Progress:
    """Counters that an actor keeps while it works, so that others can see it live; views into shared memory or not."""

    env_steps: I64  # [1]: steps made in all environments of the actor
    episodes: I64  # [B]: number of the episode that each environment is in
    beat: memoryview | None = None  # [1] int64: counts every call of an environment that came back

    @classmethod
    def private(cls, envs: int, beat: memoryview | None = None) -> Progress:
        """Counters that no other process sees, but perhaps for `beat`."""
        return cls(np.zeros(1, np.int64), np.zeros(envs, np.int64), beat)


class Collector:
    """Steps one actor's environments and carries their state from block to block: h, td_prev and open episodes."""

    def __init__(
        self,
        config: Config,
        actor: int,
        policy: Policy,
        first_episodes: I64,
        progress: Progress,
        carried: Carried | None = None,
        on_failure: Callable[[EpisodeError], None] = lambda error: None,
        spec: EnvironmentSpec | None = None,
    ) -> None:
        """Start episodes `first_episodes` [B], or go on with those that are `carried` on from the block before.

        Raises `UserError` where the environments cannot be made, or have other sizes than `spec` says.
        """
        size = config.envs_per_actor
        self._config = config
        self._actor = actor
        self._numbers = range(actor * size, (actor + 1) * size)
        self._progress = progress
        self.envs = EnvBatch(
            config,
            stream=Stream.EPISODE,
            env_numbers=self._numbers,
            first_episodes=first_episodes.tolist(),
            on_failure=on_failure,
            beat=progress.beat,
            spec=spec,
        )
        self._loop = EnvLoop(self.envs, policy, config.gamma, carried)
        self.replayed = self._loop.replayed
        self._returns = np.zeros(size, np.float64)
        self._lengths = np.zeros(size, np.int32)
        if carried is not None:
            self._returns[self.replayed] = carried.open_return[self.replayed]
            self._lengths[self.replayed] = carried.open_length[self.replayed]
        progress.episodes[:] = self.envs.episodes

    def collect(
        self, block: Block, number: int, policy_version: int, td_mean: float, td_std: float, waited_s: float = 0.0
    ) -> None:
        """Fill block number `number` with T steps, acted by weights of one version under one pair of TD statistics.

        `waited_s` is how long the actor waited for that version. Raises `EpisodeError` when an environment fails.
        """
        loop, stepper, sections, seq_len = self._loop, self._loop.stepper, self._loop.sections, self._config.seq_len
        sections.start()
        sections.add("wait", waited_s)
        steps = block.reward.shape[0]
        streams = [generator(self._config.seed, Stream.ACTION_NOISE, env, number) for env in self._numbers]
        noise = action_noise(self.envs.actions, streams, steps)
        block.header[:] = (policy_version, self._actor, number)
        block.td_statistics[:] = (td_mean, td_std)
        block.episode_return[:] = 0.0
        block.episode_length[:] = 0
        sections.end("write")
        stepper.begin(td_mean, td_std)
        for t in range(steps):
            if t % seq_len == 0:
                block.h0[t // seq_len] = stepper.h
            loop.act(noise[t])
            block.observation[t] = loop.obs
            block.is_first[t] = loop.is_first
            block.td_prev[t] = loop.td_prev
            block.action[t] = stepper.action
            block.log_prob[t] = stepper.log_prob
            block.value[t] = stepper.value
            block.c[t] = stepper.c
            block.prior[t] = stepper.prior
            sections.end("write")
            some_ended = loop.step(block.reward[t], block.terminated[t], block.truncated[t])
            block.next_value[t] = stepper.next_value
            self._count_step(block, t, some_ended)
            sections.end("write")
        self._write_what_follows(block)
        sections.end("write")
        seconds = sections.take()
        block.seconds[:] = [seconds.get(name, 0.0) for name in SECTIONS]

    def _write_what_follows(self, block: Block) -> None:
        """What the next block begins with, so that it can be collected in another process."""
        block.episode[:] = self.envs.episodes
        block.next_h[:] = self._loop.stepper.h
        block.next_td_prev[:] = self._loop.td_prev
        block.next_is_first[:] = self._loop.is_first
        block.next_observation[:] = [observation_hash(row) for row in self._loop.obs]
        block.open_return[:] = self._returns
        block.open_length[:] = self._lengths

    def _count_step(self, block: Block, t: int, some_ended: bool) -> None:
        """Returns and lengths of episodes, counters."""
        self._returns += block.reward[t]
        self._lengths += 1
        if some_ended:
            ended = self._loop.is_first
            block.episode_return[t, ended] = self._returns[ended]
            block.episode_length[t, ended] = self._lengths[ended]
            block.episode_length[t, self.envs.failed] = 0  # of an episode that its environment broke
            self._returns[ended] = 0.0
            self._lengths[ended] = 0
            self._progress.episodes[:] = self.envs.episodes
        self._progress.env_steps[0] += self.envs.size

    def close(self) -> None:
        """Close the environments."""
        self.envs.close()
