"""Runs a sweep: starts, resumes and tries again what is open, wherever there is room, until nothing is left.

How things stand is read from the run directories each time, so a sweep that was killed at any moment goes on.

Stopping hopeless runs early is not built. It would go into `Engine._tend`: a rule over the members' states, which are at
hand there, picks runs to end, `Executor` gets an `end(run)` beside `stop()`, and a status of its own in `states.py` keeps
them from being taken up again.
"""

from __future__ import annotations

import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gwt_ib.clock import utc_now
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.log import LOGGER, log_to_file
from gwt_ib.processes.limits import start_error
from gwt_ib.runs.control import Inbox
from gwt_ib.runs.create import create_run, take_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.record import RunRecord
from gwt_ib.runs.snapshot_store import list_snapshots
from gwt_ib.sweeps.checks import environment_key
from gwt_ib.sweeps.definition import Member
from gwt_ib.sweeps.directory import SweepDirectory, is_held
from gwt_ib.sweeps.executor import Ended, Executor
from gwt_ib.sweeps.notices import Notice, NoticeKind
from gwt_ib.sweeps.seeds import label_run
from gwt_ib.sweeps.states import MemberState, SweepReader, is_begun, read_member
from gwt_ib.sweeps.taking_over import changed_fields

TICK_S = 0.2
PROGRESS_S = 30.0
MOST_DEATHS = 3
"""How often a run's trainer may die without a new snapshot in between."""
HOPELESS = (ExitCode.BAD_DATA, ExitCode.BAD_CONFIGURATION)
"""What a trainer refuses to begin with will not be there the next time either."""
SOME_FAILED = ExitCode.RESOURCES_USED_UP
"""The exit code of a sweep that has come to its end with runs that failed or were stopped by hand."""


@dataclass
class _Stop:
    """Why the sweep ends before its end, and what it ends with."""

    code: ExitCode
    message: str
    at_once: bool = False


