"""Environments in lockstep: seeds, ends of episodes, and what never gets through."""

import gc
import re
import weakref
from typing import ClassVar

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from support import task

from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.episode import EpisodeError
from gwt_ib.envs.make import make_env
from gwt_ib.envs.spaces import ObservationEncoder
from gwt_ib.errors import UserError
from gwt_ib.seeding import Stream, derived_seed

RECALL = "popgym-CountRecallEasy-v0"


class Scripted(gymnasium.Env):
    """Counts its steps. The action is what happens: 0 nothing, 1 terminated, 2 truncated, 3 both, 4 and more: faults."""

    observation_space = spaces.Box(-1000, 1000, (2,))
    action_space = spaces.Discrete(8)
    secrets: ClassVar[list] = []  # weak references to what was in `info`
    seeds: ClassVar[list] = []
    closed = 0

    def __init__(self, break_reset=False):
        self.break_reset = break_reset
        self.episode = -1

    def look(self):
        return np.float32([self.episode, self.t])

    def info(self):
        secret = {"the answer", 42}
        self.secrets.append(weakref.ref(secret))
        return {"answer": secret}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.seeds.append(seed)
        self.episode += 1
        self.t = 0
        if self.break_reset and self.episode == 1:
            raise OSError("no more mazes")
        return self.look(), self.info()

    def step(self, action):
        self.t += 1
        if action == 4:
            raise ZeroDivisionError("division by zero")
        reward = {5: np.nan, 6: 1e300}.get(action, self.t / 4)
        look = np.float32([np.inf, 0]) if action == 7 else self.look()
        return look, reward, action in (1, 3), action in (2, 3), self.info()

    def close(self):
        Scripted.closed += 1


@pytest.fixture(autouse=True, scope="module")
def scripted():
    gymnasium.register("EnvTestScripted-v0", Scripted)
    gymnasium.register("EnvTestScriptedReset-v0", Scripted, kwargs={"break_reset": True})
    gymnasium.register("EnvTestScriptedLimit-v0", Scripted, max_episode_steps=2)
    yield
    for env_id in [env_id for env_id in gymnasium.registry if env_id.startswith("EnvTestScripted")]:
        del gymnasium.registry[env_id]


class Driven:
    """A batch with the arrays that it writes into."""

    def __init__(self, env_id, numbers, first=None, seed=7, prev_action=False, stream=Stream.EPISODE, **options):
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


def test_ends_are_told_apart_and_both_may_be_true():
    driven = Driven("EnvTestScripted-v0", range(4))
    np.testing.assert_array_equal(driven.obs, [[0, 0]] * 4)
    driven.step(0, 1, 2, 3)
    assert driven.terminated.tolist() == [False, True, False, True]
    assert driven.truncated.tolist() == [False, False, True, True]
    assert driven.batch.episodes.tolist() == [0, 1, 1, 1]
    assert driven.batch.episodes.dtype == np.int64
    np.testing.assert_array_equal(driven.rewards, np.float32([0.25] * 4))


def test_the_final_observation_and_the_first_one():
    driven = Driven("EnvTestScripted-v0", range(2))
    driven.step(0, 0)
    np.testing.assert_array_equal(driven.next_obs, [[0, 1], [0, 1]])
    np.testing.assert_array_equal(driven.obs, [[0, 1], [0, 1]])
    driven.step(0, 2)
    np.testing.assert_array_equal(driven.next_obs, [[0, 2], [0, 2]])  # what the step returned
    np.testing.assert_array_equal(driven.obs, [[0, 2], [1, 0]])  # what the next decision sees
    driven.step(0, 0)
    np.testing.assert_array_equal(driven.next_obs, [[0, 3], [1, 1]])
    assert not driven.terminated.any() and not driven.truncated.any()


def test_a_time_limit_truncates():
    driven = Driven("EnvTestScriptedLimit-v0", range(2))
    driven.step(0, 0)
    driven.step(0, 1)
    assert (driven.terminated.tolist(), driven.truncated.tolist()) == ([False, True], [True, True])


def test_a_step_overwrites_everything_it_is_given():
    driven = Driven("EnvTestScripted-v0", [0])
    driven.step(3)
    for array in (driven.obs, driven.next_obs, driven.rewards):
        array[:] = -5
    driven.step(0)
    np.testing.assert_array_equal(driven.obs, [[1, 1]])
    np.testing.assert_array_equal(driven.next_obs, [[1, 1]])
    assert (driven.rewards[0], driven.terminated[0], driven.truncated[0]) == (0.25, False, False)


