"""Acting with torch on the CPU: the readable twin of `kernels.act`, and what acts where there is no numba."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.model.agent import Agent, FlatParameters
from gwt_ib.model.arrays import F32, Bool
from gwt_ib.model.cell import TdScale


class TorchPolicy:
    """A `policy.Policy` of torch, with an agent of its own."""

    def __init__(self, observation_size: int, actions: ActionLayout, config: Config) -> None:
        torch.set_num_threads(1)  # a step of few rows: more threads would wait for each other
        self.agent = Agent(observation_size, actions, config)
        self._flat = FlatParameters(self.agent)

    def write(self, weights: F32) -> None:
        """Replace the weights by a flat vector [N]."""
        self._flat.write(weights)

    def prepare(self, beat: Callable[[], None] = lambda: None) -> None:
        """Nothing is slow at first."""

    def stepper(self, size: int) -> TorchStepper:
        """A stepper of `size` environments."""
        return TorchStepper(self.agent, size)


class TorchStepper:
    """A `policy.Stepper` that calls `Agent.act` and `Agent.bootstrap_value`."""

    def __init__(self, agent: Agent, size: int) -> None:
        self._agent = agent
        self._h = torch.zeros(size, agent.state_size)
        self._td = TdScale(torch.tensor(0.0), torch.tensor(1.0))
        self.h: F32 = self._h.numpy()
        self.forced_c: F32 = np.full(size, -1.0, np.float32)
        self._forced_c = torch.from_numpy(self.forced_c)

    def begin(self, td_mean: float, td_std: float) -> None:
        """Act under these statistics; each step reads the weights."""
        self._td = TdScale(torch.tensor(td_mean), torch.tensor(td_std))

    @torch.inference_mode()
    def act(self, obs: F32, td_prev: F32, is_first: Bool, noise: F32) -> None:
        """Decide for B environments."""
        seen, td, first, random = map(torch.from_numpy, (obs, td_prev, is_first, noise))
        out = self._agent.act(seen, self._h, td, first.to(torch.float32), self._td, random, self._forced_c)
        self._h, self.h = out.h, out.h.numpy()
        self.action, self.log_prob, self.value = out.action.numpy(), out.log_prob.numpy(), out.value.numpy()
        self.c, self.prior = out.c.numpy(), out.prior.numpy()

    @torch.inference_mode()
    def bootstrap(self, next_obs: F32) -> None:
        """Fill `next_value`."""
        value = self._agent.bootstrap_value(torch.from_numpy(next_obs), self._h, self._td, self._forced_c)
        self.next_value = value.numpy()
