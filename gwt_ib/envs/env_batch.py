"""The environments of one actor, stepped in lockstep. The agent sees of them what is written here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib import seeding
from gwt_ib.config import Config
from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.envs.episode import MAX_ACTIONS, EpisodeError, OpenEpisode, observation_hash
from gwt_ib.envs.instances import Instances, counter
from gwt_ib.envs.limits import LIMIT_SQUARED, REWARD_LIMIT, wrong_reward
from gwt_ib.envs.make import Env
from gwt_ib.envs.refusal import is_ctrl_c
from gwt_ib.envs.spaces import Row
from gwt_ib.envs.spec import EnvironmentSpec

FAILURE_WINDOW = 100
"""Episodes of an environment over which its failures are counted."""
FAILURES = 3
"""The first costs the episode, the second the instance, and this one is raised."""
TRIM_STEPS = 1000
REPLAY_LIMIT_S = 120.0
"""An open episode that takes longer to be played again is given up."""

End = tuple[int, bool, bool]  # an environment's place, whether its episode terminated, whether it was truncated


class EnvBatch:
    """B environments stepped in lockstep by one actor, each episode with a seed of its own.

    Episode e of environment n is reset with `seeding.derived_seed(seed, stream, n, e)`. So what an environment sees
    depends on the run's seed, its number, the episode's number and the actions, and not on how environments are
    grouped. `info` ends here: it is neither kept nor handed on.

    An environment that fails, by whatever it raises, costs its episode: the next one begins. From the second failure
    in its last 100 episodes on the environment is made anew, the third is raised as an `EpisodeError`.
    """

    def __init__(
        self,
        config: Config,
        *,
        stream: seeding.Stream,
        env_numbers: Sequence[int],
        first_episodes: Sequence[int],
        on_failure: Callable[[EpisodeError], None] = lambda error: None,
        beat: memoryview | None = None,
        spec: EnvironmentSpec | None = None,
        fewer: bool = False,
        make: Callable[[Config], Env] | None = None,
    ) -> None:
        """Raises `UserError` when the environments cannot be made, or differ in size, also from `spec`.

        `on_failure` is called for each failure that is not raised. `beat`, one int64, is counted up after every single
        call of an environment. With `fewer` it does with the environments that could be made, if there is one (`take`).
        `make` makes an environment in place of `make_env`.
        """
        if len(env_numbers) == 0 or len(env_numbers) != len(first_episodes):
            raise ValueError("a batch needs at least one environment, and one first episode for each")
        self._config = config
        self._stream = stream
        self._on_failure = on_failure
        self._beat = counter() if beat is None else beat
        self._instances = Instances(config, len(env_numbers), self._beat, spec, fewer, make)
        self.made = len(self._instances)
        """How many there are; fewer than asked for only with `fewer`."""
        self.actions: ActionCodec = self._instances.first.actions
        self.observation_size = self._instances.first.encoder.size
        self.observation_space = self._instances.first.observations
        self.clipped = 0
        """Observations in which numbers were moved to the limit."""
        self.take(env_numbers[: self.made], first_episodes[: self.made])

    def take(self, env_numbers: Sequence[int], first_episodes: Sequence[int]) -> None:
        """Be the environments of these numbers from the next reset on: at most as many as were made."""
        if not 0 < len(env_numbers) <= self.made or len(env_numbers) != len(first_episodes):
            raise ValueError(
                f"{len(env_numbers)} environments of {self.made} with {len(first_episodes)} first episodes"
            )
        self._instances.wake()
        self._numbers = [int(number) for number in env_numbers]
        self._first_episodes = np.array(first_episodes, np.int64)
        self.size = len(self._numbers)
        self.episodes: NDArray[np.int64] = self._first_episodes.copy()
        self.failed: NDArray[np.bool_] = np.zeros(self.size, np.bool_)
        self._some_failed = False
        self._untrimmed = 0
        self._played: list[list[list[float]]] = [[] for _ in self._numbers]
        self._failures: list[list[int]] = [[] for _ in self._numbers]
        self.last_failure: EpisodeError | None = None

    def rest(self, i: int) -> None:
        """Step environment `i` no more, until the next `take`: it then shows what it showed last, and pays nothing."""
        self._instances.rest(i)

    def reset(self, observations: NDArray[np.float32]) -> None:
        """Start each environment's first episode and write its first observation. Raises `EpisodeError`."""
        self.episodes[:] = self._first_episodes
        self._none_failed()
        for i in range(self.size):
            self._begin(i, observations[i])

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

        `observations` has what was acted on. `next_observations` gets what the step returned, the final observation
        where an episode ended; `observations` gets what the next decision sees, the first observation of the next
        episode there. Where the step failed (`failed`), the episode is truncated with the reward 0 and the observation
        that was acted on. Raises `EpisodeError`.
        """
        for played, action in zip(self._played, actions.tolist(), strict=True):
            played.append(action)
        self._untrimmed += 1
        if self._untrimmed >= TRIM_STEPS:
            self._trim()
        given = self._to_envs(actions)
        steps, encoders = self._instances.steps, self._instances.encoders
        beat = self._beat
        count = beat[0]
        paid: list[float] = []
        ends: list[End] = []
        failures: dict[int, BaseException] = {}
        seen: list[Any] = []
        # What `Instance.step` does, without calling it: that would be 5 % of a step of the fast environments.
        for step, encode, action, row in zip(steps, encoders, given, next_observations, strict=False):
            try:
                observation, reward, over, cut, _ = step(action)
                encode(observation, row)
                seen.append(observation)
                reward = float(reward)
                if not -REWARD_LIMIT <= reward <= REWARD_LIMIT:
                    raise wrong_reward(reward)
                if over or cut:
                    ends.append((len(paid), bool(over), bool(cut)))
                paid.append(reward)
            except BaseException as error:
                if is_ctrl_c(error):
                    raise
                failures[len(paid)] = error
                seen[len(paid) :] = [None]
                paid.append(0.0)
            beat[0] = count = count + 1
        if self._some_failed:
            self._none_failed()
        if failures or not np.vdot(next_observations, next_observations) <= LIMIT_SQUARED:  # as `limits.all_within`
            ends = self._settle(failures, ends, paid, seen, observations, next_observations)
        rewards[:] = paid
        terminated.fill(False)
        truncated.fill(False)
        observations[:] = next_observations
        if not ends:
            return False
        for i, over, cut in ends:
            terminated[i], truncated[i] = over, cut
            self._after(i, observations[i], failures.get(i))
        return True

    def restore(self, observations: NDArray[np.float32], episodes: Sequence[OpenEpisode]) -> NDArray[np.bool_]:
        """Start within open episodes, in place of `reset`: play each again and write its newest observation.

        True where that is the observation which it had; where it is not, the next episode has begun.
        Raises `EpisodeError` where that fails too often.
        """
        if len(episodes) != self.size:
            raise ValueError(f"{len(episodes)} open episodes for {self.size} environments")
        replayed = np.zeros(self.size, np.bool_)
        self._none_failed()
        for i, episode in enumerate(episodes):
            self.episodes[i] = episode.number
            try:
                replayed[i] = self._replay(i, observations[i], episode)
            except BaseException as error:
                if is_ctrl_c(error):
                    raise
                self._begin_next(i, observations[i], error)
                continue
            if not replayed[i]:
                self.episodes[i] += 1
                self._begin(i, observations[i])
        return replayed

    def open_episodes(self, observations: NDArray[np.float32]) -> list[OpenEpisode]:
        """What `restore` needs to come back to this moment; `observations` has what the next decision sees."""
        found = []
        for number, played, row in zip(self.episodes.tolist(), self._played, observations, strict=True):
            rows = np.array(played, self.actions.dtype).reshape(len(played), self.actions.width)
            actions = rows if len(played) <= MAX_ACTIONS else None
            found.append(OpenEpisode(number, actions, observation_hash(row)))
        return found

    def close(self) -> None:
        """Close every environment, whatever closing one of them raises. A second call does nothing."""
        self._instances.close()

    def _none_failed(self) -> None:
        self._some_failed = False
        self.failed.fill(False)

    def _trim(self) -> None:
        """Forget actions of long episodes: one more than is remembered says that there were more."""
        self._untrimmed = 0
        for played in self._played:
            del played[MAX_ACTIONS + 1 :]

    def _after(self, i: int, row: Row, cause: BaseException | None) -> None:
        """Start the episode after one that ended, or failed where there is a cause. Raises `EpisodeError`."""
        if cause is None:
            self.episodes[i] += 1
            self._begin(i, row)
        else:
            self.failed[i] = self._some_failed = True
            self._begin_next(i, row, cause)

    def _begin(self, i: int, row: Row) -> None:
        """Start the episode that is due; where that fails, the next. Raises `EpisodeError`."""
        try:
            self._reset(i, row)
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            self._begin_next(i, row, error)

    def _begin_next(self, i: int, row: Row, cause: BaseException) -> None:
        """Start the episode after one that failed, in a new instance if need be. Raises `EpisodeError`.

        One that fails already here is followed by the next: not for ever, as each failure counts.
        """
        while True:
            again = self._count_failure(i, cause)
            self.episodes[i] += 1
            self._played[i] = []
            try:
                if again:
                    self._instances.renew(i)
                self._reset(i, row)
                return
            except BaseException as error:
                if is_ctrl_c(error):
                    raise
                cause = error

    def _count_failure(self, i: int, cause: BaseException) -> bool:
        """True where it is not the first one lately. Raises it as an `EpisodeError` where it is one too many."""
        episode, error = int(self.episodes[i]), self._error(i, cause)
        lately = [failed for failed in self._failures[i] if failed > episode - FAILURE_WINDOW]
        self._failures[i] = [*lately, episode]
        self.last_failure = error
        if len(lately) + 1 >= FAILURES:
            raise error from cause
        self._on_failure(error)
        return bool(lately)

    def _reset(self, i: int, row: Row) -> None:
        """Start the episode that is due."""
        self._played[i] = []
        self.clipped += self._instances.reset(i, self._episode_seed(i), row)

    def _replay(self, i: int, row: Row, episode: OpenEpisode) -> bool:
        """Play an open episode again; False where it cannot be, or does not come to what was observed."""
        deadline = time.monotonic() + REPLAY_LIMIT_S
        given = self._known_actions(i, episode.actions)
        if given is None:
            return False
        self._reset(i, row)
        for action_row, action in given:
            self._played[i].append(action_row)
            _, over, cut = self._instances.step(i, action, row)
            if over or cut or time.monotonic() > deadline:
                return False
        return observation_hash(row) == episode.observation_hash

    def _known_actions(self, i: int, rows: NDArray[Any] | None) -> list[tuple[list[float], Any]] | None:
        """Each row with its action; none where the rows are incomplete or those of another environment."""
        codec = self._instances.form(i).actions
        if rows is None or rows.ndim != 2 or rows.shape[1] != codec.width:
            return None
        try:
            return [(row, codec.to_env(row)) for row in rows.tolist()]
        except ValueError:
            return None

    def _settle(
        self,
        failures: dict[int, BaseException],
        ends: list[End],
        paid: list[float],
        seen: list[Any],
        observations: NDArray[np.float32],
        next_observations: NDArray[np.float32],
    ) -> list[End]:
        """Hold what was observed to the limit, and let steps that failed, also in that, be truncations; all that ended."""
        for i, row in enumerate(next_observations):
            try:
                if i not in failures:
                    self.clipped += self._instances.form(i).move_within(seen[i], row)
            except Exception as error:  # noqa: BLE001 - an environment's own objects are looked at
                failures[i] = error
        for i in failures:
            next_observations[i] = observations[i]
            paid[i] = 0.0
        return [end for end in ends if end[0] not in failures] + [(i, False, True) for i in failures]

    def _episode_seed(self, i: int) -> int:
        return seeding.derived_seed(self._config.seed, self._stream, self._numbers[i], int(self.episodes[i]))

    def _to_envs(self, actions: NDArray[Any]) -> list[Any]:
        """The environments' actions. One that is none is not the environment's failure, and is raised."""
        try:
            return self._instances.to_envs(actions)
        except ValueError:
            for i, row in enumerate(actions):
                try:
                    self._instances.form(i).actions.to_env(row)
                except ValueError as error:
                    raise self._error(i, error) from error
            raise

    def _error(self, i: int, cause: BaseException) -> EpisodeError:
        played = self._played[i]
        return EpisodeError(
            self._config.env_id, self._numbers[i], int(self.episodes[i]), self._episode_seed(i), played[:MAX_ACTIONS], cause,
            complete=len(played) <= MAX_ACTIONS,
        )  # fmt: skip
