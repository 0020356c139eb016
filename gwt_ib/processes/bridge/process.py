"""The bridge: pulls weights for the actors of a cluster, pushes their blocks, and tells the trainer how they are.

Started by the trainer as `python -m gwt_ib.processes.bridge.process`; what it prints goes to `logs/cluster.log`. It is the
only process of a run that imports Ray. Towards the learner it keeps the rule of the channel for every actor at once.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import secrets
import socket
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from gwt_ib.channel.shared_memory import ActorPipes, Counters, LocalActorChannel, MemoryLayout
from gwt_ib.cluster.connection import Connection, connect
from gwt_ib.cluster.nodes import Node, list_nodes
from gwt_ib.descendants import folder_of
from gwt_ib.errors import UserError, error_text
from gwt_ib.lenient import mapping
from gwt_ib.log import LOGGER, start_log
from gwt_ib.machine import usable_cores
from gwt_ib.polling import readable
from gwt_ib.processes.bridge.calls import Calls
from gwt_ib.processes.bridge.desks import Desks
from gwt_ib.processes.bridge.place import RemotePlace, Stage
from gwt_ib.processes.children import die_with_parent, leave
from gwt_ib.processes.link import Link
from gwt_ib.processes.reports import Reports
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.incidents import write_incident
from gwt_ib.runs.record import HEARTBEAT_S, ClusterRecord, NodeRecord

NODES_S = 1.0  # between two looks at the machines of the cluster
ALONE_S = 10.0  # the same where it is this machine alone: none can come, only the free CPUs change
KEPT_BYTES = 32 << 20
MALLOPT_TRIM_THRESHOLD, MALLOPT_MMAP_THRESHOLD = -1, -3
STORE_FACTOR = 3  # blocks of an actor that are in the object store at once, with room to spare


class NodeWatch(threading.Thread):
    """Asks the cluster for its machines, in a thread of its own: a head that is gone answers late."""

    def __init__(self, pause_s: float) -> None:
        super().__init__(daemon=True)
        self._pause_s = pause_s
        self.nodes: list[Node] = list_nodes()
        self.start()

    def run(self) -> None:
        """Ask for ever."""
        while True:
            time.sleep(self._pause_s)
            try:
                self.nodes = list_nodes()
            except Exception as error:  # noqa: BLE001 - whatever Ray raises while it ends
                LOGGER.debug("the machines are not known: %s", error_text(error))


class Bridge:
    """The `Hub` of all places."""

    def __init__(self, run: RunDirectory, given: argparse.Namespace, connection: Connection) -> None:
        import ray

        self.config, self.spec = run.read_config(), run.read_environment()
        self.calls, self.mark, self.shunned = Calls(), secrets.token_hex(8), dict[str, float]()
        self.desks = Desks(run, self.mark, self.calls, all_here=connection.own)
        self.counters = Counters.open(given.memory, self.config)
        self._run, self._given, self._connection = run, given, connection
        self._link, self._reports = Link(socket.socket(fileno=given.link)), Reports(given.reports)
        self._layout = MemoryLayout(self.spec.observation_size, self.spec.actions, self.config)
        self._head = ray.get_runtime_context().get_node_id()
        self._watch = NodeWatch(ALONE_S if connection.own else NODES_S)
        self._known = {node.id for node in self._watch.nodes if node.alive}
        self._places: list[RemotePlace] = []
        self._version, self._weights_bytes = -1, 0
        self._weights: Any = None
        self._blocks: deque[tuple[float, int]] = deque(maxlen=self.config.num_actors)  # seconds, bytes

    def serve(self) -> None:
        """Work until the run is over."""
        given = self._given
        pipes = [ActorPipes(given.wake, given.blocks, given.alive, handover) for handover in given.handovers]
        for actor, each in enumerate(pipes):
            channel = partial(LocalActorChannel, self._layout, given.memory, actor, each)
            self._places.append(RemotePlace(self, actor, channel, each.handover))
        due = time.monotonic()
        while not self.counters.header[Counters.CLOSED] and not self._link.closed:
            ready = readable((given.wake, given.alive, self._link.fileno(), self.calls.fileno()), HEARTBEAT_S / 2)
            if given.alive in ready:  # nothing is ever written there: the trainer is gone
                return
            if given.wake in ready:
                os.read(given.wake, 4096)
            self.calls.clear()
            for place in self._places:  # first: the learner waits for it
                place.step()
            if self._link.fileno() in ready:
                for message in self._link.receive():
                    self._places[message["actor"]].begin(message["generation"], message["pause_s"])
            if time.monotonic() >= due:
                self.desks.tend()
                due = time.monotonic() + HEARTBEAT_S
                self._look_at_nodes()
                self._link.send({"kind": "status", **self._status()})

    def weights(self, version: int, channel: LocalActorChannel) -> Any:
        """What an actor is given as the newest weights: a reference, they are put into the object store once a version.

        On this machine alone they go with each call: a copy is cheaper than what the store's daemon does for an object.
        """
        import ray

        if version != self._version:
            weights = channel.newest()
            self._version, self._weights_bytes = weights.version, weights.vector.nbytes
            self._weights = vars(weights) if self._connection.own else ray.put(vars(weights))
        return self._weights

    def node_is_gone(self, node: str) -> bool:
        """Whether a machine is known to have left."""
        return any(each.id == node and not each.alive for each in self._watch.nodes)

    def died(self, actor: int, message: str, *, lost: bool) -> None:
        """Tell the trainer of an actor that has ended."""
        LOGGER.warning("actor %d %s", actor, message)
        self._link.send({"kind": "died", "actor": actor, "message": message, "lost": lost})

    def began(self, actor: int) -> None:
        """Tell the trainer that an actor has its environments."""
        self._link.send({"kind": "began", "actor": actor})

    def report(self, actor: int, note: dict[str, Any]) -> None:
        """Pass on what an actor has to say; an incident becomes a file of this machine."""
        note = dict(note)
        kind, message = str(note.pop("kind")), str(note.pop("message"))
        if "incident" in note:
            note["path"] = str(write_incident(self._run, mapping(note.pop("incident"))) or "")
        self._reports.send(kind, message, **note, **({} if kind == "warning" else {"actor": actor}))

    def collected(self, seconds: float, nbytes: int) -> None:
        """A block has come."""
        self._blocks.append((max(0.0, seconds), nbytes))

    def close(self) -> None:
        """End the actors; desks and guards remove what they leave."""
        self.desks.close()
        with suppress(Exception):  # the cluster may be gone
            self._connection.close()

    def _look_at_nodes(self) -> None:
        now = {node.id for node in self._watch.nodes if node.alive}
        names = {node.id: node.name for node in self._watch.nodes}
        for node in now - self._known:
            self._link.send({"kind": "event", "record": event("node_joined", node=names[node])})
        for node in self._known - now:
            self._link.send({"kind": "event", "record": event("node_lost", node=names.get(node, node))})
        self._known = now

    def _status(self) -> dict[str, Any]:
        now = time.monotonic()
        on = [place.node for place in self._places]
        waiting = [place for place in self._places if place.stage == Stage.PLACING]
        nodes = tuple(
            NodeRecord(node.name, node.address, node.alive, node.cpus, node.free_cpus, on.count(node.id))
            for node in self._watch.nodes
        )
        away = len({node for node in on if node and node != self._head})
        cluster = ClusterRecord(
            address=self._connection.address,
            nodes=nodes,
            weights_bytes=self._weights_bytes * away,
            blocks_bytes=sum(nbytes for _, nbytes in self._blocks),
            wait_s=round(max((seconds for seconds, _ in self._blocks), default=0.0), 4),
            waiting=len(waiting),
            waiting_s=round(max((now - place.waiting_since for place in waiting), default=0.0), 1),
        )
        actors = [{"node": place.host, "alive": bool(place.node)} for place in self._places]
        return {"cluster": cluster.as_dict(), "actors": actors}


def _keep_memory() -> None:
    """Have freed memory kept for the next weights and blocks: else each copy of them takes new pages from the kernel."""
    with suppress(OSError, AttributeError):  # where there is no glibc
        library = ctypes.CDLL(None)
        library.mallopt(MALLOPT_MMAP_THRESHOLD, KEPT_BYTES)
        library.mallopt(MALLOPT_TRIM_THRESHOLD, 2 * KEPT_BYTES)


def _wait_for_the_end(given: argparse.Namespace, counters: Counters) -> None:
    """Do nothing more: a bridge that has gone would be replaced."""
    while not counters.header[Counters.CLOSED] and given.alive not in readable((given.wake, given.alive), None):
        os.read(given.wake, 4096)


def main(arguments: list[str]) -> None:
    """Entry of the process."""
    parser = argparse.ArgumentParser(prog="gwt_ib.processes.bridge.process")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--mark", required=True)
    for name in ("trainer", "memory", "wake", "blocks", "alive", "link", "reports"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--handovers", type=int, nargs="*", required=True)
    given = parser.parse_args(arguments)
    die_with_parent(given.trainer)
    run = RunDirectory(given.run)
    config, spec = run.read_config(), run.read_environment()
    start_log("cluster", config.log_level)
    layout = MemoryLayout(spec.observation_size, spec.actions, config)
    _keep_memory()
    try:
        connection = connect(
            config.ray_address,
            cpus=max(usable_cores(), config.num_actors * config.ray_cpus),
            store_bytes=STORE_FACTOR * layout.nbytes,
            folder=folder_of(given.mark),
        )
    except UserError as error:
        Reports(given.reports).send("cannot_go_on", error.message, code=int(error.code))
        _wait_for_the_end(given, Counters.open(given.memory, config))
        return
    LOGGER.info("pid %d is connected to Ray at %s", os.getpid(), connection.address)
    if connection.warning:
        Reports(given.reports).send("warning", connection.warning)
    bridge = Bridge(run, given, connection)
    try:
        bridge.serve()
    finally:
        bridge.close()


if __name__ == "__main__":
    main(sys.argv[1:])
    leave()
