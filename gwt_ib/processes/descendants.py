"""Everything that a process of a run has started, found by a mark in its environment variables, and ended.

An environment may start simulators, which may start others, in sessions of their own. They inherit the environment
variables, wherever they go. As a script (`descendants.py DESCRIPTOR MARK`) this is the guard of a run: it waits until the
descriptor's other end, the trainer, is gone, and ends what the trainer could not. It needs Python's own modules alone.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

VARIABLE = "GWT_IB_CHILD"
GRACE_S = 0.2  # for processes that die with the trainer by themselves
ROUNDS = 20  # a process may start another one while it is looked for


def marked(mark: str) -> list[int]:
    """The processes of this user whose mark begins with `mark`, without this one; none where there is no /proc."""
    wanted, found = f"{VARIABLE}={mark}".encode(), []
    with suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208 - a guard must come up in milliseconds
            if not name.isdigit() or int(name) == os.getpid():
                continue
            with suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
                if any(variable.startswith(wanted) for variable in file.read().split(b"\0")):
                    found.append(int(name))
    return found


def end_marked(mark: str) -> int:
    """Kill every process whose mark begins with `mark`; returns how many there were."""
    killed: set[int] = set()
    for _ in range(ROUNDS):
        living = [pid for pid in marked(mark) if not _is_dead(pid)]
        if not living:
            break
        killed.update(living)
        for pid in living:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
    return len(killed)


def _is_dead(pid: int) -> bool:
    """Whether this is a zombie, which only its parent can remove."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except (OSError, IndexError):
        return True


def guard(descriptor: int, mark: str) -> None:
    """Wait for the end of the process that holds the descriptor's other end, then end all that it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(descriptor, 4096):
        pass
    time.sleep(GRACE_S)
    end_marked(mark)


if __name__ == "__main__":
    guard(int(sys.argv[1]), sys.argv[2])
