"""No number from an environment reaches an agent that is none, infinite or beyond the limit; what is allowed is moved."""

import gymnasium
import numpy as np
import pytest
from driven import Driven
from gymnasium import spaces
from support import task

from gwt_ib.envs.limits import OBSERVATION_LIMIT, all_within
from gwt_ib.envs.make import check_environment
from gwt_ib.errors import UserError

LARGEST = float(np.finfo(np.float32).max)


class Poisoned(gymnasium.Env):
    """Shows `look` and pays `pay` at its third step, and is well otherwise."""

    action_space = spaces.Discrete(2)
    poisoned_at = 3

    def __init__(self, space, well, look=None, pay=0.5, flag=False):
        self.observation_space, self.well, self.look, self.pay, self.flag = space, well, look, pay, flag

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return self.well, {}

    def step(self, action):
        self.t += 1
        if self.t != self.poisoned_at:
            return self.well, 0.5, False, False, {}
        return self.well if self.look is None else self.look, self.pay, self.flag, False, {}


@pytest.fixture
def played(monkeypatch):
    """Plays one `Poisoned` beside a well one up to the poisoned step."""
    ids = []

    def play(space, well, **poison):
        gymnasium.register(f"Poisoned{len(ids)}-v0", Poisoned, kwargs={"space": space, "well": well, **poison})
        ids.append(f"Poisoned{len(ids)}-v0")
        driven = Driven(ids[-1], range(2))
        driven.batch._instances._made[1].env.unwrapped.poisoned_at = None
        for _ in range(3):
            driven.step(0, 0)
            for numbers in (driven.obs, driven.next_obs, driven.rewards):
                assert np.isfinite(numbers).all() and np.abs(numbers).max() <= OBSERVATION_LIMIT
        assert not driven.batch.failed[1], "it is the other one's failure"
        driven.step(0, 0)
        assert driven.batch.failed.tolist() == [False, False], "it goes on"
        return driven

    yield play
    for env_id in ids:
        del gymnasium.registry[env_id]


BOUNDED = spaces.Box(-1, 1, (3,), np.float32)
UNBOUNDED = spaces.Box(-np.inf, np.inf, (3,), np.float32)
WIDE = spaces.Box(-np.inf, np.inf, (3,), np.float64)
BYTES = spaces.Box(0, 255, (3,), np.uint8)
DICT = spaces.Dict({"a": spaces.Box(-1, 1, (2,), np.float32), "b": spaces.Discrete(3)})


def with_number(position, value, dtype=np.float32):
    look = np.zeros(3, dtype)
    look[position] = value
    return look


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize(
    ("space", "value", "dtype"),
    [
        (BOUNDED, np.nan, np.float32),
        (BOUNDED, np.inf, np.float32),
        (BOUNDED, -np.inf, np.float32),
        (BOUNDED, LARGEST, np.float32),
        (BOUNDED, 1e300, np.float64),
        (UNBOUNDED, np.nan, np.float32),
        (UNBOUNDED, 1e300, np.float64),  # more than its own dtype holds
        (WIDE, np.nan, np.float64),
        (spaces.Box(0, np.inf, (3,), np.float32), -np.inf, np.float32),
        (BYTES, np.nan, np.float32),
        (BYTES, 0.5, np.float64),
        (BYTES, 300, np.int64),
        (BYTES, -1, np.int64),
    ],
)
def test_what_the_space_does_not_allow_costs_the_episode(played, space, position, value, dtype):
    driven = played(space, np.zeros(3, space.dtype), look=with_number(position, value, dtype))
    assert len(driven.failures) == 1
    assert driven.batch.clipped == 0


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize(
    ("space", "value", "moved"),
    [
        (UNBOUNDED, np.inf, 1e9),
        (UNBOUNDED, -np.inf, -1e9),
        (UNBOUNDED, LARGEST, 1e9),
        (UNBOUNDED, 1e20, 1e9),
        (UNBOUNDED, 1e10, 1e9),
        (WIDE, 1e300, 1e9),
        (WIDE, -np.inf, -1e9),
        (spaces.Box(0, LARGEST, (3,), np.float32), LARGEST, 1e9),
        (spaces.Box(0, np.iinfo(np.int64).max, (3,), np.int64), 1_795_646_574_228_050_000, 1e9),
        (UNBOUNDED, 9e8, 9e8),
        (UNBOUNDED, -1e9, -1e9),
    ],
)
def test_what_the_space_allows_is_moved_to_the_limit(played, space, position, value, moved):
    driven = played(space, np.zeros(3, space.dtype), look=with_number(position, value, space.dtype))
    assert driven.failures == []
    assert driven.batch.clipped == (value != moved)


