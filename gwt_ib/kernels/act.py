"""Acting, compiled: what `Agent.act` and `Agent.bootstrap_value` compute for the few rows of one actor, without torch.

A decision and the V0 pass behind it share their products: what the bootstrap multiplied, the next observation and h, is
what the next decision starts from in every row that is not first. A row's results do not depend, in any bit, on how
many rows there are nor on what was shared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.kernels.cell import step_state
from gwt_ib.kernels.compiled import compiling, kernel
from gwt_ib.kernels.elementwise import HALF, ZERO, dot, exp, sigmoid
from gwt_ib.kernels.encoder import encode_row
from gwt_ib.kernels.gate import td_drive
from gwt_ib.kernels.layers import critic_values, encode_layers_in_place, heads_forward
from gwt_ib.kernels.losses import HALF_LOG_2PI
from gwt_ib.kernels.packed_weights import Packed, layered, layers_word, model_sizes, pack
from gwt_ib.kernels.products import matmul
from gwt_ib.model import arrays
from gwt_ib.model import weights as layout
from gwt_ib.model.arrays import F32, Bool
from gwt_ib.model.gate_kinds import prior_line

TD_MEAN, TD_STD, TD_SCALE, PRIOR_SHIFT, ROUTER_BIAS = range(5)  # in `scalars`
LOG_PROB, VALUE, C, PRIOR, NEXT_VALUE = range(5)  # rows of `results`


class KernelPolicy:
    """A `rollout.policy.Policy`: the agent's weights as one flat vector [N] in the order of `model.weights`."""

    def __init__(self, observation_size: int, actions: ActionLayout, config: Config) -> None:
        """All weights are 0 until the first `write`."""
        shapes = layout.parameter_shapes(observation_size, actions, config)
        self.vector: F32 = np.zeros(layout.size(shapes), np.float32)
        self.weights = layout.views(self.vector, shapes)
        self.observation_size = observation_size
        self.actions = actions
        self.config = config

    def write(self, weights: F32) -> None:
        """Replace the weights by a flat vector [N]; steppers in use have to `begin` again."""
        self.vector[:] = weights

    def prepare(self, beat: Callable[[], None] = lambda: None) -> None:
        """Compile the kernels, or load them from where they are kept."""
        stepper = self.stepper(1)
        obs, noise = np.zeros((1, self.observation_size), np.float32), np.zeros((1, self.actions.width), np.float32)
        with compiling(f"acting, {self.config.cell}{layers_word(self.config)}, {self.actions.kind}", beat):
            stepper.begin(0.0, 1.0)
            stepper.act(obs, np.zeros(1, np.float32), np.ones(1, np.bool_), noise)
            stepper.bootstrap(obs)

    def stepper(self, size: int) -> KernelStepper:
        """A stepper of `size` environments, at the start of their episodes."""
        return KernelStepper(self, size)


