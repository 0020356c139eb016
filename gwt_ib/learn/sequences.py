"""From the actors' blocks to one rollout, and from a rollout to sequences that can be shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwt_ib.config import Config
from gwt_ib.learn.returns import Targets, gae
from gwt_ib.rollout.block import Block
from gwt_ib.rollout.collect import td_error


@dataclass(frozen=True, eq=False)
class Rollout:
    """All environments of the run side by side: [T, B] with B = num_envs, in the order of their numbers."""

    block: Block  # all blocks joined along B; `header`, `td_statistics` and `seconds` got a leading axis of blocks
    td_mean: NDArray[np.float32]  # [B]
    td_std: NDArray[np.float32]  # [B]
    td: NDArray[np.float32]  # [T, B] TD errors of this rollout
    targets: Targets
    oldest_version: int


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences of T = seq_len steps, B = all of a rollout or those of a minibatch."""

    observation: Tensor  # [T, B, O]
    h0: Tensor  # [B, H]
    td_prev: Tensor  # [T, B]
    is_first: Tensor  # [T, B], 1.0 or 0.0
    td_mean: Tensor  # [B]
    td_std: Tensor  # [B]
    action: Tensor  # [T, B, width]
    log_prob: Tensor  # [T, B]
    advantage: Tensor  # [T, B]
    returns: Tensor  # [T, B]

    def pick(self, which: Tensor, out: Sequences | None = None) -> Sequences:
        """The sequences with the numbers `which`, in that order; written into `out` where it is given."""
        parts: dict[str, Tensor] = {}
        for field in fields(self):
            tensor: Tensor = getattr(self, field.name)
            into: Tensor | None = None if out is None else getattr(out, field.name)
            parts[field.name] = torch.index_select(tensor, 0 if field.name in _WITHOUT_TIME else 1, which, out=into)
        return Sequences(**parts)


_WITHOUT_TIME = frozenset({"h0", "td_mean", "td_std"})


def join(blocks: Sequence[Block], config: Config) -> Rollout:
    """Put one block of each actor side by side and compute TD errors, advantages and returns."""
    joined: dict[str, NDArray[Any]] = {}
    for field in fields(Block):
        parts = [getattr(block, field.name) for block in blocks]
        if field.name in ("header", "td_statistics", "seconds"):
            joined[field.name] = np.stack(parts)
        else:
            joined[field.name] = np.concatenate(parts, axis=0 if field.name == "episode" else 1)
    block = Block(**joined)
    statistics = np.concatenate([np.tile(b.td_statistics, (b.reward.shape[1], 1)) for b in blocks])
    td = td_error(block.reward, block.value, block.next_value, block.terminated, config.gamma)
    targets = gae(td, block.value, block.terminated, block.truncated, config.gamma, config.gae_lambda)
    oldest = min(b.policy_version for b in blocks)
    return Rollout(block, statistics[:, 0], statistics[:, 1], td, targets, oldest)


def cut(rollout: Rollout, seq_len: int, device: str) -> Sequences:
    """Cut a rollout [T, B] into sequences [seq_len, S * B] on `device`; sequence s of environment b has number s * B + b.

    A GPU reads them while the caller goes on, out of memory that is its own: the rollout may be overwritten at once.
    """
    block = rollout.block
    parts = block.reward.shape[0] // seq_len
    moved = pinned if device.startswith("cuda") else contiguous

    def on_device(array: NDArray[Any]) -> Tensor:
        return moved(array).to(device, non_blocking=True)

    def sequences(array: NDArray[Any]) -> Tensor:
        tail = array.shape[2:]
        return on_device(array.reshape(parts, seq_len, -1, *tail).swapaxes(0, 1)).reshape(seq_len, -1, *tail)

    return Sequences(
        observation=sequences(block.observation),
        h0=on_device(block.h0.reshape(-1, block.h0.shape[-1]).copy()),
        td_prev=sequences(block.td_prev),
        is_first=sequences(block.is_first.astype(np.float32)),
        td_mean=on_device(np.tile(rollout.td_mean, parts)),
        td_std=on_device(np.tile(rollout.td_std, parts)),
        action=sequences(block.action),
        log_prob=sequences(block.log_prob),
        advantage=sequences(rollout.targets.advantage),
        returns=sequences(rollout.targets.returns),
    )


def contiguous(array: NDArray[Any]) -> Tensor:
    """The array as a tensor of C order; shares its memory where it has that order already."""
    return torch.from_numpy(np.ascontiguousarray(array))


def pinned(array: NDArray[Any]) -> Tensor:
    """A copy of C order in page-locked memory, from which a GPU reads by itself.

    torch keeps such memory until copies out of it have ended, and then hands it to the next who asks.
    """
    copy = torch.empty(array.shape, dtype=contiguous(array[:0]).dtype, pin_memory=True)
    np.copyto(copy.numpy(), array)
    return copy
