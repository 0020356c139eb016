"""Whether a run still lives: what `run.json` says, held against the trainer's last sign of life."""

from __future__ import annotations

import socket
from typing import Literal

import psutil

State = Literal["starting", "running", "paused", "finished", "stopped", "failed"]
ENDED: frozenset[str] = frozenset({"finished", "stopped", "failed"})
KILLED, STALLED, UNKNOWN = "killed", "stalled", "unknown"
HEARTBEAT_OLD_S = 5.0  # the trainer rewrites run.json about once a second


def lifecycle(state: str, last_sign: float | None, now: float, trainer_alive: bool | None) -> str:
    """The state to show for the recorded one; `last_sign` and `now` are time stamps.

    A run whose trainer is gone is `killed`, one whose trainer is silent for too long `stalled`. `trainer_alive` is
    None where that cannot be known: on another host, or before there is a process id.
    """
    if state in ENDED or state == UNKNOWN:
        return state
    if trainer_alive is False:
        return KILLED
    return state if last_sign is None or now - last_sign <= HEARTBEAT_OLD_S else STALLED


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
