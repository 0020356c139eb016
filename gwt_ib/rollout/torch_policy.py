"""Acting with torch: the readable twin of `kernels.act`, and what acts where there is no numba."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwt_ib.model.agent import Agent
from gwt_ib.model.cell import TdScale
from gwt_ib.model.flat import FlatParameters

F32 = NDArray[np.float32]


class AgentStepper:
    """A `rollout.stepper.Stepper` that calls `Agent.act` and `Agent.bootstrap_value`, on the device of the weights."""

    def __init__(self, agent: Agent, size: int) -> None:
        self._agent = agent
        self._device = agent.bias.device
        self._h = torch.zeros(size, agent.hidden_size, device=self._device)
        self._td = TdScale(torch.zeros((), device=self._device), torch.ones((), device=self._device))
        self.action: NDArray[Any]
        self.log_prob: F32
        self.value: F32
        self.c: F32
        self.prior: F32
        self.next_value: F32

    @property
    def h(self) -> F32:
        """[B, H] after the newest `act`."""
        return _array(self._h)

    def begin(self, td_mean: float, td_std: float) -> None:
        """Act under these statistics; the weights are read anew in each step anyway."""
        self._td = TdScale(*(torch.tensor(number, device=self._device) for number in (td_mean, td_std)))

    @torch.inference_mode()
    def act(self, obs: F32, td_prev: F32, is_first: NDArray[np.bool_], noise: F32) -> None:
        """Decide for B environments."""
        inputs = (torch.from_numpy(array).to(self._device) for array in (obs, td_prev, is_first, noise))
        seen, td, first, random = inputs
        out = self._agent.act(seen, self._h, td, first.to(torch.float32), self._td, random)
        self._h = out.h
        self.action, self.log_prob, self.value = _array(out.action), _array(out.log_prob), _array(out.value)
        self.c, self.prior = _array(out.c), _array(out.prior)

    @torch.inference_mode()
    def bootstrap(self, next_obs: F32) -> None:
        """Fill `next_value`."""
        seen = torch.from_numpy(next_obs).to(self._device)
        self.next_value = _array(self._agent.bootstrap_value(seen, self._h, self._td))


class AgentPolicy:
    """A `rollout.stepper.Policy` of torch; the agent's weights become views into one flat vector."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._flat = FlatParameters(agent)

    def write(self, weights: F32) -> None:
        """Replace the weights by a flat vector [N]."""
        self._flat.write(weights)

    def prepare(self) -> None:
        """Nothing is slow at first."""

    def stepper(self, size: int) -> AgentStepper:
        """A stepper of `size` environments."""
        return AgentStepper(self._agent, size)


def _array(tensor: Tensor) -> NDArray[Any]:
    array: NDArray[Any] = tensor.cpu().numpy()
    return array
