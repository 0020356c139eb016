"""What a run has on each machine of a cluster beside its actors: a process that reads what they leave and cleans up.

An actor may hang, or die in the middle of a call: what it counted and logged lies in files of its machine until then. The
desk lives in another process, so it can still read them, end what the actor's environments have started, and see how
they got on while the actor answers nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gwt_ib.cluster.nodes import this_machine
from gwt_ib.descendants import end_marked, folder_of, start_guard
from gwt_ib.files import opened
from gwt_ib.log import cap_log

MOST_AT_ONCE = 256 << 10  # of one answer for one actor
COUNTERS, LOG = "counters", "log"
"""The files of an actor's folder: int64 [2 + B], env steps, beats and the number of each episode; and what it printed."""


class Left(NamedTuple):
    """What an actor has left on its machine since it was last looked at; it goes as a dict: Ray pickles nothing of ours."""

    counters: list[int]  # empty before there are any
    log: bytes
    log_at: int  # where in its file it begins: earlier than asked for where the file was cut


def actor_folder(mark: str, name: str) -> Path:
    """Where an actor of a run, or of one of its generations, keeps its files on its machine."""
    return Path(folder_of(mark)) / name


class Desk:
    """The desk of one run on one machine; a Ray actor."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        # Its other end goes with this process, whatever ends it.
        guarded, self._alive = os.pipe()
        start_guard(guarded, mark, orphan=True).wait()
        os.close(guarded)
        Path(folder_of(mark)).mkdir(mode=0o700, exist_ok=True)

    def machine(self) -> dict[str, str]:
        """This machine's name and versions."""
        return this_machine()

    def read(self, known: Mapping[str, int]) -> dict[str, dict[str, Any]]:
        """What each of these actors has left; `known` says how many bytes of its log have been read before."""
        return {name: self._left(name, offset) for name, offset in known.items()}

    def end(self, name: str, known: int) -> dict[str, Any]:
        """The last of an actor that has ended: all that it started is killed, and its files go."""
        end_marked(f"{self._mark}/{name}")
        left = self._left(name, known)
        shutil.rmtree(actor_folder(self._mark, name), ignore_errors=True)
        return left

    def _left(self, name: str, offset: int) -> dict[str, Any]:
        folder, counters, log = actor_folder(self._mark, name), [], b""
        cap_log(folder / LOG)  # an environment that prints for ever fills no disk
        with suppress(OSError, ValueError):
            counters = np.fromfile(folder / COUNTERS, np.int64).tolist()
        with suppress(OSError), opened(folder / LOG) as file:
            offset = offset if offset <= os.fstat(file.fileno()).st_size else 0
            file.seek(offset)
            log = file.read(MOST_AT_ONCE)
        return Left(counters, log, offset)._asdict()

    def close(self) -> None:
        """Remove everything of the run from this machine."""
        os.close(self._alive)


def remote_desk(node: str, mark: str) -> Any:
    """A new desk on the node with that id."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    place = NodeAffinitySchedulingStrategy(node, soft=False)
    return ray.remote(Desk).options(num_cpus=0, scheduling_strategy=place).remote(mark)
