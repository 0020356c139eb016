"""A run without a dashboard: a line per update, the verdicts at the end, an exit code. Never imports textual or torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gwt_ib.config import Config
from gwt_ib.errors import ExitCode
from gwt_ib.gatecheck.findings import Verdict
from gwt_ib.gatecheck.history import History
from gwt_ib.gatecheck.judge import judge_run, with_since
from gwt_ib.gatecheck.report import findings_lines, gatecheck_block, update_line
from gwt_ib.lenient import whole
from gwt_ib.processes.beginning import prepare
from gwt_ib.processes.plan import thread_plan
from gwt_ib.processes.trainer import Trainer
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import KINDS, Event, line
from gwt_ib.runs.jsonl import RecordReader, read_records
from gwt_ib.runs.record import ENDED, KILLED
from gwt_ib.text import visible
from gwt_ib_tui.commands.headless_alerts import HeadlessAlerts
from gwt_ib_tui.commands.standing import next_step, not_met
from gwt_ib_tui.terminal import json_line, write


class Printer:
    """Follows the run directory as a dashboard does and prints what is new: results to stdout, all else to stderr."""

    def __init__(
        self,
        run: RunDirectory,
        config: Config,
        *,
        as_json: bool,
        after_update: int,
        on_reader_gone: Callable[[], None],
        alerts: HeadlessAlerts | None = None,
    ) -> None:
        self._metrics = RecordReader(run.metrics)
        self._events = RecordReader(run.events)
        self._events.read()  # what earlier segments of a resumed run reported is known
        self._config = config
        self._as_json = as_json
        self._alerts = alerts
        self._on_reader_gone = on_reader_gone
        self._update = after_update
        self._reader_gone = False
        self._torn: dict[TextIO, str] = {}
        self._lost, self._why_lost = 0, ""
        errors = Console(stderr=True, highlight=False, markup=False)
        columns = (TextColumn("updates"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(
            *columns,
            console=errors,
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
            disable=not errors.is_terminal,
        )
        self._task = self._bar.add_task("", total=config.num_updates, completed=after_update)

    def tick(self) -> None:
        """Print what has come in. Once nobody reads any more, everything goes nowhere and the run is asked to end."""
        for event in map(Event.from_dict, self._events.read()):
            if event.kind in KINDS and KINDS[event.kind].printed:
                self.note(line(event))
            if self._alerts is not None:
                self._alerts.take(event)
        if self._alerts is not None:
            self._alerts.say(self.note)
        for row in self._metrics.read():
            update = whole(row.get("update"))
            if update is not None and update > self._update:
                self._update = update
                self._put(json_line(row) if self._as_json else update_line(row, self._config.num_updates), sys.stdout)
                self._bar.update(self._task, completed=update)

    def note(self, line: str) -> None:
        """A line for people, on stderr."""
        self._put(line, sys.stderr)

    def finish(self, verdict: Verdict, message: str, next_step: str = "") -> None:
        """Print both verdicts, what to do about them, and why the run ended where it did not simply finish."""
        if verdict.update is not None:  # a run that could not begin has nothing to be judged, only a reason
            self._put("\n" + gatecheck_block(verdict), sys.stderr if self._as_json else sys.stdout)
            for line in findings_lines(verdict):
                self.note(line)
        for line in filter(None, (message, next_step)):
            self.note(line)
        if self._lost:
            self.note(f"{self._lost} lines of this output could not be written: {self._why_lost}.")

    def _put(self, words: str, stream: TextIO) -> None:
        """Print, unless nobody reads any more. A line that the disk does not take is lost, and the run goes on."""
        if self._reader_gone:
            return
        try:
            write(self._torn.pop(stream, "") + visible(words) + "\n", stream)
        except (BrokenPipeError, SystemExit):  # SystemExit is what rich makes of a broken pipe
            self._reader_gone = True
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for descriptor in (1, 2):  # what is gone stays gone: a second write would only fail again
                os.dup2(nowhere, descriptor)
            os.close(nowhere)
            self._on_reader_gone()
        except OSError as error:
            self._torn[stream] = "\n"  # a part of the line may have been written
            self._lost, self._why_lost = self._lost + 1, error.strerror or str(error)

    def start(self, line: str) -> None:
        """Say what begins, and show the progress bar where stderr is a terminal."""
        with suppress(OSError, SystemExit):
            self.note(line)
            self._bar.start()

    def stop(self) -> None:
        """Take the progress bar away."""
        with suppress(OSError, SystemExit):
            self._bar.stop()


def run_headless(
    run: RunDirectory,
    resumed_after: int | None = None,
    *,
    as_json: bool = False,
    require_gatecheck: str | None = None,
    on_event: str | None = None,
) -> ExitCode:
    """Train in this process, which is the run's trainer, and return the exit code. Raises `UserError` before it starts.

    A run that is resumed goes on after the update `resumed_after`. `on_event` is the command for alerts in place of the
    user's own.
    """
    resume = resumed_after is not None
    config, lock = prepare(run, resume=resume)
    alerts = HeadlessAlerts(run, on_event)
    with lock, alerts:
        trainer = Trainer(run, config, resume=resume)
        printer = Printer(
            run,
            config,
            as_json=as_json,
            after_update=resumed_after or 0,
            on_reader_gone=lambda: trainer.stop(ExitCode.ENDED_BY_TERM, "Ended as nobody reads the output any more."),
            alerts=alerts,
        )
        printer.start(f"run {run.path}: {thread_plan(config)}")
        try:
            code = trainer.run(printer.tick)
        finally:
            printer.stop()
            alerts.finish(printer.note)
    verdict = judge_recorded(run, run.read_config())  # a setting may have been changed since
    printer.finish(verdict, trainer.message, next_step(run))
    if code == ExitCode.DONE and require_gatecheck and (unmet := verdict.unmet(require_gatecheck)):
        printer.note(not_met(require_gatecheck, unmet))
        return ExitCode.GATECHECK_NOT_PASSED
    return code


def judge_recorded(run: RunDirectory, config: Config) -> Verdict:
    """GateCheck's verdict on what a run has recorded; since when it holds is known from the run's own verdict."""
    history = History.from_rows(read_records(run.metrics))
    ended = run.state() in (*ENDED, KILLED)
    return with_since(judge_run(history, config, ended=ended), run.read_gatecheck())
