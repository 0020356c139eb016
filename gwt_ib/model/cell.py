"""One step of the gated memory cell, GRU or LSTM, written as docs/model.md states it: the reference for `unroll.py`.

Acting uses this code as it stands. Learning uses `unroll.py`, which computes the same over whole sequences.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from gwt_ib.config import Config
from gwt_ib.model.gate_kinds import has_router
from gwt_ib.model.weights import router_width


class TdScale(NamedTuple):
    """The frozen statistics that normalise TD errors; scalars, or one number for each sequence ([B])."""

    mean: Tensor
    std: Tensor


class CellOutput(NamedTuple):
    """What one step gives: the `state` [B, S] after it, whose first H numbers are h, and the gate `c` [B]."""

    state: Tensor
    c: Tensor


def td_norm(td_prev: Tensor, is_first: Tensor, td: TdScale) -> Tensor:
    """The TD error that drives the gate, in units of the statistics; that of a first step counts as 0 ("First steps")."""
    return (td_prev * (1 - is_first) - td.mean) / td.std


def prior_logit(td_norm: Tensor, *, td_scale: float, base_logit: float, bias: Tensor | float) -> Tensor:
    """Logit of the prior for `td_norm` of any shape: `td_scale * |td_norm| + base_logit + bias` (docs/model.md, "Prior").

    `prior = sigmoid(prior_logit)`; the logit is kept because `logit(sigmoid(x))` loses digits where the gate saturates.
    """
    return td_scale * td_norm.abs() + base_logit + bias


class Router(nn.Module):
    """The learnt residual of the gate's logit, `router(z, h)`: one hidden layer, zero at first (docs/model.md, "Gate")."""

    def __init__(self, hidden_size: int, width: int) -> None:
        super().__init__()
        self.from_z = nn.Linear(hidden_size, width)
        self.from_h = nn.Linear(hidden_size, width, bias=False)
        self.out = nn.Linear(width, 1)

    def forward(self, z: Tensor, h: Tensor) -> Tensor:
        """Residual logits [B] for `z` and `h` [B, H]."""
        return torch.squeeze(self.out(torch.tanh(self.from_z(z) + self.from_h(h))), -1)


class GatedCell(nn.Module):
    """An input-gated GRU or LSTM with residual gating of its whole state (docs/model.md, "Memory" and "LSTM")."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.hidden_size = hidden
        self.router = Router(hidden, router_width(config)) if has_router(config) else None
        self.gru = nn.GRUCell(hidden, hidden) if config.cell == "gru" else None
        self.lstm = nn.LSTMCell(hidden, hidden) if config.cell == "lstm" else None

    def forward(
        self, z: Tensor, state: Tensor, logit: Tensor, keep: Tensor, forced_c: Tensor | None = None
    ) -> CellOutput:
        """One step for `z` [B, H], `state` [B, S], prior `logit` [B] and `keep` [B].

        `keep` is 0 where the state starts at zero, else 1; where `forced_c` [B] is not negative it is the gate.
        """
        state = state * keep.unsqueeze(-1)
        c = torch.sigmoid(logit if self.router is None else logit + self.router(z, state[:, : self.hidden_size]))
        if forced_c is not None:
            c = torch.where(forced_c < 0, c, forced_c)
        return CellOutput(self.gated_update(z, state, c), c)

    def gated_update(self, z: Tensor, state: Tensor, c: Tensor) -> Tensor:
        """`state + c * (cell(c * z, state) - state)` for gates `c` [B]; where `c` is 0, a row comes back bit by bit."""
        gate = c.unsqueeze(-1)
        return state + gate * (self._proposed(gate * z, state) - state)

    def _proposed(self, x: Tensor, state: Tensor) -> Tensor:
        """The state that the cell without a gate would go to."""
        if self.gru is not None:
            h: Tensor = self.gru(x, state)
            return h
        assert self.lstm is not None
        return torch.cat(self.lstm(x, (state[:, : self.hidden_size], state[:, self.hidden_size :])), dim=-1)


def unroll_cell(cell: GatedCell, z: Tensor, state0: Tensor, logit: Tensor, keep: Tensor) -> CellOutput:
    """The cell step by step over `z` [T, B, H] from `state0` [B, S]: the readable twin of `unroll.unroll`.

    `logit` and `keep` are [T, B]. Returns the states [T, B, S] after each step and `c` [T, B].
    """
    state = state0
    states: list[Tensor] = []
    gates: list[Tensor] = []
    for t in range(z.shape[0]):
        state, c = cell(z[t], state, logit[t], keep[t])
        states.append(state)
        gates.append(c)
    return CellOutput(torch.stack(states), torch.stack(gates))
