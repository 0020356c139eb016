"""The only reader of the run directory: one thread that folds what is new into one immutable `RunView`.

The thread never touches Textual and the event loop never touches a file; what passes between them is one reference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.durable import FULL, is_full
from gwt_ib.errors import UserError
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.gatecheck.gate_evaluation import GateEvaluation, read_gate_evaluation
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import Event
from gwt_ib.runs.jsonl import RecordReader
from gwt_ib.runs.record import ENDED, SILENT_S, STALLED, UNKNOWN, Pulse, RunRecord
from gwt_ib_tui.state.history.gate_history import MAX_MOMENTS, GateCurve
from gwt_ib_tui.state.history.log_tail import LINES_KEPT, LogTail, LogView
from gwt_ib_tui.state.history.metric_feed import SLICE_BYTES, MetricFeed, RowListener
from gwt_ib_tui.state.history.series import MAX_BUCKETS, RAW_ROWS
from gwt_ib_tui.state.run.follower import Source
from gwt_ib_tui.state.run.machine import Machine, MachineReader
from gwt_ib_tui.state.run.run_view import RunView
from gwt_ib_tui.state.run.usage import Usage, UsageReader

EVENTS_KEPT = 500
CALM_POLL_S = 1.0
REPUBLISH_S = 1.0  # ages are shown, so the view of a live run is renewed also when no file changed
BAD_CONFIG = "config.json is missing, damaged or of another version"
BAD_METRICS = "metrics.jsonl has damaged lines; they are left out"
BAD_EVENTS = "events.jsonl has damaged lines; they are left out"
BAD_GATECHECK = "gatecheck.json is missing or damaged: `gwt-ib-tui check RUN` judges the rows"

Signature = tuple[int, int, int]


@dataclass(frozen=True)
class Limits:
    """How much of a run is kept in memory: rows as they came, buckets of older ones, gate curves, events, log lines.

    Without log lines, neither the logs are read nor what the processes take of the machine.
    """

    rows: int = RAW_ROWS
    buckets: int = MAX_BUCKETS
    moments: int = MAX_MOMENTS
    events: int = EVENTS_KEPT
    log_lines: int = LINES_KEPT


class Feed(Source):
    """Follows one run directory. `poll` does one step; `start` runs it in a thread at `interval`."""

    def __init__(
        self,
        run: RunDirectory,
        interval: float = 0.25,
        limits: Limits = Limits(),
        listener: RowListener | None = None,
    ) -> None:
        # A short rest between slices leaves the interpreter to the event loop while a long file is loaded.
        super().__init__("feed", lambda: 0.005 if self.poll() else CALM_POLL_S if self.calm else interval)
        self._directory = run
        self._limits = limits
        self._signatures: dict[Path, Signature | None] = {}
        self._record = RunRecord(run.name)
        self._config: Config | None = None
        self._verdict: Verdict | None = None
        self._gate_evaluation: GateEvaluation | None = None
        self._events: deque[Event] = deque(maxlen=limits.events)
        self._events_seen = 0
        self._event_reader = RecordReader(run.events)
        self._log_tail = LogTail(run.logs, limits.log_lines)
        self._log = LogView(run.logs)
        self._usage_reader = UsageReader()
        self._usage: Mapping[int, Usage] = {}
        self._machine_reader = MachineReader()
        self._machine: Machine | None = None
        self._pulse = Pulse()
        self._bad_config = False
        self._news = False  # something was taken in that is not published yet
        self._version = 0
        self._metrics = MetricFeed(run.metrics, limits.rows, limits.buckets, limits.moments, listener)
        self.run_view = self._run_view(UNKNOWN, "", None)

    def poll(self) -> bool:
        """Take in what is new, a turn of reading at most, and publish it; true when there is more to read at once."""
        more, problem = False, ""
        before = self._metrics.rows_read
        try:
            self._read_small_files()
            self._read_events()
            if self._limits.log_lines:
                self._read_log_and_usage()
            more = self._metrics.read()
            if self._verdict is None and self._metrics.rows_read:  # it may have been written since it was looked at
                self._read_verdict()
        except OSError as error:  # what was read before it is news all the same
            problem = f"cannot read the run directory: {error.strerror}"
        self._news |= self._metrics.rows_read != before
        last = self.run_view
        state = self._record.state_now(self._pulse, SILENT_S)
        due = not last.ended and utc_now() - last.now >= REPUBLISH_S
        before_it = (last.problem, last.state, last.loading is not None, last.file_problems)
        if self._news or due or (problem, state, more, self._file_problems()) != before_it:
            self._version += 1
            self._news = False
            self.run_view = self._run_view(state, problem, self._metrics.share_read() if more else None)
        return more

    def read_everything(self) -> RunView:
        """Read to the end, without the thread, and return the last view."""
        while self.poll():
            pass
        return self.run_view

    def _read_small_files(self) -> None:
        run = self._directory
        if self._is_new(run.run):
            record = run.read_run()
            if record.state != UNKNOWN:
                self._record = record
                self._news = True
        if self._is_new(run.config):
            self._bad_config = True
            with suppress(UserError):  # the dashboard does without
                self._config = run.read_config()
                self._bad_config = False
            self._news = True
        if self._is_new(run.gate_evaluation):
            self._gate_evaluation = read_gate_evaluation(run)
            self._news = True
        self._read_verdict()

    def _read_verdict(self) -> None:
        if self._is_new(self._directory.gatecheck):
            self._verdict = Verdict.from_dict(self._directory.read_gatecheck())
            self._news = True

    def _file_problems(self) -> tuple[str, ...]:
        """A sentence for each file that is missing of a run that has rows, or damaged."""
        rows, ended = self._metrics.rows_read, self._record.state in ENDED
        problems = {
            BAD_CONFIG: self._bad_config or (self._config is None and rows > 0),
            BAD_METRICS: self._metrics.damaged or (ended and self._metrics.unfinished),
            BAD_EVENTS: self._event_reader.damaged > 0,
            # The trainer writes a row, and then what it is judged to be.
            BAD_GATECHECK: self._verdict is None and rows > (0 if ended else 1),
        }
        return tuple(sentence for sentence, found in problems.items() if found)

    def _is_new(self, path: Path) -> bool:
        signature = None
        with suppress(FileNotFoundError):
            stat = path.stat()
            signature = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if self._signatures.get(path) == signature:
            return False
        self._signatures[path] = signature
        return True

    def _read_events(self) -> None:
        events = self._event_reader.read(SLICE_BYTES)
        self._events.extend(map(Event.from_dict, events))
        self._events_seen += len(events)
        self._news |= bool(events)

    def _read_log_and_usage(self) -> None:
        """The log's new lines, and once a second the processes of a run that lives."""
        log, usage, run = self._log, self._usage, self._record
        self._log = self._log_tail.read(utc_now())
        here = [actor.pid for actor in run.actors if actor.node in ("", run.host)]  # a number of elsewhere says nothing
        pids = [] if self.run_view.ended else [run.trainer, run.learner, *here]
        self._usage = self._usage_reader.read(run.host, [pid for pid in pids if pid is not None], run.heartbeat)
        self._machine = self._machine_reader.read(self._directory.path)
        self._news |= self._log is not log or self._usage is not usage

    def _run_view(self, state: str, problem: str, loading: float | None) -> RunView:
        now = utc_now()
        metrics = self._metrics
        series, gate = metrics.view()
        return RunView(
            version=self._version,
            path=self._directory.path,
            now=now,
            run=replace(self._record, trouble=FULL)
            if state == STALLED and is_full(self._directory.path)
            else self._record,
            state=state,
            config=self._config,
            row=metrics.row,
            row_age_s=None if metrics.row_time is None else max(now - metrics.row_time, 0.0),
            series=series,
            curve=GateCurve.of(metrics.row.get("gate_curve")),
            gate=gate,
            verdict=self._verdict,
            events=tuple(self._events),
            events_seen=self._events_seen,
            loading=loading,
            problem=problem,
            log=self._log,
            usage=self._usage,
            machine=self._machine,
            gate_evaluation=self._gate_evaluation,
            file_problems=self._file_problems(),
        )
