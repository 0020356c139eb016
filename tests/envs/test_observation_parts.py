"""The parts of an observation's row: they say of the numbers what the space says of the observation."""

import numpy as np
import pytest
import sample_envs
from gymnasium import spaces
from support import task

from gwt_ib.envs.make import make_env
from gwt_ib.envs.observation_parts import Part, parts_of, split
from gwt_ib.envs.spaces import ObservationEncoder

SPACES = {
    "choice": spaces.Discrete(5, start=2),
    "choices": spaces.MultiDiscrete([[2, 3, 4], [5, 6, 7]], start=[[1, 0, 0], [0, 0, 2]]),
    "flags": spaces.MultiBinary(3),
    "numbers": spaces.Box(-1, 1, (2, 3)),
    "nested": sample_envs.Nested.observation_space,
}


def leaves(space, value):
    if isinstance(space, spaces.Dict):
        return [leaf for key, part in space.spaces.items() for leaf in leaves(part, value[key])]
    if isinstance(space, spaces.Tuple):
        return [leaf for part, one in zip(space.spaces, value, strict=True) for leaf in leaves(part, one)]
    return [np.asarray(value)]


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_the_parts_give_back_the_observation(space):
    space.seed(1)
    encoder, parts = ObservationEncoder(space), parts_of(space)
    for _ in range(5):
        value, row = space.sample(), np.zeros(encoder.size, np.float32)
        encoder.encode(value, row)
        found = split(parts, row)
        for one, wanted in zip(found, leaves(space, value), strict=True):
            assert np.array_equal(one.ravel(), wanted.ravel().astype(one.dtype))
    assert tuple(Part.from_dict(part.as_dict()) for part in parts) == parts


def test_they_are_named_by_their_keys_and_what_prev_action_adds_by_what_it_is():
    assert [part.name for part in parts_of(SPACES["nested"])] == ["flags", "what.0", "what.1", "when.step"]
    env = make_env(task("popgym-RepeatPreviousEasy-v0", prev_action=True))
    names = [part.name for part in parts_of(env.observation_space, prev_action=True)]
    assert names == ["observation", "previous action", "first step"]


def test_a_row_that_is_not_theirs_is_numbers():
    assert split(parts_of(spaces.Discrete(3)), np.ones(4))[0].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "change",
    [{"kind": "else"}, {"shape": [0]}, {"choices": [2]}, {"shape": "x"}, {"shape": [2**30, 2]}],
    ids=["kind", "empty", "choices", "words", "huge"],
)
def test_what_is_no_part_is_refused(change):
    part = Part("numbers", "numbers", (2, 3)).as_dict()
    assert Part.from_dict(part).size == 6
    with pytest.raises(ValueError, match="no part"):
        Part.from_dict({**part, **change})
