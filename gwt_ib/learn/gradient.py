"""The gradient of a minibatch's loss, behind one interface: by autograd, as a CUDA graph, or by kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.kernels import load_kernels
from gwt_ib.learn.initial_states import refresh_h0
from gwt_ib.learn.losses import LOSS_METRICS, LiveCoefficients, minibatch_loss
from gwt_ib.learn.sequences import pick, to_device
from gwt_ib.model.agent import Agent, FlatParameters
from gwt_ib.model.experience import Sequences, blank_minibatch
from gwt_ib.sections import Sections

WARM_UP = 3  # passes before the capture of a graph, which must find libraries loaded and their workspaces allocated


class Gradient(Protocol):
    """Gradients of one minibatch after another, at the weights as they are at each call."""

    def prepare(self, beat: Callable[[], None] = lambda: None) -> None:
        """Do in advance what would make the first minibatch slow; `beat` is called all along."""

    def begin(self, sequences: Sequences[NDArray[Any]], config: Config, lambda_c: float) -> None:
        """Take the sequences of a rollout; `config` has the live settings of this update."""

    def refresh_h0(self) -> None:
        """Replace the initial states of all sequences but each environment's first by those of the newest weights."""

    def minibatch(self, which: NDArray[np.int64]) -> NDArray[np.float64]:
        """Fill the flat gradient for the sequences `which`; returns their `LOSS_METRICS`."""


class AutogradGradient:
    """The readable twin: the agent's own forward pass, and torch's gradient of it; any device."""

    def __init__(self, agent: Agent, flat: FlatParameters, sections: Sections) -> None:
        self._agent = agent
        self._flat = flat
        self._sections = sections

    def prepare(self, beat: Callable[[], None] = lambda: None) -> None:
        """Nothing is compiled here."""

    def refresh_h0(self) -> None:
        """Replace the initial states of all sequences but each environment's first by those of the newest weights."""
        refresh_h0(self._agent, self._sequences, self._config.num_envs)
        self._sections.end("initial states")

    def begin(self, sequences: Sequences[NDArray[Any]], config: Config, lambda_c: float) -> None:
        """Take the sequences of a rollout."""
        self._sequences, self._config = to_device(sequences, self._flat.vector.device), config
        self._coefficients = LiveCoefficients.of(config, lambda_c)

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


class GraphGradient:
    """The twin for a GPU, over memory that stays: captured as one CUDA graph there, else computed each time.

    A minibatch is thousands of small operations, one after the other along the sequence. Started one by one, they leave a
    GPU waiting for the processor. A graph records them once and starts them all by a single call. It knows addresses, not
    tensors: so minibatch, coefficients, gradient and metrics stay where they are, and so do the weights.
    """

    def __init__(self, agent: Agent, flat: FlatParameters, config: Config, sections: Sections) -> None:
        self._agent = agent
        self._flat = flat
        self._config = config
        self._sections = sections
        self._device = flat.vector.device
        blank = blank_minibatch(agent.encoder.in_features, agent.actions, config)
        self._batch = Sequences(*(torch.from_numpy(array).to(self._device) for array in blank))
        self._which = torch.zeros(config.sequences // config.minibatches, dtype=torch.int64, device=self._device)
        self._numbers = torch.zeros(len(LiveCoefficients._fields), device=self._device)
        self._coefficients = LiveCoefficients(*self._numbers.unbind())
        self._metrics = torch.zeros(len(LOSS_METRICS), device=self._device)
        self._graph: torch.cuda.CUDAGraph | None = None

    def prepare(self, beat: Callable[[], None] = lambda: None) -> None:
        """Capture the graph; weights stay, the gradient is that of a blank minibatch."""
        if self._device.type == "cuda" and self._graph is None:
            self._graph = self._capture()

    def begin(self, sequences: Sequences[NDArray[Any]], config: Config, lambda_c: float) -> None:
        """Take the sequences of a rollout; `config` has the live settings of this update."""
        self.prepare()
        self._sequences = to_device(sequences, self._device)
        self._numbers.copy_(torch.tensor(LiveCoefficients.of(config, lambda_c)))

    def refresh_h0(self) -> None:
        """Replace the initial states of all sequences but each environment's first by those of the newest weights."""
        refresh_h0(self._agent, self._sequences, self._config.num_envs)
        self._sections.end("initial states")

    def minibatch(self, which: NDArray[np.int64]) -> NDArray[np.float64]:
        """Fill the flat gradient for the sequences `which`; returns their `LOSS_METRICS`. Waits once, for these."""
        self._which.copy_(torch.from_numpy(which), non_blocking=True)
        pick(self._sequences, self._which, out=self._batch)
        self._sections.end("batch")
        if self._graph is None:
            self.compute()
        else:
            self._graph.replay()
        found: NDArray[np.float64] = self._metrics.cpu().double().numpy()
        self._sections.end("graph")
        return found

    def compute(self) -> None:
        """Gradient and metrics of the minibatch as it lies there: what the graph records. Never waits for the device."""
        loss, metrics = minibatch_loss(self._agent, self._batch, self._config, self._coefficients)
        self._flat.grad.zero_()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.stack(metrics, out=self._metrics)

    def _capture(self) -> torch.cuda.CUDAGraph:
        with torch.cuda.device(self._device):
            stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(WARM_UP):
                    self.compute()
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            # One stream for both: autograd runs a weight's backward pass on the stream that saw the weight first.
            with torch.cuda.graph(graph, stream=stream):
                self.compute()
        return graph


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
        return GraphGradient(agent, flat, config, sections)
    return AutogradGradient(agent, flat, sections)
