"""One run on a node: its trainer, its final evaluation and its folder, which go when whoever asked for them is gone.

`python -m gwt_ib.sweeps.nodes.keeper` is a process that nothing on the node ends by accident: Ray kills the children of its
workers. Its descriptor 0 is its life: a letter there begins or ends the run, its end ends everything at once.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import select
import shutil
import signal
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.durable import write_all
from gwt_ib.errors import ExitCode, error_text
from gwt_ib.processes.children import ENDING_SIGNALS
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.sweeps.executor import Ended
from gwt_ib.sweeps.local import LocalExecutor

MODULE = "gwt_ib.sweeps.nodes.keeper"
BEGIN, RESUME, STOP = b"brs"
"""What it may be told: to train from the start, from the newest snapshot, and to end with a last snapshot."""
LOOK_S = 0.1
GUARD_S = 0.5  # the trainer's guard needs less to end what a killed trainer leaves
REMOVING_S = 5.0
PREFIX, KEPT = "gwt-ib-run-", ".kept"
YOUNG_S = 60.0
"""A folder that is not older may not have its keeper yet."""


class Gone(Exception):
    """Whoever asked for the run is gone."""


class Life:
    """The descriptor by which a keeper lives, and what has been told there."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.told: set[int] = set()

    def listen(self, timeout_s: float) -> None:
        """Wait at most so long for a letter. Raises `Gone`."""
        if select.select([self._descriptor], [], [], timeout_s)[0]:
            letters = os.read(self._descriptor, 64)
            if not letters:
                raise Gone
            self.told.update(letters)


def keep(run: RunDirectory, executor: LocalExecutor, life: Life) -> Ended:
    """Once told to, train to the end and evaluate, as a sweep on one machine does. Raises `Gone`."""
    while not life.told:
        life.listen(60.0)
    if STOP in life.told:
        return Ended(run, ExitCode.ENDED_BY_TERM, "It was stopped before it began.")
    try:
        executor.start(run, resume=RESUME in life.told)
    except OSError as error:
        return Ended(run, ExitCode.RESOURCES_USED_UP, f"No trainer starts: {error_text(error)}.")
    while not (ended := executor.tend(LOOK_S)):
        life.listen(0.0)
        if STOP in life.told:
            life.told.discard(STOP)
            executor.stop()
    return ended[0]


def main(arguments: list[str]) -> int:
    """Entry of the process."""
    parser = argparse.ArgumentParser(prog=MODULE)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args(arguments)
    for number in ENDING_SIGNALS:  # it ends with its descriptor 0 alone
        signal.signal(number, signal.SIG_IGN)
    if os.fork():
        return 0  # from now on it is nobody's child
    kept = hold(given.folder)  # noqa: F841 - until this process ends
    executor, life = LocalExecutor(1), Life(sys.stdin.fileno())
    try:
        ended = keep(RunDirectory(given.run), executor, life)
        told = {"code": int(ended.code), "message": ended.message, "lost": ended.lost}
        write_all(sys.stdout.fileno(), json.dumps(told).encode() + b"\n")
        while True:
            life.listen(60.0)
    except (Gone, BrokenPipeError):
        return 0
    finally:
        executor.close()
        remove(given.folder)


def hold(folder: Path) -> int | None:
    """A descriptor that says, as long as it is open, that a run's folder is kept; None where somebody else has it."""
    descriptor = os.open(folder / KEPT, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def remove_forgotten(parent: Path) -> None:
    """Delete the folders of runs whose keepers are gone, as after a machine that was switched off. Never raises."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
            if not ours or utc_now() - status.st_mtime < YOUNG_S:
                continue
            descriptor = hold(folder)
            if descriptor is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(descriptor)


def remove(folder: Path) -> None:
    """Delete a run's folder, in which something that is just being ended may still write."""
    time.sleep(GUARD_S)
    deadline = time.monotonic() + REMOVING_S
    while folder.exists() and time.monotonic() < deadline:
        with suppress(OSError):
            shutil.rmtree(folder, ignore_errors=True)
        time.sleep(LOOK_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
