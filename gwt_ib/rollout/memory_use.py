"""Where in an episode the gate matters: it is held in one window of steps alone, and what that costs is seen.

With the gate shut nothing of a window is remembered, so a loss says that something of it was needed; with the gate open
everything is, so a loss says that keeping something out was needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from gwt_ib.model.arrays import F32
from gwt_ib.replacements import LEARNED
from gwt_ib.rollout.evaluation import Returns
from gwt_ib.rollout.replaced_gate import GatePlayer

WINDOWS = 8
HELD = {"shut": 0.0, "open": 1.0}
"""What the gate of a window is."""


def window_edges(lengths: Sequence[int], windows: int = WINDOWS) -> list[int]:
    """The first steps of windows with about equally many steps of all episodes in each, and the end of the last."""
    alive = np.bincount(np.asarray(lengths), minlength=1)[::-1].cumsum()[::-1][1:]  # episodes that have a step t
    if not len(alive):
        return [0]
    until = np.concatenate(([0], alive.cumsum()))
    edges = np.searchsorted(until, until[-1] * np.arange(windows + 1) / windows)
    return sorted({int(edge) for edge in edges})


def memory_use(player: GatePlayer, words: Sequence[str]) -> dict[str, Any]:
    """Returns with the gate held in each window alone, for those of `HELD` that are among `words`.

    `edges` [N + 1]; mean c and |td_prev| of each window under the learned gate, `mean_c` and `td` [N]; and for each word N
    lists of returns, None for an episode that failed or did not reach the window.
    """
    returns, lengths = player.learned.returns, player.learned.lengths
    edges = window_edges(lengths)
    windows = list(pairwise(edges))
    found: dict[str, Any] = {
        "edges": edges,
        "mean_c": [_mean(player.gate.c, *window) for window in windows],
        "td": [_mean(player.gate.td, *window) for window in windows],
    }
    for word in (word for word in HELD if word in words):
        found[word] = []
        for start, end in windows:
            reached = [i for i, value in enumerate(returns) if value is not None and lengths[i] > start]
            held: Returns = [None] * len(returns)
            if reached:
                for i, value in zip(reached, player.within(HELD[word], start, end, reached).returns, strict=True):
                    held[i] = value
            found[word].append(held)
    return found


def gate_record(player: GatePlayer, words: Sequence[str], *, steps: Sequence[str] = ()) -> dict[str, Any]:
    """All episodes with the learned gate and with each of `words`, and `memory_use` for `steps`; ready for JSON."""
    every = range(len(player.learned.returns))
    replaced = player.replaced([word for word in words if word != LEARNED], every).returns
    return {
        "returns": {LEARNED: player.learned.returns, **replaced},
        "mean_c": player.gate.mean_c,
        "steps": memory_use(player, steps) if steps else None,
    }


def _mean(noted: Mapping[int, F32], start: int, end: int) -> float | None:
    values = np.concatenate([steps[start:end] for steps in noted.values()])
    return float(values.mean(dtype=np.float64)) if len(values) else None
