"""The environments of one actor, stepped in lockstep. The agent sees of them what is written here."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib import seeding
from gwt_ib.config import Config
from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.envs.make import REWARD_LIMIT, make_env
from gwt_ib.envs.spaces import ObservationEncoder

MAX_ACTIONS = 100_000
"""Actions of an open episode that are remembered; an environment without end must not fill the memory."""


class EpisodeError(RuntimeError):
    """An environment failed; the attributes say which episode has to be played again, with which action rows, to see it."""

    def __init__(
        self, env_id: str, env_number: int, episode: int, seed: int, actions: list[list[float]], cause: Exception
    ) -> None:
        super().__init__(
            f"{env_id}: environment {env_number} failed in episode {episode} (seed {seed}): "
            f"{type(cause).__name__}: {' '.join(str(cause).split())}"
        )
        self.env_id = env_id
        self.env_number = env_number
        self.episode = episode
        self.seed = seed
        self.actions = actions


class EnvBatch:
    """B environments stepped in lockstep by one actor, each episode with a seed of its own.

    Episode e of environment n is reset with `seeding.derived_seed(seed, stream, n, e)`. So what an environment sees
    depends on the run's seed, its number, the episode's number and the actions, and not on how environments are
    grouped. `info` ends here: it is neither kept nor handed on.
    """

    def __init__(
        self, config: Config, *, stream: seeding.Stream, env_numbers: Sequence[int], first_episodes: Sequence[int]
    ) -> None:
        """Raises `UserError` when the environments cannot be made."""
        if len(env_numbers) == 0 or len(env_numbers) != len(first_episodes):
            raise ValueError("a batch needs at least one environment, and one first episode for each")
        self._env_id, self._seed = config.env_id, config.seed
        self._stream = stream
        self._numbers = [int(number) for number in env_numbers]
        self._first_episodes = np.array(first_episodes, np.int64)
        self.episodes: NDArray[np.int64] = self._first_episodes.copy()
        self.size = len(self._numbers)
        with ExitStack() as stack:
            self._envs = [stack.enter_context(closing(make_env(config))) for _ in self._numbers]
            first = self._envs[0]
            for env in self._envs:
                if (env.observation_space, env.action_space) != (first.observation_space, first.action_space):
                    raise ValueError(f"{config.env_id}: two environments of this id have different spaces")
            encoder = ObservationEncoder(first.observation_space)
            self.actions = ActionCodec(first.action_space)
            self._open = stack.pop_all()
        self.observation_size = encoder.size
        self._played: list[list[list[float]]] = [[] for _ in self._numbers]
        self._encode = encoder.encode
        self._steps = [env.step for env in self._envs]

    def reset(self, observations: NDArray[np.float32]) -> None:
        """Start each environment's first episode and write its first observation."""
        self.episodes[:] = self._first_episodes
        for i in range(self.size):
            self._reset(i, observations[i])
        self._check_finite(observations)

    def step(
        self,
        actions: NDArray[Any],
        *,
        observations: NDArray[np.float32],
        next_observations: NDArray[np.float32],
        rewards: NDArray[np.float32],
        terminated: NDArray[np.bool_],
        truncated: NDArray[np.bool_],
    ) -> bool:
        """Take one step in every environment; where an episode ended, start the next. True where one has ended.

        `next_observations` gets what the step returned, the final observation where an episode ended; `observations`
        gets what the next decision sees, the first observation of the next episode there. Raises `EpisodeError`.
        """
        encode = self._encode
        for played, action in zip(self._played, actions.tolist(), strict=True):
            if len(played) < MAX_ACTIONS:
                played.append(action)
        given = self._to_envs(actions)
        paid: list[float] = []
        ends: list[tuple[int, bool, bool]] = []
        try:
            for step, action, row in zip(self._steps, given, next_observations, strict=True):
                observation, reward, over, cut, _ = step(action)
                encode(observation, row)
                reward = float(reward)
                if not -REWARD_LIMIT <= reward <= REWARD_LIMIT:
                    raise ValueError(f"the reward is {reward}")
                if over or cut:
                    ends.append((len(paid), bool(over), bool(cut)))
                paid.append(reward)
        except Exception as error:
            raise self._error(len(paid), error) from error
        self._check_finite(next_observations)
        rewards[:] = paid
        terminated.fill(False)
        truncated.fill(False)
        observations[:] = next_observations
        if not ends:
            return False
        for i, over, cut in ends:
            terminated[i], truncated[i] = over, cut
            self.episodes[i] += 1
            self._reset(i, observations[i])
        self._check_finite(observations)
        return True

    def close(self) -> None:
        """Close every environment, also when closing one of them fails. A second call does nothing."""
        self._open.close()

    def _reset(self, i: int, row: NDArray[np.float32]) -> None:
        self._played[i] = []
        try:
            observation, _ = self._envs[i].reset(seed=self._episode_seed(i))
            self._encode(observation, row)
        except Exception as error:
            raise self._error(i, error) from error

    def _episode_seed(self, i: int) -> int:
        return seeding.derived_seed(self._seed, self._stream, self._numbers[i], int(self.episodes[i]))

    def _to_envs(self, actions: NDArray[Any]) -> list[Any]:
        try:
            return self.actions.to_envs(actions)
        except ValueError:
            for i, row in enumerate(actions):
                try:
                    self.actions.to_env(row)
                except ValueError as error:
                    raise self._error(i, error) from error
            raise

    def _check_finite(self, observations: NDArray[np.float32]) -> None:
        """An observation that is not finite would make every weight not-a-number, far from where it came from."""
        finite = np.isfinite(observations)
        if not finite.all():
            i = int(np.flatnonzero(~finite.all(axis=1))[0])
            cause = ValueError(f"the observation has a number that is not finite: {observations[i]}")
            raise self._error(i, cause) from cause

    def _error(self, i: int, cause: Exception) -> EpisodeError:
        episode, seed = int(self.episodes[i]), self._episode_seed(i)
        return EpisodeError(self._env_id, self._numbers[i], episode, seed, self._played[i], cause)
