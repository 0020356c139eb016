"""A space that is written as JSON and read again is the same space; a record that anyone wrote asks for nothing large."""

from __future__ import annotations

import json
from collections import OrderedDict

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from support import task

from gwt_ib.envs.make import check_environment
from gwt_ib.envs.space_record import MOST_NUMBERS, space_of, space_record
from gwt_ib.envs.spec import EnvironmentSpec

LEAVES = [
    spaces.Discrete(5, start=-2),
    spaces.Discrete(3, dtype=np.int32),
    spaces.MultiDiscrete([[2, 3], [4, 5]], start=[[0, 1], [2, -3]]),
    spaces.MultiDiscrete([3, 3], dtype=np.int8),
    spaces.MultiBinary((2, 3)),
    spaces.MultiBinary(3),
    spaces.MultiBinary((3,)),
    spaces.Box(-1.0, 1.0, (2, 3), np.float32),
    spaces.Box(-np.inf, np.inf, (), np.float64),
    spaces.Box(np.array([0.1, -np.inf]), np.array([np.inf, 1 / 3]), dtype=np.float64),
    spaces.Box(0, 255, (64, 64, 3), np.uint8),
    spaces.Box(np.iinfo(np.int64).min, np.iinfo(np.int64).max, (2,), np.int64),
    spaces.Box(0, np.iinfo(np.uint64).max, (2,), np.uint64),
]
NESTED = spaces.Dict(OrderedDict(z=spaces.Tuple(LEAVES[:3]), a=spaces.Dict(deep=LEAVES[5])))


@pytest.mark.parametrize("space", [*LEAVES, NESTED], ids=lambda space: " ".join(str(space).split())[:40])
def test_a_space_comes_back_from_json(space):
    record = json.loads(json.dumps(space_record(space), allow_nan=False))
    again = space_of(record, 64 * 64 * 3)
    assert again == space and again.dtype == space.dtype
    if isinstance(space, spaces.Dict):
        assert list(again.spaces) == ["z", "a"], "the order of the parts is that of the row"


@pytest.mark.parametrize(
    "space",
    [
        spaces.Text(5),
        spaces.Tuple([spaces.Text(5)]),
        spaces.Box(np.arange(MOST_NUMBERS + 1.0), np.inf, dtype=np.float64),
    ],
    ids=["text", "inside", "many"],
)
def test_what_cannot_be_recorded_is_said(space):
    with pytest.raises(ValueError):
        space_record(space)


GOOD = space_record(spaces.Box(-1.0, 1.0, (3,)))
DEEP: dict = {"kind": "Discrete", "n": 2, "start": 0, "dtype": "int64"}
for _ in range(60):
    DEEP = {"kind": "Tuple", "parts": [DEEP]}


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {},
        {"kind": "Graph"},
        {"kind": ["Box"]},
        GOOD | {"shape": [10**6, 10**6]},
        GOOD | {"shape": [-3]},
        GOOD | {"shape": "abc"},
        GOOD | {"low": [1, 2]},
        GOOD | {"low": "x"},
        GOOD | {"low": [[1], [2], [3]]},
        GOOD | {"low": {}},
        GOOD | {"dtype": "object"},
        GOOD | {"dtype": "U9"},
        GOOD | {"dtype": "no type"},
        {"kind": "Discrete", "n": 0, "start": 0, "dtype": "int64"},
        {"kind": "Discrete", "n": "many", "start": 0, "dtype": "int64"},
        {"kind": "MultiDiscrete", "shape": [2], "n": [1e400, 2], "start": 0, "dtype": "int64"},
        {"kind": "MultiDiscrete", "shape": [2], "n": [-1, 2], "start": 0, "dtype": "int64"},
        {"kind": "Dict", "parts": [[1]]},
        {"kind": "Tuple", "parts": 5},
        DEEP,
    ],
    ids=str,
)
def test_a_record_that_is_none_is_a_value_error(record):
    with pytest.raises(ValueError):
        space_of(record, 100)


@pytest.mark.parametrize("prev_action", [False, True])
def test_the_check_records_the_spaces_before_the_runs_own_wrappers(prev_action):
    spec = check_environment(task("sample_envs:Nested-v0", prev_action))
    again = EnvironmentSpec.from_dict(json.loads(json.dumps(spec.as_dict(), allow_nan=False)))
    assert again == spec
    env = gymnasium.make("sample_envs:Nested-v0", disable_env_checker=True)
    assert space_of(again.spaces["observation"], spec.observation_size) == env.observation_space
    assert space_of(again.spaces["action"], spec.actions.width) == env.action_space


def test_a_description_from_before_there_were_records_is_read(tmp_path):
    record = check_environment(task("sample_envs:Ends-v0")).as_dict()
    for damaged in (None, [], "x"):
        assert EnvironmentSpec.from_dict(record | {"spaces": damaged}).spaces == {}
    del record["spaces"]
    assert EnvironmentSpec.from_dict(record).spaces == {}
