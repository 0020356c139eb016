"""The trainer supervises: owns the run's lock and processes, answers requests, writes `run.json` and `events.jsonl`.

It never imports torch. A detached one is started as `python -m gwt_ib.processes.trainer`; a headless run is one.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gwt_ib.clock import utc_now
from gwt_ib.config import Config
from gwt_ib.errors import ExitCode, UserError
from gwt_ib.log import LOGGER, log_to_file
from gwt_ib.machine import installed_versions
from gwt_ib.processes.children import Message, recorded_signals
from gwt_ib.processes.plan import thread_plan
from gwt_ib.processes.workers import Workers
from gwt_ib.runs.control import Request, take_requests
from gwt_ib.runs.cut_back import cut_back
from gwt_ib.runs.directory import SHOWN_PACKAGES, RunDirectory
from gwt_ib.runs.events import event
from gwt_ib.runs.jsonl import Record, RecordWriter
from gwt_ib.runs.record import HEARTBEAT_S, RunRecord, State
from gwt_ib.runs.snapshot_store import newest_good_snapshot

TICK_S = 0.1
PAST = {"finished": "finished", "stopped": "been stopped", "failed": "failed"}


def lock_run(run: RunDirectory) -> FileLock:
    """Take the run's lock without waiting. Raises `UserError` (75) that names its holder."""
    lock = FileLock(run.lock, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        pid = run.read_run().trainer or "unknown"
        raise UserError(
            f"{run.path} is being trained by another process (pid {pid}); look at it with `gwt-ib-tui attach {run.path}`.",
            ExitCode.LOCKED,
        ) from None
    return lock


class Trainer:
    """Runs one run from start to end; make it and call `run` in the main thread, with the lock held."""

    def __init__(self, run: RunDirectory, config: Config, *, resume: bool) -> None:
        self._run = run
        self._config = config
        self._resume = resume
        self._record = run.read_run()
        self._events = RecordWriter(run.events)
        self._code = ExitCode.DONE
        self.message = ""  # why the run ended, where it did not simply finish; a sentence
        self._complete = False
        self._ended = False

    def run(self, on_tick: Callable[[], None] = lambda: None) -> ExitCode:
        """Train to the end and return the exit code; `on_tick` is called some ten times a second, and once at the end."""
        with log_to_file(self._run.logs / "trainer.log", "trainer", self._config.log_level):
            with recorded_signals() as self._signals:
                self._train(on_tick)
            on_tick()
        return self._code

    def _train(self, on_tick: Callable[[], None]) -> None:
        self._log_beginning()
        module = "gwt_ib.processes.learner_process"
        self._workers = Workers(self._run, self._config, module, resume=self._resume)
        self._learner, self._link = self._workers.learner, self._workers.link
        LOGGER.info("the learner is pid %d", self._learner.pid)
        self._record = replace(self._record, trainer=os.getpid(), learner=self._learner.pid)
        try:
            self._workers.start()
            self._set_state("starting")
            self._supervise(on_tick)
        except BaseException as error:
            self._code, self.message = ExitCode.BUG, f"The trainer failed: {type(error).__name__}: {error}."
            LOGGER.critical("the trainer failed", exc_info=True)
            raise
        finally:
            self._workers.end(self._heartbeat, kill_learner=len(self._signals) > 1 or not self._ended)
            self._record_end()

    def _supervise(self, on_tick: Callable[[], None]) -> None:
        next_heartbeat = time.monotonic()
        while not self._ended:
            self._listen()
            self._obey_signals()
            self._forward_requests()
            for record in self._workers.replace_dead():
                self._append(record)
            if self._workers.used_up:
                self.stop(ExitCode.RESOURCES_USED_UP, self._workers.used_up)
            if time.monotonic() >= next_heartbeat:
                next_heartbeat = time.monotonic() + HEARTBEAT_S
                self._heartbeat()
            on_tick()

    def _listen(self) -> None:
        """Take the learner's messages; that it ended without its last message is a fault."""
        alive = self._learner.alive  # asked before reading: once it is dead, its last messages are in the socket
        for message in self._link.receive(TICK_S):
            self._take(message)
        if not alive and not self._ended:
            self._ended = True
            LOGGER.error("the learner, pid %d, %s", self._learner.pid, self._learner.ending())
            if self._code == ExitCode.DONE:  # else it was killed on purpose
                killed = self._learner.process.returncode < 0
                self._code = ExitCode.LEARNER_FAILED if killed else ExitCode.BUG
                self.message = f"The learner {self._learner.ending()} ({self._learner.log})."

    def _take(self, message: Message) -> None:
        """What the learner sends is an event to be recorded, or says that it ends."""
        kind = message["kind"]
        if kind == "ended":
            self._ended = True
            self._complete = message["complete"]
            if message["code"]:
                self._code, self.message = ExitCode(message["code"]), message["message"]
        elif kind != "acknowledged" or message["request"] is not None:  # else it is our own request to stop
            self._append(message)
            states: dict[str, State] = {"started": "running", "paused": "paused", "unpaused": "running"}
            if kind in states:
                self._set_state(states[kind])

    def _obey_signals(self) -> None:
        """The first signal ends the run with a last snapshot, a second one at once; shells repeat HUP by themselves."""
        if not self._signals:
            return
        number = self._signals[0]
        self.stop(ExitCode(128 + number), f"Ended by {signal.Signals(number).name}.")
        if any(later != signal.SIGHUP for later in self._signals[1:]):
            LOGGER.warning("asked to end once more: the learner is killed")
            self._learner.process.kill()

    def stop(self, code: ExitCode, message: str) -> None:
        """End the run after its present update, with a last snapshot; of several reasons the first one counts."""
        if self._code == ExitCode.DONE:
            LOGGER.log(logging.ERROR if code == ExitCode.RESOURCES_USED_UP else logging.INFO, "will end: %s", message)
            self._code, self.message = code, message
            self._link.send({"kind": "stop", "request": None})

    def _forward_requests(self) -> None:
        requests, refused = take_requests(self._run.control)
        for request in requests:
            words = f" {request.field} = {request.value}" if request.kind == "set" else ""
            LOGGER.info("asked to %s%s (request %s)", request.kind, words, request.id)
            self._link.send(
                {"kind": request.kind, "request": request.id, "field": request.field, "value": request.value}
            )
        for sentence in refused:
            LOGGER.warning("refused a request: %s", sentence)
            self._append(event("warning", message=f"refused a request: {sentence}"))

    def _append(self, record: Record) -> None:
        """Record an event, made by `event` here or in the learner."""
        with suppress(OSError):
            self._events.append({"time": utc_now(), **record})

    def _set_state(self, state: State) -> None:
        self._record = replace(self._record, state=state)
        self._heartbeat(durable=True)

    def _heartbeat(self, *, durable: bool = False) -> None:
        """Rewrite `run.json`: processes, their speeds, and a time that says the trainer lives."""
        self._record = replace(self._record, heartbeat=utc_now(), actors=self._workers.describe())
        with suppress(OSError):  # a full disk must not end the run: the learner may still get its snapshot through
            self._run.write_run(self._record, durable=durable)

    def _record_end(self) -> None:
        """The last event and the last `run.json`; unanswered requests are refused."""
        for request in take_requests(self._run.control)[0]:
            self._append(_refusal(request, "the run has ended"))
        stopped = self._code in (ExitCode.DONE, ExitCode.ENDED_BY_HUP, ExitCode.ENDED_BY_INT, ExitCode.ENDED_BY_TERM)
        state: State = "finished" if self._complete else "stopped" if stopped else "failed"
        if self._complete:
            self._code, self.message = ExitCode.DONE, ""
        level = logging.ERROR if state == "failed" else logging.INFO
        code, message, now = int(self._code), self.message, utc_now()
        LOGGER.log(level, " ".join(filter(None, [f"the run has {PAST[state]}, exit code {code}.", message])))
        self._append(event(state, message=message, exit_code=code))
        self._events.close()
        self._record = replace(
            self._record, state=state, exit_code=code, message=message, heartbeat=now, ended=now, actors=()
        )
        try:
            self._run.write_run(self._record)
        except OSError as error:
            self.message = f"{self.message} The end could not be recorded: {error.strerror}.".strip()
            self._code = self._code or ExitCode.INPUT_OUTPUT

    def _log_beginning(self) -> None:
        config, fields = self._config, type(self._config).model_fields
        where = f"pid {os.getpid()} on {socket.gethostname()}"
        LOGGER.info("%s %s %s", where, "goes on with" if self._resume else "begins", self._run.path)
        versions = {"Python": platform.python_version(), **installed_versions(SHOWN_PACKAGES)}
        LOGGER.info(", ".join(f"{name} {version}" for name, version in versions.items() if version))
        plan = f"{config.num_updates:,} updates of {config.steps_per_update:,} env steps; {thread_plan(config)}"
        LOGGER.info("%s, seed %d: %s", config.env_id, config.seed, plan)
        values = {name: getattr(config, name) for name in fields}
        changed = [f"{name} = {value}" for name, value in values.items() if value != fields[name].default]
        LOGGER.info("settings that are not the defaults: %s", ", ".join(changed) or "none")


def prepare(run: RunDirectory, *, resume: bool) -> tuple[Config, FileLock]:
    """Lock a run and read what the trainer needs; a resumed run loses the metrics after its snapshot. Raises `UserError`."""
    lock = lock_run(run)
    config = run.read_config()
    if resume:
        _, snapshot, _ = newest_good_snapshot(run.snapshots)
        cut_back(run.metrics, snapshot.state["update"], run.metrics_aside)
        events = RecordWriter(run.events)
        for request in take_requests(run.control)[0]:
            events.append({"time": utc_now(), **_refusal(request, "the trainer that was asked is gone")})
        events.close()
    known, now = run.read_run(), utc_now()
    kept = {name: getattr(known, name) for name in ("command", "git_commit", "versions", "created", "ended")}
    run.write_run(replace(RunRecord.starting(known.name, config), **kept, started=now, heartbeat=now))
    return config, lock


def _refusal(request: Request, message: str) -> Record:
    answer = {"request": request.id, "request_kind": request.kind, "result": "refused"}
    return event("acknowledged", **answer, message=message)


def main(arguments: list[str]) -> int:
    """Entry of the detached process; the first line on the descriptor `--ready` says whether it could start."""
    parser = argparse.ArgumentParser(prog="gwt_ib.processes.trainer")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--ready", type=int, required=True)
    given = parser.parse_args(arguments)
    run = RunDirectory(given.run)
    answer: dict[str, Any] = {"code": 0, "message": ""}
    try:
        config, lock = prepare(run, resume=given.resume)
    except UserError as error:
        answer = {"code": int(error.code), "message": error.message}
    with os.fdopen(given.ready, "wb") as ready:
        ready.write(json.dumps(answer).encode() + b"\n")
    if answer["code"]:
        return int(answer["code"])
    with lock:
        return int(Trainer(run, config, resume=given.resume).run())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
