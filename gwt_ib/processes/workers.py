"""The learner, the actors and the evaluator of a run: what they share, their start, replacement and end."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial

from gwt_ib.channel.shared_memory import Counters, create_memory
from gwt_ib.config import Config
from gwt_ib.files import nameless_memory
from gwt_ib.log import LOGGER
from gwt_ib.polling import readable
from gwt_ib.processes.children import Child, new_mark, start_child, start_guard
from gwt_ib.processes.descendants import end_marked
from gwt_ib.processes.link import Link, Message
from gwt_ib.processes.places import ActorPlace, Place
from gwt_ib.processes.watch import (
    STALLED_S,
    STARTING_STALLED_S,
    ProgressWatch,
    RestartBudget,
    start_limit,
    step_limit,
)
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ActorRecord

LEARNER_END_S = 10.0  # what the learner, and then the others together, get to end by themselves
OTHERS_END_S = 2.0
LEARNER_START_FACTOR = 2.0  # times `start_timeout_s`: torch is loaded, and at the first start kernels are compiled
REPORT_BYTES = 4096  # of one report of an actor: so much is written in one piece


@dataclass
class Budgets:
    """How often each process of a run may die; they outlive the processes of one start."""

    learner: RestartBudget
    not_finite: RestartBudget
    evaluator: RestartBudget
    actors: list[RestartBudget]

    @classmethod
    def of(cls, config: Config) -> Budgets:
        """Full ones."""
        most = config.max_restarts
        actors = [RestartBudget(most) for _ in range(config.num_actors)]
        return cls(RestartBudget(most), RestartBudget(min(1, most)), RestartBudget(most), actors)


class Workers:
    """Starts the learner; `start` starts the others. Always ended by `end`.

    Pipes and memory belong to the place of a process: a replacement inherits them. With the serial channel there are no
    actors; the evaluator starts when the learner wants it.
    """

    def __init__(
        self, run: RunDirectory, config: Config, learner_module: str, budgets: Budgets, *, resume: bool = False
    ) -> None:
        """Raises `OSError` where there is no memory, descriptor or process left, and then leaves none of them."""
        self._run, self._config, self._spec = run, config, run.read_environment()
        self._resources = ExitStack()
        try:
            self._open(learner_module, budgets, resume)
        except BaseException:
            self._resources.close()
            raise

    def _open(self, learner_module: str, budgets: Budgets, resume: bool) -> None:
        config = self._config
        self.mark = new_mark()
        self._memory = self._keep(create_memory(config))
        self.counters = Counters.open(self._memory, config)
        self._weights = self._keep(nameless_memory())  # that the evaluator acts by
        self._blocks_read, self._blocks_write = map(self._keep, os.pipe())
        self._alive_read, self._alive_write = map(self._keep, os.pipe())
        self._reports_read, self._reports_write = map(self._keep, os.pipe())
        for end in (self._reports_read, self._reports_write):
            os.set_blocking(end, False)  # an actor must not wait for a trainer that does not read
        guarded, _ = map(self._keep, os.pipe())
        guard = start_guard(guarded, self.mark)
        self._resources.callback(guard.wait)
        self._resources.callback(guard.kill)
        count = config.num_actors if config.channel == "local" else 0
        self._actors = [self._actor_place(actor, budgets.actors[actor]) for actor in range(count)]
        ours, theirs = socket.socketpair()
        to_evaluator, to_learner = socket.socketpair()
        self._resources.callback(to_evaluator.close)
        self._resources.callback(to_learner.close)
        self._to_learner, self._to_evaluator = to_learner.fileno(), to_evaluator
        self._evaluator = Place("the evaluator", budgets.evaluator, self._start_evaluator)
        self._evaluator_watch = ProgressWatch(start_limit(config, self._spec))
        self._evaluating = False
        self._learner_start_limit = max(config.learner_timeout_s, LEARNER_START_FACTOR * config.start_timeout_s)
        self._learner_watch = ProgressWatch(self._learner_start_limit)
        self._first_version = -1  # of the weights that this learner published first
        self.used_up = ""
        """Why the run cannot go on, in a sentence, once an actor has died too often."""
        self.link = Link(ours)
        self._resources.callback(self.link.close)
        numbers = {
            "memory": self._memory, "blocks": self._blocks_read, "control": theirs.fileno(),
            "evaluator": to_evaluator.fileno(), "weights": self._weights,
        }  # fmt: skip
        wakes, handovers = [each.wake_write for each in self._actors], [each.handover for each in self._actors]
        arguments = [*_options(trainer=os.getpid(), **numbers), *(["--resume"] if resume else [])]
        arguments += ["--wakes", *map(str, wakes), "--handovers", *map(str, handovers)]
        try:
            self.learner = self._start_child(
                "learner", learner_module, arguments, [*numbers.values(), *wakes, *handovers]
            )
        finally:
            theirs.close()

    def start(self) -> None:
        """Start every actor. Raises `OSError`."""
        for each in self._actors:
            each.place.begin()

    def tend(self) -> list[Record]:
        """Kill what hangs, replace what has died; the events to record. `used_up` is set once there is no way on."""
        records: list[Record] = []
        if self.counters.header[Counters.CLOSED] or self.used_up:
            return records
        for actor, each in enumerate(self._actors):
            self._kill_where_hung(actor, each)
            records += self._replace(actor, each)
            each.place.look_at_memory()
        return records + self._tend_evaluator()

    def reports(self) -> list[Message]:
        """What actors and the evaluator have reported; a report that is damaged is left out."""
        found: list[Message] = []
        while readable((self._reports_read,), 0.0):
            for line in os.read(self._reports_read, 16 * REPORT_BYTES).splitlines():
                try:
                    found.append(json.loads(line))
                except ValueError:
                    LOGGER.warning("a report was not understood: %r", line[:200])
        return found

    def want_evaluator(self) -> None:
        """Start the evaluator with the next `tend`, if it is not there yet."""
        if self._evaluator.used_up:
            self.link.send(
                {"kind": "evaluator_lost", "message": self._evaluator.used_up, "for_good": True, "hung": False}
            )
        self._evaluator.ask()

    def learner_silent_s(self) -> float:
        """For how long the learner has not got on."""
        return self._learner_watch.silent_s(int(self.counters.header[Counters.BEAT]), True)

    def learner_stalls(self) -> bool:
        """Whether the learner has not got on for so long that it is said; before its first update it loads kernels."""
        version = int(self.counters.header[Counters.VERSION])
        self._first_version = version if self._first_version < 0 else self._first_version
        limit = STALLED_S if version > self._first_version else STARTING_STALLED_S
        return self.learner_silent_s() > limit

    @property
    def learner_has_begun(self) -> bool:
        """Whether the learner has come to its first wait: everything is loaded, compiled and restored."""
        return bool(self.counters.header[Counters.BEAT] > 0)

    def learner_hangs(self) -> bool:
        """Whether the learner has not got on for longer than it may."""
        limit = self._config.learner_timeout_s
        self._learner_watch.limit_s = limit if self.learner_has_begun else self._learner_start_limit
        return self._learner_watch.hung(int(self.counters.header[Counters.BEAT]), True)

    def first_death(self) -> str:
        """How the first actor that died before the run was over ended, in a sentence; empty while all are well."""
        if self.counters.header[Counters.CLOSED]:
            return ""
        for actor, each in enumerate(self._actors):
            if each.place.child is not None and not each.place.alive:
                return f"Actor {actor} {each.place.child.ending()}."
        return ""

    def describe(self) -> tuple[ActorRecord, ...]:
        """Each actor for `run.json`; speeds over the last seconds."""
        return tuple(self._describe(actor, each) for actor, each in enumerate(self._actors))

    @property
    def logs(self) -> list[str]:
        """The names of the processes that log."""
        return ["trainer", "learner", "evaluator", *(f"actor-{actor}" for actor in range(len(self._actors)))]

    def end(self, meanwhile: Callable[[], None] = lambda: None, *, kill_learner: bool) -> None:
        """End every process and give back the descriptors; `meanwhile` is called as often as a heartbeat is due."""
        if kill_learner:
            self.learner.kill()
        self.learner.end(LEARNER_END_S, meanwhile)
        self.counters.header[Counters.CLOSED] = 1
        for each in self._actors:
            with suppress(OSError):  # full of wake-up calls already
                os.write(each.wake_write, b"\0")
        self._to_evaluator.close()  # that the learner's side is gone is what ends the evaluator
        others = [each.place.child for each in self._actors] + [self._evaluator.child]
        deadline = time.monotonic() + OTHERS_END_S
        for child in others:
            if child is not None:
                child.end(max(0.0, deadline - time.monotonic()), meanwhile)
        end_marked(self.mark)
        self._resources.close()

    def _keep(self, descriptor: int) -> int:
        """Have a descriptor closed at the end."""
        self._resources.callback(os.close, descriptor)
        return descriptor

    def _kill_where_hung(self, actor: int, each: ActorPlace) -> None:
        """An actor must get on while it has its environments, and the version that its next block needs is published.

        A paused learner hands no environments over.
        """
        counters, child = self.counters, each.place.child
        if child is None:
            return
        pushed = int(counters.pushed[actor])
        handed = abs(int(counters.handed[actor])) >= each.generation
        has_work = handed and counters.header[Counters.VERSION] >= max(pushed - self._config.max_policy_lag, 0)
        starting = counters.versions[actor] < 0
        each.watch.limit_s = (start_limit if starting else step_limit)(self._config, self._spec)
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
        ending = each.place.bury()
        if ending is not None:
            records.append(event("actor_died", actor=actor, message=ending))
            block = int(self.counters.pushed[actor])
            fresh, each.block = block == each.block, block
            each.generation += 1
            self.counters.versions[actor] = -1
            request = {"kind": "hand_over", "actor": actor, "generation": each.generation, "fresh": fresh}
            self.link.send(request)
        if each.place.used_up:
            most = self._config.max_restarts
            self.used_up = f"Actor {actor} died {most + 1} times within 10 minutes; at last it {each.place.used_up}."
        elif each.place.revive():
            each.watch = ProgressWatch(each.watch.limit_s)
            records.append(event("actor_replaced", actor=actor, restarts=each.place.restarts))
        return records

    def _tend_evaluator(self) -> list[Record]:
        place, header = self._evaluator, self.counters.header
        beats, evaluating = int(header[Counters.EVALUATOR_BEAT]), bool(header[Counters.EVALUATING])
        hung = place.child is not None and self._evaluator_watch.hung(beats, evaluating)
        if hung and place.child is not None:
            place.child.kill(f"was killed: it had hung for {self._evaluator_watch.silent_s(beats, evaluating):.0f} s")
        if self._evaluating and not evaluating:  # its environments are made
            self._evaluator_watch.limit_s = step_limit(self._config, self._spec)
        self._evaluating = evaluating
        ending = place.bury()
        if ending is not None:
            lost = {"kind": "evaluator_lost", "message": ending, "for_good": bool(place.used_up), "hung": hung}
            self.link.send(lost)
        elif place.revive():
            self._evaluator_watch = ProgressWatch(start_limit(self._config, self._spec))
        return []

    def _actor_place(self, actor: int, budget: RestartBudget) -> ActorPlace:
        wake_read, wake_write = map(self._keep, os.pipe())
        place = Place(f"actor {actor}", budget, partial(self._start_actor, actor))
        watch = ProgressWatch(start_limit(self._config, self._spec))
        return ActorPlace(place, watch, wake_read, wake_write, self._keep(nameless_memory()))

    def _start_actor(self, actor: int) -> Child:
        each = self._actors[actor]
        pipes = {
            "wake": each.wake_read, "blocks": self._blocks_write, "alive": self._alive_read, "handover": each.handover,
            "reports": self._reports_write,
        }  # fmt: skip
        numbers = {"trainer": os.getpid(), "actor": actor, "generation": each.generation, "memory": self._memory}
        descriptors = [self._memory, *pipes.values()]
        return self._start_child(f"actor-{actor}", "gwt_ib.processes.actor", _options(**numbers, **pipes), descriptors)

    def _start_evaluator(self) -> Child:
        numbers = {
            "memory": self._memory, "weights": self._weights, "learner": self._to_learner,
            "alive": self._alive_read,
        }  # fmt: skip
        options = _options(trainer=os.getpid(), **numbers)
        return self._start_child("evaluator", "gwt_ib.processes.evaluator", options, list(numbers.values()))

    def _start_child(self, name: str, module: str, arguments: list[str], descriptors: list[int]) -> Child:
        return start_child(self._run, name, module, arguments, descriptors, self.mark)

    def _describe(self, actor: int, each: ActorPlace) -> ActorRecord:
        env_steps = int(self.counters.env_steps[actor])
        published, version = int(self.counters.header[Counters.VERSION]), int(self.counters.versions[actor])
        return ActorRecord(
            number=actor,
            pid=each.place.child.pid if each.place.child else None,
            alive=each.place.alive,
            env_steps=env_steps,
            steps_per_s=each.speed(env_steps),
            policy_version=version,
            policy_lag=max(0, published - version) if version >= 0 else 0,
            restarts=each.place.restarts,
        )


def _options(**numbers: int) -> list[str]:
    return [text for name, number in numbers.items() for text in (f"--{name}", str(number))]
