"""An open episode that is played again from its seed is at the same place, in environments that were used before too."""

import gymnasium
import numpy as np
import pytest
from driven import Driven
from gymnasium import spaces

from gwt_ib.envs import env_batch
from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.episode import EpisodeError, OpenEpisode, observation_hash
from gwt_ib.envs.make import popgym_ids
from gwt_ib.seeding import Stream


def random_actions(driven, chance):
    actions = driven.batch.actions
    if actions.sizes:
        return [chance.integers(0, actions.sizes) for _ in range(driven.batch.size)]
    return chance.normal(size=(driven.batch.size, actions.width)).astype(np.float32)


def restored(env_id, numbers, episodes, **options):
    driven = Driven(env_id, numbers, begin=False, **options)
    return driven, driven.batch.restore(driven.obs, episodes)


@pytest.mark.parametrize("env_id", popgym_ids())
def test_every_task_of_popgym_goes_on_where_it_was(env_id):
    """Both batches were used before; after the replay they see and are paid the same."""
    numbers, chance = [3, 8], np.random.default_rng(5)
    went_on, again = Driven(env_id, numbers, prev_action=True), Driven(env_id, numbers, prev_action=True)
    for _ in range(20):
        again.step(*random_actions(again, chance))
    for _ in range(60):
        went_on.step(*random_actions(went_on, chance))
    replayed = again.batch.restore(again.obs, went_on.batch.open_episodes(went_on.obs))
    assert replayed.tolist() == [True, True]
    assert again.batch.episodes.tolist() == went_on.batch.episodes.tolist()
    for _ in range(15):
        np.testing.assert_array_equal(again.obs, went_on.obs)
        actions = random_actions(went_on, chance)
        went_on.step(*actions)
        again.step(*actions)
        np.testing.assert_array_equal(again.rewards, went_on.rewards)


def test_the_hash_is_of_the_bits_and_fits_a_signed_number():
    row = np.arange(3, dtype=np.float32)
    assert observation_hash(row) == observation_hash(np.arange(6, dtype=np.float64)[:3])
    assert observation_hash(row) != observation_hash(-row)
    assert 0 <= observation_hash(row) < 2**63
    assert observation_hash(row) == 6968772252333898016, "a snapshot of an older version holds such numbers"


def ends_after_five(number, steps, row=None):
    actions = None if steps is None else np.zeros((steps, 1), np.int32)
    return OpenEpisode(number, actions, 0 if row is None else observation_hash(np.float32([row])))


@pytest.mark.parametrize(
    ("episode", "why"),
    [
        (ends_after_five(2, 3, row=2), "another observation"),
        (ends_after_five(2, 30), "it ended on the way"),
        (ends_after_five(2, None), "its actions are not all known"),
        (OpenEpisode(2, np.full((3, 1), 7, np.int32), 0), "there is no such action"),
        (OpenEpisode(2, np.zeros((3, 4), np.int32), 0), "its actions are of another width"),
    ],
)
def test_one_that_cannot_be_played_again_is_followed_by_the_next(episode, why):
    good = ends_after_five(6, 3, row=3)
    driven, replayed = restored("sample_envs:Ends-v0", [0, 1], [episode, good])
    assert replayed.tolist() == [False, True], why
    assert driven.batch.episodes.tolist() == [3, 6]
    np.testing.assert_array_equal(driven.obs, [[0], [3]])
    assert driven.failures == []


def test_a_replay_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(env_batch, "REPLAY_LIMIT_S", -1.0)
    _, replayed = restored("sample_envs:Ends-v0", [0], [ends_after_five(2, 3, row=3)])
    assert replayed.tolist() == [False]


class Uncertain(gymnasium.Env):
    observation_space = spaces.Box(0, 100, (1,), np.float32)
    action_space = spaces.Discrete(2)
    breaks = False

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.t += 1
        if self.breaks and self.t == 2:
            raise SystemExit
        return np.full(1, self.t, np.float32), 0.0, False, False, {}


@pytest.fixture
def uncertain():
    gymnasium.register("Uncertain-v0", Uncertain)
    yield "Uncertain-v0"
    del gymnasium.registry["Uncertain-v0"]


def test_a_failure_on_the_way_is_a_failure_like_any_other(uncertain, monkeypatch):
    monkeypatch.setattr(Uncertain, "breaks", True)
    driven, replayed = restored(uncertain, [0], [OpenEpisode(4, np.zeros((3, 1), np.int32), 0)])
    assert replayed.tolist() == [False]
    assert driven.batch.episodes.tolist() == [5]
    (failure,) = driven.failures
    assert (failure.episode, failure.actions) == (4, [[0], [0]])


def test_an_incident_after_a_replay_has_the_whole_episode(uncertain, monkeypatch):
    driven, replayed = restored(
        uncertain, [0], [OpenEpisode(4, np.ones((5, 1), np.int32), observation_hash(np.float32([5])))]
    )
    assert replayed.tolist() == [True]
    monkeypatch.setattr(Uncertain, "step", lambda self, action: 1 / 0)
    driven.step(0)
    assert driven.failures[0].actions == [[1]] * 5 + [[0]]


def test_an_episode_of_more_actions_than_are_remembered_says_so(uncertain, monkeypatch):
    monkeypatch.setattr(env_batch, "MAX_ACTIONS", 10)
    monkeypatch.setattr(env_batch, "TRIM_STEPS", 4)
    driven = Driven(uncertain, [0])
    for steps in range(1, 30):
        driven.step(steps % 2)
        (episode,) = driven.batch.open_episodes(driven.obs)
        assert (episode.actions is None) == (steps > 10)
        assert len(driven.batch._played[0]) <= 10 + 1 + 4
    monkeypatch.setattr(Uncertain, "step", lambda self, action: 1 / 0)
    driven.step(0)
    assert (driven.failures[0].complete, len(driven.failures[0].actions)) == (False, 10)


def test_every_replayed_action_is_counted(uncertain):
    beat = memoryview(bytearray(8)).cast("q")
    restored(uncertain, [0], [OpenEpisode(4, np.zeros((50, 1), np.int32), 0)], beat=beat)
    assert beat[0] == 1 + 1 + 50 + 1


def test_as_many_episodes_as_environments():
    batch = Driven("sample_envs:Ends-v0", [0, 1]).batch
    assert isinstance(batch, EnvBatch)
    with pytest.raises(ValueError, match="1 open episodes for 2"):
        batch.restore(np.zeros((2, 1), np.float32), [ends_after_five(0, 0)])


def test_a_stream_is_replayed_with_its_own_seeds():
    there = Driven("popgym-CountRecallEasy-v0", [1], stream=Stream.EVALUATION_EPISODE)
    _, replayed = restored("popgym-CountRecallEasy-v0", [1], there.batch.open_episodes(there.obs))
    assert replayed.tolist() == [False]


def test_too_many_failures_on_the_way_are_raised(uncertain, monkeypatch):
    monkeypatch.setattr(Uncertain, "reset", lambda self, **options: 1 / 0)
    with pytest.raises(EpisodeError, match="division by zero"):
        restored(uncertain, [0], [OpenEpisode(4, np.zeros((3, 1), np.int32), 0)])
