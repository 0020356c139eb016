"""The gradient of a minibatch by kernels, its sequences shared out over threads; twin of `learn.gradient.AutogradGradient`.

Each thread works on its shard of the sequences in memory of its own, from the observations to a whole gradient; the shards
are added in their order. So the result depends on how many shards there are, and not on which thread was faster.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.kernels.cell import unroll, unroll_backward
from gwt_ib.kernels.compiled import compiling
from gwt_ib.kernels.elementwise import ONE, ZERO, adam_step
from gwt_ib.kernels.forward_backward import encode_inputs, heads_backward, weights_backward
from gwt_ib.kernels.layers import heads_forward
from gwt_ib.kernels.losses import SUMS, LossCoefficients, categorical_loss, coefficients_of, gaussian_loss
from gwt_ib.kernels.packed_weights import Packed, layered, layers_word, model_sizes, pack
from gwt_ib.kernels.products import matmul
from gwt_ib.kernels.records import Gradients, Inputs, States, weight_gradients
from gwt_ib.model import weights as layout
from gwt_ib.model.arrays import F32, first_of, zeros
from gwt_ib.model.experience import Sequences, blank_minibatch
from gwt_ib.model.gate_kinds import prior_line
from gwt_ib.sections import Sections

R = TypeVar("R")


class Shard:
    """The memory of one thread for B sequences, and the gradient that it fills."""

    def __init__(
        self, observation_size: int, actions: ActionLayout, config: Config, batch: int, packed: Packed
    ) -> None:
        shapes = layout.parameter_shapes(observation_size, actions, config)
        self._model_sizes = model_sizes(observation_size, actions, config)
        self.gradient: F32 = np.zeros(layout.size(shapes), np.float32)
        named = layout.views(self.gradient, shapes)
        self._d_log_std = named.pop("head.log_std", np.zeros(0, np.float32))
        self._weights = weight_gradients(named, config.cell, self._model_sizes)
        self._cell = config.cell
        self._layered = layered(config)
        self._packed = packed
        self._memory = np.float32(1.0 if config.memory else 0.0)
        line = prior_line(config)
        self._prior = (np.float32(line.slope), np.float32(line.shift))
        self._sizes = np.array(actions.sizes, np.int64)
        self._sequences_of_each = config.rollout_steps // config.seq_len
        sizes = {**self._model_sizes, "T": config.seq_len, "B": batch, "N": config.seq_len * batch}
        self._inputs = zeros(Inputs, sizes, actions.dtype)
        self._states, self._gradients = zeros(States, sizes), zeros(Gradients, sizes)

    def compute(
        self, sequences: Sequences[Any], which: NDArray[np.int64], mean: np.float32, std: np.float32,
        loss: LossCoefficients, sections: Sections,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Fill `gradient` for the sequences `which`; `mean` and `std` are those of the minibatch's advantages."""
        inputs, states, gradients, packed = self._inputs, self._states, self._gradients, self._packed
        sums = np.zeros(SUMS)
        self._unroll(sequences, which, mean, std, inputs, states)
        h = states.h.reshape(-1, states.h.shape[2])
        if self._layered:
            layers = (packed.head_layers, packed.head_layers_bias, states.head_layers)
            heads_forward(h, *layers, packed.heads, states.outputs)
        else:
            matmul(h, packed.heads, states.outputs)
        sections.end("unroll forward")
        outputs = states.outputs
        decisions = (
            inputs.action.reshape(outputs.shape[0], -1), inputs.log_prob.reshape(-1), inputs.advantage.reshape(-1),
            inputs.returns.reshape(-1), inputs.old_value.reshape(-1), loss, sums,
        )  # fmt: skip
        if self._sizes.size:
            categorical_loss(outputs, packed.heads_bias, self._sizes, *decisions)
        else:
            self._d_log_std.fill(0.0)
            gaussian_loss(outputs, packed.heads_bias, packed.log_std, self._d_log_std, *decisions)
        heads_backward(states, gradients, self._weights, packed, loss, sums, self._layered)
        sections.end("heads")
        unroll_backward(inputs, states, gradients, packed, self._cell)
        weights_backward(inputs, states, gradients, self._weights, packed, self._layered)
        sections.end("unroll backward")
        return sums

    def refresh_h0(self, sequences: Sequences[Any], environments: NDArray[np.int64]) -> None:
        """Carry the state of some environments [B] through their sequences, in order of time, into each next one's `h0`.

        They go through the memory of a minibatch, in as many groups as it takes.
        """
        if not environments.size:
            return
        steps, batch = self._inputs.logit.shape
        stride = sequences.h0.shape[0] // self._sequences_of_each
        for group in np.array_split(environments, -(-environments.size // batch)):
            sizes = {**self._model_sizes, "T": steps, "B": group.size, "N": steps * group.size}
            inputs, states = first_of(self._inputs, sizes), first_of(self._states, sizes)
            for number in range(self._sequences_of_each - 1):
                which = group + number * stride
                self._unroll(sequences, which, ZERO, ONE, inputs, states)
                following, hidden = which + stride, states.h.shape[2]
                sequences.h0[following, :hidden], sequences.h0[following, hidden:] = states.h[-1], states.m[-1]

    def _unroll(
        self, sequences: Sequences[Any], which: NDArray[np.int64], mean: np.float32, std: np.float32,
        inputs: Inputs, states: States,
    ) -> None:  # fmt: skip
        packed = self._packed
        encode_inputs(sequences, which, mean, std, self._prior, self._memory, inputs, states, packed, self._layered)
        unroll(inputs, states, packed, self._cell)


class KernelGradient:
    """Gradients of minibatches of one rollout after another; owns the threads and their memory."""

    def __init__(
        self,
        observation_size: int,
        actions: ActionLayout,
        config: Config,
        vector: F32,
        gradient: F32,
        sections: Sections,
    ) -> None:
        """`vector` [N] are the weights, read at each minibatch; `gradient` [N] is filled by each."""
        self._gradient = gradient
        shapes = layout.parameter_shapes(observation_size, actions, config)
        self._weights = layout.views(vector, shapes)
        self._packed = zeros(Packed, model_sizes(observation_size, actions, config))
        self._observation_size, self._actions, self._config = observation_size, actions, config
        self._sections = sections
        batch = config.sequences // config.minibatches
        count = min(config.learner_threads, batch)
        self._batch = batch
        self._slices = [slice(batch * i // count, batch * (i + 1) // count) for i in range(count)]
        self._shards = [
            Shard(observation_size, actions, config, mine.stop - mine.start, self._packed) for mine in self._slices
        ]
        self._others = ThreadPoolExecutor(count - 1, thread_name_prefix="learner") if count > 1 else None

    def prepare(self, beat: Callable[[], None] = lambda: None) -> None:
        """Compile the kernels, or load them from where they are kept, by a minibatch of zeros.

        Raises `RuntimeError` where the system refuses a thread: not only in the middle of a run.
        """
        self._start_threads()
        with compiling(f"learning, {self._config.cell}{layers_word(self._config)}, {self._actions.kind}", beat):
            self.begin(blank_minibatch(self._observation_size, self._actions, self._config), self._config, 0.0)
            self.minibatch(np.arange(self._batch))
            a, b, c, d = np.zeros((4, self._gradient.size), np.float32)
            adam_step(a, b, c, d, *[np.float32(1.0)] * 7)

    def refresh_h0(self) -> None:
        """Replace the initial states of all sequences but each environment's first by those of the newest weights."""
        pack(self._weights, self._packed, self._config)
        shares = np.array_split(np.arange(self._config.num_envs), len(self._shards))
        self._by_all(lambda number, _: self._shards[number].refresh_h0(self._sequences, shares[number]))
        self._sections.end("initial states")

    def _by_all(self, work: Callable[[int, Sections], R]) -> list[R]:
        """What each shard's thread returns, in their order; the caller's thread works on the first."""
        others = [self._others.submit(work, i, Sections()) for i in range(1, len(self._shards))] if self._others else []
        try:
            first = work(0, self._sections)
        finally:
            wait(others)  # they write into memory that the next minibatch uses
        return [first, *(other.result() for other in others)]

    def _start_threads(self) -> None:
        """Start all of them: a pool starts one only when none is idle at that moment."""
        if self._others is None:
            return
        together = threading.Barrier(len(self._shards))
        try:
            for _ in self._shards[1:]:
                self._others.submit(together.wait)
            together.wait()
        except RuntimeError:
            together.abort()
            raise

    def begin(self, sequences: Sequences[NDArray[Any]], config: Config, lambda_c: float) -> None:
        """Take the sequences of a rollout; `config` has the live settings of this update.

        Raises `ValueError` for what does not fit the agent: kernels look at no bounds.
        """
        observation, action, sizes = sequences.observation, sequences.action, self._actions.sizes
        if observation.shape != (*action.shape[:2], self._observation_size):
            raise ValueError(f"observations of shape {observation.shape}, actions {action.shape}")
        if sizes and not ((action >= 0) & (action < sizes)).all():
            raise ValueError(f"an action lies outside the components' sizes {sizes}")
        self._sequences = sequences
        self._coefficients = coefficients_of(config, lambda_c, self._batch)

    def minibatch(self, which: NDArray[np.int64]) -> NDArray[np.float64]:
        """Fill the gradient for the sequences `which`; returns the sums of `kernels.losses` in their order.

        Raises `ValueError` where there are not as many as a minibatch has, or one does not exist.
        """
        if which.shape != (self._batch,) or which.min() < 0 or which.max() >= self._sequences.h0.shape[0]:
            raise ValueError(f"a minibatch is {self._batch} of {self._sequences.h0.shape[0]} sequences, not {which}")
        advantage = self._sequences.advantage[:, which]
        mean, std = advantage.mean(), advantage.std()
        pack(self._weights, self._packed, self._config)
        self._sections.end("batch")

        def work(number: int, sections: Sections) -> NDArray[np.float64]:
            mine = which[self._slices[number]]
            return self._shards[number].compute(self._sequences, mine, mean, std, self._coefficients, sections)

        sums, *others = self._by_all(work)
        for other in others:
            sums = sums + other
        self._sections.end("wait for threads")
        np.copyto(self._gradient, self._shards[0].gradient)
        for shard in self._shards[1:]:
            self._gradient += shard.gradient
        return sums
