"""Advantages and returns, with termination and truncation kept apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gwt_ib.model.arrays import F32, Bool


class Targets(NamedTuple):
    """What the policy and the critic learn from: [T, B] each."""

    advantage: F32
    returns: F32


def gae(td: F32, value: F32, terminated: Bool, truncated: Bool, gamma: float, gae_lambda: float) -> Targets:
    """Generalised advantage estimation (Schulman et al. 2016, eq. 16) over TD errors [T, B].

    A TD error already bootstraps rightly at the end of an episode: nothing after termination, V0 of the final
    observation after truncation, V0 of the next observation where the rollout ends. Here the sum is only cut, at both
    kinds of end, because what follows belongs to another episode. `returns = advantage + value`.
    """
    decay = (gamma * gae_lambda * ~(terminated | truncated)).astype(np.float32)
    advantage = np.empty_like(td)
    following = np.zeros(td.shape[1], np.float32)
    for t in range(td.shape[0] - 1, -1, -1):
        following = td[t] + decay[t] * following
        advantage[t] = following
    return Targets(advantage, advantage + value)


def explained_variance(value: F32, returns: F32) -> float:
    """`1 - Var(returns - value) / Var(returns)`; NaN where the returns do not vary."""
    variance = float(np.var(returns, dtype=np.float64))
    return 1.0 - float(np.var(returns - value, dtype=np.float64)) / variance if variance > 0 else float("nan")
