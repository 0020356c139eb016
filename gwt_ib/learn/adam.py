"""Adam on one flat vector: the operation behind `torch.optim.Adam(fused=True)`, and its state, without the class.

Making that class imports torch's compiler: 0.8 s before the first update and 70 MiB in the learner, for one call a step.
"""

from __future__ import annotations

import torch
from torch import Tensor

BETAS = (0.9, 0.999)


class Adam:
    """`param_groups` and `state` are laid out as torch's: snapshots and tests know them so."""

    def __init__(self, vector: Tensor, lr: float, eps: float) -> None:
        """Optimise `vector` [N] by its `grad`."""
        self.param_groups = [{"lr": lr}]
        self.state: dict[Tensor, dict[str, Tensor]] = {vector: {}}
        self._vector = vector
        self._eps = eps

    @torch.no_grad()
    def step(self) -> None:
        """One step, with the learning rate of `param_groups`."""
        vector, state = self._vector, self.state[self._vector]
        if not state:
            state["step"] = torch.zeros((), device=vector.device)
            state["exp_avg"] = torch.zeros_like(vector, requires_grad=False)
            state["exp_avg_sq"] = torch.zeros_like(vector, requires_grad=False)
        assert vector.grad is not None
        state["step"] += 1
        torch._fused_adam_(
            [vector], [vector.grad], [state["exp_avg"]], [state["exp_avg_sq"]], [], [state["step"]],
            lr=self.param_groups[0]["lr"], beta1=BETAS[0], beta2=BETAS[1], weight_decay=0.0, eps=self._eps,
            amsgrad=False, maximize=False,
        )  # fmt: skip
