"""The newest finished episodes and the scores that are made of them."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from gwt_ib.model.experience import Block

WINDOW = 100


class EpisodeWindow:
    """Returns and lengths of the last 100 episodes, how many there were, and the best mean so far."""

    def __init__(self) -> None:
        self.episodes = 0
        self.mmer: float | None = None
        self.newest_mean: float | None = None
        """Mean return of the episodes that were taken in last; None where there were none."""
        self._returns: deque[float] = deque(maxlen=WINDOW)
        self._lengths: deque[int] = deque(maxlen=WINDOW)

    def add(self, block: Block) -> None:
        """Take in the episodes that ended in a block [T, B], in the order of their last steps, then of environments.

        One that its environment broke has the length 0 and does not count.
        """
        ended = np.nonzero((block.terminated | block.truncated) & (block.episode_length > 0))
        returns = [float(block.episode_return[t, b]) for t, b in zip(*ended, strict=True)]
        self.newest_mean = sum(returns) / len(returns) if returns else None
        self._returns.extend(returns)
        for t, b in zip(*ended, strict=True):
            self._lengths.append(int(block.episode_length[t, b]))
        self.episodes += len(ended[0])
        if self.episodes >= WINDOW:
            best = self.ep100
            assert best is not None
            self.mmer = best if self.mmer is None else max(self.mmer, best)

    @property
    def ep100(self) -> float | None:
        """Mean return of the window; None before the first episode has ended."""
        return sum(self._returns) / len(self._returns) if self._returns else None

    @property
    def ep_len100(self) -> float | None:
        """Mean length of the window in steps; None before the first episode has ended."""
        return sum(self._lengths) / len(self._lengths) if self._lengths else None

    def state(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "episodes": self.episodes,
            "mmer": self.mmer,
            "returns": list(self._returns),
            "lengths": list(self._lengths),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state()`."""
        self.episodes = state["episodes"]
        self.mmer = state["mmer"]
        self._returns.extend(state["returns"])
        self._lengths.extend(state["lengths"])
