"""Further layers of encoder and heads, forward and backward; twin of `model.layers`.

E further layers of the encoder, L hidden layers of each head, all H wide, for N rows; one of them may be 0. An agent with
neither calls nothing of this: numba leaves out what a None decides, so that it compiles none of this either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gwt_ib.kernels.compiled import kernel
from gwt_ib.kernels.elementwise import ZERO, dot
from gwt_ib.kernels.encoder import encode_backward, encode_row
from gwt_ib.kernels.products import matmul, product, sum_columns, weight_gradient
from gwt_ib.model.arrays import F32

if TYPE_CHECKING:
    from gwt_ib.kernels.packed_weights import Packed
    from gwt_ib.kernels.records import Gradients, States, WeightGradients


@kernel
def encode_layers(states: States, packed: Packed) -> None:
    """`z` of what the encoder's first layer left there, in place; keeps what each layer was given."""
    count, rows, hidden = states.layer_x.shape
    for k in range(count):
        for i in range(rows):
            for j in range(hidden):
                states.layer_x[k, i, j] = states.z[i, j]
        matmul(states.layer_x[k], packed.encoder_layers[k], states.layer_normal[k])
        for i in range(rows):
            states.layer_scale[k, i] = encode_row(packed.encoder_layers_bias[k], states.layer_normal[k, i], states.z[i])


@kernel
def encode_layers_backward(states: States, gradients: Gradients, out: WeightGradients, packed: Packed) -> None:
    """Turn `d_z`, the gradient towards `z`, into that towards what the first layer gave, in place."""
    (rows, hidden), d_z = states.z.shape, gradients.d_z
    for k in range(states.layer_scale.shape[0] - 1, -1, -1):
        encode_backward(d_z, states.layer_normal[k], states.layer_scale[k])
        weight_gradient(d_z, 0, states.layer_x[k], out.encoder_layers[k])
        sum_columns(d_z, 0, out.encoder_layers_bias[k])
        before = gradients.d_layers[0]
        matmul(d_z, packed.encoder_layers_rows[k], before)
        for i in range(rows):
            for j in range(hidden):
                d_z[i, j] = before[i, j]


@kernel
def encode_layers_in_place(weights: F32, bias: F32, normal: F32, z: F32) -> None:
    """The same layers while acting, where nothing is kept: `z` [N, H] in place; `normal` [N, H] is scratch."""
    for k in range(bias.shape[0]):
        matmul(z, weights[k], normal)
        for i in range(z.shape[0]):
            encode_row(bias[k], normal[i], z[i])


@kernel
def hidden_layers(h: F32, weights: F32, bias: F32, kept: F32) -> None:
    """The hidden layers of one head: `kept` [L, N, H] of the first H numbers of each row of `h` [N, S]."""
    count, rows, hidden = kept.shape
    for k in range(count):
        matmul(kept[k - 1] if k else h, weights[k], kept[k])
        for i in range(rows):
            for j in range(hidden):
                value = kept[k, i, j] + bias[k, j]
                # Written so that not-a-number stays what it is.
                kept[k, i, j] = ZERO if value < ZERO else value


@kernel
def heads_forward(h: F32, weights: F32, bias: F32, kept: F32, heads: F32, outputs: F32) -> None:
    """`outputs` [N, P] without their biases, of the first H numbers of each row of `h` [N, S]; `heads` is [H, P].

    `kept` [2, L, N, H] gets what the layers with `weights` [2, L, H, H] and `bias` [2, L, H] give.
    """
    (rows, columns), (_, count, _, hidden) = outputs.shape, kept.shape
    if not count:
        matmul(h, heads, outputs)
        return
    for head in range(2):
        hidden_layers(h, weights[head], bias[head], kept[head])
        first, width = (columns - 1, 1) if head else (0, columns - 1)
        product(
            kept[head, count - 1].reshape(-1), 0, hidden, 1, heads.reshape(-1), first, columns,
            outputs.reshape(-1), first, columns, rows, hidden, width, False,
        )  # fmt: skip


@kernel
def critic_values(h: F32, weights: F32, bias: F32, kept: F32, last: F32, last_bias: Any, values: F32) -> None:
    """The critic's `values` [N] of `h` [N, H] through its hidden layers; `last` [H] is its last one."""
    count = kept.shape[0]
    hidden_layers(h, weights, bias, kept)
    for i in range(values.size):
        values[i] = dot(kept[count - 1, i] if count else h[i], last) + last_bias


@kernel
def head_layers_backward(states: States, gradients: Gradients, out: WeightGradients, packed: Packed) -> None:
    """From the outputs' gradient, which lies in `states.outputs`, to `d_h` and to the weights of the heads."""
    (rows, columns), (_, count, _, hidden) = states.outputs.shape, states.head_layers.shape
    h, d_h = states.h.reshape(rows, hidden), gradients.d_h.reshape(rows, hidden)
    for head in range(2):
        first, width = (columns - 1, 1) if head else (0, columns - 1)
        d, other = gradients.d_layers[0], gradients.d_layers[1]
        weights, bias = out.actor_layers, out.actor_layers_bias
        if head:
            weights, bias = out.critic_layers, out.critic_layers_bias
        last = states.head_layers[head, count - 1] if count else h
        weight_gradient(states.outputs, first, last, out.critic if head else out.actor)
        before = d if count else d_h
        product(
            states.outputs.reshape(-1), first, columns, 1, packed.heads_rows.reshape(-1), first * hidden, hidden,
            before.reshape(-1), 0, hidden, rows, width, hidden, head == 1 and count == 0,
        )  # fmt: skip
        for k in range(count - 1, -1, -1):
            after = states.head_layers[head, k]
            for i in range(rows):
                for j in range(hidden):
                    d[i, j] = d[i, j] if after[i, j] > ZERO else ZERO
            weight_gradient(d, 0, states.head_layers[head, k - 1] if k else h, weights[k])
            sum_columns(d, 0, bias[k])
            before = other if k else d_h
            product(
                d.reshape(-1), 0, hidden, 1, packed.head_layers_rows[head, k].reshape(-1), 0, hidden,
                before.reshape(-1), 0, hidden, rows, hidden, hidden, head == 1 and k == 0,
            )  # fmt: skip
            d, other = other, d
