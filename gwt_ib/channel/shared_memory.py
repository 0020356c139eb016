"""The local channel: one block of shared memory without a name, and pipes that carry slot numbers.

Memory without a name (memfd) is gone with its last process, whatever kills it: nothing is ever left in /dev/shm. The
trainer creates it with room for the counters; the learner, who knows the agent's size, brings it to its full length.

Weights are never torn: version v lies in slot v % 2, the counter of versions is written after the slot, and a reader
that finds another version after copying than before copies again.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from safetensors import numpy as safetensors_numpy

from gwt_ib.config import Config
from gwt_ib.durable import write_all
from gwt_ib.envs.spec import ActionLayout
from gwt_ib.files import nameless_memory
from gwt_ib.log import LOGGER
from gwt_ib.model.arrays import F32, I64
from gwt_ib.model.experience import ALIGNMENT, Block, BlockSpec
from gwt_ib.model.weights import Weights, parameter_shapes, size
from gwt_ib.polling import readable
from gwt_ib.rollout.open_episodes import Carried

RECHECK_S = 1.0  # an actor that dies between its counter and its message must not stop the run
ACTOR_COUNTERS = 5  # arrays of `Counters` with a number for each actor
MESSAGE = struct.Struct("<ii")  # actor's number, slot's number


@dataclass(frozen=True, eq=False)
class Counters:
    """The counters at the start of the memory, which every process of a run can see.

    Each has one writer at a time, and every word is written in one piece.
    """

    VERSION: ClassVar[int] = 0  # header: newest published version, -1 before the first
    CLOSED: ClassVar[int] = 1  # header: 1 when the run is over
    BEAT: ClassVar[int] = 2  # header: counted up by the learner wherever it gets on
    EVALUATING: ClassVar[int] = 3  # header: 1 while the learner waits for an evaluation
    EVALUATOR_BEAT: ClassVar[int] = 4  # header: written by the evaluator, with every call of an environment

    header: I64  # [8]; written by the learner, but for the last
    pushed: I64  # [actors]: blocks pushed since the run began; written by the actor
    env_steps: I64  # [actors]: environment steps made by this process; written by the actor
    versions: I64  # [actors]: version with which the actor collects; written by the actor
    beats: I64  # [actors]: calls of environments that came back; written by the actor
    handed: I64  # [actors]: generation of the process to which the learner handed the environments; -generation: none
    episodes: I64  # [num_envs]: number of each environment's episode, -1 before the first; written by its actor

    @staticmethod
    def nbytes(config: Config) -> int:
        """Size of all counters, rounded up to a memory page."""
        return -(-(8 + ACTOR_COUNTERS * config.num_actors + config.num_envs) * 8 // 4096) * 4096

    @classmethod
    def open(cls, descriptor: int, config: Config) -> Counters:
        """The counters at the start of the shared memory behind a descriptor."""
        words = np.frombuffer(mmap.mmap(descriptor, cls.nbytes(config)), np.int64)
        parts = np.split(words, np.cumsum([8, *[config.num_actors] * ACTOR_COUNTERS]))
        header, pushed, env_steps, versions, beats, handed, episodes = parts
        return cls(header, pushed, env_steps, versions, beats, handed, episodes[: config.num_envs])

    @property
    def learner_word(self) -> memoryview:
        """Where the learner counts that it gets on, as one number."""
        return _word(self.header, self.BEAT)

    @property
    def evaluator_word(self) -> memoryview:
        """Where the evaluator counts calls of environments."""
        return _word(self.header, self.EVALUATOR_BEAT)

    def actor_word(self, actor: int) -> memoryview:
        """Where an actor counts calls of environments."""
        return _word(self.beats, actor)

    def policy_of(self, actor: int) -> tuple[int, int]:
        """The version with which an actor collects, and how many versions it is behind."""
        published, version = int(self.header[self.VERSION]), int(self.versions[actor])
        return version, max(0, published - version) if version >= 0 else 0

    def beat(self) -> None:
        """Say that the learner gets on."""
        self.header[self.BEAT] += 1


def _word(array: I64, index: int) -> memoryview:
    """One number of an array as memory: written in a third of the time that NumPy takes."""
    return memoryview(array.data)[index : index + 1]


class MemoryLayout:
    """Where everything lies: the counters, two slots of weights, then the slots of each actor's blocks."""

    def __init__(self, observation_size: int, actions: ActionLayout, config: Config) -> None:
        self.config = config
        self.num_weights = size(parameter_shapes(observation_size, actions, config))  # N
        self.slots = config.max_policy_lag + 1  # of each actor: one to read, and with a lag one more to write meanwhile
        self._spec = BlockSpec(observation_size, actions, config)
        self._weights = Counters.nbytes(config)
        self._weight_bytes = -(-(2 + self.num_weights) * 4 // ALIGNMENT) * ALIGNMENT
        self.blocks = self._weights + 2 * self._weight_bytes  # where the first block begins
        self.nbytes = self.blocks + config.num_actors * self.slots * self._spec.nbytes

    def weight_slot(self, memory: memoryview, version: int) -> F32:
        """The slot of a version: [2 + N]: TD mean, TD scale, then the vector."""
        start = self._weights + (version % 2) * self._weight_bytes
        return np.frombuffer(memory[start : start + (2 + self.num_weights) * 4], np.float32)

    def block(self, memory: memoryview, actor: int, number: int) -> Block:
        """The slot in which an actor's block of that number lies."""
        return self._spec.view(self.slot(memory, actor, number))

    def slot(self, memory: memoryview, actor: int, number: int) -> memoryview:
        """The same as bytes."""
        start = self.blocks + (actor * self.slots + number % self.slots) * self._spec.nbytes
        return memory[start : start + self._spec.nbytes]


def create_memory(config: Config) -> int:
    """A descriptor of new shared memory without a name, with counters as they are before anything is published.

    Raises `OSError` when there is not that much memory.
    """
    descriptor = nameless_memory()
    reserve_memory(descriptor, Counters.nbytes(config))
    counters = Counters.open(descriptor, config)
    counters.header[Counters.VERSION] = -1
    counters.episodes[:] = -1
    counters.versions[:] = -1
    return descriptor


def reserve_memory(descriptor: int, nbytes: int) -> None:
    """Bring shared memory to its full length. Really reserved, so that a later write cannot die of a missing page."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, nbytes)
    else:
        os.ftruncate(descriptor, nbytes)


@dataclass(frozen=True)
class ActorPipes:
    """Descriptors of one actor: its wake-up calls, the common pipe of blocks, one that ends with the trainer, and memory.

    In the memory `handover` lies what the learner hands to a new process in this place.
    """

    wake: int
    blocks: int
    alive: int
    handover: int


class LocalActorChannel:
    """The side of one actor; made once the first version is published (`wait_for_version`)."""

    def __init__(self, layout: MemoryLayout, descriptor: int, actor: int, pipes: ActorPipes) -> None:
        self._layout = layout
        self._memory = memoryview(mmap.mmap(descriptor, layout.nbytes))
        self._counters = Counters.open(descriptor, layout.config)
        self._actor = actor
        self._pipes = pipes

    @property
    def number(self) -> int:
        """Number of the block that comes next."""
        return int(self._counters.pushed[self._actor])

    def pull(self) -> Weights | None:
        """Wait for version `number - max_policy_lag` or a newer one and copy the newest; None when the run is over."""
        if not wait_for_version(self._counters, self.number - self._layout.config.max_policy_lag, self._pipes):
            return None
        return self.newest()

    @property
    def may_begin(self) -> bool:
        """Whether the version that the next block needs is published."""
        wanted = max(self.number - self._layout.config.max_policy_lag, 0)
        return bool(self._counters.header[Counters.VERSION] >= wanted)

    def newest(self) -> Weights:
        """Copy the newest version, of which there must be one."""
        while True:
            version = int(self._counters.header[Counters.VERSION])
            copy = self._layout.weight_slot(self._memory, version).copy()
            if int(self._counters.header[Counters.VERSION]) == version:
                self._counters.versions[self._actor] = version
                return Weights(version, copy[2:], float(copy[0]), float(copy[1]))

    def next_block(self) -> Block:
        """The slot of block `number`, valid until it is pushed; by the rule of the channel the learner is done with it."""
        return self._layout.block(self._memory, self._actor, self.number)

    def write(self, data: NDArray[np.uint8]) -> None:
        """Put the bytes of block `number` in its place. Raises `ValueError` for those of another block."""
        slot = self._layout.slot(self._memory, self._actor, self.number)
        if data.dtype != np.uint8 or data.shape != (len(slot),):
            raise ValueError(f"a block has {len(slot)} bytes, not {data.dtype} {data.shape}")
        np.frombuffer(slot, np.uint8)[:] = data
        found = self.next_block().header.tolist()
        if found[1:] != [self._actor, self.number]:
            raise ValueError(f"block {found[2]} of actor {found[1]} came instead of {self.number} of {self._actor}")

    def push(self) -> None:
        """Count the block as pushed, then wake the learner with the slot's number."""
        slot = self.number % self._layout.slots
        self._counters.pushed[self._actor] += 1
        os.write(self._pipes.blocks, MESSAGE.pack(self._actor, slot))


def wait_for_version(counters: Counters, version: int, pipes: ActorPipes) -> bool:
    """Block until at least `version`, and at least version 0, is published; False when the run is over instead."""
    return _wait(lambda: int(counters.header[Counters.VERSION]) >= max(version, 0), counters, pipes)


def wait_for_environments(
    counters: Counters, actor: int, generation: int, pipes: ActorPipes
) -> tuple[bool, Carried | None]:
    """Block until the learner has handed the environments of `actor` to this process: whether it did, and what it knew.

    The run may be over instead. Raises `ValueError` for memory that nothing can be made of.
    """
    if not _wait(lambda: has_environments(counters, actor, generation), counters, pipes):
        return False, None
    return True, handed_environments(counters, actor, pipes.handover)


def has_environments(counters: Counters, actor: int, generation: int) -> bool:
    """Whether the learner has handed the environments of `actor` to its process of that generation."""
    return abs(int(counters.handed[actor])) >= generation


def handed_environments(counters: Counters, actor: int, handover: int) -> Carried | None:
    """What it has handed over; None where new episodes are to begin. Raises `ValueError` for what cannot be read."""
    if counters.handed[actor] < 0:
        return None
    return Carried.from_tensors(safetensors_numpy.load(os.pread(handover, os.fstat(handover).st_size, 0)))


def _wait(condition: Callable[[], bool], counters: Counters, pipes: ActorPipes) -> bool:
    """Block until the learner has brought about a condition; False when the run is over instead."""
    while not counters.header[Counters.CLOSED]:
        if condition():
            return True
        ready = readable((pipes.wake, pipes.alive), None)
        if pipes.alive in ready:  # nothing is ever written there: readable means that the trainer is gone
            return False
        os.read(pipes.wake, 4096)
    return False


class LocalLearnerChannel:
    """The learner's side: owns the length of the memory, reads blocks in place."""

    def __init__(
        self,
        layout: MemoryLayout,
        descriptor: int,
        *,
        blocks: int,
        wakes: Sequence[int],
        handovers: Sequence[int],
        control: int,
        first_block: int,
        episodes: I64,
    ) -> None:
        reserve_memory(descriptor, layout.nbytes)
        self._layout = layout
        self._memory = memoryview(mmap.mmap(descriptor, layout.nbytes))
        self._counters = Counters.open(descriptor, layout.config)
        self._counters.pushed[:] = first_block
        self._counters.episodes[:] = episodes
        self._number = first_block
        self._blocks, self._wakes, self._handovers, self._control = blocks, wakes, handovers, control
        for wake in wakes:
            os.set_blocking(wake, False)

    def publish(self, weights: Weights) -> None:
        """Write the slot, then the version, then wake the actors."""
        slot = self._layout.weight_slot(self._memory, weights.version)
        slot[0], slot[1] = weights.td_mean, weights.td_std
        slot[2:] = weights.vector
        self._counters.header[Counters.VERSION] = weights.version
        self._wake()

    def take(self) -> Sequence[Block] | None:
        """The blocks of the next number, in place; None when the control descriptor has something to read."""
        while int(self._counters.pushed.min()) <= self._number:
            self._counters.beat()
            ready = readable((self._blocks, self._control), RECHECK_S)
            if self._control in ready:
                return None
            if self._blocks in ready:
                os.read(self._blocks, 4096)
        actors = range(self._layout.config.num_actors)
        blocks = [self._layout.block(self._memory, actor, self._number) for actor in actors]
        self._number += 1
        return blocks

    def hand_over(self, actor: int, generation: int, carried: Carried | None) -> bool:
        """Give a new process of an actor its environments; False while a block of the one before is still to be taken."""
        if int(self._counters.pushed[actor]) > self._number:
            return False
        if carried is not None:
            data, memory = safetensors_numpy.save(carried.tensors()), self._handovers[actor]
            try:
                os.ftruncate(memory, 0)
                os.lseek(memory, 0, os.SEEK_SET)
                write_all(memory, data)
            except OSError as error:
                LOGGER.warning(
                    "actor %d begins new episodes, there is no memory for the old: %s", actor, error.strerror
                )
                carried = None
        self._counters.handed[actor] = -generation if carried is None else generation
        self._wake()
        return True

    def close(self) -> None:
        """Mark the run as over and wake the actors."""
        self._counters.header[Counters.CLOSED] = 1
        self._wake()

    def _wake(self) -> None:
        for descriptor in self._wakes:
            try:
                os.write(descriptor, b"\0")
            except (BlockingIOError, BrokenPipeError):
                continue  # full of wake-up calls already, or a dead actor that the trainer deals with
