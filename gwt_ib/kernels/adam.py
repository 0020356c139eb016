"""One step of Adam in one pass over the vectors; twin of `learn.adam`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gwt_ib.kernels.compiled import kernel
from gwt_ib.model.arrays import F32


class AdamNumbers(NamedTuple):
    """The numbers of one step, float32."""

    scale: Any  # of the gradient
    gain1: Any  # 1 - beta1
    beta2: Any
    gain2: Any  # 1 - beta2, which would lose digits as a difference of float32
    rate: Any  # learning rate over the first average's correction
    root: Any  # square root of the second average's correction
    eps: Any


@kernel
def adam_step(weights: F32, gradient: F32, average: F32, square: F32, numbers: AdamNumbers) -> None:
    """Scale `gradient` [N], take it into its averages [N] and move `weights` [N]."""
    for i in range(weights.size):
        g = gradient[i] * numbers.scale
        gradient[i] = g
        average[i] += numbers.gain1 * (g - average[i])
        square[i] = numbers.beta2 * square[i] + numbers.gain2 * g * g
        weights[i] -= numbers.rate * average[i] / (np.sqrt(square[i]) / numbers.root + numbers.eps)
