"""What one thread of the learner does: its sequences of a minibatch forward, their losses, and backward to a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.actions import ActionCodec
from gwt_ib.kernels.cell import unroll, unroll_backward
from gwt_ib.kernels.forward_backward import (
    Gradients,
    Inputs,
    States,
    WeightGradients,
    encode_inputs,
    heads_backward,
    weights_backward,
)
from gwt_ib.kernels.losses import SUMS, LossCoefficients, categorical_loss, gaussian_loss
from gwt_ib.kernels.matmul import matmul
from gwt_ib.kernels.packed_weights import Packed, model_sizes
from gwt_ib.model import parameter_layout as layout
from gwt_ib.model.arrays import F32, zeros
from gwt_ib.model.experience import Sequences
from gwt_ib.sections import Sections


class Shard:
    """The memory of one thread for B sequences, and the gradient that it fills."""

    def __init__(self, observation_size: int, actions: ActionCodec, config: Config, batch: int, packed: Packed) -> None:
        shapes = layout.parameter_shapes(observation_size, actions, config.hidden_size)
        self.gradient: F32 = np.zeros(layout.size(shapes), np.float32)
        named = layout.views(self.gradient, shapes)
        self._d_log_std = named.pop("head.log_std", np.zeros(0, np.float32))
        self._weights = WeightGradients(*(x.reshape(-1) if x.ndim < 2 else x for x in named.values()))
        self._packed = packed
        self._memory = np.float32(1.0 if config.memory else 0.0)
        self._prior = (np.float32(config.td_scale), np.float32(config.base_logit))
        self._sizes = np.array(actions.sizes, np.int64)
        sizes = model_sizes(observation_size, actions, config.hidden_size)
        sizes |= {"T": config.seq_len, "B": batch, "N": config.seq_len * batch}
        self._inputs = zeros(Inputs, sizes, actions.dtype)
        self._states, self._gradients = zeros(States, sizes), zeros(Gradients, sizes)

    def compute(
        self, sequences: Sequences[Any], which: NDArray[np.int64], mean: np.float32, std: np.float32,
        loss: LossCoefficients, sections: Sections | None,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Fill `gradient` for the sequences `which`; `mean` and `std` are those of the minibatch's advantages."""
        inputs, states, gradients, packed = self._inputs, self._states, self._gradients, self._packed

        def ends(name: str) -> None:
            if sections is not None:
                sections.end(name)

        sums = np.zeros(SUMS)
        encode_inputs(sequences, which, mean, std, self._prior, self._memory, inputs, states, packed)
        unroll(
            states.from_z, inputs.h0, inputs.logit, inputs.keep, packed.from_h, packed.bias_z, packed.bias_h,
            packed.router_out, states.from_h, states.h_in, states.gates, states.memory, states.router, states.c, states.h,
        )  # fmt: skip
        matmul(states.h.reshape(-1, states.h.shape[2]), packed.heads, states.outputs)
        ends("unroll forward")
        outputs = states.outputs
        decisions = (
            inputs.action.reshape(outputs.shape[0], -1), inputs.log_prob.reshape(-1), inputs.advantage.reshape(-1),
            inputs.returns.reshape(-1), loss, sums,
        )  # fmt: skip
        if self._sizes.size:
            categorical_loss(outputs, packed.heads_bias, self._sizes, *decisions)
        else:
            self._d_log_std.fill(0.0)
            gaussian_loss(outputs, packed.heads_bias, packed.log_std, self._d_log_std, *decisions)
        heads_backward(states, gradients, self._weights, packed, loss, sums)
        ends("heads")
        unroll_backward(
            gradients.d_h, gradients.d_c, states.from_z, inputs.keep, packed.from_h_rows, packed.router_out,
            states.h_in, states.gates, states.memory, states.router, states.c,
            gradients.carry, gradients.d_from_z, gradients.d_from_h, gradients.d_new_sum, gradients.d_logit,
        )  # fmt: skip
        weights_backward(inputs, states, gradients, self._weights, packed)
        ends("unroll backward")
        return sums
