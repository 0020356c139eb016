"""One step of the TD-gated memory cell, written as docs/model.md states it: the reference for `unroll.py`.

Acting uses this code as it stands. Learning uses `unroll.py`, which computes the same over whole sequences.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gwt_ib.model.weights import router_width


class TdScale(NamedTuple):
    """The frozen statistics that normalise TD errors; scalars, or one number for each sequence ([B])."""

    mean: Tensor
    std: Tensor


class CellOutput(NamedTuple):
    """What one step gives: `h` [B, H] after the step, gate `c` [B]."""

    h: Tensor
    c: Tensor


def td_norm(td_prev: Tensor, is_first: Tensor, td: TdScale) -> Tensor:
    """The TD error that drives the gate, in units of the statistics; that of a first step counts as 0 ("First steps")."""
    return (td_prev * (1 - is_first) - td.mean) / td.std


def prior_logit(td_norm: Tensor, *, td_scale: float, base_logit: float, bias: Tensor) -> Tensor:
    """Logit of the prior for `td_norm` of any shape: `td_scale * |td_norm| + base_logit + bias` (docs/model.md, "Prior").

    `prior = sigmoid(prior_logit)`; the logit is kept because `logit(sigmoid(x))` loses digits where the gate saturates.
    """
    return td_scale * td_norm.abs() + base_logit + bias


class Router(nn.Module):
    """The learnt residual of the gate's logit, `router(z, h)`: one hidden layer, zero at first (docs/model.md, "Gate")."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        width = router_width(hidden_size)
        self.from_z = nn.Linear(hidden_size, width)
        self.from_h = nn.Linear(hidden_size, width, bias=False)
        self.out = nn.Linear(width, 1)

    def forward(self, z: Tensor, h: Tensor) -> Tensor:
        """Residual logits [B] for `z` and `h` [B, H]."""
        return torch.squeeze(self.out(torch.tanh(self.from_z(z) + self.from_h(h))), -1)


class GatedCell(nn.Module):
    """Input-gated GRU with residual gating (docs/model.md, "One decision")."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.router = Router(hidden_size)
        self.gru = nn.GRUCell(hidden_size, hidden_size)

    def forward(self, z: Tensor, h: Tensor, logit: Tensor, keep: Tensor, forced_c: Tensor | None = None) -> CellOutput:
        """One step for `z`, `h` [B, H], prior `logit` [B] and `keep` [B]: 0 where `h` starts at zero, else 1.

        Where `forced_c` [B] is not negative it is the gate.
        """
        h = h * keep.unsqueeze(-1)
        c = torch.sigmoid(logit + self.router(z, h))
        if forced_c is not None:
            c = torch.where(forced_c < 0, c, forced_c)
        return CellOutput(gated_update(self.gru, z, h, c), c)


def gated_update(gru: nn.GRUCell, z: Tensor, h: Tensor, c: Tensor) -> Tensor:
    """`h + c * (GRU(c * z, h) - h)` for gates `c` [B]; where `c` is 0, the row of `h` [B, H] comes back bit by bit."""
    gate = c.unsqueeze(-1)
    h_prop: Tensor = gru(gate * z, h)
    return h + gate * (h_prop - h)


def unroll_cell(cell: GatedCell, z: Tensor, h0: Tensor, logit: Tensor, keep: Tensor) -> CellOutput:
    """The cell step by step over `z` [T, B, H] from `h0` [B, H]: the readable twin of `unroll.unroll`.

    `logit` and `keep` are [T, B]. Returns `h` [T, B, H] after each step and `c` [T, B].
    """
    h = h0
    states: list[Tensor] = []
    gates: list[Tensor] = []
    for t in range(z.shape[0]):
        h, c = cell(z[t], h, logit[t], keep[t])
        states.append(h)
        gates.append(c)
    return CellOutput(torch.stack(states), torch.stack(gates))
