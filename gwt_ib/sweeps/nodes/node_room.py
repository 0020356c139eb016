"""Which nodes of a cluster may train the runs of a sweep, and how many runs still have room on each.

A node has to say its versions before anything is placed on it; one with others than this machine's is never used.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gwt_ib.cluster.nodes import differences, this_machine
from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError, error_text
from gwt_ib.lenient import mapping
from gwt_ib.log import LOGGER
from gwt_ib.machine import usable_cores
from gwt_ib.text import plain

LOOK_S = 1.0
STRIKES = 3
"""So many runs in a row that a node loses before they have begun are the node's fault."""
MOST_ON_A_NODE = 1000
TAKE_LESS = "Use fewer actors and learner_threads, or a smaller ray_cpus"
Need = Mapping[str, float]
"""What a run takes of a node, by the names that Ray counts by."""
_BY_HAND = re.compile(r"node_[0-9a-f]{56}")  # what Ray's monitor calls a node that no autoscaler has started


def need_of(config: Config) -> Need:
    """What a run takes: half of `ray_cpus` for each actor, or thread of the learner where these are more.

    Actors and learner take turns, so this is what it keeps busy. `ray_memory_mb` and `ray_resources` are of the whole run.
    """
    threads = config.learner_threads if config.device == "cpu" else 1
    actors = 1 if config.channel == "serial" else config.num_actors
    need = {
        "CPU": config.ray_cpus * max(1.0, (actors + threads if config.max_policy_lag else max(actors, threads)) / 2)
    }
    if config.device != "cpu":
        need["GPU"] = 1.0
    if config.ray_memory_mb:
        need["memory"] = config.ray_memory_mb * 2**20
    for pair in filter(None, config.ray_resources.split(",")):
        name, _, amount = pair.partition("=")
        need[name.strip()] = float(amount)
    return {name: amount for name, amount in need.items() if amount > 0}


def needs_of(configs: Sequence[Config]) -> list[Need]:
    """What each of several runs takes, the one with most CPUs last."""
    return sorted(map(need_of, configs), key=lambda need: need.get("CPU", 0.0))


def refuse(config: Config) -> None:
    """Raises `UserError` (78) for a run whose settings are not possible inside a sweep on Ray."""
    if config.channel == "ray":
        raise UserError(
            'channel = "ray" is not possible in a sweep on Ray, where each run is on one node: use channel = "local".',
            ExitCode.BAD_CONFIGURATION,
        )
    if config.export:  # it would stay on the node
        raise UserError(
            f"export = {config.export!r} is not possible in a sweep on Ray: `gwt-ib-tui export` takes the runs afterwards.",
            ExitCode.BAD_CONFIGURATION,
        )


def no_room(need: Need, why: str) -> UserError:
    """What is said where no node will ever have room."""
    sentence = f"No node of the cluster has room for a run that takes {in_words(need)}: {why}."
    return UserError(sentence, ExitCode.RESOURCES_USED_UP)


def room_here(configs: Sequence[Config]) -> int:
    """How many of the largest of these runs fit on a cluster of this machine alone. Raises `UserError` (69) for none."""
    cores, needs = usable_cores(), needs_of(configs)
    most = needs[-1].get("CPU", 0.0) if needs else 0.0
    if most > cores:
        raise no_room(needs[-1], f"this machine has {cores} CPUs. {TAKE_LESS}")
    return int(cores / most + 1e-9) if most else len(configs)


def in_words(need: Need) -> str:
    """`2 CPUs, 512 MiB of memory, 1 fast`."""
    known = {"CPU": "{:g} CPUs", "memory": "{:,.0f} MiB of memory"}
    parts = {name: amount / 2**20 if name == "memory" else amount for name, amount in need.items()}
    return ", ".join(known.get(name, f"{{:g}} {plain(name)}").format(amount) for name, amount in parts.items())


@dataclass(eq=False)
class _Node:
    name: str
    total: Mapping[str, float]
    free: Mapping[str, float]
    question: Any = None
    """The call that asks for its versions, until it has answered."""
    refused: str = ""
    strikes: int = 0
    taken: list[Need] = field(default_factory=list)
    """What our runs on it take."""

    def left(self, resource: str) -> float:
        """How much is free; what Ray says of it comes a moment late."""
        ours = sum(need.get(resource, 0.0) for need in self.taken)
        return min(self.free.get(resource, 0.0), self.total.get(resource, 0.0) - ours)

    def room(self, need: Need) -> int:
        """How many runs of this need fit."""
        fitting = [self.left(resource) / amount + 1e-9 for resource, amount in need.items()]
        return int(max(0.0, min([*fitting, MOST_ON_A_NODE])))

    def could(self, need: Need) -> bool:
        """Whether one would fit if nothing else ran."""
        return all(self.total.get(resource, 0.0) >= amount - 1e-9 for resource, amount in need.items())


