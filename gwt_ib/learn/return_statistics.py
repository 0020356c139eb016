"""The running variance of the returns, by which the value loss may be divided (docs/model.md, "Options")."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from gwt_ib.model.arrays import F32, F64
from gwt_ib.model.td import decayed_mean

DECAY = 0.999
"""Of the moving averages, per environment step: a memory of about four rollouts of the default length."""
LEAST = 1e-6
"""Least variance, in reward^2: returns that are all the same have none."""


@dataclass(frozen=True)
class ReturnStatistics:
    """Moving averages of the returns and of their squares, from 0, and the `weight` that they have gathered so far."""

    mean: float = 0.0
    square: float = 0.0
    weight: float = 0.0

    def updated(self, returns: F32) -> ReturnStatistics:
        """The statistics after a rollout of returns [T, B]; the first rollout's are its own."""
        exact = returns.astype(np.float64)
        means = (exact.mean(axis=1), np.square(exact).mean(axis=1), np.ones(len(exact)))
        return ReturnStatistics(*(decayed_mean(old, new, DECAY) for old, new in zip(astuple(self), means, strict=True)))

    @property
    def variance(self) -> float:
        """The variance of the returns, reward^2; 1 before the first rollout."""
        if self.weight <= 0.0:
            return 1.0
        return max(LEAST, self.square / self.weight - (self.mean / self.weight) ** 2)

    def array(self) -> F64:
        """For a snapshot."""
        return np.array(astuple(self))
