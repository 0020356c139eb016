"""The memory of a shard of a minibatch: what goes in, what the two passes leave, and the gradients of the weights.

Axes: T time, B sequences of the shard, N = T * B, O observation, A columns of an action row, H hidden, S state, M = S - H,
W gates of the cell, R router, G = W + R, P outputs of policy and value, E further layers of the encoder, L hidden layers
of each head.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from numpy.typing import NDArray

from gwt_ib.kernels.packed_weights import LAYERS
from gwt_ib.model.arrays import F32, Field, Sizes, zeros


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
    layer_x: Annotated[F32, Field("E N H")]  # what each further layer of the encoder is given; its last gives z
    layer_normal: Annotated[F32, Field("E N H")]
    layer_scale: Annotated[F32, Field("E N")]
    head_layers: Annotated[F32, Field("2 L N H")]  # what the hidden layers of actor and critic give


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
    d_layers: Annotated[F32, Field("F N H")]  # two where there is any further layer, else none


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
    encoder_layers: Annotated[F32, Field("E H H")]
    encoder_layers_bias: Annotated[F32, Field("E H")]
    actor_layers: Annotated[F32, Field("L H H")]
    actor_layers_bias: Annotated[F32, Field("L H")]
    critic_layers: Annotated[F32, Field("L H H")]
    critic_layers_bias: Annotated[F32, Field("L H")]


def weight_gradients(named: Mapping[str, F32], cell: str, sizes: Sizes) -> WeightGradients:
    """The record over gradients by the weights' names; that of a weight which this agent does not have leads nowhere."""
    names = {
        "bias": "bias", "encoder": "encoder.weight", "encoder_bias": "encoder.bias",
        "router_z": "cell.router.from_z.weight", "router_z_bias": "cell.router.from_z.bias",
        "router_h": "cell.router.from_h.weight",
        "router_out": "cell.router.out.weight", "router_out_bias": "cell.router.out.bias",
        "cell_ih": f"cell.{cell}.weight_ih", "cell_hh": f"cell.{cell}.weight_hh",
        "cell_bias_ih": f"cell.{cell}.bias_ih", "cell_bias_hh": f"cell.{cell}.bias_hh",
        "actor": "actor.weight", "actor_bias": "actor.bias", "critic": "critic.weight", "critic_bias": "critic.bias",
        **{part: f"{part}.weight" for part in LAYERS}, **{f"{part}_bias": f"{part}.bias" for part in LAYERS},
    }  # fmt: skip
    nowhere = zeros(WeightGradients, sizes)
    known = {field: named[name] for field, name in names.items() if name in named}
    return nowhere._replace(**{field: array.reshape(-1) if array.ndim < 2 else array for field, array in known.items()})
