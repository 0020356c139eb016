"""What is tried before a run begins: an environment is made, reset and stepped, twice with one seed where it is quick."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gymnasium
import numpy as np

from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.envs.limits import OBSERVATION_LIMIT, checked_reward, move_within
from gwt_ib.envs.refusal import failed_call, is_ctrl_c, refusal
from gwt_ib.envs.spaces import ObservationEncoder, mismatch
from gwt_ib.envs.spec import EnvironmentSpec

Env = gymnasium.Env[Any, Any]
Stage = Callable[[str], None]

QUICK_S = 2.0
"""Where reset and step together take longer, they are not done a second time."""

MOVED = f"Numbers beyond ±{OBSERVATION_LIMIT:g} in its observations are moved to that limit."
NOT_REPEATABLE = "Two resets with one seed did not show the same: a resumed run cannot be exact."


def no_stage(call: str) -> None:
    """Tell nobody what is called next."""


def check(env_id: str, make: Callable[[], Env], stage: Stage = no_stage) -> EnvironmentSpec:
    """Make an environment, reset it, take a step, the same again, and close it.

    `stage` is told before each call what is called. Raises `UserError` where a run would fail.
    """
    started = time.perf_counter()
    env = make()
    make_s = time.perf_counter() - started
    try:
        with warnings.catch_warnings(action="ignore"):
            return _tried(_Trial(env_id, env, stage), make_s)
    finally:
        stage("close")
        # The environment was made only for this check.
        with suppress(BaseException):
            env.close()


class _Trial:
    """An environment with what a check needs of it."""

    def __init__(self, env_id: str, env: Env, stage: Stage) -> None:
        self.env_id, self.env, self.stage = env_id, env, stage
        self.encoder = ObservationEncoder(env.observation_space)
        self.actions = ActionCodec(env.action_space)
        if self.encoder.size == 0:
            raise refusal(env_id, "has an observation space without any number")
        self.moved = False
        env.action_space.seed(0)
        self.action = env.action_space.sample()

    def reset(self, times: str = "") -> np.ndarray[Any, Any]:
        """The row after a reset with seed 0."""
        self.stage("reset")
        try:
            observation, _ = self.env.reset(seed=0)
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            raise failed_call(self.env_id, f"cannot be reset{times}", "reset", error) from error
        return self._row(observation, "reset")

    def step(self) -> np.ndarray[Any, Any]:
        """The row after a step."""
        self.stage("step")
        try:
            observation, reward, terminated, truncated, _ = self.env.step(self.action)
            float(reward), bool(terminated), bool(truncated)
        except BaseException as error:
            if is_ctrl_c(error):
                raise
            raise failed_call(self.env_id, "cannot be stepped", "step", error) from error
        try:
            checked_reward(reward)
        except ValueError as error:
            raise refusal(self.env_id, f"cannot be learnt from: {error}") from error
        return self._row(observation, "step")

    def _row(self, observation: Any, source: str) -> np.ndarray[Any, Any]:
        wrong = mismatch(self.env.observation_space, observation)
        if wrong:
            raise refusal(self.env_id, f"does not keep to its observation space: after {source}, {wrong}")
        row = np.empty(self.encoder.size, np.float32)
        try:
            self.encoder.encode(observation, row)
        except ValueError as error:
            what = f"has an observation after {source} that cannot be encoded"
            raise refusal(self.env_id, what, error) from error
        self.moved |= move_within(self.env.observation_space, observation, row)
        return row


def _tried(trial: _Trial, make_s: float) -> EnvironmentSpec:
    started = time.perf_counter()
    first = trial.reset()
    reset_s = time.perf_counter() - started
    second = trial.step()
    step_s = time.perf_counter() - started - reset_s
    notes = []
    if reset_s + step_s <= QUICK_S:
        again = trial.reset(" a second time"), trial.step()
        if not (np.array_equal(first, again[0]) and np.array_equal(second, again[1])):
            notes.append(NOT_REPEATABLE)
    if trial.moved:
        notes.insert(0, MOVED)
    return EnvironmentSpec(
        observation_size=trial.encoder.size,
        actions=trial.actions.layout,
        observation_space=str(trial.env.observation_space),
        action_space=str(trial.env.action_space),
        make_s=make_s,
        reset_s=reset_s,
        step_s=step_s,
        notes=tuple(notes),
    )
