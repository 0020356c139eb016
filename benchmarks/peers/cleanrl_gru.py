"""Recurrent PPO with a GRU as CleanRL writes it: its `ppo_atari_lstm.py` with a GRU, and Linear - ReLU before it.

Gymnasium's `SyncVectorEnv`; `nn.GRU` is called once a step, also in training, with the state set to zero where an episode
begins. One thing is not CleanRL's, because the work asks for it and it is several times faster: a minibatch holds sequences
of 64 steps with their stored first states, not whole rollouts of 256 steps of a few environments.
"""

from __future__ import annotations

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Categorical
from work import Meter, RowEnv, Work, asked, limit_threads


def layer_init(layer: nn.Linear, std: float = 2**0.5) -> nn.Linear:
    """CleanRL's initialisation."""
    nn.init.orthogonal_(layer.weight, std)
    nn.init.constant_(layer.bias, 0.0)
    return layer


class Agent(nn.Module):
    """Encoder, GRU, actor and critic."""

    def __init__(self, observation: int, actions: int, hidden: int) -> None:
        super().__init__()
        self.network = nn.Sequential(layer_init(nn.Linear(observation, hidden)), nn.ReLU())
        self.gru = nn.GRU(hidden, hidden)
        for name, param in self.gru.named_parameters():
            if "bias" in name:
                nn.init.constant_(param, 0)
            elif "weight" in name:
                nn.init.orthogonal_(param, 1.0)
        self.actor = layer_init(nn.Linear(hidden, actions), std=0.01)
        self.critic = layer_init(nn.Linear(hidden, 1), std=1)

    def get_states(self, x: Tensor, gru_state: Tensor, done: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states of T * B observations in a row, step by step from a state [1, B, H]."""
        hidden = self.network(x)
        batch_size = gru_state.shape[1]
        hidden = hidden.reshape((-1, batch_size, self.gru.input_size))
        done = done.reshape((-1, batch_size))
        new_hidden = []
        for h, d in zip(hidden, done, strict=True):
            h, gru_state = self.gru(h.unsqueeze(0), (1.0 - d).view(1, -1, 1) * gru_state)
            new_hidden += [h]
        return torch.flatten(torch.cat(new_hidden), 0, 1), gru_state

    def get_value(self, x: Tensor, gru_state: Tensor, done: Tensor) -> Tensor:
        """Values of T * B observations."""
        hidden, _ = self.get_states(x, gru_state, done)
        return self.critic(hidden)

    def get_action_and_value(
        self, x: Tensor, gru_state: Tensor, done: Tensor, action: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Action, its log-probability, entropy, value, and the state after the last step."""
        hidden, gru_state = self.get_states(x, gru_state, done)
        probs = Categorical(logits=self.actor(hidden))
        if action is None:
            action = probs.sample()
        return action, probs.log_prob(action), probs.entropy(), self.critic(hidden), gru_state


class Training:
    """The rollout's buffers and the two halves of an update."""

    def __init__(self, work: Work) -> None:
        self.work = work
        # Reset in the step that ends an episode, as CleanRL's vector environments did.
        mode = {"autoreset_mode": gymnasium.vector.AutoresetMode.SAME_STEP}
        self.envs = gymnasium.vector.SyncVectorEnv([lambda: RowEnv(work.env_id)] * work.envs, **mode)
        space = self.envs.single_observation_space
        self.agent = Agent(space.shape[0], int(self.envs.single_action_space.n), work.hidden)
        self.optimizer = torch.optim.Adam(self.agent.parameters(), lr=work.lr, eps=1e-5)
        shape = work.rollout, work.envs
        self.obs = torch.zeros((*shape, *space.shape))
        self.actions = torch.zeros(shape)
        self.logprobs, self.rewards, self.dones, self.values = (torch.zeros(shape) for _ in range(4))
        self.next_obs = torch.Tensor(self.envs.reset(seed=work.seed)[0])
        self.next_done = torch.zeros(work.envs)
        self.next_state = torch.zeros(1, work.envs, work.hidden)
        self.initial_states = torch.zeros(work.rollout // work.bptt, work.envs, work.hidden)

    def rollout(self, meter: Meter) -> None:
        """Act for one rollout."""
        for step in range(self.work.rollout):
            self.obs[step], self.dones[step] = self.next_obs, self.next_done
            if step % self.work.bptt == 0:
                self.initial_states[step // self.work.bptt] = self.next_state[0]
            with torch.no_grad():
                action, logprob, _, value, self.next_state = self.agent.get_action_and_value(
                    self.next_obs, self.next_state, self.next_done
                )
            self.values[step] = value.flatten()
            self.actions[step], self.logprobs[step] = action, logprob
            next_obs, reward, terminations, truncations, infos = self.envs.step(action.numpy())
            self.rewards[step] = torch.tensor(reward)
            done = np.logical_or(terminations, truncations)
            self.next_obs, self.next_done = torch.Tensor(next_obs), torch.Tensor(done)
            if done.any():
                for total in infos["final_info"]["episode"]["r"][done]:
                    meter.episode(float(total))

    def advantages(self) -> tuple[Tensor, Tensor]:
        """Generalised advantage estimation and returns."""
        work = self.work
        with torch.no_grad():
            next_value = self.agent.get_value(self.next_obs, self.next_state, self.next_done).reshape(1, -1)
            advantages = torch.zeros_like(self.rewards)
            lastgaelam = 0
            for t in reversed(range(work.rollout)):
                last = t == work.rollout - 1
                nextnonterminal = 1.0 - (self.next_done if last else self.dones[t + 1])
                nextvalues = next_value if last else self.values[t + 1]
                delta = self.rewards[t] + work.gamma * nextvalues * nextnonterminal - self.values[t]
                advantages[t] = lastgaelam = delta + work.gamma * work.gae_lambda * nextnonterminal * lastgaelam
            return advantages, advantages + self.values

    def learn(self) -> None:
        """The epochs over minibatches of sequences."""
        work = self.work
        advantages, returns = self.advantages()
        b_obs = self.obs.reshape(-1, self.obs.shape[-1])
        arrays = (self.logprobs, self.actions, self.dones, advantages, returns)
        b_logprobs, b_actions, b_dones, b_advantages, b_returns = (array.reshape(-1) for array in arrays)
        b_states = self.initial_states.reshape(1, -1, work.hidden)
        flatinds = np.arange(work.batch).reshape(-1, work.bptt, work.envs).transpose(1, 0, 2).reshape(work.bptt, -1)
        seqinds = np.arange(flatinds.shape[1])
        seqsperbatch = len(seqinds) // work.minibatches
        for _ in range(work.epochs):
            np.random.shuffle(seqinds)
            for start in range(0, len(seqinds), seqsperbatch):
                mbseqinds = seqinds[start : start + seqsperbatch]
                mb_inds = flatinds[:, mbseqinds].ravel()
                _, newlogprob, entropy, newvalue, _ = self.agent.get_action_and_value(
                    b_obs[mb_inds], b_states[:, mbseqinds], b_dones[mb_inds], b_actions.long()[mb_inds]
                )
                ratio = (newlogprob - b_logprobs[mb_inds]).exp()
                mb_advantages = b_advantages[mb_inds]
                mb_advantages = (mb_advantages - mb_advantages.mean()) / (mb_advantages.std() + 1e-8)
                pg_loss1 = -mb_advantages * ratio
                pg_loss2 = -mb_advantages * torch.clamp(ratio, 1 - work.clip, 1 + work.clip)
                pg_loss = torch.max(pg_loss1, pg_loss2).mean()
                v_loss = 0.5 * ((newvalue.view(-1) - b_returns[mb_inds]) ** 2).mean()
                loss = pg_loss - work.ent_coef * entropy.mean() + v_loss * work.vf_coef
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.agent.parameters(), work.max_grad_norm)
                self.optimizer.step()


def main() -> None:
    """Train, and write one line."""
    work = asked(__doc__)
    limit_threads(work)
    np.random.seed(work.seed)
    torch.manual_seed(work.seed)
    training = Training(work)
    meter = Meter()
    for update in range(work.updates):
        training.rollout(meter)
        training.learn()
        meter.update((update + 1) * work.batch)
    meter.report(work)


if __name__ == "__main__":
    main()
