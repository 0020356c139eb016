"""Giving way: while nobody presses a key, the threads of a dashboard interrupt no other process when they wake up.

A lower priority (`nice`) would do nothing: the kernel shares the cores out among sessions first, and the processes of a
run are in sessions of their own. The policy `SCHED_BATCH` counts all the same.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress


def give_way(wanted: bool) -> None:
    """Let all threads of this process give way, or be as others again; of no effect where the system has no such policy."""
    if not hasattr(os, "sched_setscheduler"):
        return
    policy = os.SCHED_BATCH if wanted else os.SCHED_OTHER
    for thread in threading.enumerate():
        with suppress(OSError, TypeError):  # it has just ended, or the system does not allow it
            os.sched_setscheduler(thread.native_id or 0, policy, os.sched_param(0))
