"""What the system lets a run have: descriptors and processes; said with numbers where that is too little."""

from __future__ import annotations

import errno
import os
import resource
from typing import TYPE_CHECKING

from gwt_ib.errors import ExitCode, UserError

if TYPE_CHECKING:
    from gwt_ib.config import Config

OF_THE_TRAINER = 32
"""Descriptors of a trainer without actors: streams, files, pipes and sockets, with what its libraries hold open."""
OF_AN_ACTOR = 6
"""Further ones for each actor: its wake-up pipe, and what starting a process takes for a moment."""
LIMIT_NAMES = {
    errno.EMFILE: ("open files", resource.RLIMIT_NOFILE, "ulimit -n"),
    errno.EAGAIN: ("processes", resource.RLIMIT_NPROC, "ulimit -u"),
}


def descriptors_needed(config: Config) -> int:
    """How many descriptors the trainer of such a run holds open at most, roughly and rather too many."""
    actors = 0 if config.channel == "serial" else config.num_actors
    return OF_THE_TRAINER + OF_AN_ACTOR * actors


def raise_descriptor_limit(needed: int) -> None:
    """Let this process and its children open as many files as they may. Raises `UserError` (69) if that is too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 1 << 20  # some programs look at every number below the limit
    wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (OSError, ValueError):  # a container may forbid even that
            pass
    if soft != resource.RLIM_INFINITY and soft < needed:
        raise UserError(
            f"This run needs about {needed} open files and may have {soft}: raise the limit (`ulimit -n`, its hard part "
            f"`ulimit -Hn`), or run fewer actors.",
            ExitCode.RESOURCES_USED_UP,
        )


def start_error(error: OSError) -> str:
    """Why a process could not be started, as a sentence that names the limit and what is allowed."""
    return f"A process cannot be started: {in_numbers(error)}."


def thread_error(error: RuntimeError) -> str:
    """Why a thread could not be started, as such a sentence; empty for an error of another kind."""
    if str(error) != "can't start new thread":  # Python does not say the system's own error
        return ""
    return f"A thread cannot be started: {in_numbers(BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)))}."


def in_numbers(error: OSError) -> str:
    """A system's error in words, with the limit that was reached; without a full stop."""
    words = error.strerror or str(error)
    if error.errno == errno.ENOMEM:
        return f"{words}: {_memory()}"
    if error.errno == errno.ENFILE:
        return f"{words} (fs.file-max)"
    if error.errno not in LIMIT_NAMES:
        return words + (f": {error.filename}" if error.filename else "")
    name, limit, command = LIMIT_NAMES[error.errno]
    soft, hard = (_number(value) for value in resource.getrlimit(limit))
    allowed = f"{words}: {soft} {name} are allowed (`{command}`, at most {hard})"
    if error.errno == errno.EAGAIN:
        allowed += f" and this user has {_own_processes()}{_group_limit()}"
    return allowed


def _number(limit: int) -> str:
    return "unlimited" if limit == resource.RLIM_INFINITY else str(limit)


def _own_processes() -> str:
    """The tasks of this user, threads among them, as the limit counts them."""
    count = 0
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                if entry.stat().st_uid == os.getuid():
                    count += len(os.listdir(f"/proc/{entry.name}/task"))  # noqa: PTH208 - only how many
            except OSError:
                continue
    return f"{count} with their threads"


def _group_limit() -> str:
    """The limit of the control group, which no `ulimit` shows; empty where there is none to be seen."""
    for path in ("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"):
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a file of the kernel
                words = file.read().strip()
        except OSError:
            continue
        return "" if words == "max" else f"; its control group allows {words}"
    return ""


def _memory() -> str:
    try:
        import psutil

        return f"{psutil.virtual_memory().available / 2**20:,.0f} MiB are free"
    except (ImportError, OSError):
        return "how much is free is unknown"
