"""The noise that actions are sampled with; known without torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gwt_ib.envs.actions import ActionCodec

F32 = NDArray[np.float32]


def uniform_noise(generator: np.random.Generator, steps: int, width: int) -> F32:
    """Numbers [steps, width] in [0, 1): what choices are sampled with."""
    return generator.random((steps, width), dtype=np.float32)


def normal_noise(generator: np.random.Generator, steps: int, width: int) -> F32:
    """Standard normal numbers [steps, width]: what continuous actions are sampled with."""
    return generator.standard_normal((steps, width), dtype=np.float32)


def action_noise(actions: ActionCodec, generator: np.random.Generator, steps: int) -> F32:
    """The noise [steps, width] of `steps` actions of one environment."""
    draw = uniform_noise if actions.kind == "discrete" else normal_noise
    return draw(generator, steps, actions.width)
