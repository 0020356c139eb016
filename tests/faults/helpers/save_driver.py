"""A small warm process that forks a child for each case: the child waits for a signal, does one piece of work, and ends.

It reads one JSON object a line, `{"work": NAME, …}`, and answers with the child's pid; at the next empty line it answers
with how the child ended. So a case costs a fork and not the imports, and nothing but the work is traced.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import RecordWriter
from gwt_ib.runs.record import RunRecord
from gwt_ib.runs.snapshot import BadSnapshotError, Snapshot, load_snapshot, save_snapshot
from gwt_ib.runs.snapshot_store import keep_snapshots, save_firmly, set_aside_newer

DONE, FAILED, REFUSED, UNEXPECTED = 0, 10, 11, 12
"""How a child ends: it is done; the disk refused (`OSError`); the data was refused; anything else is a fault of ours."""

AS_LIMIT_BYTES = 4 << 30
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
DEEDS = ("pickle.", "os.", "subprocess.", "socket.", "shutil.", "exec", "compile", "import", "ctypes.", "code.")
"""What nobody does who only reads a file; audit events begin so."""


def made_up_snapshot(number: int, size: int = 4096) -> Snapshot:
    """A snapshot whose every part depends on `number`."""
    random = np.random.default_rng(number)
    tensors = {"weights": random.normal(size=size).astype(np.float32), "bias": np.float32([number])}
    optimizer = {"mean": random.normal(size=size).astype(np.float32), "step": np.array(float(number), np.float32)}
    environments = {"h": random.normal(size=(4, 16)).astype(np.float32), "actions.0": np.arange(number % 7 + 1)}
    state = {"update": number, "env_steps": number * 64, "window": {"returns": random.normal(size=8).tolist()}}
    return Snapshot(tensors, optimizer, environments, state)


def made_up_record(number: int) -> RunRecord:
    """A `run.json` that depends on `number`."""
    return RunRecord("run", "running", "popgym-RepeatPreviousEasy-v0", seed=number, message="a sentence " * 40)


def snapshot(folder: str, number: int) -> Callable[[], Any]:
    """Save a snapshot."""
    content = made_up_snapshot(number)
    return lambda: save_snapshot(Path(folder), content, number * 64)


def row(path: str, number: int) -> Callable[[], Any]:
    """Append a metrics row and make it durable."""
    writer = RecordWriter(Path(path))

    def append() -> None:
        writer.append({"update": number, "text": "x" * 300})
        writer.sync()

    return append


def run_record(path: str, number: int) -> Callable[[], Any]:
    """Rewrite `run.json`."""
    return lambda: RunDirectory(Path(path)).write_run(made_up_record(number))


def load(path: str, result: str) -> Callable[[], Any]:
    """Load a snapshot that somebody else made; the memory that it took and what it did beside reading go to `result`."""
    deeds: list[str] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def watch(name: str, arguments: tuple[Any, ...]) -> None:
        codec = "encodings" in repr(arguments)  # JSON may be UTF-16, of which Python reads how when it meets it
        writes = name == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if writes or (name.startswith(DEEDS) and not codec):
            deeds.append(f"{name} {arguments!r:.200}")

    def measure() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (AS_LIMIT_BYTES, AS_LIMIT_BYTES))
        sys.addaudithook(watch)
        try:
            load_snapshot(Path(path))
        finally:
            found = {"deeds": list(deeds)}
            found["grown"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
            Path(result).write_text(json.dumps(found))

    return measure


def firmly(folders: list[str], number: int) -> Callable[[], Any]:
    """Save a snapshot at any price."""
    content = made_up_snapshot(number)
    return lambda: save_firmly([Path(folder) for folder in folders], content, number * 64)


def keep(folder: str) -> Callable[[], Any]:
    """Delete what is not kept."""
    return lambda: keep_snapshots(Path(folder))


def set_aside(folder: str, number: int) -> Callable[[], Any]:
    """Set aside what is newer than a snapshot."""
    return lambda: set_aside_newer(Path(folder), number * 64)


def cut(path: str, aside: str, number: int) -> Callable[[], Any]:
    """Cut metrics back to an update."""
    return lambda: cut_back(Path(path), number, Path(aside))


WORKS: dict[str, Callable[..., Callable[[], Any]]] = {
    work.__name__: work for work in (snapshot, firmly, keep, set_aside, cut, row, run_record, load)
}


def child(make: Callable[..., Callable[[], Any]], given: Mapping[str, Any], ready: int) -> int:
    """Wait for the signal to begin, do the work, and say by the exit code how it went."""
    work = make(**given)
    os.close(ready)
    signal.sigwait([signal.SIGUSR1])
    try:
        work()
    except OSError:
        return FAILED
    except BadSnapshotError:
        return REFUSED
    except BaseException:  # noqa: BLE001 - whatever it is, it is reported
        traceback.print_exc()
        return UNEXPECTED
    return DONE


def main() -> None:
    """Serve cases until the input ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    say = sys.stdout
    with tempfile.TemporaryDirectory() as folder:  # what is imported late is imported now
        snapshot(folder, 1)()
        run_record(folder, 1)()
        load_snapshot(Path(folder) / f"{64:012d}")
    for line in sys.stdin:
        given = json.loads(line)
        make = WORKS[given.pop("work")]
        prepared, ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(prepared)
            os._exit(child(make, given, ready))
        os.close(ready)
        os.read(prepared, 1)
        os.close(prepared)
        say.write(f"{pid}\n")
        say.flush()
        sys.stdin.readline()
        _, status = os.waitpid(pid, 0)
        say.write(f"{os.waitstatus_to_exitcode(status)}\n")
        say.flush()


if __name__ == "__main__":
    main()
