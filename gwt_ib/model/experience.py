"""Everything that flows from an environment to a gradient: the block that an actor fills, and sequences to learn from.

Axes: T time, B environments or sequences, Q sequences of each environment in a block, O observation, A columns of an action
row, S recurrent state. Nothing else in the project lists these fields with their shapes.
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gwt_ib.config import Config
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.model.arrays import F32, F64, I32, I64, Bool, Field, Sizes, fields_of, zeros
from gwt_ib.model.weights import state_size

ALIGNMENT = 64  # bytes: every array starts on a cache line
SECTIONS = ("environment", "inference", "write", "wait")
"""Where an actor spends its time: stepping, acting, filling the block, and before that waiting for weights."""

A = TypeVar("A")


class Block(NamedTuple):
    """One actor's rollout: T steps of its B environments; `[T, B]` arrays are indexed by the decision's step.

    The arrays are views into memory that the block does not own.
    """

    header: Annotated[I64, Field("3", np.int64)]  # policy version that acted, actor's number, block's number
    td_statistics: Annotated[F32, Field("2")]  # td_mean and td_std while it was collected
    observation: Annotated[F32, Field("T B O")]
    action: Annotated[NDArray[Any], Field("T B A", None)]  # int32 choices or float32 in the codec's units
    log_prob: Annotated[F32, Field("T B")]  # of the behaviour policy, nats
    value: Annotated[F32, Field("T B")]
    reward: Annotated[F32, Field("T B")]
    terminated: Annotated[Bool, Field("T B", np.bool_)]
    truncated: Annotated[Bool, Field("T B", np.bool_)]
    is_first: Annotated[Bool, Field("T B", np.bool_)]  # the environment was reset just before this step
    next_value: Annotated[F32, Field("T B")]  # V0 of the observation that the step returned, before any reset
    td_prev: Annotated[F32, Field("T B")]  # TD error of the step before, 0 where is_first
    c: Annotated[F32, Field("T B")]
    prior: Annotated[F32, Field("T B")]
    h0: Annotated[F32, Field("Q B S")]  # the state before each sequence; the reset of a first step is not yet applied
    episode_return: Annotated[F64, Field("T B", np.float64)]  # of the episode that ended with this step, elsewhere 0
    episode_length: Annotated[I32, Field("T B", np.int32)]  # likewise
    episode: Annotated[I64, Field("B", np.int64)]  # number of each environment's episode after the last step
    next_h: Annotated[F32, Field("B S")]  # what follows after the last step: the state, with no reset applied, …
    next_td_prev: Annotated[F32, Field("B")]
    next_is_first: Annotated[Bool, Field("B", np.bool_)]
    next_observation: Annotated[I64, Field("B", np.int64)]  # … the hash of the observation that the next decision sees,
    open_return: Annotated[F64, Field("B", np.float64)]  # … and return and length so far of the episode that is open
    open_length: Annotated[I32, Field("B", np.int32)]
    seconds: Annotated[F64, Field("4", np.float64)]  # what the block took, in the order of SECTIONS

    @property
    def policy_version(self) -> int:
        """The version of the weights that acted."""
        return int(self.header[0])


class Sequences(NamedTuple, Generic[A]):
    """Sequences of T = seq_len steps, B = all of a rollout or those of a minibatch: tensors, or arrays for the kernels."""

    observation: Annotated[A, Field("T B O")]
    h0: Annotated[A, Field("B S")]
    td_prev: Annotated[A, Field("T B")]
    is_first: Annotated[A, Field("T B")]  # 1.0 or 0.0
    td_mean: Annotated[A, Field("B")]
    td_std: Annotated[A, Field("B")]
    action: Annotated[A, Field("T B A", None)]
    log_prob: Annotated[A, Field("T B")]
    advantage: Annotated[A, Field("T B")]
    returns: Annotated[A, Field("T B")]


def blank_minibatch(observation_size: int, actions: ActionLayout, config: Config) -> Sequences[NDArray[Any]]:
    """Memory for one minibatch: zeros, and TD errors of scale 1."""
    batch = config.sequences // config.minibatches
    sizes = {"T": config.seq_len, "B": batch, "O": observation_size, "A": actions.width, "S": state_size(config)}
    blank: Sequences[NDArray[Any]] = zeros(Sequences, sizes, actions.dtype)
    blank.td_std.fill(1.0)
    return blank


class BlockSpec:
    """How the blocks of a run lie in memory: array after array, each on a cache line."""

    def __init__(self, observation_size: int, actions: ActionLayout, config: Config) -> None:
        sizes: Sizes = {
            "T": config.rollout_steps,
            "B": config.envs_per_actor,
            "Q": config.rollout_steps // config.seq_len,
            "O": observation_size,
            "A": actions.width,
            "S": state_size(config),
        }
        self._arrays: dict[str, tuple[int, tuple[int, ...], DTypeLike]] = {}
        self.nbytes = 0
        """Bytes of one block, padding included."""
        for name, field in fields_of(Block).items():
            shape, dtype = field.shape(sizes), np.dtype(field.dtype or actions.dtype)
            self._arrays[name] = self.nbytes, shape, dtype
            size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            self.nbytes += -(-size // ALIGNMENT) * ALIGNMENT

    def view(self, memory: memoryview) -> Block:
        """A block over `memory`, which must have `nbytes` bytes and is not copied."""
        if len(memory) != self.nbytes:
            raise ValueError(f"a block of {self.nbytes} bytes cannot lie in {len(memory)}")
        return Block(
            **{name: np.ndarray(shape, dtype, memory, offset) for name, (offset, shape, dtype) in self._arrays.items()}
        )

    def allocate(self) -> Block:
        """A block in ordinary memory."""
        return self.view(memoryview(bytearray(self.nbytes)))
