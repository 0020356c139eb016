"""The gate of one row, forward and backward, with or without a router; twin of what `model.cell` says of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gwt_ib.kernels.compiled import inlined, kernel
from gwt_ib.kernels.elementwise import ONE, ZERO, dot, sigmoid, tanh
from gwt_ib.model.arrays import F32


@kernel
def td_drive(td_prev: Any, is_first: Any, mean: Any, std: Any) -> Any:
    """`|td_norm|` (docs/model.md, "Prior"); the TD error before a first step counts as 0 ("First steps")."""
    return abs(((ZERO if is_first else td_prev) - mean) / std)


@inlined
def gate_row(
    from_z: F32, from_h: F32, bias_z: F32, router_out: F32, logit: np.float32, forced_c: np.float32, router: F32
) -> Any:
    """The gate c: of the prior's `logit` with the bias of the router's last layer, or `forced_c` if that is not negative.

    `from_z`, `from_h` [R] are the products without biases. Fills the router's hidden layer `router` [R], which is empty
    where there is none.
    """
    for j in range(router.size):
        router[j] = tanh(from_z[j] + bias_z[j] + from_h[j])
    return sigmoid(logit + dot(router, router_out)) if forced_c < ZERO else forced_c


@inlined
def gate_row_backward(
    d_c: np.float32, c: np.float32, router_out: F32, router: F32, d_from_z: F32, d_from_h: F32
) -> Any:
    """The gradient towards the gate's logit, from `d_c`; fills those towards the router's products [R]."""
    d_logit = d_c * c * (ONE - c)
    for j in range(router.size):
        d_router = d_logit * router_out[j] * (ONE - router[j] * router[j])
        d_from_z[j] = d_router
        d_from_h[j] = d_router
    return d_logit
