"""The place of a process that is replaced when it dies: its present process, budget and watch."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from gwt_ib.log import LOGGER
from gwt_ib.processes.children import Child
from gwt_ib.processes.limits import start_error
from gwt_ib.processes.watch import ProgressWatch, RestartBudget

SPEED_WINDOW_S = 5.0
MEMORY_S = 2.0  # between two looks at a process' memory


class Place:
    """One process after the other under one name; `start` makes the next one."""

    def __init__(self, name: str, budget: RestartBudget, start: Callable[[], Child]) -> None:
        self.name = name
        self.child: Child | None = None
        self.restarts = 0
        self.used_up = ""
        """Why there is no process any more, as a clause; empty while there may be one."""
        self._budget = budget
        self._start = start
        self._due: float | None = None
        self._deaths = 0
        self._looked = 0.0

    @property
    def alive(self) -> bool:
        """Whether there is a living process here."""
        return self.child is not None and self.child.alive

    def begin(self) -> None:
        """Start the first process. Raises `OSError`."""
        self.child = self._start()
        LOGGER.info("%s is pid %d", self.name, self.child.pid)

    def ask(self) -> None:
        """Have the first process started by the next `revive`."""
        if self.child is None and self._due is None:
            self._due = time.monotonic()

    def bury(self) -> str | None:
        """Where the process has died: how it ended, with the next one put on the agenda; else none."""
        if self.child is None or self.child.alive:
            return None
        ending = self.child.ending()
        LOGGER.warning("%s, pid %d, %s", self.name, self.child.pid, ending)
        self.child = None
        self._plan(ending)
        return ending

    def revive(self) -> bool:
        """Start the next process where it is due; True when it was. What fails is tried again, or uses up the place."""
        if self._due is None or time.monotonic() < self._due or self.used_up:
            return False
        self._due = None
        try:
            self.child = self._start()
        except OSError as error:
            sentence = start_error(error)
            LOGGER.error("%s cannot be started: %s", self.name, sentence)
            self._plan(sentence)
            return False
        self.restarts = self._deaths
        times = f", replaced for the {self.restarts}. time" if self.restarts else ""
        LOGGER.info("%s is pid %d%s", self.name, self.child.pid, times)
        return True

    def look_at_memory(self) -> None:
        """Note now and then how much memory the process has: what the kernel kills for it is gone when one asks."""
        now = time.monotonic()
        if self.child is None or now - self._looked < MEMORY_S:
            return
        self._looked = now
        try:
            self.child.memory_bytes = int(psutil.Process(self.child.pid).memory_info().rss)
        except psutil.Error:
            return

    def _plan(self, ending: str) -> None:
        self._deaths += 1
        pause_s = self._budget.spend()
        if pause_s is None:
            self.used_up = ending
        else:
            self._due = time.monotonic() + pause_s


class Speed:
    """Env steps a second over the last seconds, from a counter that is looked at now and then."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque()  # (monotonic time, env steps)

    def __call__(self, env_steps: int) -> float:
        """Take the counter's present value."""
        now = time.monotonic()
        self._steps.append((now, env_steps))
        while len(self._steps) > 2 and now - self._steps[1][0] >= SPEED_WINDOW_S:
            self._steps.popleft()
        then, before = self._steps[0]
        return round((env_steps - before) / (now - then), 1) if now > then else 0.0


@dataclass(eq=False)
class ActorPlace:
    """One actor's place: its process, and the pipe and memory that every process in this place uses."""

    place: Place
    watch: ProgressWatch
    wake_read: int
    wake_write: int
    handover: int
    generation: int = 1
    """Of the process that the learner has to hand the environments to."""
    block: int = -1
    """The number of the block in which the last process died."""
    speed: Speed = field(default_factory=Speed)
