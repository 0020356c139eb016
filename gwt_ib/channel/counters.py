"""The few counters at the start of the shared memory that every process of a run can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gwt_ib.config import Config
from gwt_ib.model.arrays import I64


@dataclass(frozen=True, eq=False)
class Counters:
    """Views of the counters; each has one writer at a time, and every word is written in one piece."""

    VERSION: ClassVar[int] = 0  # header: newest published version, -1 before the first
    CLOSED: ClassVar[int] = 1  # header: 1 when the run is over

    header: I64  # [8]; written by the learner
    pushed: I64  # [actors]: blocks pushed since the run began; written by the actor
    env_steps: I64  # [actors]: environment steps made by this process; written by the actor
    versions: I64  # [actors]: version with which the actor collects; written by the actor
    episodes: I64  # [num_envs]: number of each environment's episode, -1 before the first; written by its actor

    @staticmethod
    def nbytes(config: Config) -> int:
        """Size of all counters, rounded up to a memory page."""
        return -(-(8 + 3 * config.num_actors + config.num_envs) * 8 // 4096) * 4096

    @classmethod
    def over(cls, memory: memoryview, config: Config) -> Counters:
        """The counters at the start of `memory`."""
        words = np.frombuffer(memory[: cls.nbytes(config)], np.int64)
        header, pushed, steps, versions, episodes = np.split(words, np.cumsum([8, *[config.num_actors] * 3]))
        return cls(header, pushed, steps, versions, episodes[: config.num_envs])

    def clear(self) -> None:
        """The state before anything is published."""
        self.header[:] = 0
        self.header[self.VERSION] = -1
        self.episodes[:] = -1
        self.versions[:] = -1
