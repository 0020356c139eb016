"""An episode as it can be played again: one that goes on, one that failed, and the hash by which a replay is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.errors import error_text

MAX_ACTIONS = 100_000
"""Actions of an open episode that are remembered; an environment without end must not fill the memory."""


class EpisodeError(RuntimeError):
    """An environment failed; the attributes say which episode has to be played again, with which action rows, to see it.

    What was raised is its `__cause__`. Where `complete` is false the episode was longer than what is remembered.
    """

    def __init__(
        self,
        env_id: str,
        env_number: int,
        episode: int,
        seed: int,
        actions: list[list[float]],
        cause: BaseException,
        *,
        complete: bool = True,
    ) -> None:
        where = f"{env_id}: environment {env_number} failed in episode {episode} (seed {seed})"
        super().__init__(f"{where}: {error_text(cause)}")
        self.env_id = env_id
        self.env_number = env_number
        self.episode = episode
        self.seed = seed
        self.actions = actions
        self.complete = complete
        self.__cause__ = cause


@dataclass(frozen=True, eq=False)
class OpenEpisode:
    """An episode that has begun and not ended."""

    number: int
    actions: NDArray[Any] | None
    """Rows [steps, A] of what was done in it so far; None where there were more than are remembered."""
    observation_hash: int
    """Of the row that the next decision sees."""


def observation_hash(row: NDArray[np.float32]) -> int:
    """63 bits of BLAKE2b of an observation's row: equal for the same bits, whatever array they lie in."""
    digest = hashlib.blake2b(np.ascontiguousarray(row, np.float32).tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
