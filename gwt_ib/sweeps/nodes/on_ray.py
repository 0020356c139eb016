"""The runs of a sweep on the nodes of a Ray cluster: each where there is room, its files mirrored to this machine.

A thread speaks with the cluster, so that files arrive whatever the engine is busy with.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from gwt_ib.cluster.connection import connect
from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError, error_text
from gwt_ib.log import LOGGER
from gwt_ib.machine import usable_cores
from gwt_ib.processes.beginning import lock_run
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot_store import clean_temporary, list_snapshots
from gwt_ib.sweeps.executor import Ended
from gwt_ib.sweeps.nodes.life_on_node import Life, Lives
from gwt_ib.sweeps.nodes.node_room import Need, NodeRoom, need_of, needs_of, no_room, refuse

TICK_S = 0.05
SILENT_S = 60.0
"""A process on a node that does not answer for so long is given up."""
PROBING_S = 60.0
CLOSING_S = 10.0
MOST_LOSSES = 5
"""How often a run may be lost without a new snapshot in between."""


@dataclass(eq=False)
class _Following:
    """One run that is being trained somewhere: what it waits for, a call or a moment."""

    run: RunDirectory
    lock: FileLock
    life: Life
    placed: threading.Event
    call: Any = None
    due: float = 0.0


class RayExecutor:
    """Trains runs on a cluster: the one at `address`, `auto` for that of this machine, or one here where it is empty.

    At most `most` runs at a time. Raises `UserError`: 2 without Ray, 69 where there is no such cluster. One thread may call
    it.
    """

    def __init__(self, address: str = "", *, most: int | None = None) -> None:
        self._connection = connect(address, cpus=usable_cores())
        self.address = self._connection.address
        self.warning = self._connection.warning
        """A sentence where the cluster can be reached by others."""
        self._nodes = NodeRoom()
        self._runs: list[_Following] = []
        self._largest: Need = {"CPU": 1.0}
        self._open = 0
        self._most = most
        self._lost: dict[Path, tuple[str, int]] = {}
        self._lock = threading.Lock()
        self._ended: queue.SimpleQueue[tuple[_Following | None, Ended]] = queue.SimpleQueue()
        self._lives = Lives(self._nodes)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="cluster", daemon=True)
        self._thread.start()

    def check(self, configs: Sequence[Config]) -> list[str]:
        """What is to be told of the cluster before runs like these are started there: sentences.

        Raises `UserError` where one of them can never be trained there: 78 for its settings or the versions of all nodes,
        69 where no node has as much as it takes.
        """
        for config in configs:
            refuse(config)
        deadline = time.monotonic() + PROBING_S
        while not self._nodes.answered and time.monotonic() < deadline:
            time.sleep(TICK_S)
        refused = [f"{name} has {why}" for name, why in self._nodes.refused().items()]
        if refused and not self._nodes.usable:
            raise UserError(f"No node of the cluster can be used: {'; '.join(refused)}.", ExitCode.BAD_CONFIGURATION)
        needs = needs_of(configs)
        for need in needs if not self._nodes.scales else ():
            if not self._nodes.could(need):
                raise no_room(need, self._nodes.lacks(need))
        if needs:
            self._largest, self._open = needs[-1], len(needs)
        return [*filter(None, [self.warning]), *(f"Not used: {each}." for each in refused)]

    def room(self) -> int:
        """How many further runs can be started now."""
        if self._lives.stopping:
            return 0
        with self._lock:
            waiting, count = sum(not each.placed.is_set() for each in self._runs), len(self._runs)
        room = self._nodes.room(self._largest) - waiting
        return max(0, room if self._most is None else min(room, self._most - count))

    def start(self, run: RunDirectory, *, resume: bool) -> None:
        """Train a run on a node. Its directory here is locked meanwhile. Raises `OSError`."""
        lock: FileLock | None = None
        try:
            lock = lock_run(run)
            config = run.read_config()
            refuse(config)
            for folder in (run.path, run.snapshots, run.logs, run.incidents):
                clean_temporary(folder)
            resume = resume and bool(list_snapshots(run.snapshots))
            if not resume:  # it was lost before the first one: what it has recorded comes again
                cut_back(run.metrics, 0, run.metrics_aside)
        except BaseException as error:
            if lock is not None:
                lock.release()
            if not isinstance(error, UserError):
                raise
            self._ended.put((None, Ended(run, error.code, error.message, lost=error.code == ExitCode.LOCKED)))
            return
        placed = threading.Event()
        life = self._lives.live(run, need_of(config), placed.set, resume=resume)
        following = _Following(run, lock, life, placed)
        with self._lock:
            self._runs.append(following)

    def tend(self, timeout_s: float) -> Sequence[Ended]:
        """Wait at most `timeout_s`; the runs that have ended since the last call."""
        ended: list[Ended] = []
        with suppress(queue.Empty):
            while True:
                following, how = self._ended.get(timeout=timeout_s if not ended else 0.001)
                if following is not None:
                    following.lock.release()  # in the thread that has taken it
                ended.append(how)
        return ended

    def stop(self) -> None:
        """Ask every run to end with a last snapshot; `tend` says when they have, and their files are here."""
        self._lives.stopping = True

    def close(self) -> None:
        """End what is left, at once, and the connection. It may be called again."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._thread.join(CLOSING_S)
        self.tend(0.0)
        for following in self._runs:
            following.lock.release()
        self._connection.close()

    # The thread

    def _serve(self) -> None:
        asked_for = 0
        while not self._closing.is_set():
            try:
                self._nodes.refresh()
                if asked_for != self._open:
                    asked_for = self._open
                    _ask_for_room([dict(self._largest)] * asked_for)
                self._serve_runs()
            except Exception:  # noqa: BLE001 - whatever Ray raises: it is asked again
                LOGGER.exception("the cluster cannot be asked")
                time.sleep(1.0)
        self._lives.stopping = True
        for following in self._runs:
            following.life.close()
        with suppress(Exception):
            _ask_for_room([])

    def _serve_runs(self) -> None:
        import ray

        with self._lock:
            runs = list(self._runs)
        self._lives.count = len(runs)
        now = time.monotonic()
        for following in runs:
            if following.call is None and now >= following.due:
                self._go_on(following, lambda life: next(life))
        calls = {following.call: following for following in runs if following.call is not None}
        if not calls:
            time.sleep(TICK_S)
            return
        done, open_ = ray.wait(list(calls), num_returns=len(calls), timeout=TICK_S)
        for call in done:
            self._answer(calls[call], call)
        for call in open_:
            following = calls[call]
            if following.placed.is_set() and time.monotonic() > following.due:
                self._go_on(following, lambda life: life.throw(TimeoutError(f"no answer for {SILENT_S:g} s")))
            elif self._lives.stopping and not following.placed.is_set():
                self._go_on(following, lambda life: life.throw(InterruptedError()))

    def _answer(self, following: _Following, call: Any) -> None:
        import ray

        try:
            result = ray.get(call)
        except Exception as error:  # noqa: BLE001 - whatever went wrong on the node
            failure = error
            self._go_on(following, lambda life: life.throw(failure))
        else:
            self._go_on(following, lambda life: life.send(result))

    def _go_on(self, following: _Following, step: Any) -> None:
        """Let a run do its next step, until it waits again or has ended."""
        following.call = None
        now = time.monotonic()
        try:
            wanted = step(following.life)
        except StopIteration as end:
            ended: Ended = end.value
        except Exception as error:  # noqa: BLE001 - one run, not all of them
            LOGGER.exception("%s cannot be followed", following.run.path)
            ended = Ended(following.run, ExitCode.BUG, f"The run cannot be followed: {error_text(error)}.")
        else:
            if isinstance(wanted, float):
                following.due = now + wanted
            else:
                following.call, following.due = wanted, now + SILENT_S
            return
        ended = self._unless_for_ever(ended)
        with self._lock:
            self._runs.remove(following)
        if not ended.lost:
            self._open = max(0, self._open - 1)
        self._ended.put((following, ended))

    def _unless_for_ever(self, ended: Ended) -> Ended:
        """A run that is lost again and again without a new snapshot is the cause of that."""
        if not ended.lost or ended.code == ExitCode.LOCKED:
            self._lost.pop(ended.run.path, None)
            return ended
        newest = max((path.name for path in list_snapshots(ended.run.snapshots)), default="")
        before, count = self._lost.get(ended.run.path, (newest, 0))
        count = count + 1 if before == newest else 1
        self._lost[ended.run.path] = newest, count
        if count < MOST_LOSSES:
            return ended
        del self._lost[ended.run.path]
        words = f"{ended.message} That was {count} times without a new snapshot."
        return replace(ended, lost=False, message=words)


def _ask_for_room(bundles: list[dict[str, float]]) -> None:
    """Tell an autoscaler, if there is one, what is wanted."""
    from ray.autoscaler.sdk import request_resources

    request_resources(bundles=bundles)
