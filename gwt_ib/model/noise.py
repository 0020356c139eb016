"""The noise that actions are sampled with; known without torch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gwt_ib.envs.actions import ActionCodec
from gwt_ib.model.arrays import F32


def action_noise(actions: ActionCodec, streams: Sequence[np.random.Generator], steps: int) -> F32:
    """The noise [T, B, A] of `steps` actions in environments with a random stream each, so that B changes nothing.

    Choices are sampled with numbers in [0, 1), continuous actions with standard normal ones.
    """
    size = (steps, actions.width)
    if actions.kind == "discrete":
        return np.stack([stream.random(size, dtype=np.float32) for stream in streams], axis=1)
    return np.stack([stream.standard_normal(size, dtype=np.float32) for stream in streams], axis=1)