class Engine:
    """Make it with the sweep's lock held, and call `run` in the main thread."""

    def __init__(
        self,
        sweep: SweepDirectory,
        executor: Executor,
        *,
        retry_failed: bool = False,
        report: Callable[[Notice], None] = lambda notice: None,
        command: Sequence[str] = ("gwt-ib-tui", "sweep"),
        progress_s: float = PROGRESS_S,
    ) -> None:
        self._sweep = sweep
        self._executor = executor
        self._retry_failed = retry_failed
        self._report = report
        self._command = list(command)
        self._progress_s = progress_s
        self._definition = sweep.read_definition()
        self._specs = sweep.read_environments()
        self._reader = SweepReader(sweep, self._definition)
        self._inbox = Inbox(sweep.control)
        self._queue: deque[Member] = deque()
        self._running: dict[Path, Member] = {}
        self._deaths: Counter[str] = Counter()
        self._steps: dict[str, int] = {}
        self._waited_for: set[str] = set()
        self._stop: _Stop | None = None
        self._progress_due = time.monotonic() + progress_s
        self._obeyed = 0

    def run(self, signals: Sequence[int] = ()) -> ExitCode:
        """Run everything that is open and return the exit code. `signals` grows while it goes on (`recorded_signals`)."""
        with log_to_file(self._sweep.log, "sweep", "info"):
            for request in self._inbox.take()[0]:
                self._warn(f"a request from before this start is left out: {request.kind}")
            try:
                self._fill_queue()
                while self._running or (self._queue and self._stop is None):
                    self._obey(signals)
                    self._begin_what_fits()
                    self._tend()
            finally:
                self._executor.close()
            return self._end()

    def stop(self, code: ExitCode, message: str) -> None:
        """End all runs with a last snapshot; asked for once more, at once."""
        if self._stop is None:
            self._stop = _Stop(code, message)
            LOGGER.info("will end: %s", message)
            self._executor.stop()
        elif not self._stop.at_once:
            self._stop.at_once = True
            LOGGER.warning("asked to end once more: every run is ended at once")
            self._executor.close()
            self._running.clear()

    def _fill_queue(self) -> None:
        """Everything that is not done; what was begun comes first, so that it is done first."""
        begun, waiting = [], []
        for member in self._definition.members:
            state = read_member(self._sweep, member)
            if state.status == "failed" and not self._retry_failed:
                self._say("failed", state, state.cause)
            elif state.status == "waiting":
                waiting.append(member)
            elif state.status != "finished":
                begun.append(member)
        self._queue.extend([*begun, *waiting])

    def _obey(self, signals: Sequence[int]) -> None:
        """The first signal or request ends the runs with last snapshots, the next one at once; shells repeat HUP."""
        for number in signals[self._obeyed :]:
            if self._stop is None or number != signal.SIGHUP:
                self.stop(ExitCode(128 + number), f"Ended by {signal.Signals(number).name}.")
        self._obeyed = len(signals)
        requests, refused = self._inbox.take()
        for request in requests:
            if request.kind == "stop":
                self.stop(ExitCode.DONE, "Stopped as asked.")
            else:
                refused.append(f"{request.kind}: a sweep can only be asked to stop; ask the run for anything else")
        for sentence in refused:
            self._warn(f"refused a request: {sentence}")

    def _begin_what_fits(self) -> None:
        """Start runs while there is room; those that another trainer still holds are passed over for now."""
        passed: list[Member] = []
        try:
            while self._queue and self._stop is None and self._executor.room():
                member = self._queue.popleft()
                if is_held(self._sweep.run(member).lock):
                    passed.append(member)
                    if member.name not in self._waited_for:
                        self._waited_for.add(member.name)
                        self._say("waiting", read_member(self._sweep, member), "another process still trains it")
                elif not self._begin(member):
                    break
        except UserError as error:  # nothing can be made or started any more
            self.stop(error.code, error.message)
        finally:
            self._queue.extendleft(reversed(passed))

    def _begin(self, member: Member) -> bool:
        """Start one run as its directory says; False where no process can be started just now."""
        run, state = self._sweep.run(member), read_member(self._sweep, member)
        if state.status == "finished" or (state.status == "failed" and not self._retry_failed):
            self._say(state.status, state, state.cause)  # another process has brought it to its end meanwhile
            return True
        kind: NoticeKind = "started"
        resume = False
        if not is_begun(run, run.read_run()):
            self._make(run, member)
        elif _has_snapshot(run):
            kind, resume = "resumed", True
        else:
            self._set_aside(run)
            self._make(run, member)
            kind = "anew"
        try:
            self._executor.start(run, resume=resume)
        except OSError as error:
            self._queue.appendleft(member)
            if not self._running:
                raise UserError(start_error(error), ExitCode.RESOURCES_USED_UP) from None
            self._warn(f"{start_error(error)} The sweep goes on with fewer runs at a time.")
            return False
        self._running[run.path] = member
        self._say(kind, read_member(self._sweep, member))
        return True

    def _make(self, run: RunDirectory, member: Member) -> None:
        """Make a run directory; what a killed sweep left half made there goes. Raises `UserError`."""
        spec = self._specs.get(environment_key(member.config))
        if run.path.exists():
            fits = run.environment.exists() and run.run.exists()
            if fits and not changed_fields(run.read_settings(), member.config):
                return
            take_back(run, keep_directory=False)
            if run.path.exists():
                self._set_aside(run)
        create_run(member.config, run.path, self._command, spec)
        label_run(self._sweep, run, member.config.seed)

    def _set_aside(self, run: RunDirectory) -> None:
        """Move a run directory out of the way. Raises `UserError`."""
        place = self._sweep.aside / f"{run.path.name}-{int(utc_now() * 1000)}"
        try:
            self._sweep.aside.mkdir(mode=0o700, exist_ok=True)
            run.path.rename(place)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UserError(f"{run.path} cannot be made anew: {reason}.", ExitCode.CANNOT_CREATE_RUN) from None
        LOGGER.info("%s is set aside as %s", run.path, place)

    def _tend(self) -> None:
        """Wait a moment, take in what has ended, and say now and then how far everything is."""
        for ended in self._executor.tend(TICK_S):
            member = self._running.pop(ended.run.path, None)
            if member is not None:
                self._take(member, ended)
        if time.monotonic() >= self._progress_due:
            self._progress_due = time.monotonic() + self._progress_s
            self._report(Notice("progress", sweep=self._reader.read()))

    def _take(self, member: Member, ended: Ended) -> None:
        """What becomes of a run that is not trained any more."""
        state = read_member(self._sweep, member)
        if state.status == "finished":
            self._say("finished", state)
        elif self._stop is not None:
            self._say("failed" if state.status == "failed" else "stopped", state, state.cause)
        elif ended.lost:
            self._say("interrupted", state, ended.message)
            self._queue.appendleft(member)
        elif state.status == "failed":
            self._say("failed", state, state.cause)
        elif state.state == "stopped":
            self._say("stopped", state, "it was stopped by hand; start the sweep again to go on with it")
        elif ended.code not in HOPELESS and self._may_try_again(state):
            self._say("interrupted", state, ended.message)
            self._queue.appendleft(member)
        else:
            self._record_failure(ended)
            self._say("failed", read_member(self._sweep, member), ended.message)

    def _may_try_again(self, state: MemberState) -> bool:
        """Whether a run whose trainer died gets another one: as long as it gets on, or has not died often."""
        name = state.member.name
        if state.env_steps > self._steps.get(name, -1):
            self._deaths[name] = 0
        self._steps[name] = max(state.env_steps, self._steps.get(name, -1))
        self._deaths[name] += 1
        return self._deaths[name] < MOST_DEATHS

    def _record_failure(self, ended: Ended) -> None:
        """Write into the run directory that a run has failed whose trainer could not."""
        record = ended.run.read_run()
        if record.state == "unknown":
            record = RunRecord(ended.run.name)
        now, code = utc_now(), int(ended.code or ExitCode.RESOURCES_USED_UP)
        with suppress(OSError):
            ended.run.write_last_run(
                replace(record, state="failed", exit_code=code, message=ended.message, ended=now, actors=())
            )

    def _end(self) -> ExitCode:
        """Say how everything stands."""
        state = self._reader.read()
        if self._stop is not None:
            code, message = self._stop.code, self._stop.message
        elif left := len(state.members) - state.count("finished"):
            failed = state.count("failed")
            code = SOME_FAILED
            message = f"{failed} run(s) failed: --retry-failed tries them again." if failed else ""
            message = message or f"{left} run(s) are not finished: start the sweep again to go on with them."
        else:
            code, message = ExitCode.DONE, "All runs have finished."
        LOGGER.info("ends with exit code %d: %s", code, message)
        self._report(Notice("end", message=message, sweep=state, exit_code=int(code)))
        return code

    def _say(self, kind: NoticeKind, state: MemberState, message: str = "") -> None:
        notice = Notice(kind, state.member.name, message, member=state)
        LOGGER.info("%s", notice.line())
        self._report(notice)

    def _warn(self, message: str) -> None:
        LOGGER.warning("%s", message)
        self._report(Notice("warning", message=message))


def _has_snapshot(run: RunDirectory) -> bool:
    """Whether there may be one; a folder that cannot be looked into is no reason to begin anew."""
    try:
        return any(map(list_snapshots, run.snapshot_folders(run.read_settings().get("rescue_dir"))))
    except OSError:
        return True
