"""sb3-contrib's RecurrentPPO with an LSTM, as the library is: whole episodes as padded sequences, no truncation of BPTT.

By its default the critic has an LSTM of its own. In the variant `shared` it reads the actor's, without a gradient into it
(`shared_lstm`), which is half of the work. Environments are stepped one after the other (`DummyVecEnv`), its fastest way
here.
"""

from __future__ import annotations

import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import DummyVecEnv
from work import Meter, RowEnv, Work, asked, limit_threads


class Clock(BaseCallback):
    """Marks the end of each update, which is where the next rollout starts, and collects returns."""

    def __init__(self) -> None:
        super().__init__()
        self.meter = Meter()
        self.done = 0

    def _on_training_start(self) -> None:
        self.meter = Meter()

    def _on_rollout_start(self) -> None:
        if self.num_timesteps > self.done:
            self.mark()

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self.meter.episode(info["episode"]["r"])
        return True

    def _on_training_end(self) -> None:
        self.mark()

    def mark(self) -> None:
        """An update is done."""
        self.done = self.num_timesteps
        self.meter.update(self.done)


def algorithm(work: Work) -> RecurrentPPO:
    """The algorithm with the work's settings."""
    network = {
        "lstm_hidden_size": work.hidden,
        "n_lstm_layers": 1,
        "shared_lstm": work.variant == "shared",
        "enable_critic_lstm": work.variant != "shared",
        "net_arch": [],
        "activation_fn": torch.nn.ReLU,
    }
    return RecurrentPPO(
        "MlpLstmPolicy",
        DummyVecEnv([lambda: RowEnv(work.env_id)] * work.envs),
        learning_rate=work.lr,
        n_steps=work.rollout,
        batch_size=work.batch // work.minibatches,
        n_epochs=work.epochs,
        gamma=work.gamma,
        gae_lambda=work.gae_lambda,
        clip_range=work.clip,
        ent_coef=work.ent_coef,
        vf_coef=work.vf_coef,
        max_grad_norm=work.max_grad_norm,
        policy_kwargs=network,
        seed=work.seed,
        device="cpu",
    )


def main() -> None:
    """Train, and write one line."""
    work = asked(__doc__)
    limit_threads(work)
    clock = Clock()
    algorithm(work).learn(work.updates * work.batch, callback=clock, log_interval=None)
    clock.meter.report(work, "sb3-contrib")


if __name__ == "__main__":
    main()
