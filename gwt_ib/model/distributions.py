"""Action distributions over one row of policy outputs: independent choices, or a Gaussian with its own scale.

Sampling takes the noise from outside (`seeding`), so an action is a pure function of weights, observation and indices.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class CategoricalHead(nn.Module):
    """One choice for each component; `sizes` are their numbers of options, their logits lie side by side."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.sizes = sizes
        self.outputs = sum(sizes)
        self._split = list(sizes)

    def sample(self, policy: Tensor, noise: Tensor) -> Tensor:
        """Invert the cumulative distribution at uniform noise in [0, 1)."""
        columns: list[Tensor] = []
        for part, u in zip(torch.split(policy, self._split, dim=-1), noise.unbind(-1), strict=True):
            below = torch.softmax(part, dim=-1).cumsum(-1) <= u.unsqueeze(-1)
            # Rounding may leave the last sum a little under 1 and the noise above it.
            columns.append(below.sum(-1).clamp_(max=part.shape[-1] - 1))
        return torch.stack(columns, dim=-1).to(torch.int32)

    def log_prob(self, policy: Tensor, actions: Tensor) -> Tensor:
        """Log-probabilities [...] of `actions` [..., width], in nats, summed over the components."""
        return self._chosen(self._log_probs(policy), actions)

    def log_prob_and_entropy(self, policy: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities of `actions` [..., width] and entropies, both [...] in nats."""
        logs = self._log_probs(policy)
        entropy = torch.stack([-(log.exp() * log).sum(-1) for log in logs]).sum(0)
        return self._chosen(logs, actions), entropy

    def _log_probs(self, policy: Tensor) -> list[Tensor]:
        return [torch.log_softmax(part, dim=-1) for part in torch.split(policy, self._split, dim=-1)]

    def _chosen(self, logs: list[Tensor], actions: Tensor) -> Tensor:
        index = actions.long()
        chosen = [log.gather(-1, index[..., i : i + 1]) for i, log in enumerate(logs)]
        return torch.cat(chosen, dim=-1).sum(-1)


LOG_STD_LIMIT = 10.0
"""How far a Gaussian's log_std may be from 0; in no sensible run does it come near."""


class GaussianHead(nn.Module):
    """A diagonal Gaussian in the codec's normalised units; its scale is learnt and does not depend on the state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.outputs = width
        self.log_std = nn.Parameter(torch.zeros(width))

    def sample(self, policy: Tensor, noise: Tensor) -> Tensor:
        """Mean plus scaled standard normal noise; the codec brings it inside the environment's bounds."""
        return policy + self.log_std.exp() * noise

    def log_prob(self, policy: Tensor, actions: Tensor) -> Tensor:
        """Log-density of the action before it is brought inside the bounds."""
        scaled = (actions - policy) * torch.exp(-self.log_std)
        return (-0.5 * scaled * scaled - self.log_std - 0.5 * math.log(2 * math.pi)).sum(-1)

    def log_prob_and_entropy(self, policy: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Log-densities of `actions` [..., width] and entropies, both [...] in nats."""
        entropy = (self.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()
        return self.log_prob(policy, actions), entropy.expand(policy.shape[:-1])
