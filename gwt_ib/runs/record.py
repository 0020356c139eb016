"""`run.json` as a type, written by the trainer and read by everybody, and whether the run that it describes still lives."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import psutil

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.lenient import mapping, mappings, scalars, text, whole

FORMAT = 1
State = Literal["starting", "running", "paused", "finished", "stopped", "failed"]
ENDED: frozenset[str] = frozenset({"finished", "stopped", "failed"})
TRAINING: frozenset[str] = frozenset(get_args(State)) - ENDED
KILLED, STALLED, UNKNOWN = "killed", "stalled", "unknown"
HEARTBEAT_S = 0.4  # the trainer rewrites run.json this often
SILENT_S = 1.2  # for a reader that polls on the same host: a busy machine may be late, and a false alarm goes away
LONG_SILENT_S = 5.0  # for a single look, and for another host, whose clock and file system may lag


class Pulse:
    """How long a run has been silent, for readers that poll: by their own clock, whatever the trainer's shows.

    Until a heartbeat was seen to change, its time stamp is all there is; so it is again after one that goes back, which
    is that of another trainer or of a clock that was set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._newest: float | None = None
        self._changed_at: float | None = None

    def last_sign(self, heartbeat: float | None, now: float) -> float | None:
        """When the trainer last gave a sign of life, as a time stamp of the clock of `now`; None if never."""
        newest, self._newest = self._newest, heartbeat
        if newest is None or heartbeat is None or heartbeat < newest:
            self._changed_at = None
        elif heartbeat > newest:
            self._changed_at = self._clock()
        return heartbeat if self._changed_at is None else now - (self._clock() - self._changed_at)


@dataclass(frozen=True)
class ActorRecord:
    """One actor process: its speed in env steps a second, and how many versions its weights are behind the learner's."""

    number: int
    pid: int | None = None
    alive: bool = False
    env_steps: int | None = None
    steps_per_s: float | None = None
    policy_version: int | None = None
    policy_lag: int | None = None
    restarts: int = 0
    node: str = ""
    """The machine of the cluster that it is on; empty for this one, and while it waits for a place."""

    @classmethod
    def from_dict(cls, record: Mapping[str, Any], number: int) -> ActorRecord:
        """Read one entry; `number` is the actor's where the entry has none. Never raises."""
        recorded = whole(record.get("actor"))
        return cls(**scalars(cls.__annotations__, record) | {"number": number if recorded is None else recorded})

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        values = dict(vars(self))
        if not self.node:
            del values["node"]
        return {"actor": values.pop("number"), **values}


@dataclass(frozen=True)
class NodeRecord:
    """One machine of a cluster: how many CPUs it has, how many of them are free, and how many of the run's actors it has."""

    name: str = ""
    address: str = ""
    alive: bool = False
    cpus: float | None = None
    free_cpus: float | None = None
    actors: int = 0


@dataclass(frozen=True)
class ClusterRecord:
    """What a run knows of the cluster in which its actors are, and what goes to and fro in one update."""

    address: str = ""
    nodes: tuple[NodeRecord, ...] = ()
    weights_bytes: int | None = None
    """Bytes of weights that leave the learner's machine for one update, once for each version."""
    blocks_bytes: int | None = None
    """Bytes of blocks that come back for one update."""
    wait_s: float | None = None
    """Seconds that the newest blocks took beside being collected, at most: the call, weights, and the way back."""
    waiting: int = 0
    """Actors that have no place."""
    waiting_s: float = 0.0
    """For how long there have been any."""

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> ClusterRecord:
        """Read one. Never raises."""
        nodes = tuple(NodeRecord(**scalars(NodeRecord.__annotations__, each)) for each in mappings(record.get("nodes")))
        return cls(**scalars(cls.__annotations__, record) | {"nodes": nodes})

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**vars(self), "nodes": [dict(vars(node)) for node in self.nodes]}