class KernelStepper:
    """A `rollout.policy.Stepper`: `act` and `bootstrap` are one compiled call each, and allocate nothing.

    Until a `bootstrap`, every row's observation is encoded; from a `begin` until an `act`, h is multiplied again.
    """

    def __init__(self, policy: KernelPolicy, size: int) -> None:
        config, actions = policy.config, policy.actions
        sizes = model_sizes(policy.observation_size, actions, config)
        hidden, state, gates, outputs = sizes["H"], sizes["S"], sizes["G"], sizes["P"]

        def zeros(*shape: int) -> F32:
            return np.zeros(shape, np.float32)

        self._policy = policy
        self._packed = arrays.zeros(Packed, sizes)
        self._scalars = zeros(5)
        self.h = zeros(size, state)
        self.action: NDArray[Any] = np.zeros((size, actions.width), actions.dtype)
        self._results = zeros(5, size)
        self.forced_c: F32 = np.full(size, -1.0, np.float32)
        self.log_prob, self.value, self.c, self.prior, self.next_value = self._results
        # The kernels are the same for choices and for numbers; of these two arrays one is empty.
        empty = (0, actions.width)
        choices = self.action if actions.kind == "discrete" else np.zeros(empty, np.int32)
        numbers = self.action if actions.kind == "continuous" else zeros(*empty)
        packed = self._packed
        layers = (
            packed.encoder_layers, packed.encoder_layers_bias, packed.head_layers, packed.head_layers_bias,
            zeros(2, config.head_layers, size, hidden),
        )  # fmt: skip
        cell: tuple[Any, ...] = (
            packed.encoder, packed.encoder_bias, packed.from_z, packed.bias_z, packed.bias_h, packed.router_out,
            self._scalars, config.memory, self.forced_c, self.h, zeros(size, hidden), zeros(size, hidden),
            zeros(size, gates), zeros(size, gates), zeros(gates), zeros(max(state + gates + hidden, outputs)), self._results,
            True if config.cell == "lstm" else None, *(layers if layered(config) else [None] * len(layers)),
        )  # fmt: skip
        self._bootstrap = (*cell, packed.heads_rows, packed.heads_bias)
        self._act = (
            *cell, packed.from_h, packed.heads, packed.heads_bias, packed.log_std, np.array(actions.sizes, np.int64),
            zeros(size, outputs), choices, numbers,
        )  # fmt: skip
        self._obs_shape = (size, policy.observation_size)
        self._have_z = self._have_h = False

    def begin(self, td_mean: float, td_std: float) -> None:
        """Bring the weights into the order in which the products read them; nothing computed before is valid."""
        weights, config, scalars = self._policy.weights, self._policy.config, self._scalars
        pack(weights, self._packed, config)
        line, (bias, router_bias) = prior_line(config), self._packed.scalars
        scalars[TD_MEAN], scalars[TD_STD], scalars[TD_SCALE] = td_mean, td_std, line.slope
        scalars[PRIOR_SHIFT], scalars[ROUTER_BIAS] = np.float32(line.shift) + bias, router_bias
        self._have_z = self._have_h = False

    def act(self, obs: F32, td_prev: F32, is_first: Bool, noise: F32) -> None:
        """Decide for B environments. Raises `ValueError` for arrays of other sizes: kernels look at no bounds."""
        if obs.shape != self._obs_shape or not len(td_prev) == len(is_first) == len(noise) == len(self.h):
            raise ValueError(f"observations {obs.shape} and noise {noise.shape} where {self._obs_shape} is acted for")
        act(obs, td_prev, is_first, noise, self._have_z, self._have_h, *self._act)
        self._have_z, self._have_h = False, True

    def bootstrap(self, next_obs: F32) -> None:
        """Fill `next_value` and keep the products that the next decision needs; belongs after an `act`."""
        if next_obs.shape != self._obs_shape:
            raise ValueError(f"observations {next_obs.shape} where {self._obs_shape} is acted for")
        bootstrap(next_obs, *self._bootstrap)
        self._have_z = True


@kernel
def act(
    obs: F32, td_prev: F32, is_first: Bool, noise: F32, have_z: bool, have_h: bool,
    encoder: F32, encoder_bias: F32, weights_z: F32, bias_z: F32, bias_h: F32, router_out: F32, scalars: F32, memory: bool,
    forced_c: F32, h: F32, normal: F32, z: F32, from_z: F32, from_h: F32, zeros: F32, scratch: F32, results: F32, has_m: Any,
    further: Any, further_bias: Any, layers: Any, layers_bias: Any, kept: Any,
    weights_h: F32, heads: F32, heads_bias: F32, log_std: F32, sizes: NDArray[np.int64], outputs: F32,
    choices: NDArray[np.int32], numbers: F32,
) -> None:  # fmt: skip
    """One decision of B environments.

    `h` [B, S] is the whole state. `from_z`, `from_h` [B, G] are the products of z [B, H] and of the h in it [B, H] with
    `weights_z`, `weights_h` [H, G]: of `obs` already where `have_z` and not first, and of h where `have_h`. They are left
    as those of the new h.
    """
    size = h.shape[1]
    if not have_z:
        encode(obs, encoder, encoder_bias, further, further_bias, weights_z, normal, z, from_z)
    if not have_h:
        matmul(h, weights_h, from_h)
    for i in range(h.shape[0]):
        if have_z and is_first[i]:
            row = slice(i, i + 1)
            encode(obs[row], encoder, encoder_bias, further, further_bias, weights_z, normal[row], z[row], from_z[row])
        logit = prior_logit(td_prev[i], is_first[i], scalars)
        results[PRIOR, i] = sigmoid(logit)
        keep = memory and not is_first[i]
        results[C, i] = step(
            from_z[i], from_h[i] if keep else zeros, h[i] if keep else zeros[:size], logit, forced_c[i], bias_z, bias_h,
            router_out, scalars, scratch, has_m,
        )  # fmt: skip
        for j in range(size):
            h[i, j] = scratch[j]
    matmul(h, weights_h, from_h)
    if kept is None:
        matmul(h, heads, outputs)
    else:
        heads_forward(h, layers, layers_bias, kept, heads, outputs)
    for i in range(h.shape[0]):
        output = outputs[i]
        for j in range(output.size):
            output[j] += heads_bias[j]
        results[VALUE, i] = output[output.size - 1]
        if sizes.size:
            results[LOG_PROB, i] = sample_choices(output, sizes, noise[i], scratch, choices[i])
        else:
            results[LOG_PROB, i] = sample_numbers(output, log_std, noise[i], numbers[i])


