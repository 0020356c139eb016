"""What one thread of the learner does: its sequences of a minibatch forward, their losses, and backward to a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.actions import ActionCodec
from gwt_ib.kernels.cell import unroll, unroll_backward
from gwt_ib.kernels.compiled import F32
from gwt_ib.kernels.forward_backward import (
    Gradients,
    Inputs,
    SequenceArrays,
    States,
    WeightGradients,
    encode_inputs,
    heads_backward,
    weights_backward,
)
from gwt_ib.kernels.losses import SUMS, Coefficients, categorical_loss, gaussian_loss
from gwt_ib.kernels.matmul import matmul
from gwt_ib.kernels.packed_weights import Packed
from gwt_ib.model import parameter_layout as layout
from gwt_ib.sections import Sections


class Part:
    """The memory of one thread for B sequences, and the gradient that it fills."""

    def __init__(
        self,
        observation_size: int,
        actions: ActionCodec,
        config: Config,
        shapes: layout.Shapes,
        batch: int,
        packed: Packed,
    ) -> None:
        steps, hidden, width = config.seq_len, config.hidden_size, layout.router_width(config.hidden_size)
        gates, outputs, rows = 3 * hidden + width, layout.policy_outputs(actions) + 1, config.seq_len * batch

        def empty(*shape: int, dtype: Any = np.float32) -> NDArray[Any]:
            return np.zeros(shape, dtype)

        self.gradient: F32 = empty(layout.size(shapes))
        named = layout.views(self.gradient, shapes)
        self._packed = packed
        self._memory = np.float32(1.0 if config.memory else 0.0)
        self._prior = (np.float32(config.td_scale), np.float32(config.base_logit))
        self._sizes = np.array(actions.sizes, np.int64)
        self._d_log_std = named.get("head.log_std", np.zeros(0, np.float32))
        step = (steps, batch)
        self._inputs = Inputs(
            empty(*step, observation_size), empty(batch, hidden), empty(*step), empty(*step),
            empty(*step, actions.width, dtype=actions.dtype), empty(*step), empty(*step), empty(*step),
        )  # fmt: skip
        self._states = States(
            empty(rows, hidden), empty(rows), empty(rows, hidden), empty(*step, gates), empty(batch, gates),
            empty(*step, hidden), empty(*step, 3 * hidden), empty(*step, hidden), empty(*step, width), empty(*step),
            empty(*step, hidden), empty(rows, outputs),
        )  # fmt: skip
        self._gradients = Gradients(
            empty(*step, hidden), empty(*step), empty(batch, hidden), empty(*step, gates), empty(*step, gates),
            empty(hidden), empty(*step), empty(rows, hidden),
        )  # fmt: skip
        self._weights = WeightGradients(
            *(
                named[name].reshape(-1) if named[name].ndim < 2 else named[name]
                for name in shapes
                if name != "head.log_std"
            )
        )

    def compute(
        self, sequences: SequenceArrays, which: NDArray[np.int64], mean: np.float32, std: np.float32,
        loss: Coefficients, sections: Sections | None,
    ) -> NDArray[np.float64]:  # fmt: skip
        """Fill `gradient` for the sequences `which`; `mean` and `std` are those of the minibatch's advantages."""
        inputs, states, gradients, packed = self._inputs, self._states, self._gradients, self._packed

        def lap(name: str) -> None:
            if sections is not None:
                sections.lap(name)

        sums = np.zeros(SUMS)
        encode_inputs(sequences, which, mean, std, self._prior, self._memory, inputs, states, packed)
        unroll(
            states.from_z, inputs.h0, inputs.logit, inputs.keep, packed.from_h, packed.bias_z, packed.bias_h,
            packed.router_out, states.from_h, states.h_in, states.gates, states.memory, states.router, states.c, states.h,
        )  # fmt: skip
        matmul(states.h.reshape(-1, states.h.shape[2]), packed.heads, states.outputs)
        lap("unroll forward")
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
        lap("heads")
        unroll_backward(
            gradients.d_h, gradients.d_c, states.from_z, inputs.keep, packed.from_h_rows, packed.router_out,
            states.h_in, states.gates, states.memory, states.router, states.c,
            gradients.carry, gradients.d_from_z, gradients.d_from_h, gradients.d_new_sum, gradients.d_logit,
        )  # fmt: skip
        weights_backward(inputs, states, gradients, self._weights, packed)
        lap("unroll backward")
        return sums
