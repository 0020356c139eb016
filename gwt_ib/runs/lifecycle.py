"""Whether a run still lives: the state in `run.json`, compared with the trainer's last sign of life."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Literal

import psutil

State = Literal["starting", "running", "paused", "finished", "stopped", "failed"]
ENDED: frozenset[str] = frozenset({"finished", "stopped", "failed"})
KILLED, STALLED, UNKNOWN = "killed", "stalled", "unknown"
HEARTBEAT_S = 0.4  # so often the trainer rewrites run.json
SILENT_S = 1.2  # on this host, where one keeps looking and a false alarm goes away: a machine can be busy
LONG_SILENT_S = 5.0  # where one looks once; and for another host, whose clock and file system may lag


def lifecycle(
    state: str, last_sign: float | None, now: float, trainer_alive: bool | None, patience_s: float = LONG_SILENT_S
) -> str:
    """The state to show for the recorded one; `last_sign` and `now` are time stamps.

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


class Pulse:
    """How long a run has been silent, for readers that look again and again: by our clock, whatever the trainer's says.

    Until a heartbeat was seen to change, its time stamp is all there is; so it is again after one that goes back, which
    is that of another trainer or of a clock that was set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._newest: float | None = None
        self._changed_at: float | None = None

    def last_sign(self, heartbeat: float | None, now: float) -> float | None:
        """When the trainer last gave a sign of life, as a time stamp of the clock that says `now`; None if never."""
        newest, self._newest = self._newest, heartbeat
        if newest is None or heartbeat is None or heartbeat < newest:
            self._changed_at = None
        elif heartbeat > newest:
            self._changed_at = self._clock()
        return heartbeat if self._changed_at is None else now - (self._clock() - self._changed_at)


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
