"""What travels from the learner to the actors, and where each weight lies in it; known without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.model.arrays import F32
from gwt_ib.model.gate_kinds import has_bias, has_router

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class Weights:
    """One version of everything that an actor needs: the flat weights [N] and the TD statistics that go with them."""

    version: int
    vector: F32
    td_mean: float
    td_std: float


def parameter_shapes(observation_size: int, actions: ActionLayout, config: Config) -> Shapes:
    """Names and shapes of the agent's weights, in the order of `Agent.named_parameters()`."""
    hidden, width, gates = config.hidden_size, router_width(config), cell_gates(config)
    discrete = actions.kind == "discrete"
    outputs = policy_outputs(actions)
    router: Shapes = {
        "cell.router.from_z.weight": (width, hidden),
        "cell.router.from_z.bias": (width,),
        "cell.router.from_h.weight": (width, hidden),
        "cell.router.out.weight": (1, width),
        "cell.router.out.bias": (1,),
    }
    further, layers = config.encoder_layers - 1, config.head_layers
    return {
        **({"bias": ()} if has_bias(config) else {}),
        "encoder.weight": (hidden, observation_size),
        "encoder.bias": (hidden,),
        **_layer_shapes("encoder_layers", further, hidden),
        **(router if has_router(config) else {}),
        f"cell.{config.cell}.weight_ih": (gates, hidden),
        f"cell.{config.cell}.weight_hh": (gates, hidden),
        f"cell.{config.cell}.bias_ih": (gates,),
        f"cell.{config.cell}.bias_hh": (gates,),
        **({} if discrete else {"head.log_std": (actions.width,)}),
        **_layer_shapes("actor_layers", layers, hidden),
        **_layer_shapes("critic_layers", layers, hidden),
        "actor.weight": (outputs, hidden),
        "actor.bias": (outputs,),
        "critic.weight": (1, hidden),
        "critic.bias": (1,),
    }


def _layer_shapes(name: str, count: int, hidden: int) -> Shapes:
    return {f"{name}.weight": (count, hidden, hidden), f"{name}.bias": (count, hidden)} if count else {}


def state_size(config: Config) -> int:
    """Width S of the recurrent state that is carried from step to step: h, and behind it an LSTM's m."""
    return config.hidden_size * (2 if config.cell == "lstm" else 1)


def cell_gates(config: Config) -> int:
    """Columns W of the cell's own gates side by side: reset, update, new; or input, forget, new, output."""
    return config.hidden_size * (4 if config.cell == "lstm" else 3)


def router_width(config: Config) -> int:
    """Units R of the router's hidden layer; 0 where the gate has no router."""
    return max(1, config.hidden_size // 2) if has_router(config) else 0


def policy_outputs(actions: ActionLayout) -> int:
    """Numbers that the policy gives for one decision: the logits of all components, or the means of all dimensions."""
    return sum(actions.sizes) if actions.kind == "discrete" else actions.width


def size(shapes: Shapes) -> int:
    """Length N of the flat vector."""
    return sum(prod(shape) for shape in shapes.values())


def views(vector: F32, shapes: Shapes) -> dict[str, F32]:
    """The weights by name, as views into a flat vector [N]. Raises `ValueError` for a vector of another length."""
    if vector.shape != (size(shapes),):
        raise ValueError(f"{vector.shape} weights where the layout has {size(shapes)}")
    found: dict[str, F32] = {}
    at = 0
    for name, shape in shapes.items():
        found[name] = vector[at : at + prod(shape)].reshape(shape)
        at += prod(shape)
    return found


def joined(arrays: Mapping[str, NDArray[Any]], shapes: Shapes) -> F32:
    """The flat vector [N] of named arrays. Raises `ValueError` for a missing name or another shape."""
    for name, shape in shapes.items():
        if name not in arrays or arrays[name].shape != shape:
            found = arrays[name].shape if name in arrays else "nothing"
            raise ValueError(f"{name} has shape {shape}, the snapshot holds {found}")
    return np.concatenate([arrays[name].reshape(-1) for name in shapes])
