"""The local kind: actor processes on this machine, which share memory with the learner."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from gwt_ib.channel.shared_memory import Counters, LocalLearnerChannel, MemoryLayout
from gwt_ib.files import nameless_memory
from gwt_ib.processes.children import Child
from gwt_ib.processes.kinds.seam import ChannelKind, LearnerSide, Shared, options
from gwt_ib.processes.places import ActorPlace, Place
from gwt_ib.processes.watch import ProgressWatch, start_limit, step_limit
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ActorRecord
from gwt_ib.text import often


class LocalActors:
    """An `ActorGroup` of processes. Pipes and memory belong to the place of a process: a replacement inherits them."""

    waiting = ""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._blocks_read, self._blocks_write = map(shared.keep, os.pipe())
        self._actors = [self._place(actor) for actor in range(shared.config.num_actors)]
        self.used_up = ""

    @property
    def learner_options(self) -> list[str]:
        """Where blocks are announced, how actors are woken, and where environments are handed over."""
        wakes, handovers = [each.wake_write for each in self._actors], [each.handover for each in self._actors]
        return shared_memory_options(self._blocks_read, wakes, handovers)

    @property
    def learner_descriptors(self) -> list[int]:
        """The same as descriptors."""
        return [self._blocks_read, *(number for each in self._actors for number in (each.wake_write, each.handover))]

    def start(self) -> None:
        """Start every actor. Raises `OSError`."""
        for each in self._actors:
            each.place.begin()

    def tend(self) -> list[Record]:
        """Kill what hangs, replace what has died; the events to record."""
        records: list[Record] = []
        for actor, each in enumerate(self._actors):
            self._kill_where_hung(actor, each)
            records += self._replace(actor, each)
            each.place.look_at_memory()
        return records

    def first_death(self) -> str:
        """How the first actor that died ended, in a sentence; empty while all are well."""
        for actor, each in enumerate(self._actors):
            if each.place.child is not None and not each.place.alive:
                return f"Actor {actor} {each.place.child.ending()}."
        return ""

    def describe(self) -> tuple[ActorRecord, ...]:
        """Each actor for `run.json`; speeds over the last seconds."""
        return tuple(self._describe(actor, each) for actor, each in enumerate(self._actors))

    def cluster(self) -> None:
        """On this machine."""

    @property
    def logs(self) -> list[str]:
        """The names of the processes that log."""
        return [f"actor-{actor}" for actor in range(len(self._actors))]

    def wake(self) -> None:
        """Let every actor see that the run is over."""
        for each in self._actors:
            with suppress(OSError):  # full of wake-up calls already
                os.write(each.wake_write, b"\0")

    @property
    def children(self) -> list[Child]:
        """The living processes and those not yet buried."""
        return [each.place.child for each in self._actors if each.place.child is not None]

    def _place(self, actor: int) -> ActorPlace:
        shared = self._shared
        wake_read, wake_write = map(shared.keep, os.pipe())
        place = Place(f"actor {actor}", shared.budgets[actor], partial(self._start_actor, actor))
        watch = ProgressWatch(start_limit(shared.config, shared.spec))
        return ActorPlace(place, watch, wake_read, wake_write, shared.keep(nameless_memory()))

    def _start_actor(self, actor: int) -> Child:
        each, shared = self._actors[actor], self._shared
        pipes = {
            "wake": each.wake_read, "blocks": self._blocks_write, "alive": shared.alive, "handover": each.handover,
            "reports": shared.reports,
        }  # fmt: skip
        numbers = {"trainer": os.getpid(), "actor": actor, "generation": each.generation, "memory": shared.memory}
        descriptors = [shared.memory, *pipes.values()]
        return shared.start_child(f"actor-{actor}", "gwt_ib.processes.actor", options(**numbers, **pipes), descriptors)

    def _kill_where_hung(self, actor: int, each: ActorPlace) -> None:
        """An actor must get on while it has its environments, and the version that its next block needs is published.

        A paused learner hands no environments over.
        """
        counters, config, child = self._shared.counters, self._shared.config, each.place.child
        if child is None:
            return
        pushed = int(counters.pushed[actor])
        handed = abs(int(counters.handed[actor])) >= each.generation
        has_work = handed and counters.header[Counters.VERSION] >= max(pushed - config.max_policy_lag, 0)
        starting = counters.versions[actor] < 0
        each.watch.limit_s = (start_limit if starting else step_limit)(config, self._shared.spec)
        beats = int(counters.beats[actor])
        if each.watch.hung(beats, bool(has_work)):
            silent = each.watch.silent_s(beats, bool(has_work))
            what = "making its environments" if starting else "in a call of an environment"
            child.kill(f"was killed: it had hung for {silent:.0f} s {what}")

    def _replace(self, actor: int, each: ActorPlace) -> list[Record]:
        """The next process goes on with the block that the dead one did not push.

        It gets the environments as they were at the start of that block. Where that was tried already it begins new
        episodes, so that an episode that kills its actor is not met for ever.
        """
        records: list[Record] = []
        counters = self._shared.counters
        ending = each.place.bury()
        if ending is not None:
            records.append(event("actor_died", actor=actor, message=ending))
            block = int(counters.pushed[actor])
            fresh, each.block = block == each.block, block
            each.generation += 1
            counters.versions[actor] = -1
            request = {"kind": "hand_over", "actor": actor, "generation": each.generation, "fresh": fresh}
            self._shared.tell_learner(request)
        if each.place.used_up:
            most = self._shared.config.max_restarts
            self.used_up = f"Actor {actor} died {often(most + 1)} within 10 minutes; at last it {each.place.used_up}."
        elif each.place.revive():
            each.watch = ProgressWatch(each.watch.limit_s)
            records.append(event("actor_replaced", actor=actor, restarts=each.place.restarts))
        return records

    def _describe(self, actor: int, each: ActorPlace) -> ActorRecord:
        counters = self._shared.counters
        env_steps = int(counters.env_steps[actor])
        version, lag = counters.policy_of(actor)
        return ActorRecord(
            number=actor,
            pid=each.place.child.pid if each.place.child else None,
            alive=each.place.alive,
            env_steps=env_steps,
            steps_per_s=each.speed(env_steps),
            policy_version=version,
            policy_lag=lag,
            restarts=each.place.restarts,
        )


def shared_memory_options(blocks: int, wakes: Sequence[int], handovers: Sequence[int]) -> list[str]:
    """What `shared_memory_channel` needs, as arguments of the learner's process."""
    return [*options(blocks=blocks), "--wakes", *map(str, wakes), "--handovers", *map(str, handovers)]


def shared_memory_channel(side: LearnerSide) -> LocalLearnerChannel:
    """The learner's side, for whoever fills the slots."""
    return LocalLearnerChannel(
        MemoryLayout(side.spec.observation_size, side.spec.actions, side.config),
        side.given.memory,
        blocks=side.given.blocks,
        wakes=side.given.wakes,
        handovers=side.given.handovers,
        control=side.control,
        first_block=side.training.update,
        episodes=side.training.open_episodes.episode,
    )


LOCAL = ChannelKind(LocalActors, shared_memory_channel)
