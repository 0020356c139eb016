"""An environment that fails costs its episode, then its instance, then its process; nothing it does ends more than that."""

import signal

import gymnasium
import numpy as np
import pytest
from driven import Driven
from gymnasium import spaces

from gwt_ib.envs.episode import EpisodeError


class Troubled(gymnasium.Env):
    """The action is what happens: 0 nothing, 1 the end, others what `TROUBLES` raises; counts what is made and closed."""

    observation_space = spaces.Box(-1000, 1000, (2,), np.float32)
    action_space = spaces.Discrete(8)
    troubles = (None, None, RuntimeError("broke"), SystemExit(0), KeyboardInterrupt(), MemoryError(), GeneratorExit())
    made = closed = resets = 0
    fails_reset = fails_close = False

    def __init__(self):
        Troubled.made += 1
        self.number = Troubled.made

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        Troubled.resets += 1
        self.t = 0
        if Troubled.fails_reset and Troubled.resets > 2:
            raise OSError("no more mazes")
        return np.float32([self.number, 0]), {}

    def step(self, action):
        if action > 1:
            raise self.troubles[action]
        self.t += 1
        return np.float32([self.number, self.t]), 1.0, action == 1, False, {}

    def close(self):
        Troubled.closed += 1
        if Troubled.fails_close:
            raise SystemExit("cannot be closed")


@pytest.fixture(autouse=True)
def troubled(monkeypatch):
    gymnasium.register("Troubled-v0", Troubled)
    for name in ("made", "closed", "resets"):
        monkeypatch.setattr(Troubled, name, 0)
    yield
    del gymnasium.registry["Troubled-v0"]


@pytest.fixture
def no_ctrl_c():
    """As in an actor: Ctrl-C does not reach it, so a KeyboardInterrupt is the environment's own."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("action", [2, 3, 4, 5, 6])
def test_whatever_is_raised_costs_the_episode_and_nothing_else(no_ctrl_c, action):
    driven = Driven("Troubled-v0", range(3))
    driven.step(0, 0, 0)
    acted_on = driven.obs.copy()
    driven.rewards[:] = 9
    driven.step(0, action, 0)
    assert driven.batch.failed.tolist() == [False, True, False]
    assert driven.truncated.tolist() == [False, True, False] and not driven.terminated.any()
    assert driven.rewards.tolist() == [1, 0, 1]
    np.testing.assert_array_equal(driven.next_obs, [[1, 2], acted_on[1], [3, 2]])
    np.testing.assert_array_equal(driven.obs, [[1, 2], [2, 0], [3, 2]])
    assert driven.batch.episodes.tolist() == [0, 1, 0]
    assert isinstance(driven.failures[0].__cause__, type(Troubled.troubles[action]))
    driven.step(0, 0, 0)
    assert not driven.batch.failed.any() and not driven.truncated.any()


def test_ctrl_c_of_a_user_is_no_failure_of_an_environment():
    driven = Driven("Troubled-v0", [0])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            driven.step(4)
    finally:
        signal.signal(signal.SIGINT, before)
    assert driven.failures == []


@pytest.mark.parametrize("fails_close", [False, True])
def test_the_second_failure_costs_the_instance_and_the_third_is_raised(monkeypatch, fails_close):
    monkeypatch.setattr(Troubled, "fails_close", fails_close)
    driven = Driven("Troubled-v0", range(2))
    driven.step(2, 0)
    assert (Troubled.made, Troubled.closed) == (2, 0)
    driven.step(2, 0)
    assert (Troubled.made, Troubled.closed) == (3, 1)
    np.testing.assert_array_equal(driven.obs, [[3, 0], [2, 2]])
    driven.step(0, 0)
    np.testing.assert_array_equal(driven.obs, [[3, 1], [2, 3]])
    with pytest.raises(EpisodeError, match=r"environment 0 failed in episode 2 .*broke") as caught:
        driven.step(2, 0)
    assert caught.value.actions == [[0], [2]]
    assert len(driven.failures) == 2, "what is raised is not told a second time"
    driven.batch.close()
    assert Troubled.closed == 3


def test_failures_are_counted_over_the_last_hundred_episodes_of_one_environment():
    driven = Driven("Troubled-v0", range(3))
    driven.step(2, 2, 0)
    for _ in range(99):
        driven.step(1, 1, 0)
    driven.step(2, 2, 2)  # episode 100: the first failure is 100 episodes ago
    assert Troubled.made == 3
    driven.step(2, 0, 0)
    assert Troubled.made == 4
    with pytest.raises(EpisodeError):
        driven.step(2, 0, 0)


def test_a_reset_that_always_fails_is_no_endless_loop(monkeypatch):
    monkeypatch.setattr(Troubled, "fails_reset", True)
    driven = Driven("Troubled-v0", range(2))
    with pytest.raises(EpisodeError, match="no more mazes") as caught:
        driven.step(2, 0)
    assert caught.value.episode == 2
    assert [failure.episode for failure in driven.failures] == [0, 1]
    with pytest.raises(EpisodeError, match="no more mazes"):
        Driven("Troubled-v0", [5])  # in the very first reset


def test_an_instance_that_cannot_be_made_anew_counts_as_a_failure(monkeypatch):
    driven = Driven("Troubled-v0", [0])
    driven.step(2)
    monkeypatch.setattr(Troubled, "__init__", lambda self: 1 / 0)
    with pytest.raises(EpisodeError, match="cannot be made: ZeroDivisionError"):
        driven.step(2)


def test_what_follows_a_failure_is_what_follows_any_other_end():
    """Seeds are those of the next episode, so company and failures before change nothing."""
    failed, ended = Driven("Troubled-v0", [4]), Driven("Troubled-v0", [4])
    failed.step(2)
    ended.step(1)
    assert failed.batch._episode_seed(0) == ended.batch._episode_seed(0)
    failed.step(0)
    ended.step(0)
    np.testing.assert_array_equal(failed.obs[:, 1], ended.obs[:, 1])


def test_every_single_call_is_counted():
    beat = memoryview(bytearray(8)).cast("q")
    driven = Driven("Troubled-v0", range(3), beat=beat)
    assert beat[0] == 3 + 3  # made, reset
    driven.step(0, 0, 0)
    assert beat[0] == 9
    driven.step(0, 1, 2)
    assert beat[0] == 9 + 3 + 2
    driven.step(0, 0, 2)
    assert beat[0] == 14 + 3 + 1 + 1  # made anew

    def look(self, action):
        seen.append(beat[0])
        return np.float32([0, 0]), 0.0, False, False, {}

    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Troubled, "step", look)
        counted = Driven("Troubled-v0", range(3), beat=beat)
        counted.step(0, 0, 0)
    assert seen == [seen[0], seen[0] + 1, seen[0] + 2], "a slow environment is seen to work step by step"
