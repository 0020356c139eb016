"""The learner, the actors and the evaluator of a run: what they share, their start, replacement and end."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from gwt_ib.channel.shared_memory import Counters, create_memory
from gwt_ib.config import Config
from gwt_ib.descendants import end_marked, remove_folder, start_guard
from gwt_ib.files import nameless_memory
from gwt_ib.log import LOGGER
from gwt_ib.polling import readable
from gwt_ib.processes.children import Child, new_mark
from gwt_ib.processes.kinds import channel_kind
from gwt_ib.processes.kinds.seam import Shared, options
from gwt_ib.processes.link import Link, Message
from gwt_ib.processes.places import Place
from gwt_ib.processes.watch import (
    STALLED_S,
    STARTING_STALLED_S,
    ProgressWatch,
    RestartBudget,
    start_limit,
    step_limit,
)
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ActorRecord, ClusterRecord

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

    What the actors are is up to the kind of channel; the evaluator starts when the learner wants it.
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
        self._alive_read, self._alive_write = map(self._keep, os.pipe())
        self._reports_read, self._reports_write = map(self._keep, os.pipe())
        for end in (self._reports_read, self._reports_write):
            os.set_blocking(end, False)  # an actor must not wait for a trainer that does not read
        guarded, _ = map(self._keep, os.pipe())
        guard = start_guard(guarded, self.mark)
        self._resources.callback(guard.wait)
        self._resources.callback(guard.kill)
        self._shared = Shared(
            self._run, config, self._spec, self.counters, self._memory, self._alive_read, self._reports_write, self.mark,
            budgets.actors, self._resources,
        )  # fmt: skip
        self._actors = channel_kind(config).actors(self._shared)
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
        self.link = Link(ours)
        self._shared.tell_learner = self.link.send
        self._resources.callback(self.link.close)
        numbers = {
            "memory": self._memory, "control": theirs.fileno(), "evaluator": to_evaluator.fileno(), "weights": self._weights,
        }  # fmt: skip
        arguments = [*options(trainer=os.getpid(), **numbers), *(["--resume"] if resume else [])]
        descriptors = [*numbers.values(), *self._actors.learner_descriptors]
        try:
            self.learner = self._shared.start_child(
                "learner", learner_module, [*arguments, *self._actors.learner_options], descriptors
            )
        finally:
            theirs.close()

    def start(self) -> None:
        """Start every actor. Raises `OSError`."""
        self._actors.start()

    def tend(self) -> list[Record]:
        """Kill what hangs, replace what has died; the events to record. `used_up` is set once there is no way on."""
        if self.counters.header[Counters.CLOSED] or self.used_up:
            return []
        records = self._actors.tend()
        self._tend_evaluator()
        return records

    @property
    def used_up(self) -> str:
        """Why the run cannot go on, in a sentence, once an actor has died too often."""
        return self._actors.used_up

    @property
    def waiting(self) -> str:
        """Why the run stands still until its actors have a place, in a sentence."""
        return self._actors.waiting

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
        return "" if self.counters.header[Counters.CLOSED] else self._actors.first_death()

    def describe(self) -> tuple[ActorRecord, ...]:
        """Each actor for `run.json`; speeds over the last seconds."""
        return self._actors.describe()

    def cluster(self) -> ClusterRecord | None:
        """The machines that the actors are on; None where that is this one."""
        return self._actors.cluster()

    @property
    def logs(self) -> list[str]:
        """The names of the processes that log."""
        return ["trainer", "learner", "evaluator", *self._actors.logs]

    def end(self, meanwhile: Callable[[], None] = lambda: None, *, kill_learner: bool) -> None:
        """End every process and give back the descriptors; `meanwhile` is called as often as a heartbeat is due."""
        if kill_learner:
            self.learner.kill()
        self.learner.end(LEARNER_END_S, meanwhile)
        self.counters.header[Counters.CLOSED] = 1
        self._actors.wake()
        self._to_evaluator.close()  # that the learner's side is gone is what ends the evaluator
        others = [*self._actors.children, self._evaluator.child]
        deadline = time.monotonic() + OTHERS_END_S
        for child in others:
            if child is not None:
                child.end(max(0.0, deadline - time.monotonic()), meanwhile)
        end_marked(self.mark)
        remove_folder(self.mark)
        self._resources.close()

    def _keep(self, descriptor: int) -> int:
        """Have a descriptor closed at the end."""
        self._resources.callback(os.close, descriptor)
        return descriptor

    def _tend_evaluator(self) -> None:
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

    def _start_evaluator(self) -> Child:
        numbers = {
            "memory": self._memory, "weights": self._weights, "learner": self._to_learner,
            "alive": self._alive_read,
        }  # fmt: skip
        arguments = options(trainer=os.getpid(), **numbers)
        return self._shared.start_child("evaluator", "gwt_ib.processes.evaluator", arguments, list(numbers.values()))
