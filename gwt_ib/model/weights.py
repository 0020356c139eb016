"""What travels from the learner to the actors. Free of torch, as the trainer lays out memory for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Weights:
    """One version of everything that an actor needs: the flat weights [N] and the TD statistics that go with them."""

    version: int
    vector: NDArray[np.float32]
    td_mean: float
    td_std: float
