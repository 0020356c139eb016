"""MMER, the score of POPGym's paper: the maximum over epochs of the mean return of the episodes that ended in each; pure.

An epoch of the paper is one iteration of 65,536 environment steps. Here it is the least number of whole updates that make
as many; what is left at the end of a run is no epoch and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gwt_ib.lenient import real, whole

EPOCH_STEPS = 65_536


@dataclass(frozen=True)
class Mmer:
    """The score of a run and what it was made of; `value` is None where there is none, and `problem` says why."""

    value: float | None
    epochs: int = 0
    """Whole epochs in which an episode has ended."""
    problem: str = ""


def mmer(rows: Iterable[Mapping[str, Any]], epoch_steps: int = EPOCH_STEPS) -> Mmer:
    """The score of a run by its metrics: the mean of each update's episodes, weighted by how many there were.

    How many there were is the difference to the row before. Where a row is missing, an epoch begins anew after it.
    """
    best, epochs, holes, unknown = None, 0, 0, False
    total, count, start = 0.0, 0, 0  # of the epoch that is open
    update, steps, episodes = 0, 0, 0  # of the row before
    for row in rows:
        now, row_steps, row_episodes = (whole(row.get(name)) for name in ("update", "env_steps", "episodes"))
        if now is None or row_steps is None or row_episodes is None or now <= update:
            continue
        mean, ended = real(row.get("ep_return")), row_episodes - episodes
        if now != update + 1:
            holes, total, count, start = holes + 1, 0.0, 0, row_steps
        elif ended > 0 and mean is None:
            unknown, total, count, start = True, 0.0, 0, row_steps
        elif ended > 0 and mean is not None:
            total, count = total + mean * ended, count + ended
        update, steps, episodes = now, row_steps, row_episodes
        if steps - start >= epoch_steps:
            if count:
                epochs += 1
                best = total / count if best is None else max(best, total / count)
            total, count, start = 0.0, 0, steps
    return Mmer(best, epochs, _problem(best, steps, epoch_steps, holes, unknown))


def _problem(best: float | None, steps: int, epoch_steps: int, holes: int, unknown: bool) -> str:
    if best is None and unknown:
        return "no MMER: its metrics have no ep_return, as an earlier version of gwt-ib has recorded them"
    if best is None and not holes and steps < epoch_steps:
        return f"no MMER: its {steps:,} env steps are less than an epoch of {epoch_steps:,}"
    if best is None:
        return "no MMER: no episode has ended in a whole epoch"
    if holes or unknown:
        return "its MMER leaves out epochs of which rows are missing"
    return ""
