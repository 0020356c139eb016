"""The runs of a sweep on this machine: so many trainers side by side, each a process of its own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gwt_ib.errors import ExitCode
from gwt_ib.lenient import mapping, text, whole
from gwt_ib.log import LOGGER
from gwt_ib.polling import readable
from gwt_ib.processes.children import Child, start_child
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.jsonl import Record, parse_record
from gwt_ib.sweeps.executor import Ended

TRAINER = "gwt_ib.sweeps.member_process"
EVALUATION = "gwt_ib.sweeps.evaluation_process"
REPORT_BYTES = 1 << 20
LEAVING_S = 5.0
"""How long a trainer that has said how it ended may take to be gone."""


@dataclass(eq=False)
class _Work:
    """A run that takes a place: trained, and then evaluated; `ended` is how the training did."""

    run: RunDirectory
    child: Child
    report: int
    ended: Ended | None = None


class LocalExecutor:
    """Trains at most `parallel` runs side by side, and evaluates each that has finished in the place that it had.

    To be used in the main thread: the kernel ends what a thread has started together with that thread.
    """

    def __init__(self, parallel: int) -> None:
        self._parallel = parallel
        self._works: dict[Path, _Work] = {}
        self._stopping = False
        self._undelivered: list[Ended] = []

    def room(self) -> int:
        """How many further runs can be started now."""
        return 0 if self._stopping else max(self._parallel - len(self._works), 0)

    def start(self, run: RunDirectory, *, resume: bool) -> None:
        """Train a run, from the start or from its newest good snapshot. Raises `OSError` where no process can be started."""
        self._works[run.path] = self._begin(run, "trainer", TRAINER, ["--resume"] if resume else [])

    def tend(self, timeout_s: float) -> Sequence[Ended]:
        """Wait at most `timeout_s` for the end of a run; the runs that have ended since the last call."""
        works = {work.report: work for work in self._works.values()}
        if works and not self._undelivered:
            for descriptor in readable(works, timeout_s):
                self._take(works[descriptor])
        elif not works and not self._undelivered:
            time.sleep(timeout_s)
        ended, self._undelivered = self._undelivered, []
        return ended

    def stop(self) -> None:
        """Ask every run to end with a last snapshot; evaluations, which can be made again, end at once."""
        self._stopping = True
        for work in list(self._works.values()):
            if work.ended is not None:
                self._close(work)
                self._undelivered.append(work.ended)
            else:
                with suppress(ProcessLookupError):
                    os.kill(work.child.pid, signal.SIGTERM)

    def close(self) -> None:
        """End what is left, at once."""
        for work in list(self._works.values()):
            self._close(work)

    def _begin(self, run: RunDirectory, name: str, module: str, further: list[str]) -> _Work:
        read, write = os.pipe()
        try:
            arguments = ["--parent", str(os.getpid()), "--report", str(write), *further]
            child = start_child(run, name, module, arguments, [write])
        except BaseException:
            os.close(read)
            raise
        finally:
            os.close(write)
        return _Work(run, child, read)

    def _take(self, work: _Work) -> None:
        """A process has said how it ended, or is gone without a word."""
        report = _read_report(work.report)
        if report:
            work.child.end(LEAVING_S)
        self._close(work)
        if work.ended is not None:
            if message := text(report.get("message")) or ("" if report else work.child.ending()):
                LOGGER.warning("%s was not evaluated: %s", work.run.name, message)
            self._undelivered.append(work.ended)
            return
        ended = _ended(work.run, report, work.child)
        if ended.code == ExitCode.DONE and work.run.state() == "finished" and not self._stopping:
            try:
                begun = self._begin(work.run, "evaluation", EVALUATION, [])
                self._works[work.run.path] = replace(begun, ended=ended)
                return
            except OSError as error:
                LOGGER.warning("%s was not evaluated: %s", work.run.name, error.strerror or error)
        self._undelivered.append(ended)

    def _close(self, work: _Work) -> None:
        """End a process with all that it has started, and give its place back."""
        work.child.kill()
        os.close(work.report)
        del self._works[work.run.path]


def _read_report(descriptor: int) -> Record:
    """What a process has said at its end; empty where it said nothing."""
    data = b""
    while len(data) < REPORT_BYTES and (more := os.read(descriptor, 65536)):
        data += more
        if data.endswith(b"\n"):  # whatever it has started may hold the other end
            break
    return parse_record(data) or {}


def _ended(run: RunDirectory, report: Record, child: Child) -> Ended:
    told = mapping(report)
    try:
        code = ExitCode(whole(told.get("code")) or 0) if told else ExitCode.RESOURCES_USED_UP
    except ValueError:
        code = ExitCode.BUG
    if not told:
        return Ended(run, code, f"The trainer {child.ending()}.")
    return Ended(run, code, text(told.get("message")), lost=code == ExitCode.LOCKED)
