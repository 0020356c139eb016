"""One environment with what turns its observations into rows and rows into its actions; closing it never fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gymnasium import spaces

from gwt_ib.config import Config
from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.envs.limits import checked_reward, move_within
from gwt_ib.envs.make import Env, make_env
from gwt_ib.envs.refusal import is_ctrl_c
from gwt_ib.envs.spaces import ObservationEncoder, Row
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.errors import error_text
from gwt_ib.log import LOGGER


class Form:
    """The spaces of one instance, with their encoder and codec; other instances may have other bounds, not other sizes."""

    def __init__(self, observations: spaces.Space[Any], actions: spaces.Space[Any], like: Form | None) -> None:
        """What is as in `like` is taken from there: an encoder may have tables of some MiB."""
        self.observations = observations
        self.action_space = actions
        same = like if like is not None and observations == like.observations else None
        self.encoder: ObservationEncoder = same.encoder if same else ObservationEncoder(observations)
        same = like if like is not None and actions == like.action_space else None
        self.actions: ActionCodec = same.actions if same else ActionCodec(actions)

    @property
    def sizes(self) -> tuple[int, ActionLayout]:
        """What all instances have to have in common."""
        return self.encoder.size, self.actions.layout

    def move_within(self, observation: Any, row: Row) -> bool:
        """Hold the row of an observation to the limit; True where it was beyond. Raises `ValueError` (`limits`)."""
        return move_within(self.observations, observation, row)

    def __str__(self) -> str:
        return f"{self.encoder.size} numbers to observe ({self.observations}) and acts in {self.action_space}"


class Instance:
    """One environment of a run."""

    def __init__(self, config: Config, like: Form | None, make: Callable[[Config], Env] | None = None) -> None:
        """Make it, by default by `make_env`. Raises `UserError` when it cannot be made or used."""
        self.env: Env = (make or make_env)(config)
        self._closed = False
        try:
            self.form = Form(self.env.observation_space, self.env.action_space, like)
        except BaseException:
            self.close()
            raise

    def reset(self, seed: int, row: Row) -> bool:
        """Start an episode and write its first observation; True where numbers were moved to the limit."""
        observation, _ = self.env.reset(seed=seed)
        self.form.encoder.encode(observation, row)
        return self.form.move_within(observation, row)

    def step(self, action: Any, row: Row) -> tuple[float, bool, bool]:
        """Take a step and write what it shows: the reward, and whether the episode terminated or was truncated."""
        observation, reward, terminated, truncated, _ = self.env.step(action)
        self.form.encoder.encode(observation, row)
        paid = checked_reward(reward)
        self.form.move_within(observation, row)
        return paid, bool(terminated), bool(truncated)

    def close(self) -> None:
        """Close it; where that fails, it is said in the log and nothing more: it is given up in any case."""
        if self._closed:
            return
        self._closed = True
        try:
            self.env.close()
        except BaseException as error:  # whatever an environment raises
            if is_ctrl_c(error):
                raise
            LOGGER.warning("an environment could not be closed: %s", error_text(error))
