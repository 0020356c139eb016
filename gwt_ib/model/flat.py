"""All weights of a module in one flat vector, all gradients in another: publishing and optimising are single operations."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gwt_ib.model.weights import joined


class FlatParameters:
    """Owns `vector` [N] and `vector.grad` [N], into which every parameter of the module and its gradient are views."""

    def __init__(self, module: nn.Module, device: str = "cpu") -> None:
        named = list(module.named_parameters())
        self.vector = nn.Parameter(torch.cat([p.detach().reshape(-1) for _, p in named]).to(device))
        self.vector.grad = torch.zeros_like(self.vector)
        self._shapes = {name: tuple(p.shape) for name, p in named}
        for (_, parameter), weights, grad in zip(
            named, self.split(self.vector.detach()).values(), self.split(self.grad).values(), strict=True
        ):
            parameter.data = weights
            # Backward adds into an existing .grad in place, so the view stays a view.
            parameter.grad = grad

    @property
    def grad(self) -> Tensor:
        """The flat gradient [N]."""
        assert self.vector.grad is not None
        return self.vector.grad

    def split(self, flat: Tensor) -> dict[str, Tensor]:
        """Views into a flat tensor [N] by the parameters' names and shapes."""
        sizes = [int(np.prod(shape, dtype=np.int64)) for shape in self._shapes.values()]
        parts = torch.split(flat, sizes)
        return {name: part.view(shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)}

    def read(self) -> NDArray[np.float32]:
        """The weights as a NumPy array [N]; a view where they are on the CPU."""
        array: NDArray[np.float32] = self.vector.detach().cpu().numpy()
        return array

    @torch.no_grad()
    def write(self, weights: NDArray[np.float32]) -> None:
        """Replace the weights by an array [N]."""
        self.vector.copy_(torch.from_numpy(weights))

    def named_arrays(self, flat: Tensor) -> dict[str, NDArray[Any]]:
        """Copies of a flat tensor's parts by name, for a snapshot."""
        return {name: part.numpy().copy() for name, part in self.split(flat.detach().cpu()).items()}

    @torch.no_grad()
    def restore(self, flat: Tensor, arrays: dict[str, NDArray[Any]]) -> None:
        """Fill a flat tensor [N] from named arrays. Raises `ValueError` for a missing name or another shape."""
        flat.copy_(torch.from_numpy(joined(arrays, self._shapes)))
