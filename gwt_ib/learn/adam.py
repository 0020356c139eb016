"""Adam on one flat vector (Kingma and Ba 2015, algorithm 1), its state laid out as torch's, without torch's class.

Making that class imports torch's compiler: 0.8 s before the first update and 70 MiB in the learner, for seven operations.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

BETAS = (0.9, 0.999)


class Adam:
    """Optimises one vector; `state` has the names that torch gives it, and is empty before the first step."""

    def __init__(self, vector: Tensor, lr: float, eps: float, *, kernels: bool = False) -> None:
        """Optimise `vector` [N] by its `grad`; with `kernels`, on the CPU, in one pass."""
        self.lr = lr
        self.state: dict[str, Tensor] = {}
        self._vector = vector
        self._eps = eps
        self._kernels = kernels

    def gradient_norm(self) -> float:
        """Euclidean norm of the gradient."""
        if self._kernels:
            from gwt_ib.kernels.elementwise import dot  # loaded only where it is used

            gradient = self._gradient.numpy()
            return math.sqrt(dot(gradient, gradient))
        return float(self._gradient.norm())

    @torch.no_grad()
    def step(self, scale: float = 1.0) -> None:
        """One step along the gradient times `scale`, with the learning rate `lr`."""
        vector, state, gradient = self._vector, self.state, self._gradient
        if not state:
            state["step"] = torch.zeros(())  # on the CPU: a number that is read must not wait for a GPU
            state["exp_avg"] = torch.zeros_like(vector, requires_grad=False)
            state["exp_avg_sq"] = torch.zeros_like(vector, requires_grad=False)
        average, square, (beta1, beta2) = state["exp_avg"], state["exp_avg_sq"], BETAS
        state["step"] += 1
        step = state["step"].item()
        rate, root = self.lr / (1 - beta1**step), (1 - beta2**step) ** 0.5
        if self._kernels:
            from gwt_ib.kernels.elementwise import adam_step

            numbers = map(np.float32, (scale, 1 - beta1, beta2, 1 - beta2, rate, root, self._eps))
            adam_step(vector.detach().numpy(), gradient.numpy(), average.numpy(), square.numpy(), *numbers)
            return
        gradient.mul_(scale)
        average.lerp_(gradient, 1 - beta1)
        square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        vector.addcdiv_(average, square.sqrt().div_(root).add_(self._eps), value=-rate)

    @property
    def _gradient(self) -> Tensor:
        assert self._vector.grad is not None
        return self._vector.grad
