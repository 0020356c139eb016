"""The trainer supervises: owns the run's lock and processes, answers requests, and says how the run stands and has ended.

It never imports torch. A headless run is one; one that outlives its command is started by `detached`.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from gwt_ib.channel.shared_memory import Counters
from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.log import LOGGER, cap_log, log_to_file
from gwt_ib.processes.beginning import log_beginning, refusal
from gwt_ib.processes.children import recorded_signals
from gwt_ib.processes.export_beside import ExportBeside
from gwt_ib.processes.limits import descriptors_needed, raise_descriptor_limit, start_error
from gwt_ib.processes.link import Message
from gwt_ib.processes.record_keeper import RecordKeeper
from gwt_ib.processes.watch import LOADING_END_S, SIGNAL_END_S
from gwt_ib.processes.workers import Budgets, Workers
from gwt_ib.runs.control import Inbox
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.incidents import record_death
from gwt_ib.runs.record import HEARTBEAT_S, State
from gwt_ib.runs.snapshot_store import list_snapshots
from gwt_ib.text import often

TICK_S = 0.1
LEARNER_MODULE = "gwt_ib.processes.learner_process"


class Trainer:
    """Runs one run from start to end; make it and call `run` in the main thread, with the lock held."""

    def __init__(
        self, run: RunDirectory, config: Config, *, resume: bool, learner_module: str = LEARNER_MODULE
    ) -> None:
        self._learner_module = learner_module
        self._run = run
        self._config = config
        self._resume = resume
        self._keeper = RecordKeeper(run)
        self._inbox = Inbox(run.control)
        self._export = ExportBeside(run, config)
        self._budgets = Budgets.of(config)
        self._code = ExitCode.DONE
        self.message = ""  # why the run ended, where it did not simply finish; a sentence
        self._complete = False
        self._ended = False
        self._again = False  # learner, actors and evaluator are to be started again from the newest snapshot
        self._end_by: float | None = None  # monotonic time: then the learner is killed
        self._died_at: int | None = None  # the update at which the last learner died
        self._learner_trouble = self._waiting = ""
        self._signals: list[int] = []
        self._paused = False
        self._warnings: set[str] = set()
        self._unanswered: dict[str, Message] = {}  # requests; a learner that starts again is asked again

    def run(self, on_tick: Callable[[], None] = lambda: None) -> ExitCode:
        """Train to the end and return the exit code; `on_tick` is called some ten times a second, and once at the end."""
        with log_to_file(self._run.logs / "trainer.log", "trainer", self._config.log_level):
            with recorded_signals() as self._signals:
                self._train(on_tick)
            on_tick()
        return self._code

    def _train(self, on_tick: Callable[[], None]) -> None:
        log_beginning(self._run, self._config, resume=self._resume)
        try:
            raise_descriptor_limit(descriptors_needed(self._config))
            self._export.start()
            self._train_once(on_tick)
            while not self._ended and self._code == ExitCode.DONE:  # else it was asked to end before it started again
                self._train_again(on_tick)
        except UserError as error:
            self._code, self.message = error.code, error.message
        except OSError as error:
            self._code, self.message = ExitCode.RESOURCES_USED_UP, start_error(error)
            LOGGER.error("cannot go on", exc_info=True)
        except BaseException as error:
            self._code, self.message = ExitCode.BUG, f"The trainer failed: {type(error).__name__}: {error}."
            LOGGER.critical("the trainer failed", exc_info=True)
            raise
        finally:
            self._record_end()
            self._export.end(self._signals)

    def _train_again(self, on_tick: Callable[[], None]) -> None:
        """Start the processes anew; where the system refuses that, it is tried again as after a death."""
        try:
            self._train_once(on_tick)
        except OSError as error:
            pause_s = self._budgets.learner.spend()
            if pause_s is None or self._signals:
                raise
            LOGGER.error("the processes cannot be started again: %s", start_error(error))
            self._start_again(pause_s)

    def _train_once(self, on_tick: Callable[[], None]) -> None:
        """Start learner, actors and evaluator, and supervise them until the run has ended or they have to start again."""
        self._again = False
        self._workers = Workers(self._run, self._config, self._learner_module, self._budgets, resume=self._resume)
        self._learner, self._link = self._workers.learner, self._workers.link
        LOGGER.info("the learner is pid %d", self._learner.pid)
        self._keeper.change(trainer=os.getpid(), learner=self._learner.pid)
        kill_learner = True
        try:
            if self._paused:
                self._link.send({"kind": "pause", "request": None})
            for message in self._unanswered.values():
                self._link.send(message)
            self._workers.start()
            self._set_state("starting")
            self._supervise(on_tick)
            kill_learner = self._again or len(self._signals) > 1
        finally:
            self._workers.end(self._heartbeat, kill_learner=kill_learner)

    def _supervise(self, on_tick: Callable[[], None]) -> None:
        next_heartbeat = time.monotonic()
        while not self._ended and not self._again:
            self._listen()
            self._obey_signals()
            self._forward_requests()
            self._tend()
            if time.monotonic() >= next_heartbeat:
                next_heartbeat = time.monotonic() + HEARTBEAT_S
                self._heartbeat()
                if words := self._export.tend():
                    self._keeper.append(event("warning", message=words))
                for name in (*self._workers.logs, "exporter"):
                    cap_log(self._run.logs / f"{name}.log")
            on_tick()

    def _tend(self) -> None:
        """Kill what hangs and replace what has died; end the run where that is not possible any more."""
        for record in self._workers.tend():
            self._keeper.append(record)
        for report in self._workers.reports():
            if report["kind"] != "warning" or report["message"] not in self._warnings:  # each actor says the same
                self._take(report)
            if report["kind"] == "warning":
                self._warnings.add(report["message"])
        if self._workers.used_up:
            self.stop(ExitCode.RESOURCES_USED_UP, self._workers.used_up)
        self._take_waiting(self._workers.waiting)
        if self._workers.learner_hangs():
            self._learner.kill(f"was killed: it had hung for {self._workers.learner_silent_s():.0f} s")
        elif self._end_by is not None and time.monotonic() >= self._end_by:
            begun = self._workers.learner_has_begun
            self._learner.kill(
                "was killed: " + ("it did not come to an end in time" if begun else "it was not ready yet")
            )

    def _listen(self) -> None:
        """Take the learner's messages; that it ended without its last message is a fault."""
        alive = self._learner.alive  # asked before reading: once it is dead, its last messages are in the socket
        messages = self._link.receive(TICK_S)
        while messages:
            for message in messages:
                self._take(message)
            messages = self._link.receive()
        if not alive and not self._ended and not self._again:
            self._bury_learner()

    def _bury_learner(self) -> None:
        """The learner has died: start again from the newest snapshot, or end the run where that does not help."""
        ending, update = self._learner.ending(), int(self._workers.counters.header[Counters.VERSION])
        LOGGER.error("the learner, pid %d, %s", self._learner.pid, ending)
        self._keeper.append(event("learner_died", message=ending, **({} if update < 0 else {"update": update})))
        if self._code != ExitCode.DONE:  # it was asked to end, or killed on purpose
            self._ended = True
            return
        same_update = update >= 0 and update == self._died_at
        self._died_at = update
        pause_s = None if same_update else self._budgets.learner.spend()
        if pause_s is None:
            times = often(2 if same_update else self._config.max_restarts + 1)
            when = f"at update {update}" if same_update else "within 10 minutes"
            self._ended = True
            self._code = ExitCode.LEARNER_FAILED
            self.message = f"The learner died {times} {when}; at last it {ending} ({self._learner.log})."
            record_death(self._run, "learner", update, ending)
            return
        self._start_again(pause_s)

    def _start_again(self, pause_s: float = 0.0) -> None:
        """Go on from the newest snapshot after a pause in which a signal is obeyed."""
        self._again = True
        self._resume = self._resume or self._has_snapshot()
        if self._learner_trouble:  # the next learner says what it cannot write
            self._take_trouble(event("trouble", message=""))
        if not self._resume:  # it died before the first one: what it has recorded comes again
            with suppress(OSError):
                cut_back(self._run.metrics, 0, self._run.metrics_aside)
        deadline = time.monotonic() + pause_s
        while time.monotonic() < deadline and not self._signals:
            self._heartbeat()
            time.sleep(min(TICK_S, max(0.0, deadline - time.monotonic())))
        self._obey_signals()

    def _has_snapshot(self) -> bool:
        """Whether there may be one; a folder that cannot be looked into is no reason to begin again."""
        try:
            return any(map(list_snapshots, self._run.snapshot_folders(self._config.rescue_dir)))
        except OSError:
            return True

    def _take(self, message: Message) -> None:
        """What a process sends is an event to be recorded, or something that the trainer has to do."""
        handle = {
            "ended": self._take_end,
            "trouble": self._take_trouble,
            "not_restored": self._take_not_restored,
            "cannot_go_on": lambda told: self.stop(ExitCode(told["code"]), told["message"]),
            "evaluator_wanted": lambda _: self._workers.want_evaluator(),
            "resumed": self._take_resumed,
        }.get(message["kind"], self._take_event)
        handle(message)

    def _take_end(self, message: Message) -> None:
        if message["again"] and self._code == ExitCode.DONE and self._budgets.not_finite.spend() is not None:
            self._keeper.append(
                event("warning", message=f"{message['message']} Back to the newest snapshot, this once.")
            )
            self._start_again()
            return
        self._ended = True
        self._complete = message["complete"]
        if message["code"] and (self._code == ExitCode.DONE or not message["complete"]):
            code = ExitCode(message["code"])
            self._code = code if self._code == ExitCode.DONE or code == ExitCode.INPUT_OUTPUT else self._code
            self.message = " ".join(filter(None, (self.message, message["message"])))

    def _take_trouble(self, message: Message) -> None:
        self._learner_trouble = message["message"]
        self._keeper.append(message)
        self._heartbeat()

    def _take_waiting(self, waiting: str) -> None:
        """Actors that find no place make the run pause by itself; it goes on when they have one."""
        changed, self._waiting = bool(waiting) != bool(self._waiting), waiting
        if changed:
            self._keeper.append(event("trouble", message=waiting))
            if self._keeper.record.state in ("running", "paused"):
                self._set_state(self._running_or_paused)

    def _take_not_restored(self, message: Message) -> None:
        """The run goes on, but is not bit by bit the one that it would have been."""
        where = {"actor": message["actor"]} if "actor" in message else {}
        words = f"actor {where['actor']}: {message['message']}" if where else message["message"]
        self._keeper.append(event("warning", message=f"this resume is not exact: {words}"))
        self._keeper.change(exact_resume=False)
        self._heartbeat(durable=True)

    def _take_resumed(self, message: Message) -> None:
        if self._keeper.record.exact_resume is None:
            self._keeper.change(exact_resume=True)
        self._take_event(message)

    def _take_event(self, message: Message) -> None:
        kind = message["kind"]
        if kind == "acknowledged" and message["request"] is None:
            return  # it is our own request to stop
        if kind == "acknowledged":
            self._unanswered.pop(message["request"], None)
            if message["request_kind"] == "stop":  # the learner that follows one that dies now has to end, too
                self._unanswered["stop"] = {"kind": "stop", "request": None}
        self._keeper.append(message)
        if kind in ("started", "paused", "unpaused"):
            self._paused = kind == "paused" or (self._paused and kind == "started")
            self._set_state(self._running_or_paused)

    @property
    def _running_or_paused(self) -> State:
        return "paused" if self._paused or self._waiting else "running"

    def _obey_signals(self) -> None:
        """The first signal ends the run with a last snapshot, a second one at once; shells repeat HUP by themselves."""
        if not self._signals:
            return
        number = self._signals[0]
        if self._end_by is None:
            self._end_by = time.monotonic() + (SIGNAL_END_S if self._workers.learner_has_begun else LOADING_END_S)
        self.stop(ExitCode(128 + number), f"Ended by {signal.Signals(number).name}.")
        if any(later != signal.SIGHUP for later in self._signals[1:]):
            LOGGER.warning("asked to end once more: the learner is killed")
            self._learner.kill("was killed: asked to end once more")

    def stop(self, code: ExitCode, message: str) -> None:
        """End the run after its present update, with a last snapshot; of several reasons the first one counts."""
        if self._code == ExitCode.DONE:
            LOGGER.log(logging.ERROR if code == ExitCode.RESOURCES_USED_UP else logging.INFO, "will end: %s", message)
            self._code, self.message = code, message
            self._end_by = self._end_by or time.monotonic() + self._config.learner_timeout_s
            self._link.send({"kind": "stop", "request": None})

    def _forward_requests(self) -> None:
        requests, refused = self._inbox.take()
        for request in requests:
            words = f" {request.field} = {request.value}" if request.kind == "set" else ""
            LOGGER.info("asked to %s%s (request %s)", request.kind, words, request.id)
            message = {"kind": request.kind, "request": request.id, "field": request.field, "value": request.value}
            self._unanswered[request.id] = message
            self._link.send(message)
        for sentence in refused:
            LOGGER.warning("refused a request: %s", sentence)
            self._keeper.append(event("warning", message=f"refused a request: {sentence}"))

    def _set_state(self, state: State) -> None:
        self._keeper.change(state=state)
        self._heartbeat(durable=True)

    def _heartbeat(self, *, durable: bool = False) -> None:
        self._keeper.beat(self._workers, learner_trouble=self._learner_trouble, waiting=self._waiting, durable=durable)

    def _record_end(self) -> None:
        """The last event and the last `run.json`; unanswered requests are refused."""
        asked = [(request.id, request.kind) for request in self._inbox.take()[0]]
        asked += [(message["request"], message["kind"]) for message in self._unanswered.values() if message["request"]]
        for request, kind in asked:
            self._keeper.append(refusal(request, kind, "the run has ended"))
        stopped = self._code in (ExitCode.DONE, ExitCode.ENDED_BY_HUP, ExitCode.ENDED_BY_INT, ExitCode.ENDED_BY_TERM)
        complete = self._complete and self._code != ExitCode.INPUT_OUTPUT
        state: State = "finished" if complete else "stopped" if stopped else "failed"
        if complete:
            self._code, self.message = ExitCode.DONE, ""
        try:
            self._keeper.end(state, int(self._code), self.message)
        except OSError as error:
            self.message = f"{self.message} The end could not be recorded: {error.strerror}.".strip()
            self._code = self._code or ExitCode.INPUT_OUTPUT
