"""The gated GRU, forward and backward; twin of `model.cell` and `model.unroll`, and of its own kind `kernels.lstm`.

What depends on z alone is one product before the loop, since the gate is one number a step: `W (c z) = c (W z)`. Only the
product with h stays inside. The backward pass is a reverse scan that carries dL/dh alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gwt_ib.kernels.compiled import inlined, kernel, reduction
from gwt_ib.kernels.elementwise import ONE, ZERO, dot, sigmoid, tanh
from gwt_ib.kernels.gate import gate_row, gate_row_backward
from gwt_ib.kernels.products import product
from gwt_ib.model.arrays import F32


@inlined
def step_row(
    from_z: F32, from_h: F32, bias_z: F32, bias_h: F32, router_out: F32, logit: np.float32, forced_c: np.float32,
    h_in: F32, gates: F32, memory: F32, router: F32, h: F32,
) -> Any:  # fmt: skip
    """One step of one row: fills `h` [H] from `h_in` [H] and returns the gate c (docs/model.md, "Gate" and "Memory").

    `from_z`, `from_h` [G] are the products without biases, `logit` the prior's logit with the bias of the router's last
    layer; where `forced_c` is not negative it is the gate. `gates` [3H], `memory` [H] and `router` [R] keep what the
    backward pass needs.
    """
    hidden = h.size
    router_at = 3 * hidden
    c = gate_row(from_z[router_at:], from_h[router_at:], bias_z[router_at:], router_out, logit, forced_c, router)
    for j in range(2 * hidden):
        gates[j] = sigmoid(c * from_z[j] + bias_z[j] + (from_h[j] + bias_h[j]))
    for j in range(hidden):
        k = 2 * hidden + j
        memory[j] = from_h[k] + bias_h[k]
        new = tanh(c * from_z[k] + bias_z[k] + gates[j] * memory[j])
        gates[k] = new
        # h + c (h_prop - h) with h_prop = (1 - u) n + u h; where c is 0 the row stays what it is, bit by bit.
        h[j] = h_in[j] + c * (ONE - gates[hidden + j]) * (new - h_in[j])
    return c


@kernel
def unroll(
    from_z: F32, h0: F32, logit: F32, keep: F32, weight_h: F32, bias_z: F32, bias_h: F32, router_out: F32,
    from_h: F32, h_in: F32, gates: F32, memory: F32, router: F32, c: F32, h: F32,
) -> None:  # fmt: skip
    """All steps: `h` [T, B, H] and `c` [T, B] from `h0` [B, H], for `from_z` [T, B, G] and `logit`, `keep` [T, B].

    `keep` is 0 where a step starts from zero, else 1. `weight_h` is [H, G], `from_h` [B, G] is scratch; the rest is kept
    for the backward pass: `h_in` [T, B, H] what each step started from, `gates`, `memory`, `router` as in `step_row`.
    """
    steps, batch, hidden = h.shape
    columns = from_h.shape[1]
    weights, sums, starts = weight_h.reshape(-1), from_h.reshape(-1), h_in.reshape(-1)
    for t in range(steps):
        before = h0 if t == 0 else h[t - 1]
        for b in range(batch):
            for j in range(hidden):
                h_in[t, b, j] = before[b, j] * keep[t, b]
        at = t * batch * hidden
        product(starts, at, hidden, 1, weights, 0, columns, sums, 0, columns, batch, hidden, columns, False)
        for b in range(batch):
            c[t, b] = step_row(
                from_z[t, b], from_h[b], bias_z, bias_h, router_out, logit[t, b], -ONE, h_in[t, b],
                gates[t, b], memory[t, b], router[t, b], h[t, b],
            )  # fmt: skip


@kernel
def unroll_backward(
    d_h: F32, d_c: F32, from_z: F32, keep: F32, rows_h: F32, router_out: F32,
    h_in: F32, gates: F32, memory: F32, router: F32, c: F32,
    carry: F32, d_from_z: F32, d_from_h: F32, d_new_sum: F32, d_logit: F32,
) -> None:  # fmt: skip
    """The reverse scan: from `d_h` [T, B, H] and `d_c` [T, B] to the gradients of what each step's products gave.

    Fills `d_from_z`, `d_from_h` [T, B, G] and `d_logit` [T, B]; adds to `d_new_sum` [H] the sums over all steps towards the
    new gate's input, which `d_from_h` holds only scaled by the reset gate. `carry` [B, H] starts as zeros and ends as
    the gradient towards h0. `rows_h` is [G, H].
    """
    steps, batch, hidden = d_h.shape
    columns = rows_h.shape[0]
    weights, sums, carried = rows_h.reshape(-1), d_from_h.reshape(-1), carry.reshape(-1)
    for t in range(steps - 1, -1, -1):
        for b in range(batch):
            d_logit[t, b] = _step_row_backward(
                d_h[t, b], d_c[t, b], from_z[t, b], router_out, h_in[t, b], gates[t, b], memory[t, b], router[t, b],
                c[t, b], carry[b], d_from_z[t, b], d_from_h[t, b], d_new_sum,
            )  # fmt: skip
        at = t * batch * columns
        product(sums, at, columns, 1, weights, 0, hidden, carried, 0, hidden, batch, columns, hidden, True)
        for b in range(batch):
            for j in range(hidden):
                carry[b, j] *= keep[t, b]


@inlined
def _step_row_backward(
    d_h: F32, d_c: np.float32, from_z: F32, router_out: F32, h_in: F32, gates: F32, memory: F32, router: F32,
    c: np.float32, carry: F32, d_from_z: F32, d_from_h: F32, d_new_sum: F32,
) -> Any:  # fmt: skip
    """One row of one step; returns the gradient towards the gate's logit."""
    hidden = d_h.size
    reset, update, new = gates[:hidden], gates[hidden : 2 * hidden], gates[2 * hidden :]
    through_c = d_c
    for j in range(hidden):
        d = carry[j] + d_h[j]
        carry[j] = d
        stay, difference = ONE - update[j], new[j] - h_in[j]
        d_new = d * c * stay * (ONE - new[j] * new[j])
        d_update = -d * c * difference * update[j] * stay
        d_reset = d_new * memory[j] * reset[j] * (ONE - reset[j])
        d_from_z[j], d_from_z[hidden + j], d_from_z[2 * hidden + j] = d_reset, d_update, d_new
        d_from_h[j], d_from_h[hidden + j], d_from_h[2 * hidden + j] = d_reset, d_update, d_new * reset[j]
        d_new_sum[j] += d_new
    inputs = slice(0, 3 * hidden)
    through_c += dot(d_from_z[inputs], from_z[inputs]) + _through_update(carry, update, new, h_in)
    router_at = 3 * hidden
    d_logit = gate_row_backward(through_c, c, router_out, router, d_from_z[router_at:], d_from_h[router_at:])
    for j in range(router_at):
        d_from_z[j] *= c
    for j in range(hidden):
        carry[j] -= carry[j] * c * (ONE - update[j])
    return d_logit


@reduction
def _through_update(d: F32, update: F32, new: F32, h_in: F32) -> Any:
    """How the gate moves the loss by what it lets into h: the sum of `d (new - h) (1 - update)`."""
    result = ZERO
    for j in range(d.size):
        result += d[j] * (new[j] - h_in[j]) * (ONE - update[j])
    return result
