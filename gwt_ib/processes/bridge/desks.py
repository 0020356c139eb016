"""The desks of a run, one on each machine that has an actor of it: asked now and then for what the actors have left."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gwt_ib.cluster.desk import Desk, Left, remote_desk
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


Ask = Callable[..., Future[Any]]
"""A question to a desk: the name of its method, and the arguments."""


@dataclass(eq=False)
class _Desk:
    ask: Ask
    asked: float = 0.0
    answer: Future[Any] | None = None


class Desks:
    """Asks every desk once a second, and never waits for one."""

    def __init__(self, run: RunDirectory, mark: str, calls: Calls, *, all_here: bool) -> None:
        """Where the cluster is this machine alone (`all_here`), its desk needs no process of its own: it is in this one."""
        self._run, self._mark, self._calls, self._all_here = run, mark, calls, all_here
        self._desks: dict[str, _Desk] = {}
        self._tenants: dict[str, Tenant] = {}

    def enter(self, tenant: Tenant) -> None:
        """An actor has come to a machine."""
        self._tenants[tenant.name] = tenant
        self._need_desk(tenant.node)

    def leave(self, tenant: Tenant) -> Future[Any] | None:
        """An actor has ended: what its desk still finds; none where the machine is not known to have one."""
        self._tenants.pop(tenant.name, None)
        desk = self._desks.get(tenant.node)
        return desk.ask("end", tenant.name, tenant.log_bytes) if desk else None

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
            self._need_desk(tenant.node)

    def take(self, tenant: Tenant, left: Left) -> None:
        """Keep an actor's counters, and append to its log what it has printed."""
        tenant.counters = left.counters or tenant.counters
        if not left.log:
            return
        tenant.log_bytes = left.log_at + len(left.log)
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
            desk.ask("close")

    def _need_desk(self, node: str) -> None:
        if node not in self._desks:
            self._desks[node] = _Desk(self._desk_here() if self._all_here else self._desk_on(node))

    def _desk_here(self) -> Ask:
        """It is made with its first question, so that what goes wrong is an answer of it, as on another machine."""
        worker, desks = ThreadPoolExecutor(1, "desk"), list[Desk]()

        def answer(method: str, *arguments: Any) -> Any:
            if not desks:
                desks.append(Desk(self._mark))
            return getattr(desks[0], method)(*arguments)

        return lambda *question: self._calls.wake_at_end(worker.submit(answer, *question))

    def _desk_on(self, node: str) -> Ask:
        handle = remote_desk(node, self._mark)
        return lambda method, *arguments: self._calls.follow(getattr(handle, method).remote(*arguments))

    def _ask(self, node: str, desk: _Desk) -> Future[Any]:
        known = {each.name: each.log_bytes for each in self._tenants.values() if each.node == node}
        return desk.ask("read", known)

    def _take_all(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        for name, left in found.items():
            if name in self._tenants:
                self.take(self._tenants[name], Left(**left))
