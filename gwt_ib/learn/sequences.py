"""From the actors' blocks to one rollout, and from a rollout to sequences that can be shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwt_ib.config import Config
from gwt_ib.learn.returns import Targets, gae
from gwt_ib.model.arrays import F32, fields_of
from gwt_ib.model.experience import Block, Sequences
from gwt_ib.model.td import td_error


@dataclass(frozen=True, eq=False)
class Rollout:
    """All environments of the run side by side: [T, B] with B = num_envs, in the order of their numbers."""

    block: Block  # all blocks joined along B; fields without that axis got a leading axis of blocks
    td_mean: F32  # [B]
    td_std: F32  # [B]
    td: F32  # [T, B] TD errors of this rollout
    targets: Targets
    oldest_version: int


def join(blocks: Sequence[Block], config: Config) -> Rollout:
    """Put one block of each actor side by side and compute TD errors, advantages and returns."""
    joined: dict[str, NDArray[Any]] = {}
    for (name, field), parts in zip(fields_of(Block).items(), zip(*blocks, strict=True), strict=True):
        axis = field.batch_axis
        joined[name] = np.stack(parts) if axis is None else np.concatenate(parts, axis=axis)
    block = Block(**joined)
    td_mean, td_std = block.td_statistics.repeat(config.envs_per_actor, axis=0).T
    td = td_error(block.reward, block.value, block.next_value, block.terminated, config.gamma)
    targets = gae(td, block.value, block.terminated, block.truncated, config.gamma, config.gae_lambda)
    return Rollout(block, td_mean, td_std, td, targets, min(b.policy_version for b in blocks))


def cut(rollout: Rollout, seq_len: int, device: str) -> Sequences[Tensor]:
    """Cut a rollout [T, B] into sequences [seq_len, S * B] on `device`; sequence s of environment b has number s * B + b.

    A GPU reads them while the caller goes on, out of memory that is its own: the rollout may be overwritten at once.
    """
    count = rollout.block.reward.shape[0] // seq_len
    moved = pinned if device.startswith("cuda") else contiguous
    statistics = {"td_mean": np.tile(rollout.td_mean, (count, 1)), "td_std": np.tile(rollout.td_std, (count, 1))}
    known = {**rollout.block._asdict(), **rollout.targets._asdict(), **statistics}

    def on_device(name: str, has_time: bool, dtype: Any) -> Tensor:
        array = known[name].astype(dtype or known[name].dtype, copy=False)
        if not has_time:  # [S, B, ...]
            return moved(array).to(device, non_blocking=True).flatten(0, 1)
        array = array.reshape(count, seq_len, *array.shape[1:]).swapaxes(0, 1)
        return moved(array).to(device, non_blocking=True).flatten(1, 2)

    return Sequences(
        **{name: on_device(name, field.has_time, field.dtype) for name, field in fields_of(Sequences).items()}
    )


def pick(sequences: Sequences[Tensor], which: Tensor, out: Sequences[Tensor] | None = None) -> Sequences[Tensor]:
    """The sequences with the numbers `which`, in that order; written into `out` where it is given."""
    picked: dict[str, Tensor] = {}
    for name, field in fields_of(Sequences).items():
        axis, into = field.batch_axis, None if out is None else getattr(out, name)
        assert axis is not None
        picked[name] = torch.index_select(getattr(sequences, name), axis, which, out=into)
    return Sequences(**picked)


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
