"""Exponential, sigmoid, hyperbolic tangent, sums and Adam for float32, in arithmetic that LLVM turns into vectors.

A call into a maths library cannot be vectorised, and an unroll consists of these functions and of products.
Inside a plain loop over an array they handle a whole register at a time. Errors are a few units in the last place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gwt_ib.kernels.compiled import kernel, reduction
from gwt_ib.model.arrays import F32

_F = np.float32
LOG2_E = _F(1.44269504)
LN2_HIGH, LN2_LOW = _F(0.693359375), _F(-2.12194440e-4)  # their sum is ln 2; n times the first is exact
LARGEST, SMALLEST = _F(88.0), _F(-87.0)  # beyond them the result is infinite or 0
INFINITY, ZERO, ONE, TWO, HALF = _F(np.inf), _F(0), _F(1), _F(2), _F(0.5)
E0, E1, E2, E3, E4, E5 = map(
    _F, (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)  # (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2: Moshier's Cephes, expf
T0, T1, T2, T3, T4 = map(
    _F, (-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
)  # (tanh x - x) / x^3 for |x| < 0.625: Cephes, tanhf
SMALL = _F(0.625)


@kernel
def exp(x: Any) -> Any:
    """e^x; not-a-number stays what it is."""
    y = LARGEST if x > LARGEST else x
    y = SMALLEST if y < SMALLEST else y
    n = np.floor(y * LOG2_E + HALF)
    r = y - n * LN2_HIGH - n * LN2_LOW
    p = ((((E0 * r + E1) * r + E2) * r + E3) * r + E4) * r + E5
    # The bits of 2^n. Not-a-number ends in the last line: what an integer makes of it is undefined.
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    result = (p * r * r + r + ONE) * power
    result = INFINITY if x > LARGEST else result
    result = ZERO if x < SMALLEST else result
    return x if x != x else result


@kernel
def sigmoid(x: Any) -> Any:
    """1 / (1 + e^-x); exactly 0 far to the left."""
    return ONE / (ONE + exp(-x))


@kernel
def tanh(x: Any) -> Any:
    """Hyperbolic tangent; a polynomial near 0, where the difference of exponentials would lose digits."""
    square = x * x
    near = ((((T0 * square + T1) * square + T2) * square + T3) * square + T4) * square * x + x
    far = ONE - TWO / (exp(TWO * abs(x)) + ONE)
    far = -far if x < ZERO else far
    return near if abs(x) < SMALL else far


@reduction
def dot(a: F32, b: F32) -> Any:
    """The sum of a * b for rows of one length."""
    total = ZERO
    for j in range(a.size):
        total += a[j] * b[j]
    return total


@reduction
def total(a: F32) -> Any:
    """The sum of a row."""
    result = ZERO
    for j in range(a.size):
        result += a[j]
    return result


@kernel
def adam_step(
    weights: F32, gradient: F32, average: F32, square: F32,
    scale: Any, gain1: Any, beta2: Any, gain2: Any, rate: Any, root: Any, eps: Any,
) -> None:  # fmt: skip
    """Scale `gradient` [N], take it into its averages [N] and move `weights` [N], in one pass; twin of `learn.adam`.

    All numbers are float32: `gain1` = 1 - beta1, `gain2` = 1 - beta2 (which would lose digits as a difference of float32),
    `rate` the learning rate over the first average's correction, `root` the square root of the second's.
    """
    for i in range(weights.size):
        g = gradient[i] * scale
        gradient[i] = g
        average[i] += gain1 * (g - average[i])
        square[i] = beta2 * square[i] + gain2 * g * g
        weights[i] -= rate * average[i] / (np.sqrt(square[i]) / root + eps)
