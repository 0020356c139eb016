"""The runs of a sweep on the nodes of a Ray cluster: each where there is room, its files mirrored to this machine.

A thread speaks with the cluster, so that files arrive whatever the engine is busy with. Each run is a generator that
yields the call, or the seconds, that it waits for.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from filelock import FileLock

from gwt_ib.cluster.connection import connect
from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError, error_text
from gwt_ib.files import read_regular
from gwt_ib.log import LOGGER
from gwt_ib.machine import usable_cores
from gwt_ib.processes.beginning import lock_run
from gwt_ib.runs.control import MAX_REQUEST_BYTES
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.snapshot_store import clean_temporary, list_snapshots
from gwt_ib.sweeps.executor import Ended
from gwt_ib.sweeps.mirror import Known, changes
from gwt_ib.sweeps.mirror_copy import BadAnswerError, Copy
from gwt_ib.sweeps.node_room import Need, NodeRoom, in_words, need_of
from gwt_ib.sweeps.remote_run import REQUEST, RemoteRun
from gwt_ib.text import plain

POLL_S = 0.4
"""How often a run is asked for what is new, as its trainer gives a sign of life; less often where there are many."""
OF_A_POLL_S = 0.02
"""The head spends at most half of its time on them."""
MOST_POLL_S = 2.0
TICK_S = 0.05
PLACING_S = 0.2
SAID_AFTER_S = 15.0
"""A run that waits longer for a node says so."""
SILENT_S = 60.0
"""A process on a node that does not answer for so long is given up."""
PROBING_S = 60.0
CLOSING_S = 10.0
MOST_REQUESTS = 100

Life = Generator[Any, Any, Ended]


@dataclass(eq=False)
class _Following:
    """One run that is being trained somewhere: what it waits for, a call or a moment."""

    run: RunDirectory
    lock: FileLock
    life: Life
    call: Any = None
    due: float = 0.0
    placed: bool = False


class RayExecutor:
    """Trains runs on a cluster: the one at `address`, `auto` for that of this machine, or one here where it is empty.

    Raises `UserError`: 2 without Ray, 69 where there is no such cluster. One thread may call it.
    """

    def __init__(self, address: str = "") -> None:
        self._connection = connect(address, cpus=usable_cores())
        self.address = self._connection.address
        self.warning = self._connection.warning
        """A sentence where the cluster can be reached by others."""
        self._nodes = NodeRoom()
        self._runs: list[_Following] = []
        self._largest: Need = {"CPU": 1.0}
        self._open = 0
        self._lock = threading.Lock()
        self._ended: queue.SimpleQueue[tuple[_Following, Ended]] = queue.SimpleQueue()
        self._stopping = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="cluster", daemon=True)
        self._thread.start()

    def check(self, configs: Sequence[Config]) -> None:
        """Raises `UserError` where one of these runs can never be trained here: 78 for its settings or the versions of
        all nodes, 69 where no node has as much as it takes."""
        for config in configs:
            refuse(config)
        deadline = time.monotonic() + PROBING_S
        while not self._nodes.answered and time.monotonic() < deadline:
            time.sleep(TICK_S)
        if refused := self._nodes.refusals():
            words = "; ".join(f"{name} has {why}" for name, why in refused.items())
            raise UserError(f"No node of the cluster can be used: {words}.", ExitCode.BAD_CONFIGURATION)
        needs = sorted((dict(need_of(config)) for config in configs), key=lambda need: need.get("CPU", 0.0))
        if not self._nodes.scales:
            for need in needs:
                if not self._nodes.could(need):
                    sentence = f"No node of the cluster has room for a run that takes {in_words(need)}: "
                    raise UserError(
                        f"{sentence}{self._nodes.largest()}. Use fewer actors and learner_threads, or a smaller ray_cpus.",
                        ExitCode.RESOURCES_USED_UP,
                    )
        if needs:
            self._largest, self._open = needs[-1], len(needs)

    def room(self) -> int:
        """How many further runs can be started now."""
        if self._stopping:
            return 0
        with self._lock:
            waiting = sum(not each.placed for each in self._runs)
        return max(0, self._nodes.room(self._largest) - waiting)

    def start(self, run: RunDirectory, *, resume: bool) -> None:
        """Train a run on a node. Its directory here is locked meanwhile. Raises `UserError` (75) where it is in use."""
        lock = lock_run(run)
        try:
            config = run.read_config()
            refuse(config)
            for folder in (run.path, run.snapshots, run.logs, run.incidents):
                clean_temporary(folder)
            resume = resume and bool(list_snapshots(run.snapshots))
            if not resume:  # it was lost before the first one: what it has recorded comes again
                cut_back(run.metrics, 0, run.metrics_aside)
        except BaseException:
            lock.release()
            raise
        following = _Following(run, lock, iter(()))  # type: ignore[arg-type]
        following.life = self._life(following, need_of(config), resume=resume)
        with self._lock:
            self._runs.append(following)

    def tend(self, timeout_s: float) -> Sequence[Ended]:
        """Wait at most `timeout_s`; the runs that have ended since the last call."""
        ended: list[Ended] = []
        with suppress(queue.Empty):
            while True:
                following, how = self._ended.get(timeout=timeout_s if not ended else 0.001)
                following.lock.release()  # in the thread that has taken it
                ended.append(how)
        return ended

    def stop(self) -> None:
        """Ask every run to end with a last snapshot; `tend` says when they have, and their files are here."""
        self._stopping = True

    def close(self) -> None:
        """End what is left, at once, and the connection."""
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
        for following in self._runs:
            following.life.close()
        with suppress(Exception):
            _ask_for_room([])

    def _serve_runs(self) -> None:
        import ray

        with self._lock:
            runs = list(self._runs)
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
            if following.placed and time.monotonic() > following.due:
                self._go_on(following, lambda life: life.throw(TimeoutError(f"no answer for {SILENT_S:g} s")))
            elif self._stopping and not following.placed:
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
        with self._lock:
            self._runs.remove(following)
        if not ended.lost:
            self._open = max(0, self._open - 1)
        self._ended.put((following, ended))

    # One run

    def _life(self, following: _Following, need: Need, *, resume: bool) -> Life:
        run = following.run
        node = yield from self._place(run, need)
        if node is None:
            return Ended(run, ExitCode.ENDED_BY_TERM, "It was stopped before it began.")
        name, begun, remote = self._nodes.name(node), False, None
        try:
            remote = _remote(run.name, node, need)
            yield remote.machine.remote()
            following.placed = True
            LOGGER.info("%s is on %s", run.name, name)
            known: Known = {}
            more = True
            while more:
                told = changes(run.path, known)
                known, more = (yield remote.take.remote(told)), told["more"]
            copy = Copy(run, (yield remote.begin.remote(resume=resume)))
            begun = True
            ended = yield from self._follow(run, remote, copy)
            yield remote.close.remote()
            return ended
        except BadAnswerError as error:
            return Ended(run, ExitCode.BAD_DATA, f"{name} sends what is no run: {error}.")
        except InterruptedError:
            return Ended(run, ExitCode.ENDED_BY_TERM, "It was stopped before it began.")
        except Exception as error:  # noqa: BLE001 - a node, a worker process or Ray itself
            words = f"{name} has lost {run.name}: {_words(error)}."
            LOGGER.warning(words)
            return Ended(run, ExitCode.RESOURCES_USED_UP, words, lost=True)
        finally:
            self._nodes.give_back(node, need, begun=begun or self._stopping or self._closing.is_set())
            if remote is not None:
                _kill(remote)

    def _place(self, run: RunDirectory, need: Need) -> Generator[float, None, str | None]:
        """Wait until a node has room; None where the sweep is stopped before."""
        said_at = time.monotonic() + SAID_AFTER_S
        while not self._stopping:
            if (node := self._nodes.place(need)) is not None:
                return node
            if time.monotonic() >= said_at:
                said_at += 10 * SAID_AFTER_S
                LOGGER.warning("%s waits for a node with %s; %s", run.name, in_words(need), self._nodes.largest())
            yield PLACING_S
        return None

    def _follow(self, run: RunDirectory, remote: Any, copy: Copy) -> Generator[Any, Any, Ended]:
        """Mirror a run until it has ended and everything of it is here."""
        asked_to_stop, trouble = False, ""
        while True:
            if self._stopping and not asked_to_stop:
                asked_to_stop = True
                yield remote.stop.remote()
            requests = _requests(run)
            answer = yield remote.look.remote(copy.known, requests)
            for name, _ in requests:
                with suppress(OSError):
                    (run.control / name).unlink()
            ended, more = answer.pop("ended", None), False
            try:
                more = copy.apply(answer)
            except OSError as error:  # the disk here is full: the run goes on there
                if trouble != (trouble := f"{error.strerror or error}"):
                    LOGGER.warning("the files of %s cannot be written: %s", run.path, trouble)
                ended, more = None, False
            if ended and not more:
                return _ending(run, ended)
            if not more:
                yield min(max(POLL_S, OF_A_POLL_S * len(self._runs)), MOST_POLL_S)


def refuse(config: Config) -> None:
    """Raises `UserError` (78) for a run whose settings are not possible inside a sweep on Ray."""
    if config.channel == "ray":
        raise UserError(
            'channel = "ray" is not possible in a sweep on Ray, where each run is on one node: use channel = "local".',
            ExitCode.BAD_CONFIGURATION,
        )


def _remote(name: str, node: str, need: Need) -> Any:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    further = {key: amount for key, amount in need.items() if key not in ("CPU", "GPU", "memory")}
    return (
        ray.remote(RemoteRun)
        .options(
            num_cpus=need.get("CPU", 0.0),
            num_gpus=need.get("GPU", 0.0),
            memory=int(need["memory"]) if "memory" in need else None,
            resources=further or None,
            max_restarts=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
        )
        .remote(name)
    )


def _kill(remote: Any) -> None:
    import ray

    with suppress(Exception):
        ray.kill(remote)


def _ask_for_room(bundles: list[dict[str, float]]) -> None:
    """Tell an autoscaler, if there is one, what is wanted."""
    from ray.autoscaler.sdk import request_resources

    request_resources(bundles=bundles)


def _requests(run: RunDirectory) -> list[tuple[str, bytes]]:
    """What dashboards here have asked of the run."""
    found = []
    with suppress(OSError):
        paths: Iterable[Any] = sorted(path for path in run.control.iterdir() if REQUEST.fullmatch(path.name))
        for path in list(paths)[:MOST_REQUESTS]:
            with suppress(OSError):
                found.append((path.name, read_regular(path, MAX_REQUEST_BYTES)))
    return found


def _ending(run: RunDirectory, told: Any) -> Ended:
    try:
        code = ExitCode(told["code"])
    except ValueError:
        code = ExitCode.RESOURCES_USED_UP
    return Ended(run, code, plain(told.get("message", "")), lost=told.get("lost") is True)


def _words(error: BaseException) -> str:
    """Why a call came to nothing, as a clause: Ray's own texts go over many lines."""
    from ray.exceptions import RayActorError

    if isinstance(error, RayActorError):
        return "its node or worker process died"
    return plain(error_text(getattr(error, "cause", None) or error), 300)
