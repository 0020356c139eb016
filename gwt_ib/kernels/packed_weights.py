"""The agent's weights in the forms in which the products of the kernels want them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gwt_ib.envs.actions import ActionCodec
from gwt_ib.kernels.compiled import F32, kernel
from gwt_ib.model.parameter_layout import policy_outputs, router_width


class Packed(NamedTuple):
    """Weights side by side: G = 3H + R columns for reset, update, new and the router, P + 1 for policy and value."""

    encoder: F32  # [O, H], transposed like all of the first four
    from_z: F32  # [H, G]
    from_h: F32  # [H, G]
    heads: F32  # [H, P + 1]
    from_z_rows: F32  # [G, H], as they are stored: the backward pass multiplies by these
    from_h_rows: F32  # [G, H]
    heads_rows: F32  # [P + 1, H]
    encoder_bias: F32  # [H]
    bias_z: F32  # [G]
    bias_h: F32  # [G]; nothing for the router
    router_out: F32  # [R]
    heads_bias: F32  # [P + 1]
    log_std: F32  # [D], nothing for discrete actions
    scalars: F32  # [2]: the prior's bias, the bias of the router's last layer


def allocate(observation_size: int, actions: ActionCodec, hidden: int) -> Packed:
    """Memory for the weights of one agent."""
    gates, heads = 3 * hidden + router_width(hidden), policy_outputs(actions) + 1
    shapes = {
        "encoder": (observation_size, hidden),
        "from_z": (hidden, gates),
        "from_h": (hidden, gates),
        "heads": (hidden, heads),
        "from_z_rows": (gates, hidden),
        "from_h_rows": (gates, hidden),
        "heads_rows": (heads, hidden),
        "encoder_bias": (hidden,),
        "bias_z": (gates,),
        "bias_h": (gates,),
        "router_out": (gates - 3 * hidden,),
        "heads_bias": (heads,),
        "log_std": (0 if actions.kind == "discrete" else actions.width,),
        "scalars": (2,),
    }
    return Packed(**{name: np.zeros(shape, np.float32) for name, shape in shapes.items()})


def pack(weights: dict[str, F32], packed: Packed) -> None:
    """Fill `packed` from the weights by name (`layout.views`)."""
    hidden = packed.encoder_bias.size
    _transpose(weights["encoder.weight"], packed.encoder)
    for rows, columns, gru, router in (
        (packed.from_z_rows, packed.from_z, "cell.gru.weight_ih", "cell.router.from_z.weight"),
        (packed.from_h_rows, packed.from_h, "cell.gru.weight_hh", "cell.router.from_h.weight"),
        (packed.heads_rows, packed.heads, "actor.weight", "critic.weight"),
    ):
        first = weights[gru].shape[0]
        rows[:first], rows[first:] = weights[gru], weights[router]
        _transpose(rows, columns)
    packed.encoder_bias[:] = weights["encoder.bias"]
    packed.bias_z[: 3 * hidden] = weights["cell.gru.bias_ih"]
    packed.bias_z[3 * hidden :] = weights["cell.router.from_z.bias"]
    packed.bias_h[: 3 * hidden] = weights["cell.gru.bias_hh"]
    packed.router_out[:] = weights["cell.router.out.weight"][0]
    packed.heads_bias[:-1], packed.heads_bias[-1] = weights["actor.bias"], weights["critic.bias"][0]
    if packed.log_std.size:
        packed.log_std[:] = weights["head.log_std"]
    packed.scalars[0], packed.scalars[1] = weights["bias"], weights["cell.router.out.bias"][0]


@kernel
def _transpose(source: F32, target: F32) -> None:
    """`target = source.T` in blocks that fit into the nearest cache."""
    rows, columns = source.shape
    for i0 in range(0, rows, 16):
        for j0 in range(0, columns, 16):
            for j in range(j0, min(j0 + 16, columns)):
                for i in range(i0, min(i0 + 16, rows)):
                    target[j, i] = source[i, j]
