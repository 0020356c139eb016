"""What a sequence block holds: the one unit in which experience travels from an actor to the learner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gwt_ib.config import Config
from gwt_ib.envs.actions import ActionCodec

ALIGNMENT = 64  # bytes: every array starts on a cache line
SECTIONS = ("environment", "inference", "write", "wait")
"""Where an actor spends its time: stepping, acting, filling the block, and before that waiting for weights."""

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
I64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Block:
    """One actor's rollout: T steps of its B environments, S = T / seq_len sequences for each of them.

    The arrays are views into memory that somebody else owns. `[T, B]` arrays are indexed by the decision's step.
    """

    header: I64  # [3]: policy version that acted, actor's number, block's number
    td_statistics: F32  # [2]: td_mean and td_std while it was collected
    observation: F32  # [T, B, O]
    action: NDArray[Any]  # [T, B, width], int32 choices or float32 in the codec's units
    log_prob: F32  # [T, B] of the behaviour policy, nats
    value: F32  # [T, B]
    reward: F32  # [T, B]
    terminated: Bool  # [T, B]
    truncated: Bool  # [T, B]
    is_first: Bool  # [T, B]: the environment was reset just before this step
    next_value: F32  # [T, B]: V0 of the observation that the step returned, before any reset
    td_prev: F32  # [T, B]: TD error of the step before, 0 where is_first
    c: F32  # [T, B]
    prior: F32  # [T, B]
    h0: F32  # [S, B, H]: h before steps 0, seq_len, 2 seq_len, ...; the reset of a first step is not yet applied
    episode_return: NDArray[np.float64]  # [T, B]: of the episode that ended with this step, elsewhere 0
    episode_length: NDArray[np.int32]  # [T, B]: likewise
    episode: I64  # [B]: number of the episode that each environment is in after the last step
    seconds: NDArray[np.float64]  # [4]: what the block took, in the order of SECTIONS

    def write_seconds(self, seconds: Mapping[str, float]) -> None:
        """Write what was measured; a section that is not named gets 0."""
        self.seconds[:] = [seconds.get(name, 0.0) for name in SECTIONS]

    @property
    def policy_version(self) -> int:
        """The version of the weights that acted."""
        return int(self.header[0])


@dataclass(frozen=True)
class BlockSpec:
    """Shapes of a block: everything that lays it out in memory."""

    steps: int
    envs: int
    sequences: int
    observation_size: int
    action_width: int
    action_dtype: DTypeLike
    hidden_size: int

    @classmethod
    def of(cls, config: Config, observation_size: int, actions: ActionCodec) -> BlockSpec:
        """The blocks that the actors of a run fill."""
        return cls(
            steps=config.rollout_steps,
            envs=config.envs_per_actor,
            sequences=config.rollout_steps // config.seq_len,
            observation_size=observation_size,
            action_width=actions.width,
            action_dtype=actions.dtype,
            hidden_size=config.hidden_size,
        )

    def arrays(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Shape and dtype of each array, in the order in which they lie in memory."""
        step = (self.steps, self.envs)
        shapes: dict[str, tuple[tuple[int, ...], DTypeLike]] = {
            "header": ((3,), np.int64),
            "td_statistics": ((2,), np.float32),
            "observation": ((*step, self.observation_size), np.float32),
            "action": ((*step, self.action_width), self.action_dtype),
            "log_prob": (step, np.float32),
            "value": (step, np.float32),
            "reward": (step, np.float32),
            "terminated": (step, np.bool_),
            "truncated": (step, np.bool_),
            "is_first": (step, np.bool_),
            "next_value": (step, np.float32),
            "td_prev": (step, np.float32),
            "c": (step, np.float32),
            "prior": (step, np.float32),
            "h0": ((self.sequences, self.envs, self.hidden_size), np.float32),
            "episode_return": (step, np.float64),
            "episode_length": (step, np.int32),
            "episode": ((self.envs,), np.int64),
            "seconds": ((len(SECTIONS),), np.float64),
        }
        assert list(shapes) == [field.name for field in fields(Block)]
        return {name: (shape, np.dtype(dtype)) for name, (shape, dtype) in shapes.items()}

    @property
    def nbytes(self) -> int:
        """Bytes of one block, padding included."""
        return sum(_aligned(_nbytes(shape, dtype)) for shape, dtype in self.arrays().values())

    def view(self, memory: memoryview) -> Block:
        """A block over `memory`, which must have `nbytes` bytes and is not copied."""
        offset = 0
        views: dict[str, NDArray[Any]] = {}
        for name, (shape, dtype) in self.arrays().items():
            size = _nbytes(shape, dtype)
            views[name] = np.frombuffer(memory[offset : offset + size], dtype=dtype).reshape(shape)
            offset += _aligned(size)
        return Block(**views)

    def allocate(self) -> Block:
        """A block in ordinary memory."""
        return self.view(memoryview(bytearray(self.nbytes)))


def _nbytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return int(np.prod(shape, dtype=np.int64)) * dtype.itemsize


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
