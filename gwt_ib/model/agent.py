"""The agent: encoder, gated cell, policy head and critic on one flat vector of weights (docs/model.md)."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.model.cell import CellOutput, GatedCell, TdScale, prior_logit, td_norm
from gwt_ib.model.distributions import LOG_STD_LIMIT, CategoricalHead, GaussianHead
from gwt_ib.model.unroll import unroll
from gwt_ib.model.weights import joined, state_size
from gwt_ib.seeding import Stream, derived_seed


class ActOutput(NamedTuple):
    """One decision of B environments: `action` [B, width], `h` [B, H], everything else [B]."""

    action: Tensor
    log_prob: Tensor
    value: Tensor
    h: Tensor
    c: Tensor
    prior: Tensor


class UnrollOutput(NamedTuple):
    """What the learner gets for stored actions: [T, B] each."""

    log_prob: Tensor
    entropy: Tensor
    value: Tensor
    c: Tensor


class Agent(nn.Module):
    """Policy and value of a recurrent agent whose memory is written through a gate driven by its TD error."""

    def __init__(self, observation_size: int, actions: ActionLayout, config: Config) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.hidden_size = hidden
        self.state_size = state_size(config)
        self.actions = actions
        self._config = config
        self.encoder = nn.Linear(observation_size, hidden)
        self.cell = GatedCell(hidden)
        self.bias = nn.Parameter(torch.tensor(config.bias_init))
        self.head: CategoricalHead | GaussianHead = (
            CategoricalHead(actions.sizes) if actions.kind == "discrete" else GaussianHead(actions.width)
        )
        self.actor = nn.Linear(hidden, self.head.outputs)
        self.critic = nn.Linear(hidden, 1)
        initialise(self, derived_seed(config.seed, Stream.WEIGHTS))

    def act(
        self,
        obs: Tensor,
        h: Tensor,
        td_prev: Tensor,
        is_first: Tensor,
        td: TdScale,
        noise: Tensor,
        forced_c: Tensor | None = None,
    ) -> ActOutput:
        """Decide for observations [B, O] from `h` [B, H]; `td_prev`, `is_first` [B], `noise` [B, width].

        Where `forced_c` [B] is not negative it is the gate.
        """
        logit = self._prior_logit(td_prev, is_first, td)
        out = self.cell(self.encode(obs), h, logit, self._keep(is_first), forced_c)
        policy = self.actor(out.h)
        action = self.head.sample(policy, noise)
        log_prob = self.head.log_prob(policy, action)
        return ActOutput(action, log_prob, self._value(out.h), out.h, out.c, torch.sigmoid(logit))

    def bootstrap_value(self, next_obs: Tensor, h: Tensor, td: TdScale, forced_c: Tensor | None = None) -> Tensor:
        """V0 [B]: the critic one cell step after `h` on `next_obs` [B, O], with td_prev = 0 (docs/model.md, "TD error").

        The value that completes a TD error cannot depend on that TD error, so the gate of this step is driven by none.
        """
        not_first = next_obs.new_zeros(next_obs.shape[0])
        logit = self._prior_logit(not_first, not_first, td)
        out = self.cell(self.encode(next_obs), h, logit, self._keep(not_first), forced_c)
        return self._value(out.h)

    def unroll(
        self, obs: Tensor, h0: Tensor, td_prev: Tensor, is_first: Tensor, td: TdScale, actions: Tensor
    ) -> UnrollOutput:
        """Replay sequences: `obs` [T, B, O], `h0` [B, H], `td_prev` and `is_first` [T, B], `actions` [T, B, width]."""
        out = self.unroll_cell(obs, h0, td_prev, is_first, td)
        log_prob, entropy = self.head.log_prob_and_entropy(self.actor(out.h), actions)
        return UnrollOutput(log_prob, entropy, self._value(out.h), out.c)

    def unroll_cell(self, obs: Tensor, h0: Tensor, td_prev: Tensor, is_first: Tensor, td: TdScale) -> CellOutput:
        """The recurrent part of `unroll`: `h` [T, B, H] and `c` [T, B]."""
        logit = self._prior_logit(td_prev, is_first, td)
        return unroll(self.cell, self.encode(obs), h0, logit, self._keep(is_first))

    def encode(self, obs: Tensor) -> Tensor:
        """`z` [..., H] for observations [..., O] (docs/model.md, "Encoder").

        The normalisation brings one-hot rows, whose projections are tiny, and unbounded numbers to the same scale: what
        the gate lets through is then large enough to be seen in h from the first update on.
        """
        return torch.relu(layer_norm(self.encoder(obs), (self.hidden_size,)))

    @torch.no_grad()
    def clamp_bias(self) -> None:
        """Bring the bias back between its clamps; belongs after every optimiser step (docs/model.md, "Prior").

        So a Gaussian's log_std is brought between its limits: a large entropy bonus would make it grow until actions are
        no numbers any more.
        """
        self.bias.clamp_(self._config.bias_clamp_min, self._config.bias_clamp_max)
        if isinstance(self.head, GaussianHead):
            self.head.log_std.clamp_(-LOG_STD_LIMIT, LOG_STD_LIMIT)

    def _prior_logit(self, td_prev: Tensor, is_first: Tensor, td: TdScale) -> Tensor:
        driven_by, config = td_norm(td_prev, is_first, td), self._config
        return prior_logit(driven_by, td_scale=config.td_scale, base_logit=config.base_logit, bias=self.bias)

    def _keep(self, is_first: Tensor) -> Tensor:
        return 1 - is_first if self._config.memory else torch.zeros_like(is_first)

    def _value(self, h: Tensor) -> Tensor:
        return torch.squeeze(self.critic(h), -1)


def initialise(agent: Agent, seed: int) -> None:
    """Orthogonal weights and zero biases; small heads; the router's last layer is zero, so that c = prior at step 0.

    The critic starts small like the policy: a random one makes TD errors many times the size of POPGym's rewards, and
    they drive the gate. One function sets every weight: a library's later re-initialisation cannot undo a part of it.
    """
    generator = torch.Generator().manual_seed(seed)
    router, gru, hidden = agent.cell.router, agent.cell.gru, agent.hidden_size
    with torch.no_grad():
        for name, parameter in agent.named_parameters():
            if name.endswith(("bias", "bias_ih", "bias_hh")) and parameter is not agent.bias:
                parameter.zero_()
        for layer, gain in ((agent.encoder, 1.0), (router.from_z, 1.0), (router.from_h, 1.0)):
            nn.init.orthogonal_(layer.weight, gain, generator=generator)
        for gate in range(3):
            rows = slice(gate * hidden, (gate + 1) * hidden)
            nn.init.orthogonal_(gru.weight_ih[rows], generator=generator)
            nn.init.orthogonal_(gru.weight_hh[rows], generator=generator)
        nn.init.zeros_(router.out.weight)
        nn.init.orthogonal_(agent.actor.weight, 0.01, generator=generator)
        nn.init.orthogonal_(agent.critic.weight, 0.01, generator=generator)


class FlatParameters:
    """All weights of a module in one flat `vector` [N], all gradients in another, `vector.grad` [N].

    Every parameter and its gradient are views into them, so publishing and optimising are single operations.
    """

    def __init__(self, module: nn.Module, device: str = "cpu") -> None:
        self.vector = nn.Parameter(torch.cat([p.detach().reshape(-1) for p in module.parameters()]).to(device))
        self.vector.grad = torch.zeros_like(self.vector)
        self._shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
        weights, grads = self.split(self.vector.detach()), self.split(self.grad)
        for name, parameter in module.named_parameters():
            parameter.data = weights[name]
            # Backward adds into an existing .grad in place, so the view stays a view.
            parameter.grad = grads[name]

    @property
    def grad(self) -> Tensor:
        """The flat gradient [N]."""
        assert self.vector.grad is not None
        return self.vector.grad

    def split(self, flat: Tensor) -> dict[str, Tensor]:
        """Views into a flat tensor [N] by the parameters' names and shapes."""
        parts = torch.split(flat, [prod(shape) for shape in self._shapes.values()])
        return {name: part.view(shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)}

    def read(self) -> NDArray[np.float32]:
        """The weights as a NumPy array [N]; a view where they are on the CPU."""
        return np.asarray(self.vector.detach().cpu().numpy())

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
