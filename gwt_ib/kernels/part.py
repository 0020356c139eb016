"""What one thread of the learner does: its sequences of a minibatch forward, their losses, and backward to a gradient."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.actions import ActionCodec
from gwt_ib.kernels.cell import unroll, unroll_backward
from gwt_ib.kernels.compiled import F32, kernel
from gwt_ib.kernels.encoder import add_columns, encode_backward, encode_rows
from gwt_ib.kernels.losses import SUMS, Coefficients, bottleneck_loss, categorical_loss, gaussian_loss
from gwt_ib.kernels.matmul import matmul, product
from gwt_ib.kernels.weights import Packed
from gwt_ib.model import layout
from gwt_ib.sections import Sections


class SequenceArrays(NamedTuple):
    """All sequences of a rollout: [T, S, ...], as `learn.batch.Sequences`."""

    observation: F32  # [T, S, O]
    h0: F32  # [S, H]
    td_prev: F32  # [T, S]
    is_first: F32  # [T, S], 1.0 or 0.0
    td_mean: F32  # [S]
    td_std: F32  # [S]
    action: NDArray[Any]  # [T, S, width]
    log_prob: F32  # [T, S]
    advantage: F32  # [T, S]
    returns: F32  # [T, S]


class Inputs(NamedTuple):
    """The sequences of one part of a minibatch, gathered: [T, B, ...]."""

    observation: F32
    h0: F32
    logit: F32
    keep: F32
    action: NDArray[Any]
    log_prob: F32
    advantage: F32
    returns: F32


class States(NamedTuple):
    """What the forward pass leaves for the backward pass; G = 3H + R."""

    normal: F32  # [T * B, H]
    scale: F32  # [T * B]
    z: F32  # [T * B, H]
    from_z: F32  # [T, B, G]
    from_h: F32  # [B, G], of one step
    h_in: F32  # [T, B, H]
    gates: F32  # [T, B, 3H]
    memory: F32  # [T, B, H]
    router: F32  # [T, B, R]
    c: F32  # [T, B]
    h: F32  # [T, B, H]
    outputs: F32  # [T * B, P + 1]


class Gradients(NamedTuple):
    """What the backward pass needs besides."""

    d_h: F32  # [T, B, H]
    d_c: F32  # [T, B]
    carry: F32  # [B, H]
    d_from_z: F32  # [T, B, G]
    d_from_h: F32  # [T, B, G]
    d_new_sum: F32  # [H]
    d_logit: F32  # [T, B]
    d_z: F32  # [T * B, H]


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
        self._named = layout.views(self.gradient, shapes)
        self._packed = packed
        self._memory = np.float32(1.0 if config.memory else 0.0)
        self._prior = (np.float32(config.td_scale), np.float32(config.base_logit))
        self._sizes = np.array(actions.sizes, np.int64)
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
        # The same memory with time and sequences as one axis of rows.
        self._observation, self._from_z, self._h, self._h_in, self._router = (
            array.reshape(rows, -1)
            for array in (
                self._inputs.observation, self._states.from_z, self._states.h, self._states.h_in, self._states.router,
            )
        )  # fmt: skip
        self._d_h, self._d_from_z, self._d_from_h = (
            array.reshape(rows, -1)
            for array in (self._gradients.d_h, self._gradients.d_from_z, self._gradients.d_from_h)
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
        _gather(sequences, which, mean, std, *self._prior, packed.scalars, self._memory, inputs)
        lap("batch")
        matmul(self._observation, packed.encoder, states.normal)
        encode_rows(packed.encoder_bias, states.normal, states.scale, states.z)
        matmul(states.z, packed.from_z, self._from_z)
        unroll(
            states.from_z, inputs.h0, inputs.logit, inputs.keep, packed.from_h, packed.bias_z, packed.bias_h,
            packed.router_out, states.from_h, states.h_in, states.gates, states.memory, states.router, states.c, states.h,
        )  # fmt: skip
        lap("unroll forward")
        self.gradient.fill(0.0)
        matmul(self._h, packed.heads, states.outputs)
        self._losses(loss, sums)
        matmul(states.outputs, packed.heads_rows, self._d_h)
        self._heads_gradient()
        lap("heads")
        gradients.carry.fill(0.0)
        gradients.d_new_sum.fill(0.0)
        unroll_backward(
            gradients.d_h, gradients.d_c, states.from_z, inputs.keep, packed.from_h_rows, packed.router_out,
            states.h_in, states.gates, states.memory, states.router, states.c,
            gradients.carry, gradients.d_from_z, gradients.d_from_h, gradients.d_new_sum, gradients.d_logit,
        )  # fmt: skip
        matmul(self._d_from_z, packed.from_z_rows, gradients.d_z)
        self._cell_gradient()
        lap("unroll backward")
        return sums

    def _losses(self, loss: Coefficients, sums: NDArray[np.float64]) -> None:
        inputs, outputs = self._inputs, self._states.outputs
        action = inputs.action.reshape(outputs.shape[0], -1)
        targets = (inputs.log_prob.reshape(-1), inputs.advantage.reshape(-1), inputs.returns.reshape(-1))
        bias = self._packed.heads_bias
        if self._sizes.size:
            categorical_loss(outputs, bias, self._sizes, action, *targets, loss, sums)
        else:
            gaussian_loss(
                outputs, bias, self._packed.log_std, self._named["head.log_std"], action, *targets, loss, sums
            )
        bottleneck_loss(self._states.c, self._gradients.d_c, loss, sums)

    def _heads_gradient(self) -> None:
        states, named = self._states, self._named
        outputs = states.outputs.shape[1] - 1
        _weight_gradient(states.outputs, 0, self._h, named["actor.weight"])
        _weight_gradient(states.outputs, outputs, self._h, named["critic.weight"])
        add_columns(states.outputs, 0, named["actor.bias"])
        add_columns(states.outputs, outputs, named["critic.bias"])

    def _cell_gradient(self) -> None:
        states, gradients, named = self._states, self._gradients, self._named
        d_from_z, d_from_h, h_in = self._d_from_z, self._d_from_h, self._h_in
        hidden = states.z.shape[1]
        _weight_gradient(d_from_z, 0, states.z, named["cell.gru.weight_ih"])
        _weight_gradient(d_from_z, 3 * hidden, states.z, named["cell.router.from_z.weight"])
        _weight_gradient(d_from_h, 0, h_in, named["cell.gru.weight_hh"])
        _weight_gradient(d_from_h, 3 * hidden, h_in, named["cell.router.from_h.weight"])
        _weight_gradient(gradients.d_logit.reshape(-1, 1), 0, self._router, named["cell.router.out.weight"])
        add_columns(d_from_h, 0, named["cell.gru.bias_hh"])
        add_columns(d_from_z, 3 * hidden, named["cell.router.from_z.bias"])
        named["cell.gru.bias_ih"][: 2 * hidden] = named["cell.gru.bias_hh"][: 2 * hidden]
        named["cell.gru.bias_ih"][2 * hidden :] = gradients.d_new_sum
        towards_logit = gradients.d_logit.sum()
        named["bias"][...] = towards_logit
        named["cell.router.out.bias"][0] = towards_logit
        encode_backward(gradients.d_z, states.normal, states.scale)
        _weight_gradient(gradients.d_z, 0, self._observation, named["encoder.weight"])
        add_columns(gradients.d_z, 0, named["encoder.bias"])


@kernel
def _gather(
    sequences: SequenceArrays, which: NDArray[np.int64], mean: np.float32, std: np.float32, td_scale: np.float32,
    base_logit: np.float32, scalars: F32, memory: np.float32, inputs: Inputs,
) -> None:  # fmt: skip
    """Copy the chosen sequences side by side and compute what is known of them beforehand."""
    steps, batch = inputs.logit.shape
    shift = base_logit + scalars[0] + scalars[1]
    for b in range(batch):
        for j in range(inputs.h0.shape[1]):  # not as slices: numba would compile its checks of shapes for seconds
            inputs.h0[b, j] = sequences.h0[which[b], j]
    for t in range(steps):
        for b in range(batch):
            s = which[b]
            later = np.float32(1.0) - sequences.is_first[t, s]
            td_norm = (sequences.td_prev[t, s] * later - sequences.td_mean[s]) / sequences.td_std[s]
            inputs.logit[t, b] = td_scale * abs(td_norm) + shift
            inputs.keep[t, b] = later * memory
            for j in range(inputs.observation.shape[2]):
                inputs.observation[t, b, j] = sequences.observation[t, s, j]
            for j in range(inputs.action.shape[2]):
                inputs.action[t, b, j] = sequences.action[t, s, j]
            inputs.log_prob[t, b] = sequences.log_prob[t, s]
            inputs.advantage[t, b] = (sequences.advantage[t, s] - mean) / (std + np.float32(1e-8))
            inputs.returns[t, b] = sequences.returns[t, s]


@kernel
def _weight_gradient(d: F32, first: int, x: F32, out: F32) -> None:
    """`out` [m, K] `= d[:, first : first + m].T @ x` for `d` [N, ...] and `x` [N, K]."""
    (n, columns), k = d.shape, x.shape[1]
    product(d.reshape(-1), first, 1, columns, x.reshape(-1), 0, k, out.reshape(-1), 0, k, out.shape[0], n, k, False)
