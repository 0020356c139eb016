"""The desks of a run, one on each machine that has an actor of it: asked now and then for what the actors have left."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gwt_ib.cluster.desk import Left, remote_desk
from gwt_ib.durable import write_all
from gwt_ib.files import open_to_append
from gwt_ib.processes.bridge.calls import Calls
from gwt_ib.runs.directory import RunDirectory

LOOK_S = 1.0  # between two questions to one desk: each takes some milliseconds of its machine
LAST_WORDS_S = 0.5  # for all desks together, at the end of a run
SILENT_S = 20.0
"""A desk that does not answer for so long is given up: another one is made when it is needed."""


@dataclass(eq=False)
class Tenant:
    """An actor as its desk knows it: the name of its folder, the log that it prints into, and its newest counters."""

    actor: int
    name: str
    node: str
    counters: list[int] = field(default_factory=list)
    log_bytes: int = 0


@dataclass(eq=False)
class _Desk:
    handle: Any
    asked: float = 0.0
    answer: Future[Any] | None = None


class Desks:
    """Asks every desk once a second, and never waits for one."""

    def __init__(self, run: RunDirectory, mark: str, calls: Calls) -> None:
        self._run, self._mark, self._calls = run, mark, calls
        self._desks: dict[str, _Desk] = {}
        self._tenants: dict[str, Tenant] = {}

    def enter(self, tenant: Tenant) -> None:
        """An actor has come to a machine."""
        self._tenants[tenant.name] = tenant
        if tenant.node not in self._desks:
            self._desks[tenant.node] = _Desk(remote_desk(tenant.node, self._mark))

    def leave(self, tenant: Tenant) -> Future[Any] | None:
        """An actor has ended: what its desk still finds; none where the machine is not known to have one."""
        self._tenants.pop(tenant.name, None)
        desk = self._desks.get(tenant.node)
        return self._calls.follow(desk.handle.end.remote(tenant.name, tenant.log_bytes)) if desk else None

    def tend(self) -> None:
        """Take the answers that have come, and ask again where it is time."""
        now = time.monotonic()
        for node, desk in list(self._desks.items()):
            if desk.answer is not None and desk.answer.done():
                answer, desk.answer = desk.answer, None
                if answer.exception() is not None:
                    del self._desks[node]  # with its machine, or alone: the next actor there gets another one
                    continue
                self._take_all(answer.result())
            elif desk.answer is not None and now - desk.asked > SILENT_S:
                del self._desks[node]
            elif desk.answer is None and now - desk.asked >= LOOK_S:
                desk.asked, desk.answer = now, self._ask(node, desk)
        for tenant in self._tenants.values():
            if tenant.node not in self._desks:
                self._desks[tenant.node] = _Desk(remote_desk(tenant.node, self._mark))

    def take(self, tenant: Tenant, left: Left) -> None:
        """Keep an actor's counters, and append to its log what it has printed."""
        tenant.counters = left.counters or tenant.counters
        if not left.log:
            return
        tenant.log_bytes += len(left.log)
        with suppress(OSError):  # a full disk costs the log, not the run
            descriptor = open_to_append(self._run.logs / f"actor-{tenant.actor}.log")
            try:
                write_all(descriptor, left.log)
            finally:
                os.close(descriptor)

    def close(self) -> None:
        """Take the last words of every actor, and have every desk clean up; who does not hear it has a guard."""
        asked = [self._ask(node, desk) for node, desk in self._desks.items()]
        for answer in wait(asked, LAST_WORDS_S).done:
            if answer.exception() is None:
                self._take_all(answer.result())
        for desk in self._desks.values():
            desk.handle.close.remote()

    def _ask(self, node: str, desk: _Desk) -> Future[Any]:
        known = {each.name: each.log_bytes for each in self._tenants.values() if each.node == node}
        return self._calls.follow(desk.handle.read.remote(known))

    def _take_all(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        for name, left in found.items():
            if name in self._tenants:
                self.take(self._tenants[name], Left(**left))
