"""Further layers against torch's own modules, and what an agent has of them."""

import math

import pytest
import torch
from gymnasium import spaces
from support import small_config
from torch import nn

from gwt_ib.envs.action_codec import ActionCodec
from gwt_ib.model.agent import Agent
from gwt_ib.model.layers import Layers

H = 7


@pytest.mark.parametrize("normalise", [True, False])
def test_they_are_linear_layers_one_after_the_other(normalise: bool) -> None:
    torch.manual_seed(1)
    layers, modules = Layers(3, H, normalise=normalise), []
    for i in range(3):
        linear = nn.Linear(H, H)
        layers.weight.data[i], layers.bias.data[i] = linear.weight.data, linear.bias.data
        modules += [linear, *([nn.LayerNorm(H, elementwise_affine=False)] if normalise else []), nn.ReLU()]
    x = torch.randn(4, 2, H)
    torch.testing.assert_close(layers(x), nn.Sequential(*modules)(x))


def test_none_has_no_weights_and_changes_nothing() -> None:
    layers, x = Layers(0, H), torch.randn(2, H)
    assert layers(x) is x and not list(layers.parameters())


@pytest.mark.parametrize("space", [spaces.Discrete(4), spaces.Box(-1, 1, (2,))], ids=["choices", "numbers"])
def test_an_agent_starts_with_orthogonal_layers_beside_the_weights_that_it_has_without_them(
    space: spaces.Space,
) -> None:
    plain, deep = (
        Agent(5, ActionCodec(space), small_config(**more)) for more in ({}, {"encoder_layers": 3, "head_layers": 2})
    )
    weights = dict(deep.named_parameters())
    for name, weight in plain.named_parameters():
        assert torch.equal(weight, weights.pop(name)), name
    gains = {"encoder_layers": 1.0, "actor_layers": math.sqrt(2), "critic_layers": math.sqrt(2)}
    assert set(weights) == {f"{part}.{name}" for part in gains for name in ("weight", "bias")}
    for part, gain in gains.items():
        assert not weights[f"{part}.bias"].any()
        for layer in weights[f"{part}.weight"]:
            torch.testing.assert_close(layer @ layer.T, gain**2 * torch.eye(len(layer)), atol=1e-5, rtol=0)
    assert not torch.equal(weights["actor_layers.weight"], weights["critic_layers.weight"])
