"""What surrounds the recurrence in the two passes over a shard of a minibatch: encoder, heads, gradients of the weights.

The order is `encode_inputs`, `cell.unroll`, the heads' product, the losses, `heads_backward`, `cell.unroll_backward`,
`weights_backward`. They are few and large, as a thread needs Python's lock between two of them; and not one, as LLVM needs
far longer for one large function than for its parts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.kernels.compiled import kernel
from gwt_ib.kernels.elementwise import ONE, ZERO
from gwt_ib.kernels.encoder import encode_backward, encode_row
from gwt_ib.kernels.gate import td_drive
from gwt_ib.kernels.layers import encode_layers, encode_layers_backward, head_layers_backward
from gwt_ib.kernels.losses import LossCoefficients, bottleneck_loss
from gwt_ib.kernels.packed_weights import Packed
from gwt_ib.kernels.products import matmul, sum_columns, weight_gradient
from gwt_ib.kernels.records import Gradients, Inputs, States, WeightGradients
from gwt_ib.model.arrays import F32
from gwt_ib.model.experience import Sequences


@kernel
def encode_inputs(
    sequences: Sequences[Any], which: NDArray[np.int64], mean: Any, std: Any, prior: tuple[Any, Any], memory: Any,
    inputs: Inputs, states: States, packed: Packed, layered: Any,
) -> None:  # fmt: skip
    """Gather the sequences `which`, encode their observations and multiply z by all that the cell needs of it.

    `mean` and `std` are those of the whole minibatch's advantages, `prior` the slope and the constant part of the prior's
    logit, `memory` 0.0 where h is to start from zero at every step. `layered` is None for an agent without further layers,
    here and below, else True.
    """
    gather(sequences, which, mean, std, prior, packed.scalars, memory, inputs)
    rows = states.z.shape[0]
    matmul(inputs.observation.reshape(rows, packed.encoder.shape[0]), packed.encoder, states.normal)
    for i in range(rows):
        states.scale[i] = encode_row(packed.encoder_bias, states.normal[i], states.z[i])
    if layered is not None:
        encode_layers(states, packed)
    matmul(states.z, packed.from_z, states.from_z.reshape(rows, packed.bias_z.size))


@kernel
def gather(
    sequences: Sequences[Any], which: NDArray[np.int64], mean: Any, std: Any, prior: tuple[Any, Any], scalars: F32,
    memory: Any, inputs: Inputs,
) -> None:  # fmt: skip
    """Copy the chosen sequences side by side; compute prior, resets and normalised advantages."""
    steps, batch = inputs.logit.shape
    slope, shift = prior[0], prior[1] + scalars[0] + scalars[1]
    for b in range(batch):
        for j in range(inputs.h0.shape[1]):  # not as slices: numba would compile its checks of shapes for seconds
            inputs.h0[b, j] = sequences.h0[which[b], j]
    for t in range(steps):
        for b in range(batch):
            s = which[b]
            is_first = sequences.is_first[t, s]
            drive = td_drive(sequences.td_prev[t, s], is_first, sequences.td_mean[s], sequences.td_std[s])
            inputs.logit[t, b] = slope * drive + shift
            inputs.keep[t, b] = (ONE - is_first) * memory
            for j in range(inputs.observation.shape[2]):
                inputs.observation[t, b, j] = sequences.observation[t, s, j]
            for j in range(inputs.action.shape[2]):
                inputs.action[t, b, j] = sequences.action[t, s, j]
            inputs.log_prob[t, b] = sequences.log_prob[t, s]
            inputs.advantage[t, b] = (sequences.advantage[t, s] - mean) / (std + np.float32(1e-8))
            inputs.returns[t, b] = sequences.returns[t, s]
            inputs.old_value[t, b] = sequences.returns[t, s] - sequences.advantage[t, s]


@kernel
def heads_backward(
    states: States, gradients: Gradients, out: WeightGradients, packed: Packed, loss: LossCoefficients,
    sums: NDArray[np.float64], layered: Any,
) -> None:  # fmt: skip
    """The bottleneck's loss, and the outputs' gradient, which the losses left in `states.outputs`, towards heads and h."""
    (rows, heads), hidden = states.outputs.shape, packed.heads_rows.shape[1]
    bottleneck_loss(states.c, gradients.d_c, loss, sums)
    if layered is not None:
        head_layers_backward(states, gradients, out, packed)
    else:
        matmul(states.outputs, packed.heads_rows, gradients.d_h.reshape(rows, hidden))
        h = states.h.reshape(rows, hidden)
        weight_gradient(states.outputs, 0, h, out.actor)
        weight_gradient(states.outputs, heads - 1, h, out.critic)
    sum_columns(states.outputs, 0, out.actor_bias)
    sum_columns(states.outputs, heads - 1, out.critic_bias)
    gradients.carry.fill(ZERO)
    gradients.carry_m.fill(ZERO)
    gradients.d_new_sum.fill(ZERO)


@kernel
def weights_backward(
    inputs: Inputs, states: States, gradients: Gradients, out: WeightGradients, packed: Packed, layered: Any
) -> None:
    """From what the reverse scan left to the gradients of cell and encoder."""
    (rows, hidden), columns, width = states.z.shape, packed.bias_z.size, packed.router_out.size
    gates = columns - width
    h_in, router = states.h_in.reshape(rows, hidden), states.router.reshape(rows, width)
    d_from_z, d_from_h = gradients.d_from_z.reshape(rows, columns), gradients.d_from_h.reshape(rows, columns)
    weight_gradient(d_from_z, 0, states.z, out.cell_ih)
    weight_gradient(d_from_z, gates, states.z, out.router_z)
    weight_gradient(d_from_h, 0, h_in, out.cell_hh)
    weight_gradient(d_from_h, gates, h_in, out.router_h)
    d_logit = gradients.d_logit.reshape(rows, 1)
    weight_gradient(d_logit, 0, router, out.router_out)
    sum_columns(d_logit, 0, out.router_out_bias)
    out.bias[0] = out.router_out_bias[0]
    sum_columns(d_from_z, gates, out.router_z_bias)
    sum_columns(d_from_h, 0, out.cell_bias_hh)
    for j in range(gates):
        out.cell_bias_ih[j] = out.cell_bias_hh[j]
    new = gradients.d_new_sum
    for j in range(new.size):
        out.cell_bias_ih[gates - new.size + j] = new[j]
    matmul(d_from_z, packed.from_z_rows, gradients.d_z)
    if layered is not None:
        encode_layers_backward(states, gradients, out, packed)
    encode_backward(gradients.d_z, states.normal, states.scale)
    weight_gradient(gradients.d_z, 0, inputs.observation.reshape(rows, inputs.observation.shape[2]), out.encoder)
    sum_columns(gradients.d_z, 0, out.encoder_bias)
