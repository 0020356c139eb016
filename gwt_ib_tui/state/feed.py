"""The only reader of the run directory: one thread that folds what is new into one immutable `Snapshot`.

The thread never touches Textual and the event loop never touches a file; what passes between them is one reference.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.errors import UserError
from gwt_ib.numbers import real
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.lifecycle import UNKNOWN, is_trainer_alive, lifecycle
from gwt_ib.runs.metrics import NAMES
from gwt_ib.runs.records import Record, RecordReader, last_record
from gwt_ib_tui.state.gate_history import GateCurve, GateStore
from gwt_ib_tui.state.series import SeriesStore
from gwt_ib_tui.state.snapshot import Report, RunInfo, Snapshot

COLUMNS = tuple(name for name in NAMES if name not in ("eval_returns", "gate_curve"))
EVENTS_KEPT = 500
SLICE_BYTES = 256 << 10  # read at once; at most about 20 ms of parsing
REPUBLISH_S = 1.0  # ages are shown, so a live run's snapshot is renewed also when no file changed
SLICE_S = 0.05  # reading between two looks at everything else

Signature = tuple[int, int, int]


class Feed:
    """Follows one run directory. `poll` does one step; `start` runs it in a thread at `interval`."""

    def __init__(self, run: RunDirectory, interval: float = 0.25) -> None:
        self._directory = run
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="feed", daemon=True)
        self._signatures: dict[Path, Signature | None] = {}
        self._info = RunInfo.of({}, run.name)
        self._config: Config | None = None
        self._report: Report | None = None
        self._events: deque[Record] = deque(maxlen=EVENTS_KEPT)
        self._events_seen = 0
        self._event_reader = RecordReader(run.events)
        self._version = 0
        self._metric_reader = RecordReader(run.metrics)
        self._restarts = 0
        self._forget_metrics()
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
        """Take in what is new, for about `SLICE_S`, and publish it; true when there is more to read at once."""
        try:
            changed = self._read_small_files()
            changed |= self._read_events()
            before = self._rows_read
            more = self._read_metrics()
            changed |= self._rows_read != before
            problem = ""
        except OSError as error:
            changed, more, problem = False, False, f"cannot read the run directory: {error.strerror}"
        last = self.snapshot
        info = self._info
        alive = is_trainer_alive(info.host, info.trainer, info.heartbeat)
        state = lifecycle(info.state, info.last_sign, utc_now(), alive)
        due = not last.ended and utc_now() - last.now >= REPUBLISH_S
        if changed or due or (problem, state, more) != (last.problem, last.state, last.loading is not None):
            self._version += 1
            self.snapshot = self._snapshot(state, problem, self._share_read() if more else None)
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

    def _forget_metrics(self) -> None:
        self._store = SeriesStore(COLUMNS)
        self._gate = GateStore()
        self._row: Record = last_record(self._directory.metrics)  # the tiles are right while a long history is read
        self._row_time: float | None = None
        self._last_update = 0.0
        self._rows_read = 0
        self._bytes_read = 0
        self._caught_up = False

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

    def _read_metrics(self) -> bool:
        """Read for about `SLICE_S`; true when the end of the file was not reached."""
        deadline = time.monotonic() + SLICE_S
        while True:
            rows = self._metric_reader.read(SLICE_BYTES)
            if self._metric_reader.restarts != self._restarts:  # a resumed run has put a shorter file in its place
                self._restarts = self._metric_reader.restarts
                self._forget_metrics()
            for row in rows:
                self._take(row)
            self._bytes_read += SLICE_BYTES
            if not rows:
                self._caught_up = True
                return False
            if time.monotonic() > deadline:
                return True

    def _take(self, row: Record) -> None:
        """Fold in one row; one that does not come after those before it is damage, and left out."""
        update = real(row.get("update"))
        if update is None or update <= self._last_update:
            return
        self._last_update = update
        values = [real(row.get(name)) for name in COLUMNS]
        self._store.append([math.nan if value is None else value for value in values])
        self._gate.append(row)
        self._rows_read += 1
        if update >= (real(self._row.get("update")) or 0.0):
            self._row = row
        if self._caught_up:
            self._row_time = utc_now()

    def _share_read(self) -> float:
        with suppress(OSError, ZeroDivisionError):
            return min(self._bytes_read / self._directory.metrics.stat().st_size, 1.0)
        return 0.0

    def _snapshot(self, state: str, problem: str, loading: float | None) -> Snapshot:
        now = utc_now()
        return Snapshot(
            version=self._version,
            path=self._directory.path,
            now=now,
            run=self._info,
            state=state,
            config=self._config,
            row=self._row,
            row_age_s=None if self._row_time is None else max(now - self._row_time, 0.0),
            series=self._store.view(),
            curve=GateCurve.of(self._row.get("gate_curve")),
            gate=self._gate.view(),
            report=self._report,
            events=tuple(self._events),
            events_seen=self._events_seen,
            loading=loading,
            problem=problem,
        )
