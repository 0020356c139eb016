"""What an agent sees of an environment that somebody else steps: raw observations in, rows as in training out."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from gwt_ib.config import Config
from gwt_ib.envs.instance import Form
from gwt_ib.envs.make import wrapped
from gwt_ib.envs.spaces import Row


class Observer:
    """The wrappers, the encoder and the codec of a run's environment, without the environment.

    A run's wrappers add to an observation what the agent did before; so they stand around an environment that shows what
    it is handed, and cannot differ from those of training.
    """

    def __init__(self, config: Config, observations: spaces.Space[Any], actions: spaces.Space[Any]) -> None:
        """Raises `UserError` for spaces that the agent cannot observe or act in."""
        self._shown = _Shown(observations, actions)
        self._env = wrapped(self._shown, config)
        self.form = Form(self._env.observation_space, self._env.action_space, None)

    def row(self, observation: Any, action: Any, *, first: bool) -> Row:
        """The row [1, O] of an observation: the first of an episode, or the one that came after `action`.

        Raises `ValueError` for one that does not fit the space.
        """
        self._shown.observation = observation
        seen = self._env.reset()[0] if first else self._env.step(action)[0]
        rows = np.zeros((1, self.form.encoder.size), np.float32)
        self.form.encoder.encode(seen, rows[0])
        self.form.move_within(seen, rows[0])
        return rows


class _Shown(gymnasium.Env[Any, Any]):
    """An environment that shows what it was handed, whatever is done."""

    def __init__(self, observations: spaces.Space[Any], actions: spaces.Space[Any]) -> None:
        self.observation_space, self.action_space = observations, actions
        self.observation: Any = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        return self.observation, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self.observation, 0.0, False, False, {}
