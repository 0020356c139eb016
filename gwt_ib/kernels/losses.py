"""The loss of a minibatch with its gradient towards policy, value and gate; twin of `learn.losses` and the action heads.

Every function works on a shard of a minibatch and divides by the size of the whole, so that shards can be added.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.kernels.compiled import kernel
from gwt_ib.kernels.elementwise import HALF, ONE, ZERO, exp
from gwt_ib.model.arrays import F32

HALF_LOG_2PI = np.float32(0.5 * math.log(2 * math.pi))
POLICY, VALUE, ENTROPY, BOTTLENECK, KL, CLIPPED = range(6)  # the sums that `heads_loss` and `bottleneck_loss` add to
SUMS = 6


class LossCoefficients(NamedTuple):
    """The numbers of docs/model.md, "Loss" for one minibatch, float32."""

    clip_eps: Any
    clip_vf: Any
    vf_coef: Any
    ent_coef: Any
    lambda_c: Any
    target_c: Any
    share: Any  # 1 / decisions in the whole minibatch
    sequence_share: Any  # 1 / sequences in the whole minibatch


def coefficients_of(config: Config, lambda_c: float, sequences: int) -> LossCoefficients:
    """Those of a minibatch of so many sequences, with live settings and the `lambda_c` that the warm-up has reached."""
    settings = (config.clip_eps, config.clip_vf, config.vf_coef, config.ent_coef, lambda_c, config.target_c)
    shares = (1.0 / (sequences * config.seq_len), 1.0 / sequences)
    return LossCoefficients(*map(np.float32, (*settings, *shares)))


@kernel
def categorical_loss(
    outputs: F32, bias: F32, sizes: NDArray[np.int64], action: NDArray[np.int32], old_log_prob: F32, advantage: F32,
    returns: F32, old_value: F32, loss: LossCoefficients, sums: NDArray[np.float64],
) -> None:  # fmt: skip
    """Turn `outputs` [N, P + 1] (logits of all components, then the value) into their gradient, in place.

    The outputs come without their `bias` [P + 1]. `action` is [N, components]; `old_log_prob`, `advantage`, `returns`
    and `old_value` are [N]. Adds the parts of the loss to `sums`.
    """
    chances, own = np.empty(outputs.shape[1], np.float32), np.empty(sizes.size, np.float32)
    for i in range(outputs.shape[0]):
        row = outputs[i]
        for j in range(bias.size):
            row[j] += bias[j]
        entropy, log_prob, at = ZERO, ZERO, 0
        for component in range(sizes.size):
            size = sizes[component]
            own[component] = log_softmax(row[at : at + size], chances[at : at + size])
            log_prob += row[at + action[i, component]]
            entropy += own[component]
            at += size
        d_log_prob = surrogate(log_prob - old_log_prob[i], advantage[i], loss, sums)
        sums[ENTROPY] += entropy * loss.share
        d_entropy = -loss.ent_coef * loss.share
        at = 0
        for component in range(sizes.size):
            for j in range(at, at + sizes[component]):
                hit = ONE if j == at + action[i, component] else ZERO
                row[j] = d_log_prob * (hit - chances[j]) - d_entropy * chances[j] * (row[j] + own[component])
            at += sizes[component]
        row[at] = value_loss(row[at], returns[i], old_value[i], loss, sums)


@kernel
def gaussian_loss(
    outputs: F32, bias: F32, log_std: F32, d_log_std: F32, action: F32, old_log_prob: F32, advantage: F32,
    returns: F32, old_value: F32, loss: LossCoefficients, sums: NDArray[np.float64],
) -> None:  # fmt: skip
    """The same for a diagonal Gaussian: `outputs` [N, D + 1] are means and value; adds to `d_log_std` [D]."""
    dimensions = log_std.size
    entropy = ZERO
    for j in range(dimensions):
        entropy += log_std[j] + HALF + HALF_LOG_2PI
    for i in range(outputs.shape[0]):
        row = outputs[i]
        for j in range(bias.size):
            row[j] += bias[j]
        log_prob = ZERO
        for j in range(dimensions):
            scaled = (action[i, j] - row[j]) * exp(-log_std[j])
            log_prob += -HALF * scaled * scaled - log_std[j] - HALF_LOG_2PI
        d_log_prob = surrogate(log_prob - old_log_prob[i], advantage[i], loss, sums)
        sums[ENTROPY] += entropy * loss.share
        for j in range(dimensions):
            scale = exp(-log_std[j])
            scaled = (action[i, j] - row[j]) * scale
            d_log_std[j] += d_log_prob * (scaled * scaled - ONE) - loss.ent_coef * loss.share
            row[j] = d_log_prob * scaled * scale
        row[dimensions] = value_loss(row[dimensions], returns[i], old_value[i], loss, sums)


@kernel
def log_softmax(logits: F32, chances: F32) -> Any:
    """Log-probabilities of one component in place of its logits, its probabilities in `chances`; returns its entropy."""
    largest = logits[0]
    for j in range(1, logits.size):
        largest = max(largest, logits[j])
    summed = ZERO
    for j in range(logits.size):
        chances[j] = exp(logits[j] - largest)
        summed += chances[j]
    shift, entropy = largest + np.log(summed), ZERO
    for j in range(logits.size):
        logits[j] -= shift
        chances[j] /= summed
        entropy -= chances[j] * logits[j]
    return entropy


@kernel
def surrogate(log_ratio: np.float32, advantage: np.float32, loss: LossCoefficients, sums: NDArray[np.float64]) -> Any:
    """PPO's clipped surrogate of one decision; returns its gradient towards the log-probability."""
    ratio = exp(log_ratio)
    clipped = min(max(ratio, ONE - loss.clip_eps), ONE + loss.clip_eps)
    free, bound = ratio * advantage, clipped * advantage
    sums[POLICY] -= min(free, bound) * loss.share
    # Not the difference of ratio and log-ratio: where both are small it would be all rounding.
    sums[KL] += (np.expm1(np.float64(log_ratio)) - np.float64(log_ratio)) * loss.share
    sums[CLIPPED] += loss.share if abs(ratio - ONE) > loss.clip_eps else ZERO
    return ZERO if free > bound else -free * loss.share


