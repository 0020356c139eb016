"""The agent's weights in the forms in which the products of the kernels want them."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.kernels.compiled import kernel
from gwt_ib.model.arrays import F32, Field
from gwt_ib.model.gate_kinds import has_bias, has_router
from gwt_ib.model.weights import cell_gates, policy_outputs, router_width, state_size

LAYERS = ("encoder_layers", "actor_layers", "critic_layers")
"""The names of the further layers' weights, `….weight` and `….bias`."""


class Packed(NamedTuple):
    """Weights side by side: G = W + R columns for the cell's own gates and the router, P for policy and value."""

    encoder: Annotated[F32, Field("O H")]  # transposed like all of the first four
    from_z: Annotated[F32, Field("H G")]
    from_h: Annotated[F32, Field("H G")]
    heads: Annotated[F32, Field("H P")]
    from_z_rows: Annotated[F32, Field("G H")]  # as they are stored: the backward pass multiplies by these
    from_h_rows: Annotated[F32, Field("G H")]
    heads_rows: Annotated[F32, Field("P H")]
    encoder_bias: Annotated[F32, Field("H")]
    bias_z: Annotated[F32, Field("G")]
    bias_h: Annotated[F32, Field("G")]  # nothing for the router
    router_out: Annotated[F32, Field("R")]
    heads_bias: Annotated[F32, Field("P")]
    log_std: Annotated[F32, Field("D")]  # nothing for discrete actions
    encoder_layers: Annotated[F32, Field("E H H")]  # further layers: transposed, as they are stored, and their biases
    encoder_layers_rows: Annotated[F32, Field("E H H")]
    encoder_layers_bias: Annotated[F32, Field("E H")]
    head_layers: Annotated[F32, Field("2 L H H")]  # the actor's, the critic's
    head_layers_rows: Annotated[F32, Field("2 L H H")]
    head_layers_bias: Annotated[F32, Field("2 L H")]
    scalars: Annotated[F32, Field("2")]  # the prior's bias, the bias of the router's last layer; 0 where there is none


def model_sizes(observation_size: int, actions: ActionLayout, config: Config) -> dict[str, int]:
    """The lengths of the axes of the kernels' records that do not depend on how many rows there are."""
    hidden, state, gates, router = config.hidden_size, state_size(config), cell_gates(config), router_width(config)
    further, layers = config.encoder_layers - 1, config.head_layers
    return {
        "O": observation_size,
        "A": actions.width,
        "D": 0 if actions.kind == "discrete" else actions.width,
        "H": hidden,
        "S": state,
        "M": state - hidden,  # an LSTM's m
        "W": gates,
        "K": hidden if config.cell == "gru" else 0,  # the part of W whose input h reaches through the reset gate alone
        "R": router,
        "G": gates + router,
        "P": policy_outputs(actions) + 1,
        "P-1": policy_outputs(actions),
        "E": further,
        "L": layers,
        "F": 2 if further or layers else 0,
    }


def layered(config: Config) -> Literal[True] | None:
    """For kernels: True for an agent with further layers, else None, by which numba leaves their branches out."""
    return True if config.encoder_layers > 1 or config.head_layers else None


def layers_word(config: Config) -> str:
    """What the group of kernels of such an agent is called beside its cell."""
    return ", layers" if layered(config) else ""


def pack(weights: dict[str, F32], packed: Packed, config: Config) -> None:
    """Fill `packed` from the weights by name (`layout.views`)."""
    cell, gates = f"cell.{config.cell}", cell_gates(config)
    _transpose(weights["encoder.weight"], packed.encoder)
    for rows, columns, above, below in (
        (packed.from_z_rows, packed.from_z, f"{cell}.weight_ih", "cell.router.from_z.weight"),
        (packed.from_h_rows, packed.from_h, f"{cell}.weight_hh", "cell.router.from_h.weight"),
        (packed.heads_rows, packed.heads, "actor.weight", "critic.weight"),
    ):
        first = weights[above].shape[0]
        rows[:first] = weights[above]
        if below in weights:
            rows[first:] = weights[below]
        _transpose(rows, columns)
    pack_layers(weights, packed)
    packed.encoder_bias[:] = weights["encoder.bias"]
    packed.bias_z[:gates], packed.bias_h[:gates] = weights[f"{cell}.bias_ih"], weights[f"{cell}.bias_hh"]
    if has_router(config):
        packed.bias_z[gates:] = weights["cell.router.from_z.bias"]
        packed.router_out[:] = weights["cell.router.out.weight"][0]
        packed.scalars[1] = weights["cell.router.out.bias"][0]
    packed.heads_bias[:-1], packed.heads_bias[-1] = weights["actor.bias"], weights["critic.bias"][0]
    if packed.log_std.size:
        packed.log_std[:] = weights["head.log_std"]
    if has_bias(config):
        packed.scalars[0] = weights["bias"]


def pack_layers(weights: dict[str, F32], packed: Packed) -> None:
    """The further layers; where there are none, there are no such names."""
    heads = zip(packed.head_layers, packed.head_layers_rows, packed.head_layers_bias, strict=True)
    encoder = (packed.encoder_layers, packed.encoder_layers_rows, packed.encoder_layers_bias)
    for name, (columns, rows, bias) in zip(LAYERS, (encoder, *heads), strict=True):
        if len(rows):
            rows[:], bias[:] = weights[f"{name}.weight"], weights[f"{name}.bias"]
        for stored, transposed in zip(rows, columns, strict=True):
            _transpose(stored, transposed)


@kernel
def _transpose(source: F32, target: F32) -> None:
    """`target = source.T` in blocks that fit into the nearest cache."""
    rows, columns = source.shape
    for i0 in range(0, rows, 16):
        for j0 in range(0, columns, 16):
            for j in range(j0, min(j0 + 16, columns)):
                for i in range(i0, min(i0 + 16, rows)):
                    target[j, i] = source[i, j]
