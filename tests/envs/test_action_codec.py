"""Rows of actions: whatever the policy samples, the environment gets a member of its action space."""

import warnings

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.errors import ExitCode, UserError

I64 = np.iinfo(np.int64)
F64 = np.finfo(np.float64)
BOXES = [
    spaces.Box(-2, 2, (1,)),
    spaces.Box(np.float32([-1, 0, 5]), np.float32([1, 0.1, 5.5])),
    spaces.Box(-np.inf, np.inf, (2, 3)),
    spaces.Box(np.array([-np.inf, 0.1, -np.inf, -0.7]), np.array([0.3, np.inf, np.inf, 0.1]), dtype=np.float64),
    spaces.Box(0.1, 0.1, (2,), np.float64),
    spaces.Box(float(F64.min), float(F64.max), (2,), np.float64),
    spaces.Box(-65504, 65504, (2,), np.float16),
    spaces.Box(-np.inf, np.inf, (2,), np.float16),
    spaces.Box(0.1, 0.3, (2,), np.float16),
    spaces.Box(-1, 1, ()),
    spaces.Box(-1, 1, (0,)),
    spaces.Box(0, 255, (2, 2), np.uint8),
    spaces.Box(-3, 4, (3,), np.int32),
    spaces.Box(-np.inf, 7, (2,), np.int64),
    spaces.Box(3, np.inf, (2,), np.int32),
    spaces.Box(int(I64.min), int(I64.max) - 1, (2,), np.int64),
    spaces.Box(np.array([I64.max - 1]), np.array([I64.max]), dtype=np.int64),
    spaces.Box(np.array([0], np.uint64), np.array([2**64 - 1], np.uint64), dtype=np.uint64),
    spaces.Box(np.array([2**63 + 1], np.uint64), np.array([2**63 + 3], np.uint64), dtype=np.uint64),
    spaces.Box(0, 1, (3,), np.bool_),
]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_every_finite_row_becomes_a_member_of_the_box(data):
    space = data.draw(st.sampled_from(BOXES))
    codec = ActionCodec(space)
    numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)
    row = data.draw(hnp.arrays(np.float32, codec.width, elements=numbers))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        action = codec.to_env(row)
        assert space.contains(action)
    assert isinstance(action, np.ndarray)
    assert action.shape == space.shape
    assert action.dtype == space.dtype
    assert np.isfinite(action).all()


@settings(max_examples=200, deadline=None)
@example(0.0, 5e-324, 0.0)
@example(-1.7e308, 1.7e308, 0.5)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-3, 3, width=32))
def test_the_unit_interval_maps_onto_the_bounds(one, other, number):
    low, high = np.float64([min(one, other)]), np.float64([max(one, other)])
    space = spaces.Box(low, high, dtype=np.float64)
    to_env = ActionCodec(space).to_env
    assert to_env(np.float32([-1])) == low
    assert to_env(np.float32([1])) == high
    inside = min(max(number, -1.0), 1.0)
    wanted = low / 2 * (1 - inside) + high / 2 * (1 + inside)
    np.testing.assert_allclose(to_env(np.float32([number])), wanted, rtol=1e-12, atol=1e-9)


def test_dimensions_without_two_bounds_pass_through():
    space = spaces.Box(np.array([-np.inf, 0.0, -np.inf, 10.0]), np.array([np.inf, np.inf, 3.0, 20.0]), dtype=np.float64)
    to_env = ActionCodec(space).to_env
    np.testing.assert_array_equal(to_env(np.float32([50, 50, -50, 0])), [50, 50, -50, 15])
    np.testing.assert_array_equal(to_env(np.float32([-50, -50, 50, -9])), [-50, 0, 3, 10])


def test_integers_are_rounded():
    to_env = ActionCodec(spaces.Box(0, 10, (5,), np.int32)).to_env
    np.testing.assert_array_equal(to_env(np.float32([-1, -0.31, 0, 0.95, 1])), [0, 3, 5, 10, 10])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_an_error(bad):
    with pytest.raises(ValueError, match="not finite"):
        ActionCodec(spaces.Box(-2, 2, (2,))).to_env(np.float32([0, bad]))