class NodeRoom:
    """The nodes of the cluster that this process is connected to; `refresh` asks for them, all else answers from memory."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._lock = threading.RLock()
        self._looked_at: float | None = None
        self._here = this_machine()
        self.scales = False
        """Whether the cluster grows by itself where something finds no room."""

    def refresh(self) -> None:
        """Ask, at most once a second: who is there, what is free, and the versions of those that are new."""
        now = time.monotonic()
        if self._looked_at is not None and now - self._looked_at < LOOK_S:
            return
        import ray
        from ray._private.state import available_resources_per_node

        free: Mapping[str, Mapping[str, float]] = available_resources_per_node()  # type: ignore[no-untyped-call] # Ray's
        alive = [each for each in ray.nodes() if each["Alive"]]  # type: ignore[no-untyped-call] # Ray's
        with self._lock:
            self._looked_at = now
            ids = {each["NodeID"] for each in alive}
            self._nodes = {id: node for id, node in self._nodes.items() if id in ids or node.taken}
            for each in alive:
                id = each["NodeID"]
                if id not in self._nodes:  # asked once: each question may start a process there
                    self._nodes[id] = _Node(_name_of(each), {}, {}, question=_ask(id))
                node = self._nodes[id]
                node.total, node.free = each["Resources"], free.get(id, {})
            for id, node in self._nodes.items():
                if id not in ids:
                    node.total, node.free = {}, {}
            self._hear()
        self.scales = _scales()

    def _hear(self) -> None:
        """Take the answers of new nodes."""
        import ray

        asked = [node for node in self._nodes.values() if node.question is not None]
        done, _ = ray.wait([node.question for node in asked], num_returns=len(asked), timeout=0) if asked else ([], [])
        for node in asked:
            if node.question in done:
                question, node.question = node.question, None
                node.refused = self._objection(question)
                if node.refused:
                    LOGGER.warning("%s is not used: it has %s", node.name, node.refused)

    def _objection(self, question: Any) -> str:
        import ray

        try:
            return differences(self._here, ray.get(question))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a process of another machine
            cause = getattr(error, "cause", None) or error
            return "no gwt-ib" if "No module named" in str(cause) else f"no answer: {plain(error_text(cause), 200)}"

    @property
    def answered(self) -> bool:
        """Whether every node that is known has said its versions."""
        with self._lock:
            return self._looked_at is not None and all(node.question is None for node in self._nodes.values())

    def refused(self) -> dict[str, str]:
        """Why nodes are not used, by their names."""
        with self._lock:
            return {node.name: node.refused for node in self._nodes.values() if node.refused}

    @property
    def usable(self) -> bool:
        """Whether there is a node that may be used, now or by the look of it."""
        with self._lock:
            return any(not node.refused for node in self._nodes.values())

    def room(self, need: Need) -> int:
        """How many runs fit now."""
        with self._lock:
            return sum(node.room(need) for node in self._used())

    def could(self, need: Need) -> bool:
        """Whether a node could train such a run if nothing else ran on it."""
        with self._lock:
            return any(node.could(need) for node in self._used())

    def lacks(self, need: Need) -> str:
        """Why no node could train such a run, in words."""
        with self._lock:
            used, known = self._used(), len(self._nodes)
        if not used:
            return f"of {known} node(s) none that may be used has said its versions yet"
        for name, amount in need.items():
            if name != "CPU" and all(node.total.get(name, 0.0) < amount for node in used):
                return f"none has {in_words({name: amount})}"
        most = max(used, key=lambda node: node.total.get("CPU", 0.0))
        return f"the largest node, {most.name}, has {most.total.get('CPU', 0.0):g} CPUs. {TAKE_LESS}"

    def place(self, need: Need) -> str | None:
        """The node with most room, which is taken until `give_back`; None where there is none."""
        with self._lock:
            fitting = [id for id, node in self._nodes.items() if node in self._used() and node.room(need)]
            if not fitting:
                return None
            best = max(fitting, key=lambda id: self._nodes[id].left("CPU"))
            self._nodes[best].taken.append(need)
            return best

    def give_back(self, id: str, need: Need, *, begun: bool) -> None:
        """A run has left a node; `begun` is False where the node lost it before it was trained."""
        with self._lock:
            node = self._nodes[id]
            node.taken.remove(need)
            # Ray says so a second later; a run that comes too early waits there.
            node.free = {name: amount + need.get(name, 0.0) for name, amount in node.free.items()}
            node.strikes = 0 if begun else node.strikes + 1
            if node.strikes >= STRIKES and not node.refused:
                node.refused = f"lost {STRIKES} runs before they began"
                LOGGER.warning("%s is not used any more: it has %s", node.name, node.refused)

    def name(self, id: str) -> str:
        """What a node is called."""
        with self._lock:
            return self._nodes[id].name if id in self._nodes else id[:8]

    def _used(self) -> Sequence[_Node]:
        return [node for node in self._nodes.values() if node.question is None and not node.refused]


def _ask(id: str) -> Any:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = NodeAffinitySchedulingStrategy(id, soft=False)
    return ray.remote(this_machine).options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote()


def _name_of(node: Mapping[str, Any]) -> str:
    """Host and address, and the beginning of its id, since one machine may have several."""
    return plain(f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']}, {node['NodeID'][:6]})", 100)


def _scales() -> bool:
    """Whether an autoscaler has started nodes of this cluster; Ray's monitor says so."""
    from ray.experimental.internal_kv import _internal_kv_get

    with suppress(Exception):
        report = mapping(json.loads(_internal_kv_get("__autoscaling_status") or "{}")).get("autoscaler_report")
        kinds = [*mapping(mapping(report).get("active_nodes")), *mapping(mapping(report).get("pending_launches"))]
        return any(not _BY_HAND.fullmatch(str(kind)) for kind in kinds)
    return False
