"""The states that a rollout's sequences start from, brought up to date between two passes (docs/model.md, "Options")."""

from __future__ import annotations

import torch
from torch import Tensor

from gwt_ib.model.agent import Agent
from gwt_ib.model.cell import TdScale
from gwt_ib.model.experience import Sequences


@torch.no_grad()
def refresh_h0(agent: Agent, sequences: Sequences[Tensor], environments: int) -> None:
    """Carry the state through each environment's sequences in order of time; what each ends with is the next one's new `h0`.

    Sequence s of environment b has number s * `environments` + b. Each environment's first sequence keeps its `h0`: no
    step before it is known. Resets, TD errors and their statistics are those under which the rollout was made.
    """
    for first in range(0, sequences.h0.shape[0] - environments, environments):
        now, following = slice(first, first + environments), slice(first + environments, first + 2 * environments)
        td = TdScale(sequences.td_mean[now], sequences.td_std[now])
        out = agent.unroll_cell(
            sequences.observation[:, now], sequences.h0[now], sequences.td_prev[:, now], sequences.is_first[:, now], td
        )
        sequences.h0[following] = out.state[-1]
