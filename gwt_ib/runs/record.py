"""`run.json` as a type: written by the trainer, read by everybody, however damaged the file is."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.lenient import mapping, mappings, scalars, text, whole
from gwt_ib.runs.lifecycle import LONG_SILENT_S, UNKNOWN, Pulse, is_trainer_alive, lifecycle

FORMAT = 1


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

    @classmethod
    def from_dict(cls, record: Mapping[str, Any], number: int) -> ActorRecord:
        """Read one entry; `number` is the actor's where the entry has none. Never raises."""
        recorded = whole(record.get("actor"))
        return cls(**scalars(cls.__annotations__, record) | {"number": number if recorded is None else recorded})

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        values = dict(vars(self))
        return {"actor": values.pop("number"), **values}


@dataclass(frozen=True)
class RunRecord:
    """What a run is, how it stands and which processes it has; times are time stamps, `trainer` and `learner` process ids.

    `state` is the recorded one, `unknown` where the file is missing or damaged; `state_now` says whether it still holds.
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
    exit_code: int | None = None
    message: str = ""

    @property
    def last_sign(self) -> float | None:
        """When the trainer last gave a sign of life, or made the run."""
        return self.created if self.heartbeat is None else self.heartbeat

    def share_done(self, env_steps: float | None) -> float | None:
        """The share that so many environment steps are of the run's, from 0 to 1."""
        total = self.total_timesteps
        return None if env_steps is None or not total or total <= 0 else min(max(env_steps / total, 0.0), 1.0)

    def state_now(self, pulse: Pulse | None = None, patience_s: float = LONG_SILENT_S) -> str:
        """The state, or `killed` or `stalled` where the trainer is gone or silent; whoever looks again keeps a `pulse`."""
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
        others = {
            "name": text(record.get("run")) or name,
            "state": text(record.get("state")) or UNKNOWN,
            "command": tuple(map(text, command)) if isinstance(command, list) else (),
            "versions": {key: text(value) or None for key, value in mapping(record.get("versions")).items()},
            "trainer": whole(pids.get("trainer")),
            "learner": whole(pids.get("learner")),
            "actors": tuple(ActorRecord.from_dict(entry, place) for place, entry in enumerate(actors)),
        }
        return cls(**scalars(cls.__annotations__, record) | others)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: what `run.json` holds. What has not happened yet has no time, and no process an id."""
        values = dict(vars(self))
        pids = {name: values.pop(name) for name in ("trainer", "learner")}
        times = {name: values.pop(name) for name in ("started", "heartbeat", "ended")}
        return {
            "format": FORMAT,
            "run": values.pop("name"),
            **values,
            "command": list(self.command),
            "pids": {name: pid for name, pid in pids.items() if pid is not None},
            "actors": [actor.as_dict() for actor in self.actors],
            **{name: time for name, time in times.items() if time is not None},
        }
