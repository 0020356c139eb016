"""What environments carry from one block to the next, so that an actor can go on exactly where another one stopped.

An environment's own state is not kept: its open episode is played again from the seed and the actions
(docs/reliability.md, "What a resume restores").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gwt_ib.envs.episode import MAX_ACTIONS, OpenEpisode
from gwt_ib.model.arrays import F32, F64, I32, I64, Bool
from gwt_ib.model.experience import Block

Tensors = Mapping[str, NDArray[Any]]
TOO_LONG = -1  # in `steps`: more actions than are kept


@dataclass(frozen=True, eq=False)
class Carried:
    """B environments between two blocks; made of arrays so that it fits into a file or memory as it is."""

    h: F32  # [B, S]
    td_prev: F32  # [B]
    is_first: Bool  # [B]
    open_return: F64  # [B]
    open_length: I32  # [B]
    episode: I64  # [B]
    observation_hash: I64  # [B]
    steps: I64  # [B]: actions of the open episode, or TOO_LONG
    actions: NDArray[Any]  # [sum of steps, A]

    @classmethod
    def from_tensors(cls, tensors: Tensors) -> Carried:
        """Read what `tensors` gave. Raises `ValueError` where something is missing or does not fit together."""
        try:
            found = cls(**{name: tensors[name] for name in cls.__annotations__})
        except KeyError as error:
            raise ValueError(f"the environments' {error} is missing") from None
        size = len(found.episode)
        lengths = {name: len(tensors[name]) for name in cls.__annotations__ if name != "actions"}
        if set(lengths.values()) != {size} or found.h.ndim != 2 or found.actions.ndim != 2:
            raise ValueError(f"the environments' arrays are of different sizes: {lengths}")
        if found.steps.min(initial=0) < TOO_LONG or np.maximum(found.steps, 0).sum() != len(found.actions):
            raise ValueError(f"the environments have {len(found.actions)} actions, not the number that they say")
        return found

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The arrays by name, ready for a file."""
        return {name: np.ascontiguousarray(array) for name, array in vars(self).items()}

    def rows(self, first: int, count: int) -> Carried:
        """The environments `first` to `first + count - 1`."""
        starts = np.concatenate(([0], np.cumsum(np.maximum(self.steps, 0))))
        chosen = slice(first, first + count)
        parts = {name: array[chosen] for name, array in vars(self).items() if name != "actions"}
        return Carried(**parts, actions=self.actions[starts[first] : starts[first + count]])

    def episodes(self) -> list[OpenEpisode]:
        """The open episode of each environment."""
        starts = np.concatenate(([0], np.cumsum(np.maximum(self.steps, 0)))).tolist()
        return [
            OpenEpisode(
                int(self.episode[i]), None if steps == TOO_LONG else self.actions[starts[i] : starts[i + 1]], seen
            )
            for i, (steps, seen) in enumerate(zip(self.steps.tolist(), self.observation_hash.tolist(), strict=True))
        ]


class OpenEpisodes:
    """The learner's record of every environment, kept from the blocks that it has taken."""

    def __init__(self, num_envs: int) -> None:
        """Before the first block: `episode` is -1 everywhere, and nothing is carried."""
        self.episode: I64 = np.full(num_envs, -1, np.int64)
        self._newest: Carried | None = None
        self._actions: list[list[NDArray[Any]] | None] = [[] for _ in range(num_envs)]
        self._no_actions: NDArray[Any] = np.zeros((0, 1), np.int32)  # of the right width and dtype once one is known

    def add(self, block: Block) -> None:
        """Take in a block of all environments [T, B]."""
        ended = block.terminated | block.truncated
        steps = ended.shape[0]
        after = np.where(ended.any(axis=0), steps - np.argmax(ended[::-1], axis=0), 0).tolist()
        begun = block.is_first[0].tolist()  # also without an end before: by an actor that began new episodes
        for i, first in enumerate(after):
            played = [] if first or begun[i] else self._actions[i]
            if played is not None:
                played.append(block.action[first:, i].copy())
                too_long = len(played) * steps > MAX_ACTIONS and sum(map(len, played)) > MAX_ACTIONS
                self._actions[i] = None if too_long else played
        self.episode[:] = block.episode
        self._no_actions = block.action[:0, 0].copy()
        nothing = np.zeros(0, np.int64)
        self._newest = Carried(
            block.next_h, block.next_td_prev, block.next_is_first, block.open_return, block.open_length,
            block.episode, block.next_observation, steps=nothing, actions=nothing,
        )  # fmt: skip

    def carried(self) -> Carried | None:
        """What the environments carry to the next block; none before the first, or where it is not known."""
        if self._newest is None:
            return None
        steps = [TOO_LONG if played is None else sum(map(len, played)) for played in self._actions]
        actions = np.concatenate([self._no_actions, *(part for played in self._actions for part in played or ())])
        values = {**vars(self._newest), "steps": np.array(steps, np.int64), "actions": actions}
        return Carried(**values)

    def restore(self, episode: list[int], carried: Carried | None) -> None:
        """Go on from a snapshot."""
        self.episode[:] = episode
        self._newest = carried
        if carried is not None:
            self._no_actions = carried.actions[:0]
            self._actions = [None if each.actions is None else [each.actions] for each in carried.episodes()]