def test_discrete():
    space = spaces.Discrete(4, start=-2)
    codec = ActionCodec(space)
    assert (codec.kind, codec.sizes, codec.width, codec.dtype) == ("discrete", (4,), 1, np.int32)
    actions = [codec.to_env(np.array([index], np.int32)) for index in range(4)]
    assert actions == [-2, -1, 0, 1]
    assert all(type(action) is int and space.contains(action) for action in actions)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_multi_discrete(dtype):
    space = spaces.MultiDiscrete([[2, 3], [4, 5]], dtype=dtype, start=[[10, 20], [30, 40]])
    codec = ActionCodec(space)
    assert (codec.kind, codec.sizes, codec.width, codec.dtype) == ("discrete", (2, 3, 4, 5), 4, np.int32)
    action = codec.to_env(np.array([1, 2, 3, 4], np.int32))
    np.testing.assert_array_equal(action, np.array([[11, 22], [33, 44]], dtype), strict=True)
    assert space.contains(action)


@pytest.mark.parametrize(
    "space", [*BOXES, spaces.Discrete(5), spaces.Discrete(4, start=-2), spaces.MultiDiscrete([3, 4])]
)
def test_many_rows_at_once_give_what_each_row_gives(space):
    codec = ActionCodec(space)
    random = np.random.default_rng(0)
    if codec.sizes:
        rows = random.integers(0, codec.sizes, (20, codec.width)).astype(np.int32)
    else:
        rows = random.normal(size=(20, codec.width)).astype(np.float32)
    found, expected = codec.to_envs(rows), [codec.to_env(row) for row in rows]
    assert len(found) == 20
    for one, other in zip(found, expected, strict=True):
        assert type(one) is type(other)
        np.testing.assert_array_equal(one, other, strict=True)
    if not isinstance(space, spaces.Discrete):
        found[0][...] = found[1]
        np.testing.assert_array_equal(codec.to_envs(rows), expected)


@pytest.mark.parametrize(
    ("space", "bad"),
    [
        (spaces.Discrete(3), 3),
        (spaces.Discrete(3), -1),
        (spaces.MultiDiscrete([3]), 3),
        (spaces.Box(-1, 1, (1,)), np.nan),
    ],
)
def test_one_bad_row_among_many_is_an_error(space, bad):
    codec = ActionCodec(space)
    with pytest.raises(ValueError):
        codec.to_envs(np.array([[0], [bad], [0]], codec.dtype))


def test_an_action_is_the_environments_own():
    """An environment may keep or change its action: the next one must not be the same array."""
    for space in (spaces.MultiDiscrete([3, 3]), spaces.Box(-1, 1, (2,)), spaces.Box(-np.inf, np.inf, (2,), np.float64)):
        codec = ActionCodec(space)
        row = np.ones(2, codec.dtype)
        first = codec.to_env(row)
        first[:] = 0
        np.testing.assert_array_equal(codec.to_env(row), [1, 1])
        np.testing.assert_array_equal(row, [1, 1])


def test_continuous():
    codec = ActionCodec(spaces.Box(-1, 1, (2, 3)))
    assert (codec.kind, codec.sizes, codec.width, codec.dtype) == ("continuous", (), 6, np.float32)


@pytest.mark.parametrize(
    ("space", "row"),
    [
        (spaces.Discrete(3), [3]),
        (spaces.Discrete(3), [-1]),
        (spaces.MultiDiscrete([2, 2]), [0, 2]),
        (spaces.MultiDiscrete([2, 2]), [-1, 0]),
        (spaces.MultiDiscrete([2, 2]), [0]),
    ],
)
def test_a_choice_that_does_not_exist_is_an_error(space, row):
    with pytest.raises(ValueError):
        ActionCodec(space).to_env(np.array(row, np.int32))


@pytest.mark.parametrize(
    "space",
    [spaces.MultiBinary(3), spaces.Tuple([spaces.Discrete(2)]), spaces.Dict({"a": spaces.Discrete(2)}), spaces.Text(3)],
    ids=lambda space: type(space).__name__,
)
def test_other_spaces_are_refused_by_name(space):
    with pytest.raises(UserError, match=type(space).__name__) as caught:
        ActionCodec(space)
    assert caught.value.code is ExitCode.BAD_CONFIGURATION
