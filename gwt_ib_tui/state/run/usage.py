"""What the processes of a run take of the machine, where they are on this one."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import psutil

PERIOD_S = 1.0
LARGEST_SHARE = 0.01  # of the time of one core that reading may take: many processes are read more rarely


class Usage(NamedTuple):
    """One process: CPU time in percent of one core since the reading before, and resident memory in bytes."""

    cpu_percent: float | None
    resident: int | None


class UsageReader:
    """Reads processes at most once a second, and more rarely where that is expensive."""

    def __init__(self) -> None:
        self._host = socket.gethostname()
        self._processes: dict[int, psutil.Process] = {}
        self._usage: dict[int, Usage] = {}
        self._next = 0.0

    def read(self, host: str, pids: Iterable[int], heartbeat: float | None) -> Mapping[int, Usage]:
        """The usage by process id, the same object until it is read again, without processes that cannot be read.

        A process that began after the run's last `heartbeat` only has the number of one that is gone.
        """
        started = time.monotonic()
        if started < self._next:
            return self._usage
        wanted = set(pids) if host == self._host else set()
        if not wanted and not self._usage:
            return self._usage
        self._processes = {pid: process for pid, process in self._processes.items() if pid in wanted}
        self._usage = {}
        for pid in wanted:
            try:
                self._usage[pid] = self._of(pid, heartbeat)
            except (psutil.Error, OSError, ValueError, OverflowError):
                self._processes.pop(pid, None)
        self._next = started + max(PERIOD_S, (time.monotonic() - started) / LARGEST_SHARE)
        return self._usage

    def _of(self, pid: int, heartbeat: float | None) -> Usage:
        known = self._processes.get(pid)
        process = known or psutil.Process(pid)
        with process.oneshot():
            if known is None and heartbeat is not None and process.create_time() > heartbeat + 1.0:
                raise psutil.NoSuchProcess(pid)
            percent = process.cpu_percent()
            usage = Usage(percent if known else None, process.memory_info().rss)
        self._processes[pid] = process
        return usage
