"""The agent: encoder, gated cell, policy head and critic on one flat vector of weights (docs/model.md)."""

from __future__ import annotations

import math
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
from gwt_ib.model.gate_kinds import has_bias, prior_line
from gwt_ib.model.layers import Layers
from gwt_ib.model.unroll import unroll
from gwt_ib.model.weights import joined, state_size
from gwt_ib.seeding import Stream, derived_seed


class ActOutput(NamedTuple):
    """One decision of B environments: `action` [B, width], the state `h` [B, S], everything else [B]."""

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
        self.encoder_layers = Layers(config.encoder_layers - 1, hidden, normalise=True)
        self.cell = GatedCell(config)
        self.bias = nn.Parameter(torch.tensor(config.bias_init)) if has_bias(config) else None
        self.head: CategoricalHead | GaussianHead = (
            CategoricalHead(actions.sizes) if actions.kind == "discrete" else GaussianHead(actions.width)
        )
        self.actor_layers = Layers(config.head_layers, hidden)
        self.critic_layers = Layers(config.head_layers, hidden)
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
        """Decide for observations [B, O] from the state `h` [B, S]; `td_prev`, `is_first` [B], `noise` [B, width].

        Where `forced_c` [B] is not negative it is the gate.
        """
        logit = self._prior_logit(td_prev, is_first, td)
        out = self.cell(self.encode(obs), h, logit, self._keep(is_first), forced_c)
        policy = self._policy(out)
        action = self.head.sample(policy, noise)
        log_prob = self.head.log_prob(policy, action)
        return ActOutput(action, log_prob, self._value(out), out.state, out.c, torch.sigmoid(logit))

    def bootstrap_value(self, next_obs: Tensor, h: Tensor, td: TdScale, forced_c: Tensor | None = None) -> Tensor:
        """V0 [B]: the critic one cell step after `h` [B, S] on `next_obs` [B, O], with td_prev = 0 ("TD error").

        The value that completes a TD error cannot depend on that TD error, so the gate of this step is driven by none.
        """
        not_first = next_obs.new_zeros(next_obs.shape[0])
        logit = self._prior_logit(not_first, not_first, td)
        out = self.cell(self.encode(next_obs), h, logit, self._keep(not_first), forced_c)
        return self._value(out)

    def unroll(
        self, obs: Tensor, h0: Tensor, td_prev: Tensor, is_first: Tensor, td: TdScale, actions: Tensor
    ) -> UnrollOutput:
        """Replay sequences: `obs` [T, B, O], `h0` [B, S], `td_prev` and `is_first` [T, B], `actions` [T, B, width]."""
        out = self.unroll_cell(obs, h0, td_prev, is_first, td)
        log_prob, entropy = self.head.log_prob_and_entropy(self._policy(out), actions)
        return UnrollOutput(log_prob, entropy, self._value(out), out.c)

    def unroll_cell(self, obs: Tensor, h0: Tensor, td_prev: Tensor, is_first: Tensor, td: TdScale) -> CellOutput:
        """The recurrent part of `unroll`: the states [T, B, S] and `c` [T, B]."""
        logit = self._prior_logit(td_prev, is_first, td)
        return unroll(self.cell, self.encode(obs), h0, logit, self._keep(is_first))

    def encode(self, obs: Tensor) -> Tensor:
        """`z` [..., H] for observations [..., O] (docs/model.md, "Encoder").

        The normalisation brings one-hot rows, whose projections are tiny, and unbounded numbers to the same scale: what
        the gate lets through is then large enough to be seen in h from the first update on.
        """
        first = torch.relu(layer_norm(self.encoder(obs), (self.hidden_size,)))
        z: Tensor = self.encoder_layers(first)
        return z

    @torch.no_grad()
    def clamp_bias(self) -> None:
        """Bring the bias back between its clamps; belongs after every optimiser step (docs/model.md, "Prior").

        So a Gaussian's log_std is brought between its limits: a large entropy bonus would make it grow until actions are
        no numbers any more.
        """
        if self.bias is not None:
            self.bias.clamp_(self._config.bias_clamp_min, self._config.bias_clamp_max)
        if isinstance(self.head, GaussianHead):
            self.head.log_std.clamp_(-LOG_STD_LIMIT, LOG_STD_LIMIT)

    @property
    def prior_bias(self) -> float:
        """The learnt part of the prior's logit; its first value where the gate has none."""
        return self._config.bias_init if self.bias is None else self.bias.item()

    def _prior_logit(self, td_prev: Tensor, is_first: Tensor, td: TdScale) -> Tensor:
        line, bias = prior_line(self._config), 0.0 if self.bias is None else self.bias
        return prior_logit(td_norm(td_prev, is_first, td), td_scale=line.slope, base_logit=line.shift, bias=bias)

    def _keep(self, is_first: Tensor) -> Tensor:
        return 1 - is_first if self._config.memory else torch.zeros_like(is_first)

    def _h(self, out: CellOutput) -> Tensor:
        return out.state[..., : self.hidden_size]

    def _policy(self, out: CellOutput) -> Tensor:
        policy: Tensor = self.actor(self.actor_layers(self._h(out)))
        return policy

    def _value(self, out: CellOutput) -> Tensor:
        return torch.squeeze(self.critic(self.critic_layers(self._h(out))), -1)


def initialise(agent: Agent, seed: int) -> None:
    """Orthogonal weights and zero biases; small heads; the router's last layer is zero, so that c = prior at step 0.

    An LSTM's forget gate starts open, with a bias of 1. The critic starts small like the policy: a random one makes TD
    errors many times the size of POPGym's rewards, and they drive the gate. One function sets every weight: a library's
    later re-initialisation cannot undo a part of it.
    """
    generator = torch.Generator().manual_seed(seed)
    router, hidden = agent.cell.router, agent.hidden_size
    recurrent = agent.cell.gru or agent.cell.lstm
    assert recurrent is not None
    with torch.no_grad():
        for name, parameter in agent.named_parameters():
            if name.endswith(("bias", "bias_ih", "bias_hh")) and parameter is not agent.bias:
                parameter.zero_()
        nn.init.orthogonal_(agent.encoder.weight, generator=generator)
        if router is not None:
            nn.init.orthogonal_(router.from_z.weight, generator=generator)
            nn.init.orthogonal_(router.from_h.weight, generator=generator)
            nn.init.zeros_(router.out.weight)
        for first in range(0, len(recurrent.weight_ih), hidden):
            rows = slice(first, first + hidden)
            nn.init.orthogonal_(recurrent.weight_ih[rows], generator=generator)
            nn.init.orthogonal_(recurrent.weight_hh[rows], generator=generator)
        if agent.cell.lstm is not None:
            agent.cell.lstm.bias_ih[hidden : 2 * hidden] = 1.0
        nn.init.orthogonal_(agent.actor.weight, 0.01, generator=generator)
        nn.init.orthogonal_(agent.critic.weight, 0.01, generator=generator)
        # Last, so that an agent's other weights do not depend on how many layers it has.
        agent.encoder_layers.initialise(1.0, generator)
        agent.actor_layers.initialise(math.sqrt(2), generator)
        agent.critic_layers.initialise(math.sqrt(2), generator)


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
