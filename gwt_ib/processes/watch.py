"""What the trainer watches: one table of processes, what each must do and by when, and what happens then.

Every limit is on the monotonic clock. docs/reliability.md shows the table; a test compares them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec

Clock = Callable[[], float]

WINDOW_S = 600.0  # deaths that are longer ago are forgotten
FIRST_PAUSE_S = 0.5  # before the second restart; it doubles from there on
LONGEST_PAUSE_S = 30.0
SLOW_FACTOR = 20.0  # times the slowest call of the environment's check
GAP_FACTOR = 3.0  # times the longest gap that this process came back from
LATE_S = 2.0  # a trainer that was itself away for so long has no right to call others silent
STALLED_S = 10.0  # without progress of the learner: shown, long before it is replaced
STARTING_STALLED_S = 60.0  # the same before its first update, for which kernels are loaded or even compiled
SIGNAL_END_S = 8.0  # what a run gets to end after a signal, before the learner is killed; the rest ends within 2 s
LOADING_END_S = 1.0  # the same while the learner loads: it has nothing yet that could be saved


@dataclass(frozen=True)
class Watched:
    """One row: a process, what it must do, by when, and what happens where it does not."""

    process: str
    must: str
    within: str
    otherwise: str


WATCHED = (
    Watched(
        "actor", "live until the run is over", "seen within 0.1 s",
        "replaced: at once, then after pauses of 0.5 s doubling to 30 s; restored to the block that it began with, with new "
        "episodes where it died twice in one block; after `max_restarts` deaths in 10 minutes the run ends with 69",
    ),
    Watched(
        "actor", "come back from each call of an environment while it has a block to collect",
        "`hang_timeout_s`, 20 times the slowest call of the check, or 3 times its own longest gap, whichever is longest",
        "killed, then as one that died",
    ),
    Watched(
        "actor, evaluator", "have made its environments",
        "`start_timeout_s`, or 20 times what the check took", "killed, then as one that died",
    ),
    Watched(
        "learner", "live until the run is over", "seen within 0.1 s",
        "learner, actors and evaluator start again from the newest good snapshot; at the same update twice, or after "
        "`max_restarts` deaths in 10 minutes, the run ends with 70",
    ),
    Watched(
        "learner", "get on: a minibatch, a wait of a second, a request",
        "10 s, before its first update 60 s: shown as trouble; `learner_timeout_s`, or 3 times its own longest gap",
        "killed, then as one that died",
    ),
    Watched(
        "learner", "come to finite numbers", "three minibatches in a row",
        "each is left out; after the third once back to the newest good snapshot, the second time the run ends with 70",
    ),
    Watched(
        "evaluator", "live, and come back from each call of an environment while it evaluates", "as an actor",
        "killed and replaced; the evaluation is begun again, up to twice; after `max_restarts` deaths in 10 minutes there "
        "are none any more",
    ),
    Watched(
        "bridge", "live, and say how the actors in the cluster are",
        "seen within 0.1 s; `learner_timeout_s`, or 3 times its own longest gap; twice `start_timeout_s` to begin",
        "killed and replaced, and every actor behind it begins its block again; after `max_restarts` deaths in 10 minutes "
        "the run ends with 69",
    ),
    Watched(
        "actor in a cluster", "have a place, and answer as an actor does",
        "`ray_wait_s` for a place; as an actor",
        "without a place the run pauses, and goes on when there is one; replaced as an actor; one that is gone with its "
        "machine begins elsewhere, and that counts for nothing",
    ),
    Watched(
        "run", "end after the first signal", "8 s, or 1 s while the learner loads, and 2 s for the other processes",
        "the learner is killed and the newest snapshot is the one before; a second signal does it at once",
    ),
    Watched("trainer", "live", "seen at once by the kernel", "a guard ends everything that it started; `resume` goes on"),
)  # fmt: skip


class RestartBudget:
    """How often a process may die within `WINDOW_S`, and how long to wait before it is started again."""

    def __init__(self, most: int, clock: Clock = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._deaths: deque[float] = deque()

    def spend(self) -> float | None:
        """Count a death: seconds until the restart, none at first; None where the budget is used up."""
        now = self._clock()
        self._deaths.append(now)
        while now - self._deaths[0] > WINDOW_S:
            self._deaths.popleft()
        count = len(self._deaths)
        if count > self._most:
            return None
        return 0.0 if count == 1 else min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (count - 2))


class ProgressWatch:
    """Notices that a number does not change though it should, by the watcher's own clock."""

    def __init__(self, limit_s: float, clock: Clock = time.monotonic) -> None:
        self.limit_s = limit_s
        self._clock = clock
        self._progress: int | None = None
        self._changed = self._looked = clock()
        self._longest = 0.0

    def silent_s(self, progress: int, expected: bool) -> float:
        """Seconds for which `progress` has not changed; 0 while nothing is `expected`. To be called regularly."""
        now = self._clock()
        if now - self._looked > LATE_S:
            self._changed += now - self._looked
        self._looked = now
        if progress != self._progress or not expected:
            if self._progress is not None and expected:
                self._longest = max(self._longest, now - self._changed)
            self._progress, self._changed = progress, now
        return now - self._changed

    def hung(self, progress: int, expected: bool) -> bool:
        """Whether it has been silent for longer than its limit, or three times as long as ever before."""
        return self.silent_s(progress, expected) > max(self.limit_s, GAP_FACTOR * self._longest)


def step_limit(config: Config, spec: EnvironmentSpec) -> float:
    """Seconds within which an environment's call must come back."""
    return max(config.hang_timeout_s, SLOW_FACTOR * max(spec.step_s, spec.reset_s))


def start_limit(config: Config, spec: EnvironmentSpec) -> float:
    """Seconds within which one environment must be made and reset."""
    return max(config.start_timeout_s, SLOW_FACTOR * (spec.make_s + spec.reset_s))
