"""How large a number from an environment may be: what its space allows and float32 arithmetic does not bear is moved."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from gwt_ib.envs.spaces import Row, mismatch

OBSERVATION_LIMIT = 1e9
"""What is beyond, such as float32's largest number for "no echo", is moved here: its square must fit float32."""

REWARD_LIMIT = 1e9
"""A reward beyond this is a failure of the environment."""

LIMIT_SQUARED = OBSERVATION_LIMIT**2


def all_within(rows: NDArray[np.float32]) -> bool:
    """Whether no number is beyond the limit or not a number. False may be wrong: the squares are only summed up."""
    return bool(np.vdot(rows, rows) <= LIMIT_SQUARED)


def move_within(space: spaces.Space[Any], observation: Any, row: Row) -> bool:
    """Move the numbers of an observation's row that are beyond the limit to it; True where there were any.

    Raises `ValueError` where one is no number or the space does not allow it: infinite where the bound is finite.
    """
    if all_within(row) or np.all(np.abs(row) <= OBSERVATION_LIMIT):
        return False
    wrong = mismatch(space, observation)
    if wrong or np.isnan(row).any():
        raise ValueError(f"it does not keep to its observation space: {wrong or 'it has a not-a-number'}")
    np.clip(row, -OBSERVATION_LIMIT, OBSERVATION_LIMIT, out=row)
    return True


def wrong_reward(reward: float) -> ValueError:
    """That a reward is none that can be learnt from."""
    return ValueError(f"the reward is {reward}, and not between -{REWARD_LIMIT:g} and {REWARD_LIMIT:g}")


def checked_reward(reward: Any) -> float:
    """The reward as a number. Raises `ValueError` where it is none that can be learnt from."""
    paid = float(reward)
    if not -REWARD_LIMIT <= paid <= REWARD_LIMIT:
        raise wrong_reward(paid)
    return paid