def test_each_episode_has_the_seed_that_is_derived_for_it():
    Scripted.seeds.clear()
    driven = Driven("EnvTestScripted-v0", [5, 9], first=[0, 3], seed=11)
    driven.step(1, 0)
    driven.step(2, 3)
    wanted = [(5, 0), (9, 3), (5, 1), (5, 2), (9, 4)]
    assert Scripted.seeds == [derived_seed(11, Stream.EPISODE, number, episode) for number, episode in wanted]
    assert driven.batch.episodes.tolist() == [2, 4]


ALIKE = [
    RECALL,
    "popgym-BattleshipEasy-v0",
    "popgym-NoisyPositionOnlyPendulumEasy-v0",
    "popgym-LabyrinthEscapeEasy-v0",
    "popgym-ConcentrationHard-v0",
]


@pytest.mark.parametrize("env_id", ALIKE)
def test_what_an_environment_sees_does_not_depend_on_its_company(env_id):
    steps = 120
    together = Driven(env_id, range(4), prev_action=True).history(steps)
    apart = [Driven(env_id, numbers, prev_action=True) for numbers in ([0, 1], [2, 3])]
    np.testing.assert_array_equal(together, np.concatenate([half.history(steps) for half in apart]))
    np.random.seed(1)  # a library may draw from NumPy's own generator: a seeded reset must not
    backwards = Driven(env_id, [3, 2, 1, 0], prev_action=True).history(steps)
    np.testing.assert_array_equal(together, backwards[::-1])


@pytest.mark.parametrize(
    "changed", [{"seed": 8}, {"numbers": [4, 5]}, {"first": [1, 1]}, {"stream": Stream.EVALUATION_EPISODE}]
)
def test_another_seed_number_episode_or_stream_is_another_deal(changed):
    usual = Driven(RECALL, [0, 1]).history(50)
    other = Driven(RECALL, **{"numbers": [0, 1], **changed}).history(50)
    assert (usual[0] != other[0]).any() and (usual[1] != other[1]).any()
    assert (usual[0] != usual[1]).any()


def test_a_later_first_episode_goes_on_where_another_batch_would_be():
    usual = Driven(RECALL, [3])
    for _ in range(51):
        usual.step(0)
    assert usual.batch.episodes.tolist() == [1]
    np.testing.assert_array_equal(usual.history(60), Driven(RECALL, [3], first=[1]).history(60))


def test_reset_starts_the_first_episodes_again():
    driven = Driven(RECALL, [0, 1], first=[2, 2])
    first = driven.history(80)
    driven.batch.reset(driven.obs)
    assert driven.batch.episodes.tolist() == [2, 2]
    np.testing.assert_array_equal(first, driven.history(80))


@pytest.mark.parametrize("env_id", ["popgym-CountRecallHard-v0", "popgym-PositionOnlyPendulumEasy-v0"])
@pytest.mark.parametrize("prev_action", [False, True])
def test_it_is_what_one_would_write_by_hand(env_id, prev_action):
    driven = Driven(env_id, [3], prev_action=prev_action)
    env = make_env(task(env_id, prev_action))
    encoder = ObservationEncoder(env.observation_space)
    row, episode = np.empty((1, encoder.size), np.float32), 0
    encoder.encode(env.reset(seed=derived_seed(7, Stream.EPISODE, 3, 0))[0], row[0])
    rng = np.random.default_rng(0)
    for _ in range(450):
        np.testing.assert_array_equal(driven.obs, row)
        sizes = driven.batch.actions.sizes
        action = rng.integers(0, sizes) if sizes else rng.normal(size=driven.batch.actions.width).astype(np.float32)
        driven.step(action)
        observation, reward, terminated, truncated, _ = env.step(driven.batch.actions.to_env(action))
        encoder.encode(observation, row[0])
        np.testing.assert_array_equal(driven.next_obs, row)
        assert driven.rewards[0] == np.float32(reward)
        assert (driven.terminated[0], driven.truncated[0]) == (terminated, truncated)
        if terminated or truncated:
            episode += 1
            encoder.encode(env.reset(seed=derived_seed(7, Stream.EPISODE, 3, episode))[0], row[0])
    assert episode >= 2