def test_a_row_at_the_limit_is_exact(played):
    driven = Driven("unruly_envs:NoEcho-v0", range(2))
    np.testing.assert_array_equal(driven.obs, np.float32([[1, 1e9, 2]] * 2))
    assert driven.batch.clipped == 2
    driven.step(0, 0)
    np.testing.assert_array_equal(driven.next_obs, np.float32([[1, 1e9, 2]] * 2))
    assert driven.batch.clipped == 4


@pytest.mark.parametrize(
    ("space", "well", "look"),
    [
        (BOUNDED, np.zeros(3), np.zeros(2, np.float32)),
        (BOUNDED, np.zeros(3), np.zeros((1, 3), np.float32)),
        (BOUNDED, np.zeros(3), np.zeros((3, 1), np.float32)),
        (BOUNDED, np.zeros(3), 0.0),
        (BOUNDED, np.zeros(3), ["a", "b", "c"]),
        (BOUNDED, np.zeros(3), np.array([None, 0, 0])),
        (BOUNDED, np.zeros(3), np.zeros(3, np.complex64)),
        (BOUNDED, np.zeros(3), [[0.0], [0.0, 0.0]]),
        (DICT, {"a": np.zeros(2), "b": 0}, {"a": np.zeros(2)}),
        (DICT, {"a": np.zeros(2), "b": 0}, {"a": np.zeros(2), "b": 3}),
        (DICT, {"a": np.zeros(2), "b": 0}, {"a": np.array([0, np.inf]), "b": 0}),
        (DICT, {"a": np.zeros(2), "b": 0}, np.zeros(5)),
        (spaces.Discrete(3), 0, np.nan),
        (spaces.MultiBinary(3), np.zeros(3, np.int8), np.array([0, np.nan, 1])),
        (spaces.MultiDiscrete([3, 3]), np.zeros(2, np.int64), np.array([0, 3])),
    ],
)
def test_another_structure_shape_or_kind_costs_the_episode(played, space, well, look):
    assert len(played(space, well, look=look).failures) == 1


@pytest.mark.parametrize("pay", [np.nan, np.inf, -np.inf, 1e300, -2e9, None, "much", np.zeros(2), 1j, [], {}])
def test_a_reward_that_is_none_costs_the_episode(played, pay):
    driven = played(BOUNDED, np.zeros(3, np.float32), pay=pay)
    assert len(driven.failures) == 1


@pytest.mark.parametrize("pay", [1e9, -1e6, np.float64(3), np.int64(2), True, 7])
def test_any_other_number_is_a_reward(played, pay):
    assert played(BOUNDED, np.zeros(3, np.float32), pay=pay).failures == []


def test_a_flag_that_is_none_costs_the_episode(played):
    assert len(played(BOUNDED, np.zeros(3, np.float32), flag=np.zeros(2)).failures) == 1


def test_an_end_with_a_reward_that_is_none_is_a_truncation():
    gymnasium.register("PoisonedEnd-v0", Poisoned, kwargs={"space": UNBOUNDED, "well": np.zeros(3), "flag": True})
    try:
        driven = Driven("PoisonedEnd-v0", range(2))
        driven.batch._instances._made[0].env.unwrapped.look = with_number(0, np.nan)
        for _ in range(3):
            driven.step(0, 0)
        assert driven.terminated.tolist() == [False, True]
        assert driven.truncated.tolist() == [True, False]
        assert driven.batch.failed.tolist() == [True, False]
    finally:
        del gymnasium.registry["PoisonedEnd-v0"]


def test_the_check_holds_to_the_same_limits():
    assert "1e+09" in check_environment(task("unruly_envs:NoEcho-v0")).notes[0]
    with pytest.raises(UserError, match="the reward is 1e"):
        check_environment(task("unruly_envs:HugeReward-v0"))


def test_the_quick_look_never_lets_anything_pass():
    rows = np.zeros((4, 3), np.float32)
    assert all_within(rows)
    for value in (np.nan, np.inf, -np.inf, LARGEST, 1e20, 1.01e9, -1.01e9):
        rows[2, 1] = value
        assert not all_within(rows)
