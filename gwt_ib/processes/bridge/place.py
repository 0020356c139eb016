"""One actor's place in a cluster: asked for, loaded, given its environments, and then a call for each block."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from enum import Enum
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gwt_ib.channel.shared_memory import Counters, LocalActorChannel, handed_environments, has_environments
from gwt_ib.cluster.desk import Left
from gwt_ib.cluster.nodes import differences, this_machine
from gwt_ib.cluster.remote_actor import Answer, remote_actor
from gwt_ib.config import Config
from gwt_ib.envs.spec import EnvironmentSpec
from gwt_ib.errors import ExitCode
from gwt_ib.log import LOGGER
from gwt_ib.processes.bridge.calls import Calls, ending_of, is_death
from gwt_ib.processes.bridge.desks import Desks, Tenant
from gwt_ib.processes.watch import ProgressWatch, start_limit, step_limit
from gwt_ib.text import plain

SHUNNED_S = 60.0
"""For so long nothing is asked of a machine that seems gone: a cluster may take half a minute to see it."""
AGAIN_S = 0.5  # before a place is asked for again that was gone before the actor was there
BURY_S = 2.0  # what a desk gets to say the last words of an actor


class Stage(Enum):
    """What a place waits for."""

    EMPTY = "the trainer says when an actor is to begin"
    PLACING = "the cluster has room"
    LOADING = "the actor has loaded what acts"
    WAITING = "the learner hands over the environments"
    BEGINNING = "the actor has made its environments"
    READY = "the version that the next block needs is published"
    COLLECTING = "the actor has collected its block"
    BURYING = "the last words of an actor that has ended"


class Hub(Protocol):
    """What places share."""

    config: Config
    spec: EnvironmentSpec
    counters: Counters
    calls: Calls
    desks: Desks
    mark: str
    shunned: dict[str, float]
    """Nodes that get no actor, and until when, as monotonic time."""

    def weights(self, version: int, channel: LocalActorChannel) -> Any:
        """The newest weights as an argument of a call; in a cluster they are put into the object store once a version."""

    def node_is_gone(self, node: str) -> bool:
        """Whether a machine is known to have left; one that has just come may not be known yet."""

    def died(self, actor: int, message: str, *, lost: bool) -> None:
        """Tell the trainer of an actor that has ended; `lost` with its machine, by no fault of its own."""

    def began(self, actor: int) -> None:
        """Tell the trainer that an actor has its environments."""

    def report(self, actor: int, note: dict[str, Any]) -> None:
        """Pass on what an actor has to say."""

    def collected(self, seconds: float, nbytes: int) -> None:
        """A block has come; `seconds` is what it took beside being collected."""


class RemotePlace:
    """One actor after the other under one number."""

    def __init__(self, hub: Hub, actor: int, open_channel: Callable[[], LocalActorChannel], handover: int) -> None:
        """The channel is opened once the learner has brought the shared memory to its full length."""
        self.actor, self.host, self.stage = actor, "", Stage.EMPTY
        self.waiting_since = 0.0
        self._hub, self._open_channel, self._handover = hub, open_channel, handover
        self._future: Future[Any] | None = None
        self._handle: Any = None
        self._tenant: Tenant | None = None
        self._generation, self._due, self._steps_before = 0, 0.0, 0
        self._began = self._done = 0.0
        self._watch = ProgressWatch(start_limit(hub.config, hub.spec))
        self._ending, self._lost = "", False

    @cached_property
    def _channel(self) -> LocalActorChannel:
        return self._open_channel()

    @property
    def node(self) -> str:
        """The id of the node that it is on; empty while it has none."""
        return self._tenant.node if self._tenant else ""

    def begin(self, generation: int, pause_s: float) -> None:
        """Ask for an actor after a pause."""
        self._generation, self._due = generation, time.monotonic() + pause_s
        self.stage, self.waiting_since = Stage.PLACING, self._due

    def step(self) -> None:
        """Do what can be done now, without waiting."""
        self._count()
        if self._future is not None:
            if self.stage == Stage.BURYING and time.monotonic() >= self._due:
                self._future, self._lost = None, True  # nobody answers there at all
                self._buried("")
            elif self._future.done():
                future, self._future = self._future, None
                self._take(future)
            elif self.stage != Stage.BURYING:
                self._end_what_hangs()
        if self._future is None:
            self._go_on()

    def _go_on(self) -> None:
        hub, counters = self._hub, self._hub.counters
        if self.stage == Stage.PLACING and time.monotonic() >= self._due:
            name = f"actor-{self.actor}-{self._generation}"
            shunned = [node for node, until in hub.shunned.items() if until > time.monotonic()]
            arguments = (hub.config, hub.spec.as_dict(), self.actor, hub.mark, name, shunned)
            self._handle = remote_actor(*arguments)
            self._call("hello")
        elif self.stage == Stage.WAITING and has_environments(counters, self.actor, self._generation):
            try:
                carried = handed_environments(counters, self.actor, self._handover)
            except ValueError as error:
                LOGGER.warning("actor %d begins new episodes: %s", self.actor, error)
                carried = None
            size = hub.config.envs_per_actor
            mine = slice(self.actor * size, (self.actor + 1) * size)
            self.stage = Stage.BEGINNING
            self._call("begin", counters.episodes[mine].copy(), None if carried is None else carried.tensors())
        elif self.stage == Stage.READY and self._channel.may_begin:
            version = int(counters.header[Counters.VERSION])
            counters.versions[self.actor] = version
            self._began = time.monotonic()
            self.stage = Stage.COLLECTING
            self._call("collect", hub.weights(version, self._channel), self._channel.number, self._began - self._done)

    def _call(self, method: str, *arguments: Any) -> None:
        self._watch = ProgressWatch(self._limit())
        self._future = self._hub.calls.follow(getattr(self._handle, method).remote(*arguments))

    def _limit(self) -> float:
        find = step_limit if self.stage == Stage.COLLECTING else start_limit
        return find(self._hub.config, self._hub.spec)

    def _take(self, future: Future[Any]) -> None:
        """A call has come to an end."""
        error = future.exception()
        if self.stage == Stage.BURYING:
            self._lost = self._lost or error is not None  # not only the actor is gone, its desk is, too
            left = None if error or self._tenant is None else Left(**future.result())
            if left is not None and self._tenant is not None:
                self._hub.desks.take(self._tenant, left)
            self._buried(_last_line(left.log) if left else "")
        elif error is not None and self.stage == Stage.PLACING and is_death(error):
            LOGGER.info("actor %d: where it was to be, it %s", self.actor, ending_of(error))
            self._handle, self._due = None, time.monotonic() + AGAIN_S
        elif error is not None:
            self._bury(ending_of(error))
        elif self.stage == Stage.PLACING:
            self._has_a_place(future.result())
        else:
            self._answered(Answer(**future.result()))

    def _has_a_place(self, machine: dict[str, str]) -> None:
        node, self.host = machine["node"], machine["host"]
        other = differences(this_machine(), machine)
        if other:
            self._refuse(node, f"{self.host} has {other}")
            return
        LOGGER.info("actor %d is on %s", self.actor, self.host)
        self._tenant = Tenant(self.actor, f"actor-{self.actor}-{self._generation}", node)
        self._hub.desks.enter(self._tenant)
        self._steps_before = int(self._hub.counters.env_steps[self.actor])
        self.stage = Stage.LOADING
        self._call("prepare")

    def _refuse(self, node: str, why: str) -> None:
        """A machine with other versions: at the start of a run an error, later one machine less."""
        self._kill()
        sentence = f"{why}: all machines of a run need the same versions"
        if self._generation == 1:
            self._end_the_run(f"{sentence}.", ExitCode.BAD_CONFIGURATION)
        else:
            self._hub.report(self.actor, {"kind": "warning", "message": f"{sentence}; it gets no actor"})
        self._hub.shunned[node] = math.inf
        self.stage = Stage.PLACING

    def _answered(self, answer: Answer) -> None:
        for note in answer.notes:
            self._hub.report(self.actor, note)
        if answer.code:
            self._end_the_run(answer.error, answer.code)
        if answer.error:
            self._bury(f"ended with an error: {plain(answer.error)}")
        elif self.stage == Stage.LOADING:
            self.stage = Stage.WAITING
        elif self.stage == Stage.BEGINNING:
            self.stage, self._done = Stage.READY, time.monotonic()
            self._hub.began(self.actor)
        elif answer.block is not None:
            self._push(answer.block)

    def _end_the_run(self, message: str, code: int) -> None:
        self._hub.report(self.actor, {"kind": "cannot_go_on", "message": message, "code": int(code)})

    def _push(self, data: NDArray[np.uint8]) -> None:
        """Put the block where the learner reads it."""
        try:
            self._channel.write(data)
        except ValueError as error:
            self._bury(f"sent something else: {error}")
            return
        block = self._channel.next_block()
        self._hub.counters.episodes[self._mine] = block.episode
        now = time.monotonic()
        self._hub.collected(now - self._began - float(block.seconds[:-1].sum()), data.nbytes)
        self._channel.push()
        self.stage, self._done = Stage.READY, now

    @property
    def _mine(self) -> slice:
        size = self._hub.config.envs_per_actor
        return slice(self.actor * size, (self.actor + 1) * size)

    def _count(self) -> None:
        """Show others how far the actor is."""
        if self._tenant is None or not self._tenant.counters:
            return
        env_steps, beats, *episodes = self._tenant.counters
        counters = self._hub.counters
        counters.env_steps[self.actor] = self._steps_before + env_steps
        counters.beats[self.actor] = beats
        if self.stage == Stage.COLLECTING and len(episodes) == self._hub.config.envs_per_actor:
            mine = counters.episodes[self._mine]  # a look may be older than the newest block: numbers never go back
            np.maximum(mine, episodes, out=mine)

    def _end_what_hangs(self) -> None:
        """An actor must get on while it has work; one that waits for a place may wait."""
        working = self.stage in (Stage.LOADING, Stage.BEGINNING, Stage.COLLECTING)
        beats = int(self._hub.counters.beats[self.actor])
        if self._machine_is_gone:
            self._bury("is gone with its machine")
        elif self._watch.hung(beats, working):
            silent = self._watch.silent_s(beats, working)
            what = "in a call of an environment" if self.stage == Stage.COLLECTING else "before its first block"
            self._bury(f"was killed: it had hung for {silent:.0f} s {what}")

    @property
    def _machine_is_gone(self) -> bool:
        return self._tenant is not None and self._hub.node_is_gone(self._tenant.node)

    def _bury(self, ending: str) -> None:
        """An actor has ended, or is to end: hear its last words first."""
        self._kill()
        where = f" on {self.host}" if self.host else ""
        self._ending = f"{ending}{where}"
        self._lost = self._machine_is_gone
        self._future = self._hub.desks.leave(self._tenant) if self._tenant else None
        self.stage, self._due = Stage.BURYING, time.monotonic() + BURY_S
        if self._future is None:
            self._buried("")

    def _buried(self, last_words: str) -> None:
        lost = self._lost or self._machine_is_gone
        if lost and self._tenant:
            self._hub.shunned[self._tenant.node] = time.monotonic() + SHUNNED_S
        ending = "is gone with its machine" if lost else self._ending
        self.stage, self._tenant, self.host = Stage.EMPTY, None, ""
        self._hub.counters.versions[self.actor] = -1
        self._hub.died(self.actor, f"{ending}: {last_words}" if last_words else ending, lost=lost)

    def _kill(self) -> None:
        import ray

        if self._handle is not None:
            ray.kill(self._handle, no_restart=True)
        self._handle = None


def _last_line(log: bytes) -> str:
    lines = [line for line in log.decode(errors="replace").splitlines() if line.strip()]
    return plain(lines[-1].strip()) if lines else ""