@kernel
def bootstrap(
    next_obs: F32,
    encoder: F32, encoder_bias: F32, weights_z: F32, bias_z: F32, bias_h: F32, router_out: F32, scalars: F32, memory: bool,
    forced_c: F32, h: F32, normal: F32, z: F32, from_z: F32, from_h: F32, zeros: F32, scratch: F32, results: F32, has_m: Any,
    further: Any, further_bias: Any, layers: Any, layers_bias: Any, kept: Any,
    heads_rows: F32, heads_bias: F32,
) -> None:  # fmt: skip
    """V0 of B environments; leaves `from_z` as the products of `next_obs`."""
    size, (outputs, hidden) = h.shape[1], heads_rows.shape
    critic = outputs - 1
    encode(next_obs, encoder, encoder_bias, further, further_bias, weights_z, normal, z, from_z)
    logit = prior_logit(ZERO, True, scalars)
    for i in range(h.shape[0]):
        step(
            from_z[i], from_h[i] if memory else zeros, h[i] if memory else zeros[:size], logit, forced_c[i], bias_z,
            bias_h, router_out, scalars, scratch, has_m,
        )  # fmt: skip
        if kept is None:
            results[NEXT_VALUE, i] = dot(scratch[:hidden], heads_rows[critic]) + heads_bias[critic]
        else:
            for j in range(hidden):
                normal[i, j] = scratch[j]
    if kept is not None:
        critic_values(
            normal, layers[1], layers_bias[1], kept[1], heads_rows[critic], heads_bias[critic], results[NEXT_VALUE]
        )


@kernel
def encode(
    obs: F32, encoder: F32, bias: F32, further: Any, further_bias: Any, weights_z: F32, normal: F32, z: F32, from_z: F32
) -> None:
    """`z` [N, H] of observations [N, O], and its products with `weights_z` [H, G]."""
    matmul(obs, encoder, normal)
    for i in range(z.shape[0]):
        encode_row(bias, normal[i], z[i])
    if further is not None:
        encode_layers_in_place(further, further_bias, normal, z)
    matmul(z, weights_z, from_z)


@kernel
def prior_logit(td_prev: Any, is_first: Any, scalars: F32) -> Any:
    """The prior's logit (docs/model.md, "Prior")."""
    return scalars[TD_SCALE] * td_drive(td_prev, is_first, scalars[TD_MEAN], scalars[TD_STD]) + scalars[PRIOR_SHIFT]


@kernel
def step(
    from_z: F32, from_h: F32, state: F32, logit: Any, forced_c: Any, bias_z: F32, bias_h: F32, router_out: F32,
    scalars: F32, scratch: F32, has_m: Any,
) -> Any:  # fmt: skip
    """One row through the cell: the new state into the first S numbers of `scratch`; returns the gate."""
    size, width = state.size, router_out.size
    gates_at = size + width
    memory_at = gates_at + bias_z.size - width
    return step_state(
        from_z, from_h, bias_z, bias_h, router_out, logit + scalars[ROUTER_BIAS], forced_c, state,
        scratch[gates_at:memory_at], scratch[memory_at:], scratch[size:gates_at], scratch[:size], has_m,
    )  # fmt: skip


@kernel
def sample_choices(logits: F32, sizes: NDArray[np.int64], noise: F32, sums: F32, action: NDArray[np.int32]) -> Any:
    """Choose an option for each component by uniform `noise` [components]; returns the log-probability in nats.

    `logits` of all components lie side by side, `sums` is scratch of the same length. `action` [components] gets the
    choices: the cumulative distribution, inverted at the noise.
    """
    log_prob = ZERO
    at = 0
    for component in range(sizes.size):
        size = sizes[component]
        highest = logits[at]
        for j in range(at + 1, at + size):
            highest = max(highest, logits[j])
        for j in range(at, at + size):
            sums[j] = exp(logits[j] - highest)
        for j in range(at + 1, at + size):
            sums[j] += sums[j - 1]
        total = sums[at + size - 1]
        below = noise[component] * total
        choice = 0
        while choice < size - 1 and sums[at + choice] <= below:
            choice += 1
        action[component] = choice
        log_prob += logits[at + choice] - highest - np.log(total)
        at += size
    return log_prob


@kernel
def sample_numbers(means: F32, log_std: F32, noise: F32, action: F32) -> Any:
    """Add scaled standard normal `noise` [width] to the `means`; returns the log-density of the `action` [width]."""
    log_prob = ZERO
    for j in range(log_std.size):
        action[j] = means[j] + exp(log_std[j]) * noise[j]
        scaled = (action[j] - means[j]) * exp(-log_std[j])
        log_prob += -HALF * scaled * scaled - log_std[j] - HALF_LOG_2PI
    return log_prob
