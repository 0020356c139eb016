"""One update: a rollout in, PPO with the information bottleneck, new weights and statistics out (docs/model.md, "Loss")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.learn.adam import Adam
from gwt_ib.learn.gradient import learns_by_kernels, make_gradient
from gwt_ib.learn.losses import LOSS_METRICS
from gwt_ib.learn.return_statistics import ReturnStatistics
from gwt_ib.learn.schedules import falling, lambda_c_at
from gwt_ib.learn.sequences import Rollout, cut, explained_variance
from gwt_ib.model.agent import Agent, FlatParameters
from gwt_ib.model.td import TdStatistics
from gwt_ib.model.weights import Weights
from gwt_ib.sections import Sections
from gwt_ib.seeding import Stream, generator

Arrays = dict[str, NDArray[Any]]


class NotFiniteError(Exception):
    """Losses or gradients are not finite again and again, or a rollout is not; no step was taken by them."""


MOST_LEFT_OUT = 3  # steps in a row that are left out; one more would learn from nothing
MINIBATCH_METRICS = (*LOSS_METRICS, "grad_norm")
RETURN_STATISTICS = "return_statistics"  # their name in a snapshot
APPROX_KL = MINIBATCH_METRICS.index("approx_kl")


class Learner:
    """Owns the agent's weights, the optimiser and the TD statistics; `version` counts the updates made."""

    def __init__(self, agent: Agent, config: Config, beat: Callable[[], None] = lambda: None) -> None:
        """`beat` is called after each minibatch."""
        self.agent = agent.to(config.device)
        self.flat = FlatParameters(self.agent, config.device)
        self.td = TdStatistics()
        self.returns = ReturnStatistics()
        self.version = 0
        self.left_out: list[str] = []
        """Why steps of the newest update were left out, a sentence each."""
        self._in_a_row = 0
        self._config = config
        self._beat = beat
        self.sections = Sections()
        self.optimizer = Adam(self.flat.vector, lr=config.lr, eps=1e-5, kernels=learns_by_kernels(config))
        self._gradient = make_gradient(self.agent, self.flat, config, self.sections)

    def prepare(self) -> None:
        """Do in advance what would make the first update slow; weights and statistics stay."""
        self._gradient.prepare(self._beat)

    def reconfigure(self, config: Config) -> None:
        """Learn by `config` from the next update on; it differs from the present one in live settings alone."""
        self._config = config

    def weights(self) -> Weights:
        """The present version, for publishing."""
        return Weights(self.version, self.flat.read(), self.td.mean, self.td.std)

    def update(self, rollout: Rollout) -> dict[str, float]:
        """Learn from a rollout, then renew the TD statistics; returns the metrics that belong to learning.

        A step by numbers that are not finite is left out. Raises `NotFiniteError` at the third in a row, and for a rollout
        that is not finite itself.
        """
        config = self._config
        update = self.version + 1
        self.left_out = []
        if not np.isfinite(rollout.td).all():
            raise NotFiniteError(f"the TD errors of the rollout of update {update}")
        lr = self.optimizer.lr = falling(config.lr, config.lr_final_fraction, update, config.num_updates)
        lambda_c = lambda_c_at(update, config.lambda_c, config.budget_warmup_updates)
        sequences = cut(rollout, config.seq_len)
        if config.refresh_h0:
            sequences = sequences._replace(h0=sequences.h0.copy())  # the rollout keeps those that its actors had
        self._gradient.begin(sequences, self._for_the_loss(rollout), lambda_c)
        sums, steps = np.zeros(len(MINIBATCH_METRICS)), 0
        for epoch in range(config.epochs):
            if epoch and config.refresh_h0:
                self._gradient.refresh_h0()
                self._beat()
            before, made = sums[APPROX_KL], steps
            order = generator(config.seed, Stream.SHUFFLE, update, epoch).permutation(config.sequences)
            for which in np.split(order, config.minibatches):
                if (metrics := self._step(which)) is not None:
                    sums += metrics
                    steps += 1
                self._beat()
            # A pass of which every step was left out has moved nothing: 0 / 1, not a division by 0.
            if 0.0 < config.target_kl < (sums[APPROX_KL] - before) / max(1, steps - made):
                break
        self.td = self.td.updated(rollout.td, config)
        self.version = update
        means = (sums / steps if steps else sums * np.nan).tolist()
        return {
            **dict(zip(MINIBATCH_METRICS, means, strict=True)),
            "lr": lr,
            "lambda_c": lambda_c,
            "target_c": config.target_c,
            "td_mean": self.td.mean,
            "td_std": self.td.std,
            "bias": self.agent.prior_bias,
            "explained_variance": explained_variance(rollout.block.value, rollout.targets.returns),
            "policy_version": self.version,
        }

    def _for_the_loss(self, rollout: Rollout) -> Config:
        """The configuration with the weights of value loss and entropy as they are for this rollout."""
        config = self._config
        weights = {
            "ent_coef": falling(config.ent_coef, config.ent_final_fraction, self.version + 1, config.num_updates)
        }
        if config.norm_value_loss:
            self.returns = self.returns.updated(rollout.targets.returns)
            weights["vf_coef"] = config.vf_coef / self.returns.variance
        return config.model_copy(update=weights)

    def _step(self, which: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """One optimiser step on the sequences `which`; returns its `MINIBATCH_METRICS`, none if it was left out."""
        metrics = self._gradient.minibatch(which)
        norm = self.optimizer.gradient_norm()
        if not np.isfinite(metrics.sum() + norm):
            sentence = (
                f"gradient norm {norm:g} in update {self.version + 1}, "
                + ", ".join(f"{name} {value:g}" for name, value in zip(LOSS_METRICS, metrics, strict=True))
                + f", td_std {self.td.std:g}, bias {self.agent.prior_bias:g}"
            )
            self.left_out.append(sentence)
            self._in_a_row += 1
            if self._in_a_row == MOST_LEFT_OUT:
                raise NotFiniteError(f"{sentence}, the {MOST_LEFT_OUT}. time in a row")
            return None
        self._in_a_row = 0
        self.optimizer.step(min(1.0, self._config.max_grad_norm / (norm + 1e-6)))
        self.agent.clamp_bias()
        self.sections.end("optimiser")
        return np.append(metrics, norm)

    def state_tensors(self) -> tuple[Arrays, Arrays]:
        """Model and optimiser as named arrays for a snapshot; the TD errors' buffer travels with the model."""
        model = self.flat.named_arrays(self.flat.vector)
        model["td_statistics.recent"] = self.td.recent
        if self._config.norm_value_loss:
            model[RETURN_STATISTICS] = self.returns.array()
        optimizer: Arrays = {}
        for key, value in self.optimizer.state.items():
            if value.shape == self.flat.vector.shape:
                optimizer |= {f"{key}.{name}": part for name, part in self.flat.named_arrays(value).items()}
            else:
                optimizer[key] = value.cpu().numpy().copy()
        return model, optimizer

    def restore(self, model: Arrays, optimizer: Arrays, td_mean: float, td_std: float, version: int) -> None:
        """Go on from a snapshot. Raises `ValueError` where it does not fit this agent."""
        self.flat.restore(self.flat.vector.detach(), model)
        self.td = TdStatistics(td_mean, td_std, model["td_statistics.recent"])
        self.returns = ReturnStatistics(*model.get(RETURN_STATISTICS, np.zeros(3)).tolist())
        self.version = version
        if "step" not in optimizer:  # a snapshot of before the first update
            return
        self.optimizer.state["step"] = torch.from_numpy(optimizer["step"].copy())
        for key in ("exp_avg", "exp_avg_sq"):
            named = {name.removeprefix(f"{key}."): part for name, part in optimizer.items()}
            self.optimizer.state[key] = torch.zeros_like(self.flat.vector, requires_grad=False)
            self.flat.restore(self.optimizer.state[key], named)
