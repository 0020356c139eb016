"""What a collector or an evaluation asks of a policy: one decision for B environments, and the value behind it.

Two kinds: `AgentStepper` calls torch's `Agent` and is the readable twin, `kernels.act.KernelStepper` is compiled. This
module is free of torch, and so is everything that an actor loads where it acts with kernels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.actions import ActionCodec
from gwt_ib.kernels import load_kernels
from gwt_ib.model import parameter_layout as layout

if TYPE_CHECKING:
    from gwt_ib.model.agent import Agent

F32 = NDArray[np.float32]


class Stepper(Protocol):
    """Acts in B environments and carries their recurrent state.

    The arrays are those of the newest call and are overwritten by the next. At first `h` is zero.
    """

    @property
    def h(self) -> F32:
        """[B, H] after the newest `act`."""

    @property
    def action(self) -> NDArray[Any]:
        """[B, width], int32 or float32 as the codec says."""

    @property
    def log_prob(self) -> F32:
        """[B], nats."""

    @property
    def value(self) -> F32:
        """[B]."""

    @property
    def c(self) -> F32:
        """[B]."""

    @property
    def prior(self) -> F32:
        """[B]."""

    @property
    def next_value(self) -> F32:
        """[B]: V0 of the newest `bootstrap`."""

    def begin(self, td_mean: float, td_std: float) -> None:
        """Belongs before the first step, and wherever the weights or the TD statistics may have changed."""

    def act(self, obs: F32, td_prev: F32, is_first: NDArray[np.bool_], noise: F32) -> None:
        """Decide for `obs` [B, O] with `td_prev`, `is_first` [B] and `noise` [B, width].

        After a `bootstrap`, the rows of `obs` that are not first must be those that it saw.
        """

    def bootstrap(self, next_obs: F32) -> None:
        """Fill `next_value`: the critic one cell step after `h` on `next_obs` [B, O] (docs/model.md, "TD error")."""


@runtime_checkable
class Policy(Protocol):
    """Weights that can be replaced, and steppers that act by them."""

    def write(self, weights: F32) -> None:
        """Replace the weights by a flat vector [N]; steppers that are under way have to `begin` anew."""

    def prepare(self) -> None:
        """Do beforehand what would make the first step slow."""

    def stepper(self, size: int) -> Stepper:
        """A stepper of `size` environments, at the start of their episodes."""


def make_policy(observation_size: int, actions: ActionCodec, config: Config) -> Policy:
    """The policy that the configuration names, with kernels or with torch. Raises `UserError` when it cannot be had."""
    if load_kernels(config):
        from gwt_ib.kernels.act import KernelAgent

        return KernelAgent(observation_size, actions, config)
    from gwt_ib.model.agent import Agent
    from gwt_ib.rollout.torch_policy import AgentPolicy

    return AgentPolicy(Agent(observation_size, actions, config))


def weights_size(observation_size: int, actions: ActionCodec, config: Config) -> int:
    """Length N of the flat vector of weights."""
    return layout.size(layout.parameter_shapes(observation_size, actions, config.hidden_size))


def with_kernels(
    agent: Agent, weights: F32, observation_size: int, actions: ActionCodec, config: Config
) -> Agent | Policy:
    """What acts by the agent's `weights` [N]: kernels that read them where they lie, or the agent where none are used."""
    if not load_kernels(config):
        return agent
    from gwt_ib.kernels.act import KernelAgent

    agent_of_kernels = KernelAgent(observation_size, actions, config, weights)
    agent_of_kernels.prepare()
    return agent_of_kernels


def policy_of(agent: Agent | Policy) -> Policy:
    """The agent as a policy: as it is, or with all its weights in a flat vector from now on."""
    if isinstance(agent, Policy):
        return agent
    from gwt_ib.rollout.torch_policy import AgentPolicy

    return AgentPolicy(agent)


def stepper_of(agent: Agent | Policy, size: int) -> Stepper:
    """A stepper that acts by the agent's weights, wherever they lie."""
    if isinstance(agent, Policy):
        return agent.stepper(size)
    from gwt_ib.rollout.torch_policy import AgentStepper

    return AgentStepper(agent, size)
