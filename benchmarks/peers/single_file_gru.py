"""Recurrent PPO with a GRU in one file, in CleanRL's manner, with what makes such a file fast on a CPU.

The network is Linear - ReLU - GRU - two heads; one process steps the environments one after the other. Sequences start
from the stored state of the policy that acted, and the state is set to zero inside them where an episode begins. `nn.GRU`
runs over each stretch of time without such a reset (Kostrikov's way), not over single steps. Noise, log-probabilities
and values are computed once a rollout where that is possible, and Adam is the fused one.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from work import Meter, RowEnv, Work, asked, limit_threads


def orthogonal(layer: nn.Linear, gain: float) -> nn.Linear:
    """CleanRL's initialisation."""
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer


class Agent(nn.Module):
    """Encoder, GRU, actor and critic."""

    def __init__(self, observation: int, actions: int, hidden: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(orthogonal(nn.Linear(observation, hidden), 2**0.5), nn.ReLU())
        self.gru = nn.GRU(hidden, hidden)
        for name, weight in self.gru.named_parameters():
            if "weight" in name:
                nn.init.orthogonal_(weight)
            else:
                nn.init.zeros_(weight)
        self.actor = orthogonal(nn.Linear(hidden, actions), 0.01)
        self.critic = orthogonal(nn.Linear(hidden, 1), 1.0)

    def step(self, observation: Tensor, h: Tensor) -> Tensor:
        """The next state [B, H]."""
        gru = self.gru
        return torch.gru_cell(
            self.encoder(observation), h, gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0
        )

    def unroll(self, observation: Tensor, h: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [T, B, A] and values [T, B] from h [B, H]; the state is kept where `keep` [T, B] is 1, else 0."""
        encoded = self.encoder(observation)
        resets = (keep[1:] == 0).any(dim=1).nonzero().flatten() + 1
        cuts = [0, *resets.tolist(), keep.shape[0]]
        parts = []
        for start, stop in pairwise(cuts):
            part, last = self.gru(encoded[start:stop], (h * keep[start].unsqueeze(1)).unsqueeze(0))
            parts.append(part)
            h = last[0]
        hidden = torch.cat(parts)
        return self.actor(hidden), self.critic(hidden).squeeze(-1)


class Rollout:
    """The buffers [T, B] of one rollout, allocated once."""

    def __init__(self, work: Work, observation: int, actions: int) -> None:
        shape = work.rollout, work.envs
        self.observations = torch.zeros(*shape, observation)
        self.keep = torch.zeros(shape)
        self.actions = torch.zeros(shape, dtype=torch.int64)
        self.logits = torch.zeros(*shape, actions)
        self.values = torch.zeros(shape)
        self.rewards = np.zeros(shape, np.float32)
        self.dones = np.zeros(shape, np.float32)
        self.h0 = torch.zeros(work.rollout // work.bptt, work.envs, work.hidden)


class Environments:
    """B environments, one after the other; an episode that ends begins anew at once."""

    def __init__(self, work: Work) -> None:
        self.envs = [RowEnv(work.env_id) for _ in range(work.envs)]
        self.observations = np.stack([env.reset(seed=work.seed + i)[0] for i, env in enumerate(self.envs)])
        self.keep = np.zeros(work.envs, np.float32)

    def step(self, actions: list[int], rewards: np.ndarray, dones: np.ndarray, meter: Meter) -> None:
        """Overwrites the current observations, and what `rewards` and `dones` [B] hold."""
        for i, (env, action) in enumerate(zip(self.envs, actions, strict=True)):
            observation, rewards[i], terminated, truncated, info = env.step(action)
            dones[i] = terminated or truncated
            if dones[i]:
                meter.episode(info["episode"]["r"])
                observation, _ = env.reset()
            self.observations[i] = observation
        np.subtract(1, dones, out=self.keep)


@torch.inference_mode()
def collect(work: Work, agent: Agent, envs: Environments, h: Tensor, rollout: Rollout, meter: Meter) -> Tensor:
    """Fill the rollout; the state after it."""
    gumbel = -torch.empty_like(rollout.logits).exponential_().log()
    hidden = torch.empty(work.rollout + 1, work.envs, work.hidden)
    for t in range(work.rollout):
        rollout.observations[t] = torch.from_numpy(envs.observations)
        rollout.keep[t] = torch.from_numpy(envs.keep)
        if t % work.bptt == 0:
            rollout.h0[t // work.bptt] = h
        h = agent.step(rollout.observations[t], h * rollout.keep[t].unsqueeze(1))
        hidden[t] = h
        logits = agent.actor(h)
        action = (logits + gumbel[t]).argmax(dim=1)
        rollout.logits[t], rollout.actions[t] = logits, action
        envs.step(action.tolist(), rollout.rewards[t], rollout.dones[t], meter)
    # An episode that has just ended needs no value of what follows: its `done` cuts the sum.
    hidden[-1] = agent.step(torch.from_numpy(envs.observations), h)
    values = agent.critic(hidden).squeeze(-1)
    rollout.values.copy_(values[:-1])
    rollout.next_value = values[-1].numpy().copy()
    return h


def advantages(work: Work, rollout: Rollout) -> Tensor:
    """Generalised advantage estimation [T, B]."""
    values = rollout.values.numpy()
    result = np.empty_like(values)
    following, next_value = np.zeros(work.envs, np.float32), rollout.next_value
    for t in reversed(range(work.rollout)):
        going = 1 - rollout.dones[t]
        delta = rollout.rewards[t] + work.gamma * next_value * going - values[t]
        result[t] = following = delta + work.gamma * work.gae_lambda * going * following
        next_value = values[t]
    return torch.from_numpy(result)


def sequences(work: Work, array: Tensor) -> Tensor:
    """[T, B, …] as sequences [bptt, T / bptt * B, …], in the order of `h0`."""
    chunks = array.reshape(-1, work.bptt, *array.shape[1:])
    return chunks.transpose(0, 1).reshape(work.bptt, -1, *array.shape[2:])


def learn(work: Work, agent: Agent, optimiser: torch.optim.Optimizer, rollout: Rollout) -> None:
    """Some epochs of PPO over random subsets of the sequences."""
    advantage = advantages(work, rollout)
    logprob = F.log_softmax(rollout.logits, dim=-1).gather(-1, rollout.actions.unsqueeze(-1)).squeeze(-1)
    arrays = (rollout.observations, rollout.keep, rollout.actions, logprob, advantage, advantage + rollout.values)
    arrays = [sequences(work, array) for array in arrays]
    h0 = rollout.h0.flatten(0, 1)
    parameters = list(agent.parameters())
    for _ in range(work.epochs):
        for chosen in torch.randperm(h0.shape[0]).chunk(work.minibatches):
            observation, keep, action, old_logprob, adv, target = (array[:, chosen] for array in arrays)
            logits, value = agent.unroll(observation, h0[chosen], keep)
            logprobs = F.log_softmax(logits, dim=-1)
            new_logprob = logprobs.gather(-1, action.unsqueeze(-1)).squeeze(-1)
            ratio = (new_logprob - old_logprob).exp()
            adv = (adv - adv.mean()) / (adv.std() + 1e-8)
            policy_loss = -torch.min(adv * ratio, adv * ratio.clamp(1 - work.clip, 1 + work.clip)).mean()
            value_loss = 0.5 * F.mse_loss(value, target)
            entropy = -(logprobs.exp() * logprobs).sum(-1).mean()
            loss = policy_loss + work.vf_coef * value_loss - work.ent_coef * entropy
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, work.max_grad_norm)
            optimiser.step()


def main() -> None:
    """Train, and write one line."""
    work = asked(__doc__)
    limit_threads(work)
    torch.manual_seed(work.seed)
    envs = Environments(work)
    observation, actions = envs.observations.shape[1], int(envs.envs[0].action_space.n)
    agent = Agent(observation, actions, work.hidden)
    optimiser = torch.optim.Adam(agent.parameters(), lr=work.lr, eps=1e-5, fused=True)
    rollout = Rollout(work, observation, actions)
    h = torch.zeros(work.envs, work.hidden)
    meter = Meter()
    for update in range(work.updates):
        h = collect(work, agent, envs, h, rollout, meter)
        learn(work, agent, optimiser, rollout)
        meter.update((update + 1) * work.batch)
    meter.report(work)


if __name__ == "__main__":
    main()
