"""A batch of environments with the arrays that it writes into, for tests."""

import numpy as np
from support import task

from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.seeding import Stream


class Driven:
    """A batch with the arrays that it writes into."""

    def __init__(
        self, env_id, numbers, first=None, seed=7, prev_action=False, stream=Stream.EPISODE, begin=True, **options
    ):
        first = [0] * len(numbers) if first is None else first
        config = task(env_id, prev_action, seed)
        self.failures = []
        self.batch = EnvBatch(
            config, stream=stream, env_numbers=numbers, first_episodes=first, on_failure=self.failures.append, **options
        )
        size, width = self.batch.size, self.batch.observation_size
        self.obs = np.full((size, width), 9, np.float32)
        self.next_obs = np.full((size, width), 9, np.float32)
        self.rewards = np.full(size, 9, np.float32)
        self.terminated, self.truncated = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        if begin:
            self.batch.reset(self.obs)

    def step(self, *actions):
        rows = np.array(actions, self.batch.actions.dtype).reshape(self.batch.size, -1)
        self.batch.step(
            rows,
            observations=self.obs,
            next_observations=self.next_obs,
            rewards=self.rewards,
            terminated=self.terminated,
            truncated=self.truncated,
        )

    def history(self, steps):
        """All observations and rewards of each environment under actions that depend on its number alone."""
        numbers = self.batch._numbers
        found = [self.obs.copy()]
        for t in range(steps):
            sizes = self.batch.actions.sizes
            if sizes:
                self.step([[(31 * n + 7 * t + k) % size for k, size in enumerate(sizes)] for n in numbers])
            else:
                self.step([[np.sin(n + t)] * self.batch.actions.width for n in numbers])
            found += [self.next_obs.copy(), self.obs.copy(), self.rewards[:, None].repeat(self.obs.shape[1], 1)]
        return np.stack(found, axis=1)
