"""The ray kind: actors wherever a cluster has room, behind one process that stands for all of them on this machine.

That process, the bridge, is to the learner what local actors are: it fills the slots of shared memory. So the learner's side
is that of the local kind, and Ray is imported in the bridge alone.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass, field

from gwt_ib.files import nameless_memory
from gwt_ib.lenient import mapping, mappings, text
from gwt_ib.log import LOGGER
from gwt_ib.processes.children import Child
from gwt_ib.processes.kinds.local import shared_memory_channel, shared_memory_options
from gwt_ib.processes.kinds.seam import ChannelKind, Shared, options
from gwt_ib.processes.link import Link, Message
from gwt_ib.processes.places import Place, Speed
from gwt_ib.processes.watch import ProgressWatch, RestartBudget
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import Record
from gwt_ib.runs.record import ActorRecord, ClusterRecord
from gwt_ib.text import often

START_FACTOR = 3.0  # times `start_timeout_s`: Ray itself may have to be started, or a cluster be waited for
BRIDGE_MODULE = "gwt_ib.processes.bridge.process"


@dataclass(eq=False)
class _Seat:
    """What the trainer knows of an actor."""

    speed: Speed = field(default_factory=Speed)
    generation: int = 0
    block: int = -1  # in which its last process ended
    restarts: int = 0
    alive: bool = False
    node: str = ""


class RayActors:
    """An `ActorGroup` behind a bridge: the trainer decides who begins when, the bridge does it."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        config = shared.config
        self._wake_read, self._wake_write = map(shared.keep, os.pipe())
        self._blocks_read, self._blocks_write = map(shared.keep, os.pipe())
        self._handovers = [shared.keep(nameless_memory()) for _ in range(config.num_actors)]
        self._seats = [_Seat() for _ in range(config.num_actors)]
        self._start_limit = max(config.learner_timeout_s, START_FACTOR * config.start_timeout_s)
        self._watch, self._heard = ProgressWatch(self._start_limit), 0
        self._bridge = Place("the bridge to the cluster", RestartBudget(config.max_restarts), self._start_bridge)
        self._link: Link | None = None
        self._cluster = ClusterRecord()
        self.used_up = self.waiting = ""
        self.learner_options = shared_memory_options(self._blocks_read, [self._wake_write], self._handovers)
        self.learner_descriptors = [self._blocks_read, self._wake_write, *self._handovers]
        self.logs = ["cluster", *(f"actor-{actor}" for actor in range(config.num_actors))]

    def start(self) -> None:
        """Start the bridge, and every actor with it. Raises `OSError`."""
        self._bridge.begin()
        self._begin_all()

    def tend(self) -> list[Record]:
        """Take what the bridge says, and replace it where it has died; the events to record."""
        records: list[Record] = []
        for message in self._link.receive() if self._link else []:
            records += self._take(message)
        self.waiting = self._waiting_words()
        child = self._bridge.child
        if child is not None and self._watch.hung(self._heard, True):
            child.kill(f"was killed: it had hung for {self._watch.silent_s(self._heard, True):.0f} s")
        ending = self._bridge.bury()
        if ending is not None:
            records.append(event("warning", message=f"the bridge to the cluster {ending}; all actors begin again"))
            for seat in self._seats:
                seat.alive, seat.node = False, ""
        if self._bridge.used_up:
            self.used_up = f"The bridge to the cluster died too often; at last it {self._bridge.used_up}."
        elif self._bridge.revive():
            self._watch = ProgressWatch(self._start_limit)
            self._begin_all()
        return records

    def first_death(self) -> str:
        """How the first actor that died ended, in a sentence; empty while all are well."""
        child = self._bridge.child
        return "" if child is None or child.alive else f"The bridge to the cluster {child.ending()}."

    def describe(self) -> tuple[ActorRecord, ...]:
        """Each actor for `run.json`. Its process id says nothing here."""
        counters, found = self._shared.counters, []
        for actor, seat in enumerate(self._seats):
            env_steps = int(counters.env_steps[actor])
            version, lag = counters.policy_of(actor)
            speed = seat.speed(env_steps)
            found.append(ActorRecord(actor, None, seat.alive, env_steps, speed, version, lag, seat.restarts, seat.node))
        return tuple(found)

    def cluster(self) -> ClusterRecord:
        """The machines that the actors are on."""
        return self._cluster

    def wake(self) -> None:
        """Let the bridge see that the run is over."""
        with suppress(OSError):  # full of wake-up calls already
            os.write(self._wake_write, b"\0")

    @property
    def children(self) -> list[Child]:
        """The bridge."""
        return [self._bridge.child] if self._bridge.child else []

    def _start_bridge(self) -> Child:
        shared = self._shared
        ours, theirs = socket.socketpair()
        numbers = {
            "memory": shared.memory, "wake": self._wake_read, "blocks": self._blocks_write, "alive": shared.alive,
            "link": theirs.fileno(), "reports": shared.reports,
        }  # fmt: skip
        arguments = [*options(trainer=os.getpid(), **numbers), "--mark", shared.mark]
        arguments += ["--handovers", *map(str, self._handovers)]
        try:
            child = shared.start_child("cluster", BRIDGE_MODULE, arguments, [*numbers.values(), *self._handovers])
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._link = Link(ours)
        shared.resources.callback(ours.close)
        return child

    def _begin_all(self) -> None:
        for actor in range(len(self._seats)):
            self._begin(actor, 0.0)

    def _begin(self, actor: int, pause_s: float) -> None:
        """Have an actor begin, with the environments as they were before the block that the last one did not push.

        Where that was tried already it begins new episodes: one that kills its actor is not met for ever.
        """
        seat, block = self._seats[actor], int(self._shared.counters.pushed[actor])
        seat.generation += 1
        if seat.generation > 1:
            request = {"kind": "hand_over", "actor": actor, "generation": seat.generation, "fresh": block == seat.block}
            self._shared.tell_learner(request)
        if self._link:
            self._link.send({"kind": "begin", "actor": actor, "generation": seat.generation, "pause_s": pause_s})

    def _take(self, message: Message) -> list[Record]:
        self._heard += 1
        self._watch.limit_s = self._shared.config.learner_timeout_s
        if message["kind"] == "event":
            return [message["record"]]
        if message["kind"] == "status":
            self._cluster = ClusterRecord.from_dict(mapping(message["cluster"]))
            for seat, known in zip(self._seats, mappings(message["actors"]), strict=False):
                seat.alive, seat.node = known.get("alive") is True, text(known.get("node"))
            return []
        actor = int(message["actor"])
        seat = self._seats[actor]
        if message["kind"] == "died":
            return self._replace(actor, seat, str(message["message"]), lost=bool(message["lost"]))
        LOGGER.info("actor %d has its environments", actor)
        return [event("actor_replaced", actor=actor, restarts=seat.restarts)] if seat.restarts else []

    def _replace(self, actor: int, seat: _Seat, ending: str, *, lost: bool) -> list[Record]:
        """Have the next actor begin elsewhere. A machine that is gone is nobody's fault, and counts for nothing."""
        seat.alive, seat.node = False, ""
        pause_s = 0.0 if lost else self._shared.budgets[actor].spend()
        if pause_s is None:
            most = self._shared.config.max_restarts
            self.used_up = f"Actor {actor} died {often(most + 1)} within 10 minutes; at last it {ending}."
        else:
            seat.restarts += 1
            self._begin(actor, pause_s)
            if not lost:
                seat.block = int(self._shared.counters.pushed[actor])
        return [event("actor_died", actor=actor, message=ending)]

    def _waiting_words(self) -> str:
        """Why the run stands still; empty while nobody has waited for too long."""
        cluster, config = self._cluster, self._shared.config
        if not cluster.waiting or cluster.waiting_s < config.ray_wait_s:
            return ""
        alive = [node for node in cluster.nodes if node.alive]
        free = max((node.free_cpus or 0.0 for node in alive), default=0.0)
        needs = f"{config.ray_cpus:g} CPU(s)"
        needs += f", {config.ray_memory_mb:g} MiB" if config.ray_memory_mb else ""
        needs += f", {config.ray_resources}" if config.ray_resources else ""
        return (
            f"{cluster.waiting} of {config.num_actors} actors have had no place in the cluster for "
            f"{cluster.waiting_s:.0f} s: each needs {needs}; of {len(alive)} machine(s) the freest has {free:g} CPU(s) "
            f"left. The run goes on when there is room."
        )


RAY = ChannelKind(RayActors, shared_memory_channel)
