"""The only reader of the run directory: one thread that folds what is new into one immutable `Snapshot`.

The thread never touches Textual and the event loop never touches a file; what passes between them is one reference.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.lifecycle import SILENT_S, UNKNOWN, is_trainer_alive, lifecycle
from gwt_ib.runs.records import Record, RecordReader
from gwt_ib_tui.state.gate_history import MAX_MOMENTS, GateCurve
from gwt_ib_tui.state.log_tail import LINES_KEPT, LogTail, LogView
from gwt_ib_tui.state.metric_feed import SLICE_BYTES, MetricFeed, RowListener
from gwt_ib_tui.state.series import MAX_BUCKETS, RAW_ROWS
from gwt_ib_tui.state.snapshot import Report, RunInfo, Snapshot
from gwt_ib_tui.state.usage import Usage, UsageReader

EVENTS_KEPT = 500
REPUBLISH_S = 1.0  # ages are shown, so a live run's snapshot is renewed also when no file changed

Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Limits:
    """How much of a run is held in memory: rows as they came, buckets of older ones, gate curves, events, log lines.

    Without log lines, neither the logs are read nor what the processes take of the machine.
    """

    rows: int = RAW_ROWS
    buckets: int = MAX_BUCKETS
    moments: int = MAX_MOMENTS
    events: int = EVENTS_KEPT
    log_lines: int = LINES_KEPT


class Feed:
    """Follows one run directory. `poll` does one step; `start` runs it in a thread at `interval`."""

    def __init__(
        self,
        run: RunDirectory,
        interval: float = 0.25,
        limits: Limits = Limits(),
        listener: RowListener | None = None,
    ) -> None:
        self._directory = run
        self._limits = limits
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="feed", daemon=True)
        self._signatures: dict[Path, Signature | None] = {}
        self._info = RunInfo.of({}, run.name)
        self._config: Config | None = None
        self._report: Report | None = None
        self._events: deque[Record] = deque(maxlen=limits.events)
        self._events_seen = 0
        self._event_reader = RecordReader(run.events)
        self._log_tail = LogTail(run.logs, limits.log_lines)
        self._log = LogView(run.logs)
        self._usage_reader = UsageReader()
        self._usage: Mapping[int, Usage] = {}
        self._version = 0
        self._metrics = MetricFeed(run.metrics, limits.rows, limits.buckets, limits.moments, listener)
        self.snapshot = self._snapshot(UNKNOWN, "", None)

    def start(self) -> None:
        """Begin to follow, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def poll(self) -> bool:
        """Take in what is new, a turn of reading at most, and publish it; true when there is more to read at once."""
        try:
            changed = self._read_small_files()
            changed |= self._read_events()
            if self._limits.log_lines:
                changed |= self._read_log_and_usage()
            before = self._metrics.rows_read
            more = self._metrics.read()
            changed |= self._metrics.rows_read != before
            problem = ""
        except OSError as error:
            changed, more, problem = False, False, f"cannot read the run directory: {error.strerror}"
        last = self.snapshot
        info = self._info
        alive = is_trainer_alive(info.host, info.trainer, info.heartbeat)
        state = lifecycle(info.state, info.last_sign, utc_now(), alive, SILENT_S)
        due = not last.ended and utc_now() - last.now >= REPUBLISH_S
        if changed or due or (problem, state, more) != (last.problem, last.state, last.loading is not None):
            self._version += 1
            self.snapshot = self._snapshot(state, problem, self._metrics.share_read() if more else None)
        return more

    @property
    def broken(self) -> bool:
        """Whether the thread ended without being asked to: a bug, and what is shown will not change any more."""
        return not self._stopping.is_set() and self._thread.ident is not None and not self._thread.is_alive()

    def read_everything(self) -> Snapshot:
        """Read to the end, without the thread, and return the last snapshot."""
        while self.poll():
            pass
        return self.snapshot

    def _follow(self) -> None:
        while not self._stopping.is_set():
            more = self.poll()
            # A short rest between slices leaves the interpreter to the event loop while a long file is loaded.
            self._stopping.wait(0.005 if more else self._interval)

    def _read_small_files(self) -> bool:
        run = self._directory
        changed = False
        if self._is_new(run.run):
            record = run.read_run()
            if record:
                self._info = RunInfo.of(record, run.name)
                changed = True
        if self._is_new(run.config):
            with suppress(UserError):  # of another version: the dashboard does without
                self._config = run.read_config()
                changed = True
        if self._is_new(run.gatecheck):
            self._report = Report.of(run.read_gatecheck())
            changed = True
        return changed

    def _is_new(self, path: Path) -> bool:
        try:
            stat = path.stat()
        except FileNotFoundError:
            signature = None
        else:
            signature = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if self._signatures.get(path) == signature:
            return False
        self._signatures[path] = signature
        return True

    def _read_events(self) -> bool:
        events = self._event_reader.read(SLICE_BYTES)
        self._events.extend(events)
        self._events_seen += len(events)
        return bool(events)

    def _read_log_and_usage(self) -> bool:
        """The log's new lines, and once a second the processes of a run that lives."""
        log, usage, info = self._log, self._usage, self._info
        self._log = self._log_tail.read(utc_now())
        pids = [] if self.snapshot.ended else [info.trainer, info.learner, *(actor.pid for actor in info.actors)]
        self._usage = self._usage_reader.read(info.host, [pid for pid in pids if pid is not None], info.heartbeat)
        return self._log is not log or self._usage is not usage

    def _snapshot(self, state: str, problem: str, loading: float | None) -> Snapshot:
        now = utc_now()
        metrics = self._metrics
        series, gate = metrics.view()
        return Snapshot(
            version=self._version,
            path=self._directory.path,
            now=now,
            run=self._info,
            state=state,
            config=self._config,
            row=metrics.row,
            row_age_s=None if metrics.row_time is None else max(now - metrics.row_time, 0.0),
            series=series,
            curve=GateCurve.of(metrics.row.get("gate_curve")),
            gate=gate,
            report=self._report,
            events=tuple(self._events),
            events_seen=self._events_seen,
            loading=loading,
            problem=problem,
            log=self._log,
            usage=self._usage,
        )
