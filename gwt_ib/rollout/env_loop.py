"""Acting in B environments: the step that training and evaluation share, and its noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gwt_ib.envs.env_batch import EnvBatch
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.model.arrays import F32, Bool
from gwt_ib.model.td import td_error
from gwt_ib.rollout.open_episodes import Carried
from gwt_ib.rollout.policy import Policy
from gwt_ib.sections import Sections


def action_noise(actions: ActionLayout, streams: Sequence[np.random.Generator], steps: int) -> F32:
    """The noise [T, B, A] of `steps` actions in environments with a random stream each, so that B changes nothing.

    Choices are sampled with numbers in [0, 1), continuous actions with standard normal ones.
    """
    size = (steps, actions.width)
    if actions.kind == "discrete":
        return np.stack([stream.random(size, dtype=np.float32) for stream in streams], axis=1)
    return np.stack([stream.standard_normal(size, dtype=np.float32) for stream in streams], axis=1)


class EnvLoop:
    """Carries from step to step what the next decision depends on: `obs` [B, O], `td_prev`, `is_first` [B], and h.

    A step is `act`, then `step`. `sections` gets the seconds of environments and inference.
    """

    def __init__(self, envs: EnvBatch, policy: Policy, gamma: float, carried: Carried | None = None) -> None:
        """Start the first episode of every environment, or go on with those that are `carried` on."""
        self.envs = envs
        self.stepper = policy.stepper(envs.size)
        self.sections = Sections()
        self.obs = np.zeros((envs.size, envs.observation_size), np.float32)
        self.td_prev = np.zeros(envs.size, np.float32)
        self.is_first = np.ones(envs.size, np.bool_)
        self.next_obs = np.zeros_like(self.obs)
        """What the newest step returned [B, O]: the final observation where an episode has ended."""
        self._gamma = gamma
        self.replayed: Bool = np.zeros(envs.size, np.bool_)
        """Which environments go on where they stopped; the others begin an episode."""
        if carried is None:
            envs.reset(self.obs)
            return
        self.replayed = envs.restore(self.obs, carried.episodes())
        self.stepper.h[:] = carried.h
        self.td_prev[:] = np.where(self.replayed, carried.td_prev, 0.0)
        self.is_first[:] = carried.is_first | ~self.replayed

    def act(self, noise: F32) -> None:
        """Decide by `noise` [B, A]; the decision is in `stepper`."""
        self.stepper.act(self.obs, self.td_prev, self.is_first, noise)
        self.sections.end("inference")

    def step(self, reward: F32, terminated: Bool, truncated: Bool) -> bool:
        """Take the step that was decided on and fill the three arrays [B]; True where an episode has ended.

        Raises `EpisodeError` when an environment fails.
        """
        stepper = self.stepper
        some_ended = self.envs.step(
            stepper.action,
            observations=self.obs,
            next_observations=self.next_obs,
            rewards=reward,
            terminated=terminated,
            truncated=truncated,
        )
        self.sections.end("environment")
        stepper.bootstrap(self.next_obs)
        self.sections.end("inference")
        td_error(reward, stepper.value, stepper.next_value, terminated, self._gamma, out=self.td_prev)
        if some_ended:
            np.logical_or(terminated, truncated, out=self.is_first)
            self.td_prev[self.is_first] = 0.0
        else:
            self.is_first.fill(False)
        return some_ended
