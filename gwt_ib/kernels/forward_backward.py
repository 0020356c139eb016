"""What surrounds the recurrence in the two passes over a shard of a minibatch: encoder, heads, gradients of the weights.

Axes: T time, B sequences of the shard, N = T * B, O observation, A columns of an action row, H hidden, S state, M = S - H,
W gates of the cell, R router, G = W + R, P outputs of policy and value.

The order is `encode_inputs`, `cell.unroll`, the heads' product, the losses, `heads_backward`, `cell.unroll_backward`,
`weights_backward`. They are few and large, as a thread needs Python's lock between two of them; and not one, as LLVM needs
far longer for one large function than for its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gwt_ib.kernels.compiled import kernel
from gwt_ib.kernels.elementwise import ONE, ZERO
from gwt_ib.kernels.encoder import encode_backward, encode_row
from gwt_ib.kernels.gate import td_drive
from gwt_ib.kernels.losses import LossCoefficients, bottleneck_loss
from gwt_ib.kernels.packed_weights import Packed
from gwt_ib.kernels.products import matmul, product
from gwt_ib.model.arrays import F32, Field, Sizes, zeros
from gwt_ib.model.experience import Sequences


class Inputs(NamedTuple):
    """The sequences of one shard of a minibatch, gathered."""

    observation: Annotated[F32, Field("T B O")]
    h0: Annotated[F32, Field("B S")]
    logit: Annotated[F32, Field("T B")]  # of the prior, with the bias of the router's last layer
    keep: Annotated[F32, Field("T B")]  # 0.0 where h starts from zero, else 1.0
    action: Annotated[NDArray[Any], Field("T B A", None)]
    log_prob: Annotated[F32, Field("T B")]
    advantage: Annotated[F32, Field("T B")]  # normalised over the whole minibatch
    returns: Annotated[F32, Field("T B")]
    old_value: Annotated[F32, Field("T B")]  # of the behaviour policy


class States(NamedTuple):
    """What the forward pass leaves for the backward pass."""

    normal: Annotated[F32, Field("N H")]
    scale: Annotated[F32, Field("N")]
    z: Annotated[F32, Field("N H")]
    from_z: Annotated[F32, Field("T B G")]
    from_h: Annotated[F32, Field("B G")]  # of one step
    h_in: Annotated[F32, Field("T B H")]
    m_in: Annotated[F32, Field("T B M")]
    gates: Annotated[F32, Field("T B W")]
    memory: Annotated[F32, Field("T B H")]
    router: Annotated[F32, Field("T B R")]
    c: Annotated[F32, Field("T B")]
    h: Annotated[F32, Field("T B H")]
    m: Annotated[F32, Field("T B M")]
    outputs: Annotated[F32, Field("N P")]


class Gradients(NamedTuple):
    """What the backward pass computes on its way to the gradients of the weights."""

    d_h: Annotated[F32, Field("T B H")]
    d_c: Annotated[F32, Field("T B")]
    carry: Annotated[F32, Field("B H")]
    carry_m: Annotated[F32, Field("B M")]
    d_from_z: Annotated[F32, Field("T B G")]
    d_from_h: Annotated[F32, Field("T B G")]
    d_new_sum: Annotated[F32, Field("K")]
    d_logit: Annotated[F32, Field("T B")]
    d_z: Annotated[F32, Field("N H")]


class WeightGradients(NamedTuple):
    """The gradient of every weight but the scale of Gaussian actions, in the shapes of `model.weights`."""

    bias: Annotated[F32, Field("1")]
    encoder: Annotated[F32, Field("H O")]
    encoder_bias: Annotated[F32, Field("H")]
    router_z: Annotated[F32, Field("R H")]
    router_z_bias: Annotated[F32, Field("R")]
    router_h: Annotated[F32, Field("R H")]
    router_out: Annotated[F32, Field("1 R")]
    router_out_bias: Annotated[F32, Field("1")]
    cell_ih: Annotated[F32, Field("W H")]
    cell_hh: Annotated[F32, Field("W H")]
    cell_bias_ih: Annotated[F32, Field("W")]
    cell_bias_hh: Annotated[F32, Field("W")]
    actor: Annotated[F32, Field("P-1 H")]
    actor_bias: Annotated[F32, Field("P-1")]
    critic: Annotated[F32, Field("1 H")]
    critic_bias: Annotated[F32, Field("1")]


def weight_gradients(named: Mapping[str, F32], cell: str, sizes: Sizes) -> WeightGradients:
    """The record over gradients by the weights' names; that of a weight which this gate does not have leads nowhere."""
    names = {
        "bias": "bias", "encoder": "encoder.weight", "encoder_bias": "encoder.bias",
        "router_z": "cell.router.from_z.weight", "router_z_bias": "cell.router.from_z.bias",
        "router_h": "cell.router.from_h.weight",
        "router_out": "cell.router.out.weight", "router_out_bias": "cell.router.out.bias",
        "cell_ih": f"cell.{cell}.weight_ih", "cell_hh": f"cell.{cell}.weight_hh",
        "cell_bias_ih": f"cell.{cell}.bias_ih", "cell_bias_hh": f"cell.{cell}.bias_hh",
        "actor": "actor.weight", "actor_bias": "actor.bias", "critic": "critic.weight", "critic_bias": "critic.bias",
    }  # fmt: skip
    nowhere = zeros(WeightGradients, sizes)
    known = {field: named[name] for field, name in names.items() if name in named}
    return nowhere._replace(**{field: array.reshape(-1) if array.ndim < 2 else array for field, array in known.items()})


