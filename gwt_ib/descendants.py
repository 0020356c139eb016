"""Everything that a process of a run has started, found by a mark in its environment variables, and ended.

An environment may start simulators, which may start others, in sessions of their own. They inherit the environment
variables, wherever they go. As a script (`descendants.py DESCRIPTOR MARK`) this is the guard of a run: it waits until the
descriptor's other end, the trainer, is gone, and ends what the trainer could not; the folder of that mark goes, too.
It needs Python's own modules alone.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

TYPE_CHECKING = False  # typing takes longer to import than a guard to come up
if TYPE_CHECKING:
    import subprocess

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


def folder_of(mark: str) -> str:
    """A folder for temporary files of whatever has this mark. Its name is short: sockets lie in it."""
    return f"{os.environ.get('TMPDIR') or '/tmp'}/gwt-ib-{mark}"


def remove_folder(mark: str) -> None:
    """Remove that folder, where there is one."""
    if os.path.isdir(folder_of(mark)):  # noqa: PTH112 - see `marked`
        import shutil  # a guard must come up in milliseconds

        shutil.rmtree(folder_of(mark), ignore_errors=True)


def _is_dead(pid: int) -> bool:
    """Whether this is a zombie, which only its parent can remove."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except (OSError, IndexError):
        return True


def start_guard(alive: int, mark: str, *, orphan: bool = False) -> subprocess.Popen[bytes]:
    """Start the process that ends what a killed one leaves; the other end of the descriptor is that one's.

    An `orphan` is nobody's child: Ray kills the children of a process that ends.
    """
    import subprocess  # a guard must come up in milliseconds

    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(alive), mark, *(["orphan"] if orphan else [])],
        env={name: value for name, value in os.environ.items() if name != VARIABLE},  # its own end is no descendant's
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=[alive],
    )


def guard(descriptor: int, mark: str) -> None:
    """Wait for the end of the process that holds the descriptor's other end, then end all that it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(descriptor, 4096):
        pass
    time.sleep(GRACE_S)
    end_marked(mark)
    remove_folder(mark)


if __name__ == "__main__":
    if sys.argv[3:] == ["orphan"] and os.fork():
        os._exit(0)
    guard(int(sys.argv[1]), sys.argv[2])
