"""The learner and the actors of a run: the memory and pipes that they share, their start, replacement and end."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from gwt_ib.channel.shared_memory import Counters, create_memory
from gwt_ib.config import Config
from gwt_ib.log import LOGGER
from gwt_ib.processes.children import Child, Link, start_child
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ActorRecord

MAX_RESTARTS = 5
SPEED_WINDOW_S = 5.0
LEARNER_END_S = 10.0  # what the learner, and then the actors together, get to end by themselves
ACTORS_END_S = 3.0


@dataclass(eq=False)
class Slot:
    """One actor's place: its present process, and the wake-up pipe that every process in this place uses."""

    wake_read: int
    wake_write: int
    child: Child | None = None
    restarts: int = 0
    steps: deque[tuple[float, int]] = field(default_factory=deque)  # (monotonic time, env steps) of the last seconds


class Workers:
    """Starts the learner; `start` starts the actors. Always ended by `end`.

    Pipes belong to the place of an actor, not to the process: a replacement inherits them. With the serial channel there
    are no actors.
    """

    def __init__(self, run: RunDirectory, config: Config, learner_module: str, *, resume: bool = False) -> None:
        self._run = run
        self._memory = create_memory(config)
        self._counters = Counters.open(self._memory, config)
        self._blocks_read, self._blocks_write = os.pipe()
        self._alive_read, self._alive_write = os.pipe()
        count = config.num_actors if config.channel == "local" else 0
        self._slots = [Slot(*os.pipe()) for _ in range(count)]
        self.used_up = ""
        ours, theirs = socket.socketpair()
        wakes = [slot.wake_write for slot in self._slots]
        numbers = {"memory": self._memory, "blocks": self._blocks_read, "control": theirs.fileno()}
        arguments = [*_options(trainer=os.getpid(), **numbers), "--wakes", *map(str, wakes)]
        arguments += ["--resume"] if resume else []
        self.learner = start_child(run, "learner", learner_module, arguments, [*numbers.values(), *wakes])
        theirs.close()
        self.link = Link(ours)

    def start(self) -> None:
        """Start every actor."""
        for actor in range(len(self._slots)):
            self._start(actor)

    def replace_dead(self) -> list[Record]:
        """Start a new process for each actor that died; the events to record.

        The new one goes on with the block that the dead one did not push, and with fresh episodes, so that an episode
        that kills its actor is not met again. `used_up` is set once an actor has died too often.
        """
        events: list[Record] = []
        for actor, slot in enumerate(self._slots):
            if self.used_up or slot.child is None or not self._died(slot):
                continue
            LOGGER.warning("actor %d, pid %d, %s", actor, slot.child.pid, slot.child.ending())
            events.append(event("actor_died", actor=actor, message=slot.child.ending()))
            if slot.restarts == MAX_RESTARTS:
                self.used_up = f"Actor {actor} died {MAX_RESTARTS + 1} times; at last it {slot.child.ending()}."
                continue
            slot.restarts += 1
            self._start(actor)
            LOGGER.info("actor %d is replaced, %d of %d times", actor, slot.restarts, MAX_RESTARTS)
            events.append(event("actor_replaced", actor=actor, restarts=slot.restarts))
        return events

    def first_death(self) -> str:
        """How the first actor that died before the run was over ended, in a sentence; empty while all are well."""
        for actor, slot in enumerate(self._slots):
            if slot.child is not None and self._died(slot):
                return f"Actor {actor} {slot.child.ending()}."
        return ""

    def describe(self) -> tuple[ActorRecord, ...]:
        """Each actor for `run.json`; speeds over the last seconds."""
        return tuple(self._describe(actor, slot, time.monotonic()) for actor, slot in enumerate(self._slots))

    def end(self, meanwhile: Callable[[], None] = lambda: None, *, kill_learner: bool) -> None:
        """End every process and give back the descriptors; `meanwhile` is called as often as a heartbeat is due."""
        if kill_learner:
            self.learner.process.kill()
        self.learner.end(LEARNER_END_S, meanwhile)
        os.close(self._alive_write)
        deadline = time.monotonic() + ACTORS_END_S
        for slot in self._slots:
            if slot.child is not None:
                slot.child.end(max(0.0, deadline - time.monotonic()), meanwhile)
        pipes = [end for slot in self._slots for end in (slot.wake_read, slot.wake_write)]
        for descriptor in (self._memory, self._blocks_read, self._blocks_write, self._alive_read, *pipes):
            os.close(descriptor)
        self.link.close()

    def _died(self, slot: Slot) -> bool:
        """Whether the actor in this place has ended though the run is not over."""
        return slot.child is not None and not slot.child.alive and not self._counters.header[Counters.CLOSED]

    def _start(self, actor: int) -> None:
        slot = self._slots[actor]
        pipes = {"wake": slot.wake_read, "blocks": self._blocks_write, "alive": self._alive_read}
        arguments = _options(trainer=os.getpid(), actor=actor, memory=self._memory, **pipes)
        descriptors = [self._memory, *pipes.values()]
        slot.child = start_child(self._run, f"actor-{actor}", "gwt_ib.processes.actor", arguments, descriptors)
        LOGGER.info("actor %d is pid %d", actor, slot.child.pid)

    def _describe(self, actor: int, slot: Slot, now: float) -> ActorRecord:
        env_steps = int(self._counters.env_steps[actor])
        slot.steps.append((now, env_steps))
        while len(slot.steps) > 2 and now - slot.steps[1][0] >= SPEED_WINDOW_S:
            slot.steps.popleft()
        (then, before) = slot.steps[0]
        published, version = int(self._counters.header[Counters.VERSION]), int(self._counters.versions[actor])
        return ActorRecord(
            number=actor,
            pid=slot.child.pid if slot.child else None,
            alive=slot.child is not None and slot.child.alive,
            env_steps=env_steps,
            steps_per_s=round((env_steps - before) / (now - then), 1) if now > then else 0.0,
            policy_version=version,
            policy_lag=max(0, published - version) if version >= 0 else 0,
            restarts=slot.restarts,
        )


def _options(**numbers: int) -> list[str]:
    return [text for name, number in numbers.items() for text in (f"--{name}", str(number))]
