"""The gated LSTM, forward and backward; twin of `model.cell` and `model.unroll`, and of its own kind `kernels.gru`.

Its recurrent state is h beside the memory m. What is said of products in `kernels.gru` holds here; the reverse scan
carries dL/dh and dL/dm.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gwt_ib.kernels.compiled import kernel, reduction
from gwt_ib.kernels.elementwise import ONE, ZERO, dot, sigmoid, tanh
from gwt_ib.kernels.gate import gate_row, gate_row_backward
from gwt_ib.kernels.products import product
from gwt_ib.model.arrays import F32


@kernel
def step_row(
    from_z: F32, from_h: F32, bias_z: F32, bias_h: F32, router_out: F32, logit: np.float32, forced_c: np.float32,
    h_in: F32, m_in: F32, gates: F32, memory: F32, router: F32, h: F32, m: F32,
) -> Any:  # fmt: skip
    """One step of one row: fills `h`, `m` [H] from `h_in`, `m_in` and returns the gate c (docs/model.md, "LSTM").

    `from_z`, `from_h` [G] are the products without biases, `logit` the prior's logit with the bias of the router's last
    layer; where `forced_c` is not negative it is the gate. `gates` [4H] (input, forget, new, output), `memory` [H], the
    tanh of the proposed m, and `router` [R] keep what the backward pass needs.
    """
    hidden = h.size
    router_at = 4 * hidden
    c = gate_row(from_z[router_at:], from_h[router_at:], bias_z[router_at:], router_out, logit, forced_c, router)
    for j in range(2 * hidden):
        gates[j] = sigmoid(c * from_z[j] + bias_z[j] + (from_h[j] + bias_h[j]))
    # From 0 on: where an index might be negative, what numba does about that keeps LLVM from vectors.
    for j in range(hidden):
        new, out = 2 * hidden + j, 3 * hidden + j
        gates[new] = tanh(c * from_z[new] + bias_z[new] + (from_h[new] + bias_h[new]))
        gates[out] = sigmoid(c * from_z[out] + bias_z[out] + (from_h[out] + bias_h[out]))
    # Where c is 0 the row stays what it is, bit by bit. Two loops: LLVM compares the places of few arrays only.
    for j in range(hidden):
        proposed = gates[hidden + j] * m_in[j] + gates[j] * gates[2 * hidden + j]
        memory[j] = tanh(proposed)
        m[j] = m_in[j] + c * (proposed - m_in[j])
    for j in range(hidden):
        h[j] = h_in[j] + c * (gates[3 * hidden + j] * memory[j] - h_in[j])
    return c


@kernel
def unroll(
    from_z: F32, state0: F32, logit: F32, keep: F32, weight_h: F32, bias_z: F32, bias_h: F32, router_out: F32,
    from_h: F32, h_in: F32, m_in: F32, gates: F32, memory: F32, router: F32, c: F32, h: F32, m: F32,
) -> None:  # fmt: skip
    """All steps: `h`, `m` [T, B, H] and `c` [T, B] from `state0` [B, 2H], for `from_z` [T, B, G], `logit`, `keep` [T, B].

    `keep` is 0 where a step starts from zero, else 1. `weight_h` is [H, G], `from_h` [B, G] is scratch; the rest is kept
    for the backward pass: `h_in`, `m_in` [T, B, H] what each step started from, and what `step_row` keeps.
    """
    steps, batch, hidden = h.shape
    columns = from_h.shape[1]
    weights, sums, starts = weight_h.reshape(-1), from_h.reshape(-1), h_in.reshape(-1)
    for t in range(steps):
        for b in range(batch):
            state = state0[b]
            h_before, m_before = (state[:hidden], state[hidden:]) if t == 0 else (h[t - 1, b], m[t - 1, b])
            for j in range(hidden):
                h_in[t, b, j] = h_before[j] * keep[t, b]
            for j in range(hidden):
                m_in[t, b, j] = m_before[j] * keep[t, b]
        at = t * batch * hidden
        product(starts, at, hidden, 1, weights, 0, columns, sums, 0, columns, batch, hidden, columns, False)
        for b in range(batch):
            c[t, b] = step_row(
                from_z[t, b], from_h[b], bias_z, bias_h, router_out, logit[t, b], -ONE, h_in[t, b], m_in[t, b],
                gates[t, b], memory[t, b], router[t, b], h[t, b], m[t, b],
            )  # fmt: skip


@kernel
def unroll_backward(
    d_h: F32, d_c: F32, from_z: F32, keep: F32, rows_h: F32, router_out: F32,
    h_in: F32, m_in: F32, gates: F32, memory: F32, router: F32, c: F32,
    carry: F32, carry_m: F32, d_from_z: F32, d_from_h: F32, d_logit: F32,
) -> None:  # fmt: skip
    """The reverse scan: from `d_h` [T, B, H] and `d_c` [T, B] to the gradients of what each step's products gave.

    Fills `d_from_z`, `d_from_h` [T, B, G] and `d_logit` [T, B]. `carry`, `carry_m` [B, H] start as zeros and end as the
    gradients towards the initial h and m. `rows_h` is [G, H].
    """
    steps, batch, hidden = d_h.shape
    columns = rows_h.shape[0]
    weights, sums, carried = rows_h.reshape(-1), d_from_h.reshape(-1), carry.reshape(-1)
    for t in range(steps - 1, -1, -1):
        for b in range(batch):
            d_logit[t, b] = _step_row_backward(
                d_h[t, b], d_c[t, b], from_z[t, b], router_out, h_in[t, b], m_in[t, b], gates[t, b], memory[t, b],
                router[t, b], c[t, b], carry[b], carry_m[b], d_from_z[t, b], d_from_h[t, b],
            )  # fmt: skip
        at = t * batch * columns
        product(sums, at, columns, 1, weights, 0, hidden, carried, 0, hidden, batch, columns, hidden, True)
        for b in range(batch):
            for j in range(hidden):
                carry[b, j] *= keep[t, b]
            for j in range(hidden):
                carry_m[b, j] *= keep[t, b]


@kernel
def _step_row_backward(
    d_h: F32, d_c: np.float32, from_z: F32, router_out: F32, h_in: F32, m_in: F32, gates: F32, memory: F32, router: F32,
    c: np.float32, carry: F32, carry_m: F32, d_from_z: F32, d_from_h: F32,
) -> Any:  # fmt: skip
    """One row of one step; returns the gradient towards the gate's logit."""
    hidden = d_h.size
    into, forget = gates[:hidden], gates[hidden : 2 * hidden]
    new, out = gates[2 * hidden : 3 * hidden], gates[3 * hidden : 4 * hidden]
    for j in range(hidden):
        carry[j] += d_h[j]
    through_c = d_c + _through_update(carry, carry_m, h_in, m_in, into, forget, new, out, memory)
    for j in range(hidden):
        d_h_proposed = c * carry[j]
        d_proposed = c * carry_m[j] + d_h_proposed * out[j] * (ONE - memory[j] * memory[j])
        d_from_h[j] = d_proposed * new[j] * into[j] * (ONE - into[j])
        d_from_h[hidden + j] = d_proposed * m_in[j] * forget[j] * (ONE - forget[j])
        d_from_h[2 * hidden + j] = d_proposed * into[j] * (ONE - new[j] * new[j])
        d_from_h[3 * hidden + j] = d_h_proposed * memory[j] * out[j] * (ONE - out[j])
        carry[j] -= d_h_proposed
        carry_m[j] += d_proposed * forget[j] - c * carry_m[j]
    router_at = 4 * hidden
    through_c += dot(d_from_h[:router_at], from_z[:router_at])
    for j in range(router_at):
        d_from_z[j] = c * d_from_h[j]
    return gate_row_backward(through_c, c, router_out, router, d_from_z[router_at:], d_from_h[router_at:])


@reduction
def _through_update(
    d_h: F32, d_m: F32, h_in: F32, m_in: F32, into: F32, forget: F32, new: F32, out: F32, memory: F32
) -> Any:
    """How the gate moves the loss by what it lets into h and m: the sum of `d (proposed - before)`."""
    result = ZERO
    for j in range(d_h.size):
        result += d_h[j] * (out[j] * memory[j] - h_in[j])
        result += d_m[j] * (forget[j] * m_in[j] + into[j] * new[j] - m_in[j])
    return result
