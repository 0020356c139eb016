"""TD errors in NumPy, and the running statistics that normalise them (docs/model.md)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gwt_ib.config import Config
from gwt_ib.model.arrays import F32, F64, Bool


def td_error(reward: F32, value: F32, next_value: F32, terminated: Bool, gamma: float, out: F32 | None = None) -> F32:
    """`reward + gamma * (1 - terminated) * V0(next_obs) - value` of arrays, into `out` (docs/model.md, "TD error")."""
    td: F32 = np.multiply(next_value, np.float32(gamma), out=out)
    td[terminated] = 0.0
    td += reward
    td -= value
    return td


@dataclass
class TdStatistics:
    """Mean and scale of the TD errors, in units of reward, with the newest errors in `recent` ("TD statistics").

    Before the first rollout mean and scale are 0 and 1: TD errors pass unchanged.
    They change only between rollouts and travel with the weights. The batch whose mean and quantile enter the moving
    averages is one time step of all environments; the T batches of a rollout are folded in at once, in closed form. So
    the averages' memory (1 / (1 - decay)) is measured in environment steps, whatever the length of a rollout.
    """

    mean: float = 0.0
    std: float = 1.0
    recent: F32 = field(default_factory=lambda: np.zeros(0, np.float32))

    def updated(self, td: F32, config: Config) -> TdStatistics:
        """The statistics after a rollout of TD errors [T, B]."""
        steps = td.shape[0]
        mean = decayed_mean(self.mean, td.mean(axis=1, dtype=np.float64), config.td_ema)
        recent = np.concatenate((self.recent, td.reshape(-1)))[-config.td_buffer :]
        quantile = float(np.quantile(np.abs(recent - mean), config.td_quantile))
        remaining = config.td_scale_ema2**steps
        std = remaining * self.std + (1.0 - remaining) * quantile
        return TdStatistics(mean, float(np.clip(std, config.td_std_min, config.td_std_max)), recent)


def decayed_mean(start: float, batches: F64, decay: float) -> float:
    """`x = decay * x + (1 - decay) * batch` over batches [T] in their order, from `start`, in closed form."""
    weights = (1.0 - decay) * decay ** np.arange(len(batches) - 1, -1, -1, dtype=np.float64)
    return float(decay ** len(batches) * start + weights @ batches)
