"""Faults inside a learner, which no signal can cause: `NAME:UPDATE:COUNT:TIMES`.

They come in `COUNT` updates from `UPDATE` on, in the first `TIMES` processes that get there. `exit` ends the process in the
middle of the update; `nan` makes the gradient's norm not a number; `slow` lets the update take a second. Other hooks are
`weight`, for learners whose runs are compared to the bit, and `clock`, for every process of a run.
"""

from __future__ import annotations

import math
import os
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any


def install(hook: str) -> None:
    """Put a hook into this process, which is a learner."""
    from gwt_ib.learn.adam import Adam
    from gwt_ib.learn.learner import Learner

    name, update, *rest = hook.split(":")
    count, times = [*rest, *("1", "1000000")[len(rest) :]]
    wanted = range(int(update), int(update) + int(count))
    now = {"update": 0, "does": None}
    learn, norm = Learner.update, Adam.gradient_norm

    def learns(self: Any, rollout: Any) -> Any:
        now["update"] = self.version + 1
        if here() and name == "exit":
            os._exit(9)
        if here() and name == "slow":
            time.sleep(1.0)
        return learn(self, rollout)

    def gradient_norm(self: Any) -> float:
        return math.nan if here() and name == "nan" else norm(self)

    def here() -> bool:
        if now["update"] not in wanted:
            return False
        if now["does"] is None:
            now["does"] = _take_turn(int(times))
        return bool(now["does"])

    Learner.update = learns  # type: ignore[method-assign]
    Adam.gradient_norm = gradient_norm  # type: ignore[method-assign]


def install_weight() -> None:
    """Take the one thing that is measured and has a say in what a run plays: how long a step of an evaluation lasts."""
    from gwt_ib.training.gate_budget import GateBudget

    GateBudget._measured = lambda self, config: 1  # type: ignore[method-assign]


def install_clock() -> None:
    """Let the clock of this process jump by up to a day, to and fro, each time that somebody looks at it."""
    from gwt_ib import clock

    random, honest = Random(os.getpid()), clock.utc_now
    clock.utc_now = lambda: honest() + random.choice((-86_400.0, -3_600.0, 0.0, 3_600.0, 86_400.0))


def _take_turn(times: int) -> bool:
    """Whether this process is one of the first so many."""
    folder = Path(os.environ["FAULTY_ENV"])
    for number in range(times):
        with suppress(FileExistsError):
            (folder / f"hook-{number}").touch(exist_ok=False)
            return True
        if number > 1000:
            return True
    return False
