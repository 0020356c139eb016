"""From the actors' blocks to one rollout with its advantages, and from a rollout to sequences that can be shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gwt_ib.config import Config
from gwt_ib.model.arrays import F32, Bool, fields_of
from gwt_ib.model.experience import Block, Sequences
from gwt_ib.model.td import td_error


class Targets(NamedTuple):
    """What the policy and the critic learn from: [T, B] each."""

    advantage: F32
    returns: F32


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


def gae(td: F32, value: F32, terminated: Bool, truncated: Bool, gamma: float, gae_lambda: float) -> Targets:
    """Generalised advantage estimation (Schulman et al. 2016, eq. 16) over TD errors [T, B].

    A TD error already bootstraps correctly at the end of an episode: nothing after termination, V0 of the final
    observation after truncation, V0 of the next observation where the rollout ends. Here the sum is only cut, at both
    kinds of end, because what follows belongs to another episode. `returns = advantage + value`.
    """
    decay = (gamma * gae_lambda * ~(terminated | truncated)).astype(np.float32)
    advantage = np.empty_like(td)
    following = np.zeros(td.shape[1], np.float32)
    for t in range(td.shape[0] - 1, -1, -1):
        following = td[t] + decay[t] * following
        advantage[t] = following
    return Targets(advantage, advantage + value)


def explained_variance(value: F32, returns: F32) -> float:
    """`1 - Var(returns - value) / Var(returns)`; NaN where the returns do not vary."""
    variance = float(np.var(returns, dtype=np.float64))
    return 1.0 - float(np.var(returns - value, dtype=np.float64)) / variance if variance > 0 else float("nan")


def cut(rollout: Rollout, seq_len: int) -> Sequences[NDArray[Any]]:
    """Cut a rollout [T, B] into sequences [seq_len, S * B]; sequence s of environment b has number s * B + b."""
    count = rollout.block.reward.shape[0] // seq_len
    statistics = {"td_mean": np.tile(rollout.td_mean, (count, 1)), "td_std": np.tile(rollout.td_std, (count, 1))}
    known = {**rollout.block._asdict(), **rollout.targets._asdict(), **statistics}
    sequences: dict[str, NDArray[Any]] = {}
    for name, field in fields_of(Sequences).items():
        array = known[name].astype(field.dtype or known[name].dtype, copy=False)
        if "T" in field.axes:
            tail = array.shape[2:]
            array = np.ascontiguousarray(array.reshape(count, seq_len, -1, *tail).swapaxes(0, 1))
            sequences[name] = array.reshape(seq_len, -1, *tail)
        else:  # [Q, B, ...]
            sequences[name] = array.reshape(-1, *array.shape[2:])
    return Sequences(**sequences)


def to_device(sequences: Sequences[NDArray[Any]], device: torch.device | str) -> Sequences[Tensor]:
    """The sequences as tensors; on the CPU they share their memory.

    A GPU reads them while the caller goes on, out of page-locked memory that is its own: torch keeps such memory until
    copies out of it have ended, and then hands it to the next who asks. So the arrays may be overwritten at once.
    """
    tensors = Sequences(*map(torch.from_numpy, sequences))
    if torch.device(device).type != "cuda":
        return tensors
    return Sequences(*(tensor.pin_memory().to(device, non_blocking=True) for tensor in tensors))


def pick(sequences: Sequences[Tensor], which: Tensor, out: Sequences[Tensor] | None = None) -> Sequences[Tensor]:
    """The sequences with the numbers `which`, in that order; written into `out` where it is given."""
    picked: dict[str, Tensor] = {}
    for name, field in fields_of(Sequences).items():
        axis, into = field.batch_axis, None if out is None else getattr(out, name)
        assert axis is not None
        picked[name] = torch.index_select(getattr(sequences, name), axis, which, out=into)
    return Sequences(**picked)
