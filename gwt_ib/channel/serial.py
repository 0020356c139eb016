"""The serial channel: the actors' work is done inside `take`, in one process; for tests and debugging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from gwt_ib.config import Config
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.model.experience import Block, BlockSpec
from gwt_ib.model.weights import Weights
from gwt_ib.rollout.collect import Collector, Progress
from gwt_ib.rollout.open_episodes import Carried, OpenEpisodes
from gwt_ib.rollout.policy import Policy


class SerialChannel:
    """Both sides at once: keeps the weights of the last two versions and lets each actor collect in turn."""

    def __init__(
        self,
        config: Config,
        policy: Policy,
        episodes: OpenEpisodes,
        first_block: int,
        on_failure: Callable[[EpisodeError], None] = lambda error: None,
        beat: memoryview | None = None,
    ) -> None:
        """Go on with open `episodes`, or begin new ones after those that they number."""
        self._config = config
        self._policy = policy
        policy.prepare()
        carried, size = episodes.carried(), config.envs_per_actor
        self._collectors = [
            Collector(
                config, actor, policy, first, Progress.private(size, beat),
                None if carried is None else carried.rows(actor * size, size), on_failure,
            )
            for actor, first in enumerate(np.split(episodes.episode + 1, config.num_actors))
        ]  # fmt: skip
        self.not_restored = 0 if carried is None else sum(int((~each.replayed).sum()) for each in self._collectors)
        """Environments that could not go on where they stopped."""
        envs = self._collectors[0].envs
        spec = BlockSpec(envs.observation_size, envs.actions, config)
        self._blocks = [spec.allocate() for _ in range(config.num_actors)]
        self._number = first_block
        self._versions: dict[int, Weights] = {}

    def publish(self, weights: Weights) -> None:
        """Keep a copy: the learner goes on changing its own."""
        self._versions[weights.version] = replace(weights, vector=weights.vector.copy())
        self._versions.pop(weights.version - 2, None)

    def take(self) -> Sequence[Block]:
        """Collect the next block of every actor, with the version that the rule of the channel names."""
        wanted = max(self._number - self._config.max_policy_lag, min(self._versions))
        weights = self._versions[wanted]
        self._policy.write(weights.vector)
        for collector, block in zip(self._collectors, self._blocks, strict=True):
            collector.collect(block, self._number, weights.version, weights.td_mean, weights.td_std)
        self._number += 1
        return self._blocks

    def hand_over(self, actor: int, generation: int, carried: Carried | None) -> bool:
        """Nothing to do: there is no process that could be replaced."""
        return True

    def close(self) -> None:
        """Close the environments."""
        for collector in self._collectors:
            collector.close()
