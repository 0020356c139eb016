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
from gwt_ib.rollout.collect import td_error
from gwt_ib.rollout.sequence import Block


@dataclass(frozen=True, eq=False)
class Rollout:
    """All environments of the run side by side: [T, B] with B = num_envs, in the order of their numbers."""

    block: Block  # all blocks joined along B; `header` and `td_statistics` got a leading axis of blocks
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

    def pick(self, which: Tensor) -> Sequences:
        """The sequences with the numbers `which`, in that order."""
        parts: dict[str, Tensor] = {}
        for field in fields(self):
            tensor: Tensor = getattr(self, field.name)
            parts[field.name] = tensor.index_select(0 if field.name in _WITHOUT_TIME else 1, which)
        return Sequences(**parts)


_WITHOUT_TIME = frozenset({"h0", "td_mean", "td_std"})


def join(blocks: Sequence[Block], config: Config) -> Rollout:
    """Put one block of each actor side by side and compute TD errors, advantages and returns."""
    joined: dict[str, NDArray[Any]] = {}
    for field in fields(Block):
        parts = [getattr(block, field.name) for block in blocks]
        if field.name in ("header", "td_statistics"):
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
    """Cut a rollout [T, B] into sequences [seq_len, S * B] on `device`; sequence s of environment b has number s * B + b."""
    block = rollout.block
    parts = block.reward.shape[0] // seq_len

    def sequences(array: NDArray[Any]) -> Tensor:
        tail = array.shape[2:]
        split = array.reshape(parts, seq_len, -1, *tail).swapaxes(0, 1)
        return torch.from_numpy(np.ascontiguousarray(split).reshape(seq_len, -1, *tail)).to(device)

    return Sequences(
        observation=sequences(block.observation),
        h0=torch.from_numpy(block.h0.reshape(-1, block.h0.shape[-1]).copy()).to(device),
        td_prev=sequences(block.td_prev),
        is_first=sequences(block.is_first.astype(np.float32)),
        td_mean=torch.from_numpy(np.tile(rollout.td_mean, parts)).to(device),
        td_std=torch.from_numpy(np.tile(rollout.td_std, parts)).to(device),
        action=sequences(block.action),
        log_prob=sequences(block.log_prob),
        advantage=sequences(rollout.targets.advantage),
        returns=sequences(rollout.targets.returns),
    )