@kernel
def value_loss(
    value: np.float32, returns: np.float32, old_value: np.float32, loss: LossCoefficients, sums: NDArray[np.float64]
) -> Any:
    """Half the squared error of one decision; returns the weighted gradient towards the value.

    With `clip_vf`, where the value has moved farther than that from `old_value`: the larger of its own error and that of
    the farthest value allowed, which has no gradient.
    """
    error, moved = value - returns, value - old_value
    if loss.clip_vf > ZERO and abs(moved) > loss.clip_vf:
        bound = old_value + (loss.clip_vf if moved > ZERO else -loss.clip_vf) - returns
        if abs(bound) > abs(error):
            sums[VALUE] += HALF * bound * bound * loss.share
            return ZERO
    sums[VALUE] += HALF * error * error * loss.share
    return loss.vf_coef * error * loss.share


@kernel
def bottleneck_loss(c: F32, d_c: F32, loss: LossCoefficients, sums: NDArray[np.float64]) -> None:
    """The budget for gates `c` [T, B], each column a sequence; fills `d_c` [T, B] with the weighted gradient."""
    steps, batch = c.shape
    for b in range(batch):
        mean = ZERO
        for t in range(steps):
            mean += c[t, b]
        excess = mean / np.float32(steps) - loss.target_c
        sums[BOTTLENECK] += excess * excess * loss.sequence_share
        gradient = loss.lambda_c * (excess + excess) * loss.sequence_share / np.float32(steps)
        for t in range(steps):
            d_c[t, b] = gradient
