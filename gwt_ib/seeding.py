"""Every random number is a pure function of the run's seed and of what it is drawn for.

There is no generator whose state has to be carried along: the stream for an episode, a block of action noise or a
shuffle is named by its indices. So evaluation cannot disturb training, the number of actors does not change what an
environment sees, and a resumed run draws the numbers that the uninterrupted one would have drawn.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What random numbers are drawn for. The numbers are part of every seeded result: never renumber."""

    WEIGHTS = 1
    EPISODE = 2
    ACTION_NOISE = 3
    SHUFFLE = 4
    EVALUATION_EPISODE = 5
    EVALUATION_NOISE = 6
    GATE_SHUFFLE = 7
    ACTING = 8


def generator(seed: int, stream: Stream, *indices: int) -> np.random.Generator:
    """The generator of one stream, such as `generator(seed, Stream.SHUFFLE, update, epoch)`."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, int(stream), *indices])))


def derived_seed(seed: int, stream: Stream, *indices: int) -> int:
    """A seed of 31 bits for a library that wants one, such as an environment's `reset(seed=...)`."""
    state = np.random.SeedSequence([seed, int(stream), *indices]).generate_state(1, np.uint32)
    return int(state[0]) & 0x7FFFFFFF
