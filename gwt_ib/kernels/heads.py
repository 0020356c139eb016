"""Sampling and log-probability of one decision from a row of policy outputs; twin of `model.distributions`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.kernels.compiled import kernel
from gwt_ib.kernels.elementwise import HALF, ZERO, exp
from gwt_ib.kernels.losses import HALF_LOG_2PI
from gwt_ib.model.arrays import F32


@kernel
def sample_choices(logits: F32, sizes: NDArray[np.int64], noise: F32, sums: F32, action: NDArray[np.int32]) -> Any:
    """Choose an option for each component by uniform `noise` [components]; returns the log-probability in nats.

    `logits` of all components lie side by side, `sums` is scratch of the same length. `action` [components] gets the
    choices: the cumulative distribution, inverted at the noise.
    """
    log_prob = ZERO
    at = 0
    for component in range(sizes.size):
        size = sizes[component]
        highest = logits[at]
        for j in range(at + 1, at + size):
            highest = max(highest, logits[j])
        for j in range(at, at + size):
            sums[j] = exp(logits[j] - highest)
        for j in range(at + 1, at + size):
            sums[j] += sums[j - 1]
        total = sums[at + size - 1]
        below = noise[component] * total
        choice = 0
        while choice < size - 1 and sums[at + choice] <= below:
            choice += 1
        action[component] = choice
        log_prob += logits[at + choice] - highest - np.log(total)
        at += size
    return log_prob


@kernel
def sample_numbers(means: F32, log_std: F32, noise: F32, action: F32) -> Any:
    """Add scaled standard normal `noise` [width] to the `means`; returns the log-density of the `action` [width]."""
    log_prob = ZERO
    for j in range(log_std.size):
        action[j] = means[j] + exp(log_std[j]) * noise[j]
        scaled = (action[j] - means[j]) * exp(-log_std[j])
        log_prob += -HALF * scaled * scaled - log_std[j] - HALF_LOG_2PI
    return log_prob