@kernel
def encode_inputs(
    sequences: Sequences[Any], which: NDArray[np.int64], mean: Any, std: Any, prior: tuple[Any, Any], memory: Any,
    inputs: Inputs, states: States, packed: Packed,
) -> None:  # fmt: skip
    """Gather the sequences `which`, encode their observations and multiply z by all that the cell needs of it.

    `mean` and `std` are those of the whole minibatch's advantages, `prior` the slope and the constant part of the prior's
    logit, `memory` 0.0 where h is to start from zero at every step.
    """
    gather(sequences, which, mean, std, prior, packed.scalars, memory, inputs)
    rows = states.z.shape[0]
    matmul(inputs.observation.reshape(rows, packed.encoder.shape[0]), packed.encoder, states.normal)
    for i in range(rows):
        states.scale[i] = encode_row(packed.encoder_bias, states.normal[i], states.z[i])
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
    sums: NDArray[np.float64],
) -> None:  # fmt: skip
    """The bottleneck's loss, and the outputs' gradient, which the losses left in `states.outputs`, towards heads and h."""
    (rows, heads), hidden = states.outputs.shape, packed.heads_rows.shape[1]
    bottleneck_loss(states.c, gradients.d_c, loss, sums)
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
    inputs: Inputs, states: States, gradients: Gradients, out: WeightGradients, packed: Packed
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
    encode_backward(gradients.d_z, states.normal, states.scale)
    weight_gradient(gradients.d_z, 0, inputs.observation.reshape(rows, inputs.observation.shape[2]), out.encoder)
    sum_columns(gradients.d_z, 0, out.encoder_bias)


@kernel
def weight_gradient(d: F32, first: int, x: F32, out: F32) -> None:
    """`out` [m, K] `= d[:, first : first + m].T @ x` for `d` [N, ...] and `x` [N, K]."""
    (n, columns), k = d.shape, x.shape[1]
    product(d.reshape(-1), first, 1, columns, x.reshape(-1), 0, k, out.reshape(-1), 0, k, out.shape[0], n, k, False)


@kernel
def sum_columns(rows: F32, first: int, out: F32) -> None:
    """`out` = the sums of the columns of `rows` [N, ...] from column `first` on, as many as `out` has."""
    out.fill(ZERO)
    whole = rows.shape[0] - rows.shape[0] % 4
    for i in range(0, whole, 4):  # four rows at once: a quarter of the loads and stores of `out`
        for j in range(out.size):
            k = first + j
            out[j] += (rows[i, k] + rows[i + 1, k]) + (rows[i + 2, k] + rows[i + 3, k])
    for i in range(whole, rows.shape[0]):
        for j in range(out.size):
            out[j] += rows[i, first + j]
