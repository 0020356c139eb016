"""The encoder, forward and backward, a row at a time; twin of `Agent.encode`."""

from __future__ import annotations

from typing import Any

import numpy as np

from gwt_ib.kernels.compiled import inlined, kernel
from gwt_ib.kernels.elementwise import ONE, ZERO, dot, total
from gwt_ib.model.arrays import F32

EPSILON = np.float32(1e-5)  # torch's default in layer_norm


@inlined
def encode_row(bias: F32, normal: F32, z: F32) -> Any:
    """`z = relu(layer_norm(normal + bias))` for one row, `normal` in place; returns 1 / its standard deviation."""
    hidden = normal.size
    for j in range(hidden):
        normal[j] += bias[j]
    mean = total(normal) / np.float32(hidden)
    for j in range(hidden):
        normal[j] -= mean
    scale = ONE / np.sqrt(dot(normal, normal) / np.float32(hidden) + EPSILON)
    for j in range(hidden):
        normal[j] *= scale
        # Written so that not-a-number stays what it is.
        z[j] = ZERO if normal[j] < ZERO else normal[j]
    return scale


@kernel
def encode_backward(d_z: F32, normal: F32, scale: F32) -> None:
    """Turn the gradient towards `z` [N, H] into that towards `W obs + b`, in place."""
    hidden = np.float32(d_z.shape[1])
    for i in range(d_z.shape[0]):
        row, values = d_z[i], normal[i]
        for j in range(row.size):
            row[j] = row[j] if values[j] > ZERO else ZERO
        mean, slope = total(row) / hidden, dot(row, values) / hidden
        for j in range(row.size):
            row[j] = scale[i] * (row[j] - mean - values[j] * slope)
