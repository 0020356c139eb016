"""The gradient of a minibatch's loss: what differs between devices and implementations, behind one interface."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.kernels import load_kernels
from gwt_ib.learn.losses import LiveCoefficients, minibatch_loss
from gwt_ib.learn.sequences import pick, to_device
from gwt_ib.model.agent import Agent, FlatParameters
from gwt_ib.model.experience import Sequences
from gwt_ib.sections import Sections


class Gradient(Protocol):
    """Gradients of one minibatch after another, at the weights as they are at each call."""

    def prepare(self) -> None:
        """Do beforehand what would make the first minibatch slow."""

    def begin(self, sequences: Sequences[NDArray[Any]], config: Config, lambda_c: float) -> None:
        """Take the sequences of a rollout; `config` has the live settings of this update."""

    def minibatch(self, which: NDArray[np.int64]) -> NDArray[np.float64]:
        """Fill the flat gradient for the sequences `which`; returns their `LOSS_METRICS`."""


class AutogradGradient:
    """The readable twin: the agent's own forward pass, and torch's gradient of it; any device."""

    def __init__(self, agent: Agent, flat: FlatParameters, sections: Sections) -> None:
        self._agent = agent
        self._flat = flat
        self._sections = sections

    def prepare(self) -> None:
        """Nothing is compiled here."""

    def begin(self, sequences: Sequences[NDArray[Any]], config: Config, lambda_c: float) -> None:
        """Take the sequences of a rollout."""
        self._sequences, self._config = to_device(sequences, self._flat.vector.device), config
        self._coefficients = LiveCoefficients(config.ent_coef, lambda_c, config.target_c)

    def minibatch(self, which: NDArray[np.int64]) -> NDArray[np.float64]:
        """Fill the flat gradient for the sequences `which`; returns their `LOSS_METRICS`."""
        batch = pick(self._sequences, torch.from_numpy(which).to(self._flat.vector.device))
        self._sections.end("batch")
        loss, metrics = minibatch_loss(self._agent, batch, self._config, self._coefficients)
        self._sections.end("unroll forward")
        self._flat.grad.zero_()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        found: NDArray[np.float64] = torch.stack(metrics).double().cpu().numpy()
        self._sections.end("unroll backward")
        return found


def learns_by_kernels(config: Config) -> bool:
    """Whether the learner computes with kernels. Raises `UserError` where it must and cannot."""
    return config.device == "cpu" and load_kernels(config)


def make_gradient(agent: Agent, flat: FlatParameters, config: Config, sections: Sections) -> Gradient:
    """The fastest that the configuration allows. Raises `UserError` where it asks for what is not there."""
    if learns_by_kernels(config):
        from gwt_ib.kernels.gradient import KernelGradient  # loaded only where it is used

        weights, gradient = flat.read(), flat.grad.numpy()
        return KernelGradient(agent.encoder.in_features, agent.actions, config, weights, gradient, sections)
    if config.device != "cpu":
        from gwt_ib.learn.cuda_graph import GraphGradient  # loaded only where it is used

        return GraphGradient(agent, flat, config, sections)
    return AutogradGradient(agent, flat, sections)
