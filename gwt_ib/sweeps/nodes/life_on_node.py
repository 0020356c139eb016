"""One run on a node of a cluster, as the head sees it: placed, given its files, followed until all of it is here.

Each step is one call of `remote_run`, and none is waited for: the life of a run is a generator that yields them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gwt_ib.errors import ExitCode, error_text
from gwt_ib.files import read_regular
from gwt_ib.log import LOGGER
from gwt_ib.runs.control import MAX_REQUEST_BYTES
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.executor import Ended
from gwt_ib.sweeps.nodes.mirror import Known, changes
from gwt_ib.sweeps.nodes.mirror_copy import BadAnswerError, Copy
from gwt_ib.sweeps.nodes.node_room import Need, NodeRoom, in_words
from gwt_ib.sweeps.nodes.remote_run import REQUEST, RemoteRun
from gwt_ib.text import plain

POLL_S = 0.4
"""How often a run is asked for what is new, as its trainer gives a sign of life; less often where there are many."""
OF_A_POLL_S = 0.02
"""The head spends at most half of its time on them."""
MOST_POLL_S = 2.0
PLACING_S = 0.2
SAID_AFTER_S = 15.0
"""A run that waits longer for a node says so."""
MOST_REQUESTS = 100

Life = Generator[Any, Any, Ended]
"""Yields a call of Ray, and is sent its answer or thrown its error; or seconds."""


@dataclass
class Lives:
    """What the runs of one executor share: the nodes, how many they are, and whether they are to end."""

    nodes: NodeRoom
    count: int = 0
    stopping: bool = False

    def live(self, run: RunDirectory, need: Need, on_placed: Callable[[], None], *, resume: bool) -> Life:
        """Place a run, train it, and say how it ended; `on_placed` is called once it is on a node."""
        node = yield from self._place(run, need)
        if node is None:
            return Ended(run, ExitCode.ENDED_BY_TERM, "It was stopped before it began.")
        name, begun, remote = self.nodes.name(node), False, None
        try:
            remote = _remote(run.name, node, need)
            yield remote.machine.remote()
            on_placed()
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
            self.nodes.give_back(node, need, begun=begun or self.stopping)
            if remote is not None:
                _kill(remote)

    def _place(self, run: RunDirectory, need: Need) -> Generator[float, None, str | None]:
        """Wait until a node has room; None where the sweep is stopped before."""
        said_at = time.monotonic() + SAID_AFTER_S
        while not self.stopping:
            if (node := self.nodes.place(need)) is not None:
                return node
            if time.monotonic() >= said_at:
                said_at += 10 * SAID_AFTER_S
                LOGGER.warning("%s waits for a node with %s; %s", run.name, in_words(need), self.nodes.lacks(need))
            yield PLACING_S
        return None

    def _follow(self, run: RunDirectory, remote: Any, copy: Copy) -> Generator[Any, Any, Ended]:
        """Mirror a run until it has ended and everything of it is here."""
        asked_to_stop, trouble = False, ""
        while True:
            if self.stopping and not asked_to_stop:
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
                yield min(max(POLL_S, OF_A_POLL_S * self.count), MOST_POLL_S)


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
