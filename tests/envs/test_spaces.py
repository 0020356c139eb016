"""Rows of observations: number by number what Gymnasium's `flatten` gives, and a clear error where it would give none."""

import enum
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from support import task

from gwt_ib.envs.make import make_env, popgym_ids
from gwt_ib.envs.spaces import ObservationEncoder, mismatch
from gwt_ib.errors import ExitCode, UserError

shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)
integers = st.sampled_from([np.int8, np.uint8, np.int32, np.int64])


@st.composite
def discretes(draw):
    return spaces.Discrete(draw(st.integers(1, 20)), start=draw(st.integers(0, 90)), dtype=draw(integers))


@st.composite
def multi_discretes(draw):
    nvec = np.array(draw(st.lists(st.integers(1, 7), max_size=8)), np.int64)
    start = np.array([draw(st.integers(0, 90)) for _ in nvec], np.int64)
    shape = draw(st.sampled_from([nvec.shape, (1, nvec.size), (nvec.size, 1)]))
    return spaces.MultiDiscrete(nvec.reshape(shape), dtype=draw(integers), start=start.reshape(shape))


@st.composite
def boxes(draw):
    dtype = np.dtype(draw(st.sampled_from(["f2", "f4", "f8", "i1", "u1", "i4", "i8", "u8", "?"])))
    if dtype.kind == "f":
        low, high = draw(st.sampled_from([(-1.5, 2.25), (-np.inf, np.inf), (0.0, np.inf), (-3.0, -3.0)]))
    elif dtype.kind == "b":
        low, high = 0, 1
    else:
        limits = np.iinfo(dtype)
        low, high = draw(st.sampled_from([(0, 100), (int(limits.min), int(limits.max) // 4)]))
    return spaces.Box(low, high, draw(shapes), dtype)


leaves = st.one_of(
    discretes(),
    multi_discretes(),
    boxes(),
    shapes.filter(len).filter(all).map(lambda shape: spaces.MultiBinary(list(shape))),
)
names = st.text("abcxyz_", min_size=1, max_size=3)
any_space = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(spaces.Tuple),
        st.dictionaries(names, inner, min_size=1, max_size=3).map(spaces.Dict),
    ),
    max_leaves=6,
)


def flattened(space, observation):
    return np.asarray(spaces.flatten(space, observation)).astype(np.float32)


def encoded(space, observation):
    encoder = ObservationEncoder(space)
    row = np.full(encoder.size, 7.0, np.float32)
    encoder.encode(observation, row)
    return row


@settings(max_examples=300, deadline=None)
@given(any_space, st.integers(0, 2**31))
def test_a_row_is_what_gymnasium_flattens_to(space, seed):
    encoder = ObservationEncoder(space)
    assert encoder.size == spaces.flatdim(space)
    space.seed(seed)
    for _ in range(4):
        observation = space.sample()
        row = np.full(encoder.size, 7.0, np.float32)
        encoder.encode(observation, row)
        np.testing.assert_array_equal(row, flattened(space, observation), strict=True)
        assert mismatch(space, observation) == ""


@pytest.mark.parametrize("prev_action", [False, True])
@pytest.mark.parametrize("env_id", popgym_ids())
def test_popgym_rows_are_what_gymnasium_flattens_to(env_id, prev_action):
    env = make_env(task(env_id, prev_action))
    space = env.observation_space
    encoder = ObservationEncoder(space)
    env.action_space.seed(1)
    row = np.empty(encoder.size, np.float32)
    for episode in range(2):
        observation, _ = env.reset(seed=episode)
        for _ in range(60):
            encoder.encode(observation, row)
            np.testing.assert_array_equal(row, flattened(space, observation), strict=True)
            assert mismatch(space, observation) == ""
            observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
            if terminated or truncated:
                break
    env.close()


def test_there_are_48_popgym_ids():
    assert len(popgym_ids()) == 48


# Spaces whose members are too many for a table: the arithmetic has to give the same rows.
LARGE = [
    spaces.Discrete(5000, start=-7),
    spaces.MultiDiscrete([3] * 52),
    spaces.MultiDiscrete(np.full((4, 26), 14), start=np.arange(104).reshape(4, 26) - 50),
    spaces.MultiDiscrete([4096, 2]),
    spaces.MultiDiscrete([2000]),
]


@pytest.mark.parametrize("space", LARGE, ids=str)
def test_large_spaces_too(space):
    space.seed(3)
    whole = spaces.Tuple([spaces.Discrete(2), space, spaces.MultiBinary(2)])
    for _ in range(20):
        observation = space.sample()
        np.testing.assert_array_equal(encoded(space, observation), flattened(space, observation))
        inside = (1, observation, np.array([0, 1], np.int8))
        np.testing.assert_array_equal(encoded(whole, inside), flattened(whole, inside))


def test_keys_come_in_gymnasiums_order():
    space = spaces.Dict({"b": spaces.Discrete(2), "a": spaces.Discrete(3)})
    np.testing.assert_array_equal(encoded(space, {"b": 1, "a": 0}), [1, 0, 0, 0, 1])
    unsorted = spaces.Dict([("b", spaces.Discrete(2)), ("a", spaces.Discrete(3))])
    np.testing.assert_array_equal(encoded(unsorted, {"a": 0, "b": 1}), [0, 1, 1, 0, 0])


@pytest.mark.parametrize(
    "space",
    [spaces.Tuple([]), spaces.Dict({}), spaces.Box(0, 1, (0,)), spaces.Box(0, 1, (2, 0)), spaces.MultiDiscrete([])],
    ids=str,
)
def test_empty_spaces_have_no_numbers(space):
    observation = space.sample()
    assert encoded(space, observation).size == 0
    beside = spaces.Tuple([spaces.Discrete(2), space, spaces.Discrete(2)])
    np.testing.assert_array_equal(encoded(beside, (0, observation, 1)), [1, 0, 0, 1])


def test_a_wide_integer_beside_a_float_is_rounded_as_by_gymnasium():
    number = 2**60 + 2**36 + 1  # halfway between two float32 numbers but for its last bit, which float64 drops
    box = spaces.Box(0, 2**62, (1,), np.int64)
    for space, observation in [
        (box, np.array([number])),
        (spaces.Tuple([box, spaces.Box(0, 1)]), (np.array([number]), np.zeros(1, np.float32))),
    ]:
        np.testing.assert_array_equal(encoded(space, observation), flattened(space, observation))
    assert encoded(box, np.array([number]))[0] != encoded(space, observation)[0]


class Card(enum.IntEnum):
    HEARTS = 2


@pytest.mark.parametrize("two", [2, np.int64(2), np.uint8(2), np.array(2), np.array([2]), Card.HEARTS])
@pytest.mark.parametrize("n", [4, 5000])
def test_every_kind_of_integer_is_a_member_of_a_discrete(two, n):
    assert np.flatnonzero(encoded(spaces.Discrete(n), two)) == 2


@pytest.mark.parametrize("sizes", [[3, 3], [3] * 52])
@pytest.mark.parametrize("make", [list, tuple, lambda x: np.array(x, np.int8), lambda x: np.array(x, np.uint64)])
def test_every_kind_of_integer_array_is_a_member_of_a_multi_discrete(sizes, make):
    members = [i % 3 for i in range(len(sizes))]
    space = spaces.MultiDiscrete(sizes)
    np.testing.assert_array_equal(encoded(space, make(members)), flattened(space, np.array(members)))


def test_a_box_takes_other_dtypes_and_lists():
    space = spaces.Box(-2, 2, (2, 2), np.float32)
    for value in ([[0.1, 1], [2, -1]], np.array([[0.1, 1], [2, -1]], np.float64)):
        np.testing.assert_array_equal(encoded(space, value), np.float32([0.1, 1, 2, -1]))
    np.testing.assert_array_equal(encoded(spaces.Box(-2, 2, (), np.float32), 0.5), [0.5])
    strided = np.arange(8, dtype=np.float32).reshape(2, 4)[:, ::2]
    np.testing.assert_array_equal(encoded(spaces.Box(0, 9, (2, 2)), strided.T), strided.T.ravel())


OUTSIDE = [
    (spaces.Discrete(3), -1),
    (spaces.Discrete(3), 3),
    (spaces.Discrete(3), 1.5),
    (spaces.Discrete(3), None),
    (spaces.Discrete(3), "1"),
    (spaces.Discrete(3), np.array([0, 1])),
    (spaces.Discrete(3, start=5), 0),
    (spaces.Discrete(5000), -1),
    (spaces.Discrete(5000), 5000),
    (spaces.MultiDiscrete([2, 2]), np.array([0, -1])),
    (spaces.MultiDiscrete([2, 2]), np.array([2, 0])),
    (spaces.MultiDiscrete([2, 2]), np.array([0])),
    (spaces.MultiDiscrete([2, 2]), np.array([0.0, 1.0])),
    (spaces.MultiDiscrete([2], dtype=np.uint8), np.array([256])),
    (spaces.MultiDiscrete([1]), np.array([0, 0], np.int32)),  # the bytes of one int64
    (spaces.MultiDiscrete([3] * 52), np.full(52, -1)),
    (spaces.MultiDiscrete([3] * 52), np.full(52, 3)),
    (spaces.MultiDiscrete([3] * 52), np.full(52, 2**63, np.uint64)),
    (spaces.MultiDiscrete([3] * 52), np.zeros(51, np.int64)),
    (spaces.MultiBinary(2), np.array([0, 2])),
    (spaces.MultiBinary(2), np.array([0, 0.5])),
    (spaces.MultiBinary(2), np.array([1])),
    (spaces.Box(0, 1, (2,)), np.zeros(1, np.float32)),  # would be broadcast
    (spaces.Box(0, 1, (2,)), np.zeros(3, np.float32)),
    (spaces.Box(0, 9, (1,), np.uint8), [-1]),
    (spaces.Box(0, 1, (1,)), ["one"]),
    (spaces.Tuple([spaces.Discrete(2)]), ()),
    (spaces.Tuple([spaces.Discrete(2)]), (0, 0)),
    (spaces.Tuple([spaces.Discrete(2)]), 0),
    (spaces.Dict({"a": spaces.Discrete(2)}), {}),
    (spaces.Dict({"a": spaces.Discrete(2)}), 0),
    (spaces.Dict({"a": spaces.Discrete(2)}), {"a": 2}),
]


@pytest.mark.parametrize(("space", "observation"), OUTSIDE, ids=lambda value: str(value)[:30])
def test_what_does_not_fit_is_an_error_and_never_another_row(space, observation):
    with pytest.raises(ValueError):
        encoded(space, observation)
    assert mismatch(space, observation)


@pytest.mark.parametrize(
    "space",
    [
        spaces.Text(3),
        spaces.Sequence(spaces.Discrete(2)),
        spaces.Graph(spaces.Box(0, 1, (1,)), None),
        spaces.OneOf([spaces.Discrete(2), spaces.Discrete(3)]),
    ],
    ids=lambda space: type(space).__name__,
)
def test_other_spaces_are_refused_by_name(space):
    for whole in (space, spaces.Dict({"deep": spaces.Tuple([space])})):
        with pytest.raises(UserError, match=type(space).__name__) as caught:
            ObservationEncoder(whole)
        assert caught.value.code is ExitCode.BAD_CONFIGURATION
        assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("space", "observation", "words"),
    [
        (spaces.Box(0, 1, (2,)), np.zeros(3, np.float32), "shape (3,)"),
        (spaces.Box(0, 1, (2,)), np.full(2, 1.5, np.float32), "lies outside"),
        (spaces.Box(0, 1, (2,)), np.full(2, np.nan, np.float32), "lies outside"),
        (spaces.Box(0, 9, (2,), np.int32), np.zeros(2), "dtype float64"),
        (spaces.Dict({"a": spaces.Box(0, 1, (2,))}), {"a": np.zeros(1)}, "['a'] has shape (1,)"),
        (spaces.Dict({"a": spaces.Discrete(2)}), {"a": 0, "b": 0}, "keys ['a', 'b']"),
        (spaces.Tuple([spaces.Discrete(2)]), (5,), "[0], 5, lies outside"),
        (spaces.Box(0, 1, (2,)), [[0.0], [0.0, 1.0]], "not an array"),
    ],
)
def test_a_mismatch_says_where_and_what(space, observation, words):
    assert words in mismatch(space, observation)


def test_a_wider_float_at_the_bound_is_no_mismatch():
    space = spaces.Box(-0.1, 0.1, (1,), np.float32)
    assert mismatch(space, np.array([0.1])) == ""


def test_a_warning_of_gymnasium_is_not_provoked():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mismatch(spaces.Box(0, 1, ()), 0.5) == ""
        encoded(spaces.Box(0, 1, ()), 0.5)
    assert gymnasium.logger.min_level == 30
