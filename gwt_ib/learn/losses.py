"""The loss (docs/model.md, "Loss") and its terms, as functions of a minibatch; T time, B sequences."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from gwt_ib.config import Config
from gwt_ib.model.agent import Agent
from gwt_ib.model.cell import TdScale
from gwt_ib.model.experience import Sequences

LOSS_METRICS = ("policy_loss", "value_loss", "entropy", "ib_loss", "approx_kl", "clip_fraction")


class LiveCoefficients(NamedTuple):
    """What may change in the loss between two updates; numbers, or tensors [] that hold them."""

    vf_coef: float | Tensor
    ent_coef: float | Tensor
    lambda_c: float | Tensor
    target_c: float | Tensor

    @classmethod
    def of(cls, config: Config, lambda_c: float) -> LiveCoefficients:
        """The settings of these names, with the `lambda_c` that the warm-up has reached."""
        return cls(**{name: getattr(config, name) for name in cls._fields} | {"lambda_c": lambda_c})


def policy_loss(
    log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, clip_eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Clipped surrogate (Schulman et al. 2017, eq. 7), approx_kl and clip_fraction: means over [T, B].

    `approx_kl` is the estimator `(r - 1) - log r` in nats; `expm1` keeps it exact where the ratio r is 1.
    """
    log_ratio = log_prob - old_log_prob
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip_eps, 1 + clip_eps)
    loss = -torch.min(ratio * advantage, clipped * advantage).mean()
    with torch.no_grad():
        approx_kl = (torch.expm1(log_ratio) - log_ratio).mean()
        clip_fraction = ((ratio - 1).abs() > clip_eps).float().mean()
    return loss, approx_kl, clip_fraction


def value_loss(value: Tensor, returns: Tensor, old_value: Tensor, clip_vf: float = 0.0) -> Tensor:
    """Half the mean squared error over [T, B]; with `clip_vf` the larger one where a value has moved farther than that.

    It is the error of the value itself or of the farthest that is allowed from the behaviour policy's `old_value`, and
    the latter has no gradient (docs/model.md, "Options").
    """
    error = (value - returns).square()
    if clip_vf > 0:
        moved = value - old_value
        bound = old_value + moved.detach().clamp(-clip_vf, clip_vf)
        error = torch.where(moved.abs() > clip_vf, torch.max(error, (bound - returns).square()), error)
    return 0.5 * error.mean()


def ib_loss(c: Tensor, target_c: float | Tensor) -> Tensor:
    """The bottleneck for gates [T, B]: `mean over sequences of (mean_c of the sequence - target_c)^2`."""
    return (c.mean(dim=0) - target_c).square().mean()


def normalised(advantage: Tensor) -> Tensor:
    """Advantages of a minibatch with mean 0 and standard deviation 1."""
    return (advantage - advantage.mean()) / (advantage.std(unbiased=False) + 1e-8)


def minibatch_loss(
    agent: Agent, batch: Sequences[Tensor], config: Config, coefficients: LiveCoefficients
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The loss of a minibatch and, detached, its `LOSS_METRICS`."""
    vf_coef, ent_coef, lambda_c, target_c = coefficients
    td = TdScale(batch.td_mean, batch.td_std)
    out = agent.unroll(batch.observation, batch.h0, batch.td_prev, batch.is_first, td, batch.action)
    surrogate, *moved = policy_loss(out.log_prob, batch.log_prob, normalised(batch.advantage), config.clip_eps)
    value = value_loss(out.value, batch.returns, batch.returns - batch.advantage, config.clip_vf)
    entropy = out.entropy.mean()
    bottleneck = ib_loss(out.c, target_c)
    loss = surrogate + vf_coef * value - ent_coef * entropy + lambda_c * bottleneck
    metrics = (surrogate, value, entropy, bottleneck, *moved)
    return loss, tuple(metric.detach() for metric in metrics)
