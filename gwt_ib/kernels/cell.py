"""The seam of the memory cells: which kernels a run's cell has; `kernels.gru` and `kernels.lstm` hold them.

A cell is its number of gates, a width of state, and three kernels: `step_row` for acting, `unroll` and `unroll_backward` for
learning. What surrounds them knows no cell: the gate, the products, the gradients of the weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gwt_ib.kernels import gru, lstm
from gwt_ib.kernels.compiled import kernel
from gwt_ib.kernels.gru import step_row as gru_step
from gwt_ib.kernels.lstm import step_row as lstm_step
from gwt_ib.model.arrays import F32

if TYPE_CHECKING:
    from gwt_ib.kernels.packed_weights import Packed
    from gwt_ib.kernels.records import Gradients, Inputs, States


@kernel
def step_state(
    from_z: F32, from_h: F32, bias_z: F32, bias_h: F32, router_out: F32, logit: Any, forced_c: Any,
    before: F32, gates: F32, memory: F32, router: F32, after: F32, has_m: Any,
) -> Any:  # fmt: skip
    """One step of one row's state, `after` [S] from `before` [S]; returns the gate. The rest is `step_row`'s.

    `has_m` is None for a GRU and True for an LSTM: numba leaves out a branch that None decides, so that no process compiles
    a cell that it does not use.
    """
    if has_m is None:
        return gru_step(
            from_z, from_h, bias_z, bias_h, router_out, logit, forced_c, before, gates, memory, router, after
        )
    hidden = before.size // 2
    return lstm_step(
        from_z, from_h, bias_z, bias_h, router_out, logit, forced_c, before[:hidden], before[hidden:], gates, memory,
        router, after[:hidden], after[hidden:],
    )  # fmt: skip


def unroll(inputs: Inputs, states: States, packed: Packed, kind: str) -> None:
    """Run a shard's sequences through the cell: fills what `states` has from `h_in` on."""
    weights = (packed.from_h, packed.bias_z, packed.bias_h, packed.router_out)
    given = (states.from_z, inputs.h0, inputs.logit, inputs.keep, *weights, states.from_h, states.h_in)
    kept = (states.gates, states.memory, states.router, states.c, states.h)
    if kind == "lstm":
        lstm.unroll(*given, states.m_in, *kept, states.m)
    else:
        gru.unroll(*given, *kept)


def unroll_backward(inputs: Inputs, states: States, gradients: Gradients, packed: Packed, kind: str) -> None:
    """The reverse scan of a shard: fills what `gradients` has from `carry` on up to `d_logit`."""
    given = (
        gradients.d_h,
        gradients.d_c,
        states.from_z,
        inputs.keep,
        packed.from_h_rows,
        packed.router_out,
        states.h_in,
    )
    kept = (states.gates, states.memory, states.router, states.c, gradients.carry)
    towards = (gradients.d_from_z, gradients.d_from_h)
    if kind == "lstm":
        lstm.unroll_backward(*given, states.m_in, *kept, gradients.carry_m, *towards, gradients.d_logit)
    else:
        gru.unroll_backward(*given, *kept, *towards, gradients.d_new_sum, gradients.d_logit)