@dataclass(frozen=True)
class RunRecord:
    """What a run is, how it stands and which processes it has; times are time stamps, `trainer` and `learner` process ids.

    `state` is the recorded one, `unknown` where the file is missing or damaged; `state_now` checks it against the process.
    """

    name: str
    state: str = UNKNOWN
    env_id: str = ""
    seed: int | None = None
    total_timesteps: int | None = None
    command: tuple[str, ...] = ()
    host: str = ""
    git_commit: str | None = None
    versions: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    created: float | None = None
    started: float | None = None
    heartbeat: float | None = None
    ended: float | None = None
    trainer: int | None = None
    learner: int | None = None
    actors: tuple[ActorRecord, ...] = ()
    cluster: ClusterRecord | None = None
    """Where the actors are on other machines."""
    exit_code: int | None = None
    message: str = ""
    origin: str = ""
    """The mark of the user who made the run (`runs/origin.py`); empty for one without a home."""
    trouble: str = ""
    """What does not work at the moment though the run goes on, such as a full disk; a sentence."""
    branched_from: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Of a branch: the `run` and its `path`, the `snapshot` and its `env_steps`; empty for a run from its start."""
    exact_resume: bool | None = None
    """Whether the last resume restored every environment; none before the first."""

    @property
    def last_sign(self) -> float | None:
        """When the trainer last gave a sign of life, or made the run."""
        return self.created if self.heartbeat is None else self.heartbeat

    def share_done(self, env_steps: float | None) -> float | None:
        """The share that so many environment steps are of the run's, from 0 to 1."""
        total = self.total_timesteps
        return None if env_steps is None or not total or total <= 0 else min(max(env_steps / total, 0.0), 1.0)

    def state_now(self, pulse: Pulse | None = None, patience_s: float = LONG_SILENT_S) -> str:
        """The state, or `killed` or `stalled` where the trainer is gone or silent; readers that poll pass a `pulse`."""
        now = utc_now()
        last_sign = self.last_sign if pulse is None else pulse.last_sign(self.last_sign, now)
        alive = is_trainer_alive(self.host, self.trainer, self.heartbeat)
        return lifecycle(self.state, last_sign, now, alive, patience_s)

    @classmethod
    def starting(cls, name: str, config: Config) -> RunRecord:
        """A run of these settings that is about to start on this host."""
        steps = config.num_updates * config.steps_per_update
        return cls(name, "starting", config.env_id, config.seed, steps, host=socket.gethostname())

    @classmethod
    def from_dict(cls, record: Mapping[str, Any], name: str) -> RunRecord:
        """Read a run.json; `name` is the run's where the file has none. What is damaged is absent: never raises."""
        pids, actors, command = mapping(record.get("pids")), mappings(record.get("actors")), record.get("command")
        cluster = mapping(record.get("cluster"))
        others = {
            "cluster": ClusterRecord.from_dict(cluster) if cluster else None,
            "name": text(record.get("run")) or name,
            "state": text(record.get("state")) or UNKNOWN,
            "command": tuple(map(text, command)) if isinstance(command, list) else (),
            "versions": {key: text(value) or None for key, value in mapping(record.get("versions")).items()},
            "trainer": whole(pids.get("trainer")),
            "learner": whole(pids.get("learner")),
            "branched_from": dict(mapping(record.get("branched_from"))),
            "actors": tuple(ActorRecord.from_dict(entry, place) for place, entry in enumerate(actors)),
        }
        return cls(**scalars(cls.__annotations__, record) | others)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: what `run.json` holds. What has not happened yet has no time, and no process an id."""
        values = dict(vars(self))
        pids = {name: values.pop(name) for name in ("trainer", "learner")}
        times = {name: values.pop(name) for name in ("started", "heartbeat", "ended")}
        branched_from = values.pop("branched_from")  # as most runs are none
        cluster: ClusterRecord | None = values.pop("cluster")  # like `node` of an actor, for those of other machines
        return {
            "format": FORMAT,
            "run": values.pop("name"),
            **values,
            "command": list(self.command),
            "pids": {name: pid for name, pid in pids.items() if pid is not None},
            "actors": [actor.as_dict() for actor in self.actors],
            **({"branched_from": dict(branched_from)} if branched_from else {}),
            **({"cluster": cluster.as_dict()} if cluster else {}),
            **{name: time for name, time in times.items() if time is not None},
        }


def lifecycle(
    state: str, last_sign: float | None, now: float, trainer_alive: bool | None, patience_s: float = LONG_SILENT_S
) -> str:
    """The state to show in place of the recorded one; `last_sign` and `now` are time stamps.

    A run whose trainer is gone is `killed`, one whose trainer is silent for longer than `patience_s` is `stalled`.
    `trainer_alive` is None where that cannot be known: on another host, or before there is a process id; the patience
    is never short there.
    """
    if state in ENDED or state == UNKNOWN:
        return state
    if trainer_alive is False:
        return KILLED
    patience_s = patience_s if trainer_alive else max(patience_s, LONG_SILENT_S)
    return state if last_sign is None or now - last_sign <= patience_s else STALLED


def is_trainer_alive(host: str, pid: int | None, last_sign: float | None) -> bool | None:
    """Whether the process `pid` lives and is the one that gave the last sign; None where that cannot be known."""
    if pid is None or host != socket.gethostname():
        return None
    try:
        process = psutil.Process(pid)
        # A process that began after the last heartbeat only has the number of the one that is gone.
        reused = last_sign is not None and process.create_time() > last_sign + 1.0
        return not reused and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, ValueError, OverflowError):
        return False
    except psutil.AccessDenied:
        return True
