"""What acts: weights that can be replaced, one decision for B environments, and the value behind it.

Two kinds: `torch_policy.TorchPolicy` calls torch's `Agent` and is the readable twin, `kernels.act.KernelPolicy` is
compiled. This module is free of torch, and so is everything that an actor loads where it acts with kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.kernels import load_kernels
from gwt_ib.model.arrays import F32, Bool


class Stepper(Protocol):
    """Acts in B environments and carries their recurrent state.

    The arrays are those of the newest call and are overwritten by the next. At first `h` is zero; before the first `begin`
    it may be written. `forced_c` belongs to the caller, who may write it before any `act`.
    """

    h: F32  # [B, S]: the recurrent state after the newest `act`
    action: NDArray[Any]  # [B, A], int32 or float32 as the codec says
    log_prob: F32  # [B], nats
    value: F32  # [B]
    c: F32  # [B]
    prior: F32  # [B]
    next_value: F32  # [B], after the newest `bootstrap`
    forced_c: F32  # [B]: the gate in `act` and in `bootstrap`; where it is negative, as it is at first, the agent's own

    def begin(self, td_mean: float, td_std: float) -> None:
        """Belongs before the first step, and wherever the weights or the TD statistics may have changed."""

    def act(self, obs: F32, td_prev: F32, is_first: Bool, noise: F32) -> None:
        """Decide for `obs` [B, O] with `td_prev`, `is_first` [B] and `noise` [B, width].

        After a `bootstrap`, the rows of `obs` that are not first must be those that it saw.
        """

    def bootstrap(self, next_obs: F32) -> None:
        """Fill `next_value`: the critic one cell step after `h` on `next_obs` [B, O] (docs/model.md, "TD error")."""


class Policy(Protocol):
    """Weights that can be replaced, and steppers that act by them."""

    def write(self, weights: F32) -> None:
        """Replace the weights by a flat vector [N]; steppers in use have to `begin` again."""

    def prepare(self, beat: Callable[[], None] = lambda: None) -> None:
        """Do in advance what would make the first step slow; `beat` is called all along."""

    def stepper(self, size: int) -> Stepper:
        """A stepper of `size` environments, at the start of their episodes."""


def make_policy(observation_size: int, actions: ActionLayout, config: Config) -> Policy:
    """A policy of the kind that the configuration names, on the CPU; write its weights first.

    Raises `UserError` where kernels are asked for and cannot be had.
    """
    if load_kernels(config):
        from gwt_ib.kernels.act import KernelPolicy

        return KernelPolicy(observation_size, actions, config)
    from gwt_ib.rollout.torch_policy import TorchPolicy

    return TorchPolicy(observation_size, actions, config)