def test_info_goes_nowhere():
    """Whatever was in `info` is gone when `reset` and `step` have returned: nothing can have kept it."""
    Scripted.secrets.clear()
    driven = Driven("EnvTestScripted-v0", range(3))
    for action in (0, 1, 2, 3):
        driven.step(action, 0, action)
    gc.collect()
    assert len(Scripted.secrets) == 3 + 4 * 3 + 6  # first resets, steps, later resets
    assert all(secret() is None for secret in Scripted.secrets)
    assert not any("info" in name for name in dir(driven.batch))


@pytest.mark.parametrize(
    ("action", "cause", "words"),
    [
        (4, ZeroDivisionError, "ZeroDivisionError: division by zero"),
        (5, ValueError, "the reward is nan"),
        (6, ValueError, "the reward is 1e\\+300"),
        (7, ValueError, "does not keep to its observation space"),
    ],
)
def test_a_step_that_fails_names_the_episode(action, cause, words):
    driven = Driven("EnvTestScripted-v0", [10, 11, 12], first=[0, 5, 0])
    driven.step(0, 1, 0)
    driven.step(0, action, 0)
    (error,) = driven.failures
    seed = derived_seed(7, Stream.EPISODE, 11, 6)
    assert (error.env_id, error.env_number, error.episode, error.seed) == ("EnvTestScripted-v0", 11, 6, seed)
    assert (error.actions, error.complete) == ([[action]], True)
    assert isinstance(error.__cause__, cause)
    assert re.search(words, str(error))
    for text in ("environment 11", "episode 6", str(seed)):
        assert text in str(error)


def test_a_number_that_cannot_be_an_action_names_the_environment():
    driven = Driven("popgym-PositionOnlyPendulumEasy-v0", [10, 11, 12])
    with pytest.raises(EpisodeError, match="not finite") as caught:
        driven.step(0.5, np.nan, np.nan)
    assert caught.value.env_number == 11
    with pytest.raises(EpisodeError, match="no choice 8") as caught:
        Driven("EnvTestScripted-v0", [10, 11, 12]).step(0, 8, 0)
    assert caught.value.env_number == 11


def test_a_reset_that_fails_names_the_episode_that_did_not_start():
    driven = Driven("EnvTestScriptedReset-v0", [10, 11])
    driven.step(0, 1)
    (error,) = driven.failures
    assert (error.env_number, error.episode, error.actions) == (11, 1, [])
    assert error.seed == derived_seed(7, Stream.EPISODE, 11, 1)
    assert isinstance(error.__cause__, OSError)
    assert driven.terminated.tolist() == [False, True], "the episode before it ended as it should"
    assert not driven.batch.failed.any()
    assert driven.batch.episodes.tolist() == [0, 2]


def test_close_closes_each_environment_once():
    Scripted.closed = 0
    driven = Driven("EnvTestScripted-v0", range(3))
    driven.batch.close()
    driven.batch.close()
    assert Scripted.closed == 3


def test_a_batch_that_cannot_be_made_leaves_nothing_open(monkeypatch):
    Scripted.closed = 0
    made = []

    def make(config):
        made.append(config)
        if len(made) == 3:
            raise UserError("no third one", 78)
        return make_env(config)

    monkeypatch.setattr("gwt_ib.envs.instance.make_env", make)
    with pytest.raises(UserError):
        Driven("EnvTestScripted-v0", range(4))
    assert Scripted.closed == 2


@pytest.mark.parametrize(("numbers", "first"), [([], []), ([1, 2], [0])])
def test_numbers_and_first_episodes_belong_together(numbers, first):
    with pytest.raises(ValueError, match="first episode"):
        Driven(RECALL, numbers, first)


def test_a_failed_episode_is_seen_again_with_its_seed_and_actions():
    """`Fragile` breaks where the third coin, which its seed decides, meets action 1."""
    driven = Driven("sample_envs:Fragile-v0", [4], seed=3)
    chance = np.random.default_rng(0)
    while not driven.failures:
        driven.step(chance.integers(0, 2))
    failure = driven.failures[0]
    env = make_env(task("sample_envs:Fragile-v0", seed=3))
    env.reset(seed=failure.seed)
    *before, last = (driven.batch.actions.to_env(row) for row in failure.actions)
    for action in before:
        env.step(action)
    with pytest.raises(RuntimeError, match="the glass broke"):
        env.step(last)
