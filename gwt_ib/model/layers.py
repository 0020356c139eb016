"""Further layers of encoder and heads, all of one width (docs/model.md, "Encoder" and "Policy and value")."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, linear


class Layers(nn.Module):
    """`count` times Linear and ReLU, with `normalise` a layer norm without weights between them.

    The weights of all layers lie side by side, `weight` [count, H, H] and `bias` [count, H], as the kernels read them;
    where there are no layers there are no such parameters, and what goes in comes out.
    """

    def __init__(self, count: int, width: int, *, normalise: bool = False) -> None:
        super().__init__()
        self.count = count
        self._width = width
        self._normalise = normalise
        if count:
            self.weight = nn.Parameter(torch.zeros(count, width, width))
            self.bias = nn.Parameter(torch.zeros(count, width))

    def forward(self, x: Tensor) -> Tensor:
        """[..., H] to [..., H]."""
        if not self.count:
            return x
        for weight, bias in zip(self.weight.unbind(), self.bias.unbind(), strict=True):
            x = linear(x, weight, bias)
            x = torch.relu(layer_norm(x, (self._width,)) if self._normalise else x)
        return x

    @torch.no_grad()
    def initialise(self, gain: float, generator: torch.Generator) -> None:
        """Orthogonal weights; biases stay 0."""
        for i in range(self.count):
            nn.init.orthogonal_(self.weight[i], gain, generator=generator)
